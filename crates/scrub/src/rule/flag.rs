//! Passwords on command lines: programs that take them by a short flag, and `net user NAME PASSWORD`.

use super::Anchor;
use crate::kind::{BLANK, NAME, SOLID};
use crate::line::{Line, is_alphanumeric, is_blank};
use std::ops::Range;

/// The password after this flag of the program that the anchor names.
pub(super) fn flagged(line: &Line<'_>, anchor: &Anchor, flag: &str) -> Option<Range<usize>> {
    // "Invoke-Sqlcmd" has other flags than "sqlcmd".
    if is_alphanumeric(line.before(anchor.start)) || line.before(anchor.start) == b'-' {
        return None;
    }
    let (place, flag) = match place(line, anchor, flag) {
        Some(place) => (place, flag),
        None if flag == "-u" => (self::place(line, anchor, "--user")?, flag),
        None => return None,
    };
    let flag = if line.reads(place, "--user") { "--user" } else { flag };
    let after = place + flag.len();
    let start = if is_blank(line.at(after)) || line.at(after) == b'=' && flag == "--user" {
        line.forward(after, |byte| is_blank(byte) || byte == b'=')
    } else {
        after
    };
    if flag == "/user:" {
        // net use X: \\srv\share PASSWORD /user:DOMAIN\name, or /user:name PASSWORD
        let name_end = line.end_of(SOLID, after);
        let next = word(line, line.end_of(BLANK, name_end));
        if !next.is_empty() && !matches!(line.at(next.start), b'/' | b'*') {
            return Some(next);
        }
        let end = line.start_of(BLANK, place);
        if line.before(end) == b'"' {
            let open = line.back(end - 1, |byte| byte != b'"');
            return (line.before(open) == b'"' && line.at(open) != b'\\').then_some(open..end - 1);
        }
        let before = line.start_of(SOLID, end);
        let is_share = line.str(before..end).starts_with('\\') || line.str(before..end).ends_with(':');
        return (!is_share && !matches!(line.at(before), b'/' | b'*')).then_some(before..end);
    }
    let range = word(line, start);
    let text = line.str(range.clone());
    if text.is_empty() || text.starts_with(['-', '$', '%', '<']) {
        return None;
    }
    // "neighbor 10.0.0.2 password 7 094F…": how it is hidden comes first.
    if text.len() == 1 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        let next = word(line, line.end_of(BLANK, range.end));
        return (next.len() >= 3).then_some(next);
    }
    match flag {
        // user:password, user%password
        "-u" | "-U" | "--user" => {
            let at = text.find([':', '%', ','])?;
            let range = range.start + at + 1..range.end;
            (!range.is_empty()).then_some(range)
        }
        _ => (text.len() >= 3).then_some(range),
    }
}

/// Where the flag stands, behind a blank.
fn place(line: &Line<'_>, anchor: &Anchor, flag: &str) -> Option<usize> {
    // "zip -" ends in what begins the flag.
    let from = anchor.end - usize::from(anchor.word.ends_with('-'));
    let rest = line.slice(from..line.end.min(from + 512));
    let found = memchr::memmem::find_iter(rest, flag)
        .map(|at| from + at)
        .find(|place| is_blank(line.before(*place)));
    // "curl -su name:password": other flags of one letter stand before it.
    let joined = || {
        let glued = anchor.word == "curl" && flag == "-u";
        let at = memchr::memmem::find_iter(rest, b"u ").map(|at| from + at).find(|place| {
            let first = line.back(*place, |byte| byte.is_ascii_alphabetic());
            line.before(first) == b'-' && first < *place && is_blank(line.before(first - 1))
        })?;
        glued.then(|| at - 1)
    };
    found.or_else(joined)
}

/// `sqlplus NAME/PASSWORD@DATABASE`.
pub(super) fn slash(line: &Line<'_>, anchor: &Anchor) -> Option<(Range<usize>, Range<usize>)> {
    let name = anchor.end..line.end_of(NAME, anchor.end);
    let sign = if anchor.word == "stats auth " { b':' } else { b'/' };
    let password = name.end + 1..line.forward(name.end + 1, |byte| {
        !is_blank(byte) && !matches!(byte, b'@' | b';' | b'"' | b'\'')
    });
    (line.at(name.end) == sign && !name.is_empty() && password.len() >= 3).then_some((name, password))
}

