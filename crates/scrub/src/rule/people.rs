//! People called by their names in chat, notes and mail: first names that are no other word, and what follows a greeting or title.

use super::person::is_generic;
use super::value::is_found;
use super::words::Words;
use super::{Meaning, Search};
use crate::class::Class;
use crate::finding::Finding;
use crate::line::{Line, is_alphanumeric};
use std::sync::OnceLock;

static GIVEN: Words = Words::of(include_str!("../../words/given-names.txt"));
static NOT_PEOPLE: Words = Words::of(include_str!("../../words/not-people.txt"));

/// Whether this word with a capital stands for something else than a person.
pub(super) fn is_no_name(word: &str) -> bool {
    NOT_PEOPLE.contains(word) || is_generic(word)
}

/// The first three letters of all first names: what most words with a capital do not share.
static BEGINNINGS: Beginnings = Beginnings(OnceLock::new());

struct Beginnings(OnceLock<Vec<bool>>);

impl Beginnings {
    fn contains(&self, first: u8, second: u8, third: u8) -> bool {
        // "Jörg", "Åse": letters above ASCII are looked up.
        if !(second.is_ascii_lowercase() && third.is_ascii_lowercase()) {
            return second >= 0x80 || third >= 0x80 && second.is_ascii_lowercase();
        }
        let known = self.0.get_or_init(|| {
            let mut known = vec![false; 1 << 15];
            for name in GIVEN.all() {
                if let [first, second, third, ..] = name.as_bytes()
                    && let Some(place) = known.get_mut(place(*first, *second, *third))
                {
                    *place = true;
                }
            }
            known
        });
        known.get(place(first, second, third)).copied().unwrap_or(false)
    }
}

fn place(first: u8, second: u8, third: u8) -> usize {
    [first, second, third]
        .iter()
        .fold(0, |place, letter| place << 5 | usize::from(letter & 31))
}

fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte >= 0x80
}

/// The end of the word with a capital that begins here, or here.
fn capital(line: &Line<'_>, at: usize) -> usize {
    let first = line.at(at);
    if !(first.is_ascii_uppercase() || first >= 0xC3) || line.at(at + 1).is_ascii_uppercase() {
        return at;
    }
    let mut end = line.forward(at, is_letter);
    // "O'Brien", "Hans-Peter", "Weber's"
    while matches!(line.at(end), b'\'' | b'-') && (line.at(end + 1).is_ascii_uppercase() || line.at(end + 1) >= 0xC3) {
        end = line.forward(end + 1, is_letter);
    }
    end
}

/// First names, with the names that follow them.
pub(super) fn named(search: &mut Search<'_, '_>) {
    let line = search.line;
    let mut next = line.start;
    for &start in line.capitals() {
        if start < next || !BEGINNINGS.contains(line.at(start), line.at(start + 1), line.at(start + 2)) {
            continue;
        }
        if matches!(line.before(start), b'/' | b'\\' | b'.' | b'_' | b'@' | b'-' | b'$' | b'%') {
            continue;
        }
        let end = capital(&line, start);
        let word = line.str(start..end);
        if end < start + 3 || !GIVEN.contains(word.split('-').next().unwrap_or_default()) {
            continue;
        }
        let joined = matches!(line.at(end), b'_' | b'/' | b'\\' | b'=' | b'@')
            || line.at(end) == b'.' && is_alphanumeric(line.at(end + 1))
            || line.at(end).is_ascii_digit();
        if joined || is_found(search, start) {
            continue;
        }
        let whole = family(&line, end);
        search.found.push(Finding::new(start..whole, Class::User, "given-name"));
        next = whole;
    }
}

/// Up to three names that go on after one blank each.
fn family(line: &Line<'_>, end: usize) -> usize {
    let mut whole = end;
    for _ in 0..3 {
        if line.at(whole) != b' ' {
            break;
        }
        let start = particles(line, whole + 1);
        let next = capital(line, start);
        let word = line.str(start..next);
        let joined = matches!(line.at(next), b'_' | b'/' | b'\\' | b'=' | b'(') || line.at(next).is_ascii_digit();
        if next < start + 2 || joined || is_no_name(word) {
            break;
        }
        whole = next;
    }
    whole
}

/// Behind "von der ".
fn particles(line: &Line<'_>, from: usize) -> usize {
    let mut at = from;
    for _ in 0..2 {
        let end = line.forward(at, is_letter);
        let particle = ["von", "van", "de", "der", "den", "del", "di", "la", "le", "da", "zu", "al"].contains(&line.str(at..end));
        if !particle || line.at(end) != b' ' {
            break;
        }
        at = end + 1;
    }
    at
}

/// "Hi Karin", "Herr Weber", "Dr. Holt".
pub(super) fn addressed(search: &mut Search<'_, '_>) {
    let line = search.line;
    for anchor in search.anchors.iter().filter(|anchor| anchor.meaning == Meaning::Greeting) {
        let written = line.str(anchor.start..anchor.end);
        let shouts = written.len() > 2 && written.trim_end().bytes().skip(1).any(|byte| byte.is_ascii_uppercase());
        let first = line.at(anchor.start);
        let outside =
            is_alphanumeric(line.before(anchor.start)) || matches!(line.before(anchor.start), b'_' | b'-' | b'/' | b'\\' | b'.');
        let titled = matches!(
            anchor.word.trim_end(),
            "mr" | "mr." | "mrs" | "mrs." | "ms" | "ms." | "dr" | "dr." | "herr" | "herrn" | "frau" | "prof."
        );
        if shouts || outside || titled && !first.is_ascii_uppercase() {
            continue;
        }
        let start = particles(&line, anchor.end);
        let end = capital(&line, start);
        let word = line.str(start..end);
        let joined = matches!(line.at(end), b'_' | b'/' | b'\\' | b'=' | b'@' | b'(' | b':')
            || line.at(end) == b'.' && is_alphanumeric(line.at(end + 1));
        if end < start + 2 || joined || is_no_name(word) || is_found(search, start) {
            continue;
        }
        let whole = family(&line, end);
        search.found.push(Finding::new(start..whole, Class::User, "addressed"));
    }
}
