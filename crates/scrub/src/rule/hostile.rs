//! Texts made to cost as much as possible: rules must not panic on them, nor look at more bytes per byte the longer they are.

#![allow(clippy::expect_used)]

use super::Rules;
use crate::line::steps;
use proptest::prelude::*;
use std::sync::LazyLock;

/// What rules begin to look at something for, and what makes them go on.
const PIECES: &[&str] = &[
    "@",
    "password -> a/b ",
    "password → ",
    "a@b.c ",
    "a@b ",
    "'a@b' ",
    "\"",
    "'",
    "\\",
    "\\\\",
    "\\a",
    "/",
    "://",
    "a://b:c@",
    ":",
    "::",
    "1:",
    "a:",
    ".",
    "a.",
    "1.",
    "10.0.0.1",
    "a.b.com ",
    "-",
    "a-",
    "A-1 ",
    "1-",
    "S-1-5-21-",
    "S-1-5-21-1-",
    "=",
    "a=",
    ";",
    "a=b;",
    "password",
    "password=",
    "password ",
    "password=a;b=",
    "Torsk&Klippfisk",
    "Torsk&Klippfisk ",
    "a!",
    "A@1 ",
    " admin / a",
    "admin / ab1! ",
    "ravi: ",
    "ravi: you\n",
    "recovery codes: ",
    "lzh8-cb8k / ",
    "the password is\n",
    "sshpass -p",
    "x_pw: a b ",
    "-p ",
    "mysql ",
    "curl ",
    "net user ",
    "cookie: ",
    "cookie: a=bcdefgh; ",
    "cookie: abcdefgh=i",
    "Set-Cookie: a=bcdefgh; cookie: ",
    "pin ",
    "pin 1 ",
    "password is ",
    "password: ",
    "password for a ",
    "as password ",
    "wifi / ",
    "key: ",
    "spoke to ",
    " from hr",
    "A says ",
    "Best regards, ",
    "J. A",
    "Keller, ",
    "Anna ",
    "Smith ",
    "<key>Password</key>\n",
    "- name: password\n",
    "先生",
    "host=a password=b ",
    "jdbc:oracle:",
    "'@'",
    "<a@b.de>",
    "A <a@b.de> ",
    "//a/",
    "IN ",
    "name 1 IN A ",
    "user a from ",
    "account 1",
    "ssn AB ",
    "bic ABC ",
    "mac to ",
    "b827eb",
    "00-01-",
    "0049 ",
    "08-555 ",
    "ext 1 ",
    "license ",
    "AB1C-",
    "a.txt ",
    "./a b.pdf\t",
    "dc=a,",
    "$ pass show a\n",
    "09:14 A: ",
    "[09:14] <a> ",
    "token=",
    "sk-",
    "ghp_",
    "eyJ",
    "user ",
    "user: ",
    "user=",
    "name  ",
    "host: ",
    "host ",
    "ping ",
    "ping - ",
    "(",
    ")",
    "[",
    "]",
    "{",
    "<",
    ">",
    "</",
    "|",
    "| ",
    ",",
    "\t",
    " ",
    "  ",
    "   a",
    "\n",
    "\r\n",
    "\r",
    "C:\\Users\\",
    "C:\\Users\\a b",
    "'C:\\Users\\a ",
    "\"/home/a ",
    "/home/",
    "/home/a\\ ",
    "/Users/",
    ".docx",
    "a.docx ",
    "1 a.doc ",
    "\\a b.doc",
    "-----BEGIN ",
    "-----BEGIN PRIVATE KEY-----",
    "-----END",
    "+",
    "+1",
    "1 ",
    "4111 ",
    "DE89 ",
    "(212) ",
    "212-",
    "AB 12 ",
    "é",
    "中",
    "😀",
    "\u{0}",
    "%",
    "$",
    "~",
    "#",
    "*",
    "?",
    "A",
    "a",
    "0",
    "VK7JG-",
    "111111-",
    "uid=1(",
    "drwxr-xr-x 1 ",
    "Mar 12 02:13:58 ",
    "USERNAME SESSIONNAME\n",
    "User accounts\n",
    "| user | password |\n",
    "user,password\n",
    "whoami\n",
    "hostname\n",
    "Hi ",
    "Karin ",
    "phone ",
    "tel. ",
    "iban ",
    "ssn ",
    "key: ",
    "a.keller",
    "akeller ",
    "keller_",
    "enter password ",
    "vault password: a ",
    "new password",
    "x_pw=a ",
    " key 7 a",
    "1 => 2,",
    "# cat /a_password\n",
    "//a:b@",
    "rest:https://a:b@",
    "a:b@tcp(",
    "12345678:AA",
    "host is slow ",
    "server druif ",
    "HYPER-OST ",
    "password | ",
    "811218-9876 ",
    "00.00.00-",
    "44051401359",
    "AAAAAA00A00A000A",
    "a@pve ",
    "/volume1/homes/a ",
    "--",
    "0x",
    "ff:",
    "fe80::",
    "&",
    "!",
];

static RULES: LazyLock<Rules> = LazyLock::new(|| Rules::new().expect("the table of this version"));

fn steps_for(text: &str) -> usize {
    steps::take();
    RULES.find(text);
    steps::take()
}

/// A text eight times as long may cost eight times as much, and somewhat more because what rules look at from one place ends at a
/// thousand bytes; what grows with the square costs sixty-four times as much.
#[track_caller]
fn check(unit: &str) {
    let once = 4_096 / unit.len() + 1;
    let (short, long) = (steps_for(&unit.repeat(once)), steps_for(&unit.repeat(once * 8)));
    assert!(
        long <= short * 24,
        "{unit:?}: {short} steps for {} bytes, {long} for eight times as many",
        once * unit.len()
    );
}

#[test]
fn no_piece_costs_more_the_oftener_it_stands() {
    for piece in PIECES {
        check(piece);
    }
}

#[test]
fn an_end_that_never_comes_is_looked_for_once() {
    let open = [
        "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n",
        "\"C:\\Users\\a",
        "C:\\Users\\k 1 ",
        "password=\"",
        "(uid=",
        "[",
        "${",
    ];
    for piece in open {
        check(piece);
        check(&format!("{piece}{}", "x".repeat(500)));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn no_mixture_costs_more_the_oftener_it_stands(parts in prop::collection::vec(prop::sample::select(PIECES), 1..6)) {
        check(&parts.concat());
    }

    #[test]
    fn ranges_end_between_characters(parts in prop::collection::vec(prop::sample::select(PIECES), 0..80)) {
        let text = parts.concat();
        let mut end = 0;
        for finding in RULES.find(&text) {
            prop_assert!(finding.range.start >= end && finding.range.start < finding.range.end);
            prop_assert!(text.get(finding.range.clone()).is_some(), "{:?} cuts a character", finding);
            end = finding.range.end;
        }
    }
}
