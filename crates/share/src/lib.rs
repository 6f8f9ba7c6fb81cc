//! The public page of a shared pack: what it shows, and what it says was checked.
//!
//! Promises: [`Shown::of`] gives the same page for the same pack wherever it runs, natively and as WebAssembly in the reader's browser, so that
//! the browser can compare what it was sent with what the pack says; every word that comes from a pack is escaped, and what it may hide is made
//! visible; nothing is said to hold that was not checked. Pure. Leaves out: who may read it, how it is sent, the script of the page (ui/share).
//! docs/formats/share.md.

mod answers;
mod checks;
mod cover;
mod entries;
mod facts;
mod markup;
pub mod page;
pub mod reader;
mod removed;
mod texts;

use caisey_transcript::excerpt::Proved;
use caisey_transcript::rows::Transcript;
pub use caisey_transcript::verify::Verification;
use caisey_transcript::verify::Verified;
pub use checks::{Check, State, checks};
use facts::Facts;
use markup::Html;

/// A pack, as the page shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// Whether everything holds that was checked. Without a policy: under the pack's own keys.
    pub holds: bool,
    /// The list of what was checked, by name: inner HTML of the page's element `checks`.
    pub checks: String,
    /// The record: inner HTML of the page's element `record`. Empty when nothing of the pack could be read.
    pub record: String,
    /// What the page is called.
    pub title: String,
}

impl Shown {
    /// Verifies a pack under its own keys and renders it.
    pub fn of(bytes: &[u8]) -> Self {
        Self::at_last(Verification::begin(bytes))
    }

    /// The same, of a verification that was taken some steps before.
    pub fn at_last(verification: Verification) -> Self {
        Self::verified(&verification.finish(None))
    }

    fn verified(verified: &Verified) -> Self {
        let key = verified.record.as_ref().map(|record| record.control.to_base64());
        let list = checks(&verified.findings, key.as_deref());
        let mut shown = Self {
            holds: verified.findings.hold(),
            checks: checks::html(&list),
            record: String::new(),
            title: "Session record".to_owned(),
        };
        if let Some(record) = &verified.record {
            let own: Vec<&Proved> = record
                .parts
                .iter()
                .filter(|part| record.snapshot.range(&part.checkpoint.origin).is_some())
                .take(record.snapshot.logs.len())
                .collect();
            let transcript = Transcript::of(&record.snapshot, &own, &record.keys);
            let facts = Facts::of(record, &own, &transcript);
            let mut html = Html::default();
            cover::print(&mut html, record, &facts);
            cover::commands(&mut html, &facts);
            answers::print(&mut html, record, &facts);
            entries::print(&mut html, record, &own, &transcript, &facts);
            removed::print(&mut html, record, &transcript);
            shown.record = html.finish();
            shown.title = facts.title.clone();
        }
        shown
    }
}
