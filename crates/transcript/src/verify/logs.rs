//! The logs of a pack: whose key, every entry in its place, and that the snapshot's ranges are what it is about.

use super::steps::LookedAt;
use crate::excerpt::Proved;
use crate::finding::Findings;
use crate::moment;
use crate::pack::Contents;
use crate::policy::Policy;
use crate::snapshot::{Scope, Snapshot};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use caisey_ledger::checkpoint::cosignature;
use caisey_ledger::event::Event;
use caisey_ledger::id::EndpointId;

/// Proves every part. The parts stand in the pack's order, and `looked_at` what was found of each part's records by themselves.
pub(super) fn prove(contents: &Contents, looked_at: Vec<LookedAt>, policy: Option<&Policy>, found: &mut Findings) -> Vec<Proved> {
    if policy.is_none() {
        found.note(
            "own_keys",
            format!(
                "The control plane's key, {}, is the pack's own. Compare it with the key that you know from elsewhere, or give a policy.",
                contents.keys.control
            ),
        );
    }
    let mut parts = Vec::new();
    let mut expected = contents.snapshot.logs.iter();
    for (excerpt, checked) in contents.excerpts.iter().zip(looked_at) {
        let range = expected.next();
        let log = match (range, excerpt.log()) {
            (Some(range), _) => range.log.clone(),
            (None, Ok(log)) => log,
            (None, Err(fault)) => {
                found.fails("checkpoint", format!("A checkpoint cannot be read: {fault}."));
                continue;
            }
        };
        let key = match policy {
            None => Some(contents.keys.control.0),
            Some(policy) => policy.control(&log).copied(),
        };
        let Some(key) = key else {
            found.fails("unknown_control", format!("{log}: the policy accepts no key for this log."));
            continue;
        };
        if policy.is_some() && key != contents.keys.control.0 {
            found.note(
                "other_keys",
                format!("{log}: the pack claims another key for the control plane than the policy accepts."),
            );
        }
        let Some(part) = excerpt.prove_checked(checked, &log, range, &key, found) else {
            continue;
        };
        if range.is_some_and(|range| range.size != part.checkpoint.size || range.root != part.checkpoint.root) {
            found.fails(
                "other_checkpoint",
                format!("{log}: the checkpoint is not the one that the snapshot names."),
            );
        }
        cosigned(contents, policy, &log, &excerpt.note, found);
        parts.push(part);
    }
    for missing in expected {
        found.fails(
            "missing_log",
            format!("{}: the snapshot names this log, and the pack does not hold it.", missing.log),
        );
    }
    one_organisation(contents, &parts, found);
    parts
}

/// An organisation's own log, and nobody else's, may introduce keys for the snapshot's logs.
fn one_organisation(contents: &Contents, parts: &[Proved], found: &mut Findings) {
    for log in contents.snapshot.logs.iter().map(|range| &range.log) {
        let Some((organisation, endpoint)) = log.rsplit_once('/') else {
            continue;
        };
        if endpoint.parse::<EndpointId>().is_err() {
            found.fails("not_an_endpoint", format!("{log}: this is no endpoint's log."));
        }
        for part in parts {
            let origin = part.checkpoint.origin.as_str();
            let same = origin == organisation || origin.rsplit_once('/').is_some_and(|(other, _)| other == organisation);
            if !same {
                found.fails(
                    "other_organisation",
                    format!("{origin} is a log of another organisation than {log}."),
                );
            }
        }
    }
}

fn cosigned(contents: &Contents, policy: Option<&Policy>, log: &str, note: &str, found: &mut Findings) {
    let witnesses = policy.map_or(contents.keys.witnesses.as_slice(), Policy::witnesses);
    let mut seen = 0;
    for vkey in witnesses {
        let Some((name, key)) = cosigner(vkey) else {
            found.fails("witness", format!("`{vkey}` is not a witness's key."));
            continue;
        };
        match cosignature(note, &name, &key) {
            Ok(Some(cosignature)) => {
                seen += 1;
                found.holds(
                    "cosigned",
                    format!(
                        "{log}: the witness {name} cosigned this checkpoint on {}: it extends every earlier one that this witness saw.",
                        moment::full(cosignature.time_s.saturating_mul(1_000))
                    ),
                );
            }
            Ok(None) => {}
            Err(fault) => found.fails(
                "cosignature",
                format!("{log}: the cosignature of {name} does not hold: {fault}."),
            ),
        }
    }
    let wanted = policy.map_or(0, Policy::quorum);
    if seen < wanted {
        found.fails(
            "quorum",
            format!("{log}: {seen} of your witnesses cosigned this checkpoint; the policy wants {wanted}."),
        );
    } else if seen == 0 {
        found.note(
            "no_witness",
            format!("{log}: no known witness has cosigned this checkpoint; its operator alone vouches for it."),
        );
    }
}

