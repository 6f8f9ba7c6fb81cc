//! Numbers of cards (ISO/IEC 7812, Luhn), accounts (ISO 13616, mod 97; ABA routing numbers) and of persons (US social security, UK
//! national insurance): where a checksum or a rule of assignment exists it must hold, elsewhere a label must stand before.

use super::value::is_found;
use super::{Anchor, Meaning, Search};
use crate::class::Class;
use crate::finding::Finding;
use crate::kind::{ALPHABETIC, DIGIT};
use crate::line::{Line, is_alphanumeric, is_blank};
use std::ops::Range;

pub(super) fn find(search: &mut Search<'_, '_>) {
    let line = search.line;
    let mut at = line.start;
    for number in search.numbers {
        let start = number.start;
        if start < at {
            continue;
        }
        // How many digits stand together here says which number it can be the beginning of.
        let found = match number.len() {
            4 | 13.. => iban(&line, start).or_else(|| card(&line, start)),
            3 => iban(&line, start).or_else(|| social_security(&line, start)),
            2 | 6 => iban(&line, start).or_else(|| national_insurance(&line, start)),
            7 | 8 => iban(&line, start).or_else(|| spanish(&line, start)),
            1 => french(&line, start),
            _ => iban(&line, start),
        };
        if let Some(finding) = found.filter(|_| !is_found(search, start)) {
            at = finding.range.end;
            search.found.push(finding);
        }
    }
}

