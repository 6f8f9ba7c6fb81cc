//! Printed transcripts: a session as a PDF that a person without our software can read from front to back.
//!
//! Promises: the whole session in the order of the log; what an endpoint printed is shown, never interpreted, with everything hidden
//! in it made visible ([`caisey_console::visible`]); a character without a glyph is printed as its number, never dropped; fonts are
//! embedded; the file is PDF/A-3a and PDF/UA-1; the same input gives the same bytes; memory is bounded by [`Limits`]. Leaves out: any
//! clock, randomness and network. Follows ISO 32000-1, ISO 19005-3 and ISO 14289-1, through printpdf and lopdf.

mod audit;
mod authority;
mod certificate;
mod check;
mod code;
mod colour;
mod cover;
mod difference;
mod dossier;
mod entries;
mod examine;
mod face;
mod file;
mod finish;
mod handed;
mod imprint;
mod kept;
mod mono;
mod outline;
mod page;
mod palette;
mod pieces;
mod prose;
mod reader;
mod seal;
mod sheaf;
mod signer;
mod stamp;
mod summary;
mod syntax;
mod tree;
mod verification;

pub use audit::audit;
pub use authority::{Secrets, found};
pub use caisey_transcript::moment;
pub use certificate::{ChainFault, read_certificates};
pub use check::CmsFault;
pub use dossier::{Attested, Authorisation, Completeness, Dossier, Mention, Question, Redactions};
pub use examine::{Anchor, DocumentFault, Examined, Signature, Stamp, Trust, examine};
pub use handed::{PackFault, print_pack, read_pack};
pub use kept::{KeptError, kept_signer};
pub use reader::FormFault;
pub use seal::{Ask, Seal, SealError};
pub use signer::{KeyError, Signer};
pub use stamp::StampError;

use caisey_console::view::SessionDetail;
use caisey_console::visible::marked_line;
use imprint::Particulars;
use std::ops::ControlFlow;
use tree::Tag;

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

/// A file inside the document: what the pages were made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// File name.
    pub name: String,
    /// Its media type, `application/json`.
    pub media_type: String,
    /// For people.
    pub description: String,
    /// The file.
    pub bytes: Vec<u8>,
}

/// What goes into a document beside the session.
#[derive(Default)]
pub struct Enclosure<'a> {
    /// For hand-overs.
    pub dossier: Dossier,
    /// Files.
    pub attachments: Vec<Attachment>,
    /// A signature over everything.
    pub seal: Option<Seal<'a>>,
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
    /// The pack that it is made from.
    #[error(transparent)]
    Pack(#[from] PackFault),
    /// It could not be signed.
    #[error("the document could not be signed: {0}")]
    Seal(#[from] SealError),
    /// Something on a page would not have been printed as laid out.
    #[error("the document could not be put together: {0}")]
    Document(String),
}

/// Prints a session. `watch` is told after every entry, and after every few hundred finished pages, and may stop it.
///
/// # Errors
/// See [`PdfError`].
pub fn transcript(
    detail: &SessionDetail,
    imprint: &Imprint,
    limits: Limits,
    mut enclosure: Enclosure<'_>,
    mut watch: impl FnMut(Progress) -> ControlFlow<()>,
) -> Result<Vec<u8>, PdfError> {
    let faces = face::Faces::load()?;
    let mut paper = page::Paper::new(faces, cover::running_head(detail));
    paper.within(Tag::Section, |paper| cover::print(paper, detail, imprint, &enclosure.dossier));
    paper.within(Tag::Section, |paper| {
        entries::print(paper, detail, &enclosure.dossier.machines, limits, &mut watch)
    })?;
    summary::print(&mut paper, &enclosure.dossier);
    paper.within(Tag::Section, |paper| verification::print(paper, detail, imprint, &enclosure));
    let total = detail.items.len();
    close(
        &mut paper,
        &particulars(detail, imprint),
        imprint,
        &mut enclosure,
        total,
        watch,
    )
}

/// Numbers the pages, puts the file together and signs it.
fn close(
    paper: &mut page::Paper,
    particulars: &Particulars,
    imprint: &Imprint,
    enclosure: &mut Enclosure<'_>,
    total: usize,
    mut watch: impl FnMut(Progress) -> ControlFlow<()>,
) -> Result<Vec<u8>, PdfError> {
    let foot = format!(
        "{}  ·  printed {} by {}",
        marked_line(&imprint.organisation),
        moment::full(imprint.printed_at_ms),
        imprint.program
    );
    paper.number(&foot);
    let done = Progress {
        done: total,
        total,
        pages: paper.count(),
    };
    let field = enclosure.seal.as_ref().map(|seal| finish::Field {
        name: seal.signer.name(),
        reason: seal.reason.clone(),
    });
    let draft = finish::finish(paper, particulars, &enclosure.attachments, field.as_ref(), || watch(done))?;
    match &mut enclosure.seal {
        Some(seal) => Ok(seal::close(draft, seal)?),
        None => Ok(draft.bytes),
    }
}

fn particulars(detail: &SessionDetail, imprint: &Imprint) -> Particulars {
    let row = &detail.row;
    Particulars {
        title: format!(
            "Session transcript: {}, {}",
            marked_line(&row.hostname),
            moment::date(row.opened_at_ms)
        ),
        author: marked_line(&imprint.organisation),
        subject: marked_line(&row.purpose),
        program: imprint.program.clone(),
        made_at_ms: imprint.printed_at_ms,
        identity: identity(&[
            detail.row.session.as_bytes(),
            detail.root.as_deref().unwrap_or("").as_bytes(),
            &imprint.printed_at_ms.to_be_bytes(),
        ]),
    }
}

/// 16 bytes that differ between records and printings (ISO 32000-1 §14.4). No secret and no digest: only an identifier.
fn identity(words: &[&[u8]]) -> [u8; 16] {
    let mut state: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    for byte in words.concat() {
        // FNV-1a, 128 bits.
        state = (state ^ u128::from(byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b);
    }
    state.to_be_bytes()
}
