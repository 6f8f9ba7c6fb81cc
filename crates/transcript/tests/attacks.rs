//! What somebody might do to a pack. Each is found, and named.

use crate::made::{contents, hide, packed, packed_by, proved, releaser, review, reviewer, seal};
use crate::story::{Story, session, technician};
use crate::verifying::keep;
use caisey_ledger::disclosure::{Disclosure, Part};
use caisey_ledger::entry::Record;
use caisey_ledger::event::Event;
use caisey_ledger::hash::Hash;
use caisey_transcript::attestation::{Coverage, Review, Verdict};
use caisey_transcript::certificate::Certificate;
use caisey_transcript::container;
use caisey_transcript::pack::Contents;
use caisey_transcript::policy::Policy;
use caisey_transcript::verify::{untouched, verify};
use ed25519_dalek::SigningKey;
use proptest::prelude::*;

fn failures(bytes: &[u8]) -> Vec<&'static str> {
    verify(bytes, None).findings.failures()
}

/// Changes files of a finished pack and packs them again in good form.
fn tampered(bytes: &[u8], file: &str, change: impl Fn(&str) -> String) -> Vec<u8> {
    let (mut files, _) = container::read(bytes).unwrap();
    let found = files.iter_mut().find(|(name, _)| name == file).unwrap();
    let text = String::from_utf8(found.1.clone()).unwrap();
    let changed = change(&text);
    assert_ne!(changed, text, "{file}");
    found.1 = changed.into_bytes();
    container::write(&files).unwrap()
}

/// A small true pack: a log with a session of a few entries.
fn small() -> Vec<u8> {
    let story = Story::begun();
    let mut contents = contents(&story);
    hide(&mut contents.excerpts[0], &[("root", "user")]);
    packed(&contents)
}

#[test]
fn every_flipped_byte_of_a_small_pack_is_noticed() {
    let good = small();
    assert_eq!(failures(&good), Vec::<&str>::new());
    for at in 0..good.len() {
        let mut bytes = good.clone();
        bytes[at] ^= 1 << (at % 8);
        assert!(!untouched(&bytes).0.is_empty(), "byte {at} of {}", good.len());
        // The layer that covers every byte is the first thing that verification asks.
        if at % 64 == 0 {
            assert!(!verify(&bytes, None).findings.hold(), "byte {at}");
        }
    }
    for cut in [0, 1, good.len() / 2, good.len() - 1] {
        assert!(!verify(&good[..cut], None).findings.hold());
    }
}

/// A session with two hundred entries of output.
fn large() -> Vec<u8> {
    let mut story = Story::begun();
    for chunk in 0..200 {
        story.output(&caisey_ledger::sample::typical_line(chunk), chunk);
    }
    let mut contents = contents(&story);
    hide(&mut contents.excerpts[0], &[("jdoe", "user")]);
    packed(&contents)
}

#[test]
fn ten_thousand_random_bytes_of_a_large_pack_are_noticed() {
    let good = large();
    assert!(good.len() > 400_000, "{}", good.len());
    keep("holds-large.zip", &good);
    assert_eq!(failures(&good), Vec::<&str>::new());
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut bytes = good.clone();
    for round in 0..10_000 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let at = (state % good.len() as u64) as usize;
        let flip = 1 << (state >> 61);
        bytes[at] ^= flip;
        assert!(!untouched(&bytes).0.is_empty(), "byte {at}");
        if round % 500 == 0 {
            assert!(!verify(&bytes, None).findings.hold(), "byte {at}");
        }
        bytes[at] ^= flip;
    }
    assert!(untouched(&bytes).0.is_empty());
}

