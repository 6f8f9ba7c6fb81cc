//! May this be done here? The endpoint's own answer, whatever the control plane says.
//!
//! Promises: once anybody has spoken for the client, an action that this endpoint does not itself find to be read-only runs only on decisions
//! signed by contacts whose keys it knows, about exactly this proposal, not lapsed and no less than the floors that a contact signed, or on a
//! pre-authorisation that a contact signed. What it knows of keys, floors and pre-authorisations only ever changes by statements that continue its own
//! chain; it is on disk before it is acted on, and keys and floors are on record. An action runs at most once (the outbox never forgets one), so a
//! consent is used at most once.
//!
//! Follows docs/formats/consent.md. Leaves out: policies, and who is asked.

use crate::outbox::{NotStored, Outbox, Weight};
use crate::proposal::{Proposal, Refusal};
use crate::state::{StateDir, StateError};
use crate::voice::Voice;
use caisey_command::ActionClass;
use caisey_ledger::consent::{Basis, Consent, ContactSaid, Deed, Floor, SignedContactStatement, Trust, TrustFault, permitted};
use caisey_ledger::entry::{Actor, SignedStatement};
use caisey_ledger::event::{Event, TrustSource};
use caisey_ledger::id::{ClientId, EndpointId, OrganisationId, TimeMs};
use serde::{Deserialize, Serialize};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

const FILE: &str = "contacts.json";

/// What is wrong with what is known of the client's contacts.
#[derive(Debug, thiserror::Error)]
pub enum ContactsError {
    /// The file.
    #[error(transparent)]
    State(#[from] StateError),
    /// Its content. Nothing that needs consent may run, so nothing runs at all.
    #[error(
        "the file of the client's contacts is damaged ({0}); restore it, or enrol this machine anew in another state directory"
    )]
    Damaged(String),
    /// What the control plane told of them.
    #[error("the control plane's list of the client's contacts does not hold; enrol again, and ask the provider if that repeats")]
    Told(#[source] TrustFault),
}

/// What is on disk: the chain, where it began, and how much of it is on record.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    /// How the first statement came here.
    source: Option<TrustSource>,
    chain: Vec<SignedContactStatement>,
    /// Statements that this endpoint has said that it believes.
    on_record: usize,
}

struct Known {
    kept: Kept,
    trust: Option<Trust>,
}

/// What this endpoint knows of the client's contacts. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Contacts {
    state: StateDir,
    organisation: OrganisationId,
    endpoint: EndpointId,
    client: Option<ClientId>,
    known: Arc<Mutex<Known>>,
}

/// Keeps the chain that came with the enrolment.
pub(crate) fn pin(
    state: &StateDir,
    organisation: &OrganisationId,
    client: Option<&ClientId>,
    chain: Vec<SignedContactStatement>,
) -> Result<(), ContactsError> {
    replay(organisation, client, &chain).map_err(ContactsError::Told)?;
    let kept = Kept {
        source: (!chain.is_empty()).then_some(TrustSource::Enrolment),
        chain,
        on_record: 0,
    };
    store(state, &kept)
}

fn store(state: &StateDir, kept: &Kept) -> Result<(), ContactsError> {
    let json = serde_json::to_vec(kept).map_err(|error| ContactsError::Damaged(error.to_string()))?;
    Ok(state.write(FILE, &json)?)
}

/// What a chain comes to; none for an empty one. The client is the enrolment's, or else the one that the first statement names.
fn replay(
    organisation: &OrganisationId,
    client: Option<&ClientId>,
    chain: &[SignedContactStatement],
) -> Result<Option<Trust>, TrustFault> {
    let Some(first) = chain.first() else { return Ok(None) };
    Trust::replay(organisation, client.unwrap_or(&first.statement.client), chain).map(Some)
}

impl Contacts {
    pub(crate) fn load(
        state: &StateDir,
        organisation: &OrganisationId,
        endpoint: &EndpointId,
        client: Option<&ClientId>,
    ) -> Result<Self, ContactsError> {
        let kept = match state.read(FILE)? {
            None => Kept::default(),
            Some(bytes) => serde_json::from_slice::<Kept>(&bytes).map_err(|error| ContactsError::Damaged(error.to_string()))?,
        };
        let trust = replay(organisation, client, &kept.chain).map_err(|fault| ContactsError::Damaged(fault.to_string()))?;
        Ok(Self {
            state: state.clone(),
            organisation: organisation.clone(),
            endpoint: endpoint.clone(),
            client: client.cloned(),
            known: Arc::new(Mutex::new(Known { kept, trust })),
        })
    }

    /// Whether the action may run here. Returns the digest of the state that it must find first, if the consent is for that state only.
    ///
    /// # Errors
    /// A refusal, which is recorded.
    pub(crate) fn authorise(
        &self,
        signed: &SignedStatement,
        proposal: &Proposal,
        consent: Option<&Consent>,
        now: TimeMs,
    ) -> Result<Option<String>, Refusal> {
        if !matches!(proposal.actor, Actor::Member { .. } | Actor::Agent { .. }) {
            return Err(Refusal::new(
                "not_authorised",
                "Only a member, or an agent on a member's behalf, may propose actions. Nothing was run here. Sign in as one and propose it again.",
            ));
        }
        let known = self.known();
        let Some(trust) = &known.trust else { return Ok(None) };
        let deed = Deed {
            proposal: signed,
            class: class(proposal).word(),
            now,
        };
        let basis = permitted(trust, deed, consent).map_err(|fault| Refusal::new(fault.code(), fault.to_string()))?;
        tracing::debug!(action = %proposal.about.action, ?basis, "permitted");
        let before = consent.and_then(|consent| consent.request.as_ref()?.before.clone());
        if before.is_some() && proposal.probe.is_none() {
            return Err(Refusal::new(
                "state_changed",
                "The approval is for a certain state, but the action names no probe that reads it. Propose it again with a probe.",
            ));
        }
        Ok(before.filter(|_| matches!(basis, Basis::Approved(_))))
    }

