//! Names as arguments: one word, whatever is in them, for each interpreter.

use caisey_ledger::event::Interpreter;

/// The name as one word that its interpreter reads as just this name; none when there is no safe way to write it.
///
/// - `sh`, bash: single quotes; a quote inside ends the text, is escaped, and begins it again (POSIX 2.2.2).
/// - PowerShell: single quotes, doubled inside (about_Quoting_Rules). The typographic ones, which PowerShell takes for quotes too, are refused.
/// - cmd has no quoting that every program undoes alike: only plain letters, digits and signs that mean nothing to it are let through.
#[must_use]
pub fn quoted(interpreter: Interpreter, name: &str) -> Option<String> {
    if name.is_empty() || name.contains('\0') {
        return None;
    }
    match interpreter {
        Interpreter::Sh | Interpreter::Bash => Some(format!("'{}'", name.replace('\'', "'\\''"))),
        Interpreter::Pwsh | Interpreter::Powershell => {
            let looks_like_quote = name.contains(|character| matches!(character, '\u{2018}'..='\u{201f}'));
            (!looks_like_quote && !name.contains(['\n', '\r'])).then(|| format!("'{}'", name.replace('\'', "''")))
        }
        Interpreter::Cmd => {
            let harmless = |character: char| character.is_alphanumeric() || " \\/:._-()[]{}@+,~#$=;".contains(character);
            let ends_in_backslash = name.ends_with('\\') && name.len() > 3;
            (name.chars().all(harmless) && !ends_in_backslash && !name.starts_with(['/', '-'])).then(|| format!("\"{name}\""))
        }
    }
}