#[test]
fn removed_reordered_and_replaced_entries_are_named() {
    let story = Story::every_kind();
    let change = |alter: &dyn Fn(&mut Vec<Record>)| {
        let mut contents = contents(&story);
        alter(&mut contents.excerpts[0].records);
        // Whoever alters it even holds a known key and signs again.
        failures(&packed(&contents))
    };
    assert!(change(&|records| drop(records.remove(9))).contains(&"missing_entry"));
    assert!(change(&|records| records.swap(8, 9)).contains(&"reordered_entry"));
    let twin = |records: &mut Vec<Record>| {
        let record = records[9].clone();
        records.insert(9, record);
    };
    assert!(change(&twin).contains(&"doubled_entry"));
    // The control plane's own statements carry no signature: only the tree tells.
    let later = |records: &mut Vec<Record>| {
        let at = records
            .iter()
            .position(|record| record.leaf.contains("action.authorised"))
            .unwrap();
        records[at].leaf = records[at].leaf.replace("\"policy_version\":1", "\"policy_version\":2");
    };
    assert!(change(&later).contains(&"replaced_entry"));
    let signed = |records: &mut Vec<Record>| {
        let at = records
            .iter()
            .position(|record| record.leaf.contains("command.finished"))
            .unwrap();
        records[at].leaf = records[at].leaf.replace("\"exit_code\":-1", "\"exit_code\":0");
    };
    assert!(change(&signed).contains(&"broken_entry"));
    let text = |records: &mut Vec<Record>| {
        let disclosures = records.iter_mut().flat_map(|record| record.disclosures.values_mut());
        for disclosure in disclosures {
            if let Disclosure::Full { text, .. } = disclosure
                && text.contains("payroll")
            {
                *text = text.replace("payroll", "nothing");
            }
        }
    };
    assert!(change(&text).contains(&"broken_entry"));
}

#[test]
fn another_logs_checkpoint_is_named() {
    let story = Story::every_kind();
    let mut other = Story::every_kind();
    other.log = other.log.replace("caisey.example", "elsewhere.example");
    let mut contents = contents(&story);
    contents.excerpts[0].note = other.note();
    assert!(failures(&packed(&contents)).contains(&"foreign_checkpoint"));
    // A checkpoint of the right log, of another size.
    let mut longer = Story::every_kind();
    longer.by_control(Event::EndpointRemoved { member: technician().0 }, &[], false, None);
    let mut contents = crate::made::contents(&story);
    contents.excerpts[0].note = longer.note();
    let found = failures(&packed(&contents));
    assert!(found.contains(&"other_checkpoint"), "{found:?}");
}

#[test]
fn swapped_attestations_are_named() {
    let (story, other) = (Story::every_kind(), Story::begun());
    let mut swapped = contents(&story);
    swapped.attestations = contents(&other).attestations;
    assert!(failures(&packed(&swapped)).contains(&"swapped_attestation"));
    let mut swapped = contents(&story);
    swapped.certificates = contents(&other).certificates;
    assert!(failures(&packed(&swapped)).contains(&"certificate"));
}

#[test]
fn unknown_keys_are_named() {
    let story = Story::every_kind();
    let stranger = SigningKey::from_bytes(&[0x77; 32]);
    assert!(failures(&packed_by(&contents(&story), &stranger)).contains(&"unknown_key"));
    let mut forged = contents(&story);
    let (member, device, _) = reviewer();
    forged.attestations = vec![review(
        &forged.snapshot,
        &forged.excerpts[0],
        &(member, device, stranger),
        Verdict::Attested,
    )];
    assert!(failures(&packed(&forged)).contains(&"unknown_key"));
    // Everything made anew under another control plane's key: good in itself, refused by a policy.
    let mut elsewhere = Story::every_kind();
    elsewhere.control = SigningKey::from_bytes(&[0x12; 32]);
    let bytes = packed(&contents(&elsewhere));
    assert_eq!(failures(&bytes), Vec::<&str>::new());
    let policy = Policy::of_control("caisey.example", story.public_key());
    assert!(verify(&bytes, Some(&policy)).findings.failures().contains(&"checkpoint"));
    // Without the entry that registered the reviewer, nobody knows them.
    let mut unknown = contents(&story);
    unknown.excerpts.pop();
    assert!(failures(&packed(&unknown)).contains(&"unknown_key"));
    // A signature that the log's own entries do not introduce.
    let mut unintroduced = contents(&story);
    let at = unintroduced.excerpts[0]
        .records
        .iter()
        .position(|record| record.leaf.contains("key.introduced"))
        .unwrap();
    let removed = unintroduced.excerpts[0].records.remove(at);
    assert!(removed.leaf.contains("technician"));
    assert!(failures(&packed(&unintroduced)).contains(&"unknown_key"));
}

