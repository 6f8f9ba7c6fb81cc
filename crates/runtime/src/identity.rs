//! Who this endpoint is: the key that it made for itself, and where it is enrolled.
//!
//! The secret key is made here, is kept in one file of the state directory, and is never sent, printed or logged.

use crate::state::{StateDir, StateError};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use caisey_client::ControlUrl;
use caisey_ledger::id::{ClientId, EndpointId, OrganisationId};
use ed25519_dalek::{Signer, SigningKey};
use serde::{Deserialize, Serialize};

const KEY_FILE: &str = "endpoint.key";
const ENROLMENT_FILE: &str = "enrolment.json";

/// What is wrong with an endpoint's identity.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// Its files cannot be read or written.
    #[error(transparent)]
    State(#[from] StateError),
    /// No randomness to be had.
    #[error("the operating system gives no randomness: {0}")]
    Randomness(String),
    /// The key file is damaged.
    #[error("the key file is damaged; this endpoint has to be enrolled anew (remove the state directory)")]
    DamagedKey,
    /// The enrolment file is damaged.
    #[error("the enrolment file is damaged ({0}); enrol again with the same state directory")]
    DamagedEnrolment(String),
    /// Not enrolled.
    #[error("this machine is not enrolled; run: caisey-runtime enrol --control URL --token TOKEN")]
    NotEnrolled,
}

/// The endpoint's Ed25519 key.
pub struct EndpointKey(SigningKey);

impl EndpointKey {
    /// Reads the key, or makes one when there is none.
    ///
    /// # Errors
    /// [`IdentityError`].
    pub fn load_or_create(state: &StateDir) -> Result<Self, IdentityError> {
        if let Some(key) = Self::load(state)? {
            return Ok(key);
        }
        let mut secret = [0u8; 32];
        getrandom::fill(&mut secret).map_err(|error| IdentityError::Randomness(error.to_string()))?;
        let key = Self(SigningKey::from_bytes(&secret));
        state.write(KEY_FILE, format!("{}\n", STANDARD.encode(secret)).as_bytes())?;
        Ok(key)
    }

    /// Reads the key.
    ///
    /// # Errors
    /// [`IdentityError`].
    pub fn load(state: &StateDir) -> Result<Option<Self>, IdentityError> {
        let Some(bytes) = state.read(KEY_FILE)? else { return Ok(None) };
        let secret = STANDARD
            .decode(bytes.trim_ascii())
            .ok()
            .and_then(|secret| <[u8; 32]>::try_from(secret).ok());
        secret
            .map(|secret| Some(Self(SigningKey::from_bytes(&secret))))
            .ok_or(IdentityError::DamagedKey)
    }

    /// Public key, standard base64.
    pub fn public(&self) -> String {
        STANDARD.encode(self.0.verifying_key().as_bytes())
    }

    /// Signature over a message, standard base64.
    pub(crate) fn sign(&self, message: &[u8]) -> String {
        STANDARD.encode(self.0.sign(message).to_bytes())
    }

    /// Public key, and what signs with the secret.
    pub(crate) fn signer(&self) -> ([u8; 32], impl FnOnce(&[u8]) -> [u8; 64] + '_) {
        (self.0.verifying_key().to_bytes(), |message| self.0.sign(message).to_bytes())
    }

    pub(crate) fn signing_key(&self) -> &SigningKey {
        &self.0
    }
}

/// Where this endpoint is enrolled. Written once, when the control plane has answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enrolment {
    /// Address of the control plane.
    pub control: String,
    /// Who this endpoint is.
    pub endpoint: EndpointId,
    /// Its log's origin: `<authority>/<organisation>/<endpoint>`.
    pub log: String,
    /// The key that signs checkpoints, pinned here: Ed25519, 32 bytes, standard base64.
    pub checkpoint_key: String,
    /// The client that it belongs to, unless it enrolled with a control plane that did not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<ClientId>,
}

impl Enrolment {
    /// Reads it.
    ///
    /// # Errors
    /// [`IdentityError`].
    pub fn load(state: &StateDir) -> Result<Option<Self>, IdentityError> {
        let Some(bytes) = state.read(ENROLMENT_FILE)? else {
            return Ok(None);
        };
        let enrolment: Self =
            serde_json::from_slice(&bytes).map_err(|error| IdentityError::DamagedEnrolment(error.to_string()))?;
        enrolment.check()?;
        Ok(Some(enrolment))
    }

    /// Stores it.
    ///
    /// # Errors
    /// [`IdentityError`].
    pub fn store(&self, state: &StateDir) -> Result<(), IdentityError> {
        self.check()?;
        let json = serde_json::to_vec_pretty(self).map_err(|error| IdentityError::DamagedEnrolment(error.to_string()))?;
        Ok(state.write(ENROLMENT_FILE, &json)?)
    }

    /// The organisation, which the log's origin names.
    pub fn organisation(&self) -> Option<OrganisationId> {
        let mut parts = self.log.rsplit('/');
        let endpoint = parts.next()?;
        (endpoint == self.endpoint.as_str())
            .then(|| parts.next())?
            .and_then(|part| part.parse().ok())
    }

    /// The checkpoint key's bytes.
    pub(crate) fn checkpoint_key_bytes(&self) -> Option<[u8; 32]> {
        STANDARD.decode(&self.checkpoint_key).ok()?.try_into().ok()
    }

    fn check(&self) -> Result<(), IdentityError> {
        let wrong = |what: &str| IdentityError::DamagedEnrolment(what.to_owned());
        self.control
            .parse::<ControlUrl>()
            .map_err(|error| wrong(&error.to_string()))?;
        self.organisation()
            .ok_or_else(|| wrong("the log's origin does not name organisation and endpoint"))?;
        self.checkpoint_key_bytes()
            .ok_or_else(|| wrong("the checkpoint key is not 32 bytes of base64"))?;
        Ok(())
    }
}
