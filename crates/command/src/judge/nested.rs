//! Commands inside commands: shells, encoded texts, evaluation, `find -exec`.

use super::arguments;
use super::{Around, Judge, Place, given, small};
use crate::knowledge::{Program, Special, Thing};
use crate::parse::{Dialect, Word};
use crate::reading::{ActionClass, ResourceKind};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};

impl Judge {
    /// A text that is known, read in another language or the same.
    pub(super) fn nested(&mut self, text: &Word, dialect: Dialect, around: Around<'_>) {
        self.nested_text(&text.text, text, dialect, around);
    }

    fn nested_text(&mut self, text: &str, at: &Word, dialect: Dialect, around: Around<'_>) {
        let place = around.place;
        let fixed = Some(place.span(at.span()));
        self.text(
            text,
            Place {
                dialect,
                depth: place.depth + 1,
                fixed,
            },
        );
    }

    pub(super) fn special(
        &mut self,
        special: Special,
        program: &Program,
        plain: &str,
        name: &Word,
        rest: &[Word],
        around: Around<'_>,
    ) {
        self.verb(plain.to_owned());
        match special {
            Special::Shell => self.shell(program, plain, name, rest, around),
            Special::Powershell => self.powershell_program(plain, name, rest, around),
            Special::Cmd => self.cmd_program(name, rest, around),
            Special::Eval => {
                let (arguments, words) = arguments::part(program, rest, true);
                self.strange(program, &[], &arguments, plain, name, around);
                self.eval(words, name, around);
            }
            Special::Find => self.find(program, plain, name, rest, around),
            Special::Sed | Special::Awk => self.script_program(special, program, plain, name, rest, around),
            Special::Ssh => self.ssh(program, name, rest, around),
            Special::StartProcess => {
                // `start "title" /options program arguments`.
                let titled = rest.first().is_some_and(|title| title.quoted);
                let (_, after) = arguments::part(program, rest.get(usize::from(titled)..).unwrap_or_default(), true);
                self.start(after.first(), &after.iter().skip(1).collect::<Vec<_>>(), name, around);
            }
            Special::InvokeExpression | Special::Blocks | Special::ForEach => {
                self.opaque(name, around, "What it runs cannot be told.");
            }
        }
    }

    fn eval(&mut self, words: &[Word], name: &Word, around: Around<'_>) {
        match words {
            [] => {}
            words if words.iter().all(|word| word.fixed) => {
                self.nested_text(&joined(words, false), name, around.place.dialect, around);
            }
            _ => self.opaque(name, around, "A text that is only known when it runs is run as a command."),
        }
    }

    /// `sh -c TEXT`; anything else it reads from a file or from its input.
    fn shell(&mut self, program: &Program, plain: &str, name: &Word, rest: &[Word], around: Around<'_>) {
        let (arguments, after) = arguments::part(program, rest, true);
        if arguments.has(program, "--version") {
            return self.say(
                ActionClass::ReadOnly,
                around.place.span(name.span()),
                format!("`{plain}` says its version."),
            );
        }
        let dialect = if plain == "bash" { Dialect::Bash } else { Dialect::Sh };
        let unusual = arguments
            .flags
            .iter()
            .any(|flag| !["-c", "-e", "-u", "-x", "-l"].contains(&flag.name.as_str()));
        if unusual {
            self.opaque(name, around, format!("`{plain}` is started in an unusual way."));
        }
        if arguments.has(program, "-c") {
            match after.first() {
                Some(text) if text.fixed && !text.text.contains("{}") => {
                    self.nested(text, dialect, around);
                    // What follows becomes $0, $1, …, which may run only if it is used as a name, and that is opaque by itself.
                }
                _ => self.opaque(name, around, "A text that is only known when it runs is run as a command."),
            }
            return;
        }
        match (after.first(), given(around.run)) {
            (None, Some(text)) => self.nested(&text.clone(), dialect, around),
            (None, None) => self.opaque(name, around, format!("`{plain}` runs whatever it is given as input.")),
            (Some(script), _) => {
                self.name(Thing::Is(ResourceKind::Path), script, around.place);
                self.opaque(
                    script,
                    around,
                    format!("`{}` is a script; what it does is not in the text.", script.text),
                );
            }
        }
    }

