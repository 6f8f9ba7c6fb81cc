//! Addresses of machines: IPv4 (RFC 791), IPv6 (RFC 4291), MAC (EUI-48). Loopback, unspecified, netmasks, broadcast and multicast name nobody.

use super::words::{Words, begins, is_one_of};
use super::{Meaning, Search};
use crate::class::Class;
use crate::finding::Finding;
use crate::kind::{ALPHABETIC, ALPHANUMERIC, DIGIT, HEX, WORD};
use crate::line::{Line, has, is_alphanumeric, is_blank};
use crate::sign;
use core::net::{Ipv4Addr, Ipv6Addr};

pub(super) fn find(search: &mut Search<'_, '_>) {
    let line = search.line;
    if line.has(has::DOT | has::DIGIT) {
        ipv4(search, &line);
    }
    if line.has(has::COLON) {
        colons(search, &line);
    }
    if line.has(has::DASH | has::DIGIT) {
        dashed_mac(search, &line);
        halved_mac(search, &line);
    }
    if line.has(has::DOT | has::DIGIT) {
        cisco_mac(search, &line);
        spaced_mac(search, &line);
    }
}

fn ipv4(search: &mut Search<'_, '_>, line: &Line<'_>) {
    let mut next = line.start;
    for dot in line.places(sign::DOTS_IN_NUMBERS) {
        if dot < next || !line.before(dot).is_ascii_digit() || !line.at(dot + 1).is_ascii_digit() {
            continue;
        }
        let start = line.start_of(DIGIT, dot);
        let end = line.forward(dot, |byte| byte.is_ascii_digit() || byte == b'.');
        next = end.max(dot + 1);
        let end = line.back(end, |byte| byte == b'.');
        let before = line.before(start);
        // "v1.2.3.4", "libssl-1.1.1.4", "host.10.0.0.1" are versions and names.
        // "IP_10.0.0.1" is how Windows calls the port of a printer.
        let port = before == b'_' && line.reads(start.saturating_sub(3), "IP_");
        let joined = is_alphanumeric(before)
            || before == b'.'
            || before == b'_' && !port
            || (before == b'-' && line.before(start - 1).is_ascii_alphabetic());
        // The sign that ends sentences in Chinese and Japanese belongs to no word.
        let ended = line.at(end) == 0xE3 || line.at(end) == 0xEF;
        if joined || is_alphanumeric(line.at(end)) && !ended || line.at(end) == b'_' {
            continue;
        }
        let end = without_port(line, start, end);
        let Ok(address) = line.str(start..end).parse::<Ipv4Addr>() else {
            continue;
        };
        let first = address.octets()[0];
        if first == 0 || first == 127 || first >= 224 || is_version(line, start) {
            continue;
        }
        search.found.push(Finding::new(start..end, Class::Ip, "ipv4"));
    }
}

/// `10.0.0.5.53 > 10.0.0.6.443:`, as tcpdump prints it: the fifth number is the port.
fn without_port(line: &Line<'_>, start: usize, end: usize) -> usize {
    let arrow = line.at(end + 1) == b'>' || line.reads(end, " ->") || start >= line.start + 2 && line.at(start - 2) == b'>';
    let text = line.str(start..end);
    match text.rfind('.').filter(|_| arrow && text.matches('.').count() == 4) {
        Some(dot) => start + dot,
        None => end,
    }
}

/// Whether the word before announces a version.
fn is_version(line: &Line<'_>, start: usize) -> bool {
    let end = line.back(start, |byte| is_blank(byte) || matches!(byte, b':' | b'=' | b'"' | b'\''));
    let versions = [
        "version",
        "ver",
        "release",
        "build",
        "v",
        "productversion",
        "fileversion",
        "displayversion",
    ];
    let word = line.start_of(WORD, end);
    // "/v:10.0.0.1" names a machine.
    !matches!(line.before(word), b'/' | b'-') && is_one_of(line.str(word..end), &versions)
}

/// IPv6 and MAC addresses written with colons.
fn colons(search: &mut Search<'_, '_>, line: &Line<'_>) {
    let inside = |byte: u8| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.');
    let mut next = line.start;
    for colon in line.places(sign::COLONS_IN_ADDRESSES) {
        if colon < next || !inside(line.at(colon + 1)) {
            continue;
        }
        let start = line.start_of(HEX, colon);
        let end = line.forward(colon, inside);
        next = end.max(colon + 1);
        let outside = is_alphanumeric(line.before(start))
            || line.before(start) == b'_'
            || is_alphanumeric(line.at(end))
            || line.at(end) == b'_';
        if outside {
            continue;
        }
        // "address: fe80::1" ends its sentence with what would also be read as part of it.
        let trimmed = if line.str(start..end).ends_with("::") {
            end
        } else {
            line.back(end, |byte| matches!(byte, b':' | b'.'))
        };
        let text = line.str(start..trimmed);
        if is_mac(text, ':') || is_short_mac(text) || is_long_mac(text) {
            search.found.push(Finding::new(start..trimmed, Class::Mac, "mac"));
        } else if text.bytes().filter(|byte| *byte == b':').count() >= 2
            && let Some(address) = ipv6(text)
            && !address.is_loopback()
            && !address.is_unspecified()
            && !address.is_multicast()
            && text.bytes().any(|byte| byte.is_ascii_digit())
        {
            search.found.push(Finding::new(start..trimmed, Class::Ip, "ipv6"));
        }
    }
}