#[test]
fn participants_cannot_attest() {
    let story = Story::every_kind();
    let mut contents = contents(&story);
    let (member, device) = technician();
    let own = (member, device, story.technician.clone());
    contents.attestations = vec![review(&contents.snapshot, &contents.excerpts[0], &own, Verdict::Attested)];
    assert!(failures(&packed(&contents)).contains(&"participant"));
}

#[test]
fn coverage_has_to_add_up() {
    let story = Story::every_kind();
    let change = |alter: &dyn Fn(&mut Review)| {
        let mut contents = contents(&story);
        let mut opened = Review::open(&contents.attestations[0], &contents.snapshot).unwrap();
        alter(&mut opened.statement.predicate);
        contents.attestations = vec![seal(&opened.statement, &reviewer().2)];
        failures(&packed(&contents))
    };
    assert!(change(&|review| review.coverage.seen += 1).contains(&"attestation"));
    assert!(change(&|review| review.coverage.entries += 1).contains(&"attestation"));
    assert!(change(&|review| review.coverage.spans.reverse()).contains(&"attestation"));
    assert!(change(&|review| review.took_part = true).contains(&"attestation"));
    assert!(change(&|review| review.sentence = String::new()).contains(&"attestation"));
    assert!(change(&|review| review.verdict = Verdict::Refused).contains(&"attestation"));
    let none = |review: &mut Review| {
        review.coverage = Coverage {
            entries: review.coverage.entries,
            ..Coverage::default()
        }
    };
    assert_eq!(change(&none), Vec::<&str>::new());
}

fn retitle(contents: &mut Contents, class: &str) {
    for disclosure in contents.excerpts[0]
        .records
        .iter_mut()
        .flat_map(|record| record.disclosures.values_mut())
    {
        if let Disclosure::Redacted { parts } = disclosure {
            for part in parts {
                if let Part::Hidden { label, .. } = part {
                    label.class = class.to_owned();
                }
            }
        }
    }
}

#[test]
fn redactions_cannot_be_retitled_removed_or_slipped_in() {
    let story = Story::every_kind();
    let good = crate::made::pack(&story);
    let file = "log-001/entries.jsonl";
    let retitled = tampered(&good, file, |text| {
        text.replacen("\"class\":\"host\"", "\"class\":\"email\"", 1)
    });
    let found = failures(&retitled);
    assert!(
        found.contains(&"retitled_redaction") && found.contains(&"changed_file"),
        "{found:?}"
    );
    let emptied = tampered(&good, "redactions.json", |_| {
        "{\"format\":\"caisey.redactions/v1\",\"spans\":[]}".to_owned()
    });
    assert!(failures(&emptied).contains(&"unlisted_redaction"));
    let mut slipped = contents(&story);
    hide(&mut slipped.excerpts[0], &[("payroll", "document")]);
    retitle(&mut slipped, "weather");
    // The list is made from what is hidden, so a new list and a new signature fit; then only the signer speaks for it.
    assert_eq!(failures(&packed(&slipped)), Vec::<&str>::new());
}

#[test]
fn what_a_command_begins_with_cannot_be_hidden() {
    let story = Story::every_kind();
    let mut contents = contents(&story);
    for record in &mut contents.excerpts[0].records {
        if let Some(disclosure) = record.disclosures.get_mut("command") {
            let Disclosure::Full { text, seed } = &*disclosure else {
                continue;
            };
            let label = caisey_ledger::disclosure::Label {
                class: "x".into(),
                by: "x".into(),
                pseudonym: "x".into(),
            };
            *disclosure = caisey_ledger::redaction::hide(text, seed, &[(0..1, label)]).unwrap();
        }
    }
    assert!(failures(&packed(&contents)).contains(&"hidden_verb"));
}

