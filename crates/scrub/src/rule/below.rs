//! Values that stand on the line below what announces them: `- name: DB_PASSWORD` over `value: …`, `<key>Password</key>` over
//! `<string>…</string>`, `RealName:` over an indented name, a closing over who signs.

use super::paired::pair;
use super::people::{is_listed_name, name_here};
use super::person::{is_account_name, is_full_name};
use super::plausible::is_secret_word;
use super::spoken::{is_mixed, is_numbered, is_signed, is_strong};
use super::typed::{is_printed, prints};
use super::unknown::is_ordinary;
use super::value::{name_start, suffix};
use super::words::begins;
use super::{Anchor, Meaning, Search};
use crate::class::Class;
use crate::finding::Finding;
use crate::kind::{ALPHABETIC, ALPHANUMERIC, BLANK, SOLID};
use crate::line::{Line, has, is_blank};
use std::ops::Range;

/// What stands before a name that is itself a value: `- name: `, `"ParameterKey": "`, and the beginning of the name.
const LONGEST_LEAD: usize = 64;

/// What the next line may hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Below {
    /// Nothing that is known.
    #[default]
    Nothing,
    /// `value: …` of this class.
    Value(Class),
    /// Nothing but what is of this class, further in than this.
    Indented(Class, usize),
    /// An answer of this class, alone on its line.
    Answer(Class),
    /// What was asked for or spoken of, somewhere in the line; so many lines more.
    Told(Class, u8),
    /// Nothing but what a sentence led up to, whole, behind who says it.
    Rest(Class),
    /// Codes that let somebody in once, as many as there are; so many lines more.
    Codes(u8),
    /// The name of who signs; so many empty lines may come before.
    Signature(u8),
}

pub(super) fn find(search: &mut Search<'_, '_>, below: &mut Below) {
    let line = search.line;
    if (line.has(has::DIGIT | has::SLASH) || line.has(has::DIGIT | has::COLON))
        && (9..64).contains(&(line.end - line.start))
        && let Some((name, password)) = pair(&line)
    {
        if is_account_name(line.str(name.clone())) {
            search.found.push(Finding::new(name, Class::User, "beside-password"));
        }
        search.found.push(Finding::new(password, Class::Password, "beside-name"));
    }
    if let Some(anchor) = search
        .anchors
        .iter()
        .find(|anchor| anchor.meaning == Meaning::Setting(Class::Token) && anchor.word.contains("code"))
    {
        codes(search, anchor.end);
    }
    let first = match *below {
        Below::Nothing if search.anchors.is_empty() => return,
        _ => line.end_of(BLANK, line.start),
    };
    let expected = std::mem::take(below);
    if first == line.end {
        if let Below::Signature(left @ 1..) = expected {
            *below = Below::Signature(left - 1);
        }
        return;
    }
    let found = match expected {
        Below::Nothing => None,
        Below::Answer(class) => {
            let range = line.trim(first..line.end);
            is_printed(line.str(range.clone())).then_some((range, class))
        }
        Below::Rest(class) => rest(&line, first).map(|range| (range, class)),
        Below::Codes(left) => {
            if left > 1 {
                *below = Below::Codes(left - 1);
            }
            codes(search, first);
            None
        }
        Below::Told(class, left) => {
            if left > 1 {
                *below = Below::Told(class, left - 1);
            }
            told(&line, first, class).map(|range| (range, class))
        }
        Below::Value(class) => named_value(&line, first)
            .filter(|range| fits(line.str(range.clone()), class))
            .map(|range| (range, class)),
        Below::Indented(class, inner) => {
            let range = line.trim(first..line.end);
            let range = line.forward(range.start, |byte| byte == b'"')..line.back(range.end, |byte| byte == b'"');
            let alone =
                first > inner && fits(line.str(range.clone()), class) && !line.str(range.clone()).contains([':', '@', '=']);
            alone.then_some((range, class))
        }
        Below::Signature(_) => name_here(&line, first)
            .filter(|range| line.trim(range.end..line.end).is_empty() || line.at(range.end) == b',')
            .map(|range| (range, Class::User)),
    };
    if let Some((range, class)) = found {
        search.found.push(Finding::new(range, class, "line-below"));
    }
    let next = announced(search, first);
    if next != Below::Nothing {
        *below = next;
    }
}

