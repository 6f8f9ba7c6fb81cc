//! What somebody who is asked gets to read beside the exact command: what it names, the state that it finds, what it would do.
//!
//! Promises: nothing here is guessed. Names are those that the command gives; the state is one that the endpoint itself reported in this
//! session for the very probe, or is said not to be known; a command that cannot be bounded is said to be that. Leaves out: what the
//! console adds in its own words.

use crate::journal;
use crate::row::{Row, damaged, int, text};
use crate::store::{Store, StoreError};
use caisey_command::{ActionClass, Reading, ResourceKind};
use caisey_ledger::entry::Entry;
use caisey_ledger::event::{Event, Interpreter, RunOutcome, Stream};
use caisey_ledger::id::{ActionId, Seq};

/// Things that are named one by one; a command that names more says how many more.
const MAX_NAMED: usize = 6;
/// Of the state, at most this many bytes are shown.
const MAX_STATE_BYTES: usize = 4_096;
/// Reasons that are given, at most.
const MAX_REASONS: usize = 3;
/// How far back the state is looked for, in entries.
const LOOK_BACK: u64 = 2_000;

/// Said of a command that names nothing.
pub(crate) const NOTHING_NAMED: &str = "nothing that the command names";
const NOT_KNOWN: &str = "Not known: nobody has looked at it in this session.";

/// What the command names.
pub(super) fn object(reading: &Reading) -> String {
    let mut named: Vec<String> = Vec::new();
    for resource in &reading.resources {
        let name = format!("{} “{}”", kind(resource.kind), one_line(&resource.name));
        if !named.contains(&name) {
            named.push(name);
        }
    }
    let more = named.len().saturating_sub(MAX_NAMED);
    named.truncate(MAX_NAMED);
    match (named.is_empty(), more) {
        (true, _) => NOTHING_NAMED.to_owned(),
        (false, 0) => named.join(", "),
        (false, more) => format!("{} and {more} more", named.join(", ")),
    }
}

/// What it would do.
pub(super) fn proposed_action(reading: &Reading, class: ActionClass) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut sentences: Vec<String> = Vec::new();
    for reason in reading.reasons.iter().filter(|reason| reason.class == reading.class) {
        // What says no more than the first sentence is named there instead of being said again.
        let (said, to) = match reason.part() {
            Some(part) => (format!("`{}`", one_line(part)), &mut parts),
            None => (one_line(&reason.sentence), &mut sentences),
        };
        if to.len() < MAX_REASONS && !to.contains(&said) {
            to.push(said);
        }
    }
    let mut first = class.sentence().to_owned();
    if class == reading.class && !parts.is_empty() {
        first = format!("{}: {}.", first.trim_end_matches('.'), parts.join(", "));
    }
    sentences.insert(0, first);
    sentences.join(" ")
}

fn kind(kind: ResourceKind) -> &'static str {
    match kind {
        ResourceKind::Path => "file or folder",
        ResourceKind::RegistryKey => "registry key",
        ResourceKind::Service => "service",
        ResourceKind::FirewallRule => "firewall rule",
        ResourceKind::FirewallTable => "firewall table",
        ResourceKind::FirewallChain => "firewall chain",
        ResourceKind::FirewallObject => "firewall",
        ResourceKind::Host => "computer",
        ResourceKind::Url => "address",
        ResourceKind::User => "user account",
        ResourceKind::Group => "group",
        ResourceKind::Mailbox => "mailbox",
        ResourceKind::Package => "package",
        ResourceKind::ScheduledTask => "scheduled task",
        ResourceKind::Process => "process",
        ResourceKind::Printer => "printer",
        ResourceKind::Disk => "disk",
        ResourceKind::Share => "shared folder",
        ResourceKind::Interface => "network interface",
        ResourceKind::EventLog => "event log",
        ResourceKind::Container => "container",
        ResourceKind::Device => "device",
        ResourceKind::Setting => "setting",
    }
}

/// Without characters that could make the line look like something else.
fn one_line(text: &str) -> String {
    let shown = text.chars().take(200);
    shown.map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// Where the state is looked for.
pub(super) struct Look<'a> {
    pub(super) interpreter: Interpreter,
    pub(super) reading: &'a Reading,
    /// As the technician named it.
    pub(super) probe: Option<&'a str>,
    /// First entry of the session, and the proposal's.
    pub(super) session: (Seq, Seq),
}

