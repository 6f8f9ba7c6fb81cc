//! Names of accounts and people: what they look like, and behind which labels they stand.

use super::bare::{is_bare_account, is_subject, is_switch_account, tied_account};
use super::domain::is_ending;
use super::heading::is_heading;
use super::people::{is_no_name, is_surely_person};
use super::unknown::is_ordinary;
use super::value::{self, Reach, is_flag, is_found, suffix};
use super::words::{Words, begins, is_one_of};
use super::{Meaning, Search};
use crate::class::Class;
use crate::finding::Finding;
use crate::kind::{BLANK, NAME, SOLID, WORD};
use crate::line::{Line, is_alphanumeric, is_name};
use std::ops::Range;

/// Accounts that belong to nobody in particular, and words that stand where a name would.
pub(super) static GENERIC: Words = Words::of(include_str!("../../words/accounts-of-nobody.txt"));

/// Whether an account of this name belongs to nobody in particular.
pub(crate) fn is_generic(name: &str) -> bool {
    GENERIC.contains(name)
        || ["systemd-", "_", "dwm-", "umfd-", "iusr", "svc_sys"]
            .iter()
            .any(|lead| begins(name, lead))
        || name.ends_with('$')
}

/// Whether this could be an account's name.
pub(crate) fn is_account_name(text: &str) -> bool {
    (2..=64).contains(&text.len())
        && text.bytes().all(is_name)
        && text.chars().any(char::is_alphabetic)
        && !text.starts_with(['-', '.'])
        && !is_generic(text)
}

/// "Keller, Anna", and "Keller\\, Anna" in the name of an entry of a directory: the name goes on behind the comma.
fn turned(line: &Line<'_>, range: Range<usize>) -> Range<usize> {
    if line.at(range.end) != b',' || line.at(range.end + 1) != b' ' {
        return range;
    }
    let end = line.forward(range.end + 2, |byte| {
        is_alphanumeric(byte) || matches!(byte, b' ' | b'-' | b'\'')
    });
    let end = line.trim(range.end + 2..line.gap(range.end + 2).min(end)).end;
    let whole = range.start..end;
    if is_turned(line.str(whole.clone())) { whole } else { range }
}

fn is_turned(text: &str) -> bool {
    text.split_once(", ").is_some_and(|(last, first)| {
        let last = last.trim_end_matches('\\');
        is_full_name(last) && is_full_name(first) && !is_no_name(last) && !first.split(' ').any(is_no_name)
    })
}

/// Whether this could be what a person is called: one to four words of letters, each beginning with a capital, none generic.
pub(super) fn is_full_name(text: &str) -> bool {
    let words = || text.split(' ').filter(|word| !word.is_empty());
    (1..=5).contains(&words().count())
        && text.chars().any(char::is_alphabetic)
        && words().all(|word| {
            let letters = word.chars().all(|c| c.is_alphabetic() || matches!(c, '\'' | '-' | '.' | '’'));
            letters && (PARTICLES.contains(&word) || !word.starts_with(|c: char| c.is_lowercase()))
        })
        && !words().all(is_generic)
        && !words().any(|word| COMPANIES.contains(&word))
}

pub(super) const PARTICLES: &[&str] = &[
    "von", "van", "de", "der", "den", "del", "della", "di", "la", "le", "bin", "al", "dos", "da", "zu", "zur", "zum", "ter",
    "ten", "el", "das", "do", "af", "av", "ben", "ibn", "e", "y", "dela", "delos", "v.d.", "v/d", "v.", "auf", "vom", "des",
    "du", "degli", "dei", "dal", "dalla", "bint", "abu", "ul", "ud",
];

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

