//! Telephone numbers: international form (E.164, with separators), North American form, and national forms behind a label.

use super::value::is_found;
use super::{Meaning, Search};
use crate::class::Class;
use crate::finding::Finding;
use crate::line::{Line, is_alphanumeric, is_blank};
use std::ops::Range;

fn inside(byte: u8) -> bool {
    byte.is_ascii_digit() || matches!(byte, b' ' | b'-' | b'.' | b'(' | b')' | b'/')
}

fn digits(line: &Line<'_>, range: Range<usize>) -> usize {
    line.slice(range).iter().filter(|byte| byte.is_ascii_digit()).count()
}

/// Without the separators at the end; two blanks end a number.
fn number_end(line: &Line<'_>, start: usize) -> usize {
    let end = line.forward(start, inside).min(start + 24);
    let end = line.str(start..end).find("  ").map_or(end, |at| start + at);
    line.back(end, |byte| !byte.is_ascii_digit()).max(start)
}

pub(super) fn find(search: &mut Search<'_, '_>) {
    let line = search.line;
    for &plus in line.pluses() {
        let first = line.at(plus + 1);
        if is_alphanumeric(line.before(plus)) || !(b'1'..=b'9').contains(&first) || is_found(search, plus) {
            continue;
        }
        let end = number_end(&line, plus + 1);
        let count = digits(&line, plus + 1..end);
        // "+0100" is a time zone, "+12" a difference.
        if (8..=15).contains(&count) && !is_alphanumeric(line.at(end)) && !line.str(plus..end).contains(':') {
            search
                .found
                .push(Finding::new(plus..end, Class::Phone, "international-number"));
        }
    }
    north_american(search, &line);
    national(search);
}

/// `(212) 555-0147`, `212-555-0147`, `212.555.0147`, `1-800-555-0147`: area and exchange begin with 2 to 9 (NANP).
fn north_american(search: &mut Search<'_, '_>, line: &Line<'_>) {
    let mut at = line.start;
    for &area in line.numbers() {
        let separator = line.at(area + 3);
        if area < at || line.at(area) < b'2' || !matches!(separator, b')' | b'-' | b'.') {
            continue;
        }
        let group = line.forward(area, |byte| byte.is_ascii_digit());
        if group != area + 3 {
            continue;
        }
        let open = line.before(area) == b'(';
        let exchange = line.forward(group + 1, |byte| byte == b' ');
        let second = line.at(exchange + 3);
        let digit_groups = line.slice(exchange..exchange + 3).iter().all(u8::is_ascii_digit)
            && line.slice(exchange + 4..exchange + 8).iter().all(u8::is_ascii_digit);
        let end = exchange + 8;
        let same = if separator == b')' {
            open && matches!(second, b'-' | b'.' | b' ')
        } else {
            exchange == group + 1 && second == separator
        };
        let start = if open { area - 1 } else { area };
        let country = line.before(start) == b'-' && line.before(start - 1) == b'1' && !is_alphanumeric(line.before(start - 2));
        let start = if country { start - 2 } else { start };
        let apart = !is_alphanumeric(line.before(start))
            && !matches!(line.before(start), b'-' | b'.' | b'+' | b'_')
            && !is_alphanumeric(line.at(end))
            && !matches!(line.at(end), b'-' | b'_');
        if digit_groups
            && same
            && apart
            && line.at(exchange) >= b'2'
            && line.slice(exchange..end).len() == 8
            && !is_found(search, start)
        {
            search
                .found
                .push(Finding::new(start..end, Class::Phone, "north-american-number"));
            at = end;
        }
    }
}

/// "call me back on", "phone number is", "Tel. (work)": a few short words before the number.
fn behind_words(line: &Line<'_>, from: usize) -> usize {
    let mut at = from;
    for _ in 0..4 {
        let end = line.forward(at, |byte| byte.is_ascii_alphabetic());
        if end == at || end > at + 8 || !(is_blank(line.at(end)) || line.at(end) == b':') {
            break;
        }
        at = line.forward(end, |byte| is_blank(byte) || byte == b':');
    }
    at
}

/// `0171 2345678`, `030/901820`, `020 7946 0958`, `06 12 34 56 78`: how numbers are written within a country that begins them with 0.
fn national(search: &mut Search<'_, '_>) {
    let line = search.line;
    let mut next = line.start;
    for &start in line.numbers() {
        if start < next || line.at(start) != b'0' || !(b'1'..=b'9').contains(&line.at(start + 1)) {
            continue;
        }
        let before = line.before(start);
        let end = number_end(&line, start);
        next = end.max(start + 1);
        let first = line.forward(start, |byte| byte.is_ascii_digit()) - start;
        let text = line.str(start..end);
        let groups = text.split([' ', '/', '-']).filter(|group| !group.is_empty()).count();
        let shape = match first {
            2 => groups == 5 && text.len() == 14 && !text.contains('-') && text.split(' ').all(|group| group.len() == 2),
            3..=5 => (2..=4).contains(&groups) && !text.contains(['.', '(']),
            _ => false,
        };
        let apart = matches!(before, 0 | b' ' | b'\t' | b':' | b'"' | b'(' | b',')
            && !is_alphanumeric(line.at(end))
            && line.at(end) != b':';
        let pairs = is_blank(before) && line.before(start - 1).is_ascii_hexdigit()
            || is_blank(line.at(end)) && line.at(end + 1).is_ascii_digit();
        if shape && apart && !pairs && (9..=13).contains(&digits(&line, start..end)) && !is_found(search, start) {
            search.found.push(Finding::new(start..end, Class::Phone, "national-number"));
        }
    }
}

pub(super) fn labelled(search: &mut Search<'_, '_>) {
    let line = search.line;
    for anchor in search.anchors.iter().filter(|anchor| anchor.meaning == Meaning::Phone) {
        if is_alphanumeric(line.before(anchor.start)) && line.at(anchor.start).is_ascii_lowercase() {
            continue;
        }
        let name_end = line.forward(anchor.end, |byte| is_alphanumeric(byte) || byte == b'_');
        let after = line.forward(name_end, |byte| {
            is_blank(byte) || matches!(byte, b':' | b'=' | b'.' | b'"' | b'\'' | b'-')
        });
        let after = behind_words(&line, after);
        let start = if line.at(after) == b'+' { after + 1 } else { after };
        if !(line.at(start).is_ascii_digit() || line.at(start) == b'(') || after == name_end {
            continue;
        }
        let end = number_end(&line, start);
        if (6..=15).contains(&digits(&line, start..end)) && !is_found(search, after) && !is_alphanumeric(line.at(end)) {
            search.found.push(Finding::new(after..end, Class::Phone, "labelled-number"));
        }
    }
}
