//! Share links: one row for each, with the digest of its secret, and a log of its views.
//!
//! Promises: a link shows packs that [`Examined`] let through and nothing else, about one thing from its first day to its last; it ends at its
//! time, or at once when it is revoked, and its pack with it; the view log says when and with what kind of program, never who. Leaves out
//! the page itself and how a passphrase is checked, which are the host's. docs/formats/share.md.

use super::event::AdminEvent;
use super::pack::{Examined, PackPart};
use super::review::not_a_contact;
use super::{OrganisationObject, checked_line, tables};
use crate::port::Caller;
use crate::refusal::{Stop, refused};
use crate::row::{Row, damaged, int, text, text_or_null};
use crate::store::{Store, StoreError, Value};
use crate::turn::Turn;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use caisey_ledger::id::{OrganisationId, ShareId, TimeMs};
use caisey_protocol::error::ErrorCode;
use caisey_protocol::role::Permission;
use caisey_protocol::share::{CreateShare, MAX_SHARE_MS, RefreshShare, ShareState, ShareView, ShareVisit, VisitKind};
use caisey_transcript::dsse::sha256_hex;
use serde::{Deserialize, Serialize};

pub(super) const TABLES: &str = "CREATE TABLE pack_parts (
         pack TEXT NOT NULL,
         part INTEGER NOT NULL,
         bytes BLOB NOT NULL,
         put_at_ms INTEGER NOT NULL,
         PRIMARY KEY (pack, part)
     ) STRICT;
     CREATE TABLE shares (
         share TEXT PRIMARY KEY,
         token_sha256 TEXT NOT NULL UNIQUE,
         label TEXT NOT NULL,
         pack TEXT NOT NULL,
         size_bytes INTEGER NOT NULL,
         snapshot TEXT NOT NULL,
         about TEXT NOT NULL,
         reviewed INTEGER NOT NULL,
         passphrase TEXT,
         created_at_ms INTEGER NOT NULL,
         created_by TEXT NOT NULL,
         expires_at_ms INTEGER NOT NULL,
         refreshed_at_ms INTEGER,
         revoked_at_ms INTEGER,
         views INTEGER NOT NULL,
         fetches INTEGER NOT NULL,
         wrong_passphrases INTEGER NOT NULL,
         viewed_at_ms INTEGER
     ) STRICT, WITHOUT ROWID;
     CREATE INDEX shares_by_pack ON shares (pack);
     CREATE TABLE share_visits (
         visit INTEGER PRIMARY KEY,
         share TEXT NOT NULL REFERENCES shares (share),
         at_ms INTEGER NOT NULL,
         what TEXT NOT NULL,
         agent TEXT NOT NULL
     ) STRICT;
     CREATE INDEX share_visits_by_share ON share_visits (share, visit);";

/// Links that can be read at the same time.
const MAX_OPEN: u64 = 2_000;
/// Lines of the view log that are kept for each share; the counts go on.
const MAX_VISITS: u64 = 1_000;
/// So many wrong passphrases within [`WRONG_WITHIN_MS`], from wherever, and the link waits.
const MAX_WRONG: u64 = 20;
const WRONG_WITHIN_MS: u64 = 600_000;
/// Longer strings are no link's.
const MAX_TOKEN_BYTES: usize = 128;

const COLUMNS: &str =
    "SELECT share, label, pack, size_bytes, snapshot, about, reviewed, passphrase, created_at_ms, created_by, expires_at_ms,
     refreshed_at_ms, revoked_at_ms, views, fetches, wrong_passphrases, viewed_at_ms FROM shares";

