//! Attestations: a person who took no part has read a snapshot and says so, or refuses, in their own name (docs/formats/snapshot.md,
//! "Attestation").
//!
//! Who took part is read from the log, by one pure function that the control plane and every verifier share. What the reviewer's screen
//! showed is recorded with the attestation, not judged.

use crate::dsse::{EnvelopeFault, Opened, Statement};
use crate::snapshot::{LogRange, Scope, Snapshot, SnapshotFault, SnapshotState};
use caisey_ledger::entry::Entry;
use caisey_ledger::id::{DeviceId, MemberId, Seq, TimeMs};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The in-toto predicate type.
pub const PREDICATE: &str = "urn:caisey:attestation:v1";

/// What a reviewer signs when they attest.
pub const SENTENCE: &str = "I have reviewed this record. I took no part in the work that it shows. To the best of my knowledge it is complete and shows what was done.";

/// Sentences and reasons may be this long.
const MAX_WORDS_BYTES: usize = 4_096;

/// Yes or no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The reviewer stands for it.
    Attested,
    /// The reviewer does not; the reason says why.
    Refused,
}

/// Who reviewed, and with which console.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reviewer {
    /// The person.
    pub member: MemberId,
    /// The console, whose key signs.
    pub device: DeviceId,
    /// As they are called in the organisation.
    pub name: String,
    /// Their role then.
    pub role: String,
}

/// Entries that were on the reviewer's screen, each for about as long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seen {
    /// Origin of the log.
    pub log: String,
    /// First entry.
    pub from_seq: Seq,
    /// Last entry.
    pub to_seq: Seq,
    /// For how long each was on the screen at least, milliseconds.
    pub shown_ms: u64,
}

/// What the reviewer's screen showed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Coverage {
    /// Entries that the snapshot is about.
    pub entries: u64,
    /// How many of them were on the screen.
    pub seen: u64,
    /// Which, in order of log and place, apart from each other.
    pub spans: Vec<Seen>,
}

/// What is said of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Review {
    /// Yes or no.
    pub verdict: Verdict,
    /// Why not; present exactly in refusals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// By whom.
    pub reviewer: Reviewer,
    /// Always false: who took part cannot attest.
    pub took_part: bool,
    /// The sentence that they signed; empty in refusals.
    pub sentence: String,
    /// What was on their screen.
    pub coverage: Coverage,
    /// When, by the reviewer's clock.
    pub at_ms: TimeMs,
}

