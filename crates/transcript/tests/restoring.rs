//! What a scrub would have hidden and a person shows again: kept with the release, told to readers, and not believed where it is not so.

use crate::made::{contents, hide, packed_with, reviewer};
use crate::story::Story;
use crate::verifying::keep;
use caisey_ledger::disclosure::Disclosure;
use caisey_ledger::id::Seq;
use caisey_transcript::pack::Contents;
use caisey_transcript::restored::{MAX_REASON_BYTES, Restored};
use caisey_transcript::verify::{Verified, verify};

/// An output of the record in which this word stands, and the word's first token.
fn place(contents: &Contents, word: &str) -> (Seq, u64) {
    let found = contents.excerpts[0].records.iter().find_map(|record| {
        let Disclosure::Full { text, .. } = record.disclosures.get("output")? else {
            return None;
        };
        let at = text.find(word)?;
        let tokens = caisey_ledger::redaction::token_ranges(text, std::slice::from_ref(&(at..at + word.len())));
        Some((record.parse().unwrap().seq, tokens[0].start))
    });
    found.unwrap()
}

fn shown_again(contents: &Contents) -> Restored {
    let (seq, first_token) = place(contents, "payroll");
    Restored {
        log: contents.snapshot.logs[0].log.clone(),
        seq,
        text: "output".to_owned(),
        first_token,
        tokens: 1,
        class: "document".to_owned(),
        by: "document-in-listing".to_owned(),
        restored_by: "Ada Owner".to_owned(),
        reason: "it is what the insurer asks about".to_owned(),
    }
}

fn packed(contents: &Contents, restored: Vec<Restored>) -> Vec<u8> {
    packed_with(contents, &reviewer().2, restored)
}

fn said(verified: &Verified, code: &str) -> String {
    let words = verified.findings.0.iter().filter(|finding| finding.code == code);
    words.map(|finding| finding.words.as_str()).collect::<Vec<_>>().join(" ")
}

#[test]
fn the_reason_is_kept_with_the_release_and_read_by_whoever_verifies() {
    let contents = contents(&Story::every_kind());
    let one = shown_again(&contents);
    let bytes = packed(&contents, vec![one.clone()]);
    keep("holds-restored.zip", &bytes);
    let verified = verify(&bytes, None);
    assert_eq!(verified.findings.failures(), Vec::<&str>::new(), "{:#?}", verified.findings);
    let words = said(&verified, "restored");
    assert!(
        words.contains("document-in-listing took something for document; Ada Owner shows it all the same")
            && words.contains("it is what the insurer asks about"),
        "{words}"
    );
    assert_eq!(verified.record.unwrap().release.unwrap().restored, [one]);
    // A pack of which nothing is shown again says nothing of it.
    let none = packed(&contents, Vec::new());
    assert!(!String::from_utf8_lossy(&none).contains("restored"));
}

#[test]
fn what_is_said_to_be_shown_again_and_is_not_is_named() {
    let open = contents(&Story::every_kind());
    let one = shown_again(&open);
    let mut hidden = contents(&Story::every_kind());
    hide(&mut hidden.excerpts[0], &[("payroll", "document")]);
    let bytes = packed(&hidden, vec![one.clone()]);
    keep("fails-restored-hidden.zip", &bytes);
    let verified = verify(&bytes, None);
    assert_eq!(verified.findings.failures(), ["restored_hidden"]);
    let words = said(&verified, "restored_hidden");
    assert!(words.contains(&format!("entry #{}, `output`", one.seq)), "{words}");

    let change = |alter: &dyn Fn(&mut Restored)| {
        let mut one = one.clone();
        alter(&mut one);
        verify(&packed(&open, vec![one]), None).findings.failures()
    };
    assert_eq!(change(&|_| {}), Vec::<&str>::new());
    for alter in [
        &(|one: &mut Restored| one.reason = "  ".to_owned()) as &dyn Fn(&mut Restored),
        &|one| one.reason = "x".repeat(MAX_REASON_BYTES + 1),
        &|one| one.restored_by = String::new(),
        &|one| one.by = "x".repeat(201),
        &|one| one.tokens = 0,
        &|one| one.tokens = 100_000,
        &|one| one.first_token = u64::MAX >> 12,
        &|one| one.text = "nothing".to_owned(),
        &|one| one.seq = Seq::new(9_999).unwrap(),
        &|one| one.log = "elsewhere".to_owned(),
    ] {
        assert_eq!(change(alter), ["restored"]);
    }
    let twice = vec![one.clone(), one];
    assert_eq!(verify(&packed(&open, twice), None).findings.failures(), ["restored"]);
}

#[test]
fn what_is_hidden_in_part_is_still_shown_again_in_part() {
    let mut contents = contents(&Story::every_kind());
    let mut one = shown_again(&contents);
    one.tokens = 2;
    hide(&mut contents.excerpts[0], &[("payroll", "document")]);
    let bytes = packed(&contents, vec![one]);
    assert_eq!(verify(&bytes, None).findings.failures(), Vec::<&str>::new());
}
