//! Completeness certificates: "did anyone access this?" answered in three parts, never by a bare no (docs/formats/snapshot.md,
//! "Certificate").
//!
//! First, that the record has no gaps in the scope: dense ranges of logs under signed checkpoints. Second, every entry whose command,
//! output or changed state names the resource, or that there is none. Third, the entries whose effects cannot be bounded by reading them:
//! commands that are opaque, output that was not kept, texts that cannot be read, times in which the recorder was blind. The same function
//! answers and, later, checks the answer.

use crate::counted::counted;
use crate::dsse::{EnvelopeFault, Opened, Statement};
use crate::excerpt::{Proved, ProvedEntry};
use crate::finding::Findings;
use crate::keys::is_full;
use crate::pattern::{Pattern, PatternFault};
use crate::release::Releaser;
use crate::snapshot::{Scope, Snapshot, SnapshotFault};
use caisey_command::ActionClass;
use caisey_ledger::disclosure::Disclosure;
use caisey_ledger::event::{Event, Stream};
use caisey_ledger::id::{ActionId, Seq, SessionId, TimeMs};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The in-toto predicate type.
pub const PREDICATE: &str = "urn:caisey:certificate:v1";

/// Texts in which a resource is looked for: what was run, where, what it printed, and the state before and after.
pub const SEARCHED: [&str; 9] = [
    "command",
    "cwd",
    "probe",
    "output",
    "state",
    "object",
    "current_state",
    "proposed_action",
    "detail",
];

/// The last line of an output is carried over into the next piece, at most this much of it.
const MAX_CARRIED_BYTES: usize = 8_192;

/// That one log has no gap.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Complete {
    /// Origin.
    pub log: String,
    /// First entry of the dense range.
    pub first_seq: Seq,
    /// Last entry.
    pub last_seq: Seq,
    /// Entries of the range that lie in the scope.
    pub entries: u64,
    /// Sessions that they belong to.
    pub sessions: u64,
    /// Commands that started.
    pub commands: u64,
    /// Whether entries on both sides of the scope are in the range, or the log begins there; a range that ends with the log leaves open
    /// whether entries of the scope were recorded later.
    pub bounded: bool,
}

/// An entry that names the resource.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Matched {
    /// Origin of the log.
    pub log: String,
    /// The entry.
    pub seq: Seq,
    /// Which of its texts.
    pub text: String,
}

/// Why an entry's effects cannot be bounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// A script, an encoded or computed command: its text does not say what it touches.
    OpaqueCommand,
    /// The recorder did not keep all of the output.
    OutputNotKept,
    /// A text that would have to be searched was erased or is not disclosed.
    TextNotReadable,
    /// The recorder could not record for a while.
    RecorderGap,
    /// The runtime vanished while a command ran.
    OutcomeUnknown,
    /// A kind of entry that this version does not know.
    UnknownKind,
}

/// An entry whose effects cannot be bounded.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unbounded {
    /// Origin of the log.
    pub log: String,
    /// The entry.
    pub seq: Seq,
    /// Why.
    pub why: Why,
}

/// The answer, as it is signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Certificate {
    /// What was asked for, as typed.
    pub pattern: String,
    /// First part: no gaps. By log.
    pub complete: Vec<Complete>,
    /// Second part: entries that name it, ascending.
    pub matched: Vec<Matched>,
    /// Third part: entries that cannot be bounded, ascending.
    pub unbounded: Vec<Unbounded>,
    /// Texts that were searched.
    pub searched_texts: u64,
    /// Who answers, with which console's key.
    pub by: Releaser,
    /// When, by their clock.
    pub at_ms: TimeMs,
}

