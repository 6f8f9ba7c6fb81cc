//! Programs, judged by their tables.

use super::arguments::{self, Arguments};
use super::{Around, Judge};
use crate::knowledge::{Family, Options, Pattern, Program, Sends, Style, Thing, Verdict, Wrap};
use crate::parse::{Dialect, Word};
use crate::reading::ActionClass;

impl Judge {
    /// A program that is found by its name or path.
    pub(super) fn native(&mut self, name: &Word, rest: &[Word], around: Around<'_>) {
        let Some(plain) = self.plain_name(name, around) else { return };
        let families: &[Family] = match around.place.dialect {
            Dialect::Sh | Dialect::Bash => &[Family::Posix],
            Dialect::Cmd => &[Family::Cmd, Family::Windows],
            Dialect::WindowsPowershell => &[Family::Windows],
            Dialect::Pwsh => &[Family::Windows, Family::Posix],
        };
        if around.place.dialect == Dialect::Cmd && plain.eq_ignore_ascii_case("set") {
            self.set_of_cmd(name, rest, around);
        }
        let certain: Vec<Word> = rest.iter().map(|word| self.certain(word, around.place.dialect)).collect();
        let rest = certain.as_slice();
        let evaluates = ["printf", "test", "[", "read", "mapfile", "readarray", "wait", "getopts"].contains(&plain.as_str());
        if evaluates
            && rest
                .iter()
                .any(|word| word.text.contains('[') && word.text.contains(['$', '`']) && word.fixed)
        {
            self.opaque(name, around, "The index of an array is evaluated, and may run something.");
        }
        if around.place.dialect.is_posix() {
            self.sets_variables(&plain, rest, around);
        }
        let mut known = false;
        for family in families {
            let folded = if *family == Family::Posix {
                plain.clone()
            } else {
                plain.to_lowercase()
            };
            if let Some(program) = self.knowledge.program(*family, &folded) {
                self.program(program, &folded, name, rest, around);
                known = true;
                // What the command processor has built in hides a program of the same name.
                if *family == Family::Cmd {
                    break;
                }
            }
        }
        if !known {
            self.verb(plain.clone());
            self.perhaps_paths(rest, around);
            if !self.defined.contains(&plain) {
                let sentence = format!("`{plain}` is not a program that is known here; what it does cannot be told.");
                self.opaque(name, around, sentence);
            }
        }
    }

    /// `set NAME=value` of the command processor.
    fn set_of_cmd(&mut self, name: &Word, rest: &[Word], around: Around<'_>) {
        let words = rest
            .iter()
            .filter(|word| !word.text.starts_with('/'))
            .map(|word| word.text.as_str());
        let whole = words.collect::<Vec<_>>().join(" ");
        let variable = whole.split('=').next().unwrap_or_default().trim().to_uppercase();
        if whole.contains('=') && self.knowledge.is_dangerous_variable(&variable) {
            let sentence = format!("`{variable}` is set, which changes what later commands do.");
            self.opaque(name, around, sentence);
        }
    }

    /// What a shell has built in to set variables may set one on which later commands depend.
    fn sets_variables(&mut self, plain: &str, rest: &[Word], around: Around<'_>) {
        let words: &[Word] = match plain {
            "read" | "mapfile" | "readarray" | "getopts" => rest,
            "printf" | "wait" => match rest
                .iter()
                .position(|word| word.text.starts_with("-v") || word.text.starts_with("-p"))
            {
                Some(at) => rest.get(at..).unwrap_or_default(),
                None => return,
            },
            _ => return,
        };
        for word in words {
            let name = word
                .text
                .trim_start_matches("-v")
                .trim_start_matches("-p")
                .trim_start_matches("-a");
            let dangerous = self
                .knowledge
                .is_dangerous_variable(name.split('[').next().unwrap_or_default());
            if dangerous || (!word.fixed && plain != "printf") {
                self.opaque(
                    word,
                    around,
                    "A variable is set that changes what later commands do, or may be one.",
                );
            }
        }
    }

    /// The name without a folder that belongs to the system and without `.exe`; none when it cannot be told what would run.
    fn plain_name(&mut self, name: &Word, around: Around<'_>) -> Option<String> {
        let posix = around.place.dialect.is_posix();
        let separators: &[char] = if posix { &['/'] } else { &['/', '\\'] };
        let (folder, base) = match name.text.rfind(separators) {
            Some(at) => (
                name.text.get(..at).unwrap_or_default(),
                name.text.get(at + 1..).unwrap_or_default(),
            ),
            None => ("", name.text.as_str()),
        };
        let trusted = folder.is_empty() || self.knowledge.is_system_folder(folder);
        let base_known = !base.contains(['$', '%', '*', '?', '{', '~', '`']) && (name.fixed || (trusted && !folder.is_empty()));
        if !(base_known || name.fixed && base == "[") {
            self.opaque(name, around, "Which program this is will only be known when it runs.");
            return None;
        }
        if !trusted {
            self.verb(name.text.clone());
            self.name(Thing::Is(crate::reading::ResourceKind::Path), name, around.place);
            let sentence = format!(
                "`{}` is a program or script outside the system's own folders; what it does cannot be told.",
                name.text
            );
            self.opaque(name, around, sentence);
            return None;
        }
        let lower = base.to_lowercase();
        let stripped = lower
            .strip_suffix(".exe")
            .or_else(|| lower.strip_suffix(".com"))
            .filter(|_| !posix);
        Some(stripped.map_or_else(|| base.to_owned(), str::to_owned))
    }

