//! Makes visible what an endpoint, or anyone else, may have hidden in a text.
//!
//! Everything recorded is hostile until shown: terminal escapes, control characters, bidirectional overrides, invisible characters
//! and letters that only look like others. [`segments`] splits a text into what can be drawn as it is and labels for the rest, so the
//! window, the PDF and the command line show the same thing. Promises: [`Segment::Plain`] never holds a control character other than
//! line feed and tab, nor anything that reorders or hides text; nothing is dropped except the carriage return of a CR LF pair. Leaves
//! out: colours and fonts. Follows ECMA-48 for escapes, Unicode UAX #9 for bidirectional controls and UTS #39 in spirit for look-alikes.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A piece of a text as it may be drawn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "snake_case")]
#[ts(export)]
pub enum Segment {
    /// Draw it as it is.
    Plain {
        /// Lines end in line feed; tabs are tabs.
        text: String,
    },
    /// Draw the label, set apart from the text, for example as `‹ESC[31m›`.
    Escape {
        /// What stands here, in printable characters: `ESC[31m`, `RLO`, `0xFF`, `CR`.
        label: String,
    },
}

/// Bytes that are not UTF-8 are recorded as U+10FF00 plus the byte (docs/formats/text.md).
const BYTE_BASE: u32 = 0x10_FF00;

/// An escape's text longer than this is shown as text after its introducer, so that an unfinished one cannot swallow a page.
const LONGEST_ESCAPE: usize = 512;

/// Splits a text. Plain runs are as long as possible.
pub fn segments(text: &str) -> Vec<Segment> {
    let (segments, _) = split(text, Splitter::default());
    segments
}

/// The segments, each with the byte of the text at which it begins. Plain runs end where a carriage return is left out, so that
/// within one every character stands as far from its beginning as it does in the text.
pub fn located(text: &str) -> Vec<(usize, Segment)> {
    let exact = Splitter {
        is_exact: true,
        ..Splitter::default()
    };
    let (segments, starts) = split(text, exact);
    starts.into_iter().zip(segments).collect()
}

fn split(text: &str, mut out: Splitter) -> (Vec<Segment>, Vec<usize>) {
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        out.at = text.len() - rest.len();
        let used = out.take(first, rest);
        rest = rest.get(used..).unwrap_or("");
    }
    out.finish()
}

/// The segments, unless the text may be drawn as it is.
pub fn segments_if_needed(text: &str) -> Option<Vec<Segment>> {
    // Printable ASCII is by far the most common; it needs no second look.
    if text.bytes().all(|byte| matches!(byte, b'\n' | b'\t' | 0x20..=0x7e)) {
        return None;
    }
    let found = segments(text);
    match found.as_slice() {
        [] => None,
        [Segment::Plain { text: plain }] if plain == text => None,
        _ => Some(found),
    }
}

/// The text in one string, labels between ‹ and ›: for excerpts, headlines and terminals.
pub fn marked(text: &str) -> String {
    let Some(found) = segments_if_needed(text) else {
        return text.to_owned();
    };
    let mut out = String::with_capacity(text.len() + 16);
    for segment in found {
        match segment {
            Segment::Plain { text } => out.push_str(&text),
            Segment::Escape { label } => {
                out.push('‹');
                out.push_str(&label);
                out.push('›');
            }
        }
    }
    out
}

/// The text on one line: line feeds and tabs become marks too.
pub fn marked_line(text: &str) -> String {
    marked(text).replace('\n', "⏎").replace('\t', "⇥")
}

#[derive(Default)]
struct Splitter {
    done: Vec<Segment>,
    /// Where each of them begins.
    starts: Vec<usize>,
    /// The byte that is being looked at.
    at: usize,
    plain: String,
    plain_from: usize,
    is_exact: bool,
    word_has_ascii_letter: bool,
    last: Option<char>,
}

