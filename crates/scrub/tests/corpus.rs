//! The rules against a corpus of terminal text whose spans people labelled (crates/scrub/corpus/README.md).
//!
//! `develop` is what rules were written with; `heldout` was written without knowledge of the rules, and rules are not tuned on it. The
//! bars stand on `heldout`: recall of a span counts only when all of it is hidden; precision counts findings that touch a labelled span.

use caisey_scrub::{Class, Facts, Finding, Rules, Text, scrub};
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

/// A session of the corpus: its text without marks, and the marked spans.
struct Sample {
    text: String,
    spans: Vec<(Range<usize>, Class)>,
}

#[derive(Default)]
struct Score {
    spans: u32,
    hidden: u32,
    findings: u32,
    right: u32,
}

impl Score {
    fn recall(&self) -> f64 {
        f64::from(self.hidden) / f64::from(self.spans.max(1))
    }
}

/// Sessions begin with a line `=== name`; `⟦class|text⟧` marks a span.
fn samples(folder: &str) -> Vec<Sample> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(folder);
    let mut files: Vec<_> = std::fs::read_dir(&folder)
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

/// Scores by class, and what was missed and found too much, for people.
fn score(folder: &str) -> (BTreeMap<Class, Score>, Vec<String>) {
    let rules = Rules::new().unwrap();
    let (mut scores, mut faults) = (BTreeMap::<Class, Score>::new(), Vec::new());
    for sample in samples(folder) {
        let found = scrub(
            &rules,
            &Facts::default(),
            &[Text {
                text: &sample.text,
                kept: &[],
            }],
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
    (scores, faults)
}

/// What a corpus has to reach.
struct Bars {
    spans: u32,
    structured: f64,
    names: f64,
    precision: f64,
}

fn hold_bars(folder: &str, bars: &Bars) {
    let (scores, faults) = score(folder);
    let mut table = String::new();
    let (mut structured, mut named, mut all) = (Score::default(), Score::default(), Score::default());
    for (class, score) in &scores {
        table += &format!(
            "{class:18} recall {:5}/{:<5} {:.3}   precision {:5}/{:<5}\n",
            score.hidden,
            score.spans,
            score.recall(),
            score.right,
            score.findings
        );
        let group = if class.is_structured() { &mut structured } else { &mut named };
        for total in [group, &mut all] {
            total.spans += score.spans;
            total.hidden += score.hidden;
            total.findings += score.findings;
            total.right += score.right;
        }
    }
    let precision = f64::from(all.right) / f64::from(all.findings.max(1));
    println!(
        "{table}structured {:.4}, names {:.4}, precision {precision:.4}, {} spans\n{}",
        structured.recall(),
        named.recall(),
        all.spans,
        faults.join("\n")
    );
    assert!(
        all.spans >= bars.spans,
        "{folder} has {} spans, fewer than {}",
        all.spans,
        bars.spans
    );
    assert!(
        structured.recall() >= bars.structured,
        "{folder}: recall of structured classes and secrets is {:.4}",
        structured.recall()
    );
    assert!(
        named.recall() >= bars.names,
        "{folder}: recall of names, paths and hosts is {:.4}",
        named.recall()
    );
    assert!(precision >= bars.precision, "{folder}: precision is {precision:.4}");
}

#[test]
fn the_bars_hold_on_what_rules_were_written_with() {
    let bars = Bars {
        spans: 2_000,
        structured: 0.99,
        names: 0.97,
        precision: 0.90,
    };
    hold_bars("develop", &bars);
}

/// What was reached on text that rules have never seen, so that it does not get worse unnoticed. Wanted are the bars above.
#[test]
fn unseen_text_is_scrubbed_no_worse_than_before() {
    let reached = Bars {
        spans: 3_500,
        structured: 0.95,
        names: 0.91,
        precision: 0.94,
    };
    hold_bars("heldout", &reached);
}
