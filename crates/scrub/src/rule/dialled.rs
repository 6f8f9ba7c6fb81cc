//! Telephone numbers of a country that are written without its code and without a 0, told by how they are grouped and by what stands around
//! them: brackets, the fields of a list, the words of a sentence.

use super::Search;
use super::value::is_found;
use super::words::is_one_of;
use crate::class::Class;
use crate::finding::Finding;
use crate::kind::DIGIT;
use crate::line::{Line, has, is_alphanumeric, is_blank};

/// Groups, the sign before the last of them, and whether a sentence is enough to tell them.
const SHAPES: &[(&[usize], u8, bool)] = &[
    // Poland, Spain, Italy, France's numbers for calls that cost
    (&[2, 3, 2, 2], b' ', true),
    (&[3, 2, 2, 2], b' ', true),
    (&[3, 2, 2, 3], b' ', true),
    (&[1, 3, 2, 2, 2], b' ', true),
    // Brazil
    (&[2, 4, 4], b'-', true),
    (&[2, 5, 4], b'-', true),
    // Denmark and Norway; half of Europe
    (&[2, 2, 2, 2], b' ', false),
    (&[3, 3, 3], b' ', false),
    (&[3, 3, 3], b'-', false),
    (&[3, 3, 4], b' ', false),
    (&[2, 4, 4], b' ', false),
];

/// What amounts of nine digits are of.
pub(super) const UNITS: &[&str] = &[
    "b", "bytes", "byte", "octets", "octet", "o", "kb", "mb", "kib", "eur", "euro", "euros", "zł", "zl", "pln", "kr", "sek",
    "nok", "dkk", "czk", "kč", "huf", "ft", "usd", "chf", "blocks", "sectors", "files", "rows", "records", "objects", "oktett",
    "bajtů", "bajtów", "byttes", "tavua",
];

/// Words before a number at which somebody can be reached.
const BEFORE: &[&str] = &[
    "på", "at", "on", "al", "au", "til", "unter", "op", "pod", "na", "nr", "num", "nummer", "numer", "lokal",
];

pub(super) fn find(search: &mut Search<'_, '_>) {
    let line = search.line;
    let mut next = line.start;
    for number in search.numbers {
        let start = number.start;
        if start < next || number.len() > 3 || !is_blank(line.at(number.end)) && line.at(number.end) != b'-' {
            continue;
        }
        let Some((end, surely)) = shaped(&line, start) else { continue };
        if is_told(&line, start, end, surely) && !is_found(search, start) {
            next = end;
            search.found.push(Finding::new(start..end, Class::Phone, "grouped-number"));
        }
    }
}

/// Where the groups of one of the shapes end that begin here, and whether a sentence is enough.
fn shaped(line: &Line<'_>, start: usize) -> Option<(usize, bool)> {
    let mut groups = [0; 5];
    let mut at = start;
    let mut count = 0;
    let mut last = b' ';
    let mut other = false;
    for group in &mut groups {
        let end = line.end_of(DIGIT, at);
        *group = end - at;
        count += 1;
        at = end;
        let sign = line.at(end);
        if !matches!(sign, b' ' | b'-') || !line.at(end + 1).is_ascii_digit() || count == 5 {
            break;
        }
        other |= count > 1 && last != b' ' && last != sign;
        last = sign;
        at = end + 1;
    }
    // Two blanks do not part what belongs together, and nothing of the kind goes on behind it.
    if other || line.at(at).is_ascii_digit() || line.at(at) == b' ' && line.at(at + 1).is_ascii_digit() {
        return None;
    }
    let groups = groups.get(..count)?;
    let zero = line.at(start) == b'0';
    let shape = SHAPES.iter().find(|(shape, sign, _)| *shape == groups && *sign == last)?;
    (zero == (groups.first() == Some(&1))).then_some((at, shape.2))
}

/// Whether what stands around the number says that it is one.
fn is_told(line: &Line<'_>, start: usize, end: usize, surely: bool) -> bool {
    let (before, after) = (line.before(start), line.at(end));
    if before == b'(' && after == b')' || before == b';' && matches!(after, b';' | 0) {
        return true;
    }
    // A cell of a list, behind another number of the kind.
    let cell = line.str_before(start, 2) == "  " && (after == 0 || line.slice(end..end + 2) == b"  ");
    if cell && line.has(has::PLUS) {
        return true;
    }
    let lead = line.before(start - usize::from(start > line.start));
    let closed = matches!(after, 0 | b',' | b')' | b';' | b'!' | b'?') || after == b'.' && !line.at(end + 1).is_ascii_digit();
    let next = line.forward(end, is_blank);
    let word = line.str(next..line.forward(next, is_alphanumeric));
    let goes_on = after == b' ' && !word.is_empty() && !is_one_of(word, UNITS) && next == end + 1;
    if before != b' ' || !(closed || goes_on) {
        return false;
    }
    // "Warsame på 70 55 51 09"
    let name = line.back(start - 1, is_alphanumeric);
    if is_one_of(line.str(name..start - 1), BEFORE) {
        return true;
    }
    let spoken = lead.is_ascii_alphabetic() || lead >= 0x80 || matches!(lead, b',' | b':' | b'|');
    surely && spoken
}

/// Groups of digits as telephone numbers have: a 0, a bracket or a plus before, or three groups at least, and no dots as versions have.
pub(super) fn is_parted(text: &str) -> bool {
    let groups = || text.split([' ', '-', '/', '(', ')']).filter(|group| !group.is_empty());
    let long = groups().all(|group| (2..=5).contains(&group.len()));
    let begun = text.starts_with(['0', '+', '(']) && groups().count() >= 2;
    let undivided = groups().count() == 1 && text.len() >= 10 && text.starts_with(['0', '+']);
    let halves = groups().count() == 2 && (groups().all(|group| group.len() == 4) || groups().all(|group| group.len() == 5));
    let enough = text.bytes().filter(u8::is_ascii_digit).count() >= 7;
    enough && !text.contains('.') && (undivided || long && (begun || halves || (3..=5).contains(&groups().count())))
}
