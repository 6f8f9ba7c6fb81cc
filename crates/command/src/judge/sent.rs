//! What leaves the machine: words of programs that send them, and input that goes into such programs.
//!
//! Promises: what is sent by a command that is read-only stands in the text. A variable counts as standing there when all that the text
//! gives it does; names of machines may also be looked up one by one from a list. Leaves out: what the other machine learns from being asked.

use super::arguments::Arguments;
use super::cmdlet::Bound;
use super::{Around, Judge};
use crate::knowledge::{Program, Sends};
use crate::parse::{Dialect, Input, Item, Word};
use crate::reading::ActionClass;
use std::collections::BTreeSet;

/// What a variable may hold, by the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Held {
    /// One of these.
    Known(Vec<String>),
    /// One name of a list that is not in the text.
    Listed,
    /// What another command said.
    Composed,
}

/// Ways to fill in variables that are tried before what is sent counts as unknown.
const MAX_WAYS: usize = 32;

/// Variables that say who and where, and nothing else.
const TAME: &[&str] = &[
    "home",
    "user",
    "logname",
    "pwd",
    "hostname",
    "env:computername",
    "env:username",
    "env:userdnsdomain",
    "env:userdomain",
    "env:logonserver",
];

/// Parameters whose value is not sent as it is.
const KEPT: &[&str] = &[
    "credential",
    "proxycredential",
    "certificate",
    "websession",
    "timeoutsec",
    "count",
    "port",
    "outvariable",
];

/// Protocols by which a server may be known from its name alone, as curl guesses.
const GUESSED: &[&str] = &["ftp.", "dict.", "ldap.", "imap.", "smtp.", "pop3.", "gopher."];

impl Judge {
    /// Takes in what a text gives to its variables, before anything in it is judged: a loop may use first what it sets later.
    pub(super) fn learn(&mut self, items: &[Item], dialect: Dialect) {
        let defined: BTreeSet<&str> = items
            .iter()
            .filter_map(|item| match item {
                Item::Define(name) => Some(name.as_str()),
                _ => None,
            })
            .collect();
        for item in items {
            if !self.work.step() {
                return;
            }
            match item {
                Item::Assign { name, value, .. } => {
                    let held = self.held(value, dialect);
                    self.hold(plain_name(name), held);
                }
                // What a function of the text is called with becomes `$1` and so on.
                Item::Run(run) if run.words.first().is_some_and(|name| defined.contains(name.text.as_str())) => {
                    for word in run.words.iter().skip(1).take(9) {
                        let held = self.held(word, dialect);
                        for number in 1..=9 {
                            self.hold(number.to_string(), held.clone());
                        }
                    }
                }
                _ => {}
            }
        }
    }

    fn hold(&mut self, name: String, held: Held) {
        let both = match (self.variables.remove(&name), held) {
            (None, held) => held,
            (Some(Held::Known(mut all)), Held::Known(more)) if all.len() + more.len() <= MAX_WAYS => {
                all.extend(more);
                Held::Known(all)
            }
            (Some(Held::Composed), _) | (_, Held::Composed) => Held::Composed,
            _ => Held::Listed,
        };
        self.variables.insert(name, both);
    }

    /// A word whose variables are all given in the text turns into an option only if one of those values is one.
    pub(super) fn certain(&self, word: &Word, dialect: Dialect) -> Word {
        // Within quotes it stays one word, whatever is in it.
        let plain = |text: &String| {
            let splits = text.contains(|letter: char| letter.is_whitespace() || "*?[{".contains(letter));
            !text.starts_with(['-', '*', '?', '[']) && (word.quoted || !splits)
        };
        let certain = word.maybe_option
            && dialect.is_posix()
            && word.text.contains('$')
            && self.known(&word.text, dialect).is_some_and(|texts| texts.iter().all(plain));
        Word {
            maybe_option: word.maybe_option && !certain,
            ..word.clone()
        }
    }

