//! Share links: what a draft leaves as, put where anybody with the link can read it; who looked, and the end of it.
//!
//! The control plane shows a link once and keeps only its digest; it is kept here, in the encrypted cache, so that whoever made it can copy it
//! again. What may be shared is the control plane's to decide; its sentence is passed on as it is.

use super::internal;
use super::scrub::Leaving;
use crate::cache::schema;
use crate::error::ConsoleError;
use crate::facade::{Access, Console};
use crate::sync::engine::blocking;
use crate::view::{NewShare, ShareRow, ShareVisitRow};
use caisey_ledger::id::{ShareId, TimeMs};
use caisey_protocol::share::{CreateShare, RefreshShare, ShareState, ShareView, VisitKind};
use caisey_transcript::visible::marked_line;

impl Console {
    /// Makes a link for a draft, scrubbed as it was settled. `progress` is told how many bytes of how many are there.
    ///
    /// # Errors
    /// Not online; as [`Console::pack_draft`]; the control plane refusing.
    pub async fn share_draft(
        &self,
        name: &str,
        wanted: NewShare,
        ask: Vec<String>,
        progress: impl FnMut(u64, u64) + Send,
    ) -> Result<ShareRow, ConsoleError> {
        let leaving = Leaving { scrubbed: true, ask };
        let pack = self.pack_draft(name, leaving).await?;
        self.share_pack(&pack, wanted, progress).await
    }

    /// Makes a link for a pack that this person released.
    ///
    /// # Errors
    /// Not online; the control plane refusing.
    pub async fn share_pack(
        &self,
        pack: &[u8],
        wanted: NewShare,
        progress: impl FnMut(u64, u64) + Send,
    ) -> Result<ShareRow, ConsoleError> {
        let engine = self.inner.engine()?;
        let (pack, size_bytes) = self.put(pack, progress).await?;
        let request = CreateShare {
            pack,
            size_bytes,
            label: wanted.label.trim().to_owned(),
            expires_at_ms: TimeMs::new(wanted.expires_at_ms).ok_or_else(|| internal("the expiry is out of range"))?,
            passphrase: wanted.passphrase.filter(|passphrase| !passphrase.is_empty()),
            unreviewed: wanted.unreviewed,
        };
        let made = engine.api.create_share(&request).await?;
        if self.inner.config.access == Access::ReadWrite {
            let (cache, place, url) = (self.inner.cache()?, place(&made.share.share), made.url.clone());
            blocking(move || cache.write(|tx| schema::put(tx, &place, &url))).await?;
        }
        Ok(row(&made.share, Some(made.url)))
    }

    /// Puts a draft in place of what a link shows; link, expiry and passphrase stay.
    ///
    /// # Errors
    /// As [`Console::share_draft`].
    pub async fn refresh_share(
        &self,
        name: &str,
        share: &str,
        unreviewed: bool,
        ask: Vec<String>,
        progress: impl FnMut(u64, u64) + Send,
    ) -> Result<ShareRow, ConsoleError> {
        let leaving = Leaving { scrubbed: true, ask };
        let pack = self.pack_draft(name, leaving).await?;
        self.refresh_share_with(&pack, share, unreviewed, progress).await
    }

    /// Puts a pack that this person released in place of what a link shows.
    ///
    /// # Errors
    /// As [`Console::share_pack`].
    pub async fn refresh_share_with(
        &self,
        pack: &[u8],
        share: &str,
        unreviewed: bool,
        progress: impl FnMut(u64, u64) + Send,
    ) -> Result<ShareRow, ConsoleError> {
        let engine = self.inner.engine()?;
        let share = share_id(share)?;
        let (pack, size_bytes) = self.put(pack, progress).await?;
        let request = RefreshShare {
            pack,
            size_bytes,
            unreviewed,
        };
        let view = engine.api.refresh_share(&share, &request).await?;
        let url = self.url_of(&share).await?;
        Ok(row(&view, url))
    }

    async fn put(&self, pack: &[u8], mut progress: impl FnMut(u64, u64) + Send) -> Result<(String, u64), ConsoleError> {
        let engine = self.inner.engine()?;
        let total = pack.len() as u64;
        let digest = engine.api.put_pack(pack, |sent| progress(sent as u64, total)).await?;
        Ok((digest, total))
    }

    /// All links, newest first.
    ///
    /// # Errors
    /// Not online; the control plane refusing.
    pub async fn shares(&self) -> Result<Vec<ShareRow>, ConsoleError> {
        let engine = self.inner.engine()?;
        let mut rows = Vec::new();
        for view in engine.api.shares().await? {
            let url = self.url_of(&view.share).await?;
            rows.push(row(&view, url));
        }
        Ok(rows)
    }

    /// Who looked at it: when, at what, with what kind of program. Newest first.
    ///
    /// # Errors
    /// Not online; the control plane refusing.
    pub async fn share_visits(&self, share: &str) -> Result<Vec<ShareVisitRow>, ConsoleError> {
        let visits = self.inner.engine()?.api.share_visits(&share_id(share)?).await?;
        Ok(visits
            .into_iter()
            .map(|visit| ShareVisitRow {
                at_ms: visit.at_ms.get(),
                what: match visit.what {
                    VisitKind::Page => "opened the page",
                    VisitKind::Pack => "fetched the evidence pack",
                    VisitKind::WrongPassphrase => "gave a wrong passphrase",
                }
                .to_owned(),
                agent: marked_line(&visit.agent),
            })
            .collect())
    }

    /// Ends a link at once, for good.
    ///
    /// # Errors
    /// Not online; the control plane refusing.
    pub async fn revoke_share(&self, share: &str) -> Result<(), ConsoleError> {
        Ok(self.inner.engine()?.api.revoke_share(&share_id(share)?).await?)
    }

    async fn url_of(&self, share: &ShareId) -> Result<Option<String>, ConsoleError> {
        let place = place(share);
        self.inner.read(move |cache| schema::get(cache, &place)).await
    }
}

fn place(share: &ShareId) -> String {
    format!("share-link:{share}")
}

fn share_id(share: &str) -> Result<ShareId, ConsoleError> {
    share.parse().map_err(|_| ConsoleError::NotFound {
        what: "share",
        id: share.to_owned(),
    })
}

fn row(view: &ShareView, url: Option<String>) -> ShareRow {
    ShareRow {
        share: view.share.to_string(),
        state: match view.state {
            ShareState::Active => "active",
            ShareState::Refreshed => "refreshed",
            ShareState::Revoked => "revoked",
            ShareState::Expired => "expired",
        }
        .to_owned(),
        open: view.state.is_open(),
        label: marked_line(&view.label),
        session: view.session.as_ref().map(ToString::to_string),
        reviewed: view.reviewed,
        passphrase: view.passphrase,
        size_bytes: view.size_bytes,
        created_at_ms: view.created_at_ms.get(),
        expires_at_ms: view.expires_at_ms.get(),
        refreshed_at_ms: view.refreshed_at_ms.map(|at| at.get()),
        revoked_at_ms: view.revoked_at_ms.map(|at| at.get()),
        views: view.views,
        wrong_passphrases: view.wrong_passphrases,
        viewed_at_ms: view.viewed_at_ms.map(|at| at.get()),
        url,
    }
}