/// Requests about shares. Every one is answered.
#[derive(Clone, PartialEq)]
pub enum ShareRequest {
    /// Keeps a part of a pack.
    PutPart(Caller, PackPart),
    /// All shares, newest first.
    List(Caller),
    /// One share, by whoever may change it.
    Find(Caller, ShareId),
    /// A link for a pack. Instead of the passphrase, which the request no longer holds, its hash, as the host makes them.
    Create(Caller, CreateShare, Option<String>, Examined),
    /// Another pack for a link.
    Refresh(Caller, ShareId, RefreshShare, Examined),
    /// The end of a link.
    Revoke(Caller, ShareId),
    /// Who looked.
    Visits(Caller, ShareId),
    /// Somebody with the link did something, with this kind of program.
    Visit(ShareId, VisitKind, String),
}

/// Answers, by request.
#[derive(Clone, PartialEq)]
pub enum ShareReply {
    /// To `PutPart` and `Revoke`.
    Done,
    /// To `List`.
    Shares(Vec<ShareView>),
    /// To `Create`: the share, and the link's token, which is not kept.
    Created(Box<ShareView>, String),
    /// To `Find` and `Refresh`.
    Share(Box<ShareView>),
    /// To `Visits`.
    Visits(Vec<ShareVisit>),
    /// To `Visit`: whether the link could still be read then.
    Visited(bool),
}

/// What a link leads to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenedShare {
    /// The share.
    pub view: ShareView,
    /// The passphrase's hash, when there is one.
    pub passphrase: Option<String>,
    /// Too many wrong passphrases were given: nobody's is looked at before this time.
    pub wait_until_ms: Option<TimeMs>,
}

/// The organisation of a link's token, and the token's digest. Proves nothing.
pub fn token_digest(token: &str) -> Option<(OrganisationId, String)> {
    let token = Some(token).filter(|token| token.len() <= MAX_TOKEN_BYTES)?;
    let (organisation, secret) = token.split_once('.')?;
    let secret = URL_SAFE_NO_PAD.decode(secret).ok().filter(|secret| secret.len() == 32);
    secret
        .and(organisation.parse().ok())
        .map(|organisation| (organisation, sha256_hex(token.as_bytes())))
}

/// What the link with this digest leads to, open or not. Needs no object in memory.
///
/// # Errors
/// The store's.
pub fn find_share(store: &dyn Store, token_sha256: &str, now: TimeMs) -> Result<Option<OpenedShare>, StoreError> {
    tables::SCHEMA.apply(store)?;
    let rows = store.exec(&format!("{COLUMNS} WHERE token_sha256 = ?1"), &[text(token_sha256)])?;
    let Some(row) = rows.into_iter().next() else { return Ok(None) };
    let stored = read(row, now)?;
    let since = now.get().saturating_sub(WRONG_WITHIN_MS);
    let wrong = store.exec(
        "SELECT at_ms FROM share_visits WHERE share = ?1 AND what = 'wrong_passphrase' AND at_ms > ?2 ORDER BY visit DESC LIMIT ?3",
        &[text(&stored.view.share), int(since), int(MAX_WRONG)],
    )?;
    let wait_until_ms = match wrong.last() {
        Some(oldest) if wrong.len() as u64 >= MAX_WRONG => {
            TimeMs::new(Row::from(oldest.clone()).number()?.saturating_add(WRONG_WITHIN_MS))
        }
        _ => None,
    };
    Ok(Some(OpenedShare {
        view: stored.view,
        passphrase: stored.passphrase,
        wait_until_ms,
    }))
}

struct Stored {
    view: ShareView,
    about: String,
    passphrase: Option<String>,
}

