//! No parser panics, whatever it is given; what it accepts, it writes back the same.

use crate::story::Story;
use caisey_ledger::canonical;
use caisey_ledger::checkpoint::{Checkpoint, cosignature, parse_vkey};
use caisey_ledger::disclosure::{Disclosure, Opening};
use caisey_ledger::entry::{Record, SignedStatement};
use caisey_ledger::hash::Hash;
use caisey_ledger::proof::EntryProof;
use caisey_ledger::statement::StatementFault;
use caisey_ledger::text::Commitment;
use caisey_ledger::tree::{Frontier, check_consistency, check_inclusion};
use caisey_ledger::verify::{LogVerifier, precheck};
use caisey_ledger::witness;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::LazyLock;

static STORY: LazyLock<Story> = LazyLock::new(Story::every_kind);

fn read_everything(text: &str) {
    let _ = canonical::check(text);
    let _ = Checkpoint::read(text);
    let _ = Checkpoint::parse_body(text);
    let _ = cosignature(text, "witness", &STORY.public_key());
    let _ = parse_vkey(text);
    let _ = witness::split(text);
    let _ = witness::with_line(&STORY.note(), text);
    let _ = witness::check_line(text, text, text, &STORY.public_key());
    let _ = witness::witness_name(text, text);
    let _ = witness::witness_id(text, text);
    let _ = EntryProof::parse(text);
    let _ = serde_json::from_str::<Disclosure>(text);
    let _ = serde_json::from_str::<Opening>(text);
    let _ = serde_json::from_str::<LogVerifier>(text);
    if let Ok(signed) = serde_json::from_str::<SignedStatement>(text) {
        let _ = signed.verify();
    }
    let record = Record {
        leaf: text.to_owned(),
        disclosures: BTreeMap::new(),
    };
    let _ = record.parse();
    let _ = precheck(&[record]);
}

/// Honest texts with pieces cut out and put in.
fn mangled(honest: Vec<String>) -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just(String::new()),
        any::<String>(),
        "[0-9{}\\[\\]\":,.eE+-]{0,4}",
        "\\\\u[0-9a-fA-F]{4}",
        Just("\n\n".into())
    ];
    (prop::sample::select(honest), any::<prop::sample::Index>(), 0_usize..30, piece).prop_map(|(text, at, gone, piece)| {
        let chars: Vec<char> = text.chars().collect();
        let at = at.index(chars.len() + 1);
        let end = (at + gone).min(chars.len());
        chars[..at]
            .iter()
            .chain(piece.chars().collect::<Vec<_>>().iter())
            .chain(&chars[end..])
            .collect()
    })
}

