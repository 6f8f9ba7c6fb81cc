//! What the technician runs, on this machine's platform. Each works in a bare container as on a real server and changes nothing, except
//! the one that is meant to, in a file of the story's own.

use std::path::Path;

/// A command with its reason.
pub(crate) struct Look {
    /// Exact text.
    pub(crate) command: String,
    /// Why.
    pub(crate) reason: &'static str,
    /// Exit code that the story expects.
    pub(crate) exit_code: i64,
}

fn look(command: &str, reason: &'static str) -> Look {
    Look {
        command: command.to_owned(),
        reason,
        exit_code: 0,
    }
}

/// Failed sign-ins, places where an intruder would persist, processes, and one thing that is not there.
#[cfg(unix)]
pub(crate) fn looks() -> Vec<Look> {
    vec![
        look(
            "{ journalctl -q --no-pager --since '-2h' _COMM=sshd 2>/dev/null; cat /var/log/auth.log 2>/dev/null; lastb -n 50 2>/dev/null; } | \
             grep -iE 'failed|invalid|notty' | tail -n 20; echo 'searched: journal, auth.log, btmp'",
            "Failed sign-ins in the last two hours",
        ),
        look(
            "find /etc/systemd/system /etc/cron.d /etc/cron.daily /etc/crontab /etc/rc.local /etc/profile.d \
             /Library/LaunchDaemons -type f -mtime -30 2>/dev/null | sort | head -n 40; echo 'searched: units, cron, rc, profile'",
            "Persistence points changed in the last month",
        ),
        look(
            "ps -eo pid,ppid,user,comm | grep -E 'sshd|cron|systemd|caisey' | grep -v grep | head -n 30",
            "Processes that an intruder would use or copy",
        ),
        Look {
            command: "echo 'no such account here' >&2; id svc-backup-old >/dev/null 2>&1".to_owned(),
            reason: "Whether the account named in the alert exists",
            exit_code: 1,
        },
    ]
}

/// The same on Windows, as in the first story's own words.
#[cfg(windows)]
pub(crate) fn looks() -> Vec<Look> {
    vec![
        look(
            "Get-WinEvent -FilterHashtable @{LogName='Security'; ID=4625} -MaxEvents 20 -ErrorAction SilentlyContinue; 'searched: Security, 4625'",
            "Failed sign-ins",
        ),
        look(
            "Get-ItemProperty HKLM:\\Software\\Microsoft\\Windows\\CurrentVersion\\Run",
            "Persistence points",
        ),
        look(
            "Get-Process | Where-Object {$_.ProcessName -match 'svchost|lsass|winlogon'}",
            "Processes that an intruder would use or copy",
        ),
        Look {
            command: "[Console]::Error.WriteLine('no such account here'); exit 1".to_owned(),
            reason: "Whether the account named in the alert exists",
            exit_code: 1,
        },
    ]
}

/// Prints on both streams for some seconds, in several scripts and with a terminal's colours.
#[cfg(unix)]
pub(crate) fn streaming() -> Look {
    look(
        "for part in 1 2 3 4 5; do echo \"part $part of 5: $(ls -la /usr/local/bin | cksum)\"; sleep 0.4; done; \
         printf 'Соколов 财务部 サーバー\\n\\033[31mred\\033[0m\\n'; echo 'checked /usr/local/bin' >&2",
        "Programs in the local folder, compared twice",
    )
}

/// The same on Windows.
#[cfg(windows)]
pub(crate) fn streaming() -> Look {
    look(
        "1..5 | ForEach-Object { \"part $_ of 5\"; Start-Sleep -Milliseconds 400 }",
        "Programs in the local folder, compared twice",
    )
}

/// Runs until somebody stops it.
#[cfg(unix)]
pub(crate) fn endless() -> Look {
    look("while true; do who; date -u; sleep 0.5; done", "Watching for new sign-ins")
}

/// The same on Windows.
#[cfg(windows)]
pub(crate) fn endless() -> Look {
    look(
        "while ($true) { Get-Date; Start-Sleep -Milliseconds 500 }",
        "Watching for new sign-ins",
    )
}

/// How long the machine has been up.
pub(crate) fn uptime() -> Look {
    look("uptime", "Whether the machine was restarted")
}

/// Closes a file to others, and the probe that shows it before and after.
#[cfg(unix)]
pub(crate) fn change(file: &Path) -> (Look, String) {
    let file = file.display();
    (
        look(&format!("chmod 600 '{file}'"), "The allow list was readable by everybody"),
        format!("ls -l '{file}' | cut -c1-10"),
    )
}

/// The same on Windows.
#[cfg(windows)]
pub(crate) fn change(file: &Path) -> (Look, String) {
    let file = file.display();
    (
        look(
            &format!("Set-ItemProperty '{file}' IsReadOnly $true"),
            "The allow list could be written by everybody",
        ),
        format!("(Get-Item '{file}').IsReadOnly"),
    )
}
