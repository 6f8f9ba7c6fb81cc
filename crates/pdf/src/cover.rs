//! The first page: who, when, which machine, how far it was checked, and every command with its outcome.

use crate::dossier::{Dossier, Question};
use crate::face::Style;
use crate::page::Paper;
use crate::palette::{
    ACCENT, BAD, BAD_GROUND, COMMAND, GOOD, GOOD_GROUND, HEIGHT, Ink, LEFT, MUTED, OPEN, OPEN_GROUND, RIGHT, RULE, TEXT, TOP,
};
use crate::prose::{self, Setting};
use crate::tree::Tag;
use crate::{Imprint, moment};
use caisey_console::view::{SessionDetail, TimelineItem, Verification};
use caisey_console::visible::marked_line;
use caisey_transcript::counted::counted;

const LABEL: f32 = 108.0;

/// What stands on top of every page but the first.
pub(crate) fn running_head(detail: &SessionDetail) -> String {
    let row = &detail.row;
    format!(
        "Session transcript  ·  {}  ·  {}  ·  {}",
        marked_line(&row.hostname),
        moment::full(row.opened_at_ms),
        row.session
    )
}

/// Prints it.
pub(crate) fn print(paper: &mut Paper, detail: &SessionDetail, imprint: &Imprint, dossier: &Dossier) {
    paper.bookmark(0, "Summary".to_owned());
    let row = &detail.row;
    paper.fill(0.0, HEIGHT, crate::palette::WIDTH, 6.0, ACCENT);
    paper.skip(2.0);
    paper.line_of(LEFT, paper.y(), Style::Bold, 8.5, ACCENT, "SESSION TRANSCRIPT");
    let organisation = marked_line(&imprint.organisation);
    let width = paper.faces.width(Style::Plain, &organisation, 8.5);
    paper.line_of(RIGHT - width, paper.y(), Style::Plain, 8.5, MUTED, &organisation);
    paper.skip(12.0);
    let title = Setting {
        style: Style::Bold,
        size: 21.0,
        leading: 27.0,
        ..body(LEFT, RIGHT - LEFT)
    };
    let words = format!("Remote work on {}", row.hostname);
    paper.within(Tag::Title, |paper| prose::print(paper, title, &words));
    paper.skip(2.0);
    prose::print(
        paper,
        Setting {
            size: 11.5,
            leading: 16.0,
            ink: MUTED,
            ..body(LEFT, RIGHT - LEFT)
        },
        &row.purpose,
    );
    paper.skip(14.0);
    if let Some(question) = &dossier.question {
        answer(paper, question);
        paper.skip(12.0);
    }
    standing(paper, detail);
    paper.skip(12.0);
    facts(paper, detail, dossier);
    paper.skip(16.0);
    commands(paper, detail);
}

/// The everyday setting of prose.
pub(crate) fn body(x: f32, width: f32) -> Setting {
    Setting {
        x,
        width,
        style: Style::Plain,
        size: 9.2,
        leading: 13.2,
        ink: TEXT,
    }
}

/// A heading with room above it.
pub(crate) fn heading(paper: &mut Paper, text: &str) {
    paper.need(70.0);
    if paper.y() < TOP {
        paper.skip(12.0);
    }
    paper.skip(14.0);
    paper.within(Tag::Heading, |paper| {
        paper.line_of(LEFT, paper.y(), Style::Bold, 13.0, TEXT, text);
    });
    paper.skip(6.0);
    paper.rule(paper.y(), LEFT, RIGHT, RULE, 0.8);
    paper.skip(4.0);
}

/// How many entries hold, are not checked, are broken.
pub(crate) fn counts(detail: &SessionDetail) -> (usize, usize, usize) {
    let of = |wanted| detail.items.iter().filter(|item| item.verification == wanted).count();
    (
        of(Verification::Verified),
        of(Verification::Unverified),
        of(Verification::Broken),
    )
}

