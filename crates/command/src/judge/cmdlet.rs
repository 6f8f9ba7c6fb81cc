//! PowerShell's commands: aliases, cmdlets by verb and noun with their parameters, methods, casts, and programs.

use super::native::default_sentence;
use super::{Around, Judge};
use crate::knowledge::{Family, Noun, Special, Thing};
use crate::parse::{Dialect, Word};
use crate::reading::ActionClass;

/// A parameter with its values, or values by position.
#[derive(Debug)]
pub(super) struct Bound<'a> {
    /// Without its dash, in small letters; empty for values by position.
    pub(super) parameter: String,
    pub(super) values: Vec<&'a Word>,
}

impl Judge {
    pub(super) fn powershell(&mut self, name: &Word, rest: &[Word], around: Around<'_>) {
        if !name.fixed {
            let folder = name.text.rfind('\\').and_then(|at| name.text.get(..at)).unwrap_or_default();
            if !folder.is_empty() && self.knowledge.is_system_folder(folder) {
                return self.native(name, rest, around);
            }
            self.perhaps_paths(rest, around);
            return self.opaque(name, around, "Which command this is will only be known when it runs.");
        }
        let lower = name.text.to_lowercase();
        if rest.is_empty()
            && !name.quoted
            && lower.starts_with(|first: char| first.is_ascii_digit())
            && lower.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
        {
            // A number or a range, which the grammar takes for a command.
            return;
        }
        if lower.starts_with(['[', '.']) && !lower.contains(['/', '\\']) {
            return self.dotnet(&lower, name, rest, around);
        }
        let lower = match lower.rsplit_once('\\') {
            Some((module, cmdlet)) if module.starts_with("microsoft.powershell.") => cmdlet.to_owned(),
            _ => lower,
        };
        let dialect = around.place.dialect;
        let alias = self
            .knowledge
            .alias(&lower)
            .filter(|(_, windows)| dialect == Dialect::WindowsPowershell || !windows);
        if let Some((target, _)) = alias {
            // On other systems than Windows some of these names are programs; it is as bad as the worse of the two.
            let as_program = dialect == Dialect::Pwsh && self.knowledge.program(Family::Posix, &lower).is_some();
            let target = target.to_lowercase();
            self.cmdlet(&target, name, rest, around);
            if as_program
                && self
                    .knowledge
                    .cmdlet(&target)
                    .is_some_and(|(class, _)| class == ActionClass::ReadOnly)
            {
                return;
            }
            return;
        }
        if self.knowledge.cmdlet(&lower).is_some() {
            return self.cmdlet(&lower, name, rest, around);
        }
        if self.defined.contains(&lower) {
            return self.verb(name.text.clone());
        }
        self.native(name, rest, around);
    }

    fn dotnet(&mut self, lower: &str, name: &Word, rest: &[Word], around: Around<'_>) {
        let lower = lower.replace("[system.", "[");
        let by_type = lower.split_once("::").map(|(kind, _)| format!("{kind}::*"));
        let program = self.knowledge.program(Family::Dotnet, &lower);
        let program = program.or_else(|| by_type.and_then(|name| self.knowledge.program(Family::Dotnet, &name)));
        match program {
            Some(program) => {
                // Quoted arguments are values even if they look like options.
                self.program(program, &lower, name, rest, around);
            }
            None => {
                self.verb(lower.clone());
                self.perhaps_paths(rest, around);
                let what = if lower.contains("::") || lower.starts_with('.') {
                    "method"
                } else {
                    "type"
                };
                self.opaque(name, around, format!("What the {what} `{lower}` does is not known here."));
            }
        }
    }

    pub(super) fn cmdlet(&mut self, lower: &str, name: &Word, rest: &[Word], around: Around<'_>) {
        self.verb(canonical(lower));
        let bound = self.bind(rest);
        if let Some(special) = self.knowledge.special(lower) {
            return self.special_cmdlet(special, lower, name, &bound, around);
        }
        self.name_bound(lower, &bound, around);
        let (class, sentence) = match self.knowledge.cmdlet(lower) {
            Some((class, sentence)) => (class, sentence.map(str::to_owned)),
            None => (ActionClass::Opaque, None),
        };
        let label = canonical(lower);
        let sentence = sentence.unwrap_or_else(|| default_sentence(&label, class));
        self.say(class, around.place.span(name.span()), sentence);
        self.cmdlet_raises(lower, &label, name, &bound, around);
        self.cmdlet_sets(lower, &bound, around);
        if class == ActionClass::ReadOnly {
            self.cmdlet_reads(lower, &label, name, &bound, around);
            self.sent_by_cmdlet(lower, &label, &bound, around);
        }
    }

