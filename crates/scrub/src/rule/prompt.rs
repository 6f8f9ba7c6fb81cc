//! What a prompt says about user and machine, and what the line after a command such as `whoami` says.

use super::Search;
use super::host::is_host_name;
use super::person::is_account_name;
use super::unknown::is_ordinary;
use super::windows::is_foreign_domain;
use super::words::Words;
use crate::class::Class;
use crate::finding::Finding;
use crate::kind::{ALPHABETIC, BLANK, NAME, SOLID};
use crate::line::{Line, has};
use crate::sign;
use std::ops::Range;

/// What the lines that follow answer.
#[derive(Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Asked {
    class: Option<Class>,
    /// Names, on several lines or on one, until a prompt or nothing follows.
    many: bool,
}

/// Commands whose answer is a name and nothing else: of an account, of a machine, of accounts.
const ASK_USER: &str =
    "whoami\nlogname\nid -un\necho $user\necho $logname\necho %username%\n$env:username\n[environment]::username\nwhoami /upn";
const ASK_HOST: &str = "hostname\nhostname -s\nhostname -f\nhostname --fqdn\nuname -n\ncat /etc/hostname\nscutil --get computername\nscutil \
                        --get localhostname\nscutil --get hostname\necho $hostname\necho %computername%\n$env:computername\n\
                        [environment]::machinename\nhostnamectl hostname\necho %logonserver%\n$env:logonserver\n$env:userdomain\necho \
                        %userdomain%\ndnsdomainname\nhostname -d";
const ASK_USERS: &str = "ls /home\nls /home/\nls /users\nls /users/\nusers\ncompgen -u\ndscl . list /users\ndscl . -list /users\ndir /b \
                         c:\\users\nls c:\\users\nls -1 /home\nls -1 /users";

fn asks(command: &str) -> Option<Asked> {
    static USER: Words = Words::of(ASK_USER);
    static HOST: Words = Words::of(ASK_HOST);
    static USERS: Words = Words::of(ASK_USERS);
    // What all of them begin with.
    if !b"wlie$[hucsd".contains(&command.bytes().next()?.to_ascii_lowercase()) {
        return None;
    }
    let kinds = [
        (&USER, Class::User, false),
        (&HOST, Class::Host, false),
        (&USERS, Class::User, true),
    ];
    kinds
        .into_iter()
        .find(|(words, _, _)| words.contains(command))
        .map(|(_, class, many)| Asked {
            class: Some(class),
            many,
        })
}

pub(super) fn find(search: &mut Search<'_, '_>, asked: &mut Asked) {
    let line = search.line;
    let first = line.end_of(BLANK, line.start);
    if first >= line.end {
        asked.class = asked.class.filter(|_| !asked.many);
        return;
    }
    machines(search, first);
    if let Some(class) = asked.class {
        answers(search, *asked, class, first);
        asked.class = asked.class.filter(|_| asked.many && !ends_prompt(&line, first));
    }
    if line.has(has::LOWER) && may_ask(&line, first) {
        let command = command(&line, first);
        if (5..=24).contains(&command.len())
            && let Some(now) = asks(command)
        {
            *asked = now;
        }
    }
}

/// Whether a line ends as all commands do that ask for a name, so that few lines are compared with any.
fn may_ask(line: &Line<'_>, first: usize) -> bool {
    // No such command is as long, unless a prompt stands before it.
    if line.end >= first + 28 && !line.shows(sign::PROMPTS) {
        return false;
    }
    let last = line.before(line.start_of(BLANK, line.end)).to_ascii_lowercase();
    b"ienr%sf/du".contains(&last) || !last.is_ascii_graphic()
}

fn word(line: &Line<'_>, at: usize) -> Range<usize> {
    at..line.end_of(SOLID, at)
}

/// What was typed: behind the last sign that ends a prompt, or the whole line. No command of ours is longer than a few words.
fn command<'a>(line: &Line<'a>, first: usize) -> &'a str {
    let tail = line.slice(line.end.saturating_sub(28).max(first)..line.end);
    let typed = tail.iter().rposition(|byte| matches!(byte, b'$' | b'#' | b'>' | b'%'));
    match typed {
        // "$USER", "%USERNAME%" are part of what was typed.
        Some(at)
            if tail
                .get(at + 1)
                .is_some_and(|next| *next == b' ' || tail.get(at) == Some(&b'>')) =>
        {
            line.str(line.trim(line.end - tail.len() + at + 1..line.end))
        }
        Some(_) => variable(line, first),
        None if tail.len() < 28 => line.str(line.trim(first..line.end)),
        None => "",
    }
}

