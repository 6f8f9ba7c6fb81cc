//! Passwords of several words, and those that a line holds and nothing else: what is typed behind a prompt, what a setting is set to, what
//! a command prints, keys of switches, mailboxes of telephone systems.

use super::plausible::is_secret_word;
use super::unknown::is_ordinary;
use super::value::{Value, name_start};
use super::words::{Words, begins, is_one_of};
use super::{Anchor, Search};
use crate::class::Class;
use crate::finding::Finding;
use crate::kind::{ALPHABETIC, BLANK, DIGIT, SOLID};
use crate::line::{Line, is_blank};
use std::ops::Range;

/// No password of several words is longer, in bytes.
const LONGEST: usize = 64;

/// What is said of passwords and is none.
static NOT_SECRETS: Words = Words::of(include_str!("../../words/not-secrets.txt"));

/// Several words and nothing else: letters, digits and signs that end words, none of which sets or separates anything.
fn is_words(text: &str) -> bool {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '\'' | '!' | '?' | '-' | '.' | '_');
    let first = text.split(' ').next().unwrap_or_default();
    (5..=LONGEST).contains(&text.len())
        && (1..=6).contains(&text.matches(' ').count())
        && !text.contains("  ")
        && text.chars().all(plain)
        && !text.contains(" -")
        && !NOT_SECRETS.contains(first)
}

/// `repo_pw: two words`, `password=two words`: the only thing that a line of settings says.
pub(super) fn setting(line: &Line<'_>, anchor: &Anchor, value: &Value) -> Option<Range<usize>> {
    let first = line.end_of(BLANK, line.start);
    let sign = line.before(line.start_of(BLANK, value.range.start));
    let alone =
        name_start(line, anchor) == first && (anchor.word.contains(['_']) || anchor.word.contains("phrase") || sign == b'=');
    // "Passphrase: four words</Value>"
    let close = line.forward(value.range.start, |byte| byte != b'<');
    let whole = if line.at(close + 1) == b'/' {
        value.range.start..close
    } else {
        rest(line, value.range.start)?
    };
    (!value.quoted && value.separated && alone && is_words(line.str(whole.clone()))).then_some(whole)
}

/// The rest of a line without blanks at its ends, when it is not too long for a password of several words.
fn rest(line: &Line<'_>, from: usize) -> Option<Range<usize>> {
    let range = line.trim(from..line.end);
    (range.len() <= LONGEST).then_some(range)
}

/// "Enter passphrase for /dev/sda3: two words", "Vault password: two words": what somebody typed where a program asked.
pub(super) fn prompted(line: &Line<'_>, anchor: &Anchor) -> Option<Range<usize>> {
    let first = line.end_of(BLANK, line.start);
    if anchor.start > first + 40 {
        return None;
    }
    let asked = line.str(first..anchor.end);
    let asks = [
        "enter ",
        "type ",
        "retype ",
        "repeat ",
        "confirm ",
        "verify ",
        "new ",
        "current ",
        "vault ",
        "master ",
        "passphrase",
        "[sudo]",
    ]
    .iter()
    .any(|lead| begins(asked, lead));
    if !asks {
        return None;
    }
    let lead = line.slice(anchor.end..line.end.min(anchor.end + 48));
    let colon = anchor.end + memchr::memmem::find(lead, b": ")?;
    let range = rest(line, colon + 2)?;
    is_words(line.str(range.clone())).then_some(range)
}

