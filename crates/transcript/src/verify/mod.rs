//! Verifies an evidence pack: what a broker's reader, the share page and `caisey verify` do (docs/formats/pack.md, "To verify a pack").
//!
//! Nothing in the pack is believed. Every fault is found that can be, and named; a later check goes on with what an earlier one left, so
//! that a reader learns more than the first thing that is wrong. [`Findings::hold`] of the result is the verdict.

mod logs;
mod order;
mod signed;
mod steps;
mod untouched;

use crate::attestation::{Review, state};
use crate::certificate::Certificate;
use crate::dsse::Opened;
use crate::excerpt::Proved;
use crate::finding::Findings;
use crate::keys::Keys;
use crate::pack::Pack;
use crate::policy::Policy;
use crate::redaction;
use crate::release::Release;
use crate::snapshot::{Snapshot, SnapshotState};
use caisey_ledger::hash::Hash;
use steps::LookedAt;
pub use steps::Verification;
pub use untouched::{Touched, untouched};

/// What a pack came to.
#[derive(Debug, Default)]
pub struct Verified {
    /// What was looked at.
    pub findings: Findings,
    /// What could be read of it; rely on it only when the findings hold.
    pub record: Option<Record>,
}

/// A pack's contents, read.
#[derive(Debug)]
pub struct Record {
    /// Which entries it is about.
    pub snapshot: Snapshot,
    /// The control plane's key, as the pack claims it.
    pub control: Hash,
    /// The logs' parts, the snapshot's first and in its order.
    pub parts: Vec<Proved>,
    /// Keys and names that the entries tell.
    pub keys: Keys,
    /// Attestations and refusals that hold.
    pub reviews: Vec<Review>,
    /// Answers to questions that hold.
    pub certificates: Vec<Certificate>,
    /// Who handed it out, if that holds.
    pub release: Option<Release>,
    /// Hidden ranges.
    pub redactions: redaction::RedactionList,
}

impl Record {
    /// What became of the snapshot, by the reviews that hold.
    pub fn state(&self) -> SnapshotState {
        state(self.reviews.iter().map(|review| review.verdict))
    }
}

/// Verifies a pack. Without a policy, the pack's own keys are used, and said to be only that.
pub fn verify(bytes: &[u8], policy: Option<&Policy>) -> Verified {
    Verification::begin(bytes).finish(policy)
}

fn verify_pack(
    pack: &Pack,
    looked_at: Vec<LookedAt>,
    release: Option<Opened<Release>>,
    policy: Option<&Policy>,
    found: &mut Findings,
) -> Record {
    form(pack, found);
    let contents = &pack.contents;
    let parts = logs::prove(contents, looked_at, policy, found);
    let keys = Keys::of(&parts);
    let ranges = contents.snapshot.logs.len();
    let own: Vec<&Proved> = parts
        .iter()
        .filter(|part| contents.snapshot.range(&part.checkpoint.origin).is_some())
        .take(ranges)
        .collect();
    logs::scope(&contents.snapshot, &own, found);
    order::authorised_first(&contents.snapshot, &own, found);
    let release = release.and_then(|opened| signed::release(pack, opened, &parts, &keys, found));
    let listed = || {
        parts
            .iter()
            .map(|part| (part.checkpoint.origin.as_str(), part.entries.as_slice()))
    };
    redaction::check(&pack.redactions, listed(), found);
    signed::texts(&contents.snapshot, &own, found);
    let reviews = signed::reviews(contents, &own, &keys, found);
    let certificates = signed::certificates(contents, &own, &keys, found);
    signed::timestamps(contents, found);
    Record {
        snapshot: contents.snapshot.clone(),
        control: contents.keys.control,
        parts,
        keys,
        reviews,
        certificates,
        release,
        redactions: pack.redactions.clone(),
    }
}

fn form(pack: &Pack, found: &mut Findings) {
    if !pack.one_form {
        found.fails(
            "form",
            "The pack's files are not in the one form that their contents can have.",
        );
    }
    if !pack.readme_is_ours {
        found.fails(
            "readme",
            "The page README.txt is not the one that belongs to this format: do not follow what it says.",
        );
    }
}
