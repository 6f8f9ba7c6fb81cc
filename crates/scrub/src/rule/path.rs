//! Paths into people's profiles, whole: `C:\Users\jane\Desktop\offer.txt`, `/home/jane/.ssh`, `\\files\homes$\jane`.

use super::blanks::{beyond, is_listed};
use super::person::is_generic;
use super::value::{Reach, is_found, value};
use super::words::{holds, is_one_of};
use super::{Anchor, Meaning, Search};
use crate::class::Class;
use crate::finding::Finding;
use crate::line::{Line, is_alphanumeric, is_blank};
use std::ops::Range;

/// Children of a profiles folder that belong to nobody.
const SHARED: &[&str] = &[
    "public",
    "default",
    "default user",
    "all users",
    "shared",
    "lost+found",
    "linuxbrew",
    "*",
    "%username%",
    "$user",
    "$env",
    "desktop.ini",
    ".localized",
    "guest",
];

pub(super) fn find(search: &mut Search<'_, '_>) {
    let line = search.line;
    for anchor in search.anchors {
        let (found, rule) = match anchor.meaning {
            Meaning::Profiles if !is_found(search, anchor.start + 1) => (profile(&line, anchor), "profile-path"),
            Meaning::Home => (
                labelled(&line, anchor).filter(|range| !is_found(search, range.start)),
                "labelled-path",
            ),
            _ => continue,
        };
        if let Some(range) = found {
            search.found.push(Finding::new(range, Class::UserPath, rule));
        }
    }
}

/// "Home Directory: \\\\files\\jane": a share behind a label for what is somebody's, whatever the share is called.
fn labelled(line: &Line<'_>, anchor: &Anchor) -> Option<Range<usize>> {
    let value = value(line, anchor.end, true, Reach::Field)?;
    let text = line.str(value.range.clone());
    let parts = text
        .trim_start_matches('\\')
        .split('\\')
        .filter(|part| !part.is_empty())
        .count();
    (text.starts_with("\\\\") && parts >= 2 && !text.contains(['%', '*'])).then_some(value.range)
}

fn profile(line: &Line<'_>, anchor: &Anchor) -> Option<Range<usize>> {
    let windows = line.at(anchor.start) == b'\\';
    let start = start(line, anchor, windows)?;
    let name_end = line.forward(anchor.end, |byte| {
        is_alphanumeric(byte) || matches!(byte, b'.' | b'_' | b'-' | b'+' | b'*' | b'%' | b'$' | b'@')
    });
    let name = line.str(anchor.end..name_end);
    if name.is_empty() || name.starts_with(['$', '%', '*']) || is_one_of(name, SHARED) {
        return None;
    }
    if is_generic(name) && !matches!(line.at(name_end), b'\\' | b'/') {
        return None;
    }
    let quote = line.before(start);
    let closing = line.forward(anchor.end, |byte| byte != quote);
    let end = if matches!(quote, b'"' | b'\'') && line.at(closing) == quote {
        closing
    } else if windows || drive(line, anchor.start) {
        windows_end(line, anchor.end)
    } else {
        unix_end(line, anchor.end)
    };
    let end = if end == closing && line.at(end) == quote {
        end
    } else {
        line.back(end, |byte| matches!(byte, b'.' | b',' | b':' | b';' | b')' | b' ' | b'\t'))
    };
    (end > anchor.end).then_some(start..end)
}

fn drive(line: &Line<'_>, at: usize) -> bool {
    line.before(at) == b':' && line.before(at - 1).is_ascii_alphabetic()
}

fn start(line: &Line<'_>, anchor: &Anchor, windows: bool) -> Option<usize> {
    let at = anchor.start;
    if drive(line, at) {
        let letter = at - 2;
        // "file:///C:/Users", "\\?\C:\Users"
        let prefix = line.back(letter, |byte| matches!(byte, b'\\' | b'/' | b'?' | b'.'));
        return Some(if line.reads(prefix.saturating_sub(5), "file:") {
            prefix - 5
        } else {
            prefix
        });
    }
    let before = line.back(at, |byte| {
        is_alphanumeric(byte) || matches!(byte, b'.' | b'_' | b'-' | b'$' | b'\\' | b'/')
    });
    let text = line.str(before..at);
    if windows {
        // `E:\old\Users\jane`, a share or a relative path.
        // What the registry keeps of programs is nobody's.
        if holds(text, "software\\") || text.starts_with("HKEY_") {
            return None;
        }
        let lettered = before > line.start + 1 && line.at(before) == b'\\' && drive(line, before);
        return Some(if lettered { before - 2 } else { before });
    }
    let reference = line.before(before) == b':' && text.starts_with("//");
    if reference {
        // The path of a web page names no profile; that of a file does.
        return line.reads(before.saturating_sub(5), "file:").then(|| before - 5);
    }
    let parents = [
        "",
        "/var",
        "/export",
        "/mnt",
        "/nfs",
        "/data",
        "/srv",
        "/System/Volumes/Data",
        "/Volumes",
        "/media",
        "/net",
        "/usr",
        "/private/var",
        "/c",
        "/mnt/c",
        "/mnt/d",
        "/d",
        "/rootfs",
        "/host",
        "/backup",
        "/backups",
    ];
    // "/volume1/homes/toos": servers keep profiles where they keep everything.
    let kept = [
        "/volume",
        "/var/services",
        "/share",
        "/storage",
        "/tank",
        "/pool",
        "/zfs",
        "/exports",
        "/raid",
        "/nas",
        "/vol",
    ];
    let served = || kept.iter().any(|lead| text.starts_with(lead)) && text.matches('/').count() <= 4;
    (parents.contains(&text)
        || served()
        || text.starts_with("/mnt/")
        || text.starts_with("/Volumes/")
        || text.starts_with("/media/")
        || text.starts_with("/backup")
        || text.starts_with("/proc/"))
    .then_some(before)
}