/// ` key 7 13061E0108`, ` key grass-Snake-4`: a line of a switch's settings, further in than what it belongs to.
pub(super) fn key(line: &Line<'_>, anchor: &Anchor) -> Option<Range<usize>> {
    let first = line.end_of(BLANK, line.start);
    let inner = first > line.start && first == anchor.start && line.at(anchor.end) == b' ';
    // "wireless.default_radio0.key='x'", as OpenWrt keeps it.
    if anchor.word == "wireless." {
        let name = line.forward(anchor.end, |byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let sign = name + ".key".len();
        let start = line.forward(sign + 1, |byte| matches!(byte, b'"' | b'\''));
        let end = line.forward(start, |byte| !is_blank(byte) && !matches!(byte, b'"' | b'\''));
        return (line.reads(name, ".key=") && end >= start + 8).then_some(start..end);
    }
    if anchor.word != "key" || !inner {
        return None;
    }
    let mut start = anchor.end + 1;
    if line.at(start).is_ascii_digit() && line.at(start + 1) == b' ' {
        start += 2;
    }
    let end = line.end_of(SOLID, start);
    let alone = line.trim(end..line.end).is_empty();
    let text = line.str(start..end);
    (alone && text.len() >= 6 && is_secret_word(text) && !text.contains([':', '=', '('])).then_some(start..end)
}

/// `204 => 7391,Anna Keller,anna@…`: a mailbox of a telephone system, and the digits that open it.
pub(super) fn mailbox(search: &mut Search<'_, '_>) {
    let line = search.line;
    let number = line.end_of(DIGIT, line.start);
    if number == line.start || !line.reads(number, " => ") {
        return;
    }
    let start = number + " => ".len();
    let end = line.end_of(DIGIT, start);
    if (3..=8).contains(&(end - start)) && line.at(end) == b',' {
        search.found.push(Finding::new(start..end, Class::Password, "mailbox"));
        let name = end + 1..line.forward(end + 1, |byte| byte != b',');
        if line.str(name.clone()).contains(' ') {
            search.found.push(Finding::new(name, Class::User, "mailbox"));
        }
    }
}

/// `createUser monitor SHA "one" AES "other"`, as SNMP has it: the other one.
pub(super) fn second_secret(line: &Line<'_>, anchor: &Anchor) -> Option<Range<usize>> {
    let rest = line.str(anchor.end..line.end.min(anchor.end + 200));
    let at = [" AES ", " DES ", " aes ", " des "].iter().find_map(|word| rest.find(word))?;
    let start = anchor.end + at + " AES ".len();
    let quote = line.at(start);
    let range = if matches!(quote, b'"' | b'\'') {
        start + 1..line.forward(start + 1, |byte| byte != quote)
    } else {
        start..line.forward(start, |byte| !is_blank(byte))
    };
    (range.len() >= 4).then_some(range)
}

/// `bindpw Secret.7`, `rocommunity rlMonitor 10.0.0.5`: a line of settings that is a label, a blank and a secret.
pub(super) fn directive(line: &Line<'_>, anchor: &Anchor) -> Option<Range<usize>> {
    const LABELS: &[&str] = &[
        "bindpw",
        "rootpw",
        "rocommunity",
        "rwcommunity",
        "olcrootpw",
        "passwd",
        "password",
        "pass",
        "psk",
        "secret",
        "requirepass",
        "masterauth",
        "ldap_bind_password",
        "rootbindpw",
    ];
    let first = line.forward(line.start, is_blank);
    let first = if line.reads(first, "set ") {
        first + "set ".len()
    } else {
        first
    };
    let start = line.forward(anchor.end, is_blank);
    if first != anchor.start || start == anchor.end || !LABELS.contains(&anchor.word) {
        return None;
    }
    let end = line.forward(start, |byte| !is_blank(byte));
    let rest = line.trim(end..line.end);
    let community = anchor.word.ends_with("community");
    let alone = rest.is_empty() || community && line.at(rest.start).is_ascii_digit();
    let quoted = |byte: u8| matches!(byte, b'"' | b'\'');
    let range = line.forward(start, quoted)..line.back(end, quoted);
    let text = line.str(range.clone());
    let fits = text.len() >= 5 && is_secret_word(text) && !is_ordinary(text) && !text.ends_with([':', '?', '.', ',']);
    // A word alone is a heading as often as a secret.
    let telling = community || start < range.start || text.bytes().any(|byte| !byte.is_ascii_lowercase());
    let tabbed = line.before(start) == b'\t';
    (alone && fits && telling && (tabbed || !text.contains('=')) && !text.contains(['(', '<', '|', '['])).then_some(range)
}

/// `username admin secret 9 $9$…`, `password 7 0822455D0A16`: how switches write them.
pub(super) fn numbered(line: &Line<'_>, anchor: &Anchor) -> Option<Range<usize>> {
    let digit = line.end_of(BLANK, anchor.end);
    let start = line.end_of(BLANK, digit + 1);
    let fits = digit == anchor.end + 1 && line.at(digit).is_ascii_digit() && start == digit + 2;
    let range = start..line.end_of(SOLID, start);
    let text = line.str(range.clone());
    // "username jane password 0 kabelsalat" and nothing more is no sentence.
    let alone = line.trim(range.end..line.end).is_empty()
        && ["username ", "enable ", "password ", "secret "]
            .iter()
            .any(|lead| line.reads(line.forward(line.start, is_blank), lead));
    (fits && text.len() >= 4 && (alone || text.bytes().any(|byte| !byte.is_ascii_lowercase()))).then_some(range)
}

/// `machine x login jane password y`, `username admin password y`: pairs of words without signs.
pub(super) fn paired(line: &Line<'_>, anchor: &Anchor) -> Option<Range<usize>> {
    let before = line.start_of(BLANK, anchor.start);
    let name = line.start_of(SOLID, before);
    let label = line.start_of(BLANK, name);
    let word = line.str(line.start_of(ALPHABETIC, label)..label);
    let start = line.end_of(BLANK, anchor.end);
    let range = start..line.end_of(SOLID, start);
    let fits = is_one_of(word, &["login", "user", "username", "connect"]) && name < before && start > anchor.end;
    (fits && is_secret_word(line.str(range.clone()))).then_some(range)
}

/// Whether a command of this line prints a secret and nothing else: it ends in the name of a file or setting that holds one.
pub(super) fn prints(line: &Line<'_>) -> bool {
    let end = line.back(line.end, |byte| is_blank(byte) || matches!(byte, b'"' | b'\''));
    let file = end.saturating_sub(".txt".len());
    let end = if line.reads(file, ".txt") { file } else { end };
    let last = line.start_of(ALPHABETIC, end)..end;
    // A word alone is a command.
    if !(2..=10).contains(&last.len()) || !matches!(line.before(last.start), b'.' | b'_' | b'-' | b'/' | b'\\') {
        return false;
    }
    let kinds = [
        "password",
        "pass",
        "passphrase",
        "psk",
        "pw",
        "pwd",
        "secret",
        "wachtwoord",
        "passwort",
        "kennwort",
    ];
    let start = line.start_of(SOLID, last.start);
    if !is_one_of(line.str(last), &kinds) || line.at(start) == b'-' {
        return false;
    }
    // "/etc/passwd" lists accounts.
    let typed = line.str(line.start..start);
    ["$ ", "# ", "> ", "% "].iter().any(|prompt| typed.contains(prompt))
}

/// Whether a line that a command printed may be a secret as a whole.
pub(super) fn is_printed(text: &str) -> bool {
    let prompt = text.ends_with(['$', '#', '%', '>']) || text.contains(['=', '{', '<', '@', '|', '\t']) || text.contains(": ");
    let blanks = text.matches(' ').count();
    !prompt && (4..=200).contains(&text.len()) && (blanks == 0 || blanks <= 4 && text.len() <= LONGEST && !text.contains("  "))
}
