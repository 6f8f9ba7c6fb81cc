//! Names of documents, pictures and mailboxes, wherever they stand: the name says who or what it is about.

use super::value::is_found;
use super::words::is_one_of;
use super::{Anchor, Meaning, Search};
use crate::class::Class;
use crate::finding::Finding;
use crate::line::{Line, is_alphanumeric, is_blank};

pub(super) fn find(search: &mut Search<'_, '_>) {
    let line = search.line;
    for anchor in search.anchors.iter().filter(|anchor| anchor.meaning == Meaning::Extension) {
        if is_alphanumeric(line.at(anchor.end)) || line.at(anchor.end) == b'_' || is_found(search, anchor.start) {
            continue;
        }
        let start = name_start(&line, anchor);
        let name = line.str(start..anchor.start);
        let is_pattern = name.contains('*') || name.is_empty() || name.chars().all(|c| !c.is_alphanumeric());
        if is_pattern || is_program_data(name, line.str(anchor.start..anchor.end)) {
            continue;
        }
        search
            .found
            .push(Finding::new(start..anchor.end, Class::Document, "document-name"));
    }
}

/// Names that software gives.
fn is_program_data(name: &str, ending: &str) -> bool {
    let icons = matches!(ending, ".png" | ".jpg" | ".csv")
        && [
            "icon",
            "logo",
            "favicon",
            "background",
            "banner",
            "splash",
            "output",
            "export",
            "results",
            "report",
        ]
        .iter()
        .any(|known| known.eq_ignore_ascii_case(name));
    icons
        || is_one_of(
            name,
            &[
                "readme",
                "license",
                "licence",
                "eula",
                "changelog",
                "thirdpartynotices",
                "img0",
                "test",
            ],
        )
}

/// A name goes back to a separator of paths, a quote, or a gap; a single blank belongs to it when the line is a listing or the
/// name stands in quotes, because elsewhere it parts arguments.
fn name_start(line: &Line<'_>, anchor: &Anchor) -> usize {
    let floor = line.start.max(anchor.start.saturating_sub(200));
    let hard = |byte: u8| {
        matches!(
            byte,
            b'\\' | b'/' | b'"' | b'<' | b'>' | b'|' | b'?' | b'\t' | b'=' | b':' | b';'
        ) || byte < b' '
    };
    let field = line.back(anchor.start, |byte| !hard(byte)).max(floor);
    // "O'Brien" holds a quote, "'a.docx'" stands in them.
    let quoted =
        matches!(line.before(field), b'"') || line.str(field..anchor.start).contains('\'') && line.at(anchor.end) == b'\'';
    if quoted {
        let inner = line.back(anchor.start, |byte| !hard(byte) && byte != b'\'');
        return line.forward(inner.max(field), is_blank);
    }
    // "./HR/Offer Karin Lind.pdf": a whole line of find or du.
    let whole = line.back(field, |byte| byte != b'\t');
    let listed = line.before(field) == b'/' && line.at(anchor.end) == 0 && (line.reads(whole, "./") || line.at(whole) == b'/');
    if listed && (whole == line.start || line.before(whole) == b'\t') && !line.str(whole..field).contains(" /") {
        return field;
    }
    let gap = line.str(field..anchor.start).rfind("  ").map_or(field, |at| field + at + 2);
    let word = line
        .back(anchor.start, |byte| {
            !is_blank(byte) && !hard(byte) && !matches!(byte, b',' | b'(' | b'[' | b'{' | b'\'' | b'`')
        })
        .max(floor);
    let escaped = line.before(word) == b' ' && line.before(word - 1) == b'\\';
    let separated = matches!(line.before(field), b'\\' | b'/') && is_path_before(line, field);
    if escaped || separated {
        return line.forward(if escaped { field } else { gap.max(field) }, is_blank);
    }
    let first_words = listed_name(line, gap, anchor.start);
    first_words.unwrap_or(word)
}

/// Whether what ends here is a path that began with a drive, a share or a root, so that blanks after it are in a name.
fn is_path_before(line: &Line<'_>, field: usize) -> bool {
    line.before(field) == b'\\' && {
        let from = line.back(field, |byte| !matches!(byte, b'"' | b'<' | b'>' | b'|' | b'\t'));
        let text = line.str(from..field);
        text.contains(":\\") || text.starts_with("\\\\") || text.contains(" \\\\")
    }
}

/// In a listing the name is what stands after the columns of size and date: dir, Get-ChildItem, ls -l, find -ls, unzip -l.
fn listed_name(line: &Line<'_>, gap: usize, end: usize) -> Option<usize> {
    let first = line.forward(line.start, is_blank);
    let bytes = line.slice(first..end.min(first + 64));
    let mode = |byte: u8| {
        matches!(
            byte,
            b'-' | b'd' | b'l' | b'r' | b'w' | b'x' | b'a' | b'h' | b's' | b'b' | b'c' | b't' | b'T' | b'S' | b'.' | b'+' | b'@'
        )
    };
    let has_mode =
        bytes.len() > 6 && bytes.iter().take(5).all(|byte| mode(*byte)) && bytes.iter().take(6).any(|byte| *byte == b'-');
    let has_date = bytes.len() > 10
        && bytes.iter().take(10).filter(|byte| byte.is_ascii_digit()).count() >= 6
        && bytes.iter().take(10).any(|byte| matches!(byte, b'-' | b'/' | b'.'));
    let has_size = bytes
        .iter()
        .take_while(|byte| byte.is_ascii_digit() || **byte == b',')
        .count()
        > 0
        && bytes.iter().take(64).any(|byte| *byte == b':');
    if !(has_mode || has_date || has_size) {
        return None;
    }
    // The last column before the name: a number (size), a time or a year.
    let mut at = gap;
    let mut name = None;
    for word in line.str(gap..end).split(' ') {
        let next = at + word.len() + 1;
        let column = !word.is_empty()
            && word
                .bytes()
                .all(|byte| byte.is_ascii_digit() || matches!(byte, b',' | b':' | b'.'));
        if column && name.is_none_or(|start| at == start) {
            name = Some(next);
        }
        at = next;
    }
    Some(name.unwrap_or(gap)).filter(|start| *start < end)
}
