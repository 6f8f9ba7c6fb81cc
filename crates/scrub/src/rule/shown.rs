//! Passwords that signs show behind their name in a sentence: quotes of every country, arrows, a colon before several words.

use super::Anchor;
use super::plausible::is_secret_word;
use super::spoken::{behind_ties, is_mixed, is_no_word, is_numbered, is_signed, is_strong};
use super::unknown::is_ordinary;
use super::value::suffix;
use crate::line::{Line, is_blank};
use std::ops::Range;

/// How far behind its name a password is looked for, in bytes.
const FARTHEST: usize = 160;

/// What an arrow leads to is no longer, in bytes.
const LONGEST: usize = 48;

/// What opens and closes what somebody cites.
const QUOTES: &[(char, &str)] = &[
    ('«', "»"),
    ('»', "«"),
    ('„', "“”\""),
    ('“', "”“"),
    ('‘', "’"),
    ('「', "」"),
    ('『', "』"),
    ('`', "`"),
    ('"', "\""),
];

pub(super) fn find(line: &Line<'_>, anchor: &Anchor) -> Option<Range<usize>> {
    let from = anchor.end + suffix(line, anchor).len();
    pointed(line, from)
        .or_else(|| quoted(line, from))
        .or_else(|| several(line, anchor, from))
}

/// What is cited right behind the name, in quotes that are no signs of programs.
pub(super) fn cited(line: &Line<'_>, anchor: &Anchor) -> Option<Range<usize>> {
    let from = anchor.end + suffix(line, anchor).len();
    let open = line.forward(from, is_blank);
    let opens = ["«", "»", "„", "“", "‘", "「", "『"]
        .iter()
        .any(|quote| line.reads(open, quote));
    opens.then(|| quoted(line, from)).flatten()
}

/// "the password is his boat's → Seabiscuit7", "… -> Dingo ate it 24": all that an arrow leads to at the end of a line.
fn pointed(line: &Line<'_>, from: usize) -> Option<Range<usize>> {
    let text = line.str_ahead(from, FARTHEST);
    if !text.contains('>') && (text.is_ascii() || !text.contains('→')) {
        return None;
    }
    let (at, arrow) = ["→ ", " -> ", " => "]
        .iter()
        .filter_map(|arrow| Some((text.rfind(arrow)?, arrow)))
        .max()?;
    let range = line.trim(from + at + arrow.len()..line.end);
    if range.len() > LONGEST {
        return None;
    }
    let text = line.str(range.clone());
    let words = text.split(' ').count();
    let plain = !text.contains(['/', '\\', '=', '<', '{', '|', ':', '(', '$']);
    let telling = text.bytes().any(|byte| byte.is_ascii_digit());
    let single = words == 1 && is_secret_word(text) && !is_ordinary(text) && text.len() >= 5;
    let sentence = (2..=6).contains(&words) && telling && text.starts_with(char::is_alphanumeric);
    (plain && (single || sentence)).then_some(range)
}

/// «Benvenuta.23», »Gabelzinken_2x1200«, „Sommer-Regen“: what is cited behind the name of a password and is no ordinary word; several words when
/// they are cited right behind it.
fn quoted(line: &Line<'_>, from: usize) -> Option<Range<usize>> {
    let text = line.str_ahead(from, FARTHEST);
    let (open, quote, closing) = text.char_indices().find_map(|(at, c)| {
        QUOTES
            .iter()
            .find(|(open, _)| *open == c)
            .map(|(open, close)| (at, *open, *close))
    })?;
    let start = open + quote.len_utf8();
    let inner = text.get(start..)?;
    let end = inner.find(|c| closing.contains(c))?;
    let inner = inner.get(..end)?;
    let said = inner.trim();
    let range = start + inner.find(said)?..start + inner.find(said)? + said.len();
    let plain = matches!(quote, '`' | '"');
    let telling = is_strong(said) || is_mixed(said) || is_signed(said) || is_numbered(said);
    let single = !said.contains(' ') && is_secret_word(said) && said.len() >= 4 && !said.contains(['/', '\\', '=', '<']);
    let fits = if said.contains(' ') {
        let next = from + open <= behind_ties(line, from);
        next && !plain && (2..=6).contains(&said.matches(' ').count()) && said.len() <= 64
    } else {
        single && (telling || !plain && (is_no_word(said) || !is_ordinary(said)))
    };
    (fits && said.len() <= 64).then(|| from + range.start..from + range.end)
}

/// "the wifi key is still late harvest 2016, …", "given by phone: kite seven LAMP 3 (…)": several words of which one is a number, behind what
/// ties them to their name.
fn several(line: &Line<'_>, anchor: &Anchor, from: usize) -> Option<Range<usize>> {
    let tied = behind_ties(line, from);
    let start = if line.str(from..tied).trim().is_empty() {
        let text = line.str_ahead(from, FARTHEST);
        from + text
            .match_indices(':')
            .find(|(at, _)| text.as_bytes().get(at + 1) == Some(&b' '))?
            .0
            + 2
    } else {
        tied
    };
    let end = line.forward(start, |byte| !matches!(byte, b'.' | b',' | b';' | b'(' | b'<' | b'|'));
    let range = line.trim(start..end.min(start + 64));
    let words = || line.str(range.clone()).split(' ');
    let plain = words().all(|word| !word.is_empty() && word.chars().all(char::is_alphanumeric));
    let number = |word: &str| word.bytes().all(|byte| byte.is_ascii_digit());
    let numbers = words().filter(|word| number(word)).count();
    let first = words().next().unwrap_or_default();
    let phrase = anchor.word.contains("phrase") && words().count() >= 4;
    // "seit dem 3. falsch"
    let ordinal = line.at(end) == b'.' && line.before(end - 1).is_ascii_whitespace();
    let ends = end == line.end || is_blank(line.at(end + 1)) || matches!(line.at(end), b'(' | b'<') || line.at(end + 1) == 0;
    (plain
        && ends
        && !ordinal
        && (3..=6).contains(&words().count())
        && (numbers == 1 && !number(first) || phrase)
        && is_secret_word(first)
        && end < start + 64)
        .then_some(range)
}