pub(super) fn labelled(search: &mut Search<'_, '_>) {
    let line = search.line;
    for anchor in search.anchors {
        let (Meaning::Setting(Class::User)
        | Meaning::Field(Class::User)
        | Meaning::Phrase(Class::User)
        | Meaning::Mention(Class::User)) = anchor.meaning
        else {
            continue;
        };
        let joined =
            is_alphanumeric(line.before(anchor.start)) && !anchor.word.starts_with('/') || line.before(anchor.start) == b'\\';
        if joined || is_found(search, anchor.start) {
            continue;
        }
        let label = anchor.word;
        let ending = suffix(&line, anchor);
        let mentioned = matches!(anchor.meaning, Meaning::Mention(_));
        let phrase = mentioned || matches!(anchor.meaning, Meaning::Phrase(_));
        if !ending.is_empty() && !phrase && !label.ends_with('=') && !is_one_of(ending, &["s", "name", "id"]) {
            continue;
        }
        let after = if label.ends_with(['=', ' ', ':']) {
            anchor.end - 1
        } else {
            anchor.end + if label.ends_with('=') { 0 } else { ending.len() }
        };
        // Chinese, Japanese and Korean names have no blank in them.
        let wide = label.bytes().next().is_some_and(|byte| byte >= 0xE0);
        // "--given-name=Manya --surname=Curie"
        let flag = is_flag(&line, anchor) && line.at(anchor.end) == b'=';
        let reach = if matches!(anchor.meaning, Meaning::Field(_)) && !wide && !flag {
            Reach::Field
        } else {
            Reach::Word
        };
        let column = line.at(after) == b' ' && line.at(after + 1) == b' ' && (reach == Reach::Field || wide);
        // "…-my.sharepoint.com/personal/jane_example_org"
        if label.starts_with('/') && label.ends_with('/') {
            let range = anchor.end..line.forward(anchor.end, is_name);
            if is_account_name(line.str(range.clone())) && line.str(range.clone()).contains('_') {
                search.found.push(Finding::new(range, Class::User, "labelled-name"));
            }
            continue;
        }
        if let Some(range) = tied_account(&line, anchor) {
            search.found.push(Finding::new(range, Class::User, "labelled-name"));
            continue;
        }
        let Some(value) = value::value(
            &line,
            after,
            phrase
                || column
                || is_flag(&line, anchor)
                || label == "su: "
                || is_switch_account(&line, anchor)
                || is_bare_account(&line, anchor)
                || is_subject(&line, anchor),
            reach,
        ) else {
            continue;
        };
        let range = if ["useradd", "usermod", "adduser", "userdel"]
            .iter()
            .any(|command| label.starts_with(command))
        {
            last_word(&line, value.range.start)
        } else {
            name_in(&line, value.range.clone(), phrase, reach, value.quoted)
        };
        let range = if reach == Reach::Field { turned(&line, range) } else { range };
        // What somebody typed as his name may be his password.
        let typed = matches!(label, "invalid user" | "unknown user" | "illegal user")
            && matches!(line.at(range.end), b'!' | b'#' | b'$' | b'%' | b'&' | b'*' | b'+');
        if typed {
            let end = line.end_of(SOLID, range.start);
            search
                .found
                .push(Finding::new(range.start..end, Class::Password, "typed-as-name"));
            continue;
        }
        let text = line.str(range.clone());
        let software = matches!(
            label,
            "name"
                | "display name"
                | "displayname"
                | "cn="
                | "common name"
                | "owner"
                | "author"
                | "contact"
                | "manager"
                | "naam"
                | "namn"
                | "supervisor"
                | "operator:"
                | "customer"
                | "customer:"
                | "client:"
                | "responsable"
                | "guardian"
                | "signed in as"
        ) && text.split(' ').any(is_no_name)
            && !is_surely_person(text);
        // `add name=jane password=…`, as routers write accounts.
        let granted = label == "name" && line.at(anchor.end) == b'=' && is_granted(&line, anchor.end);
        let fits = if granted {
            is_account_name(text)
        } else if matches!(label, "name" | "naam" | "namn") {
            is_full_name(text) && text.contains(' ') && !software
        } else if software {
            false
        } else {
            is_account_name(text)
                || is_turned(text)
                || (reach == Reach::Field || value.quoted && text.contains(' ')) && is_full_name(text)
        };
        let sentence = matches!(
            label,
            "user" | "login" | "account" | "owner" | "contact" | "manager" | "author" | "identity"
        ) && !value.quoted
            && !is_flag(&line, anchor)
            && is_ordinary(text)
            && is_sentence(&line, range.end);
        if mentioned && !is_dotted(text) {
            continue;
        }
        // "FullName   Length", "SamAccountName OfficePhone": the next headings.
        let heading = text.split(' ').all(|word| is_heading(word) || is_property(word)) || label == "cn=" && text.len() < 4;
        let machine = text.strip_suffix('$').filter(|name| name.len() >= 3 && is_account_name(name));
        if machine.is_some() {
            search.found.push(Finding::new(range, Class::Host, "account-of-machine"));
            continue;
        }
        // "Account Name:  WS-042$": the account of a machine.
        if line.at(range.end) == b'$' && !is_alphanumeric(line.at(range.end + 1)) && range.len() >= 3 && is_account_name(text) {
            search
                .found
                .push(Finding::new(range.start..range.end + 1, Class::Host, "account-of-machine"));
            continue;
        }
        if fits
            && !sentence
            && !heading
            && (line.at(range.end) != b'=' || !value.quoted)
            && !text.bytes().all(|byte| byte.is_ascii_digit())
        {
            // "-Members jane,karl"
            let mut end = range.end;
            search.found.push(Finding::new(range, Class::User, "labelled-name"));
            while phrase && line.at(end) == b',' && is_name(line.at(end + 1)) {
                let next = end + 1..line.end_of(NAME, end + 1);
                end = next.end;
                if is_account_name(line.str(next.clone())) {
                    search.found.push(Finding::new(next, Class::User, "labelled-name"));
                }
            }
        }
    }
}

