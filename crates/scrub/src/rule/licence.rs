//! Keys of products and volumes: even groups of capitals and digits behind no label at all, other forms behind one.

use super::value::{self, Reach, is_found, suffix};
use super::{Meaning, Search};
use crate::class::Class;
use crate::finding::Finding;
use crate::line::{Line, is_alphanumeric, is_blank};
use crate::sign;
use std::ops::Range;

/// `XXXXX-XXXXX-XXXXX-XXXXX-XXXXX` and the like: at least four groups of as many capitals and digits, four to six, both within.
pub(super) fn grouped(search: &mut Search<'_, '_>) {
    let line = search.line;
    let mut next = line.start;
    for dash in line.places(sign::DASHES_IN_KEYS) {
        if dash < next {
            continue;
        }
        let inside = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
        let start = line.back(dash, inside);
        let size = dash - start;
        if !(4..=8).contains(&size) || line.at(dash + size + 1) != b'-' {
            continue;
        }
        let end = line.forward(dash, |byte| inside(byte) || byte == b'-');
        next = end;
        let text = line.str(start..end);
        let groups = text.split('-');
        let even = groups.clone().all(|group| group.len() == size) && (4..=8).contains(&groups.count());
        let mixed = is_mixed(text);
        let apart =
            !is_alphanumeric(line.before(start)) && !matches!(line.before(start), b'-' | b'{') && !is_alphanumeric(line.at(end));
        // "00330-80000-00000-AA771" says which product it is, and no key.
        let product = size == 5 && text.bytes().take(17).all(|byte| byte.is_ascii_digit() || byte == b'-');
        let long = size < 7 || size == 8 && text.len() >= 35 || text.split('-').filter(|group| is_mixed(group)).count() >= 2;
        let letters = size == 5 && text.bytes().any(|byte| byte.is_ascii_uppercase());
        // Adobe's and Lexware's serial numbers are six and five groups of four digits; cards have four of them.
        let adobe = size == 4 && matches!(text.len(), 24 | 29);
        let key = even && long && !product && (mixed || letters || adobe) || !even && is_uneven(text);
        if key && apart && !is_found(search, start) {
            search.found.push(Finding::new(start..end, Class::LicenceKey, "product-key"));
        }
    }
}

/// Capitals and digits both.
fn is_mixed(text: &str) -> bool {
    text.bytes().any(|byte| byte.is_ascii_uppercase()) && text.bytes().any(|byte| byte.is_ascii_digit())
}

/// `QFRSD-9EHAN-H3631-MQJZ3-FBPBXDF`, `DR23R22-C336T61-DPUH6YW-NFF4GNF`: groups whose length is not the same in all of them, at least two of
/// which hold both capitals and digits. Identifiers of Windows have groups of eight and twelve.
fn is_uneven(text: &str) -> bool {
    let groups = || text.split('-');
    let long = groups().all(|group| (4..=7).contains(&group.len()));
    let last = groups().next_back().is_some_and(|group| (2..=7).contains(&group.len()));
    let long = long || last && groups().rev().skip(1).all(|group| group.len() == 5);
    (4..=8).contains(&groups().count()) && long && groups().filter(|group| is_mixed(group)).count() >= 2
}

/// Serial numbers of Autodesk: three digits and eight, and the key of the product beside them (`393-79757038 / 797K1`).
pub(super) fn autodesk(search: &mut Search<'_, '_>) {
    let line = search.line;
    for dash in line.places(sign::DASHES_IN_SERIALS) {
        let Some(start) = dash.checked_sub(3).filter(|start| *start >= line.start) else {
            continue;
        };
        let digits = |range: Range<usize>| line.slice(range).iter().all(u8::is_ascii_digit);
        let end = dash + 9;
        let fits = (b'1'..=b'9').contains(&line.at(start))
            && end <= line.end
            && digits(start..dash)
            && digits(dash + 1..end)
            && !is_alphanumeric(line.at(end))
            && !matches!(line.at(end), b'-' | b'.')
            && !is_alphanumeric(line.before(start))
            && !matches!(line.before(start), b'-' | b'.' | b'+' | b'/');
        if !fits {
            continue;
        }
        if !is_found(search, start) {
            search
                .found
                .push(Finding::new(start..end, Class::LicenceKey, "serial-of-autodesk"));
        }
        let rest = line.str(end..line.end.min(end + 48));
        if let Some(at) = rest
            .split([' ', ',', '/', ';'])
            .find(|word| is_product(word))
            .and_then(|word| rest.find(word))
        {
            search
                .found
                .push(Finding::new(end + at..end + at + 5, Class::LicenceKey, "product-of-autodesk"));
        }
    }
}

/// `057M1`: three digits, a letter and a digit.
fn is_product(word: &str) -> bool {
    matches!(word.as_bytes(), [a, b, c, letter, last]
        if [a, b, c, last].iter().all(|byte| byte.is_ascii_digit()) && letter.is_ascii_uppercase())
}

