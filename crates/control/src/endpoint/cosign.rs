//! Cosignatures: whoever checked a checkpoint of this log against what they hold, and says so with their key.
//!
//! Promises: only the endpoint's own key and registered devices of people who may read the record; only for checkpoints that this log
//! signed; each line verified before it is stored; of each witness only the newest few, and the first that covers each session's end. What
//! is stored is shown to everybody who watches. Leaves out: checking the tree, which is the witnesses' part. Follows C2SP tlog-cosignature.

use super::live::Live;
use crate::port::{Answer, Caller, RequestId};
use crate::refusal::{Stop, refused, settle};
use crate::row::{Row, int, text};
use crate::store::{Store, StoreError};
use crate::turn::Turn;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use caisey_ledger::witness::{check_line, with_line, witness_name};
use caisey_protocol::PROTOCOL_VERSION;
use caisey_protocol::error::ErrorCode;
use caisey_protocol::http::{Cosign, CosignedCheckpoint, CosignedPage, WitnessView};
use caisey_protocol::role::Permission;
use caisey_protocol::watch::LogEvent;

/// Third migration of an Endpoint object's store.
pub(super) const TABLES: &str = "
    CREATE TABLE cosignatures (
        size INTEGER NOT NULL REFERENCES checkpoints (size),
        witness TEXT NOT NULL,
        key TEXT NOT NULL,
        who TEXT NOT NULL,
        line TEXT NOT NULL,
        kept INTEGER NOT NULL,
        PRIMARY KEY (size, witness)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX cosignatures_by_witness ON cosignatures (witness, size);
    CREATE INDEX sessions_by_last_seq ON sessions (last_seq) WHERE last_seq IS NOT NULL;
";

/// Cosignatures of one checkpoint.
const MOST_WITNESSES: u64 = 64;
/// Of one witness, besides those that sessions' ends need.
const NEWEST_OF_EACH: u64 = 4;
/// Checkpoints in one answer.
const PAGE: u64 = 16;

/// Who offers a cosignature.
struct Witness {
    name: String,
    /// Standard base64.
    key: String,
    who: String,
}

impl Live {
    /// The runtime's.
    pub(super) fn endpoint_cosigned(&mut self, turn: &Turn<'_>, size: u64, line: &str) -> Result<(), Stop> {
        let identity = &self.enrolment.identity;
        let witness = Witness {
            name: witness_name(&identity.log, identity.endpoint.as_str()).unwrap_or_default(),
            key: identity.key.clone(),
            who: identity.hostname.clone(),
        };
        self.take_cosignature(turn.store, size, line, &witness)
    }

    /// A console's.
    pub(super) fn cosign(
        &mut self,
        turn: &Turn<'_>,
        request: RequestId,
        caller: &Caller,
        offered: &Cosign,
    ) -> Result<(), StoreError> {
        let answer = settle(self.console_cosigned(turn.store, caller, offered))?;
        self.out.answer(request, answer.map(Answer::Cosigned));
        Ok(())
    }

    fn console_cosigned(&mut self, store: &dyn Store, caller: &Caller, offered: &Cosign) -> Result<CosignedPage, Stop> {
        self.check_caller(caller, Permission::ReadRecords)?;
        if offered.version != PROTOCOL_VERSION {
            let detail = format!(
                "The console speaks version {}, this control plane {PROTOCOL_VERSION}.",
                offered.version
            );
            return Err(refused(ErrorCode::UnsupportedVersion, detail));
        }
        let Some((device, key)) = caller.device.as_ref().filter(|(_, key)| *key == offered.key) else {
            return Err(refused(
                ErrorCode::BadSignature,
                "The key that cosigned is not registered to you. Register this device first.",
            ));
        };
        let witness = Witness {
            name: witness_name(&self.enrolment.identity.log, device.as_str()).unwrap_or_default(),
            key: key.clone(),
            who: caller.name.chars().take(200).collect(),
        };
        self.take_cosignature(store, offered.size, &offered.cosignature, &witness)?;
        Ok(newest(store)?)
    }

    fn take_cosignature(&mut self, store: &dyn Store, size: u64, line: &str, witness: &Witness) -> Result<(), Stop> {
        let note = note_at(store, size)?.ok_or_else(|| {
            refused(
                ErrorCode::Conflict,
                "This log has no checkpoint of that size. Compare checkpoints: one of the two logs is not the other's.",
            )
        })?;
        let key = STANDARD
            .decode(&witness.key)
            .ok()
            .and_then(|key| <[u8; 32]>::try_from(key).ok());
        let holds = key.is_some_and(|key| check_line(&note, line, &witness.name, &key).is_ok());
        if !holds {
            return Err(refused(
                ErrorCode::BadSignature,
                "The cosignature does not hold for this log's checkpoint of that size, your name and your key.",
            ));
        }
        if insert(store, size, line, witness)?
            && let Some(cosigned) = cosigned_at(store, size)?
        {
            self.watchers.tell(&LogEvent::Cosigned(cosigned), &mut self.out);
        }
        Ok(())
    }
}

/// Stores a line that holds; false when there was one of this witness for this checkpoint.
fn insert(store: &dyn Store, size: u64, line: &str, witness: &Witness) -> Result<bool, Stop> {
    let count = |sql: &str, of: &[crate::store::Value]| -> Result<u64, StoreError> {
        Row::first(store.exec(sql, of)?).map_or(Ok(0), |mut row| row.number())
    };
    let name = text(&witness.name);
    let known = "SELECT count(*) FROM cosignatures WHERE size = ?1 AND witness = ?2";
    if count(known, &[int(size), name.clone()])? > 0 {
        return Ok(false);
    }
    if count("SELECT count(*) FROM cosignatures WHERE size = ?1", &[int(size)])? >= MOST_WITNESSES {
        return Err(refused(
            ErrorCode::TooManyRequests,
            format!("This checkpoint has {MOST_WITNESSES} cosignatures, which is the limit. Cosign a later one."),
        ));
    }
    let before = "SELECT coalesce(max(size), 0) FROM cosignatures WHERE witness = ?1 AND size < ?2";
    let before = count(before, &[name.clone(), int(size)])?;
    // The first signature of this witness that covers the end of a session stays.
    let ends = "SELECT count(*) FROM (SELECT 1 FROM sessions WHERE last_seq >= ?1 AND last_seq < ?2 LIMIT 1)";
    let kept = count(ends, &[int(before), int(size)])?;
    store.exec(
        "INSERT INTO cosignatures (size, witness, key, who, line, kept) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        &[
            int(size),
            name.clone(),
            text(&witness.key),
            text(&witness.who),
            text(line),
            int(kept),
        ],
    )?;
    store.exec(
        "DELETE FROM cosignatures WHERE witness = ?1 AND kept = 0 AND size NOT IN
             (SELECT size FROM cosignatures WHERE witness = ?1 ORDER BY size DESC LIMIT CAST(?2 AS INTEGER))",
        &[name, int(NEWEST_OF_EACH)],
    )?;
    Ok(true)
}

