//! Passwords on command lines: programs that take them by a short flag, and `net user NAME PASSWORD`.

use super::Anchor;
use crate::line::{Line, is_alphanumeric, is_blank};
use std::ops::Range;

/// The password after this flag of the program that the anchor names.
pub(super) fn flagged(line: &Line<'_>, anchor: &Anchor, flag: &str) -> Option<Range<usize>> {
    if is_alphanumeric(line.before(anchor.start)) {
        return None;
    }
    let lead = flag.as_bytes().first().copied().unwrap_or(b'-');
    let mut place = anchor.end;
    while place < line.end {
        place = line.forward(place, |byte| byte != lead);
        if place >= line.end || place > anchor.end + 512 {
            return None;
        }
        let fits = is_blank(line.before(place)) && line.slice(place..place + flag.len()) == flag.as_bytes();
        if fits {
            break;
        }
        place += 1;
    }
    if place >= line.end {
        return None;
    }
    let after = place + flag.len();
    let start = if is_blank(line.at(after)) {
        line.forward(after, is_blank)
    } else {
        after
    };
    if flag == "/user:" {
        // net use X: \\srv\share PASSWORD /user:DOMAIN\name, or /user:name PASSWORD
        let name_end = line.forward(after, |byte| !is_blank(byte));
        let next = word(line, line.forward(name_end, is_blank));
        if !next.is_empty() && !matches!(line.at(next.start), b'/' | b'*') {
            return Some(next);
        }
        let end = line.back(place, is_blank);
        let before = line.back(end, |byte| !is_blank(byte));
        let is_share = line.str(before..end).starts_with('\\') || line.str(before..end).ends_with(':');
        return (!is_share && !matches!(line.at(before), b'/' | b'*')).then_some(before..end);
    }
    let range = word(line, start);
    let text = line.str(range.clone());
    if text.is_empty() || text.starts_with(['-', '$', '%', '<']) {
        return None;
    }
    match flag {
        // user:password, user%password
        "-u" | "-U" => {
            let at = text.find(if flag == "-u" { ':' } else { '%' })?;
            let range = range.start + at + 1..range.end;
            (!range.is_empty()).then_some(range)
        }
        _ => (text.len() >= 3).then_some(range),
    }
}

/// The word at this place, without the quotes around it.
fn word(line: &Line<'_>, at: usize) -> Range<usize> {
    match line.at(at) {
        quote @ (b'"' | b'\'') => at + 1..line.forward(at + 1, |byte| byte != quote),
        _ => at..line.forward(at, |byte| !is_blank(byte) && !matches!(byte, b'"' | b'\'')),
    }
}

/// `net user NAME PASSWORD`.
pub(super) fn net_user(line: &Line<'_>, anchor: &Anchor) -> Option<Range<usize>> {
    let name = word(line, line.forward(anchor.end, is_blank));
    let after = name.end + usize::from(matches!(line.at(name.end), b'"' | b'\''));
    let password = word(line, line.forward(after, is_blank));
    let text = line.str(password.clone());
    (!text.is_empty() && after < password.start && !text.starts_with(['/', '*', '|', '>', '&', '2'])).then_some(password)
}

/// `echo PASSWORD | sudo -S …`, `echo 'name:PASSWORD' | chpasswd`.
pub(super) fn piped(line: &Line<'_>, anchor: &Anchor) -> Option<Range<usize>> {
    let before = line.str_before(anchor.start, 256);
    let echo = ["echo ", "printf ", "<<< "]
        .iter()
        .filter_map(|word| Some(before.rfind(word)? + word.len()))
        .max()?;
    let mut start = anchor.start - before.len() + echo;
    while line.at(start) == b'-' {
        start = line.forward(line.forward(start, |byte| !is_blank(byte)), is_blank);
    }
    let range = word(line, start);
    let text = line.str(range.clone());
    let text = text.trim_end_matches("\\n");
    let skip = if anchor.word.contains("chpasswd") {
        text.find(':')? + 1
    } else {
        0
    };
    let range = range.start + skip..range.start + text.len();
    (range.len() >= 3 && line.at(range.start) != b'$').then_some(range)
}

/// `NetworkCredential("name", "PASSWORD")`.
pub(super) fn credential(line: &Line<'_>, anchor: &Anchor) -> Option<Range<usize>> {
    let open = line.forward(anchor.end, |byte| byte != b'"' && byte != b'\'');
    let quote = line.at(open);
    let close = line.forward(open + 1, |byte| byte != quote);
    let start = line.forward(close + 1, |byte| is_blank(byte) || byte == b',');
    let range = start + 1..line.forward(start + 1, |byte| byte != quote);
    (line.at(start) == quote && quote != 0 && open < anchor.end + 8 && range.len() >= 3).then_some(range)
}

/// `-u NAME`, `-U NAME`, `-h HOST`, `-S HOST` of the programs that also take a password: where the value stands.
pub(super) fn others(line: &Line<'_>, anchor: &Anchor) -> impl Iterator<Item = (bool, Range<usize>)> {
    let flags: [(&[u8], bool); 8] = [
        (b" -u ", true),
        (b" -U ", true),
        (b" -l ", true),
        (b" --user ", true),
        (b" --username ", true),
        (b" -h ", false),
        (b" -S ", false),
        (b" -H ", false),
    ];
    let line = *line;
    let rest = line.slice(anchor.end.saturating_sub(1)..line.end.min(anchor.end + 256));
    let found = flags.map(|(flag, is_user)| {
        let at = memchr::memmem::find(rest, flag)?;
        let start = anchor.end.saturating_sub(1) + at + flag.len();
        Some((is_user, word(&line, line.forward(start, is_blank))))
    });
    found.into_iter().flatten()
}
