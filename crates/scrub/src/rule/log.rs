//! Lines of logs: which machine wrote them (RFC 3164, RFC 5424, journald), and accounts that stand before a phrase of theirs.

use super::host::is_host_name;
use super::person::is_account_name;
use super::value::is_found;
use super::{Anchor, Meaning, Search};
use crate::class::Class;
use crate::finding::Finding;
use crate::kind::{BLANK, DIGIT, NAME, SOLID};
use crate::line::{Line, has, is_blank};
use crate::sign;
use std::ops::Range;

/// `Mar 12 02:13:58 web-03 sshd[1204]:`, `2026-03-12T02:13:58.1+01:00 web-03 sshd[1204]:`, `<34>1 2026-03-12T02:13:58Z web-03 su`.
pub(super) fn written_by(search: &mut Search<'_, '_>) {
    let line = search.line;
    if !line.has(has::COLON | has::DIGIT) {
        return;
    }
    let (start, numbered) = priority(&line);
    let Some(after) = traditional(&line, start).or_else(|| timestamp(&line, start)) else {
        return;
    };
    let range = word(&line, after);
    let tag = line.str(word(&line, line.end_of(BLANK, range.end)));
    let name = line.str(range.clone());
    if (numbered || tag.ends_with(':') || tag.contains('[')) && !LEVELS.contains(&name) && is_host_name(name) {
        search.found.push(Finding::new(range, Class::Host, "log-line"));
    }
}

const LEVELS: &[&str] = &[
    "INFO", "WARN", "WARNING", "ERROR", "DEBUG", "TRACE", "FATAL", "NOTICE", "info", "warn", "error", "debug",
];

/// Behind `<34>1 `, and whether it was there.
fn priority(line: &Line<'_>) -> (usize, bool) {
    let start = line.start;
    if line.at(start) != b'<' {
        return (start, false);
    }
    let close = line.end_of(DIGIT, start + 1);
    if line.at(close) != b'>' {
        return (start, false);
    }
    let numbered = line.at(close + 1) == b'1' && line.at(close + 2) == b' ';
    (close + if numbered { 3 } else { 1 }, numbered)
}

fn traditional(line: &Line<'_>, start: usize) -> Option<usize> {
    let fits = line.at(start + 3) == b' '
        && line.at(start + 6) == b' '
        && line.at(start + 9) == b':'
        && line.at(start + 12) == b':'
        && line.at(start + 15) == b' '
        && line.at(start).is_ascii_uppercase();
    fits.then_some(start + 16)
}

fn timestamp(line: &Line<'_>, start: usize) -> Option<usize> {
    let fits = line.at(start + 4) == b'-' && line.at(start + 10) == b'T' && line.at(start + 13) == b':';
    let end = line.end_of(SOLID, start);
    (fits && line.at(end) == b' ').then_some(end + 1)
}

fn word(line: &Line<'_>, at: usize) -> Range<usize> {
    at..line.end_of(SOLID, at)
}

/// `tberg : TTY=pts/0`, `(tberg) CMD (…)`, `tberg@pts/0`, `WS-042  <20>  UNIQUE`.
pub(super) fn before_phrases(search: &mut Search<'_, '_>) {
    let line = search.line;
    for anchor in search.anchors {
        let Meaning::Before(class) = anchor.meaning else { continue };
        let end = line.start_of(BLANK, anchor.start);
        let range = line.start_of(NAME, end)..end;
        let text = line.str(range.clone());
        let fits = if class == Class::Host {
            is_host_name(text) && stands(&line, anchor, &range)
        } else {
            is_account_name(text)
        };
        if fits && !is_found(search, range.start) {
            search.found.push(Finding::new(range, class, "log-phrase"));
        }
    }
}

/// Whether the phrase speaks of a machine here: lists of Ansible begin with its name; queues of printers are named like machines only now and
/// then, and else after makers and rooms.
fn stands(line: &Line<'_>, anchor: &Anchor, range: &Range<usize>) -> bool {
    let queues = [
        " accepting requests since",
        " not accepting requests",
        " is ready and printing",
        " now printing ",
        " is idle.  enabled",
        " disabled since ",
    ];
    match anchor.word {
        " ansible_" => range.start == line.start,
        word if queues.contains(&word) => line.str(range.clone()).contains('-'),
        _ => true,
    }
}

/// `203.0.113.24 - tberg [12/Mar/2026:…`: whom a web server knew.
pub(super) fn web_account(search: &mut Search<'_, '_>) {
    let line = search.line;
    let alone = |dash: &usize| is_blank(line.before(*dash)) && line.at(dash + 1) == b' ';
    for dash in line.places(sign::DASHES).take(4).filter(alone) {
        let range = word(&line, dash + 2);
        if line.at(range.end + 1) == b'[' && is_account_name(line.str(range.clone())) {
            search.found.push(Finding::new(range, Class::User, "web-log"));
        }
    }
}

/// `Last login: Tue Mar 10 11:02:44 2026 from ws-042`, and whatever else ends in where somebody came from.
pub(super) fn last_login(search: &mut Search<'_, '_>) {
    let line = search.line;
    for anchor in search.anchors.iter().filter(|anchor| anchor.meaning == Meaning::LastLogin) {
        let rest = line.str(anchor.end..line.end);
        let Some(at) = rest.rfind(" from ") else { continue };
        let range = word(&line, anchor.end + at + " from ".len());
        if is_host_name(line.str(range.clone())) {
            search.found.push(Finding::new(range, Class::Host, "last-login"));
        }
        return;
    }
}
