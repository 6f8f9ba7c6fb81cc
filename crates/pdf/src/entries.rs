//! The transcript itself: every entry of the session in the order of the log, with its texts.

use crate::cover::{body, heading};
use crate::difference;
use crate::face::Style;
use crate::mono;
use crate::page::Paper;
use crate::palette::{ACCENT, BAD, COMMAND, GUTTER, Ink, LEFT, MUTED, OPEN, OUTPUT, RIGHT, RULE, TEXT};
use crate::prose::{self, Setting};
use crate::tree::Tag;
use crate::{Limits, PdfError, Progress, moment};
use caisey_console::state_change::action_changes;
use caisey_console::view::{SessionDetail, StateDifference, TextView, TimelineItem, Verification};
use caisey_console::visible::marked_line;
use std::collections::{BTreeMap, HashMap};
use std::ops::ControlFlow;

/// What is left of the limits while outputs are printed.
struct Budget {
    limits: Limits,
    document: usize,
    streams: HashMap<(Option<String>, Option<String>), usize>,
}

impl Budget {
    /// How many bytes of this output may be printed.
    fn take(&mut self, item: &TimelineItem, wanted: usize) -> usize {
        let stream = self.streams.entry((item.action.clone(), item.stream.clone())).or_default();
        let granted = wanted
            .min(self.limits.output_bytes.saturating_sub(*stream))
            .min(self.limits.document_bytes.saturating_sub(self.document));
        *stream += granted;
        self.document += granted;
        granted
    }
}

/// Prints all entries; `watch` is told after each and may stop it.
pub(crate) fn print(
    paper: &mut Paper,
    detail: &SessionDetail,
    machines: &BTreeMap<String, String>,
    limits: Limits,
    watch: &mut impl FnMut(Progress) -> ControlFlow<()>,
) -> Result<(), PdfError> {
    paper.break_page();
    paper.bookmark(0, "Transcript".to_owned());
    heading(paper, "Transcript");
    paper.skip(4.0);
    let note = "Entries in the order of the log. Times are the control plane's, in UTC. The number under a time is the entry's place in \
                the machine's log; numbers that are missing here belong to other sessions. Text between ‹ and › in red stands for \
                something that could not be shown as it was: control characters, terminal escapes, letters that hide or imitate.";
    prose::print(
        paper,
        Setting {
            ink: MUTED,
            size: 8.2,
            leading: 11.6,
            ..body(LEFT, RIGHT - LEFT)
        },
        note,
    );
    paper.skip(6.0);
    let mut budget = Budget {
        limits,
        document: 0,
        streams: HashMap::new(),
    };
    let changes: HashMap<(String, u64), StateDifference> = action_changes(&detail.items)
        .into_iter()
        .map(|change| ((change.action.clone(), change.after_seq), change.into()))
        .collect();
    let mut day = String::new();
    let mut done = 0;
    for group in detail.items.chunk_by(is_same_output) {
        let Some(first) = group.first() else { continue };
        let day_of = moment::day(first.time_ms);
        let today = match machines.get(&first.endpoint).filter(|_| machines.len() > 1) {
            Some(name) => format!("{}, {day_of}", marked_line(name)),
            None => day_of,
        };
        if today != day {
            paper.need(70.0);
            paper.skip(16.0);
            paper.bookmark(1, today.clone());
            paper.within(Tag::Subheading, |paper| {
                paper.line_of(LEFT, paper.y(), Style::Bold, 9.6, ACCENT, &today);
            });
            paper.skip(4.0);
            day = today;
        }
        paper.within(Tag::Section, |paper| {
            entry(paper, first, group, &mut budget);
            let place = (first.action.clone().unwrap_or_default(), first.seq);
            if let Some(change) = changes.get(&place) {
                difference::print(paper, LEFT + GUTTER, change, |bytes| budget.take(first, bytes));
            }
        });
        done += group.len();
        let progress = Progress {
            done,
            total: detail.items.len(),
            pages: paper.count(),
        };
        if watch(progress).is_break() {
            return Err(PdfError::Stopped);
        }
    }
    Ok(())
}

