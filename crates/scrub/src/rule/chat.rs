//! Conversations: who speaks again and again is a person, whatever the name, and what looks like a password among what people say is one.
//!
//! Two speakers at least, each of whom speaks twice: programs begin their lines with a name and a colon, too, but hardly two of them in sentences.

use super::people::{is_letter, is_no_name};
use super::person::{is_account_name, is_full_name};
use super::spoken::{is_mixed, is_numbered, is_signed, is_strong};
use super::unknown::is_ordinary;
use super::words::is_one_of;
use crate::class::Class;
use crate::finding::Finding;
use crate::kind::DIGIT;
use crate::line::{Line, has, is_blank};
use crate::map::Map;
use crate::sign;
use std::collections::BTreeMap;
use std::ops::Range;

/// The longest name of somebody who speaks, and the most that is read of what is said, in bytes.
const LONGEST_NAME: usize = 32;
const MOST_SAID: usize = 400;

/// Lines that may be of a conversation.
#[derive(Default)]
pub(crate) struct Chat {
    lines: Vec<Turn>,
}

/// A line that somebody may have said.
struct Turn {
    speaker: Range<usize>,
    said: Range<usize>,
    /// It is a sentence: what shows that people speak.
    prose: bool,
}

/// Who speaks with somebody whose name nobody knows.
const PARTIES: &[&str] = &[
    "client",
    "customer",
    "support",
    "agent",
    "tech",
    "technician",
    "helpdesk",
    "caller",
    "me",
    "you",
    "admin",
    "operator",
    "kunde",
    "techniker",
    "anrufer",
    "cliente",
    "soporte",
    "suporte",
    "supporto",
    "technicien",
    "klant",
    "kund",
    "klient",
    "asiakas",
    "tuki",
    "service desk",
];

impl Chat {
    /// Notes the line when somebody may speak in it.
    pub(super) fn note(&mut self, line: &Line<'_>) {
        if line.has(has::COLON) && line.shows(sign::COLONS_IN_SPEECH) || line.at(line.start) == b'<' {
            self.lines.extend(spoken_by(line));
        }
    }

    /// What the conversation tells of itself.
    pub(super) fn find(&self, map: &Map<'_>, found: &mut Vec<Finding>) {
        let name = |range: &Range<usize>| map.text.get(range.clone()).unwrap_or_default();
        let mut turns: BTreeMap<&str, usize> = BTreeMap::new();
        for turn in self.lines.iter().filter(|turn| turn.prose) {
            *turns.entry(name(&turn.speaker)).or_default() += 1;
        }
        let party = |speaker: &str| is_one_of(speaker, PARTIES);
        let known = turns
            .iter()
            .filter(|(speaker, count)| **count >= 2 && (is_speaker(speaker) || party(speaker)));
        if known.count() < 2 {
            return;
        }
        // Among people that speak, a word may be somebody's name as well.
        turns.retain(|speaker, count| party(speaker) || is_speaker(speaker) || *count >= 2 && is_person_here(speaker));
        let mut known: Vec<Range<usize>> = found.iter().map(|finding| finding.range.clone()).collect();
        known.sort_unstable_by_key(|range| range.start);
        for turn in self.lines.iter().filter(|turn| turns.contains_key(name(&turn.speaker))) {
            if !party(name(&turn.speaker)) {
                found.push(Finding::new(turn.speaker.clone(), Class::User, "speaker"));
            }
            secrets(map.text, &turn.said, &known, found);
        }
    }
}

/// Whether somebody may be called so: no word of programs, no account of nobody.
fn is_speaker(name: &str) -> bool {
    let ordinary = name.split([' ', '.', '_']).all(is_ordinary) || name.split(' ').any(is_no_name);
    name.chars().count() >= 2 && !ordinary && (!name.is_ascii() || is_account_name(name) || is_full_name(name))
}

/// Whether a word that is an ordinary one may be what somebody is called who speaks.
fn is_person_here(name: &str) -> bool {
    name.chars().all(|c| c.is_alphabetic() || c == '-') && !is_no_name(name) && name.chars().count() >= 2
}

