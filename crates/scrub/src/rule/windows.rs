//! What Windows calls accounts: `DOMAIN\user`, SIDs and GUIDs.

use super::Search;
use super::person::is_generic;
use super::words::{Words, ends, is_one_of};
use crate::class::Class;
use crate::finding::Finding;
use crate::kind::NAME;
use crate::line::{Line, is_alphanumeric, is_blank, is_name};
use crate::sign;

/// First parts that are no domains: hives, drives of PowerShell, folders, well-known authorities.
static NOT_DOMAINS: Words = Words::of(include_str!("../../words/not-domains.txt"));

/// Whether this could be the name of somebody's domain or machine before a backslash.
pub(super) fn is_foreign_domain(domain: &str) -> bool {
    (1..=32).contains(&domain.len()) && !NOT_DOMAINS.contains(domain) && domain.bytes().all(is_name)
}

const NOT_ACCOUNTS: &[&str] = &[
    "system",
    "local",
    "network",
    "service",
    "administrators",
    "users",
    "everyone",
    "guests",
    "domain",
    "authenticated",
];

pub(super) fn accounts(search: &mut Search<'_, '_>) {
    let line = search.line;
    let mut last_end = line.start;
    for slash in line.backslashes() {
        let mut after = slash + 1;
        // Doubled in JSON.
        if line.at(after) == b'\\' {
            after += 1;
        } else if line.before(slash) == b'\\' {
            continue;
        }
        let start = line.start_of(NAME, slash);
        let end = line.forward(after, |byte| is_name(byte) || byte == b'$');
        let end = line.back(end, |byte| matches!(byte, b'.' | b'-'));
        if start >= slash || end <= after || start < last_end {
            last_end = after;
            continue;
        }
        last_end = end;
        if is_account(&line, start, slash, after, end) {
            search.found.push(Finding::new(start..end, Class::DomainUser, "domain-user"));
        }
    }
}

fn is_account(line: &Line<'_>, start: usize, slash: usize, name: usize, end: usize) -> bool {
    let outside = line.before(start);
    let path =
        matches!(outside, b'\\' | b'/' | b':' | b'%' | b'}' | b'$' | b'*') && !(outside == b':' && follows_label(line, start));
    if path || matches!(line.at(end), b'\\' | b'/' | b'*' | b'%') {
        return false;
    }
    let (domain, user) = (line.str(start..slash), line.str(name..end));
    let known = NOT_DOMAINS.contains(domain) || is_one_of(user, NOT_ACCOUNTS);
    if known
        || domain.len() > 32
        || (domain == "." && is_generic(user))
        || user.ends_with('$') && user.len() < 3
        || domain.len() < 2 && domain != "."
    {
        return false;
    }
    // "src\main.rs", "bin\tool.exe": a file, unless the domain shouts.
    let shouts = domain
        .bytes()
        .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'-')
        && domain.bytes().any(|byte| byte.is_ascii_uppercase());
    let has_extension = user
        .rsplit_once('.')
        .is_some_and(|(_, ending)| is_one_of(ending, FILE_ENDINGS));
    if has_extension {
        return false;
    }
    let alone = line.trim(line.start..line.end) == (start..end);
    shouts
        || alone
        || follows_label(line, start)
        || line.at(end) == b':' && line.at(end + 1) != b':'
        || line.before(start) == b'"'
        || line.before(start) == b'\''
        || user.contains('.')
        || domain == "."
        || starts_column(line, start, end)
}

/// In a column: `contoso\jane   S-1-5-21-…`, `   contoso\jane   0:00:01`.
fn starts_column(line: &Line<'_>, start: usize, end: usize) -> bool {
    let wide = |at: usize| is_blank(line.at(at)) && is_blank(line.at(at + 1));
    let ends = wide(end) || line.at(end) == 0 || is_blank(line.at(end)) && matches!(line.at(end + 1), b'S' | b'0'..=b'9');
    let begins = start == line.start || start >= line.start + 2 && wide(start - 2);
    begins && ends
}

