//! Vectors of the standards, and the same results from other people's implementations.

use crate::story::{Nodes, Story};
use caisey_ledger::canonical;
use caisey_ledger::checkpoint::{Checkpoint, parse_vkey, vkey};
use caisey_ledger::hash::Hash;
use caisey_ledger::tree::{
    Frontier, check_consistency, check_inclusion, empty_root, leaf_hash, prove_consistency, prove_inclusion,
};
use ed25519_dalek::Signer;
use proptest::prelude::*;
use serde_json::{Value, json};
use signed_note::{Note, StandardVerifier, VerifierList};
use tlog_tiles::{
    HashReader, check_record, check_tree, prove_record, prove_tree, record_hash, stored_hashes_for_record_hash, tree_hash,
};

fn hex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}

/// Leaves and roots that implementations of RFC 6962 share (certificate-transparency's reference tests).
#[test]
fn rfc_6962_roots() {
    assert_eq!(
        empty_root().0.to_vec(),
        hex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    );
    let leaves = [
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    ];
    let roots = [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];
    let mut frontier = Frontier::new();
    for (leaf, root) in leaves.iter().zip(roots) {
        frontier.append(leaf_hash(&hex(leaf)));
        assert_eq!(frontier.root().0.to_vec(), hex(root));
    }
}

/// RFC 8785 §3.2.2 and §3.2.3, with their results.
#[test]
fn rfc_8785_examples() {
    let input = r#"{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],
        "string":"\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/","literals":[null,true,false]}"#;
    let value: Value = serde_json::from_str(input).unwrap();
    let expected = "{\"literals\":[null,true,false],\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27],\"string\":\"€$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}";
    assert_eq!(canonical::to_string(&value).unwrap(), expected);
    let value = json!({"\u{20ac}": "Euro Sign", "\r": "Carriage Return", "\u{fb33}": "Hebrew Letter Dalet With Dagesh", "1": "One",
        "\u{1f600}": "Emoji: Grinning Face", "\u{80}": "Control", "\u{f6}": "Latin Small Letter O With Diaeresis"});
    let written = canonical::to_string(&value).unwrap();
    let names: Vec<String> = canonical::check(&written)
        .unwrap()
        .iter()
        .map(|(name, _)| (*name).to_owned())
        .collect();
    assert_eq!(names, ["\\r", "1", "\u{80}", "\u{f6}", "\u{20ac}", "\u{1f600}", "\u{fb33}"]);
}

/// RFC 8785 Appendix B. Entries hold no fractions; packs and exports may.
#[test]
fn rfc_8785_numbers() {
    let table = [
        (0x0000_0000_0000_0000_u64, "0"),
        (0x8000_0000_0000_0000, "0"),
        (0x0000_0000_0000_0001, "5e-324"),
        (0x8000_0000_0000_0001, "-5e-324"),
        (0x7fef_ffff_ffff_ffff, "1.7976931348623157e+308"),
        (0xffef_ffff_ffff_ffff, "-1.7976931348623157e+308"),
        (0x4340_0000_0000_0000, "9007199254740992"),
        (0xc340_0000_0000_0000, "-9007199254740992"),
        (0x4430_0000_0000_0000, "295147905179352830000"),
        (0x44b5_2d02_c7e1_4af5, "9.999999999999997e+22"),
        (0x44b5_2d02_c7e1_4af6, "1e+23"),
        (0x44b5_2d02_c7e1_4af7, "1.0000000000000001e+23"),
        (0x444b_1ae4_d6e2_ef4e, "999999999999999700000"),
        (0x444b_1ae4_d6e2_ef4f, "999999999999999900000"),
        (0x444b_1ae4_d6e2_ef50, "1e+21"),
        (0x3eb0_c6f7_a0b5_ed8c, "9.999999999999997e-7"),
        (0x3eb0_c6f7_a0b5_ed8d, "0.000001"),
        (0x41b3_de43_5555_5553, "333333333.3333332"),
        (0x41b3_de43_5555_5554, "333333333.33333325"),
        (0x41b3_de43_5555_5555, "333333333.3333333"),
        (0x41b3_de43_5555_5556, "333333333.3333334"),
        (0x41b3_de43_5555_5557, "333333333.33333343"),
        (0xbecb_f647_612f_3696, "-0.0000033333333333333333"),
        (0x4314_3ff3_c1cb_0959, "1424953923781206.2"),
    ];
    for (bits, text) in table {
        assert_eq!(canonical::to_string(&f64::from_bits(bits)).unwrap(), text);
    }
}

/// JSON that entries may hold: whole numbers, no null.
fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::from),
        (-9_007_199_254_740_991_i64..=9_007_199_254_740_991).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "[\\x00-\\x7f]{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        let names = prop_oneof![any::<String>(), "[a-c\\\\\"\\n\u{1}\u{e000}😀]{0,3}"];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(names, inner, 0..4).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn mentions_null_or_fraction(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Number(number) => {
            let in_range = |number: i64| number.unsigned_abs() <= 9_007_199_254_740_991;
            !number.as_i64().is_some_and(in_range)
        }
        Value::Array(items) => items.iter().any(mentions_null_or_fraction),
        Value::Object(members) => members.values().any(mentions_null_or_fraction),
        _ => false,
    }
}

