//! Names of accounts and people in listings: columns under known headings, and layouts that a line shows by itself.

use super::host::is_host_name;
use super::person::{is_account_name, is_full_name};
use super::plausible::is_secret_word;
use super::{Meaning, Search};
use crate::class::Class;
use crate::finding::Finding;
use crate::kind::{BLANK, DIGIT, SOLID};
use crate::line::{Line, has, is_blank};
use crate::sign;
use std::ops::Range;

/// Which list of names the lines belong to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum List {
    /// None that is known.
    #[default]
    None,
    /// After `User accounts for \\HOST`: three names a line.
    NetUser,
    /// After `Members`: a name a line, or three.
    Members,
}

pub(super) fn find(search: &mut Search<'_, '_>, list: &mut List) {
    let line = search.line;
    let first = line.forward(line.start, |byte| is_blank(byte) || byte == b'>');
    if first == line.end {
        return;
    }
    if let Some(opened) = heading(&line, first) {
        *list = opened;
        return;
    }
    if !line.has(has::LOWER) && !line.has(has::UPPER) {
        return;
    }
    match *list {
        List::NetUser | List::Members if ENDS.iter().any(|end| line.reads(first, end)) => *list = List::None,
        List::NetUser | List::Members => {
            let rule = if *list == List::NetUser {
                "net-user-list"
            } else {
                "group-members"
            };
            let mut at = first;
            while at < line.end {
                let end = line.gap(at);
                name(search, line.trim(at..end), rule);
                at = line.end_of(BLANK, end);
            }
        }
        List::None => {}
    }
    account_files(search, first);
    file_owner(search, first);
    logged_in(search, first);
    if !search.anchors.is_empty() {
        id(search);
    }
}

/// Notes what stands where a name would, if it is one.
fn name(search: &mut Search<'_, '_>, range: Range<usize>, rule: &'static str) {
    let text = search.line.str(range.clone());
    if is_account_name(text) || text.contains(' ') && is_full_name(text) {
        search.found.push(Finding::new(range, Class::User, rule));
    }
}

/// How `net` says that it is done.
pub(super) const ENDS: &[&str] = &["The command", "Der Befehl", "La commande", "Se ha completado"];

fn heading(line: &Line<'_>, first: usize) -> Option<List> {
    if !matches!(line.at(first), b'U' | b'B' | b'M') {
        return None;
    }
    let text = line.str(line.trim(first..line.end));
    match line.at(first) {
        b'U' if text.starts_with("User accounts for") => Some(List::NetUser),
        b'B' if text.starts_with("Benutzerkonten f") => Some(List::NetUser),
        b'M' if matches!(text, "Members" | "Mitglieder" | "Membres" | "Miembros") => Some(List::Members),
        _ => None,
    }
}

fn word(line: &Line<'_>, at: usize) -> Range<usize> {
    at..line.end_of(SOLID, at)
}

/// `name:x:uid:gid:full name:home:shell`, `name:$6$…:19000:0:99999:7:::`, `name:1001:LM digest:NT digest:::`, `group:x:27:name,name`.
fn account_files(search: &mut Search<'_, '_>, first: usize) {
    let line = search.line;
    if !line.has(has::COLON) {
        return;
    }
    let mut colons = [0; 9];
    let mut count = 0;
    for (place, colon) in colons.iter_mut().zip(line.places(sign::COLONS)) {
        *place = colon;
        count += 1;
    }
    match *colons.get(..count).unwrap_or_default() {
        [one, two, three, four, five, _] => {
            if let Ok(uid) = line.str(two + 1..three).parse::<u32>() {
                if uid >= 500 && uid != 65_534 {
                    name(search, first..one, "passwd-entry");
                    let full = line.forward(four + 1, |byte| byte != b',').min(five);
                    name(search, four + 1..full, "passwd-full-name");
                }
            } else if line.str(three + 1..four).len() == 32 && line.str(two + 1..three).len() == 32 {
                name(search, first..one, "digest-entry");
                search
                    .found
                    .push(Finding::new(two + 1..four, Class::Password, "digest-entry"));
            }
        }
        // What PostgreSQL keeps: `host:port:database:user:password`.
        [one, two, three, four] if is_port(line.str(one + 1..two)) && four + 1 < line.end => {
            if is_host_name(line.str(first..one)) {
                search.found.push(Finding::new(first..one, Class::Host, "password-file"));
            }
            name(search, three + 1..four, "password-file");
            let secret = line.trim(four + 1..line.end);
            if is_secret_word(line.str(secret.clone())) && three > two + 1 {
                search.found.push(Finding::new(secret, Class::Password, "password-file"));
            }
        }
        // What a challenge was answered with: `user::DOMAIN:challenge:digest:blob`.
        [one, two, three, four, five] if two == one + 1 && four - three == 17 => {
            name(search, first..one, "challenge");
            if is_host_name(line.str(two + 1..three)) {
                search.found.push(Finding::new(two + 1..three, Class::Host, "challenge"));
            }
            search.found.push(Finding::new(four + 1..five, Class::Password, "challenge"));
        }
        [one, two, _, _, _, _, _, _] if matches!(line.at(one + 1), b'$' | b'!' | b'*') && two < line.end => {
            name(search, first..one, "shadow-entry");
        }
        [one, two, three] if line.at(one + 1) == b'x' && two == one + 2 => {
            let mut at = three + 1;
            while at < line.end {
                let end = line.forward(at, |byte| byte != b',');
                name(search, at..end, "group-entry");
                at = end + 1;
            }
        }
        [one] if line.at(one + 1) == b'$' => name(search, first..one, "htpasswd-entry"),
        _ => {}
    }
}

