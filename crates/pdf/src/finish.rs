//! From laid-out pages to the bytes of a file. Signature, PDF/A and tags will be made here.
//!
//! Promises that the same pages give the same bytes: printpdf draws identifiers at random, they are replaced.

use crate::page::Paper;
use crate::{Imprint, PdfError, moment};
use caisey_console::view::SessionDetail;
use caisey_console::visible::marked_line;
use lopdf::{Object, StringFormat};
use printpdf::{OffsetDateTime, PageAnnotId, PageAnnotation, PdfDocument, PdfParseErrorSeverity, PdfSaveOptions};

/// Puts the document together.
pub(crate) fn finish(paper: Paper, detail: &SessionDetail, imprint: &Imprint) -> Result<Vec<u8>, PdfError> {
    let row = &detail.row;
    let foot = format!(
        "{}  ·  printed {} by {}",
        marked_line(&imprint.organisation),
        moment::full(imprint.printed_at_ms),
        imprint.program
    );
    let (faces, pages, bookmarks) = paper.bind(&foot);
    let mut document = PdfDocument::new(&format!(
        "Session transcript: {}, {}",
        marked_line(&row.hostname),
        moment::date(row.opened_at_ms)
    ));
    document.resources.fonts.map = faces.into_fonts();
    for (index, bookmark) in bookmarks.into_iter().enumerate() {
        let annotation = PageAnnotation {
            name: bookmark.title,
            page: bookmark.page,
        };
        document.bookmarks.map.insert(PageAnnotId(format!("{index:08}")), annotation);
    }
    let info = &mut document.metadata.info;
    info.author = marked_line(&imprint.organisation);
    info.subject = marked_line(&row.purpose);
    info.creator = imprint.program.clone();
    info.producer = imprint.program.clone();
    info.identifier = row.session.clone();
    // A time beyond the calendar's end is a damaged clock; the document is worth having without it.
    if let Ok(printed) = OffsetDateTime::from_unix_timestamp(i64::try_from(imprint.printed_at_ms / 1000).unwrap_or(0)) {
        info.creation_date = printed;
        info.modification_date = printed;
        info.metadata_date = printed;
    }
    document.pages = pages;
    let mut warnings = Vec::new();
    let mut file = document.to_lopdf_document(&PdfSaveOptions::default(), &mut warnings);
    if let Some(fault) = warnings
        .iter()
        .find(|warning| warning.severity != PdfParseErrorSeverity::Info)
    {
        return Err(PdfError::Document(fault.msg.clone()));
    }
    let identity = Object::String(identity(detail, imprint), StringFormat::Hexadecimal);
    file.trailer.set("ID", Object::Array(vec![identity.clone(), identity]));
    if let Ok(catalog) = file.catalog_mut() {
        // printpdf writes the mode as a string, which readers ignore.
        catalog.set("PageMode", Object::Name(b"UseOutlines".to_vec()));
        catalog.set("Lang", Object::string_literal("en"));
    }
    file.compress();
    let mut bytes = Vec::new();
    file.save_to(&mut bytes).map_err(PdfError::Write)?;
    Ok(bytes)
}

/// 16 bytes that differ between sessions and printings (ISO 32000-1 §14.4). No secret and no digest: only an identifier.
fn identity(detail: &SessionDetail, imprint: &Imprint) -> Vec<u8> {
    let mut state: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    let words = [
        detail.row.session.as_bytes(),
        detail.root.as_deref().unwrap_or("").as_bytes(),
        &imprint.printed_at_ms.to_be_bytes(),
    ];
    for byte in words.concat() {
        // FNV-1a, 128 bits.
        state = (state ^ u128::from(byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b);
    }
    state.to_be_bytes().to_vec()
}
