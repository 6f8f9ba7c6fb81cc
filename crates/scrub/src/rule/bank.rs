//! Numbers of cards (ISO/IEC 7812, Luhn), accounts (ISO 13616, mod 97; ABA routing numbers) and of persons (US social security, UK
//! national insurance): where a checksum or a rule of assignment exists it must hold, elsewhere a label must stand before.

use super::value::is_found;
use super::{Meaning, Search};
use crate::class::Class;
use crate::finding::Finding;
use crate::line::{Line, is_alphanumeric, is_blank};

pub(super) fn find(search: &mut Search<'_, '_>) {
    let line = search.line;
    let mut at = line.start;
    for &start in line.numbers() {
        if start < at {
            continue;
        }
        let found = iban(&line, start)
            .or_else(|| card(&line, start))
            .or_else(|| social_security(&line, start))
            .or_else(|| national_insurance(&line, start));
        if let Some(finding) = found.filter(|_| !is_found(search, start)) {
            at = finding.range.end;
            search.found.push(finding);
        }
    }
}

fn group_end(line: &Line<'_>, start: usize) -> usize {
    line.forward(start, |byte| byte.is_ascii_digit())
}

/// 13 to 19 digits, together or in groups of four (4-6-5 for 15) with one kind of separator.
fn card(line: &Line<'_>, start: usize) -> Option<Finding> {
    let before = line.before(start);
    if is_alphanumeric(before)
        || matches!(before, b'.' | b'-' | b'_' | b'+' | b'/' | b':')
        || !matches!(line.at(start), b'2'..=b'6')
    {
        return None;
    }
    let first = line.forward(start, |byte| byte.is_ascii_digit());
    let separator = line.at(first);
    let grouped = first - start == 4 && matches!(separator, b' ' | b'-') && line.at(first + 1).is_ascii_digit();
    let mut end = first;
    let mut groups = [first - start, 0, 0, 0, 0];
    for size in groups.iter_mut().skip(1) {
        if !(grouped && line.at(end) == separator && line.at(end + 1).is_ascii_digit()) {
            break;
        }
        let next = line.forward(end + 1, |byte| byte.is_ascii_digit());
        *size = next - end - 1;
        end = next;
    }
    let fits = matches!(
        groups,
        [13..=19, 0, ..] | [4, 4, 4, 4, 0..=3] | [4, 6, 5, 0, 0] | [4, 4, 4, 1..=3, 0]
    );
    let after = line.at(end);
    let joined = is_alphanumeric(after) || matches!(after, b'-' | b'_') || after == b'.' && line.at(end + 1).is_ascii_digit();
    (fits && !joined && luhn(line.slice(start..end))).then(|| Finding::new(start..end, Class::Card, "card"))
}

fn luhn(text: &[u8]) -> bool {
    let digits = text
        .iter()
        .rev()
        .filter(|byte| byte.is_ascii_digit())
        .map(|byte| u32::from(byte - b'0'));
    let sum: u32 = digits
        .enumerate()
        .map(|(at, digit)| if at % 2 == 0 { digit } else { digit * 2 / 10 + digit * 2 % 10 })
        .sum();
    sum.is_multiple_of(10) && text.iter().any(|byte| !matches!(byte, b'0' | b' ' | b'-'))
}

/// Two letters, two check digits, up to thirty more, together or in groups of four.
fn iban(line: &Line<'_>, digits: usize) -> Option<Finding> {
    if !line.before(digits).is_ascii_uppercase() {
        return None;
    }
    let start = digits.checked_sub(2)?;
    let country = line.slice(start..digits);
    if country.len() != 2
        || !country.iter().all(u8::is_ascii_uppercase)
        || is_alphanumeric(line.before(start))
        || !line.at(digits + 1).is_ascii_digit()
    {
        return None;
    }
    let mut end = start;
    let mut count = 0;
    while count < 34 {
        let byte = line.at(end);
        let blank = byte == b' ' && count % 4 == 0 && count > 0 && line.at(end + 1).is_ascii_alphanumeric();
        if byte.is_ascii_digit() || byte.is_ascii_uppercase() {
            count += 1;
        } else if !blank {
            break;
        }
        end += 1;
    }
    // Groups of four may run into the next word: the checksum says where it ends.
    loop {
        let text = line.slice(start..end);
        let letters = text.iter().filter(|byte| **byte != b' ').count();
        if letters < 15 {
            return None;
        }
        if !is_alphanumeric(line.at(end)) && mod97(text) {
            return Some(Finding::new(start..end, Class::Bank, "iban"));
        }
        end = start + text.iter().rposition(|byte| *byte == b' ')?;
    }
}

fn mod97(text: &[u8]) -> bool {
    let signs = text.iter().filter(|byte| **byte != b' ');
    let turned = signs.clone().skip(4).chain(signs.take(4));
    let remainder = turned.fold(0u32, |rest, byte| match byte {
        b'0'..=b'9' => (rest * 10 + u32::from(byte - b'0')) % 97,
        letter => (rest * 100 + u32::from(letter - b'A') + 10) % 97,
    });
    remainder == 1
}