    fn held(&self, value: &Word, dialect: Dialect) -> Held {
        let text = value.text.trim();
        if dialect.is_powershell() {
            let quoted = |mark: char| {
                text.strip_prefix(mark)
                    .and_then(|rest| rest.strip_suffix(mark))
                    .filter(|inner| !inner.contains([mark, '`']))
            };
            if let Some(inner) = quoted('\'') {
                return Held::Known(vec![inner.to_owned()]);
            }
            if let Some(known) = quoted('"').and_then(|inner| self.known(inner, dialect)) {
                return Held::Known(known);
            }
            if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
                return Held::Known(vec![text.to_owned()]);
            }
            let lower = text.to_lowercase();
            let composed = lower.starts_with('"')
                || ["+", "-f ", "-join", "-replace", "format", "$(", "`"]
                    .iter()
                    .any(|sign| lower.contains(sign));
            return if composed { Held::Composed } else { Held::Listed };
        }
        if value.fixed {
            return Held::Known(vec![value.text.clone()]);
        }
        let counts = |inner: &str| inner.bytes().all(|byte| byte.is_ascii_digit() || byte == b' ');
        if text
            .strip_prefix("$(seq ")
            .and_then(|rest| rest.strip_suffix(')'))
            .is_some_and(counts)
        {
            return Held::Known(vec!["0".to_owned()]);
        }
        if text
            .strip_prefix('{')
            .and_then(|rest| rest.strip_suffix('}'))
            .is_some_and(|inner| inner.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.'))
        {
            return Held::Known(vec!["0".to_owned()]);
        }
        match self.known(text, dialect) {
            Some(known) => Held::Known(known),
            None if is_list(text) => Held::Listed,
            None => Held::Composed,
        }
    }

    /// All that a text with variables may say; none when that is not in the text.
    fn known(&self, text: &str, dialect: Dialect) -> Option<Vec<String>> {
        let mut ways = vec![String::new()];
        let mut rest = text;
        let signs: &[char] = if dialect == Dialect::Cmd { &['%', '!'] } else { &['$', '`'] };
        while let Some(at) = rest.find(signs) {
            let (before, after) = (rest.get(..at)?, rest.get(at + 1..)?);
            if dialect == Dialect::Cmd || rest.get(at..)?.starts_with('`') {
                return None;
            }
            let braced = after.strip_prefix('{');
            let body = braced.unwrap_or(after);
            let end = body
                .find(|letter: char| {
                    !(letter.is_ascii_alphanumeric() || letter == '_' || (letter == ':' && dialect.is_powershell()))
                })
                .unwrap_or(body.len());
            let (name, mut after) = (body.get(..end)?, body.get(end..)?);
            if braced.is_some() {
                after = after.strip_prefix('}')?;
            }
            let name = if dialect.is_powershell() {
                plain_name(name)
            } else {
                name.to_owned()
            };
            let tame = vec!["x".to_owned()];
            let values = match self.variables.get(&name) {
                Some(Held::Known(values)) => values,
                None if TAME.contains(&name.to_lowercase().as_str()) => &tame,
                _ => return None,
            };
            if ways.len() * values.len() > MAX_WAYS {
                return None;
            }
            ways = ways
                .iter()
                .flat_map(|way| values.iter().map(move |value| format!("{way}{before}{value}")))
                .collect();
            rest = after;
        }
        ways.iter_mut().for_each(|way| way.push_str(rest));
        Some(ways)
    }

    fn texts(&self, word: &Word, dialect: Dialect) -> Option<Vec<String>> {
        if word.fixed {
            return Some(vec![word.text.clone()]);
        }
        let text = word.text.trim();
        let composed = dialect.is_powershell() && !word.quoted && (text.contains(['(', '|', '{', '@']) || text.contains("::"));
        if composed {
            return literal_table(text).then(|| vec![String::new()]);
        }
        self.known(text, dialect)
    }