    /// Takes what continues the chain; says on record what it comes to, or why it was not believed.
    pub(crate) async fn learn(&self, statements: Vec<SignedContactStatement>, voice: &Voice, outbox: &Outbox) {
        let contacts = self.clone();
        let learned = tokio::task::spawn_blocking(move || contacts.take(statements)).await;
        match learned {
            Ok(Ok(())) => self.put_on_record(voice, outbox).await,
            Ok(Err(fault)) => {
                tracing::warn!(%fault, "what was said in the client's name was not believed");
                let event = Event::ContactRefused {
                    code: fault.code().to_owned(),
                };
                say(voice, outbox, &event, &[("detail", &fault.to_string())]).await;
            }
            Err(error) => tracing::error!(%error, "statements of contacts could not be looked at"),
        }
    }

    fn take(&self, statements: Vec<SignedContactStatement>) -> Result<(), TrustFault> {
        let mut known = self.known();
        let mut kept = known.kept.clone();
        let mut trust = known.trust.clone();
        for signed in statements {
            let place = usize::try_from(signed.statement.number)
                .ok()
                .and_then(|number| number.checked_sub(1));
            match place.and_then(|place| kept.chain.get(place)) {
                // Told again.
                Some(same) if *same == signed => continue,
                Some(_) => {
                    return Err(TrustFault::NotNext {
                        found: signed.statement.number,
                        last: kept.chain.len() as u64,
                    });
                }
                None => {}
            }
            let client = self.client.clone().unwrap_or_else(|| signed.statement.client.clone());
            trust
                .get_or_insert_with(|| Trust::new(self.organisation.clone(), client))
                .apply(&signed)?;
            kept.source.get_or_insert(TrustSource::FirstUse);
            kept.chain.push(signed);
        }
        if kept.chain.len() > known.kept.chain.len() {
            if let Err(error) = store(&self.state, &kept) {
                // Not durable, so not believed: the control plane tells it again with the next connection.
                tracing::error!(%error, "the client's contacts could not be stored");
                return Ok(());
            }
            *known = Known { kept, trust };
        }
        Ok(())
    }

    /// Says whom this endpoint believes, as far as it has not been said yet.
    pub(crate) async fn put_on_record(&self, voice: &Voice, outbox: &Outbox) {
        loop {
            let next = {
                let known = self.known();
                let at = known.kept.on_record;
                let Some(signed) = known.kept.chain.get(at) else { return };
                (at, said(signed, at, known.kept.source, &self.endpoint))
            };
            let (at, event) = next;
            if let Some(event) = event
                && !say(voice, outbox, &event, &[]).await
            {
                return;
            }
            let mut known = self.known();
            known.kept.on_record = at + 1;
            if let Err(error) = store(&self.state, &known.kept) {
                // It would be said once more after a restart, which is true then too.
                tracing::warn!(%error, "what is on record of contacts could not be noted");
            }
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The worse of what command and probe do: both are run.
fn class(proposal: &Proposal) -> ActionClass {
    let of = |text: &str| caisey_command::read(proposal.interpreter, text).class;
    let probe = proposal.probe.as_deref().map_or(ActionClass::ReadOnly, of);
    of(&proposal.command).max(probe)
}

/// What this endpoint says of a statement that it believes: whose key counts, and the least that answers have to be here.
fn said(signed: &SignedContactStatement, at: usize, source: Option<TrustSource>, endpoint: &EndpointId) -> Option<Event> {
    let number = signed.statement.number;
    match &signed.statement.says {
        ContactSaid::KeyIntroduced { member, device, key } => Some(Event::ContactTrusted {
            member: member.clone(),
            device: device.clone(),
            key: key.clone(),
            source: match source {
                Some(source) if at == 0 => source,
                _ => TrustSource::Statement,
            },
            number,
        }),
        ContactSaid::KeyRevoked { device } => Some(Event::ContactDistrusted {
            device: device.clone(),
            number,
        }),
        ContactSaid::FloorSet(floor) if floor.holds_on(endpoint) => Some(Event::ContactFloorSet {
            name: floor.name.clone(),
            class: floor.class.clone(),
            needed: floor.needed,
            assurance: floor.assurance,
            except: floor.except.clone(),
            number,
        }),
        // For other endpoints: one of the same name that held here has been replaced.
        ContactSaid::FloorSet(Floor { name, .. }) | ContactSaid::FloorWithdrawn { name } => Some(Event::ContactFloorEnded {
            name: name.clone(),
            number,
        }),
        ContactSaid::PreAuthorisationGranted(_)
        | ContactSaid::PreAuthorisationWithdrawn { .. }
        | ContactSaid::PolicyAgreed { .. } => None,
    }
}

async fn say(voice: &Voice, outbox: &Outbox, event: &Event, texts: &[(&str, &str)]) -> bool {
    let stored = match voice.draft(None, event, texts) {
        Ok(draft) => outbox.say(draft, Weight::Essential, None).await.map(drop),
        Err(error) => Err(NotStored::Failed(error.to_string())),
    };
    if let Err(error) = &stored {
        tracing::error!(%error, "a statement about the client's contacts could not be stored");
    }
    stored.is_ok()
}