/// Whether the second continues the first's output: same command, same stream, both as they should be.
fn is_same_output(before: &TimelineItem, after: &TimelineItem) -> bool {
    let is_output = |item: &TimelineItem| item.kind == "command.output" && item.fault.is_none();
    is_output(before)
        && is_output(after)
        && before.endpoint == after.endpoint
        && before.action == after.action
        && before.stream == after.stream
        && before.verification == after.verification
}

fn entry(paper: &mut Paper, first: &TimelineItem, group: &[TimelineItem], budget: &mut Budget) {
    paper.need(46.0);
    paper.skip(8.0);
    paper.rule(paper.y(), LEFT, RIGHT, RULE, 0.4);
    paper.skip(13.0);
    if first.kind == "action.proposed" {
        let command = text(first, "command").map(marked_line).unwrap_or_default();
        let begin: String = command.chars().take(60).collect();
        paper.bookmark(2, format!("{}  {begin}", moment::clock(first.time_ms)));
    }
    let (page, y) = (paper.count(), paper.y());
    let x = LEFT + GUTTER;
    paper.within(Tag::Paragraph, |paper| {
        paper.line_of(LEFT, y, Style::Bold, 8.6, TEXT, &moment::clock(first.time_ms));
        let number = match group.last() {
            Some(last) if last.seq != first.seq => format!("#{}–{}", first.seq, last.seq),
            _ => format!("#{}", first.seq),
        };
        paper.line_of(LEFT, y - 10.6, Style::Plain, 7.4, MUTED, &number);
        let who = marked_line(&first.actor_name);
        let by = format!("{}  {}", actor(first), who);
        let right = paper.faces.width(Style::Plain, &by, 8.0).min(150.0);
        prose::print_line(
            paper,
            Setting {
                size: 8.0,
                ink: MUTED,
                ..body(RIGHT - right, right + 1.0)
            },
            &by,
        );
        paper.skip(-13.2);
        let title = Setting {
            style: Style::Bold,
            ink: ink_of(first),
            ..body(x, RIGHT - x - right - 12.0)
        };
        prose::print(paper, title, headline(first));
    });
    mark(paper, x, first);
    texts(paper, x, first, group, budget);
    // An entry without texts is as high as its time and number.
    if paper.count() == page {
        paper.skip((paper.y() - (y - 13.0)).max(0.0));
    }
}

/// The headline without the beginning of a text that follows it in full.
fn headline(item: &TimelineItem) -> &str {
    let is_followed = item.texts.iter().any(|text| text.text.is_some() && text.name != "hostname");
    match item.headline.split_once(": ") {
        Some((what, _)) if is_followed => what,
        _ => &item.headline,
    }
}

fn texts(paper: &mut Paper, x: f32, first: &TimelineItem, group: &[TimelineItem], budget: &mut Budget) {
    if first.kind == "command.output" {
        return output(paper, x, first, group, budget);
    }
    // The command comes before its reason, whatever order the record has them in.
    let mut all: Vec<&TextView> = first.texts.iter().collect();
    all.sort_by_key(|text| (rank(&text.name), text.name.clone()));
    for view in all {
        match (&view.text, view.name.as_str()) {
            (None, name) => {
                let words = format!(
                    "The {} is not shown: it was erased or not disclosed. Its commitment remains in the log.",
                    label(name).to_lowercase()
                );
                paragraph(paper, x, "", &words, MUTED);
            }
            (Some(text), "command" | "probe" | "state") => {
                if view.name != "command" {
                    caption(paper, x, label(&view.name));
                }
                let (ground, bar) = if view.name == "state" {
                    (OUTPUT, RULE)
                } else {
                    (COMMAND, ACCENT)
                };
                paper.skip(3.0);
                let granted = if view.name == "state" {
                    budget.take(first, text.len())
                } else {
                    text.len()
                };
                clipped(paper, x, text, granted, ground, bar);
            }
            // The machine's name stands on the cover and in the head.
            (Some(_), "hostname") => {}
            (Some(text), name) => paragraph(paper, x, label(name), text, TEXT),
        }
    }
}

