//! What the organisation's own log says: every administrative change, in the entry format of all logs.
//!
//! Kinds and facts are this object's; a verifier of entries proves them like any kind that it does not know. Texts are named at each
//! variant. `by` is the member who asked; the control plane is the author.

use crate::journal::Journal;
use crate::store::StoreError;
use crate::turn::Turn;
use caisey_ledger::admission::Proved;
use caisey_ledger::disclosure::Disclosure;
use caisey_ledger::entry::{Actor, ENTRY_VERSION, SignedStatement, Statement};
use caisey_ledger::id::{ClientId, DeviceId, EndpointId, InstallerId, MemberId, Seq, ShareId, TimeMs};
use caisey_ledger::text::{TextSeed, commit};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// One administrative change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "facts", deny_unknown_fields)]
pub enum AdminEvent {
    /// A person's console made its key known. Texts: `label`, `name`.
    #[serde(rename = "device.registered")]
    DeviceRegistered {
        /// The console.
        device: DeviceId,
        /// Whose.
        member: MemberId,
        /// Ed25519 public key, standard base64.
        key: String,
        /// The role that the identity provider vouched for.
        role: String,
    },
    /// Texts: `name`.
    #[serde(rename = "client.created")]
    ClientCreated {
        /// The client.
        client: ClientId,
        /// Who asked.
        by: MemberId,
    },
    /// Texts: `name`, the new one.
    #[serde(rename = "client.renamed")]
    ClientRenamed {
        /// The client.
        client: ClientId,
        /// Who asked.
        by: MemberId,
    },
    /// Texts: `label`.
    #[serde(rename = "installer.created")]
    InstallerCreated {
        /// The token's public name.
        installer: InstallerId,
        /// Endpoints enrolled with it belong to this client.
        client: ClientId,
        /// Its end, milliseconds since the Unix epoch.
        expires_at_ms: u64,
        /// How many endpoints may enrol with it.
        max_uses: u32,
        /// Who asked.
        by: MemberId,
    },
    /// The old secret stopped working, a new one was handed out. Texts: none.
    #[serde(rename = "installer.rotated")]
    InstallerRotated {
        /// The token's public name.
        installer: InstallerId,
        /// Who asked.
        by: MemberId,
    },
    /// Texts: none.
    #[serde(rename = "installer.revoked")]
    InstallerRevoked {
        /// The token's public name.
        installer: InstallerId,
        /// Who asked.
        by: MemberId,
    },
    /// A machine enrolled. Texts: `hostname`.
    #[serde(rename = "endpoint.joined")]
    EndpointJoined {
        /// The endpoint.
        endpoint: EndpointId,
        /// Its client.
        client: ClientId,
        /// The token that it used.
        installer: InstallerId,
        /// Its Ed25519 public key, standard base64.
        key: String,
    },
    /// A machine was taken out of service; who asked for it is in its own log. Texts: none.
    #[serde(rename = "endpoint.left")]
    EndpointLeft {
        /// The endpoint.
        endpoint: EndpointId,
    },
    /// A version of a policy is in force from here on. Texts: `text`.
    #[serde(rename = "policy.published")]
    PolicyPublished {
        /// Which policy.
        policy: String,
        /// Its version.
        version: u64,
        /// SHA-256 of its text, lower-case hexadecimal.
        digest: String,
        /// Who asked.
        by: MemberId,
    },
    /// A contact said something for their client (docs/formats/consent.md). Texts: none.
    #[serde(rename = "contact.said")]
    ContactSaid {
        /// The client.
        client: ClientId,
        /// The statement's number in the client's chain.
        number: u64,
        /// What the next statement names as `previous`.
        digest: String,
        /// Which contact.
        by: MemberId,
    },
    /// From here on these contacts of a client get e-mail, and no others. Texts: `list`, a line `name <address>` for each.
    #[serde(rename = "client.mail_contacts_set")]
    MailContactsSet {
        /// The client.
        client: ClientId,
        /// Who they are.
        members: Vec<MemberId>,
        /// Who asked.
        by: MemberId,
    },
    /// From here on policies know this of an endpoint. Texts: none.
    #[serde(rename = "endpoint.traits_set")]
    EndpointTraitsSet {
        /// The endpoint.
        endpoint: EndpointId,
        /// A word that administrators chose.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        class: Option<String>,
        /// Whether a person sits at it.
        attended: bool,
        /// Whether it holds what must not get out.
        sensitive: bool,
        /// Who asked.
        by: MemberId,
    },
    /// Somebody who took no part attested or refused a snapshot. Texts: `reason`, of a refusal.
    #[serde(rename = "snapshot.reviewed")]
    SnapshotReviewed {
        /// SHA-256 of the snapshot, lower-case hexadecimal.
        snapshot: String,
        /// `attested` or `refused`.
        verdict: String,
        /// Who reviewed.
        member: MemberId,
        /// With which console.
        device: DeviceId,
        /// SHA-256 of the signed envelope, lower-case hexadecimal.
        envelope_sha256: String,
    },
    /// A link was made for a pack. Texts: `label`.
    #[serde(rename = "share.created")]
    ShareCreated {
        /// The link's public name.
        share: ShareId,
        /// SHA-256 of the pack, lower-case hexadecimal.
        pack: String,
        /// SHA-256 of its snapshot, lower-case hexadecimal.
        snapshot: String,
        /// Whether somebody who took no part attested it.
        reviewed: bool,
        /// Whether readers need a passphrase.
        passphrase: bool,
        /// Its end, milliseconds since the Unix epoch.
        expires_at_ms: u64,
        /// Who asked.
        by: MemberId,
    },
    /// The link shows another pack from now on. Texts: none.
    #[serde(rename = "share.refreshed")]
    ShareRefreshed {
        /// The link's public name.
        share: ShareId,
        /// SHA-256 of the new pack, lower-case hexadecimal.
        pack: String,
        /// SHA-256 of its snapshot, lower-case hexadecimal.
        snapshot: String,
        /// Whether somebody who took no part attested it.
        reviewed: bool,
        /// Who asked.
        by: MemberId,
    },
    /// The link ended and its pack was destroyed. Texts: none.
    #[serde(rename = "share.revoked")]
    ShareRevoked {
        /// The link's public name.
        share: ShareId,
        /// Who asked.
        by: MemberId,
    },
}

