//! Names of machines by their shape alone: what installers call a machine that nobody named, and the patterns in which people number theirs.

use super::unknown::is_ordinary;
use super::words::{Words, begins};
use super::{Search, value::is_found};
use crate::class::Class;
use crate::finding::Finding;
use crate::kind::{ALPHABETIC, DASHED};
use crate::line::{is_alphanumeric, is_name};
use crate::sign;

/// Prefixes that installers and people give machines.
static PATTERNS: Words = Words::of(include_str!("../../words/machine-parts.txt"));

/// What Windows calls a machine that nobody named.
const INSTALLED: &[&str] = &[
    "DESKTOP-", "LAPTOP-", "WIN-", "WSAMZN-", "EC2AMAZ-", "MININT-", "SURFACE-", "MACHINE-",
];

/// `DESKTOP-4F7K2LQ`, `SRV-FILES-01`, `NYC-DC02`: parts joined by dashes in capitals, one of them known or the last with a number.
pub(super) fn patterned(search: &mut Search<'_, '_>) {
    let line = search.line;
    let mut next = line.start;
    for dash in line.places(sign::DASHES_IN_WORDS) {
        if dash < next {
            continue;
        }
        let start = line.start_of(DASHED, dash);
        let end = line.end_of(DASHED, dash);
        next = end.max(dash + 1);
        let text = line.str(start..end);
        // What is no name of a machine shows it soonest at its length and its end.
        if !(5..=15).contains(&text.len()) {
            continue;
        }
        let installed = is_installed(text);
        if !(line.before(end).is_ascii_digit() || installed) {
            let goes_on = is_name(line.at(end)) && (line.at(end) != b'.' || is_alphanumeric(line.at(end + 1)));
            // None of these has letters of both cases.
            let fits = match cases(text) {
                (true, false) => is_named(text) || is_own(text),
                (false, true) => is_small(text),
                _ => false,
            };
            if fits
                && !matches!(line.before(start), b'-' | b'_' | b'.' | b'/' | b'{' | b'<')
                && !goes_on
                && !is_found(search, start)
            {
                search.found.push(Finding::new(start..end, Class::Host, "machine-name"));
            }
            continue;
        }
        let (capitals, small) = cases(text);
        // A date, a number in groups.
        if !capitals && !small {
            continue;
        }
        let last = text.rsplit('-').next().unwrap_or_default();
        let numbered = line.before(end).is_ascii_digit() && last.len() <= 7 || installed && last.len() >= 6;
        let known = || {
            installed
                || text
                    .split('-')
                    .any(|part| PATTERNS.contains(part.trim_end_matches(|c: char| c.is_ascii_digit())))
        };
        if !numbered || !(known() || is_counted(text) || is_sited(text)) {
            continue;
        }
        let (upper, lower) = (!small, !capitals);
        let outside = matches!(line.before(start), b'-' | b'_' | b'.' | b'/' | b'\\' | b'{')
            && line.before(start.saturating_sub(1)) != b'\\'
            || line.at(end) == b'_';
        let fits = upper || lower && (last.len() <= 4 || is_small(text));
        if fits && !outside && !text.ends_with('-') && !is_found(search, start) {
            search.found.push(Finding::new(start..end, Class::Host, "machine-name"));
        }
    }
}

/// Whether a machine that nobody named begins so.
fn is_installed(text: &str) -> bool {
    let first = text.bytes().next().unwrap_or(0);
    b"DLWEMS".contains(&first.to_ascii_uppercase()) && INSTALLED.iter().any(|lead| begins(text, lead))
}

