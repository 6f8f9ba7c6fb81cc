//! Whether what stands where a secret would is one, and which part of a value it is.

use super::unknown::is_ordinary;
use super::value::{self, Value};
use super::words::Words;
use crate::class::Class;
use crate::kind::{BLANK, SOLID};
use crate::line::Line;
use std::ops::Range;

/// Whether a single word, known to stand where a secret does, is one.
pub(super) fn is_secret_word(text: &str) -> bool {
    let value = Value {
        range: 0..text.len(),
        quoted: false,
        separated: true,
    };
    is_secret(text, Class::Password, &value) && !text.contains(' ')
}

/// Whether a secret is like no other word, so that it is one wherever it stands in a session.
pub(crate) fn is_telling_secret(text: &str) -> bool {
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    let telling = text
        .bytes()
        .any(|byte| byte.is_ascii_digit() || byte.is_ascii_punctuation() && byte != b'.');
    (6..=128).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && letters >= 3
        && !text.contains(char::is_whitespace)
        && !text.contains(['/', '\\', '='])
        && is_secret_word(text)
        && if telling {
            !is_ordinary(text)
        } else {
            text.len() >= 7 && !is_ordinary(text)
        }
}

/// "passwd: password updated successfully": small letters, and more of them behind a blank.
pub(super) fn goes_on_as_sentence(line: &Line<'_>, range: &Range<usize>) -> bool {
    let text = line.str(range.clone());
    let word = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase());
    let next = line.str(range.end + 1..line.end_of(SOLID, range.end + 1));
    text.ends_with(':') || word(text) && line.at(range.end) == b' ' && word(next)
}

pub(super) fn secret_part(line: &Line<'_>, value: &Value, class: Class) -> Option<Range<usize>> {
    let mut range = value.range.clone();
    if !value.quoted {
        if class == Class::Password {
            // `key=value; key=value`, `?user=a&password=b`, but a lone password may hold any of these.
            let next = line.end_of(BLANK, range.end);
            let text = line.str(range.clone());
            if let Some(at) = text
                .find([';', '&', ','])
                .filter(|at| text.get(at + 1..).is_some_and(|rest| rest.is_empty() || rest.contains('=')))
            {
                range.end = range.start + at;
            } else if text.ends_with([',', ';', ')', '}', ']']) && next <= line.end {
                range.end -= 1;
            }
        } else if !line.reads(range.start, "$argon2") {
            range = value::until(line, range, b";,&)}]|");
        }
    }
    (!range.is_empty()).then_some(range)
}

/// Words that stand where a secret would, and are none.
static NOT_SECRETS: Words = Words::of(include_str!("../../words/not-secrets.txt"));

pub(super) fn is_secret(text: &str, class: Class, value: &Value) -> bool {
    if text.len() < 3
        || text
            .bytes()
            .all(|byte| matches!(byte, b'*' | b'.' | b'-' | b'_' | b'x' | b'X' | b'#'))
    {
        return false;
    }
    let Some(first) = text.bytes().next() else { return false };
    let is_reference = (matches!(first, b'$' | b'%' | b'<' | b'(' | b'[' | b'{' | b'@') && !value.quoted && reference(text))
        || text.starts_with("${")
        || text.starts_with("$(")
        || text.starts_with("{{");
    if is_reference || NOT_SECRETS.contains(text) {
        return false;
    }
    match class {
        // A token is no word: it has digits, or is long.
        Class::Token => {
            text.len() >= 8
                && !text.starts_with('/')
                && !text.starts_with("~/")
                && !text.contains("://")
                && (text.bytes().any(|byte| byte.is_ascii_digit()) || text.len() >= 20)
                && !text.contains(' ')
        }
        Class::ConnectionString => text.len() >= 12 && text.contains('='),
        _ => value.separated || value.quoted || text.len() >= 4,
    }
}

/// A variable, a placeholder or a call, rather than the thing itself.
fn reference(text: &str) -> bool {
    let inner = text
        .trim_start_matches(['$', '<', '(', '[', '{', '%', '@'])
        .trim_end_matches(['>', ')', ']', '}', '%', ';', ',']);
    text.starts_with(['<', '(', '[', '{'])
        || (text.starts_with('%') && text.ends_with('%'))
        || (text.starts_with('$')
            && inner
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b':' | b'.')))
}
