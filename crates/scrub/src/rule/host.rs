//! Names of machines: behind labels, in shares, as full names with a domain, and by the patterns that installers and people give them.

use super::value::{self, Reach, is_flag, is_found, suffix};
use super::words::{Words, begins, ends, holds, is_one_of};
use super::{Anchor, Meaning, Search};
use crate::class::Class;
use crate::finding::Finding;
use crate::line::{Line, is_alphanumeric, is_blank, is_name};
use std::ops::Range;

/// Domains of makers and public services: saying that a machine spoke to them names nobody.
static VENDORS: Words = Words::of(include_str!("../../words/public-domains.txt"));

/// Last labels of full names. What programs, files and namespaces end in is not among them.
const TLDS: &[&str] = &[
    "com", "net", "org", "edu", "gov", "info", "biz", "cloud", "de", "at", "ch", "uk", "fr", "nl", "be", "es", "it", "se", "no",
    "dk", "fi", "pl", "cz", "ie", "eu", "us", "ca", "au", "nz", "jp", "in", "br", "mx", "za",
];

/// Last labels that also end files and namespaces: only after two labels more.
const LATE_TLDS: &[&str] = &[
    "io",
    "dev",
    "app",
    "me",
    "tv",
    "ru",
    "cn",
    "kr",
    "tr",
    "gr",
    "pt",
    "ro",
    "hu",
    "sk",
    "si",
    "hr",
    "bg",
    "lt",
    "lv",
    "ee",
    "lu",
    "li",
    "il",
    "ae",
    "sg",
    "hk",
    "tw",
    "th",
    "vn",
    "ph",
    "my",
    "ar",
    "cl",
    "co",
    "ua",
    "rs",
    "arpa",
    "online",
    "site",
    "tech",
    "store",
    "health",
    "legal",
    "agency",
    "consulting",
    "dental",
    "clinic",
    "law",
    "shop",
    "systems",
    "solutions",
    "services",
    "hosting",
    "network",
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
    "loc",
    "box",
    "domainname",
    "intern",
    "company",
    "workgroup",
    "site",
    "branch",
];

/// Domains under which makers name what belongs to their customers.
static TENANTS: Words = Words::of(include_str!("../../words/tenant-domains.txt"));

/// Whether a full name belongs to a maker or public service.
pub(super) fn is_vendor(name: &str) -> bool {
    let name = name.trim_end_matches('.');
    let parents = || name.match_indices('.').filter_map(|(dot, _)| name.get(dot + 1..));
    if parents().any(|parent| TENANTS.contains(parent)) {
        return false;
    }
    VENDORS.contains(name)
        || name
            .match_indices('.')
            .any(|(dot, _)| name.get(dot + 1..).is_some_and(|parent| VENDORS.contains(parent)))
}

/// Whether full names of machines, or files of programs, end in this.
pub(super) fn is_ending(last: &str) -> bool {
    let file = |ending: &&str| {
        ending
            .strip_prefix('.')
            .is_some_and(|ending| ending.eq_ignore_ascii_case(last))
    };
    [TLDS, LATE_TLDS, INTERNAL].iter().any(|endings| is_one_of(last, endings)) || FILES.iter().any(file)
}

/// Whether a full name can only be meant within somebody's own network.
pub(crate) fn is_internal(name: &str) -> bool {
    let last = name.trim_end_matches('.').rsplit('.').next().unwrap_or_default();
    is_one_of(last, INTERNAL)
}

/// Words that stand where a machine's name would.
static NOT_HOSTS: Words = Words::of(include_str!("../../words/not-machines.txt"));

/// Whether this could be the name of one machine (RFC 1123, NetBIOS), rather than a word of the sentence.
pub(crate) fn is_host_name(text: &str) -> bool {
    (2..=253).contains(&text.len())
        && !text.starts_with(['-', '.'])
        && !text.ends_with('-')
        && text.bytes().all(is_name)
        && text.bytes().any(|byte| byte.is_ascii_alphabetic() || byte >= 0x80)
        && !NOT_HOSTS.contains(text)
        && !(text.contains('.') && (is_vendor(text) || FILES.iter().any(|ending| ends(text, ending))))
}

