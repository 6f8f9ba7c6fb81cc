//! True packs hold, and say what they hold.

use crate::made::{NOW, contents, contents_of, hide, pack, packed, review, reviewer};
use crate::story::Story;
use caisey_ledger::hash::Hash;
use caisey_ledger::id::TimeMs;
use caisey_transcript::attestation::Verdict;
use caisey_transcript::finding::Weight;
use caisey_transcript::policy::Policy;
use caisey_transcript::snapshot::{Scope, SnapshotState};
use caisey_transcript::verify::{Verification, Verified, verify};
use std::path::PathBuf;

/// Where packs go that other people's programs check (tests/interop/check_packs.py).
pub fn keep(name: &str, bytes: &[u8]) {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("packs");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(name), bytes).unwrap();
}

fn said(verified: &Verified, code: &str) -> String {
    let words = verified.findings.0.iter().filter(|finding| finding.code == code);
    words.map(|finding| finding.words.as_str()).collect::<Vec<_>>().join(" ")
}

fn period() -> (Story, Scope) {
    let story = Story::every_kind();
    let at = |seq: u64| TimeMs::new(1_780_000_000_500 + 1_000 * seq).unwrap();
    let scope = Scope::Period {
        from_ms: at(5),
        to_ms: at(12),
    };
    (story, scope)
}

#[test]
fn an_attested_session_holds_and_says_so() {
    let story = Story::every_kind();
    let bytes = pack(&story);
    keep("holds-session.zip", &bytes);
    let policy = Policy::of_control("caisey.example", story.public_key());
    let verified = verify(&bytes, Some(&policy));
    assert_eq!(verified.findings.failures(), Vec::<&str>::new(), "{:#?}", verified.findings);
    assert!(said(&verified, "attested").contains("Ada Owner (owner, "));
    assert!(said(&verified, "redactions").contains("host: "));
    assert!(said(&verified, "scrub").contains("997 of 1000"));
    assert!(said(&verified, "certificate").contains("cannot be bounded"));
    let record = verified.record.unwrap();
    assert_eq!(record.state(), SnapshotState::Attested);
    assert_eq!((record.reviews.len(), record.certificates.len()), (1, 1));
    assert!(record.release.is_some());
}

#[test]
fn hidden_words_are_nowhere_in_the_bytes() {
    let story = Story::every_kind();
    let mut contents = contents(&story);
    contents.certificates.clear();
    hide(&mut contents.excerpts[0], &[("payroll", "document"), ("4096", "number")]);
    let bytes = packed(&contents);
    assert!(verify(&bytes, None).findings.hold());
    let contains = |needle: &str| bytes.windows(needle.len()).any(|window| window == needle.as_bytes());
    assert!(contains("drwxr-xr-x"));
    // The page for strangers speaks of payroll folders by way of example.
    assert!(!contains("May 27 22:14 payroll") && !contains("4096"));
}

#[test]
fn a_period_holds_with_its_neighbours() {
    let (story, scope) = period();
    let bytes = packed(&contents_of(&story, scope.clone(), 4, 12));
    keep("holds-period.zip", &bytes);
    let verified = verify(&bytes, None);
    assert_eq!(verified.findings.failures(), Vec::<&str>::new(), "{:#?}", verified.findings);
    // Without the neighbour before it, nothing shows where the period begins.
    let short = verify(&packed(&contents_of(&story, scope.clone(), 5, 12)), None);
    assert_eq!(short.findings.failures(), ["period"]);
    let short = verify(&packed(&contents_of(&story, scope, 4, 11)), None);
    assert_eq!(short.findings.failures(), ["period"]);
}

#[test]
fn a_refusal_is_part_of_the_record() {
    let story = Story::every_kind();
    let mut contents = contents(&story);
    let refusal = review(&contents.snapshot, &contents.excerpts[0], &reviewer(), Verdict::Refused);
    contents.attestations = vec![refusal];
    let bytes = packed(&contents);
    keep("holds-refused.zip", &bytes);
    let verified = verify(&bytes, None);
    assert!(verified.findings.hold());
    assert!(said(&verified, "refused").contains("does not fit"));
    assert_eq!(verified.record.unwrap().state(), SnapshotState::Refused);
}

#[test]
fn without_a_policy_the_keys_are_said_to_be_the_packs_own() {
    let story = Story::every_kind();
    let bytes = pack(&story);
    let verified = verify(&bytes, None);
    assert!(said(&verified, "own_keys").contains(&Hash(story.public_key()).to_base64()));
    assert!(verified.findings.0.iter().any(|finding| finding.weight == Weight::Note));
    let wrong = Policy::of_control("", [3; 32]);
    assert!(verify(&bytes, Some(&wrong)).findings.failures().contains(&"checkpoint"));
    let none = Policy::of_control("elsewhere.example", story.public_key());
    assert!(verify(&bytes, Some(&none)).findings.failures().contains(&"unknown_control"));
    let quorum = format!("control caisey.example {}\nquorum 1\n", Hash(story.public_key()));
    assert!(
        verify(&bytes, Some(&Policy::parse(&quorum).unwrap()))
            .findings
            .failures()
            .contains(&"quorum")
    );
    assert!(said(&verified, "cosigned").contains("witness.example/1"));
    assert_eq!(NOW % 1_000, 0);
}

#[test]
fn the_same_contents_give_the_same_bytes() {
    assert_eq!(pack(&Story::every_kind()), pack(&Story::every_kind()));
}

#[test]
fn however_many_steps_are_taken_it_comes_to_the_same() {
    let story = Story::every_kind();
    let good = pack(&story);
    // A signed entry that says something else: found by looking at entries, not by reading the pack.
    let mut altered = contents(&story);
    let records = &mut altered.excerpts[0].records;
    let at = records
        .iter()
        .position(|record| record.leaf.contains("command.finished"))
        .unwrap();
    let leaf = records[at].leaf.replace("\"exit_code\":-1", "\"exit_code\":0");
    assert_ne!(leaf, records[at].leaf);
    records[at].leaf = leaf;
    let bad = packed(&altered);
    assert!(verify(&bad, None).findings.failures().contains(&"broken_entry"));
    for bytes in [&good, &bad] {
        let whole = verify(bytes, None);
        for steps in 0..4 {
            let mut verification = Verification::begin(bytes);
            let entries = verification.entries();
            assert!(entries > 0);
            let counted: Vec<usize> = (0..steps).map(|_| verification.step()).collect();
            assert!(
                counted.is_sorted() && counted.iter().all(|count| *count <= entries),
                "{counted:?}"
            );
            assert!(steps < 3 || counted.last() == Some(&entries), "{counted:?} of {entries}");
            assert_eq!(verification.finish(None).findings, whole.findings, "{steps} steps");
        }
    }
    assert_eq!(Verification::begin(b"no pack").step(), 0);
}