proptest! {
    #[test]
    fn what_is_written_is_what_the_strict_reader_accepts(value in json_value()) {
        let whole = json!({"value": value});
        let written = canonical::to_string(&whole).unwrap();
        let members = canonical::check(&written).unwrap();
        prop_assert_eq!(members[0].1, canonical::to_string(&value).unwrap());
    }

    /// The strict reader accepts exactly what the other implementation would write again.
    #[test]
    fn the_strict_reader_agrees_with_writing_again(value in json_value(), at in any::<prop::sample::Index>(), with in "[ -~\\n]{0,2}", gone in 0_usize..3) {
        let written = canonical::to_string(&json!({"a": value, "b": [1, -20, "x\n\u{1f}"]})).unwrap();
        let at = at.index(written.len());
        let end = (at + gone).min(written.len());
        prop_assume!(written.is_char_boundary(at) && written.is_char_boundary(end));
        let changed = [&written[..at], &with, &written[end..]].concat();
        let rewritten = serde_json::from_str::<Value>(&changed).ok().filter(|value| value.is_object() && !mentions_null_or_fraction(value))
            .and_then(|value| canonical::to_string(&value).ok());
        prop_assert_eq!(canonical::check(&changed).is_ok(), rewritten.as_ref() == Some(&changed), "{}", changed);
    }
}

/// Their stored hashes, read by their numbering.
struct Theirs(Vec<tlog_tiles::Hash>);

impl HashReader for Theirs {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<tlog_tiles::Hash>, tlog_tiles::Error> {
        Ok(indexes.iter().map(|index| self.0[*index as usize]).collect())
    }
}

#[test]
fn tlog_tiles_makes_and_accepts_the_same_roots_and_proofs() {
    let (mut ours, mut nodes, mut theirs) = (Frontier::new(), Nodes::default(), Theirs(Vec::new()));
    let theirs_of = |hash: Hash| tlog_tiles::Hash(hash.0);
    let mut roots = vec![empty_root()];
    for number in 0..70_u64 {
        let data = format!("leaf {number}");
        let leaf = leaf_hash(data.as_bytes());
        assert_eq!(theirs_of(leaf), record_hash(data.as_bytes()));
        ours.append_with(leaf, |at, hash| assert!(nodes.0.insert(at, hash).is_none()));
        let new = stored_hashes_for_record_hash(number, theirs_of(leaf), &theirs).unwrap();
        theirs.0.extend(new);
        let root = ours.root();
        roots.push(root);
        let size = number + 1;
        assert_eq!(tree_hash(size, &theirs).unwrap(), theirs_of(root));
        for index in 0..size {
            let proof = prove_inclusion(index, size, &nodes).unwrap();
            let other = prove_record(size, index, &theirs).unwrap();
            assert_eq!(proof.iter().map(|hash| theirs_of(*hash)).collect::<Vec<_>>(), other);
            let leaf = leaf_hash(format!("leaf {index}").as_bytes());
            check_inclusion(leaf, index, size, &proof, root).unwrap();
            check_record(&other, size, theirs_of(root), index, theirs_of(leaf)).unwrap();
        }
        for older in 1..=size {
            let proof = prove_consistency(older, size, &nodes).unwrap();
            let other = prove_tree(size, older, &theirs).unwrap();
            assert_eq!(proof.iter().map(|hash| theirs_of(*hash)).collect::<Vec<_>>(), other);
            check_consistency((older, roots[older as usize]), (size, root), &proof).unwrap();
            check_tree(&other, size, theirs_of(root), older, theirs_of(roots[older as usize])).unwrap();
        }
    }
}

#[test]
fn signed_note_and_tlog_tiles_read_our_checkpoints() {
    let story = Story::every_kind();
    let verifier = StandardVerifier::new(&vkey(&story.log, &story.public_key()).unwrap()).unwrap();
    let signed = story.note();
    let note = Note::from_bytes(signed.as_bytes()).unwrap();
    let (verified, unverified) = note.verify(&VerifierList::new(vec![Box::new(verifier)])).unwrap();
    assert_eq!((verified.len(), unverified.len()), (1, 0));
    let theirs = tlog_tiles::Checkpoint::from_bytes(note.text()).unwrap();
    let ours = story.checkpoint();
    assert_eq!(
        (theirs.origin(), theirs.size(), theirs.hash().0),
        (ours.origin.as_str(), ours.size, ours.root.0)
    );
}

/// The key of the signed-note specification's first implementation, and a key pair of the C2SP example's shape.
#[test]
fn the_signed_note_example_key() {
    let text = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    let (name, key) = parse_vkey(text).unwrap();
    assert_eq!(name, "PeterNeumann");
    assert_eq!(vkey(&name, &key).unwrap(), text);
    for wrong in [
        "",
        "PeterNeumann",
        "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        &text.replace("+AR", "+BR"),
    ] {
        assert!(parse_vkey(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_checkpoint_signed_by_their_signer_opens_here() {
    let skey = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
    let (_, key) = parse_vkey("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW").unwrap();
    let checkpoint = Checkpoint {
        origin: "PeterNeumann".into(),
        size: 5,
        root: empty_root(),
    };
    let mut note = Note::new(checkpoint.body().as_bytes(), &[]).unwrap();
    note.add_sigs(&[&signed_note::StandardSigner::new(skey).unwrap()]).unwrap();
    let note = String::from_utf8(note.to_bytes()).unwrap();
    assert_eq!(Checkpoint::open(&note, "PeterNeumann", &key).unwrap(), checkpoint);
    let story = Story::begun();
    assert!(
        checkpoint
            .sign(&story.public_key(), |message| story.control.sign(message).to_bytes())
            .is_ok()
    );
}
