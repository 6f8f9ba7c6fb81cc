//! From invocations to a reading: names resolved, wrappers unwrapped, the tables asked, the worst of it all kept.

mod arguments;
mod cmdlet;
mod native;
mod nested;
mod sent;
mod small;
mod things;

use crate::knowledge::{Knowledge, knowledge};
use crate::limits::{MAX_NESTING, MAX_TEXT_BYTES, Work};
use crate::parse::{self, Dialect, Input, Invocation, Item, Word};
use crate::reading::{ActionClass, OpaquePart, Reading, Reason, Resource, ResourceKind, Span};
use std::collections::{BTreeMap, BTreeSet};

/// Reads a whole text.
pub(crate) fn judge(dialect: Dialect, text: &str) -> (Reading, usize) {
    if text.len() > MAX_TEXT_BYTES {
        return (
            Reading::opaque(
                text,
                "The text is too long to be read; split it, or run it as a reviewed script.",
            ),
            0,
        );
    }
    let mut judge = Judge::new(text);
    judge.text(
        text,
        Place {
            dialect,
            depth: 0,
            fixed: None,
        },
    );
    judge.finish(text)
}

/// Where an invocation stands: its language, how deep, and, inside decoded text, the place that was decoded.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    dialect: Dialect,
    depth: usize,
    fixed: Option<Span>,
}

impl Place {
    fn span(self, span: Span) -> Span {
        self.fixed.unwrap_or(span)
    }
}

/// What has been found so far.
pub(crate) struct Judge {
    knowledge: &'static Knowledge,
    work: Work,
    class: ActionClass,
    verbs: Vec<String>,
    seen_verbs: BTreeSet<String>,
    resources: Vec<Resource>,
    seen_resources: BTreeSet<(ResourceKind, String)>,
    reasons: Vec<Reason>,
    opaque: Vec<OpaquePart>,
    /// Functions that the text itself defined before.
    defined: BTreeSet<String>,
    /// What the text's variables may hold.
    variables: BTreeMap<String, sent::Held>,
    /// Nothing has been run yet.
    idle: bool,
}

/// What an invocation is part of.
#[derive(Clone, Copy)]
pub(crate) struct Around<'a> {
    run: &'a Invocation,
    place: Place,
    /// Wrappers that have been taken off.
    wraps: usize,
}

impl Judge {
    fn new(text: &str) -> Self {
        Self {
            knowledge: knowledge(),
            work: Work::for_text(text.len()),
            class: ActionClass::ReadOnly,
            verbs: Vec::new(),
            seen_verbs: BTreeSet::new(),
            resources: Vec::new(),
            seen_resources: BTreeSet::new(),
            reasons: Vec::new(),
            opaque: Vec::new(),
            defined: BTreeSet::new(),
            variables: BTreeMap::new(),
            idle: true,
        }
    }

    fn finish(mut self, text: &str) -> (Reading, usize) {
        let whole = Span {
            start: 0,
            end: text.len(),
        };
        if self.work.exhausted() {
            self.say(
                ActionClass::Opaque,
                whole,
                "The text is too intricate to be read within bounds.".to_owned(),
            );
        }
        if self.idle && self.class == ActionClass::ReadOnly {
            self.say(ActionClass::ReadOnly, whole, "Nothing is run.".to_owned());
        }
        let reading = Reading {
            class: self.class,
            verbs: self.verbs,
            resources: self.resources,
            reasons: self.reasons,
            opaque_parts: self.opaque,
        };
        (reading, self.work.done())
    }

    /// Reads a text and everything in it.
    fn text(&mut self, text: &str, place: Place) {
        if place.depth > MAX_NESTING || !self.work.steps(1 + text.len() / 16) {
            let span = place.span(Span {
                start: 0,
                end: text.len(),
            });
            return self.say(
                ActionClass::Opaque,
                span,
                "Commands are nested too deeply to be read within bounds.".to_owned(),
            );
        }
        let script = parse::script(place.dialect, text, &mut self.work);
        self.learn(&script.items, place.dialect);
        for item in script.items {
            self.item(item, place);
        }
    }

    fn item(&mut self, item: Item, place: Place) {
        match item {
            Item::Run(run) => self.invocation(&run, place),
            Item::Note(note) => self.say(note.class, place.span(note.span), note.sentence),
            Item::Define(name) => {
                self.defined.insert(name);
            }
            Item::Assign { name, value, exported } => self.assignment(&name, &value, exported, place),
        }
    }

