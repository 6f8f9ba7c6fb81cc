//! `caisey explain`: what a command does and names, and which probe would show its change, as far as its text tells.

use anyhow::{Result, bail};
use caisey_command::{Line, Reading, StateChange, probe, read};
use caisey_console::visible::{marked, marked_line};
use caisey_ledger::event::Interpreter;
use clap::Args;
use std::process::ExitCode;

#[derive(Args)]
pub(crate) struct Explain {
    /// What would read it: sh, bash, pwsh, powershell or cmd.
    #[arg(long, default_value = "sh")]
    interpreter: String,
    /// As JSON, for scripts.
    #[arg(long)]
    json: bool,
    /// The command's exact text.
    command: String,
}

impl Explain {
    pub(crate) fn run(&self) -> Result<ExitCode> {
        let interpreter = interpreter(&self.interpreter)?;
        let reading = read(interpreter, &self.command);
        let probe = probe(interpreter, &reading);
        if self.json {
            let answer = serde_json::json!({ "reading": reading, "probe": probe });
            println!("{}", serde_json::to_string_pretty(&answer)?);
        } else {
            print_reading(&reading, probe.as_deref());
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn interpreter(word: &str) -> Result<Interpreter> {
    match serde_json::from_value(word.into()) {
        Ok(interpreter) => Ok(interpreter),
        Err(_) => bail!("`{word}` is not an interpreter that is known here. Say sh, bash, pwsh, powershell or cmd."),
    }
}

fn print_reading(reading: &Reading, probe: Option<&str>) {
    println!("{}: {}", reading.class.word(), reading.class.sentence());
    for reason in &reading.reasons {
        println!("    because: {} ({})", marked_line(&reason.sentence), reason.class.word());
    }
    for resource in &reading.resources {
        println!("    names: {:?} {}", resource.kind, marked_line(&resource.name));
    }
    println!(
        "    state is read with: {}",
        probe.map_or_else(|| "nothing that is known".to_owned(), marked_line)
    );
}

/// A difference of two states, indented.
pub(crate) fn print_change(change: &StateChange) {
    println!(
        "    {} lines gone, {} new, {} as before",
        change.removed, change.added, change.unchanged
    );
    for line in &change.lines {
        match line {
            Line::Unchanged { text } => println!("      {}", marked(text)),
            Line::Removed { text } => println!("    - {}", marked(text)),
            Line::Added { text } => println!("    + {}", marked(text)),
            Line::Folded { count } => println!("      … {count} lines …"),
        }
    }
}