impl Splitter {
    /// Takes what `rest` begins with and returns its length in bytes.
    fn take(&mut self, first: char, rest: &str) -> usize {
        let after = rest.get(first.len_utf8()..).unwrap_or("");
        if !first.is_alphanumeric() {
            self.word_has_ascii_letter = false;
        } else if !self.last.is_some_and(char::is_alphanumeric) {
            self.word_has_ascii_letter = word(rest).any(|letter| letter.is_ascii_alphabetic());
        }
        let last = self.last.replace(first);
        match first {
            '\n' | '\t' => self.draw(first),
            '\r' if after.starts_with('\n') => {
                if self.is_exact {
                    self.flush();
                }
            }
            '\r' => {
                // A progress bar rewrites its line; each state is shown on a line of its own, the return itself as a mark.
                self.mark("CR");
                self.draw('\n');
            }
            '\u{1b}' => return self.escape(rest),
            // The one-character form of ESC [.
            '\u{9b}' => return self.csi("CSI ", after, first.len_utf8()),
            _ => self.character(first, last),
        }
        first.len_utf8()
    }

    fn character(&mut self, first: char, last: Option<char>) {
        if let Some(label) = hidden(first, last) {
            self.mark(&label);
        } else if let Some(script) = self.imitates(first) {
            self.draw(first);
            self.mark(&format!("{script} U+{:04X}", u32::from(first)));
        } else {
            self.draw(first);
        }
    }

    fn escape(&mut self, rest: &str) -> usize {
        let body = rest.get(1..).unwrap_or("");
        match body.chars().next() {
            Some('[') => self.csi("ESC[", body.get(1..).unwrap_or(""), 2),
            Some(opener @ (']' | 'P' | 'X' | '^' | '_')) => self.string(opener, body.get(1..).unwrap_or("")),
            Some(intermediate @ (' ' | '#' | '%' | '(' | ')' | '*' | '+' | '-' | '.' | '/')) => {
                match body
                    .get(1..)
                    .and_then(|tail| tail.chars().next())
                    .filter(|last| matches!(last, '\u{30}'..='\u{7e}'))
                {
                    Some(last) => self.marked_run(&format!("ESC{intermediate}{last}"), 3),
                    None => self.marked_run("ESC", 1),
                }
            }
            Some(last @ '\u{30}'..='\u{7e}') => self.marked_run(&format!("ESC{last}"), 2),
            _ => self.marked_run("ESC", 1),
        }
    }

    /// Parameters, intermediates and the final byte of a control sequence (ECMA-48 §5.4); an unfinished one ends at its introducer.
    fn csi(&mut self, introducer: &str, body: &str, introducer_len: usize) -> usize {
        let length = body
            .bytes()
            .take(LONGEST_ESCAPE)
            .take_while(|byte| matches!(byte, 0x20..=0x3f))
            .count();
        match body.as_bytes().get(length) {
            Some(0x40..=0x7e) => {
                let text = body.get(..=length).unwrap_or("");
                self.marked_run(&format!("{introducer}{text}"), introducer_len + length + 1)
            }
            _ => self.marked_run(introducer.trim_end(), introducer_len),
        }
    }

    /// An operating system command or another control string, with its content shown; it may set titles, links or the clipboard.
    fn string(&mut self, opener: char, body: &str) -> usize {
        let end = body
            .char_indices()
            .take(LONGEST_ESCAPE)
            .find_map(|(at, c)| match c {
                '\u{7}' | '\u{9c}' => Some((at, c.len_utf8())),
                '\u{1b}' if body.get(at + 1..).is_some_and(|tail| tail.starts_with('\\')) => Some((at, 2)),
                '\u{1b}' | '\n' | '\r' => Some((usize::MAX, 0)),
                _ => None,
            })
            .filter(|(at, _)| *at != usize::MAX);
        match end {
            Some((at, terminator)) => {
                let content = body.get(..at).unwrap_or("");
                let shown = marked_line(content).replace('‹', "<").replace('›', ">");
                self.marked_run(&format!("ESC{opener}{shown}"), 2 + at + terminator)
            }
            None => self.marked_run(&format!("ESC{opener}"), 2),
        }
    }

    fn marked_run(&mut self, label: &str, used: usize) -> usize {
        self.mark(label);
        used
    }