/// What opens a BitLocker volume: eight groups of six digits. Each is a multiple of eleven, unless somebody mistyped it.
pub(super) fn recovery(search: &mut Search<'_, '_>) {
    let line = search.line;
    for dash in line.places(sign::DASHES_IN_KEYS) {
        let Some(start) = dash.checked_sub(6).filter(|_| line.at(dash + 7) == b'-') else {
            continue;
        };
        let end = start + 55;
        let text = line.str(start..end);
        let groups = text.len() == 55
            && text
                .split('-')
                .all(|group| group.len() == 6 && group.bytes().all(|byte| byte.is_ascii_digit()));
        if groups && !is_alphanumeric(line.before(start)) && !is_alphanumeric(line.at(end)) && !is_found(search, start) {
            search
                .found
                .push(Finding::new(start..end, Class::Password, "recovery-password"));
        }
    }
}

pub(super) fn labelled(search: &mut Search<'_, '_>) {
    let line = search.line;
    for anchor in search.anchors.iter().filter(|anchor| anchor.meaning == Meaning::Licence) {
        if is_alphanumeric(line.before(anchor.start)) && line.at(anchor.start).is_ascii_lowercase() {
            continue;
        }
        // "/unpkey:49TCP" and "PLSK.66505760.0007" have nothing between.
        let glued = anchor.word.ends_with([':', '.']) && !is_blank(line.at(anchor.end));
        if glued {
            let end = line.forward(anchor.end, |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'));
            if is_key(anchor.word, line.str(anchor.end..end)) && !is_found(search, anchor.end) {
                search
                    .found
                    .push(Finding::new(anchor.end..end, Class::LicenceKey, "labelled-key"));
            }
            continue;
        }
        let end = if anchor.word.ends_with('=') {
            anchor.end - 1
        } else {
            anchor.end + suffix(&line, anchor).len()
        };
        let Some(value) = value::value(&line, end, true, Reach::Word) else {
            continue;
        };
        // `9000 0111 5354 8894 W4F7 3QBY`: groups that blanks part.
        let spaced = spaced(&line, value.range.start);
        let whole = spaced.is_some();
        let range = spaced.unwrap_or(value.range);
        let text = line.str(range.clone()).trim_end_matches([',', ';', '.', ')', '/']);
        if (whole || is_key(anchor.word, text)) && !is_found(search, range.start) {
            let range = range.start..range.start + text.len();
            search.found.push(Finding::new(range, Class::LicenceKey, "labelled-key"));
        }
    }
}

/// At least four groups of four capitals or digits each, one of which has a letter.
fn spaced(line: &Line<'_>, start: usize) -> Option<Range<usize>> {
    let inside = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    let mut end = start;
    let mut groups = 0;
    while line.forward(end, inside) == end + 4 {
        end += 4;
        groups += 1;
        if line.at(end) != b' ' || !inside(line.at(end + 1)) {
            break;
        }
        end += 1;
    }
    let end = line.back(end, |byte| byte == b' ');
    let text = line.str(start..end);
    (groups >= 4 && is_mixed(text) && !is_alphanumeric(line.at(end))).then_some(start..end)
}

/// Labels that announce what is left of a key when a program shows it.
const PARTS: &[&str] = &[
    "partial product key",
    "partialproductkey",
    "installed product key",
    "teilproduktschlüssel",
    "last 5 characters of installed product key",
    "/unpkey:",
];

/// Commands that take a key, whatever its form.
const COMMANDS: &[&str] = &[
    "pvesubscription set",
    "vimsvc/license --set",
    "license -i",
    "license fetch auth-code",
    "suseconnect -r",
    "--org",
    "plsk.",
    "qlik_license",
];

/// What begins the labels of serial numbers, which machines have as well.
const SERIALS: &[&str] = &[
    "serial",
    "serien",
    "sernr",
    "sn",
    "s/n",
    "s.n.",
    "numéro de série",
    "número de s",
    "numero di serie",
    "numer seryjny",
    "серийный",
    "序列号",
    "シリアル",
    "serienummer",
];

/// Labels of keys that have no groups with some makers.
const UNDIVIDED: &[&str] = &["licenseid", "license_id", "licenceid"];

/// Whether this is a key, behind this label.
fn is_key(label: &str, text: &str) -> bool {
    let capitals = text
        .bytes()
        .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'-');
    let signs = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let digits = text.bytes().any(|byte| byte.is_ascii_digit());
    if PARTS.contains(&label) {
        return capitals && text.len() == 5;
    }
    if COMMANDS.contains(&label) {
        return text.len() >= 8
            && digits
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'));
    }
    if UNDIVIDED.contains(&label) {
        return capitals && is_mixed(text) && text.len() == 10;
    }
    if matches!(label, "pk" | "-pk" | "pk:" | "product key") && is_product(text) {
        return true;
    }
    // 24 digits are Adobe's.
    if text.len() == 24 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return true;
    }
    // Serial numbers of machines have no dashes.
    let serial = SERIALS.iter().any(|lead| label.starts_with(lead)) && !label.contains("key") && !label.contains("code");
    let named = label.contains("key") || label.contains("schlüssel") || label.contains("clé") || label.contains("clave");
    if serial {
        capitals && digits && text.contains('-') && text.len() >= 10
    } else if named {
        signs && digits && (text.len() >= 12 || text.contains('-') && text.len() >= 8)
    } else {
        capitals && digits && text.contains('-') && text.len() >= 10
    }
}
