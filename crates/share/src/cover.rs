//! The first screen: the facts that an insurer asks for first, and what was run.

use crate::facts::{Facts, Mood};
use crate::markup::Html;
use crate::texts;
use caisey_transcript::counted::counted;
use caisey_transcript::moment;
use caisey_transcript::snapshot::Scope;
use caisey_transcript::verify::Record;

pub(crate) fn print(html: &mut Html, record: &Record, facts: &Facts) {
    html.raw("<section class=\"cover\" aria-labelledby=\"title\">");
    html.raw("<p class=\"kind\">");
    html.raw(match record.snapshot.scope {
        Scope::Session { .. } => "Record of a session",
        Scope::Period { .. } => "Record of a period",
    });
    html.element("</p><h1 id=\"title\">", &facts.title, "</h1>");
    if let Some(purpose) = &facts.purpose {
        html.raw("<p class=\"purpose\">");
        texts::pieces(html, purpose, true);
        html.raw("</p>");
    }
    standing(html, facts);
    contents(html, record);
    html.raw("<dl class=\"facts\">");
    html.fact("Who", &joined(&facts.who, "Nobody opened a session or proposed a command"));
    html.fact("When", &facts.when);
    html.raw("<div><dt>")
        .raw(if facts.machines.len() == 1 { "Machine" } else { "Machines" })
        .raw("</dt><dd>");
    for (at, (name, id)) in facts.machines.iter().enumerate() {
        html.raw(if at > 0 { "<br>" } else { "" }).line(name);
        html.element(" <span class=\"id\">", id, "</span>");
    }
    html.raw("</dd></div>");
    list(html, "Authorised by", &facts.authorised);
    list(
        html,
        "Attested by",
        if facts.attested.is_empty() {
            &facts.refused
        } else {
            &facts.attested
        },
    );
    html.fact("Commands", &facts.ran);
    html.fact("Removed", &removed(record));
    html.fact(
        "Handed out by",
        facts
            .released
            .as_deref()
            .unwrap_or("Not known: the signature under it does not hold"),
    );
    html.raw("</dl><details class=\"more\"><summary>Numbers for the file</summary><dl class=\"facts\">");
    html.fact("Client", &joined(&facts.clients, "Not named in this record"));
    list(html, "Entries", &facts.entries);
    list(html, "Checkpoint", &facts.checkpoints);
    if let Scope::Session { session } = &record.snapshot.scope {
        html.fact("Session", session.as_str());
    }
    html.fact("Snapshot", &record.snapshot.digest().unwrap_or_default());
    html.raw("</dl></details></section>");
}

/// Where to find what. The last two stand around the record ([`crate::page`]).
fn contents(html: &mut Html, record: &Record) {
    html.raw("<nav class=\"links\" aria-label=\"Contents\"><ul><li><a href=\"#run\">What was run</a></li>");
    if !record.certificates.is_empty() {
        html.raw("<li><a href=\"#answers\">Answers to questions</a></li>");
    }
    html.raw(
        "<li><a href=\"#transcript\">Transcript</a></li><li><a href=\"#removed\">What was removed</a></li>\
         <li><a href=\"#checks-title\">What was checked</a></li><li><a href=\"#yourself\">Check it yourself</a></li></ul></nav>",
    );
}

/// What a reader must not miss.
fn standing(html: &mut Html, facts: &Facts) {
    if !facts.refused.is_empty() {
        html.raw(
            "<p class=\"warning\"><strong>Refused.</strong> A reviewer who took no part refused to attest this record. The reason stands below.</p>",
        );
    } else if !facts.reviewed {
        html.raw(
            "<p class=\"warning\"><strong>Not reviewed.</strong> Nobody but those who did the work has looked at this record. Its entries can be \
             checked all the same; that they are presented fairly is nobody’s word.</p>",
        );
    }
}

fn removed(record: &Record) -> String {
    let spans = record.redactions.spans.len() as u64;
    let restored = record.release.as_ref().map_or(0, |release| release.restored.len() as u64);
    let again = match restored {
        0 => String::new(),
        _ => format!("; {} shown again by a person", counted(restored, "passage")),
    };
    if spans == 0 {
        return format!("Nothing{again}");
    }
    let counts = record.redactions.counts();
    let classes: Vec<String> = counts
        .iter()
        .map(|(class, count)| format!("{count} {}", class.replace('-', " ")))
        .collect();
    format!("{}: {}{again}", counted(spans, "passage"), classes.join(", "))
}

fn joined(words: &[String], none: &str) -> String {
    if words.is_empty() { none.to_owned() } else { words.join(", ") }
}

fn list(html: &mut Html, term: &'static str, words: &[String]) {
    html.raw("<div><dt>").raw(term).raw("</dt><dd>");
    if words.is_empty() {
        html.raw("Nobody");
    }
    for (at, word) in words.iter().enumerate() {
        html.raw(if at > 0 { "<br>" } else { "" }).line(word);
    }
    html.raw("</dd></div>");
}

/// Commands whose rows browsers lay out together, as entries ([`crate::entries`]).
const PORTION: usize = 40;

/// Every command with who allowed it and how it ended.
pub(crate) fn commands(html: &mut Html, facts: &Facts) {
    html.raw("<section aria-labelledby=\"run\"><h2 id=\"run\">What was run</h2>");
    if facts.commands.is_empty() {
        html.raw("<p>No command was proposed.</p></section>");
        return;
    }
    html.raw(if facts.several_days {
        "<table class=\"run days\">"
    } else {
        "<table class=\"run\">"
    });
    html.raw(
        "<thead><tr><th scope=\"col\">Time (UTC)</th><th scope=\"col\">Command</th><th scope=\"col\">Authorised by</th>\
         <th scope=\"col\">Outcome</th></tr></thead><tbody>",
    );
    for (at, command) in facts.commands.iter().enumerate() {
        html.raw(if at > 0 && at % PORTION == 0 { "</tbody><tbody>" } else { "" });
        html.raw("<tr><td class=\"time\"><a href=\"#")
            .line(&command.anchor)
            .raw("\">");
        if facts.several_days {
            html.line(&moment::date(command.time_ms)).raw(" ");
        }
        html.line(moment::clock(command.time_ms).trim_end_matches(" UTC"));
        html.raw("</a></td><td><code>");
        match &command.text {
            Some(text) => texts::pieces(html, text, true),
            None => {
                html.raw("<span class=\"gone\">(no text)</span>");
            }
        }
        html.element("</code><span class=\"by\">", &command.who, "");
        if facts.machines.len() > 1 {
            html.element(" on ", &command.machine, "");
        }
        html.element("</span></td><td>", &command.authorised, "</td><td class=\"outcome ");
        html.raw(mood(command.mood)).element("\">", &command.outcome, "</td></tr>");
    }
    html.raw("</tbody></table></section>");
}

pub(crate) fn mood(mood: Mood) -> &'static str {
    match mood {
        Mood::Good => "good",
        Mood::Bad => "bad",
        Mood::Open => "unknown",
    }
}