fn read(row: Vec<Value>, now: TimeMs) -> Result<Stored, StoreError> {
    let mut row = Row::from(row);
    let time = |number: u64| TimeMs::new(number).ok_or_else(|| damaged("a share's time is out of range"));
    let (share, label, pack) = (row.parsed()?, row.text()?, row.text()?);
    let (size_bytes, snapshot, about, reviewed) = (row.number()?, row.text()?, row.text()?, row.flag()?);
    let (passphrase, created_at_ms, created_by) = (row.text_or_null()?, time(row.number()?)?, row.parsed()?);
    let expires_at_ms = time(row.number()?)?;
    let refreshed_at_ms = row.number_or_null()?.map(time).transpose()?;
    let revoked_at_ms = row.number_or_null()?.map(time).transpose()?;
    let state = match (revoked_at_ms, refreshed_at_ms) {
        (Some(_), _) => ShareState::Revoked,
        _ if expires_at_ms <= now => ShareState::Expired,
        (None, Some(_)) => ShareState::Refreshed,
        (None, None) => ShareState::Active,
    };
    let view = ShareView {
        share,
        state,
        label,
        pack,
        size_bytes,
        snapshot,
        session: about.parse().ok(),
        reviewed,
        passphrase: passphrase.is_some(),
        created_at_ms,
        created_by,
        expires_at_ms,
        refreshed_at_ms,
        revoked_at_ms,
        views: row.number()?,
        fetches: row.number()?,
        wrong_passphrases: row.number()?,
        viewed_at_ms: row.number_or_null()?.map(time).transpose()?,
    };
    Ok(Stored { view, about, passphrase })
}

fn find(turn: &Turn<'_>, share: &ShareId) -> Result<Stored, Stop> {
    let rows = turn.store.exec(&format!("{COLUMNS} WHERE share = ?1"), &[text(share)])?;
    match rows.into_iter().next() {
        Some(row) => Ok(read(row, turn.now)?),
        None => Err(refused(ErrorCode::NotFound, "There is no such share.")),
    }
}

fn word(what: VisitKind) -> &'static str {
    match what {
        VisitKind::Page => "page",
        VisitKind::Pack => "pack",
        VisitKind::WrongPassphrase => "wrong_passphrase",
    }
}

impl OrganisationObject {
    pub(super) fn share(&mut self, turn: &mut Turn<'_>, request: ShareRequest) -> Result<ShareReply, Stop> {
        use Permission::{ReadRecords, Share};
        Ok(match request {
            ShareRequest::PutPart(caller, put) => {
                self.check(&caller, Some(Share))?;
                Self::put_part(turn, &put)?;
                ShareReply::Done
            }
            ShareRequest::List(caller) => {
                self.check(&caller, Some(ReadRecords))?;
                not_a_contact(&caller)?;
                ShareReply::Shares(Self::shares(turn)?)
            }
            ShareRequest::Find(caller, share) => {
                self.check(&caller, Some(Share))?;
                ShareReply::Share(Box::new(find(turn, &share)?.view))
            }
            ShareRequest::Create(caller, wanted, passphrase, examined) => {
                self.check(&caller, Some(Share))?;
                let (view, token) = self.create_share(turn, &caller, &wanted, passphrase, &examined)?;
                ShareReply::Created(Box::new(view), token)
            }
            ShareRequest::Refresh(caller, share, wanted, examined) => {
                self.check(&caller, Some(Share))?;
                ShareReply::Share(Box::new(self.refresh_share(turn, &caller, &share, &wanted, &examined)?))
            }
            ShareRequest::Revoke(caller, share) => {
                self.check(&caller, Some(Share))?;
                self.revoke_share(turn, &caller, &share)?;
                ShareReply::Done
            }
            ShareRequest::Visits(caller, share) => {
                self.check(&caller, Some(ReadRecords))?;
                not_a_contact(&caller)?;
                find(turn, &share)?;
                ShareReply::Visits(visits(turn, &share)?)
            }
            ShareRequest::Visit(share, what, agent) => ShareReply::Visited(visit(turn, &share, what, &agent)?),
        })
    }

    fn shares(turn: &Turn<'_>) -> Result<Vec<ShareView>, StoreError> {
        let rows = turn
            .store
            .exec(&format!("{COLUMNS} ORDER BY created_at_ms DESC, share"), &[])?;
        rows.into_iter()
            .map(|row| read(row, turn.now).map(|stored| stored.view))
            .collect()
    }