fn is_port(text: &str) -> bool {
    (3..=5).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// `ls -l`: mode, links, owner, group, size …
fn file_owner(search: &mut Search<'_, '_>, first: usize) {
    let line = search.line;
    if !b"-dlbcps".contains(&line.at(first)) {
        return;
    }
    let mode = line.slice(first..first + 10);
    let is_mode = line.end - first > 20
        && mode.iter().all(|byte| b"-dlrwxsStTbcp".contains(byte))
        && mode.iter().skip(1).any(|byte| matches!(byte, b'r' | b'-'));
    if !is_mode {
        return;
    }
    let mut at = first;
    for column in 0..4 {
        let range = word(&line, at);
        at = line.end_of(BLANK, range.end);
        if column >= 2 {
            name(search, range, "file-owner");
        }
    }
}

/// `who`, `last`: a name and a terminal.
fn logged_in(search: &mut Search<'_, '_>, first: usize) {
    let line = search.line;
    let range = word(&line, first);
    let next = line.end_of(BLANK, range.end);
    // What every kind of second word begins with, none of which words of sentences begin with.
    if !matches!(line.at(next), b'*' | b'I' | b':' | b'p' | b't' | b'c' | b's' | b'0'..=b'9') {
        return;
    }
    let second = line.str(word(&line, next));
    let numbered = ["pts/", "tty", "ttys"].iter().any(|kind| {
        second
            .strip_prefix(kind)
            .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit() || byte == b's'))
    });
    // What pppd keeps: `"dialin" * "secret" *`.
    if second == "*" {
        let secret = word(&line, line.end_of(BLANK, line.end_of(BLANK, range.end) + 1));
        let bare =
            |range: Range<usize>| line.forward(range.start, |byte| byte == b'"')..line.back(range.end, |byte| byte == b'"');
        let rest = line.at(line.end_of(BLANK, secret.end));
        if !(rest == 0 || rest == b'*' || rest.is_ascii_digit()) {
            return;
        }
        let (account, secret) = (bare(range), bare(secret));
        let dialled = line.str(account.clone()).split('@').all(is_account_name);
        if dialled && is_secret_word(line.str(secret.clone())) && line.at(secret.start) != b'*' {
            search.found.push(Finding::new(account, Class::User, "dial-in"));
            search.found.push(Finding::new(secret, Class::Password, "dial-in"));
        }
        return;
    }
    // A line of a zone: `bryggen  3600  IN  A  10.0.0.5`.
    if second == "IN" || second.len() <= 6 && second.bytes().all(|byte| byte.is_ascii_digit()) && zone(&line, &range) {
        let name = line.back(range.end, |byte| byte == b'.');
        if is_host_name(line.str(range.start..name)) {
            search.found.push(Finding::new(range.start..name, Class::Host, "zone"));
        }
    }
    let opened = || {
        let user = word(&line, line.end_of(BLANK, line.end_of(BLANK, range.end) + second.len()));
        let file = word(&line, line.end_of(BLANK, user.end));
        (user, file)
    };
    if !second.is_empty() && second.bytes().all(|byte| byte.is_ascii_digit()) {
        let (user, file) = opened();
        if is_descriptor(line.str(file)) {
            name(search, user, "open-files");
        }
        return;
    }
    if numbered || matches!(second, ":0" | ":1" | "console" | "seat0" | "ssh:notty") {
        name(search, range.clone(), "login-list");
        // Where from: a machine, cut off when its name is long.
        let from = word(
            &line,
            line.forward(line.forward(range.end, is_blank) + second.len(), is_blank),
        );
        let text = line.str(from.clone());
        let telling = text.len() >= 6
            && text.bytes().any(|byte| matches!(byte, b'.' | b'-'))
            && text.starts_with(|c: char| c.is_ascii_alphabetic());
        if telling && is_host_name(text) {
            search.found.push(Finding::new(from, Class::Host, "login-list"));
        }
    }
}

/// Whether "IN" stands behind a name and how long it is kept.
fn zone(line: &Line<'_>, name: &Range<usize>) -> bool {
    let kept = word(line, line.end_of(BLANK, name.end));
    line.str(word(line, line.end_of(BLANK, kept.end))) == "IN"
}

/// What `lsof` calls an open file: `12u`, `cwd`, `txt`.
fn is_descriptor(text: &str) -> bool {
    let number = text.trim_end_matches(['u', 'r', 'w', 'W', 'R']);
    matches!(text, "cwd" | "txt" | "mem" | "rtd" | "DEL")
        || number.len() < text.len()
            && !number.is_empty()
            && number.len() <= 4
            && number.bytes().all(|byte| byte.is_ascii_digit())
}

/// `uid=1001(jane) gid=1001(jane) groups=1001(jane),27(sudo)`.
fn id(search: &mut Search<'_, '_>) {
    let line = search.line;
    for anchor in search.anchors.iter().filter(|anchor| anchor.meaning == Meaning::Id) {
        let open = line.end_of(DIGIT, anchor.end);
        if line.at(open) == b'(' {
            name(search, open + 1..line.forward(open + 1, |byte| byte != b')'), "id");
        }
    }
}
