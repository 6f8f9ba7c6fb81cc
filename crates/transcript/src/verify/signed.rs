//! What people signed about a pack: the release, attestations, certificates; and time-stamps over them.

use crate::attestation::{Review, ReviewFault, Verdict, participants};
use crate::certificate::Certificate;
use crate::dsse::{Opened, sha256_hex};
use crate::excerpt::Proved;
use crate::finding::{Findings, chain};
use crate::keys::Keys;
use crate::moment;
use crate::pack::{Contents, Pack};
use crate::release::Release;
use crate::restored;
use crate::snapshot::Snapshot;
use caisey_ledger::disclosure::Disclosure;
use caisey_ledger::id::{DeviceId, MemberId};

/// The signer's key is introduced for exactly this person and console by an entry that was proved.
fn known(keys: &Keys, what: &str, member: &MemberId, device: &DeviceId, key: &str, found: &mut Findings) -> bool {
    match keys.find(member, device, key) {
        Some(known) if known.role != "contact" => true,
        Some(_) => {
            found.fails(
                "wrong_role",
                format!("{what} is signed by {member}, who is a client's contact."),
            );
            false
        }
        None => {
            found.fails(
                "unknown_key",
                format!("{what} is signed by the key {key}, which no entry here introduces for {member}: it may be anybody's."),
            );
            false
        }
    }
}

/// The release is of this snapshot, counts its redactions, and somebody known signed it.
pub(super) fn release(
    pack: &Pack,
    opened: Opened<Release>,
    parts: &[Proved],
    keys: &Keys,
    found: &mut Findings,
) -> Option<Release> {
    let mut failures: Vec<(&'static str, &str)> = Vec::new();
    let said = &opened.statement.predicate;
    if pack.contents.snapshot.digest().ok().as_ref() != Some(&said.snapshot) {
        failures.push((
            "other_snapshot",
            "The release is of another snapshot than the one in the pack.",
        ));
    }
    if pack.redactions.counts() != said.redactions {
        failures.push(("redaction_counts", "The release counts other redactions than the list holds."));
    }
    let holds = failures.is_empty();
    failures.into_iter().for_each(|(code, words)| found.fails(code, words));
    let by = &said.by;
    let known = known(keys, "The release", &by.member, &by.device, &opened.key, found);
    if known {
        found.holds(
            "release",
            format!(
                "{} ({}) signed the release on {}.",
                by.name,
                by.member,
                moment::full(said.at_ms.get())
            ),
        );
    }
    scrub(said, found);
    shown_again(pack, said, parts, found);
    (known && holds).then(|| said.clone())
}

fn scrub(said: &Release, found: &mut Findings) {
    let Some(scrub) = &said.scrub else { return };
    let total = scrub.total();
    if scrub.below().is_empty() {
        found.note(
            "scrub",
            format!(
                "Its maker says that the rules which hid personal data (version {}) found {} of {} identifiers planted for the purpose.",
                scrub.rules, total.found, total.planted
            ),
        );
    } else {
        found.fails(
            "scrub",
            format!(
                "The scrub measured itself below its own threshold for: {}.",
                scrub.below().join(", ")
            ),
        );
    }
}

/// Where a person overruled the scrub: their word for why, and that it is so.
fn shown_again(pack: &Pack, said: &Release, parts: &[Proved], found: &mut Findings) {
    for (code, words) in restored::faults(&said.restored, parts, &pack.redactions) {
        found.fails(code, words);
    }
    for one in &said.restored {
        found.note("restored", format!("{}.", one.sentence()));
    }
}

/// How much of the texts can be read.
pub(super) fn texts(snapshot: &Snapshot, own: &[&Proved], found: &mut Findings) {
    let (mut full, mut redacted, mut erased, mut withheld) = (0, 0, 0, 0);
    for part in own {
        for proved in &part.entries {
            let within = snapshot
                .range(&part.checkpoint.origin)
                .is_some_and(|range| range.contains(proved.entry.seq));
            if !within || !snapshot.scope.holds(&proved.entry) {
                continue;
            }
            for name in proved.entry.statement.texts.keys() {
                match proved.disclosures.get(name) {
                    Some(Disclosure::Full { .. }) => full += 1,
                    Some(Disclosure::Redacted { .. }) => redacted += 1,
                    Some(Disclosure::Erased {}) => erased += 1,
                    None => withheld += 1,
                }
            }
        }
    }
    found.note(
        "texts",
        format!("Texts shown in full: {full}; in part: {redacted}; erased: {erased}; withheld: {withheld}."),
    );
}

/// Attestations and refusals: of this snapshot, by somebody known who took no part.
pub(super) fn reviews(contents: &Contents, own: &[&Proved], keys: &Keys, found: &mut Findings) -> Vec<Review> {
    let snapshot = &contents.snapshot;
    let took_part = participants(&snapshot.scope, in_ranges(snapshot, own));
    let in_scope = in_ranges(snapshot, own).filter(|entry| snapshot.scope.holds(entry)).count() as u64;
    let mut held = Vec::new();
    for (number, envelope) in (1..).zip(&contents.attestations) {
        let what = format!("The attestation {number}");
        let opened = match Review::open(envelope, snapshot) {
            Ok(opened) => opened,
            Err(fault) => {
                let code = if matches!(fault, ReviewFault::OtherSnapshot { .. }) {
                    "swapped_attestation"
                } else {
                    "attestation"
                };
                found.fails(code, format!("{what} does not hold: {}.", chain(&fault)));
                continue;
            }
        };
        let review = opened.statement.predicate;
        if let Err(fault) = review.check(snapshot, &took_part) {
            let code = if matches!(fault, ReviewFault::TookPart { .. }) {
                "participant"
            } else {
                "attestation"
            };
            found.fails(code, format!("{what} does not count: {fault}."));
            continue;
        }
        if review.coverage.entries != in_scope {
            found.fails(
                "attestation",
                format!(
                    "{what} is of {} entries, the snapshot is of {in_scope}.",
                    review.coverage.entries
                ),
            );
            continue;
        }
        let who = &review.reviewer;
        if !known(keys, &what, &who.member, &who.device, &opened.key, found) {
            continue;
        }
        say(&review, found);
        held.push(review);
    }
    if contents.attestations.is_empty() {
        found.note("not_reviewed", "Nobody has reviewed this record yet.");
    }
    held
}

fn say(review: &Review, found: &mut Findings) {
    let who = format!(
        "{} ({}, {})",
        review.reviewer.name, review.reviewer.role, review.reviewer.member
    );
    let when = moment::full(review.at_ms.get());
    let (seen, entries) = (review.coverage.seen, review.coverage.entries);
    match (review.verdict, &review.reason) {
        (Verdict::Attested, _) => found.holds(
            "attested",
            format!("{who}, who took no part, attested this record on {when}: \"{}\" {seen} of {entries} entries were on their screen.", review.sentence),
        ),
        (Verdict::Refused, reason) => found.note(
            "refused",
            format!("{who}, who took no part, REFUSED to attest this record on {when}: {}", reason.as_deref().unwrap_or_default()),
        ),
    }
}

/// Entries within the snapshot's ranges.
fn in_ranges<'a>(snapshot: &'a Snapshot, own: &'a [&'a Proved]) -> impl Iterator<Item = &'a caisey_ledger::entry::Entry> {
    own.iter().flat_map(move |part| {
        let range = snapshot.range(&part.checkpoint.origin);
        part.entries
            .iter()
            .map(|proved| &proved.entry)
            .filter(move |entry| range.is_some_and(|range| range.contains(entry.seq)))
    })
}

