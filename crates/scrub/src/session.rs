//! Scrubs a whole session: what it says anywhere counts everywhere.

use crate::class::Class;
use crate::finding::{Finding, keep, settle};
use crate::identity::Identities;
use crate::map::Map;
use crate::rule::Rules;
use std::collections::HashSet;
use std::num::TryFromIntError;
use std::ops::Range;
use std::thread;

/// What is known of a session besides its texts.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// Names with their class: [`Class::Host`] for the endpoint, [`Class::User`] for accounts, people of the client.
    pub names: Vec<(Class, String)>,
}

/// One text of the session.
#[derive(Debug, Clone, Copy)]
pub struct Text<'a> {
    /// What was typed or printed.
    pub text: &'a str,
    /// What must stay visible, such as the verbs of a command; ascending.
    pub kept: &'a [Range<usize>],
}

/// What should not leave, for each text in turn: ascending, apart from each other.
///
/// # Errors
/// When the session taught more names than can be numbered.
pub fn scrub(rules: &Rules, facts: &Facts, texts: &[Text<'_>]) -> Result<Vec<Vec<Finding>>, TryFromIntError> {
    scrub_on(threads_for(texts), rules, facts, texts)
}

/// Fewer bytes are read sooner than threads are started.
const WORTH_THREADS_BYTES: usize = 256 << 10;

/// How many processors are worth asking: one where nobody says how many there are.
fn threads_for(texts: &[Text<'_>]) -> usize {
    let bytes: usize = texts.iter().map(|text| text.text.len()).sum();
    if bytes < WORTH_THREADS_BYTES {
        return 1;
    }
    thread::available_parallelism().map_or(1, usize::from)
}

/// A text with what the rules found in it.
type Read<'a> = (&'a Text<'a>, Map<'a>, Vec<Finding>);

fn scrub_on(threads: usize, rules: &Rules, facts: &Facts, texts: &[Text<'_>]) -> Result<Vec<Vec<Finding>>, TryFromIntError> {
    let mut identities = Identities::default();
    for (class, name) in &facts.names {
        identities.add(*class, name);
    }
    let all = spread(threads, texts.iter().collect(), |text| {
        let map = Map::new(text.text);
        let found = rules.find_all(&map);
        (text, map, found)
    });
    learn(&mut identities, &all);
    let finder = identities.finder()?;
    Ok(spread(threads, all, |(text, map, mut found)| {
        finder.find(&map, &mut found);
        keep(settle(found), text.kept)
    }))
}

/// In the order of the texts, so that the same is learned however many threads have read them.
fn learn(identities: &mut Identities, all: &[Read<'_>]) {
    // The same names come again and again.
    let mut learned = HashSet::new();
    for (text, _, found) in all {
        for finding in found {
            let name = text.text.get(finding.range.clone()).unwrap_or_default();
            if learned.insert((finding.class, name)) {
                identities.add(finding.class, name);
            }
        }
    }
}

/// Does the same to everything, in contiguous runs on so many threads; the results stand in the order of what they are of.
fn spread<T: Send, R: Send>(threads: usize, items: Vec<T>, work: impl Fn(T) -> R + Sync) -> Vec<R> {
    let share = items.len().div_ceil(threads.max(1)).max(1);
    if items.len() <= share {
        return items.into_iter().map(work).collect();
    }
    let count = items.len();
    let mut items = items.into_iter();
    let work = &work;
    thread::scope(|scope| {
        let mut runs = Vec::new();
        loop {
            let run: Vec<T> = items.by_ref().take(share).collect();
            if run.is_empty() {
                break;
            }
            runs.push(scope.spawn(move || run.into_iter().map(work).collect::<Vec<R>>()));
        }
        let mut all = Vec::with_capacity(count);
        for run in runs {
            match run.join() {
                Ok(done) => all.extend(done),
                // As if it had happened here.
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        all
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn any_number_of_threads_finds_the_same() {
        let rules = Rules::new().unwrap();
        let corpus = include_str!("../corpus/develop/sessions.txt");
        let lines: Vec<&str> = corpus.lines().collect();
        let parts: Vec<String> = lines.chunks(7).map(|part| part.join("\n")).collect();
        let texts: Vec<Text<'_>> = parts.iter().map(|text| Text { text, kept: &[] }).collect();
        let one = scrub_on(1, &rules, &Facts::default(), &texts).unwrap();
        assert!(one.iter().any(|found| !found.is_empty()));
        for threads in [2, 3, 8, 1_000] {
            assert_eq!(scrub_on(threads, &rules, &Facts::default(), &texts).unwrap(), one);
        }
    }
}
