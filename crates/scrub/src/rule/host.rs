//! Names of machines that what stands beside them announces: labels, commands, slashes of shares, what machines do.

use super::domain::{is_last_label, is_vendor};
use super::people::{goes_on, stands_apart};
use super::unknown::is_ordinary;
use super::value::{self, Reach, is_flag, is_found, suffix};
use super::words::{Words, ends, holds, is_one_of};
use super::{Anchor, Meaning, Search};
use crate::class::Class;
use crate::finding::Finding;
use crate::kind::{BLANK, NAME, SOLID};
use crate::line::{Line, is_alphanumeric, is_name};
use std::ops::Range;

/// Words that stand where a machine's name would.
static NOT_HOSTS: Words = Words::of(include_str!("../../words/not-machines.txt"));

/// Whether this could be the name of one machine (RFC 1123, NetBIOS), rather than a word of the sentence.
pub(crate) fn is_host_name(text: &str) -> bool {
    (2..=253).contains(&text.len())
        && !text.starts_with(['-', '.'])
        && !text.ends_with('-')
        && text.bytes().all(is_name)
        && text.chars().any(char::is_alphabetic)
        && !NOT_HOSTS.contains(text)
        && !(text.contains('.') && (is_vendor(text) || FILES.iter().any(|ending| ends(text, ending))))
}

/// What names of files end in.
pub(super) const FILES: &[&str] = &[
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
        let bare = command || braced || is_flag(&line, anchor) || is_bare(&line, after) || is_called(&line, after, label);
        let Some(value) = value::value(&line, after, bare, Reach::Word) else {
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
        let end = line.end_of(NAME, start).min(range.end);
        let end = line.back(end, |byte| byte == b'.');
        let rest = line.at(end);
        let text = line.str(start..end.max(start));
        // At the beginning of a line "ssh" is a command; elsewhere, and of other words, sentences are made.
        let typed = COMMANDS.contains(&label) && line.start + 12 >= anchor.start;
        let mentioned = matches!(anchor.meaning, Meaning::Mention(_)) && !typed;
        let through = matches!(label, "via " | "ping " | "connect " | "connected to " | "processing ");
        if label == "via " && is_interface(text) || is_one_of(label, QUEUES) && !text.contains('-') {
            continue;
        }
        let named =
            is_telling(text) || text.len() >= 4 && !through && rest != b'\'' && !is_ordinary(text) || line.reads(end, " closed");
        if rest == b'@' || mentioned && !named {
            continue;
        }
        // "DC=ostwind,DC=lan" ends in what is no name.
        if label == "dc=" && (is_last_label(text) || text.len() == 2 || is_last_part(&line, anchor.start, end)) {
            continue;
        }
        // "Server: Apache/2.4", "host: 10.0.0.1", "Computer: The …"
        if rest == b'/' && !text.contains('.') || !is_host_name(text) || is_prose(&line, label, end, value.separated) {
            continue;
        }
        search.found.push(Finding::new(start..end, Class::Host, "labelled-host"));
    }
}

/// `eth0`, `igb1`: how systems call their network cards.
fn is_interface(text: &str) -> bool {
    let letters = text.trim_end_matches(|c: char| c.is_ascii_digit());
    text.len() == letters.len() + 1 && letters.len() <= 6 && letters.bytes().all(|byte| byte.is_ascii_lowercase())
}

/// The last of several parts of a directory's name, which is no name of anybody's own.
fn is_last_part(line: &Line<'_>, start: usize, end: usize) -> bool {
    let next = line.forward(end, |byte| matches!(byte, b',' | b' '));
    line.before(start) != 0 && line.str_before(start, 40).contains('=') && !line.reads(next, "dc=")
}

/// "saturn is slow", "bocian nie odpowiada": what machines do, behind a word that can only be a name.
pub(super) fn serving(search: &mut Search<'_, '_>) {
    let line = search.line;
    for anchor in search.anchors.iter().filter(|anchor| anchor.meaning == Meaning::Serves) {
        let range = line.back(anchor.start, |byte| is_alphanumeric(byte) || byte == b'-')..anchor.start;
        let text = line.str(range.clone());
        let fits =
            (3..=24).contains(&text.len()) && text.starts_with(char::is_alphabetic) && !is_ordinary(text) && is_host_name(text);
        let whole = !is_alphanumeric(line.at(anchor.end)) || anchor.word.ends_with(' ');
        if fits && whole && stands_apart(&line, range.start) && !goes_on(&line, range.end) && !is_found(search, range.start) {
            search.found.push(Finding::new(range, Class::Host, "serving-machine"));
        }
    }
}

