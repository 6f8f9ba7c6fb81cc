//! People called by their names in chat, notes and mail: names of the lists, what follows a greeting, a title or "spoke to", what stands
//! before "from accounting", who signs.

use super::bare::told_account;
use super::beginnings::Beginnings;
use super::person::{PARTICLES, is_generic};
use super::unknown::names_from;
use super::value::is_found;
use super::words::Words;
use super::{Anchor, Meaning, Search};
use crate::class::Class;
use crate::finding::Finding;
use crate::kind::LETTER;
use crate::line::{Line, is_alphanumeric};
use crate::sign;
use std::ops::Range;
use std::sync::LazyLock;

pub(super) static GIVEN: Words = Words::of(include_str!("../../words/given-names.txt"));
pub(super) static FAMILY: Words = Words::of(include_str!("../../words/family-names.txt"));
/// First names that are other words as well: names where a family's name follows.
static BOTH: Words = Words::of(include_str!("../../words/names-and-words.txt"));
pub(super) static NOT_PEOPLE: Words = Words::of(include_str!("../../words/not-people.txt"));

/// Whether this word with a capital stands for something else than a person.
pub(super) fn is_no_name(word: &str) -> bool {
    NOT_PEOPLE.contains(word) || is_generic(word)
}

/// What all names in the lists begin with: what most words with a capital do not share.
static BEGINNINGS: LazyLock<Beginnings> = LazyLock::new(|| Beginnings::of(GIVEN.all().chain(FAMILY.all()).chain(BOTH.all())));

pub(super) fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte >= 0x80
}

/// Whether a capital of any script stands here.
pub(super) fn is_capital(line: &Line<'_>, at: usize) -> bool {
    match line.at(at) {
        first if first < 0x80 => first.is_ascii_uppercase(),
        // Capitals of Latin, Greek and Cyrillic letters have two bytes.
        first if first < 0xE0 => line.str(at..at + 2).starts_with(char::is_uppercase),
        _ => false,
    }
}

/// The end of the word with a capital that begins here, or here.
pub(super) fn capital(line: &Line<'_>, at: usize) -> usize {
    if !is_capital(line, at) || line.at(at).is_ascii() && line.at(at + 1).is_ascii_uppercase() {
        return at;
    }
    let mut end = line.end_of(LETTER, at);
    // "O'Brien", "Hans-Peter"; not the "s" of "Weber's".
    while matches!(line.at(end), b'\'' | b'-') && is_capital(line, end + 1) {
        end = line.end_of(LETTER, end + 1);
    }
    end
}

/// The end of "J." or "J" with a name behind it, or here.
fn initial(line: &Line<'_>, at: usize) -> usize {
    if is_capital(line, at) && line.at(at + 1) == b'.' {
        at + 2
    } else {
        at
    }
}

/// The name before this place, if a word with a capital that could be one ends there.
fn name_before(line: &Line<'_>, end: usize) -> Option<Range<usize>> {
    let start = line.back(end, |byte| is_letter(byte) || matches!(byte, b'\'' | b'-'));
    let start = line.forward(start, |byte| matches!(byte, b'\'' | b'-'));
    let fits = end > start + 2 && capital(line, start) == end && stands_apart(line, start) && !is_no_name(line.str(start..end));
    fits.then_some(start..end)
}

/// Whether what stands before a word does not make it part of a path, a variable or a longer name.
pub(super) fn stands_apart(line: &Line<'_>, start: usize) -> bool {
    let before = line.before(start);
    let mention = before == b'@' && matches!(line.before(start - 1), 0 | b' ' | b'\t' | b'(' | b',');
    mention || !is_alphanumeric(before) && !matches!(before, b'/' | b'\\' | b'.' | b'_' | b'@' | b'-' | b'$' | b'%' | b'#' | b'<')
}