fn standing(paper: &mut Paper, detail: &SessionDetail) {
    let (verified, open, broken) = counts(detail);
    let (ink, ground, word, text) = if broken > 0 {
        let text = format!(
            "A check failed for {broken} of {} entries. They are marked; do not rely on this record before it is explained.",
            detail.items.len()
        );
        (BAD, BAD_GROUND, "Broken", text)
    } else if open > 0 || verified == 0 {
        let text = format!(
            "{open} of {} entries had not been checked on the machine that printed this. They are marked.",
            detail.items.len()
        );
        (OPEN, OPEN_GROUND, "Not fully checked", text)
    } else {
        let text = format!(
            "Signature, texts and place in the log of all {verified} entries were checked on the machine that printed this. How to check it yourself stands on the last page."
        );
        (GOOD, GOOD_GROUND, "Verified", text)
    };
    let setting = Setting {
        ink: TEXT,
        ..body(LEFT + 14.0, RIGHT - LEFT - 28.0)
    };
    let height = prose::height(paper, setting, &text) + 31.0;
    let top = paper.y();
    paper.fill(LEFT, top, RIGHT - LEFT, height, ground);
    paper.fill(LEFT, top, 3.0, height, ink);
    paper.skip(18.0);
    paper.line_of(LEFT + 14.0, paper.y(), Style::Bold, 10.5, ink, word);
    prose::print(paper, setting, &text);
    paper.skip(paper.y() - (top - height));
}

fn facts(paper: &mut Paper, detail: &SessionDetail, dossier: &Dossier) {
    let row = &detail.row;
    let closed = row.closed_at_ms.map_or_else(
        || "Not closed when this was printed".to_owned(),
        |end| {
            format!(
                "{}, after {}",
                moment::full(end),
                moment::span(end.saturating_sub(row.opened_at_ms))
            )
        },
    );
    let outcomes: Vec<Outcome> = actions(detail).into_iter().map(|(_, outcome)| outcome).collect();
    let count = |kind: Mood| outcomes.iter().filter(|outcome| outcome.mood == kind).count();
    let commands = format!(
        "{}: {} ended with exit code 0, {} otherwise, {} without a known end",
        outcomes.len(),
        count(Mood::Good),
        count(Mood::Bad),
        count(Mood::Open)
    );
    let entries = format!(
        "{}, numbers {} to {} of the machine's log",
        detail.items.len(),
        row.first_seq,
        row.last_seq
    );
    let mut table = vec![
        ("Machine", format!("{}  ({})", row.hostname, row.endpoint)),
        ("Client", row.client_name.clone()),
        ("Technician", format!("{}  ({})", row.member_name, row.member)),
        ("Authorised by", authorised(detail, dossier)),
        ("Opened", moment::full(row.opened_at_ms)),
        ("Closed", closed),
        ("Commands", commands),
        ("Entries", entries),
        ("Session", row.session.clone()),
    ];
    if let Some(attested) = attested(dossier) {
        table.push(("Attested by", attested));
    }
    if let Some(redactions) = &dossier.redactions {
        let total: u64 = redactions.classes.iter().map(|(_, count)| *count).sum();
        table.push((
            "Removed",
            format!("{}, by class on the page “What was removed”", counted(total, "passage")),
        ));
    }
    if let Some(root) = &detail.root {
        table.push(("Checkpoint", format!("{} entries, root {root}", detail.log_size)));
    }
    table_of_facts(paper, &table);
}

/// Whoever allowed something, once each.
fn authorised(detail: &SessionDetail, dossier: &Dossier) -> String {
    let mut names: Vec<String> = dossier
        .authorisations
        .iter()
        .map(|one| format!("{} ({})", one.by, one.how))
        .collect();
    if names.is_empty() {
        // The record's own words: "Allowed by policy …".
        let allowed = detail.items.iter().filter(|item| item.kind == "action.authorised");
        names = allowed.map(|item| item.headline.clone()).collect();
    }
    let mut once: Vec<String> = Vec::new();
    for name in names {
        if !once.contains(&name) {
            once.push(name);
        }
    }
    match once.len() {
        0 => "Nobody was asked: no command waited for a yes".to_owned(),
        1..=4 => once.join("; "),
        more => format!("{}; and {} more", once.get(..3).unwrap_or_default().join("; "), more - 3),
    }
}

