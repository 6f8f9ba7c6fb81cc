//! Lines that say nothing by themselves and come again: prompts, headings, rows of tables, what services print every minute.
//!
//! What a line says by itself depends on nothing but its bytes. Rules that look at lines above and below are asked about every line,
//! whether it was seen or not.

use crate::needles::eight;

/// The last line seen of each of so many kinds, by what its bytes are mixed to.
const KEPT: usize = 2_048;
/// Shorter lines cost no more than looking them up does.
const SHORTEST: usize = 12;

/// Lines of a session in which nothing was found.
pub(crate) struct Quiet<'a> {
    lines: Vec<&'a str>,
}

impl Default for Quiet<'_> {
    fn default() -> Self {
        Self { lines: vec![""; KEPT] }
    }
}

impl<'a> Quiet<'a> {
    /// Whether nothing was found in this very line before.
    pub(crate) fn has(&self, line: &str) -> bool {
        line.len() >= SHORTEST && self.lines.get(place(line)).is_some_and(|known| *known == line)
    }

    /// Notes that nothing was found in this line.
    pub(crate) fn note(&mut self, line: &'a str) {
        if line.len() >= SHORTEST
            && let Some(known) = self.lines.get_mut(place(line))
        {
            *known = line;
        }
    }
}

/// The beginning of a line, its middle, its end and its length tell most lines from each other.
fn place(line: &str) -> usize {
    let bytes = line.as_bytes();
    let starts = [0, bytes.len() / 2, bytes.len().saturating_sub(8)];
    let mixed = starts.into_iter().fold(bytes.len() as u64, |mixed, start| {
        let eight = eight(bytes.get(start..).unwrap_or_default());
        (mixed.rotate_left(23) ^ eight).wrapping_mul(0x9E37_79B9_7F4A_7C15)
    });
    (mixed >> 40) as usize % KEPT
}

#[cfg(test)]
#[allow(clippy::expect_used)]
mod tests {
    use super::*;
    use crate::rule::Rules;

    #[test]
    fn lines_are_told_apart() {
        let mut quiet = Quiet::default();
        quiet.note("Setting up libssl3");
        assert!(quiet.has("Setting up libssl3"));
        assert!(!quiet.has("Setting up libssl4") && !quiet.has("Setting up"));
    }

    #[test]
    fn a_line_that_said_nothing_is_heard_below_another() {
        let rules = Rules::new().expect("the table of this version");
        let name = "brelqvostanix";
        let found = |text: &str| {
            let found = rules.find(text);
            found
                .iter()
                .map(|finding| text[finding.range.clone()].to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(found(&format!("{name}\n{name}\n")), Vec::<String>::new());
        assert_eq!(found(&format!("{name}\n$ whoami\n{name}\n{name}\n")), [name]);
    }
}
