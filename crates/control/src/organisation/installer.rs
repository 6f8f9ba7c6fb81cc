//! Installer tokens: `<organisation>.<installer>.<secret>`. The store holds the SHA-256 of the token, never the token.

use super::event::AdminEvent;
use super::{OrganisationObject, checked_line, client};
use crate::port::Caller;
use crate::refusal::{Stop, refused};
use crate::row::{Row, damaged, int, text};
use crate::store::{Store, StoreError};
use crate::turn::{Turn, later};
use caisey_ledger::id::{ClientId, InstallerId, OrganisationId, TimeMs};
use caisey_protocol::error::ErrorCode;
use caisey_protocol::http::{CreateInstaller, InstallerSecret, InstallerView};
use sha2::{Digest, Sha256};

/// A token may live this long, in milliseconds: 400 days.
const MAX_LIFE_MS: u64 = 400 * 86_400_000;
/// And enrol this many endpoints.
const MAX_USES: u32 = 100_000;
/// Longer strings are not looked at.
const MAX_TOKEN_BYTES: usize = 256;

const COLUMNS: &str = "SELECT installer, client, label, token_sha256, expires_at_ms, max_uses, uses, revoked,
     (SELECT max(enrolled_at_ms) FROM endpoints WHERE endpoints.installer = installers.installer) FROM installers";

/// A token as it is stored.
pub(super) struct Installer {
    pub(super) installer: InstallerId,
    pub(super) client: ClientId,
    label: String,
    /// Lower-case hexadecimal.
    pub(super) token_sha256: String,
    expires_at: TimeMs,
    max_uses: u32,
    uses: u32,
    pub(super) revoked: bool,
    last_used_at: Option<TimeMs>,
}

/// Which organisation and which installer a token names. Proves nothing.
pub(super) fn parse_token(token: &str) -> Option<(OrganisationId, InstallerId)> {
    let mut parts = Some(token).filter(|token| token.len() <= MAX_TOKEN_BYTES)?.split('.');
    let named = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    (parts.next().is_some_and(|secret| !secret.is_empty()) && parts.next().is_none()).then_some(named)
}