#[test]
fn a_certificate_that_leaves_out_is_named() {
    let story = Story::every_kind();
    let mut contents = contents(&story);
    let parts = proved(&story, &contents);
    let own: Vec<_> = parts.iter().collect();
    let good = Certificate::answer("*payroll*", &contents.snapshot, &own, releaser(), crate::made::now()).unwrap();
    assert!(!good.matched.is_empty() && !good.unbounded.is_empty());
    let change = |alter: &dyn Fn(&mut Certificate)| {
        let mut said = good.clone();
        alter(&mut said);
        let mut contents = contents.clone();
        contents.certificates = vec![seal(&said.statement(&contents.snapshot).unwrap(), &reviewer().2)];
        failures(&packed(&contents))
    };
    assert_eq!(change(&|_| {}), Vec::<&str>::new());
    assert!(change(&|said| said.matched.clear()).contains(&"certificate_omits"));
    assert!(change(&|said| said.unbounded.clear()).contains(&"certificate_omits"));
    assert!(change(&|said| said.complete[0].commands += 1).contains(&"certificate"));
    assert!(change(&|said| said.pattern = "*".to_owned()).contains(&"certificate"));
    contents.certificates.clear();
}

#[test]
fn files_cannot_be_added_or_taken_away() {
    let good = small();
    let (files, _) = container::read(&good).unwrap();
    let without = |name: &str| {
        let kept: Vec<_> = files.iter().filter(|(own, _)| own != name).cloned().collect();
        container::write(&kept).unwrap()
    };
    assert!(failures(&without("attestation-001.json")).contains(&"removed_file"));
    assert_eq!(failures(&without("release.json")), ["release", "unreadable"]);
    let mut more = files.clone();
    more.push(("zz.txt".to_owned(), b"hello".to_vec()));
    assert_eq!(failures(&container::write(&more).unwrap()), ["added_file", "unreadable"]);
    let readme = tampered(&good, "README.txt", |text| {
        text.replace("step", "leap")
            .replace("checks", "looks")
            .replace("record", "tale")
    });
    assert!(failures(&readme).contains(&"readme"));
}

#[test]
fn packs_that_fail_are_kept_for_the_other_verifier() {
    let story = Story::every_kind();
    let good = crate::made::pack(&story);
    let file = "log-001/entries.jsonl";
    keep(
        "fails-retitled.zip",
        &tampered(&good, file, |text| {
            text.replacen("\"class\":\"host\"", "\"class\":\"email\"", 1)
        }),
    );
    let mut dropped = contents(&story);
    dropped.excerpts[0].records.remove(9);
    keep("fails-dropped.zip", &packed(&dropped));
    let mut swapped = contents(&story);
    swapped.attestations = contents(&Story::begun()).attestations;
    keep("fails-swapped.zip", &packed(&swapped));
    let mut own = contents(&story);
    let (member, device) = technician();
    own.attestations = vec![review(
        &own.snapshot,
        &own.excerpts[0],
        &(member, device, story.technician.clone()),
        Verdict::Attested,
    )];
    keep("fails-participant.zip", &packed(&own));
    keep(
        "fails-stranger.zip",
        &packed_by(&contents(&story), &SigningKey::from_bytes(&[0x77; 32])),
    );
    keep("holds-small.zip", &small());
    assert_eq!(session().as_str().len(), 30);
    assert_eq!(Hash::of(&good), Hash::of(&crate::made::pack(&story)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn nothing_makes_the_verifier_panic(at in any::<prop::sample::Index>(), junk in proptest::collection::vec(any::<u8>(), 0..40)) {
        let good = small();
        let at = at.index(good.len());
        let mut bytes = good.clone();
        let end = (at + junk.len()).min(bytes.len());
        bytes.splice(at..end, junk.iter().copied());
        prop_assert_eq!(verify(&bytes, None).findings.hold(), bytes == good);
    }
}
