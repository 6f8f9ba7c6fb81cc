//! One line for people about every kind of entry: plain English, for someone who has never seen a terminal.
//!
//! Promises: never empty, one line, safe to draw. Leaves out the texts in full; they stand below the line.

use crate::visible::marked_line;
use caisey_ledger::consent::Assurance;
use caisey_ledger::event::{Channel, Decision, DisconnectReason, Event, Phase, RunOutcome, SessionEnd, Stream, Verdict};
use std::borrow::Cow;
use std::collections::HashMap;

/// Longest piece of a text that goes into a line, in characters.
const LONGEST_QUOTE: usize = 120;

/// One text of an entry, as far as whoever draws the line has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Quoted<'a> {
    /// The entry has no such text.
    Absent,
    /// It has one, which was erased or not disclosed.
    Withheld,
    /// This is shown of it.
    Shown(Cow<'a, str>),
}

/// The line for an entry of this kind. `actor` is the name of who said it; `texts` gives the entry's texts by name.
pub fn headline<'a>(
    kind: &str,
    event: Option<&Event>,
    actor: &str,
    texts: &dyn Fn(&str) -> Quoted<'a>,
    people: &HashMap<String, String>,
) -> String {
    let Some(event) = event else {
        return format!("{} (a kind of entry that this version does not know)", marked_line(kind));
    };
    let text = |name: &str| quote(texts, name);
    let person = |id: &str| people.get(id).map_or_else(|| id.to_owned(), |name| marked_line(name));
    match event {
        Event::EndpointEnrolled { os, arch, .. } => {
            format!(
                "{} joined as an endpoint ({}, {})",
                text("hostname"),
                marked_line(os),
                marked_line(arch)
            )
        }
        Event::EndpointConnected { runtime_version, .. } => {
            format!(
                "The endpoint connected and proved its identity (runtime {})",
                marked_line(runtime_version)
            )
        }
        Event::EndpointDisconnected { reason } => format!("The endpoint's connection ended: {}", disconnected(*reason)),
        Event::EndpointRemoved { member } => format!("The endpoint was taken out of service by {}", person(member.as_str())),
        Event::KeyIntroduced { member, role, .. } => {
            let name = if text("name").is_empty() {
                person(member.as_str())
            } else {
                text("name")
            };
            format!("A signing key of {name} ({}) was introduced", marked_line(role))
        }
        Event::SessionOpened { .. } => with("Session opened", &text("purpose")),
        Event::SessionClosed { reason } => format!("Session closed {}", closed(*reason)),
        Event::ActionProposed { model: Some(model), .. } => with(
            &format!("Agent ({}) proposed a command", marked_line(model)),
            &text("command"),
        ),
        Event::ActionProposed { .. } => with("Command proposed", &text("command")),
        Event::ActionAuthorised {
            policy,
            policy_version,
            channel,
            ..
        } => {
            format!(
                "Action authorised {} (policy {}, version {policy_version})",
                through(*channel),
                marked_line(policy)
            )
        }
        Event::ActionRefused { code } => with(
            &format!("Action refused ({})", marked_line(&code.replace('_', " "))),
            &text("detail"),
        ),
        Event::ActionCancelRequested {} => format!("{actor} asked for the command to be stopped"),
        Event::ActionUnknown { .. } => "How the command ended is not known: the endpoint vanished while it ran".to_owned(),
        Event::ApprovalRequested { needed, .. } => {
            let approvals = if *needed == 1 {
                "approval".to_owned()
            } else {
                format!("{needed} approvals")
            };
            with(&format!("Asked for {approvals}"), &text("proposed_action"))
        }
        Event::ApprovalDelivered { member, channel } => {
            format!(
                "The approval request reached {} {}",
                person(member.as_str()),
                through(*channel)
            )
        }
        Event::ApprovalDecided {
            decision,
            member,
            channel,
            ..
        } => decided(*decision, member.as_ref().map(|id| person(id.as_str())), *channel),
        Event::ApprovalAcknowledged { member, .. } => format!("{} has the approval request open", person(member.as_str())),
        Event::ApprovalNudged { member } => format!("{} asked again for an answer", person(member.as_str())),
        Event::ApprovalAnswerRefused { code, member, .. } => with(
            &format!(
                "An answer of {} did not count ({})",
                person(member.as_str()),
                marked_line(&code.replace('_', " "))
            ),
            &text("detail"),
        ),
        Event::ActionBreakGlass {} => with(&format!("{actor} declared an emergency (break-glass)"), &text("why")),
        Event::ActionReviewed { verdict } => {
            let found = match verdict {
                Verdict::Justified => "justified",
                Verdict::NotJustified => "not justified",
            };
            with(&format!("{actor} reviewed the emergency: {found}"), &text("note"))
        }
        Event::ContactTrusted { member, number, .. } => format!(
            "The endpoint lets a key of {} decide (statement {number})",
            person(member.as_str())
        ),
        Event::ContactDistrusted { number, .. } => {
            format!("The endpoint no longer lets a contact's key decide (statement {number})")
        }
        Event::ContactFloorSet {
            name,
            class,
            needed,
            assurance,
            number,
            ..
        } => {
            let people = if *needed == 1 {
                "1 contact".to_owned()
            } else {
                format!("{needed} contacts")
            };
            let number_typed = if *assurance == Assurance::Number {
                " with the number typed"
            } else {
                ""
            };
            format!(
                "From here on the endpoint wants a signed yes of at least {people}{number_typed} for what is {} or worse (floor {}, statement {number})",
                marked_line(class),
                marked_line(name)
            )
        }
        Event::ContactFloorEnded { name, number } => {
            format!(
                "No floor called {} holds on the endpoint any more (statement {number})",
                marked_line(name)
            )
        }
        Event::ContactRefused { code } => with(
            &format!(
                "The endpoint refused what was said in the client's name ({})",
                marked_line(&code.replace('_', " "))
            ),
            &text("detail"),
        ),
        Event::CommandStarted { elevated, .. } => {
            let rights = if *elevated { " with administrator rights" } else { "" };
            let user = text("user");
            if user.is_empty() {
                format!("Command started{rights}")
            } else {
                format!("Command started as {user}{rights}")
            }
        }
        Event::CommandOutput { stream, .. } => with(printed(*stream), &text("output")),
        Event::CommandOutputOmitted {
            stream, omitted_bytes, ..
        } => {
            let stream = if *stream == Stream::Stderr { "error output" } else { "output" };
            format!(
                "{} of {stream} were not kept (their digest is recorded)",
                bytes(*omitted_bytes)
            )
        }
        Event::CommandFinished {
            outcome,
            exit_code,
            signal,
            duration_ms,
            ..
        } => with(&finished(*outcome, *exit_code, *signal, *duration_ms), &text("detail")),
        Event::StateCaptured { phase, complete, .. } => {
            let when = if *phase == Phase::Before { "before" } else { "after" };
            let part = if *complete { "" } else { " (incomplete)" };
            with(&format!("State {when} the action{part}"), &text("state"))
        }
        Event::ChatMessage {} => with(&format!("{actor} wrote"), &text("message")),
        Event::NoteAdded {} => with(&format!("Note by {actor}"), &text("note")),
        Event::RecorderGap { cause, from_ms, to_ms } => with(
            &format!(
                "The recorder could not record for {} ({})",
                duration(to_ms.saturating_sub(*from_ms)),
                marked_line(&cause.replace('_', " "))
            ),
            &text("detail"),
        ),
        Event::TextErased {
            entry_seq,
            names,
            member,
        } => with(
            &format!(
                "{} of entry {entry_seq} erased by {}",
                marked_line(&names.join(", ")),
                person(member.as_str())
            ),
            &text("basis"),
        ),
    }
}

