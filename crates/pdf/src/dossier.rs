//! What a hand-over knows beside the session: the question, who allowed what, who attested, what was removed, how complete the record is.
//!
//! Plain data for whoever makes it; every text is taken for hostile and shown, never interpreted.

use std::collections::BTreeMap;

/// A question and what the record says to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// As it was asked.
    pub question: String,
    /// In a sentence or two. Never a bare no.
    pub answer: String,
}

/// Who allowed a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorisation {
    /// Place of the allowed entry in the log.
    pub seq: u64,
    /// When, milliseconds since the Unix epoch.
    pub at_ms: u64,
    /// Person or policy with its version.
    pub by: String,
    /// Channel and assurance: "signed on their own console", "e-mail".
    pub how: String,
}

/// A reviewer's attestation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attested {
    /// Their name.
    pub reviewer: String,
    /// Their role.
    pub role: String,
    /// When, milliseconds since the Unix epoch.
    pub at_ms: u64,
    /// What they signed.
    pub statement: String,
    /// Entries that were on their screen, of all.
    pub coverage: (u64, u64),
    /// The snapshot's digest.
    pub digest: String,
}

/// What was removed before this left the house.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Redactions {
    /// Class and how many removals.
    pub classes: Vec<(String, u64)>,
    /// Of the identifiers planted for the measurement: found and planted.
    pub recall: Option<(u64, u64)>,
    /// What the detectors would have hidden and a person shows again, a sentence each.
    pub restored: Vec<String>,
}

/// An entry that a certificate lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mention {
    /// Machine's name.
    pub machine: String,
    /// Place in its log.
    pub seq: u64,
    /// When, milliseconds since the Unix epoch.
    pub at_ms: u64,
    /// The command or the beginning of the text.
    pub words: String,
}

/// The answer to "did anyone touch it?", in its three parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completeness {
    /// What was looked for.
    pub pattern: String,
    /// Beginning and end of the period, milliseconds since the Unix epoch.
    pub period_ms: (u64, u64),
    /// Part one, a sentence per log: dense from number to number under which checkpoints, or where the gaps are.
    pub record: Vec<String>,
    /// Part two: entries that name the resource.
    pub matching: Vec<Mention>,
    /// Part three: entries whose effects cannot be bounded from their text.
    pub unbounded: Vec<Mention>,
    /// Sessions, commands and entries that were looked at.
    pub counts: (u64, u64, u64),
}

/// Everything together. What is absent is left out of the document, or said to be absent where its absence matters.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Dossier {
    /// For the cover.
    pub question: Option<Question>,
    /// For the cover and a table of their own.
    pub authorisations: Vec<Authorisation>,
    /// For the cover.
    pub attested: Option<Attested>,
    /// For the summary of removals; absent when nothing was scrubbed.
    pub redactions: Option<Redactions>,
    /// Certificates, each on pages of its own.
    pub completeness: Vec<Completeness>,
    /// Where the same record can be read and checked in a browser.
    pub link: Option<String>,
    /// Names of machines by their identifiers; with more than one, each day of each has a heading.
    pub machines: BTreeMap<String, String>,
}

impl Dossier {
    /// Whether this goes to strangers: then the cover says what is missing.
    pub(crate) fn is_handed_over(&self) -> bool {
        self.question.is_some()
            || self.attested.is_some()
            || self.redactions.is_some()
            || !self.completeness.is_empty()
            || self.link.is_some()
    }
}