/// Whether there are capitals, and small letters.
fn cases(text: &str) -> (bool, bool) {
    text.bytes().fold((false, false), |(capitals, small), byte| {
        (capitals | byte.is_ascii_uppercase(), small | byte.is_ascii_lowercase())
    })
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

/// What numbers and standards begin with that are written like names of machines.
#[rustfmt::skip]
const NUMBERED: &[&str] = &[
    "AES", "SHA", "RSA", "UTF", "ISO", "IEC", "IEEE", "EN", "DIN", "RFC", "CVE", "KB", "MS", "WPA", "TLS", "SSL", "PO", "INV", "SO", "INC",
    "RF", "USB", "DDR", "PCI", "CAT", "COM", "LPT", "HTTP", "EU", "US", "UK", "CHG", "REQ", "TASK", "RITM", "PRB", "CASE", "TICKET", "ID",
    "SKU", "ART", "PN", "SN", "REV", "VER", "BUILD", "ERR", "ERROR", "EVENT", "GHSA", "RHSA", "DSA", "USN", "ADV", "JIRA", "BUG", "ISSUE", "PR",
    "MTU", "VLAN", "GPT", "MD", "CRC", "BASE", "WIN", "VS", "NET", "EAP", "PEAP", "ECDHE", "ECDSA", "ED", "DES", "HMAC", "PBKDF", "ASCII", "CP",
    "RS", "AB", "RG", "X", "S", "V", "W", "I", "CM", "OM", "PM", "RJ", "FIPS", "PKCS", "RC", "GMT", "UTC",
];

/// `LAG-ACCT-03`, `AHORN-14`: capitals and a number, as sites number their machines. Two parts need a first one that is no word.
fn is_sited(text: &str) -> bool {
    let parts = text.split('-').count();
    let first = text.split('-').next().unwrap_or_default();
    let last = text.rsplit('-').next().unwrap_or_default();
    let capitals = text
        .bytes()
        .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'-');
    let stem = first.trim_end_matches(|c: char| c.is_ascii_digit());
    let digits = last.bytes().filter(u8::is_ascii_digit).count();
    capitals
        && stem.len() >= 2
        && !NUMBERED.contains(&stem)
        && (1..=4).contains(&digits)
        && match parts {
            2 => stem.len() >= 4 && stem == first && digits <= 3 && digits == last.len() && !is_ordinary(stem),
            _ => text
                .split('-')
                .any(|part| part.len() >= 2 && part.bytes().all(|byte| byte.is_ascii_uppercase())),
        }
}

/// What begins the names of machines in small letters, and few other words with a dash.
const SMALL: &[&str] = &[
    "srv",
    "svr",
    "nas",
    "esx",
    "esxi",
    "hv",
    "rds",
    "nb",
    "pc",
    "fs",
    "dc",
    "fw",
    "sw",
    "ap",
    "gw",
    "nvr",
    "ts",
    "app",
    "db",
    "web",
    "print",
    "prn",
    "nes",
    "vc",
    "vm",
    "sql",
    "pg",
    "cups",
    "gpu",
    "ups",
    "mail",
    "mx",
    "dns",
    "vpn",
    "lnx",
    "ws",
    "lt",
    "nbk",
    "mac",
    "imac",
    "cam",
    "sbc",
    "pbx",
    "kvm",
    "tsrv",
    "xcp",
    "pve",
    "wlc",
    "rtr",
    "usw",
    "uap",
    "udm",
    "nuc",
    "phone",
    "laptop",
    "mbp",
    "macbook",
    "thinkpad",
    "xps",
    "tablet",
    "ipad",
    "iphone",
    "kiosk",
    "pos",
    "scanner",
    "printer",
    "drucker",
    "skrivare",
    "skriver",
    "tulostin",
    "impresora",
    "imprimante",
    "stampante",
    "drukarka",
    "tiskarna",
    "nyomtato",
    "desktop",
    "bastion",
    "mgmt",
    "idrac",
    "ilo",
    "ipmi",
    "bmc",
    "docker",
    "k8s",
    "k3s",
    "node",
    "dbsrv",
    "websrv",
    "appsrv",
    "filesrv",
    "hyperv",
    "proxmox",
    "router",
    "switch",
    "camera",
    "tv",
    "pi",
    "raspi",
    "rpi",
    "vps",
    "gitlab",
    "jenkins",
    "runner",
    "ci",
    "erp",
    "crm",
    "veeam",
    "bkp",
    "backup",
    "ldap",
    "radius",
    "nps",
    "wsus",
    "vbr",
    "jump",
    "jumphost",
    "worker",
    "master",
    "nagios",
    "zabbix",
    "icinga",
    "pfsense",
    "opnsense",
    "unifi",
    "edge",
    "hyper",
    "till",
    "kasse",
    "caja",
    "caisse",
    "cassa",
    "kassa",
    "terminal",
    "term",
    "notebook",
    "plotter",
    "reception",
    "empfang",
];