    /// A program that a table knows.
    pub(super) fn program(&mut self, program: &Program, plain: &str, name: &Word, rest: &[Word], around: Around<'_>) {
        if let Some(special) = program.special {
            return self.special(special, program, plain, name, rest, around);
        }
        if let Some(wrap) = program.wraps {
            return self.unwrap_program(program, wrap, plain, name, rest, around);
        }
        let (arguments, _) = arguments::part(program, rest, false);
        let rule = program.rules.iter().find_map(|(patterns, verdict)| {
            let used = arguments.matches(program, patterns)?;
            Some((used, verdict, patterns.as_slice()))
        });
        let chosen = rule.map(|(used, verdict, _)| (used, verdict));
        let overrides = chosen.map(|(_, verdict)| verdict.keyed.as_slice()).unwrap_or_default();
        for named in &arguments.named {
            let thing = overrides
                .iter()
                .find(|(key, _)| *key == named.key)
                .map_or(named.thing, |(_, thing)| *thing);
            self.name(thing, &named.word, around.place);
        }
        let verbs = chosen.map_or(0, |(used, _)| used);
        let mut label = plain.to_owned();
        for word in arguments.positional.iter().take(verbs) {
            label.push(' ');
            label.push_str(&word.text.to_lowercase());
        }
        self.verb(label.clone());
        match chosen.or(program.otherwise.as_ref().map(|verdict| (0, verdict))) {
            Some((used, verdict)) => {
                self.verdict(verdict, &arguments, used, &label, name, around);
                self.uncertain(program, verdict.class, &arguments, &label, name, around);
                let raised = self.raises(program, &arguments, &label, name, around);
                if verdict.class.max(raised) == ActionClass::ReadOnly {
                    let patterns = rule.map(|(_, _, patterns)| patterns).unwrap_or_default();
                    self.strange(program, patterns, &arguments, &label, name, around);
                    self.sent(program, &arguments, rest, &label, name, around);
                }
            }
            None => {
                self.perhaps_paths(rest, around);
                let sentence = format!("What `{label}` does with these arguments cannot be told.");
                self.opaque(name, around, sentence);
                self.raises(program, &arguments, &label, name, around);
            }
        }
    }

    fn verdict(
        &mut self,
        verdict: &Verdict,
        arguments: &Arguments<'_>,
        used: usize,
        label: &str,
        name: &Word,
        around: Around<'_>,
    ) {
        let mut things = verdict.things.iter();
        let mut last = Thing::Nothing;
        for word in arguments.positional.iter().skip(used) {
            last = match things.next() {
                Some(thing) => *thing,
                None if verdict.repeat => last,
                None => Thing::Nothing,
            };
            self.name(last, word, around.place);
        }
        let sentence = verdict
            .sentence
            .clone()
            .unwrap_or_else(|| default_sentence(label, verdict.class));
        self.say(verdict.class, around.place.span(name.span()), sentence);
    }

    /// What options make of it; the worst of that.
    fn raises(
        &mut self,
        program: &Program,
        arguments: &Arguments<'_>,
        label: &str,
        name: &Word,
        around: Around<'_>,
    ) -> ActionClass {
        let mut worst = ActionClass::ReadOnly;
        for raise in &program.raises {
            let given = raise.flags.iter().find(|(flag, harmless)| {
                if flag.len() > 1 && flag.starts_with(['-', '/']) {
                    let (flag, wanted) = flag
                        .split_once('=')
                        .map_or((flag.as_str(), "*"), |(flag, value)| (flag, value));
                    arguments.all(program, flag).any(|flag| {
                        let value = flag.value.as_deref();
                        let is_harmless = value.is_some_and(|value| harmless.iter().any(|harmless| like(harmless, value)));
                        !is_harmless && (wanted == "*" || value.is_none_or(|value| like(wanted, value)))
                    })
                } else {
                    let wanted = flag.to_lowercase();
                    arguments
                        .positional
                        .iter()
                        .any(|word| like(&wanted, &word.text.to_lowercase()))
                }
            });
            if let Some((flag, _)) = given {
                let sentence = raise
                    .sentence
                    .clone()
                    .unwrap_or_else(|| default_sentence(&format!("{label} {flag}"), raise.class));
                worst = worst.max(raise.class);
                self.say(raise.class, around.place.span(name.span()), sentence);
            }
        }
        worst
    }

