//! From an evidence pack that holds to what is printed of it: the session's view, and the dossier.
//!
//! A pack that does not hold is not printed: paper would outlive the doubt. Hidden ranges stand in the texts as their pseudonyms.

use crate::dossier::{Attested, Authorisation, Completeness, Dossier, Mention, Question, Redactions};
use crate::moment;
use crate::{Attachment, Enclosure, Imprint, Limits, PdfError, Progress, Seal};
use caisey_console::view::{SessionDetail, SessionRow, TextView, TimelineItem, Verification};
use caisey_console::visible::segments_if_needed;
use caisey_ledger::event::{Channel, Event};
use caisey_transcript::attestation::{Review, Verdict};
use caisey_transcript::certificate::{Certificate, Complete, Why};
use caisey_transcript::excerpt::{Proved, ProvedEntry};
use caisey_transcript::pack::Pack;
use caisey_transcript::policy::Policy;
use caisey_transcript::rows::{Row, RowPiece, Transcript};
use caisey_transcript::snapshot::Scope;
use caisey_transcript::verify::{Record, verify};
use std::collections::BTreeMap;
use std::ops::ControlFlow;

/// The pack's name within a document.
const PACK_NAME: &str = "evidence-pack.zip";

/// Why a pack is not printed.
#[derive(Debug, thiserror::Error)]
pub enum PackFault {
    /// Something in it does not hold; each in words.
    #[error("the pack does not hold and is not printed: {}", .0.join("; "))]
    Fails(Vec<String>),
    /// It could not be read.
    #[error("the pack could not be read and is not printed")]
    Unreadable,
    /// It is about nothing.
    #[error("the pack holds no entry to print")]
    Empty,
}

/// Verifies a pack and reads from it what [`crate::transcript`] prints. Names that the pack hides or lacks stand as identifiers.
///
/// # Errors
/// When the pack does not hold.
pub fn read_pack(bytes: &[u8], policy: Option<&Policy>) -> Result<(SessionDetail, Dossier), PackFault> {
    let verified = verify(bytes, policy);
    if !verified.findings.hold() {
        let failing = verified
            .findings
            .0
            .iter()
            .filter(|finding| finding.weight == caisey_transcript::finding::Weight::Fails);
        return Err(PackFault::Fails(failing.map(|finding| finding.words.clone()).collect()));
    }
    let record = verified.record.ok_or(PackFault::Unreadable)?;
    let parts: Vec<&Proved> = record.parts.iter().collect();
    let transcript = Transcript::of(&record.snapshot, &parts, &record.keys);
    let notes: Vec<String> = Pack::parse(bytes)
        .map(|pack| pack.contents.excerpts.iter().map(|excerpt| excerpt.note.clone()).collect())
        .unwrap_or_default();
    let detail = detail(&record, &transcript, &notes).ok_or(PackFault::Empty)?;
    let dossier = dossier(&record, &transcript);
    Ok((detail, dossier))
}

/// A pack as a document: cover, transcript, what was removed, certificates, how to check it; the pack itself inside. `link` is where the
/// same record can be read in a browser. `watch` is as for [`crate::transcript`].
///
/// # Errors
/// When the pack does not hold, and as [`crate::transcript`].
pub fn print_pack(
    bytes: Vec<u8>,
    imprint: &Imprint,
    limits: Limits,
    link: Option<String>,
    seal: Option<Seal<'_>>,
    watch: impl FnMut(Progress) -> ControlFlow<()>,
) -> Result<Vec<u8>, PdfError> {
    let (detail, mut dossier) = read_pack(&bytes, None)?;
    dossier.link = link;
    let enclosure = Enclosure {
        dossier,
        attachments: vec![Attachment {
            name: PACK_NAME.to_owned(),
            media_type: "application/zip".to_owned(),
            description: "The record itself: every entry as signed, what may be shown of its texts, and the proofs".to_owned(),
            bytes,
        }],
        seal,
    };
    crate::transcript(&detail, imprint, limits, enclosure, watch)
}

