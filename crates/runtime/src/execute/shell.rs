//! Interpreter and text to a command line, the text unchanged.
//!
//! | interpreter | started as |
//! |---|---|
//! | sh, bash | `sh -c TEXT`, `bash -c TEXT` |
//! | pwsh, powershell | `-NoProfile -NonInteractive -EncodedCommand` TEXT as base64 of UTF-16LE, so that no quoting can change it |
//! | cmd | `cmd.exe /d /s /c "TEXT"` (Windows only): with `/s` exactly the outer quotes are removed |
//!
//! Environment: the runtime's own, without what is meant for the runtime itself (`CAISEY_*`, systemd's `NOTIFY_SOCKET`,
//! `LISTEN_*`, `WATCHDOG_*`), plus `CAISEY_ACTION` and `CAISEY_SESSION`, by which a command's processes are also found again. Standard
//! input is the null device: a program that asks for a password gets end-of-file, so none is ever typed into the record.

use crate::voice::About;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use caisey_ledger::event::Interpreter;
use std::path::Path;
use std::process::Stdio;
use tokio::process::Command;

/// Names a command's action in the environment of all its processes.
pub(crate) const ACTION_VARIABLE: &str = "CAISEY_ACTION";

/// The command line. Fails, in words, when this platform has no such interpreter.
pub(crate) fn command(interpreter: Interpreter, text: &str, cwd: &Path, about: &About) -> Result<Command, String> {
    let mut command = match interpreter {
        Interpreter::Sh => with_args("sh", &["-c", text]),
        Interpreter::Bash => with_args("bash", &["-c", text]),
        Interpreter::Pwsh => with_args("pwsh", &["-NoProfile", "-NonInteractive", "-EncodedCommand", &encoded(text)]),
        Interpreter::Powershell => powershell(text)?,
        Interpreter::Cmd => cmd(text)?,
    };
    for (name, _) in std::env::vars_os() {
        let known = name.to_string_lossy();
        if ["CAISEY_", "LISTEN_", "WATCHDOG_"]
            .iter()
            .any(|prefix| known.starts_with(prefix))
            || known == "NOTIFY_SOCKET"
        {
            command.env_remove(&name);
        }
    }
    command
        .env(ACTION_VARIABLE, about.action.as_str())
        .env("CAISEY_SESSION", about.session.as_str())
        .current_dir(cwd)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    Ok(command)
}

fn with_args(program: &str, args: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(args);
    command
}

fn encoded(text: &str) -> String {
    STANDARD.encode(text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>())
}

#[cfg(windows)]
fn powershell(text: &str) -> Result<Command, String> {
    Ok(with_args(
        "powershell.exe",
        &["-NoProfile", "-NonInteractive", "-EncodedCommand", &encoded(text)],
    ))
}

#[cfg(windows)]
fn cmd(text: &str) -> Result<Command, String> {
    let mut command = Command::new("cmd.exe");
    command.raw_arg(format!("/d /s /c \"{text}\""));
    Ok(command)
}

#[cfg(not(windows))]
fn powershell(_text: &str) -> Result<Command, String> {
    Err("Windows PowerShell exists only on Windows; choose pwsh, sh or bash.".to_owned())
}

#[cfg(not(windows))]
fn cmd(_text: &str) -> Result<Command, String> {
    Err("The Windows command processor exists only on Windows; choose sh, bash or pwsh.".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powershell_text_is_utf16_in_base64() {
        assert_eq!(encoded("é\""), "6QAiAA==");
    }
}