/// `AAA-GG-SSSS`, within the ranges that were ever assigned.
fn social_security(line: &Line<'_>, start: usize) -> Option<Finding> {
    if line.at(start + 3) != b'-' || line.at(start + 6) != b'-' {
        return None;
    }
    let end = start + 11;
    let text = line.str(start..end);
    let shaped = text.len() == 11
        && text.bytes().enumerate().all(|(at, byte)| {
            if matches!(at, 3 | 6) {
                byte == b'-'
            } else {
                byte.is_ascii_digit()
            }
        });
    let apart = !is_alphanumeric(line.before(start))
        && !matches!(line.before(start), b'-' | b'.' | b'_' | b'/')
        && !is_alphanumeric(line.at(end))
        && !matches!(line.at(end), b'-' | b'_');
    (shaped && apart && assigned(text.get(..3)?, text.get(4..6)?, text.get(7..)?))
        .then(|| Finding::new(start..end, Class::Ssn, "us-social-security"))
}

fn assigned(area: &str, group: &str, serial: &str) -> bool {
    area != "000" && area != "666" && !area.starts_with('9') && group != "00" && serial != "0000"
}

/// `AB 12 34 56 C`.
fn national_insurance(line: &Line<'_>, digits: usize) -> Option<Finding> {
    let gap = usize::from(line.before(digits) == b' ');
    let start = digits.checked_sub(2 + gap)?;
    let prefix = line.str(start..start + 2);
    if !prefix.ends_with(|c: char| c.is_ascii_uppercase()) {
        return None;
    }
    let letters_fit = prefix.len() == 2
        && prefix
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() && !b"DFIQUV".contains(&byte))
        && !prefix.ends_with('O')
        && !["BG", "GB", "NK", "KN", "TN", "NT", "ZZ"].contains(&prefix);
    if !letters_fit || is_alphanumeric(line.before(start)) {
        return None;
    }
    let group = group_end(line, digits);
    let end = if gap == 0 && group == digits + 6 {
        digits + 7
    } else if group == digits + 2 {
        digits + 10
    } else {
        return None;
    };
    let text = line.str(digits..end);
    let body = if end == digits + 7 {
        text.len() == 7
    } else {
        text.len() == 10
            && text
                .bytes()
                .enumerate()
                .all(|(at, byte)| if matches!(at, 2 | 5 | 8) { byte == b' ' } else { true })
    };
    let numbers = text.bytes().filter(u8::is_ascii_digit).count() == 6;
    let last = text.ends_with(['A', 'B', 'C', 'D']);
    (body && numbers && last && !is_alphanumeric(line.at(end)))
        .then(|| Finding::new(start..end, Class::Ssn, "uk-national-insurance"))
}

pub(super) fn labelled(search: &mut Search<'_, '_>) {
    let line = search.line;
    for anchor in search.anchors {
        let Meaning::Number(class) = anchor.meaning else { continue };
        if class == Class::Mac {
            continue;
        }
        if is_alphanumeric(line.before(anchor.start)) {
            continue;
        }
        let name_end = line.forward(anchor.end, |byte| is_alphanumeric(byte) || matches!(byte, b'_' | b'#'));
        let mut at = name_end;
        // "Routing number (ABA): 021000021", "SSN on file: 123456789"
        for _ in 0..4 {
            at = line.forward(at, |byte| {
                is_blank(byte) || matches!(byte, b':' | b'=' | b'.' | b'"' | b'\'' | b'#' | b'(' | b')' | b'-')
            });
            if line.at(at).is_ascii_digit() {
                break;
            }
            let word = line.forward(at, |byte| byte.is_ascii_alphabetic());
            if word > at + 10 {
                break;
            }
            at = word;
        }
        let end = line.forward(at, |byte| byte.is_ascii_digit() || matches!(byte, b'-' | b' '));
        let end = line.str(at..end).find("  ").map_or(end, |gap| at + gap);
        let end = line.back(end, |byte| !byte.is_ascii_digit()).max(at);
        let digits = || line.slice(at..end).iter().copied().filter(u8::is_ascii_digit);
        let fits = match (class, anchor.word) {
            (Class::Ssn, _) => digits().count() == 9 && ![*b"000", *b"666"].iter().any(|area| digits().take(3).eq(*area)),
            (_, "routing" | "aba" | "rtn") => digits().count() == 9 && routing(digits()),
            (_, "sort code") => digits().count() == 6,
            (_, "iban") => false,
            _ => (6..=17).contains(&digits().count()),
        };
        if fits && !is_alphanumeric(line.at(end)) && !is_found(search, at) {
            search.found.push(Finding::new(at..end, class, "labelled-number"));
        }
    }
}

/// The checksum of ABA routing numbers.
fn routing(digits: impl Iterator<Item = u8>) -> bool {
    let weighted = digits
        .zip([3, 7, 1].into_iter().cycle())
        .map(|(digit, weight)| u32::from(digit - b'0') * weight);
    weighted.sum::<u32>().is_multiple_of(10)
}
