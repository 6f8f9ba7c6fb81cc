//! Clients, installer tokens and endpoints, for those whose role allows it.

use super::Console;
use super::work::endpoint_id;
use crate::cache::log;
use crate::error::ConsoleError;
use crate::sync::engine::Engine;
use crate::view::{ClientRow, InstallerRow, InstallerSecretView, NewInstaller};
use crate::visible::marked_line;
use caisey_ledger::id::{ClientId, InstallerId, Seq, TimeMs};
use caisey_protocol::http::{CreateClient, CreateInstaller, EraseText, InstallerSecret, RenameClient};
use std::collections::BTreeMap;

/// An installer token is valid for a day unless somebody says otherwise.
const USUAL_VALIDITY_MS: u64 = 86_400_000;

impl Console {
    /// Clients by name; while offline, those whose endpoints are in the cache.
    ///
    /// # Errors
    /// Control plane refusing, disk.
    pub async fn clients(&self) -> Result<Vec<ClientRow>, ConsoleError> {
        let asked = match self.inner.engine() {
            Ok(engine) => engine.api.clients().await.map_err(ConsoleError::from),
            Err(error) => Err(error),
        };
        let mut rows: Vec<ClientRow> = match asked {
            Ok(clients) => clients
                .into_iter()
                .map(|view| ClientRow {
                    client: view.client.to_string(),
                    name: marked_line(&view.name),
                })
                .collect(),
            Err(ConsoleError::Offline { .. }) => {
                let known: BTreeMap<String, String> = self
                    .inner
                    .read(|cache| {
                        Ok(log::all(cache)?
                            .into_iter()
                            .map(|log| (log.client, log.client_name))
                            .collect())
                    })
                    .await?;
                known
                    .into_iter()
                    .map(|(client, name)| ClientRow {
                        client,
                        name: marked_line(&name),
                    })
                    .collect()
            }
            Err(error) => return Err(error),
        };
        rows.sort_by_key(|row| row.name.to_lowercase());
        Ok(rows)
    }

    /// Makes a client and returns its identifier.
    ///
    /// # Errors
    /// Not signed in, control plane unreachable or refusing.
    pub async fn create_client(&self, name: &str) -> Result<String, ConsoleError> {
        let client = ClientId::from_bits(self.fresh16());
        let request = CreateClient {
            client: client.clone(),
            name: name.trim().to_owned(),
        };
        self.inner.engine()?.api.create_client(&request).await?;
        Ok(client.to_string())
    }

    /// Gives a client another name, in the cache too.
    ///
    /// # Errors
    /// Not signed in, control plane unreachable or refusing, disk.
    pub async fn rename_client(&self, client: &str, name: &str) -> Result<(), ConsoleError> {
        let engine = self.inner.engine()?;
        let request = RenameClient {
            name: name.trim().to_owned(),
        };
        let renamed = engine.api.rename_client(&client_id(client)?, &request).await?;
        engine
            .with_cache(move |cache| cache.write(|tx| log::rename_client(tx, renamed.client.as_str(), &renamed.name)))
            .await?;
        engine.hub.changed();
        Ok(())
    }

    /// Installer tokens without their secrets.
    ///
    /// # Errors
    /// Not signed in, control plane unreachable or refusing.
    pub async fn installers(&self) -> Result<Vec<InstallerRow>, ConsoleError> {
        let views = self.inner.engine()?.api.installers().await?;
        let row = |view: caisey_protocol::http::InstallerView| InstallerRow {
            installer: view.installer.to_string(),
            client: view.client.to_string(),
            label: marked_line(&view.label),
            expires_at_ms: view.expires_at_ms.get(),
            max_uses: view.max_uses,
            uses: view.uses,
            revoked: view.revoked,
            last_used_at_ms: view.last_used_at_ms.map(TimeMs::get),
        };
        Ok(views.into_iter().map(row).collect())
    }

