//! Names of documents, pictures and mailboxes, wherever they stand: the name says who or what it is about.

use super::people::{is_capital, is_given_name};
use super::value::is_found;
use super::words::{Words, is_one_of};
use super::{Anchor, Meaning, Search};
use crate::class::Class;
use crate::finding::Finding;
use crate::kind::{BLANK, SOLID};
use crate::line::{Line, is_alphanumeric, is_blank};

/// Words that make a file personal whatever its ending.
static PERSONAL: Words = Words::of(include_str!("../../words/personal.txt"));
/// Words of sentences that come before the name of a file.
static NOT_NAMES: Words = Words::of(include_str!("../../words/before-files.txt"));

/// No name is longer, in bytes.
const LONGEST: usize = 200;

pub(super) fn find(search: &mut Search<'_, '_>) {
    let line = search.line;
    for anchor in search.anchors {
        let document = match anchor.meaning {
            Meaning::Extension => true,
            Meaning::Ending => false,
            _ => continue,
        };
        if goes_on(&line, anchor.end) || is_found(search, anchor.start) {
            continue;
        }
        let (start, listed) = name_start(&line, anchor);
        let name = line.str(start..anchor.start);
        let is_pattern = name.contains('*') || name.is_empty() || name.chars().all(|c| !c.is_alphanumeric());
        if is_pattern || is_program_data(name, line.str(anchor.start..anchor.end)) {
            continue;
        }
        if document || is_personal(name, listed) {
            let end = behind_endings(&line, anchor.end);
            search.found.push(Finding::new(start..end, Class::Document, "document-name"));
        }
    }
}