/// Whether what stands behind a word makes it part of something longer.
pub(super) fn goes_on(line: &Line<'_>, end: usize) -> bool {
    matches!(line.at(end), b'_' | b'/' | b'\\' | b'=' | b'@' | b'(')
        || line.at(end) == b'.' && is_alphanumeric(line.at(end + 1))
        || line.at(end) == b':' && line.at(end + 1) == b':'
        || line.at(end).is_ascii_digit()
}

/// Names from the lists, with the names that follow them, and names behind an initial.
pub(super) fn named(search: &mut Search<'_, '_>) {
    let line = search.line;
    let mut next = line.start;
    let beginnings = &*BEGINNINGS;
    for start in line.places(sign::CAPITALS) {
        if start < next {
            continue;
        }
        let [first, second, third] = *line.slice(start..start + 3) else {
            continue;
        };
        if second == b'.' {
            if let Some(range) = behind_initial(&line, start).filter(|range| !is_found(search, range.start)) {
                next = range.end;
                search.found.push(Finding::new(range, Class::User, "initial"));
            }
            continue;
        }
        if !beginnings.contains(first, second, third, line.at(start + 3)) || !stands_apart(&line, start) {
            continue;
        }
        let end = capital(&line, start);
        let word = line.str(start..end);
        if end < start + 3 {
            continue;
        }
        let first = word
            .as_bytes()
            .iter()
            .position(|byte| *byte == b'-')
            .and_then(|dash| word.get(..dash))
            .unwrap_or(word);
        let given = GIVEN.contains(first) || BOTH.contains(first) && is_before_name(&line, end);
        if !given && !FAMILY.contains(word) || goes_on(&line, end) || is_found(search, start) {
            continue;
        }
        if given && !is_place(&line, start) {
            let whole = family(&line, end);
            let start = turned_before(&line, start).unwrap_or(start);
            search.found.push(Finding::new(start..whole, Class::User, "given-name"));
            next = whole;
        } else if !given {
            let start = given_before(&line, start).unwrap_or(start);
            // Families come first in Vietnam and Hungary.
            let whole = names_from(&line, end);
            search.found.push(Finding::new(start..whole, Class::User, "family-name"));
            next = whole;
        }
    }
}

/// "Keller, Anna" where nothing but a list or a field goes before.
fn turned_before(line: &Line<'_>, start: usize) -> Option<usize> {
    let comma = start.checked_sub(2).filter(|comma| line.str(*comma..start) == ", ")?;
    let name = name_before(line, comma)?;
    let alone = name.start == line.start
        || matches!(line.before(name.start), b'"' | b'\t' | b':' | b'<' | b'|' | b'=')
        || is_blank_pair(line, name.start)
        || line.before(name.start - 1) == b':';
    alone.then_some(name.start)
}

fn is_blank_pair(line: &Line<'_>, at: usize) -> bool {
    line.before(at) == b' ' && line.before(at - 1) == b' '
}

/// Whether a word with a capital follows that is no word of titles.
fn is_before_name(line: &Line<'_>, end: usize) -> bool {
    let start = end + 1;
    let next = capital(line, start);
    let word = line.str(start..next);
    let title = [
        "ing", "ed", "tion", "ment", "able", "ive", "ity", "ly", "ness", "ance", "ence", "ure", "al", "ic", "s",
    ]
    .iter()
    .any(|tail| word.ends_with(tail));
    line.at(end) == b' ' && next >= start + 3 && (FAMILY.contains(word) || !title && !is_no_name(word)) && !goes_on(line, next)
}

/// "San Francisco", "St. Martin".
fn is_place(line: &Line<'_>, start: usize) -> bool {
    let before = line.str_before(start, 7);
    [
        "San ", "Santa ", "São ", "St. ", "Saint ", "Sankt ", "Fort ", "Port ", "Mount ", "Los ",
    ]
    .iter()
    .any(|place| before.ends_with(place))
}

