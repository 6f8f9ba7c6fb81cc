//! The verdict on one action, from what was gathered about it.

use super::gather::BELOW_FLOOR;
use super::{Line, Verdict};
use std::collections::BTreeSet;

/// Decides, and replaces the marks that gathering left among the reasons by reasons in words.
pub(super) fn judge(line: &mut Line) {
    let marks = std::mem::take(&mut line.reasons);
    let expires_ms = marks
        .iter()
        .filter_map(|mark| mark.strip_prefix("expires ")?.parse().ok())
        .next_back();
    let marked = |wanted: &str| marks.iter().any(|mark| mark == wanted);
    let Some(started) = line.started else {
        line.verdict = Verdict::DidNotRun;
        if line.outcome.as_deref() == Some("unknown") {
            line.reasons
                .push("Whether it ran is not known: the endpoint vanished.".to_owned());
            line.verdict = Verdict::Exception;
        }
        return;
    };
    let mut reasons = Vec::new();
    if line.requester.is_empty() {
        reasons.push("It was proposed before this record begins; what authorised it is not in it.".to_owned());
    }
    match line.authorised {
        None => reasons.push("It ran without having been authorised.".to_owned()),
        Some(authorised) if authorised.seq > started.seq => reasons.push("It ran before it was authorised.".to_owned()),
        Some(authorised) if authorised.time_ms > started.time_ms => {
            reasons.push("By the clock it ran before it was authorised, though not by its place in the log.".to_owned());
        }
        Some(_) => {}
    }
    let channel = line.channel.clone().unwrap_or_default();
    if !matches!(channel.as_str(), "policy" | "break_glass" | "") {
        approval(line, started.seq, expires_ms, &mut reasons);
    }
    reasons.extend(
        marks
            .iter()
            .filter_map(|mark| mark.strip_prefix(BELOW_FLOOR))
            .map(str::to_owned),
    );
    if line.outcome.as_deref() == Some("unknown") {
        reasons.push("How it ended is not known: the endpoint vanished while it ran.".to_owned());
    }
    if marked("not justified") {
        reasons.push("An emergency was declared, and a reviewer found that there was none.".to_owned());
    }
    line.verdict = match (reasons.is_empty(), channel.as_str()) {
        (false, _) => Verdict::Exception,
        (true, "policy") => Verdict::AutomaticUnderPolicy,
        (true, "break_glass") if marked("justified") => Verdict::BreakGlassReviewed,
        (true, "break_glass") => Verdict::BreakGlassUnreviewed,
        (true, _) => Verdict::ApprovedBeforeItRan,
    };
    line.reasons = reasons;
}

/// Enough different people, none of them the requester, said yes before it ran and before the request lapsed; nobody said no.
fn approval(line: &Line, started: u64, expires_ms: Option<u64>, reasons: &mut Vec<String>) {
    if line.requested.is_none() {
        reasons.push("It is said to be approved, and nobody was asked.".to_owned());
    }
    let mut yes: BTreeSet<&str> = BTreeSet::new();
    for answer in line.answers.iter().filter(|answer| answer.seq < started) {
        let Some(member) = answer.member.as_deref() else { continue };
        match answer.decision.as_str() {
            "denied" => reasons.push(format!("{} had said no before it ran.", answer.name)),
            "approved" if member == line.requester => reasons.push(format!("{} approved their own request.", answer.name)),
            "approved" if expires_ms.is_some_and(|expires_ms| answer.time_ms > expires_ms) => {
                reasons.push(format!("The approval by {} came after the request had lapsed.", answer.name));
            }
            "approved" if answer.signed_by == "contact" && answer.role != "contact" => {
                reasons.push(format!("{} was not introduced as a contact when they approved.", answer.name));
            }
            "approved" => {
                yes.insert(member);
            }
            _ => {}
        }
    }
    if (yes.len() as u64) < u64::from(line.needed.max(1)) {
        reasons.push(format!(
            "{} approvals were needed before it ran, and {} count.",
            line.needed.max(1),
            yes.len()
        ));
    }
}
