//! Passwords that show by themselves what they are: words joined by a sign that joins no others (`Zeehond!Zeehond`), and what
//! stands behind an account that every device has (`admin / crane-lifts-4-tons`).

use super::Search;
use super::plausible::is_secret_word;
use super::spoken::{is_mixed, is_numbered, is_signed, is_strong};
use super::unknown::is_ordinary;
use super::value::is_found;
use super::words::{Words, begins};
use crate::class::Class;
use crate::finding::Finding;
use crate::kind::{ALPHABETIC, SOLID};
use crate::line::{Line, has, is_blank, is_name};
use crate::sign;
use std::ops::Range;

/// Accounts that devices come with.
static DEFAULTS: Words = Words::of(
    "admin\nadministrator\nroot\nuser\nguest\nubnt\npi\nsa\noperator\nsupport\nmanager\nservice\nviewer\nbesucher\ngast\naudit\nsupervisor\nmaint\ndemo\nmonitor\ncisco\napc\nlecteur\ninvité\ntechnician\ntech\ninstaller\nadm\nreadonly",
);

/// What a maker's products begin with that are written with such a sign.
const PRODUCTS: &[&str] = &["fritz!", "yahoo!"];

/// Signs that passwords have within and other words hardly ever.
const JOINS: &[u8] = b"!#&+";

pub(super) fn find(search: &mut Search<'_, '_>) {
    joined(search);
    handed(search);
    led(search);
}

/// `Mar-Teapot-61!`, `Torsk&Klippfisk`, `Hoasen@2025`, wherever they stand.
fn joined(search: &mut Search<'_, '_>) {
    let line = search.line;
    if !line.has(has::LOWER) {
        return;
    }
    let mut next = line.start;
    for place in line.places(sign::JOINS) {
        if place < next || line.at(place) == b'\\' {
            continue;
        }
        let start = line.back(place, is_inside);
        let end = line.forward(place, is_inside);
        next = end;
        let range = start..line.back(end, |byte| matches!(byte, b'.' | b':' | b'?' | b','));
        if range.start < range.end && is_composed(line.str(range.clone())) && !is_found(search, range.start) {
            search.found.push(Finding::new(range, Class::Password, "composed-password"));
        }
    }
}

/// Whether a word goes on here: paths, addresses and settings are one word, which is then none of these.
fn is_inside(byte: u8) -> bool {
    !is_blank(byte)
        && !matches!(
            byte,
            b'"' | b'\'' | b'`' | b'(' | b')' | b'[' | b']' | b'{' | b'}' | b'<' | b'>' | b',' | b';' | b'|'
        )
}

/// Whether a word can be nothing but a password: letters, with a capital or a digit, around a sign that joins no others.
fn is_composed(text: &str) -> bool {
    if !(8..=40).contains(&text.len()) {
        return false;
    }
    let bytes = text.as_bytes();
    let letter = |byte: u8| byte.is_ascii_alphabetic() || byte >= 0x80;
    let count = |test: fn(&u8) -> bool| bytes.iter().filter(|byte| test(byte)).count();
    let (upper, lower, digits) = (
        count(u8::is_ascii_uppercase),
        count(u8::is_ascii_lowercase),
        count(u8::is_ascii_digit),
    );
    let plain = bytes
        .iter()
        .all(|byte| letter(*byte) || byte.is_ascii_digit() || b"!#&+$%@-_.".contains(byte));
    plain
        && text.starts_with(char::is_alphanumeric)
        && upper + lower >= 5
        && lower >= 2
        && upper + digits >= 1
        && (is_joined(text, digits) || is_closed(text, upper, lower) || is_dated(text))
}

/// Parts around a sign, of which not all are ordinary words.
fn is_joined(text: &str, digits: usize) -> bool {
    let bytes = text.as_bytes();
    let part = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte >= 0x80);
    let joins = bytes.iter().enumerate().filter(|(at, byte)| {
        JOINS.contains(byte) && part(at.checked_sub(1).and_then(|before| bytes.get(before))) && part(bytes.get(at + 1))
    });
    let joins: Vec<u8> = joins.map(|(_, byte)| *byte).collect();
    let parts = || text.split(['!', '#', '&', '+', '-', '_', '.', '@', '$', '%']);
    let numbered = text
        .rsplit('#')
        .next()
        .is_some_and(|last| last.bytes().all(|byte| byte.is_ascii_digit()));
    // "1.2.3+build5", "libssl3+dfsg", "Ticket#48211", "a@b.example".
    let version = joins.contains(&b'+') && (text.contains('.') || !text.contains(char::is_uppercase));
    let ticket = numbered && digits > 0 && joins == [b'#'];
    let address = text.contains('@') && text.contains('.');
    let product = PRODUCTS.iter().any(|lead| begins(text, lead));
    !(joins.is_empty() || version || ticket || address || product)
        && (digits > 0 || parts().any(|part| part.len() > 2 && !is_ordinary(part)))
}