/// Windows names may hold blanks: a path goes on after a blank when what follows still belongs to it.
fn windows_end(line: &Line<'_>, from: usize) -> usize {
    let stops = |byte: u8| matches!(byte, b'"' | b'<' | b'>' | b'|' | b'*' | b'?' | b'\t' | b';' | b'\'' | b'`') || byte < b' ';
    let mut end = line.forward(from, |byte| !stops(byte) && !is_blank(byte) && byte != b',' && byte != b')');
    // "C:\Users\jane\x.log:12: text", "C:\Users\jane: Access denied": nothing is part of a path from a colon on.
    let limit = line.forward(from, |byte| byte != b':');
    let mut spaced = false;
    while end < limit && line.at(end) == b' ' && !is_blank(line.at(end + 1)) {
        if let Some(end) = alone(line, from, end) {
            return end;
        }
        let field = line.forward(end + 1, |byte| !stops(byte));
        let field = two_blanks(line, end + 1, field);
        let company = line.reads(end.saturating_sub("OneDrive".len()), "OneDrive - ");
        let start = if company { end + 3 } else { end + 1 };
        match continues(line, start..field).or_else(|| beyond(line, from, end, spaced)) {
            Some(next) => end = line.forward(next, |byte| !stops(byte) && !is_blank(byte) && byte != b',' && byte != b')'),
            None => break,
        }
        spaced = true;
    }
    end.min(limit)
}

/// The whole rest of a line that says nothing but where it is: `Directory: …`, `Directory of …`, `cd …`, and the prompts
/// `PS C:\Users\Jane Doe>` and `C:\Users\Jane Doe>`.
fn alone(line: &Line<'_>, from: usize, end: usize) -> Option<usize> {
    let before = line.back(from, |byte| byte != b':').saturating_sub(2);
    let lead = line.trim(line.start..before);
    let said = line.str_before(lead.end, 24);
    let prompt = line.forward(end, |byte| byte != b'>');
    if (lead.is_empty() || lead.len() == 2 && said.ends_with("PS"))
        && line.at(prompt) == b'>'
        && !line.str(end..prompt).contains("  ")
    {
        return Some(prompt);
    }
    let mut says_where = [
        "Directory:",
        "Directory of",
        "Verzeichnis:",
        "Verzeichnis von",
        "cd",
        "cd /d",
        "Set-Location",
        "pushd",
    ]
    .iter()
    .any(|word| said.ends_with(word));
    let rest = line.forward(end, |byte| !matches!(byte, b'&' | b'|' | b';' | b'"'));
    says_where |= set_to(line, lead.end) && !is_told(line.str(end..rest));
    says_where.then(|| line.trim(end..rest).end)
}

/// `OneDrive=`, `ProfileImagePath    REG_EXPAND_SZ`, `Local Profile:`: a name and nothing else stands before the path.
fn set_to(line: &Line<'_>, end: usize) -> bool {
    // A name is at most 32 bytes long; whatever stands before it tells only that it is none.
    let text = line.str_before(end, 48);
    let Some(name) = text.strip_suffix(['=', ':']) else {
        return text.ends_with("REG_SZ") || text.ends_with("REG_EXPAND_SZ");
    };
    let name = name.trim_end();
    let messages = ["error", "warning", "fatal", "failed", "denied", "exception", "cannot"];
    name.len() <= 32
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b' ' | b'_' | b'-' | b'.'))
        && !messages.iter().any(|word| holds(name, word))
}

/// Whether more is said behind a path than its name.
fn is_told(rest: &str) -> bool {
    let words = [
        "is", "was", "not", "could", "does", "has", "cannot", "will", "denied", "failed", "because", "by", "from", "to", "for",
    ];
    rest.contains("  ")
        || rest.contains(['(', '>', '<', ','])
        || rest
            .split(' ')
            .any(|word| words.contains(&word) || word.starts_with('-') && word.len() > 1)
}

fn two_blanks(line: &Line<'_>, from: usize, end: usize) -> usize {
    line.str(from..end).find("  ").map_or(end, |at| from + at)
}