/// A password or a telephone number somewhere in a line, because the line above spoke of one.
fn told(line: &Line<'_>, first: usize, class: Class) -> Option<Range<usize>> {
    if class == Class::Password
        && let Some(range) = only_word(line, first)
    {
        return Some(range);
    }
    let mut at = first;
    for _ in 0..12 {
        let end = line.end_of(SOLID, at);
        if end == at {
            return None;
        }
        let last = line.back(end, |byte| matches!(byte, b'.' | b',' | b')' | b'?'));
        let word = line.str(at..last);
        let shown = || is_strong(word) || is_mixed(word) || is_signed(word) || is_numbered(word);
        if class == Class::Password && shown() {
            return Some(at..last);
        }
        if class == Class::Phone && line.at(at).is_ascii_digit() {
            let number = line.forward(at, |byte| byte.is_ascii_digit() || matches!(byte, b' ' | b'-' | b'/' | b'.'));
            let number = line.back(number, |byte| !byte.is_ascii_digit());
            let digits = line.slice(at..number).iter().filter(|byte| byte.is_ascii_digit()).count();
            if (7..=14).contains(&digits) && line.at(number) != b':' {
                return Some(at..number);
            }
        }
        at = line.end_of(BLANK, end);
    }
    None
}

/// "… the guest wifi password is": the sentence ends before what it is about. Programs ask for passwords in such lines.
fn leads_up(line: &Line<'_>, anchor: &Anchor) -> bool {
    let text = line.str_before(line.start_of(BLANK, line.end), 24);
    let asked = line.str(line.start..line.end.min(line.start + 200));
    let ends = text.ends_with(" is") || text.ends_with(':') || line.end_of(BLANK, anchor.end) == line.end;
    ends && !["nter ", "ype ", "rompt", "for user", "for root", "sudo", "'s password"]
        .iter()
        .any(|word| asked.contains(word))
}

/// The whole line behind who says it, when that is no more than a password has.
fn rest(line: &Line<'_>, first: usize) -> Option<Range<usize>> {
    let text = line.str(first..line.end.min(first + 48));
    let said = text.rfind(": ").map_or(first, |colon| first + colon + 2);
    let range = line.trim(said..line.end);
    let text = line.str(range.clone());
    let prompt = text.ends_with(['$', '#', '%', '>', ':', '?']) || text.contains(['=', '<', '{', '|']);
    let ruled = !text.contains(char::is_alphanumeric);
    (!prompt
        && !ruled
        && (4..=40).contains(&range.len())
        && text.matches(' ').count() <= 4
        && is_secret_word(&text.replace(' ', "-")))
    .then_some(range)
}

/// `4418 2207, 9026 1173`, `lzh8-cb8k / w4vg-t71m`: two groups of the same length each.
fn codes(search: &mut Search<'_, '_>, from: usize) {
    let line = search.line;
    let mut at = from;
    for _ in 0..16 {
        let start = line.forward(at, |byte| !byte.is_ascii_alphanumeric());
        let end = line.end_of(ALPHANUMERIC, start);
        let group = end - start;
        let second = end + 1..line.end_of(ALPHANUMERIC, end + 1);
        let both = line.str(start..second.end);
        let digits = both.bytes().filter(u8::is_ascii_digit).count();
        let spaced = line.at(end) == b' ' && digits == group * 2;
        let dashed = line.at(end) == b'-' && digits >= 1 && !both.bytes().any(|byte| byte.is_ascii_uppercase());
        let long = (8..=12).contains(&group) && line.str(start..end).bytes().all(|byte| byte.is_ascii_digit());
        if (3..=6).contains(&group) && second.len() == group && (spaced || dashed) {
            search.found.push(Finding::new(start..second.end, Class::Token, "codes"));
            at = second.end;
        } else {
            if long {
                search.found.push(Finding::new(start..end, Class::Token, "codes"));
            }
            at = end;
        }
        if at >= line.end {
            return;
        }
    }
}

/// `Kirsty 13:06: sett-entrance`, `sonechko77`: somebody says one word, which is no ordinary one, and nothing else.
fn only_word(line: &Line<'_>, first: usize) -> Option<Range<usize>> {
    let lead = line.slice(first..line.end.min(first + LONGEST_LEAD));
    let start = memchr::memmem::rfind(lead, b": ").map_or(first, |colon| line.end_of(BLANK, first + colon + 1));
    let range = line.trim(start..line.end);
    let range = range.start..line.back(range.end, |byte| matches!(byte, b'.' | b','));
    let text = line.str(range.clone());
    let unlike = text.contains(|c: char| c.is_whitespace() || "/\\:?=<>(){}|$%".contains(c));
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    // "Thanks!", "02/14": what is said in one word besides.
    let word =
        (6..=40).contains(&text.len()) && !is_ordinary(text.trim_end_matches('!')) && (digits > 0 || !is_listed_name(text));
    let ruled = !text.contains(char::is_alphanumeric);
    (word && !unlike && !ruled && (digits == 0 || digits >= 2) && is_secret_word(text)).then_some(range)
}

