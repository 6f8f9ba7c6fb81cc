//! Signing in and out: who the person is, which cache is theirs, the key that signs for them on this machine, and the control plane's own
//! key, which is held to what this cache saw first.

use super::{Access, Console, SignedIn, closed, key_named};
use crate::cache::{Cache, schema};
use crate::error::ConsoleError;
use crate::profile::Profile;
use crate::sync::engine::{Engine, blocking};
use crate::view::{Connection, MeView, Notice};
use caisey_client::token::TokenSource;
use caisey_client::{Api, ControlUrl};
use caisey_ledger::id::{ClientId, DeviceId, MemberId, OrganisationId};
use caisey_protocol::http::{Me, RegisterDevice};
use caisey_protocol::role::Role;
use ed25519_dalek::{Signer, SigningKey};
use std::sync::Arc;

/// Where and as whom to sign in.
#[derive(Clone)]
pub struct SignIn {
    /// The control plane's base address, such as `https://control.example.com`.
    pub base_url: String,
    /// Tokens.
    pub tokens: Arc<dyn TokenSource>,
    /// Whether the control plane runs inside this program.
    pub embedded: bool,
}

/// The key that signs for a person on this machine.
pub(crate) struct Device {
    pub(crate) member: MemberId,
    pub(crate) device: DeviceId,
    /// For people.
    pub(crate) member_name: String,
    pub(crate) role: Role,
    /// Present exactly for contacts.
    pub(crate) client: Option<ClientId>,
    pub(crate) organisation: OrganisationId,
    pub(crate) key: SigningKey,
}

impl Console {
    /// Signs in, opens this person's cache, makes and registers the device's signing key if there is none, and starts to synchronise.
    /// Signing in as somebody else closes the other cache first.
    ///
    /// # Errors
    /// The control plane's refusal, unreachable control plane, key store, disk.
    pub async fn sign_in(&self, sign_in: SignIn) -> Result<MeView, ConsoleError> {
        if self.inner.config.access == Access::ReadOnly {
            return Err(ConsoleError::ReadOnly);
        }
        let _turn = self.inner.turn.lock().await;
        let address: ControlUrl = sign_in
            .base_url
            .parse()
            .map_err(|error| ConsoleError::Invalid(format!("{error}.")))?;
        let api = Api::new(address, sign_in.tokens)?;
        let me = api.me().await?;
        let profile = Profile {
            organisation: me.organisation.to_string(),
            member: me.member.to_string(),
        };
        self.inner.state().signed_in = None;
        if self.inner.state().profile.as_ref() != Some(&profile) {
            // What somebody else had open is theirs.
            self.inner.clear_desk();
            let other = self.inner.state().cache.take();
            if let Some(other) = other {
                closed(other).await;
            }
            self.open_cache(profile.clone()).await?;
        }
        let device = Arc::new(self.device(&api, &me, &profile).await?);
        let evidence = api.key_evidence(&device.device).await.ok();
        let view = me_view(&me, sign_in.embedded);
        let cache = self.inner.cache()?;
        let key = self.pin(Arc::clone(&cache), &me, &view).await?;
        self.keep_evidence(&device, &view, evidence).await?;
        let folder = self.inner.config.data_dir.clone();
        blocking(move || profile.remember(&folder)).await?;
        self.inner.hub.state().numbers.clear();
        self.inner.hub.set_connection(Connection::Connecting {});
        if let Some(key) = key {
            let origin = format!("{}/{}/", me.authority, me.organisation);
            let (hub, ports) = (Arc::clone(&self.inner.hub), self.inner.ports.clone());
            let engine = Engine::new(api, cache, hub, ports, key, origin, Arc::clone(&device));
            let tasks = engine.start();
            self.inner.state().signed_in = Some(SignedIn { engine, device, tasks });
        }
        self.inner.hub.changed();
        Ok(view)
    }

