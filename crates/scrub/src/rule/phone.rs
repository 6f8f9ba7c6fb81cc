//! Telephone numbers: international form (E.164, with separators), North American form, and national forms, in a known grouping or behind
//! a label.

use super::dialled::{UNITS, is_parted};
use super::value::is_found;
use super::words::{holds, is_one_of};
use super::{Anchor, Meaning, Search};
use crate::class::Class;
use crate::finding::Finding;
use crate::kind::{ALPHABETIC, BLANK, DIGIT, SOLID};
use crate::line::{Line, is_alphanumeric, is_blank};
use std::ops::Range;

/// No number is longer, with all that stands between its digits.
const LONGEST: usize = 30;

fn inside(byte: u8) -> bool {
    byte.is_ascii_digit() || matches!(byte, b' ' | b'-' | b'.' | b'(' | b')' | b'/')
}

fn digits(line: &Line<'_>, range: Range<usize>) -> usize {
    line.slice(range).iter().filter(|byte| byte.is_ascii_digit()).count()
}

/// Whether a letter follows; signs that end sentences in Chinese and Japanese are none.
fn goes_on(line: &Line<'_>, end: usize) -> bool {
    is_alphanumeric(line.at(end)) && !matches!(line.slice(end..end + 2), [0xE3, _] | [0xEF, 0xBC])
}

/// Over " x204", " ext. 21" and the like.
fn with_extension(line: &Line<'_>, end: usize) -> usize {
    let at = line.forward(end, |byte| is_blank(byte) || byte == b',').min(end + 2);
    let word = line.end_of(ALPHABETIC, at);
    let digits = line.forward(word, |byte| matches!(byte, b'.' | b' ' | b':')).min(word + 2);
    let last = line.end_of(DIGIT, digits);
    let known = is_one_of(
        line.str(at..word),
        &["x", "ext", "extn", "extension", "durchwahl", "dw", "poste", "app"],
    );
    if known && (1..=6).contains(&(last - digits)) && !is_alphanumeric(line.at(last)) {
        last
    } else {
        end
    }
}

/// Without the separators at the end; two blanks end a number.
fn number_end(line: &Line<'_>, start: usize) -> usize {
    let end = line.forward(start, inside).min(start + LONGEST);
    let gap = line.slice(start..end).windows(2).position(|two| two == b"  ");
    let end = gap.map_or(end, |at| start + at);
    line.back(end, |byte| !byte.is_ascii_digit()).max(start)
}

pub(super) fn find(search: &mut Search<'_, '_>) {
    let line = search.line;
    for plus in line.pluses() {
        let first = line.at(plus + 1);
        if is_alphanumeric(line.before(plus)) || !(b'1'..=b'9').contains(&first) || is_found(search, plus) {
            continue;
        }
        let end = number_end(&line, plus + 1);
        let count = digits(&line, plus + 1..end);
        // "+0100" is a time zone, "+12" a difference.
        if (8..=15).contains(&count) && !is_alphanumeric(line.at(end)) && !line.str(plus..end).contains(':') {
            // "(+34) 945 550 117"
            let open = line.before(plus) == b'(' && line.str(plus..end).contains(')');
            search.found.push(Finding::new(
                plus - usize::from(open)..with_extension(&line, end),
                Class::Phone,
                "international-number",
            ));
        }
    }
    north_american(search, &line);
    bracketed(search, &line);
    national(search);
}

