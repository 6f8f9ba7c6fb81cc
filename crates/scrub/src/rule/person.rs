//! Names of accounts and people: behind labels, and in the columns of listings whose layout is known.

use super::value::{self, Reach, is_flag, is_found, suffix};
use super::words::Words;
use super::{Meaning, Search};
use crate::class::Class;
use crate::finding::Finding;
use crate::line::{Line, has, is_alphanumeric, is_blank, is_name};
use std::ops::Range;

/// Accounts that belong to nobody in particular, and words that stand where a name would.
static GENERIC: Words = Words::of(include_str!("../../words/accounts-of-nobody.txt"));

/// Whether an account of this name belongs to nobody in particular.
pub(crate) fn is_generic(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    GENERIC.contains(&lower)
        || lower.starts_with("systemd-")
        || lower.starts_with('_')
        || lower.starts_with("dwm-")
        || lower.starts_with("umfd-")
        || lower.starts_with("iusr")
        || lower.starts_with("svc_sys")
        || lower.ends_with('$')
}

/// Whether this could be an account's name.
pub(crate) fn is_account_name(text: &str) -> bool {
    (2..=64).contains(&text.len())
        && text.bytes().all(is_name)
        && text.bytes().any(|byte| byte.is_ascii_alphabetic() || byte >= 0x80)
        && !text.starts_with(['-', '.'])
        && !is_generic(text)
}

/// Whether this could be what a person is called: one to four words of letters, each beginning with a capital, none generic.
fn is_full_name(text: &str) -> bool {
    let words: Vec<&str> = text.split(' ').filter(|word| !word.is_empty()).collect();
    (1..=5).contains(&words.len())
        && words.iter().all(|word| {
            let particle = [
                "von", "van", "de", "der", "den", "del", "della", "di", "la", "le", "bin", "al", "dos", "da", "zu",
            ]
            .contains(word);
            let letters = word.chars().all(|c| c.is_alphabetic() || matches!(c, '\'' | '-' | '.' | '’'));
            letters && (particle || !word.starts_with(|c: char| c.is_lowercase()))
        })
        && !words.iter().all(|word| is_generic(word))
        && !COMPANIES.iter().any(|word| words.contains(word))
}

const COMPANIES: &[&str] = &[
    "Microsoft",
    "Corporation",
    "Inc",
    "Inc.",
    "Ltd",
    "GmbH",
    "LLC",
    "Windows",
    "Service",
    "Services",
    "Server",
    "Administrators",
    "Authority",
    "Root",
    "CA",
    "Project",
    "Foundation",
    "Team",
    "Group",
    "Users",
    "Computers",
    "Policy",
    "Account",
    "Built-in",
    "System",
    "Network",
    "Local",
    "Certificate",
    "Schema",
    "Configuration",
    "Partitions",
    "Controllers",
];

/// Labels after which a blank is enough, because they are commands or fixed phrases of logs.
const PHRASES: &[&str] = &[
    "for user",
    "password for",
    "publickey for",
    "keyboard-interactive/pam for",
    "invalid user",
    "of user",
    "su - ",
    "useradd",
    "userdel",
    "usermod",
    "adduser",
    "deluser",
    "passwd ",
    "chage -l",
    "get-aduser",
    "get-localuser",
    "get-mailbox",
    "finger",
];

