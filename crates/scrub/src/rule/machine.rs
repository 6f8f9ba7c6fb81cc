//! Names of machines by their shape alone: what installers call a machine that nobody named, and the patterns in which people number theirs.

use super::words::{begins, is_one_of};
use super::{Search, value::is_found};
use crate::class::Class;
use crate::finding::Finding;
use crate::line::{is_alphanumeric, is_name};

/// Prefixes that installers and people give machines.
#[rustfmt::skip]
const PATTERNS: &[&str] = &[
    "DESKTOP", "LAPTOP", "WIN", "PC", "WS", "WKS", "SRV", "SVR", "SERVER", "DC", "FS", "FILE", "FILES", "SQL", "DB", "EXCH",
    "EX", "MAIL", "PRINT", "PRN", "RDS", "TS", "TERM", "WEB", "APP", "HV", "HYPERV", "ESX", "ESXI", "NAS", "SAN", "BACKUP",
    "BKP", "VM", "VPN", "FW", "SW", "RTR", "ROUTER", "NB", "MAC", "MBP", "IMAC", "KIOSK", "POS", "TILL", "RECEPTION", "NYC",
    "LON", "HQ",
];

/// What Windows calls a machine that nobody named.
const INSTALLED: &[&str] = &["DESKTOP-", "LAPTOP-", "WIN-"];

/// `DESKTOP-4F7K2LQ`, `SRV-FILES-01`, `NYC-DC02`: parts joined by dashes in capitals, one of them known or the last with a number.
pub(super) fn patterned(search: &mut Search<'_, '_>) {
    let line = search.line;
    let mut next = line.start;
    for &dash in line.dashes() {
        if dash < next {
            continue;
        }
        let inside = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        let start = line.back(dash, inside);
        let end = line.forward(dash, inside);
        next = end.max(dash + 1);
        let text = line.str(start..end);
        // What is no name of a machine shows it soonest at its length and its end.
        if !(5..=15).contains(&text.len()) {
            continue;
        }
        if !(line.before(end).is_ascii_digit() || INSTALLED.iter().any(|lead| begins(text, lead))) {
            if is_named(text)
                && !matches!(line.before(start), b'-' | b'_' | b'.' | b'/' | b'{' | b'<')
                && !is_name(line.at(end))
                && !is_found(search, start)
            {
                search.found.push(Finding::new(start..end, Class::Host, "machine-name"));
            }
            continue;
        }
        let first = text.split('-').next().unwrap_or_default();
        let stem = first.trim_end_matches(|c: char| c.is_ascii_digit());
        let last = text.rsplit('-').next().unwrap_or_default();
        let numbered = line.before(end).is_ascii_digit() && last.len() <= 7
            || (stem == "DESKTOP" || stem == "LAPTOP" || stem == "WIN") && last.len() >= 6;
        let known = || {
            text.split('-')
                .any(|part| is_one_of(part.trim_end_matches(|c: char| c.is_ascii_digit()), PATTERNS))
        };
        if !numbered || !(known() || is_counted(text)) {
            continue;
        }
        let upper = !text.bytes().any(|byte| byte.is_ascii_lowercase());
        let lower = !text.bytes().any(|byte| byte.is_ascii_uppercase());
        let outside = matches!(line.before(start), b'-' | b'_' | b'.' | b'/' | b'\\' | b'{')
            && line.before(start.saturating_sub(1)) != b'\\'
            || line.at(end) == b'_';
        let fits = upper || lower && last.len() <= 4;
        if fits && !outside && !text.ends_with('-') && !is_found(search, start) {
            search.found.push(Finding::new(start..end, Class::Host, "machine-name"));
        }
    }
}

/// `OSTWIND-07`: capitals and a number that begins with 0, as nothing but machines are numbered.
fn is_counted(text: &str) -> bool {
    text.split_once('-').is_some_and(|(name, number)| {
        name.len() >= 3
            && name.bytes().all(|byte| byte.is_ascii_uppercase())
            && (2..=3).contains(&number.len())
            && number.starts_with('0')
            && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// What is part of machines' names in capitals, and of no other word in capitals.
const KINDS: &[&str] = &[
    "PC", "NB", "LT", "WS", "WKS", "SRV", "SVR", "LAPTOP", "DESKTOP", "NOTEBOOK", "MBP", "DC", "NAS", "TABLET", "SURFACE",
    "KIOSK",
];

/// `EMPFANG-PC`, `LT-NIGHTINGALE`: two or three words of capitals, one of them a kind of machine.
fn is_named(text: &str) -> bool {
    let words = || text.split('-');
    text.bytes()
        .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'-')
        && (2..=3).contains(&words().count())
        && words().all(|word| word.len() >= 2)
        && words().any(|word| KINDS.contains(&word))
        && !words().any(|word| matches!(word, "BASED" | "SIDE" | "TO" | "ID" | "BIT" | "IN" | "OFF" | "ON"))
}

/// Prefixes of names such as `WS042` and `sql01`, in which no dash helps to tell.
#[rustfmt::skip]
const SHORT_PATTERNS: &[&str] = &[
    "DC", "SRV", "SVR", "WS", "WKS", "PC", "SQL", "DB", "WEB", "APP", "FS", "FILE", "EXCH", "MAIL", "RDS", "TS", "TERM",
    "HV", "ESX", "ESXI", "NAS", "SAN", "PRN", "PRINT", "BACKUP", "BKP", "VPN", "FW", "RTR", "NB", "LT", "VM", "SERVER",
    "FILESRV", "FILESERVER", "PRINTSRV", "APPSRV", "WEBSRV", "DBSRV", "SQLSRV", "EXCHANGE", "CITRIX", "CTX", "TERMSRV",
    "HYPERV", "LAPTOP", "DESKTOP", "KIOSK", "TILL",
];

/// `WS042`, `sql01`: a known prefix and two to four digits.
pub(super) fn numbered(search: &mut Search<'_, '_>) {
    let line = search.line;
    for &digits in line.numbers() {
        if !line.before(digits).is_ascii_alphabetic() {
            continue;
        }
        let end = line.forward(digits, |byte| byte.is_ascii_digit());
        let start = line.back(digits, |byte| byte.is_ascii_alphabetic());
        let outside = is_name(line.before(start)) || matches!(line.before(start), b'/' | b'\\' | b'$' | b'%' | b'=' | b'@');
        let follows = is_name(line.at(end)) && (line.at(end) != b'.' || is_alphanumeric(line.at(end + 1)))
            || matches!(line.at(end), b'/' | b'(' | b'=' | b'\\');
        let fits = (2..=4).contains(&(end - digits)) && is_one_of(line.str(start..digits), SHORT_PATTERNS);
        if fits && !outside && !follows && !is_found(search, start) {
            search.found.push(Finding::new(start..end, Class::Host, "machine-name"));
        }
    }
}