    fn assignment(&mut self, name: &str, value: &Word, exported: bool, place: Place) {
        let span = place.span(value.span());
        let lower = name.to_lowercase();
        if place.dialect.is_powershell() {
            let (drive, _) = lower.trim_start_matches('$').split_once(':').unwrap_or(("", ""));
            match (drive, lower.as_str()) {
                ("env", _) => self.say(
                    ActionClass::Changing,
                    span,
                    "An environment variable of the session is changed.".to_owned(),
                ),
                (_, "$object.property") => {
                    self.say(
                        ActionClass::Changing,
                        span,
                        "A property of an object is set, which may change what the object stands for.".to_owned(),
                    );
                }

                ("" | "global" | "local" | "script" | "private" | "using" | "variable", name)
                    if self
                        .knowledge
                        .is_session_variable(name.rsplit(['$', ':']).next().unwrap_or_default()) =>
                {
                    self.say(
                        ActionClass::Opaque,
                        span,
                        "A variable is set that changes what later commands do.".to_owned(),
                    );
                }
                ("" | "global" | "local" | "script" | "private", _) => {}
                _ => self.say(
                    ActionClass::Opaque,
                    span,
                    "Something is assigned to a drive, not to a variable.".to_owned(),
                ),
            }
            return;
        }
        let harmless = self.knowledge.is_harmless_variable(name);
        if self.knowledge.is_dangerous_variable(name) || (exported && !harmless && name != lower) {
            let sentence = format!("`{name}` is set, which changes what later commands do.");
            self.say(ActionClass::Opaque, span, sentence);
        }
    }

    fn invocation(&mut self, run: &Invocation, place: Place) {
        if !self.work.steps(1 + run.words.len()) {
            return;
        }
        self.idle = false;
        for redirect in &run.redirects {
            self.redirect(&redirect.target, redirect.writes, place);
        }
        for (name, value) in &run.environment {
            let tame =
                self.knowledge.is_harmless_variable(name) && (name != "PAGER" || value.text == "cat" || value.text.is_empty());
            if !tame {
                let sentence = format!("`{name}` is set for this program, which may make it do something else.");
                self.say(ActionClass::Opaque, place.span(value.span()), sentence);
            }
        }
        if !run.words.is_empty() {
            self.command(&run.words, Around { run, place, wraps: 0 });
        }
    }

    fn redirect(&mut self, target: &Word, writes: bool, place: Place) {
        let span = place.span(target.span());
        let lower = target.text.to_lowercase();
        if ["/dev/null", "/dev/stdout", "/dev/stderr", "nul", "nul:", "$null", "con"].contains(&lower.as_str()) {
            return;
        }
        self.name(crate::knowledge::Thing::Is(ResourceKind::Path), target, place);
        if lower.starts_with("/dev/tcp/") || lower.starts_with("/dev/udp/") {
            self.say(
                ActionClass::Opaque,
                span,
                "A connection to another machine is opened.".to_owned(),
            );
        } else if writes && (lower.starts_with("/dev/") || lower.starts_with("\\\\.\\")) {
            self.say(
                ActionClass::Destructive,
                span,
                format!("Output is written over the device `{}`.", target.text),
            );
        } else if writes {
            self.verb(">".to_owned());
            self.say(
                ActionClass::Changing,
                span,
                format!("Output is written to `{}`.", target.text),
            );
        }
    }

    /// One program, wrappers taken off.
    fn command(&mut self, words: &[Word], around: Around<'_>) {
        let Some((name, rest)) = words.split_first() else { return };
        if !self.work.step() {
            return;
        }
        if name.block && name.fixed {
            return;
        }
        if around.wraps > 12 {
            return self.opaque(name, around, "Programs that run programs are nested too deeply.");
        }
        if around.place.dialect.is_powershell() {
            self.powershell(name, rest, around);
        } else {
            self.native(name, rest, around);
        }
    }

    fn opaque(&mut self, word: &Word, around: Around<'_>, sentence: impl Into<String>) {
        self.say(ActionClass::Opaque, around.place.span(word.span()), sentence.into());
    }

    /// Keeps a finding.
    fn say(&mut self, class: ActionClass, span: Span, sentence: String) {
        self.class = self.class.max(class);
        if class == ActionClass::Opaque {
            self.opaque.push(OpaquePart {
                span,
                sentence: sentence.clone(),
            });
        }
        self.reasons.push(Reason { class, span, sentence });
    }

    fn verb(&mut self, verb: String) {
        if self.seen_verbs.insert(verb.clone()) {
            self.verbs.push(verb);
        }
    }
}

/// Whether standard input is what the text itself says.
fn given(run: &Invocation) -> Option<&Word> {
    match &run.input {
        Input::Text(word) if word.fixed => Some(word),
        _ => None,
    }
}
