//! What a person typed, split into what is to be found, and finding it in a text.
//!
//! White space separates words, all of which must occur; double quotes hold a phrase together. Matching ignores case. Nothing typed has
//! any other meaning: no operators, no wildcards. Words of one or two ASCII letters or digits match at the beginning of words only, where a
//! word begins at the text's beginning or after an ASCII character that is neither letter nor digit.

use crate::visible::marked_line;
use std::ops::Range;

/// One word or phrase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Needle {
    folded: String,
    chars: usize,
    word_prefix: bool,
}

/// Characters of context before and after a match in an excerpt.
const CONTEXT: usize = 80;

/// Whether a word can begin after this character.
fn ends_word(c: char) -> bool {
    c.is_ascii() && !c.is_ascii_alphanumeric()
}

/// Case-folds character by character, so that positions stay aligned.
fn fold(c: char) -> char {
    let mut lower = c.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(one), None) => one,
        _ => c,
    }
}

fn folded(text: &str) -> String {
    text.chars().map(fold).collect()
}

/// Splits what was typed.
pub fn parse(text: &str) -> Vec<Needle> {
    let mut needles: Vec<Needle> = Vec::new();
    let mut add = |piece: &str| {
        if !piece.is_empty() {
            let needle = Needle::new(piece);
            if !needles.contains(&needle) {
                needles.push(needle);
            }
        }
    };
    let mut rest = text;
    while let Some(open) = rest.find('"') {
        let (before, quoted) = (rest.get(..open).unwrap_or(""), rest.get(open + 1..).unwrap_or(""));
        let Some(close) = quoted.find('"') else { break };
        before.split_whitespace().for_each(&mut add);
        add(quoted.get(..close).unwrap_or(""));
        rest = quoted.get(close + 1..).unwrap_or("");
    }
    // A quote without its partner is a quote to be found.
    rest.split_whitespace().for_each(&mut add);
    needles
}

impl Needle {
    fn new(piece: &str) -> Self {
        let chars = piece.chars().count();
        Self {
            folded: folded(piece),
            chars,
            word_prefix: chars < 3 && piece.is_ascii() && piece.chars().all(char::is_alphanumeric),
        }
    }

    /// Its length in characters.
    pub fn chars(&self) -> usize {
        self.chars
    }

    /// What is looked for, case-folded.
    pub fn folded(&self) -> &str {
        &self.folded
    }

    /// Triples of characters that any text containing it contains: enough to cover it, at most 16.
    pub fn triples(&self) -> Vec<String> {
        let chars: Vec<char> = self.folded.chars().collect();
        // Whatever a NUL would cut short is left to the check of the text itself.
        let all: Vec<String> = chars
            .windows(3)
            .filter(|triple| !triple.contains(&'\0'))
            .map(|triple| triple.iter().collect())
            .collect();
        let last = all.len().saturating_sub(1);
        let mut chosen: Vec<String> = all
            .iter()
            .enumerate()
            .filter(|(at, _)| at % 3 == 0 || *at == last)
            .map(|(_, triple)| triple.clone())
            .collect();
        chosen.truncate(16);
        chosen.dedup();
        chosen
    }

    /// For a word of two characters: all triples in which it begins a word, one for each character that may stand before a word.
    pub fn word_beginnings(&self) -> Option<Vec<String>> {
        (self.word_prefix && self.chars == 2).then(|| {
            (1..=127)
                .map(char::from)
                .filter(|c| ends_word(*c))
                .map(|before| format!("{before}{}", self.folded))
                .collect()
        })
    }

    /// Whether the text contains it.
    pub fn is_in(&self, text: &str) -> bool {
        let text = folded(text);
        self.find_folded(&text, 0).is_some()
    }

    fn find_folded(&self, text: &str, from: usize) -> Option<usize> {
        let mut from = from;
        loop {
            let at = from + text.get(from..)?.find(&self.folded)?;
            let inside_word = text
                .get(..at)
                .and_then(|before| before.chars().next_back())
                .is_some_and(|before| !ends_word(before));
            if !self.word_prefix || !inside_word {
                return Some(at);
            }
            from = at + self.folded.len();
        }
    }