    fn create_share(
        &mut self,
        turn: &mut Turn<'_>,
        caller: &Caller,
        wanted: &CreateShare,
        passphrase: Option<String>,
        examined: &Examined,
    ) -> Result<(ShareView, String), Stop> {
        let label = checked_line("label", &wanted.label, 100)?;
        let longest = turn.now.get().saturating_add(MAX_SHARE_MS);
        if wanted.expires_at_ms <= turn.now || wanted.expires_at_ms.get() > longest {
            return Err(refused(
                ErrorCode::BadRequest,
                "`expires_at_ms` must lie in the future, at most 400 days ahead.",
            ));
        }
        let open = turn.store.exec(
            "SELECT count(*) FROM shares WHERE revoked_at_ms IS NULL AND expires_at_ms > ?1",
            &[int(turn.now.get())],
        )?;
        if Row::first(open).map_or(Ok(0), |mut row| row.number())? >= MAX_OPEN {
            return Err(refused(
                ErrorCode::Conflict,
                format!("{MAX_OPEN} links can be read at the same time, and so many can. Revoke some that nobody needs."),
            ));
        }
        Self::sweep_packs(turn)?;
        Self::claim(turn, caller, examined, wanted.unreviewed)?;
        let share = ShareId::from_bits(turn.bits());
        let token = format!("{}.{}", self.organisation, URL_SAFE_NO_PAD.encode(turn.draw()));
        turn.store.exec(
            "INSERT INTO shares (share, token_sha256, label, pack, size_bytes, snapshot, about, reviewed, passphrase, created_at_ms,
                 created_by, expires_at_ms, views, fetches, wrong_passphrases)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, 0, 0, 0)",
            &[
                text(&share),
                text(sha256_hex(token.as_bytes())),
                text(&label),
                text(&examined.pack),
                int(examined.size_bytes),
                text(&examined.snapshot),
                text(&examined.about),
                int(examined.reviewed.into()),
                text_or_null(passphrase.as_ref()),
                int(turn.now.get()),
                text(&caller.member),
                int(wanted.expires_at_ms.get()),
            ],
        )?;
        let event = AdminEvent::ShareCreated {
            share: share.clone(),
            pack: examined.pack.clone(),
            snapshot: examined.snapshot.clone(),
            reviewed: examined.reviewed,
            passphrase: passphrase.is_some(),
            expires_at_ms: wanted.expires_at_ms.get(),
            by: caller.member.clone(),
        };
        event.record(turn, &mut self.journal, &[("label", &label)])?;
        Ok((find(turn, &share)?.view, token))
    }

    fn refresh_share(
        &mut self,
        turn: &mut Turn<'_>,
        caller: &Caller,
        share: &ShareId,
        wanted: &RefreshShare,
        examined: &Examined,
    ) -> Result<ShareView, Stop> {
        let stored = find(turn, share)?;
        must_be_open(&stored.view)?;
        if stored.about != examined.about {
            return Err(refused(
                ErrorCode::Conflict,
                "This link was given out for another session or other endpoints, and stays with them. Make a new share for this record.",
            ));
        }
        Self::claim(turn, caller, examined, wanted.unreviewed)?;
        turn.store.exec(
            "UPDATE shares SET pack = ?2, size_bytes = ?3, snapshot = ?4, reviewed = ?5, refreshed_at_ms = ?6 WHERE share = ?1",
            &[
                text(share),
                text(&examined.pack),
                int(examined.size_bytes),
                text(&examined.snapshot),
                int(examined.reviewed.into()),
                int(turn.now.get()),
            ],
        )?;
        Self::sweep_packs(turn)?;
        let event = AdminEvent::ShareRefreshed {
            share: share.clone(),
            pack: examined.pack.clone(),
            snapshot: examined.snapshot.clone(),
            reviewed: examined.reviewed,
            by: caller.member.clone(),
        };
        event.record(turn, &mut self.journal, &[])?;
        Ok(find(turn, share)?.view)
    }

    /// Repeating it is safe.
    fn revoke_share(&mut self, turn: &mut Turn<'_>, caller: &Caller, share: &ShareId) -> Result<(), Stop> {
        let stored = find(turn, share)?;
        if stored.view.state == ShareState::Revoked {
            return Ok(());
        }
        must_be_open(&stored.view)?;
        turn.store.exec(
            "UPDATE shares SET revoked_at_ms = ?2 WHERE share = ?1",
            &[text(share), int(turn.now.get())],
        )?;
        Self::sweep_packs(turn)?;
        let event = AdminEvent::ShareRevoked {
            share: share.clone(),
            by: caller.member.clone(),
        };
        event.record(turn, &mut self.journal, &[])?;
        Ok(())
    }
}

