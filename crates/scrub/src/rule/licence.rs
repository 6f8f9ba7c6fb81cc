//! Keys of products and volumes: five groups of five behind no label at all, other forms behind one.

use super::value::{self, Reach, is_found, suffix};
use super::{Meaning, Search};
use crate::class::Class;
use crate::finding::Finding;
use crate::line::is_alphanumeric;
use crate::sign;

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
        if !(4..=6).contains(&size) || line.at(dash + size + 1) != b'-' {
            continue;
        }
        let end = line.forward(dash, |byte| inside(byte) || byte == b'-');
        next = end;
        let text = line.str(start..end);
        let groups = text.split('-');
        let even = groups.clone().all(|group| group.len() == size) && (4..=8).contains(&groups.count());
        let mixed = text.bytes().any(|byte| byte.is_ascii_uppercase()) && text.bytes().any(|byte| byte.is_ascii_digit());
        let apart =
            !is_alphanumeric(line.before(start)) && !matches!(line.before(start), b'-' | b'{') && !is_alphanumeric(line.at(end));
        // "00330-80000-00000-AA771" says which product it is, and no key.
        let product = size == 5 && text.bytes().take(17).all(|byte| byte.is_ascii_digit() || byte == b'-');
        let letters = size == 5 && text.bytes().any(|byte| byte.is_ascii_uppercase());
        if even && !product && (mixed || letters) && apart && !is_found(search, start) {
            search.found.push(Finding::new(start..end, Class::LicenceKey, "product-key"));
        }
    }
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
        let end = anchor.end + suffix(&line, anchor).len();
        let Some(value) = value::value(&line, end, true, Reach::Word) else {
            continue;
        };
        let text = line.str(value.range.clone()).trim_end_matches([',', ';', '.', ')']);
        if is_key(anchor.word, text) && !is_found(search, value.range.start) {
            let range = value.range.start..value.range.start + text.len();
            search.found.push(Finding::new(range, Class::LicenceKey, "labelled-key"));
        }
    }
}

/// Whether this is a key, behind this label.
fn is_key(label: &str, text: &str) -> bool {
    let capitals = text
        .bytes()
        .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'-');
    let signs = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let digits = text.bytes().any(|byte| byte.is_ascii_digit());
    // What Windows still shows of a key.
    if matches!(
        label,
        "partial product key" | "installed product key" | "teilproduktschlüssel"
    ) {
        return capitals && text.len() == 5;
    }
    // Serial numbers of machines have no dashes.
    let serial = label.starts_with("serial") && !label.contains("key") && !label.contains("code") || label == "seriennummer";
    let named = label.contains("key") || label.contains("schlüssel") || label.contains("clé") || label.contains("clave");
    if serial {
        capitals && digits && text.contains('-') && text.len() >= 10
    } else if named {
        signs && digits && (text.len() >= 12 || text.contains('-') && text.len() >= 8)
    } else {
        capitals && digits && text.contains('-') && text.len() >= 10
    }
}