/// `ravi: …`, `[tmcgill]: …`, `aoife 14:21: …`, `12/02/2026, 07:31 - Niall H: …`, `Wout > …`: the name, and what is said.
fn spoken_by(line: &Line<'_>) -> Option<Turn> {
    let start = behind_time(line);
    // "[tmcgill]: …", "<Thibault> …"
    let start = start + usize::from(matches!(line.at(start), b'[' | b'<'));
    let end = line.forward(start, |byte| {
        is_letter(byte) || byte.is_ascii_digit() || matches!(byte, b' ' | b'.' | b'_' | b'-' | b'\'')
    });
    let end = end.min(start + LONGEST_NAME);
    let range = line.trim(start..behind_name(line, start, end));
    let sign = line.forward(range.end, |byte| byte.is_ascii_digit() || matches!(byte, b' ' | b']'));
    let sign = if line.at(sign) == b':' && line.at(sign + 1).is_ascii_digit() {
        sign + 3
    } else {
        sign
    };
    let parted = matches!(line.at(sign), b':' | b'>') && line.at(sign + 1) == b' ';
    let fits = parted
        && !range.is_empty()
        && !line.at(range.start).is_ascii_digit()
        && line.str(range.clone()).matches(' ').count() <= 2;
    let said = sign + 1..line.end.min(sign + MOST_SAID);
    fits.then(|| Turn {
        prose: is_said(line, &range, &said),
        speaker: range,
        said,
    })
}

/// Without the time that may follow a name.
fn behind_name(line: &Line<'_>, start: usize, end: usize) -> usize {
    let digits = line.start_of(DIGIT, end);
    let timed = line.at(end) == b':' && digits < end && line.before(digits) == b' ' && digits > start;
    if timed { digits } else { end }
}

/// Behind the time that chat programs write before a name: `[10:22] `, `12/02/2026, 07:31 - `.
fn behind_time(line: &Line<'_>) -> usize {
    let digit = line.start + usize::from(line.at(line.start) == b'[');
    if !line.at(digit).is_ascii_digit() {
        return line.start;
    }
    line.forward(digit, |byte| {
        byte.is_ascii_digit() || matches!(byte, b'/' | b'.' | b':' | b',' | b'-' | b' ' | b']')
    })
    .min(digit + 32)
}

/// Whether what follows is said by somebody: small words, and none of the signs that programs put between.
fn is_said(line: &Line<'_>, speaker: &Range<usize>, said: &Range<usize>) -> bool {
    if !line.str(speaker.clone()).is_ascii() {
        return true;
    }
    let text = line.str(said.start..line.forward(said.start, |_| true).min(said.end).min(said.start + 160));
    let words = text.split(' ').filter(|word| {
        let word = word.trim_end_matches(['.', ',', '?', '!', ':']);
        word.len() > 1
            && word
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'\'' || byte >= 0x80)
    });
    words.take(2).count() >= 2 && !text.contains(['{', '<', '|'])
}

/// Words of what is said that look like passwords, as far as nothing was found in them.
fn secrets(text: &str, said: &Range<usize>, known: &[Range<usize>], found: &mut Vec<Finding>) {
    let mut at = said.start;
    let end = text.floor_char_boundary(said.end);
    for word in text
        .get(said.start..end)
        .unwrap_or_default()
        .split(|c: char| c.is_ascii() && is_blank(c as u8))
    {
        let inner = word.trim_matches(['"', '\'', '(', ')', ',', '.', '?', ';', '`']);
        let start = at + word.find(inner).unwrap_or_default();
        at += word.len() + 1;
        let range = start..start + inner.len();
        let next = known.partition_point(|other| other.start < range.end);
        let apart = known
            .get(next.saturating_sub(3)..next)
            .unwrap_or_default()
            .iter()
            .all(|other| other.end <= range.start);
        let alone = inner.len() + 2 >= said.len().min(MOST_SAID);
        if let Some(class) = said_as(inner, alone).filter(|_| apart) {
            found.push(Finding::new(range, class, "said-in-chat"));
        }
    }
}

