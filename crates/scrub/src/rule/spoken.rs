//! Passwords and PINs that people say in sentences: "her password is …", "PIN 0042", "use … as password", "login jane / …".

use super::Anchor;
use super::plausible::is_secret_word;
use super::unknown::is_ordinary;
use super::value::suffix;
use super::words::Words;
use crate::kind::{BLANK, LOWER, SOLID};
use crate::line::{Line, is_blank, is_name};
use std::ops::Range;

/// Words that tie a password to its name, in several languages.
static TIES: Words = Words::of(include_str!("../../words/ties.txt"));
/// What is said of passwords and is none.
static NOT_SECRETS: Words = Words::of(include_str!("../../words/not-secrets.txt"));

/// How many words may stand between a password's name and what ties the password to it.
const MOST_WORDS: usize = 8;

/// "The new password for jane is Sommer2026", "Passwort von Frau Stiegler: …", "reset the pw to …", "changed it to "two words"".
pub(super) fn tied(line: &Line<'_>, anchor: &Anchor) -> Option<Range<usize>> {
    if anchor.word.bytes().next().is_some_and(|byte| byte >= 0xE0) {
        return glued(line, anchor.end);
    }
    let mut at = anchor.end + suffix(line, anchor).len();
    if matches!(line.at(at), b']' | b'[' | b'(' | b'/' | b'\\') {
        return None;
    }
    if let Some(range) = bare(line, at) {
        return Some(range);
    }
    if let Some(range) = last_word(line, anchor, at) {
        return Some(range);
    }
    let mut adjacent = true;
    for _ in 0..MOST_WORDS {
        at = line.forward(at, |byte| is_blank(byte) || matches!(byte, b':' | b'"' | b'\''));
        let end = line.forward(at, |byte| !is_blank(byte) && byte != b':');
        let word = line.str(at..end);
        // "Sig.", "Dr." end no sentence.
        let title = word.len() <= 5 && word.starts_with(char::is_uppercase) && word.ends_with('.');
        if word.starts_with("mismatch") || word.is_empty() || word.len() > 40 || word.ends_with(['.', ';', '?', '!']) && !title {
            return None;
        }
        at = end;
        let colon = line.at(end) == b':' && is_blank(line.at(end + 1));
        if !colon && !TIES.contains(word) {
            adjacent = false;
            continue;
        }
        let start = behind_ties(line, end);
        if matches!(line.at(start), b'"' | b'\'' | b'`') {
            let quote = line.at(start);
            let close = line.forward(start + 1, |byte| byte != quote);
            let range = start + 1..close;
            return (line.at(close) == quote && (3..64).contains(&range.len())).then_some(range);
        }
        let next = word_end(line, start);
        let text = line.str(start..next);
        if text.contains(['[', ']', '=', '<', '>', '{', '}']) || line.at(next) == b':' || text.ends_with(':') {
            return None;
        }
        if is_no_word(text) || (adjacent || colon) && is_said(line, text, next) {
            return Some(start..next);
        }
        if anchor.word.contains("phrase") && adjacent {
            let sentence = line.trim(start..line.forward(start, |byte| !matches!(byte, b'.' | b',' | b';')));
            return (line.str(sentence.clone()).matches(' ').count() >= 2).then_some(sentence);
        }
    }
    None
}

/// "wifi key willkommen2026", "the password Adm!n_4477 works": letters and digits right behind the name.
pub(super) fn bare(line: &Line<'_>, from: usize) -> Option<Range<usize>> {
    let start = line.end_of(BLANK, from);
    let range = start..word_end(line, start);
    let text = line.str(range.clone());
    let mixed = text.bytes().any(|byte| byte.is_ascii_digit())
        && text
            .bytes()
            .filter(|byte| byte.is_ascii_alphabetic() || *byte >= 0x80)
            .count()
            >= 3;
    let unlike =
        text.contains(['/', '\\', '(', '[', '<', '=', ':', '{', '_']) && !text.contains(['!', '#', '@', '$', '&', '*', '%', '?']);
    (is_blank(line.at(from)) && mixed && !unlike && text.len() >= 6 && is_no_word(text)).then_some(range)
}

