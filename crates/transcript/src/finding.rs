//! What was looked at, and whether it holds: one plain sentence each, with a stable word for programs.

use serde::Serialize;

/// What a finding means for the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Weight {
    /// It holds.
    Holds,
    /// It neither holds nor fails; a reader should know it.
    Note,
    /// It does not hold: neither does the whole.
    Fails,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What it means.
    pub weight: Weight,
    /// A stable word for it.
    pub code: &'static str,
    /// For people. May quote what a file says: draw it with [`crate::visible::marked_line`].
    pub words: String,
}

/// At most this many failures of one kind are listed; the rest is counted.
const MOST_LISTED: usize = 20;

/// Findings in the order in which they were made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Findings(pub Vec<Finding>);

impl Findings {
    /// Adds one.
    pub fn add(&mut self, weight: Weight, code: &'static str, words: impl Into<String>) {
        self.0.push(Finding {
            weight,
            code,
            words: words.into(),
        });
    }

    /// It holds.
    pub fn holds(&mut self, code: &'static str, words: impl Into<String>) {
        self.add(Weight::Holds, code, words);
    }

    /// A reader should know it.
    pub fn note(&mut self, code: &'static str, words: impl Into<String>) {
        self.add(Weight::Note, code, words);
    }

    /// It does not hold.
    pub fn fails(&mut self, code: &'static str, words: impl Into<String>) {
        self.add(Weight::Fails, code, words);
    }

    /// Either everything of a kind holds, or each failure is listed.
    pub fn weigh(&mut self, code: &'static str, holds: impl Into<String>, failures: Vec<(&'static str, String)>) {
        if failures.is_empty() {
            return self.holds(code, holds);
        }
        let more = failures.len().saturating_sub(MOST_LISTED);
        let last = failures.last().map_or(code, |(code, _)| code);
        failures
            .into_iter()
            .take(MOST_LISTED)
            .for_each(|(code, words)| self.fails(code, words));
        if more > 0 {
            self.fails(last, format!("and {more} more of the same kind"));
        }
    }

    /// Whether nothing fails.
    pub fn hold(&self) -> bool {
        self.0.iter().all(|finding| finding.weight != Weight::Fails)
    }

    /// Codes of what fails, in order, for tests and programs.
    pub fn failures(&self) -> Vec<&'static str> {
        self.0
            .iter()
            .filter(|finding| finding.weight == Weight::Fails)
            .map(|finding| finding.code)
            .collect()
    }
}

/// An error with everything that caused it, in one sentence.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        words.push_str(": ");
        words.push_str(&next.to_string());
        cause = next.source();
    }
    words
}
