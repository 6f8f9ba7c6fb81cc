//! How many tests passed and failed, read from what the test programs print.

use std::fmt;

/// Numbers of passed and failed tests, and of steps that could not be done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Passed.
    pub(crate) passed: u64,
    /// Failed, timed out or could not be started.
    pub(crate) failed: u64,
    /// Steps that this machine has not what it takes for.
    pub(crate) skipped: u64,
}

impl Tally {
    /// Adds another count to this one.
    pub(crate) fn add(&mut self, other: Tally) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }

    /// The final count, given how the program ended: a failed program has failed at least once, and a step that has no tests
    /// of its own counts as one.
    pub(crate) fn settled(self, reporter: Reporter, success: bool) -> Self {
        match (reporter, success) {
            (Reporter::Whole, true) => Self {
                passed: 1,
                ..Self::default()
            },
            (_, true) => self,
            (_, false) => Self {
                passed: self.passed,
                failed: self.failed.max(1),
                ..self
            },
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)?;
        match self.skipped {
            0 => Ok(()),
            1 => write!(f, ", 1 step skipped"),
            steps => write!(f, ", {steps} steps skipped"),
        }
    }
}

/// Which program's way of reporting to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reporter {
    /// None: the step is one check.
    Whole,
    /// cargo-nextest's summary line.
    Nextest,
    /// `test result:` lines of Rust's own harness.
    Libtest,
    /// Vitest's `Tests` line.
    Vitest,
    /// Playwright's closing lines.
    Playwright,
}

impl Reporter {
    /// What one printed line adds to the count.
    pub(crate) fn read(self, line: &str) -> Tally {
        let plain = without_colour(line);
        let text = plain.trim();
        let counts = match self {
            Self::Whole => false,
            Self::Nextest => text.starts_with("Summary ["),
            Self::Libtest => text.starts_with("test result:"),
            Self::Vitest => text.starts_with("Tests "),
            Self::Playwright => text.split_whitespace().next().is_some_and(|word| word.parse::<u64>().is_ok()),
        };
        if !counts {
            return Tally::default();
        }
        let failed = ["failed", "timed out", "exec failed"]
            .iter()
            .map(|word| before(text, word))
            .sum();
        Tally {
            passed: before(text, "passed"),
            failed,
            skipped: 0,
        }
    }
}

/// The number directly before a word, 0 without one.
fn before(text: &str, word: &str) -> u64 {
    let mut number = 0;
    let words: Vec<&str> = word.split(' ').collect();
    let tokens: Vec<&str> = text
        .split(|letter: char| letter.is_whitespace() || ",;|()".contains(letter))
        .filter(|token| !token.is_empty())
        .collect();
    for window in tokens.windows(words.len() + 1) {
        if let Some((first, rest)) = window.split_first()
            && rest == words
            && let Ok(found) = first.parse::<u64>()
        {
            number = found;
        }
    }
    number
}

/// Removes terminal colour sequences (ECMA-48 CSI … m).
fn without_colour(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        if letter == '\u{1b}' {
            letters.by_ref().find(|end| end.is_ascii_alphabetic());
        } else {
            plain.push(letter);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(reporter: Reporter, line: &str, passed: u64, failed: u64) {
        let expected = Tally {
            passed,
            failed,
            skipped: 0,
        };
        assert_eq!(reporter.read(line), expected, "{line}");
    }

    #[test]
    fn reads_what_each_program_prints() {
        check(
            Reporter::Nextest,
            "     Summary [   1.2s] 12 tests run: 11 passed (1 slow), 1 failed, 2 skipped",
            11,
            1,
        );
        check(
            Reporter::Nextest,
            "\u{1b}[32;1m     Summary\u{1b}[0m [ 0.1s] \u{1b}[1m3\u{1b}[0m tests run: \u{1b}[1m3\u{1b}[0m \u{1b}[32;1mpassed\u{1b}[0m, 0 skipped",
            3,
            0,
        );
        check(
            Reporter::Nextest,
            "Summary [ 9.0s] 4 tests run: 2 passed, 1 failed, 1 timed out, 0 skipped",
            2,
            2,
        );
        check(
            Reporter::Libtest,
            "test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out",
            3,
            2,
        );
        check(Reporter::Vitest, "      Tests  1 failed | 7 passed (8)", 7, 1);
        check(Reporter::Vitest, " Test Files  2 passed (2)", 0, 0);
        check(Reporter::Playwright, "  9 passed (4.1s)", 9, 0);
        check(Reporter::Playwright, "  2 failed", 0, 2);
        check(Reporter::Whole, "3 passed", 0, 0);
    }

    #[test]
    fn a_failed_program_never_counts_as_nothing_failed() {
        let counts = |tally: Tally| (tally.passed, tally.failed, tally.skipped);
        assert_eq!(counts(Tally::default().settled(Reporter::Nextest, false)), (0, 1, 0));
        assert_eq!(counts(Tally::default().settled(Reporter::Whole, true)), (1, 0, 0));
    }

    #[test]
    fn the_last_line_says_what_was_left_out_only_when_something_was() {
        let mut total = Tally {
            passed: 7,
            ..Tally::default()
        };
        assert_eq!(total.to_string(), "7 passed, 0 failed");
        total.skipped = 2;
        assert_eq!(total.to_string(), "7 passed, 0 failed, 2 steps skipped");
    }
}