/// "network Alm-Gast, password skifahren": behind a comma, or no ordinary word, and the last one of the line.
fn last_word(line: &Line<'_>, anchor: &Anchor, from: usize) -> Option<Range<usize>> {
    let start = line.end_of(BLANK, from);
    let range = start..word_end(line, start);
    let text = line.str(range.clone());
    let listed = line.before(anchor.start) == b' ' && line.before(anchor.start - 1) == b',';
    let told = || is_blank(line.at(from)) && !is_ordinary(text) && !text.contains([':', '=', '.', '_', '@', '"', '[', ',']);
    (range.len() >= 6 && range.len() <= 40 && (listed || told()) && is_said(line, text, range.end)).then_some(range)
}

/// Over "is now set to".
pub(super) fn behind_ties(line: &Line<'_>, from: usize) -> usize {
    let mut at = line.forward(from, |byte| is_blank(byte) || byte == b':');
    for _ in 0..3 {
        let end = line.end_of(SOLID, at);
        if end == at || !TIES.contains(line.str(at..end)) {
            break;
        }
        at = line.end_of(BLANK, end);
    }
    at
}

/// Where a word ends, without the sign that ends the sentence.
pub(super) fn word_end(line: &Line<'_>, start: usize) -> usize {
    let end = line.forward(start, |byte| !is_blank(byte) && !matches!(byte, b'"' | b'`'));
    line.back(end, |byte| matches!(byte, b'.' | b',' | b';' | b')' | b'?'))
        .max(start)
}

/// `密码是 Lanhua#88`, `パスワードはSakura#2026です`.
fn glued(line: &Line<'_>, from: usize) -> Option<Range<usize>> {
    let start = line.forward(from, |byte| is_blank(byte) || byte >= 0x80 || matches!(byte, b':' | b'='));
    let end = line.forward(start, |byte| byte.is_ascii_graphic());
    let range = start..line.back(end, |byte| matches!(byte, b'.' | b',' | b';' | b')')).max(start);
    (start <= from + 12 && range.len() >= 4 && line.str(range.clone()).bytes().any(|byte| !byte.is_ascii_lowercase()))
        .then_some(range)
}

/// Digits or signs within, as passwords have and words do not.
pub(super) fn is_no_word(text: &str) -> bool {
    let inner = text.trim_matches(|c: char| matches!(c, '!' | '?' | '\'' | '(' | ')'));
    let unusual = inner
        .bytes()
        .any(|byte| !byte.is_ascii_alphabetic() && byte < 0x80 && !matches!(byte, b'-' | b'/' | b'\'' | b'.'));
    // "WLAN.Gast" is no sentence's end, "e.g." is no password.
    let dotted = inner.split('.').count() == 2 && inner.split('.').all(|part| part.len() > 2);
    text.len() >= 5
        && (unusual || dotted && inner.bytes().any(|byte| byte.is_ascii_uppercase()) || humped(inner))
        && is_secret_word(text)
        && text.bytes().any(|byte| byte.is_ascii_alphabetic() || byte >= 0x80)
}

/// `KaffeePause`: a capital within.
fn humped(text: &str) -> bool {
    let humps = text.bytes().zip(text.bytes().skip(1));
    humps
        .filter(|(a, b)| a.is_ascii_lowercase() && b.is_ascii_uppercase())
        .count()
        > 0
}

/// A word that could be any other, right behind "is": the password when the sentence ends with it.
fn is_said(line: &Line<'_>, text: &str, end: usize) -> bool {
    let after = line.forward(end, |byte| matches!(byte, b'.' | b')' | b'!'));
    let participle = ["ed", "ing", "able", "ible", "too", "ert", "tzt"]
        .iter()
        .any(|tail| text.ends_with(tail));
    text.len() >= 5
        && line.at(after) == 0
        && !participle
        && !NOT_SECRETS.contains(text)
        && !text.contains(['/', '\\', '<', '>', '(', '{', '$', '%'])
}