/// The first line of a text, shortened.
fn quote<'a>(texts: &dyn Fn(&str) -> Quoted<'a>, name: &str) -> String {
    let text = match texts(name) {
        Quoted::Absent => return String::new(),
        Quoted::Withheld => return "(erased or not disclosed)".to_owned(),
        Quoted::Shown(text) => text,
    };
    let trimmed = text.trim();
    let first = trimmed.lines().next().unwrap_or("");
    let short: String = first.chars().take(LONGEST_QUOTE).collect();
    let cut = short.len() < trimmed.len();
    marked_line(&short) + if cut { "…" } else { "" }
}

fn with(line: &str, quote: &str) -> String {
    if quote.is_empty() {
        line.to_owned()
    } else {
        format!("{line}: {quote}")
    }
}

fn printed(stream: Stream) -> &'static str {
    match stream {
        Stream::Stdout => "Output",
        Stream::Stderr => "Error output",
    }
}

fn disconnected(reason: DisconnectReason) -> &'static str {
    match reason {
        DisconnectReason::Closed => "the runtime said goodbye",
        DisconnectReason::Lost => "it was lost",
        DisconnectReason::Replaced => "a newer connection took its place",
        DisconnectReason::ControlRestarted => "the control plane restarted",
    }
}

fn closed(reason: SessionEnd) -> &'static str {
    match reason {
        SessionEnd::ByTechnician => "by its technician",
        SessionEnd::Idle => "because nothing happened in it",
        SessionEnd::EndpointRemoved => "because the endpoint was removed",
    }
}

