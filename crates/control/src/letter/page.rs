//! The page behind a link: HTML without scripts, one style sheet, one form. Decisions: docs/decisions/0072-the-page-behind-the-link.md.
//!
//! Promises: it reads the same with a screen reader, on a phone and in the dark; what it shows is enough to decide; what cannot be answered
//! any more says why and what to do. Leaves out: headers, among them the content security policy, which hosts set.

use super::markup::{escaped, shown};
use super::{Facts, Over, Shown, Tries};
use caisey_transcript::moment;

/// The style sheet, exactly as it stands in the page: hosts put its SHA-256 into the content security policy.
pub const CSS: &str = include_str!("page.css");

/// Longest reason that can be typed, in characters.
pub(crate) const MAX_REASON_CHARS: usize = 1_000;

/// The whole document.
pub fn page(what: &Shown) -> String {
    match what {
        Shown::Unknown => told(
            "This link is not known",
            "care",
            "Nobody was sent this link, or part of it was lost on the way. Open it from the mail itself, whole. If it still does not work, call \
             your provider.",
        ),
        Shown::Open(facts, tries) => document(&title(facts), &open(facts, *tries)),
        Shown::Over(over) => {
            let (title, kind, words) = ending(*over);
            told(title, kind, words)
        }
    }
}

/// Too many answers came from one address.
pub fn too_many(wait_s: u64) -> String {
    let words = format!(
        "Too many answers came from your network in a short time, so this one was not looked at. Try again in {wait_s} seconds."
    );
    told("Wait a moment", "care", &words)
}

/// The answer could not be looked at or recorded.
pub fn unavailable() -> String {
    let words = "The page cannot be shown right now, or your answer could not be recorded; then it does not count. Nothing was lost: try again in \
                 a minute, with the same link.";
    told("Not right now", "care", words)
}

fn title(facts: &Facts) -> String {
    format!(
        "Your permission is asked for {}",
        caisey_transcript::visible::marked_line(&facts.hostname)
    )
}

fn told(title: &str, kind: &str, words: &str) -> String {
    document(
        title,
        &format!(
            "<h1>{}</h1>\n<p class=\"note {kind}\" role=\"status\">{}</p>\n",
            escaped(title),
            escaped(words)
        ),
    )
}

fn document(title: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"robots\" content=\"noindex, nofollow\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n<meta name=\"format-detection\" content=\"telephone=no\">\n\
         <title>{} · Caisey Console</title>\n<style>{CSS}</style>\n</head>\n<body>\n\
         <header><b>Caisey Console</b> · approval requests</header>\n<main>\n{body}</main>\n</body>\n</html>\n",
        escaped(title)
    )
}

fn row(name: &str, words: &str) -> String {
    format!("<dt>{name}</dt><dd>{}</dd>\n", shown(words.trim(), HID))
}

const HID: &str = "class=\"hid\"";

fn open(facts: &Facts, tries: Tries) -> String {
    let mut body = String::new();
    if tries.wrong {
        let left = match tries.left {
            1 => "You can try once more; after that, this link no longer works.".to_owned(),
            left => format!("You can try {left} more times."),
        };
        body.push_str(&format!(
            "<p class=\"note bad\" role=\"alert\">That is not the number that the technician sees, so nothing was decided. {left} Call them \
             and let them read it out.</p>\n"
        ));
    }
    body.push_str(&format!("<h1>{}</h1>\n<dl>\n", escaped(&facts.asks())));
    body.push_str(&row("Client", &facts.client));
    body.push_str(&row("Concerns", &facts.object));
    body.push_str(&row("Current state", &facts.current_state));
    body.push_str(&row("Proposed action", &facts.proposed_action));
    if let Some(reason) = &facts.reason {
        body.push_str(&row("Reason given", reason));
    }
    if let Some(directory) = &facts.directory {
        body.push_str(&row("In directory", directory));
    }
    let asked = moment::full(facts.asked_at.get());
    let until = format!("{}. Silence is a no.", moment::full(facts.expires_at.get()));
    body.push_str(&row("Asked", &asked));
    body.push_str(&row("Answer before", &until));
    if let Some(several) = facts.several() {
        body.push_str(&row("Approvals", &several));
    }
    body.push_str(&format!(
        "</dl>\n<h2 id=\"command\">Exact command ({})</h2>\n<pre dir=\"ltr\" tabindex=\"0\" role=\"region\" aria-labelledby=\"command\">{}</pre>\n",
        facts.shell(),
        shown(facts.command.as_deref().unwrap_or_default(), HID)
    ));
    body.push_str(&form(facts));
    body
}

fn form(facts: &Facts) -> String {
    let requester = escaped(&super::cut(&caisey_transcript::visible::marked_line(&facts.requester)));
    format!(
        "<form method=\"post\" autocomplete=\"off\">\n\
         <label for=\"number\">Six-digit number</label>\n\
         <p class=\"hint\" id=\"number-hint\">{requester} sees it. Call them on a number that you know, and let them read it out. Without it nothing \
         is approved and nothing is denied.</p>\n\
         <input id=\"number\" name=\"number\" inputmode=\"numeric\" autocomplete=\"off\" required maxlength=\"12\" \
         pattern=\"[0-9 \\-]{{6,12}}\" title=\"six digits\" aria-describedby=\"number-hint\">\n\
         <label for=\"reason\">Reason, if you deny</label>\n\
         <p class=\"hint\" id=\"reason-hint\">Optional. The technician reads it, and it stays on record.</p>\n\
         <textarea id=\"reason\" name=\"reason\" maxlength=\"{MAX_REASON_CHARS}\" aria-describedby=\"reason-hint\"></textarea>\n\
         <div class=\"do\"><button name=\"answer\" value=\"approve\">Approve this command</button>\n\
         <button class=\"no\" name=\"answer\" value=\"deny\">Deny</button></div>\n</form>\n"
    )
}

