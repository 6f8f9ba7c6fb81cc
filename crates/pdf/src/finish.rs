//! From laid-out sheets to the bytes of a file that is PDF/A-3a (ISO 19005-3) and PDF/UA-1 (ISO 14289-1): structure, metadata, colour
//! profile, attachments, outline, and room for a signature.
//!
//! Promises that the same sheets give the same bytes, and that memory holds a few sheaves of pages beside the file.

use crate::file::{FileWriter, Number, hexadecimal, text_string};
use crate::imprint::{Particulars, digits};
use crate::outline;
use crate::page::{Paper, Sheet};
use crate::sheaf::{self, Sheaf};
use crate::{Attachment, PdfError, colour, file};
use lopdf::Object;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::ops::{ControlFlow, Range};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

/// Bytes kept free for a signature with its certificates and a time-stamp token.
const SIGNATURE_BYTES: usize = 16 * 1024;

/// A signature to leave room for.
pub(crate) struct Field {
    /// Who signs, for readers' panels.
    pub(crate) name: String,
    /// Why.
    pub(crate) reason: String,
}

/// A file, and where its signature goes: the hexadecimal string's place, brackets included.
pub(crate) struct Draft {
    /// The file.
    pub(crate) bytes: Vec<u8>,
    /// The string.
    pub(crate) gap: Option<Range<usize>>,
}

/// Puts the file together. `watch` is asked after each sheaf of pages and may stop it.
pub(crate) fn finish(
    paper: &Paper,
    particulars: &Particulars,
    attachments: &[Attachment],
    field: Option<&Field>,
    mut watch: impl FnMut() -> ControlFlow<()>,
) -> Result<Draft, PdfError> {
    let mut file = FileWriter::new();
    let root = file.reserve();
    let pages_root = file.reserve();
    let widget = field.map(|_| file.reserve());
    let mut pages = Vec::with_capacity(paper.sheets.len());
    let mut marks = Vec::with_capacity(paper.sheets.len());
    bound(paper, |sheaf| {
        write_sheaf(&mut file, sheaf, pages_root, widget, &mut pages, &mut marks);
        watch()
    })?;
    let mut kids = String::new();
    for page in &pages {
        let _ = write!(kids, "{page} 0 R ");
    }
    file.put(
        pages_root,
        format!("<</Type/Pages/Count {}/Kids[{kids}]>>", pages.len()).as_bytes(),
    );
    let structure = paper.tree.write(&mut file, &pages, &marks, widget);
    let outlines = outline::write(&mut file, &paper.bookmarks, &pages);
    let packet = file.reserve();
    // Uncompressed, so that programs that know nothing of PDF find it.
    file.put_stream(packet, b"/Type/Metadata/Subtype/XML", particulars.packet().as_bytes());
    let profile = file.add_compressed("/N 3/Alternate/DeviceRGB", &colour::srgb());
    let mut catalog = format!(
        "<</Type/Catalog/Version/1.7/Pages {pages_root} 0 R/Lang(en-GB)/MarkInfo<</Marked true>>/StructTreeRoot {structure} 0 \
         R/Metadata {packet} 0 R/ViewerPreferences<</DisplayDocTitle \
         true>>/PageLayout/OneColumn/OutputIntents[<</Type/OutputIntent/S/GTS_PDFA1/OutputConditionIdentifier(sRGB \
         IEC61966-2.1)/Info(sRGB IEC61966-2.1)/RegistryName(http://www.color.org)/DestOutputProfile {profile} 0 R>>]"
    );
    if let Some(outlines) = outlines {
        let _ = write!(catalog, "/Outlines {outlines} 0 R/PageMode/UseOutlines");
    }
    catalog.push_str(&attached(&mut file, attachments, particulars.made_at_ms));
    let mut signature = None;
    if let (Some(field), Some(widget), Some(page)) = (field, widget, pages.first()) {
        let value = file.reserve();
        let form = format!(
            "<</Type/Annot/Subtype/Widget/FT/Sig/T(Signature1)/TU{}/Rect[0 0 0 0]/F 132/P {page} 0 R/StructParent {}/V {value} 0 R>>",
            text_string("Digital signature over the whole document"),
            pages.len()
        );
        file.put(widget, form.as_bytes());
        let _ = write!(catalog, "/AcroForm<</SigFlags 3/Fields[{widget} 0 R]>>");
        signature = Some((value, field));
    }
    catalog.push_str(">>");
    file.put(root, catalog.as_bytes());
    let information = file.add(particulars.information().as_bytes());
    let gaps = signature.map(|(value, field)| {
        let (text, gap, range) = signature_dictionary(field, particulars.made_at_ms);
        let begin = file.put_plain(value, text.as_bytes());
        (begin + gap.start..begin + gap.end, begin + range.start..begin + range.end)
    });
    let mut bytes = file.finish(root, information, &particulars.identity);
    let gap = gaps.map(|(gap, range)| {
        let [before, after, rest] = [gap.start, gap.end, bytes.len() - gap.end];
        let text = format!("[0 {before} {after} {rest}");
        if let Some(slot) = bytes.get_mut(range) {
            // Blanks fill the slot; its last byte is the bracket.
            let inner = slot.len().saturating_sub(1);
            for (index, byte) in slot.iter_mut().take(inner).enumerate() {
                *byte = text.as_bytes().get(index).copied().unwrap_or(b' ');
            }
        }
        gap
    });
    Ok(Draft { bytes, gap })
}

