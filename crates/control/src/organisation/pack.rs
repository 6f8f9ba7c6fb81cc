//! Packs that were put for sharing, in parts because a row holds 2 MB at most; and what an examination of one came to.
//!
//! A pack is named by its digest. Parts that no share needs go after a day; those of a share that ended, with the next change to any share.

use super::OrganisationObject;
use crate::port::Caller;
use crate::refusal::{Stop, error, refused};
use crate::row::{Row, int, text};
use crate::store::{Store, StoreError, Value};
use crate::turn::Turn;
use caisey_ledger::id::MemberId;
use caisey_protocol::error::{ErrorBody, ErrorCode};
use caisey_protocol::share::{MAX_PACK_BYTES, PACK_PART_BYTES};
use caisey_transcript::attestation::{self, Review, Verdict};
use caisey_transcript::dsse::{Statement, sha256_hex};
use caisey_transcript::finding::{Findings, Weight};
use caisey_transcript::policy::Policy;
use caisey_transcript::release::Release;
use caisey_transcript::scrub::LEAST_PER_MILLE;
use caisey_transcript::snapshot::{Scope, Snapshot, SnapshotState};
use caisey_transcript::verify::{Record, verify};
use caisey_transcript::visible::marked_line;
use serde::{Deserialize, Serialize};

/// Parts that no share needs are kept for so long.
const KEPT_MS: u64 = 86_400_000;

/// Packs that no share needs yet may come to so many bytes together.
const MAX_WAITING_BYTES: usize = 2 * MAX_PACK_BYTES;

/// A share that can be read needs this pack: `?1` the pack, `?2` the time.
const NEEDED: &str = "SELECT 1 FROM shares WHERE pack = ?1 AND revoked_at_ms IS NULL AND expires_at_ms > ?2 LIMIT 1";

/// A part of a pack.
#[derive(Clone, PartialEq)]
pub struct PackPart {
    /// SHA-256 of the whole pack, lower-case hexadecimal.
    pub pack: String,
    /// Which part, from 0.
    pub part: u32,
    /// Its bytes: [`PACK_PART_BYTES`], fewer in the last.
    pub bytes: Vec<u8>,
}

/// What an examination of a pack came to; there is one only of a pack that holds and may leave the organisation. Serialisable for hosts
/// that examine apart from the object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Examined {
    pub(super) pack: String,
    pub(super) size_bytes: u64,
    pub(super) snapshot: String,
    /// What it is a record of, in words that are equal for equal things: a session, or some endpoints' logs.
    pub(super) about: String,
    pub(super) released_by: MemberId,
    pub(super) reviewed: bool,
}

impl Examined {
    /// Examines a pack: it verifies under the control plane's key, is of this organisation, was scrubbed with a measure that holds, and nobody
    /// refused it. `log` is the origin of the organisation's own log. Needs no object and takes a while for a large one.
    ///
    /// # Errors
    /// A sentence that says why the pack may not be shared.
    pub fn of(bytes: &[u8], log: &str, control: [u8; 32]) -> Result<Self, ErrorBody> {
        let verified = verify(bytes, Some(&Policy::of_control(log, control)));
        holds(&verified.findings)?;
        let record = verified.record.ok_or_else(unsigned)?;
        let release = record.release.as_ref().ok_or_else(unsigned)?;
        scrubbed(release)?;
        let state = record.state();
        if state == SnapshotState::Refused {
            return Err(no(
                ErrorCode::Forbidden,
                "a reviewer refused to attest what it shows. Settle that first; a later change needs a new snapshot.",
            ));
        }
        Ok(Self {
            pack: sha256_hex(bytes),
            size_bytes: bytes.len() as u64,
            // As the release says it, which was compared with the snapshot itself.
            snapshot: release.snapshot.clone(),
            about: about(&record),
            released_by: release.by.member.clone(),
            reviewed: state == SnapshotState::Attested,
        })
    }
}

fn no(code: ErrorCode, why: &str) -> ErrorBody {
    error(code, format!("The pack cannot be shared: {why}"))
}

fn unsigned() -> ErrorBody {
    no(
        ErrorCode::BadSignature,
        "nobody signed for it. Make it again from the record.",
    )
}

fn holds(findings: &Findings) -> Result<(), ErrorBody> {
    let Some(failing) = findings.0.iter().find(|finding| finding.weight == Weight::Fails) else {
        return Ok(());
    };
    if failing.code == "unknown_control" {
        return Err(no(
            ErrorCode::Forbidden,
            "it is of another organisation, or of another control plane. Share it where it was recorded.",
        ));
    }
    let words: String = marked_line(&failing.words).chars().take(300).collect();
    Err(no(
        ErrorCode::BadSignature,
        &format!("it does not hold. {words} Make it again from the record."),
    ))
}

fn scrubbed(release: &Release) -> Result<(), ErrorBody> {
    let why = match &release.scrub {
        None => "it was not scrubbed, or how well was not measured. Make it again with the scrub.".to_owned(),
        Some(scrub) if scrub.classes.is_empty() || scrub.least_per_mille < LEAST_PER_MILLE => format!(
            "its scrub was measured against less than {LEAST_PER_MILLE} in a thousand. Make it again with the scrub of this version."
        ),
        // That no class is below the threshold, the verifier checks.
        Some(_) => return Ok(()),
    };
    Err(no(ErrorCode::Forbidden, &why))
}