/// The state that the command finds, as far as the endpoint has reported it in this session.
pub(super) fn current_state(store: &dyn Store, look: &Look<'_>) -> Result<String, StoreError> {
    let from_table = || caisey_command::probe(look.interpreter, look.reading);
    let Some(probe) = look.probe.map(str::to_owned).or_else(from_table) else {
        return Ok(NOT_KNOWN.to_owned());
    };
    let (first, before) = (look.session.0.get(), look.session.1.get());
    let first = first.max(before.saturating_sub(LOOK_BACK));
    let captured = "SELECT texts.seq, state.text FROM entries JOIN texts ON texts.seq = entries.seq AND texts.name = 'probe'
         JOIN texts AS state ON state.seq = entries.seq AND state.name = 'state'
         WHERE entries.seq >= ?1 AND entries.seq < ?2 AND entries.kind = 'state.captured' AND texts.text = ?3
         ORDER BY entries.seq DESC LIMIT 1";
    let found = Row::first(store.exec(captured, &[int(first), int(before), text(&probe)])?);
    let captured = found
        .map(|mut row| Ok::<_, StoreError>((row.number()?, row.text()?)))
        .transpose()?;
    let printed = printed(store, first, before, &probe)?;
    let newest = match (captured, printed) {
        (Some(captured), Some(printed)) => Some(if captured.0 > printed.0 { captured } else { printed }),
        (captured, printed) => captured.or(printed),
    };
    Ok(newest.map_or_else(|| NOT_KNOWN.to_owned(), |(_, state)| shortened(&state)))
}

/// What the same command printed when it was run by itself, and the entry of its end.
fn printed(store: &dyn Store, first: u64, before: u64, command: &str) -> Result<Option<(u64, String)>, StoreError> {
    let proposed = "SELECT entries.action FROM entries JOIN texts ON texts.seq = entries.seq AND texts.name = 'command'
         WHERE entries.seq >= ?1 AND entries.seq < ?2 AND entries.kind = 'action.proposed' AND texts.text = ?3
         ORDER BY entries.seq DESC LIMIT 1";
    let Some(mut row) = Row::first(store.exec(proposed, &[int(first), int(before), text(command)])?) else {
        return Ok(None);
    };
    let action: ActionId = row.parsed()?;
    let said = "SELECT seq, leaf FROM entries WHERE seq >= ?1 AND seq < ?2 AND action = ?3
         AND kind IN ('command.output', 'command.finished') ORDER BY seq";
    let (mut output, mut end) = (String::new(), None);
    for row in store.exec(said, &[int(first), int(before), text(&action)])? {
        let mut row = Row::from(row);
        let (seq, leaf) = (row.number()?, row.text()?);
        let entry: Entry = serde_json::from_str(&leaf).map_err(|_| damaged("an entry cannot be read"))?;
        let statement = &entry.statement;
        match Event::from_parts(&statement.kind, &statement.facts).ok().flatten() {
            Some(Event::CommandOutput {
                stream: Stream::Stdout, ..
            }) if output.len() <= MAX_STATE_BYTES => {
                let texts = journal::disclosures(store, seq)?;
                let Some(text) = texts.get("output").and_then(|text| text.full_text()) else {
                    return Ok(None);
                };
                output.push_str(text);
            }
            Some(Event::CommandFinished {
                outcome: RunOutcome::Exited,
                ..
            }) => end = Some(seq),
            _ => {}
        }
    }
    Ok(end.filter(|_| !output.trim().is_empty()).map(|end| (end, output)))
}

fn shortened(state: &str) -> String {
    if state.len() <= MAX_STATE_BYTES {
        return state.to_owned();
    }
    let end = (0..=MAX_STATE_BYTES)
        .rev()
        .find(|end| state.is_char_boundary(*end))
        .unwrap_or(0);
    format!("{}…", state.get(..end).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(command: &str) -> Reading {
        caisey_command::read(Interpreter::Cmd, command)
    }

    #[test]
    fn the_seeds_firewall_rule_is_named() {
        let reading = read(r#"netsh advfirewall firewall set rule name="Block SMB Inbound" new enable=no"#);
        assert_eq!(object(&reading), "firewall rule “Block SMB Inbound”");
        let action = proposed_action(&reading, reading.class);
        assert!(action.starts_with("This command changes something: `netsh"), "{action}");
        assert_eq!(action.matches("changes something").count(), 1, "{action}");
    }

    #[test]
    fn tables_and_chains_are_told_apart() {
        let reading = caisey_command::read(Interpreter::Sh, "sudo nft delete rule inet filter input handle 7");
        assert_eq!(object(&reading), "firewall table “filter”, firewall chain “input”");
        let action = proposed_action(&reading, reading.class);
        assert!(
            action.starts_with("This command deletes or overwrites something: `nft"),
            "{action}"
        );
        assert_eq!(action.matches("deletes or overwrites").count(), 1, "{action}");
    }

    #[test]
    fn what_cannot_be_bounded_is_said_to_be_that() {
        let reading = caisey_command::read(Interpreter::Sh, "./fix-it.sh");
        assert!(proposed_action(&reading, reading.class).starts_with("What this command does cannot be told from its text"));
        assert_eq!(object(&Reading::opaque("x", "y")), "nothing that the command names");
    }

    #[test]
    fn many_things_are_counted() {
        let reading = caisey_command::read(Interpreter::Sh, "rm /a /b /c /d /e /f /g /h");
        assert!(object(&reading).ends_with("and 2 more"), "{}", object(&reading));
    }
}