static SMALL_KINDS: Words = Words::among(SMALL);

/// `nas-keller`, `srv-erp-db`, `oxlip-fs`: of a text without capitals, a kind of machine at either end, and a part that is no word.
fn is_small(text: &str) -> bool {
    let kind = |part: &str| SMALL_KINDS.contains(part.trim_end_matches(|c: char| c.is_ascii_digit()));
    let mut parts = text.split('-');
    let ends = [parts.clone().next(), parts.clone().next_back()];
    (1..=2).contains(&text.bytes().filter(|byte| *byte == b'-').count())
        && ends.into_iter().flatten().any(kind)
        && parts.clone().all(|part| part.len() >= 2)
        && parts.any(|part| part.len() >= 3 && !kind(part) && !is_ordinary(part))
}

/// What is part of machines' names in capitals, and of no other word in capitals.
const KINDS: &[&str] = &[
    "PC", "NB", "LT", "WS", "WKS", "SRV", "SVR", "LAPTOP", "DESKTOP", "NOTEBOOK", "MBP", "DC", "NAS", "TABLET", "SURFACE",
    "KIOSK", "SQL", "FS", "VBR", "EXCH", "EXCHANGE", "RDS", "HV", "ESX", "ESXI", "IMAC", "NVR", "FW", "KOMP", "PBX", "VC",
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

/// `HYPER-OST`, `KOMP-MAGAZYN2`, `WM-DC-A`: capitals, one of the parts long and no word.
fn is_own(text: &str) -> bool {
    let parts = || text.split('-');
    let letters = |part: &str| {
        part.trim_end_matches(|c: char| c.is_ascii_digit())
            .bytes()
            .all(|byte| byte.is_ascii_uppercase())
    };
    let stem = parts().next().unwrap_or_default();
    parts().all(letters)
        && (2..=3).contains(&parts().count())
        && stem.len() >= 2
        && !NUMBERED.contains(&stem)
        && parts().any(|part| part.len() >= 5 && part.bytes().all(|byte| byte.is_ascii_uppercase()) && !is_ordinary(part))
}

/// Prefixes of names such as `WS042` and `sql01`, in which no dash helps to tell.
static SHORT_PATTERNS: Words = Words::of(include_str!("../../words/machine-prefixes.txt"));

/// No prefix of ours is longer.
const LONGEST_PREFIX: usize = 10;

/// `WS042`, `sql01`: a known prefix and two to four digits.
pub(super) fn numbered(search: &mut Search<'_, '_>) {
    let line = search.line;
    for number in search.numbers.iter().filter(|number| (2..=4).contains(&number.len())) {
        let (digits, end) = (number.start, number.end);
        if !line.before(digits).is_ascii_alphabetic() {
            continue;
        }
        let start = line.start_of(ALPHABETIC, digits);
        if digits - start > LONGEST_PREFIX {
            continue;
        }
        let outside = is_name(line.before(start)) || matches!(line.before(start), b'/' | b'\\' | b'$' | b'%' | b'=' | b'@');
        let follows = is_name(line.at(end)) && (line.at(end) != b'.' || is_alphanumeric(line.at(end + 1)))
            || matches!(line.at(end), b'/' | b'(' | b'=' | b'\\');
        if !outside && !follows && SHORT_PATTERNS.contains(line.str(start..digits)) && !is_found(search, start) {
            search.found.push(Finding::new(start..end, Class::Host, "machine-name"));
        }
    }
}