/// "J. Whitcombe", "J.-P. Whitcombe" is left to the lists; "A. Select …" begins a list.
fn behind_initial(line: &Line<'_>, start: usize) -> Option<Range<usize>> {
    let gap = usize::from(line.at(start + 2) == b' ');
    let name = start + 2 + gap..capital(line, start + 2 + gap);
    let enumerates = line.forward(line.start, |byte| byte == b' ') == start && line.at(start) < b'I';
    let fits = name.end > name.start + 2
        && stands_apart(line, start)
        && !enumerates
        && !goes_on(line, name.end)
        && !is_no_name(line.str(name.clone()));
    fits.then(|| start..family(line, name.end))
}

/// The word before a family's name, if it could be a person's.
fn given_before(line: &Line<'_>, start: usize) -> Option<usize> {
    let end = start.checked_sub(1).filter(|end| line.at(*end) == b' ')?;
    name_before(line, end).map(|name| name.start)
}

/// Up to three names that go on after one blank each.
pub(super) fn family(line: &Line<'_>, end: usize) -> usize {
    let mut whole = end;
    for _ in 0..3 {
        if line.at(whole) != b' ' {
            break;
        }
        let start = particles(line, whole + 1);
        let generation = line.forward(start, |byte| byte.is_ascii_alphabetic() || byte == b'.');
        if GENERATIONS.contains(&line.str(start..generation)) {
            whole = generation;
            break;
        }
        let letter = initial(line, start);
        if letter > start && !is_alphanumeric(line.at(letter)) {
            whole = letter;
            continue;
        }
        let next = capital(line, start);
        let word = line.str(start..next);
        if next < start + 2 || goes_on(line, next) || is_no_name(word) {
            break;
        }
        whole = next;
        // "Klomp-de Bruin"
        let second = particles(line, next + 1);
        if line.at(next) == b'-' && second > next + 1 && capital(line, second) > second {
            whole = capital(line, second);
        }
    }
    whole
}

/// What stands before a name of Arabic with a dash.
const ARTICLES: &[&str] = &[
    "al", "el", "az", "ez", "as", "es", "ash", "ad", "an", "ar", "at", "ul", "ben", "bin", "ould",
];

/// What is put behind a family's name.
const GENERATIONS: &[&str] = &["II", "III", "IV", "Jr", "Sr", "Jr.", "Sr."];

/// Behind "von der ".
fn particles(line: &Line<'_>, from: usize) -> usize {
    let mut at = from;
    for _ in 0..2 {
        let end = line.forward(at, |byte| is_letter(byte) || matches!(byte, b'.' | b'/'));
        let word = line.str(at..end);
        // "el-Masri", "az-Zahra"
        if line.at(end) == b'-' && ARTICLES.contains(&word) && is_capital(line, end + 1) {
            return end + 1;
        }
        if !PARTICLES.contains(&word) || line.at(end) != b' ' {
            break;
        }
        at = end + 1;
    }
    at
}

/// A name that begins here, whole: a word with a capital that is no other word, and what goes on after it.
pub(super) fn name_here(line: &Line<'_>, from: usize) -> Option<Range<usize>> {
    let start = particles(line, from);
    if initial(line, start) > start {
        return behind_initial(line, start);
    }
    let end = capital(line, start);
    let word = line.str(start..end);
    let fits = end >= start + 2 && !goes_on(line, end) && !is_no_name(word);
    fits.then(|| start..family(line, end))
}

/// "Hi Karin", "Herr Weber", "Dr. Holt", "spoke to Weber", "Weber from accounting", "Regards, Karin".
pub(super) fn addressed(search: &mut Search<'_, '_>) {
    let line = search.line;
    for anchor in search.anchors {
        let found = match anchor.meaning {
            Meaning::Greeting | Meaning::Title | Meaning::Toward => behind(&line, anchor),
            Meaning::Closing => closed(&line, anchor),
            Meaning::Said => said_of(&line, anchor),
            Meaning::Honorific => honoured(&line, anchor),
            _ => continue,
        };
        if let Some(range) = found.filter(|range| !is_found(search, range.start)) {
            search.found.push(Finding::new(range, Class::User, "addressed"));
        }
    }
}

