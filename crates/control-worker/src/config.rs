//! What a deployment is told: its authority, its issuers, and the key that signs checkpoints.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use caisey_control::issuer::IssuerConfig;
use caisey_control::port::Signer;
use ed25519_dalek::{Signer as _, SigningKey};
use serde::Deserialize;

/// As JavaScript passes it on from the deployment's variables and secrets.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// What goes before the first slash of every log's origin. Fixed for the life of its data.
    pub(crate) authority: String,
    /// Accepted issuers.
    #[serde(default)]
    pub(crate) issuers: Vec<IssuerConfig>,
    /// Ed25519 seed of the checkpoint key, 32 bytes, standard base64.
    checkpoint_key: String,
}

impl Config {
    /// Checks what a person wrote.
    pub(crate) fn read(json: &[u8]) -> Result<(Self, Key), String> {
        let config: Self = serde_json::from_slice(json).map_err(|error| format!("the configuration cannot be read: {error}"))?;
        let letters = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-');
        if !(1..=253).contains(&config.authority.len()) || !config.authority.chars().all(letters) {
            return Err("the authority must be 1 to 253 letters, digits, dots and hyphens".to_owned());
        }
        let seed = STANDARD.decode(config.checkpoint_key.trim()).ok();
        let seed: Option<[u8; 32]> = seed.and_then(|seed| seed.try_into().ok());
        let seed = seed.ok_or("the checkpoint key must be 32 bytes in standard base64; `openssl rand -base64 32` makes one")?;
        Ok((config, Key(SigningKey::from_bytes(&seed))))
    }
}

/// Signs checkpoints.
pub(crate) struct Key(SigningKey);

impl Key {
    pub(crate) fn public_base64(&self) -> String {
        STANDARD.encode(self.public_key())
    }
}

impl Signer for Key {
    fn public_key(&self) -> [u8; 32] {
        self.0.verifying_key().to_bytes()
    }

    fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }
}