    /// A word that could turn out to be an option, where an option would make it worse.
    fn uncertain(
        &mut self,
        program: &Program,
        class: ActionClass,
        arguments: &Arguments<'_>,
        label: &str,
        name: &Word,
        around: Around<'_>,
    ) {
        let worse = |other: ActionClass| other > class;
        let is_flag = |flag: &str| flag.starts_with(['-', '/']);
        // Of those that ask about a machine none does more for an option that is not known.
        let strict =
            matches!(program.options, Options::These(_)) && program.style != Style::Plain && program.sends != Sends::Names;
        let risky = strict && class == ActionClass::ReadOnly
            || program
                .raises
                .iter()
                .any(|raise| worse(raise.class) && raise.flags.iter().any(|(flag, _)| is_flag(flag)))
            || program.rules.iter().any(|(patterns, verdict)| {
                worse(verdict.class)
                    && patterns
                        .iter()
                        .any(|pattern| matches!(pattern, crate::knowledge::Pattern::Flag(_)))
            });
        if arguments.uncertain && risky {
            let sentence = format!(
                "An argument of `{label}` is only known when it runs, and could turn out to be an option that makes it worse."
            );
            self.opaque(name, around, sentence);
        }
    }

    /// An option that no table knows.
    pub(super) fn strange(
        &mut self,
        program: &Program,
        patterns: &[Pattern],
        arguments: &Arguments<'_>,
        label: &str,
        name: &Word,
        around: Around<'_>,
    ) {
        if let Some(flag) = arguments.strange(program, patterns) {
            let sentence = format!("What `{label}` does with the option `{}` is not known here.", flag.name);
            self.opaque(name, around, sentence);
        }
    }

    /// Takes a wrapper such as `sudo` or `timeout 5` off, and judges what it runs.
    fn unwrap_program(&mut self, program: &Program, wrap: Wrap, plain: &str, name: &Word, rest: &[Word], around: Around<'_>) {
        let (arguments, inner) = arguments::part(program, rest, true);
        for named in &arguments.named {
            self.name(named.thing, &named.word, around.place);
        }
        self.verb(plain.to_owned());
        if let Some((_, verdict)) = program
            .rules
            .iter()
            .find(|(patterns, _)| arguments.matches(program, patterns).is_some())
        {
            let sentence = verdict
                .sentence
                .clone()
                .unwrap_or_else(|| default_sentence(plain, verdict.class));
            return self.say(verdict.class, around.place.span(name.span()), sentence);
        }
        self.raises(program, &arguments, plain, name, around);
        self.strange(program, &[], &arguments, plain, name, around);
        let mut inner = inner.get(wrap.skip..).unwrap_or_default();
        while let Some((word, after)) = inner.split_first() {
            let Some((variable, value)) = word.text.split_once('=').filter(|(variable, _)| is_variable(variable)) else {
                break;
            };
            if !self.knowledge.is_harmless_variable(variable) || (variable == "PAGER" && value != "cat") {
                let sentence = format!("`{variable}` is set for a program, which may make it do something else.");
                self.opaque(word, around, sentence);
            }
            inner = after;
        }
        let around = Around {
            wraps: around.wraps + 1,
            ..around
        };
        if inner.is_empty() {
            match &program.otherwise {
                Some(verdict) => {
                    let sentence = verdict
                        .sentence
                        .clone()
                        .unwrap_or_else(|| default_sentence(plain, verdict.class));
                    self.say(verdict.class, around.place.span(name.span()), sentence);
                }
                None => self.opaque(name, around, format!("What `{plain}` runs cannot be told.")),
            }
            return;
        }
        if wrap.appends {
            let mut words = inner.to_vec();
            words.push(Word {
                text: "$input".to_owned(),
                maybe_option: true,
                ..name.clone()
            });
            return self.command(&words, around);
        }
        self.command(inner, around);
    }

    /// For programs that are not known: what looks like a path is one.
    pub(super) fn perhaps_paths(&mut self, words: &[Word], around: Around<'_>) {
        for word in words {
            self.name(Thing::PerhapsPath, word, around.place);
        }
    }
}

/// Whether a text is like a pattern: `*` at its ends stands for anything, `\n` for a new line.
fn like(pattern: &str, text: &str) -> bool {
    let pattern = pattern.replace("\\n", "\n");
    match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
        (Some(_), Some(_)) => text.contains(pattern.trim_matches('*')),
        (Some(end), None) => text.ends_with(end),
        (None, Some(start)) => text.starts_with(start),
        (None, None) => text == pattern,
    }
}

fn is_variable(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

pub(super) fn default_sentence(label: &str, class: ActionClass) -> String {
    class.said_of(label)
}
