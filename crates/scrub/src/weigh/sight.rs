//! A line as candidates in it are looked at: its words, and the pieces that may be secrets.

use super::Scales;
use super::feature::{BEGINNING, END, FOUND, Look, NUMBER, Of, number};
use super::kinds::{self, DIGIT, JOINT, Words};
use super::memory::{self, Seen, Shown};
use super::{Candidate, piece};
use crate::finding::Finding;
use crate::line::Line;
use crate::map::Map;
use std::ops::Range;

/// Longer words are looked at by rules only.
const LONGEST: usize = 64;

/// So many words of small letters make a sentence.
const SENTENCE: usize = 4;

/// Places in a line from here on are one.
const LAST_PLACE: usize = 6;

/// The words and pieces of one line.
#[derive(Debug, Default)]
pub(super) struct Sight {
    words: Vec<Word>,
    /// What words show that are weighed.
    shown: Vec<Shown>,
    pieces: Vec<Range<usize>>,
    known: Vec<Range<usize>>,
    is_sentence: bool,
}

/// A run of letters, digits, dots, dashes and `_`, without those three at its ends.
#[derive(Debug)]
struct Word {
    range: Range<usize>,
    seen: Seen,
    /// Where among `shown` it is, if it is weighed.
    shown: usize,
    found: Found,
}

/// What rules found of a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    Nothing,
    Part,
    All,
}

impl Found {
    fn of(range: &Range<usize>, known: Option<&Range<usize>>) -> Self {
        match known {
            Some(known) if known.start <= range.start && range.end <= known.end => Self::All,
            Some(known) if known.start < range.end && range.start < known.end => Self::Part,
            _ => Self::Nothing,
        }
    }
}

/// All that is seen of any number.
const A_NUMBER: Seen = Seen {
    mix: NUMBER,
    is_small: false,
    may_be_name: false,
    may_be_secret: false,
};

impl Sight {
    /// Looks at a line in which rules found `known`.
    pub(super) fn look(&mut self, line: &Line<'_>, text: &str, known: &[Finding], memory: &mut memory::Words, scales: &Scales) {
        self.words.clear();
        self.shown.clear();
        self.known.clear();
        self.known.extend(known.iter().map(|finding| finding.range.clone()));
        let mut known = known.iter().peekable();
        let mut small = 0;
        for (range, kinds) in Words::of(line) {
            let place = self.shown.len();
            // Most words are numbers and ordinary words.
            let mut seen = A_NUMBER;
            if kinds & !(DIGIT | JOINT) != 0 {
                let shown;
                (seen, shown) = memory.of(text.get(range.clone()).unwrap_or_default(), kinds, scales);
                if seen.may_be_name || seen.may_be_secret {
                    self.shown.push(*shown);
                }
            }
            while known.next_if(|finding| finding.range.end <= range.start).is_some() {}
            let touching = known.peek().filter(|finding| finding.range.start < range.end);
            let found = Found::of(&range, touching.map(|finding| &finding.range));
            if let Some(finding) = touching {
                seen.mix = FOUND + finding.class as u32;
            }
            small += usize::from(seen.is_small && range.len() > 1);
            self.words.push(Word {
                range,
                seen,
                shown: place,
                found,
            });
        }
        self.is_sentence = small >= SENTENCE;
        piece::of(line, &mut self.pieces);
    }

    /// Everything in the line that is to be weighed, with what it shows by itself; with `all`, what rules found as well.
    pub(super) fn candidates(
        &self,
        map: &Map<'_>,
        all: bool,
        memory: &mut memory::Words,
        scales: &Scales,
        mut visit: impl FnMut(&Self, &Candidate, &Shown),
    ) {
        let asked = |found: Found| found == Found::Nothing || all && found == Found::All;
        for (place, word) in self.words.iter().enumerate() {
            if word.seen.may_be_name
                && asked(word.found)
                && (2..=LONGEST).contains(&word.range.len())
                && let Some(shown) = self.shown.get(word.shown)
            {
                let candidate = Candidate {
                    range: word.range.clone(),
                    place,
                    look: Look::Name,
                    known: word.found == Found::All,
                };
                visit(self, &candidate, shown);
            }
        }
        let (mut place, mut rest) = (0, self.words.as_slice());
        for piece in &self.pieces {
            let passed = rest.iter().take_while(|word| word.range.end <= piece.start).count();
            place += passed;
            rest = rest.get(passed..).unwrap_or_default();
            // Most pieces are a word.
            let (seen, shown) = match rest.first() {
                Some(word) if word.range == *piece => (word.seen, self.shown.get(word.shown)),
                _ => {
                    let (seen, shown) = memory.of(
                        map.text.get(piece.clone()).unwrap_or_default(),
                        kinds::all(map, piece),
                        scales,
                    );
                    (seen, Some(shown))
                }
            };
            let Some(shown) = shown.filter(|_| seen.may_be_secret) else {
                continue;
            };
            let next = self.known.partition_point(|known| known.end <= piece.start);
            let found = Found::of(piece, self.known.get(next));
            if asked(found) {
                let candidate = Candidate {
                    range: piece.clone(),
                    place,
                    look: Look::Secret,
                    known: found == Found::All,
                };
                visit(self, &candidate, shown);
            }
        }
    }

