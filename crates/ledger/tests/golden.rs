//! The bytes of every format as they are, for ever: docs/formats shows the same files, and tests/interop/check_ledger.py checks
//! them with other people's implementations. A change here is a new version of a format, not a new golden file.
//! `CAISEY_WRITE_VECTORS=1` writes them anew.

use crate::story::{Story, base64};
use caisey_ledger::canonical;
use caisey_ledger::checkpoint::{cosign, cosigner_vkey, vkey};
use caisey_ledger::disclosure::Label;
use caisey_ledger::hash::Hash;
use caisey_ledger::lossless;
use caisey_ledger::proof::EntryProof;
use caisey_ledger::redaction::{hide, opening};
use caisey_ledger::statement::signing_bytes;
use caisey_ledger::text::{TextSeed, commit, token_ends};
use caisey_ledger::tree::{Frontier, leaf_hash, prove_consistency, prove_inclusion};
use ed25519_dalek::{Signer, SigningKey};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// With the members of every object in order, whatever order the build's JSON library keeps them in.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let members: BTreeMap<&String, Value> = members.iter().map(|(name, value)| (name, sorted(value))).collect();
            members.into_iter().map(|(name, value)| (name.clone(), value)).collect()
        }
        Value::Array(items) => items.iter().map(sorted).collect(),
        plain => plain.clone(),
    }
}

pub fn check(name: &str, value: &Value) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("vectors").join(name);
    let now = serde_json::to_string_pretty(&sorted(value)).unwrap() + "\n";
    if std::env::var_os("CAISEY_WRITE_VECTORS").is_some() {
        std::fs::write(&path, &now).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap();
    assert!(kept == now, "the format of {name} has changed:\n{now}");
}

fn text_vector(text: &str, seed: [u8; 32]) -> Value {
    let key = TextSeed::from_bytes(seed);
    let mut start = 0;
    let tokens: Vec<&str> = token_ends(text)
        .into_iter()
        .map(|end| {
            let token = &text[start..end as usize];
            start = end as usize;
            token
        })
        .collect();
    json!({"text": text, "seed": key, "tokens": tokens, "commitment": commit(text, &key)})
}

#[test]
fn text_format_unchanged() {
    let counting: [u8; 32] = std::array::from_fn(|at| at as u8);
    let sample = "Get-ChildItem C:\\Users\\jdoe\\payroll # žluťoučký kůň 你好。 \u{10ff9b}[31m";
    let commitments: Vec<Value> = ["", "a", "a b", "whoami\n", sample]
        .into_iter()
        .map(|text| text_vector(text, counting))
        .chain([
            text_vector("a", [0xFF; 32]),
            text_vector(
                "\u{aa}\u{d7}\u{1fff}\u{2000}\u{3040}\u{e000}\u{f900}\u{1f600}\u{20000}",
                [1; 32],
            ),
        ])
        .collect();
    let seed = TextSeed::from_bytes(counting);
    let label = |pseudonym: &str| Label {
        class: "user-path".into(),
        by: "rule:user-paths@3".into(),
        pseudonym: pseudonym.into(),
    };
    let redacted = hide(sample, &seed, &[(4..7, label("path-1")), (9..11, label("path-2"))]).unwrap();
    let key = opening(sample, &seed, 4..7).unwrap();
    let opened = redacted.open(&key, &commit(sample, &seed)).unwrap();
    let bytes: Vec<Value> = [
        b"ok".as_slice(),
        b"\xff\xc3",
        "\u{10ff41}é".as_bytes(),
        b"a\xf0\x9f\x98",
        b"\xed\xa0\x80\xc0\xaf",
    ]
    .into_iter()
    .map(|bytes| json!({"bytes": base64(bytes), "text": lossless::from_bytes(bytes)}))
    .collect();
    check(
        "text.json",
        &json!({
            "format": "caisey text 1",
            "lossless": bytes,
            "commitments": commitments,
            "disclosures": [
                {"commitment": commit(sample, &seed), "disclosure": redacted, "opening": key, "opened": opened, "text": sample},
                {"commitment": commit(sample, &seed), "disclosure": {"shown": "erased"}},
            ],
        }),
    );
}

