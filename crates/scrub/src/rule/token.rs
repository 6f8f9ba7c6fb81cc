//! Tokens that their makers marked, tokens that are too dense to be words, tokens behind words that say little, and private keys.

use super::value::{self, Reach, is_found, suffix};
use super::words::holds;
use super::{Anchor, Meaning, Search};
use crate::class::Class;
use crate::finding::Finding;
use crate::kind::{ALPHANUMERIC, DIGIT};
use crate::line::{Line, is_alphanumeric, is_blank, steps};
use crate::sign;
use std::ops::Range;

pub(super) fn find(search: &mut Search<'_, '_>) {
    let line = search.line;
    for anchor in search.anchors {
        let Meaning::Mark(least) = anchor.meaning else {
            continue;
        };
        let mark = anchor.word;
        let joined = is_alphanumeric(line.before(anchor.start)) && !mark.starts_with(['/', '.', ':'])
            || mark.starts_with('_') && line.before(anchor.start) == b'_';
        if joined || line.str(anchor.start..anchor.end) != mark || is_found(search, anchor.start) {
            continue;
        }
        let hash = mark.starts_with(['$', '{']) || mark.ends_with('$');
        let address = mark.contains('/') || mark == "K10";
        let end = line.run(anchor.end, |byte| {
            byte.is_ascii_alphanumeric()
                || address && matches!(byte, b'@' | b':')
                || matches!(byte, b'_' | b'-' | b'.' | b'/' | b'+' | b'=' | b'~')
                || hash && matches!(byte, b'$' | b',' | b'*' | b'}' | b':')
        });
        let end = line.back(end, |byte| matches!(byte, b'.' | b'/') && !hash);
        if end >= anchor.end + least {
            let class = if hash { Class::Password } else { Class::Token };
            // "$$apr1$$" is escaped; ".atlasv1." stands within.
            let start = match mark {
                ".atlasv1." | ":APA91b" => line.back(anchor.start, |byte| byte.is_ascii_alphanumeric() || byte == b'_'),
                _ if hash && line.before(anchor.start) == b'$' => anchor.start - 1,
                _ => anchor.start,
            };
            search.found.push(Finding::new(start..end, class, "marked-token"));
        }
    }
}

/// What the first line of a block says that must not leave.
const SECRET_BLOCKS: &[&str] = &["PRIVATE KEY", "OpenVPN Static key", "PuTTY-User-Key-File"];

/// `-----BEGIN ENCRYPTED PRIVATE KEY-----` and what may stand before it in a line of code.
const LONGEST_TITLE: usize = 256;

/// PEM and OpenSSH private keys, from their first line to their last, or to the end of the text.
pub(super) fn private_keys(text: &str, anchors: &[Anchor], found: &mut Vec<Finding>) {
    let mut done = 0;
    for anchor in anchors.iter().filter(|anchor| anchor.meaning == Meaning::Pem) {
        if anchor.start < done {
            continue;
        }
        let rest = text.get(anchor.start..).unwrap_or_default();
        steps::count(LONGEST_TITLE);
        let first = rest.get(..rest.floor_char_boundary(LONGEST_TITLE)).unwrap_or_default();
        let first = first.split(['\n', '\r']).next().unwrap_or_default();
        if !SECRET_BLOCKS.iter().any(|title| first.contains(title)) {
            continue;
        }
        let putty = anchor.word.len() > "-----begin".len();
        let end = if putty {
            putty_end(rest)
        } else {
            rest.find("-----END")
                .and_then(|at| {
                    rest.get(at + 8..)
                        .and_then(|tail| tail.find("-----"))
                        .map(|length| at + 8 + length + 5)
                })
                .unwrap_or(rest.len())
        };
        steps::count(end);
        done = anchor.start + end;
        found.push(Finding::new(anchor.start..done, Class::Key, "private-key"));
    }
}

/// A key of PuTTY ends with the line of its checksum.
fn putty_end(rest: &str) -> usize {
    let last = rest.find("Private-MAC:").unwrap_or(rest.len());
    let line = rest.get(last..).and_then(|tail| tail.find(['\r', '\n']));
    line.map_or(rest.len(), |length| last + length)
}

/// Nothing shorter is told from a word.
const SHORTEST: usize = 24;

/// Words of 24 characters or more that mix cases and digits as chance does. Digests in hexadecimal, paths, public keys and
/// signatures of downloads are not taken for secrets.
pub(super) fn dense(search: &mut Search<'_, '_>) {
    let line = search.line;
    let inside = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'_' | b'-' | b'=');
    let mut next = line.start;
    // A run begins at such a place or behind it: far enough on, it is met or there is none yet.
    for place in line.places(sign::LONG_WORDS) {
        if place < next {
            continue;
        }
        let at = place + SHORTEST - 1;
        let (start, end) = (line.back(at, inside), line.run(at, inside));
        if let Some(value) = parameter(&line, start, end).filter(|value| !is_found(search, value.start)) {
            search.found.push(Finding::new(value, Class::Token, "address-parameter"));
        } else if end >= start + SHORTEST && inside(line.at(at)) && !is_found(search, start) && is_dense(&line, start, end) {
            search
                .found
                .push(Finding::new(start..escaped(&line, end), Class::Token, "dense-token"));
        }
        next = end.max(at) + 1;
    }
}

