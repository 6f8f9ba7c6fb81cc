//! The e-mail itself: subject, plain text and HTML with the same facts. Its HTML is what mail programs draw: tables and inline styles, nothing
//! fetched, one link.

use super::markup::{escaped, shown};
use super::{Facts, Letter, cut};
use caisey_transcript::moment;
use caisey_transcript::visible::{marked, marked_line};
use sha2::{Digest as _, Sha256};

/// A longer command is cut in the mail; the page has all of it.
const LONGEST_COMMAND: usize = 10_000;

/// Where there is nothing to send mail with; for whoever asks.
pub const NO_SERVER: &str =
    "This control plane has no mail server, so no mail was sent. Call the contact, and ask an administrator to set one up.";

/// `Message-ID` (RFC 5322 §3.6.4): one for each request and contact, so that mail systems which drop repetitions drop ours.
pub fn message_id(letter: &Letter, authority: &str) -> String {
    let digest = Sha256::new_with_prefix(b"caisey.mail/v1\n")
        .chain_update(letter.action.as_str())
        .chain_update(b"\n")
        .chain_update(letter.member.as_str())
        .finalize();
    let digest: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("<approval-{digest}@{authority}>")
}

/// One line: what is asked, and for whose machine.
pub fn subject(facts: &Facts) -> String {
    format!(
        "Your permission is asked: {} on {}",
        cut(&marked_line(&facts.requester)),
        cut(&marked_line(&facts.hostname))
    )
}

/// What follows the sentence, by name.
fn lines(facts: &Facts) -> Vec<(&'static str, String)> {
    let mut lines = vec![
        ("Client", facts.client.clone()),
        ("Server", facts.hostname.clone()),
        ("Technician", facts.requester.clone()),
        ("Concerns", facts.object.clone()),
        ("Current state", facts.current_state.clone()),
        ("Proposed action", facts.proposed_action.clone()),
    ];
    if let Some(reason) = &facts.reason {
        lines.push(("Reason given", reason.clone()));
    }
    if let Some(directory) = &facts.directory {
        lines.push(("In directory", directory.clone()));
    }
    lines.extend(facts.several().map(|several| ("Approvals", several)));
    lines
}

/// The command as it is shown, and whether that is not all of it.
fn command(facts: &Facts) -> (String, bool) {
    match &facts.command {
        None => ("(its text was erased)".to_owned(), false),
        Some(command) => {
            let shown: String = command.chars().take(LONGEST_COMMAND).collect();
            let cut = shown.len() < command.len();
            (shown, cut)
        }
    }
}

const CUT: &str = "The command is longer than this mail shows. The page has all of it; read it there before you answer.";
const NOBODY: &str = "Nobody can approve or deny with this mail alone. If you did not expect it, do nothing: without an answer the command does not \
                      run. The link is yours; do not pass it on. This mail was written by a machine, and replies are not read.";

fn how(facts: &Facts) -> String {
    format!(
        "To answer, open the page and type the six-digit number that {} sees and reads out to you. Call them on a number that you know.",
        cut(&marked_line(&facts.requester))
    )
}

fn until(facts: &Facts) -> String {
    let minutes = facts.expires_at.get().saturating_sub(facts.asked_at.get()) / 60_000;
    format!(
        "Answer before {} ({minutes} minutes after it was asked). Silence is a no.",
        moment::full(facts.expires_at.get())
    )
}

/// For programs that show no HTML.
pub fn plain(facts: &Facts, link: &str) -> String {
    let mut text = format!("{}\n\n", facts.asks());
    for (name, words) in lines(facts) {
        let words = marked(words.trim());
        // A label at the start of a line is ours alone.
        let words = words.replace('\n', "\n    ");
        text.push_str(&format!("{name}: {words}\n"));
    }
    let (command, is_cut) = command(facts);
    let command = marked(&command).replace('\n', "\n    ");
    text.push_str(&format!("Exact command ({}):\n\n    {command}\n\n", facts.shell()));
    if is_cut {
        text.push_str(&format!("{CUT}\n\n"));
    }
    text.push_str(&format!("{}\n\n{}\n\n{link}\n\n{NOBODY}\n", until(facts), how(facts)));
    text
}

const MARK: &str = r#"style="background:#e9e4f3;color:#4a3577""#;
const FACE: &str = "font-family:-apple-system,'Segoe UI',Roboto,'Noto Sans',sans-serif";

