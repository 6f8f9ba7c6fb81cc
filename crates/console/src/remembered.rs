//! How the desktop program was started last, so that it starts the same way again, and the command line goes on as the same person. Holds no
//! secrets: those are in the key store ([`crate::kept_tokens`]).

use caisey_client::oidc::Provider;
use serde::{Deserialize, Serialize};
use std::io;
use std::path::{Path, PathBuf};

/// The way chosen last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "start", rename_all = "snake_case")]
pub enum Remembered {
    /// With the control plane inside this program.
    Embedded,
    /// Signed in to a control plane.
    ControlPlane {
        /// Its address.
        address: String,
        /// The identity provider that signed the person in; none for one of the control plane's own accounts.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        provider: Option<Provider>,
    },
}

fn file(home: &Path) -> PathBuf {
    home.join("desktop.json")
}

/// What was chosen last; none on the first start or when the file cannot be understood.
pub fn load(home: &Path) -> Option<Remembered> {
    let bytes = std::fs::read(file(home)).ok()?;
    serde_json::from_slice(&bytes).ok()
}

/// Remembers a choice.
///
/// # Errors
/// The disk's.
pub fn store(home: &Path, chosen: &Remembered) -> io::Result<()> {
    std::fs::create_dir_all(home)?;
    let fresh = home.join("desktop.json.new");
    std::fs::write(&fresh, serde_json::to_vec(chosen)?)?;
    std::fs::rename(fresh, file(home))
}

/// Forgets it: the next start asks again.
///
/// # Errors
/// The disk's.
pub fn forget(home: &Path) -> io::Result<()> {
    match std::fs::remove_file(file(home)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