    /// Stops synchronising and forgets the tokens. The cache stays open for reading.
    ///
    /// # Errors
    /// None at present.
    pub async fn sign_out(&self) -> Result<(), ConsoleError> {
        let _turn = self.inner.turn.lock().await;
        self.inner.state().signed_in = None;
        self.inner.hub.drop_notice("sign_in_needed", None);
        self.inner.hub.set_connection(Connection::SignedOut {});
        Ok(())
    }

    /// The signing key of this person on this machine, made once, known to the control plane.
    async fn device(&self, api: &Api, me: &Me, profile: &Profile) -> Result<Device, ConsoleError> {
        let (ports, name) = (self.inner.ports.clone(), profile.device_key_name());
        let secret = blocking(move || key_named(&ports, &name, true)).await?;
        let key = SigningKey::from_bytes(&secret);
        let proof = key.sign(format!("{}\n{}\n", caisey_protocol::http::DEVICE_CONTEXT, me.member).as_bytes());
        let request = RegisterDevice {
            key: base64_of(key.verifying_key().as_bytes()),
            label: self.inner.config.device_label.clone(),
            proof: base64_of(&proof.to_bytes()),
        };
        let registered = api.register_device(&request).await?;
        if registered.member != me.member || registered.key != request.key {
            return Err(ConsoleError::Untrusted(
                "it registered another key or person than this one".to_owned(),
            ));
        }
        Ok(Device {
            member: me.member.clone(),
            device: registered.device,
            member_name: me.name.clone(),
            role: me.role,
            client: me.client.clone(),
            organisation: me.organisation.clone(),
            key,
        })
    }

    /// Holds the control plane to the key and name that this cache saw first. None when they changed: nothing may be synchronised then.
    async fn pin(&self, cache: Arc<Cache>, me: &Me, view: &MeView) -> Result<Option<[u8; 32]>, ConsoleError> {
        let key = key_bytes(&me.checkpoint_key)
            .ok_or_else(|| ConsoleError::Untrusted("its checkpoint key is not 32 bytes in base64".to_owned()))?;
        let view = serde_json::to_string(view).map_err(|error| ConsoleError::Internal(error.to_string()))?;
        let offered = format!("{} {}", me.authority, me.checkpoint_key);
        let known = {
            let offered = offered.clone();
            blocking(move || {
                cache.write(|tx| {
                    let known = schema::get(tx, "pinned")?;
                    if known.is_none() {
                        schema::put(tx, "pinned", &offered)?;
                    }
                    schema::put(tx, "me", &view)?;
                    Ok(known.unwrap_or(offered))
                })
            })
            .await?
        };
        if known == offered {
            self.inner.hub.drop_notice("checkpoint_key_changed", None);
            return Ok(Some(key));
        }
        self.inner.hub.notice(Notice {
            code: "checkpoint_key_changed".to_owned(),
            severity: "danger".to_owned(),
            message: "The control plane's name or the key that signs its checkpoints is not the one that this console saw first. It may have \
                      been replaced or rebuilt from a copy. Nothing is synchronised from it; everything stored before can be read. Ask \
                      whoever runs the control plane why the key changed before you trust it."
                .to_owned(),
            endpoint: None,
            evidence: vec![known, offered],
        });
        Ok(None)
    }
}

fn me_view(me: &Me, embedded: bool) -> MeView {
    let role = serde_json::to_value(me.role)
        .ok()
        .and_then(|value| value.as_str().map(str::to_owned))
        .unwrap_or_default();
    MeView {
        member: me.member.to_string(),
        name: crate::visible::marked_line(&me.name),
        role,
        organisation_name: crate::visible::marked_line(&me.organisation_name),
        embedded,
        client: me.client.as_ref().map(ToString::to_string),
    }
}

pub(crate) fn base64_of(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

pub(super) fn key_bytes(text: &str) -> Option<[u8; 32]> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.decode(text).ok()?.try_into().ok()
}