/// `PS C:\> $env:USERNAME`, `$ echo $USER`, `C:\>echo %USERNAME%`.
fn variable<'a>(line: &Line<'a>, first: usize) -> &'a str {
    let text = line.str_before(line.end, 28).trim();
    let from = ["$env:", "echo "].iter().filter_map(|word| text.find(word)).min();
    match from {
        Some(at) => text.get(at..).unwrap_or_default(),
        None => line.str(first..line.end.min(first + 28)),
    }
}

fn ends_prompt(line: &Line<'_>, first: usize) -> bool {
    let range = word(line, first);
    matches!(line.before(range.end), b'$' | b'#' | b'%' | b'>') || line.str(range).contains(">")
}

fn answers(search: &mut Search<'_, '_>, asked: Asked, class: Class, first: usize) {
    let line = search.line;
    let mut at = first;
    if ends_prompt(&line, first) {
        return;
    }
    while at < line.end {
        let range = word(&line, at);
        at = line.end_of(BLANK, range.end);
        let alone = at >= line.end;
        if !(alone || asked.many) {
            return;
        }
        let text = line.str(range.clone());
        let found = match (class, text.split_once('\\')) {
            (Class::User, Some((domain, user))) if is_account_name(user) && is_foreign_domain(domain) => {
                Some((range, Class::DomainUser))
            }
            (Class::User, None) if is_account_name(text) => Some((range, class)),
            (Class::Host, _) => {
                let start = line.forward(range.start, |byte| byte == b'\\');
                is_host_name(line.str(start..range.end)).then_some((start..range.end, class))
            }
            _ => None,
        };
        if let Some((range, class)) = found {
            search.found.push(Finding::new(range, class, "answer"));
        }
    }
}

/// `[WS-042]: PS C:\>`, `Lenas-Mac:~ lena$`, `SW-01#show run`, `SW-01(config)#`, `(lena㉿kali)`, `Linux web-03 6.1.0`.
fn machines(search: &mut Search<'_, '_>, first: usize) {
    let line = search.line;
    match line.at(first) {
        b'[' => {
            let range = first + 1..line.end_of(NAME, first + 1);
            if line.str(range.end..range.end + 5) == "]: PS" {
                host(search, range);
            }
        }
        b'(' | 0xE2 => kali(search, first),
        b'L' if line.reads(first, "Linux ") => unix_name(search, first + 6),
        b'D' if line.reads(first, "Darwin ") => unix_name(search, first + 7),
        byte if byte.is_ascii_alphanumeric() => {
            let range = first..line.end_of(NAME, first);
            match line.at(range.end) {
                // The console of a telephone system.
                b'*' if line.reads(range.end, "*CLI>") => host(search, range),
                b':' => mac(search, range),
                b'#' | b'>' | b'(' => switch(search, range),
                b'$' | b'%' | b' ' => shell(search, range),
                _ => {}
            }
        }
        _ => {}
    }
}

fn host(search: &mut Search<'_, '_>, range: Range<usize>) {
    if is_host_name(search.line.str(range.clone())) {
        search.found.push(Finding::new(range, Class::Host, "prompt"));
    }
}

fn unix_name(search: &mut Search<'_, '_>, at: usize) {
    let range = word(&search.line, at);
    if search.line.at(range.end + 1).is_ascii_digit() {
        host(search, range);
    }
}

fn mac(search: &mut Search<'_, '_>, range: Range<usize>) {
    let line = search.line;
    let folder = line.end_of(SOLID, range.end + 1);
    let user = folder + 1..line.end_of(NAME, folder + 1);
    let prompt = matches!(line.at(user.end), b'$' | b'#') && matches!(line.at(user.end + 1), b' ' | 0);
    // "gamma:~ # route -n"
    let bare = line.at(folder) == b' ' && line.at(folder + 1) == b'#' || line.before(folder) == b'#';
    let place = matches!(line.at(range.end + 1), b'~' | b'/');
    if place && bare && folder > range.end + 1 && line.at(folder + 1) != 0 && !is_ordinary(line.str(range.clone())) {
        host(search, range);
        return;
    }
    if folder > range.end + 1 && prompt && !user.is_empty() {
        if is_account_name(line.str(user.clone())) {
            search.found.push(Finding::new(user, Class::User, "prompt"));
        }
        host(search, range);
    }
}