/// "use Winter25! as password", "I set Bergblick7 as the new password".
pub(super) fn used_as(line: &Line<'_>, anchor: &Anchor) -> Option<Range<usize>> {
    let mut end = anchor.start;
    for _ in 0..5 {
        end = line.start_of(BLANK, end);
        let start = line.start_of(SOLID, end);
        let word = line.str(start..end);
        if word.len() > 12 || word.is_empty() {
            return None;
        }
        end = start;
        if matches!(word, "as" | "als" | "comme" | "como" | "come") {
            let end = line.back(start, |byte| is_blank(byte) || matches!(byte, b'"' | b'\'' | b'`'));
            let start = line.back(end, |byte| !is_blank(byte) && !matches!(byte, b'"' | b'`'));
            return is_no_word(line.str(start..end)).then_some(start..end);
        }
    }
    None
}

/// `PIN 0042`, "the door code is 7719#", "OTP: 493027": few digits, which are told from other numbers by what stands before.
pub(super) fn pin(line: &Line<'_>, anchor: &Anchor) -> Option<Range<usize>> {
    let joined = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    if joined(line.before(anchor.start)) || line.at(anchor.end).is_ascii_lowercase() && !line.reads(anchor.end, "s ") {
        return None;
    }
    let mut at = anchor.end;
    let mut tied = false;
    for word in 0..5 {
        let start = line.forward(at, |byte| is_blank(byte) || matches!(byte, b':' | b'=' | b'"' | b'\''));
        tied |= line.slice(at..start).iter().any(|byte| matches!(byte, b':' | b'='));
        let end = line.forward(start, |byte| {
            byte.is_ascii_alphanumeric() || byte >= 0x80 || matches!(byte, b'-' | b'#' | b'*')
        });
        let text = line.str(start..end);
        if text.is_empty() {
            return None;
        }
        let digits = text.bytes().filter(u8::is_ascii_digit).count();
        if text.bytes().next().is_some_and(|byte| byte.is_ascii_digit()) {
            // "481 220", "884 112 0042"
            let mut whole = end;
            let mut all = digits;
            while digits >= 3 && digits == text.len() && all < 12 && line.at(whole) == b' ' {
                let group = line.forward(whole + 1, |byte| byte.is_ascii_digit());
                if !(3..=4).contains(&(group - whole - 1)) || is_name(line.at(group)) {
                    break;
                }
                all += group - whole - 1;
                whole = group;
            }
            let fits = all >= if tied { 3 } else { 4 } && all <= 12 && text.len() <= digits + 4;
            return (fits && (tied || word == 0) && start > anchor.end).then_some(start..whole);
        }
        tied |= TIES.contains(text);
        at = end;
    }
    None
}

/// "the iLO password is the same as before, Edelgas-2022!": the first word behind the name of a password that looks like one.
pub(super) fn somewhere(line: &Line<'_>, anchor: &Anchor) -> Option<Range<usize>> {
    let mut at = anchor.end + suffix(line, anchor).len();
    for _ in 0..MOST_WORDS + 4 {
        at = line.forward(at, |byte| is_blank(byte) || b"\"'(:,;.!?)".contains(&byte));
        let end = word_end(line, at);
        if end == at {
            return None;
        }
        let text = line.str(at..end);
        let bracketed = line.before(at) == b'(' && line.at(end) == b')' && is_no_word(text) && !text.contains('/');
        // "…, knee-hip-shoulder-0419": chained words behind a comma or colon.
        let parted = matches!(line.before(line.start_of(BLANK, at)), b',' | b':') || line.before(at) == b'"';
        if parted && is_chained(text) || is_strong(text) || is_signed(text) || is_mixed(text) || is_numbered(text) || bracketed {
            return Some(at..end);
        }
        at = line.end_of(SOLID, end);
    }
    None
}