const FILES: &[&str] = &[
    ".exe", ".dll", ".sys", ".ps1", ".bat", ".cmd", ".txt", ".log", ".conf", ".json", ".xml", ".yml", ".yaml", ".service", ".so",
    ".py", ".sh", ".ini", ".msi",
];

pub(super) fn labelled(search: &mut Search<'_, '_>) {
    let line = search.line;
    for anchor in search.anchors {
        let (Meaning::Setting(Class::Host) | Meaning::Phrase(Class::Host) | Meaning::Mention(Class::Host)) = anchor.meaning
        else {
            continue;
        };
        if is_alphanumeric(line.before(anchor.start)) || is_found(search, anchor.start) {
            continue;
        }
        let label = anchor.word;
        let ending = if label.ends_with('=') { "" } else { suffix(&line, anchor) };
        let command = !matches!(anchor.meaning, Meaning::Setting(_));
        if !command && !ending.is_empty() && !is_one_of(ending, &["name", "s"]) {
            continue;
        }
        let after = match (command, label.ends_with([' ', ':'])) {
            (true, true) => anchor.end - 1,
            (true, false) => anchor.end,
            _ => anchor.end + ending.len() - usize::from(label.ends_with('=')),
        };
        // `host fyr1 { hardware ethernet …`
        let braced = matches!(label, "host" | "server") && is_declared(&line, after, label);
        let Some(value) = value::value(&line, after, command || braced || is_flag(&line, anchor), Reach::Word) else {
            continue;
        };
        if let Some(range) = device(&line, anchor, &value.range) {
            search.found.push(Finding::new(range, Class::Host, "labelled-host"));
            continue;
        }
        let mut range = value::until(&line, value.range.clone(), b",;)]}|&(");
        if command {
            range = behind_options(&line, range, label);
        }
        let start = line.forward(range.start, |byte| byte == b'\\');
        let end = line.forward(start, is_name).min(range.end);
        let end = line.back(end, |byte| byte == b'.');
        let rest = line.at(end);
        let text = line.str(start..end.max(start));
        // At the beginning of a line "ssh" is a command; elsewhere, and of other words, sentences are made.
        let typed = COMMANDS.contains(&label) && line.start + 12 >= anchor.start;
        let mentioned = matches!(anchor.meaning, Meaning::Mention(_)) && !typed;
        if rest == b'@' || mentioned && !is_telling(text) && !line.reads(end, " closed") {
            continue;
        }
        // "DC=ostwind,DC=lan" ends in what is no name.
        if label == "dc=" && (is_one_of(text, INTERNAL) || is_one_of(text, TLDS)) {
            continue;
        }
        // "Server: Apache/2.4", "host: 10.0.0.1", "Computer: The …"
        if rest == b'/' && !text.contains('.') || !is_host_name(text) || is_prose(&line, label, end, value.separated) {
            continue;
        }
        search.found.push(Finding::new(start..end, Class::Host, "labelled-host"));
    }
}

/// Commands that are words of sentences, too.
const COMMANDS: &[&str] = &["telnet ", "dig ", "nmap ", "whois ", "ssh ", "ping ", "mosh "];

/// `host fyr1 { …`, `host athena` and nothing more, `server ntp1 iburst`.
fn is_declared(line: &Line<'_>, after: usize, label: &str) -> bool {
    let name = line.forward(after, is_blank);
    let end = line.forward(name, is_name);
    let next = line.forward(end, is_blank);
    if label == "server" {
        return line.reads(next, "iburst") || line.reads(next, "prefer");
    }
    let alone = next == line.end && end > name + 2 && line.forward(line.start, is_blank) + "host".len() == after;
    line.at(next) == b'{' || alone
}

