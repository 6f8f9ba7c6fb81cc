//! Keys of products and volumes: five groups of five behind no label at all, other forms behind one.

use super::value::{self, Reach, is_found};
use super::{Meaning, Search};
use crate::class::Class;
use crate::finding::Finding;
use crate::line::is_alphanumeric;

/// `XXXXX-XXXXX-XXXXX-XXXXX-XXXXX`.
pub(super) fn grouped(search: &mut Search<'_, '_>) {
    let line = search.line;
    for &dash in line.dashes() {
        let Some(start) = dash.checked_sub(5).filter(|_| line.at(dash + 6) == b'-') else {
            continue;
        };
        let end = start + 29;
        let text = line.str(start..end);
        let shaped = text.len() == 29
            && text.bytes().enumerate().all(|(at, byte)| {
                if at % 6 == 5 {
                    byte == b'-'
                } else {
                    byte.is_ascii_uppercase() || byte.is_ascii_digit()
                }
            });
        let apart = !is_alphanumeric(line.before(start))
            && line.before(start) != b'-'
            && !is_alphanumeric(line.at(end))
            && line.at(end) != b'-';
        if shaped && apart && text.bytes().any(|byte| byte.is_ascii_uppercase()) && !is_found(search, start) {
            search.found.push(Finding::new(start..end, Class::LicenceKey, "product-key"));
        }
    }
}

/// What opens a BitLocker volume: eight groups of six digits, each a multiple of eleven.
pub(super) fn recovery(search: &mut Search<'_, '_>) {
    let line = search.line;
    for &dash in line.dashes() {
        let Some(start) = dash.checked_sub(6).filter(|_| line.at(dash + 7) == b'-') else {
            continue;
        };
        let end = start + 55;
        let text = line.str(start..end);
        let groups = text.len() == 55
            && text
                .split('-')
                .all(|group| group.len() == 6 && group.parse::<u32>().is_ok_and(|number| number % 11 == 0));
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
        let bare = line.at(anchor.start) == b'/';
        let Some(value) = value::value(&line, anchor.end, bare, Reach::Word) else {
            continue;
        };
        let text = line.str(value.range.clone());
        let key = text
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'-')
            && text.bytes().any(|byte| byte.is_ascii_digit());
        let serial = matches!(anchor.word, "serial number" | "serialnumber");
        let long = text.len() >= if serial { 10 } else { 12 };
        if key && long && (!serial || text.contains('-')) && !is_found(search, value.range.start) {
            search
                .found
                .push(Finding::new(value.range, Class::LicenceKey, "labelled-key"));
        }
    }
}