/// The word at this place, without the quotes around it.
fn word(line: &Line<'_>, at: usize) -> Range<usize> {
    match line.at(at) {
        quote @ (b'"' | b'\'') => at + 1..line.forward(at + 1, |byte| byte != quote),
        _ => at..line.forward(at, |byte| !is_blank(byte) && !matches!(byte, b'"' | b'\'')),
    }
}

/// `net user NAME PASSWORD`, `htpasswd -b FILE NAME PASSWORD`, `autologon NAME DOMAIN PASSWORD`: words without any flag. The name is an
/// empty range where the word before the password is none.
pub(super) fn name_password(line: &Line<'_>, anchor: &Anchor) -> Option<(Range<usize>, Option<Range<usize>>)> {
    let (before, named) = match anchor.word {
        "autologon" => (2, 1),
        // The connection comes first.
        "rasdial " | "http-basic." => (2, 2),
        // A list, who answers for it, and its password.
        "newlist " => (2, 0),
        // How the password is hidden comes before it.
        "createuser " => (2, 1),
        "execute backup config ftp " | "execute backup full-config ftp " => (4, 3),
        word if word.starts_with("htpasswd") => (if word.contains('n') { 1 } else { 2 }, 2),
        word if word.starts_with('-') => (if word.ends_with(|c: char| c.is_ascii_digit()) { 1 } else { 2 }, 0),
        _ => (1, 1),
    };
    let named = if anchor.word.contains("-n") { 1 } else { named };
    let mut name = anchor.end..anchor.end;
    let mut after = anchor.end;
    let mut taken = 0;
    while taken < before {
        let next = word(line, line.end_of(BLANK, after));
        if next.is_empty() {
            return (taken >= named && named > 0).then_some((name, None));
        }
        after = next.end + usize::from(matches!(line.at(next.end), b'"' | b'\''));
        // Options stand anywhere.
        taken += usize::from(!matches!(line.at(next.start), b'/' | b'-') || anchor.word.starts_with("dscl"));
        if taken == named {
            name = next;
        }
    }
    let password = word(line, line.end_of(BLANK, after));
    let text = line.str(password.clone());
    let fits = !text.is_empty() && after < password.start && !text.starts_with(['/', '*', '|', '>', '&', '2', '[', '<']);
    Some((name, fits.then_some(password)))
}

