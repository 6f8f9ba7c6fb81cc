//! Passwords, keys and tokens behind their labels, and what a secret looks like.

use super::connection::{connection_string, url_with_password};
use super::flag::{credential, flagged, net_user, others, piped};
use super::host::is_host_name;
use super::person::is_account_name;
use super::value::{self, Reach, Value, is_flag, is_found, suffix};
use super::words::{Words, is_one_of};
use super::{Anchor, Meaning, Search};
use crate::class::Class;
use crate::finding::Finding;
use crate::line::{Line, is_alphanumeric, is_blank};
use std::ops::Range;

pub(super) fn find(search: &mut Search<'_, '_>) {
    let line = search.line;
    if let Some(range) = connection_string(&line, search.anchors) {
        search
            .found
            .push(Finding::new(range, Class::ConnectionString, "connection-string"));
    }
    for anchor in search.anchors {
        // No label goes on for so long.
        if is_found(search, anchor.start) || suffix(&line, anchor).len() > LONGEST_SUFFIX {
            continue;
        }
        let finding = match anchor.meaning {
            Meaning::Setting(class @ (Class::Password | Class::Token | Class::ConnectionString)) => {
                let range = setting(&line, anchor, class).or_else(|| numbered(&line, anchor));
                let range = range.or_else(|| paired(&line, anchor));
                let range = range.or_else(|| (class == Class::Password).then(|| spoken(&line, anchor)).flatten());
                range.map(|range| Finding::new(range, class, "labelled-secret"))
            }
            Meaning::Piped => piped(&line, anchor).map(|range| Finding::new(range, Class::Password, "piped-password")),
            Meaning::Credential => credential(&line, anchor).map(|range| Finding::new(range, Class::Password, "credential-call")),
            Meaning::Flag(flag) => {
                flagged(&line, anchor, flag).map(|range| Finding::new(range, Class::Password, "password-flag"))
            }
            Meaning::NetUser => net_user(&line, anchor).map(|range| Finding::new(range, Class::Password, "net-user")),
            Meaning::Scheme => {
                url_with_password(&line, anchor).map(|range| Finding::new(range, Class::ConnectionString, "url-with-password"))
            }
            _ => None,
        };
        search.found.extend(finding);
        if matches!(anchor.meaning, Meaning::Flag(_)) && !is_alphanumeric(line.before(anchor.start)) {
            for (is_user, range) in others(&line, anchor) {
                let text = line.str(range.clone());
                if is_user && is_account_name(text) {
                    search.found.push(Finding::new(range, Class::User, "account-flag"));
                } else if !is_user && is_host_name(text) {
                    search.found.push(Finding::new(range, Class::Host, "machine-flag"));
                }
            }
        }
    }
}

/// How far a name goes on behind a label at most.
const LONGEST_SUFFIX: usize = 32;

/// What may follow a label within the same name without changing what it labels.
const HARMLESS_ENDINGS: &[&str] = &[
    "",
    "s",
    "1",
    "2",
    "hash",
    "_hash",
    "text",
    "word",
    "value",
    "_value",
    "plain",
    "plaintext",
    "phrase",
    "content",
    "data",
    "id",
    "string",
    "key",
];

/// Labels after which a blank is enough.
const BARE: &[&str] = &[
    "bearer",
    "authorization: basic",
    "sshpass -p",
    "convertto-securestring",
    "requirepass",
    "passin pass",
    "passout pass",
    "community",
    "wpa_passphrase",
    "--from-literal=",
];