    /// Variables that a cmdlet sets by name, its own or through the parameters that all cmdlets have.
    fn cmdlet_sets(&mut self, lower: &str, bound: &[Bound<'_>], around: Around<'_>) {
        let own = ["set-variable", "new-variable"].contains(&lower);
        for given in bound {
            let by_name = own && (given.parameter.is_empty() || "name".starts_with(&given.parameter));
            if !by_name && !self.knowledge.is_variable_parameter(&given.parameter) {
                continue;
            }
            for value in &given.values {
                let lower = value.text.to_lowercase();
                let plain = lower.rsplit([':', '+']).next().unwrap_or_default();
                // Only the name by position is a name; what follows is the value.
                if value.fixed && self.knowledge.is_session_variable(plain)
                    || by_name && !value.fixed && !given.parameter.is_empty()
                {
                    self.opaque(value, around, "A variable is set that changes what later commands do.");
                }
            }
        }
        if own
            && bound
                .first()
                .is_some_and(|first| first.parameter.is_empty() && first.values.iter().any(|value| !value.fixed))
        {
            self.say(
                ActionClass::Opaque,
                around
                    .place
                    .span(around.run.words.first().map_or(crate::Span { start: 0, end: 0 }, Word::span)),
                "Which variable is set is only known when it runs.".to_owned(),
            );
        }
    }

    /// What is worse about a cmdlet that reads, whichever it is.
    fn cmdlet_reads(&mut self, lower: &str, label: &str, name: &Word, bound: &[Bound<'_>], around: Around<'_>) {
        let span = around.place.span(name.span());
        if let Some(given) = bound
            .iter()
            .find(|given| self.knowledge.is_writing_parameter(&given.parameter))
            && !self.knowledge.raises.contains_key(lower)
        {
            let sentence = format!("`{label} -{}` writes a file.", given.parameter);
            self.say(ActionClass::Changing, span, sentence);
        }
        let asks_wmi = ["get-wmiobject", "get-ciminstance"].contains(&lower);
        let mut values = bound.iter().flat_map(|given| &given.values);
        if asks_wmi && values.any(|value| self.knowledge.names_installer(&value.text.to_lowercase())) {
            self.say(
                ActionClass::Changing,
                span,
                "Reading this class checks every installed package and repairs those that are found damaged.".to_owned(),
            );
        }
    }

    fn cmdlet_raises(&mut self, lower: &str, label: &str, name: &Word, bound: &[Bound<'_>], around: Around<'_>) {
        let Some(raises) = self.knowledge.raises.get(lower) else {
            return;
        };
        for raise in raises {
            for given in bound
                .iter()
                .filter(|given| !given.parameter.is_empty() && raise.parameter.starts_with(&given.parameter))
            {
                let harmless = given.values.first().is_some_and(|value| {
                    let text = value.text.to_lowercase();
                    value.fixed && (raise.except.contains(&text) || text == "$false")
                });
                if !harmless {
                    let sentence = raise
                        .sentence
                        .clone()
                        .unwrap_or_else(|| default_sentence(&format!("{label} -{}", raise.parameter), raise.class));
                    self.say(raise.class, around.place.span(name.span()), sentence);
                }
            }
        }
        if bound
            .iter()
            .flat_map(|bound| &bound.values)
            .any(|value| value.text.starts_with('@') && !value.text.starts_with("@{") && value.maybe_option)
        {
            self.opaque(name, around, format!("Parameters of `{label}` are only known when it runs."));
        }
    }

    /// Parameters to values, as far as that can be told without the cmdlet's own definition.
    pub(super) fn bind<'a>(&self, words: &'a [Word]) -> Vec<Bound<'a>> {
        let mut all: Vec<Bound<'a>> = Vec::new();
        let mut wants = false;
        for word in words {
            let bare = !word.quoted && word.text.len() > 1 && word.text.starts_with('-');
            let is_parameter =
                bare && !word.joined && word.text.chars().nth(1).is_some_and(|second| second.is_ascii_alphabetic());
            if is_parameter {
                let attached = word.text.ends_with(':');
                let name = word.text.trim_matches(['-', ':']).to_lowercase();
                wants = attached || !self.knowledge.is_switch(&name);
                all.push(Bound {
                    parameter: name,
                    values: Vec::new(),
                });
                continue;
            }
            match all.last_mut() {
                Some(last) if wants || word.joined => last.values.push(word),
                _ => all.push(Bound {
                    parameter: String::new(),
                    values: vec![word],
                }),
            }
            wants = false;
        }
        all
    }

    fn name_bound(&mut self, lower: &str, bound: &[Bound<'_>], around: Around<'_>) {
        let noun = self.knowledge.noun(lower);
        let mut positional = noun.map(|noun| noun.positional.as_slice()).unwrap_or_default().iter();
        for given in bound {
            let thing = if given.parameter.is_empty() {
                positional.next().copied()
            } else {
                self.parameter_names(noun, &given.parameter)
            };
            for value in given.values.iter().filter(|_| thing.is_some()) {
                self.name(thing.unwrap_or(Thing::Nothing), value, around.place);
            }
        }
    }

    /// What a parameter names; it may be shortened.
    fn parameter_names(&self, noun: Option<&Noun>, parameter: &str) -> Option<Thing> {
        let named = noun.map(|noun| &noun.named);
        let exact = named
            .and_then(|named| named.get(parameter).copied())
            .or_else(|| self.knowledge.parameter(parameter));
        exact.or_else(|| {
            let mut longer = named?
                .iter()
                .filter(|(name, _)| parameter.len() > 2 && name.starts_with(parameter));
            longer.next().map(|(_, thing)| *thing)
        })
    }

    fn special_cmdlet(&mut self, special: Special, lower: &str, name: &Word, bound: &[Bound<'_>], around: Around<'_>) {
        self.name_bound(lower, bound, around);
        let label = canonical(lower);
        let value_of = |wanted: &[&str]| {
            bound
                .iter()
                .find(|given| !given.parameter.is_empty() && wanted.iter().any(|wanted| wanted.starts_with(&given.parameter)))
                .map(|given| given.values.as_slice())
        };
        let first = bound
            .iter()
            .find(|given| given.parameter.is_empty())
            .and_then(|given| given.values.first().copied());
        match special {
            Special::InvokeExpression => {
                let text = value_of(&["command"]).and_then(|values| values.first().copied()).or(first);
                match text {
                    Some(text) if text.fixed => self.nested(text, around.place.dialect, around),
                    _ => self.opaque(name, around, "A text that is only known when it runs is run as a command."),
                }
            }
            Special::StartProcess => {
                let program = value_of(&["filepath"]).and_then(|values| values.first().copied()).or(first);
                let listed = value_of(&["argumentlist", "args"]);
                let by_position = bound
                    .iter()
                    .filter(|given| given.parameter.is_empty())
                    .skip(1)
                    .flat_map(|given| given.values.iter());
                let arguments: Vec<&Word> = listed.map_or_else(|| by_position.copied().collect(), <[&Word]>::to_vec);
                self.start(program, &arguments, name, around);
            }
            Special::Blocks | Special::ForEach => {
                let blocks = bound
                    .iter()
                    .flat_map(|given| &given.values)
                    .filter(|value| value.block)
                    .count();
                let file = value_of(&["filepath"]).is_some();
                if blocks == 0 && special == Special::ForEach {
                    let member = value_of(&["membername"]).and_then(|values| values.first().copied()).or(first);
                    return self.member(member, name, around);
                }
                if blocks == 0 || file {
                    return self.opaque(name, around, format!("What `{label}` runs is not in the text."));
                }
                self.say(
                    ActionClass::ReadOnly,
                    around.place.span(name.span()),
                    format!("`{label}` runs the block that it is given."),
                );
            }
            _ => self.opaque(name, around, default_sentence(&label, ActionClass::Opaque)),
        }
    }

    /// `ForEach-Object Name`: a property, or a method that is called.
    fn member(&mut self, member: Option<&Word>, name: &Word, around: Around<'_>) {
        let Some(member) = member.filter(|member| member.fixed) else {
            return self.opaque(name, around, "What is called on each object is not in the text.");
        };
        let lower = format!(".{}", member.text.to_lowercase());
        match self.knowledge.program(Family::Dotnet, &lower) {
            Some(program) => self.program(program, &lower, member, &[], around),
            None => self.opaque(
                member,
                around,
                format!("`{}` may be a method, and what it does is not known here.", member.text),
            ),
        }
    }
}

/// `get-childitem` as it is usually written, as far as that can be told: each part with a capital letter.
fn canonical(lower: &str) -> String {
    let parts = lower.split('-').map(|part| {
        let mut letters = part.chars();
        letters
            .next()
            .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
    });
    parts.collect::<Vec<String>>().join("-")
}
