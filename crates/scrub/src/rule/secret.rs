//! Passwords, keys and tokens behind their labels; connection strings; passwords on command lines.

use super::value::{self, Reach, Value, is_flag, is_found, suffix};
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
        if is_found(search, anchor.start) {
            continue;
        }
        let finding = match anchor.meaning {
            Meaning::Setting(class @ (Class::Password | Class::Token | Class::ConnectionString)) => {
                setting(&line, anchor, class).map(|range| Finding::new(range, class, "labelled-secret"))
            }
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
    }
}

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

fn setting(line: &Line<'_>, anchor: &Anchor, class: Class) -> Option<Range<usize>> {
    let label = line.str(anchor.start..anchor.end);
    let short = matches!(
        label.to_ascii_lowercase().as_str(),
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
    );
    // A short word inside a longer one (`/passwd/`, `tokenize`) labels nothing.
    if short && is_alphanumeric(line.before(anchor.start)) && is_alphanumeric(line.at(anchor.start)) {
        return None;
    }
    let ending = suffix(line, anchor);
    if !HARMLESS_ENDINGS.iter().any(|harmless| ending.eq_ignore_ascii_case(harmless)) {
        return None;
    }
    let bare = is_flag(line, anchor)
        || [
            "bearer",
            "authorization: basic",
            "sshpass -p",
            "convertto-securestring",
            "requirepass",
            "passin pass",
            "passout pass",
            "community",
        ]
        .iter()
        .any(|word| label.eq_ignore_ascii_case(word));
    let mut after = anchor.end + ending.len();
    if label.ends_with('=') {
        after -= 1;
    }
    if label.eq_ignore_ascii_case("convertto-securestring") && line.reads(line.forward(after, is_blank), "-string") {
        after = line.forward(after, is_blank) + "-string".len();
    }
    if label.eq_ignore_ascii_case("sshpass -p") && !is_blank(line.at(after)) {
        let end = line.forward(after, |byte| !is_blank(byte));
        return Some(after..end);
    }
    let value = value::value(line, after, bare, Reach::Word)?;
    // "Authorization: Bearer x" and "Cookie: name=x" hold the secret further on.
    let range = secret_part(line, &value, class, label)?;
    is_secret(line.str(range.clone()), class, &value).then_some(range)
}

fn secret_part(line: &Line<'_>, value: &Value, class: Class, label: &str) -> Option<Range<usize>> {
    let mut range = value.range.clone();
    if !value.quoted {
        if label.to_ascii_lowercase().ends_with("cookie") {
            return Some(range.start..line.end);
        }
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
const NOT_SECRET: &[&str] = &[
    "null",
    "none",
    "nil",
    "true",
    "false",
    "yes",
    "no",
    "never",
    "required",
    "prompt",
    "set",
    "unset",
    "expired",
    "expires",
    "changed",
    "change",
    "disabled",
    "enabled",
    "is",
    "was",
    "must",
    "for",
    "from",
    "the",
    "not",
    "and",
    "or",
    "hidden",
    "redacted",
    "system.security.securestring",
    "string",
    "undefined",
    "empty",
    "n/a",
    "x",
    "present",
    "absent",
    "type",
    "invalid",
    "ok",
    "failed",
    "in",
    "to",
    "with",
    "file",
    "missing",
    "incorrect",
];

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
    if is_reference || NOT_SECRET.iter().any(|word| text.eq_ignore_ascii_case(word)) {
        return false;
    }
    match class {
        // A token is no word: it has digits, or is long.
        Class::Token => {
            text.len() >= 8
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

fn flagged(line: &Line<'_>, anchor: &Anchor, flag: &str) -> Option<Range<usize>> {
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

fn net_user(line: &Line<'_>, anchor: &Anchor) -> Option<Range<usize>> {
    let name = word(line, line.forward(anchor.end, is_blank));
    let after = name.end + usize::from(matches!(line.at(name.end), b'"' | b'\''));
    let password = word(line, line.forward(after, is_blank));
    let text = line.str(password.clone());
    (!text.is_empty() && after < password.start && !text.starts_with(['/', '*', '|', '>', '&', '2'])).then_some(password)
}

/// `scheme://user:password@host/…`, whole.
fn url_with_password(line: &Line<'_>, anchor: &Anchor) -> Option<Range<usize>> {
    let authority_end = line.forward(anchor.end, |byte| {
        byte > b' ' && !matches!(byte, b'/' | b'?' | b'#' | b'"' | b'<' | b'>')
    });
    let (credentials, _) = line.str(anchor.end..authority_end).rsplit_once('@')?;
    let (_, password) = credentials.split_once(':')?;
    let start = line.back(anchor.start, |byte| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.')
    });
    let end = line.forward(authority_end, |byte| {
        !is_blank(byte) && !matches!(byte, b'"' | b'\'' | b'<' | b'>' | b'`' | b')')
    });
    (!password.is_empty() && start < anchor.start).then_some(start..end)
}

/// `Server=…;Database=…;User Id=…;Password=…`, `DefaultEndpointsProtocol=…;AccountKey=…`, whole: at least two pairs, and a secret among them.
fn connection_string(line: &Line<'_>, anchors: &[Anchor]) -> Option<Range<usize>> {
    let secret = anchors.iter().find(|anchor| {
        matches!(anchor.meaning, Meaning::Setting(Class::Password | Class::Token))
            && line.at(line.forward(anchor.end, is_blank)) == b'='
            && !is_flag(line, anchor)
    })?;
    let inside = |byte: u8| !matches!(byte, b'"' | b'\'' | b'<' | b'>' | b'\t');
    let (mut start, field_end) = (line.back(secret.start, inside), line.forward(secret.start, inside));
    let mut end = field_end;
    if !line.str(start..end).contains(';') {
        return None;
    }
    // Only pairs belong to it: names of one to three words, an equals sign, a value without blanks at its end.
    let mut first = secret.start;
    let mut scan = start;
    let mut pairs = 0;
    for piece in line.str(start..end).split(';') {
        let pair_start = scan;
        scan += piece.len() + 1;
        let Some((name, value)) = piece.split_once('=') else {
            if pair_start > secret.start {
                end = end.min(pair_start.saturating_sub(1));
                break;
            }
            pairs = 0;
            first = scan;
            continue;
        };
        // What stands before the first name, such as `$env:CS =`, is not part of it.
        let tail = name.rsplit_once([':', '>', ',']).map_or(name, |(_, tail)| tail);
        let trimmed = tail.trim_start();
        if pairs == 0 {
            first = pair_start + piece.len() - value.len() - 1 - trimmed.len();
        }
        pairs += 1;
        if pair_start > secret.start
            && let Some(blank) = value.find(' ')
        {
            end = end.min(pair_start + name.len() + 1 + blank);
            break;
        }
    }
    start = first;
    let range = line.trim(start..end.min(field_end));
    (pairs >= 2 && range.start <= secret.start && secret.end <= range.end).then_some(range)
}
