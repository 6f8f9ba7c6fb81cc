//! Whose cache to open at the next start: one small file beside the caches, without anything secret.

use crate::error::ConsoleError;
use serde::{Deserialize, Serialize};
use std::path::Path;

const FILE: &str = "last-profile.json";

/// One person in one organisation on this machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// Organisation's identifier.
    pub organisation: String,
    /// Person's identifier.
    pub member: String,
}

impl Profile {
    /// Whoever was signed in last. An unreadable file counts as nobody: signing in writes it again.
    ///
    /// # Errors
    /// The disk's.
    pub fn last(folder: &Path) -> Result<Option<Self>, ConsoleError> {
        match std::fs::read(folder.join(FILE)) {
            Ok(bytes) => Ok(serde_json::from_slice(&bytes).ok().filter(Self::is_sound)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(ConsoleError::Folder(error)),
        }
    }

    /// Makes this the last one.
    ///
    /// # Errors
    /// The disk's.
    pub fn remember(&self, folder: &Path) -> Result<(), ConsoleError> {
        let json = serde_json::to_vec(self).map_err(|error| ConsoleError::Internal(error.to_string()))?;
        std::fs::create_dir_all(folder).map_err(ConsoleError::Folder)?;
        let new = folder.join(format!("{FILE}.new"));
        std::fs::write(&new, json).map_err(ConsoleError::Folder)?;
        std::fs::rename(new, folder.join(FILE)).map_err(ConsoleError::Folder)
    }

    /// Name of its cache file, without ending.
    pub fn cache_name(&self) -> String {
        format!("cache-{}-{}", self.organisation, self.member)
    }

    /// Under which name the cache's key is in the key store.
    pub fn cache_key_name(&self) -> String {
        format!("cache key {} {}", self.organisation, self.member)
    }

    /// Under which name the signing key is in the key store.
    pub fn device_key_name(&self) -> String {
        format!("signing key {} {}", self.organisation, self.member)
    }

    /// Its parts become a file name.
    fn is_sound(&self) -> bool {
        self.organisation.parse::<caisey_ledger::id::OrganisationId>().is_ok()
            && self.member.parse::<caisey_ledger::id::MemberId>().is_ok()
    }
}