fn through(channel: Channel) -> &'static str {
    match channel {
        Channel::Console => "in the console",
        Channel::Email => "by e-mail",
        Channel::AtEndpoint => "at the endpoint",
        Channel::Policy => "by policy, without asking anybody",
        Channel::BreakGlass => "under break-glass, without asking anybody",
    }
}

fn decided(decision: Decision, member: Option<String>, channel: Channel) -> String {
    let who = member.map_or_else(String::new, |name| format!(" by {name}"));
    match decision {
        Decision::Approved => format!("Approved{who} {}", through(channel)),
        Decision::Denied => format!("Denied{who} {}", through(channel)),
        Decision::Expired => "Nobody answered in time: the request lapsed, which is a no".to_owned(),
        Decision::Withdrawn => format!("The request was withdrawn{who}"),
    }
}

fn finished(outcome: RunOutcome, exit_code: Option<i64>, signal: Option<i32>, duration_ms: u64) -> String {
    let after = format!("after {}", duration(duration_ms));
    match outcome {
        RunOutcome::Exited => match exit_code {
            Some(code) => format!("Command finished with exit code {code} {after}"),
            None => format!("Command finished {after}"),
        },
        RunOutcome::Signalled => match signal {
            Some(signal) => format!("Command was ended by signal {signal} {after}"),
            None => format!("Command was ended by a signal {after}"),
        },
        RunOutcome::Cancelled => format!("Command was stopped as asked, with everything it had started, {after}"),
        RunOutcome::TimedOut => format!("Command took too long and was stopped {after}"),
        RunOutcome::NotStarted => "Command did not start".to_owned(),
    }
}

/// A duration as people say it.
fn duration(ms: u64) -> String {
    match ms {
        0..=999 => format!("{ms} ms"),
        1_000..=59_999 => format!("{}.{} s", ms / 1_000, ms % 1_000 / 100),
        60_000..=3_599_999 => format!("{} min {} s", ms / 60_000, ms / 1_000 % 60),
        _ => format!("{} h {} min", ms / 3_600_000, ms / 60_000 % 60),
    }
}

fn bytes(count: u64) -> String {
    match count {
        0..=1_023 => format!("{count} bytes"),
        1_024..=1_048_575 => format!("{} KiB", count / 1_024),
        1_048_576..=1_073_741_823 => format!("{} MiB", count / 1_048_576),
        _ => format!("{}.{} GiB", count / 1_073_741_824, count % 1_073_741_824 * 10 / 1_073_741_824),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn line(event: &Event, texts: &[(&str, Option<&str>)]) -> String {
        let quoted = |wanted: &str| match texts.iter().find(|(name, _)| *name == wanted) {
            None => Quoted::Absent,
            Some((_, None)) => Quoted::Withheld,
            Some((_, Some(text))) => Quoted::Shown(Cow::Borrowed(*text)),
        };
        headline("kind", Some(event), "Ada Example", &quoted, &HashMap::new())
    }

    #[test]
    fn lines_are_plain_english_and_safe_to_draw() {
        let finished = |outcome, exit_code, duration_ms| {
            let (stdout_bytes, stderr_bytes) = (0, 0);
            Event::CommandFinished {
                outcome,
                exit_code,
                signal: None,
                duration_ms,
                stdout_bytes,
                stderr_bytes,
            }
        };
        let cases = [
            (
                line(&finished(RunOutcome::Exited, Some(0), 1_240), &[]),
                "Command finished with exit code 0 after 1.2 s",
            ),
            (
                line(&finished(RunOutcome::TimedOut, None, 61_000), &[]),
                "Command took too long and was stopped after 1 min 1 s",
            ),
            (
                line(
                    &finished(RunOutcome::NotStarted, None, 0),
                    &[("detail", Some("no such shell"))],
                ),
                "Command did not start: no such shell",
            ),
            (
                line(&Event::NoteAdded {}, &[("note", Some("two\nlines"))]),
                "Note by Ada Example: two…",
            ),
            (
                line(&Event::ChatMessage {}, &[("message", Some("\u{1b}[2Jhello"))]),
                "Ada Example wrote: ‹ESC[2J›hello",
            ),
            (
                line(&Event::NoteAdded {}, &[("note", None)]),
                "Note by Ada Example: (erased or not disclosed)",
            ),
            (
                line(
                    &Event::RecorderGap {
                        cause: "disk_full".to_owned(),
                        from_ms: 0,
                        to_ms: 7_260_000,
                    },
                    &[],
                ),
                "The recorder could not record for 2 h 1 min (disk full)",
            ),
        ];
        for (found, wanted) in cases {
            assert_eq!(found, wanted);
        }
        assert!(headline("new.kind", None, "x", &|_| Quoted::Absent, &HashMap::new()).starts_with("new.kind (a kind of entry"));
    }
}
