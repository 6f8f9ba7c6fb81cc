//! Names of machines: behind labels, in shares, as full names with a domain, and by the patterns that installers and people give them.

use super::value::{self, Reach, is_flag, is_found, suffix};
use super::words::Words;
use super::{Meaning, Search};
use crate::class::Class;
use crate::finding::Finding;
use crate::line::{Line, is_alphanumeric, is_blank};

/// Domains of makers and public services: saying that a machine spoke to them names nobody.
static VENDORS: Words = Words::of(include_str!("../../words/public-domains.txt"));

/// Last labels of full names. What programs, files and namespaces end in is not among them.
const TLDS: &[&str] = &[
    "com", "net", "org", "edu", "gov", "info", "biz", "cloud", "de", "at", "ch", "uk", "fr", "nl", "be", "es", "it", "se", "no",
    "dk", "fi", "pl", "cz", "ie", "eu", "us", "ca", "au", "nz", "jp", "in", "br", "mx", "za",
];

const INTERNAL: &[&str] = &[
    "local",
    "lan",
    "internal",
    "corp",
    "intra",
    "intranet",
    "localdomain",
    "home",
    "private",
    "ad",
    "domain",
    "test",
    "example",
    "dmz",
    "office",
    "prod",
    "hq",
];

/// Whether a full name belongs to a maker or public service.
pub(super) fn is_vendor(name: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let whole = VENDORS.contains(&name);
    whole
        || name
            .match_indices('.')
            .any(|(dot, _)| name.get(dot + 1..).is_some_and(|parent| VENDORS.contains(parent)))
}

/// Whether a full name can only be meant within somebody's own network.
pub(super) fn is_internal(name: &str) -> bool {
    let last = name
        .trim_end_matches('.')
        .rsplit('.')
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase();
    INTERNAL.contains(&last.as_str())
}

/// Words that stand where a machine's name would.
static NOT_HOSTS: Words = Words::of(include_str!("../../words/not-machines.txt"));

/// Whether this could be the name of one machine (RFC 1123, NetBIOS), rather than a word of the sentence.
pub(crate) fn is_host_name(text: &str) -> bool {
    (2..=253).contains(&text.len())
        && !NOT_HOSTS.contains(&text.to_ascii_lowercase())
        && text
            .bytes()
            .all(|byte| is_alphanumeric(byte) || matches!(byte, b'-' | b'.' | b'_'))
        && text.bytes().any(|byte| byte.is_ascii_alphabetic() || byte >= 0x80)
        && !text.starts_with(['-', '.'])
        && !is_vendor(text)
        && !FILES.iter().any(|ending| text.to_ascii_lowercase().ends_with(ending))
}

const FILES: &[&str] = &[
    ".exe", ".dll", ".sys", ".ps1", ".bat", ".cmd", ".txt", ".log", ".conf", ".json", ".xml", ".yml", ".yaml", ".service", ".so",
    ".py", ".sh", ".ini", ".msi",
];

/// Labels after which a bare blank is enough: they are commands.
const COMMANDS: &[&str] = &[
    "ping ",
    "nslookup ",
    "tracert ",
    "traceroute ",
    "test-connection ",
    "test-netconnection ",
    "resolve-dnsname ",
    "enter-pssession ",
    "from computer",
];