fn ending(over: Over) -> (&'static str, &'static str, &'static str) {
    match over {
        Over::YouApproved { waiting: false } => (
            "You approved this",
            "good",
            "Your answer is on record, with the time and how you gave it. The command was handed to the machine, which checks for itself \
             whether an answer by e-mail suffices there. This link is used up; you can close the page.",
        ),
        Over::YouApproved { waiting: true } => (
            "You approved this",
            "good",
            "Your answer is on record. Others have to approve as well before the command runs. This link is used up; you can close the page.",
        ),
        Over::YouDenied => (
            "You denied this",
            "good",
            "Your answer is on record. The command was not sent to the machine and will not run. This link is used up; you can close the page.",
        ),
        Over::Approved => (
            "Somebody else has approved this",
            "",
            "It needs no answer from you any more. If you disagree, call your provider.",
        ),
        Over::Denied => (
            "Somebody else has denied this",
            "",
            "The command was not sent to the machine and will not run. There is nothing for you to do.",
        ),
        Over::Expired => (
            "This request has expired",
            "care",
            "Nobody answered in time, and silence is a no: the command did not run. If it is still needed, the technician has to ask again.",
        ),
        Over::Withdrawn => (
            "This request was withdrawn",
            "",
            "The technician took it back before it was answered. The command did not run. There is nothing for you to do.",
        ),
        Over::Emergency => (
            "The technician declared an emergency",
            "care",
            "The command ran without your answer, as was allowed beforehand for emergencies. It waits for a review; your provider can show you \
             what was done.",
        ),
        Over::Locked => (
            "This link no longer works",
            "bad",
            "A wrong number was typed too often, so answers from this link do not count any more. Nothing was decided with it. If the \
             request is still needed, the technician has to ask again. If it was not you who typed, tell your provider.",
        ),
        Over::NotAsked => (
            "This request is not for you to decide",
            "care",
            "You asked for this yourself, or it asks for others or for a surer answer than a link can give. Nothing was decided.",
        ),
        Over::Erased => (
            "There is nothing left to decide",
            "care",
            "The command's text was erased from the record, so nobody can be asked about it any more and it will not run.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::facts;
    use super::*;

    const FRESH: Tries = Tries { left: 3, wrong: false };

    #[test]
    fn the_page_shows_everything_and_asks_for_the_number() {
        let page = page(&Shown::Open(Box::new(facts()), FRESH));
        for fact in [
            "Technician John Doe requests permission to modify firewall rule “Block SMB Inbound” on SRV-FILES-01.",
            "<dd>enabled</dd>",
            "Northstar Dental",
            "The scanner cannot reach the share",
            "name=&quot;Block SMB Inbound&quot; new enable=no",
            "name=\"number\"",
            "required",
        ] {
            assert!(page.contains(fact), "{fact}: {page}");
        }
        assert!(!page.contains("<script") && !page.contains("http-equiv=\"refresh\""));
    }

    #[test]
    fn hostile_texts_stay_texts() {
        let mut hostile = facts();
        hostile.command = Some("x</pre><form action=//evil><script>\u{202e}".into());
        hostile.reason = Some("<button name=answer value=approve>".into());
        hostile.hostname = "\"><img src=x onerror=alert(1)>".into();
        let page = page(&Shown::Open(Box::new(hostile), FRESH));
        assert_eq!(page.matches("<form").count(), 1);
        assert_eq!(page.matches("<button").count(), 2);
        assert!(!page.contains("<script") && !page.contains("<img"), "{page}");
        assert!(page.contains("‹RLO›") && !page.contains('\u{202e}'));
    }

    #[test]
    fn a_wrong_number_says_how_many_are_left() {
        let told = |left| page(&Shown::Open(Box::new(facts()), Tries { left, wrong: true }));
        assert!(told(2).contains("2 more times") && told(1).contains("once more"));
        assert!(!page(&Shown::Open(Box::new(facts()), FRESH)).contains("role=\"alert\""));
    }

    #[test]
    fn every_ending_says_what_it_means() {
        let all = [
            Over::YouApproved { waiting: false },
            Over::YouApproved { waiting: true },
            Over::YouDenied,
            Over::Approved,
            Over::Denied,
            Over::Expired,
            Over::Withdrawn,
            Over::Emergency,
            Over::Locked,
            Over::NotAsked,
            Over::Erased,
        ];
        let told: std::collections::BTreeSet<_> = all.iter().map(|over| page(&Shown::Over(*over))).collect();
        assert_eq!(told.len(), all.len());
        assert!(told.iter().all(|page| !page.contains("<form")));
        assert!(page(&Shown::Unknown).contains("not known"));
    }
}