fn behind(line: &Line<'_>, anchor: &Anchor) -> Option<Range<usize>> {
    let written = line.str(anchor.start..anchor.end);
    let shouts = written.len() > 3 && written.trim_end().bytes().skip(1).any(|byte| byte.is_ascii_uppercase());
    let first = line.at(anchor.start);
    let outside =
        is_alphanumeric(line.before(anchor.start)) || matches!(line.before(anchor.start), b'_' | b'-' | b'/' | b'\\' | b'.');
    // "Ms", "Pan" and "Ing." are titles with a capital only.
    let titled = anchor.meaning == Meaning::Title && !anchor.word.starts_with("koll") && first.is_ascii_lowercase();
    if shouts || outside || titled {
        return None;
    }
    // Who was told something is a name when nothing else could be: at least a name of the lists, or two words.
    let Some(range) = name_here(line, anchor.end) else {
        return told_account(line, anchor);
    };
    let weak = anchor.meaning == Meaning::Toward && !line.str(range.clone()).contains(' ') && line.at(range.end) == b' ' && {
        let next = line.at(range.end + 1);
        next.is_ascii_uppercase() || next.is_ascii_digit()
    };
    (!weak).then_some(range)
}

/// "Best regards, Karin Lind": the name on the same line; the line below is another rule's.
fn closed(line: &Line<'_>, anchor: &Anchor) -> Option<Range<usize>> {
    let start = line.forward(anchor.end, |byte| matches!(byte, b',' | b' ' | b'!'));
    (start > anchor.end && !is_alphanumeric(line.before(anchor.start)))
        .then(|| name_here(line, start))
        .flatten()
}

/// "Weber from accounting", "Anna Weber says": the one or two words with a capital before it.
fn said_of(line: &Line<'_>, anchor: &Anchor) -> Option<Range<usize>> {
    let goes_on = |byte: u8| is_alphanumeric(byte) && !anchor.word.ends_with(' ');
    let name = name_before(line, anchor.start)?;
    (!goes_on(line.at(anchor.end))).then(|| given_before(line, name.start).unwrap_or(name.start)..name.end)
}

/// `王芳女士`, `佐藤さん`, `田中太郎 様`: up to four signs, with a blank between or none.
fn honoured(line: &Line<'_>, anchor: &Anchor) -> Option<Range<usize>> {
    let end = line.back(anchor.start, |byte| byte == b' ');
    let run = line.back(end, |byte| byte >= 0x80);
    let text = line.str(run..end);
    let from = text.rfind(['，', '。', '、', '：', '「', '（', 'の']).map_or(0, |at| at + 3);
    let name = text.get(from..)?;
    let signs = name.chars().count();
    let cut = if signs > 4 { name.char_indices().nth(signs - 3)?.0 } else { 0 };
    (signs >= 1 && anchor.start - end <= 1).then(|| run + from + cut..end)
}

/// "Jonas Freitag": whatever else the second word means, behind a first name it is a family's.
pub(super) fn is_surely_person(text: &str) -> bool {
    let mut words = text.split(' ');
    let first = words.next().unwrap_or_default();
    GIVEN.contains(first)
        && words.all(|word| word.starts_with(char::is_uppercase) || PARTICLES.contains(&word))
        && text.contains(' ')
}

/// Whether this word stands in a list of names, and for nothing else.
pub(crate) fn is_listed_name(word: &str) -> bool {
    GIVEN.contains(word) || FAMILY.contains(word)
}

/// Whether this is a family's name of the list.
pub(super) fn is_family_name(word: &str) -> bool {
    FAMILY.contains(word)
}

/// All names of the lists that are no other words.
pub(super) fn listed_names() -> impl Iterator<Item = &'static str> {
    GIVEN.all().chain(FAMILY.all())
}

/// Whether this is a first name of the list.
pub(super) fn is_given_name(word: &str) -> bool {
    GIVEN.contains(word)
}