/// Answers to questions: of this snapshot, by somebody known, and the same when they are computed again here.
pub(super) fn certificates(contents: &Contents, own: &[&Proved], keys: &Keys, found: &mut Findings) -> Vec<Certificate> {
    let mut held = Vec::new();
    for (number, envelope) in (1..).zip(&contents.certificates) {
        let what = format!("The certificate {number}");
        match Certificate::open(envelope, &contents.snapshot) {
            Err(fault) => found.fails("certificate", format!("{what} does not hold: {}.", chain(&fault))),
            Ok(opened) => {
                let said = opened.statement.predicate;
                if known(keys, &what, &said.by.member, &said.by.device, &opened.key, found)
                    && said.check(&contents.snapshot, own, found)
                {
                    held.push(said);
                }
            }
        }
    }
    held
}

/// Time-stamp tokens are over attestations. Their own signatures are for other people's tools.
pub(super) fn timestamps(contents: &Contents, found: &mut Findings) {
    for (number, token) in (1..).zip(&contents.timestamps) {
        let stamped = contents.attestations.iter().position(|attestation| {
            let digest = hex::decode(sha256_hex(attestation.as_bytes())).unwrap_or_default();
            // A messageImprint's hashedMessage: an OCTET STRING of 32 bytes (RFC 3161 §2.4.1).
            let wanted = [&[0x04, 0x20], digest.as_slice()].concat();
            token.windows(wanted.len()).any(|window| window == wanted)
        });
        match stamped {
            Some(at) => found.note(
                "timestamp",
                format!("The time-stamp {number} is over the attestation {}. Check the authority's signature with: openssl ts -verify.", at + 1),
            ),
            None => found.fails("timestamp", format!("The time-stamp {number} is over nothing in this pack.")),
        }
    }
}