#[test]
fn canonical_format_unchanged() {
    let values = [
        json!({}),
        json!({"b": [1, -1, 0, true, false, {"x": []}], "a": "€$\u{f}\nA'B\"\\/\u{7f}"}),
        json!({"max": 9_007_199_254_740_991_i64, "min": -9_007_199_254_740_991_i64}),
        json!({"\u{20ac}": 1, "\r": 2, "\u{fb33}": 3, "1": 4, "\u{1f600}": 5, "\u{80}": 6, "\u{f6}": 7}),
    ];
    let good: Vec<Value> = values
        .iter()
        .map(|value| json!({"value": value, "canonical": canonical::to_string(value).unwrap()}))
        .collect();
    let bad = [
        "",
        "[]",
        "{} ",
        "{\"a\":1,\"a\":1}",
        "{\"b\":1,\"a\":1}",
        "{\"a\":null}",
        "{\"a\":1.5}",
        "{\"a\":1e2}",
        "{\"a\":01}",
        "{\"a\":-0}",
        "{\"a\":9007199254740992}",
        "{\"a\":\"\\u0041\"}",
        "{\"a\":\"\\u000A\"}",
        "{\"a\":\"\\u000a\"}",
        "{\"a\":\"\\/\"}",
        "{\"a\":\"\t\"}",
        "{\"a\":\"x}",
        "{\"a\" :1}",
        "{\"a\":[1,]}",
        "{\"a\":[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]}",
    ];
    for text in bad {
        assert!(canonical::check(text).is_err(), "{text}");
    }
    for value in &good {
        canonical::check(value["canonical"].as_str().unwrap()).unwrap();
    }
    check(
        "json.json",
        &json!({"format": "caisey json 1", "canonical": good, "refused": bad}),
    );
}

#[test]
fn tree_format_unchanged() {
    let mut frontier = Frontier::new();
    let mut nodes = crate::story::Nodes::default();
    let mut sizes = vec![json!({"size": 0, "root": frontier.root(), "frontier": frontier})];
    for number in 0..13 {
        frontier.append_with(leaf_hash(format!("leaf {number}").as_bytes()), |at, hash| {
            assert!(nodes.0.insert(at, hash).is_none())
        });
        let size = number + 1;
        let inclusion: Vec<_> = (0..size).map(|index| prove_inclusion(index, size, &nodes).unwrap()).collect();
        let consistency: Vec<_> = (0..=size)
            .map(|older| prove_consistency(older, size, &nodes).unwrap())
            .collect();
        sizes.push(json!({"size": size, "root": frontier.root(), "frontier": frontier, "inclusion": inclusion, "consistency": consistency}));
    }
    let leaves: Vec<String> = (0..13).map(|number| format!("leaf {number}")).collect();
    check(
        "tree.json",
        &json!({"format": "caisey tree 1", "leaves": leaves, "sizes": sizes}),
    );
}

#[test]
fn log_format_unchanged() {
    let story = Story::every_kind();
    let entry = story.records[5].parse().unwrap();
    let witness = SigningKey::from_bytes(&[0x55; 32]);
    let key = witness.verifying_key().to_bytes();
    let name = "caisey.example/console/dev_0000000000000000000000000a";
    let checkpoint = cosign(&story.note(), name, &key, 1_780_000_100, |message| {
        witness.sign(message).to_bytes()
    })
    .unwrap();
    let size = story.frontier.size();
    let proof = |index| EntryProof {
        index,
        hashes: prove_inclusion(index, size, &story.nodes).unwrap(),
        checkpoint: checkpoint.clone(),
        extra: (index == 7).then(|| b"for example".to_vec()),
    };
    check(
        "log.json",
        &json!({
            "format": "caisey log 1",
            "log": story.log,
            "vkey": vkey(&story.log, &story.public_key()).unwrap(),
            "witness": {"name": name, "vkey": cosigner_vkey(name, &key).unwrap(), "time_s": 1_780_000_100},
            "records": story.records,
            "checkpoint": checkpoint,
            "proofs": [proof(0).to_text(), proof(7).to_text(), proof(size - 1).to_text()],
            "signing_bytes_of_entry_5": String::from_utf8(signing_bytes(&entry.statement).unwrap()).unwrap(),
            "leaf_hash_of_entry_5": leaf_hash(story.records[5].leaf.as_bytes()),
            "tampered": tampered(&story),
        }),
    );
}

