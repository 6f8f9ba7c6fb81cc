//! Settings that hold a password or key among addresses, whole: URLs with credentials and connection strings.

use super::value::is_flag;
use super::words::begins;
use super::{Anchor, Meaning, Search};
use crate::class::Class;
use crate::finding::Finding;
use crate::kind::{BLANK, LOWER};
use crate::line::{Line, is_blank, is_name};
use std::ops::Range;

/// `scheme://user:password@host/…`, whole.
pub(super) fn url_with_password(line: &Line<'_>, anchor: &Anchor) -> Option<Range<usize>> {
    if !is_name(line.at(anchor.end)) && line.at(anchor.end) != b':' || !line.before(anchor.start).is_ascii_alphanumeric() {
        return None;
    }
    let authority_end = line.forward(anchor.end, |byte| {
        byte > b' ' && !matches!(byte, b'/' | b'?' | b'#' | b'"' | b'<' | b'>')
    });
    let Some((credentials, _)) = line.str(anchor.end..authority_end).rsplit_once('@') else {
        return url_with_query(line, anchor).or_else(|| url_with_signs(line, anchor));
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
        byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.' | b'_')
    });
    let end = line.forward(authority_end, |byte| {
        !is_blank(byte) && !matches!(byte, b'"' | b'\'' | b'<' | b'>' | b'`' | b')')
    });
    (!password.is_empty() && (start < anchor.start || anchor.word.len() > 3)).then(|| outer(line, start)..end)
}

/// `rest:https://…`, `jdbc:sqlserver://…`: what stands before a scheme and belongs to it.
fn outer(line: &Line<'_>, start: usize) -> usize {
    let before = line.start_of(LOWER, start.saturating_sub(1));
    let known = [
        "rest", "jdbc", "rclone", "svn", "sftp", "swift", "s3", "http", "hg", "bzr", "r2dbc",
    ];
    if line.before(start) == b':' && known.contains(&line.str(before..start - 1)) {
        before
    } else {
        start
    }
}

/// `//name:password@server/share`, as macOS mounts shares.
pub(super) fn share_with_password(line: &Line<'_>, anchor: &Anchor) -> Option<Range<usize>> {
    let outside = matches!(line.before(anchor.start), 0 | b' ' | b'\t' | b'"' | b'\'' | b'=');
    let end = line.forward(anchor.end, |byte| {
        !is_blank(byte) && !matches!(byte, b'"' | b'\'' | b'<' | b'>' | b'`')
    });
    let (credentials, machine) = line.str(anchor.end..end).rsplit_once('@')?;
    let (name, password) = credentials.split_once(':')?;
    let fits = !name.is_empty() && name.bytes().all(|byte| is_name(byte) || byte == b';') && !password.is_empty();
    (outside && fits && !password.contains('/') && machine.starts_with(|c: char| c.is_ascii_alphanumeric()))
        .then_some(anchor.start..end)
}

/// `name:password@tcp(10.0.0.5:3306)/base`, as programs in Go name their databases.
pub(super) fn go_source(line: &Line<'_>, at: usize) -> Option<Range<usize>> {
    if !(line.reads(at, "@tcp(") || line.reads(at, "@unix(")) {
        return None;
    }
    let inside = |byte: u8| !is_blank(byte) && !matches!(byte, b'"' | b'\'' | b'<' | b'>' | b'`' | b'=');
    let start = line.back(at, inside);
    let end = line.forward(at, |byte| {
        !is_blank(byte) && !matches!(byte, b'"' | b'\'' | b'<' | b'>' | b'`')
    });
    line.str(start..at).contains(':').then_some(start..end)
}

/// `postgres://name:pa/ss#word@host/db`: what should have been escaped. Not in addresses of the web, whose paths hold anything.
fn url_with_signs(line: &Line<'_>, anchor: &Anchor) -> Option<Range<usize>> {
    let end = line.forward(anchor.end, |byte| {
        !is_blank(byte) && !matches!(byte, b'"' | b'\'' | b'<' | b'>' | b'`')
    });
    let start = line.back(anchor.start, |byte| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.' | b'_')
    });
    let (credentials, machine) = line.str(anchor.end..end).rsplit_once('@')?;
    let (name, password) = credentials.split_once(':')?;
    let fits = name.bytes().all(is_name) && !password.is_empty() && machine.starts_with(|c: char| c.is_ascii_alphanumeric());
    (fits && start < anchor.start && !begins(line.str(start..end), "http")).then_some(start..end)
}

/// `jdbc:oracle:thin:name/password@…`, whole.
pub(super) fn oracle(line: &Line<'_>, anchors: &[Anchor]) -> Option<Range<usize>> {
    let anchor = anchors.iter().find(|anchor| anchor.word == "jdbc:oracle:")?;
    let end = line.forward(anchor.end, |byte| {
        !is_blank(byte) && !matches!(byte, b'"' | b'\'' | b'<' | b'>')
    });
    let (credentials, _) = line.str(anchor.end..end).split_once('@')?;
    credentials.contains('/').then_some(anchor.start..end)
}