/// `?wstoken=53d374f3…&…`: a part of an address whose value mixes letters and digits as chance does; versions and digests of files do not count.
fn parameter(line: &Line<'_>, start: usize, end: usize) -> Option<Range<usize>> {
    if !matches!(line.before(start), b'?' | b'&') {
        return None;
    }
    let (name, value) = line.str(start..end).split_once('=')?;
    let count = |test: fn(&u8) -> bool| value.bytes().filter(test).count();
    let files = [
        "v",
        "ver",
        "version",
        "rev",
        "commit",
        "sha",
        "sha1",
        "sha256",
        "md5",
        "checksum",
        "etag",
        "integrity",
        "build",
        "hash",
    ];
    let fits = value.len() >= 20
        && count(u8::is_ascii_digit) * 8 >= value.len()
        && count(u8::is_ascii_alphabetic) * 8 >= value.len()
        && !value.contains(['/', '+'])
        && value.matches(['-', '_']).count() * 8 <= value.len();
    let other = files.iter().any(|file| file.eq_ignore_ascii_case(name)) || value.matches('-').count() >= 4;
    (fits && !other).then(|| start + name.len() + 1..escaped(line, end))
}

/// Over "%3D" and what goes on behind it, as addresses of the web have signs.
fn escaped(line: &Line<'_>, end: usize) -> usize {
    let mut end = end;
    while line.at(end) == b'%' && line.at(end + 1).is_ascii_hexdigit() && line.at(end + 2).is_ascii_hexdigit() {
        end = line.end_of(ALPHANUMERIC, end + 3);
    }
    end
}

/// `6833824896:AAg44ia…`: a bot's number, and 35 signs that begin with two capitals.
pub(super) fn bots(search: &mut Search<'_, '_>) {
    let line = search.line;
    for colon in line.places(sign::COLONS_IN_KEYS) {
        if !line.before(colon).is_ascii_digit() || !line.reads(colon + 1, "AA") {
            continue;
        }
        let start = line.start_of(DIGIT, colon);
        let end = line.forward(colon + 1, |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
        let fits = (8..=10).contains(&(colon - start)) && (33..=37).contains(&(end - colon - 1));
        if fits && !is_alphanumeric(line.before(start)) && !is_found(search, start) {
            search.found.push(Finding::new(start..end, Class::Token, "bot-token"));
        }
    }
}

/// `"key": "Ab9xK2…"`, `sid=q8Zx…`: letters of both cases and digits, or many hexadecimal digits, behind a word that says little.
pub(super) fn weak(line: &Line<'_>, anchor: &Anchor) -> Option<Range<usize>> {
    if anchor.word == "enter the code " {
        return typed_code(line, anchor.end);
    }
    if is_alphanumeric(line.before(anchor.start)) || !suffix(line, anchor).is_empty() {
        return None;
    }
    // "?key=d6ccf07e8d89590b1dc8&…", "application_key = 3775e1100a3aad4f": a part of an address, the end of a name
    let named = matches!(line.before(anchor.start), b'?' | b'&' | b'_') || line.at(anchor.end) == b'=';
    let bare = anchor.word.contains([' ', '_']) || anchor.word.contains("secret");
    let value = value::value(line, anchor.end, bare, Reach::Word)?;
    let range = value::until(line, value.range, b";,&)}]|");
    let text = line.str(range.clone());
    let count = |test: fn(&u8) -> bool| text.bytes().filter(test).count();
    let (upper, lower, digits) = (
        count(u8::is_ascii_uppercase),
        count(u8::is_ascii_lowercase),
        count(u8::is_ascii_digit),
    );
    let signs = text.len() - upper - lower - digits;
    let hexadecimal = text.len() >= 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) && digits > 0;
    let hexadecimal =
        hexadecimal || named && text.len() >= 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) && digits >= 4;
    let secret = anchor.word.contains("secret") && digits > 0;
    let mixed = digits >= 2 && signs <= 3 && (upper >= 3 && lower >= 3 || secret);
    let beyond = text.bytes().filter(|byte| byte.to_ascii_lowercase() > b'f').count();
    let single =
        text.len() >= 24 && signs <= 2 && (upper == 0 || lower == 0) && digits * 8 >= text.len() && beyond * 4 >= text.len();
    let told = bare && signs == 0 && digits >= 4 && upper + lower >= 4;
    let marked = named && text.len() >= 24 && signs <= 3 && digits >= 6 && upper + lower >= 6;
    (text.len() >= 16 && (mixed || hexadecimal || single || told || marked) && !text.contains([':', '.', '\\', '(']))
        .then_some(range)
}