/// `LastLogonDate`, `OfficePhone`: how PowerShell writes the names of properties, and nobody his own.
pub(super) fn is_property(word: &str) -> bool {
    let bytes = word.as_bytes();
    let humps = bytes.iter().zip(bytes.iter().skip(1));
    let humps = humps
        .filter(|(a, b)| a.is_ascii_lowercase() && b.is_ascii_uppercase())
        .count();
    word.len() >= 8
        && humps >= 1
        && bytes.iter().all(u8::is_ascii_alphabetic)
        && (humps >= 2 || PROPERTIES.iter().any(|end| word.ends_with(end)))
}

/// What names of properties end in.
const PROPERTIES: &[&str] = &[
    "Name", "Date", "Phone", "Source", "Type", "Time", "Status", "Path", "Address", "System", "Current", "Right", "Rights",
    "Out", "Modified", "Id", "Count", "State", "Size", "Number", "Version", "Quota", "Usage", "Password", "Set", "Used", "Sid",
    "Guid", "Url", "Level", "Enabled",
];

/// The last word of a command: `useradd -m -G sudo jane`.
fn last_word(line: &Line<'_>, from: usize) -> Range<usize> {
    let end = line.forward(from, |byte| !matches!(byte, b';' | b'|' | b'&' | b'>' | b'"' | b'\''));
    let end = line.start_of(BLANK, end).max(from);
    line.start_of(NAME, end).max(from)..end
}

/// `anna.keller`, `a.keller`: two words of letters with a dot between, no file and no full name of a machine.
fn is_dotted(text: &str) -> bool {
    text.split_once('.').is_some_and(|(first, last)| {
        let letters = |part: &str| !part.is_empty() && part.chars().all(char::is_alphabetic);
        letters(first) && letters(last) && !is_ending(last)
    })
}

/// The name within a value: options of commands and what follows the name are left out; `DOMAIN\` is another rule's.
fn name_in(line: &Line<'_>, range: Range<usize>, phrase: bool, reach: Reach, quoted: bool) -> Range<usize> {
    let mut range = range;
    while phrase && line.at(range.start) == b'-' {
        let next = line.end_of(BLANK, range.end);
        range = next..line.end_of(SOLID, next);
        if range.is_empty() {
            return range;
        }
    }
    if reach == Reach::Field || quoted {
        let range = value::until(line, range, b"<(),;/=");
        return line.trim(range);
    }
    let start = line.forward(range.start, |byte| matches!(byte, b'\'' | b'(' | b'[' | b'@' | b'`'));
    let end = line.end_of(NAME, start).min(range.end.max(start));
    let end = line.back(end, |byte| matches!(byte, b'.' | b'-')).max(start);
    if line.at(end) == b'\\' { start..start } else { start..end }
}

/// Whether a password is set in the same command.
fn is_granted(line: &Line<'_>, from: usize) -> bool {
    let rest = line.slice(from..line.end.min(from + 200));
    let has = |word: &[u8]| memchr::memmem::find(rest, word).is_some();
    has(b" password=") && !has(b"interface=")
}

/// "user: the account was …": words in small letters go on.
fn is_sentence(line: &Line<'_>, end: usize) -> bool {
    let next = line.end_of(BLANK, end);
    let word = line.str(next..line.end_of(WORD, next));
    next == end + 1
        && [
            "is", "was", "has", "does", "not", "cannot", "could", "the", "in", "to", "can", "will", "must", "already", "are",
        ]
        .contains(&word)
}