fn detail(record: &Record, transcript: &Transcript, notes: &[String]) -> Option<SessionDetail> {
    let rows = &transcript.rows;
    let first = rows.first()?;
    let endpoint = machine(&first.log).to_owned();
    let name_of = |id: &str| record.keys.names().get(id).cloned().unwrap_or_else(|| id.to_owned());
    let opened = rows.iter().find(|row| row.kind == "session.opened");
    let range = record.snapshot.range(&first.log)?;
    // A note begins with the name of its log.
    let checkpoint = notes.iter().find(|note| note.lines().next() == Some(&first.log)).cloned();
    let (session, purpose) = match &record.snapshot.scope {
        Scope::Session { session } => (
            session.to_string(),
            opened.and_then(|row| words(row, "purpose")).unwrap_or_default(),
        ),
        Scope::Period { from_ms, to_ms } => (
            record.snapshot.digest().unwrap_or_default(),
            format!(
                "Everything from {} to {}",
                moment::full(from_ms.get()),
                moment::full(to_ms.get())
            ),
        ),
    };
    let closed = rows.iter().rev().find(|row| row.kind == "session.closed");
    let items: Vec<TimelineItem> = rows.iter().map(|row| item(row, entry(record, row))).collect();
    Some(SessionDetail {
        row: SessionRow {
            session,
            hostname: match record.snapshot.logs.len() {
                1 => name_of(&endpoint),
                several => format!("{several} endpoints"),
            },
            endpoint,
            client: String::new(),
            client_name: client(record, first).map_or_else(|| "not named in the pack".to_owned(), |id| name_of(&id)),
            member: String::new(),
            member_name: opened.map_or_else(|| "several".to_owned(), |row| row.who.clone()),
            purpose,
            opened_at_ms: first.time_ms,
            closed_at_ms: closed.map(|row| row.time_ms),
            first_seq: range.first_seq.get(),
            last_seq: range.last_seq.get(),
            actions: count(rows, "action.proposed"),
            verification: Verification::Verified,
        },
        items,
        checkpoint,
        root: Some(range.root.to_string()),
        log_size: range.size,
        cosigned: Vec::new(),
    })
}

/// The endpoint's identifier is the last part of its log's name.
fn machine(log: &str) -> &str {
    log.rsplit('/').next().unwrap_or(log)
}

fn client(record: &Record, first: &Row) -> Option<String> {
    let part = record.parts.iter().find(|part| part.checkpoint.origin == first.log)?;
    part.entries.iter().find_map(|proved| match &proved.event {
        Some(Event::EndpointEnrolled { client, .. }) => Some(client.to_string()),
        _ => None,
    })
}

fn count(rows: &[Row], kind: &str) -> u64 {
    u64::try_from(rows.iter().filter(|row| row.kind == kind).count()).unwrap_or(0)
}

fn entry<'a>(record: &'a Record, row: &Row) -> Option<&'a ProvedEntry> {
    let part = record.parts.iter().find(|part| part.checkpoint.origin == row.log)?;
    let found = part.entries.binary_search_by_key(&row.seq, |proved| proved.entry.seq.get());
    found.ok().and_then(|index| part.entries.get(index))
}

/// A text as it is shown; none when nothing of it is.
fn words(row: &Row, name: &str) -> Option<String> {
    let text = row
        .texts
        .iter()
        .find(|text| text.name == name)
        .filter(|text| !text.withheld)?;
    let mut out = String::new();
    for piece in &text.pieces {
        match piece {
            RowPiece::Shown { text } => out.push_str(text),
            RowPiece::Hidden { pseudonym, .. } => {
                out.push('‹');
                out.push_str(pseudonym);
                out.push('›');
            }
            RowPiece::Erased {} => return None,
        }
    }
    Some(out)
}

fn item(row: &Row, proved: Option<&ProvedEntry>) -> TimelineItem {
    let facts = proved.map(|proved| &proved.entry.statement.facts);
    let fact = |name: &str| facts.and_then(|facts| facts.get(name));
    TimelineItem {
        endpoint: machine(&row.log).to_owned(),
        seq: row.seq,
        time_ms: row.time_ms,
        kind: row.kind.clone(),
        actor_kind: row.actor_kind.clone(),
        actor_name: row.who.clone(),
        headline: row.what.clone(),
        session: row.session.clone(),
        action: row.action.clone(),
        stream: fact("stream").and_then(|value| value.as_str()).map(str::to_owned),
        exit_code: fact("exit_code").and_then(serde_json::Value::as_i64),
        facts: facts.cloned().unwrap_or_default(),
        texts: row
            .texts
            .iter()
            .map(|text| {
                let shown = words(row, &text.name);
                TextView {
                    name: text.name.clone(),
                    segments: shown.as_deref().and_then(segments_if_needed),
                    text: shown,
                }
            })
            .collect(),
        verification: Verification::Verified,
        fault: None,
    }
}

fn dossier(record: &Record, transcript: &Transcript) -> Dossier {
    let attested = record.reviews.iter().find(|review| review.verdict == Verdict::Attested);
    let digest = record.snapshot.digest().unwrap_or_default();
    let certificate = record.certificates.first();
    Dossier {
        question: certificate.map(question),
        authorisations: transcript
            .rows
            .iter()
            .filter_map(|row| authorisation(row, entry(record, row)?))
            .collect(),
        attested: attested.map(|review| attestation(review, digest)),
        redactions: Some(redactions(record)),
        completeness: record
            .certificates
            .iter()
            .map(|certificate| completeness(record, transcript, certificate))
            .collect(),
        link: None,
        machines: record
            .snapshot
            .logs
            .iter()
            .map(|range| machine(&range.log))
            .map(|id| {
                (
                    id.to_owned(),
                    record.keys.names().get(id).map_or(id, String::as_str).to_owned(),
                )
            })
            .collect(),
    }
}