pub(super) fn labelled(search: &mut Search<'_, '_>) {
    let line = search.line;
    for anchor in search.anchors {
        if anchor.meaning != Meaning::Setting(Class::Host)
            || is_alphanumeric(line.before(anchor.start))
            || is_found(search, anchor.start)
        {
            continue;
        }
        let label = line.str(anchor.start..anchor.end).to_ascii_lowercase();
        let ending = suffix(&line, anchor);
        let command = COMMANDS.contains(&label.as_str());
        if !command && !ending.is_empty() && !["name", "s"].contains(&ending.to_ascii_lowercase().as_str()) {
            continue;
        }
        let after = if command { anchor.end - 1 } else { anchor.end + ending.len() };
        let Some(value) = value::value(&line, after, command || is_flag(&line, anchor), Reach::Word) else {
            continue;
        };
        let mut range = value::until(&line, value.range.clone(), b",;)]}|&(");
        // Options of commands: "ping -n 4 host".
        while command && matches!(line.at(range.start), b'-' | b'/') {
            let next = line.forward(range.end, is_blank);
            range = next..line.forward(next, |byte| !is_blank(byte));
            if line.str(range.clone()).bytes().all(|byte| byte.is_ascii_digit()) {
                let next = line.forward(range.end, is_blank);
                range = next..line.forward(next, |byte| !is_blank(byte));
            }
            if range.is_empty() {
                break;
            }
        }
        let start = line.forward(range.start, |byte| byte == b'\\');
        let end = line
            .forward(start, |byte| is_alphanumeric(byte) || matches!(byte, b'-' | b'.' | b'_'))
            .min(range.end);
        let end = line.back(end, |byte| byte == b'.');
        let rest = line.at(end);
        let text = line.str(start..end.max(start));
        // "Server: Apache/2.4", "host: 10.0.0.1", "Computer: The …"
        if rest == b'/' && !text.contains('.') || !is_host_name(text) || is_prose(&line, &label, end, value.separated) {
            continue;
        }
        search.found.push(Finding::new(start..end, Class::Host, "labelled-host"));
    }
}

/// After an ambiguous word such as `server:` a name is followed by nothing more, or a list goes on.
fn is_prose(line: &Line<'_>, label: &str, end: usize, separated: bool) -> bool {
    let ambiguous = matches!(label, "server" | "host" | "domain" | "computer" | "workstation");
    let more = line.forward(end, is_blank);
    ambiguous && separated && line.at(end) == b' ' && more == end + 1 && line.at(more).is_ascii_lowercase()
}

/// `\\HOST\share`; the share's path is left to the other rules.
pub(super) fn shares(search: &mut Search<'_, '_>) {
    let line = search.line;
    for slash in line.places(b'\\') {
        let doubled = line.at(slash + 1) == b'\\';
        let before = line.before(slash);
        if !doubled
            || before == b'\\'
            || is_alphanumeric(before)
            || matches!(before, b':' | b'}' | b')' | b'%' | b'.' | b'*' | b']' | b'$')
                && !(before == b':' && is_blank(line.at(slash - 1)))
        {
            continue;
        }
        let mut start = slash + 2;
        // Escaped once more in JSON.
        while line.at(start) == b'\\' && start < slash + 4 {
            start += 1;
        }
        let end = line.forward(start, |byte| is_alphanumeric(byte) || matches!(byte, b'-' | b'.' | b'_'));
        let text = line.str(start..end);
        let is_device = matches!(text, "." | "?" | "localhost") || text.is_empty();
        let goes_on = matches!(
            line.at(end),
            b'\\' | 0 | b' ' | b'\t' | b'"' | b'\'' | b'@' | b':' | b',' | b')'
        );
        if !is_device && goes_on && is_host_name(text) && !is_found(search, start) {
            search.found.push(Finding::new(start..end, Class::Host, "share"));
        }
    }
}

/// Prefixes that installers and people give machines.
const PATTERNS: &[&str] = &[
    "DESKTOP",
    "LAPTOP",
    "WIN",
    "PC",
    "WS",
    "WKS",
    "SRV",
    "SVR",
    "SERVER",
    "DC",
    "FS",
    "FILE",
    "FILES",
    "SQL",
    "DB",
    "EXCH",
    "EX",
    "MAIL",
    "PRINT",
    "PRN",
    "RDS",
    "TS",
    "TERM",
    "WEB",
    "APP",
    "HV",
    "HYPERV",
    "ESX",
    "ESXI",
    "NAS",
    "SAN",
    "BACKUP",
    "BKP",
    "VM",
    "VPN",
    "FW",
    "SW",
    "RTR",
    "ROUTER",
    "NB",
    "MAC",
    "MBP",
    "IMAC",
    "KIOSK",
    "POS",
    "TILL",
    "RECEPTION",
    "NYC",
    "LON",
    "HQ",
];

