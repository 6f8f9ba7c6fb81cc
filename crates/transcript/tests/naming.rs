//! Whoever is attacked is told what was done: each message names the fault and its place.

use crate::made::{contents, hide, packed, packed_by, review, reviewer, seal};
use crate::story::{Story, contact, technician};
use crate::verifying::keep;
use caisey_ledger::hash::Hash;
use caisey_transcript::attestation::{Review, Verdict};
use caisey_transcript::container;
use caisey_transcript::pack::Contents;
use caisey_transcript::verify::verify;
use ed25519_dalek::SigningKey;

/// The words under this code; there must be some.
fn told(bytes: &[u8], code: &str) -> String {
    let findings = verify(bytes, None).findings;
    let words: Vec<&str> = findings
        .0
        .iter()
        .filter(|finding| finding.code == code)
        .map(|finding| finding.words.as_str())
        .collect();
    assert!(!findings.hold() && !words.is_empty(), "{code}: {:?}", findings.failures());
    words.join(" ")
}

fn has(words: &str, wanted: &[&str]) {
    for part in wanted {
        assert!(words.contains(part), "{part:?} is not in: {words}");
    }
}

fn seq_at(contents: &Contents, at: usize) -> String {
    format!("#{}", contents.excerpts[0].records[at].parse().unwrap().seq)
}

#[test]
fn entries_that_are_gone_moved_doubled_or_replaced() {
    let good = contents(&Story::every_kind());
    let (ninth, eighth) = (seq_at(&good, 9), seq_at(&good, 8));
    let change = |alter: &dyn Fn(&mut Contents)| {
        let mut contents = good.clone();
        alter(&mut contents);
        packed(&contents)
    };
    let gone = change(&|contents| drop(contents.excerpts[0].records.remove(9)));
    has(&told(&gone, "missing_entry"), &[&format!("entry {ninth} is missing")]);
    let moved = change(&|contents| contents.excerpts[0].records.swap(8, 9));
    keep("fails-reordered.zip", &moved);
    has(
        &told(&moved, "reordered_entry"),
        &[&format!("entry {eighth} stands after {ninth}")],
    );
    let doubled = change(&|contents| {
        let record = contents.excerpts[0].records[9].clone();
        contents.excerpts[0].records.insert(9, record);
    });
    has(&told(&doubled, "doubled_entry"), &[&format!("entry {ninth} is here twice")]);
    let replaced = change(&|contents| {
        let records = &mut contents.excerpts[0].records;
        let authorised = records
            .iter_mut()
            .find(|record| record.leaf.contains("action.authorised"))
            .unwrap();
        authorised.leaf = authorised.leaf.replace("\"policy_version\":1", "\"policy_version\":2");
    });
    keep("fails-replaced.zip", &replaced);
    has(&told(&replaced, "replaced_entry"), &["an entry was replaced or altered"]);
}

#[test]
fn checkpoints_and_attestations_from_elsewhere() {
    let good = contents(&Story::every_kind());
    let mut other = Story::every_kind();
    other.log = other.log.replace("caisey.example", "elsewhere.example");
    let mut foreign = good.clone();
    foreign.excerpts[0].note = other.note();
    let bytes = packed(&foreign);
    keep("fails-foreign-checkpoint.zip", &bytes);
    has(&told(&bytes, "foreign_checkpoint"), &["caisey.example", "elsewhere.example"]);

    let elsewhere = contents(&Story::begun());
    let mut swapped = good.clone();
    swapped.attestations = elsewhere.attestations.clone();
    let digests = [good.snapshot.digest().unwrap(), elsewhere.snapshot.digest().unwrap()];
    has(
        &told(&packed(&swapped), "swapped_attestation"),
        &["The attestation 1", &digests[0], &digests[1]],
    );
    // An attestation of the session's earlier state does not count for what came after.
    let mut longer = Story::every_kind();
    longer.by_control(
        caisey_ledger::event::Event::EndpointRemoved { member: technician().0 },
        &[],
        false,
        None,
    );
    let mut later = contents(&longer);
    later.attestations = good.attestations.clone();
    has(&told(&packed(&later), "swapped_attestation"), &["The attestation 1"]);
}