/// Logs that every verifier must refuse at this place or at the checkpoint.
fn tampered(story: &Story) -> Vec<Value> {
    let size = story.records.len();
    type Edit = Box<dyn Fn(&mut Vec<caisey_ledger::entry::Record>)>;
    let edits: Vec<(&str, Edit)> = vec![
        ("dropped", Box::new(|records| drop(records.remove(9)))),
        ("swapped", Box::new(|records| records.swap(9, 10))),
        ("repeated", Box::new(|records| records.insert(10, records[9].clone()))),
        ("truncated", Box::new(move |records| records.truncate(size - 1))),
        (
            "fact altered",
            Box::new(|records| records[12].leaf = records[12].leaf.replace("\"exit_code\":-1", "\"exit_code\":0")),
        ),
        (
            "time altered",
            Box::new(|records| {
                records[3].leaf = records[3]
                    .leaf
                    .replace("\"time_ms\":1780000003500", "\"time_ms\":1780000003501")
            }),
        ),
        (
            "text altered",
            Box::new(|records| {
                let other = records[5].disclosures["reason"].clone();
                records[5].disclosures.insert("command".into(), other);
            }),
        ),
    ];
    edits
        .into_iter()
        .map(|(name, edit)| {
            let mut records = story.records.clone();
            edit(&mut records);
            // Only what differs, to keep the file readable.
            let changes: Vec<Value> = (0..records.len().max(size))
                .filter(|at| records.get(*at) != story.records.get(*at))
                .map(|at| json!({"at": at, "record": records.get(at)}))
                .collect();
            assert!(!changes.is_empty());
            let mut verifier = caisey_ledger::verify::LogVerifier::new(&story.log);
            let fault = verifier.accept_batch(&records).fault;
            let covered = verifier.check_checkpoint(&story.note(), &story.public_key());
            assert!(
                fault.is_some() || !matches!(covered, Ok(caisey_ledger::verify::Coverage::Exact(_))),
                "{name}"
            );
            json!({"name": name, "changes": changes})
        })
        .collect()
}

/// A longer log with everything shown, hidden, opened and erased, for other implementations; not kept, made anew each time.
#[test]
fn a_long_log_is_exported_for_other_verifiers() {
    let mut story = Story::begun();
    for chunk in 0..300 {
        story.output(
            &format!("{chunk} {}\n", "payroll über €5 \u{10ff80} ".repeat(chunk as usize % 7)),
            chunk,
        );
    }
    for (number, record) in story.records.iter_mut().enumerate() {
        for disclosure in record.disclosures.values_mut() {
            let caisey_ledger::disclosure::Disclosure::Full { text, seed } = disclosure else {
                panic!("stories show everything")
            };
            let count = token_ends(text).len() as u64;
            let label = Label {
                class: "any".into(),
                by: "rule:test@1".into(),
                pseudonym: "one".into(),
            };
            let first = number as u64 % count.max(1);
            match number % 4 {
                1 if count > 0 => *disclosure = hide(text, seed, &[(first..count, label)]).unwrap(),
                2 if count > 0 => *disclosure = hide(text, seed, &[(0..first + 1, label)]).unwrap(),
                3 => *disclosure = caisey_ledger::disclosure::Disclosure::Erased {},
                _ => {}
            }
        }
    }
    let value = json!({
        "format": "caisey log 1",
        "log": story.log,
        "vkey": vkey(&story.log, &story.public_key()).unwrap(),
        "records": story.records,
        "checkpoint": story.note(),
    });
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("ledger-interop");
    std::fs::create_dir_all(&directory).unwrap();
    std::fs::write(directory.join("exported.json"), serde_json::to_string(&value).unwrap()).unwrap();
    let mut verifier = caisey_ledger::verify::LogVerifier::new(&story.log);
    assert!(verifier.accept_batch(&story.records).fault.is_none());
    assert_ne!(verifier.root(), Hash([0; 32]));
}