/// Name and key of a witness, from how C2SP writes them: `<name>+<id>+<base64 of 0x04 and the key>`.
pub(crate) fn cosigner(vkey: &str) -> Option<(String, [u8; 32])> {
    let (name, rest) = vkey.split_once('+')?;
    let (_, typed) = rest.split_once('+')?;
    let typed: [u8; 33] = STANDARD.decode(typed).ok()?.try_into().ok()?;
    let [kind, key @ ..] = typed;
    let written = caisey_ledger::checkpoint::cosigner_vkey(name, &key).ok()?;
    (kind == 4 && written == vkey).then(|| (name.to_owned(), key))
}

/// That the ranges are what the snapshot says they are of: from a session's opening on, or all of a period.
pub(super) fn scope(snapshot: &Snapshot, own: &[&Proved], found: &mut Findings) {
    match &snapshot.scope {
        Scope::Session { session } => {
            let entries = || {
                own.iter().flat_map(|part| &part.entries).filter(|proved| {
                    snapshot
                        .range(&proved.entry.statement.log)
                        .is_some_and(|range| range.contains(proved.entry.seq))
                })
            };
            let opened = entries().next().is_some_and(|first| {
                first.entry.statement.session.as_ref() == Some(session)
                    && matches!(first.event, Some(Event::SessionOpened { .. }))
            });
            if opened {
                found.holds(
                    "session",
                    format!("The record begins with the opening of the session {session}."),
                );
            } else {
                found.fails(
                    "session",
                    format!("The record does not begin with the opening of the session {session}."),
                );
            }
            let closed = entries().any(|proved| {
                proved.entry.statement.session.as_ref() == Some(session)
                    && matches!(proved.event, Some(Event::SessionClosed { .. }))
            });
            if !closed {
                found.note(
                    "session_open",
                    "The session was not closed when this snapshot was taken: more may have followed.",
                );
            }
        }
        Scope::Period { from_ms, to_ms } => {
            for part in own {
                let Some(range) = snapshot.range(&part.checkpoint.origin) else {
                    continue;
                };
                bounds(part, range, from_ms.get(), to_ms.get(), found);
            }
        }
    }
}

/// A period's range begins and ends with neighbours outside of it, or with the log itself.
fn bounds(part: &Proved, range: &crate::snapshot::LogRange, from_ms: u64, to_ms: u64, found: &mut Findings) {
    let log = &part.checkpoint.origin;
    let inside: Vec<(u64, u64)> = part
        .entries
        .iter()
        .filter(|proved| range.contains(proved.entry.seq))
        .map(|proved| (proved.entry.seq.get(), proved.entry.time_ms.get()))
        .collect();
    let begins = inside.first().is_some_and(|(seq, time)| *seq == 0 || *time < from_ms);
    if !begins {
        found.fails(
            "period",
            format!("{log}: nothing shows that the period begins where the record does: an entry before it is missing."),
        );
    }
    match inside.last() {
        Some((_, time)) if *time >= to_ms => {
            if begins {
                found.holds("period", format!("{log}: the record covers the whole period: its first and last entries lie outside of it, or the log begins there."));
            }
        }
        Some((seq, _)) if seq + 1 == part.checkpoint.size => found.note(
            "period_end",
            format!("{log}: entry #{seq} is the last that the checkpoint signs. Entries of the period that were recorded later are not in it; only a later checkpoint or a witness's time can exclude them."),
        ),
        _ => found.fails("period", format!("{log}: entries of the period are missing at its end.")),
    }
    if let Some([_, (seq, _)]) = inside.windows(2).find(|pair| matches!(pair, [(_, a), (_, b)] if a > b)) {
        found.note(
            "clock",
            format!(
                "{log}: the control plane's clock went back before entry #{seq}; order is that of the log, not of the clock."
            ),
        );
    }
}