#[test]
fn attestations_by_others_than_they_say() {
    let good = contents(&Story::every_kind());
    let (ada, device, key) = reviewer();
    let with = |attestation: String| {
        let mut contents = good.clone();
        contents.attestations = vec![attestation];
        packed(&contents)
    };
    let opened = Review::open(&good.attestations[0], &good.snapshot).unwrap().statement;
    // Somebody else's key, known for somebody else, under Ada's name; and a key that nobody knows.
    let technicians = Story::every_kind().technician;
    for (key, file) in [
        (&technicians, "fails-borrowed-name.zip"),
        (&SigningKey::from_bytes(&[0x77; 32]), "fails-unknown-reviewer.zip"),
    ] {
        let bytes = with(seal(&opened, key));
        keep(file, &bytes);
        let public = Hash(key.verifying_key().to_bytes()).to_base64();
        has(&told(&bytes, "unknown_key"), &["The attestation 1", &public, ada.as_str()]);
    }
    // Her own key from a console that is not hers.
    let mut device_of = opened.clone();
    device_of.predicate.reviewer.device = technician().1;
    assert_ne!(device, device_of.predicate.reviewer.device);
    has(&told(&with(seal(&device_of, &key)), "unknown_key"), &["The attestation 1"]);
    // Words changed after she signed.
    let envelope = &good.attestations[0];
    let at = envelope.find("\"payload\":\"").unwrap() + 40;
    let mut letters: Vec<u8> = envelope.clone().into_bytes();
    letters[at] = if letters[at] == b'A' { b'B' } else { b'A' };
    let bent = with(String::from_utf8(letters).unwrap());
    has(&told(&bent, "attestation"), &["The attestation 1 does not hold"]);
    // Who took part, with the entry that shows it.
    let (member, device) = technician();
    let own = (member.clone(), device, technicians);
    let own = review(&good.snapshot, &good.excerpts[0], &own, Verdict::Attested);
    has(&told(&with(own), "participant"), &["The attestation 1", member.as_str(), "#"]);
}

#[test]
fn a_clients_contact_attests_nothing() {
    // In this story the contact took no part.
    let story = Story::begun();
    let good = contents(&story);
    let (member, device) = contact();
    let own = review(
        &good.snapshot,
        &good.excerpts[0],
        &(member, device, story.contact.clone()),
        Verdict::Attested,
    );
    let mut contents = good;
    contents.attestations = vec![own];
    has(
        &told(&packed(&contents), "wrong_role"),
        &["The attestation 1", "a client's contact"],
    );
}

#[test]
fn releases_and_redactions_that_were_given_other_words() {
    let stranger = SigningKey::from_bytes(&[0x77; 32]);
    let mut hidden = contents(&Story::every_kind());
    hide(&mut hidden.excerpts[0], &[("payroll", "document")]);
    let public = Hash(stranger.verifying_key().to_bytes()).to_base64();
    has(
        &told(&packed_by(&hidden, &stranger), "unknown_key"),
        &["The release", &public],
    );
    let good = packed(&hidden);
    for (file, words) in [
        ("log-001/entries.jsonl", "is called `weather` by `rule:test`"),
        (
            "redactions.json",
            "and `weather` by `rule:test` (document 1) in the signed list",
        ),
    ] {
        let (mut files, _) = container::read(&good).unwrap();
        let found = files.iter_mut().find(|(name, _)| name == file).unwrap();
        let text = String::from_utf8(found.1.clone()).unwrap();
        found.1 = text.replace("\"class\":\"document\"", "\"class\":\"weather\"").into_bytes();
        let bytes = container::write(&files).unwrap();
        has(&told(&bytes, "retitled_redaction"), &["given another title", words, "#"]);
        has(&told(&bytes, "changed_file"), &[file]);
    }
}
