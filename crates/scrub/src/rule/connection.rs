//! Settings that hold a password or key among addresses, whole: URLs with credentials and connection strings.

use super::value::is_flag;
use super::words::begins;
use super::{Anchor, Meaning};
use crate::class::Class;
use crate::line::{Line, is_blank};
use std::ops::Range;

/// `scheme://user:password@host/…`, whole.
pub(super) fn url_with_password(line: &Line<'_>, anchor: &Anchor) -> Option<Range<usize>> {
    let authority_end = line.forward(anchor.end, |byte| {
        byte > b' ' && !matches!(byte, b'/' | b'?' | b'#' | b'"' | b'<' | b'>')
    });
    let Some((credentials, _)) = line.str(anchor.end..authority_end).rsplit_once('@') else {
        return url_with_query(line, anchor);
    };
    // "https://TOKEN@host"
    let token = credentials.len() >= 16 && credentials.bytes().any(|byte| byte.is_ascii_digit());
    let password = match credentials.split_once(':') {
        Some((_, password)) => password,
        None if token
            && credentials
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')) =>
        {
            credentials
        }
        None => return None,
    };
    let start = line.back(anchor.start, |byte| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.')
    });
    let end = line.forward(authority_end, |byte| {
        !is_blank(byte) && !matches!(byte, b'"' | b'\'' | b'<' | b'>' | b'`' | b')')
    });
    (!password.is_empty() && start < anchor.start).then_some(start..end)
}

/// `jdbc:postgresql://host/db?user=x&password=y`, whole; addresses of the web hide the value alone.
fn url_with_query(line: &Line<'_>, anchor: &Anchor) -> Option<Range<usize>> {
    let end = line.forward(anchor.end, |byte| {
        !is_blank(byte) && !matches!(byte, b'"' | b'\'' | b'<' | b'>' | b'`' | b')')
    });
    let start = line.back(anchor.start, |byte| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.' | b':')
    });
    let (_, query) = line.str(anchor.end..end).split_once('?')?;
    let secret = query
        .split('&')
        .any(|pair| pair.len() > "password=".len() && begins(pair, "password=") || pair.len() > 4 && begins(pair, "pwd="));
    (secret && !begins(line.str(start..end), "http")).then_some(start..end)
}

/// `Server=…;Database=…;User Id=…;Password=…`, `DefaultEndpointsProtocol=…;AccountKey=…`, whole: at least two pairs, and a secret among them.
pub(super) fn connection_string(line: &Line<'_>, anchors: &[Anchor]) -> Option<Range<usize>> {
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
            if begins(piece, "jdbc:") && pairs == 0 {
                first = pair_start;
                pairs = 1;
                continue;
            }
            if pair_start > secret.start {
                // The last of the signs between pairs belongs to it.
                end = end.min(pair_start);
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