fn honest() -> Vec<String> {
    let story = &*STORY;
    let record = &story.records[5];
    let signed = record.parse().map(|entry| SignedStatement {
        statement: entry.statement,
        signature: entry.signature,
        disclosures: record.disclosures.clone(),
    });
    let mut verifier = LogVerifier::new(&story.log);
    assert!(verifier.accept_batch(&story.records).fault.is_none());
    let proof = EntryProof {
        index: 3,
        hashes: vec![Hash([1; 32]); 5],
        checkpoint: story.note(),
        extra: Some(vec![1, 2]),
    };
    vec![
        record.leaf.clone(),
        serde_json::to_string(&signed.unwrap()).unwrap(),
        serde_json::to_string(&record.disclosures["command"]).unwrap(),
        story.note(),
        story.checkpoint().body(),
        proof.to_text(),
        serde_json::to_string(&verifier).unwrap(),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn arbitrary_text_never_panics(text in any::<String>()) {
        read_everything(&text);
    }

    #[test]
    fn mangled_text_never_panics(text in mangled(honest())) {
        read_everything(&text);
        if let Ok(proof) = EntryProof::parse(&text) {
            prop_assert_eq!(proof.to_text(), text.as_str());
        }
        if let Ok(entry) = (Record { leaf: text.clone(), disclosures: BTreeMap::new() }).parse() {
            prop_assert_eq!(entry.leaf().unwrap(), text);
        }
    }

    #[test]
    fn arbitrary_frontiers_and_proofs_never_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..200), numbers in any::<[u64; 4]>(), hashes in prop::collection::vec(any::<[u8; 32]>(), 0..70),
    ) {
        if let Ok(mut frontier) = Frontier::from_bytes(&bytes) {
            prop_assert_eq!(frontier.to_bytes(), bytes);
            frontier.append(Hash([0; 32]));
            frontier.root();
        }
        let hashes: Vec<Hash> = hashes.into_iter().map(Hash).collect();
        let [a, b, c, d] = numbers;
        for (a, b) in [(a, b), (a % 9, b % 9), (c, d), (u64::MAX, u64::MAX), (0, u64::MAX)] {
            let root = Hash([1; 32]);
            prop_assert!(check_inclusion(Hash([2; 32]), a, b, &hashes, root).is_err());
            if a != 0 && a != b {
                prop_assert!(check_consistency((a, Hash([2; 32])), (b, root), &hashes).is_err());
            }
        }
    }

    #[test]
    fn arbitrary_redactions_never_panic(parts in prop::collection::vec((any::<String>(), 0_u64..1_u64 << 60, 0_usize..4), 0..6), tokens in any::<u64>()) {
        let parts: Vec<_> = parts.into_iter().enumerate().map(|(number, (text, tokens, count))| if number % 2 == 0 {
            serde_json::json!({"part": "shown", "text": text, "seeds": vec!["AAAAAAAAAAAAAAAAAAAAAA=="; count]})
        } else {
            let hashes = vec![Hash([0; 32]); count];
            serde_json::json!({"part": "hidden", "tokens": tokens, "hashes": hashes, "label": {"class": "x", "by": "y", "pseudonym": "z"}})
        }).collect();
        let disclosure: Disclosure = serde_json::from_value(serde_json::json!({"shown": "redacted", "parts": parts})).unwrap();
        let commitment = Commitment { tokens, root: Hash([3; 32]) };
        prop_assert!(disclosure.verify(&commitment).is_err());
    }
}

#[test]
fn a_disclosure_that_claims_an_enormous_text_is_refused_at_once() {
    let part = serde_json::json!({"part": "hidden", "tokens": u64::MAX, "hashes": [], "label": {"class": "x", "by": "y", "pseudonym": "z"}});
    let disclosure: Disclosure = serde_json::from_value(serde_json::json!({"shown": "redacted", "parts": [part, part]})).unwrap();
    assert!(
        disclosure
            .verify(&Commitment {
                tokens: u64::MAX,
                root: Hash([3; 32])
            })
            .is_err()
    );
}

/// Every way to write an entry differently is refused.
#[test]
fn there_is_one_way_to_write_an_entry() {
    let leaf = &STORY.records[5].leaf;
    let refused = |from: &str, to: &str| {
        assert!(leaf.contains(from), "{from} in {leaf}");
        let record = Record {
            leaf: leaf.replacen(from, to, 1),
            disclosures: BTreeMap::new(),
        };
        assert!(record.parse().is_err(), "{to}");
    };
    refused("{\"seq\"", "{ \"seq\"");
    refused("\"seq\":5", "\"seq\":5.0");
    refused("\"seq\":5", "\"seq\":05");
    refused("\"seq\":5", "\"seq\":5e0");
    refused("\"seq\":5", "\"seq\":5,\"seq\":5");
    refused("\"v\":1", "\"v\":1,\"z\":1");
    refused("\"action\":", "\"acti\\u006fn\":");
    refused("\"kind\":\"action", "\"kind\":\"\\u0061ction");
    refused("\"session\":\"ses", "\"session\":null,\"x\":\"ses");
    refused("\"facts\":{", "\"facts\":{\"deep\":[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]],");
    refused("\"facts\":{", "\"facts\":{\"z\":1,");
    let record = Record {
        leaf: format!("{}{}", leaf, " ".repeat(70_000)),
        disclosures: BTreeMap::new(),
    };
    assert!(matches!(record.parse(), Err(StatementFault::TooLong { .. })));
    let unsigned = STORY.records[1].leaf.replacen("\"v\":1}", "\"texts\":{},\"v\":1}", 1);
    assert!(
        Record {
            leaf: unsigned,
            disclosures: BTreeMap::new()
        }
        .parse()
        .is_err()
    );
}