fn note_at(store: &dyn Store, size: u64) -> Result<Option<String>, StoreError> {
    if size > caisey_ledger::id::MAX_SAFE_INTEGER {
        return Ok(None);
    }
    Row::first(store.exec("SELECT note FROM checkpoints WHERE size = ?1", &[int(size)])?)
        .map(|mut row| row.text())
        .transpose()
}

/// The checkpoint of a size with all cosignatures; none when nobody cosigned it.
fn cosigned_at(store: &dyn Store, size: u64) -> Result<Option<CosignedCheckpoint>, StoreError> {
    let Some(mut note) = note_at(store, size)? else {
        return Ok(None);
    };
    let mut witnesses = Vec::new();
    let sql = "SELECT witness, key, who, line FROM cosignatures WHERE size = ?1 ORDER BY witness";
    for row in store.exec(sql, &[int(size)])? {
        let mut row = Row::from(row);
        let (name, key, who, line) = (row.text()?, row.text()?, row.text()?, row.text()?);
        if let Ok(longer) = with_line(&note, &line) {
            note = longer;
            witnesses.push(WitnessView { name, key, who });
        }
    }
    Ok((!witnesses.is_empty()).then_some(CosignedCheckpoint { note, witnesses }))
}

fn newest(store: &dyn Store) -> Result<CosignedPage, StoreError> {
    page(
        store,
        "SELECT DISTINCT size FROM cosignatures WHERE size >= ?1 ORDER BY size DESC LIMIT CAST(?2 AS INTEGER)",
        0,
    )
}

/// The smallest cosigned checkpoints of at least this size.
pub(super) fn from(store: &dyn Store, size: u64) -> Result<CosignedPage, StoreError> {
    page(
        store,
        "SELECT DISTINCT size FROM cosignatures WHERE size >= ?1 ORDER BY size LIMIT CAST(?2 AS INTEGER)",
        size,
    )
}

fn page(store: &dyn Store, sql: &str, from: u64) -> Result<CosignedPage, StoreError> {
    let mut checkpoints = Vec::new();
    for row in store.exec(sql, &[int(from), int(PAGE)])? {
        checkpoints.extend(cosigned_at(store, Row::from(row).number()?)?);
    }
    Ok(CosignedPage { checkpoints })
}

/// The newest checkpoint that the endpoint itself cosigned.
pub(super) fn newest_of(store: &dyn Store, witness: &str) -> Result<Option<u64>, StoreError> {
    let rows = store.exec("SELECT max(size) FROM cosignatures WHERE witness = ?1", &[text(witness)])?;
    Row::first(rows).map_or(Ok(None), |mut row| row.number_or_null())
}