fn attested(dossier: &Dossier) -> Option<String> {
    match &dossier.attested {
        Some(attested) => {
            let (seen, all) = attested.coverage;
            Some(format!(
                "{}, {}, on {}, after reading {seen} of {all} entries: “{}”",
                attested.reviewer,
                attested.role,
                moment::full(attested.at_ms),
                attested.statement
            ))
        }
        None if dossier.is_handed_over() => Some("Nobody has reviewed and attested this record".to_owned()),
        None => None,
    }
}

fn answer(paper: &mut Paper, question: &Question) {
    let asked = Setting {
        style: Style::Bold,
        ..body(LEFT + 14.0, RIGHT - LEFT - 28.0)
    };
    let answered = Setting {
        style: Style::Plain,
        ..asked
    };
    let height = prose::height(paper, asked, &question.question) + prose::height(paper, answered, &question.answer) + 36.0;
    let top = paper.y();
    paper.fill(LEFT, top, RIGHT - LEFT, height, COMMAND);
    paper.fill(LEFT, top, 3.0, height, ACCENT);
    paper.skip(18.0);
    paper.line_of(LEFT + 14.0, paper.y(), Style::Plain, 8.0, ACCENT, "QUESTION");
    paper.skip(1.0);
    prose::print(paper, asked, &question.question);
    paper.skip(3.0);
    prose::print(paper, answered, &question.answer);
    paper.skip(paper.y() - (top - height));
}

/// Names and values, a line below each.
pub(crate) fn table_of_facts(paper: &mut Paper, rows: &[(&str, String)]) {
    paper.within(Tag::Table, |paper| {
        for (label, value) in rows {
            paper.need(18.0);
            paper.within(Tag::Row, |paper| {
                let top = paper.y();
                paper.within(Tag::RowHead, |paper| {
                    paper.line_of(LEFT, top - 13.2, Style::Plain, 9.2, MUTED, label);
                });
                paper.within(Tag::Cell, |paper| {
                    prose::print(paper, body(LEFT + LABEL, RIGHT - LEFT - LABEL), value);
                });
            });
            paper.skip(4.4);
            paper.rule(paper.y(), LEFT, RIGHT, RULE, 0.4);
            paper.skip(1.2);
        }
    });
}

/// Whether an outcome is good news.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mood {
    /// Exit code 0.
    Good,
    /// Anything else that is known.
    Bad,
    /// Not known, or not over.
    Open,
}

/// How an action ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// In a few words.
    pub(crate) words: String,
    /// Good or not.
    pub(crate) mood: Mood,
}

/// Every proposed action with how it ended.
pub(crate) fn actions(detail: &SessionDetail) -> Vec<(&TimelineItem, Outcome)> {
    let proposed = detail.items.iter().filter(|item| item.kind == "action.proposed");
    proposed.map(|item| (item, outcome(detail, item))).collect()
}