/// `listserv$ ls`, `login2 ~ % who`, `pgb /etc/pgbouncer # cat x`, `kronos # visudo`: a machine's name alone, no other word, before what ends a
/// prompt; behind a blank and nothing else, what is typed must be a command.
fn shell(search: &mut Search<'_, '_>, range: Range<usize>) {
    const COMMANDS: &[&str] = &[
        "ls",
        "cat",
        "cd",
        "ps",
        "df",
        "ip",
        "id",
        "su",
        "sudo",
        "ssh",
        "scp",
        "who",
        "w",
        "vi",
        "vim",
        "visudo",
        "grep",
        "egrep",
        "sed",
        "awk",
        "tail",
        "head",
        "less",
        "find",
        "chage",
        "chown",
        "chmod",
        "passwd",
        "useradd",
        "usermod",
        "finger",
        "crontab",
        "systemctl",
        "journalctl",
        "service",
        "mount",
        "zfs",
        "zpool",
        "lsblk",
        "blkid",
        "dmesg",
        "uname",
        "hostname",
        "curl",
        "wget",
        "ping",
        "dig",
        "nslookup",
        "ss",
        "netstat",
        "psql",
        "mysql",
        "docker",
        "kubectl",
        "git",
        "apt",
        "dnf",
        "yum",
        "rpm",
        "pkg",
        "doas",
        "rcctl",
        "show",
        "execute",
        "config",
        "get",
        "diagnose",
        "diag",
        "exit",
        "reboot",
        "last",
        "lastlog",
        "getent",
        "smbstatus",
        "samba-tool",
        "openssl",
        "rsync",
        "tar",
        "echo",
        "export",
        "nano",
        "top",
        "free",
        "uptime",
        "env",
    ];
    let line = search.line;
    let name = line.str(range.clone());
    let mut at = range.end;
    let spaced = line.at(at) == b' ';
    let mut place = false;
    if spaced && matches!(line.at(at + 1), b'~' | b'/') {
        at = line.end_of(SOLID, at + 1);
        place = true;
    }
    at += usize::from(line.at(at) == b' ');
    let sign = line.at(at);
    if !matches!(sign, b'#' | b'$' | b'%') || line.at(at + 1) != b' ' {
        return;
    }
    let typed = at + 2;
    let word = line.str(typed..line.forward(typed, |byte| byte.is_ascii_lowercase() || byte == b'-'));
    let fits = match sign {
        _ if place => typed < line.end,
        b'#' | b'$' if spaced => COMMANDS.contains(&word),
        b'$' | b'%' => word.len() >= 2 && word.starts_with(|c: char| c.is_ascii_lowercase()),
        _ => false,
    };
    let named = || name.len() >= 4 && name.starts_with(|c: char| c.is_ascii_alphabetic()) && !is_ordinary(name);
    if fits && named() {
        host(search, range);
    }
}

fn switch(search: &mut Search<'_, '_>, range: Range<usize>) {
    let line = search.line;
    let mut at = range.end;
    if line.at(at) == b'(' {
        if !line.reads(at, "(config") {
            return;
        }
        at = line.forward(at, |byte| byte != b')') + 1;
    }
    let command = line.str(at + 1..line.end_of(ALPHABETIC, at + 1));
    let known = [
        "show",
        "sh",
        "conf",
        "configure",
        "en",
        "enable",
        "ping",
        "interface",
        "int",
        "exit",
        "end",
        "no",
        "wr",
        "write",
        "copy",
        "terminal",
        "hostname",
        "vlan",
        "ip",
    ];
    // "ldap-gw# useradd": a word that no vocabulary has, and what a superuser types.
    let typed = line.at(at) == b'#' && line.at(at + 1) == b' ' && range.len() >= 3 && !is_ordinary(line.str(range.clone()));
    if matches!(line.at(at), b'#' | b'>') && known.contains(&command) || typed {
        host(search, range);
    }
}

fn kali(search: &mut Search<'_, '_>, first: usize) {
    let line = search.line;
    let text = line.str(first..line.forward(first, |byte| byte != b'-'));
    let Some((sign, width)) = text.find('㉿').map(|at| (first + at, '㉿'.len_utf8())) else {
        return;
    };
    let user = line.back(sign, |byte| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
    })..sign;
    let machine = sign + width..line.forward(sign + width, |byte| {
        byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.'
    });
    if is_account_name(line.str(user.clone())) {
        search.found.push(Finding::new(user, Class::User, "prompt"));
    }
    host(search, machine);
}
