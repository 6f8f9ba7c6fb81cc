//! Service definitions: systemd unit, launchd property list, Windows service, with what the platform offers against a runtime that
//! misbehaves. Commands run by technicians must be able to administer the machine, so that nothing here takes rights from them that
//! administration needs; what is restricted is what no command needs.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A platform with a service manager.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Platform {
    /// systemd.
    Linux,
    /// launchd.
    Macos,
    /// The Windows service manager, by a PowerShell script.
    Windows,
}

const SYSTEMD_UNIT: &str = "/etc/systemd/system/caisey-runtime.service";
const LAUNCHD_PLIST: &str = "/Library/LaunchDaemons/eu.caisey.runtime.plist";

/// What the Windows service manager calls the service.
pub const WINDOWS_SERVICE: &str = "CaiseyRuntime";

/// Why a service could not be installed or removed.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// A file could not be written or removed.
    #[error("cannot {what} {path}: {cause}. Administrator rights are needed")]
    File {
        /// What was tried.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why it failed.
        cause: io::Error,
    },
    /// The service manager refused.
    #[error("{command} failed: {said}")]
    Manager {
        /// What was run.
        command: String,
        /// What it answered.
        said: String,
    },
}

impl Platform {
    /// The platform that this program was built for.
    pub fn here() -> Self {
        if cfg!(windows) {
            Self::Windows
        } else if cfg!(target_os = "macos") {
            Self::Macos
        } else {
            Self::Linux
        }
    }
}

/// Where the service keeps its state on this platform.
pub fn default_state_dir() -> PathBuf {
    if cfg!(windows) {
        let base = std::env::var_os("ProgramData").map_or_else(|| PathBuf::from("C:\\ProgramData"), PathBuf::from);
        base.join("Caisey").join("runtime")
    } else if cfg!(target_os = "macos") {
        PathBuf::from("/Library/Application Support/Caisey/runtime")
    } else {
        PathBuf::from("/var/lib/caisey-runtime")
    }
}

/// A platform's service definition, as text.
pub fn definition(platform: Platform, program: &Path, state: &Path) -> String {
    match platform {
        Platform::Linux => systemd(program, state),
        Platform::Macos => launchd(program, state),
        Platform::Windows => windows(program, state),
    }
}

fn systemd(program: &Path, state: &Path) -> String {
    let (program, state) = (systemd_quoted(program), systemd_quoted(state));
    format!(
        "[Unit]
Description=Caisey endpoint runtime
Wants=network-online.target
After=network-online.target
StartLimitIntervalSec=0

[Service]
Type=exec
ExecStart={program} run --state {state}
Restart=always
RestartSec=2
# Commands are killed and recorded by the runtime itself on SIGTERM; what they left running on purpose stays.
KillMode=process
TimeoutStopSec=30
UMask=0077
# Children of this unit are technicians' commands: they administer the machine. Only what none of them needs is taken away.
NoNewPrivileges=no
LockPersonality=yes
RestrictSUIDSGID=no
KeyringMode=private
ProtectClock=no
CapabilityBoundingSet=~CAP_MAC_ADMIN CAP_MAC_OVERRIDE CAP_WAKE_ALARM
OOMScoreAdjust=-500
OOMPolicy=continue
LimitCORE=0
TasksMax=infinity

[Install]
WantedBy=multi-user.target
"
    )
}

fn launchd(program: &Path, state: &Path) -> String {
    let (program, state) = (xml(&program.to_string_lossy()), xml(&state.to_string_lossy()));
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
    <key>Label</key>
    <string>eu.caisey.runtime</string>
    <key>ProgramArguments</key>
    <array>
        <string>{program}</string>
        <string>run</string>
        <string>--state</string>
        <string>{state}</string>
    </array>
    <key>RunAtLoad</key>
    <true/>
    <key>KeepAlive</key>
    <true/>
    <key>ThrottleInterval</key>
    <integer>2</integer>
    <key>ExitTimeOut</key>
    <integer>30</integer>
    <key>AbandonProcessGroup</key>
    <true/>
    <key>Umask</key>
    <integer>63</integer>
    <key>ProcessType</key>
    <string>Background</string>
    <key>StandardErrorPath</key>
    <string>/Library/Logs/caisey-runtime.log</string>
    <key>HardResourceLimits</key>
    <dict>
        <key>Core</key>
        <integer>0</integer>
    </dict>
</dict>
</plist>
"#
    )
}