fn must_be_open(view: &ShareView) -> Result<(), Stop> {
    match view.state {
        ShareState::Active | ShareState::Refreshed => Ok(()),
        ShareState::Revoked => Err(refused(
            ErrorCode::Conflict,
            "This share was revoked, and stays so. Make a new one.",
        )),
        ShareState::Expired => Err(refused(
            ErrorCode::Conflict,
            "This share has expired: its link shows nothing any more. Make a new one.",
        )),
    }
}

/// Notes what a reader did. Whether the link could be read then, is decided here and nowhere else.
fn visit(turn: &Turn<'_>, share: &ShareId, what: VisitKind, agent: &str) -> Result<bool, Stop> {
    if !find(turn, share)?.view.state.is_open() {
        return Ok(false);
    }
    let (page, pack, wrong) = match what {
        VisitKind::Page => (1, 0, 0),
        VisitKind::Pack => (0, 1, 0),
        VisitKind::WrongPassphrase => (0, 0, 1),
    };
    let seen = if wrong == 0 { int(turn.now.get()) } else { Value::Null };
    turn.store.exec(
        "UPDATE shares SET views = views + CAST(?2 AS INTEGER), fetches = fetches + CAST(?3 AS INTEGER),
             wrong_passphrases = wrong_passphrases + CAST(?4 AS INTEGER), viewed_at_ms = coalesce(?5, viewed_at_ms) WHERE share = ?1",
        &[text(share), int(page), int(pack), int(wrong), seen],
    )?;
    turn.store.exec(
        "INSERT INTO share_visits (share, at_ms, what, agent) VALUES (?1, ?2, ?3, ?4)",
        &[text(share), int(turn.now.get()), text(word(what)), text(agent)],
    )?;
    turn.store.exec(
        "DELETE FROM share_visits WHERE share = ?1 AND visit <=
             (SELECT visit FROM share_visits WHERE share = ?1 ORDER BY visit DESC LIMIT 1 OFFSET ?2)",
        &[text(share), int(MAX_VISITS)],
    )?;
    Ok(true)
}

fn visits(turn: &Turn<'_>, share: &ShareId) -> Result<Vec<ShareVisit>, StoreError> {
    let rows = turn.store.exec(
        "SELECT at_ms, what, agent FROM share_visits WHERE share = ?1 ORDER BY visit DESC LIMIT ?2",
        &[text(share), int(MAX_VISITS)],
    )?;
    rows.into_iter()
        .map(|row| {
            let mut row = Row::from(row);
            let at_ms = TimeMs::new(row.number()?).ok_or_else(|| damaged("a visit's time is out of range"))?;
            let what = match row.text()?.as_str() {
                "page" => VisitKind::Page,
                "pack" => VisitKind::Pack,
                "wrong_passphrase" => VisitKind::WrongPassphrase,
                _ => return Err(damaged("a visit is of an unknown kind")),
            };
            Ok(ShareVisit {
                at_ms,
                what,
                agent: row.text()?,
            })
        })
        .collect()
}