/// What this line says of the next.
fn announced(search: &Search<'_, '_>, first: usize) -> Below {
    let line = &search.line;
    if prints(line) {
        return Below::Answer(Class::Password);
    }
    for anchor in search.anchors {
        let class = match anchor.meaning {
            Meaning::Closing if first == anchor.start => {
                let rest = line.forward(anchor.end, |byte| matches!(byte, b',' | b'!' | b'.') || is_blank(byte));
                if rest == line.end {
                    return Below::Signature(1);
                }
                continue;
            }
            Meaning::Setting(class) | Meaning::Field(class) => class,
            Meaning::Answer(class) => return Below::Answer(class),
            Meaning::Phone if asks(line) => return Below::Told(Class::Phone, 1),
            _ => continue,
        };
        if class == Class::Token && anchor.word.contains("code") {
            return Below::Codes(6);
        }
        if class == Class::Password && is_talk(line) {
            let told = Below::Told(class, 3);
            return if leads_up(line, anchor) { Below::Rest(class) } else { told };
        }
        let end = anchor.end + suffix(line, anchor).len();
        if is_named(line, first, anchor)
            && line.forward(end, |byte| matches!(byte, b'"' | b'\'' | b',') || is_blank(byte)) == line.end
            || line.reads(end, "</key>")
            || line.before(name_start(line, anchor)) == b'<' && line.at(end) == b'>' && end + 1 == line.end
        {
            return Below::Value(class);
        }
        let after = line.end_of(BLANK, end);
        let opens = line.at(after) == b':' || line.at(after) == b'=' && line.at(line.end_of(BLANK, after + 1)) == b'(';
        let rest = line.forward(after, |byte| matches!(byte, b':' | b'=' | b'(') || is_blank(byte));
        if opens && rest == line.end && anchor.start == first {
            return Below::Indented(class, first);
        }
    }
    Below::Nothing
}

/// Whether the line asks something.
fn asks(line: &Line<'_>) -> bool {
    line.before(line.start_of(BLANK, line.end)) == b'?'
}

/// Whether people speak here: words that make a sentence, and nothing that programs print.
fn is_talk(line: &Line<'_>) -> bool {
    let text = line.str(line.start..line.end.min(line.start + 200));
    let words = text.split(' ').filter(|word| {
        word.bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte == b'\'' || byte >= 0x80)
    });
    let printed = |byte| matches!(byte, b'=' | b'{' | b'<' | b'|' | b';');
    words.take(4).count() >= 3 && !text.bytes().any(printed) && !text.contains("]: ") && !text.contains("  ")
}

/// `- name: DB_PASSWORD`, `"name": "DB_PASSWORD",`, `Name : password`: the label is itself the value of a name.
fn is_named(line: &Line<'_>, first: usize, anchor: &Anchor) -> bool {
    if anchor.start > first + LONGEST_LEAD {
        return false;
    }
    let start = line.forward(first, |byte| matches!(byte, b'-' | b'"' | b'\'' | b'{') || is_blank(byte));
    let text = line.str(start..anchor.start);
    ["name", "key", "parameterkey", "parametername"]
        .iter()
        .any(|label| begins(text, label))
        && text.contains([':', '='])
}

/// Behind `value:`, within `<string>`.
fn named_value(line: &Line<'_>, first: usize) -> Option<Range<usize>> {
    for tag in ["<string>", "<data>", "<value>"] {
        if line.reads(first, tag) {
            let start = first + tag.len();
            return Some(line.trim(start..line.forward(start, |byte| byte != b'<')));
        }
    }
    let start = line.forward(first, |byte| matches!(byte, b'"' | b'\''));
    let sign = line.end_of(ALPHABETIC, start);
    let is_value = ["value", "parametervalue"]
        .iter()
        .any(|word| word.eq_ignore_ascii_case(line.str(start..sign)));
    let at = line.forward(sign, |byte| matches!(byte, b'"' | b'\'' | b':' | b'=') || is_blank(byte));
    let end = line.back(line.end, |byte| matches!(byte, b'"' | b'\'' | b',') || is_blank(byte));
    (is_value && at > sign).then_some(at..end.max(at))
}

fn fits(text: &str, class: Class) -> bool {
    match class {
        Class::User => is_account_name(text) || text.contains(' ') && is_full_name(text),
        Class::Password => is_secret_word(&text.replace(' ', "-")) && text.matches(' ').count() <= 5,
        Class::Token => text.len() >= 8 && !text.contains(' ') && text.bytes().any(|byte| byte.is_ascii_digit()),
        _ => false,
    }
}
