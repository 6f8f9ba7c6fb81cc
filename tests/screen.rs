//! A machine's desktop of its own for one test: display, session bus, key store, folders. Everything ends with it.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

/// See the module's text.
pub(crate) struct Screen {
    children: Vec<Child>,
    folder: tempfile::TempDir,
    environment: Vec<(String, String)>,
}

impl Screen {
    /// A desktop with a key store that is unlocked.
    pub(crate) fn with_key_store() -> Self {
        let mut screen = Self::without_key_store();
        screen.start_key_store();
        screen
    }

    /// A desktop on which no secret service answers.
    pub(crate) fn without_key_store() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().join("home");
        let run = folder.path().join("run");
        fs::create_dir_all(&home).unwrap();
        fs::create_dir_all(&run).unwrap();
        let mut display = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", "1280x800x24", "-nolisten", "tcp"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("Xvfb is installed");
        let number = first_line(display.stdout.take().unwrap());
        let config = folder.path().join("bus.conf");
        // Without service files nothing is started behind the test's back, a key store in particular.
        fs::write(
            &config,
            format!(
                "<busconfig><type>session</type><listen>unix:dir={}</listen><policy context=\"default\"><allow send_destination=\"*\" \
                 eavesdrop=\"true\"/><allow eavesdrop=\"true\"/><allow own=\"*\"/></policy></busconfig>",
                run.display()
            ),
        )
        .unwrap();
        let mut bus = Command::new("dbus-daemon")
            .arg(format!("--config-file={}", config.display()))
            .args(["--nofork", "--print-address=1"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("dbus-daemon is installed");
        let address = first_line(bus.stdout.take().unwrap());
        let text = |path: &Path| path.to_str().unwrap().to_owned();
        let environment = vec![
            ("DISPLAY".to_owned(), format!(":{number}")),
            ("DBUS_SESSION_BUS_ADDRESS".to_owned(), address),
            ("HOME".to_owned(), text(&home)),
            ("XDG_DATA_HOME".to_owned(), text(&home.join("data"))),
            ("XDG_CONFIG_HOME".to_owned(), text(&home.join("config"))),
            ("XDG_CACHE_HOME".to_owned(), text(&home.join("cache"))),
            ("XDG_RUNTIME_DIR".to_owned(), text(&run)),
            ("CAISEY_HOME".to_owned(), text(&folder.path().join("caisey"))),
            ("CAISEY_EXPORT_DIR".to_owned(), text(&home)),
            ("CAISEY_LOG".to_owned(), "info".to_owned()),
            // No graphics card, no accessibility bus, no user namespaces needed.
            ("WEBKIT_DISABLE_COMPOSITING_MODE".to_owned(), "1".to_owned()),
            ("WEBKIT_DISABLE_DMABUF_RENDERER".to_owned(), "1".to_owned()),
            ("LIBGL_ALWAYS_SOFTWARE".to_owned(), "1".to_owned()),
            ("NO_AT_BRIDGE".to_owned(), "1".to_owned()),
            ("GTK_A11Y".to_owned(), "none".to_owned()),
        ];
        Self {
            children: vec![display, bus],
            folder,
            environment,
        }
    }

    fn start_key_store(&mut self) {
        let mut keyring = self
            .command("gnome-keyring-daemon")
            .args(["--foreground", "--unlock", "--components=secrets"])
            .arg(format!("--control-directory={}", self.folder.path().join("run").display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("gnome-keyring is installed");
        keyring.stdin.take().unwrap().write_all(b"test").unwrap();
        self.children.push(keyring);
        for _ in 0..100 {
            let named = self
                .command("dbus-send")
                .args([
                    "--session",
                    "--dest=org.freedesktop.DBus",
                    "--print-reply",
                    "/org/freedesktop/DBus",
                ])
                .args(["org.freedesktop.DBus.NameHasOwner", "string:org.freedesktop.secrets"])
                .output()
                .unwrap();
            if String::from_utf8_lossy(&named.stdout).contains("boolean true") {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        panic!("gnome-keyring did not take its name on the bus");
    }

    /// A program on this desktop.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Where its person's own files are.
    pub(crate) fn home(&self) -> &Path {
        Path::new(self.variable("HOME"))
    }

    /// Name of the display.
    pub(crate) fn display(&self) -> &str {
        self.variable("DISPLAY")
    }

    /// Address of the session bus.
    pub(crate) fn bus(&self) -> &str {
        self.variable("DBUS_SESSION_BUS_ADDRESS")
    }

    fn variable(&self, wanted: &str) -> &str {
        let found = self.environment.iter().find(|(name, _)| name == wanted);
        found.map(|(_, value)| value.as_str()).unwrap()
    }

    /// The program's data folder.
    pub(crate) fn caisey_home(&self) -> PathBuf {
        self.folder.path().join("caisey")
    }

    /// Where exports go.
    pub(crate) fn exports(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// Everything on the display, as `target/screens/NAME.png`.
    pub(crate) fn picture(&self, name: &str) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/screens");
        fs::create_dir_all(&folder).unwrap();
        let taken = self
            .command("import")
            .args(["-window", "root"])
            .arg(folder.join(format!("{name}.png")))
            .status()
            .expect("ImageMagick is installed");
        assert!(taken.success());
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        for child in self.children.iter_mut().rev() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn first_line(output: ChildStdout) -> String {
    let mut line = String::new();
    BufReader::new(output).read_line(&mut line).unwrap();
    assert!(!line.trim().is_empty(), "a helper program ended before it said where it is");
    line.trim().to_owned()
}