#[cfg(test)]
mod tests;

#[derive(Deserialize)]
struct Parts {
    kind: String,
    facts: Map<String, Value>,
}

impl AdminEvent {
    /// Places it in the organisation's log.
    ///
    /// # Errors
    /// The store's.
    pub(super) fn record(&self, turn: &mut Turn<'_>, journal: &mut Journal, texts: &[(&str, &str)]) -> Result<Seq, StoreError> {
        let now = turn.now;
        let said = self.said(journal.origin(), now, texts, || turn.seed())?;
        journal.append(turn.store, now, &said)
    }

    /// As a statement of the control plane in this log.
    fn said(
        &self,
        log: &str,
        at_ms: TimeMs,
        texts: &[(&str, &str)],
        mut seed: impl FnMut() -> TextSeed,
    ) -> Result<Proved, StoreError> {
        let ours = |error: String| StoreError::Refused(format!("the organisation's own statement is wrong: {error}"));
        let parts = serde_json::to_value(self)
            .and_then(serde_json::from_value::<Parts>)
            .map_err(|error| ours(error.to_string()))?;
        let mut statement = Statement {
            v: ENTRY_VERSION,
            log: log.to_owned(),
            at_ms,
            actor: Actor::Control {},
            kind: parts.kind,
            facts: parts.facts,
            session: None,
            action: None,
            counter: None,
            texts: BTreeMap::new(),
        };
        let mut disclosures = BTreeMap::new();
        for (name, text) in texts {
            let seed = seed();
            statement.texts.insert((*name).to_owned(), commit(text, &seed));
            disclosures.insert(
                (*name).to_owned(),
                Disclosure::Full {
                    text: (*text).to_owned(),
                    seed,
                },
            );
        }
        let said = Proved::own(SignedStatement {
            statement,
            signature: None,
            disclosures,
        });
        said.map_err(|fault| ours(fault.to_string()))
    }
}
