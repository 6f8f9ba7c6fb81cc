//! Two lists of commands: those that were made to be taken for read-only, and those that have to be.

use caisey_command::{ActionClass, Reading, read};
use caisey_ledger::event::Interpreter;

fn commands(text: &str) -> Vec<(Interpreter, String)> {
    text.lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| {
            let (shell, command) = line.split_once(' ').unwrap_or_else(|| panic!("{line}"));
            let interpreter = match shell {
                "bash" => Interpreter::Bash,
                "sh" => Interpreter::Sh,
                "ps" => Interpreter::Powershell,
                "pw" => Interpreter::Pwsh,
                "cmd" => Interpreter::Cmd,
                other => panic!("{other} is no interpreter"),
            };
            (interpreter, command.replace('⏎', "\n"))
        })
        .collect()
}

fn told(interpreter: Interpreter, command: &str, reading: &Reading) -> String {
    let why: Vec<&str> = reading
        .reasons
        .iter()
        .filter(|reason| reason.class == reading.class)
        .map(|reason| reason.sentence.as_str())
        .collect();
    format!("{interpreter:?} {:?}: {command}\n    {why:?}", reading.class)
}

#[test]
fn tricks_are_not_taken_for_read_only() {
    let all = commands(include_str!("../corpus/tricks.txt"));
    let fooled: Vec<String> = all
        .iter()
        .map(|(interpreter, command)| (interpreter, command, read(*interpreter, command)))
        .filter(|(_, _, reading)| reading.class == ActionClass::ReadOnly)
        .map(|(interpreter, command, reading)| told(*interpreter, command, &reading))
        .collect();
    assert!(fooled.is_empty(), "{} of {}:\n{}", fooled.len(), all.len(), fooled.join("\n"));
}

#[test]
fn everyday_commands_that_read_are_read_only() {
    let all = commands(include_str!("../corpus/everyday.txt"));
    let doubted: Vec<String> = all
        .iter()
        .map(|(interpreter, command)| (interpreter, command, read(*interpreter, command)))
        .filter(|(_, _, reading)| reading.class != ActionClass::ReadOnly)
        .map(|(interpreter, command, reading)| told(*interpreter, command, &reading))
        .collect();
    assert!(
        doubted.is_empty(),
        "{} of {}:\n{}",
        doubted.len(),
        all.len(),
        doubted.join("\n")
    );
}