fn output(paper: &mut Paper, x: f32, first: &TimelineItem, group: &[TimelineItem], budget: &mut Budget) {
    let mut whole = String::new();
    let mut erased = 0;
    for item in group {
        match text(item, "output") {
            Some(text) => whole.push_str(text),
            None => erased += 1,
        }
    }
    let bar = if first.stream.as_deref() == Some("stderr") {
        BAD
    } else {
        RULE
    };
    paper.skip(3.0);
    if !whole.is_empty() {
        let granted = budget.take(first, whole.len());
        clipped(paper, x, &whole, granted, OUTPUT, bar);
    }
    if erased > 0 {
        let words = format!(
            "{erased} of these entries have no text to show: it was erased or not disclosed. The commitments remain in the log."
        );
        paragraph(paper, x, "", &words, MUTED);
    }
}

/// Prints up to `granted` bytes and says what is left out.
pub(crate) fn clipped(paper: &mut Paper, x: f32, text: &str, granted: usize, ground: Ink, bar: Ink) {
    let shown = text.get(..text.floor_char_boundary(granted)).unwrap_or(text);
    if !shown.is_empty() {
        mono::print(paper, x, RIGHT - x, ground, bar, shown);
    }
    if shown.len() < text.len() {
        let words = format!(
            "{} more bytes are in the session's record and are not printed here.",
            text.len() - shown.len()
        );
        paragraph(paper, x, "", &words, OPEN);
    }
}

pub(crate) fn paragraph(paper: &mut Paper, x: f32, label: &str, text: &str, ink: Ink) {
    let indent = if label.is_empty() { 0.0 } else { 62.0 };
    paper.need(13.2);
    if !label.is_empty() {
        paper.line_of(x, paper.y() - 13.2, Style::Plain, 8.4, MUTED, label);
    }
    prose::print(
        paper,
        Setting {
            size: 8.8,
            ink,
            ..body(x + indent, RIGHT - x - indent)
        },
        text,
    );
}

pub(crate) fn caption(paper: &mut Paper, x: f32, words: &str) {
    paper.need(40.0);
    paper.skip(12.0);
    paper.line_of(x, paper.y(), Style::Plain, 8.0, MUTED, words);
}

fn mark(paper: &mut Paper, x: f32, item: &TimelineItem) {
    match item.verification {
        Verification::Verified => {}
        Verification::Unverified => paragraph(paper, x, "", "This entry had not been checked when this was printed.", OPEN),
        Verification::Broken => {
            let why = item.fault.as_deref().unwrap_or("no reason was recorded");
            paragraph(paper, x, "", &format!("Broken: {why}"), BAD);
        }
    }
}

fn text<'a>(item: &'a TimelineItem, name: &str) -> Option<&'a str> {
    item.texts
        .iter()
        .find(|text| text.name == name)
        .and_then(|text| text.text.as_deref())
}

fn actor(item: &TimelineItem) -> &'static str {
    match item.actor_kind.as_str() {
        "control" => "recorded by",
        "endpoint" => "signed by the machine",
        "agent" => "proposed by an agent for",
        _ => "signed by",
    }
}

fn ink_of(item: &TimelineItem) -> Ink {
    match item.kind.as_str() {
        "action.refused" | "recorder.gap" | "command.output_omitted" | "action.unknown" => BAD,
        "command.finished" if item.exit_code != Some(0) => BAD,
        "command.output" => MUTED,
        _ => TEXT,
    }
}

fn rank(name: &str) -> usize {
    ["command", "cwd", "user", "reason", "purpose", "probe", "state"]
        .iter()
        .position(|known| *known == name)
        .unwrap_or(usize::MAX)
}

fn label(name: &str) -> &str {
    match name {
        "cwd" => "Folder",
        "user" => "User",
        "reason" => "Reason",
        "purpose" => "Purpose",
        "probe" => "State is read with",
        "state" => "State",
        "message" => "Message",
        "note" => "Note",
        "detail" => "Detail",
        "basis" => "Basis",
        "name" => "Name",
        "command" => "Command",
        "object" => "Object",
        "current_state" => "Now",
        "proposed_action" => "Proposed",
        _ => "Text",
    }
}
