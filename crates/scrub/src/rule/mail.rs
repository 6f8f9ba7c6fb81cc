//! Addresses: `name@domain` for mail and for signing in, `user@host` in prompts and commands.

use super::connection::go_source;
use super::domain::{is_internal, is_vendor};
use super::host::is_host_name;
use super::people::{is_listed_name, is_no_name};
use super::person::{is_account_name, is_generic};
use super::spoken::is_no_word;
use super::value::is_found;
use super::words::{ends, holds};
use super::{Meaning, Search};
use crate::class::Class;
use crate::finding::Finding;
use crate::kind::{BLANK, NAME, WORD};
use crate::line::{Line, is_alphanumeric, is_blank};

pub(super) fn find(search: &mut Search<'_, '_>) {
    let line = search.line;
    let mut programs = Programs::default();
    for at in line.ats() {
        if line.before(at) == b'\'' && matches!(line.at(at + 1), b'\'' | b'%') {
            database_account(search, at);
            continue;
        }
        if let Some(range) = go_source(&line, at) {
            search.found.push(Finding::new(range, Class::ConnectionString, "go-source"));
            continue;
        }
        let local = line.back(at, |byte| {
            is_alphanumeric(byte) || matches!(byte, b'.' | b'_' | b'%' | b'+' | b'-' | b'#')
        });
        let local = line.forward(local, |byte| matches!(byte, b'.' | b'-' | b'+' | b'%' | b'#'));
        let domain_end = line.forward(at + 1, |byte| is_alphanumeric(byte) || matches!(byte, b'.' | b'-' | b'_'));
        let domain_end = line.back(domain_end, |byte| matches!(byte, b'.' | b'-' | b'_'));
        if local >= at || domain_end <= at + 1 {
            // "@priya please check"
            let name = at + 1..domain_end;
            let begins = at == line.start || matches!(line.before(at), b' ' | b'(' | b',');
            if begins && is_listed_name(line.str(name.clone())) {
                search.found.push(Finding::new(name, Class::User, "mention"));
            }
            continue;
        }
        let (name, domain) = (line.str(local..at), line.str(at + 1..domain_end));
        if is_vendor(domain) && matches!(name, "git" | "noreply" | "no-reply" | "support") {
            continue;
        }
        if is_domain(domain) {
            let upn = is_internal(domain) || ends(domain, ".onmicrosoft.com") || says_upn(&line, local);
            let class = if upn { Class::Upn } else { Class::Email };
            search.found.push(Finding::new(local..domain_end, class, "address"));
            if line.before(local) == b'<' {
                addressee(search, local - 1);
            }
            let secret = domain_end + 1..line.forward(domain_end + 1, |byte| !is_blank(byte) && !matches!(byte, b'"' | b'\''));
            if line.at(domain_end) == b':' && is_no_word(line.str(secret.clone())) && !line.str(secret.clone()).contains('/') {
                search.found.push(Finding::new(secret, Class::Password, "beside-address"));
            }
        } else if is_realm(name, domain) || line.before(local) == b'<' && line.at(domain_end) == b'>' && is_account_name(name) {
            search.found.push(Finding::new(local..domain_end, Class::Upn, "realm"));
        } else if is_remote(&line, local, domain_end, &mut programs) {
            if !is_generic(name) {
                search.found.push(Finding::new(local..at, Class::User, "user-at-host"));
            }
            let number = domain.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
            if !number && !domain.eq_ignore_ascii_case("localhost") {
                search
                    .found
                    .push(Finding::new(at + 1..domain_end, Class::Host, "user-at-host"));
            }
        }
    }
}

/// `jane%40example.org`, as addresses of the web have addresses.
pub(super) fn escaped(search: &mut Search<'_, '_>) {
    let line = search.line;
    for anchor in search.anchors.iter().filter(|anchor| anchor.meaning == Meaning::Escaped) {
        let local = line.start_of(NAME, anchor.start);
        let end = line.end_of(NAME, anchor.end);
        let end = line.back(end, |byte| matches!(byte, b'.' | b'-'));
        if local < anchor.start && anchor.end < end && is_domain(line.str(anchor.end..end)) && !is_found(search, local) {
            search.found.push(Finding::new(local..end, Class::Email, "address"));
        }
    }
}

/// `'shop'@'10.0.0.5'`, as MySQL has it.
fn database_account(search: &mut Search<'_, '_>, at: usize) {
    let line = search.line;
    let name = line.start_of(NAME, at - 1)..at - 1;
    if line.before(name.start) == b'\'' && is_account_name(line.str(name.clone())) {
        search.found.push(Finding::new(name, Class::User, "database-account"));
    }
    let machine = at + 2..line.end_of(NAME, at + 2);
    if line.at(at + 1) == b'\'' && line.at(machine.end) == b'\'' && is_host_name(line.str(machine.clone())) {
        search.found.push(Finding::new(machine, Class::Host, "database-account"));
    }
}

