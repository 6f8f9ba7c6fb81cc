//! Becoming an endpoint: one request, made with an installer token. Safe to repeat: the key is made and stored first, and the control
//! plane answers the same key with the same endpoint.

use crate::consent::{self, ContactsError};
use crate::identity::{EndpointKey, Enrolment, IdentityError};
use crate::machine;
use crate::state::StateDir;
use caisey_client::{Api, ApiError, ControlUrl};
use caisey_protocol::PROTOCOL_VERSION;
use caisey_protocol::http::{ENROL_CONTEXT, EnrolRequest};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;

/// Why this machine did not become an endpoint.
#[derive(Debug, thiserror::Error)]
pub enum EnrolError {
    /// Its own files.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The control plane would not, or could not be asked.
    #[error("the control plane did not enrol this machine")]
    Api(#[from] ApiError),
    /// The client's contacts, as the control plane told of them.
    #[error(transparent)]
    Contacts(#[from] ContactsError),
    /// It is one already, elsewhere.
    #[error("this machine is already enrolled at {0} as {1}; use another state directory, or remove this one to give that up")]
    Elsewhere(String, String),
}

/// Enrols this machine, or confirms that it is enrolled there already.
///
/// # Errors
/// [`EnrolError`].
pub async fn enrol(state: &StateDir, control: &ControlUrl, installer_token: &str) -> Result<Enrolment, EnrolError> {
    if let Some(present) = Enrolment::load(state)? {
        if present.control == control.as_str() {
            return Ok(present);
        }
        return Err(EnrolError::Elsewhere(present.control, present.endpoint.to_string()));
    }
    let key = EndpointKey::load_or_create(state)?;
    let request = EnrolRequest {
        version: PROTOCOL_VERSION,
        installer_token: installer_token.to_owned(),
        key: key.public(),
        proof: key.sign(proof_message(installer_token).as_bytes()),
        hostname: machine::hostname(),
        os: std::env::consts::OS.to_owned(),
        arch: std::env::consts::ARCH.to_owned(),
        runtime_version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    let answer = Api::anonymous(control.clone())?.enrol(&request).await?;
    let enrolment = Enrolment {
        control: control.as_str().to_owned(),
        endpoint: answer.endpoint,
        log: answer.log,
        checkpoint_key: answer.checkpoint_key,
        client: answer.client,
    };
    // Whose consent counts is pinned before there is anything that could be run.
    if let Some(organisation) = enrolment.organisation() {
        consent::pin(state, &organisation, enrolment.client.as_ref(), answer.contacts)?;
    }
    enrolment.store(state)?;
    Ok(enrolment)
}

/// What the endpoint signs: context, the token's digest (so that the signature gives nothing away), each with a line feed.
fn proof_message(installer_token: &str) -> String {
    format!("{ENROL_CONTEXT}\n{}\n", hex(&Sha256::digest(installer_token.as_bytes())))
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}