/// `DESKTOP-4F7K2LQ`, `SRV-FILES-01`, `NYC-DC02`: parts joined by dashes in capitals, one of them known or the last with a number.
pub(super) fn patterned(search: &mut Search<'_, '_>) {
    let line = search.line;
    let mut next = line.start;
    for dash in line.places(b'-') {
        if dash < next {
            continue;
        }
        let inside = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        let start = line.back(dash, inside);
        let end = line.forward(dash, inside);
        next = end.max(dash + 1);
        let text = line.str(start..end);
        let first = text.split('-').next().unwrap_or_default();
        let upper = text
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'-');
        let lower = text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        let stem = first.trim_end_matches(|c: char| c.is_ascii_digit());
        let known = PATTERNS.contains(&stem.to_ascii_uppercase().as_str());
        let last = text.rsplit('-').next().unwrap_or_default();
        let numbered = last.bytes().any(|byte| byte.is_ascii_digit())
            && last.bytes().next_back().is_some_and(|byte| byte.is_ascii_digit())
            && last.len() <= 7
            || (stem == "DESKTOP" || stem == "LAPTOP" || stem == "WIN") && last.len() >= 6;
        let outside = matches!(line.before(start), b'-' | b'_' | b'.' | b'/' | b'\\' | b'{')
            && line.before(start.saturating_sub(1)) != b'\\'
            || line.at(end) == b'_';
        let fits = text.len() <= 15
            && text.len() >= 5
            && known
            && numbered
            && (upper || lower && text.matches('-').count() >= 1 && last.len() <= 4);
        if fits && !outside && !text.ends_with('-') && !is_found(search, start) {
            search.found.push(Finding::new(start..end, Class::Host, "machine-name"));
        }
    }
}

/// Full names: two labels or more, the last one of those that names end in, none of a maker's.
pub(super) fn dotted(search: &mut Search<'_, '_>) {
    let line = search.line;
    let mut next = line.start;
    for dot in line.places(b'.') {
        if dot < next {
            continue;
        }
        let start = line.back(dot, |byte| is_alphanumeric(byte) || matches!(byte, b'-' | b'_'));
        let end = line.forward(dot, |byte| is_alphanumeric(byte) || matches!(byte, b'-' | b'.' | b'_'));
        next = end.max(dot + 1);
        let end = line.back(end, |byte| matches!(byte, b'.' | b'-'));
        let name = line.str(start..end);
        let Some((rest, last)) = name.rsplit_once('.') else { continue };
        let lower = last.to_ascii_lowercase();
        let internal = INTERNAL.contains(&lower.as_str())
            && (lower != "test" && lower != "example" && lower != "domain" || rest.contains('.'));
        let known = internal || TLDS.contains(&lower.as_str());
        let cased = last == lower || name == name.to_ascii_uppercase() && rest.contains('.');
        let outside = matches!(line.before(start), b'@' | b'$' | b'\\')
            || line.before(start) == b'/' && line.before(start.saturating_sub(1)) != b'/'
            || line.at(end) == b'('
            || line.at(end) == b'\\';
        let labels_fit = name.split('.').all(|label| !label.is_empty() && label.len() <= 63);
        // ".in", ".it", ".no", ".at" and ".be" end sentences without a blank; ".net" and ".com" end product names.
        let short = lower.len() == 2 && !rest.contains('.') && rest.len() < 4;
        if known && cased && labels_fit && !outside && !short && is_host_name(name) && !is_namespace(rest) {
            search.found.push(Finding::new(start..end, Class::Host, "full-name"));
        }
    }
}

/// `org.freedesktop.DBus`, `com.apple.Safari` go the other way round.
fn is_namespace(rest: &str) -> bool {
    let first = rest.split('.').next().unwrap_or_default();
    matches!(
        first,
        "com" | "org" | "net" | "io" | "System" | "Microsoft" | "Windows" | "java" | "javax" | "Asp" | "ASP"
    ) && !rest.contains('-')
}