    fn draw(&mut self, letter: char) {
        if self.plain.is_empty() {
            self.plain_from = self.at;
        }
        self.plain.push(letter);
    }

    fn mark(&mut self, label: &str) {
        self.flush();
        self.starts.push(self.at);
        self.done.push(Segment::Escape { label: label.to_owned() });
    }

    fn flush(&mut self) {
        if !self.plain.is_empty() {
            self.starts.push(self.plain_from);
            self.done.push(Segment::Plain {
                text: std::mem::take(&mut self.plain),
            });
        }
    }

    fn finish(mut self) -> (Vec<Segment>, Vec<usize>) {
        self.flush();
        (self.done, self.starts)
    }

    /// A letter of another script inside a word with Latin letters, when it is drawn like a Latin one.
    fn imitates(&self, letter: char) -> Option<&'static str> {
        const CYRILLIC: &str = "аеорсухіјѕԁһӏԛԝАВЕЅІЈКМНОРСТХҮԌ";
        const GREEK: &str = "αορνικτυΑΒΕΖΗΙΚΜΝΟΡΤΥΧ";
        if letter.is_ascii() || !self.word_has_ascii_letter {
            None
        } else if CYRILLIC.contains(letter) {
            Some("Cyrillic")
        } else if GREEK.contains(letter) {
            Some("Greek")
        } else {
            matches!(letter, '\u{ff21}'..='\u{ff3a}' | '\u{ff41}'..='\u{ff5a}').then_some("fullwidth")
        }
    }
}

fn word(rest: &str) -> impl Iterator<Item = char> + '_ {
    rest.chars().take(64).take_while(|c| c.is_alphanumeric())
}

