//! A name and its password beside each other: behind a word for both (`login: jane / Kirsche99!`), or alone on a line.

use super::Anchor;
use super::spoken::{behind_ties, is_mixed, is_no_word, is_signed, is_strong, word_end};
use super::unknown::is_ordinary;
use super::value::suffix;
use crate::line::{Line, has, is_blank, is_name};
use std::ops::Range;

/// `hvogt / Kirsche99!` behind "login", "user" or "credentials".
pub(super) fn beside_name(line: &Line<'_>, anchor: &Anchor) -> Option<(Range<usize>, Range<usize>)> {
    if let Some(found) = given(line, anchor) {
        return Some(found);
    }
    if !line.has(has::SLASH) {
        return None;
    }
    let label = anchor.end + suffix(line, anchor).len();
    let start = behind_ties(line, line.forward(label, |byte| matches!(byte, b':' | b'=')));
    let name = start..line.forward(start, |byte| is_name(byte) || byte == b'@');
    let slash = line.forward(name.end, is_blank);
    if name.is_empty() || line.at(slash) != b'/' || start == label {
        return None;
    }
    let from = line.forward(slash + 1, is_blank);
    let range = from..word_end(line, from);
    let apart = slash > name.end && from > slash + 1;
    let text = line.str(range.clone());
    let closed = || text.ends_with('!') && !is_ordinary(text.trim_end_matches('!')) && text.len() >= 6;
    (apart && (is_no_word(text) || closed()) || is_strong(text)).then_some((name, range))
}

/// "creds: owner Celeriac-2": a name and what can only be its password.
fn given(line: &Line<'_>, anchor: &Anchor) -> Option<(Range<usize>, Range<usize>)> {
    if !matches!(anchor.word, "creds" | "zugangsdaten" | "login" | "logon" | "credential") {
        return None;
    }
    let after = anchor.end + suffix(line, anchor).len();
    let start = line.forward(after, |byte| is_blank(byte) || byte == b':');
    let name = start..line.forward(start, |byte| is_name(byte) || byte == b'@');
    let from = line.forward(name.end, |byte| matches!(byte, b' ' | b','));
    let range = from..word_end(line, from);
    let text = line.str(range.clone());
    let secret = is_strong(text) || is_mixed(text) || is_signed(text);
    (secret && line.at(after) == b':' && name.len() >= 2 && from > name.end && text.len() >= 6).then_some((name, range))
}

/// `jane:Files of the farm:92fe6def…`: a name, a realm and a digest, as `htdigest` writes them.
fn digest(line: &Line<'_>, first: usize) -> Option<(Range<usize>, Range<usize>)> {
    let whole = line.trim(first..line.end);
    let start = whole
        .end
        .checked_sub(32)
        .filter(|start| *start > first && line.before(*start) == b':')?;
    let hexadecimal = |byte: &u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(byte);
    let name = first..line.forward(first, is_name);
    let parted = line.at(name.end) == b':' && line.str(name.end + 1..start).matches(':').count() == 1;
    (parted && !name.is_empty() && line.slice(start..whole.end).iter().all(hexadecimal)).then_some((name, start..whole.end))
}

/// `admin / Adgang2026`, `jane:Storm7kast!`: a line that is a name and a password, and nothing else.
pub(super) fn pair(line: &Line<'_>) -> Option<(Range<usize>, Range<usize>)> {
    let first = line.forward(line.start, is_blank);
    if let Some(found) = digest(line, first) {
        return Some(found);
    }
    let name = first..line.forward(first, is_name);
    if !matches!(line.at(name.end), b'/' | b':' | b' ') || name.len() < 3 {
        return None;
    }
    let sign = line.forward(name.end, is_blank);
    let start = line.forward(sign + 1, is_blank);
    let spaced = sign > name.end && start > sign + 1;
    let glued = sign == name.end && start == sign + 1;
    let fits = match line.at(sign) {
        b'/' => spaced || glued,
        b':' => glued,
        _ => false,
    };
    if !fits {
        return None;
    }
    let whole = line.trim(first..line.end);
    let text = line.str(start..whole.end);
    let plain = line.str(name.clone()).bytes().all(|byte| !byte.is_ascii_uppercase());
    let cased =
        text.len() >= 8 && text.bytes().any(|byte| byte.is_ascii_uppercase()) && text.bytes().any(|byte| byte.is_ascii_digit());
    let strong = || is_strong(text) || cased && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    (plain && (6..=32).contains(&text.len()) && !text.contains([' ', '.']) && strong()).then_some((name, start..whole.end))
}