/// For all others.
pub fn html(facts: &Facts, link: &str) -> String {
    let mut rows = String::new();
    for (name, words) in lines(facts) {
        let words = shown(words.trim(), MARK).replace('\n', "<br>");
        rows.push_str(&format!(
            "<tr><th scope=\"row\" style=\"text-align:left;vertical-align:top;padding:4px 16px 4px 0;color:#45524d;font-weight:400;white-space:nowrap\">\
             {name}</th><td style=\"padding:4px 0;vertical-align:top\">{words}</td></tr>\n"
        ));
    }
    let (command, is_cut) = command(facts);
    let command = shown(&command, MARK);
    let cut = if is_cut { format!("<p>{CUT}</p>") } else { String::new() };
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <meta name=\"color-scheme\" content=\"light dark\"><title>{title}</title></head>\n\
         <body style=\"margin:0;padding:16px;{FACE};font-size:15px;line-height:1.5\">\n\
         <div style=\"max-width:40em;margin:0 auto\">\n\
         <p style=\"font-size:18px;line-height:1.35\"><strong>{asks}</strong></p>\n\
         <table role=\"presentation\" style=\"border-collapse:collapse;font-size:15px\">\n{rows}</table>\n\
         <p style=\"margin:16px 0 4px\">Exact command ({shell}):</p>\n\
         <pre dir=\"ltr\" style=\"margin:0;padding:12px;border:1px solid #b9c3be;border-radius:6px;white-space:pre-wrap;overflow-wrap:anywhere;\
         font-family:Consolas,Menlo,'Noto Sans Mono',monospace;font-size:13px\">{command}</pre>\n{cut}\
         <p>{until}</p>\n<p>{how}</p>\n\
         <p style=\"margin:20px 0\"><a href=\"{link}\" rel=\"noreferrer\" style=\"display:inline-block;padding:10px 18px;border-radius:6px;background:#0b5d51;\
         color:#ffffff;text-decoration:none\">Read it and answer</a></p>\n\
         <p style=\"font-size:13px;overflow-wrap:anywhere\">{link}</p>\n\
         <p style=\"font-size:13px;color:#586560\">{NOBODY}</p>\n</div></body></html>\n",
        title = escaped(&subject(facts)),
        asks = escaped(&facts.asks()),
        shell = facts.shell(),
        until = escaped(&until(facts)),
        how = escaped(&how(facts)),
        link = escaped(link),
    )
}

#[cfg(test)]
mod tests {
    use super::super::tests::facts;
    use super::*;

    #[test]
    fn both_say_the_same() {
        let (facts, link) = (facts(), "https://control.example/a/x");
        let (plain, html) = (plain(&facts, link), html(&facts, link));
        for fact in [
            "John Doe",
            "SRV-FILES-01",
            "Northstar Dental",
            "enabled",
            "The scanner cannot reach the share",
            "22:29:03 UTC",
            link,
        ] {
            assert!(plain.contains(fact), "{fact}: {plain}");
            assert!(html.contains(fact), "{fact}: {html}");
        }
        assert!(plain.contains(facts.command.as_deref().unwrap_or("none")));
        assert!(html.contains("name=&quot;Block SMB Inbound&quot; new enable=no"));
    }

    #[test]
    fn what_hostile_people_write_stays_text_on_its_own_line() {
        let mut hostile = facts();
        hostile.requester = "Eve\r\nBcc: all@example.com\u{202e}".into();
        hostile.hostname = "<img src=x>\0".into();
        hostile.current_state = "fine\nProposed action: nothing at all".into();
        hostile.command = Some("echo ok\nSilence is a yes.\u{1b}[2J</pre><script>alert(1)</script>".into());
        let subject = subject(&hostile);
        assert!(!subject.contains(['\r', '\n', '\0', '\u{202e}']), "{subject:?}");
        let plain = plain(&hostile, "https://x/a/y");
        assert!(!plain.contains(['\r', '\0', '\u{202e}', '\u{1b}']), "{plain:?}");
        assert!(plain.contains("fine\n    Proposed action: nothing"), "{plain}");
        assert!(plain.contains("    echo ok\n    Silence is a yes.‹ESC[2J›"), "{plain}");
        let html = html(&hostile, "https://x/a/y");
        assert!(!html.contains("<script") && !html.contains("<img"), "{html}");
    }

    #[test]
    fn a_command_longer_than_a_mail_is_said_to_be_that() {
        let mut long = facts();
        long.command = Some("a".repeat(20_000));
        assert!(plain(&long, "x").contains(CUT));
        assert!(html(&long, "x").contains(CUT));
    }
}