/// What a word can only be that somebody says, the only one or among others.
fn said_as(word: &str, alone: bool) -> Option<Class> {
    if word.len() >= 8 && looks_secret(word) {
        return Some(Class::Password);
    }
    if alone && is_code(word) {
        return Some(Class::Token);
    }
    is_machine(word).then_some(Class::Host)
}

/// `204816`, `ZK4M8Q`: what somebody answers who was asked for a code.
fn is_code(word: &str) -> bool {
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    let signs = word.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase());
    signs && (digits == word.len() && digits == 6 || (6..=8).contains(&word.len()) && digits >= 2 && digits + 2 <= word.len())
}

/// `FRONT-3`, `CAIXA02`, `mnl-narra`, `buh-01`, `zubr1`: names of machines as people number and pair them, among what people say. Models of
/// printers have fewer letters before their number and more digits in it.
fn is_machine(word: &str) -> bool {
    let bytes = word.as_bytes();
    let digits = bytes.iter().filter(|byte| byte.is_ascii_digit()).count();
    let letters = bytes.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
    if !(5..=24).contains(&word.len()) || digits > 3 || letters < 2 {
        return false;
    }
    let (stem, rest) = word.split_at(letters);
    let numbered = !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit());
    let inside = |upper: bool| {
        bytes.iter().all(|byte| {
            byte.is_ascii_digit() || *byte == b'-' || byte.is_ascii_alphabetic() && byte.is_ascii_uppercase() == upper
        })
    };
    if inside(true) {
        let dashed = rest.starts_with('-') && digits >= 1 && word.matches('-').count() <= 2 && !word.ends_with('-');
        return letters >= 4 && (dashed || numbered && rest.starts_with('0')) && !is_no_name(stem);
    }
    if !inside(false) {
        return false;
    }
    if numbered {
        return letters >= 4 && digits <= 2 && !is_ordinary(stem);
    }
    let parts = || word.split('-');
    let unknown = parts().any(|part| part.len() >= 4 && part.bytes().all(|byte| byte.is_ascii_lowercase()) && !is_ordinary(part));
    let last = parts().next_back().unwrap_or_default();
    let counted = letters >= 3 && last.len() <= 3 && last.starts_with(|c: char| c.is_ascii_digit()) && digits >= 2;
    (2..=3).contains(&parts().count()) && parts().all(|part| part.len() >= 2) && (unknown || counted)
}

/// Whether a word that somebody says can hardly be anything but a password, or an account.
fn looks_secret(word: &str) -> bool {
    is_strong(word)
        || is_signed(word)
        || is_mixed(word)
        || is_numbered(word)
        || is_chained(word)
        || is_strung(word)
        || is_humped(word)
}

/// `clootieDumpling7`: two words that a capital joins, and a digit.
fn is_humped(text: &str) -> bool {
    let word = text.trim_end_matches(|c: char| c.is_ascii_digit());
    let capitals = word.bytes().skip(1).filter(u8::is_ascii_uppercase).count();
    text.len() >= 10
        && word.len() < text.len()
        && capitals == 1
        && word.bytes().all(|byte| byte.is_ascii_alphabetic())
        && !is_ordinary(word)
}

/// `blåbär-kaffe-sko`: three words or more that dashes join, of which one at least is in no vocabulary.
fn is_strung(text: &str) -> bool {
    let parts = || text.split('-');
    (3..=6).contains(&parts().count())
        && parts().all(|part| part.chars().count() >= 3 && part.chars().all(char::is_alphabetic))
        && parts().any(|part| !is_ordinary(part))
}

/// `crepe-cidre-29`, `Zaytoun.19`: small words and a number that dashes or dots join.
fn is_chained(text: &str) -> bool {
    let mut parts = text.split(['-', '.', '_']);
    let number = parts.next_back().unwrap_or_default();
    let words: Vec<&str> = parts.collect();
    (1..=4).contains(&number.len())
        && number.bytes().all(|byte| byte.is_ascii_digit())
        && (words.len() >= 2 || text.starts_with(char::is_uppercase) && text.contains('.'))
        && words
            .iter()
            .all(|word| word.len() >= 3 && word.chars().all(char::is_alphabetic))
}
