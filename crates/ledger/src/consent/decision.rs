//! Whether an action may run: decisions against a request, a request against a proposal, and everything against the client's keys.

use super::beforehand::Beforehand;
use super::fault::ConsentFault;
use super::floor::Least;
use super::request::{Approver, Assurance, Request};
use super::trust::Trust;
use crate::entry::{Actor, SignedStatement};
use crate::event::{Channel, Decision, Event};
use crate::id::{EndpointId, MemberId, TimeMs};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// An approval may be used this long after it lapsed by the user's own clock, in milliseconds: clocks differ.
pub const CLOCK_LEEWAY_MS: u64 = 120_000;

/// What comes with an action that was authorised: the control plane's word, and what proves it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Consent {
    /// How the permission came about, by the control plane's word.
    pub channel: Channel,
    /// What was asked, when somebody was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<Request>,
    /// The `approval.decided` statements as their authors signed them; texts need not be disclosed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub decisions: Vec<SignedStatement>,
}

/// What is to be done, as whoever is to do it found it.
#[derive(Debug, Clone, Copy)]
pub struct Deed<'a> {
    /// The proposal. Its own signature has been verified.
    pub proposal: &'a SignedStatement,
    /// The action's class by the doer's own reading of the command: `read_only`, `changing`, `destructive` or `opaque`.
    pub class: &'a str,
    /// The doer's own clock.
    pub now: TimeMs,
}

/// On what an action runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Basis {
    /// No contact has ever spoken for this client: the control plane's word is all there is.
    NotPinned,
    /// It only reads.
    ReadOnly,
    /// These people said yes, and their signatures hold.
    Approved(BTreeSet<MemberId>),
    /// A contact allowed it beforehand.
    PreAuthorised {
        /// The pre-authorisation's name.
        name: String,
        /// The number of the statement that granted it.
        number: u64,
    },
}

/// Whether an action may run here, whatever the control plane says.
///
/// # Errors
/// Why it may not.
pub fn permitted(trust: &Trust, deed: Deed<'_>, consent: Option<&Consent>) -> Result<Basis, ConsentFault> {
    if !trust.is_pinned() {
        return Ok(Basis::NotPinned);
    }
    if deed.class == "read_only" {
        return Ok(Basis::ReadOnly);
    }
    let missing = || ConsentFault::Missing {
        class: deed.class.to_owned(),
    };
    let consent = consent.ok_or_else(missing)?;
    let endpoint = deed.proposal.statement.log.rsplit('/').next();
    let endpoint: EndpointId = endpoint
        .and_then(|last| last.parse().ok())
        .ok_or(ConsentFault::NotAProposal)?;
    if let Some(request) = consent.request.as_ref().filter(|_| consent.channel == Channel::Console) {
        if request.approver != Approver::Contact {
            return Err(missing());
        }
        let answers = answers(trust, deed.proposal, request, &consent.decisions, deed.now)?;
        if let Some(least) = trust.least(&endpoint, deed.class) {
            reach(&answers, least, deed.class)?;
        }
        return Ok(Basis::Approved(answers.into_keys().collect()));
    }
    match trust.beforehand(&endpoint, deed.class, consent.channel, deed.now) {
        Beforehand::Nothing => Err(missing()),
        Beforehand::HeldBack(least) => Err(below(least, deed.class, 0)),
        Beforehand::Granted(granted, number) => Ok(Basis::PreAuthorised {
            name: granted.name.clone(),
            number,
        }),
    }
}

/// Whether enough of the answers are as sure as the contacts want. What counts is what was answered, not what was asked for.
fn reach(answers: &BTreeMap<MemberId, Assurance>, least: Least, class: &str) -> Result<(), ConsentFault> {
    let sure = answers.values().filter(|assurance| **assurance >= least.assurance).count();
    let found = u32::try_from(sure).unwrap_or(u32::MAX);
    if found >= least.needed {
        Ok(())
    } else {
        Err(below(least, class, found))
    }
}