    /// The word at this place of the line, as its neighbours see it.
    fn mix(&self, at: usize) -> u32 {
        self.words.get(at).map_or(END, |word| word.seen.mix)
    }

    /// What a candidate shows besides its letters: its shape and lists, with the words and signs around it.
    pub(super) fn surroundings(&self, line: &Line<'_>, candidate: &Candidate, shown: &Shown, mut add: impl FnMut(u32)) {
        let range = &candidate.range;
        let first = candidate.place;
        let inside = self
            .words
            .iter()
            .skip(first)
            .take_while(|word| word.range.start < range.end)
            .count();
        let (before, two_before) = match first {
            0 => (BEGINNING, BEGINNING),
            1 => (self.mix(0), BEGINNING),
            _ => (self.mix(first - 1), self.mix(first - 2)),
        };
        let (after, two_after) = (self.mix(first + inside), self.mix(first + inside + 1));
        let byte = |at: usize| u32::from(line.at(at));
        let sign_before = u32::from(line.before(range.start));
        let signs_before = sign_before | range.start.checked_sub(2).map_or(0, byte) << 8;
        let (sign_after, signs_after) = (byte(range.end), byte(range.end) | byte(range.end + 1) << 8);
        let sentence = u32::from(self.is_sentence);
        let lists = u32::from(shown.lists);
        let label = if self.is_label_before(line, range.start) { before } else { 0 };
        let mut add = |of, one, two| add(number(of, one, two));
        add(Of::Any, 0, 0);
        add(Of::Lists, lists, sentence);
        add(Of::Shape, shown.shape, lists);
        add(Of::Before, before, lists);
        add(Of::After, after, lists);
        add(Of::TwoBefore, before, two_before);
        add(Of::TwoAfter, after, two_after);
        add(Of::SignsBefore, signs_before, lists);
        add(Of::SignsAfter, signs_after, lists);
        add(Of::SignsAround, sign_before | sign_after << 8, lists * 2 + sentence);
        add(Of::AllSigns, signs_before | signs_after << 16, 0);
        add(
            Of::Place,
            if first == 0 { 0 } else { self.mix(0) },
            first.min(LAST_PLACE) as u32,
        );
        add(Of::Label, label, lists);
    }

    /// Whether a colon or `=` stands before this place.
    fn is_label_before(&self, line: &Line<'_>, start: usize) -> bool {
        let blank = line.back(start, |byte| matches!(byte, b' ' | b'\t' | b'"' | b'\''));
        matches!(line.before(blank), b':' | b'=')
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::class::Class;
    use crate::line::each_plain;

    /// What would be weighed in a line, rules having found these.
    fn candidates(text: &str, known: &[Finding], all: bool) -> Vec<String> {
        let (map, mut sight, mut words) = (Map::new(text), Sight::default(), memory::Words::default());
        let (nothing, mut shown) = (Scales::none(), Vec::new());
        each_plain(&map, |line| {
            sight.look(&line, text, known, &mut words, &nothing);
            sight.candidates(&map, all, &mut words, &nothing, |_, candidate, _| {
                let word = text.get(candidate.range.clone()).unwrap_or_default();
                shown.push(format!("{:?} {word}", candidate.look));
            });
        });
        shown
    }

    #[test]
    fn ordinary_words_numbers_and_what_rules_found_are_left() {
        let text = "user krokus-7 started 2024-01-02 in Brelqov.";
        assert_eq!(
            candidates(text, &[], false),
            ["Name krokus-7", "Name Brelqov", "Secret krokus-7"]
        );
        let part = Finding::new(5..9, Class::User, "rule");
        assert_eq!(candidates(text, &[part], true), ["Name Brelqov"]);
        let whole = Finding::new(5..13, Class::Host, "rule");
        assert_eq!(candidates(text, std::slice::from_ref(&whole), false), ["Name Brelqov"]);
        assert_eq!(candidates(text, &[whole], true), candidates(text, &[], false));
    }

    #[test]
    fn neighbours_labels_and_signs_count_whatever_the_word() {
        let shown = |text: &str| {
            let (map, mut sight, mut words) = (Map::new(text), Sight::default(), memory::Words::default());
            let (nothing, mut numbers) = (Scales::none(), Vec::new());
            each_plain(&map, |line| {
                sight.look(&line, text, &[], &mut words, &nothing);
                sight.candidates(&map, false, &mut words, &nothing, |sight, candidate, shown| {
                    if candidate.look == Look::Name {
                        sight.surroundings(&line, candidate, shown, |number| numbers.push(number));
                    }
                });
            });
            numbers
        };
        // The same shape in the same lists, with the same neighbours.
        assert_eq!(shown("host: krokus, started"), shown("host: brokta, started"));
        assert_ne!(shown("host: krokus, started"), shown("host krokus, started"));
        assert_ne!(shown("host: krokus, started"), shown("disk: krokus, started"));
    }
}