/// Facts and authors of known kinds are checked; unknown kinds are kept, proved, and not interpreted.
#[test]
fn unknown_kinds_verify_and_known_ones_must_fit() {
    let check = |from: &str, to: &str| {
        let leaf = STORY.records[1].leaf.replacen(from, to, 1);
        assert_ne!(leaf, STORY.records[1].leaf);
        precheck(&[Record {
            leaf,
            disclosures: BTreeMap::new(),
        }])
        .pop()
        .unwrap()
    };
    let checked = check("endpoint.connected", "endpoint.dancing").unwrap();
    assert_eq!(checked.entry().statement.kind, "endpoint.dancing");
    assert!(matches!(
        check("endpoint.connected", "endpoint.removed"),
        Err(StatementFault::Facts(_))
    ));
    assert!(matches!(
        check("endpoint.connected", "command.started"),
        Err(StatementFault::WrongAuthor { .. })
    ));
    assert!(matches!(
        check("\"next_counter\":0", "\"next_counter\":0,\"other\":1"),
        Err(StatementFault::Facts(_))
    ));
    assert!(matches!(
        check("\"v\":1", "\"v\":2"),
        Err(StatementFault::Version { found: 2 })
    ));
    assert!(matches!(
        check("endpoint.connected", "Endpoint Connected"),
        Err(StatementFault::Name { .. })
    ));
}

#[test]
fn unknown_members_are_refused_everywhere() {
    let record = serde_json::to_value(&STORY.records[5]).unwrap();
    let known = |value: &serde_json::Value| serde_json::from_value::<Record>(value.clone()).is_ok();
    assert!(known(&record));
    for place in ["", "/disclosures/command"] {
        let mut changed = record.clone();
        changed.pointer_mut(place).unwrap()["unknown"] = 1.into();
        assert!(!known(&changed), "{place}");
    }
    let hidden =
        serde_json::json!({"part": "hidden", "tokens": 1, "hashes": [], "label": {"class": "x", "by": "y", "pseudonym": "z"}});
    let redacted = serde_json::json!({"shown": "redacted", "parts": [hidden, {"part": "shown", "text": "x", "seeds": []}]});
    for (value, places) in [
        (redacted, ["", "/parts/0", "/parts/0/label", "/parts/1"].as_slice()),
        (serde_json::json!({"shown": "erased"}), [""].as_slice()),
    ] {
        assert!(serde_json::from_value::<Disclosure>(value.clone()).is_ok());
        for place in places {
            let mut changed = value.clone();
            changed.pointer_mut(place).unwrap()["unknown"] = 1.into();
            assert!(serde_json::from_value::<Disclosure>(changed).is_err(), "{place}");
        }
    }
    let unknown_in_leaf = |from: &str, to: &str| {
        let leaf = STORY.records[5].leaf.replacen(from, to, 1);
        assert_ne!(leaf, STORY.records[5].leaf);
        canonical::check(&leaf).unwrap();
        assert!(
            (Record {
                leaf,
                disclosures: BTreeMap::new()
            })
            .parse()
            .is_err(),
            "{to}"
        );
    };
    unknown_in_leaf(",\"type\":\"member\"", ",\"type\":\"member\",\"unknown\":1");
    unknown_in_leaf(",\"v\":1", ",\"unknown\":1,\"v\":1");
    unknown_in_leaf(",\"time_ms\":", ",\"surprise\":1,\"time_ms\":");
    unknown_in_leaf(",\"sig\":", ",\"other\":1,\"sig\":");
}
