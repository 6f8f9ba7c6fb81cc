//! What the host keeps for share links beside the object: limits, pages that were rendered, leave to fetch a pack after its passphrase, and
//! the page's own files.

use super::packed;
use super::throttle::Throttle;
use crate::clock;
use crate::config::Limits;
use crate::object::locked;
use caisey_ledger::id::ShareId;
use caisey_share::Shown;
use caisey_share::page::Files;
use caisey_share::reader::GRANT_MS;
use flate2::Compression;
use sha2::{Digest, Sha256};
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;

/// Whoever gave the passphrase may fetch the pack for so long.
const GRANT_FOR: Duration = Duration::from_millis(GRANT_MS);
/// Rendered pages that are kept.
const PAGES: usize = 8;
/// Packs that are examined or rendered, answers that are packed, and passphrases that are hashed, at the same time.
const HEAVY: usize = 2;

pub(crate) struct Sharing {
    pub(crate) readings: Throttle,
    pub(crate) passphrases: Throttle,
    pub(crate) heavy: Semaphore,
    grants: Mutex<HashMap<String, (ShareId, Instant)>>,
    pages: Mutex<VecDeque<(String, Arc<Shown>)>>,
}

impl Sharing {
    pub(crate) fn new(limits: &Limits) -> Self {
        if FILES.check.is_none() || FILES.script.is_none() {
            tracing::warn!("built without the check that browsers run on shared records; their pages say so");
        }
        Self {
            readings: Throttle::per_minute(limits.share_readings_per_minute),
            passphrases: Throttle::per_minute(limits.share_passphrases_per_minute),
            heavy: Semaphore::new(HEAVY),
            grants: Mutex::default(),
            pages: Mutex::default(),
        }
    }

    /// Leave to fetch this share's pack, for whoever gave its passphrase.
    ///
    /// # Errors
    /// When the operating system has no randomness.
    pub(crate) fn grant(&self, share: &ShareId, now: Instant) -> std::io::Result<String> {
        let word = crate::local::hex(&clock::random::<32>()?);
        let mut grants = locked(&self.grants);
        grants.retain(|_, (_, until)| *until > now);
        grants.insert(word.clone(), (share.clone(), now + GRANT_FOR));
        Ok(word)
    }

    /// Whether this is leave to fetch this share's pack now.
    pub(crate) fn is_granted(&self, share: &ShareId, word: &str, now: Instant) -> bool {
        // Looking it up takes as long for a wrong word as for one that expired; the words are random, so that tells nothing.
        locked(&self.grants)
            .get(word)
            .is_some_and(|(of, until)| of == share && *until > now)
    }

    /// A page that was rendered before, by its pack's digest.
    pub(crate) fn rendered(&self, pack: &str) -> Option<Arc<Shown>> {
        let pages = locked(&self.pages);
        pages.iter().find(|(of, _)| of == pack).map(|(_, shown)| Arc::clone(shown))
    }

    pub(crate) fn keep(&self, pack: String, shown: &Arc<Shown>) {
        let mut pages = locked(&self.pages);
        pages.retain(|(of, _)| *of != pack);
        pages.push_front((pack, Arc::clone(shown)));
        pages.truncate(PAGES);
    }
}

/// A file of the page: name, bytes (none when this program was built without it).
pub(crate) struct PageFile {
    pub(crate) name: &'static str,
    pub(crate) bytes: &'static [u8],
    /// The same, packed as small as can be when somebody first asks for it. That takes long: only where nobody else waits for it.
    pub(crate) packed: LazyLock<Option<Vec<u8>>>,
}

macro_rules! built {
    ($name:literal) => {
        PageFile {
            name: $name,
            bytes: include_bytes!(concat!(env!("OUT_DIR"), "/", $name)),
            packed: LazyLock::new(|| packed::pack(include_bytes!(concat!(env!("OUT_DIR"), "/", $name)), Compression::best())),
        }
    };
}

/// All of them.
pub(crate) static PAGE_FILES: [PageFile; 3] = [built!("page.js"), built!("check.js"), built!("check.wasm")];

/// Their addresses. Each names its content, so that a browser may keep it for good.
pub(crate) static FILES: LazyLock<Files> = LazyLock::new(|| {
    let address = |wanted: &str| {
        let file = PAGE_FILES.iter().find(|file| file.name == wanted && !file.bytes.is_empty())?;
        let digest = crate::local::hex(&Sha256::digest(file.bytes));
        Some(format!("/share/{wanted}?v={}", digest.get(..16).unwrap_or_default()))
    };
    Files {
        script: address("page.js"),
        worker: address("check.js"),
        check: address("check.wasm"),
    }
});