/// "changed it to Artichoke_7", "try MyDogRex11": one of the next words, when it can hardly be anything but a password.
pub(super) fn hinted(line: &Line<'_>, anchor: &Anchor) -> Option<Range<usize>> {
    if line.before(anchor.start).is_ascii_alphanumeric() {
        return None;
    }
    let telling = |text: &str| is_strong(text) || is_mixed(text) || is_signed(text) || is_numbered(text);
    // "Waldi2011 worked"
    if anchor.word.starts_with(' ') {
        let start = line.start_of(SOLID, anchor.start);
        let text = line.str(start..anchor.start);
        return (text.len() >= 8 && telling(text)).then_some(start..anchor.start);
    }
    let mut at = anchor.end;
    for _ in 0..2 {
        let start = line.forward(at, |byte| is_blank(byte) || matches!(byte, b'"' | b'\'' | b'`' | b':'));
        let end = word_end(line, start);
        let text = line.str(start..end);
        let cited = matches!(line.before(start), b'"' | b'`') && is_chained(text);
        if text.len() >= 8 && (telling(text) || cited) {
            return Some(start..end);
        }
        at = end;
    }
    None
}

/// `Gniazdo!na-kominie`, `Wiosna_w_Tatrach1`: words that a sign joins which joins no others.
pub(super) fn is_signed(text: &str) -> bool {
    let inner = text.get(1..text.len().saturating_sub(1)).unwrap_or_default();
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    let joined = inner.contains(['!', '#', '&', '*', '+', '~', '^', '$']);
    let numbered =
        inner.contains(['_', '.']) && text.ends_with(|c: char| c.is_ascii_digit()) && text.starts_with(char::is_uppercase);
    (8..=40).contains(&text.len())
        && letters >= 6
        && (joined || numbered)
        && !text.contains(['/', '\\', '=', '<', '(', '{', ':', '|'])
}

/// "wifi: Kontor / NordlichtWLAN5", "the wifi here is GästeWLAN": the network's name may come first.
pub(super) fn wireless(line: &Line<'_>, anchor: &Anchor) -> Option<Range<usize>> {
    if line.before(anchor.start).is_ascii_alphanumeric() || line.at(anchor.end).is_ascii_alphanumeric() {
        return None;
    }
    let mut at = anchor.end;
    let mut tied = false;
    for _ in 0..6 {
        let start = line.forward(at, |byte| is_blank(byte) || byte == b':');
        let end = line.forward(start, |byte| !is_blank(byte) && byte != b':');
        let word = line.str(start..end);
        if word.is_empty() || word.ends_with(['.', '?', ';']) && !tied {
            return None;
        }
        let range = start..word_end(line, start);
        if tied && (is_strong(line.str(range.clone())) || humped(line.str(range.clone())) && range.len() >= 8) {
            return Some(range);
        }
        tied |= matches!(word, "/" | "key" | "pw" | "pass" | "psk") || TIES.contains(word) && word != "on" && word != "to";
        at = end;
    }
    None
}

/// `juni-2024-gast`, `lotus.pond.88`: parts of letters or digits alone, one of digits.
fn is_chained(text: &str) -> bool {
    let parts = || text.split(['-', '.']);
    let whole = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit()) || part.chars().all(char::is_alphabetic);
    (10..=40).contains(&text.len())
        && parts().count() >= 3
        && parts().all(|part| part.len() >= 2 && whole(part))
        && parts().filter(|part| part.bytes().all(|byte| byte.is_ascii_digit())).count() == 1
        && text.starts_with(char::is_alphabetic)
}