/// Whether these words go on with a path that a blank interrupted, and up to where: a separator follows before anything that no
/// name holds, or a word with a file's ending does.
fn continues(line: &Line<'_>, range: Range<usize>) -> Option<usize> {
    let text = line.str(range.clone());
    if text.starts_with(['\\', '/', '-', '&', '|', '(', '[', '+', '=', '{', '@', '$', '%', '"']) {
        return None;
    }
    // "coating run 7 (final).xlsx", "Recipes (Nana)\\cake.docx"
    let bracket = text.find(" (").and_then(|open| {
        let close = open + text.get(open..open + 32.min(text.len() - open))?.find(')')?;
        text.get(close + 1..)?.starts_with(['.', '\\']).then_some(open..close)
    });
    let outside = |at: &usize| bracket.as_ref().is_none_or(|inside| !(inside.start..inside.end).contains(at));
    let mut signs = text
        .match_indices(['\\', '/', ':', '(', '[', '=', '&', ','])
        .map(|(at, _)| at);
    let segment_end = signs.find(outside).unwrap_or(text.len());
    let segment = text.get(..segment_end)?;
    if text.get(segment_end..)?.starts_with('\\')
        && segment.split(' ').count() <= 5
        && !segment.ends_with(' ')
        && !segment.contains(" -")
        && !looks_like_account(segment, text, segment_end)
    {
        let after = range.start + segment_end;
        return Some(line.forward(after, |byte| {
            !is_blank(byte) && !matches!(byte, b'"' | b'<' | b'>' | b'|' | b'*' | b'?' | b',' | b'\'' | b';' | b')')
        }));
    }
    let mut at = 0;
    for word in segment.split(' ').take(8) {
        at += word.len();
        if word.starts_with('-') {
            return None;
        }
        if let Some((stem, ending)) = word.trim_end_matches([',', '.']).rsplit_once('.')
            && (2..=5).contains(&ending.len())
            && ending.bytes().all(|byte| byte.is_ascii_alphanumeric())
            && (!stem.is_empty() || at > word.len())
        {
            return Some(range.start + at);
        }
        at += 1;
    }
    None
}

/// `CONTOSO\jane:(F)` after a path is an account.
fn looks_like_account(segment: &str, text: &str, at: usize) -> bool {
    let rest = text.get(at + 1..).unwrap_or_default();
    let name_end = rest
        .find(|c: char| !(c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '$')))
        .unwrap_or(rest.len());
    !segment.contains(' ')
        && segment.bytes().any(|byte| byte.is_ascii_uppercase())
        && segment
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'-')
        && !rest.get(name_end..).unwrap_or_default().starts_with('\\')
}

/// Folders of macOS whose names have a blank.
const FOLDERS: &[(&str, &str)] = &[
    ("/Application", " Support"),
    ("/Mobile", " Documents"),
    ("/Mail", " Downloads"),
    ("/Photos", " Library"),
    ("/Group", " Containers"),
    ("/Internet", " Plug-Ins"),
    ("/Saved", " Application State"),
    ("/Saved", " Searches"),
    ("/Creative", " Cloud"),
    ("/Google", " Drive"),
    ("/My", " Drive"),
    ("/Virtual", " Machines"),
    ("/Microsoft", " User Data"),
    ("/Microsoft", " Teams"),
    ("/Adobe", " Acrobat"),
    ("/Screen", " Shots"),
];

/// Blanks are part of a path when escaped.
fn unix_end(line: &Line<'_>, from: usize) -> usize {
    let mut at = from;
    let mut spaced = false;
    loop {
        at = line.forward(at, |byte| {
            !is_blank(byte)
                && !matches!(
                    byte,
                    b'"' | b'\''
                        | b'<'
                        | b'>'
                        | b'|'
                        | b';'
                        | b':'
                        | b','
                        | b'&'
                        | b'('
                        | b')'
                        | b'{'
                        | b'}'
                        | b'['
                        | b']'
                        | b'`'
                        | b'*'
                        | b'?'
                )
        });
        let library = FOLDERS
            .iter()
            .any(|(first, rest)| line.reads(at.saturating_sub(first.len()), first) && line.reads(at, rest));
        if at < line.end && is_blank(line.at(at)) && (line.before(at) == b'\\' || library || is_listed(line, from, at)) {
            (at, spaced) = (at + 1, true);
        } else if let Some(next) = beyond(line, from, at, spaced) {
            (at, spaced) = (next, true);
        } else if line.before(at) == b'$' && line.at(at) == b'(' && line.at(line.forward(at, |byte| byte != b')')) == b')' {
            // "/home/jane/copies/$(date +%F).sql.gz"
            at = line.forward(at, |byte| byte != b')') + 1;
        } else if line.at(at) == b'&' || !line.reads(at.saturating_sub(1), "\\") || at >= line.end {
            return at;
        } else {
            at += 1;
        }
    }
}