/// Over the endings that programs add: `payslip.pdf.locked`, `salaries.ods.gpg`.
fn behind_endings(line: &Line<'_>, end: usize) -> usize {
    let next = line.forward(end + 1, |byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    let added = line.at(end) == b'.' && (2..=10).contains(&(next - end - 1)) && !goes_on(line, next);
    if added { next } else { end }
}

/// Whether the ending is part of a longer word. Signs that close quotes are none, and Chinese and Japanese put no blank behind a name.
fn goes_on(line: &Line<'_>, end: usize) -> bool {
    let byte = line.at(end);
    let sign = matches!(byte, 0xE2..=0xE9) || byte == 0xC2 && line.at(end + 1) == 0xBB;
    byte == b'_' || is_alphanumeric(byte) && !sign
}

/// Whether the name of a file of any kind speaks of people or of what is theirs.
fn is_personal(name: &str, listed: bool) -> bool {
    let words = || name.split(|c: char| !c.is_alphabetic()).filter(|word| word.len() > 1);
    listed && name.contains(' ') && words().count() > 1
        || words().any(|word| PERSONAL.contains(word) || word.starts_with(char::is_uppercase) && is_given_name(word))
}

/// Names that software gives.
fn is_program_data(name: &str, ending: &str) -> bool {
    let icons = matches!(ending, ".png" | ".jpg" | ".csv" | ".gif")
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

/// Ends what a name can hold, in every system.
fn is_hard(byte: u8) -> bool {
    matches!(
        byte,
        b'\\' | b'/' | b'"' | b'<' | b'>' | b'|' | b'?' | b'\t' | b'=' | b':' | b';'
    ) || byte < b' '
}

/// Where the name begins, and whether it stands alone in a list, so that blanks belong to it. A name goes back to a separator of paths, a
/// quote, or a gap; elsewhere a blank parts arguments.
fn name_start(line: &Line<'_>, anchor: &Anchor) -> (usize, bool) {
    let floor = line.start.max(anchor.start.saturating_sub(LONGEST));
    let field = line.back(anchor.start, |byte| !is_hard(byte)).max(floor);
    if let Some(start) = quoted(line, anchor, field) {
        return (start, true);
    }
    let word = word_start(line, anchor.start, floor);
    // "Bonus\ list\ 2026.xlsx"
    if line.before(word) == b' ' && line.before(word - 1) == b'\\' {
        return (escaped(line, word, floor), true);
    }
    let gap = line.str(field..anchor.start).rfind("  ").map_or(field, |at| field + at + 2);
    if field > line.start && gap == field && in_path(line, field, anchor.end) {
        return (line.end_of(BLANK, field), true);
    }
    if let Some(start) = listed_name(line, gap, anchor.start).or_else(|| whole(line, gap, anchor)) {
        return (start, true);
    }
    (in_sentence(line, word, gap), false)
}

fn word_start(line: &Line<'_>, end: usize, floor: usize) -> usize {
    let start = line
        .back(end, |byte| {
            !is_blank(byte) && !is_hard(byte) && !matches!(byte, b',' | b'(' | b'[' | b'{' | b'\'' | b'`')
        })
        .max(floor);
    let word = line.str(start..end);
    let quotes = ['「', '」', '『', '』', '“', '„', '«', '》', '《', '、', '：', '（'];
    let quote = if word.is_ascii() { None } else { word.rfind(quotes) };
    let over = |at: usize| at + word.get(at..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
    quote.map_or(start, |at| start + over(at))
}

/// "O'Brien" holds a quote, "'a.docx'" stands in them.
fn quoted(line: &Line<'_>, anchor: &Anchor, field: usize) -> Option<usize> {
    let closing = line.at(anchor.end);
    if !matches!(closing, b'"' | b'\'') {
        return (line.before(field) == b'"' && !is_blank(line.at(field))).then(|| line.end_of(BLANK, field));
    }
    let open = line.back(anchor.start, |byte| byte != closing);
    let start = open.max(field);
    (line.before(open) == closing && open > line.start).then(|| line.end_of(BLANK, start))
}

/// Back over "\ ", up to the separator of a path.
fn escaped(line: &Line<'_>, word: usize, floor: usize) -> usize {
    let mut at = word;
    while at > floor && line.before(at) == b' ' && line.before(at - 1) == b'\\' {
        at = line
            .back(at - 2, |byte| !is_blank(byte) && (!is_hard(byte) || byte == b'\\'))
            .max(floor);
    }
    at
}

/// Whether a path ends here, in which blanks belong to names: behind a drive or share, or with nothing but the path in this place of a list.
fn in_path(line: &Line<'_>, field: usize, end: usize) -> bool {
    if !matches!(line.before(field), b'\\' | b'/') {
        return false;
    }
    if is_path_before(line, field) {
        return true;
    }
    let path = line.start_of(SOLID, field);
    let lead = line.start_of(BLANK, path);
    let rest = line.at(end);
    // All of the line, or behind a column of numbers, a tab or a gap; nothing may follow but a gap.
    let listed = lead <= line.start || path >= lead + 2 || line.before(path) == b'\t' || line.before(lead).is_ascii_digit();
    listed && (rest == 0 || rest == b'\t' || rest == b' ' && line.at(end + 1) == b' ')
}

/// Whether what ends here is a path that began with a drive, a share or a root, so that blanks after it are in a name.
fn is_path_before(line: &Line<'_>, field: usize) -> bool {
    line.before(field) == b'\\' && {
        let from = line.back(field, |byte| !matches!(byte, b'"' | b'<' | b'>' | b'|' | b'\t'));
        let text = line.str(from..field);
        text.contains(":\\") || text.starts_with("\\\\") || text.contains(" \\\\") || text.contains('\\') && !text.contains(' ')
    }
}

/// A field of a list that is a name and nothing else: behind a tab or a gap, behind "Name : ", or the whole line of a short list.
fn whole(line: &Line<'_>, gap: usize, anchor: &Anchor) -> Option<usize> {
    let rest = line.at(anchor.end);
    let ends =
        rest == 0 || matches!(rest, b'\t' | b':' | b',') || rest == b' ' && matches!(line.at(anchor.end + 1), b' ' | b'-' | b'(');
    let from = line.end_of(BLANK, gap);
    // "Document 13, Offer letter.docx owned by jane was printed …"
    if line.reads(anchor.end, " owned by ") {
        let comma = line.str(from..anchor.start).find(", ")?;
        return Some(from + comma + 2);
    }
    let list = line.back(anchor.start, |byte| byte != b',');
    let from = if list > from && line.at(list) == b' ' {
        list + 1
    } else {
        from
    };
    let from = behind_numbers(line, from, anchor.start);
    let text = line.str(from..anchor.start);
    let prompt = matches!(line.before(from), b'>' | b'$') || text.starts_with(['$', '#', '%', '-']) || has_option(text);
    let told = text.split(' ').take(6).any(|word| NOT_NAMES.contains(word));
    let short = text.split(' ').count() <= 10 && text.len() <= 80;
    (ends && !prompt && !told && short && from < anchor.start && !text.contains(" > ")).then_some(from)
}

/// Whether a word begins as options do.
fn has_option(text: &str) -> bool {
    text.split(' ').any(|word| word.len() > 1 && word.starts_with('-'))
}

/// Behind sizes: "142,120 K ", "48213 ", "1.2 m ".
fn behind_numbers(line: &Line<'_>, from: usize, end: usize) -> usize {
    let mut at = from;
    for _ in 0..3 {
        let word = line.end_of(SOLID, at);
        let text = line.str(at..word);
        let size = text.len() > 2 && text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b',' | b'.'));
        let unit = at > from && matches!(text, "K" | "k" | "m" | "M" | "g" | "KB" | "MB" | "GB");
        if !(size || unit) || word >= end {
            break;
        }
        at = line.end_of(BLANK, word);
    }
    at
}

/// "could not open Jahresabschluss 2025.xlsx": words with a capital belong to the name, numbers, one word before a number or between two with a
/// capital, and all that a dash alone joins ("Welcome Pack - O Adebanjo.docx").
fn in_sentence(line: &Line<'_>, word: usize, gap: usize) -> usize {
    let mut start = word;
    let mut dashed = false;
    for _ in 0..8 {
        let Some(before) = word_before(line, start, gap) else { break };
        let text = line.str(before..start - 1);
        let told = NOT_NAMES.contains(text);
        let title = |at: usize| {
            let word = line.str(at..start);
            word.trim_start_matches('(').starts_with(char::is_uppercase)
        };
        let lead = text.trim_start_matches('(');
        let dash = matches!(text, "-" | "–");
        let digits = line.at(start).is_ascii_digit() || line.at(start) == b'(';
        let counted = text.starts_with(|c: char| c.is_ascii_digit()) && text.len() <= 8 && !text.ends_with([':', ',', '.']);
        let mixed = text.starts_with(char::is_alphabetic) && text.ends_with(|c: char| c.is_ascii_digit()) && text.len() <= 5;
        let short = text.len() <= 4 && text.ends_with('.') && start > before + 3;
        let ended = text.ends_with([':', ',', '.', '!', '?']) && !short;
        let named = lead.starts_with(char::is_uppercase) && before > line.start && !ended;
        let behind_title = || word_before(line, before, gap).filter(|at| *at > line.start && title(*at));
        let small = !ended && text.chars().all(char::is_lowercase);
        let joins = small && is_one_of(text, JOINS) || small && !told && (digits || is_capital(line, start));
        if !told && (named || dash || mixed || digits && lead.starts_with(char::is_alphabetic) && !ended) {
            start = before + text.len() - lead.len();
            dashed = dash;
        } else if dashed && !told && small && text.len() <= 12 {
            start = before;
        } else if (counted || joins)
            && let Some(at) = behind_title()
        {
            start = if counted { before } else { at };
        } else {
            break;
        }
    }
    start
}

/// Words that join others within a name.
const JOINS: &[&str] = &[
    "of", "de", "des", "du", "del", "la", "van", "von", "der", "di", "da", "do", "dos", "for", "and", "und", "y", "et",
];

/// Where the word begins that one blank parts from this place.
fn word_before(line: &Line<'_>, start: usize, gap: usize) -> Option<usize> {
    if line.before(start) != b' ' || start <= gap {
        return None;
    }
    let before = line.back(start - 1, |byte| !is_blank(byte) && !is_hard(byte)).max(gap);
    (before < start - 1).then_some(before)
}

/// In a listing the name is what stands after the columns of size and date: dir, Get-ChildItem, ls -l, find -ls, unzip -l.
fn listed_name(line: &Line<'_>, gap: usize, end: usize) -> Option<usize> {
    let first = line.end_of(BLANK, line.start);
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
        && bytes.first().is_some_and(u8::is_ascii_digit)
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
        let column = word.bytes().any(|byte| byte.is_ascii_digit())
            && word
                .bytes()
                .all(|byte| byte.is_ascii_digit() || matches!(byte, b',' | b':' | b'.' | b'-' | b'+'));
        if column && name.is_none_or(|start| at == start) {
            name = Some(next);
        }
        at = next;
    }
    Some(name.unwrap_or(gap)).filter(|start| *start < end)
}