    /// Makes an installer token. Its secret is shown this once.
    ///
    /// # Errors
    /// Not signed in, control plane unreachable or refusing.
    pub async fn create_installer(&self, new: NewInstaller) -> Result<InstallerSecretView, ConsoleError> {
        let until = self
            .inner
            .ports
            .clock
            .now_ms()
            .saturating_add(new.valid_for_ms.unwrap_or(USUAL_VALIDITY_MS));
        let too_late =
            || ConsoleError::Invalid("The installer token would be valid for longer than time can be told.".to_owned());
        let request = CreateInstaller {
            installer: InstallerId::from_bits(self.fresh16()),
            client: client_id(&new.client)?,
            label: new.label,
            expires_at_ms: TimeMs::new(until).ok_or_else(too_late)?,
            max_uses: new.max_uses.unwrap_or(1),
        };
        let engine = self.inner.engine()?;
        Ok(secret(&engine, engine.api.create_installer(&request).await?))
    }

    /// Gives an installer token a new secret; the old one stops working.
    ///
    /// # Errors
    /// Not signed in, control plane unreachable or refusing.
    pub async fn rotate_installer(&self, installer: &str) -> Result<InstallerSecretView, ConsoleError> {
        let engine = self.inner.engine()?;
        Ok(secret(&engine, engine.api.rotate_installer(&installer_id(installer)?).await?))
    }

    /// Ends an installer token.
    ///
    /// # Errors
    /// Not signed in, control plane unreachable or refusing.
    pub async fn revoke_installer(&self, installer: &str) -> Result<(), ConsoleError> {
        Ok(self.inner.engine()?.api.revoke_installer(&installer_id(installer)?).await?)
    }

    /// Takes an endpoint out of service. Its record stays.
    ///
    /// # Errors
    /// Not signed in, control plane unreachable or refusing.
    pub async fn remove_endpoint(&self, endpoint: &str) -> Result<(), ConsoleError> {
        let engine = self.inner.engine()?;
        engine.api.remove_endpoint(&endpoint_id(endpoint)?).await?;
        engine.want(endpoint);
        Ok(())
    }

    /// Destroys texts of one entry for good, stating on what basis. Commitments and place stay; every proof still verifies.
    ///
    /// # Errors
    /// Not signed in, control plane unreachable or refusing.
    pub async fn erase_texts(&self, endpoint: &str, seq: u64, names: Vec<String>, basis: &str) -> Result<(), ConsoleError> {
        let engine = self.inner.engine()?;
        let seq = Seq::new(seq).ok_or_else(|| ConsoleError::NotFound {
            what: "entry",
            id: seq.to_string(),
        })?;
        let request = EraseText {
            seq,
            names,
            basis: basis.to_owned(),
        };
        let submitted = engine.api.erase(&endpoint_id(endpoint)?, &request).await?;
        engine.owe(endpoint, &submitted.checkpoint);
        Ok(())
    }
}

pub(super) fn client_id(client: &str) -> Result<ClientId, ConsoleError> {
    client.parse().map_err(|_| ConsoleError::NotFound {
        what: "client",
        id: marked_line(client),
    })
}

fn installer_id(installer: &str) -> Result<InstallerId, ConsoleError> {
    installer.parse().map_err(|_| ConsoleError::NotFound {
        what: "installer token",
        id: marked_line(installer),
    })
}

fn secret(engine: &Engine, secret: InstallerSecret) -> InstallerSecretView {
    // Quoted in both shells, so that nothing in an address is read as anything else.
    let control = engine.api.address().as_str().replace('\'', "%27");
    InstallerSecretView {
        installer: secret.installer.to_string(),
        // In the environment, where other people of that machine cannot see it. The service connects it, now and after every restart.
        unix_command: format!(
            "sudo CAISEY_TOKEN={} caisey-runtime enrol --control '{control}' && sudo caisey-runtime service install",
            secret.token
        ),
        windows_command: format!(
            "$env:CAISEY_TOKEN='{}'; caisey-runtime.exe enrol --control '{control}'; if ($?) {{ caisey-runtime.exe service install }}",
            secret.token
        ),
        token: secret.token,
    }
}
