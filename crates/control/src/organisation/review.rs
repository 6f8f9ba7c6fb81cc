//! Reviews: one row for each verdict on each snapshot, and an entry in the organisation's own log for each.
//!
//! Who took part in what the snapshot shows cannot review it; nobody reviews one twice.

use super::event::AdminEvent;
use super::{OrganisationObject, tables};
use crate::endpoint::ReviewBasis;
use crate::journal;
use crate::port::Caller;
use crate::refusal::{Stop, refused};
use crate::row::{Row, damaged, int, text};
use crate::store::{Store, StoreError};
use crate::turn::Turn;
use caisey_ledger::id::{DeviceId, TimeMs};
use caisey_protocol::error::ErrorCode;
use caisey_protocol::handover::{KeyEvidence, ReviewView, SubmitReview};
use caisey_protocol::role::Role;
use caisey_transcript::attestation::{Review, Verdict};
use caisey_transcript::dsse::sha256_hex;
use caisey_transcript::snapshot::Snapshot;

/// A review may be this long.
const MAX_ENVELOPE_BYTES: usize = 4 << 20;

const SELECT: &str = "SELECT snapshot, text, member, device, envelope, at_ms FROM reviews
     WHERE snapshot = ?1 OR instr(text, ?2) > 0 ORDER BY at_ms, member";

/// That the log introduced a console's key; none when it did not, or no checkpoint covers that yet. Needs no object in memory.
///
/// # Errors
/// The store's.
pub fn key_evidence(store: &dyn Store, device: &DeviceId) -> Result<Option<KeyEvidence>, StoreError> {
    tables::SCHEMA.apply(store)?;
    let found = store.exec(
        "SELECT seq FROM entries WHERE instr(leaf, ?1) > 0 AND instr(leaf, '\"kind\":\"device.registered\"') > 0 ORDER BY seq LIMIT 1",
        &[text(format!("\"device\":\"{device}\""))],
    )?;
    let Some(mut row) = Row::first(found) else { return Ok(None) };
    journal::evidence(store, row.number()?).map(|found| {
        found.map(|(record, checkpoint, proof)| KeyEvidence {
            record,
            checkpoint,
            proof: proof.into_iter().map(|hash| hash.to_base64()).collect(),
        })
    })
}

impl OrganisationObject {
    /// Takes a verdict. Repeating it is safe; a second one by the same person is refused.
    pub(super) fn review(
        &mut self,
        turn: &mut Turn<'_>,
        caller: &Caller,
        wanted: &SubmitReview,
        basis: &ReviewBasis,
    ) -> Result<(), Stop> {
        not_a_contact(caller)?;
        let bad = |fault: String| refused(ErrorCode::BadRequest, format!("The review cannot be taken: {fault}."));
        if wanted.envelope.len() > MAX_ENVELOPE_BYTES {
            return Err(bad("it is too long".to_owned()));
        }
        let snapshot = Snapshot::parse(&wanted.snapshot).map_err(|fault| bad(fault.to_string()))?;
        let opened = Review::open(&wanted.envelope, &snapshot).map_err(|fault| bad(fault.to_string()))?;
        let review = &opened.statement.predicate;
        let device = Self::find_device(turn.store, caller, &opened.key)?;
        let is_own = device.is_some_and(|device| device.device == review.reviewer.device);
        if !is_own || review.reviewer.member != caller.member {
            return Err(refused(
                ErrorCode::BadSignature,
                "The review is not signed by you with one of your registered devices. Register this device first.",
            ));
        }
        review
            .check(&snapshot, &basis.took_part)
            .map_err(|fault| refused(ErrorCode::Forbidden, format!("The review cannot be taken: {fault}.")))?;
        if review.coverage.entries != basis.entries {
            return Err(bad(format!("the snapshot is of {} entries", basis.entries)));
        }
        let digest = snapshot.digest().map_err(|fault| bad(fault.to_string()))?;
        let before = turn.store.exec(
            "SELECT envelope FROM reviews WHERE snapshot = ?1 AND member = ?2",
            &[text(&digest), text(&caller.member)],
        )?;
        if let Some(mut row) = Row::first(before) {
            return if row.text()? == wanted.envelope {
                Ok(())
            } else {
                Err(refused(
                    ErrorCode::Conflict,
                    "You have reviewed this snapshot already. A later change needs a new snapshot.",
                ))
            };
        }
        turn.store.exec(
            "INSERT INTO reviews (snapshot, text, member, device, envelope, at_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            &[
                text(&digest),
                text(&wanted.snapshot),
                text(&caller.member),
                text(&review.reviewer.device),
                text(&wanted.envelope),
                int(turn.now.get()),
            ],
        )?;
        let event = AdminEvent::SnapshotReviewed {
            snapshot: digest,
            verdict: match review.verdict {
                Verdict::Attested => "attested",
                Verdict::Refused => "refused",
            }
            .to_owned(),
            member: caller.member.clone(),
            device: review.reviewer.device.clone(),
            envelope_sha256: sha256_hex(wanted.envelope.as_bytes()),
        };
        let reason = review.reason.as_deref().map(|reason| ("reason", reason));
        event.record(turn, &mut self.journal, &reason.into_iter().collect::<Vec<_>>())?;
        Ok(())
    }
}

/// All verdicts on a snapshot, by its digest, or on all snapshots of a session, by its identifier, or of a period, by `period:FROM:TO` in
/// milliseconds since the Unix epoch; each with what says whose key signed it. Needs no object in memory.
///
/// # Errors
/// The store's.
pub fn reviews(store: &dyn Store, of: &str) -> Result<Vec<ReviewView>, StoreError> {
    tables::SCHEMA.apply(store)?;
    let mut found = Vec::new();
    for row in store.exec(SELECT, &[text(of), text(scope_text(of))])? {
        let mut row = Row::from(row);
        let (snapshot, snapshot_text) = (row.text()?, row.text()?);
        let member = row.parsed()?;
        let device: DeviceId = row.parsed()?;
        let (envelope, at_ms) = (row.text()?, row.number()?);
        let at_ms = TimeMs::new(at_ms).ok_or_else(|| damaged("a review's time is out of range"))?;
        // A device that was registered a moment ago is in the next checkpoint.
        let Some(key) = key_evidence(store, &device)? else { continue };
        found.push(ReviewView {
            snapshot,
            snapshot_text,
            member,
            envelope,
            at_ms,
            key,
        });
    }
    Ok(found)
}

/// How the scope that is asked for stands in a snapshot's canonical bytes.
fn scope_text(of: &str) -> String {
    let period = of.strip_prefix("period:").and_then(|period| period.split_once(':'));
    let numbers = period.and_then(|(from, to)| Some((from.parse::<u64>().ok()?, to.parse::<u64>().ok()?)));
    match numbers {
        Some((from, to)) => format!("\"scope\":{{\"from_ms\":{from},\"to_ms\":{to},\"type\":\"period\"}}"),
        None => format!("\"session\":\"{of}\""),
    }
}

pub(super) fn not_a_contact(caller: &Caller) -> Result<(), Stop> {
    if caller.role == Role::Contact {
        Err(refused(
            ErrorCode::Forbidden,
            "Snapshots are reviewed and shared by members of the organisation.",
        ))
    } else {
        Ok(())
    }
}
