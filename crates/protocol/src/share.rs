//! Share links: an evidence pack that anybody with the link can read and check (docs/formats/share.md). Routes:
//!
//! | method and path | body → answer | permission |
//! |---|---|---|
//! | PUT /v1/packs/{sha256}/{part} | bytes of a pack, [`PACK_PART_BYTES`] each but the last → 204 | Share |
//! | GET /v1/shares | → `[ShareView]`, newest first | ReadRecords, not contacts |
//! | POST /v1/shares | `CreateShare` → `ShareLink`, the only time that the link is shown | Share |
//! | POST /v1/shares/{id}/refresh | `RefreshShare` → `ShareView`; the link stays | Share |
//! | DELETE /v1/shares/{id} | → 204; the link ends at once and the pack is destroyed | Share |
//! | GET /v1/shares/{id}/visits | → `[ShareVisit]`, newest first, 1,000 at most | ReadRecords, not contacts |
//! | GET /s/{token} · POST /s/{token} | → page · form with `passphrase` → page | the link |
//! | GET /s/{token}/pack | → the pack | the link; behind a passphrase, what the page gives for ten minutes |
//!
//! First the pack is put, in parts; then a share is made of it by its digest. The control plane takes a pack only when it verifies under the
//! control plane's own key, is of this organisation, was released by the caller, was scrubbed with a measure that holds, is attested by somebody
//! who took no part (or says that it is not), and nobody refused its snapshot. A refusal's sentence says which of these it was.

use caisey_ledger::id::{MemberId, SessionId, ShareId, TimeMs};
use serde::{Deserialize, Serialize};

/// Length of every part of a pack but the last, in bytes. A Durable Object's row holds 2 MB.
pub const PACK_PART_BYTES: usize = 1 << 20;

/// A pack that is shared may not be longer than this, in bytes.
pub const MAX_PACK_BYTES: usize = 32 << 20;

/// A share may be readable for so long, in milliseconds: 400 days.
pub const MAX_SHARE_MS: u64 = 400 * 86_400_000;

/// A passphrase has at least so many characters.
pub const MIN_PASSPHRASE_CHARS: usize = 8;

/// Where a share stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ts_rs::TS, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ShareState {
    /// Anybody with the link can read it.
    Active,
    /// The same, and it shows another pack than at first.
    Refreshed,
    /// Somebody ended it. Terminal.
    Revoked,
    /// Its time is over. Terminal.
    Expired,
}

impl ShareState {
    /// Whether the link can be read.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Active | Self::Refreshed)
    }
}

/// A link for a pack that was put before.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CreateShare {
    /// SHA-256 of the pack, lower-case hexadecimal.
    pub pack: String,
    /// Its length.
    pub size_bytes: u64,
    /// What members call this share, such as `Meridian Mutual, claim 4711`: 1 to 100 characters. Never on the page.
    pub label: String,
    /// The link ends then, by the control plane's clock: within [`MAX_SHARE_MS`].
    #[schema(value_type = u64)]
    pub expires_at_ms: TimeMs,
    /// Readers are asked for it: [`MIN_PASSPHRASE_CHARS`] to 200 characters. Tell it them by another way than the link.
    #[serde(default)]
    pub passphrase: Option<String>,
    /// Hands it out although nobody attested it. The page says so before anything else.
    #[serde(default)]
    pub unreviewed: bool,
}

/// Another pack in place of a share's present one, which is destroyed. Link, expiry and passphrase stay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RefreshShare {
    /// SHA-256 of the pack, lower-case hexadecimal.
    pub pack: String,
    /// Its length.
    pub size_bytes: u64,
    /// As in [`CreateShare`].
    #[serde(default)]
    pub unreviewed: bool,
}

/// A share, as members see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ShareView {
    /// Its public name: never the link's secret.
    #[schema(value_type = String)]
    pub share: ShareId,
    /// Where it stands now.
    pub state: ShareState,
    /// What members call it.
    pub label: String,
    /// SHA-256 of the present pack, lower-case hexadecimal.
    pub pack: String,
    /// Its length.
    pub size_bytes: u64,
    /// SHA-256 of its snapshot, lower-case hexadecimal.
    pub snapshot: String,
    /// The session that it is of; absent when it is of a period.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub session: Option<SessionId>,
    /// Whether somebody who took no part attested it.
    pub reviewed: bool,
    /// Whether readers need a passphrase.
    pub passphrase: bool,
    /// When it was made.
    #[schema(value_type = u64)]
    pub created_at_ms: TimeMs,
    /// By whom.
    #[schema(value_type = String)]
    pub created_by: MemberId,
    /// When its link ends or ended by itself.
    #[schema(value_type = u64)]
    pub expires_at_ms: TimeMs,
    /// When its pack was replaced last.
    #[serde(default)]
    #[schema(value_type = Option<u64>)]
    pub refreshed_at_ms: Option<TimeMs>,
    /// When it was revoked.
    #[serde(default)]
    #[schema(value_type = Option<u64>)]
    pub revoked_at_ms: Option<TimeMs>,
    /// How often the page was opened, after the passphrase if there is one.
    pub views: u64,
    /// How often the pack was fetched; the page itself does so once per view where it can.
    pub fetches: u64,
    /// How often a wrong passphrase was given.
    pub wrong_passphrases: u64,
    /// When it was opened last.
    #[serde(default)]
    #[schema(value_type = Option<u64>)]
    pub viewed_at_ms: Option<TimeMs>,
}

/// A new share and its link.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ShareLink {
    /// The share.
    pub share: ShareView,
    /// What readers open. The control plane keeps a digest of its secret only: this is the only time that it can be shown.
    pub url: String,
}

/// What a reader did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ts_rs::TS, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum VisitKind {
    /// Opened the page.
    Page,
    /// Fetched the pack.
    Pack,
    /// Gave a wrong passphrase.
    WrongPassphrase,
}

/// One line of a share's view log. It says nothing of who it was: no address, no part of one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ShareVisit {
    /// When.
    #[schema(value_type = u64)]
    pub at_ms: TimeMs,
    /// What.
    pub what: VisitKind,
    /// With what kind of program, in a few words from a fixed list, such as `Firefox on Windows`.
    pub agent: String,
}