/// The dictionary, the place of its hexadecimal string and the place of its range, brackets included.
fn signature_dictionary(field: &Field, signed_at_ms: u64) -> (String, Range<usize>, Range<usize>) {
    let mut text = format!(
        "<</Type/Sig/Filter/Adobe.PPKLite/SubFilter/ETSI.CAdES.detached/M({})/Name{}/Reason{}/ByteRange",
        digits(signed_at_ms),
        text_string(&field.name),
        text_string(&field.reason)
    );
    let range = text.len()..text.len() + 40;
    text.push('[');
    text.push_str(&" ".repeat(38));
    text.push_str("]/Contents");
    let gap = text.len()..text.len() + SIGNATURE_BYTES * 2 + 2;
    text.push_str(&hexadecimal(&vec![0; SIGNATURE_BYTES]));
    text.push_str(">>");
    (text, gap, range)
}

/// Binds all sheaves on all processors and hands them over in order.
fn bound(paper: &Paper, mut take: impl FnMut(Sheaf) -> ControlFlow<()>) -> Result<(), PdfError> {
    let sheaves: Vec<&[Sheet]> = paper.sheets.chunks(sheaf::PAGES).collect();
    let workers = std::thread::available_parallelism()
        .map_or(1, usize::from)
        .min(sheaves.len())
        .min(4);
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        // One finished sheaf waits at most: workers do not run ahead of the writer.
        let (tell, told) = mpsc::sync_channel(1);
        for _ in 0..workers {
            let tell = tell.clone();
            let (next, sheaves) = (&next, &sheaves);
            scope.spawn(move || {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(sheets) = sheaves.get(index) else { return };
                    let sheaf = sheaf::bind(sheets, index, &paper.faces, &paper.tree);
                    if tell.send((index, sheaf)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(tell);
        let mut waiting = BTreeMap::new();
        let mut wanted = 0;
        for (index, sheaf) in told {
            waiting.insert(index, sheaf?);
            while let Some(sheaf) = waiting.remove(&wanted) {
                wanted += 1;
                if take(sheaf).is_break() {
                    return Err(PdfError::Stopped);
                }
            }
        }
        if wanted == sheaves.len() {
            Ok(())
        } else {
            Err(PdfError::Document("some pages were not made".to_owned()))
        }
    })
}

fn write_sheaf(
    file: &mut FileWriter,
    sheaf: Sheaf,
    parent: Number,
    widget: Option<Number>,
    pages: &mut Vec<Number>,
    marks: &mut Vec<Vec<crate::tree::Owner>>,
) {
    let numbers: BTreeMap<u32, Number> = sheaf.objects.keys().map(|number| (*number, file.reserve())).collect();
    for (own, object) in &sheaf.objects {
        let Some(number) = numbers.get(own).copied() else { continue };
        match object {
            Object::Stream(stream) => {
                let mut dictionary = stream.dict.clone();
                dictionary.remove(b"Length");
                let mut entries = Vec::new();
                file::entries(&mut entries, &dictionary, &numbers);
                file.put_stream(number, &entries, &stream.content);
            }
            Object::Dictionary(dictionary) if sheaf.pages.contains(own) => {
                let index = pages.len() + sheaf.pages.iter().position(|page| page == own).unwrap_or(0);
                let mut page = dictionary.clone();
                for key in [&b"Annots"[..], b"Parent", b"TrimBox", b"CropBox"] {
                    page.remove(key);
                }
                let mut text = b"<<".to_vec();
                file::entries(&mut text, &page, &numbers);
                let annotation = widget
                    .filter(|_| index == 0)
                    .map(|widget| format!("/Annots[{widget} 0 R]"))
                    .unwrap_or_default();
                text.extend_from_slice(format!("/Parent {parent} 0 R/StructParents {index}/Tabs/S{annotation}>>").as_bytes());
                file.put(number, &text);
            }
            other => {
                let mut text = Vec::new();
                file::object(&mut text, other, &numbers);
                file.put(number, &text);
            }
        }
    }
    pages.extend(sheaf.pages.iter().filter_map(|page| numbers.get(page).copied()));
    marks.extend(sheaf.marks);
}

/// Writes the attachments and returns the catalogue's entries for them.
fn attached(file: &mut FileWriter, attachments: &[Attachment], made_at_ms: u64) -> String {
    let mut sorted: Vec<&Attachment> = attachments.iter().collect();
    sorted.sort_by(|a, b| a.name.cmp(&b.name));
    let (mut names, mut all) = (String::new(), String::new());
    for attachment in sorted {
        let subtype: String = attachment
            .media_type
            .bytes()
            .map(|byte| match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'+' => char::from(byte).to_string(),
                _ => format!("#{byte:02X}"),
            })
            .collect();
        let date = digits(made_at_ms);
        let entries = format!(
            "/Type/EmbeddedFile/Subtype/{subtype}/Params<</Size {}/CreationDate({date})/ModDate({date})>>",
            attachment.bytes.len()
        );
        let stream = file.add_compressed(&entries, &attachment.bytes);
        let name = text_string(&attachment.name);
        let specification = format!(
            "<</Type/Filespec/F{name}/UF{name}/Desc{}/AFRelationship/Source/EF<</F {stream} 0 R/UF {stream} 0 R>>>>",
            text_string(&attachment.description)
        );
        let specification = file.add(specification.as_bytes());
        let _ = write!(names, "{name}{specification} 0 R ");
        let _ = write!(all, "{specification} 0 R ");
    }
    if all.is_empty() {
        return String::new();
    }
    format!("/Names<</EmbeddedFiles<</Names[{names}]>>>>/AF[{all}]")
}
