//! Names of machines that stand beside an address, a port or a scheme: `web-03 (10.8.14.20)`, `10.8.14.20 web-03`, `db-01:5432`,
//! `ldap://dc01`.

use super::host::is_host_name;
use super::person::is_account_name;
use super::value::is_found;
use super::words::is_one_of;
use super::{Meaning, Search};
use crate::class::Class;
use crate::finding::Finding;
use crate::kind::{ALPHANUMERIC, BLANK, DIGIT, DOTTED, NAME, SOLID};
use crate::line::{Line, has, is_blank, is_name};
use crate::sign;
use core::net::IpAddr;
use std::ops::Range;

/// Expects that addresses of this line were found.
pub(super) fn addresses(search: &mut Search<'_, '_>) {
    let line = search.line;
    let mut names: Vec<Range<usize>> = Vec::new();
    let mut users: Vec<Range<usize>> = Vec::new();
    for finding in search.found.iter().filter(|finding| finding.class == Class::Ip) {
        let address = finding.range.clone();
        if matches!(line.before(address.start), b'(' | b'[') {
            let end = line.start_of(BLANK, address.start - 1);
            names.push(line.start_of(NAME, end)..end);
        }
        // `jane-home/203.0.113.9:1194`, as OpenVPN writes who is connected.
        if line.before(address.start) == b'/' && line.at(address.end) == b':' {
            let name = line.back(address.start - 1, is_name)..address.start - 1;
            if is_blank(line.before(name.start)) && is_account_name(line.str(name.clone())) {
                users.push(name);
            }
        }
        if line.at(address.end) == b' ' && line.at(address.end + 1) == b'(' {
            let inside = address.end + 2..line.end_of(NAME, address.end + 2);
            let telling = line
                .slice(inside.clone())
                .iter()
                .any(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'.'));
            if line.at(inside.end) == b')' && telling {
                names.push(inside);
            }
        }
    }
    search.found.extend(
        users
            .into_iter()
            .map(|name| Finding::new(name, Class::User, "beside-address")),
    );
    names.extend(leased(&line, &search.found));
    for range in names {
        host(search, range, "beside-address");
    }
}

/// `1709829011 d4:ca:6d:1c:9c:b7 192.0.2.101 melkrobot *`: what a server of addresses (dnsmasq) was told by whom it gave one.
fn leased(line: &Line<'_>, found: &[Finding]) -> Option<Range<usize>> {
    let address = found.iter().find(|finding| finding.class == Class::Ip)?;
    let hardware = found
        .iter()
        .any(|other| other.class == Class::Mac && other.range.end + 1 == address.range.start);
    let name = address.range.end + 1..line.forward(address.range.end + 1, is_name);
    let after = line.at(name.end + 1);
    let fits = hardware
        && line.at(address.range.end) == b' '
        && line.at(name.end) == b' '
        && (after == b'*' || after.is_ascii_hexdigit());
    (fits && !name.is_empty()).then_some(name)
}

fn host(search: &mut Search<'_, '_>, range: Range<usize>, rule: &'static str) {
    if is_host_name(search.line.str(range.clone())) && !is_found(search, range.start) {
        search.found.push(Finding::new(range, Class::Host, rule));
    }
}

/// Names that every machine gives itself and groups.
const LOOPBACK: &[&str] = &[
    "localhost",
    "localhost.localdomain",
    "ip6-localhost",
    "ip6-loopback",
    "ip6-localnet",
    "ip6-mcastprefix",
    "ip6-allnodes",
    "ip6-allrouters",
    "broadcasthost",
    "localhost4",
    "localhost6",
];

