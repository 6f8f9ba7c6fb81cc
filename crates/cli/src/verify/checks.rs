//! What must hold of an exported session, one finding each. Nothing in the file is believed: not its numbers, not its flags, not its key.

use super::record::{Entry, Record};
use super::{cosigners, signers};
use caisey_ledger::checkpoint::Checkpoint;
use caisey_ledger::disclosure::Disclosure;
use caisey_ledger::entry;
use caisey_ledger::hash::Hash;
use caisey_ledger::tree::{check_inclusion, leaf_hash};
use caisey_ledger::verify::{Checked, precheck};
use caisey_transcript::finding::{Finding, Findings};
use std::collections::{BTreeMap, BTreeSet};

/// Either everything of a kind holds, or each failure is listed.
pub(super) fn weigh(found: &mut Findings, holds: String, failures: Vec<String>) {
    found.weigh("record", holds, failures.into_iter().map(|words| ("record", words)).collect());
}

/// At most this many faults that the exporter confessed are listed.
const MOST_LISTED: usize = 20;

/// Looks at everything. `key` is the control plane's, if the person has it from elsewhere.
pub(crate) fn all(record: &Record, key: Option<&str>) -> Vec<Finding> {
    let mut found = Findings::default();
    let checkpoint = checkpoint(&mut found, record, key);
    dense(&mut found, record);
    let all: Vec<&Entry> = record.keys.iter().chain(&record.entries).collect();
    let checked = by_themselves(&mut found, &all);
    places(&mut found, record, &all, &checked, checkpoint.as_ref());
    let entries: Vec<&entry::Entry> = checked.iter().flatten().map(Checked::entry).collect();
    let own: Vec<&entry::Entry> = entries
        .iter()
        .copied()
        .filter(|entry| (record.first_seq..=record.last_seq).contains(&entry.seq.get()))
        .collect();
    if let (Some(note), Some(_)) = (&record.checkpoint, &checkpoint) {
        cosigners::check(&mut found, record, note, &entries);
    }
    session(&mut found, record, &own);
    counters(&mut found, &own);
    signers::check(&mut found, &entries);
    order(&mut found, &own);
    texts(&mut found, record);
    for fault in record.faults.iter().take(MOST_LISTED) {
        found.fails("record", format!("The console that exported this had found: {fault}"));
    }
    found.0
}

fn checkpoint(found: &mut Findings, record: &Record, key: Option<&str>) -> Option<Checkpoint> {
    let Some(note) = &record.checkpoint else {
        found.fails(
            "record",
            "There is no checkpoint: nothing shows that the log ever held these entries.",
        );
        return None;
    };
    let text = key.or(record.checkpoint_key.as_deref()).unwrap_or("");
    let Some(Hash(public)) = Hash::from_base64(text) else {
        found.fails("record", "There is no usable key to check the checkpoint with.");
        return None;
    };
    match Checkpoint::open(note, &record.log, &public) {
        Ok(checkpoint) => {
            let words = format!(
                "The checkpoint over {} entries of {} is signed by the key {text}.",
                checkpoint.size, checkpoint.origin
            );
            found.holds("record", words);
            if key.is_none() {
                let words = "That key is the file's own. Compare it with the control plane's as you know it from elsewhere, or give it with --key.";
                found.note("record", words);
            } else if record.checkpoint_key.as_deref().is_some_and(|own| Some(own) != key) {
                found.note("record", "The file names another key than the one given.");
            }
            Some(checkpoint)
        }
        Err(fault) => {
            found.fails("record", format!("The checkpoint does not hold: {fault}"));
            None
        }
    }
}

fn dense(found: &mut Findings, record: &Record) {
    let wanted = record.first_seq..=record.last_seq;
    let holds = record.first_seq <= record.last_seq && record.entries.iter().map(|entry| entry.seq).eq(wanted);
    let words = format!(
        "All entries from #{} to #{} are here, none is missing.",
        record.first_seq, record.last_seq
    );
    let failure = format!(
        "The entries are not exactly those from #{} to #{}: some are missing, doubled or out of order.",
        record.first_seq, record.last_seq
    );
    weigh(found, words, if holds { Vec::new() } else { vec![failure] });
}

fn by_themselves(found: &mut Findings, entries: &[&Entry]) -> Vec<Option<Checked>> {
    let records: Vec<entry::Record> = entries
        .iter()
        .map(|entry| entry::Record {
            leaf: entry.leaf.clone(),
            disclosures: entry.disclosures.clone(),
        })
        .collect();
    let mut failures = Vec::new();
    let mut checked = Vec::with_capacity(records.len());
    for (entry, result) in entries.iter().zip(precheck(&records)) {
        match result {
            Ok(holds) => checked.push(Some(holds)),
            Err(fault) => {
                let cause = std::error::Error::source(&fault)
                    .map(|cause| format!(": {cause}"))
                    .unwrap_or_default();
                failures.push(format!("#{}: {fault}{cause}", entry.seq));
                checked.push(None);
            }
        }
    }
    let words = format!(
        "All {} entries are in their canonical form, signed by their authors, and every text shown is the one committed to.",
        entries.len()
    );
    weigh(found, words, failures);
    checked
}