fn setting(line: &Line<'_>, anchor: &Anchor, class: Class) -> Option<Range<usize>> {
    let label = anchor.word;
    let short = matches!(
        label,
        "pwd"
            | "psk"
            | "community"
            | "token"
            | "secret"
            | "credential"
            | "cookie"
            | "passwd"
            | "bearer"
            | "/rp"
            | "/pass"
            | "-pass"
            | "_pass"
            | "sig="
            | "pass"
            | "pin"
            | "otp"
            | "pw"
            | "key="
            | "senha"
            | "clave"
    );
    // A short word inside a longer one (`/passwd/`, `tokenize`) labels nothing; `dbPass` does.
    let humped = line.at(anchor.start).is_ascii_uppercase() && line.before(anchor.start).is_ascii_lowercase();
    if short && !humped && is_alphanumeric(line.before(anchor.start)) && is_alphanumeric(line.at(anchor.start)) {
        return None;
    }
    let ending = suffix(line, anchor);
    if !is_one_of(ending, HARMLESS_ENDINGS) {
        return None;
    }
    let bare = is_flag(line, anchor) || BARE.contains(&label);
    let mut after = anchor.end + ending.len();
    if label.ends_with('=') {
        after -= 1;
    }
    while label == "convertto-securestring" && line.at(line.forward(after, is_blank)) == b'-' {
        after = line.forward(line.forward(after, is_blank), |byte| !is_blank(byte));
    }
    if label == "sshpass -p" && !is_blank(line.at(after)) {
        let end = line.forward(after, |byte| !is_blank(byte));
        return Some(after..end);
    }
    if label == "wpa_passphrase" && is_blank(line.at(after)) {
        // The network's name comes first.
        let name = line.forward(after, is_blank);
        let quote = line.at(name);
        let quoted = matches!(quote, b'"' | b'\'');
        after = if quoted {
            line.forward(name + 1, |byte| byte != quote) + 1
        } else {
            line.forward(name, |byte| !is_blank(byte))
        };
    }
    let value = value::value(line, after, bare, Reach::Word)?;
    if label.ends_with("cookie") {
        return cookies(line, &value);
    }
    // "Authorization: Bearer x" holds the secret further on.
    let range = secret_part(line, &value, class)?;
    is_secret(line.str(range.clone()), class, &value).then_some(range)
}

/// Whether a single word, known to stand where a secret does, is one.
pub(super) fn is_secret_word(text: &str) -> bool {
    let value = Value {
        range: 0..text.len(),
        quoted: false,
        separated: true,
    };
    is_secret(text, Class::Password, &value) && !text.contains(' ')
}

/// "The new password for jane is Sommer2026", "password lautet …", "reset the password to …": said in a sentence, and no word of it.
fn spoken(line: &Line<'_>, anchor: &Anchor) -> Option<Range<usize>> {
    let mut at = anchor.end + suffix(line, anchor).len();
    for _ in 0..8 {
        at = line.forward(at, |byte| is_blank(byte) || byte == b':');
        let end = line.forward(at, |byte| !is_blank(byte) && byte != b':');
        let word = line.str(at..end);
        if word.is_empty() || word.len() > 40 || word.ends_with(['.', ';', '?', '!']) {
            return None;
        }
        at = end;
        if [
            "is", "ist", "lautet", "to", "auf", "es", "est", "=", "now", "jetzt", "was", "war",
        ]
        .contains(&word)
        {
            let start = line.forward(end, |byte| is_blank(byte) || matches!(byte, b':' | b'"' | b'\'' | b'`'));
            let next = line.forward(start, |byte| !is_blank(byte) && !matches!(byte, b'"' | b'\'' | b'`'));
            let next = line.back(next, |byte| matches!(byte, b'.' | b',' | b';' | b')')).max(start);
            if is_no_word(line.str(start..next)) {
                return Some(start..next);
            }
        }
    }
    None
}

/// Digits or signs within, as passwords have and words do not.
fn is_no_word(text: &str) -> bool {
    let inner = text.trim_matches(|c: char| matches!(c, '!' | '?' | '\''));
    text.len() >= 5
        && is_secret_word(text)
        && inner
            .bytes()
            .any(|byte| !byte.is_ascii_alphabetic() && byte < 0x80 && byte != b'-' && byte != b'/')
        && text.bytes().any(|byte| byte.is_ascii_alphabetic())
}

/// `username admin secret 9 $9$…`, `password 7 0822455D0A16`: how switches write them.
fn numbered(line: &Line<'_>, anchor: &Anchor) -> Option<Range<usize>> {
    let digit = line.forward(anchor.end, is_blank);
    let start = line.forward(digit + 1, is_blank);
    let fits = digit == anchor.end + 1 && line.at(digit).is_ascii_digit() && start == digit + 2;
    let range = start..line.forward(start, |byte| !is_blank(byte));
    let text = line.str(range.clone());
    (fits && text.len() >= 4 && text.bytes().any(|byte| !byte.is_ascii_lowercase())).then_some(range)
}