fn about(record: &Record) -> String {
    let Snapshot { scope, logs, .. } = &record.snapshot;
    match scope {
        Scope::Session { session } => session.to_string(),
        Scope::Period { .. } => logs.iter().map(|range| range.log.as_str()).collect::<Vec<_>>().join("\n"),
    }
}

/// Whoever makes a pack may leave a refusal out; the reviews that were taken here do not.
fn refused_by_somebody(store: &dyn Store, snapshot: &str) -> Result<bool, StoreError> {
    for row in store.exec("SELECT envelope FROM reviews WHERE snapshot = ?1", &[text(snapshot)])? {
        let envelope = Row::from(row).text()?;
        let opened = Statement::<Review>::open(&envelope, attestation::PREDICATE);
        if opened.is_ok_and(|opened| opened.statement.predicate.verdict == Verdict::Refused) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// A digest as it is written.
pub(super) fn is_digest(word: &str) -> bool {
    word.len() == 64 && word.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// A pack that was put whole, by its digest and length; none when a part is missing. Needs no object in memory.
///
/// # Errors
/// The store's.
pub fn put_pack(store: &dyn Store, pack: &str, size_bytes: u64) -> Result<Option<Vec<u8>>, StoreError> {
    super::tables::SCHEMA.apply(store)?;
    let mut whole = Vec::new();
    for part in 0..MAX_PACK_BYTES / PACK_PART_BYTES {
        let rows = store.exec(
            "SELECT bytes FROM pack_parts WHERE pack = ?1 AND part = ?2",
            &[text(pack), int(part as u64)],
        )?;
        let Some(mut row) = Row::first(rows) else { break };
        whole.extend(row.bytes()?);
    }
    Ok((whole.len() as u64 == size_bytes).then_some(whole))
}

impl OrganisationObject {
    /// Keeps a part. Repeating it is safe; a pack that a share needs is left alone.
    pub(super) fn put_part(turn: &mut Turn<'_>, put: &PackPart) -> Result<(), Stop> {
        let parts = MAX_PACK_BYTES / PACK_PART_BYTES;
        if !is_digest(&put.pack) || put.part as usize >= parts || put.bytes.is_empty() || put.bytes.len() > PACK_PART_BYTES {
            return Err(refused(
                ErrorCode::BadRequest,
                format!("A pack is put by its SHA-256 in at most {parts} parts of {PACK_PART_BYTES} bytes each but the last."),
            ));
        }
        Self::sweep_packs(turn)?;
        if !turn.store.exec(NEEDED, &[text(&put.pack), int(turn.now.get())])?.is_empty() {
            return Ok(());
        }
        let waiting = turn.store.exec(
            "SELECT coalesce(sum(length(bytes)), 0) FROM pack_parts WHERE put_at_ms > 0 AND NOT (pack = ?1 AND part = ?2)",
            &[text(&put.pack), int(put.part.into())],
        )?;
        let waiting = Row::first(waiting).map_or(Ok(0), |mut row| row.number())?;
        if waiting.saturating_add(put.bytes.len() as u64) > MAX_WAITING_BYTES as u64 {
            return Err(refused(
                ErrorCode::Conflict,
                "Too many packs were put here that nobody shared. They go after a day; share one of them, or try again tomorrow.",
            ));
        }
        turn.store.exec(
            "INSERT OR REPLACE INTO pack_parts (pack, part, bytes, put_at_ms) VALUES (?1, ?2, ?3, ?4)",
            &[
                text(&put.pack),
                int(put.part.into()),
                Value::Blob(put.bytes.clone()),
                int(turn.now.get()),
            ],
        )?;
        Ok(())
    }

    /// That the pack which was examined is the one that is kept, and that this person may hand it out.
    pub(super) fn claim(turn: &Turn<'_>, caller: &Caller, examined: &Examined, unreviewed: bool) -> Result<(), Stop> {
        if examined.released_by != caller.member {
            return Err(refused(
                ErrorCode::Forbidden,
                "The pack cannot be shared: somebody else signed its release. Whoever shares a pack signs for it; make it again in your own name.",
            ));
        }
        if !examined.reviewed && !unreviewed {
            return Err(refused(
                ErrorCode::Forbidden,
                "The pack cannot be shared yet: nobody who took no part has attested it. Have it reviewed, or share it marked as not reviewed.",
            ));
        }
        if refused_by_somebody(turn.store, &examined.snapshot)? {
            return Err(refused(
                ErrorCode::Forbidden,
                "The pack cannot be shared: a reviewer refused to attest what it shows, and the pack leaves that out. Settle that first.",
            ));
        }
        let kept = put_pack(turn.store, &examined.pack, examined.size_bytes)?;
        if kept.is_none_or(|bytes| sha256_hex(&bytes) != examined.pack) {
            return Err(refused(
                ErrorCode::Conflict,
                "The pack is not here whole, or was put again meanwhile. Put it again and repeat this.",
            ));
        }
        turn.store
            .exec("UPDATE pack_parts SET put_at_ms = 0 WHERE pack = ?1", &[text(&examined.pack)])?;
        Ok(())
    }

    /// Destroys parts that nobody needs.
    pub(super) fn sweep_packs(turn: &Turn<'_>) -> Result<(), StoreError> {
        turn.store.exec(
            "DELETE FROM pack_parts WHERE put_at_ms < ?1
             AND pack NOT IN (SELECT pack FROM shares WHERE revoked_at_ms IS NULL AND expires_at_ms > ?2)",
            &[int(turn.now.get().saturating_sub(KEPT_MS)), int(turn.now.get())],
        )?;
        Ok(())
    }
}