/// An attestation that may not be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReviewFault {
    /// It is not a signed statement.
    #[error("the attestation does not hold")]
    Envelope(#[from] EnvelopeFault),
    /// The snapshot itself.
    #[error(transparent)]
    Snapshot(#[from] SnapshotFault),
    /// It is about something else.
    #[error("the attestation is about another snapshot, {found}, not about {expected}: it was moved here from elsewhere")]
    OtherSnapshot {
        /// Digest of this one.
        expected: String,
        /// What it is about.
        found: String,
    },
    /// The reviewer is in the record.
    #[error("{member} took part in the work (entry #{seq}) and cannot attest it")]
    TookPart {
        /// Who.
        member: MemberId,
        /// The entry that shows it.
        seq: Seq,
    },
    /// Words that are missing or should not be there.
    #[error("the attestation {0}")]
    Words(&'static str),
    /// Coverage that makes no sense.
    #[error("the coverage makes no sense: {0}")]
    Coverage(&'static str),
}

/// Being asked, having a key introduced, or looking at an emergency afterwards.
const NOT_TAKING_PART: [&str; 6] = [
    "key.introduced",
    "device.registered",
    "contact.trusted",
    "approval.delivered",
    "approval.acknowledged",
    "action.reviewed",
];

/// Everybody who took part in what a snapshot is about, with the first entry that shows it: who said anything in it, in person or
/// through an agent, who decided an approval, and who had texts erased. Being asked, having a key introduced, or reviewing
/// an emergency afterwards is not taking part.
pub fn participants<'a>(scope: &Scope, entries: impl IntoIterator<Item = &'a Entry>) -> BTreeMap<MemberId, Seq> {
    let mut found = BTreeMap::new();
    for entry in entries {
        if !scope.holds(entry) {
            continue;
        }
        let statement = &entry.statement;
        if NOT_TAKING_PART.contains(&statement.kind.as_str()) {
            continue;
        }
        let actor = statement.actor.person().map(|(member, _)| member.clone());
        let named = statement.facts.get("member").and_then(|member| member.as_str());
        let named = named.and_then(|member| member.parse().ok());
        for member in actor.into_iter().chain(named) {
            found.entry(member).or_insert(entry.seq);
        }
    }
    found
}

impl Review {
    /// What can be said of a review without knowing whose key signed it: that it says what it must, and that its author took no part.
    ///
    /// # Errors
    /// See [`ReviewFault`].
    pub fn check(&self, snapshot: &Snapshot, took_part: &BTreeMap<MemberId, Seq>) -> Result<(), ReviewFault> {
        use ReviewFault::Words;
        if let Some(seq) = took_part.get(&self.reviewer.member) {
            return Err(ReviewFault::TookPart {
                member: self.reviewer.member.clone(),
                seq: *seq,
            });
        }
        if self.took_part {
            return Err(Words("says itself that its author took part"));
        }
        let blank = |text: &str| text.trim().is_empty();
        match (self.verdict, &self.reason) {
            (Verdict::Attested, Some(_)) => return Err(Words("has a reason, which only refusals have")),
            (Verdict::Attested, None) if blank(&self.sentence) => return Err(Words("says nothing")),
            (Verdict::Refused, None) => return Err(Words("refuses without a reason")),
            (Verdict::Refused, Some(reason)) if blank(reason) => return Err(Words("refuses without a reason")),
            (Verdict::Refused, Some(_)) if !self.sentence.is_empty() => return Err(Words("both attests and refuses")),
            _ => {}
        }
        let longest = self.sentence.len().max(self.reason.as_ref().map_or(0, String::len));
        if longest > MAX_WORDS_BYTES || self.reviewer.name.len() > 200 || self.reviewer.role.len() > 64 {
            return Err(Words("is longer than it may be"));
        }
        self.coverage.check(snapshot)
    }

    /// The signed statement's words, ready to be sealed with the reviewer's key ([`Statement::seal`]).
    ///
    /// # Errors
    /// When the snapshot has no canonical form.
    pub fn statement(self, snapshot: &Snapshot) -> Result<Statement<Self>, SnapshotFault> {
        Ok(Statement::new(PREDICATE, vec![snapshot.subject()?], self))
    }

    /// Reads an attestation of this snapshot: signature and subject. Whose key it is has still to be found out.
    ///
    /// # Errors
    /// When it does not hold, or is about something else.
    pub fn open(envelope: &str, snapshot: &Snapshot) -> Result<Opened<Self>, ReviewFault> {
        let opened = Statement::<Self>::open(envelope, PREDICATE)?;
        let expected = snapshot.subject()?;
        match opened.statement.subject.as_slice() {
            [subject] if *subject == expected => Ok(opened),
            subjects => Err(ReviewFault::OtherSnapshot {
                expected: expected.sha256().unwrap_or_default().to_owned(),
                found: subjects
                    .first()
                    .and_then(|subject| subject.sha256())
                    .unwrap_or("none")
                    .to_owned(),
            }),
        }
    }
}

impl Coverage {
    /// Gathers what a screen showed: times by log and entry, of entries that the snapshot is about.
    pub fn gather(entries: u64, shown: &BTreeMap<(String, Seq), u64>) -> Self {
        let mut spans: Vec<Seen> = Vec::new();
        let seen = shown.values().filter(|shown_ms| **shown_ms > 0).count() as u64;
        for ((log, seq), shown_ms) in shown.iter().filter(|(_, shown_ms)| **shown_ms > 0) {
            match spans.last_mut() {
                Some(last) if last.log == *log && last.shown_ms == *shown_ms && last.to_seq.checked_add(1) == Some(*seq) => {
                    last.to_seq = *seq;
                }
                _ => spans.push(Seen {
                    log: log.clone(),
                    from_seq: *seq,
                    to_seq: *seq,
                    shown_ms: *shown_ms,
                }),
            }
        }
        Self { entries, seen, spans }
    }

    fn check(&self, snapshot: &Snapshot) -> Result<(), ReviewFault> {
        use ReviewFault::Coverage as Fault;
        let mut seen = 0_u64;
        let mut last: Option<&Seen> = None;
        for span in &self.spans {
            let within = |range: &LogRange| range.contains(span.from_seq) && range.contains(span.to_seq);
            if span.from_seq > span.to_seq || !snapshot.range(&span.log).is_some_and(within) {
                return Err(Fault("it names entries that the snapshot does not hold"));
            }
            if last.is_some_and(|last| (&last.log, last.to_seq) >= (&span.log, span.from_seq)) {
                return Err(Fault("its parts overlap or are out of order"));
            }
            seen = seen.saturating_add(span.to_seq.get() - span.from_seq.get() + 1);
            last = Some(span);
        }
        if seen != self.seen || self.seen > self.entries {
            return Err(Fault("its numbers do not add up"));
        }
        Ok(())
    }
}

/// What became of a snapshot, by the verdicts on it that hold.
pub fn state(verdicts: impl IntoIterator<Item = Verdict>) -> SnapshotState {
    let verdicts: Vec<Verdict> = verdicts.into_iter().collect();
    if verdicts.contains(&Verdict::Refused) {
        SnapshotState::Refused
    } else if verdicts.is_empty() {
        SnapshotState::Draft
    } else {
        SnapshotState::Attested
    }
}