/// `machine x login jane password y`, `username admin password y`: pairs of words without signs.
fn paired(line: &Line<'_>, anchor: &Anchor) -> Option<Range<usize>> {
    let before = line.back(anchor.start, is_blank);
    let name = line.back(before, |byte| !is_blank(byte));
    let label = line.back(name, is_blank);
    let word = line.str(line.back(label, |byte| byte.is_ascii_alphabetic())..label);
    let start = line.forward(anchor.end, is_blank);
    let range = start..line.forward(start, |byte| !is_blank(byte));
    let fits = is_one_of(word, &["login", "user", "username", "connect"]) && name < before && start > anchor.end;
    (fits && is_secret_word(line.str(range.clone()))).then_some(range)
}

/// "Cookie: name=x; other=y": all of them, when the first is one.
fn cookies(line: &Line<'_>, value: &Value) -> Option<Range<usize>> {
    let start = value.range.start;
    let inside = |byte: u8| value.quoted || !matches!(byte, b'"' | b'\'');
    let first = line.forward(start, |byte| byte != b';' && inside(byte));
    let pair = line.str(start..if value.quoted { first.min(value.range.end) } else { first });
    // Looked at before the rest of the line is.
    if pair.len() < 8 || !pair.contains('=') {
        return None;
    }
    Some(
        start..if value.quoted {
            value.range.end
        } else {
            line.run(start, inside)
        },
    )
}

fn secret_part(line: &Line<'_>, value: &Value, class: Class) -> Option<Range<usize>> {
    let mut range = value.range.clone();
    if !value.quoted {
        if class == Class::Password {
            // `key=value; key=value`, `?user=a&password=b`, but a lone password may hold any of these.
            let next = line.forward(range.end, is_blank);
            let text = line.str(range.clone());
            if let Some(at) = text
                .find([';', '&'])
                .filter(|at| text.get(at + 1..).is_some_and(|rest| rest.is_empty() || rest.contains('=')))
            {
                range.end = range.start + at;
            } else if text.ends_with([',', ';', ')', '}', ']']) && next <= line.end {
                range.end -= 1;
            }
        } else {
            range = value::until(line, range, b";,&)}]|");
        }
    }
    (!range.is_empty()).then_some(range)
}

/// Words that stand where a secret would, and are none.
static NOT_SECRETS: Words = Words::of(include_str!("../../words/not-secrets.txt"));

fn is_secret(text: &str, class: Class, value: &Value) -> bool {
    if text.len() < 3
        || text
            .bytes()
            .all(|byte| matches!(byte, b'*' | b'.' | b'-' | b'_' | b'x' | b'X' | b'#'))
    {
        return false;
    }
    let Some(first) = text.bytes().next() else { return false };
    let is_reference = (matches!(first, b'$' | b'%' | b'<' | b'(' | b'[' | b'{' | b'@') && !value.quoted && reference(text))
        || text.starts_with("${")
        || text.starts_with("$(")
        || text.starts_with("{{");
    if is_reference || NOT_SECRETS.contains(text) {
        return false;
    }
    match class {
        // A token is no word: it has digits, or is long.
        Class::Token => {
            text.len() >= 8
                && !text.starts_with(['/', '~'])
                && !text.contains("://")
                && (text.bytes().any(|byte| byte.is_ascii_digit()) || text.len() >= 20)
                && !text.contains(' ')
        }
        Class::ConnectionString => text.len() >= 12 && text.contains('='),
        _ => value.separated || value.quoted || text.len() >= 4,
    }
}

/// A variable, a placeholder or a call, rather than the thing itself.
fn reference(text: &str) -> bool {
    let inner = text
        .trim_start_matches(['$', '<', '(', '[', '{', '%', '@'])
        .trim_end_matches(['>', ')', ']', '}', '%', ';', ',']);
    text.starts_with(['<', '(', '[', '{'])
        || (text.starts_with('%') && text.ends_with('%'))
        || (text.starts_with('$')
            && inner
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b':' | b'.')))
}
