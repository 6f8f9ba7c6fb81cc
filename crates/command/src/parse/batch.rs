//! The Windows command processor: an own small reader, by the phases of its parser (percent, special characters; `for` and `if`
//! in `batch_flow`).
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

/// Reads one text; see the module's.
pub(super) struct Reader<'a> {
    pub(super) text: &'a str,
    /// The same in small letters.
    pub(super) lower: &'a str,
    pub(super) at: usize,
    pub(super) script: &'a mut Script,
    pub(super) work: &'a mut Work,
    pub(super) assigned: BTreeSet<String>,
    /// Round brackets that are open.
    pub(super) open: usize,
    /// Commands inside the sets of `for /f`.
    pub(super) nested: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn blanks(&mut self) {
        while let Some(' ' | '\t' | ',' | ';' | '=') = self.peek() {
            self.at += 1;
        }
    }

    pub(super) fn sequence(&mut self) {
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

    pub(super) fn blanks_of(&mut self, run: &Invocation) {
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
    pub(super) fn word(&mut self, is_name: bool) -> Option<Word> {
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

    pub(super) fn percent(&mut self, word: &mut Word) {
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
}
