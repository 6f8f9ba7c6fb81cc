//! The chronological transcript: time in UTC, what happened, who, outcome; one row per entry. The PDF, the share page, the command
//! line and the console draw the same rows. Texts come in pieces, shown and hidden; whoever draws a shown piece makes visible what it hides
//! ([`crate::visible`]). Headlines and names are safe to draw.

use crate::excerpt::{Proved, ProvedEntry};
use crate::headline::{Quoted, headline};
use crate::keys::Keys;
use crate::snapshot::Snapshot;
use crate::visible::marked_line;
use caisey_ledger::disclosure::Piece;
use caisey_ledger::entry::Actor;
use caisey_ledger::event::{Decision, Event, RunOutcome};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// A whole transcript.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transcript {
    /// In order of log and place.
    pub rows: Vec<Row>,
    /// Entries of the snapshot's ranges that are not in its scope: other sessions, or neighbours that bound a period.
    pub out_of_scope: u64,
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// Origin of the log.
    pub log: String,
    /// Place in it.
    pub seq: u64,
    /// When the control plane placed it, milliseconds since the Unix epoch.
    pub time_ms: u64,
    /// Kind, as in the entry.
    pub kind: String,
    /// `control`, `endpoint`, `member`, `contact` or `agent`.
    pub actor_kind: String,
    /// A name for people.
    pub who: String,
    /// What happened, in one line.
    pub what: String,
    /// How it came out, in few words; absent where nothing comes out.
    pub outcome: Option<String>,
    /// Session.
    pub session: Option<String>,
    /// Action.
    pub action: Option<String>,
    /// Texts by name.
    pub texts: Vec<RowText>,
}

/// One text of an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowText {
    /// `command`, `output`, `reason`, …
    pub name: String,
    /// In order; none when the text is withheld.
    pub pieces: Vec<RowPiece>,
    /// Whether it was not given at all.
    pub withheld: bool,
}

impl RowText {
    /// As one text, hidden ranges by their pseudonyms; none when it was erased or not given.
    pub fn plain(&self) -> Option<String> {
        if self.withheld {
            return None;
        }
        let mut out = String::new();
        for piece in &self.pieces {
            match piece {
                RowPiece::Shown { text } => out.push_str(text),
                RowPiece::Hidden { class, pseudonym, .. } => {
                    out.push('‹');
                    out.push_str(if pseudonym.is_empty() { class } else { pseudonym });
                    out.push('›');
                }
                RowPiece::Erased {} => return None,
            }
        }
        Some(out)
    }
}

/// A piece of a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "piece", rename_all = "snake_case")]
pub enum RowPiece {
    /// As recorded.
    Shown {
        /// The words.
        text: String,
    },
    /// Something stood here.
    Hidden {
        /// What it was.
        class: String,
        /// Stands for the content, such as `user-path 3`.
        pseudonym: String,
        /// Who or which rule hid it.
        by: String,
        /// How many tokens.
        tokens: u64,
    },
    /// The whole text was destroyed.
    Erased {},
}

impl Transcript {
    /// The transcript of a proved record. `own` are the parts of the snapshot's logs.
    pub fn of(snapshot: &Snapshot, own: &[&Proved], keys: &Keys) -> Self {
        let mut transcript = Self::default();
        for part in own {
            let log = &part.checkpoint.origin;
            let Some(range) = snapshot.range(log) else { continue };
            for proved in part.entries.iter().filter(|proved| range.contains(proved.entry.seq)) {
                if snapshot.scope.holds(&proved.entry) {
                    transcript.rows.push(row(log, proved, keys));
                } else {
                    transcript.out_of_scope += 1;
                }
            }
        }
        transcript
    }
}

fn row(log: &str, proved: &ProvedEntry, keys: &Keys) -> Row {
    let statement = &proved.entry.statement;
    let texts: Vec<RowText> = statement.texts.keys().map(|name| text(proved, name)).collect();
    let (actor_kind, who) = actor(&statement.actor, keys);
    let quoted = |name: &str| -> Quoted<'static> {
        match texts.iter().find(|text| text.name == name) {
            None => Quoted::Absent,
            Some(text) => text.plain().map_or(Quoted::Withheld, |text| Quoted::Shown(Cow::Owned(text))),
        }
    };
    Row {
        log: log.to_owned(),
        seq: proved.entry.seq.get(),
        time_ms: proved.entry.time_ms.get(),
        kind: marked_line(&statement.kind),
        actor_kind: actor_kind.to_owned(),
        what: headline(&statement.kind, proved.event.as_ref(), &who, &quoted, keys.names()),
        who,
        outcome: proved.event.as_ref().and_then(outcome),
        session: statement.session.as_ref().map(ToString::to_string),
        action: statement.action.as_ref().map(ToString::to_string),
        texts,
    }
}

fn actor(actor: &Actor, keys: &Keys) -> (&'static str, String) {
    let named = |id: &str| marked_line(keys.names().get(id).map_or(id, String::as_str));
    match actor {
        Actor::Control {} => ("control", "Control plane".to_owned()),
        Actor::Endpoint { id } => ("endpoint", named(id.as_str())),
        Actor::Member { id, .. } => ("member", named(id.as_str())),
        Actor::Contact { id, .. } => ("contact", named(id.as_str())),
        Actor::Agent { on_behalf_of, .. } => ("agent", format!("Agent of {}", named(on_behalf_of.as_str()))),
    }
}

/// Texts of proved entries were checked against their commitments when they were proved; doing it again here would be a third of all that a
/// reader's browser computes.
fn text(proved: &ProvedEntry, name: &str) -> RowText {
    let disclosure = proved.disclosures.get(name);
    RowText {
        name: name.to_owned(),
        withheld: disclosure.is_none(),
        pieces: disclosure.map_or(Vec::new(), |disclosure| disclosure.pieces().into_iter().map(piece).collect()),
    }
}

fn piece(piece: Piece<'_>) -> RowPiece {
    match piece {
        Piece::Shown(text) => RowPiece::Shown { text: text.to_owned() },
        Piece::Hidden { tokens, label } => RowPiece::Hidden {
            class: label.class.clone(),
            pseudonym: label.pseudonym.clone(),
            by: label.by.clone(),
            tokens,
        },
        Piece::Erased => RowPiece::Erased {},
    }
}

fn outcome(event: &Event) -> Option<String> {
    Some(match event {
        Event::CommandFinished { outcome, exit_code, .. } => match (outcome, exit_code) {
            (RunOutcome::Exited, Some(code)) => format!("exit code {code}"),
            (RunOutcome::Exited, None) => "ended".to_owned(),
            (RunOutcome::Signalled, _) => "ended by a signal".to_owned(),
            (RunOutcome::Cancelled, _) => "stopped as asked".to_owned(),
            (RunOutcome::TimedOut, _) => "took too long, stopped".to_owned(),
            (RunOutcome::NotStarted, _) => "did not start".to_owned(),
        },
        Event::ApprovalDecided { decision, .. } => match decision {
            Decision::Approved => "approved",
            Decision::Denied => "denied",
            Decision::Expired => "lapsed",
            Decision::Withdrawn => "withdrawn",
        }
        .to_owned(),
        Event::ActionAuthorised { .. } => "authorised".to_owned(),
        Event::ActionRefused { .. } | Event::ApprovalAnswerRefused { .. } => "refused".to_owned(),
        Event::ActionUnknown { .. } => "not known".to_owned(),
        _ => return None,
    })
}
