//! Marked text: how it is read, and what rules hide of what is marked in it. Also used by the example of this name.

use caisey_scrub::{Alone, Class, Facts, Finding, Labelled, Rules, Text, scrub};
use std::collections::BTreeMap;
use std::fmt;
use std::ops::{AddAssign, Range};
use std::path::Path;

/// A session of the corpus: its text without marks, and the marked spans.
struct Sample {
    text: String,
    spans: Vec<(Range<usize>, Class)>,
}

#[derive(Clone, Copy, Default)]
pub(crate) struct Score {
    pub(crate) spans: u32,
    pub(crate) hidden: u32,
    pub(crate) findings: u32,
    pub(crate) right: u32,
}

impl AddAssign for Score {
    fn add_assign(&mut self, more: Self) {
        self.spans += more.spans;
        self.hidden += more.hidden;
        self.findings += more.findings;
        self.right += more.right;
    }
}

impl Score {
    pub(crate) fn recall(&self) -> f64 {
        f64::from(self.hidden) / f64::from(self.spans.max(1))
    }

    pub(crate) fn precision(&self) -> f64 {
        f64::from(self.right) / f64::from(self.findings.max(1))
    }
}

/// Sessions begin with a line `=== name`; `⟦class|text⟧` marks a span.
fn samples(folder: &Path) -> Vec<Sample> {
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "txt"))
        .collect();
    files.sort();
    files
        .iter()
        .flat_map(|file| read(&std::fs::read_to_string(file).unwrap(), file))
        .collect()
}

fn read(marked: &str, file: &Path) -> Vec<Sample> {
    let mut sessions = vec![String::new()];
    for line in marked.split_inclusive('\n') {
        if line.starts_with("=== ") {
            sessions.push(String::new());
        } else if let Some(session) = sessions.last_mut() {
            session.push_str(line);
        }
    }
    sessions.retain(|session| !session.trim().is_empty());
    sessions.iter().map(|session| unmarked(session, file)).collect()
}

/// A session's text without its marks. Some, such as keys, go over several lines.
fn unmarked(session: &str, file: &Path) -> Sample {
    let mut sample = Sample {
        text: String::new(),
        spans: Vec::new(),
    };
    let mut rest = session;
    while let Some((before, mark)) = rest.split_once('⟦') {
        let (inside, after) = mark
            .split_once('⟧')
            .unwrap_or_else(|| panic!("{}: no end of mark at {mark:.40?}", file.display()));
        let (class, content) = inside
            .split_once('|')
            .unwrap_or_else(|| panic!("{}: no class in {inside:?}", file.display()));
        let class = Class::from_name(class).unwrap_or_else(|| panic!("{}: no such class {class:?}", file.display()));
        sample.text.push_str(before);
        let start = sample.text.len();
        sample.text.push_str(content);
        sample.spans.push((start..sample.text.len(), class));
        rest = after;
    }
    sample.text.push_str(rest);
    sample
}

fn covers(findings: &[Finding], wanted: &Range<usize>) -> bool {
    let mut at = wanted.start;
    for finding in findings.iter().filter(|finding| finding.range.end > wanted.start) {
        if finding.range.start > at {
            break;
        }
        at = at.max(finding.range.end);
    }
    at >= wanted.end
}

/// What rules did on a corpus.
pub(crate) struct Scores {
    pub(crate) classes: BTreeMap<Class, Score>,
    /// What was missed and found too much, for people.
    pub(crate) faults: Vec<String>,
}

impl Scores {
    /// Of structured classes and secrets, of names, paths and hosts, and of all.
    pub(crate) fn totals(&self) -> [Score; 3] {
        let mut totals = [Score::default(), Score::default(), Score::default()];
        for (class, score) in &self.classes {
            for group in [usize::from(!class.is_structured()), 2] {
                totals[group] += *score;
            }
        }
        totals
    }
}

impl fmt::Display for Scores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (class, score) in &self.classes {
            writeln!(
                f,
                "{:18} recall {:5}/{:<5} {:.3}   precision {:5}/{:<5}",
                class.name(),
                score.hidden,
                score.spans,
                score.recall(),
                score.right,
                score.findings
            )?;
        }
        let [structured, named, all] = self.totals();
        write!(
            f,
            "structured {:.4}, names {:.4}, precision {:.4}, {} spans",
            structured.recall(),
            named.recall(),
            all.precision(),
            all.spans
        )
    }
}

/// Scores of all the sessions in a folder.
pub(crate) fn score(folder: &Path) -> Scores {
    score_with(&Rules::new().unwrap(), folder)
}

/// The same with other rules.
pub(crate) fn score_with(rules: &Rules, folder: &Path) -> Scores {
    let (mut scores, mut faults) = (BTreeMap::<Class, Score>::new(), Vec::new());
    for sample in samples(folder) {
        let found = scrub(
            rules,
            &Facts::default(),
            &[Text {
                text: &sample.text,
                kept: &[],
            }],
            &Alone,
        )
        .unwrap()
        .remove(0);
        let line = |at: usize| {
            let start = sample.text[..at].rfind('\n').map_or(0, |at| at + 1);
            sample.text[start..].lines().next().unwrap_or_default().to_owned()
        };
        for (range, class) in &sample.spans {
            let score = scores.entry(*class).or_default();
            score.spans += 1;
            if covers(&found, range) {
                score.hidden += 1;
            } else {
                faults.push(format!(
                    "missed {class} {:?} in {:?}",
                    &sample.text[range.clone()],
                    line(range.start)
                ));
            }
        }
        for finding in &found {
            let score = scores.entry(finding.class).or_default();
            score.findings += 1;
            if sample
                .spans
                .iter()
                .any(|(range, _)| range.start < finding.range.end && finding.range.start < range.end)
            {
                score.right += 1;
            } else {
                faults.push(format!(
                    "too much {} by {} {:?} in {:?}",
                    finding.class,
                    finding.rule,
                    &sample.text[finding.range.clone()],
                    line(finding.range.start)
                ));
            }
        }
    }
    Scores { classes: scores, faults }
}

/// All that weights are learned from: what rules were written with.
pub(crate) fn to_learn_from(corpus: &Path) -> Vec<Labelled> {
    let develop = corpus.join("develop");
    let mut folders: Vec<_> = std::fs::read_dir(&develop)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    folders.push(develop);
    folders.sort();
    folders.iter().flat_map(|folder| labelled(folder)).collect()
}

/// All the sessions in a folder, to learn from.
pub(crate) fn labelled(folder: &Path) -> Vec<Labelled> {
    let of = |sample: Sample| Labelled {
        text: sample.text,
        spans: sample.spans,
    };
    samples(folder).into_iter().map(of).collect()
}
