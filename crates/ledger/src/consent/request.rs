//! What is to be approved, and its digest.

use super::fault::ConsentFault;
use super::{CONSENT_VERSION, hex};
use crate::canonical;
use crate::entry::SignedStatement;
use crate::event::{Event, Interpreter};
use crate::hash::Hash;
use crate::id::{ActionId, EndpointId, SessionId, TimeMs};
use crate::statement::signing_bytes;
use crate::text::Commitment;
use serde::{Deserialize, Serialize};

/// What goes before a request's canonical bytes when it is hashed: this line and a line feed.
pub const REQUEST_CONTEXT: &str = "caisey.consent.request/v1\n";

/// Who may answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Approver {
    /// The client's authorised contact.
    Contact,
    /// A member of the organisation other than the requester: owner or administrator.
    Member,
    /// An owner of the organisation other than the requester.
    Owner,
}

impl Approver {
    /// Whether somebody who speaks as `other` is one of these.
    pub fn includes(self, other: Self) -> bool {
        self == other || (self == Self::Member && other == Self::Owner)
    }
}

/// How sure an answer has to be, from least to most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Assurance {
    /// An answer over a link, with the number typed in, signed by nobody.
    Link,
    /// Signed with the approver's device key.
    Signed,
    /// Signed, and the approver typed the number that the requester's screen shows.
    Number,
}

/// Exactly what is to be approved. One changed byte gives another digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// Always [`CONSENT_VERSION`].
    pub v: u32,
    /// Origin of the endpoint's log.
    pub log: String,
    /// The endpoint, which is also the last part of `log`.
    pub endpoint: EndpointId,
    /// The session.
    pub session: SessionId,
    /// The action; it runs at most once, and so is the consent used.
    pub action: ActionId,
    /// SHA-256 of the bytes that the requester signed as `action.proposed`, lower-case hexadecimal: who asks, why, and everything else.
    pub proposal: String,
    /// What will read the command.
    pub interpreter: Interpreter,
    /// The command is killed after this many milliseconds.
    pub timeout_ms: u64,
    /// Commitment to the exact command (docs/formats/text.md), as in the proposal.
    pub command: Commitment,
    /// Commitment to the working directory, when the proposal names one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cwd: Option<Commitment>,
    /// SHA-256 of the state that the approver was shown, when the endpoint must find the same before it runs; lower-case hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// What the control plane found the command to be: `read_only`, `changing`, `destructive` or `opaque`.
    pub class: String,
    /// The policy that asks, by name.
    pub policy: String,
    /// Its version.
    pub policy_version: u64,
    /// Whose answer counts.
    pub approver: Approver,
    /// How many different people have to say yes.
    pub needed: u32,
    /// What an answer has to be at least.
    pub assurance: Assurance,
    /// The request lapses at this time, by the control plane's clock.
    pub expires_at_ms: TimeMs,
    /// 32 bytes that nobody has seen, standard base64.
    pub nonce: String,
}

/// What a request adds to the proposal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// See [`Request::before`].
    pub before: Option<String>,
    /// See [`Request::class`].
    pub class: String,
    /// See [`Request::policy`].
    pub policy: String,
    /// See [`Request::policy_version`].
    pub policy_version: u64,
    /// See [`Request::approver`].
    pub approver: Approver,
    /// See [`Request::needed`].
    pub needed: u32,
    /// See [`Request::assurance`].
    pub assurance: Assurance,
    /// See [`Request::expires_at_ms`].
    pub expires_at_ms: TimeMs,
    /// See [`Request::nonce`].
    pub nonce: [u8; 32],
}

/// SHA-256 of the bytes that a proposal's author signed, lower-case hexadecimal.
///
/// # Errors
/// When the statement has no canonical form.
pub fn proposal_digest(proposal: &SignedStatement) -> Result<String, ConsentFault> {
    let bytes = signing_bytes(&proposal.statement).map_err(|_| ConsentFault::NotAProposal)?;
    Ok(hex(Hash::of(&bytes)))
}

impl Request {
    /// The request to approve this proposal on these terms.
    ///
    /// # Errors
    /// When the statement is not a proposal, or names no endpoint, session or action.
    pub fn about(proposal: &SignedStatement, terms: Terms) -> Result<Self, ConsentFault> {
        let statement = &proposal.statement;
        let event = Event::from_parts(&statement.kind, &statement.facts).ok().flatten();
        let Some(Event::ActionProposed {
            interpreter, timeout_ms, ..
        }) = event
        else {
            return Err(ConsentFault::NotAProposal);
        };
        let endpoint = statement.log.rsplit('/').next().and_then(|last| last.parse().ok());
        let (Some(endpoint), Some(session), Some(action), Some(command)) = (
            endpoint,
            statement.session.clone(),
            statement.action.clone(),
            statement.texts.get("command").cloned(),
        ) else {
            return Err(ConsentFault::NotAProposal);
        };
        Ok(Self {
            v: CONSENT_VERSION,
            log: statement.log.clone(),
            endpoint,
            session,
            action,
            proposal: proposal_digest(proposal)?,
            interpreter,
            timeout_ms,
            command,
            cwd: statement.texts.get("cwd").cloned(),
            before: terms.before,
            class: terms.class,
            policy: terms.policy,
            policy_version: terms.policy_version,
            approver: terms.approver,
            needed: terms.needed,
            assurance: terms.assurance,
            expires_at_ms: terms.expires_at_ms,
            nonce: crate::hash::encode_base64(&terms.nonce, &mut [0; 44]).to_owned(),
        })
    }

    /// SHA-256 of [`REQUEST_CONTEXT`] and the request's canonical JSON, lower-case hexadecimal.
    ///
    /// # Errors
    /// When the request has no canonical form.
    pub fn digest(&self) -> Result<String, ConsentFault> {
        let json = canonical::to_string(self).map_err(|_| ConsentFault::NotCanonical)?;
        canonical::check(&json).map_err(|_| ConsentFault::NotCanonical)?;
        Ok(hex(Hash::of(&[REQUEST_CONTEXT, &json].concat().into_bytes())))
    }

    /// Whether this is a request about exactly that proposal.
    ///
    /// # Errors
    /// Names the first thing that differs.
    pub fn check_about(&self, proposal: &SignedStatement) -> Result<(), ConsentFault> {
        if self.v != CONSENT_VERSION {
            return Err(ConsentFault::Version { found: self.v });
        }
        let terms = Terms {
            before: self.before.clone(),
            class: self.class.clone(),
            policy: self.policy.clone(),
            policy_version: self.policy_version,
            approver: self.approver,
            needed: self.needed,
            assurance: self.assurance,
            expires_at_ms: self.expires_at_ms,
            nonce: crate::hash::decode_base64(&self.nonce).ok_or(ConsentFault::Differs { what: "nonce" })?,
        };
        let proposed = Self::about(proposal, terms)?;
        let same = [
            ("endpoint", self.endpoint == proposed.endpoint && self.log == proposed.log),
            ("session", self.session == proposed.session),
            ("action", self.action == proposed.action),
            ("interpreter", self.interpreter == proposed.interpreter),
            ("time limit", self.timeout_ms == proposed.timeout_ms),
            ("command", self.command == proposed.command),
            ("working directory", self.cwd == proposed.cwd),
            ("proposal", self.proposal == proposed.proposal),
        ];
        match same.into_iter().find(|(_, same)| !same) {
            None => Ok(()),
            Some((what, _)) => Err(ConsentFault::Differs { what }),
        }
    }
}