    /// A program that sends its arguments, and nothing worse.
    pub(super) fn sent(
        &mut self,
        program: &Program,
        arguments: &Arguments<'_>,
        words: &[Word],
        label: &str,
        name: &Word,
        around: Around<'_>,
    ) {
        let first = arguments.positional.first().map_or("", |word| word.text.as_str());
        if program.sends_input.iter().any(|wanted| wanted == "*" || wanted == first) {
            self.sent_input(label, name, around);
        }
        match program.sends {
            Sends::Nothing => {}
            Sends::Names => {
                for word in words {
                    self.sent_name(word, label, around);
                }
            }
            Sends::Web => {
                for word in words {
                    self.sent_word(word, label, around);
                }
                let named = arguments
                    .named
                    .iter()
                    .filter(|named| named.key == "--url")
                    .map(|named| &named.word);
                let addresses: Vec<&Word> = arguments.positional.iter().copied().chain(named).collect();
                for address in addresses {
                    self.address(address, around);
                }
            }
        }
    }

    /// The same for a cmdlet.
    pub(super) fn sent_by_cmdlet(&mut self, lower: &str, label: &str, bound: &[Bound<'_>], around: Around<'_>) {
        let sends = self.knowledge.sends(lower);
        if sends == Sends::Nothing {
            return;
        }
        for given in bound.iter().filter(|given| !KEPT.contains(&given.parameter.as_str())) {
            for value in given.values.iter().filter(|value| !value.block) {
                if sends == Sends::Names {
                    self.sent_name(value, label, around);
                    continue;
                }
                self.sent_word(value, label, around);
                if given.parameter.is_empty() || "uri".starts_with(&given.parameter) {
                    self.address(value, around);
                }
            }
        }
    }

    /// What goes into a program that sends its input.
    pub(super) fn sent_input(&mut self, label: &str, name: &Word, around: Around<'_>) {
        let run = around.run;
        let file = run
            .redirects
            .iter()
            .any(|redirect| !redirect.writes && redirect.target.text != "/dev/null");
        let unknown = match &run.input {
            Input::Inherited | Input::Said => false,
            Input::Pipe => true,
            Input::Text(word) => !word.fixed,
        };
        if file || unknown {
            self.sends_unknown(name, label, around);
        }
    }

    fn sent_word(&mut self, word: &Word, label: &str, around: Around<'_>) {
        if self.texts(word, around.place.dialect).is_none() {
            self.sends_unknown(word, label, around);
        }
    }

    fn sent_name(&mut self, word: &Word, label: &str, around: Around<'_>) {
        if self.texts(word, around.place.dialect).is_some() {
            return;
        }
        let text = word
            .text
            .trim_start_matches(|letter: char| letter.is_ascii_digit() || letter == '.');
        let listed = if around.place.dialect.is_powershell() && text.starts_with('(') {
            text.ends_with(')') && !text.contains(['+', '`', '"', '\'', '$'])
        } else {
            let text = text
                .strip_prefix("$(")
                .and_then(|inner| inner.strip_suffix(')'))
                .filter(|_| around.place.dialect.is_powershell())
                .unwrap_or(text);
            let variable = text
                .strip_prefix("${")
                .and_then(|inner| inner.strip_suffix('}'))
                .or_else(|| text.strip_prefix('$'))
                .or_else(|| text.strip_prefix('%'));
            variable.is_some_and(|variable| {
                let variable = variable.trim_start_matches('%').trim_end_matches('%');
                let first = variable.split('.').next().unwrap_or_default();
                let plain = variable
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"_.".contains(&byte));
                let held = self.variables.get(&if around.place.dialect.is_powershell() {
                    plain_name(first)
                } else {
                    first.to_owned()
                });
                plain
                    && (variable == first || (around.place.dialect.is_powershell() && (!word.quoted || word.text.contains("$("))))
                    && held != Some(&Held::Composed)
            })
        };
        if !listed {
            self.sends_unknown(word, label, around);
        }
    }

