//! A true record holds, and no alteration of it does.
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
    let line = caisey_ledger::witness::cosignature_line(&note, &name, &public, 1_780_000_000, |body| key.sign(body).to_bytes());
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