fn outcome(detail: &SessionDetail, proposed: &TimelineItem) -> Outcome {
    let own = detail
        .items
        .iter()
        .filter(|item| item.action.is_some() && item.action == proposed.action);
    let last = own
        .rev()
        .find(|item| matches!(item.kind.as_str(), "command.finished" | "action.refused" | "action.unknown"));
    let say = |words: &str, mood| Outcome {
        words: words.to_owned(),
        mood,
    };
    let Some(last) = last else {
        return say("not over", Mood::Open);
    };
    let fact = |name: &str| last.facts.get(name).and_then(|value| value.as_str()).unwrap_or("");
    match (last.kind.as_str(), fact("outcome"), last.exit_code) {
        ("action.refused", _, _) => say(
            &format!("refused: {}", marked_line(fact("code")).replace('_', " ")),
            Mood::Bad,
        ),
        ("action.unknown", _, _) => say("not known", Mood::Open),
        (_, "exited", Some(0)) => say("exit code 0", Mood::Good),
        (_, "exited", Some(code)) => say(&format!("exit code {code}"), Mood::Bad),
        (_, "cancelled", _) => say("cancelled", Mood::Bad),
        (_, "timed_out", _) => say("timed out", Mood::Bad),
        (_, "not_started", _) => say("not started", Mood::Bad),
        (_, "signalled", _) => say("ended by a signal", Mood::Bad),
        (_, _, Some(code)) => say(&format!("exit code {code}"), if code == 0 { Mood::Good } else { Mood::Bad }),
        _ => say("ended", Mood::Open),
    }
}

/// The colour of a mood.
pub(crate) fn ink_of(mood: Mood) -> Ink {
    match mood {
        Mood::Good => GOOD,
        Mood::Bad => BAD,
        Mood::Open => OPEN,
    }
}

fn commands(paper: &mut Paper, detail: &SessionDetail) {
    let all = actions(detail);
    heading(paper, "What was run");
    if all.is_empty() {
        paper.skip(4.0);
        prose::print(paper, body(LEFT, RIGHT - LEFT), "No command was proposed in this session.");
        return;
    }
    paper.within(Tag::Table, |paper| {
        paper.need(40.0);
        paper.skip(13.0);
        let y = paper.y();
        paper.within(Tag::Row, |paper| {
            for (x, words) in [(LEFT, "Time"), (LEFT + 66.0, "Entry"), (LEFT + LABEL, "Command")] {
                column_head(paper, x, y, words);
            }
            let width = paper.faces.width(Style::Plain, "Outcome", 7.6);
            column_head(paper, RIGHT - width, y, "Outcome");
        });
        paper.skip(4.0);
        paper.rule(paper.y(), LEFT, RIGHT, RULE, 0.6);
        for (item, outcome) in &all {
            paper.within(Tag::Row, |paper| command(paper, item, outcome));
        }
    });
}

/// The name of a column.
pub(crate) fn column_head(paper: &mut Paper, x: f32, y: f32, words: &str) {
    paper.within(Tag::ColumnHead, |paper| {
        paper.line_of(x, y, Style::Plain, 7.6, MUTED, words);
    });
}

fn command(paper: &mut Paper, item: &TimelineItem, outcome: &Outcome) {
    paper.need(17.0);
    paper.skip(14.0);
    let y = paper.y();
    paper.within(Tag::Cell, |paper| {
        paper.line_of(LEFT, y, Style::Plain, 8.6, MUTED, &moment::clock(item.time_ms));
    });
    paper.within(Tag::Cell, |paper| {
        paper.line_of(LEFT + 66.0, y, Style::Plain, 8.6, MUTED, &format!("#{}", item.seq));
    });
    let words = paper.faces.width(Style::Plain, &outcome.words, 8.6);
    let command = item
        .texts
        .iter()
        .find(|text| text.name == "command")
        .and_then(|text| text.text.as_deref());
    let line = Setting {
        style: Style::Mono,
        size: 7.8,
        ..body(LEFT + LABEL, RIGHT - LEFT - LABEL - words - 12.0)
    };
    let text = command.map_or_else(|| "(erased)".to_owned(), |text| text.replace('\n', " ⏎ "));
    paper.within(Tag::Cell, |paper| prose::print_line(paper, line, &text));
    paper.within(Tag::Cell, |paper| {
        paper.line_of(RIGHT - words, y, Style::Plain, 8.6, ink_of(outcome.mood), &outcome.words);
    });
    paper.skip(4.0);
    paper.rule(paper.y(), LEFT, RIGHT, RULE, 0.3);
}