    /// Places in the text, as ranges of characters; at most 50.
    fn places(&self, text: &str) -> Vec<Range<usize>> {
        let text = folded(text);
        let (mut found, mut from, mut chars_before) = (Vec::new(), 0, 0);
        while let Some(at) = self.find_folded(&text, from).filter(|_| found.len() < 50) {
            let start = chars_before + text.get(from..at).map_or(0, |between| between.chars().count());
            found.push(start..start + self.chars);
            from = at + self.folded.len().max(1);
            chars_before = start + self.chars;
        }
        found
    }
}

/// An excerpt and where the needles are in it, as UTF-16 offsets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excerpt {
    /// One line, safe to draw.
    pub text: String,
    /// Ascending, apart from each other: [start, end).
    pub highlights: Vec<(u32, u32)>,
}

/// An excerpt around the first match of any needle; the beginning of the text when there is none.
pub fn excerpt(text: &str, needles: &[Needle]) -> Excerpt {
    let first = needles
        .iter()
        .filter_map(|needle| needle.places(text).into_iter().next())
        .min_by_key(|place| place.start);
    let (start, end) = first.map_or((0, 0), |place| (place.start, place.end));
    let from = start.saturating_sub(CONTEXT);
    let window: String = text.chars().skip(from).take(end - from + CONTEXT).collect();
    let cut_after = text.chars().nth(from + window.chars().count()).is_some();
    let shown = format!(
        "{}{}{}",
        if from > 0 { "…" } else { "" },
        marked_line(&window),
        if cut_after { "…" } else { "" }
    );
    let mut places: Vec<Range<usize>> = needles.iter().flat_map(|needle| needle.places(&shown)).collect();
    places.sort_by_key(|place| (place.start, place.end));
    Excerpt {
        highlights: utf16(&shown, &merged(places)),
        text: shown,
    }
}

fn merged(places: Vec<Range<usize>>) -> Vec<Range<usize>> {
    let mut out: Vec<Range<usize>> = Vec::with_capacity(places.len());
    for place in places {
        match out.last_mut() {
            Some(last) if place.start <= last.end => last.end = last.end.max(place.end),
            _ => out.push(place),
        }
    }
    out
}

fn utf16(text: &str, places: &[Range<usize>]) -> Vec<(u32, u32)> {
    let mut offsets: Vec<u32> = vec![0];
    let mut at = 0_u32;
    for c in text.chars() {
        at = at.saturating_add(u32::try_from(c.len_utf16()).unwrap_or(1));
        offsets.push(at);
    }
    places
        .iter()
        .filter_map(|place| Some((*offsets.get(place.start)?, *offsets.get(place.end)?)))
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    fn words(text: &str) -> Vec<String> {
        parse(text).into_iter().map(|needle| needle.folded).collect()
    }

    #[test]
    fn what_is_typed_has_no_syntax_but_quotes() {
        assert_eq!(
            words("  Get-Process  AND \"two words\" OR*"),
            ["get-process", "and", "two words", "or*"]
        );
        assert_eq!(words("say \"unfinished quote"), ["say", "\"unfinished", "quote"]);
        assert_eq!(words("\"\" a a"), ["a"]);
    }

    #[test]
    fn short_words_match_at_the_beginning_of_words_only() {
        let needle = &parse("ls")[0];
        assert!(needle.is_in("sudo LS -la"));
        assert!(!needle.is_in("tools"));
        assert!(parse("東京").first().unwrap().is_in("新東京駅"));
    }

    #[test]
    fn excerpts_highlight_in_utf16() {
        let found = excerpt("😀 the PAYROLL folder, payroll again", &parse("payroll"));
        assert_eq!(found.text, "😀 the PAYROLL folder, payroll again");
        assert_eq!(found.highlights, [(7, 14), (23, 30)]);
        let long = format!("{}needle{}", "x".repeat(500), "y".repeat(500));
        let found = excerpt(&long, &parse("needle"));
        assert_eq!(found.highlights, [(81, 87)]);
        assert!(found.text.starts_with('…') && found.text.ends_with('…'));
        assert_eq!(excerpt("a\nb\u{1b}[31mc", &[]).text, "a⏎b‹ESC[31m›c");
    }

    #[test]
    fn triples_cover_the_needle() {
        assert_eq!(parse("payroll")[0].triples(), ["pay", "rol", "oll"]);
        assert_eq!(parse("abc")[0].triples(), ["abc"]);
        assert!(parse("ab")[0].triples().is_empty());
    }
}
