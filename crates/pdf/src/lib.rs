//! Printed transcripts: a session as a PDF that a person without our software can read from front to back.
//!
//! Promises: the whole session in the order of the log; what an endpoint printed is shown, never interpreted, with everything hidden
//! in it made visible ([`caisey_console::visible`]); a character without a glyph is printed as its number, never dropped; fonts are
//! embedded; the same input gives the same bytes; memory is bounded by [`Limits`]. Leaves out: signature, PDF/A and tags, which
//! replace the module `finish` when they come. Follows ISO 32000-1 through printpdf.

mod cover;
mod entries;
mod face;
mod finish;
mod mono;
mod page;
mod palette;
mod pieces;
mod prose;
mod verification;

pub use caisey_transcript::moment;

use caisey_console::view::SessionDetail;
use std::ops::ControlFlow;

/// What the document says about itself, beside the session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imprint {
    /// The MSP.
    pub organisation: String,
    /// When it is printed, milliseconds since the Unix epoch.
    pub printed_at_ms: u64,
    /// Who prints it: program and version.
    pub program: String,
}

/// How much is printed. What is left out is counted and said on the page; the session's record always holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one command's output, per stream.
    pub output_bytes: usize,
    /// Bytes of all outputs together.
    pub document_bytes: usize,
}

impl Default for Limits {
    /// About 45 pages of one command, about 3,000 pages of all.
    fn default() -> Self {
        Self {
            output_bytes: 256 * 1024,
            document_bytes: 16 * 1024 * 1024,
        }
    }
}

/// How far printing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Entries laid out.
    pub done: usize,
    /// Entries in all.
    pub total: usize,
    /// Pages so far.
    pub pages: usize,
}

/// Why there is no document.
#[derive(Debug, thiserror::Error)]
pub enum PdfError {
    /// The caller stopped it.
    #[error("printing was stopped")]
    Stopped,
    /// A built-in font could not be read: the program is damaged.
    #[error("the built-in font {0} could not be read: this program is damaged, install it again")]
    Font(&'static str),
    /// Something on a page would not have been printed as laid out.
    #[error("the document could not be put together: {0}")]
    Document(String),
    /// Writing the finished document.
    #[error("the document could not be written")]
    Write(#[source] std::io::Error),
}

/// Prints a session. `watch` is told after every entry and may stop it.
///
/// # Errors
/// See [`PdfError`].
pub fn transcript(
    detail: &SessionDetail,
    imprint: &Imprint,
    limits: Limits,
    mut watch: impl FnMut(Progress) -> ControlFlow<()>,
) -> Result<Vec<u8>, PdfError> {
    let faces = face::Faces::load()?;
    let mut paper = page::Paper::new(faces, cover::running_head(detail));
    cover::print(&mut paper, detail, imprint);
    entries::print(&mut paper, detail, limits, &mut watch)?;
    verification::print(&mut paper, detail, imprint);
    finish::finish(paper, detail, imprint)
}