    fn powershell_program(&mut self, plain: &str, name: &Word, rest: &[Word], around: Around<'_>) {
        let dialect = if plain.starts_with("pwsh") {
            Dialect::Pwsh
        } else {
            Dialect::WindowsPowershell
        };
        let mut words = rest;
        while let Some((word, after)) = words.split_first() {
            let lower = word
                .text
                .to_lowercase()
                .replacen('/', "-", usize::from(word.text.starts_with('/')));
            let Some(option) = lower.strip_prefix('-') else { break };
            let option = option.trim_matches(['-', ':']);
            words = after;
            let is = |full: &str| !option.is_empty() && full.starts_with(option);
            if option == "ec" || (is("encodedcommand") && !is("executionpolicy")) || option == "e" || option == "en" {
                return match after.first().map(|text| (text, decoded(&text.text))) {
                    Some((text, Some(decoded))) if text.fixed => {
                        self.say(
                            ActionClass::ReadOnly,
                            around.place.span(text.span()),
                            "An encoded command was decoded and read.".to_owned(),
                        );
                        self.nested_text(&decoded, text, dialect, around)
                    }
                    _ => self.opaque(name, around, "An encoded command cannot be decoded."),
                };
            }
            if is("command") || option == "c" {
                return self.rest_as_text(after, name, dialect, around);
            }
            if is("file") {
                if let Some(script) = after.first() {
                    self.name(Thing::Is(ResourceKind::Path), script, around.place);
                }
                return self.opaque(name, around, "A script is run; what it does is not in the text.");
            }
            let switch = ["noprofile", "noninteractive", "nologo", "sta", "mta"]
                .iter()
                .any(|full| is(full))
                || option == "nop";
            let takes = ["executionpolicy", "windowstyle", "inputformat", "outputformat"]
                .iter()
                .any(|full| is(full))
                || option == "ep"
                || option == "ex";
            match (switch, takes) {
                (true, _) => {}
                (_, true) => words = after.get(1..).unwrap_or_default(),
                _ => return self.opaque(word, around, format!("`{plain}` is started in an unusual way.")),
            }
        }
        match (words.is_empty(), dialect) {
            (false, Dialect::WindowsPowershell) => self.rest_as_text(words, name, dialect, around),
            (false, _) => self.opaque(name, around, "A script is run; what it does is not in the text."),
            (true, _) => match given(around.run) {
                Some(text) => self.nested(&text.clone(), dialect, around),
                None => self.opaque(name, around, format!("`{plain}` runs whatever it is given as input.")),
            },
        }
    }

    fn rest_as_text(&mut self, words: &[Word], name: &Word, dialect: Dialect, around: Around<'_>) {
        match words {
            [block] if block.block => {}
            [] | [_, ..] if words.is_empty() || !words.iter().all(|word| word.fixed) => {
                self.opaque(name, around, "A text that is only known when it runs is run as a command.");
            }
            words => self.nested_text(
                &joined(words, words.len() > 1 && around.place.dialect == Dialect::Cmd),
                name,
                dialect,
                around,
            ),
        }
    }

    /// `cmd /c TEXT`.
    fn cmd_program(&mut self, name: &Word, rest: &[Word], around: Around<'_>) {
        let mut words = rest;
        while let Some((word, after)) = words.split_first() {
            words = after;
            match word.text.to_lowercase().as_str() {
                "/c" | "/k" | "/r" => {
                    if words.is_empty() || !words.iter().all(|word| word.fixed || around.place.dialect == Dialect::Cmd) {
                        break;
                    }
                    let text = joined(words, words.len() > 1);
                    return self.nested_text(&text, name, Dialect::Cmd, around);
                }
                "/d" | "/s" | "/q" | "/a" | "/u" => {}
                _ => break,
            }
        }
        self.opaque(name, around, "What the command processor runs cannot be told.");
    }

    /// `Start-Process PROGRAM ARGUMENTS` and `start`: read as a command line of its own.
    pub(super) fn start(&mut self, program: Option<&Word>, arguments: &[&Word], name: &Word, around: Around<'_>) {
        let Some(program) = program.filter(|program| program.fixed && !program.text.is_empty()) else {
            return self.opaque(name, around, "Which program is started cannot be told.");
        };
        if program.text.contains("://") {
            self.name(Thing::Is(ResourceKind::Url), program, around.place);
            return self.say(
                ActionClass::Changing,
                around.place.span(name.span()),
                "An address is opened in a browser.".to_owned(),
            );
        }
        if !arguments.iter().all(|word| word.fixed) {
            let known = Around {
                wraps: around.wraps + 1,
                ..around
            };
            self.command(std::slice::from_ref(program), known);
            return self.opaque(
                name,
                around,
                "Arguments of the program that is started are only known when it runs.",
            );
        }
        let tail: Vec<String> = arguments.iter().map(|word| word.text.clone()).collect();
        let text = format!("\"{}\" {}", program.text, tail.join(" "));
        self.nested_text(&text, name, Dialect::Cmd, around);
    }