/// SHA-256 of a token, lower-case hexadecimal.
pub(super) fn digest(token: &str) -> String {
    hex(&Sha256::digest(token.as_bytes()))
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

pub(super) fn find(store: &dyn Store, installer: &InstallerId) -> Result<Option<Installer>, StoreError> {
    let rows = store.exec(&format!("{COLUMNS} WHERE installer = ?1"), &[text(installer)])?;
    rows.into_iter().next().map(read).transpose()
}

fn read(row: Vec<crate::store::Value>) -> Result<Installer, StoreError> {
    let mut row = Row::from(row);
    let small = |number: u64| u32::try_from(number).map_err(|_| damaged("an installer's count is out of range"));
    Ok(Installer {
        installer: row.parsed()?,
        client: row.parsed()?,
        label: row.text()?,
        token_sha256: row.text()?,
        expires_at: TimeMs::new(row.number()?).ok_or_else(|| damaged("an installer's time is out of range"))?,
        max_uses: small(row.number()?)?,
        uses: small(row.number()?)?,
        revoked: row.flag()?,
        last_used_at: row.number_or_null()?.and_then(TimeMs::new),
    })
}

impl Installer {
    pub(super) fn usable(&self, now: TimeMs) -> bool {
        !self.revoked && now < self.expires_at && self.uses < self.max_uses
    }

    pub(super) fn count_use(&self, store: &dyn Store) -> Result<(), StoreError> {
        store
            .exec(
                "UPDATE installers SET uses = uses + 1 WHERE installer = ?1",
                &[text(&self.installer)],
            )
            .map(drop)
    }

    fn view(self) -> InstallerView {
        InstallerView {
            installer: self.installer,
            client: self.client,
            label: self.label,
            expires_at_ms: self.expires_at,
            max_uses: self.max_uses,
            uses: self.uses,
            revoked: self.revoked,
            last_used_at_ms: self.last_used_at,
        }
    }
}

impl OrganisationObject {
    pub(super) fn installers(store: &dyn Store) -> Result<Vec<InstallerView>, StoreError> {
        let rows = store.exec(&format!("{COLUMNS} ORDER BY expires_at_ms DESC, installer"), &[])?;
        rows.into_iter().map(|row| read(row).map(Installer::view)).collect()
    }

    fn new_token(&self, turn: &mut Turn<'_>, installer: &InstallerId) -> String {
        format!("{}.{installer}.{}", self.organisation, hex(&turn.draw()))
    }

    pub(super) fn create_installer(
        &mut self,
        turn: &mut Turn<'_>,
        caller: &Caller,
        wanted: CreateInstaller,
    ) -> Result<InstallerSecret, Stop> {
        let CreateInstaller {
            installer,
            client,
            label,
            expires_at_ms,
            max_uses,
        } = wanted;
        let label = checked_line("label", &label, 200)?;
        if client::find(turn.store, &client)?.is_none() {
            return Err(refused(ErrorCode::NotFound, "There is no such client."));
        }
        if expires_at_ms <= turn.now || expires_at_ms > later(turn.now, MAX_LIFE_MS) {
            return Err(refused(
                ErrorCode::BadRequest,
                "expires_at_ms must be in the future, 400 days at most.",
            ));
        }
        if !(1..=MAX_USES).contains(&max_uses) {
            return Err(refused(
                ErrorCode::BadRequest,
                format!("max_uses must be from 1 to {MAX_USES}."),
            ));
        }
        if find(turn.store, &installer)?.is_some() {
            let detail =
                "An installer token with this identifier exists. Its secret cannot be shown again: rotate it to get a new one.";
            return Err(refused(ErrorCode::Conflict, detail));
        }
        let token = self.new_token(turn, &installer);
        turn.store.exec(
            "INSERT INTO installers (installer, client, label, token_sha256, expires_at_ms, max_uses, uses, revoked)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, 0)",
            &[
                text(&installer),
                text(&client),
                text(&label),
                text(digest(&token)),
                int(expires_at_ms.get()),
                int(max_uses.into()),
            ],
        )?;
        let by = caller.member.clone();
        let event = AdminEvent::InstallerCreated {
            installer: installer.clone(),
            client,
            expires_at_ms: expires_at_ms.get(),
            max_uses,
            by,
        };
        event.record(turn, &mut self.journal, &[("label", &label)])?;
        Ok(InstallerSecret { installer, token })
    }

    /// Uses and expiry stay; the old secret stops working with this.
    pub(super) fn rotate_installer(
        &mut self,
        turn: &mut Turn<'_>,
        caller: &Caller,
        installer: InstallerId,
    ) -> Result<InstallerSecret, Stop> {
        let known = find(turn.store, &installer)?.ok_or_else(no_such_installer)?;
        if known.revoked {
            return Err(refused(
                ErrorCode::Conflict,
                "The installer token was revoked. Make a new one.",
            ));
        }
        let token = self.new_token(turn, &installer);
        turn.store.exec(
            "UPDATE installers SET token_sha256 = ?2 WHERE installer = ?1",
            &[text(&installer), text(digest(&token))],
        )?;
        let event = AdminEvent::InstallerRotated {
            installer: installer.clone(),
            by: caller.member.clone(),
        };
        event.record(turn, &mut self.journal, &[])?;
        Ok(InstallerSecret { installer, token })
    }

    /// Revoking twice changes nothing.
    pub(super) fn revoke_installer(&mut self, turn: &mut Turn<'_>, caller: &Caller, installer: InstallerId) -> Result<(), Stop> {
        let known = find(turn.store, &installer)?.ok_or_else(no_such_installer)?;
        if !known.revoked {
            turn.store
                .exec("UPDATE installers SET revoked = 1 WHERE installer = ?1", &[text(&installer)])?;
            let event = AdminEvent::InstallerRevoked {
                installer,
                by: caller.member.clone(),
            };
            event.record(turn, &mut self.journal, &[])?;
        }
        Ok(())
    }
}

fn no_such_installer() -> Stop {
    refused(ErrorCode::NotFound, "There is no such installer token.")
}