/// A line of `/etc/hosts`: an address and names, nothing else.
pub(super) fn hosts_file(search: &mut Search<'_, '_>) {
    let line = search.line;
    let first = line.end_of(BLANK, line.start);
    if !(line.at(first).is_ascii_hexdigit() || line.at(first) == b':') || !(line.has(has::DOT) || line.has(has::COLON)) {
        return;
    }
    let address = first..line.forward(first, |byte| byte.is_ascii_hexdigit() || matches!(byte, b'.' | b':'));
    if !is_blank(line.at(address.end)) || address.len() < 3 || line.str(address.clone()).parse::<IpAddr>().is_err() {
        return;
    }
    let mut names: Vec<Range<usize>> = Vec::new();
    let mut at = line.end_of(BLANK, address.end);
    while at < line.end && line.at(at) != b'#' {
        let name = at..line.end_of(SOLID, at);
        at = line.end_of(BLANK, name.end);
        let text = line.str(name.clone());
        if is_one_of(text, LOOPBACK) {
            continue;
        }
        let hardware = text.len() == 17 && text.bytes().filter(|byte| *byte == b'-').count() == 5;
        if names.len() > 5 || hardware || !is_host_name(text) {
            return;
        }
        names.push(name);
    }
    for name in names {
        host(search, name, "hosts-file");
    }
}

/// Ports that services of machines listen at.
const PORTS: &[&str] = &[
    "22", "25", "53", "80", "88", "110", "135", "139", "143", "389", "443", "445", "465", "587", "636", "993", "995", "1433",
    "1521", "2049", "2222", "3000", "3128", "3268", "3306", "3389", "5000", "5432", "5601", "5672", "5900", "5985", "5986",
    "6379", "6443", "8000", "8006", "8080", "8081", "8086", "8200", "8443", "8500", "8888", "9000", "9090", "9092", "9100",
    "9200", "9443", "11211", "15672", "27017",
];

/// `db-01:5432`.
pub(super) fn ports(search: &mut Search<'_, '_>) {
    let line = search.line;
    for colon in line.places(sign::COLONS_BEHIND_NAMES) {
        if line.at(colon + 1) == b'/' && is_name(line.at(colon + 2)) {
            export(search, colon);
            continue;
        }
        if !line.at(colon + 1).is_ascii_digit() || !is_name(line.before(colon)) {
            continue;
        }
        let end = line.end_of(DIGIT, colon + 1);
        let name = line.start_of(NAME, colon)..colon;
        let text = line.str(name.clone());
        let outside = matches!(
            line.before(name.start),
            0 | b' ' | b'\t' | b'"' | b'\'' | b'=' | b'/' | b'@' | b'[' | b'(' | b','
        );
        // "2025-11-01T03:25" is a time.
        let telling = text.bytes().any(|byte| byte.is_ascii_digit() || byte == b'-') && !text.contains('.');
        let telling = telling && text.starts_with(char::is_alphabetic);
        if outside && telling && !is_name(line.at(end)) && PORTS.contains(&line.str(colon + 1..end)) {
            host(search, name, "name-with-port");
        }
    }
}

/// `nas-01:/srv/export`, as NFS and scp have it: a name with a digit or a dash.
fn export(search: &mut Search<'_, '_>, colon: usize) {
    let line = search.line;
    let name = line.start_of(NAME, colon)..colon;
    let text = line.str(name.clone());
    let outside = matches!(line.before(name.start), 0 | b' ' | b'\t' | b'"' | b'\'' | b'=');
    let telling = text.len() >= 3 && text.bytes().any(|byte| byte.is_ascii_digit() || byte == b'-') && !text.contains('_');
    if outside && telling {
        host(search, name, "export");
    }
}

/// Schemes that name a machine.
const SCHEMES: &[&str] = &[
    "http",
    "https",
    "ftp",
    "ftps",
    "sftp",
    "ssh",
    "ldap",
    "ldaps",
    "smb",
    "cifs",
    "nfs",
    "rdp",
    "vnc",
    "mysql",
    "postgres",
    "postgresql",
    "redis",
    "rediss",
    "amqp",
    "amqps",
    "mongodb",
    "tcp",
    "udp",
    "ws",
    "wss",
    "git",
    "rsync",
    "imap",
    "imaps",
    "smtp",
    "smtps",
    "pop3",
    "ipp",
    "ipps",
    "svn",
    "sqlserver",
    "telnet",
    "afp",
    "dav",
    "davs",
    "tls",
    "mqtt",
    "syslog",
    "socks5",
];

