//! What must hold of an exported session, one finding each. Nothing in the file is believed: not its numbers, not its flags, not its key.

use super::cosigners;
use super::record::{Entry, Record};
use caisey_ledger::checkpoint::Checkpoint;
use caisey_ledger::disclosure::Disclosure;
use caisey_ledger::entry::{self, Actor};
use caisey_ledger::hash::Hash;
use caisey_ledger::tree::{check_inclusion, leaf_hash};
use caisey_ledger::verify::{Checked, precheck};
use caisey_transcript::finding::{Finding, Findings};
use std::collections::{BTreeMap, BTreeSet};

/// Either everything of a kind holds, or each failure is listed.
fn weigh(found: &mut Findings, holds: String, failures: Vec<String>) {
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
    signers(&mut found, &entries);
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

fn signers(found: &mut Findings, entries: &[&entry::Entry]) {
    let introduced = introductions(entries);
    let mut keys: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for entry in entries {
        if let (Some(signature), Some(author)) = (&entry.signature, author(&entry.statement.actor)) {
            keys.entry(author).or_default().insert(signature.key.clone());
        }
    }
    let mut failures = Vec::new();
    let mut unknown: BTreeSet<String> = BTreeSet::new();
    for (author, keys) in &keys {
        let known: Vec<&String> = introduced
            .iter()
            .filter(|(who, _)| who == author)
            .map(|(_, key)| key)
            .collect();
        for key in keys {
            if known.is_empty() {
                unknown.insert(author.clone());
            } else if !known.contains(&key) {
                failures.push(format!(
                    "{author} signed with a key that the log never introduced for them: {key}"
                ));
            }
        }
        if known.is_empty() && keys.len() > 1 {
            failures.push(format!("{author} signed with {} different keys", keys.len()));
        }
    }
    if unknown.len() < keys.len() || !failures.is_empty() {
        let by = keys.len() - unknown.len();
        weigh(
            found,
            format!(
                "{by} of {} signers' keys are introduced by entries in this file, and each signed with theirs only.",
                keys.len()
            ),
            failures,
        );
    }
    if !unknown.is_empty() {
        found.note(
            "record",
            format!(
                "The entries that introduce these signers' keys are not in this file: {}",
                unknown.into_iter().collect::<Vec<_>>().join(", ")
            ),
        );
    }
}

/// Whose keys these entries introduce, and the keys.
pub(super) fn introductions(entries: &[&entry::Entry]) -> BTreeSet<(String, String)> {
    entries.iter().filter_map(|entry| introduction(entry)).collect()
}

/// Whose key an entry introduces, and the key.
fn introduction(entry: &entry::Entry) -> Option<(String, String)> {
    let fact = |name: &str| {
        entry
            .statement
            .facts
            .get(name)
            .and_then(|value| value.as_str())
            .map(str::to_owned)
    };
    match entry.statement.kind.as_str() {
        "key.introduced" => Some((fact("device")?, fact("key")?)),
        // The last part of a log's origin is its endpoint.
        "endpoint.enrolled" => Some((entry.statement.log.rsplit('/').next()?.to_owned(), fact("key")?)),
        _ => None,
    }
}

fn author(actor: &Actor) -> Option<String> {
    match actor {
        Actor::Control {} => None,
        Actor::Endpoint { id } => Some(id.to_string()),
        Actor::Member { device, .. } | Actor::Contact { device, .. } | Actor::Agent { device, .. } => Some(device.to_string()),
    }
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
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use super::*;
    use caisey_ledger::sample::typical_log;
    use caisey_ledger::tree::{Frontier, HashStore, NodeAt, prove_inclusion};
    use caisey_transcript::finding::Weight;
    use serde_json::{Value, json};
    use std::collections::HashMap;
    use std::convert::Infallible;

    struct Nodes(HashMap<NodeAt, Hash>);

    impl HashStore for Nodes {
        type Error = Infallible;
        fn read(&self, wanted: &[NodeAt]) -> Result<Vec<Hash>, Infallible> {
            Ok(wanted.iter().map(|at| self.0[at]).collect())
        }
    }

    /// An export of the sample log's session, as the console writes one.
    fn exported() -> Value {
        let sample = typical_log(24).unwrap();
        let mut nodes = HashMap::new();
        let mut frontier = Frontier::new();
        for record in &sample.records {
            frontier.append_with(leaf_hash(record.leaf.as_bytes()), |at, hash| {
                nodes.insert(at, hash);
            });
        }
        let nodes = Nodes(nodes);
        let leaf = |index: usize| serde_json::from_str::<Value>(&sample.records[index].leaf).unwrap();
        let first = (0..24)
            .find(|index| leaf(*index)["statement"]["kind"] == "session.opened")
            .unwrap();
        let session = leaf(first)["statement"]["session"].clone();
        let entry = |index: usize| {
            let proof: Vec<Hash> = prove_inclusion(index as u64, 24, &nodes).unwrap();
            json!({
                "seq": index, "in_session": leaf(index)["statement"]["session"] == session, "leaf": sample.records[index].leaf,
                "disclosures": sample.records[index].disclosures, "inclusion_proof": proof,
            })
        };
        json!({
            "format": crate::verify::record::FORMAT, "log": sample.log, "checkpoint_key": Hash(sample.public_key).to_base64(),
            "session": {"session": session}, "first_seq": first, "last_seq": 23, "checkpoint": sample.checkpoint,
            "entries": (first..24).map(entry).collect::<Vec<_>>(), "keys": (0..first).map(entry).collect::<Vec<_>>(),
        })
    }

    fn failures(export: &Value) -> Vec<String> {
        let record = Record::parse(&serde_json::to_vec(export).unwrap()).unwrap();
        all(&record, None)
            .into_iter()
            .filter(|finding| finding.weight == Weight::Fails)
            .map(|finding| finding.words)
            .collect()
    }

    #[test]
    fn a_true_record_holds() {
        assert_eq!(failures(&exported()), Vec::<String>::new());
    }

    #[test]
    fn every_alteration_is_found() {
        type Alteration = fn(&mut Value);
        let alterations: &[(&str, Alteration)] = &[
            ("an entry is dropped", |it| {
                it["entries"].as_array_mut().unwrap().remove(5);
            }),
            (
                "the newest entries are dropped and the range shortened with another end",
                |it| {
                    it["entries"].as_array_mut().unwrap().truncate(4);
                },
            ),
            ("entries are swapped", |it| it["entries"].as_array_mut().unwrap().swap(4, 5)),
            ("an entry is doubled", |it| {
                let twin = it["entries"][3].clone();
                it["entries"].as_array_mut().unwrap().insert(3, twin);
            }),
            ("a byte of a leaf", |it| {
                let leaf = it["entries"][4]["leaf"]
                    .as_str()
                    .unwrap()
                    .replacen("\"time_ms\":1", "\"time_ms\":2", 1);
                it["entries"][4]["leaf"] = leaf.into();
            }),
            ("a text", |it| {
                let entry = it["entries"]
                    .as_array_mut()
                    .unwrap()
                    .iter_mut()
                    .find(|entry| entry["disclosures"]["output"].is_object())
                    .unwrap();
                entry["disclosures"]["output"]["text"] = "nothing happened".into();
            }),
            ("a proof", |it| {
                it["entries"][6]["inclusion_proof"][0] = Hash([7; 32]).to_base64().into()
            }),
            ("the checkpoint's size", |it| {
                let note = it["checkpoint"].as_str().unwrap().replace("\n24\n", "\n25\n");
                it["checkpoint"] = note.into();
            }),
            ("the key", |it| it["checkpoint_key"] = Hash([9; 32]).to_base64().into()),
            ("no checkpoint", |it| it["checkpoint"] = Value::Null),
            ("the session's name", |it| {
                it["session"]["session"] = "ses_00000000000000000000000000".into()
            }),
            ("the log's name", |it| it["log"] = "elsewhere.example/a/b".into()),
            ("an introduced key is another's", |it| {
                let leaf = it["keys"][0]["leaf"]
                    .as_str()
                    .unwrap()
                    .replacen("\"key\":\"", "\"key\":\"A", 1);
                it["keys"][0]["leaf"] = leaf.into();
            }),
            ("a fault is confessed", |it| it["faults"] = json!(["a fork"])),
        ];
        for (name, alter) in alterations {
            let mut export = exported();
            alter(&mut export);
            assert_ne!(failures(&export), Vec::<String>::new(), "{name}");
        }
    }

    /// The export with one more signature on its checkpoint.
    fn cosigned(export: &Value, id: &str, key: u8, claimed: bool) -> Value {
        use ed25519_dalek::{Signer as _, SigningKey};
        let key = SigningKey::from_bytes(&[key; 32]);
        let mut export = export.clone();
        let name = caisey_ledger::witness::witness_name(export["log"].as_str().unwrap(), id).unwrap();
        let note = export["checkpoint"].as_str().unwrap().to_owned();
        let public = key.verifying_key().to_bytes();
        let line =
            caisey_ledger::witness::cosignature_line(&note, &name, &public, 1_780_000_000, |body| key.sign(body).to_bytes());
        export["checkpoint"] = caisey_ledger::witness::with_line(&note, &line.unwrap()).unwrap().into();
        if claimed {
            export["witnesses"] = json!([{"name": name, "key": Hash(public).to_base64(), "who": "Jane"}]);
        }
        export
    }

    fn words(export: &Value, weight: Weight) -> String {
        let record = Record::parse(&serde_json::to_vec(export).unwrap()).unwrap();
        let found = all(&record, None).into_iter().filter(|finding| finding.weight == weight);
        found.map(|finding| finding.words).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn cosignatures_count_for_what_the_log_says_of_their_keys() {
        let plain = exported();
        assert!(words(&plain, Weight::Note).contains("has not cosigned"));
        let endpoint = plain["log"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
        let honest = 0x22;
        let good = cosigned(&plain, &endpoint, honest, false);
        assert_eq!(failures(&good), Vec::<String>::new());
        assert!(words(&good, Weight::Holds).contains(&format!("Cosigned by the endpoint {endpoint}")));
        assert!(!words(&good, Weight::Note).contains("has not cosigned"));
        // Another key under the endpoint's name, claimed or not.
        for claimed in [false, true] {
            assert!(!failures(&cosigned(&plain, &endpoint, 0x77, claimed)).is_empty());
        }
        // A console that the log does not know: the file's word, if it gives one.
        let console = cosigned(&plain, "dev_00000000000000000000000000", 0x66, true);
        assert_eq!(failures(&console), Vec::<String>::new());
        assert!(words(&console, Weight::Note).contains("Cosigned by the console of Jane"));
        assert!(!failures(&cosigned(&plain, "dev_00000000000000000000000000", 0x66, false)).is_empty());
        // A signature moved from another checkpoint.
        let mut moved = plain.clone();
        let line = good["checkpoint"].as_str().unwrap().split("\n").nth(5).unwrap().to_owned();
        let other = good["checkpoint"].as_str().unwrap().replace(&line, &line.replace('A', "B"));
        moved["checkpoint"] = other.into();
        assert!(!failures(&moved).is_empty());
    }

    #[test]
    fn the_right_key_from_elsewhere_is_insisted_on() {
        let record = Record::parse(&serde_json::to_vec(&exported()).unwrap()).unwrap();
        let own = record.checkpoint_key.clone().unwrap();
        assert!(all(&record, Some(&own)).iter().all(|finding| finding.weight != Weight::Fails));
        let other = Hash([3; 32]).to_base64();
        assert!(
            all(&record, Some(&other))
                .iter()
                .any(|finding| finding.weight == Weight::Fails)
        );
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]

        /// Whatever is done to a file, checking it ends with findings or a refusal, never with a panic.
        #[test]
        fn mangled_files_never_panic(at in proptest::prelude::any::<proptest::sample::Index>(), gone in 0_usize..6, with in "[ -~]{0,6}") {
            static HONEST: std::sync::LazyLock<Vec<char>> = std::sync::LazyLock::new(|| exported().to_string().chars().collect());
            let at = at.index(HONEST.len());
            let mut mangled: String = HONEST[..at].iter().collect();
            mangled.push_str(&with);
            mangled.extend(HONEST.iter().skip(at + gone));
            if let Ok(record) = Record::parse(mangled.as_bytes()) {
                let _ = all(&record, None);
            }
        }

        #[test]
        fn arbitrary_bytes_are_refused(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
            proptest::prop_assert!(Record::parse(&bytes).is_err());
        }
    }

    #[test]
    fn other_files_are_refused() {
        for wrong in ["", "{}", "[]", r#"{"format":"caisey.session-export/v9"}"#, "\u{0}"] {
            assert!(Record::parse(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }
}
