//! Destroying texts, and taking the endpoint out of service: what administrators ask for.

use super::live::Live;
use crate::journal;
use crate::port::{Caller, Effect, RequestId};
use crate::refusal::{Stop, refused, settle};
use crate::row::{int, text};
use crate::store::StoreError;
use crate::turn::Turn;
use caisey_ledger::event::{DisconnectReason, Event, SessionEnd};
use caisey_ledger::id::Seq;
use caisey_protocol::error::ErrorCode;
use caisey_protocol::role::Permission;
use caisey_protocol::runtime::ToRuntime;
use caisey_protocol::watch::LogEvent;

/// The basis of an erasure may have this many bytes of UTF-8.
const MAX_BASIS_BYTES: usize = 4_096;

impl Live {
    pub(super) fn erase(
        &mut self,
        turn: &mut Turn<'_>,
        request: RequestId,
        caller: &Caller,
        seq: Seq,
        names: Vec<String>,
        basis: &str,
    ) -> Result<(), StoreError> {
        match settle(self.try_erase(turn, caller, seq, names, basis))? {
            Ok(tombstone) => self.out.placed(request, tombstone),
            Err(body) => self.out.answer(request, Err(body)),
        }
        Ok(())
    }

    /// Texts and seeds go, the entry and its commitments stay, and a tombstone says who asked and why.
    fn try_erase(
        &mut self,
        turn: &mut Turn<'_>,
        caller: &Caller,
        seq: Seq,
        mut names: Vec<String>,
        basis: &str,
    ) -> Result<Seq, Stop> {
        self.check_caller(caller, Permission::Administer)?;
        if basis.trim().is_empty() || basis.len() > MAX_BASIS_BYTES {
            return Err(refused(
                ErrorCode::BadRequest,
                format!("basis must say why, in 1 to {MAX_BASIS_BYTES} bytes."),
            ));
        }
        names.sort();
        names.dedup();
        let present = journal::disclosures(turn.store, seq.get())?;
        if names.is_empty() || names.iter().any(|name| !present.contains_key(name)) {
            return Err(refused(
                ErrorCode::NotFound,
                "The entry has no such text, or it was erased before.",
            ));
        }
        for name in &names {
            turn.store.exec(
                "DELETE FROM texts WHERE seq = ?1 AND name = ?2",
                &[int(seq.get()), text(name)],
            )?;
        }
        let event = Event::TextErased {
            entry_seq: seq.get(),
            names: names.clone(),
            member: caller.member.clone(),
        };
        let tombstone = self.say(turn, &event, &[("basis", basis)])?;
        self.show_erased(seq);
        self.watchers.tell(&LogEvent::Erased { seq, names }, &mut self.out);
        Ok(tombstone)
    }

    pub(super) fn remove(&mut self, turn: &mut Turn<'_>, request: RequestId, caller: &Caller) -> Result<(), StoreError> {
        match settle(self.try_remove(turn, caller))? {
            Ok(seq) => self.out.placed(request, seq),
            Err(body) => self.out.answer(request, Err(body)),
        }
        Ok(())
    }

    /// Sessions end, the runtime is told to stop for good, and its key is no longer accepted. The record stays.
    fn try_remove(&mut self, turn: &mut Turn<'_>, caller: &Caller) -> Result<Seq, Stop> {
        self.check_caller(caller, Permission::Administer)?;
        if self.enrolment.removed {
            return Err(refused(ErrorCode::Conflict, "This endpoint was taken out of service before."));
        }
        let open: Vec<_> = self.sessions.keys().cloned().collect();
        for session in open {
            self.end_session(turn, &session, SessionEnd::EndpointRemoved)?;
        }
        if let Some(conn) = self.link.conn {
            self.out.send_runtime(conn, ToRuntime::Removed {});
            self.out.push(Effect::CloseRuntime { conn });
            self.disconnect(turn, DisconnectReason::Closed)?;
        }
        self.enrolment.remove(turn.store)?;
        self.link.changed_at = turn.now;
        self.link.put(turn.store)?;
        Ok(self.say(
            turn,
            &Event::EndpointRemoved {
                member: caller.member.clone(),
            },
            &[],
        )?)
    }
}
