//! The read-only command that shows the state which another command changes, to be run before and after it.
//!
//! [`probe`] finds it by what the command runs and names, in the table `knowledge/probes.rules`. Names are quoted for the interpreter, and
//! what comes of it is read like any command: a probe that is not read-only is never returned. A name that cannot be quoted safely, or
//! that is only known when the command runs, is left out.

mod quote;
mod table;

pub use quote::quoted;

use crate::knowledge::kind_word;
use crate::reading::{ActionClass, Reading, Resource, ResourceKind};
use caisey_ledger::event::Interpreter;
use table::Line;

/// Things that are looked at; a command that names more is looked at in part.
const MAX_PARTS: usize = 12;
/// A probe's text is at most this long, bytes.
const MAX_PROBE_BYTES: usize = 4096;

/// The probe for a command that was read with the same interpreter; none for one that only reads, or for which the table knows none.
#[must_use]
pub fn probe(interpreter: Interpreter, reading: &Reading) -> Option<String> {
    if reading.class == ActionClass::ReadOnly {
        return None;
    }
    let verbs: Vec<String> = reading.verbs.iter().map(|verb| verb.to_lowercase()).collect();
    let sudo = verbs.iter().any(|verb| verb == "sudo");
    let mut parts: Vec<String> = Vec::new();
    for line in table::table()
        .iter()
        .filter(|line| line.shells.holds(interpreter) && line.fits(&verbs))
    {
        for part in filled(interpreter, line, &reading.resources, sudo) {
            let size: usize = parts.iter().map(String::len).sum();
            let fits = parts.len() < MAX_PARTS && size + part.len() < MAX_PROBE_BYTES;
            if fits && !parts.contains(&part) && crate::read(interpreter, &part).class == ActionClass::ReadOnly {
                parts.push(part);
            }
        }
    }
    let whole = parts.join(if interpreter == Interpreter::Cmd { " & " } else { "; " });
    (!whole.is_empty() && crate::read(interpreter, &whole).class == ActionClass::ReadOnly).then_some(whole)
}

/// A line's template for each thing that it is about.
fn filled(interpreter: Interpreter, line: &Line, resources: &[Resource], sudo: bool) -> Vec<String> {
    let template = line.template.replace('^', if sudo { "sudo -n " } else { "" });
    let Some(kind) = line.kind else { return vec![template] };
    let named = resources.iter().filter(|resource| resource.kind == kind);
    named
        .filter_map(|resource| with_name(interpreter, &template, &resource.name, kind))
        .collect()
}

fn with_name(interpreter: Interpreter, template: &str, name: &str, kind: ResourceKind) -> Option<String> {
    let name = plain(interpreter, name, kind)?;
    let filled = if template.contains("{registry}") {
        let registry = if name.contains(":\\") || name.contains("::") {
            name.clone()
        } else {
            format!("Registry::{}", long_hive(&name))
        };
        template.replace("{registry}", &quoted(interpreter, &registry)?)
    } else {
        template.to_owned()
    };
    Some(filled.replace("{}", &quoted(interpreter, &name)?))
}

/// The name as it stands for one thing; for a pattern, the folder that holds what it matches.
fn plain(interpreter: Interpreter, name: &str, kind: ResourceKind) -> Option<String> {
    let posix = matches!(interpreter, Interpreter::Sh | Interpreter::Bash);
    let expands = if posix {
        name.contains('$') || name.starts_with('~')
    } else {
        name.contains(['$', '%'])
    };
    if expands || name.contains('\0') {
        return None;
    }
    let pattern = matches!(kind, ResourceKind::Path | ResourceKind::RegistryKey) && name.contains(['*', '?', '[', '{']);
    if !pattern {
        return Some(name.to_owned());
    }
    let at = name.find(['*', '?', '[', '{'])?;
    let before = name.get(..at)?;
    let folder = before.get(..before.rfind(if posix { &['/'][..] } else { &['/', '\\'][..] })?)?;
    Some(if folder.is_empty() {
        "/".to_owned()
    } else {
        folder.to_owned()
    })
}

/// `HKLM\x` as the registry provider wants it.
fn long_hive(name: &str) -> String {
    let (hive, rest) = name.split_once('\\').unwrap_or((name, ""));
    let long = match hive.to_uppercase().as_str() {
        "HKLM" => "HKEY_LOCAL_MACHINE",
        "HKCU" => "HKEY_CURRENT_USER",
        "HKCR" => "HKEY_CLASSES_ROOT",
        "HKU" => "HKEY_USERS",
        "HKCC" => "HKEY_CURRENT_CONFIG",
        _ => hive,
    };
    format!("{long}\\{rest}")
}

