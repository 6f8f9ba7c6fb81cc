//! The organisation's authority on this console: its secrets live in the key store and are made when they are first needed.

use crate::authority::{Secrets, found};
use crate::signer::{KeyError, Signer};
use caisey_console::ports::Entropy;
use caisey_console::{KeyStore, KeyStoreError};
use zeroize::Zeroizing;

/// Name in the key store: eight bytes of beginning, milliseconds since the Unix epoch, and two secrets of 32.
const NAME: &str = "document-authority";

/// Why the authority cannot sign.
#[derive(Debug, thiserror::Error)]
pub enum KeptError {
    /// The key store.
    #[error("the key that signs documents could not be read or kept")]
    Store(#[from] KeyStoreError),
    /// What it holds.
    #[error("what the key store holds as the key that signs documents is none: remove the secret `{NAME}` and export again")]
    Damaged,
    /// The key.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// The signer that this console keeps for its organisation; `now_ms` is when a new one begins.
///
/// # Errors
/// See [`KeptError`].
pub fn kept_signer(keys: &dyn KeyStore, entropy: &dyn Entropy, organisation: &str, now_ms: u64) -> Result<Signer, KeptError> {
    // A secret of its own for each organisation, so that two never share a root.
    let digest = crate::certificate::sha256(organisation.as_bytes());
    let name = format!(
        "{NAME}-{}",
        crate::file::hexadecimal(digest.get(..8).unwrap_or_default()).trim_matches(['<', '>'])
    );
    let kept = match keys.get(&name)? {
        Some(kept) => Zeroizing::new(kept),
        None => {
            let fresh = Zeroizing::new([&now_ms.to_be_bytes()[..], &entropy.fresh32(), &entropy.fresh32()].concat());
            keys.set(&name, &fresh)?;
            fresh
        }
    };
    let (since, rest) = kept.split_first_chunk::<8>().ok_or(KeptError::Damaged)?;
    let (root, signing) = rest.split_first_chunk::<32>().ok_or(KeptError::Damaged)?;
    let secrets = Secrets {
        root: *root,
        signing: signing.try_into().map_err(|_| KeptError::Damaged)?,
    };
    Ok(found(organisation, &secrets, u64::from_be_bytes(*since))?)
}
