//! The labelled set: real-world commands with the class and the things that a person would say they name.
//!
//! `corpus/development*.txt` was used to tune the tables, `corpus/held-out.txt` was written before and never looked at for tuning. The
//! bars hold for both: nothing that changes, destroys or is opaque is taken for read-only, and 95 % of the named things are found.

use caisey_command::{ActionClass, ResourceKind, read};
use caisey_ledger::event::Interpreter;
use std::collections::BTreeMap;

struct Labelled {
    interpreter: Interpreter,
    class: ActionClass,
    things: Vec<(ResourceKind, String)>,
    command: String,
}

fn interpreter(word: &str) -> Interpreter {
    match word {
        "ps" => Interpreter::Powershell,
        "pw" => Interpreter::Pwsh,
        "cmd" => Interpreter::Cmd,
        "sh" => Interpreter::Sh,
        "bash" => Interpreter::Bash,
        other => panic!("{other} is no interpreter"),
    }
}

fn kind(word: &str) -> ResourceKind {
    use ResourceKind as Kind;
    match word {
        "path" => Kind::Path,
        "registry" => Kind::RegistryKey,
        "service" => Kind::Service,
        "rule" => Kind::FirewallRule,
        "table" => Kind::FirewallTable,
        "chain" => Kind::FirewallChain,
        "firewall" => Kind::FirewallObject,
        "host" => Kind::Host,
        "url" => Kind::Url,
        "user" => Kind::User,
        "group" => Kind::Group,
        "mailbox" => Kind::Mailbox,
        "package" => Kind::Package,
        "task" => Kind::ScheduledTask,
        "process" => Kind::Process,
        "printer" => Kind::Printer,
        "disk" => Kind::Disk,
        "share" => Kind::Share,
        "interface" => Kind::Interface,
        "log" => Kind::EventLog,
        "container" => Kind::Container,
        "device" => Kind::Device,
        "setting" => Kind::Setting,
        other => panic!("{other} is no kind"),
    }
}

fn labelled(text: &str) -> Vec<Labelled> {
    text.lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| {
            let (head, rest) = line.split_once(" {").unwrap_or_else(|| panic!("{line}"));
            let (things, command) = rest.split_once("} ").unwrap_or_else(|| panic!("{line}"));
            let (shell, class) = head.split_once(' ').unwrap();
            Labelled {
                interpreter: interpreter(shell),
                class: ActionClass::ALL
                    .into_iter()
                    .find(|known| known.word() == class)
                    .unwrap_or_else(|| panic!("{line}")),
                things: things
                    .split("; ")
                    .filter(|thing| !thing.is_empty())
                    .map(|thing| {
                        thing
                            .split_once('=')
                            .map(|(word, name)| (kind(word), name.to_owned()))
                            .unwrap_or_else(|| panic!("{line}"))
                    })
                    .collect(),
                command: command.replace('⏎', "\n"),
            }
        })
        .collect()
}

/// The same thing may be written with or without a closing slash, and in any case.
fn plain(name: &str) -> String {
    let name = name.to_lowercase();
    name.trim_end_matches('*').trim_end_matches(['/', '\\']).to_owned()
}

struct Score {
    commands: usize,
    right: usize,
    missed: Vec<String>,
    wanted: usize,
    found: usize,
    confusion: BTreeMap<(ActionClass, ActionClass), usize>,
}

fn score(name: &str, text: &str) -> Score {
    let mut score = Score {
        commands: 0,
        right: 0,
        missed: Vec::new(),
        wanted: 0,
        found: 0,
        confusion: BTreeMap::new(),
    };
    let show = std::env::var("SHOW").is_ok_and(|show| show == name);
    for one in labelled(text) {
        let reading = read(one.interpreter, &one.command);
        score.commands += 1;
        score.right += usize::from(reading.class == one.class);
        *score.confusion.entry((one.class, reading.class)).or_default() += 1;
        if reading.class != one.class && show {
            let why: Vec<&str> = reading
                .reasons
                .iter()
                .filter(|reason| reason.class == reading.class)
                .map(|reason| reason.sentence.as_str())
                .collect();
            println!(
                "CLASS {:?} for {:?}: {}\n      {why:?}",
                reading.class, one.class, one.command
            );
        }
        if one.class != ActionClass::ReadOnly && reading.class == ActionClass::ReadOnly {
            score
                .missed
                .push(format!("{:?} was taken for read-only: {}", one.class, one.command));
        }
        for (kind, wanted) in &one.things {
            score.wanted += 1;
            let found = reading
                .resources
                .iter()
                .any(|found| found.kind == *kind && plain(&found.name) == plain(wanted));
            score.found += usize::from(found);
            if !found && show {
                println!(
                    "THING {kind:?} {wanted}: {}\n      {:?}",
                    one.command,
                    reading
                        .resources
                        .iter()
                        .map(|found| (&found.kind, &found.name))
                        .collect::<Vec<_>>()
                );
            }
        }
    }
    let share = score.found as f64 * 100.0 / score.wanted.max(1) as f64;
    println!(
        "{name}: {} commands, {} with the right class ({:.1} %), {} of {} things found ({share:.1} %), {:?}",
        score.commands,
        score.right,
        score.right as f64 * 100.0 / score.commands as f64,
        score.found,
        score.wanted,
        score.confusion
    );
    score
}

fn check(name: &str, text: &str, at_least: usize) {
    let score = score(name, text);
    assert!(score.missed.is_empty(), "{}", score.missed.join("\n"));
    assert!(score.commands >= at_least, "{} commands", score.commands);
    assert!(
        score.found * 100 >= score.wanted * 95,
        "{} of {} things found",
        score.found,
        score.wanted
    );
    // Too much caution is a fault too: whoever is asked for everything reads nothing.
    assert!(
        score.right * 100 >= score.commands * 90,
        "{} of {} right",
        score.right,
        score.commands
    );
}

#[test]
fn the_development_part() {
    check("development", include_str!("../corpus/development.txt"), 300);
}

#[test]
fn the_held_out_part() {
    check("held-out", include_str!("../corpus/held-out.txt"), 200);
}