/// Also with a port behind a colon, as netstat prints it.
fn ipv6(text: &str) -> Option<Ipv6Addr> {
    let without = || text.rsplit_once(':').filter(|(_, port)| port.len() == 5)?.0.parse().ok();
    text.parse().ok().or_else(without)
}

/// EUI-64, and what netfilter logs: two addresses and a type.
fn is_long_mac(text: &str) -> bool {
    matches!(text.len(), 20 | 23 | 41)
        && text
            .split(':')
            .all(|pair| pair.len() == 2 && pair.bytes().all(|byte| byte.is_ascii_hexdigit()))
        && names_a_card(text)
}

fn is_mac(text: &str, separator: char) -> bool {
    let pairs = text.split(separator);
    pairs.clone().count() == 6
        && pairs
            .clone()
            .all(|pair| pair.len() == 2 && pair.bytes().all(|byte| byte.is_ascii_hexdigit()))
        && names_a_card(text)
}

/// `0:1c:42:a:b:c`, as macOS prints it.
fn is_short_mac(text: &str) -> bool {
    text.split(':').count() == 6
        && text
            .split(':')
            .all(|pair| matches!(pair.len(), 1 | 2) && pair.bytes().all(|byte| byte.is_ascii_hexdigit()))
        && text.bytes().any(|byte| byte.is_ascii_alphabetic())
        && names_a_card(text)
}

/// `MacAddress : 00155D010203`, "WiFi MAC 3c5282119a7f", "Wake-on-LAN to 3C5282119A7E".
pub(super) fn labelled_mac(search: &mut Search<'_, '_>) {
    let line = search.line;
    for anchor in search
        .anchors
        .iter()
        .filter(|anchor| anchor.meaning == Meaning::Number(Class::Mac))
    {
        if is_alphanumeric(line.before(anchor.start)) || line.at(anchor.end).is_ascii_alphanumeric() {
            continue;
        }
        let mut start = anchor.end;
        let mut end = start;
        for _ in 0..4 {
            start = line.forward(end, |byte| {
                is_blank(byte) || matches!(byte, b':' | b'=' | b'"' | b'.' | b'\'' | b'(' | b'[')
            });
            end = line.end_of(ALPHANUMERIC, start);
            if end >= start + 12 {
                break;
            }
        }
        let hexadecimal = line.slice(start..end).iter().all(u8::is_ascii_hexdigit);
        if hexadecimal && end == start + 12 && !is_alphanumeric(line.at(end)) && names_a_card(line.str(start..end)) {
            search.found.push(Finding::new(start..end, Class::Mac, "mac"));
        }
    }
}

/// All zeros, all ones and groups of receivers name no card.
fn names_a_card(text: &str) -> bool {
    let first = text.get(..8).unwrap_or_default();
    if is_one_of(first, &["01-00-5e", "01:00:5e", "01005e"]) || begins(text, "33:33") || begins(text, "33-33") {
        return false;
    }
    let digits = || text.bytes().filter(u8::is_ascii_hexdigit);
    !digits().all(|byte| byte == b'0') && !digits().all(|byte| byte.eq_ignore_ascii_case(&b'f'))
}

fn dashed_mac(search: &mut Search<'_, '_>, line: &Line<'_>) {
    let inside = |byte: u8| byte.is_ascii_hexdigit() || byte == b'-';
    let mut next = line.start;
    for place in line.places(sign::DASHES_IN_PAIRS) {
        if place < next || line.at(place + 3) != b'-' {
            continue;
        }
        let start = line.start_of(HEX, place);
        let end = line.forward(place, inside);
        next = end.max(place + 1);
        // A DUID of DHCPv6 ends with the card's address (RFC 8415).
        let text = line.str(start..end);
        let duid = (29..=41).contains(&text.len()) && text.starts_with("00-0") && text.split('-').all(|pair| pair.len() == 2);
        if duid && !is_alphanumeric(line.before(start)) && !is_alphanumeric(line.at(end)) {
            search.found.push(Finding::new(start..end, Class::Mac, "duid"));
        }
        // PXE and DHCP put the kind of hardware before it.
        let typed = text.len() == 20 && text.starts_with("01-") && text.split('-').all(|pair| pair.len() == 2);
        if typed && !is_alphanumeric(line.before(start)) && !is_alphanumeric(line.at(end)) {
            search.found.push(Finding::new(start..end, Class::Mac, "mac"));
        }
        if end - start == 17
            && !is_alphanumeric(line.before(start))
            && !is_alphanumeric(line.at(end))
            && is_mac(line.str(start..end), '-')
        {
            search.found.push(Finding::new(start..end, Class::Mac, "mac"));
        }
    }
}