/// `Winter2026!`, `Mar-Teapot-61!`: both cases and digits before the sign at its end.
fn is_closed(text: &str, upper: usize, lower: usize) -> bool {
    let inner = text.trim_end_matches(['!', '#', '$', '%', '&']);
    let closed = inner.len() < text.len() && inner.ends_with(|last: char| last.is_ascii_digit());
    closed && upper >= 1 && lower >= 3 && !text.contains(['@', '+'])
}

/// `Hoasen@2025`: a capital before, digits alone behind.
fn is_dated(text: &str) -> bool {
    text.split_once('@').is_some_and(|(before, after)| {
        before.starts_with(char::is_uppercase)
            && before.chars().all(char::is_alphabetic)
            && (2..=6).contains(&after.len())
            && after.bytes().all(|byte| byte.is_ascii_digit() || byte == b'!')
    })
}

/// "Switch ....... admin  hP!1930_og1": the last word behind dots that lead to it, when it can hardly be another.
fn led(search: &mut Search<'_, '_>) {
    let line = search.line;
    // Four dots and a word are in no shorter line.
    if !line.has(has::DOT) || line.end < line.start + 16 || !line.has(has::LOWER | has::DIGIT) {
        return;
    }
    let Some(dots) = memchr::memmem::find(line.bytes(), b"....") else {
        return;
    };
    let end = line.forward(line.start + dots, |byte| byte == b'.');
    let last = line.trim(end..line.end);
    let word = line.start_of(SOLID, last.end).max(last.start)..last.end;
    let text = line.str(word.clone());
    let few = line.str(last.clone()).split_whitespace().count() <= 2;
    let telling = is_strong(text) || is_mixed(text) || is_signed(text) || is_sealed(text);
    if few && is_blank(line.at(end)) && text.len() >= 6 && telling && is_secret_word(text) && !is_found(search, word.start) {
        search.found.push(Finding::new(word, Class::Password, "led-password"));
    }
}

/// `admin / crane-lifts-4-tons`, `root / calvin2`.
fn handed(search: &mut Search<'_, '_>) {
    let line = search.line;
    if !line.shows(sign::SLASHES_ALONE) {
        return;
    }
    for found in memchr::memmem::find_iter(line.bytes(), b" / ") {
        let slash = line.start + found;
        // "`audit` / `Lire.7`"
        let slash = slash - usize::from(line.before(slash) == b'`');
        let account = line.str(line.start_of(ALPHABETIC, slash)..slash);
        if DEFAULTS.contains(account)
            && let Some(range) = behind(&line, line.start + found + 3)
            && !is_found(search, range.start)
        {
            search.found.push(Finding::new(range, Class::Password, "handed-password"));
        } else {
            given(search, slash, line.start + found + 3);
        }
    }
}

/// `jhtan88 / Th3Ledger`, `8820 1144 0220 / larkfield-vat-Q3`: an account, and what can only be its password.
fn given(search: &mut Search<'_, '_>, slash: usize, from: usize) {
    let line = search.line;
    let Some(range) = behind(&line, from) else { return };
    let text = line.str(range.clone());
    let start = line.back(slash, is_name);
    let account = line.str(start..slash);
    let digits = account.bytes().filter(u8::is_ascii_digit).count();
    let small = account.bytes().all(|byte| !byte.is_ascii_uppercase());
    let named = account.len() >= 3 && (digits == account.len() || small && (digits > 0 || !is_ordinary(account)));
    let telling = is_strong(text) || is_mixed(text) || is_signed(text) || is_numbered(text) || is_sealed(text);
    if !named || !telling || text.len() < 6 || is_found(search, range.start) {
        return;
    }
    let first = if digits == account.len() {
        line.back(slash, |byte| byte.is_ascii_digit() || byte == b' ')
    } else {
        start
    };
    let first = line.forward(first, is_blank);
    search.found.push(Finding::new(first..slash, Class::User, "beside-password"));
    search.found.push(Finding::new(range, Class::Password, "handed-password"));
}

/// `juni-2024-gast`, `Toner_leer?!`: words and digits, or words with a sign that accounts and machines do not have.
fn is_sealed(text: &str) -> bool {
    let inner = text.get(1..).unwrap_or_default();
    let signs = inner.contains(['_', '+', '=', '?', '!', '*', '#']);
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    letters >= 4 && (signs && (digits > 0 || text.contains(char::is_uppercase)) || digits > 1 && inner.contains(['-', '.']))
}

/// A word that is no ordinary one, and not one of several between slashes.
fn behind(line: &Line<'_>, start: usize) -> Option<Range<usize>> {
    let start = start + usize::from(line.at(start) == b'`');
    let end = line.end_of(SOLID, start);
    let range = start..line.back(end, |byte| matches!(byte, b'.' | b',' | b')' | b'`')).max(start);
    let text = line.str(range.clone());
    let set = text.contains('=') && !text.ends_with(|c: char| c.is_ascii_digit());
    let unlike = text.contains(['/', '\\', '(', '<', '[']) || set;
    let listed = line.slice(end..line.end.min(end + 3)) == b" / ";
    (text.len() >= 4 && !unlike && !listed && is_secret_word(text) && !is_ordinary(text)).then_some(range)
}