/// `Anna Keller <…`, `"Keller, Anna" <…`: up to four words with a capital before an address.
fn addressee(search: &mut Search<'_, '_>, bracket: usize) {
    let line = search.line;
    let end = line.back(bracket, |byte| is_blank(byte) || byte == b'"' || byte == b'\'');
    let mut start = end;
    for _ in 0..4 {
        let word = line.back(start, |byte| is_alphanumeric(byte) || matches!(byte, b'-' | b'\'' | b'.'));
        let text = line.str(word..start).trim_end_matches('.');
        // A weekday is a family's name behind a first name.
        let named = || is_listed_name(line.str(line.start_of(WORD, word.saturating_sub(1))..word.saturating_sub(1)));
        if text.is_empty() || !text.starts_with(char::is_uppercase) || is_no_name(text) && !named() {
            break;
        }
        start = word;
        let gap = line.back(word, |byte| byte == b' ');
        let comma = line.before(gap) == b',';
        if gap + 1 != word || line.before(gap) == b':' {
            break;
        }
        start = if comma { gap - 1 } else { gap };
    }
    let range = line.forward(start, |byte| matches!(byte, b' ' | b','))..end;
    if end < bracket && range.len() >= 3 && !is_found(search, range.start) {
        search.found.push(Finding::new(range, Class::User, "addressee"));
    }
}

/// At least two labels, the last of letters: so no version (`react@18.2.0`).
fn is_domain(domain: &str) -> bool {
    let mut labels = domain.rsplit('.');
    let last = labels.next().unwrap_or_default();
    labels.next().is_some()
        && (2..=24).contains(&last.len())
        && last.bytes().all(|byte| byte.is_ascii_alphabetic() || byte >= 0x80)
        && domain.split('.').all(|label| !label.is_empty())
        && !["service", "timer", "socket", "mount", "target", "slice"].contains(&last)
}

/// Realms of hypervisors and directories, which have no dot.
const REALMS: &[&str] = &["pve", "pam", "pbs", "pmg", "ldap", "openid", "oidc", "krb5"];

/// `anna@pve`: an account and the realm that knows it.
fn is_realm(name: &str, domain: &str) -> bool {
    REALMS.contains(&domain) && !is_generic(name)
}

/// `256 SHA256:… anna@laptop (ED25519)`, `ssh-ed25519 AAAA… anna@laptop`: whose a key is.
fn is_comment(line: &Line<'_>, end: usize) -> bool {
    let kind = [" (ED25519", " (RSA", " (ECDSA", " (DSA"]
        .iter()
        .any(|kind| line.reads(end, kind));
    let key = ["ssh-", "ecdsa-", "sk-ssh-"].iter().any(|lead| line.reads(line.start, lead));
    kind || key && line.trim(end..line.end).is_empty()
}

fn says_upn(line: &Line<'_>, at: usize) -> bool {
    let before = line.str_before(at, 48);
    ["upn", "principal"].iter().any(|word| holds(before, word))
}

/// `user@host:~$`, `[user@host dir]#`, `ssh user@host`, `user@host:/path`, `user@host's password`.
fn is_remote(line: &Line<'_>, start: usize, end: usize, programs: &mut Programs) -> bool {
    let after = line.at(end);
    let opening = line.before(start);
    if opening == b'[' && (is_blank(after) || after == b']') || is_comment(line, end) {
        return true;
    }
    let at_beginning = start == line.start || (line.at(line.start) == b'(' && start < line.start + 40);
    if at_beginning && matches!(after, b':' | b' ' | b'#' | b'$' | b'>' | 0) && !is_path_like(line, start) {
        return after != 0 || line.start == start;
    }
    if after == b':' && matches!(line.at(end + 1), b'/' | b'~' | b'.') || (after == b'\'' && line.at(end + 1) == b's') {
        return true;
    }
    let gap = line.start_of(BLANK, start);
    programs.is_before(line, start) || line.slice(gap.saturating_sub(2)..gap) == b"=="
}

/// Where the first program that takes `user@host` ends in a line, looked up once.
#[derive(Default)]
struct Programs(Option<usize>);

impl Programs {
    fn is_before(&mut self, line: &Line<'_>, start: usize) -> bool {
        let first = *self.0.get_or_insert_with(|| {
            let ends = PROGRAMS
                .iter()
                .filter_map(|program| Some(memchr::memmem::find(line.bytes(), program.as_bytes())? + program.len()));
            ends.min().map_or(usize::MAX, |end| line.start + end)
        });
        first <= start
    }
}

const PROGRAMS: &[&str] = &[
    "ssh ",
    "scp ",
    "sftp ",
    "rsync ",
    "ssh-copy-id ",
    "mosh ",
    "ssh-keygen",
    " ssh-rsa ",
    "ssh-ed25519 ",
    "ecdsa-sha2",
    "autossh ",
];

fn is_path_like(line: &Line<'_>, start: usize) -> bool {
    matches!(line.before(start), b'/' | b'\\')
}
