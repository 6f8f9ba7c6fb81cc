//! The Windows command processor: an own small reader, by the phases of its parser (percent, special characters, `for`, `if`).
//!
//! Variables are replaced before the line is parsed, so that only those whose values are plain everywhere may stand in it.

use super::{Input, Invocation, Item, Redirect, Script, Word};
use crate::limits::Work;
use std::collections::BTreeSet;

/// Variables that Windows sets, and whose values hold no operators.
const TAME: &[&str] = &[
    "ALLUSERSPROFILE",
    "APPDATA",
    "CD",
    "COMMONPROGRAMFILES",
    "COMPUTERNAME",
    "COMSPEC",
    "DATE",
    "ERRORLEVEL",
    "HOMEDRIVE",
    "HOMEPATH",
    "LOCALAPPDATA",
    "LOGONSERVER",
    "NUMBER_OF_PROCESSORS",
    "OS",
    "PROCESSOR_ARCHITECTURE",
    "PROGRAMDATA",
    "PROGRAMFILES",
    "PROGRAMFILES(X86)",
    "PROGRAMW6432",
    "PUBLIC",
    "RANDOM",
    "SESSIONNAME",
    "SYSTEMDRIVE",
    "SYSTEMROOT",
    "TEMP",
    "TIME",
    "TMP",
    "USERDNSDOMAIN",
    "USERDOMAIN",
    "USERNAME",
    "USERPROFILE",
    "WINDIR",
];

pub(super) fn read(text: &str, script: &mut Script, work: &mut Work) {
    let lower = text.to_ascii_lowercase();
    let mut reader = Reader {
        text,
        lower: &lower,
        at: 0,
        script,
        work,
        assigned: BTreeSet::new(),
        open: 0,
        nested: 0,
    };
    reader.sequence();
}