/// A certificate that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CertificateFault {
    /// Not a signed statement.
    #[error("it does not hold")]
    Envelope(#[from] EnvelopeFault),
    /// The snapshot.
    #[error(transparent)]
    Snapshot(#[from] SnapshotFault),
    /// The pattern.
    #[error(transparent)]
    Pattern(#[from] PatternFault),
    /// It answers about another record.
    #[error("it is about another snapshot: it was moved here from elsewhere")]
    OtherSnapshot,
}

/// What a search came to, as far as texts are readable.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Answer {
    complete: Vec<Complete>,
    matched: BTreeSet<Matched>,
    unbounded: BTreeSet<Unbounded>,
    searched_texts: u64,
}

impl Certificate {
    /// Answers a question over a proved record.
    ///
    /// # Errors
    /// When the pattern is none.
    pub fn answer(
        pattern: &str,
        snapshot: &Snapshot,
        own: &[&Proved],
        by: Releaser,
        at_ms: TimeMs,
    ) -> Result<Self, PatternFault> {
        let answer = search(&Pattern::parse(pattern)?, snapshot, own);
        Ok(Self {
            pattern: pattern.to_owned(),
            complete: answer.complete,
            matched: answer.matched.into_iter().collect(),
            unbounded: answer.unbounded.into_iter().collect(),
            searched_texts: answer.searched_texts,
            by,
            at_ms,
        })
    }

    /// Ready to be sealed with the console's key.
    ///
    /// # Errors
    /// When the snapshot has no canonical form.
    pub fn statement(self, snapshot: &Snapshot) -> Result<Statement<Self>, SnapshotFault> {
        Ok(Statement::new(PREDICATE, vec![snapshot.subject()?], self))
    }

    /// Reads a certificate of this snapshot: signature and subject.
    ///
    /// # Errors
    /// When it does not hold or is about something else.
    pub fn open(envelope: &str, snapshot: &Snapshot) -> Result<Opened<Self>, CertificateFault> {
        let opened = Statement::<Self>::open(envelope, PREDICATE)?;
        if opened.statement.subject == [snapshot.subject()?] {
            Ok(opened)
        } else {
            Err(CertificateFault::OtherSnapshot)
        }
    }

    /// The three parts in words.
    pub fn sentences(&self) -> [String; 3] {
        let sum = |number: fn(&Complete) -> u64| self.complete.iter().map(number).sum::<u64>();
        let open = self.complete.iter().filter(|log| !log.bounded).count();
        let end = match (open, self.complete.len()) {
            (0, _) => String::new(),
            (_, 1) => " Nothing shows yet that no later entry belongs to it.".to_owned(),
            _ => format!(" On {open} of them nothing shows yet that no later entry belongs to it."),
        };
        let gaps = format!(
            "The record has no gaps: {} of {} with {} on {}, every one in its place under a signed checkpoint.{end}",
            counted(sum(|log| log.entries), "entry"),
            counted(sum(|log| log.sessions), "session"),
            counted(sum(|log| log.commands), "command"),
            counted(self.complete.len() as u64, "endpoint"),
        );
        let matched = match self.matched.len() as u64 {
            0 => format!(
                "No command, output or recorded state among {} names {}.",
                counted(self.searched_texts, "text"),
                self.pattern
            ),
            1 => format!("1 text names {}.", self.pattern),
            count => format!("{count} texts name {}.", self.pattern),
        };
        let unbounded = match self.unbounded.len() as u64 {
            0 => "There is no entry whose effects could not be bounded by reading it.".to_owned(),
            count => format!(
                "{} cannot be bounded by reading {} (scripts, encoded commands, output that was not kept): what {} touched is not known from the record alone.",
                counted(count, "entry"),
                if count == 1 { "it" } else { "them" },
                if count == 1 { "it" } else { "they" },
            ),
        };
        [gaps, matched, unbounded]
    }

    /// Computes the answer again from what a pack shows and compares. Texts that the pack hides cannot be searched again; for them the
    /// signature speaks.
    pub(crate) fn check(&self, snapshot: &Snapshot, own: &[&Proved], found: &mut Findings) -> bool {
        let Ok(pattern) = Pattern::parse(&self.pattern) else {
            found.fails(
                "certificate",
                format!("A certificate asks for {:?}, which is no pattern.", self.pattern),
            );
            return false;
        };
        let again = search(&pattern, snapshot, own);
        let mut failures = Vec::new();
        if again.complete != self.complete {
            failures.push((
                "certificate",
                "A certificate counts other entries, sessions or commands than the record holds.".to_owned(),
            ));
        }
        let said: BTreeSet<&Matched> = self.matched.iter().collect();
        for matched in again.matched.iter().filter(|matched| !said.contains(matched)) {
            failures.push((
                "certificate_omits",
                format!(
                    "A certificate does not name entry #{} of {}, whose `{}` names {}.",
                    matched.seq, matched.log, matched.text, self.pattern
                ),
            ));
        }
        let readable = |matched: &Matched| {
            own.iter()
                .filter(|part| part.checkpoint.origin == matched.log)
                .flat_map(|part| &part.entries)
                .find(|proved| proved.entry.seq == matched.seq)
                .is_some_and(|proved| is_full(proved.disclosures.get(&matched.text)))
        };
        let invented = self
            .matched
            .iter()
            .filter(|matched| !again.matched.contains(matched) && readable(matched))
            // A quoted or escaped name in a command is found by reading the command only.
            .filter(|matched| caisey_command::CAN_READ || matched.text != "command");
        for matched in invented {
            // A name may begin in a piece of output that is hidden here and end in this one.
            found.note(
                "certificate_more",
                format!(
                    "A certificate names entry #{} of {}, in which {} is not found here.",
                    matched.seq, matched.log, self.pattern
                ),
            );
        }
        let facts = |list: &mut dyn Iterator<Item = &Unbounded>| -> BTreeSet<Unbounded> {
            list.filter(|item| !matches!(item.why, Why::OpaqueCommand | Why::TextNotReadable))
                .cloned()
                .collect()
        };
        if facts(&mut again.unbounded.iter()) != facts(&mut self.unbounded.iter()) {
            failures.push((
                "certificate_omits",
                "A certificate does not list the entries that cannot be bounded as the record has them.".to_owned(),
            ));
        }
        let opaque = |why: Why, list: &mut dyn Iterator<Item = &Unbounded>| list.filter(|item| item.why == why).count();
        let (here, there) = (
            opaque(Why::OpaqueCommand, &mut again.unbounded.iter()),
            opaque(Why::OpaqueCommand, &mut self.unbounded.iter()),
        );
        if !caisey_command::CAN_READ {
            found.note("certificate_unread", format!("This program cannot read commands, so which of them do not say what they touch was not computed again here: the certificate names {there}, and its signer stands for that."));
        } else if here > there {
            found.note("certificate_opaque", format!("This program finds {here} commands opaque, the certificate lists {there}: it was made by another version, or too kindly."));
        }
        let hidden = opaque(Why::TextNotReadable, &mut again.unbounded.iter());
        if hidden > 0 {
            found.note("certificate_hidden", format!("{} hidden or withheld texts that could not be searched again here: for these the certificate's signer stands.", if hidden == 1 { "1 entry has".to_owned() } else { format!("{hidden} entries have") }));
        }
        let holds = failures.is_empty();
        let words = self.sentences().join(" ");
        found.weigh(
            "certificate",
            format!(
                "{} ({}) answers the question about {}: {words}",
                self.by.name, self.by.member, self.pattern
            ),
            failures,
        );
        holds
    }
}

fn search(pattern: &Pattern, snapshot: &Snapshot, own: &[&Proved]) -> Answer {
    let mut answer = Answer::default();
    for part in own {
        if let Some(range) = snapshot.range(&part.checkpoint.origin) {
            let inside: Vec<&ProvedEntry> = part
                .entries
                .iter()
                .filter(|proved| range.contains(proved.entry.seq))
                .collect();
            answer.search_log(pattern, snapshot, part, &inside);
        }
    }
    answer
}

impl Answer {
    fn search_log(&mut self, pattern: &Pattern, snapshot: &Snapshot, part: &Proved, inside: &[&ProvedEntry]) {
        let log = &part.checkpoint.origin;
        let mut sessions: BTreeSet<&SessionId> = BTreeSet::new();
        let (mut entries, mut commands) = (0, 0);
        let mut carried: BTreeMap<(ActionId, bool), String> = BTreeMap::new();
        for proved in inside.iter().filter(|proved| snapshot.scope.holds(&proved.entry)) {
            entries += 1;
            commands += u64::from(matches!(proved.event, Some(Event::CommandStarted { .. })));
            sessions.extend(&proved.entry.statement.session);
            self.search_entry(pattern, log, proved, &mut carried);
        }
        let (Some(first), Some(last)) = (inside.first(), inside.last()) else {
            return;
        };
        self.complete.push(Complete {
            log: log.clone(),
            first_seq: first.entry.seq,
            last_seq: last.entry.seq,
            entries,
            sessions: sessions.len() as u64,
            commands,
            bounded: match &snapshot.scope {
                Scope::Session { session } => inside.iter().any(|proved| {
                    proved.entry.statement.session.as_ref() == Some(session)
                        && matches!(proved.event, Some(Event::SessionClosed { .. }))
                }),
                Scope::Period { to_ms, .. } => last.entry.time_ms >= *to_ms,
            },
        });
    }

    fn search_entry(
        &mut self,
        pattern: &Pattern,
        log: &str,
        proved: &ProvedEntry,
        carried: &mut BTreeMap<(ActionId, bool), String>,
    ) {
        let seq = proved.entry.seq;
        let matched = |text: &str| Matched {
            log: log.to_owned(),
            seq,
            text: text.to_owned(),
        };
        let unbounded = |why| Unbounded {
            log: log.to_owned(),
            seq,
            why,
        };
        self.unbounded.extend(by_kind(proved).map(unbounded));
        for name in proved
            .entry
            .statement
            .texts
            .keys()
            .filter(|name| SEARCHED.contains(&name.as_str()))
        {
            let disclosure = proved.disclosures.get(name);
            if !is_full(disclosure) {
                self.unbounded.insert(unbounded(Why::TextNotReadable));
            }
            let shown = shown_parts(disclosure);
            self.searched_texts += u64::from(!shown.is_empty());
            let mut hit = shown.iter().any(|text| pattern.is_in(text));
            if let (Some(Event::CommandOutput { stream, .. }), Some(action), Some(text)) =
                (&proved.event, &proved.entry.statement.action, shown.first())
            {
                hit |= carry(
                    pattern,
                    carried.entry((action.clone(), *stream == Stream::Stderr)).or_default(),
                    text,
                );
            }
            if let (Some(Event::ActionProposed { interpreter, .. }), true, [text]) =
                (&proved.event, name == "command", shown.as_slice())
            {
                let reading = caisey_command::read(*interpreter, text);
                hit |= reading.resources.iter().any(|resource| pattern.is_in(&resource.name));
                if reading.class == ActionClass::Opaque {
                    self.unbounded.insert(unbounded(Why::OpaqueCommand));
                }
            }
            if hit {
                self.matched.insert(matched(name));
            }
        }
    }
}

/// Whether the name stands across the end of the piece before and the beginning of this one; keeps this one's last line for the next.
fn carry(pattern: &Pattern, before: &mut String, text: &str) -> bool {
    let first_line = text.split('\n').next().unwrap_or_default();
    let hit = !before.is_empty() && pattern.is_in(&format!("{before}{first_line}"));
    let last_line = text.rsplit('\n').next().unwrap_or_default();
    let mut kept = if text.contains('\n') {
        last_line.to_owned()
    } else {
        format!("{before}{last_line}")
    };
    if kept.len() > MAX_CARRIED_BYTES {
        let from = (kept.len() - MAX_CARRIED_BYTES..kept.len()).find(|at| kept.is_char_boundary(*at));
        kept = kept.split_off(from.unwrap_or(kept.len()));
    }
    *before = kept;
    hit
}

fn by_kind(proved: &ProvedEntry) -> Option<Why> {
    match &proved.event {
        None => Some(Why::UnknownKind),
        Some(Event::CommandOutputOmitted { .. }) => Some(Why::OutputNotKept),
        Some(Event::StateCaptured { complete: false, .. }) => Some(Why::OutputNotKept),
        Some(Event::RecorderGap { .. }) => Some(Why::RecorderGap),
        Some(Event::ActionUnknown { .. }) => Some(Why::OutcomeUnknown),
        Some(_) => None,
    }
}

fn shown_parts(disclosure: Option<&Disclosure>) -> Vec<&str> {
    match disclosure {
        Some(Disclosure::Full { text, .. }) => vec![text],
        Some(Disclosure::Redacted { parts }) => parts
            .iter()
            .filter_map(|part| match part {
                caisey_ledger::disclosure::Part::Shown { text, .. } => Some(text.as_str()),
                caisey_ledger::disclosure::Part::Hidden { .. } => None,
            })
            .collect(),
        Some(Disclosure::Erased {}) | None => Vec::new(),
    }
}