/// `(212) 555-0147`, `212-555-0147`, `212.555.0147`, `212 555 0147`, `1-800-555-0147`: area and exchange begin with 2 to 9 (NANP).
fn north_american(search: &mut Search<'_, '_>, line: &Line<'_>) {
    let mut at = line.start;
    for number in search.numbers.iter().filter(|number| number.len() == 3) {
        let (area, group) = (number.start, number.end);
        let separator = line.at(group);
        if area < at || line.at(area) < b'2' || !matches!(separator, b')' | b'-' | b'.' | b' ') {
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
        // Columns of numbers have blanks between them as well.
        let column = separator == b' ' && (beside_number(line, area, end) || line.at(end) == b':');
        let start = if open { area - 1 } else { area };
        let country = line.before(start) == b'-' && line.before(start - 1) == b'1' && !is_alphanumeric(line.before(start - 2));
        let start = if country { start - 2 } else { start };
        let apart = !is_alphanumeric(line.before(start))
            && !matches!(line.before(start), b'-' | b'.' | b'+' | b'_')
            && (!is_alphanumeric(line.at(end)) || line.at(end) == b'x')
            && !matches!(line.at(end), b'-' | b'_');
        if digit_groups
            && same
            && apart
            && !column
            && line.at(exchange) >= b'2'
            && line.slice(exchange..end).len() == 8
            && !is_found(search, start)
        {
            search.found.push(Finding::new(
                start..with_extension(line, end),
                Class::Phone,
                "north-american-number",
            ));
            at = end;
        }
    }
}

/// `(11) 95555-0123`, `(22) 555 41 18`: an area in brackets, two to four groups behind it.
fn bracketed(search: &mut Search<'_, '_>, line: &Line<'_>) {
    for number in search.numbers {
        let (area, close) = (number.start, number.end);
        if line.before(area) != b'(' || !(2..=4).contains(&(close - area)) || line.at(close) != b')' || line.at(close + 1) != b' '
        {
            continue;
        }
        let end = number_end(line, close + 2);
        let groups = line.str(close + 2..end).split([' ', '-', '.']);
        let parted = (2..=4).contains(&groups.clone().count()) && groups.clone().all(|group| (2..=5).contains(&group.len()));
        let all = digits(line, area..end);
        if parted && (9..=11).contains(&all) && !is_alphanumeric(line.at(end)) && !is_found(search, area) {
            search
                .found
                .push(Finding::new(area - 1..end, Class::Phone, "national-number"));
        }
    }
}

/// Whether another number stands on either side, behind blanks.
fn beside_number(line: &Line<'_>, start: usize, end: usize) -> bool {
    let before = line.before(line.start_of(BLANK, start));
    let next = line.end_of(BLANK, end);
    let word = line.slice(next..line.end_of(SOLID, next).min(next + 24));
    before.is_ascii_digit() || word.first().is_some_and(u8::is_ascii_digit) && !word.iter().any(u8::is_ascii_alphabetic)
}

/// "call me back on", "phone number is", "Tel. (work)": a few short words before the number.
fn behind_words(line: &Line<'_>, from: usize) -> usize {
    let mut at = from;
    for _ in 0..4 {
        let end = line.end_of(ALPHABETIC, at);
        if end == at || end > at + 8 || !(is_blank(line.at(end)) || matches!(line.at(end), b':' | b')')) {
            break;
        }
        at = line.forward(end, |byte| is_blank(byte) || matches!(byte, b':' | b')' | b'('));
    }
    // "(work)" ends in what begins "(030)".
    if line.at(at).is_ascii_digit() && line.before(at) == b'(' {
        at - 1
    } else {
        at
    }
}

/// How numbers are written within a country that begins them with 0: `0171 2345678`, `030/901820`, `020 7946 0958`, `06 12 34 56 78`,
/// `08-555 012 34`, `(01632) 960124`; and abroad with 00: `0049 30 5550199`.
fn national(search: &mut Search<'_, '_>) {
    let line = search.line;
    let mut next = line.start;
    for digits_here in search.numbers {
        let number = digits_here.start;
        if number >= next
            && let Some(range) = undivided(&line, number).or_else(|| triple(&line, number))
            && !is_found(search, range.start)
        {
            next = range.end;
            search.found.push(Finding::new(range, Class::Phone, "national-number"));
            continue;
        }
        let abroad = line.at(number + 1) == b'0' && (b'1'..=b'9').contains(&line.at(number + 2));
        if number < next || line.at(number) != b'0' || !(abroad || (b'1'..=b'9').contains(&line.at(number + 1))) {
            continue;
        }
        let open = line.before(number) == b'(';
        let start = number - usize::from(open);
        let end = number_end(&line, number);
        next = end.max(number + 1);
        if !(9..=14).contains(&digits(&line, number..end)) {
            continue;
        }
        let first = digits_here.len();
        let apart = (matches!(
            line.before(start),
            0 | b' ' | b'\t' | b':' | b'"' | b'(' | b',' | b'>' | b';' | b'=' | b'<' | b'|' | b'\'' | b'['
        ) || line.before(start) >= 0x80)
            && !goes_on(&line, end)
            && (line.at(end) != b':' || is_blank(line.at(end + 1)));
        // A cell of a table stands behind a gap and before one.
        let cell = (start == line.start || line.str_before(start, 2) == "  ") && line.slice(end..end + 2) == b"  ";
        let alone = cell && digits(&line, number..end) >= 10 || !beside_number(&line, start, end);
        let fits = apart && is_grouped(line.str(number..end), first, abroad, open) && alone;
        if fits && !is_found(search, start) {
            let end = with_extension(&line, end);
            search.found.push(Finding::new(start..end, Class::Phone, "national-number"));
        }
    }
}

/// Whether a number is parted as telephone numbers are, whose first group has so many digits.
fn is_grouped(text: &str, first: usize, abroad: bool, open: bool) -> bool {
    let groups = || text.split([' ', '/', '-', ')', '(', '.']).filter(|group| !group.is_empty());
    let count = groups().count();
    let pairs = count == 5 && text.len() == 14 && groups().all(|group| group.len() == 2);
    if pairs {
        let separator = text.as_bytes().get(2).copied();
        return text.bytes().filter(|byte| Some(*byte) == separator).count() == 4;
    }
    if text.contains('.') || groups().any(|group| group.len() > 8) {
        return false;
    }
    let second = groups().nth(1).map_or(0, str::len);
    let sign = text.as_bytes().get(first).copied().unwrap_or(0);
    // Columns of numbers, as they stand in listings.
    if count == 3 && groups().all(|group| group.len() == 4) && sign != b'-' {
        return false;
    }
    match first {
        _ if abroad => (3..=6).contains(&count) && first <= 6,
        // "06 5550 1234", "06-12 34 56 78"
        2 if count == 3 && second == 4 && text.len() == 12 && sign == b' ' => true,
        2 if count == 5 && sign == b'-' && groups().all(|group| group.len() == 2) => true,
        2 => (2..=4).contains(&count) && second >= 3 && (open || matches!(sign, b'-' | b'/')),
        3..=5 => (2..=5).contains(&count) && second >= 2,
        _ => false,
    }
}

/// `00493055501881@trunk`: what a telephone system dials, in the country or abroad; `(0)20 7946 0122`.
fn undivided(line: &Line<'_>, number: usize) -> Option<Range<usize>> {
    if line.at(number) != b'0' || is_alphanumeric(line.before(number)) {
        return None;
    }
    if line.at(number + 1) == b')' && line.before(number) == b'(' && line.at(number + 2).is_ascii_digit() {
        let end = number_end(line, number + 2);
        let fits = (9..=11).contains(&digits(line, number + 2..end)) && line.str(number + 2..end).contains([' ', '-']);
        return (fits && !is_alphanumeric(line.at(end))).then_some(number - 1..end);
    }
    let end = line.forward(number, |byte| byte.is_ascii_digit());
    let cell = line.slice(end..end + 2) == b" |" && line.str_before(number, 2) == "| ";
    let named = line.before(number) == b'<' && line.at(end) == b'>' && end - number <= 12;
    ((line.at(end) == b'@' || named || cell && line.at(number + 1) != b'.')
        && (10..=15).contains(&(end - number))
        && line.before(number) != b'.')
        .then_some(number..end)
}

/// `943 555 018` in a sentence: three groups of three digits with the same sign between them, as half of Europe writes its numbers. Amounts
/// and addresses are written so as well; a unit follows amounts.
fn triple(line: &Line<'_>, number: usize) -> Option<Range<usize>> {
    let end = number + 11;
    let sign = line.at(number + 3);
    if !matches!(line.at(number), b'2'..=b'9') || !matches!(sign, b' ' | b'-') || line.at(number + 7) != sign {
        return None;
    }
    let group = |from: usize| line.slice(from..from + 3).iter().filter(|byte| byte.is_ascii_digit()).count() == 3;
    if !(group(number) && group(number + 4) && group(number + 8) && end <= line.end) {
        return None;
    }
    let before = line.before(number - usize::from(number > line.start));
    let word = line.before(number) == b' ' && (before.is_ascii_lowercase() || before >= 0x80 || matches!(before, b':' | b','));
    let next = line.forward(end, is_blank);
    let unit = line.str(next..line.forward(next, is_alphanumeric));
    // Programs for helping from afar number machines so.
    let lead = line.str_before(number, 24);
    let machine = ["desk", "viewer", " ID", " id "].iter().any(|word| holds(lead, word));
    let amount = machine || is_one_of(unit, UNITS) || line.at(next).is_ascii_digit();
    let apart = matches!(line.at(end), 0 | b' ' | b',' | b'?' | b')' | b';' | b'!')
        || line.at(end) == b'.' && !line.at(end + 1).is_ascii_digit();
    (word && apart && !amount).then_some(number..end)
}

pub(super) fn labelled(search: &mut Search<'_, '_>) {
    let line = search.line;
    for anchor in search.anchors.iter().filter(|anchor| anchor.meaning == Meaning::Phone) {
        let Some(after) = value_start(&line, anchor) else { continue };
        let start = if line.at(after) == b'+' { after + 1 } else { after };
        if !(line.at(start).is_ascii_digit() || line.at(start) == b'(') {
            continue;
        }
        let end = number_end(&line, start);
        let count = digits(&line, start..end);
        let date = count == 8 && line.at(start + 4) == b'-' && line.at(start + 7) == b'-';
        let fits = if is_one_of(anchor.word, INTERNAL) {
            (2..=6).contains(&count) && count == end - start || (7..=15).contains(&count)
        } else {
            (6..=15).contains(&count)
        };
        let loose = is_one_of(anchor.word, LOOSE) && !is_parted(line.str(after..end));
        if fits && !date && !loose && !is_found(search, after) && !goes_on(&line, end) && line.at(end) != b':' {
            let end = with_extension(&line, end);
            search.found.push(Finding::new(after..end, Class::Phone, "labelled-number"));
        }
    }
}

/// Words that announce numbers of telephones now and then: what follows must be parted as those are.
const LOOSE: &[&str] = &[
    "free",
    "alt",
    "desk",
    "office",
    "work",
    "home",
    "line",
    "main",
    "direct",
    "hp",
    "cp",
    "dd",
    "did",
    "switch",
    "numéro",
    "номер",
    "numarası",
    "numaram",
    "numarasını",
    "kantoor",
    "kancelář",
    "bel",
    "büro",
    "privat",
    "number:",
    "sip/",
    "sip:",
];

/// Labels of the short numbers within a house.
const INTERNAL: &[&str] = &[
    "extension",
    "extn",
    "ipphone",
    "nebenstelle",
    "durchwahl",
    "extensión",
    "dect",
    "desk phone",
];

/// Where the number would begin that this label announces.
fn value_start(line: &Line<'_>, anchor: &Anchor) -> Option<usize> {
    // "AnyDesk" ends in a label as well.
    let part = line.at(anchor.start).is_ascii_lowercase() || is_one_of(anchor.word, LOOSE);
    if is_alphanumeric(line.before(anchor.start)) && part {
        return None;
    }
    // "PJSIP/015155501882", "tel:069…": nothing stands between.
    if anchor.word.ends_with(['/', ':']) && (line.at(anchor.end).is_ascii_digit() || line.at(anchor.end) == b'+') {
        return Some(anchor.end);
    }
    let wide = anchor.word.bytes().next().is_some_and(|byte| byte >= 0xE0);
    let name_end = line.forward(anchor.end, |byte| {
        !wide && (is_alphanumeric(byte) && byte != 0xEF || byte == b'_')
    });
    // "Calloway", "dialog", "cellular" only begin with one.
    let ending = line.str(anchor.end..name_end);
    let ended = [
        "", "s", "number", "_number", "no", "nummer", "phone", "nr", "1", "2", "back", "ed", "_phone", "_no",
    ];
    if !is_one_of(ending, &ended) {
        return None;
    }
    let after = line.forward(name_end, |byte| {
        is_blank(byte)
            || matches!(
                byte,
                b':' | b'=' | b'.' | b',' | b'"' | b'\'' | b'-' | b';' | 0xEF | 0xBC | 0x9A
            )
    });
    // "電話は03-5550-1274"
    let joined = line.forward(after, |byte| byte >= 0x80);
    let after = if wide && joined <= after + 9 { joined } else { after };
    let after = behind_words(line, after);
    (after > name_end || wide).then_some(after)
}