fn places(
    found: &mut Findings,
    record: &Record,
    entries: &[&Entry],
    checked: &[Option<Checked>],
    checkpoint: Option<&Checkpoint>,
) {
    let mut failures = Vec::new();
    for (entry, checked) in entries.iter().zip(checked) {
        if let Some(checked) = checked {
            let inner = checked.entry();
            if inner.seq.get() != entry.seq {
                failures.push(format!("#{}: the entry itself says that it is #{}", entry.seq, inner.seq));
            }
            if inner.statement.log != record.log {
                failures.push(format!("#{}: it belongs to the log {}", entry.seq, inner.statement.log));
            }
        }
        if let Some(checkpoint) = checkpoint {
            let path: Option<Vec<Hash>> = entry.inclusion_proof.iter().map(|hash| Hash::from_base64(hash)).collect();
            let holds = match path {
                None => Err("its proof is not a list of hashes".to_owned()),
                Some(path) => check_inclusion(
                    leaf_hash(entry.leaf.as_bytes()),
                    entry.seq,
                    checkpoint.size,
                    &path,
                    checkpoint.root,
                )
                .map_err(|fault| fault.to_string()),
            };
            if let Err(fault) = holds {
                failures.push(format!("#{}: {fault}", entry.seq));
            }
        }
    }
    if checkpoint.is_some() || !failures.is_empty() {
        weigh(
            found,
            format!(
                "All {} entries stand at their places in the log that the checkpoint signs.",
                entries.len()
            ),
            failures,
        );
    }
}

fn session(found: &mut Findings, record: &Record, own: &[&entry::Entry]) {
    let wanted = record.session.session.as_str();
    let is_of = |entry: &entry::Entry| {
        entry
            .statement
            .session
            .as_ref()
            .is_some_and(|session| session.as_str() == wanted)
    };
    let flags: BTreeMap<u64, bool> = record.entries.iter().map(|entry| (entry.seq, entry.in_session)).collect();
    let mut failures = Vec::new();
    for entry in own {
        if flags.get(&entry.seq.get()).is_some_and(|flag| *flag != is_of(entry)) {
            failures.push(format!(
                "#{}: the file says the opposite of whether it belongs to the session",
                entry.seq
            ));
        }
    }
    match own.first() {
        Some(first) if is_of(first) && first.statement.kind == "session.opened" => {}
        _ => failures.push("The record does not begin with the session's opening.".to_owned()),
    }
    let count = own.iter().filter(|entry| is_of(entry)).count();
    weigh(
        found,
        format!("{count} of the entries belong to the session {wanted}, from its opening on."),
        failures,
    );
    if !own
        .iter()
        .any(|entry| is_of(entry) && entry.statement.kind == "session.closed")
    {
        found.note(
            "record",
            "The session was not closed when this was exported: more may have followed.",
        );
    }
}

/// The endpoint counts its statements: a hole means that the control plane dropped one.
fn counters(found: &mut Findings, own: &[&entry::Entry]) {
    let counted: Vec<(u64, u64)> = own
        .iter()
        .filter_map(|entry| Some((entry.seq.get(), entry.statement.counter?.get())))
        .collect();
    let failures = counted.windows(2).filter_map(|pair| match pair {
        [(_, before), (seq, after)] if *after != before + 1 => Some(format!(
            "#{seq}: the endpoint's count goes from {before} to {after}: a statement is missing or invented"
        )),
        _ => None,
    });
    let failures: Vec<String> = failures.collect();
    weigh(
        found,
        format!("The endpoint's own count of its {} statements has no hole.", counted.len()),
        failures,
    );
}

/// Nothing runs that was not proposed and authorised before, by place in the log.
fn order(found: &mut Findings, own: &[&entry::Entry]) {
    let mut seen: BTreeSet<(String, &str)> = BTreeSet::new();
    let mut failures = Vec::new();
    let mut started = 0;
    for entry in own {
        let Some(action) = &entry.statement.action else { continue };
        let action = action.to_string();
        if entry.statement.kind == "command.started" {
            started += 1;
            for needed in ["action.proposed", "action.authorised"] {
                if !seen.contains(&(action.clone(), needed)) {
                    failures.push(format!("#{}: {action} ran without `{needed}` before it", entry.seq));
                }
            }
        }
        seen.insert((action, entry.statement.kind.as_str()));
    }
    weigh(
        found,
        format!("Each of the {started} commands that ran was proposed and authorised before, by its place in the log."),
        failures,
    );
}

fn texts(found: &mut Findings, record: &Record) {
    let (mut full, mut redacted, mut erased) = (0, 0, 0);
    for disclosure in record.entries.iter().flat_map(|entry| entry.disclosures.values()) {
        match disclosure {
            Disclosure::Full { .. } => full += 1,
            Disclosure::Redacted { .. } => redacted += 1,
            Disclosure::Erased {} => erased += 1,
        }
    }
    found.note(
        "record",
        format!("{full} texts are shown in full, {redacted} in part; {erased} were erased."),
    );
}

#[cfg(test)]
mod tests;
