//! `if` and `for` of the Windows command processor, up to the commands that they guard or repeat.

use super::batch::Reader;
use super::{Invocation, Script, Word};

impl Reader<'_> {
    /// `if` up to the command that it guards.
    pub(super) fn condition(&mut self) {
        let next = |reader: &mut Self| {
            reader.blanks_of(&Invocation {
                words: vec![Word::default()],
                ..Invocation::default()
            });
            reader.word(false).map(|word| word.text).unwrap_or_default()
        };
        let mut first = next(self);
        while ["/i", "not"].contains(&first.to_lowercase().as_str()) {
            first = next(self);
        }
        match first.to_lowercase().as_str() {
            "exist" | "defined" | "errorlevel" | "cmdextversion" => {
                next(self);
            }
            text if text.contains("==") && !text.ends_with("==") => {}
            text if text.ends_with("==") => {
                next(self);
            }
            _ => {
                let operator = next(self).to_lowercase();
                let known = ["==", "equ", "neq", "lss", "leq", "gtr", "geq"].contains(&operator.as_str());
                if known {
                    next(self);
                } else if !operator.starts_with("==") {
                    self.script.opaque(self.at, self.at, "A condition that is not understood.");
                }
            }
        }
    }

    /// `for … in (…) do`, up to the command that is repeated.
    pub(super) fn each(&mut self) {
        let start = self.at;
        let lower = self.lower.get(start..).unwrap_or_default();
        let header = lower.find(" in ").and_then(|at| {
            let open = at + 4 + lower.get(at + 4..)?.find(|character: char| character != ' ')?;
            lower.get(open..)?.starts_with('(').then_some(open)
        });
        let Some(open) = header else {
            self.at = self.text.len();
            return self.script.opaque(start, self.at, "A loop that is not understood.");
        };
        let runs = lower.get(..open).is_some_and(|header| header.contains("/f"));
        let (mut quoted, mut end) = (None, None);
        for (at, character) in lower.char_indices().skip_while(|(at, _)| *at <= open) {
            match (quoted, character) {
                (None, '"' | '\'' | '`') => quoted = Some(character),
                (Some(open), close) if open == close => quoted = None,
                (None, ')') => {
                    end = Some(at);
                    break;
                }
                _ => {}
            }
        }
        let Some(end) = end else {
            self.at = self.text.len();
            return self.script.opaque(start, self.at, "A loop's set does not end.");
        };
        let set = self.text.get(start + open + 1..start + end).unwrap_or_default().trim();
        if runs && set.starts_with(['\'', '`']) {
            self.run_set(set, start + open + 1);
        } else if set.contains('%') {
            let mut word = Word::default();
            let resume = self.at;
            self.at = start + open + 1 + set.find('%').unwrap_or(0);
            self.percent(&mut word);
            self.at = resume;
        }
        self.at = start + end + 1;
        self.blanks();
        if self.rest().get(..2).is_some_and(|word| word.eq_ignore_ascii_case("do")) {
            self.at += 2;
        } else {
            self.script.opaque(start, self.at, "A loop that is not understood.");
        }
    }

    /// The set of a `for /f` is a command of its own.
    fn run_set(&mut self, set: &str, at: usize) {
        let inner = set.get(1..set.len().saturating_sub(1)).unwrap_or_default();
        if self.nested >= 3 || !self.work.steps(inner.len()) {
            return self
                .script
                .opaque(at, at + set.len(), "The text is nested too deeply to be read within bounds.");
        }
        let mut script = Script::default();
        let lower = inner.to_ascii_lowercase();
        let mut reader = Reader {
            text: inner,
            lower: &lower,
            at: 0,
            script: &mut script,
            work: self.work,
            assigned: self.assigned.clone(),
            open: 0,
            nested: self.nested + 1,
        };
        reader.sequence();
        for mut item in script.items {
            super::shift(&mut item, at + 1);
            self.script.items.push(item);
        }
    }
}
