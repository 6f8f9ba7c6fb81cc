//! "Did anyone access this?" for a screen: the three parts of a certificate with the entries that each names, to look into.

use super::{Own, Question, Ready, endpoint_of, sentence};
use crate::error::ConsoleError;
use crate::facade::Console;
use crate::gather::Notes;
use crate::sync::engine::blocking;
use crate::view::{CompleteRow, NamedRow, NegativeView, RecordOf};
use caisey_ledger::id::TimeMs;
use caisey_transcript::certificate::{Certificate, Complete, Why};
use caisey_transcript::pattern::Pattern;
use caisey_transcript::rows::{Row, RowPiece};
use caisey_transcript::snapshot::Scope;
use caisey_transcript::visible::marked_line;
use std::collections::BTreeMap;

/// Longest line of a text that is quoted, in characters.
const LONGEST_QUOTE: usize = 160;

impl Console {
    /// Answers a question in three parts, from the cache. Nothing is signed by asking.
    ///
    /// # Errors
    /// A pattern that is none; nothing proves this console's key yet; as [`Console::transcript`].
    pub async fn ask_negative(&self, of: RecordOf, pattern: &str) -> Result<NegativeView, ConsoleError> {
        let (own, _) = self.own().await?;
        let ready = self.ready(&Question::from(of), Notes::new()).await?;
        let (pattern, at_ms) = (pattern.trim().to_owned(), self.now()?);
        blocking(move || answer(&ready, &own, &pattern, at_ms)).await
    }
}

fn answer(ready: &Ready, own: &Own, pattern: &str, at_ms: TimeMs) -> Result<NegativeView, ConsoleError> {
    let none = |fault| ConsoleError::Invalid(sentence(&fault));
    let looked_for = Pattern::parse(pattern).map_err(none)?;
    let certificate = Certificate::answer(pattern, ready.snapshot(), &ready.own(), own.releaser(), at_ms).map_err(none)?;
    let rows = ready.transcript().rows;
    let by_place: BTreeMap<(&str, u64), &Row> = rows.iter().map(|row| ((row.log.as_str(), row.seq), row)).collect();
    let row = |log: &str, seq: u64| by_place.get(&(log, seq)).copied();
    let (from_ms, to_ms) = match &ready.snapshot().scope {
        Scope::Period { from_ms, to_ms } => (from_ms.get(), to_ms.get()),
        Scope::Session { .. } => (
            rows.first().map_or(0, |row| row.time_ms),
            rows.last().map_or(0, |row| row.time_ms),
        ),
    };
    let matched = certificate.matched.iter().filter_map(|one| {
        let row = row(&one.log, one.seq.get())?;
        Some(named(
            ready,
            row,
            one.text.replace('_', " "),
            line_with(row, &one.text, &looked_for),
        ))
    });
    let unbounded = certificate.unbounded.iter().filter_map(|one| {
        let row = row(&one.log, one.seq.get())?;
        Some(named(ready, row, why(one.why).to_owned(), row.what.clone()))
    });
    Ok(NegativeView {
        pattern: marked_line(&certificate.pattern),
        from_ms,
        to_ms,
        digest: ready.snapshot().digest().map_err(super::internal)?,
        sentences: certificate.sentences().map(|words| marked_line(&words)),
        complete: certificate.complete.iter().map(|one| complete(ready, one)).collect(),
        matched: matched.collect(),
        unbounded: unbounded.collect(),
        searched_texts: certificate.searched_texts,
        by: marked_line(&own.name),
    })
}

fn complete(ready: &Ready, one: &Complete) -> CompleteRow {
    CompleteRow {
        endpoint: endpoint_of(&one.log).to_owned(),
        hostname: ready.hostname(&one.log),
        first_seq: one.first_seq.get(),
        last_seq: one.last_seq.get(),
        entries: one.entries,
        sessions: one.sessions,
        commands: one.commands,
        bounded: one.bounded,
    }
}

fn named(ready: &Ready, row: &Row, why: String, words: String) -> NamedRow {
    NamedRow {
        hostname: ready.hostname(&row.log),
        session: row.session.clone(),
        seq: row.seq,
        time_ms: row.time_ms,
        who: row.who.clone(),
        why,
        words,
    }
}

/// The line of a text that names it; what happened, when no single line does.
fn line_with(row: &Row, name: &str, pattern: &Pattern) -> String {
    let text = row.texts.iter().find(|text| text.name == name);
    let shown = text
        .into_iter()
        .flat_map(|text| &text.pieces)
        .filter_map(|piece| match piece {
            RowPiece::Shown { text } => Some(text),
            _ => None,
        });
    let mut lines = shown.flat_map(|text| text.lines()).filter(|line| pattern.is_in(line));
    lines.next().map_or_else(
        || row.what.clone(),
        |line| marked_line(&line.trim().chars().take(LONGEST_QUOTE).collect::<String>()),
    )
}

fn why(why: Why) -> &'static str {
    match why {
        Why::OpaqueCommand => "the command does not say what it touches",
        Why::OutputNotKept => "not all of the output was kept",
        Why::TextNotReadable => "a text was erased or is hidden",
        Why::RecorderGap => "the recorder could not record for a while",
        Why::OutcomeUnknown => "the machine vanished while it ran",
        Why::UnknownKind => "a kind of entry that this program does not know",
    }
}
