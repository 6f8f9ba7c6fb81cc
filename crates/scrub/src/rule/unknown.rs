//! Names that no list has: words with a capital, where names stand, that no vocabulary has either.
//!
//! The vocabulary (words/vocabulary.txt) is what programs say in a dozen languages. A word with a capital that is not in it, is not made of two
//! words of it, and stands beside another such word, before an "'s" or behind "for", is a name nearly always: of a person, or of a
//! product or firm, which is hidden needlessly.

use super::people::{capital, family, goes_on, is_listed_name, is_no_name, stands_apart};
use super::person::PARTICLES;
use super::value::is_found;
use super::words::Words;
use super::{Meaning, Search};
use crate::class::Class;
use crate::finding::Finding;
use crate::kind::{BLANK, LETTER, WORD};
use crate::line::{Line, has, is_alphanumeric};
use crate::sign;

/// Words of programs' messages, in small letters.
pub(super) static VOCABULARY: Words = Words::of(include_str!("../../words/vocabulary.txt"));

/// What stands before a person within a sentence, and before things without a capital.
static BEFORE: Words = Words::of(include_str!("../../words/before-people.txt"));

/// Shorter words are parts of other words too often.
const SHORTEST_HALF: usize = 4;

/// Whether a word is ordinary, whatever its first letter: in the vocabulary, or made of two words that are.
pub(super) fn is_ordinary(word: &str) -> bool {
    let parts = || word.contains('-') && word.split('-').all(|part| part.is_empty() || VOCABULARY.contains(part));
    VOCABULARY.contains(word) || is_no_name(word) || parts() || is_compound(word)
}

/// Whether the vocabulary has this very word.
pub(super) fn is_known(word: &str) -> bool {
    VOCABULARY.contains(word)
}

/// Whether this very word is one of the vocabulary, or stands for nobody.
pub(crate) fn is_word(word: &str) -> bool {
    is_known(word) || is_no_name(word)
}

/// "Druckertreiber", "Datensicherungsplan": two words of the vocabulary, with or without an "s" between.
fn is_compound(word: &str) -> bool {
    let cuts = word.char_indices().map(|(at, _)| at);
    cuts.filter(|at| *at >= SHORTEST_HALF && word.len() - at >= SHORTEST_HALF)
        .any(|at| {
            let (Some(first), Some(last)) = (word.get(..at), word.get(at..)) else {
                return false;
            };
            let joined = || first.strip_suffix('s').is_some_and(|first| VOCABULARY.contains(first));
            VOCABULARY.contains(last) && (VOCABULARY.contains(first) || joined())
        })
}

/// Whether this word with a capital can only be a name: letters, the first of them a capital, in no vocabulary.
fn is_unknown(word: &str) -> bool {
    let letters = word.chars().count();
    let capitals = word.chars().filter(|c| c.is_uppercase()).count();
    (3..=24).contains(&letters)
        && (capitals <= 1 || capitals <= 1 + word.matches(['-', '\'']).count() + usize::from(word.starts_with("Mc")))
        && !is_ordinary(word)
}

pub(super) fn find(search: &mut Search<'_, '_>) {
    let line = search.line;
    if !line.has(has::LOWER) {
        return;
    }
    let mut next = line.start;
    for start in line.places(sign::CAPITALS) {
        if start < next {
            continue;
        }
        let word = capital(&line, start);
        // "Marisol’s": the sign counts as a letter, as all above ASCII do.
        let end = if line.str(start..word).ends_with("’s") {
            word - "’s".len()
        } else {
            word
        };
        next = word.max(start + 1);
        let alone = match line.at(end) {
            b' ' => None,
            b'\'' => Some(line.at(end + 1) == b's' && line.at(end + 2) == b' '),
            0xE2 => Some(end < word),
            b',' | b'.' | b'?' | b'!' | b')' | 0 => Some(false),
            // "Svea: 08-555 014 22", "Bekzod: replaced it", at the beginning of a line.
            b':' => {
                Some(line.before(line.start_of(BLANK, start)) == 0 && (line.at(end + 2).is_ascii_digit() || is_sentence(&line)))
            }
            _ => continue,
        };
        if end < start + 3 || !stands_apart(&line, start) || goes_on(&line, end) {
            continue;
        }
        if !is_unknown(line.str(start..end)) || is_found(search, start) {
            continue;
        }
        let whole = if alone.is_none() { names_from(&line, end) } else { end };
        // "Mthunzi +27 11 555 0188"
        let called = line.at(end + 1) == b'+' && line.at(end + 2).is_ascii_digit();
        if whole > end || called || alone == Some(true) || is_behind(&line, start, end) {
            search.found.push(Finding::new(start..whole, Class::User, "unknown-name"));
            next = whole;
        }
    }
}

/// Where the names end that go on with words which can only be names, too; one that could be another word may stand between (Mai, Mac).
pub(super) fn names_from(line: &Line<'_>, end: usize) -> usize {
    let (mut whole, mut at) = (end, end);
    for _ in 0..4 {
        let start = at + 1;
        let next = capital(line, start);
        let particle = line.end_of(LETTER, start);
        at = if next > start { next } else { particle };
        let joins = next > start || PARTICLES.contains(&line.str(start..particle));
        if line.at(start - 1) != b' ' || at == start || !joins {
            break;
        }
        let word = line.str(start..at);
        if next >= start + 2 && !goes_on(line, next) && (is_listed_name(word) || is_unknown(word)) {
            whole = next;
        }
    }
    whole
}

/// One word behind "for", "with", "asked", "für", within a sentence.
fn is_behind(line: &Line<'_>, start: usize, end: usize) -> bool {
    if line.before(start) != b' ' || end < start + 4 {
        return false;
    }
    let word = line.start_of(WORD, start - 1);
    BEFORE.contains(line.str(word..start - 1)) && line.before(word) == b' ' && is_sentence(line)
}

/// Whether a line is a sentence: at least four words of small letters.
fn is_sentence(line: &Line<'_>) -> bool {
    let text = line.str(line.start..line.end.min(line.start + 160));
    let words = text
        .split(' ')
        .filter(|word| word.len() > 1 && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte >= 0x80));
    words.take(4).count() >= 3
}

/// "Rosalind typed", "It's Jolanta": what people do and are, beside a word that can only be a name.
pub(super) fn acting(search: &mut Search<'_, '_>) {
    let line = search.line;
    for anchor in search.anchors {
        let range = match anchor.meaning {
            Meaning::Does => {
                let start = line.back(anchor.start, |byte| is_alphanumeric(byte) || matches!(byte, b'-' | b'\''));
                start..anchor.start
            }
            Meaning::Near if !is_alphanumeric(line.before(anchor.start)) => anchor.end..capital(&line, anchor.end),
            _ => continue,
        };
        let word = line.str(range.clone());
        let fits = range.len() > 2 && capital(&line, range.start) == range.end && stands_apart(&line, range.start);
        if fits && !goes_on(&line, range.end) && (is_listed_name(word) || is_unknown(word)) && !is_found(search, range.start) {
            let end = family(&line, range.end);
            search.found.push(Finding::new(range.start..end, Class::User, "acting-name"));
        }
    }
}