    fn sends_unknown(&mut self, word: &Word, label: &str, around: Around<'_>) {
        let sentence = format!("What `{label}` sends to another machine is only known when it runs.");
        self.say(ActionClass::Changing, around.place.span(word.span()), sentence);
    }

    /// Other protocols than the web's carry whatever stands in the address.
    fn address(&mut self, word: &Word, around: Around<'_>) {
        let Some(texts) = self.texts(word, around.place.dialect) else {
            return;
        };
        if !texts.iter().all(|text| is_web(text)) {
            self.opaque(
                word,
                around,
                "An address that is not one of the web: other protocols can send or change anything.",
            );
        }
    }
}

/// `http`, `https`, or a host's name without a protocol, which is taken for `http`.
fn is_web(address: &str) -> bool {
    let lower = address.trim().to_lowercase();
    if lower.starts_with("http://") || lower.starts_with("https://") {
        return true;
    }
    let host = lower.split(['/', '?', '#']).next().unwrap_or_default();
    let (host, port) = host.split_once(':').unwrap_or((host, "80"));
    let named = !host.is_empty()
        && host
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte));
    named
        && !port.is_empty()
        && port.bytes().all(|byte| byte.is_ascii_digit())
        && !GUESSED.iter().any(|guessed| host.starts_with(guessed))
}

/// `$(cat FILE)`, `$(seq N)`: one name after another.
fn is_list(text: &str) -> bool {
    let Some(inner) = text.strip_prefix("$(").and_then(|inner| inner.strip_suffix(')')) else {
        return false;
    };
    let inner = inner.trim();
    (inner.starts_with("cat ") || inner.starts_with("seq ") || inner.starts_with('<'))
        && !inner.contains(['|', ';', '&', '$', '(', ')', '`', '\n', '>'])
}

/// `@{ Name = 'value' }` with texts alone.
fn literal_table(text: &str) -> bool {
    let Some(inner) = text.strip_prefix("@{").and_then(|inner| inner.strip_suffix('}')) else {
        return false;
    };
    inner
        .split([';', '\n'])
        .filter(|entry| !entry.trim().is_empty())
        .all(|entry| {
            let Some((key, value)) = entry.split_once('=') else {
                return false;
            };
            let key = key.trim().trim_matches(['\'', '"']);
            let (value, plain) = (value.trim(), |letter: char| {
                letter.is_ascii_alphanumeric() || " -_".contains(letter)
            });
            let single = value.len() > 1 && value.starts_with('\'') && value.ends_with('\'') && value.matches('\'').count() == 2;
            let double = value.len() > 1
                && value.starts_with('"')
                && value.ends_with('"')
                && value.matches('"').count() == 2
                && !value.contains(['$', '`']);
            key.chars().all(plain) && (single || double)
        })
}

/// A variable's name without its sign and scope, as PowerShell compares it; a shell's name stays as it is.
fn plain_name(name: &str) -> String {
    let Some(bare) = name.strip_prefix('$') else {
        return match name.split_once(':') {
            Some((scope, rest)) if is_scope(scope) => rest.to_lowercase(),
            Some(_) => name.to_lowercase(),
            None => name.to_owned(),
        };
    };
    let lower = bare.trim_matches(['{', '}']).to_lowercase();
    match lower.split_once(':') {
        Some((scope, rest)) if is_scope(scope) => rest.to_owned(),
        _ => lower,
    }
}

fn is_scope(scope: &str) -> bool {
    ["global", "local", "script", "private", "using", "variable"].contains(&scope.to_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_the_web() {
        for address in [
            "http://x",
            "HTTPS://x/y?z=gopher://",
            "example.com",
            "localhost:8080/health",
            "192.0.2.1",
        ] {
            assert!(is_web(address), "{address}");
        }
        for address in [
            "gopher://x",
            "gopher:/x",
            "dict:x",
            "file:///etc/passwd",
            "ftp.example.com",
            "smtp://x",
            "{http,gopher}://x",
            "",
        ] {
            assert!(!is_web(address), "{address}");
        }
    }
}
