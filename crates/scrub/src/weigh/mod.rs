//! Weighs what no rule speaks for: words that stand where names and secrets stand, and look like them.
//!
//! Rules say what they know. Of the words that they leave, everything that a word shows (its shape, its letters, the lists that have it) and
//! what stands around it weighs for or against its being the name of a person, of a machine, or a secret. What outweighs a bar is hidden as well: rather
//! a word too many than a name too few, since a reviewer sees and can restore what was hidden.
//!
//! A linear classifier over hashed features (Weinberger et al., Feature Hashing for Large Scale Multitask Learning, ICML 2009), whose weights
//! are learned from labelled text ([`crate::learn()`]). It looks at one line at a time, behind the rules.

mod feature;
mod kinds;
mod memory;
mod piece;
mod sight;

use crate::class::Class;
use crate::finding::{Finding, settle};
use crate::line::each_plain;
use crate::map::Map;
use crate::rule::Quiet;
pub(crate) use feature::{BITS, Look};
use memory::Words;
use sight::Sight;
use std::borrow::Cow;
use std::ops::Range;

/// What every feature weighs, and how much is enough.
pub struct Scales {
    /// For every number of a feature three bytes, signed: what it weighs for a person, a machine, a secret.
    weights: Cow<'static, [u8]>,
    /// What weighs more than this together is hidden: in the same order, in the steps of the weights.
    bars: [i32; 3],
}

/// What together weighs more is hidden: as little as leaves nine of ten findings right in folders of the corpus that were left out while learning.
const BAR: i32 = -75;

/// Nobody remembers a password of so many bytes: a token.
const TOKEN: usize = 20;

/// The rule that findings name.
pub(crate) const RULE: &str = "weighed";

/// What was weighed together: for a person, a machine, a secret.
type Sums = [i32; 3];

/// What need not be looked at twice in a session: words, and lines in which nothing outweighed a bar.
#[derive(Default)]
pub(crate) struct Memory<'a> {
    words: Words,
    lines: Quiet<'a>,
}

/// Something to be weighed.
#[derive(Debug, Clone)]
pub(crate) struct Candidate {
    pub(crate) range: Range<usize>,
    /// Where among the words of its line it begins.
    place: usize,
    /// The same bytes can be shown as either.
    pub(crate) look: Look,
    /// Whether rules found it already: only asked while learning.
    pub(crate) known: bool,
}

impl Scales {
    /// The weights of this version, learned from `corpus/develop`.
    pub fn learned() -> Self {
        Self {
            weights: Cow::Borrowed(include_bytes!("../../words/weights.bin")),
            bars: [BAR; 3],
        }
    }

    /// Weights as [`crate::learn()`] makes them, with a bar for people, machines and secrets.
    pub fn of(weights: Vec<u8>, bars: [i32; 3]) -> Self {
        Self {
            weights: Cow::Owned(weights),
            bars,
        }
    }

    /// Weighs nothing: rules alone.
    pub fn none() -> Self {
        Self::of(Vec::new(), [i32::MAX; 3])
    }

