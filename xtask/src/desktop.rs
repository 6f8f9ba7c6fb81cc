//! A desktop without a screen: an X server in memory, a D-Bus session and a key store of its own, so that windows, notifications and
//! keys of a test never touch those of whoever runs it. Linux only; elsewhere windows open on the real screen.

use crate::place;
use anyhow::{Context, Result, ensure};
use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Starts the key store, waits until it answers on the session's bus, runs the command, and ends the key store.
const IN_SESSION: &str = r#"
printf caisey | XDG_DATA_HOME="$CAISEY_KEYRING_FOLDER" gnome-keyring-daemon --foreground --unlock --components=secrets >/dev/null 2>&1 &
keyring=$!
for _ in $(seq 100); do
  dbus-send --session --dest=org.freedesktop.DBus --print-reply / org.freedesktop.DBus.NameHasOwner \
    string:org.freedesktop.secrets 2>/dev/null | grep -q 'boolean true' && break
  sleep 0.1
done
[ -z "$CAISEY_TRACE_START" ] || echo "caisey-start asked $(date +%s%3N)" >&2
"$@"
status=$?
kill "$keyring" 2>/dev/null
exit "$status"
"#;

/// A session bus without service files: nothing is started behind our back, and nothing stays behind us.
const BUS: &str = r#"<busconfig><type>session</type><listen>unix:tmpdir=/tmp</listen><policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>
"#;

/// How long programs that were asked to end may take before they are killed.
const GOODBYE: Duration = Duration::from_secs(10);

/// An X server that draws into memory. It ends when this is dropped.
pub(crate) struct Desktop {
    server: Child,
    display: String,
    folder: PathBuf,
}

impl Desktop {
    /// Starts one. `folder` keeps the key store, so that what it holds is still there the next time.
    pub(crate) fn start(folder: &Path) -> Result<Self> {
        let runtime = folder.join("runtime");
        std::fs::create_dir_all(&runtime).with_context(|| format!("making {}", runtime.display()))?;
        std::fs::create_dir_all(folder.join("keyring")).context("making the key store's folder")?;
        std::fs::write(folder.join("bus.conf"), BUS).context("writing the session bus's configuration")?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            // Programs refuse a runtime folder that others can read.
            std::fs::set_permissions(&runtime, std::fs::Permissions::from_mode(0o700))
                .context("closing the runtime folder to others")?;
        }
        let mut server = Command::new("Xvfb")
            .args([
                "-displayfd",
                "1",
                "-screen",
                "0",
                "1440x900x24",
                "-nolisten",
                "tcp",
                "-noreset",
            ])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("starting Xvfb; `cargo xtask setup` installs it")?;
        let mut number = String::new();
        if let Some(pipe) = server.stdout.take() {
            BufReader::new(pipe).read_line(&mut number).context("waiting for Xvfb")?;
        }
        let number = number.trim();
        if number.is_empty() {
            // Drop would not run for a value that was never made.
            let _ = server.kill();
            let _ = server.wait();
        }
        ensure!(
            !number.is_empty(),
            "Xvfb ended before it had a display. Is /tmp/.X11-unix writable?"
        );
        Ok(Self {
            server,
            display: format!(":{number}"),
            folder: folder.to_owned(),
        })
    }

    /// What to put before a command to run it in a session of its own on this desktop.
    pub(crate) fn wrapper(&self) -> Vec<OsString> {
        let config = self.folder.join("bus.conf").into_os_string();
        let before = ["dbus-run-session", "--config-file"].map(OsString::from);
        let after = ["--", "sh", "-c", IN_SESSION, "in-session"].map(OsString::from);
        before.into_iter().chain([config]).chain(after).collect()
    }

    /// The environment that belongs to [`Desktop::wrapper`].
    pub(crate) fn environment(&self) -> Vec<(OsString, OsString)> {
        let pairs: [(&str, OsString); 9] = [
            ("DISPLAY", self.display.clone().into()),
            ("WAYLAND_DISPLAY", OsString::new()),
            ("GDK_BACKEND", "x11".into()),
            // WebKitGTK needs a graphics card for compositing; there is none here.
            ("WEBKIT_DISABLE_COMPOSITING_MODE", "1".into()),
            ("LIBGL_ALWAYS_SOFTWARE", "1".into()),
            ("NO_AT_BRIDGE", "1".into()),
            ("XDG_RUNTIME_DIR", self.folder.join("runtime").into()),
            ("CAISEY_KEYRING_FOLDER", self.folder.join("keyring").into()),
            ("XDG_SESSION_TYPE", "x11".into()),
        ];
        pairs.into_iter().map(|(name, value)| (OsString::from(name), value)).collect()
    }

    /// A command in a session of its own on this desktop.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let wrapper = self.wrapper();
        let (first, rest) = wrapper
            .split_first()
            .map_or((OsString::new(), [].as_slice()), |(first, rest)| (first.clone(), rest));
        let mut command = Command::new(first);
        command
            .args(rest)
            .arg(program)
            .envs(self.environment())
            .current_dir(place::root())
            .stdin(Stdio::null());
        command
    }

    /// A short command that only looks at the screen.
    pub(crate) fn look(&self, program: &str, arguments: &[&str]) -> Result<std::process::Output> {
        Command::new(program)
            .args(arguments)
            .env("DISPLAY", &self.display)
            .stdin(Stdio::null())
            .output()
            .with_context(|| format!("running {program}; `cargo xtask setup` installs it"))
    }
}

/// A program with the bus and the key store that were started for it. Dropping this ends all of them: ending the one in front alone leaves
/// the others behind.
pub(crate) struct Session(Child);

impl Session {
    /// Starts a command that [`Desktop::command`] made.
    pub(crate) fn start(mut command: Command) -> Result<Self> {
        #[cfg(unix)]
        {
            use std::os::unix::process::CommandExt;
            command.process_group(0);
        }
        let child = command
            .spawn()
            .with_context(|| format!("starting {}", command.get_program().to_string_lossy()))?;
        Ok(Self(child))
    }

    /// The process in front.
    pub(crate) fn front(&mut self) -> &mut Child {
        &mut self.0
    }

    /// Sends a signal to everything; false when nothing is left.
    fn signal(&self, signal: &str) -> bool {
        let group = format!("-{}", self.0.id());
        let sent = Command::new("kill")
            .args(["-s", signal, "--", &group])
            .stderr(Stdio::null())
            .status();
        sent.is_ok_and(|status| status.success())
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let until = Instant::now() + GOODBYE;
        self.signal("TERM");
        loop {
            // The front has to be waited for, or it stays in the group for good.
            let _ = self.0.try_wait();
            if !self.signal("0") {
                return;
            }
            if Instant::now() > until {
                break;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        self.signal("KILL");
        let _ = self.0.wait();
    }
}

impl Drop for Desktop {
    fn drop(&mut self) {
        // It may have ended already; there is nothing else to do about either failure.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