fn below(least: Least, class: &str, found: u32) -> ConsentFault {
    ConsentFault::BelowFloor {
        class: class.to_owned(),
        least,
        found,
    }
}

/// The different people who approved exactly this, when they are enough.
///
/// # Errors
/// Names what is wrong, first of all with the request.
pub fn approved_by(
    trust: &Trust,
    proposal: &SignedStatement,
    request: &Request,
    decisions: &[SignedStatement],
    now: TimeMs,
) -> Result<BTreeSet<MemberId>, ConsentFault> {
    answers(trust, proposal, request, decisions, now).map(|answers| answers.into_keys().collect())
}

/// The same with each one's surest answer.
fn answers(
    trust: &Trust,
    proposal: &SignedStatement,
    request: &Request,
    decisions: &[SignedStatement],
    now: TimeMs,
) -> Result<BTreeMap<MemberId, Assurance>, ConsentFault> {
    request.check_about(proposal)?;
    let expires_at_ms = request.expires_at_ms.get();
    if now.get() > expires_at_ms.saturating_add(CLOCK_LEEWAY_MS) {
        return Err(ConsentFault::Expired {
            expires_at_ms,
            now_ms: now.get(),
        });
    }
    let requester = proposal.statement.actor.person().map(|(member, _)| member);
    let mut approved = BTreeMap::new();
    for signed in decisions {
        let (decision, member, assurance) = read(trust, request, signed)?;
        if decision != Decision::Approved {
            return Err(ConsentFault::Denied);
        }
        if requester == Some(&member) {
            return Err(ConsentFault::OwnRequest { member });
        }
        let surest = approved.entry(member).or_insert(assurance);
        *surest = assurance.max(*surest);
    }
    let (found, needed) = (u32::try_from(approved.len()).unwrap_or(u32::MAX), request.needed.max(1));
    if found < needed {
        return Err(ConsentFault::TooFew { found, needed });
    }
    Ok(approved)
}

/// What a contact decided about exactly this request, and who it was. The signature, the key and the assurance hold when it returns.
///
/// # Errors
/// Names what is wrong.
pub fn verify_decision(trust: &Trust, request: &Request, signed: &SignedStatement) -> Result<(Decision, MemberId), ConsentFault> {
    read(trust, request, signed).map(|(decision, member, _)| (decision, member))
}

fn read(trust: &Trust, request: &Request, signed: &SignedStatement) -> Result<(Decision, MemberId, Assurance), ConsentFault> {
    let statement = &signed.statement;
    let Actor::Contact { id, device } = &statement.actor else {
        return Err(ConsentFault::NotADecision);
    };
    let event = signed.verify().map_err(|_| ConsentFault::BadSignature)?;
    let Some(Event::ApprovalDecided {
        decision,
        member,
        digest,
        assurance,
        ..
    }) = event
    else {
        return Err(ConsentFault::NotADecision);
    };
    if member.is_some_and(|member| member != *id) {
        return Err(ConsentFault::NotADecision);
    }
    let key = signed.signature.as_ref().map(|signature| signature.key.as_str());
    let known = trust.key(device);
    if !known.is_some_and(|known| known.member == *id && Some(known.key.as_str()) == key) {
        return Err(ConsentFault::UnknownKey { device: device.clone() });
    }
    let about = statement.log == request.log
        && statement.session.as_ref() == Some(&request.session)
        && statement.action.as_ref() == Some(&request.action);
    if !about || digest.as_deref() != Some(request.digest()?.as_str()) {
        return Err(ConsentFault::OtherRequest);
    }
    let assurance = assurance.unwrap_or(Assurance::Link);
    if decision == Decision::Approved && assurance < request.assurance {
        return Err(ConsentFault::Assurance);
    }
    Ok((decision, id.clone(), assurance))
}
