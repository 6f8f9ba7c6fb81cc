//! Accounts that say whose they are, wherever they stand: `anna.keller`, `a.keller`, `keller_anna`, `akeller`, `kellerh`, and first names in
//! small letters. The lists of names hold no word of the vocabulary; what is in neither is left to labels and columns.

use super::Search;
use super::domain::is_ending;
use super::people::{is_family_name, is_given_name, listed_names};
use super::unknown::{is_known, is_ordinary};
use super::value::is_found;
use super::windows::is_file_ending;
use crate::class::Class;
use crate::finding::Finding;
use crate::kind::{DIGIT, LOWER};
use crate::line::{has, is_alphanumeric};
use crate::noted::Noted;
use crate::sign;
use std::sync::LazyLock;

/// What begins names of programs' parts (`com.keller`) and of machines rather than accounts.
const NO_ACCOUNT: &[&str] = &[
    "com", "org", "net", "io", "www", "mail", "smtp", "imap", "java", "javax", "std", "self", "this",
];

/// Letters that no ending of a word is: behind a name, the first letter of another.
const INITIALS: &[u8] = b"bcfhjkmpqvwxz";

/// First names that are words of some language in small letters.
const WORDS: &[&str] = &[
    "della", "sandi", "marina", "salam", "yazan", "erna", "chung", "vita", "perla", "paloma", "diana", "dalia", "alegria",
    "sarana", "serena", "fortuna", "gemma", "linda", "flora", "norma", "gloria", "aurora", "dina", "dino", "nina", "pina",
    "mira", "sara", "lena", "mina", "jana", "vera", "bella", "mona", "luna", "maja", "maya", "rena", "tina", "tone", "bente",
    "rolle",
];

/// The first four letters of every name in the lists: what few words in small letters share.
static FOURS: LazyLock<Noted> = LazyLock::new(|| {
    let mut noted = Noted::none();
    for name in listed_names() {
        if let Some(four) = name.as_bytes().first_chunk() {
            noted.note(u32::from_le_bytes(*four));
        }
    }
    noted
});

pub(super) fn find(search: &mut Search<'_, '_>) {
    let line = search.line;
    if !line.has(has::LOWER) {
        return;
    }
    for sign in [sign::DOTS_IN_WORDS, sign::UNDERS_IN_WORDS] {
        for place in line.places(sign) {
            joined(search, place);
        }
    }
    single(search);
}

/// `anna.keller`, `a.keller`, `keller_a`: two words of letters around a sign, one of them a name.
fn joined(search: &mut Search<'_, '_>, sign: usize) {
    let line = search.line;
    let part = |byte: u8| is_alphanumeric(byte);
    if !line.before(sign).is_ascii_alphabetic() || !line.at(sign + 1).is_ascii_alphabetic() {
        return;
    }
    let first = line.back(sign, part)..sign;
    let end = line.forward(sign + 1, |byte| part(byte) || byte == b'-');
    let range = first.start..line.back(end, |byte| byte == b'-');
    let (name, last) = (line.str(first), line.str(sign + 1..range.end));
    let last = last.trim_end_matches(|c: char| c.is_ascii_digit());
    let before = line.before(range.start);
    let goes_on = matches!(line.at(range.end), b'_' | b'(' | b'@' | b'=')
        || line.at(range.end) == b'.' && is_alphanumeric(line.at(range.end + 1));
    let inside = is_alphanumeric(before) || matches!(before, b'.' | b'_' | b'-' | b'@' | b'$' | b'%' | b'#' | b'&');
    let dotted = line.at(sign) == b'.';
    if goes_on || inside || range.len() > 40 {
        return;
    }
    let in_path = matches!(before, b'/' | b'\\') || matches!(line.at(range.end), b'/' | b'\\');
    let both = is_name(name) && is_name(last.split('-').next().unwrap_or_default());
    let named = both || !in_path && is_account(name, last, dotted);
    let ends = || dotted && (is_ending(last) || is_file_ending(last));
    if named && !ends() && !NO_ACCOUNT.contains(&name) && !is_found(search, range.start) {
        search.found.push(Finding::new(range, Class::User, "named-account"));
    }
}

/// A name of the lists that no vocabulary has.
fn is_name(word: &str) -> bool {
    word.len() >= 3 && (is_given_name(word) || word.len() >= 4 && is_family_name(word)) && !is_known(word)
}

/// Whether two parts are an account's: a first name and what goes on from it, a letter and a name, a name at the end.
fn is_account(first: &str, last: &str, dotted: bool) -> bool {
    let (one, two) = (first.len(), last.len());
    let short = two <= 2 && last.bytes().all(|byte| byte.is_ascii_lowercase());
    let given = one >= 3 && is_given_name(first) && !is_known(first) && (dotted || short);
    let lettered = one == 1 && (is_name(last) || dotted && two >= 5 && !is_ordinary(last));
    let ended = one >= 2 && two >= 4 && is_name(last);
    given && two >= 1 || lettered || ended
}

/// `akeller`, `kellerh`, `jhkeller`, `annika`: words of small letters.
fn single(search: &mut Search<'_, '_>) {
    let line = search.line;
    if !line.shows(sign::SMALLS) {
        return;
    }
    let fours = &*FOURS;
    let begins_name = |letters| fours.bit(u32::from_le_bytes(letters)) == 1;
    for start in line.places(sign::SMALLS) {
        let &[a, b, c, d, e, ref more @ ..] = line.slice(start..start + 6) else {
            continue;
        };
        let (whole, behind) = (begins_name([a, b, c, d]), begins_name([b, c, d, e]));
        let third = matches!(*more, [f] if begins_name([c, d, e, f]));
        if !(whole || behind || third) || !is_apart(line.before(start)) {
            continue;
        }
        let letters = line.end_of(LOWER, start);
        let end = line.end_of(DIGIT, letters);
        let goes_on = is_alphanumeric(line.at(end))
            || matches!(line.at(end), b'_' | b'(' | b'@' | b'=' | b'/' | b'\\' | b'-')
            || line.at(end) == b'.' && is_alphanumeric(line.at(end + 1));
        if goes_on || letters > start + 24 || end > letters + 4 {
            continue;
        }
        let word = line.str(start..letters);
        let named = whole && (word.len() >= 4 && is_given_name(word) && !WORDS.contains(&word) || is_initialed(word))
            || behind && word.len() >= 6 && word.get(1..).is_some_and(is_family_name)
            || third && word.len() >= 9 && word.get(2..).is_some_and(is_family_name);
        if named && !is_ordinary(word) && !is_found(search, start) {
            search.found.push(Finding::new(start..end, Class::User, "small-name"));
        }
    }
}

/// A name and the first letter of another.
fn is_initialed(word: &str) -> bool {
    let Some((name, last)) = word.split_at_checked(word.len() - 1) else {
        return false;
    };
    let initial = last.bytes().all(|byte| INITIALS.contains(&byte));
    initial && name.len() >= 5 && (is_family_name(name) || is_given_name(name))
}

/// Whether a word that begins behind this is no part of a path, a variable or a longer name.
fn is_apart(before: u8) -> bool {
    !matches!(before, b'.' | b'_' | b'-' | b'@' | b'$' | b'%' | b'#' | b'&' | b'/' | b'\\')
}
