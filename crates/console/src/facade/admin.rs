//! Clients, installer tokens and endpoints, for those whose role allows it.

use super::{Console, unfinished};
use crate::error::ConsoleError;
use crate::view::{ClientRow, InstallerRow, InstallerSecretView, NewInstaller};

impl Console {
    /// Clients by name; while offline, those whose endpoints are in the cache.
    ///
    /// # Errors
    /// Control plane refusing, disk.
    pub async fn clients(&self) -> Result<Vec<ClientRow>, ConsoleError> {
        unfinished()
    }

    /// Makes a client and returns its identifier.
    ///
    /// # Errors
    /// Not signed in, control plane unreachable or refusing.
    pub async fn create_client(&self, _name: &str) -> Result<String, ConsoleError> {
        unfinished()
    }

    /// Installer tokens without their secrets.
    ///
    /// # Errors
    /// Not signed in, control plane unreachable or refusing.
    pub async fn installers(&self) -> Result<Vec<InstallerRow>, ConsoleError> {
        unfinished()
    }

    /// Makes an installer token. Its secret is shown this once.
    ///
    /// # Errors
    /// Not signed in, control plane unreachable or refusing.
    pub async fn create_installer(&self, _new: NewInstaller) -> Result<InstallerSecretView, ConsoleError> {
        unfinished()
    }

    /// Gives an installer token a new secret; the old one stops working.
    ///
    /// # Errors
    /// Not signed in, control plane unreachable or refusing.
    pub async fn rotate_installer(&self, _installer: &str) -> Result<InstallerSecretView, ConsoleError> {
        unfinished()
    }

    /// Ends an installer token.
    ///
    /// # Errors
    /// Not signed in, control plane unreachable or refusing.
    pub async fn revoke_installer(&self, _installer: &str) -> Result<(), ConsoleError> {
        unfinished()
    }

    /// Takes an endpoint out of service. Its record stays.
    ///
    /// # Errors
    /// Not signed in, control plane unreachable or refusing.
    pub async fn remove_endpoint(&self, _endpoint: &str) -> Result<(), ConsoleError> {
        unfinished()
    }

    /// Destroys texts of one entry for good, stating on what basis. Commitments and place stay; every proof still verifies.
    ///
    /// # Errors
    /// Not signed in, control plane unreachable or refusing.
    pub async fn erase_texts(&self, _endpoint: &str, _seq: u64, _names: Vec<String>, _basis: &str) -> Result<(), ConsoleError> {
        unfinished()
    }
}