/// What PostgreSQL keeps of a connection.
pub(super) fn kept(search: &mut Search<'_, '_>) {
    if let Some(range) = pgpass(&search.line) {
        search.found.push(Finding::new(range, Class::ConnectionString, "pgpass"));
    }
}

/// `db.example.lan:5432:crm:crm_app:secret`: a line of libpq's file of passwords, whole.
fn pgpass(line: &Line<'_>) -> Option<Range<usize>> {
    let range = line.trim(line.start..line.end);
    let text = line.str(range.start..range.end.min(range.start + 200));
    if text.len() < range.len() || text.contains([' ', '/', '[', '"', '{', ';']) {
        return None;
    }
    let mut fields = text.split(':');
    let (machine, port) = (fields.next()?, fields.next()?);
    let (base, account, password) = (fields.next()?, fields.next()?, fields.next()?);
    let number = port == "*" || (3..=5).contains(&port.len()) && port.bytes().all(|byte| byte.is_ascii_digit());
    let named = |text: &str| !text.is_empty() && text.bytes().all(|byte| is_name(byte) || byte == b'*');
    let letters = |text: &str| text == "*" || text.contains(char::is_alphabetic);
    let fits = number && named(machine) && letters(machine) && named(base) && letters(base) && named(account) && letters(account);
    (fits && password.len() >= 4 && fields.next().is_none()).then_some(range)
}

/// `host=… port=… dbname=… user=… password=…`, as libpq takes it: at least three of its words and a password, whole.
pub(super) fn keywords(line: &Line<'_>, anchors: &[Anchor]) -> Option<Range<usize>> {
    let secret = anchors
        .iter()
        .find(|anchor| anchor.word == "password" && line.at(anchor.end) == b'=')?;
    let inside = |byte: u8| !matches!(byte, b'"' | b'\'' | b'<' | b'>' | b'\t' | b';' | b',');
    let (from, to) = (line.back(secret.start, inside), line.forward(secret.start, inside));
    let known = [
        "host",
        "hostaddr",
        "port",
        "dbname",
        "user",
        "password",
        "sslmode",
        "connect_timeout",
        "application_name",
        "options",
        "channel_binding",
        "target_session_attrs",
        "sslrootcert",
        "sslcert",
        "sslkey",
        "keepalives",
        "gssencmode",
        "service",
        "passfile",
    ];
    let is_pair = |word: &str| {
        word.trim_start_matches('\'')
            .split_once('=')
            .is_some_and(|(name, _)| known.contains(&name))
    };
    let mut at = from;
    let (mut start, mut end, mut pairs) = (None, from, 0);
    for word in line.str(from..to).split(' ') {
        if is_pair(word) {
            start = start.or(Some(at));
            end = at + word.len();
            pairs += 1;
        } else if end > secret.start {
            break;
        } else {
            (start, pairs) = (None, 0);
        }
        at += word.len() + 1;
    }
    let start = start.filter(|start| *start <= secret.start && secret.end <= end)?;
    (pairs >= 3 && line.str(start..end).contains("host")).then_some(start..end)
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
            && line.at(line.end_of(BLANK, anchor.end)) == b'='
            && !is_flag(line, anchor)
    })?;
    let inside = |byte: u8| !matches!(byte, b'"' | b'\'' | b'<' | b'>' | b'\t');
    let (mut start, field_end) = (line.back(secret.start, inside), line.forward(secret.start, inside));
    let mut end = field_end;
    // "{ id = jane ; secret = "x" }" are settings between brackets.
    if !line.str(start..end).contains(';') || line.str(start..secret.start).contains("{ ") {
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

/// `cache-01:6379,password=…,ssl=True`, as clients of Redis take it, whole.
pub(super) fn listed(line: &Line<'_>, anchors: &[Anchor]) -> Option<Range<usize>> {
    let secret = anchors.iter().find(|anchor| {
        let pair = line.before(anchor.start) == b',' && line.at(anchor.end) == b'=';
        pair && matches!(anchor.meaning, Meaning::Setting(Class::Password))
    })?;
    let inside = |byte: u8| !is_blank(byte) && !matches!(byte, b'"' | b'\'' | b'<' | b'>' | b';');
    let range = line.back(secret.start, inside)..line.forward(secret.start, inside);
    let (machine, _) = line.str(range.clone()).split_once(',')?;
    let (name, port) = machine.rsplit_once(':')?;
    let fits = name.bytes().all(is_name) && !name.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    (fits && !port.is_empty()).then_some(range)
}
