//! Accounts that stand bare behind a word for them, with nothing but a blank between: what shows them is that they are no word, or how the
//! sentence goes on.

use super::domain::is_ending;
use super::unknown::is_ordinary;
use super::{Anchor, Meaning};
use crate::line::{Line, is_blank, is_name};
use std::ops::Range;

/// "User jane from 10.0.0.5 not allowed", "User jane logged on": what sentences of logs go on with.
pub(super) fn is_subject(line: &Line<'_>, anchor: &Anchor) -> bool {
    let name = line.forward(anchor.end, is_blank);
    let end = line.forward(name, is_name);
    let next = line.forward(end, is_blank);
    let word = line.str(next..line.forward(next, |byte| byte.is_ascii_alphabetic()));
    let verbs = [
        "from",
        "not",
        "logged",
        "has",
        "does",
        "cannot",
        "authenticated",
        "connected",
        "disconnected",
        "successfully",
        "added",
        "removed",
        "created",
        "deleted",
        "may",
        "executed",
        "already",
        "failed",
        "signed",
        "logon",
        "joined",
        "left",
        "changed",
    ];
    anchor.word == "user" && name == anchor.end + 1 && next > end && verbs.contains(&word)
}

/// "usuario mjetxeberria", "Benutzer p1044871": behind one blank, a word that no vocabulary has and that has small letters or digits only.
pub(super) fn is_bare_account(line: &Line<'_>, anchor: &Anchor) -> bool {
    let start = line.forward(anchor.end, is_blank);
    line.at(anchor.end) == b' ' && account_at(line, start).is_some()
}

/// "su usuario es iarrieta", "user is pquigley2": the same behind what ties it to its label.
pub(super) fn tied_account(line: &Line<'_>, anchor: &Anchor) -> Option<Range<usize>> {
    let start = line.forward(anchor.end, is_blank);
    let tie = line.forward(start, |byte| byte.is_ascii_alphabetic() || byte >= 0x80);
    let told = [
        "is", "ist", "heter", "heißt", "är", "er", "es", "est", "è", "é", "on", "to", "je", "jest", "lautet", "now", "c'est",
        "was",
    ];
    let fits = line.at(anchor.end) == b' ' && told.contains(&line.str(start..tie)) && line.at(tie) == b' ';
    fits.then(|| account_at(line, line.forward(tie, is_blank))).flatten()
}

/// What ends the names of machines and files.
const ENDINGS: &[&str] = &[
    ".com",
    ".net",
    ".org",
    ".local",
    ".lan",
    ".corp",
    ".internal",
    ".exe",
    ".log",
    ".txt",
    ".conf",
    ".dll",
    ".sh",
    ".py",
    ".ps1",
    ".json",
    ".xml",
];

/// An account's name here, which shows by its letters that it is no word.
fn account_at(line: &Line<'_>, start: usize) -> Option<Range<usize>> {
    let end = line.forward(start, is_name).min(start + 26);
    let text = line.str(start..end).trim_end_matches('.');
    let small = text
        .bytes()
        .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'_' | b'-'));
    let letters = text.bytes().filter(u8::is_ascii_lowercase).count();
    let fits = (4..=24).contains(&text.len())
        && small
        && letters >= 1
        && matches!(
            line.at(end),
            0 | b' ' | b',' | b';' | b')' | b'.' | b'?' | b'!' | b':' | b'\''
        )
        && (text.starts_with(|c: char| c.is_ascii_lowercase()) && !is_ordinary(text))
        && (letters < text.len() || !is_ending(text))
        && (!text.contains('-') || text.split('-').any(|part| part.len() >= 3 && !is_ordinary(part)))
        && !ENDINGS.iter().any(|end| text.ends_with(end));
    fits.then(|| start..start + text.len())
}

/// `username admin privilege 15 …`, `login jane password …`.
pub(super) fn is_switch_account(line: &Line<'_>, anchor: &Anchor) -> bool {
    let name = line.forward(anchor.end, is_blank);
    let next = line.forward(line.forward(name, |byte| !is_blank(byte)), is_blank);
    let word = line.str(next..line.forward(next, |byte| byte.is_ascii_alphabetic()));
    matches!(anchor.word, "username" | "login" | "user" | "u/n")
        && name == anchor.end + 1
        && matches!(word, "password" | "secret" | "privilege" | "p" | "pw" | "pwd" | "pass")
}

/// What ends phrases that accounts stand behind as often as names: "assigned to rgupta", "closed by lcheng".
const TO_ACCOUNTS: &[&str] = &[" by ", " to ", " of ", " with ", " von ", "(", " an "];

/// The account of whom somebody told or gave something, when no name stands there.
pub(super) fn told_account(line: &Line<'_>, anchor: &Anchor) -> Option<Range<usize>> {
    let account = anchor.meaning == Meaning::Toward && TO_ACCOUNTS.iter().any(|end| anchor.word.ends_with(end));
    let range = account.then(|| account_at(line, anchor.end)).flatten()?;
    let text = line.str(range.clone());
    // "fixed by enlarging it", "INSERT INTO note (client_id, …": what somebody does, and columns.
    let other = text.ends_with("ing") || anchor.word.ends_with('(') && (text.contains('_') || line.at(range.end) != b',');
    (!other).then_some(range)
}