/// A PowerShell script that registers a service which the local system account starts with the machine, whether anybody is signed in or
/// not, and starts again when it ends with a failure. One of the same name is replaced. Only administrators can change it.
fn windows(program: &Path, state: &Path) -> String {
    let (program, state) = (
        powershell_quoted(&program.to_string_lossy()),
        powershell_quoted(&state.to_string_lossy()),
    );
    format!(
        r"$ErrorActionPreference = 'Stop'
$program = {program}
$state = {state}
{REMOVE_WINDOWS_SERVICE}
$quote = [string][char]34
New-Service -Name '{WINDOWS_SERVICE}' -DisplayName 'Caisey Runtime' -Description 'Caisey endpoint runtime' -StartupType Automatic `
    -BinaryPathName ($quote + $program + $quote + ' run --service --state ' + $quote + $state + $quote) | Out-Null
& sc.exe failure '{WINDOWS_SERVICE}' reset= 86400 actions= restart/2000/restart/10000/restart/60000 | Out-Null
if ($LASTEXITCODE -ne 0) {{ throw 'sc.exe failure was refused' }}
& sc.exe failureflag '{WINDOWS_SERVICE}' 1 | Out-Null
if ($LASTEXITCODE -ne 0) {{ throw 'sc.exe failureflag was refused' }}
Start-Service -Name '{WINDOWS_SERVICE}'
"
    )
}

/// Stops and removes the service if it is there. Deletion is complete when the last handle to the service is closed.
const REMOVE_WINDOWS_SERVICE: &str = r"if (Get-Service -Name 'CaiseyRuntime' -ErrorAction SilentlyContinue) {
    Stop-Service -Name 'CaiseyRuntime' -Force
    & sc.exe delete 'CaiseyRuntime' | Out-Null
    if ($LASTEXITCODE -ne 0) { throw 'sc.exe delete was refused' }
}";

/// systemd.syntax(7): double quotes, with backslash, quote, dollar and percent doubled or escaped.
fn systemd_quoted(path: &Path) -> String {
    let text = path
        .to_string_lossy()
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('$', "$$")
        .replace('%', "%%");
    format!("\"{text}\"")
}

fn powershell_quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn xml(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Installs and starts the service on this machine; says what was done.
///
/// # Errors
/// When rights are missing or the service manager refuses.
pub fn install(program: &Path, state: &Path) -> Result<String, ServiceError> {
    let text = definition(Platform::here(), program, state);
    match Platform::here() {
        Platform::Linux => {
            write(Path::new(SYSTEMD_UNIT), &text)?;
            call("systemctl", &["daemon-reload"])?;
            call("systemctl", &["enable", "--now", "caisey-runtime.service"])?;
            Ok(format!("installed {SYSTEMD_UNIT} and started caisey-runtime.service"))
        }
        Platform::Macos => {
            write(Path::new(LAUNCHD_PLIST), &text)?;
            call("launchctl", &["bootstrap", "system", LAUNCHD_PLIST])?;
            Ok(format!("installed and started {LAUNCHD_PLIST}"))
        }
        Platform::Windows => {
            call("powershell.exe", &["-NoProfile", "-NonInteractive", "-Command", &text])?;
            Ok(format!("installed and started the service {WINDOWS_SERVICE}"))
        }
    }
}

/// Stops and removes the service; says what was done. The state directory stays.
///
/// # Errors
/// When rights are missing or the service manager refuses.
pub fn uninstall() -> Result<String, ServiceError> {
    match Platform::here() {
        Platform::Linux => {
            call("systemctl", &["disable", "--now", "caisey-runtime.service"])?;
            remove(Path::new(SYSTEMD_UNIT))?;
            call("systemctl", &["daemon-reload"])?;
        }
        Platform::Macos => {
            call("launchctl", &["bootout", "system/eu.caisey.runtime"])?;
            remove(Path::new(LAUNCHD_PLIST))?;
        }
        Platform::Windows => {
            let script = format!("$ErrorActionPreference = 'Stop'\n{REMOVE_WINDOWS_SERVICE}");
            call("powershell.exe", &["-NoProfile", "-NonInteractive", "-Command", &script])?;
        }
    }
    Ok("removed the service; the state directory was left in place".to_owned())
}

fn write(path: &Path, text: &str) -> Result<(), ServiceError> {
    fs::write(path, text).map_err(|cause| ServiceError::File {
        what: "write",
        path: path.to_owned(),
        cause,
    })
}

fn remove(path: &Path) -> Result<(), ServiceError> {
    fs::remove_file(path).map_err(|cause| ServiceError::File {
        what: "remove",
        path: path.to_owned(),
        cause,
    })
}

fn call(program: &str, args: &[&str]) -> Result<(), ServiceError> {
    let command = || format!("{program} {}", args.first().copied().unwrap_or_default());
    let failed = |said: String| ServiceError::Manager {
        command: command(),
        said,
    };
    let done = Command::new(program)
        .args(args)
        .output()
        .map_err(|error| failed(error.to_string()))?;
    if done.status.success() {
        Ok(())
    } else {
        Err(failed(String::from_utf8_lossy(&done.stderr).trim().to_owned()))
    }
}