/// The machine of an address of the web and the like.
pub(super) fn urls(search: &mut Search<'_, '_>) {
    let line = search.line;
    for anchor in search.anchors.iter().filter(|anchor| anchor.meaning == Meaning::Scheme) {
        let scheme = line.start_of(ALPHANUMERIC, anchor.start);
        if !is_one_of(line.str(scheme..anchor.start), SCHEMES) {
            continue;
        }
        let authority = line.forward(anchor.end, |byte| is_name(byte) || matches!(byte, b'@' | b':' | b'%'));
        let start = line.back(authority, |byte| byte != b'@').max(anchor.end);
        let name = start..line.back(line.end_of(NAME, start), |byte| byte == b'.').max(start);
        if name.end < line.end || !name.is_empty() {
            host(search, name, "url-host");
        }
    }
}

/// `TERMSRV/ws-042`, `MSSQLSvc/sql01.nordwind.local:1433`: names of services in a directory.
pub(super) fn principals(search: &mut Search<'_, '_>) {
    let line = search.line;
    for anchor in search.anchors.iter().filter(|anchor| anchor.meaning == Meaning::Principal) {
        let outside = matches!(line.before(anchor.start), 0 | b' ' | b'\t' | b'"' | b'\'' | b'=' | b',');
        let end = line.end_of(NAME, anchor.end);
        let goes_on = matches!(line.at(end), 0 | b' ' | b'\t' | b'"' | b'\'' | b':' | b'@' | b',' | b'/');
        if outside && goes_on {
            host(
                search,
                anchor.end..line.back(end, |byte| byte == b'.').max(anchor.end),
                "service-principal",
            );
        }
    }
}

/// What makes a name of Apple's devices.
const DEVICES: &[&str] = &[
    "macbook", "imac", "mbp", "mac-mini", "iphone", "ipad", "galaxy", "pixel", "surface", "thinkpad",
];

/// `Lenas-MacBook-Pro`, `iPhone-von-Karin`, `ip-10-0-1-23`: names that say whose they are, or where.
pub(super) fn owned(search: &mut Search<'_, '_>) {
    let line = search.line;
    let mut next = line.start;
    for dash in line.places(sign::DASHES_IN_WORDS) {
        // In small letters alone, "ip-…" only.
        let possible = line.has(has::UPPER) || line.before(dash) == b'p';
        if dash < next || !possible || !line.before(dash).is_ascii_alphanumeric() {
            continue;
        }
        let range = name_around(&line, dash);
        next = range.end.max(dash + 1);
        let text = line.str(range.clone());
        let capital = text.bytes().any(|byte| byte.is_ascii_uppercase());
        let address = text.starts_with("ip-");
        if !(capital || address)
            || !(6..=40).contains(&text.len())
            || matches!(line.before(range.start), b'/' | b'\\' | b'.' | b'_')
        {
            continue;
        }
        let parts = || text.split(['-', '.']);
        let device = capital
            && parts().any(|part| is_one_of(part, DEVICES))
            && parts().any(|part| {
                part.len() > 2
                    && !is_one_of(part, DEVICES)
                    && !is_one_of(part, &["pro", "air", "mini", "von", "max", "neo", "local", "lan", "book"])
            });
        let address = address && parts().skip(1).take(4).filter(|part| part.parse::<u8>().is_ok()).count() == 4;
        if device || address {
            host(search, range, "owned-machine");
        }
    }
}

fn name_around(line: &Line<'_>, dash: usize) -> Range<usize> {
    let end = line.back(line.end_of(DOTTED, dash), |byte| matches!(byte, b'-' | b'.'));
    line.start_of(DOTTED, dash)..end.max(dash)
}
