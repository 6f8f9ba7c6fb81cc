//! Who besides the control plane signed the checkpoint.
//!
//! A name under a signature line counts for what the log itself says: the endpoint's key is that of its enrolment, a console's that of its
//! introduction. Keys that only the file names are told as such. A line that does not hold is a failure: somebody put it there.

use super::record::{Record, Witness};
use super::signers::introductions;
use caisey_ledger::entry::Entry;
use caisey_ledger::hash::Hash;
use caisey_ledger::witness::{check_line, split, witness_id};
use caisey_transcript::finding::Findings;

pub(super) fn check(found: &mut Findings, record: &Record, note: &str, entries: &[&Entry]) {
    let Ok((plain, lines)) = split(note) else { return };
    let introduced = introductions(entries);
    let endpoint = record.log.rsplit('/').next().unwrap_or_default();
    let mut by_endpoint = false;
    for (name, line) in lines {
        let claim = record.witnesses.iter().find(|witness| witness.name == name);
        let Some(id) = witness_id(&record.log, &name) else {
            found.note(
                "cosigned",
                format!(
                    "There is a signature by {name}, which is none of this log's witnesses; check it with that witness's key."
                ),
            );
            continue;
        };
        let known: Vec<&str> = introduced
            .iter()
            .filter(|(who, _)| who == id)
            .map(|(_, key)| key.as_str())
            .collect();
        let holds = |key: &str| Hash::from_base64(key).and_then(|Hash(public)| check_line(&plain, &line, &name, &public).ok());
        let who = words(id, endpoint, claim);
        if let Some(time_s) = known.iter().find_map(|key| holds(key)) {
            by_endpoint |= id == endpoint;
            found.holds(
                "cosigned",
                format!("Cosigned by {who}, {} (seconds since 1970: {time_s}).", moment(time_s)),
            );
        } else if !known.is_empty() {
            found.fails(
                "cosigned",
                format!("The cosignature of {who} does not hold with the key that the log introduced for it."),
            );
        } else if let Some(time_s) = claim.and_then(|claim| holds(&claim.key)) {
            let words = format!(
                "Cosigned by {who}, {}; no entry in this file introduces that key, so whose it is, is the file's word.",
                moment(time_s)
            );
            found.note("cosigned", words);
        } else {
            found.fails(
                "cosigned",
                format!("There is a cosignature under the name {name} that does not hold."),
            );
        }
    }
    if !by_endpoint {
        found.note(
            "cosigned",
            "The endpoint itself has not cosigned this checkpoint: that the log holds all it said rests on its count alone.",
        );
    }
}

fn words(id: &str, endpoint: &str, claim: Option<&Witness>) -> String {
    let who = claim.map(|claim| claim.who.as_str()).unwrap_or_default();
    match (id == endpoint, who.is_empty()) {
        (true, true) => format!("the endpoint {id}"),
        (true, false) => format!("the endpoint {who} ({id})"),
        (false, true) => format!("the console {id}"),
        (false, false) => format!("the console of {who} ({id})"),
    }
}

fn moment(time_s: u64) -> String {
    caisey_pdf::moment::full(time_s.saturating_mul(1_000))
}