/// The label of a character that must not be drawn: it has no shape, another character's shape, or changes the others' order.
fn hidden(c: char, last: Option<char>) -> Option<String> {
    let code = u32::from(c);
    let named = match c {
        '\0' => "NUL",
        '\u{7}' => "BEL",
        '\u{8}' => "BS",
        '\u{b}' => "VT",
        '\u{c}' => "FF",
        '\u{7f}' => "DEL",
        '\u{85}' => "NEL",
        '\u{a0}' => "NBSP",
        '\u{ad}' => "SHY",
        '\u{61c}' => "ALM",
        '\u{200b}' => "ZWSP",
        '\u{200c}' => "ZWNJ",
        '\u{200d}' => "ZWJ",
        '\u{200e}' => "LRM",
        '\u{200f}' => "RLM",
        '\u{2028}' => "LS",
        '\u{2029}' => "PS",
        '\u{202a}' => "LRE",
        '\u{202b}' => "RLE",
        '\u{202c}' => "PDF",
        '\u{202d}' => "LRO",
        '\u{202e}' => "RLO",
        '\u{2066}' => "LRI",
        '\u{2067}' => "RLI",
        '\u{2068}' => "FSI",
        '\u{2069}' => "PDI",
        '\u{feff}' => "BOM",
        _ => "",
    };
    if !named.is_empty() {
        return Some(named.to_owned());
    }
    if (BYTE_BASE..=BYTE_BASE + 0xff).contains(&code) {
        return Some(format!("0x{:02X}", code - BYTE_BASE));
    }
    // An emoji's own presentation is what people expect to see after a symbol.
    if matches!(c, '\u{fe0e}' | '\u{fe0f}') && last.is_some_and(|before| before >= '\u{2000}') {
        return None;
    }
    let shapeless = c.is_control()
        || matches!(code,
            0x34f | 0x115f | 0x1160 | 0x17b4 | 0x17b5 | 0x180b..=0x180f | 0x2000..=0x200a | 0x202f | 0x205f | 0x2060..=0x2065
            | 0x206a..=0x206f | 0x3164 | 0xfe00..=0xfe0f | 0xffa0 | 0xfff0..=0xfffb | 0x1bca0..=0x1bca3 | 0x1d173..=0x1d17a
            | 0xe000..=0xf8ff | 0xe0000..=0xe0fff | 0xf0000..=0x10_ffff)
        || (0xfdd0..=0xfdef).contains(&code)
        || code & 0xfffe == 0xfffe;
    shapeless.then(|| format!("U+{code:04X}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_hidden_becomes_a_label() {
        let cases = [
            ("plain text\twith tab\n", "plain text\twith tab\n"),
            ("line\r\nnext", "line\nnext"),
            ("10%\r50%\r100%\n", "10%‹CR›\n50%‹CR›\n100%\n"),
            ("\u{1b}[31mred\u{1b}[0m", "‹ESC[31m›red‹ESC[0m›"),
            ("\u{1b}]0;title\u{7}x", "‹ESC]0;title›x"),
            ("\u{1b}]8;;http://a\u{1b}\\b", "‹ESC]8;;http://a›b"),
            ("\u{1b}]52;c;AAAA", "‹ESC]›52;c;AAAA"),
            ("\u{1b}[31", "‹ESC[›31"),
            ("\u{1b}(Bx\u{1b}", "‹ESC(B›x‹ESC›"),
            ("\u{9b}2J", "‹CSI 2J›"),
            ("invoice\u{202e}fdp.exe", "invoice‹RLO›fdp.exe"),
            ("a\u{200b}b", "a‹ZWSP›b"),
            ("\u{10ff00}\u{10ffff}", "‹0x00›‹0xFF›"),
            ("p\u{430}yroll", "pа‹Cyrillic U+0430›yroll"),
            ("привет мир", "привет мир"),
            ("東京　ログ", "東京　ログ"),
            ("⚠\u{fe0f} warning", "⚠\u{fe0f} warning"),
            ("x\u{fe0f}", "x‹U+FE0F›"),
        ];
        for (text, wanted) in cases {
            assert_eq!(marked(text), wanted, "{text:?}");
        }
    }

    #[test]
    fn a_text_that_can_be_drawn_needs_no_segments() {
        assert_eq!(segments_if_needed("C:\\Users\\x> dir\n\t東京"), None);
        assert!(segments_if_needed("a\r\nb").is_some());
    }

    #[test]
    fn every_segment_says_where_it_begins() {
        let text = "a\r\nb\u{1b}[0mc\rd\u{430}e";
        let found: Vec<(usize, String)> = located(text)
            .into_iter()
            .map(|(at, segment)| match segment {
                Segment::Plain { text } => (at, text),
                Segment::Escape { label } => (at, format!("‹{label}›")),
            })
            .collect();
        let wanted = [
            (0, "a"),
            (2, "\nb"),
            (4, "‹ESC[0m›"),
            (8, "c"),
            (9, "‹CR›"),
            (9, "\ndа"),
            (11, "‹Cyrillic U+0430›"),
            (13, "e"),
        ];
        assert_eq!(found, wanted.map(|(at, text)| (at, text.to_owned())));
    }

    fn forbidden(c: char) -> bool {
        (c.is_control() && c != '\n' && c != '\t')
            || matches!(u32::from(c), 0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f | 0x61c | 0xfeff | 0xad | 0x10_ff00..=0x10_ffff)
    }

    proptest! {
        #[test]
        fn nothing_that_hides_or_reorders_is_ever_drawn(text in "(\\PC|[\\x00-\\x1f\\x7f-\\x9f]|\\x1b[\\[\\]P(][ -~]{0,6}|[\u{200b}-\u{200f}\u{2028}-\u{202e}\u{2066}-\u{2069}\u{feff}\u{10ff00}-\u{10ffff}]){0,60}") {
            for segment in segments(&text) {
                match segment {
                    Segment::Plain { text } => prop_assert!(!text.chars().any(forbidden), "{text:?}"),
                    Segment::Escape { label } => {
                        prop_assert!(!label.is_empty());
                        prop_assert!(!label.chars().any(|c| forbidden(c) || c == '\n' || c == '\t'), "{label:?}");
                    }
                }
            }
        }

        #[test]
        fn printable_text_passes_unchanged(text in "[ -~\\n\\t]{0,200}") {
            prop_assert_eq!(marked(&text), text);
        }
    }
}