    /// Adds what outweighs the bars to what rules found.
    pub(crate) fn find<'a>(&self, map: &Map<'a>, memory: &mut Memory<'a>, found: &mut Vec<Finding>) {
        let known = settle(found.clone());
        let mut sight = Sight::default();
        let mut rest = known.as_slice();
        each_plain(map, |line| {
            let here = of_line(&mut rest, line.start..line.end);
            let text = map.text.get(line.start..line.end).unwrap_or_default();
            if here.is_empty() && memory.lines.has(text) {
                return;
            }
            let from = found.len();
            sight.look(&line, map.text, here, &mut memory.words, self);
            sight.candidates(map, false, &mut memory.words, self, |sight, candidate, shown| {
                let mut sums = shown.letters;
                sight.surroundings(&line, candidate, shown, |number| self.add(number, &mut sums));
                match self.class_of(candidate, sums) {
                    Some(Class::User) => found.push(whole_name(map.text, here, found, candidate.range.clone())),
                    Some(class) => found.push(Finding::new(candidate.range.clone(), class, RULE)),
                    None => {}
                }
            });
            if here.is_empty() && found.len() == from {
                memory.lines.note(text);
            }
        });
    }

    /// Adds what a feature weighs.
    #[inline]
    fn add(&self, number: u32, sums: &mut Sums) {
        let at = number as usize * 3;
        if let Some(weights) = self.weights.get(at..at + 3) {
            for (sum, weight) in sums.iter_mut().zip(weights) {
                *sum += i32::from(weight.cast_signed());
            }
        }
    }

    /// As what a candidate is hidden, if it is.
    fn class_of(&self, candidate: &Candidate, [person, machine, secret]: Sums) -> Option<Class> {
        let [person_bar, machine_bar, secret_bar] = self.bars;
        match candidate.look {
            Look::Name if person >= machine && person > person_bar => Some(Class::User),
            Look::Name if machine > machine_bar => Some(Class::Host),
            Look::Secret if secret > secret_bar && candidate.range.len() >= TOKEN => Some(Class::Token),
            Look::Secret if secret > secret_bar => Some(Class::Password),
            _ => None,
        }
    }
}

/// Shows everything in a text that would be weighed, and what rules found as well, with the numbers of all that it shows. `known` is what rules
/// found: ascending, apart.
pub(crate) fn show(map: &Map<'_>, known: &[Finding], mut visit: impl FnMut(&Candidate, &[u32])) {
    let (mut words, mut sight, mut features) = (Words::default(), Sight::default(), Vec::new());
    let nothing = Scales::none();
    let mut rest = known;
    each_plain(map, |line| {
        let here = of_line(&mut rest, line.start..line.end);
        sight.look(&line, map.text, here, &mut words, &nothing);
        sight.candidates(map, true, &mut words, &nothing, |sight, candidate, shown| {
            features.clear();
            let text = map.text.get(candidate.range.clone()).unwrap_or_default();
            feature::of_letters(text, |number| features.push(number));
            sight.surroundings(&line, candidate, shown, |number| features.push(number));
            visit(candidate, &features);
        });
    });
}

/// What was found in a line; `rest` goes on behind what ends before it.
fn of_line<'f>(rest: &mut &'f [Finding], line: Range<usize>) -> &'f [Finding] {
    let passed = rest.iter().take_while(|finding| finding.range.end <= line.start).count();
    *rest = rest.get(passed..).unwrap_or_default();
    let here = rest.iter().take_while(|finding| finding.range.start < line.end).count();
    rest.get(..here).unwrap_or_default()
}

/// A person's name with the name right before it and behind it: "Anna" and "Keller" are one.
fn whole_name(text: &str, known: &[Finding], found: &[Finding], mut range: Range<usize>) -> Finding {
    let blank = |at: usize| text.as_bytes().get(at) == Some(&b' ');
    let is_person = |finding: &&Finding| finding.class == Class::User;
    let next = known.partition_point(|finding| finding.range.start < range.start);
    let before = next.checked_sub(1).and_then(|at| known.get(at));
    for before in before.into_iter().chain(found.last()).filter(is_person) {
        if before.range.end + 1 == range.start && blank(before.range.end) {
            range.start = before.range.start;
        }
    }
    if let Some(after) = known.get(next).filter(is_person)
        && range.end + 1 == after.range.start
        && blank(range.end)
    {
        range.end = after.range.end;
    }
    Finding::new(range, Class::User, RULE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_stand_together_are_one() {
        let text = "ask Anna Keller-Brandt Oyelaran, today";
        let person = |range| Finding::new(range, Class::User, "listed");
        let machine = Finding::new(4..8, Class::Host, "listed");
        let whole = |known: &[Finding], found: &[Finding], range| whole_name(text, known, found, range).range;
        assert_eq!(whole(&[person(4..8)], &[], 9..22), 4..22);
        assert_eq!(whole(&[person(4..8), person(23..31)], &[], 9..22), 4..31);
        assert_eq!(whole(&[person(23..31)], &[person(4..8)], 9..22), 4..31);
        assert_eq!(whole(&[machine, person(33..38)], &[], 9..22), 9..22);
    }
}