/// The kind that a word of the tables means.
fn kind_of(word: &str) -> Option<ResourceKind> {
    kind_word(word)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const ALL: [Interpreter; 5] = [
        Interpreter::Sh,
        Interpreter::Bash,
        Interpreter::Pwsh,
        Interpreter::Powershell,
        Interpreter::Cmd,
    ];

    #[test]
    fn every_probe_only_reads() {
        for line in table::load().unwrap() {
            for interpreter in ALL.into_iter().filter(|interpreter| line.shells.holds(*interpreter)) {
                for name in [
                    "plain",
                    "-rf",
                    "two words",
                    "C:\\x\\y",
                    "HKLM\\Software\\x",
                    "o'neill; rm -rf / #",
                    "a$(b)`c`",
                    "x\" & del y",
                    "é日本",
                ] {
                    for sudo in [false, true] {
                        let thing = Resource {
                            kind: line.kind.unwrap_or(ResourceKind::Path),
                            name: name.to_owned(),
                            span: crate::Span { start: 0, end: 0 },
                        };
                        for part in filled(interpreter, &line, std::slice::from_ref(&thing), sudo) {
                            let reading = crate::read(interpreter, &part);
                            assert_eq!(
                                reading.class,
                                ActionClass::ReadOnly,
                                "{interpreter:?}: {part}: {:?}",
                                reading.reasons
                            );
                        }
                    }
                }
            }
        }
    }

    /// What prints clocks, counters or lifetimes differs when nothing has changed.
    #[test]
    fn no_probe_is_noisy() {
        let noisy = [
            "iptables-save",
            "ip6tables-save",
            "ip addr show",
            "ip -s",
            "iptables -L -v",
            "-vnL",
            "nft list",
            "/v /fo list",
            "swapon --show;",
            "ifconfig",
            "netstat",
            "docker ps",
            "docker stats",
            "uptime",
            "free",
            "Get-Date",
            "Get-Counter",
            "Get-Process",
            "Statistics",
            "timedatectl status",
            "systemctl status",
            "last",
        ];
        for line in table::load().unwrap() {
            let words = format!("{};", line.template);
            for noisy in noisy {
                let begins = words
                    .match_indices(noisy)
                    .any(|(at, _)| !words[..at].ends_with(|before: char| before.is_alphanumeric()));
                assert!(!begins, "`{noisy}` in {}", line.template);
            }
        }
    }

    fn check(interpreter: Interpreter, command: &str, wanted: Option<&str>) {
        assert_eq!(
            probe(interpreter, &crate::read(interpreter, command)).as_deref(),
            wanted,
            "{command}"
        );
    }

    #[test]
    fn probes_of_known_commands() {
        check(
            Interpreter::Bash,
            "sudo nft add rule inet filter input tcp dport 445 drop",
            Some("sudo -n nft -s list ruleset"),
        );
        check(Interpreter::Sh, "nft flush ruleset", Some("nft -s list ruleset"));
        check(Interpreter::Sh, "iptables -A INPUT -j DROP", Some("iptables -S"));
        check(
            Interpreter::Sh,
            "sudo iptables -t nat -A POSTROUTING -j MASQUERADE",
            Some("sudo -n iptables -S; sudo -n iptables -t 'nat' -S"),
        );
        check(Interpreter::Sh, "ip link set eth0 down", Some("ip -br addr; ip route"));
        check(
            Interpreter::Bash,
            "chmod 600 /etc/x 'a b'",
            Some("ls -ld -- '/etc/x'; ls -ld -- 'a b'"),
        );
        check(Interpreter::Bash, "rm -rf /tmp/*.log", Some("ls -ld -- '/tmp'"));
        check(Interpreter::Sh, "usermod -L jdoe", Some("getent passwd 'jdoe'; id -- 'jdoe'"));
        check(
            Interpreter::Cmd,
            "netsh advfirewall firewall set rule name=\"Block SMB\" new enable=no",
            Some("netsh advfirewall firewall show rule name=\"Block SMB\" verbose & netsh advfirewall show allprofiles"),
        );
        check(
            Interpreter::Cmd,
            "sc stop Spooler",
            Some("sc query \"Spooler\" & sc qc \"Spooler\""),
        );
        check(
            Interpreter::Cmd,
            "reg delete HKLM\\Software\\Old /f",
            Some("reg query \"HKLM\\Software\\Old\""),
        );
        check(
            Interpreter::Powershell,
            "Restart-Service -Name Spooler",
            Some("Get-Service -Name 'Spooler' | Select-Object Name, DisplayName, Status, StartType | Format-List"),
        );
        check(
            Interpreter::Powershell,
            "Set-ItemProperty HKLM:\\Software\\X -Name a -Value 1",
            Some("Get-ItemProperty -LiteralPath 'HKLM:\\Software\\X' | Format-List"),
        );
        check(Interpreter::Bash, "ls /x", None);
        check(Interpreter::Bash, "./unknown", None);
        check(Interpreter::Bash, "rm \"$x\"", None);
    }
}