struct Reader<'a> {
    text: &'a str,
    /// The same in small letters.
    lower: &'a str,
    at: usize,
    script: &'a mut Script,
    work: &'a mut Work,
    assigned: BTreeSet<String>,
    /// Round brackets that are open.
    open: usize,
    /// Commands inside the sets of `for /f`.
    nested: usize,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn blanks(&mut self) {
        while let Some(' ' | '\t' | ',' | ';' | '=') = self.peek() {
            self.at += 1;
        }
    }

    fn sequence(&mut self) {
        let mut input = Input::Inherited;
        while let Some(character) = self.peek() {
            if !self.work.step() {
                return self.script.opaque(
                    self.at,
                    self.text.len(),
                    "The text is too intricate to be read within bounds.",
                );
            }
            match character {
                ' ' | '\t' | ',' | ';' | '=' | '\n' | '\r' | '@' => self.at += 1,
                '&' => {
                    self.at += 1;
                    input = Input::Inherited;
                }
                '|' => {
                    self.at += 1;
                    input = if self.peek() == Some('|') {
                        Input::Inherited
                    } else {
                        Input::Pipe
                    };
                    if input == Input::Inherited {
                        self.at += 1;
                    }
                }
                '(' => {
                    self.open += 1;
                    self.at += 1;
                }
                ')' => {
                    if self.open == 0 {
                        self.script
                            .opaque(self.at, self.at + 1, "A bracket closes that was not opened.");
                    }
                    self.open = self.open.saturating_sub(1);
                    self.at += 1;
                    self.after_bracket();
                }
                _ => {
                    self.command(std::mem::take(&mut input));
                }
            }
        }
        if self.open > 0 {
            self.script.opaque(0, self.text.len(), "A bracket does not close.");
        }
    }

    /// Redirections of a whole block.
    fn after_bracket(&mut self) {
        self.blanks();
        let start = self.at;
        let mut redirects = Vec::new();
        while self.redirect(&mut redirects) {
            self.blanks();
        }
        if !redirects.is_empty() {
            let end = self.at;
            self.script.items.push(Item::Run(Invocation {
                redirects,
                start,
                end,
                ..Invocation::default()
            }));
        }
    }

    fn command(&mut self, input: Input) {
        let start = self.at;
        let mut run = Invocation {
            input,
            start,
            ..Invocation::default()
        };
        loop {
            self.blanks_of(&run);
            if self.redirect(&mut run.redirects) {
                continue;
            }
            let name = run.words.is_empty();
            let Some(word) = self.word(name) else { break };
            if name {
                match word.text.to_lowercase().as_str() {
                    "if" => return self.condition(),
                    "for" => return self.each(),
                    "else" | "do" => return,
                    "rem" => {
                        self.line();
                        return;
                    }
                    text if text.starts_with(':') => {
                        self.line();
                        return;
                    }
                    _ => {}
                }
            }
            run.words.push(word);
        }
        run.end = self.at;
        if let [set, assignment, ..] = run.words.as_slice()
            && set.text.eq_ignore_ascii_case("set")
        {
            let name = assignment.text.split('=').next().unwrap_or_default();
            self.assigned.insert(name.to_uppercase());
        }
        if !run.words.is_empty() || !run.redirects.is_empty() {
            self.script.items.push(Item::Run(run));
        } else if self.at == start {
            self.at += self.peek().map_or(1, char::len_utf8);
        }
    }

    fn blanks_of(&mut self, run: &Invocation) {
        if run.words.is_empty() {
            return self.blanks();
        }
        while let Some(' ' | '\t') = self.peek() {
            self.at += 1;
        }
    }

    fn line(&mut self) {
        let end = self.rest().find('\n').unwrap_or(self.rest().len());
        self.at += end;
    }

    /// `[n]>`, `[n]>>`, `[n]<` and what follows.
    fn redirect(&mut self, redirects: &mut Vec<Redirect>) -> bool {
        let rest = self.rest();
        let digits = usize::from(rest.starts_with(|first: char| first.is_ascii_digit()));
        let after = rest.get(digits..).unwrap_or_default();
        let writes = after.starts_with('>');
        if !writes && !after.starts_with('<') {
            return false;
        }
        self.at += digits + 1;
        if self.peek() == Some('>') {
            self.at += 1;
        }
        if self.peek() == Some('&') {
            self.at += 1;
            if self.peek().is_some_and(|next| next.is_ascii_digit()) {
                self.at += 1;
            } else {
                self.script.opaque(self.at, self.at, "A redirection that is not understood.");
            }
            return true;
        }
        self.blanks();
        match self.word(false) {
            Some(target) => redirects.push(Redirect { target, writes }),
            None => self.script.opaque(self.at, self.at, "A redirection leads nowhere."),
        }
        true
    }

    /// One word; none at an operator or the end.
    fn word(&mut self, is_name: bool) -> Option<Word> {
        let start = self.at;
        let mut word = Word {
            fixed: true,
            start,
            ..Word::default()
        };
        let (mut quoted, mut any) = (false, false);
        while let Some(character) = self.peek() {
            if !self.work.step() {
                break;
            }
            match character {
                '"' => {
                    quoted = !quoted;
                    word.quoted = true;
                }
                '\n' | '\r' => break,
                '%' => {
                    self.percent(&mut word);
                    any = true;
                    continue;
                }
                _ if quoted => word.text.push(character),
                '^' => {
                    self.at += 1;
                    match self.peek() {
                        Some('\n' | '\r') | None => self.script.opaque(start, self.at, "A caret at the end of the line."),
                        Some(escaped) => {
                            word.text.push(escaped);
                            self.at += escaped.len_utf8();
                        }
                    }
                    any = true;
                    continue;
                }
                ' ' | '\t' | '&' | '|' | '<' | '>' => break,
                ')' if self.open > 0 => break,
                ',' | ';' | '=' | '(' if is_name => break,
                '/' if is_name && any => break,
                '\\' | '.' if is_name && word.text.eq_ignore_ascii_case("cd") => break,
                '.' | ':' if is_name && word.text.eq_ignore_ascii_case("echo") => {
                    self.at += 1;
                    break;
                }
                _ => word.text.push(character),
            }
            any = true;
            self.at += character.len_utf8();
        }
        if quoted {
            self.script.opaque(start, self.at, "A quoted text does not end.");
        }
        word.end = self.at;
        any.then_some(word)
    }

    fn percent(&mut self, word: &mut Word) {
        let start = self.at;
        word.fixed = false;
        word.maybe_option |= word.text.is_empty();
        let rest = self.rest().get(1..).unwrap_or_default();
        let name_end = rest.find(|character: char| character == '%' || character.is_whitespace() || "\"&|<>".contains(character));
        let name = name_end.and_then(|end| rest.get(..end)).unwrap_or_default();
        let closed = name_end.is_some_and(|end| rest.get(end..).is_some_and(|rest| rest.starts_with('%')));
        if closed && !name.is_empty() {
            let plain = name.split(':').next().unwrap_or_default().to_uppercase();
            self.at += name.len() + 2;
            if !TAME.contains(&plain.as_str()) || self.assigned.contains(&plain) {
                self.script.opaque(
                    start,
                    self.at,
                    format!("What `%{name}%` holds becomes part of the command, and is not known."),
                );
            }
            word.maybe_option &= !TAME.contains(&plain.as_str());
        } else {
            self.at += 1;
            if closed {
                self.at += 1;
            }
        }
        let text = self.text.get(start..self.at).unwrap_or_default();
        word.text.push_str(text);
    }

    /// `if` up to the command that it guards.
    fn condition(&mut self) {
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
    fn each(&mut self) {
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
