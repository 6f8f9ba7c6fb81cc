//! Scrubs a whole session: a name that it says anywhere counts everywhere, unless it mostly stands there as a word.

use crate::class::Class;
use crate::finding::{Finding, keep, settle};
use crate::identity::{Identities, Source};
use crate::map::Map;
use crate::rule::{Memory, Rules};
use crate::weigh;
use crate::workers::{Workers, read_all, worth_calling};
use std::collections::HashSet;
use std::num::TryFromIntError;
use std::ops::Range;

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

/// What should not leave, for each text in turn: ascending, apart from each other; the same whoever the workers are.
///
/// # Errors
/// When the session taught more names than can be numbered.
pub fn scrub(
    rules: &Rules,
    facts: &Facts,
    texts: &[Text<'_>],
    workers: &dyn Workers,
) -> Result<Vec<Vec<Finding>>, TryFromIntError> {
    let workers = worth_calling(workers, texts);
    let mut all = read_all(workers, texts, || Reader::new(rules), |text, reader| reader.read(*text));
    let mut identities = Identities::default();
    for (class, name) in &facts.names {
        identities.add(*class, name);
    }
    // In the order of the texts: of two classes, a name is of the one that it had first.
    for read in &mut all {
        identities.join(std::mem::take(&mut read.names));
    }
    let finder = identities.finder()?;
    let looked = read_all(
        workers,
        &all,
        || (),
        |read, ()| (read.text, finder.find(&read.map, read.found.clone())),
    );
    let verdicts = finder.judge(looked.iter().flat_map(|(_, (_, doubts))| doubts));
    let whole = read_all(
        workers,
        &looked,
        || (),
        |(text, (found, doubts)), ()| {
            let all = found.iter().cloned().chain(verdicts.names(doubts));
            keep(settle(all.collect()), text.kept)
        },
    );
    Ok(whole)
}

/// A text, and what is said of it without knowing anything of the session.
struct Read<'a> {
    text: Text<'a>,
    map: Map<'a>,
    found: Vec<Finding>,
    /// What it teaches.
    names: Identities,
}

/// What one who reads texts in turn remembers.
struct Reader<'a> {
    rules: &'a Rules,
    memory: Memory<'a>,
    /// What names were learned from: the same stand in texts again and again.
    learned: HashSet<(Source, Class, &'a str)>,
}

impl<'a> Reader<'a> {
    fn new(rules: &'a Rules) -> Self {
        Self {
            rules,
            memory: Memory::default(),
            learned: HashSet::new(),
        }
    }

    fn read(&mut self, text: Text<'a>) -> Read<'a> {
        let map = Map::new(text.text);
        let found = self.rules.find_all(&map, &mut self.memory);
        let names = self.learn(text.text, &found);
        Read { text, map, found, names }
    }

    /// The names that a text teaches, but for those that an earlier one taught this reader.
    fn learn(&mut self, text: &'a str, found: &[Finding]) -> Identities {
        let mut names = Identities::default();
        for finding in found {
            let name = text.get(finding.range.clone()).unwrap_or_default();
            let source = if finding.rule == weigh::RULE {
                Source::Weighed
            } else {
                Source::Found
            };
            if self.learned.insert((source, finding.class, name)) {
                names.add_from(source, finding.class, name);
            }
        }
        names
    }
}

#[cfg(test)]
#[allow(clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_before_says_nothing_of_a_text() {
        let corpus = concat!(
            include_str!("../corpus/develop/nothing.txt"),
            include_str!("../corpus/develop/sessions.txt"),
            include_str!("../corpus/develop/tables.txt")
        );
        let lines: Vec<&str> = corpus.lines().collect();
        // Every window of lines, the text as it stands, and each line alone: all of them come again and again.
        let texts: Vec<String> = [1, 5, 40]
            .into_iter()
            .flat_map(|count| lines.windows(count))
            .map(|lines| lines.join("\n"))
            .collect();
        let rules = Rules::new().expect("the table of this version");
        let mut remembering = Memory::default();
        for text in texts.iter().step_by(3) {
            let map = Map::new(text);
            assert_eq!(
                rules.find_all(&map, &mut remembering),
                rules.find_all(&map, &mut Memory::default()),
                "{text}"
            );
        }
    }
}