/// `echo PASSWORD | sudo -S …`, `echo 'name:PASSWORD' | chpasswd`.
pub(super) fn piped(line: &Line<'_>, anchor: &Anchor) -> Option<Range<usize>> {
    // `chpasswd <<< 'name:PASSWORD'`
    let here = line.end_of(BLANK, anchor.end);
    if line.reads(here, "<<<") && anchor.word.contains("chpasswd") {
        let range = word(line, line.end_of(BLANK, here + 3));
        let colon = line.str(range.clone()).find(':')?;
        return (range.len() > colon + 3).then(|| range.start + colon + 1..range.end);
    }
    let before = line.str_before(anchor.start, 256);
    let echo = ["echo ", "printf ", "<<< "]
        .iter()
        .filter_map(|word| Some(before.rfind(word)? + word.len()))
        .max()?;
    let mut start = anchor.start - before.len() + echo;
    while line.at(start) == b'-' {
        start = line.end_of(BLANK, line.end_of(SOLID, start));
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

/// Calls whose argument of this number, among those in quotes, is a password; 0 for the last of them.
const ARGUMENTS: &[(&str, usize)] = &[
    ("sp_addlinkedsrvlogin", 0),
    ("sp_addlogin", 2),
    ("pdo->__construct", 3),
    ("new pdo(", 3),
    ("mysqli_connect(", 3),
    ("new mysqli(", 3),
];

/// The argument in quotes of this number.
fn argument(line: &Line<'_>, from: usize, which: usize) -> Option<Range<usize>> {
    let mut at = from;
    let mut last = None;
    for number in 1..=6 {
        let open = line.forward(at, |byte| !matches!(byte, b'"' | b'\'' | b';'));
        let quote = line.at(open);
        if !matches!(quote, b'"' | b'\'') {
            break;
        }
        let range = open + 1..line.forward(open + 1, |byte| byte != quote);
        at = range.end + 1;
        if number == which {
            return (range.len() >= 3).then_some(range);
        }
        last = Some((number, range));
    }
    last.filter(|(number, range)| which == 0 && *number >= 3 && range.len() >= 3)
        .map(|(_, range)| range)
}

/// `NetworkCredential("name", "PASSWORD")`.
pub(super) fn credential(line: &Line<'_>, anchor: &Anchor) -> Option<Range<usize>> {
    // `[jane@example.org/PASSWORD] (from client`, as FreeRADIUS writes what was refused.
    if anchor.word.starts_with(']') {
        let open = line.back(anchor.start, |byte| byte != b'[');
        let slash = line.str(open..anchor.start).find('/')?;
        let range = open + slash + 1..anchor.start;
        return (range.len() >= 3 && !line.str(range.clone()).starts_with('<')).then_some(range);
    }
    if let Some((_, which)) = ARGUMENTS.iter().find(|(call, _)| *call == anchor.word) {
        return argument(line, anchor.end, *which);
    }
    let open = line.forward(anchor.end, |byte| byte != b'"' && byte != b'\'');
    let quote = line.at(open);
    let close = line.forward(open + 1, |byte| byte != quote);
    let start = line.forward(close + 1, |byte| is_blank(byte) || byte == b',');
    let range = start + 1..line.forward(start + 1, |byte| byte != quote);
    (line.at(start) == quote && quote != 0 && open < anchor.end + 8 && range.len() >= 3).then_some(range)
}

/// What a password's flag is called beside a user's, with what ends it.
const PASSWORDS: &[&str] = &[" -p ", " -P ", " -pw ", " -w ", " --password ", " --pass ", " -Password "];

/// `-u jane -p Secret7`, whatever the program: a name, and a password behind it. Users and ports that are numbers (`docker run -u 1000 -p
/// 8080:80`) are neither.
pub(super) fn paired(line: &Line<'_>, anchor: &Anchor) -> Option<(Range<usize>, Range<usize>)> {
    let name = word(line, line.forward(anchor.end, is_blank));
    let rest = line.slice(name.end..line.end.min(name.end + 160));
    let (at, flag) = PASSWORDS
        .iter()
        .filter_map(|flag| Some((memchr::memmem::find(rest, flag.as_bytes())?, flag)))
        .min()?;
    let password = word(line, line.forward(name.end + at + flag.len(), is_blank));
    let text = line.str(password.clone());
    let number = text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || matches!(byte, b':' | b'/' | b'.' | b'-' | b','));
    let fits = text.len() >= 4 && !number && !text.starts_with(['-', '$', '%', '<', '/', '~', '.', '*', '{', '(']);
    fits.then_some((name, password))
}

/// `-u NAME`, `-U NAME`, `-h HOST`, `-S HOST` of the programs that also take a password: where the value stands.
pub(super) fn others(line: &Line<'_>, anchor: &Anchor) -> impl Iterator<Item = (bool, Range<usize>)> {
    // "mysqldump -hdb1 -ujane": nothing stands between.
    let glued = ["mysql", "mariadb"].iter().any(|program| anchor.word.starts_with(program));
    let azure = anchor.word.starts_with("az ") && !anchor.word.starts_with("az ad");
    let flags: [(&[u8], bool); 13] = [
        (b" -u ", true),
        (b" -U ", true),
        (b" /u:", true),
        (b" -u:", true),
        (b" /v:", false),
        (b" -r:", false),
        (b" --user ", true),
        (b" --username ", true),
        (b" -h ", false),
        (b" -S ", false),
        (b" -H ", false),
        (if glued { b" -u" } else { b" --admin-user " }, true),
        (
            if glued {
                b" -h"
            } else if azure {
                b" -n "
            } else {
                b" --host "
            },
            false,
        ),
    ];
    let line = *line;
    let rest = line.slice(anchor.end.saturating_sub(1)..line.end.min(anchor.end + 256));
    let found = flags.map(|(flag, is_user)| {
        let at = memchr::memmem::find(rest, flag)?;
        if !flag.ends_with(b" ") && glued && is_blank(rest.get(at + flag.len()).copied().unwrap_or(b' ')) {
            return None;
        }
        let start = anchor.end.saturating_sub(1) + at + flag.len();
        let word = word(&line, line.end_of(BLANK, start));
        // "user:password", "user%password" and "user,password" end in what is not the name.
        let end = line
            .forward(word.start, |byte| !matches!(byte, b':' | b'%' | b','))
            .min(word.end);
        Some((is_user, word.start..end))
    });
    found.into_iter().flatten()
}