/// "server druif", "servidor JATOBA": behind one blank, a word of one case that no vocabulary has.
fn is_called(line: &Line<'_>, after: usize, label: &str) -> bool {
    let kinds = [
        "server",
        "servidor",
        "serveur",
        "palvelin",
        "szerver",
        "serwer",
        "serverul",
        "sunucu",
        "host",
        "hypervisor",
        "rechner",
        "máquina",
        "equipo",
        "machine",
        "workstation",
        "computer",
        "dator",
        "komputer",
        "počítač",
        "tietokone",
    ];
    if line.at(after) != b' ' || !kinds.contains(&label) {
        return false;
    }
    let end = line.end_of(NAME, after + 1);
    let text = line.str(after + 1..end).trim_end_matches('.');
    // "machine lab-17", "serwer zubr1"
    let numbered = text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().any(|byte| byte.is_ascii_digit())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && !is_interface(text);
    let small = text.bytes().all(|byte| byte.is_ascii_lowercase());
    let large = text.bytes().all(|byte| byte.is_ascii_uppercase());
    text.len() >= 4
        && (small || large || numbered)
        && !is_ordinary(text)
        && matches!(line.at(end), 0 | b' ' | b',' | b'.' | b')' | b'?' | b'!' | b':' | b';')
}

/// "equipo RECEPCION2", "laptop LON-LT-2209": behind one blank, capitals with digits or a dash, as machines are written.
fn is_bare(line: &Line<'_>, after: usize) -> bool {
    let text = line.str(after + 1..line.end_of(NAME, after + 1));
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let capitals = text.bytes().filter(u8::is_ascii_uppercase).count();
    line.at(after) == b' '
        && (5..=15).contains(&text.len())
        && capitals >= 4
        && digits >= 1
        && text
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'-')
}

/// Labels of queues of printers, which are named after makers and rooms as often as like machines.
const QUEUES: &[&str] = &[
    "-printername ",
    "lpadmin -p ",
    "lpq -p ",
    "lpr -p ",
    "lpstat -p ",
    "device for ",
    "cupsenable ",
    "cupsdisable ",
    "cupsaccept ",
    "lpoptions -p ",
    "cancel -a ",
    "printer name",
    "printername",
    "system default destination",
    "skrivare",
    "tulostin",
];

/// Commands that are words of sentences, too.
const COMMANDS: &[&str] = &["telnet ", "dig ", "nmap ", "whois ", "ssh ", "ping ", "mosh "];

/// `host fyr1 { …`, `host athena` and nothing more, `server ntp1 iburst`.
fn is_declared(line: &Line<'_>, after: usize, label: &str) -> bool {
    let name = line.end_of(BLANK, after);
    let end = line.end_of(NAME, name);
    let next = line.end_of(BLANK, end);
    if label == "server" {
        return line.reads(next, "iburst") || line.reads(next, "prefer");
    }
    let alone = next == line.end && end > name + 2 && line.end_of(BLANK, line.start) + "host".len() == after;
    line.at(next) == b'{' || alone
}

/// The name behind "ping -n 4", "ssh -i key".
fn behind_options(line: &Line<'_>, range: Range<usize>, label: &str) -> Range<usize> {
    let mut range = range;
    while matches!(line.at(range.start), b'-' | b'/') && !range.is_empty() {
        let option = range.clone();
        let next = line.end_of(BLANK, range.end);
        range = next..line.end_of(SOLID, next);
        let number = line.str(range.clone()).bytes().all(|byte| byte.is_ascii_digit());
        let argument = label == "ssh " && option.len() == 2 && b"bcDEeFIiJLlmOopQRSWw".contains(&line.at(option.start + 1));
        if number || argument {
            let next = line.end_of(BLANK, range.end);
            range = next..line.end_of(SOLID, next);
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
    let more = line.end_of(BLANK, end);
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
        let range = anchor.end..line.end_of(NAME, anchor.end);
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
    for slash in line.backslashes() {
        let doubled = line.at(slash + 1) == b'\\';
        let before = line.before(slash);
        if !doubled
            || before == b'\\'
            || is_alphanumeric(before)
            || matches!(before, b':' | b'}' | b')' | b'%' | b'.' | b'*' | b']' | b'$')
                && !(before == b':'
                    && line.before(slash - 1).is_ascii_alphanumeric()
                    && line.before(slash - 2).is_ascii_alphanumeric())
        {
            continue;
        }
        let mut start = slash + 2;
        // Escaped once more in JSON.
        while line.at(start) == b'\\' && start < slash + 4 {
            start += 1;
        }
        let end = line.end_of(NAME, start);
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