pub(super) fn labelled(search: &mut Search<'_, '_>) {
    let line = search.line;
    for anchor in search.anchors {
        let (Meaning::Setting(Class::User) | Meaning::Field(Class::User)) = anchor.meaning else {
            continue;
        };
        let joined = is_alphanumeric(line.before(anchor.start)) || line.before(anchor.start) == b'\\';
        if joined || is_found(search, anchor.start) {
            continue;
        }
        let label = line.str(anchor.start..anchor.end).to_ascii_lowercase();
        let ending = suffix(&line, anchor);
        let phrase = PHRASES.contains(&label.as_str());
        if !ending.is_empty()
            && !phrase
            && !label.ends_with('=')
            && !["s", "name", "id"].contains(&ending.to_ascii_lowercase().as_str())
        {
            continue;
        }
        let after = if label.ends_with(['=', ' ']) {
            anchor.end - 1
        } else {
            anchor.end + if label.ends_with('=') { 0 } else { ending.len() }
        };
        let reach = if matches!(anchor.meaning, Meaning::Field(_)) {
            Reach::Field
        } else {
            Reach::Word
        };
        let column = line.at(after) == b' ' && line.at(after + 1) == b' ' && reach == Reach::Field;
        let Some(value) = value::value(
            &line,
            after,
            phrase || column || is_flag(&line, anchor) || label == "su: ",
            reach,
        ) else {
            continue;
        };
        let range = name_in(&line, value.range.clone(), phrase, reach, value.quoted);
        let text = line.str(range.clone());
        let fits = if label == "name" {
            is_full_name(text) && text.contains(' ')
        } else {
            is_account_name(text) || (reach == Reach::Field || value.quoted && text.contains(' ')) && is_full_name(text)
        };
        let sentence = matches!(
            label.as_str(),
            "user" | "login" | "account" | "owner" | "contact" | "manager" | "author" | "identity"
        ) && !value.quoted
            && !is_flag(&line, anchor)
            && is_sentence(&line, range.end);
        if fits && !sentence && !text.bytes().all(|byte| byte.is_ascii_digit()) {
            search.found.push(Finding::new(range, Class::User, "labelled-name"));
        }
    }
}

/// The name within a value: options of commands and what follows the name are left out; `DOMAIN\` is another rule's.
fn name_in(line: &Line<'_>, range: Range<usize>, phrase: bool, reach: Reach, quoted: bool) -> Range<usize> {
    let mut range = range;
    while phrase && line.at(range.start) == b'-' {
        let next = line.forward(range.end, is_blank);
        range = next..line.forward(next, |byte| !is_blank(byte));
        if range.is_empty() {
            return range;
        }
    }
    if reach == Reach::Field || quoted {
        let range = value::until(line, range, b"<(,;/=");
        return line.trim(range);
    }
    let start = line.forward(range.start, |byte| matches!(byte, b'\'' | b'(' | b'[' | b'@'));
    let end = line.forward(start, is_name).min(range.end.max(start));
    let end = line.back(end, |byte| matches!(byte, b'.' | b'-')).max(start);
    if line.at(end) == b'\\' { start..start } else { start..end }
}

/// "user: the account was …": words in small letters go on.
fn is_sentence(line: &Line<'_>, end: usize) -> bool {
    let next = line.forward(end, is_blank);
    let word = line.str(next..line.forward(next, is_alphanumeric));
    next == end + 1
        && [
            "is", "was", "has", "does", "not", "cannot", "could", "the", "in", "to", "can", "will", "must", "already", "are",
        ]
        .contains(&word)
}

/// Which listing the lines belong to; until a blank line ends it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Table {
    /// None that is known.
    #[default]
    None,
    /// The first column names accounts.
    FirstColumn,
    /// After `User accounts for \\HOST`: three names a line.
    NetUser,
    /// After `Members`: a name a line.
    Members,
}

