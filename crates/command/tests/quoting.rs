//! Quoted names in real shells: whatever the name, it arrives as one argument and nothing else happens.

use caisey_command::{ActionClass, probe, quoted, read};
use caisey_ledger::event::Interpreter;
use proptest::prelude::*;
use std::process::Command;

fn shells() -> Vec<(Interpreter, &'static str)> {
    let all = [
        (Interpreter::Sh, "sh"),
        (Interpreter::Bash, "bash"),
        (Interpreter::Sh, "dash"),
    ];
    all.into_iter()
        .filter(|(_, shell)| {
            Command::new(shell)
                .args(["-c", ":"])
                .output()
                .is_ok_and(|output| output.status.success())
        })
        .collect()
}

/// What the shell makes of the quoted name.
fn echoed(shell: &str, word: &str) -> Vec<u8> {
    let output = Command::new(shell)
        .args(["-c", &format!("printf %s {word}")])
        .output()
        .unwrap();
    assert!(output.status.success(), "{word}");
    output.stdout
}

const NASTY: &[&str] = &[
    "'; touch pwned; '",
    "$(touch pwned)",
    "`touch pwned`",
    "a\nb",
    "\\'",
    "'\\''",
    "-rf",
    "--",
    "*",
    "~",
    "~root",
    "$HOME",
    "!!",
    "\t",
    "a b",
    "\"",
    "é\u{200b}",
    "\u{2019}; x",
    "\\",
    "#",
    "&",
    "|",
    "<(x)",
    "{a,b}",
    "\r\n",
    "%s",
    "\u{1b}[31m",
];

#[test]
fn nasty_names_stay_names() {
    let shells = shells();
    assert!(shells.len() >= 2, "no shells to try it on");
    for (interpreter, shell) in shells {
        for name in NASTY {
            assert_eq!(
                echoed(shell, &quoted(interpreter, name).unwrap()),
                name.as_bytes(),
                "{shell}: {name:?}"
            );
        }
    }
}

#[test]
fn a_whole_probe_with_a_nasty_name_touches_nothing() {
    let folder = tempfile::tempdir().unwrap();
    for (interpreter, shell) in shells() {
        for name in NASTY.iter().filter(|name| !name.contains('/')) {
            let command = format!("chmod 600 {}", quoted(interpreter, name).unwrap());
            let Some(text) = probe(interpreter, &read(interpreter, &command)) else {
                continue;
            };
            assert_eq!(read(interpreter, &text).class, ActionClass::ReadOnly, "{text}");
            Command::new(shell)
                .args(["-c", &text])
                .current_dir(folder.path())
                .output()
                .unwrap();
        }
    }
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}

/// PowerShell's own rule, written down again: a single-quoted text ends at a quote that is not doubled.
fn powershell_reads(text: &str) -> Option<String> {
    let is_quote = |character: char| character == '\'' || matches!(character, '\u{2018}'..='\u{201b}');
    let mut characters = text.chars().peekable();
    characters.next().filter(|first| is_quote(*first))?;
    let mut value = String::new();
    while let Some(character) = characters.next() {
        if !is_quote(character) {
            value.push(character);
        } else if characters.peek().is_some_and(|next| is_quote(*next)) {
            characters.next();
            value.push(character);
        } else {
            return characters.next().is_none().then_some(value);
        }
    }
    None
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_name_in_a_shell(name in "[^\0]{1,40}") {
        for (interpreter, shell) in shells() {
            let word = quoted(interpreter, &name).unwrap();
            prop_assert_eq!(echoed(shell, &word), name.as_bytes());
        }
    }

    #[test]
    fn any_name_in_powershell_and_cmd(name in "[^\0]{1,40}") {
        if let Some(word) = quoted(Interpreter::Pwsh, &name) {
            prop_assert_eq!(powershell_reads(&word), Some(name.clone()));
        }
        if let Some(word) = quoted(Interpreter::Cmd, &name) {
            prop_assert!(!word.contains(['%', '!', '^', '&', '|', '<', '>', '\n', '\r']));
            prop_assert_eq!(word.matches('"').count(), 2);
        }
    }
}
