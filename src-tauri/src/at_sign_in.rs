//! Starting with the person's session on this computer: whoever is asked for permission has to be there to be asked.
//!
//! Promises: nothing starts by itself unless a person asked for it here, and then for nobody else on this computer; started so, the program stays
//! in the tray, and shows its window where there is no tray, and when it needs its person.

use crate::opening::refused;
use auto_launch::{AutoLaunch, AutoLaunchBuilder, MacOSLaunchMode, WindowsEnableMode};
use caisey_console::ErrorView;
use std::path::PathBuf;

/// What the session's start adds to the command line.
const IN_BACKGROUND: &str = "--background";
/// What the platform's lists call it.
const NAME: &str = "Caisey Console";

/// Whether the session started this program, not a person.
pub(crate) fn by_session() -> bool {
    asks_for_background(&std::env::args().collect::<Vec<_>>())
}

/// Whether this command line is the session's.
pub(crate) fn asks_for_background(arguments: &[String]) -> bool {
    arguments.iter().any(|argument| argument == IN_BACKGROUND)
}

/// The platform's way: a desktop entry, a launch agent, a value in the person's own registry.
fn way() -> Result<AutoLaunch, String> {
    // Within an AppImage this program is mounted somewhere for as long as it runs.
    let program = match std::env::var_os("APPIMAGE") {
        Some(image) => PathBuf::from(image),
        None => std::env::current_exe().map_err(|error| error.to_string())?,
    };
    AutoLaunchBuilder::new()
        .set_app_name(NAME)
        .set_app_path(&on_command_line(&program.to_string_lossy()))
        .set_args(&[IN_BACKGROUND])
        .set_macos_launch_mode(MacOSLaunchMode::LaunchAgent)
        .set_windows_enable_mode(WindowsEnableMode::CurrentUser)
        .build()
        .map_err(|error| error.to_string())
}

/// A program's path as the platform's entry takes it: desktop entries in quotes (Desktop Entry Specification, "The Exec key"), the registry too;
/// launch agents have a list of words.
fn on_command_line(path: &str) -> String {
    if cfg!(target_os = "macos") {
        return path.to_owned();
    }
    if cfg!(windows) {
        return format!("\"{path}\"");
    }
    let mut quoted = String::from("\"");
    for letter in path.chars() {
        match letter {
            // A backslash is one for the string's own rules and one for the quotes'.
            '\\' => quoted.push_str("\\\\\\\\"),
            '"' | '`' | '$' => {
                quoted.push_str("\\\\");
                quoted.push(letter);
            }
            '%' => quoted.push_str("%%"),
            letter => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}

fn failed(why: &str) -> ErrorView {
    refused(
        "start_at_sign_in",
        format!(
            "Whether the program starts with your session could not be changed: {why}. Change it in your desktop's own list of what it starts."
        ),
    )
}

#[tauri::command]
pub(crate) fn starts_at_sign_in() -> Result<bool, ErrorView> {
    let enabled = way().and_then(|way| way.is_enabled().map_err(|error| error.to_string()));
    enabled.map_err(|why| failed(&why))
}

#[tauri::command]
pub(crate) fn start_at_sign_in(on: bool) -> Result<(), ErrorView> {
    let way = way().map_err(|why| failed(&why))?;
    let done = if on { way.enable() } else { way.disable() };
    done.map_err(|error| failed(&error.to_string()))?;
    match way.is_enabled() {
        Ok(is) if is == on => Ok(()),
        Ok(_) => Err(failed("this computer goes on as before")),
        Err(error) => Err(failed(&error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::on_command_line;

    #[test]
    #[cfg(target_os = "linux")]
    fn a_path_is_one_word_of_the_entry() {
        assert_eq!(on_command_line("/opt/Caisey Console"), "\"/opt/Caisey Console\"");
        assert_eq!(on_command_line("/a$b`c\"d%e"), "\"/a\\\\$b\\\\`c\\\\\"d%%e\"");
    }
}
