//! What was checked of a pack, by name: the verifier's findings sorted under the names that the page gives them.
//!
//! Promises: every finding that fails stands under one of the names, so that none is lost; a name without a finding says that nothing was
//! checked.

use crate::markup::Html;
use caisey_transcript::finding::{Finding, Findings, Weight};

/// How a check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// It holds.
    Holds,
    /// It was not, or could not be, checked.
    Open,
    /// It does not hold.
    Fails,
}

/// One named check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What people call it.
    pub name: &'static str,
    /// How it came out.
    pub state: State,
    /// The findings' sentences.
    pub words: Vec<String>,
}

const FILE: usize = 0;
const RELEASE: usize = 1;
const CHECKPOINT: usize = 2;
const COSIGNED: usize = 3;
const ENTRIES: usize = 4;
const AUTHORISED: usize = 5;
const ATTESTED: usize = 6;
const HIDDEN: usize = 7;
const ANSWERS: usize = 8;
const STAMPED: usize = 9;

/// Names in the page's order, and what is said when there is nothing to say.
const NAMES: [(&str, &str); 10] = [
    ("Every byte of the file", "The file could not be read."),
    ("Release", "Nobody's signature under the release could be checked."),
    ("Checkpoint signature", "No checkpoint could be checked."),
    ("Cosignatures", "No witness has cosigned this record's checkpoint."),
    ("Every entry and its place in the log", "No entry could be checked."),
    ("Authorised before it ran", "No command could be checked."),
    ("Attestation", "No attestation could be checked."),
    ("What was removed", "The list of removals could not be checked."),
    ("Answers to questions", "The file answers no question."),
    (
        "Time-stamps",
        "The file holds no time-stamp of an independent authority: times are the control plane's and the signers' own.",
    ),
];

/// Sorts findings under their names. `control_key` is the key, as the pack claims it, under which checkpoints were checked.
pub fn checks(findings: &Findings, control_key: Option<&str>) -> Vec<Check> {
    let mut all: Vec<Check> = NAMES
        .iter()
        .map(|(name, _)| Check {
            name,
            state: State::Holds,
            words: Vec::new(),
        })
        .collect();
    for finding in findings.0.iter().filter(|finding| finding.code != "own_keys") {
        let Some(check) = all.get_mut(place(finding)) else { continue };
        check.words.push(finding.words.clone());
        check.state = check.state.max(match finding.weight {
            Weight::Holds => State::Holds,
            Weight::Note if is_open(finding.code) => State::Open,
            Weight::Note => State::Holds,
            Weight::Fails => State::Fails,
        });
    }
    let entries_read = findings
        .0
        .iter()
        .any(|finding| finding.code == "entries" && finding.weight == Weight::Holds);
    for (at, (check, (_, nothing))) in all.iter_mut().zip(NAMES).enumerate() {
        if let (CHECKPOINT, Some(key), State::Holds, true) = (at, control_key, check.state, entries_read) {
            check
                .words
                .push(format!("Each log's checkpoint is signed with the control plane's key {key}."));
        }
        if check.words.is_empty() {
            check.state = State::Open;
            check.words.push(nothing.to_owned());
        }
    }
    all
}

/// Notes that mean: this was not checked, or is not there.
fn is_open(code: &str) -> bool {
    matches!(
        code,
        "no_witness" | "not_reviewed" | "refused" | "timestamp" | "certificate_more" | "certificate_opaque"
    )
}

fn place(finding: &Finding) -> usize {
    match finding.code {
        "form" | "changed_file" | "added_file" | "removed_file" | "unreadable" | "readme" => FILE,
        "release" | "other_snapshot" | "redaction_counts" => RELEASE,
        "unknown_key" | "wrong_role" if finding.words.starts_with("The release") => RELEASE,
        "unknown_key" | "wrong_role" if finding.words.starts_with("The attestation") => ATTESTED,
        "unknown_key" | "wrong_role" if finding.words.starts_with("The certificate") => ANSWERS,
        "checkpoint" | "foreign_checkpoint" | "other_checkpoint" | "unknown_control" | "missing_log" | "other_organisation"
        | "not_an_endpoint" => CHECKPOINT,
        "cosigned" | "no_witness" | "cosignature" | "witness" | "quorum" => COSIGNED,
        "authorised" | "unauthorised" | "began_earlier" => AUTHORISED,
        "attested" | "not_reviewed" | "refused" | "attestation" | "participant" | "swapped_attestation" => ATTESTED,
        "redactions" | "unlisted_redaction" | "retitled_redaction" | "missing_redaction" | "redaction_list" | "hidden_verb"
        | "scrub" | "restored" | "restored_hidden" | "texts" => HIDDEN,
        "timestamp" => STAMPED,
        code if code.starts_with("certificate") => ANSWERS,
        // Everything about entries, and whatever a later verifier finds.
        _ => ENTRIES,
    }
}

/// The list as HTML.
pub(crate) fn html(checks: &[Check]) -> String {
    let mut html = Html::default();
    for check in checks {
        let (open, word) = match check.state {
            State::Holds => ("<li class=\"check holds\"><p class=\"name\"><span class=\"mark\">", "Holds"),
            State::Open => (
                "<li class=\"check open\"><p class=\"name\"><span class=\"mark\">",
                "Not shown",
            ),
            State::Fails => ("<li class=\"check fails\"><p class=\"name\"><span class=\"mark\">", "Broken"),
        };
        html.element(open, word, "</span> ").raw(check.name).raw("</p>");
        for words in &check.words {
            html.element("<p class=\"words\">", words, "</p>");
        }
        html.raw("</li>");
    }
    html.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_failure_is_lost_and_nothing_unchecked_is_said_to_hold() {
        let all = checks(&Findings::default(), None);
        assert!(all.iter().all(|check| check.state == State::Open));
        for code in [
            "form",
            "checkpoint",
            "cosignature",
            "replaced_entry",
            "participant",
            "hidden_verb",
            "certificate_omits",
            "new",
        ] {
            let mut findings = Findings::default();
            findings.fails(code, "x");
            let failing: Vec<Check> = checks(&findings, None)
                .into_iter()
                .filter(|check| check.state == State::Fails)
                .collect();
            assert_eq!(failing.len(), 1, "{code}");
        }
    }
}