    fn find(&mut self, program: &Program, plain: &str, name: &Word, rest: &[Word], around: Around<'_>) {
        for path in rest
            .iter()
            .take_while(|word| !word.text.starts_with('-') && word.text != "(" && word.text != "!")
        {
            self.name(Thing::Is(ResourceKind::Path), path, around.place);
        }
        let mut plain_words = Vec::new();
        let mut words = rest.iter();
        while let Some(word) = words.next() {
            if !["-exec", "-execdir", "-ok", "-okdir"].contains(&word.text.as_str()) {
                plain_words.push(word.clone());
                continue;
            }
            let inner: Vec<Word> = words
                .by_ref()
                .take_while(|word| word.text != ";" && word.text != "+")
                .map(|word| Word {
                    // What `find` puts there is not in the text.
                    fixed: word.fixed && !word.text.contains("{}"),
                    ..word.clone()
                })
                .collect();
            if inner.is_empty() {
                self.opaque(word, around, "What `find` runs cannot be told.");
            } else {
                self.command(
                    &inner,
                    Around {
                        wraps: around.wraps + 1,
                        ..around
                    },
                );
            }
        }
        let bare = Program {
            special: None,
            ..program.clone()
        };
        self.program(&bare, plain, name, &plain_words, around);
    }

    /// `sed` and `awk`: the script is looked at, the rest is judged by the tables.
    fn script_program(
        &mut self,
        special: Special,
        program: &Program,
        plain: &str,
        name: &Word,
        rest: &[Word],
        around: Around<'_>,
    ) {
        let bare = Program {
            special: None,
            ..program.clone()
        };
        let (arguments, _) = arguments::part(&bare, rest, false);
        let from_file = arguments.has(&bare, "-f") || arguments.has(&bare, "--file");
        let given: Vec<Word> = arguments
            .named
            .iter()
            .filter(|named| special == Special::Sed && ["-e", "--expression"].contains(&named.key.as_str()))
            .map(|named| named.word.clone())
            .collect();
        let script = if given.is_empty() {
            arguments
                .positional
                .first()
                .map(|word| vec![(*word).clone()])
                .unwrap_or_default()
        } else {
            given
        };
        for word in &script {
            let harmless = word.fixed
                && if special == Special::Sed {
                    small::sed_only_prints(&word.text)
                } else {
                    small::awk_only_prints(&word.text)
                };
            if !harmless {
                self.opaque(word, around, format!("What this script for `{plain}` does cannot be told."));
            }
        }
        if from_file || script.is_empty() {
            self.opaque(name, around, format!("The script for `{plain}` is not in the text."));
        }
        self.program(&bare, plain, name, rest, around);
    }

    fn ssh(&mut self, program: &Program, name: &Word, rest: &[Word], around: Around<'_>) {
        let (arguments, after) = arguments::part(program, rest, true);
        for named in &arguments.named {
            self.name(named.thing, &named.word, around.place);
        }
        let Some((host, command)) = after.split_first() else {
            return self.opaque(name, around, "Which machine is meant cannot be told.");
        };
        let plain = Word {
            text: host.text.rsplit('@').next().unwrap_or_default().to_owned(),
            ..host.clone()
        };
        self.name(Thing::Is(ResourceKind::Host), &plain, around.place);
        if arguments
            .flags
            .iter()
            .any(|flag| !["-p", "-i", "-q", "-T", "-n", "-4", "-6", "-l", "-t"].contains(&flag.name.as_str()))
            || arguments.uncertain
        {
            self.opaque(name, around, "`ssh` is given options that can run or forward something.");
        }
        self.sent_input("ssh", name, around);
        if command.is_empty() || !command.iter().all(|word| word.fixed) {
            return self.opaque(name, around, "What is run on the other machine cannot be told.");
        }
        self.nested_text(&joined(command, false), name, Dialect::Sh, around);
    }
}

/// Words as one text; with quotes around those that need them if `quote`.
fn joined(words: &[Word], quote: bool) -> String {
    let texts = words.iter().map(|word| {
        if quote && word.quoted && word.text.contains([' ', '\t', '&', '|', '<', '>', '(', ')']) {
            format!("\"{}\"", word.text)
        } else {
            word.text.clone()
        }
    });
    texts.collect::<Vec<_>>().join(" ")
}

/// Base64 of UTF-16LE, as `-EncodedCommand` takes it.
fn decoded(text: &str) -> Option<String> {
    let text = text.trim();
    let bytes = STANDARD.decode(text).or_else(|_| STANDARD_NO_PAD.decode(text)).ok()?;
    if bytes.len() % 2 != 0 {
        return None;
    }
    let units: Vec<u16> = bytes
        .chunks_exact(2)
        .filter_map(|pair| <[u8; 2]>::try_from(pair).ok().map(u16::from_le_bytes))
        .collect();
    String::from_utf16(&units).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoded_commands_are_utf16() {
        assert_eq!(decoded("RwBlAHQALQBEAGEAdABlAA==").as_deref(), Some("Get-Date"));
        assert_eq!(decoded("RwBl!"), None);
        assert_eq!(decoded("QQ=="), None);
    }
}
