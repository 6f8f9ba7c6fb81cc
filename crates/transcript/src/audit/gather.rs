//! From entries to actions: what the log says about each, in order.

use super::{Answer, At, Line, Verdict};
use crate::excerpt::{Proved, ProvedEntry};
use crate::keys::{Keys, shown};
use crate::snapshot::Snapshot;
use caisey_ledger::entry::Actor;
use caisey_ledger::event::{Event, Verdict as Reviewed};
use caisey_ledger::id::ActionId;
use serde::Serialize;
use std::collections::BTreeMap;

/// Before a reason that is left for the verdict among the marks.
pub(super) const BELOW_FLOOR: &str = "below floor: ";

/// A word as it stands in entries.
fn word(value: &impl Serialize) -> String {
    serde_json::to_value(value)
        .ok()
        .and_then(|value| value.as_str().map(str::to_owned))
        .unwrap_or_default()
}

fn at(proved: &ProvedEntry) -> At {
    At {
        seq: proved.entry.seq.get(),
        time_ms: proved.entry.time_ms.get(),
    }
}

/// Actions of one log that were proposed within the snapshot's scope, or ran within it.
pub(super) fn lines(snapshot: &Snapshot, part: &Proved, keys: &Keys) -> Vec<Line> {
    let log = &part.checkpoint.origin;
    let endpoint = log.rsplit('/').next().unwrap_or_default();
    let endpoint_name = keys.names().get(endpoint).cloned().unwrap_or_else(|| endpoint.to_owned());
    let mut lines: BTreeMap<ActionId, Line> = BTreeMap::new();
    let range = snapshot.range(log);
    let inside = |proved: &&ProvedEntry| {
        range.is_some_and(|range| range.contains(proved.entry.seq)) && snapshot.scope.holds(&proved.entry)
    };
    for proved in part.entries.iter().filter(inside) {
        let statement = &proved.entry.statement;
        let (Some(action), Some(event)) = (&statement.action, &proved.event) else {
            continue;
        };
        let line = lines
            .entry(action.clone())
            .or_insert_with(|| empty(log, &endpoint_name, action, proved));
        take(line, proved, event, keys);
    }
    if let Ok(endpoint) = endpoint.parse() {
        for line in lines.values_mut() {
            let below = super::floor::below(line, &endpoint, &part.entries);
            line.reasons.extend(below.map(|why| format!("{BELOW_FLOOR}{why}")));
        }
    }
    lines.into_values().collect()
}

fn empty(log: &str, endpoint: &str, action: &ActionId, proved: &ProvedEntry) -> Line {
    let session = proved.entry.statement.session.as_ref();
    Line {
        verdict: Verdict::DidNotRun,
        reasons: Vec::new(),
        log: log.to_owned(),
        endpoint: endpoint.to_owned(),
        session: session.map(ToString::to_string).unwrap_or_default(),
        action: action.to_string(),
        requester: String::new(),
        requester_name: String::new(),
        model: None,
        command: None,
        reason: None,
        class: None,
        proposed: at(proved),
        requested: None,
        needed: 0,
        answers: Vec::new(),
        authorised: None,
        policy: None,
        policy_version: None,
        channel: None,
        started: None,
        finished: None,
        outcome: None,
        exit_code: None,
        controls: Vec::new(),
    }
}

fn take(line: &mut Line, proved: &ProvedEntry, event: &Event, keys: &Keys) {
    let name_of = |member: &str| keys.names().get(member).cloned().unwrap_or_else(|| member.to_owned());
    let person = proved.entry.statement.actor.person();
    match event {
        Event::ActionProposed { model, .. } => {
            line.requester = person.map(|(member, _)| member.to_string()).unwrap_or_default();
            line.requester_name = name_of(&line.requester);
            line.model.clone_from(model);
            line.command = shown(proved, "command");
            line.reason = shown(proved, "reason");
            line.proposed = at(proved);
        }
        Event::ApprovalRequested {
            needed,
            expires_at_ms,
            request,
            ..
        } => {
            line.requested = Some(at(proved));
            line.needed = *needed;
            line.class = request.as_ref().map(|request| word(&request.class)).or(line.class.take());
            // Kept for the verdict: an answer after this time does not count.
            line.reasons.push(format!("expires {expires_at_ms}"));
        }
        Event::ApprovalDecided {
            decision,
            member,
            channel,
            assurance,
            ..
        } => {
            let who = member.as_ref().or(person.map(|(member, _)| member)).map(ToString::to_string);
            let key = proved.entry.signature.as_ref().map(|signature| signature.key.as_str());
            let introduced = person
                .zip(key)
                .and_then(|((member, device), key)| keys.find(member, device, key))
                .map(|known| known.role.clone());
            line.answers.push(Answer {
                name: who.as_deref().map(name_of).unwrap_or_default(),
                member: who,
                signed_by: match &proved.entry.statement.actor {
                    Actor::Contact { .. } => "contact",
                    Actor::Member { .. } | Actor::Agent { .. } => "member",
                    Actor::Control {} | Actor::Endpoint { .. } => "control",
                }
                .to_owned(),
                role: introduced.unwrap_or_default(),
                decision: word(decision),
                channel: word(channel),
                assurance: assurance.as_ref().map(word).unwrap_or_default(),
                seq: proved.entry.seq.get(),
                time_ms: proved.entry.time_ms.get(),
            });
        }
        Event::ActionAuthorised {
            policy,
            policy_version,
            channel,
            class,
            ..
        } => {
            line.authorised = Some(at(proved));
            line.policy = Some(policy.clone());
            line.policy_version = Some(*policy_version);
            line.channel = Some(word(channel));
            line.class = class.clone().or(line.class.take());
        }
        Event::ActionReviewed { verdict } => {
            let own = person.is_some_and(|(member, _)| member.as_str() == line.requester);
            line.reasons.push(match (own, verdict) {
                (true, _) => "own review".to_owned(),
                (false, Reviewed::Justified) => "justified".to_owned(),
                (false, Reviewed::NotJustified) => "not justified".to_owned(),
            });
        }
        Event::CommandStarted { .. } => line.started = Some(at(proved)),
        Event::CommandFinished { outcome, exit_code, .. } => {
            line.finished = Some(at(proved));
            line.outcome = Some(word(outcome));
            line.exit_code = *exit_code;
        }
        Event::ActionUnknown { .. } => line.outcome = Some("unknown".to_owned()),
        Event::ActionRefused { code } => line.outcome = Some(format!("refused: {code}")),
        _ => {}
    }
}