/// The name behind "ping -n 4", "ssh -i key".
fn behind_options(line: &Line<'_>, range: Range<usize>, label: &str) -> Range<usize> {
    let mut range = range;
    while matches!(line.at(range.start), b'-' | b'/') && !range.is_empty() {
        let option = range.clone();
        let next = line.forward(range.end, is_blank);
        range = next..line.forward(next, |byte| !is_blank(byte));
        let number = line.str(range.clone()).bytes().all(|byte| byte.is_ascii_digit());
        let argument = label == "ssh " && option.len() == 2 && b"bcDEeFIiJLlmOopQRSWw".contains(&line.at(option.start + 1));
        if number || argument {
            let next = line.forward(range.end, is_blank);
            range = next..line.forward(next, |byte| !is_blank(byte));
        }
    }
    range
}

/// Whether a name shows that a machine has it: a digit, a dash or a dot in it, or nothing but capitals.
fn is_telling(text: &str) -> bool {
    let marked = text.bytes().any(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'.'));
    marked || text.len() >= 3 && !text.bytes().any(|byte| byte.is_ascii_lowercase())
}

/// After an ambiguous word such as `server:` a name is followed by nothing more, or a list goes on.
fn is_prose(line: &Line<'_>, label: &str, end: usize, separated: bool) -> bool {
    let ambiguous = matches!(label, "server" | "host" | "domain" | "computer" | "workstation");
    let more = line.forward(end, is_blank);
    let glued = line
        .str_before(end, 64)
        .rsplit(' ')
        .next()
        .is_some_and(|word| word.contains('='));
    ambiguous && separated && !glued && line.at(end) == b' ' && more == end + 1 && line.at(more).is_ascii_lowercase()
}

/// `//HOST/share`, as mount and smbclient take it.
pub(super) fn slashed(search: &mut Search<'_, '_>) {
    let line = search.line;
    for anchor in search.anchors.iter().filter(|anchor| anchor.meaning == Meaning::Share) {
        let outside = matches!(line.before(anchor.start), 0 | b' ' | b'\t' | b'"' | b'\'' | b'=');
        let range = anchor.end..line.forward(anchor.end, is_name);
        let shares = line.at(range.end) == b'/' && (is_name(line.at(range.end + 1)) || line.at(range.end + 1) == b':');
        if outside && shares && is_host_name(line.str(range.clone())) && !is_found(search, range.start) {
            search.found.push(Finding::new(range, Class::Host, "share"));
        }
    }
}

/// Words in the names that people give to their machines.
const DEVICES: &[&str] = &[
    "macbook", "imac", "iphone", "ipad", "mac mini", "mac pro", "laptop", "'s ", "’s ",
];

/// `Computer Name: Clio’s MacBook Pro`: the whole rest of the line.
fn device(line: &Line<'_>, anchor: &Anchor, range: &Range<usize>) -> Option<Range<usize>> {
    let labels = [
        "computer name",
        "computername",
        "device name",
        "devicename",
        "gerätename",
        "pretty hostname",
    ];
    let range = line.trim(range.start..line.gap(range.start));
    let text = line.str(range.clone());
    let named = labels.contains(&anchor.word) && text.contains(' ') && text.len() <= 64;
    (named && DEVICES.iter().any(|device| holds(text, device))).then_some(range)
}

