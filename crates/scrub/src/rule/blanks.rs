//! Paths into people's profiles that go on behind a blank which nothing quotes or escapes: `/home/jane/Practice letters/2024`,
//! `C:\Users\jane\Desktop\Yard photos`. People name folders with a capital and several words; programs and commands rarely do.

use super::words::{Words, ends, is_one_of};
use crate::line::{Line, is_blank};

/// How far ahead the rest of a name is looked for, in bytes.
const FARTHEST: usize = 96;

/// Words that go on with the sentence behind a path.
static SENTENCE: Words = Words::of(include_str!("../../words/behind-paths.txt"));

/// Folders of profiles that have one word only, in small letters.
static SINGLE: Words = Words::of(include_str!("../../words/single-folders.txt"));

/// Endings of what people keep.
const DOCUMENTS: &[&str] = &[
    ".pdf", ".docx", ".xlsx", ".pptx", ".pages", ".numbers", ".key", ".jpg", ".jpeg", ".png", ".doc", ".xls", ".heic", ".mov",
    ".txt", ".odt", ".ods", ".csv", ".mp4", ".zip", ".eml", ".pst", ".ini", ".tex",
];

/// Where the path goes on to behind the blank at this place, when it does: as far as is sure, the caller goes on from there. `from` is where
/// the profile's name begins, `spaced` says that the path has gone over a blank before.
pub(super) fn beyond(line: &Line<'_>, from: usize, blank: usize, spaced: bool) -> Option<usize> {
    let start = line.back(blank, |byte| !matches!(byte, b'/' | b'\\'));
    let name = line.str(start.max(from)..blank);
    if is_blank(line.at(blank + 1)) || line.at(blank) != b' ' || name.is_empty() {
        return None;
    }
    let rest = cut(line, blank + 1);
    let words = || {
        rest.split(' ').scan(blank + 1, |at, word| {
            let start = *at;
            *at += word.len() + 1;
            Some((start, word))
        })
    };
    let titled = name.starts_with(char::is_uppercase) && !SINGLE.contains(name) && start > from;
    let file = name.contains('.') && !spaced;
    if file || !(titled || spaced || start <= from) {
        return None;
    }
    if start <= from {
        return full_name(line, name, rest, blank);
    }
    // "Outlook 15 Profiles/Main Profile/Data"
    let separator = |word: &str| {
        word.find(['/', '\\'])
            .filter(|at| *at > 0 && word.contains(char::is_alphabetic))
    };
    for (at, word) in words().take(5) {
        let within = separator(word);
        if !is_part(word.get(..within.unwrap_or(word.len())).unwrap_or_default()) {
            break;
        }
        if let Some(within) = within {
            return Some(at + within);
        }
        let word = word.trim_end_matches(['#', ',', '.', ')']);
        if DOCUMENTS.iter().any(|ending| ends(word, ending)) {
            return Some(at + word.len());
        }
    }
    let whole = rest.split(' ').count() <= 4 && blank + 1 + rest.len() < blank + FARTHEST;
    let mut end = None;
    for (at, word) in words().take(if whole { 4 } else { 3 }) {
        let last = at + word.len() >= blank + 1 + rest.len();
        let joins = whole && !last && is_one_of(word, JOINS);
        if !is_part(word) || SENTENCE.contains(word) && !joins {
            return end;
        }
        end = Some(at + word.trim_end_matches(['.', ',']).len());
        // In a sentence only the next word is sure.
        if !whole && !word.starts_with(|c: char| c.is_uppercase() || c.is_ascii_digit()) {
            return end;
        }
    }
    end
}

/// Whether a path that a tab or nothing stands before, as listings have them, goes on after the blank: with a word that ends in a slash or
/// in the ending of a document, or up to the end of the line behind a tab.
pub(super) fn is_listed(line: &Line<'_>, from: usize, blank: usize) -> bool {
    let start = line.back(from, |byte| !is_blank(byte));
    let before = line.before(start);
    if !(before == b'\t' || start == line.start) || line.at(blank) != b' ' || is_blank(line.at(blank + 1)) {
        return false;
    }
    let rest = line.str_ahead(blank + 1, 79);
    let plain = !rest.contains(['(', ':', '|', '>', '<', '=', '\t']) && !rest.contains("  ") && rest.matches(' ').count() <= 5;
    let ends = DOCUMENTS.iter().any(|ending| ends(rest, ending));
    plain
        && !rest.starts_with(['-', '/', '&', '.', '~'])
        && (before == b'\t' || ends || rest.contains('/') && !rest.contains(" /"))
}

/// Words that join others within a name.
const JOINS: &[&str] = &[
    "and", "und", "et", "y", "e", "i", "og", "och", "en", "ja", "a", "ve", "és", "și", "и",
];

/// `C:\Users\Jane Doe` alone: the profile's own name has two words, and no more is said.
fn full_name(line: &Line<'_>, name: &str, rest: &str, blank: usize) -> Option<usize> {
    let capital = |word: &str| word.starts_with(char::is_uppercase) && word.chars().skip(1).any(char::is_lowercase);
    let names = capital(name) && capital(rest) && !rest.contains([' ', '.']) && !name.contains(['.', '_']);
    let end = blank + 1 + rest.len();
    let closed = line.at(end) == 0 || line.at(end) == b'\t' || is_blank(line.at(end)) && is_blank(line.at(end + 1));
    (names && closed).then_some(end)
}

/// Whether a word can be part of a name: no option, no other path, nothing that sets or refers to something.
fn is_part(word: &str) -> bool {
    word == "-"
        || word.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '(' | '.')) && !word.contains(['=', '@', '$', '{', '~'])
}

/// The rest of the field: up to what no name holds, two blanks, an option or another path.
fn cut<'a>(line: &Line<'a>, from: usize) -> &'a str {
    let hard = |byte: u8| {
        matches!(
            byte,
            b'|' | b';' | b'<' | b'>' | b'"' | b'\'' | b'`' | b'&' | b'*' | b'?' | b'\t' | b':'
        )
    };
    let end = line.forward(from, |byte| !hard(byte)).min(from + FARTHEST);
    let mut end = from + line.str_ahead(from, end - from).len();
    // "docs C:\Users"
    if line.at(end) == b':' && end > from && line.before(end - 1) == b' ' {
        end = (end - 2).max(from);
    }
    let text = line.str(from..end);
    let stops = ["  ", " /", " \\\\", " --", ". ", ", ", " ~", " ->"];
    let stop = stops.iter().filter_map(|stop| text.find(stop)).min().unwrap_or(text.len());
    let option = text
        .match_indices(" -")
        .find(|(at, _)| text.as_bytes().get(at + 2).is_some_and(|byte| *byte != b' '))
        .map_or(text.len(), |(at, _)| at);
    text.get(..stop.min(option)).unwrap_or_default().trim_end()
}