/// First halves that makers of cards have, as they stand on stickers and in lists without anything between.
static MAKERS: Words = Words::of(include_str!("../../words/card-makers.txt"));

/// `b827eb4a1c09`: twelve hexadecimal digits alone, of a maker that is known.
pub(super) fn undotted_mac(search: &mut Search<'_, '_>) {
    let line = search.line;
    for digit in line.places(sign::NUMBERS_IN_HEXADECIMAL) {
        // From the first digit on, twelve are at least seven more.
        if !line.at(digit + 6).is_ascii_hexdigit() || !line.at(digit + 3).is_ascii_hexdigit() {
            continue;
        }
        let end = line.end_of(ALPHANUMERIC, digit);
        let start = line.start_of(ALPHANUMERIC, digit);
        if end != start + 12 || !line.slice(start..end).iter().all(u8::is_ascii_hexdigit) {
            continue;
        }
        let apart = |byte: u8| !is_alphanumeric(byte) && !matches!(byte, b'-' | b'_' | b'/' | b'@' | b'.');
        // Programs call their own things by twelve digits as well.
        let before = line.back(start, |byte| matches!(byte, b' ' | b':' | b'='));
        let word = line.str(line.start_of(ALPHABETIC, before)..before);
        let named = is_one_of(
            word,
            &[
                "commit",
                "image",
                "id",
                "container",
                "sha",
                "digest",
                "revision",
                "rev",
                "build",
                "hash",
            ],
        );
        let text = line.str(start..end);
        // Digests and names of containers are written in small letters.
        let digits = text.bytes().filter(u8::is_ascii_digit).count();
        let capitals = (4..=10).contains(&digits) && !text.bytes().any(|byte| byte.is_ascii_lowercase());
        let known = !named && (capitals || MAKERS.contains(line.str(start..start + 6)));
        let seen = search.found.last().is_some_and(|last| last.range.start == start);
        if known && !seen && apart(line.before(start)) && apart(line.at(end)) {
            search.found.push(Finding::new(start..end, Class::Mac, "mac"));
        }
    }
}

/// `74acb9-102238`, as some switches print it: letters and digits, so that no number is taken for one.
fn halved_mac(search: &mut Search<'_, '_>, line: &Line<'_>) {
    for dash in line.places(sign::DASHES_BETWEEN_HALVES) {
        let Some(start) = dash.checked_sub(6).filter(|start| *start >= line.start) else {
            continue;
        };
        let text = line.str(start..dash + 7);
        let halves = text.len() == 13 && text.bytes().enumerate().all(|(at, byte)| at == 6 || byte.is_ascii_hexdigit());
        let mixed = text.bytes().any(|byte| byte.is_ascii_alphabetic()) && text.bytes().filter(u8::is_ascii_digit).count() >= 4;
        let apart = |byte: u8| !is_alphanumeric(byte) && !matches!(byte, b'-' | b'_' | b'.');
        if halves && mixed && apart(line.before(start)) && apart(line.at(dash + 7)) {
            search.found.push(Finding::new(start..dash + 7, Class::Mac, "mac"));
        }
    }
}

/// `11...a4 bb 6d 27 e0 5c ......`, as Windows lists interfaces.
fn spaced_mac(search: &mut Search<'_, '_>, line: &Line<'_>) {
    let Some(dots) = line.places(sign::DOTS).next().filter(|dots| *dots <= line.start + 6) else {
        return;
    };
    let start = line.forward(dots, |byte| byte == b'.');
    let text = line.str(start..start + 17);
    let pairs = text.len() == 17
        && text
            .split(' ')
            .all(|pair| pair.len() == 2 && pair.bytes().all(|byte| byte.is_ascii_hexdigit()));
    if pairs && line.at(start + 17) == b' ' && names_a_card(text) {
        search.found.push(Finding::new(start..start + 17, Class::Mac, "mac"));
    }
}

/// `0011.2233.4455`, as switches print it.
fn cisco_mac(search: &mut Search<'_, '_>, line: &Line<'_>) {
    let mut next = line.start;
    for dot in line.places(sign::DOTS_IN_FIVES) {
        if dot < next || line.at(dot + 5) != b'.' {
            continue;
        }
        let start = line.start_of(HEX, dot);
        let end = start + 14;
        let text = line.str(start..end);
        let fits = dot == start + 4 && line.at(start + 9) == b'.' && text.len() == 14;
        if fits
            && text
                .bytes()
                .enumerate()
                .all(|(at, byte)| matches!(at, 4 | 9) || byte.is_ascii_hexdigit())
            && !is_alphanumeric(line.at(end))
            && line.at(end) != b'.'
            && !matches!(line.before(start), b'.' | b'_' | b'-')
            && names_a_card(text)
        {
            search.found.push(Finding::new(start..end, Class::Mac, "mac"));
            next = end;
        }
    }
}