const FILE_ENDINGS: &[&str] = &[
    "exe",
    "dll",
    "sys",
    "ini",
    "txt",
    "log",
    "ps1",
    "psm1",
    "bat",
    "cmd",
    "vbs",
    "js",
    "ts",
    "rs",
    "py",
    "c",
    "h",
    "cpp",
    "cs",
    "xml",
    "json",
    "yml",
    "yaml",
    "toml",
    "dat",
    "msi",
    "zip",
    "config",
    "conf",
    "inf",
    "evtx",
    "etl",
    "dmp",
    "lnk",
    "html",
    "htm",
    "css",
    "md",
    "cer",
    "pfx",
    "crt",
    "pem",
    "key",
    "reg",
    "db",
    "bak",
    "tmp",
    "csv",
    "nupkg",
    "nuspec",
    "csproj",
    "vbproj",
    "fsproj",
    "vcxproj",
    "props",
    "resx",
    "tfvars",
    "tfstate",
    "ipynb",
    "parquet",
    "sqlite",
    "plist",
    "mobileconfig",
    "appimage",
    "flatpak",
    "gradle",
    "whl",
    "rpm",
    "deb",
    "jar",
    "war",
    "apk",
    "tgz",
    "iso",
    "qcow2",
    "vmdk",
    "vhdx",
    "msix",
    "appx",
];

/// Whether names of files end in this.
pub(super) fn is_file_ending(last: &str) -> bool {
    is_one_of(last, FILE_ENDINGS)
}

/// Whether a label of accounts stands right before.
fn follows_label(line: &Line<'_>, start: usize) -> bool {
    let before = line
        .str_before(start, 48)
        .trim_end_matches([' ', '\t', ':', '=', '"', '\'', '.']);
    [
        "user",
        "username",
        "user name",
        "account",
        "owner",
        "identity",
        "principal",
        "logon account",
        "login",
        "whoami",
        "/user",
        "-user",
        "credential",
        "-u",
        "runas",
        "member",
        "/ru",
        "account name",
        "by",
        "for",
        "startname",
        "service_start_name",
        "identityreference",
        "grant",
        "/grant",
        "/setowner",
        "/add",
    ]
    .iter()
    .any(|label| ends(before, label))
}

pub(super) fn identifiers(search: &mut Search<'_, '_>) {
    let line = search.line;
    let mut next = line.start;
    for dash in line.places(sign::DASHES_IN_IDENTIFIERS) {
        if dash < next {
            continue;
        }
        if let Some(end) = guid(&line, dash) {
            search.found.push(Finding::new(dash - 8..end, Class::Guid, "guid"));
            next = end;
        } else if let Some(end) = sid(&line, dash) {
            search.found.push(Finding::new(dash - 1..end, Class::Sid, "sid"));
            next = end;
        }
    }
}

/// 8-4-4-4-12 hexadecimal digits (RFC 9562); none for the nil GUID.
fn guid(line: &Line<'_>, dash: usize) -> Option<usize> {
    if line.at(dash + 5) != b'-' || line.at(dash + 10) != b'-' {
        return None;
    }
    let start = dash.checked_sub(8)?;
    let end = start + 36;
    let bytes = line.slice(start..end);
    let fits = bytes.len() == 36
        && bytes.iter().enumerate().all(|(at, byte)| {
            if matches!(at, 8 | 13 | 18 | 23) {
                *byte == b'-'
            } else {
                byte.is_ascii_hexdigit()
            }
        });
    let apart = !is_alphanumeric(line.before(start)) && !is_alphanumeric(line.at(end)) && start >= line.start;
    (fits && apart && bytes.iter().any(|byte| !matches!(byte, b'0' | b'-'))).then_some(end)
}

/// `S-1-5-21-…` (accounts of a domain or machine) and `S-1-12-1-…` (Entra ID); well-known ones name nobody.
fn sid(line: &Line<'_>, dash: usize) -> Option<usize> {
    if !matches!(line.before(dash), b'S' | b's') {
        return None;
    }
    let start = dash.checked_sub(1)?;
    let is_sid = line.reads(start, "S-1-5-21-") || line.reads(start, "S-1-12-1-");
    if !is_sid || is_alphanumeric(line.before(start)) {
        return None;
    }
    let end = line.forward(start + 9, |byte| byte.is_ascii_digit() || byte == b'-');
    let end = line.back(end, |byte| byte == b'-');
    (line.str(start..end).matches('-').count() >= 5).then_some(end)
}
