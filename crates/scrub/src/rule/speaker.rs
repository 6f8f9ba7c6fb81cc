//! Who speaks in a chat: a name behind a time or before one.

use super::Search;
use super::people::{is_capital, is_letter, is_no_name};
use super::person::{is_account_name, is_full_name};
use super::value::is_found;
use crate::class::Class;
use crate::finding::Finding;
use crate::kind::DIGIT;
use crate::line::Line;
use std::ops::Range;

/// `[09:02] Karin Lind: …`, `10:14 <karin> …`, `Karin Lind  10:15 AM`, `2026-02-11 10:25 Karin Lind > …`.
pub(super) fn find(search: &mut Search<'_, '_>) {
    let line = search.line;
    let first = line.start;
    if is_capital(&line, first) {
        let end = line.gap(first);
        let time = line.forward(end, |byte| byte == b' ');
        if line.at(time).is_ascii_digit() && is_time(line.str(time..line.end)) {
            speaks(search, first..end);
        }
        return;
    }
    let Some(at) = after_time(&line) else { return };
    if line.at(at) == b'<' {
        let end = line.forward(at + 1, |byte| byte != b'>');
        let folder = line.str(at + 1..end).bytes().all(|byte| !byte.is_ascii_lowercase());
        if line.at(end) == b'>' && line.at(end + 1) == b' ' && !folder && is_account_name(line.str(at + 1..end)) {
            search.found.push(Finding::new(at + 1..end, Class::User, "speaker"));
        }
        return;
    }
    let end = line.forward(at, |byte| is_letter(byte) || matches!(byte, b' ' | b'.' | b'\'' | b'-'));
    let range = line.trim(at..end);
    let parted = line.at(end) == b':' && line.at(end + 1) == b' ' || line.at(end) == b'>' && line.at(end + 1) == b' ';
    if parted && is_capital(&line, at) {
        speaks(search, range);
    }
}

fn speaks(search: &mut Search<'_, '_>, range: Range<usize>) {
    let text = search.line.str(range.clone());
    let words = text.split(' ').count();
    let software = text.split(' ').any(is_no_name) || text.bytes().skip(1).all(|byte| !byte.is_ascii_lowercase() && byte < 0x80);
    if words <= 3 && range.len() >= 3 && is_full_name(text) && !software && !is_found(search, range.start) {
        search.found.push(Finding::new(range, Class::User, "speaker"));
    }
}

/// Behind a time with its brackets and date, at the beginning of the line.
fn after_time(line: &Line<'_>) -> Option<usize> {
    let open = usize::from(matches!(line.at(line.start), b'[' | b'('));
    let start = line.start + open;
    if !line.at(start).is_ascii_digit() {
        return None;
    }
    let end = line
        .forward(start, |byte| byte.is_ascii_digit() || b":.,-/ APMapm".contains(&byte))
        .min(start + 26);
    let end = line.back(end, |byte| byte != b':').max(start);
    let digits = line.end_of(DIGIT, end);
    let half = line.forward(digits, |byte| byte == b' ');
    let half = if [&b"AM"[..], b"PM", b"am", b"pm"].contains(&line.slice(half..half + 2)) {
        half + 2
    } else {
        digits
    };
    let close = if open == 1 {
        matches!(line.at(half), b']' | b')').then_some(half + 1)?
    } else {
        half
    };
    let at = line.forward(close, |byte| byte == b' ');
    (digits == end + 2 && is_time(line.str(start..half)) && at > close).then_some(at)
}

/// Digits, a colon and two digits, whatever stands before.
fn is_time(text: &str) -> bool {
    let Some((before, after)) = text.split_once(':') else {
        return false;
    };
    before.ends_with(|c: char| c.is_ascii_digit())
        && after.bytes().take(2).filter(u8::is_ascii_digit).count() == 2
        && after.len() <= 12
        && text.len() <= 30
}