/// `\\HOST\share`; the share's path is left to the other rules.
pub(super) fn shares(search: &mut Search<'_, '_>) {
    let line = search.line;
    for &slash in line.backslashes() {
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
        let end = line.forward(start, is_name);
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

/// What Windows calls a machine that nobody named.
const INSTALLED: &[&str] = &["DESKTOP-", "LAPTOP-", "WIN-"];

/// `DESKTOP-4F7K2LQ`, `SRV-FILES-01`, `NYC-DC02`: parts joined by dashes in capitals, one of them known or the last with a number.
pub(super) fn patterned(search: &mut Search<'_, '_>) {
    let line = search.line;
    let mut next = line.start;
    for &dash in line.dashes() {
        if dash < next {
            continue;
        }
        let inside = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        let start = line.back(dash, inside);
        let end = line.forward(dash, inside);
        next = end.max(dash + 1);
        let text = line.str(start..end);
        // What is no name of a machine shows it soonest at its length and its end.
        if !(5..=15).contains(&text.len()) {
            continue;
        }
        if !(line.before(end).is_ascii_digit() || INSTALLED.iter().any(|lead| begins(text, lead))) {
            if is_named(text)
                && !matches!(line.before(start), b'-' | b'_' | b'.' | b'/' | b'{' | b'<')
                && !is_name(line.at(end))
                && !is_found(search, start)
            {
                search.found.push(Finding::new(start..end, Class::Host, "machine-name"));
            }
            continue;
        }
        let first = text.split('-').next().unwrap_or_default();
        let stem = first.trim_end_matches(|c: char| c.is_ascii_digit());
        let last = text.rsplit('-').next().unwrap_or_default();
        let numbered = line.before(end).is_ascii_digit() && last.len() <= 7
            || (stem == "DESKTOP" || stem == "LAPTOP" || stem == "WIN") && last.len() >= 6;
        let known = || {
            text.split('-')
                .any(|part| is_one_of(part.trim_end_matches(|c: char| c.is_ascii_digit()), PATTERNS))
        };
        if !numbered || !(known() || is_counted(text)) {
            continue;
        }
        let upper = !text.bytes().any(|byte| byte.is_ascii_lowercase());
        let lower = !text.bytes().any(|byte| byte.is_ascii_uppercase());
        let outside = matches!(line.before(start), b'-' | b'_' | b'.' | b'/' | b'\\' | b'{')
            && line.before(start.saturating_sub(1)) != b'\\'
            || line.at(end) == b'_';
        let fits = upper || lower && last.len() <= 4;
        if fits && !outside && !text.ends_with('-') && !is_found(search, start) {
            search.found.push(Finding::new(start..end, Class::Host, "machine-name"));
        }
    }
}

/// `OSTWIND-07`: capitals and a number that begins with 0, as nothing but machines are numbered.
fn is_counted(text: &str) -> bool {
    text.split_once('-').is_some_and(|(name, number)| {
        name.len() >= 3
            && name.bytes().all(|byte| byte.is_ascii_uppercase())
            && (2..=3).contains(&number.len())
            && number.starts_with('0')
            && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// What is part of machines' names in capitals, and of no other word in capitals.
const KINDS: &[&str] = &[
    "PC", "NB", "LT", "WS", "WKS", "SRV", "SVR", "LAPTOP", "DESKTOP", "NOTEBOOK", "MBP", "DC", "NAS", "TABLET", "SURFACE",
    "KIOSK",
];

/// `EMPFANG-PC`, `LT-NIGHTINGALE`: two or three words of capitals, one of them a kind of machine.
fn is_named(text: &str) -> bool {
    let words = || text.split('-');
    text.bytes()
        .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'-')
        && (2..=3).contains(&words().count())
        && words().all(|word| word.len() >= 2)
        && words().any(|word| KINDS.contains(&word))
        && !words().any(|word| matches!(word, "BASED" | "SIDE" | "TO" | "ID" | "BIT" | "IN" | "OFF" | "ON"))
}

/// Prefixes of names such as `WS042` and `sql01`, in which no dash helps to tell.
const SHORT_PATTERNS: &[&str] = &[
    "DC",
    "SRV",
    "SVR",
    "WS",
    "WKS",
    "PC",
    "SQL",
    "DB",
    "WEB",
    "APP",
    "FS",
    "FILE",
    "EXCH",
    "MAIL",
    "RDS",
    "TS",
    "TERM",
    "HV",
    "ESX",
    "ESXI",
    "NAS",
    "SAN",
    "PRN",
    "PRINT",
    "BACKUP",
    "BKP",
    "VPN",
    "FW",
    "RTR",
    "NB",
    "LT",
    "VM",
    "SERVER",
    "FILESRV",
    "FILESERVER",
    "PRINTSRV",
    "APPSRV",
    "WEBSRV",
    "DBSRV",
    "SQLSRV",
    "EXCHANGE",
    "CITRIX",
    "CTX",
    "TERMSRV",
    "HYPERV",
    "LAPTOP",
    "DESKTOP",
    "KIOSK",
    "TILL",
];

/// `WS042`, `sql01`: a known prefix and two to four digits.
pub(super) fn numbered(search: &mut Search<'_, '_>) {
    let line = search.line;
    for &digits in line.numbers() {
        if !line.before(digits).is_ascii_alphabetic() {
            continue;
        }
        let end = line.forward(digits, |byte| byte.is_ascii_digit());
        let start = line.back(digits, |byte| byte.is_ascii_alphabetic());
        let outside = is_name(line.before(start)) || matches!(line.before(start), b'/' | b'\\' | b'$' | b'%' | b'=' | b'@');
        let follows = is_name(line.at(end)) && (line.at(end) != b'.' || is_alphanumeric(line.at(end + 1)))
            || matches!(line.at(end), b'/' | b'(' | b'=' | b'\\');
        let fits = (2..=4).contains(&(end - digits)) && is_one_of(line.str(start..digits), SHORT_PATTERNS);
        if fits && !outside && !follows && !is_found(search, start) {
            search.found.push(Finding::new(start..end, Class::Host, "machine-name"));
        }
    }
}

/// Full names: two labels or more, the last one of those that names end in, none of a maker's.
pub(super) fn dotted(search: &mut Search<'_, '_>) {
    let line = search.line;
    let mut next = line.start;
    for &dot in line.dots() {
        if dot < next || !is_name(line.at(dot + 1)) {
            continue;
        }
        let start = line.back(dot, |byte| is_alphanumeric(byte) || matches!(byte, b'-' | b'_'));
        let end = line.forward(dot, is_name);
        next = end.max(dot + 1);
        let end = line.back(end, |byte| matches!(byte, b'.' | b'-'));
        let name = line.str(start..end);
        let Some((rest, last)) = name.rsplit_once('.') else { continue };
        let internal = is_one_of(last, INTERNAL)
            && (!is_one_of(last, &["test", "example", "domain"]) || rest.contains('.') || is_invented(rest, last));
        let known = internal || is_one_of(last, TLDS) || rest.contains('.') && is_one_of(last, LATE_TLDS) && !rest.contains('_');
        if !known {
            continue;
        }
        let cased = !last.bytes().any(|byte| byte.is_ascii_uppercase())
            || !name.bytes().any(|byte| byte.is_ascii_lowercase()) && rest.contains('.');
        let outside = matches!(line.before(start), b'@' | b'$' | b'\\')
            || line.before(start) == b'/' && line.before(start.saturating_sub(1)) != b'/'
            || line.at(end) == b'('
            || line.at(end) == b'\\';
        let labels_fit = name.split('.').all(|label| !label.is_empty() && label.len() <= 63);
        // ".in", ".it", ".no", ".at" and ".be" end sentences without a blank; ".net" and ".com" end product names.
        let short = last.len() == 2 && !rest.contains('.') && rest.len() < 4;
        if cased && labels_fit && !outside && !short && is_host_name(name) && !is_namespace(rest) {
            search.found.push(Finding::new(start..end, Class::Host, "full-name"));
        }
    }
}

/// "nordwind.example" is a domain, "settings.example" a file.
fn is_invented(rest: &str, last: &str) -> bool {
    let files = [
        "config",
        "settings",
        "application",
        "appsettings",
        "docker-compose",
        "sample",
        "template",
        "local",
        "default",
        "values",
        "secrets",
        "htaccess",
        "credentials",
        "environment",
        "development",
        "production",
        "configuration",
        "database",
        "parameters",
        "terraform",
    ];
    is_one_of(last, &["example", "test"]) && rest.len() >= 5 && !is_one_of(rest, &files)
}

/// `org.freedesktop.DBus`, `com.apple.Safari` go the other way round.
fn is_namespace(rest: &str) -> bool {
    let first = rest.split('.').next().unwrap_or_default();
    matches!(
        first,
        "com" | "org" | "net" | "io" | "System" | "Microsoft" | "Windows" | "java" | "javax" | "Asp" | "ASP"
    ) && !rest.contains('-')
}