/// `Welcome2Oak`, `Th3Ledger`: both cases, and a digit between letters.
pub(super) fn is_mixed(text: &str) -> bool {
    let bytes = text.as_bytes();
    if !(8..=32).contains(&bytes.len()) {
        return false;
    }
    let inner = bytes
        .windows(3)
        .any(|three| matches!(three, [a, b, c] if a.is_ascii_alphabetic() && b.is_ascii_digit() && c.is_ascii_alphabetic()));
    let capitals = bytes.iter().filter(|byte| byte.is_ascii_uppercase()).count();
    let small = bytes.iter().filter(|byte| byte.is_ascii_lowercase()).count();
    inner && capitals >= 1 && small >= 4 && bytes.iter().all(u8::is_ascii_alphanumeric)
}

/// `flamengo81`: a word that no vocabulary has, and two to four digits.
pub(super) fn is_numbered(text: &str) -> bool {
    let word = text.trim_end_matches(|c: char| c.is_ascii_digit());
    let digits = text.len() - word.len();
    (2..=4).contains(&digits) && (5..=24).contains(&word.len()) && word.chars().all(char::is_alphabetic) && !is_ordinary(word)
}

/// Letters and digits with a sign that words do not have, or in both cases: what is a password where passwords are spoken of.
pub(super) fn is_strong(text: &str) -> bool {
    let text = text.trim_end_matches(['.', ',', ')', '?']);
    if !(6..=32).contains(&text.len()) || !text.bytes().any(|byte| byte.is_ascii_digit()) {
        return false;
    }
    let count = |test: fn(&u8) -> bool| text.bytes().filter(test).count();
    let letters = count(u8::is_ascii_alphabetic) + text.chars().filter(|c| !c.is_ascii() && c.is_alphabetic()).count();
    let sign = text.contains(['!', '#', '$', '%', '&', '*', '?', '+', '^', '~']);
    let cased = count(u8::is_ascii_uppercase) > 0 && count(u8::is_ascii_lowercase) > 1;
    let digits = count(u8::is_ascii_digit);
    let other = text.contains(['/', '\\', '@', '=', ':', '<', '>', '(', '[', '{', '|', '"', '_']);
    let product = [
        "win", "office", "server", "exchange", "sql", "version", "v1", "v2", "wifi", "ssh", "sha", "ipv", "chrome", "http",
    ]
    .iter()
    .any(|lead| super::words::begins(text, lead));
    letters >= 3
        && !other
        && !product
        && (digits >= 1 && sign || digits >= 2 && cased || digits >= 1 && cased && text.contains('-'))
}

/// "the API token is olx_4f8c…", "token olx_4f8c… expires": long, of letters and digits.
pub(super) fn token(line: &Line<'_>, anchor: &Anchor) -> Option<Range<usize>> {
    let start = behind_ties(line, anchor.end + suffix(line, anchor).len());
    let range = start..word_end(line, start);
    let text = line.str(range.clone());
    let count = |test: fn(&u8) -> bool| text.bytes().filter(test).count();
    let signs = text
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    let fits = (12..=256).contains(&text.len()) && count(u8::is_ascii_digit) >= 3 && count(u8::is_ascii_alphabetic) >= 3;
    (fits && signs && is_blank(line.before(start))).then_some(range)
}

/// `kzpw dhrt ymal oqsx`: four groups of four small letters, as mail services give passwords to programs.
pub(super) fn grouped(line: &Line<'_>, from: usize) -> Option<Range<usize>> {
    let mut groups: Vec<Range<usize>> = Vec::new();
    let mut at = from;
    for _ in 0..MOST_WORDS + 4 {
        let start = line.forward(at, |byte| is_blank(byte) || matches!(byte, b'=' | b':' | b'"' | b'\''));
        let end = line.end_of(LOWER, start);
        let whole = !is_name(line.at(end));
        if end == start + 4 && whole && !is_ordinary(line.str(start..end)) {
            groups.push(start..end);
        } else {
            groups.clear();
        }
        if let [first, _, _, last] = groups.as_slice() {
            return Some(first.start..last.end);
        }
        at = line.forward(end, |byte| !is_blank(byte) && !matches!(byte, b'=' | b':'));
        if at == start {
            return None;
        }
    }
    None
}
