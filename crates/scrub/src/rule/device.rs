//! What people call their devices, blanks and all: `Finnbars iMac`, `Zara's iMac`, `iPhone of Greg`, `MacBook Pro von Karin`. The word for
//! the device is what shows it; whose it is stands before it or behind a small word.

use super::people::{capital, is_listed_name};
use super::unknown::is_ordinary;
use super::value::is_found;
use super::{Meaning, Search};
use crate::class::Class;
use crate::finding::Finding;
use crate::line::{Line, is_alphanumeric};
use std::ops::Range;

/// What stands between a device and whose it is, in the languages that do not put the owner first.
const OF: &[&str] = &[
    "of", "von", "de", "van", "di", "do", "da", "af", "av", "från", "fra", "od", "van de", "del", "d'",
];

/// What makers put behind the name of a device.
const KINDS: &[&str] = &["Pro", "Air", "Mini", "mini", "Max", "SE", "Plus"];

pub(super) fn find(search: &mut Search<'_, '_>) {
    let line = search.line;
    for anchor in search.anchors.iter().filter(|anchor| anchor.meaning == Meaning::Device) {
        let written = line.at(anchor.start).is_ascii_uppercase() || line.at(anchor.start + 1).is_ascii_uppercase();
        if !written || is_alphanumeric(line.before(anchor.start)) || is_alphanumeric(line.at(anchor.end)) {
            continue;
        }
        let end = kinds(&line, anchor.end);
        let range = owner(&line, anchor.start)
            .map(|start| start..end)
            .or_else(|| owned(&line, end).map(|end| anchor.start..end));
        if let Some(range) = range.filter(|range| !is_found(search, range.start)) {
            search.found.push(Finding::new(range, Class::Host, "device-of"));
        }
    }
}

/// Over " Pro", " 15", " Air (2)".
fn kinds(line: &Line<'_>, end: usize) -> usize {
    let mut whole = end;
    for _ in 0..2 {
        let next = line.forward(whole + 1, |byte| byte.is_ascii_alphanumeric());
        let word = line.str(whole + 1..next);
        let number = (1..=2).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_digit());
        if line.at(whole) != b' ' || !(KINDS.contains(&word) || number) {
            break;
        }
        whole = next;
    }
    whole
}

/// Where "Zara's ", "Zara’s " or "Finnbars " begins before a device.
fn owner(line: &Line<'_>, device: usize) -> Option<usize> {
    let end = device.checked_sub(1).filter(|end| line.at(*end) == b' ')?;
    let start = line.back(end, |byte| is_alphanumeric(byte) || matches!(byte, b'\'' | b'-'));
    let word = line.str(start..end);
    let name = word
        .strip_suffix("'s")
        .or_else(|| word.strip_suffix("’s"))
        .or_else(|| word.strip_suffix('s').filter(|name| is_name(name)))
        // "Tuulin iPhone": other languages put other endings behind names.
        .or_else(|| Some(word).filter(|word| is_name(word)))?;
    (name.starts_with(char::is_uppercase) && name.chars().count() >= 2).then_some(start)
}

/// Where " of Greg" ends behind a device.
fn owned(line: &Line<'_>, device: usize) -> Option<usize> {
    let tie = line.forward(device + 1, is_alphanumeric);
    let name: Range<usize> = tie + 1..capital(line, tie + 1);
    let fits = line.at(device) == b' ' && OF.contains(&line.str(device + 1..tie)) && line.at(tie) == b' ';
    (fits && is_name(line.str(name.clone()))).then_some(name.end)
}

/// A name of the lists, or a word with a capital that no vocabulary has.
fn is_name(word: &str) -> bool {
    word.chars().count() >= 3 && word.starts_with(char::is_uppercase) && (is_listed_name(word) || !is_ordinary(word))
}