fn group_end(line: &Line<'_>, start: usize) -> usize {
    line.end_of(DIGIT, start)
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
    let first = line.end_of(DIGIT, start);
    let separator = line.at(first);
    let grouped = first - start == 4 && matches!(separator, b' ' | b'-') && line.at(first + 1).is_ascii_digit();
    let mut end = first;
    let mut groups = [first - start, 0, 0, 0, 0];
    for size in groups.iter_mut().skip(1) {
        if !(grouped && line.at(end) == separator && line.at(end + 1).is_ascii_digit()) {
            break;
        }
        let next = line.end_of(DIGIT, end + 1);
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

/// How long account numbers of these countries are (ISO 13616, SWIFT's registry of formats).
const LENGTHS: &[(&str, usize)] = &[
    ("AT", 20),
    ("BE", 16),
    ("BG", 22),
    ("CH", 21),
    ("CY", 28),
    ("CZ", 24),
    ("DE", 22),
    ("DK", 18),
    ("EE", 20),
    ("ES", 24),
    ("FI", 18),
    ("FR", 27),
    ("GB", 22),
    ("GR", 27),
    ("HR", 21),
    ("HU", 28),
    ("IE", 22),
    ("IL", 23),
    ("IS", 26),
    ("IT", 27),
    ("LI", 21),
    ("LT", 20),
    ("LU", 20),
    ("LV", 21),
    ("MC", 27),
    ("MT", 31),
    ("NL", 18),
    ("NO", 15),
    ("PL", 28),
    ("PT", 25),
    ("RO", 24),
    ("RS", 22),
    ("SA", 24),
    ("SE", 24),
    ("SI", 19),
    ("SK", 24),
    ("TR", 26),
    ("AE", 23),
    ("UA", 29),
];

/// Two letters, two check digits, up to thirty more, together or in groups of four: with the checksum right, or of just the length that the
/// country has, because people mistype.
fn iban(line: &Line<'_>, digits: usize) -> Option<Finding> {
    if !line.before(digits).is_ascii_alphabetic() {
        return None;
    }
    let start = digits.checked_sub(2)?;
    let country = line.str(start..digits);
    if country.len() != 2
        || !country.bytes().all(|byte| byte.is_ascii_alphabetic())
        || is_alphanumeric(line.before(start))
        || matches!(line.before(start), b'-' | b'_' | b'.' | b'/')
        || !line.at(digits + 1).is_ascii_digit()
        || line.at(digits + 2) == b'.'
    {
        return None;
    }
    let known = LENGTHS
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(country))
        .map(|(_, length)| *length);
    let mut end = start;
    let mut count = 0;
    while count < 34 {
        let byte = line.at(end);
        let blank = matches!(byte, b' ' | b'-') && count % 4 == 0 && count > 0 && line.at(end + 1).is_ascii_alphanumeric();
        if byte.is_ascii_alphanumeric() {
            count += 1;
        } else if !blank {
            break;
        }
        end += 1;
    }
    // Groups of four may run into the next word: checksum and length say where it ends.
    loop {
        let text = line.slice(start..end);
        let signs = text.iter().filter(|byte| byte.is_ascii_alphanumeric()).count();
        let figures = text.iter().filter(|byte| byte.is_ascii_digit()).count();
        if signs < 15 {
            return None;
        }
        let fits =
            known == Some(signs) && figures * 2 > signs || country.bytes().all(|byte| byte.is_ascii_uppercase()) && mod97(text);
        if !is_alphanumeric(line.at(end)) && fits && figures >= 10 {
            return Some(Finding::new(start..end, Class::Bank, "iban"));
        }
        end = start + text.iter().rposition(|byte| matches!(byte, b' ' | b'-'))?;
    }
}

fn mod97(text: &[u8]) -> bool {
    let signs = text.iter().filter(|byte| byte.is_ascii_alphanumeric());
    let turned = signs.clone().skip(4).chain(signs.take(4));
    let remainder = turned.fold(0u32, |rest, byte| match byte.to_ascii_uppercase() {
        digit @ b'0'..=b'9' => (rest * 10 + u32::from(digit - b'0')) % 97,
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

/// `12345678Z`, `X1234567L`: the letter at the end is the remainder by 23 (DNI and NIE).
fn spanish(line: &Line<'_>, digits: usize) -> Option<Finding> {
    let lead = match line.before(digits) {
        letter @ b'X'..=b'Z' => Some(u32::from(letter - b'X')),
        _ => None,
    };
    let start = digits - usize::from(lead.is_some());
    let end = line.end_of(DIGIT, digits);
    let length = if lead.is_some() { 7 } else { 8 };
    let apart = |byte: u8| !is_alphanumeric(byte) && !matches!(byte, b'-' | b'_' | b'.' | b'/' | b'#');
    if end - digits != length || !apart(line.before(start)) || !apart(line.at(end + 1)) {
        return None;
    }
    let number: u32 = line.str(digits..end).parse().ok()?;
    let number = number + lead.unwrap_or(0) * 10_000_000;
    let letter = b"TRWAGMYFPDXBNJZSQVHLCKE".get((number % 23) as usize).copied();
    (letter == Some(line.at(end))).then(|| Finding::new(start..end + 1, Class::Ssn, "spanish-identity"))
}

/// `2 91 07 69 123 045 43`: sex, year, month, department, commune, order and key (INSEE), in groups.
fn french(line: &Line<'_>, start: usize) -> Option<Finding> {
    if line.at(start + 1) != b' ' || line.at(start + 4) != b' ' {
        return None;
    }
    let end = start + 21;
    let text = line.str(start..end);
    let shaped = text.len() == 21
        && matches!(line.at(start), b'1' | b'2')
        && text.split(' ').map(str::len).eq([1, 2, 2, 2, 3, 3, 2])
        && text.bytes().all(|byte| byte == b' ' || byte.is_ascii_digit());
    (shaped && !is_alphanumeric(line.before(start)) && !is_alphanumeric(line.at(end)))
        .then(|| Finding::new(start..end, Class::Ssn, "french-social-security"))
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
        // "account 0532013000" is no name.
        let class = match anchor.meaning {
            Meaning::Number(class @ (Class::Bank | Class::Ssn)) => class,
            Meaning::Setting(Class::User) if anchor.word == "account" => Class::Bank,
            _ => continue,
        };
        if let Some(range) = number(&line, anchor, class).filter(|range| !is_found(search, range.start)) {
            search.found.push(Finding::new(range, class, "labelled-number"));
        }
    }
}

/// The number behind a label: "Routing number (ABA): 021000021", "SSN on file: 123456789", "codice fiscale RSSMRA85T10A562S".
fn number(line: &Line<'_>, anchor: &Anchor, class: Class) -> Option<Range<usize>> {
    let wide = anchor.word.bytes().next().is_some_and(|byte| byte >= 0xE0);
    let name_end = line.forward(anchor.end, |byte| {
        byte >= 0x80 || !wide && (is_alphanumeric(byte) || matches!(byte, b'_' | b'#'))
    });
    let lengthened =
        line.at(anchor.end).is_ascii_alphabetic() && !line.reads(anchor.end, "s ") && !line.reads(anchor.end, "number");
    if is_alphanumeric(line.before(anchor.start)) || lengthened && anchor.word.len() <= 7 {
        return None;
    }
    let mut at = name_end;
    // What people are numbered by is told in sentences: "is stored in the database as 219099999".
    for _ in 0..if class == Class::Ssn { 9 } else { 4 } {
        at = line.forward(at, |byte| {
            is_blank(byte)
                || matches!(
                    byte,
                    b':' | b'=' | b'.' | b'"' | b'\'' | b'#' | b'(' | b')' | b'-' | b'|' | b'/' | b','
                )
        });
        let word = line.forward(at, is_alphanumeric);
        if wide || line.slice(at..word).iter().any(u8::is_ascii_digit) {
            break;
        }
        if matches!(
            anchor.word,
            "bic" | "swift" | "bic/swift" | "swift code" | "bic code" | "swift/bic"
        ) {
            let text = line.str(at..word);
            let bic = matches!(text.len(), 8 | 11) && text.bytes().all(|byte| byte.is_ascii_uppercase());
            if bic {
                return Some(at..word);
            }
        }
        // "NI no: JG 10 37 59 A": two letters belong to the number.
        if word == at + 2 && line.at(at).is_ascii_uppercase() && line.at(word) == b' ' && line.at(word + 1).is_ascii_digit() {
            break;
        }
        if word > at + 14 || word == at {
            return None;
        }
        at = word;
    }
    let end = if wide { line.end_of(DIGIT, at) } else { number_end(line, at) };
    let text = line.str(at..end);
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let letters = text.bytes().filter(u8::is_ascii_alphabetic).count();
    let fits = match (class, anchor.word) {
        (_, "ssn" | "social security" | "social-security" | "ssn:") => {
            digits == 9 && letters == 0 && !["000", "666"].iter().any(|area| text.starts_with(area))
        }
        (_, "sin") => digits == 9 && letters == 0,
        (Class::Ssn, _) => (6..=15).contains(&digits) && letters <= 9,
        (_, "routing" | "routing number" | "routing_number" | "routingnumber" | "aba" | "aba number" | "rtn") => {
            digits == 9 && letters == 0
        }
        (_, "sort code" | "sort_code" | "sortcode" | "bsb") => digits == 6 && letters == 0,
        (_, "account") => {
            (8..=17).contains(&digits)
                && letters == 0
                && !text.contains(['.', '/'])
                && text.split(' ').all(|group| group.len() >= 2)
        }
        (_, "iban") => text.len() >= 15 && letters >= 2 && digits >= 10 && text.starts_with(|c: char| c.is_ascii_alphabetic()),
        (_, "ifsc") => text.len() == 11,
        (_, "bic" | "swift" | "bic/swift" | "swift code" | "bic code" | "swift/bic") => {
            matches!(text.len(), 8 | 11) && letters >= 6
        }
        _ => (5..=20).contains(&digits) && letters <= 4,
    };
    (fits && (wide || !is_alphanumeric(line.at(end))) && line.at(end) != b':').then_some(at..end)
}

/// Digits and capitals with the separators that numbers have; words in small letters, two blanks and dates end it.
fn number_end(line: &Line<'_>, start: usize) -> usize {
    let end = line.forward(start, |byte| {
        byte.is_ascii_digit() || byte.is_ascii_uppercase() || matches!(byte, b'-' | b' ' | b'.' | b'/')
    });
    // "219099999 W-2": a word that goes on in small letters does not belong.
    let end = if (line.at(end).is_ascii_lowercase() || line.at(end) >= 0x80) && line.before(end) != b' ' {
        line.back(end, |byte| byte != b' ').max(start)
    } else {
        end
    };
    let end = line.str(start..end).find("  ").map_or(end, |gap| start + gap);
    let end = line.back(end, |byte| !byte.is_ascii_alphanumeric()).max(start);
    // A last word of letters alone is the next word, unless it is one letter, as some numbers end.
    let last = line.start_of(ALPHABETIC, end);
    if end > last + 1 && line.before(last) == b' ' {
        line.back(last, |byte| !byte.is_ascii_alphanumeric()).max(start)
    } else {
        end
    }
}