fn authorisation(row: &Row, proved: &ProvedEntry) -> Option<Authorisation> {
    let Some(Event::ActionAuthorised {
        policy,
        policy_version,
        channel,
        ..
    }) = &proved.event
    else {
        return None;
    };
    let how = match channel {
        Channel::Console => "signed on the approver's own console",
        Channel::Email => "through a link sent by e-mail",
        Channel::AtEndpoint => "by a person at the machine",
        Channel::Policy => "by policy, nobody was asked",
        Channel::BreakGlass => "declared an emergency, nobody was asked",
    };
    Some(Authorisation {
        seq: row.seq,
        at_ms: row.time_ms,
        by: format!("{} under policy “{policy}”, version {policy_version}", row.what),
        how: how.to_owned(),
    })
}

fn attestation(review: &Review, digest: String) -> Attested {
    Attested {
        reviewer: review.reviewer.name.clone(),
        role: format!("{}, took no part", review.reviewer.role),
        at_ms: review.at_ms.get(),
        statement: review.sentence.clone(),
        coverage: (review.coverage.seen, review.coverage.entries),
        digest,
    }
}

fn redactions(record: &Record) -> Redactions {
    let mut classes: BTreeMap<String, u64> = BTreeMap::new();
    for span in &record.redactions.spans {
        *classes.entry(span.class.clone()).or_default() += 1;
    }
    let scrub = record.release.as_ref().and_then(|release| release.scrub.as_ref());
    Redactions {
        classes: classes.into_iter().collect(),
        recall: scrub
            .map(caisey_transcript::release::ScrubMeasure::total)
            .map(|total| (total.found, total.planted)),
        restored: record
            .release
            .iter()
            .flat_map(|release| &release.restored)
            .map(caisey_transcript::restored::Restored::sentence)
            .collect(),
    }
}

fn question(certificate: &Certificate) -> Question {
    let matched = match certificate.matched.len() as u64 {
        0 => "No entry names it".to_owned(),
        1 => "1 entry names it".to_owned(),
        count => format!("{count} entries name it"),
    };
    let answer = match certificate.unbounded.len() {
        0 => format!("{matched}, and there is none whose effects could not be told from its text."),
        count => format!("{matched}; the effects of {count} cannot be told from their text."),
    };
    let answer = answer + " What that rests on stands in the completeness certificate.";
    Question {
        question: format!("Did anyone access {}?", certificate.pattern),
        answer,
    }
}

fn completeness(record: &Record, transcript: &Transcript, certificate: &Certificate) -> Completeness {
    let row_of = |log: &str, seq: u64| transcript.rows.iter().find(|row| row.log == log && row.seq == seq);
    let mention = |log: &str, seq: u64, reason: &str| {
        let row = row_of(log, seq);
        let id = machine(log);
        let text = row
            .map(|row| words(row, "command").unwrap_or_else(|| row.what.clone()))
            .unwrap_or_default();
        Mention {
            machine: record.keys.names().get(id).map_or(id, String::as_str).to_owned(),
            seq,
            at_ms: row.map_or(0, |row| row.time_ms),
            words: format!("{text}{reason}"),
        }
    };
    let period_ms = match &record.snapshot.scope {
        Scope::Period { from_ms, to_ms } => (from_ms.get(), to_ms.get()),
        Scope::Session { .. } => (
            transcript.rows.first().map_or(0, |row| row.time_ms),
            transcript.rows.last().map_or(0, |row| row.time_ms),
        ),
    };
    let sum = |part: fn(&Complete) -> u64| certificate.complete.iter().map(part).sum();
    let names = record.keys.names();
    Completeness {
        pattern: certificate.pattern.clone(),
        period_ms,
        record: certificate
            .complete
            .iter()
            .map(|one| {
                let id = machine(&one.log);
                format!(
                    "{}: entries {} to {} without a gap, {} of them in question{}",
                    names.get(id).map_or(id, String::as_str),
                    one.first_seq.get(),
                    one.last_seq.get(),
                    one.entries,
                    if one.bounded {
                        "; the record goes on before and after."
                    } else {
                        ". The record ends here: whether more was recorded later is left open."
                    }
                )
            })
            .collect(),
        matching: certificate
            .matched
            .iter()
            .map(|one| mention(&one.log, one.seq.get(), ""))
            .collect(),
        unbounded: certificate
            .unbounded
            .iter()
            .map(|one| mention(&one.log, one.seq.get(), &format!("  ({})", why(one.why))))
            .collect(),
        counts: (sum(|one| one.sessions), sum(|one| one.commands), sum(|one| one.entries)),
    }
}

fn why(why: Why) -> &'static str {
    match why {
        Why::OpaqueCommand => "does not say what it touches",
        Why::OutputNotKept => "not all of its output was kept",
        Why::TextNotReadable => "a text is erased or hidden",
        Why::RecorderGap => "the recorder had a gap",
        Why::OutcomeUnknown => "the machine vanished while it ran",
        Why::UnknownKind => "a kind of entry this program does not know",
    }
}