pub(super) fn listed(search: &mut Search<'_, '_>, table: &mut Table) {
    let line = search.line;
    let first = line.forward(line.start, |byte| is_blank(byte) || byte == b'>');
    if first == line.end {
        if *table == Table::FirstColumn {
            *table = Table::None;
        }
        return;
    }
    if let Some(opened) = header(&line, first) {
        *table = opened;
        return;
    }
    if !line.has(has::LOWER) && !line.has(has::UPPER) {
        return;
    }
    let mut names: Vec<(Range<usize>, &'static str)> = Vec::new();
    match *table {
        Table::FirstColumn => names.push((word(&line, first), "account-column")),
        Table::NetUser | Table::Members if line.reads(first, "The command") => *table = Table::None,
        Table::NetUser => {
            let mut at = first;
            while at < line.end {
                let end = line.str(at..line.end).find("  ").map_or(line.end, |gap| at + gap);
                names.push((line.trim(at..end), "net-user-list"));
                at = line.forward(end, is_blank);
            }
        }
        Table::Members => names.push((line.trim(first..line.end), "group-members")),
        Table::None => {}
    }
    names.extend(unix_lists(&line, first));
    for (range, rule) in names {
        let text = line.str(range.clone());
        if is_account_name(text) || (rule != "account-column" && is_full_name(text) && text.contains(' ')) {
            search.found.push(Finding::new(range, Class::User, rule));
        }
    }
}

fn header(line: &Line<'_>, first: usize) -> Option<Table> {
    let start = line.str(word(line, first));
    let tables = [
        ("USERNAME", "SESSIONNAME"),
        ("USER", "TTY"),
        ("USER", "PID"),
        ("Name", "Enabled"),
        ("LOGIN", "NAME"),
        ("User", "accounts"),
        ("Members", ""),
        ("Mitglieder", ""),
    ];
    if !tables.iter().any(|(name, _)| *name == start) {
        return None;
    }
    let next = line.forward(first + start.len(), is_blank);
    let second = line.str(word(line, next));
    let known = tables.contains(&(start, second));
    known.then_some(match start {
        "User" => Table::NetUser,
        "Members" | "Mitglieder" => Table::Members,
        _ => Table::FirstColumn,
    })
}

fn word(line: &Line<'_>, at: usize) -> Range<usize> {
    at..line.forward(at, |byte| !is_blank(byte))
}

/// Layouts that a line shows by itself: `/etc/passwd`, `ls -l`, `last`, `who`, `id`.
fn unix_lists(line: &Line<'_>, first: usize) -> Vec<(Range<usize>, &'static str)> {
    let mut names = Vec::new();
    let text = line.str(first..line.end);
    let bytes = text.as_bytes();
    if line.has(has::COLON) && text.bytes().filter(|byte| *byte == b':').count() == 6 {
        let mut fields = text.split(':');
        let (name, _, uid) = (
            fields.next().unwrap_or_default(),
            fields.next(),
            fields.next().unwrap_or_default(),
        );
        if uid.parse::<u32>().is_ok_and(|uid| uid >= 500 && uid != 65_534) {
            names.push((first..first + name.len(), "passwd-entry"));
            let gecos = fields.nth(1).unwrap_or_default();
            let at = first + text.match_indices(':').nth(3).map_or(0, |(at, _)| at + 1);
            let full = gecos.split(',').next().unwrap_or_default();
            names.push((at..at + full.len(), "passwd-full-name"));
        }
    }
    let mode = bytes.len() > 20
        && bytes.iter().take(10).all(|byte| b"-dlrwxsStTbcp".contains(byte))
        && bytes.iter().skip(1).take(9).any(|byte| *byte == b'r' || *byte == b'-');
    if mode {
        // mode links owner group size …
        let mut at = first;
        for column in 0..4 {
            let range = word(line, at);
            at = line.forward(range.end, is_blank);
            if column == 2 || column == 3 {
                names.push((range, "file-owner"));
            }
        }
    }
    let range = word(line, first);
    let next = line.forward(range.end, is_blank);
    let second = line.str(word(line, next));
    let terminal = second
        .strip_prefix("pts/")
        .or_else(|| second.strip_prefix("tty"))
        .or_else(|| second.strip_prefix("ttys"))
        .is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit() || byte == b's') && !rest.is_empty())
        || matches!(second, ":0" | ":1" | "console" | "seat0");
    if terminal {
        names.push((range, "login-list"));
    }
    for prefix in ["uid=", "gid=", "groups="]
        .into_iter()
        .filter(|_| line.has(has::EQUALS | has::DIGIT))
    {
        if let Some(at) = text.find(prefix) {
            let open = first + at + prefix.len();
            let open = line.forward(open, |byte| byte.is_ascii_digit());
            if line.at(open) == b'(' {
                names.push((open + 1..line.forward(open + 1, |byte| byte != b')'), "id"));
            }
        }
    }
    names
}