/// "API-Key Wetterstation 9f3c-5e3b…", "use this token until it is up: 65ba3b…": one of the next words, so long and so mixed that it can be
/// nothing else.
pub(super) fn told(line: &Line<'_>, anchor: &Anchor) -> Option<Range<usize>> {
    let mut at = anchor.end + suffix(line, anchor).len();
    for _ in 0..7 {
        let start = line.forward(at, |byte| is_blank(byte) || matches!(byte, b':' | b',' | b'"' | b'`'));
        let end = line.forward(start, |byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
        });
        let end = line.back(end, |byte| byte == b'.').max(start);
        let text = line.str(start..end);
        let count = |test: fn(&u8) -> bool| text.bytes().filter(test).count();
        let apart = is_blank(line.before(start)) || matches!(line.before(start), b'"' | b'`');
        let whole = !is_alphanumeric(line.at(end)) && !matches!(line.at(end), b'/' | b'\\' | b'@' | b'=');
        if apart
            && whole
            && (20..=256).contains(&text.len())
            && count(u8::is_ascii_digit) >= 4
            && count(u8::is_ascii_alphabetic) >= 3
        {
            return Some(start..end);
        }
        at = line.forward(end, |byte| !is_blank(byte));
        if at <= start || line.before(at) == b'.' {
            return None;
        }
    }
    None
}

/// `sv=…&se=…&sig=…`: what Azure signs, whole, when its version stands there.
pub(super) fn signed(line: &Line<'_>, signature: Range<usize>) -> Range<usize> {
    let inside = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'%' | b'=' | b'&' | b'-' | b':' | b'.' | b'_');
    let start = line.back(signature.start, inside);
    let end = line.forward(signature.end, |byte| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'%' | b'=' | b'&')
    });
    if line.str(start..signature.start).contains("sv=") {
        start..end
    } else {
        signature
    }
}

/// "enter the code VNGXFDYLG to authenticate": what signs a device in.
fn typed_code(line: &Line<'_>, start: usize) -> Option<Range<usize>> {
    let end = line.forward(start, |byte| {
        byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'-'
    });
    ((8..=9).contains(&(end - start)) && !is_alphanumeric(line.at(end))).then_some(start..end)
}

fn is_dense(line: &Line<'_>, start: usize, end: usize) -> bool {
    let text = line.str(start..end);
    let public = [
        "AAAAB3NzaC1",
        "AAAAC3NzaC1",
        "AAAAE2VjZHNh",
        "sha256-",
        "sha384-",
        "sha512-",
        "MII",
    ];
    let fingerprint = line.slice(line.back(start, |byte| byte == b':').saturating_sub(6)..start);
    if matches!(line.before(start), b'/' | b'\\' | b'.')
        || public.iter().any(|mark| text.starts_with(mark))
        || fingerprint.starts_with(b"SHA256")
        || holds(line.str_before(start, 24), "public")
    {
        return false;
    }
    let count = |test: fn(&u8) -> bool| text.bytes().filter(test).count();
    let (upper, lower, digits) = (
        count(u8::is_ascii_uppercase),
        count(u8::is_ascii_lowercase),
        count(u8::is_ascii_digit),
    );
    let others = text.len() - upper - lower - digits;
    if others == 0 && (upper == 0 || lower == 0) {
        return is_of_one_case(text, digits);
    }
    // Chance gives about 42 % each of both cases and 16 % digits; words joined by signs do not.
    upper * 6 >= text.len()
        && lower * 6 >= text.len()
        && digits * 20 >= text.len()
        && others * 8 <= text.len()
        && changes(text) * 3 >= text.len()
        // A shorter one must look the more like chance.
        && (text.len() >= 32 || changes(text) * 2 >= text.len() && digits >= 3 && others == 0)
}

/// Seeds of second factors in base 32, keys of small letters and digits: what digests in hexadecimal have no letters for.
fn is_of_one_case(text: &str, digits: usize) -> bool {
    let beyond = text.bytes().filter(|byte| byte.to_ascii_lowercase() > b'f').count();
    let seed = text
        .bytes()
        .all(|byte| byte.is_ascii_uppercase() || matches!(byte, b'2'..=b'7'));
    beyond * 4 >= text.len() && digits * 16 >= text.len() && (seed || text.len() >= 32 && digits * 8 >= text.len())
}

/// How often the kind of character changes.
fn changes(text: &str) -> usize {
    let kind = |byte: u8| match byte {
        b'a'..=b'z' => 0,
        b'A'..=b'Z' => 1,
        b'0'..=b'9' => 2,
        _ => 3,
    };
    text.bytes()
        .zip(text.bytes().skip(1))
        .filter(|(a, b)| kind(*a) != kind(*b))
        .count()
}
