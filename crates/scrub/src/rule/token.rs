//! Tokens that their makers marked, tokens that are too dense to be words, and private keys.

use super::value::is_found;
use super::{Anchor, Meaning, Search};
use crate::class::Class;
use crate::finding::Finding;
use crate::line::{Line, is_alphanumeric};

/// How a marked token goes on: the mark as its maker writes it, and how many bytes of its alphabet follow at least.
const MARKS: &[(&str, usize)] = &[
    ("ghp_", 20),
    ("gho_", 20),
    ("ghu_", 20),
    ("ghs_", 20),
    ("ghr_", 20),
    ("github_pat_", 20),
    ("glpat-", 16),
    ("xoxb-", 16),
    ("xoxp-", 16),
    ("xoxa-", 16),
    ("xoxs-", 16),
    ("xapp-", 16),
    ("sk_live_", 12),
    ("sk_test_", 12),
    ("rk_live_", 12),
    ("pk_live_", 12),
    ("whsec_", 16),
    ("AKIA", 16),
    ("ASIA", 16),
    ("AIza", 30),
    ("ya29.", 20),
    ("eyJ", 30),
    ("npm_", 30),
    ("pypi-", 30),
    ("SG.", 40),
    ("shpat_", 24),
    ("dop_v1_", 32),
    ("hf_", 28),
    ("sk-", 20),
    ("tskey-", 16),
    ("dckr_pat_", 20),
    ("hvs.", 20),
    ("hooks.slack.com/services/", 20),
];

pub(super) fn find(search: &mut Search<'_, '_>) {
    let line = search.line;
    for anchor in search.anchors.iter().filter(|anchor| anchor.meaning == Meaning::Prefix) {
        if is_alphanumeric(line.before(anchor.start)) || is_found(search, anchor.start) {
            continue;
        }
        let mark = line.str(anchor.start..anchor.end);
        let Some((_, least)) = MARKS.iter().find(|(known, _)| *known == mark) else {
            continue;
        };
        let end = line.run(anchor.end, |byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'/' | b'+' | b'=')
        });
        let end = line.back(end, |byte| matches!(byte, b'.' | b'/'));
        if end >= anchor.end + least {
            search
                .found
                .push(Finding::new(anchor.start..end, Class::Token, "marked-token"));
        }
    }
}

/// PEM and OpenSSH private keys, from their first line to their last, or to the end of the text.
pub(super) fn private_keys(text: &str, anchors: &[Anchor], found: &mut Vec<Finding>) {
    let mut done = 0;
    for anchor in anchors.iter().filter(|anchor| anchor.meaning == Meaning::Pem) {
        if anchor.start < done {
            continue;
        }
        let rest = text.get(anchor.start..).unwrap_or_default();
        let first = rest.split(['\n', '\r']).next().unwrap_or_default();
        if !first.contains("PRIVATE KEY") {
            continue;
        }
        let end = rest
            .find("-----END")
            .and_then(|at| {
                rest.get(at + 8..)
                    .and_then(|tail| tail.find("-----"))
                    .map(|length| at + 8 + length + 5)
            })
            .unwrap_or(rest.len());
        done = anchor.start + end;
        found.push(Finding::new(anchor.start..done, Class::Key, "private-key"));
    }
}

/// Words of 32 characters or more that mix cases and digits as chance does. Digests in hexadecimal, paths, public keys and
/// signatures of downloads are not taken for secrets.
pub(super) fn dense(search: &mut Search<'_, '_>) {
    let line = search.line;
    let inside = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'_' | b'-' | b'=');
    let mut at = line.start;
    while at < line.end {
        let start = at
            + line
                .slice(at..line.end)
                .iter()
                .position(|byte| inside(*byte))
                .unwrap_or(line.end - at);
        let end = line.run(start, inside);
        at = end.max(start + 1);
        if end < start + 32 || is_found(search, start) || !is_dense(&line, start, end) {
            continue;
        }
        search.found.push(Finding::new(start..end, Class::Token, "dense-token"));
    }
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
    if public.iter().any(|mark| text.starts_with(mark))
        || fingerprint.starts_with(b"SHA256")
        || matches!(line.before(start), b'/' | b'\\' | b'.')
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
    // Chance gives about 42 % each of both cases and 16 % digits; words joined by signs do not.
    upper * 6 >= text.len()
        && lower * 6 >= text.len()
        && digits * 20 >= text.len()
        && others * 8 <= text.len()
        && changes(text) * 3 >= text.len()
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
