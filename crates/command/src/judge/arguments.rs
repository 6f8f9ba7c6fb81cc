//! Arguments of a program parted into options, their values and the rest, by the program's style.

use crate::knowledge::{Options, Pattern, Program, Style, Thing};
use crate::parse::Word;

/// An option that was given.
#[derive(Debug)]
pub(super) struct Flag {
    pub(super) name: String,
    pub(super) value: Option<String>,
}

/// A value with what it belongs to.
#[derive(Debug)]
pub(super) struct Named {
    pub(super) key: String,
    pub(super) thing: Thing,
    pub(super) word: Word,
}

/// See the module's text.
#[derive(Debug, Default)]
pub(super) struct Arguments<'a> {
    pub(super) flags: Vec<Flag>,
    pub(super) positional: Vec<&'a Word>,
    /// Words that are values of options, or `key=value`, with what they name.
    pub(super) named: Vec<Named>,
    /// A word could turn out to be an option.
    pub(super) uncertain: bool,
}

fn fold(program: &Program, text: &str) -> String {
    if program.style == Style::Single && text.starts_with("--") {
        return text.replacen("--", "-", 1);
    }
    if program.style == Style::Dos {
        text.to_lowercase().replacen('-', "/", usize::from(text.starts_with('-')))
    } else {
        text.to_owned()
    }
}

/// Parts the words after a program's name.
pub(super) fn part<'a>(program: &Program, words: &'a [Word], first_only: bool) -> (Arguments<'a>, &'a [Word]) {
    let mut found = Arguments::default();
    let mut rest = words;
    let mut options_end = false;
    while let Some((word, after)) = rest.split_first() {
        found.uncertain |= word.maybe_option;
        let is_flag = !options_end && looks_like_flag(program.style, word);
        if !is_flag {
            if first_only {
                break;
            }
            rest = after;
            rest = keyed(program, word, rest, &mut found);
            continue;
        }
        rest = after;
        if word.text == "--" {
            options_end = true;
            if first_only {
                break;
            }
            continue;
        }
        rest = flag(program, word, rest, &mut found);
    }
    (found, rest)
}

fn looks_like_flag(style: Style, word: &Word) -> bool {
    let text = word.text.as_str();
    match style {
        Style::Plain => false,
        Style::Dos => text.len() > 1 && text.starts_with(['/', '-']),
        Style::Unix | Style::Single => text.len() > 1 && text.starts_with('-'),
    }
}

/// Takes an option in, and its value if it has one; returns the words after it.
fn flag<'a>(program: &Program, word: &Word, rest: &'a [Word], found: &mut Arguments<'a>) -> &'a [Word] {
    let text = fold(program, &word.text);
    let (name, value) = match text.find(['=', ':']) {
        Some(at) if program.style != Style::Unix || text.starts_with("--") => (
            text.get(..at).unwrap_or_default().to_owned(),
            word.text.get(at + 1..).map(str::to_owned),
        ),
        _ => (text.clone(), None),
    };
    let takes = |name: &str| program.values.iter().any(|known| known == name) || thing_of(program, name).is_some();
    let mut rest = rest;
    let add = |name: &str, value: Option<String>, rest: &mut &'a [Word], found: &mut Arguments<'a>| {
        let next = || rest.first().map(|value| value.text.clone()).filter(|_| takes(name));
        found.flags.push(Flag {
            name: name.to_owned(),
            value: value.clone().or_else(next),
        });
        if !takes(name) {
            return;
        }
        let thing = thing_of(program, name).unwrap_or(Thing::Nothing);
        match value {
            Some(value) => found.named.push(Named {
                key: name.to_owned(),
                thing,
                word: Word {
                    text: value,
                    ..word.clone()
                },
            }),
            None => {
                // A switch is not a value, even if the one before it wants one.
                if let Some((value, after)) = rest
                    .split_first()
                    .filter(|(value, _)| program.style != Style::Dos || !value.text.starts_with('/'))
                {
                    found.named.push(Named {
                        key: name.to_owned(),
                        thing,
                        word: value.clone(),
                    });
                    *rest = after;
                }
            }
        }
    };
    let cluster = program.style == Style::Unix && !text.starts_with("--") && text.chars().count() > 2;
    if cluster && text.len() > 64 {
        found.uncertain = true;
    } else if cluster {
        let letters: Vec<char> = text.chars().skip(1).collect();
        for (at, letter) in letters.iter().enumerate() {
            let name = format!("-{letter}");
            let left: String = letters.iter().skip(at + 1).collect();
            let value = (!left.is_empty()).then_some(left);
            let ends = takes(&name);
            add(&name, value, &mut rest, found);
            if ends {
                return rest;
            }
        }
    } else if program.style == Style::Dos && text.matches('/').count() > 1 && value.is_none() {
        for name in text.split('/').filter(|name| !name.is_empty()) {
            add(&format!("/{name}"), None, &mut rest, found);
        }
    } else {
        add(&name, value, &mut rest, found);
    }
    rest
}

fn thing_of(program: &Program, flag: &str) -> Option<Thing> {
    program.names.iter().find(|(name, _)| name == flag).map(|(_, thing)| *thing)
}

/// `key=value` and `key= value`.
fn keyed<'a>(program: &Program, word: &'a Word, rest: &'a [Word], found: &mut Arguments<'a>) -> &'a [Word] {
    let Some((key, value)) = word.text.split_once('=').filter(|_| !program.keyed.is_empty()) else {
        found.positional.push(word);
        return rest;
    };
    let thing = program
        .keyed
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(key))
        .map_or(Thing::Nothing, |(_, thing)| *thing);
    if !value.is_empty() {
        found.named.push(Named {
            key: key.to_lowercase(),
            thing,
            word: Word {
                text: value.to_owned(),
                ..word.clone()
            },
        });
        return rest;
    }
    match rest.split_first() {
        Some((value, after)) => {
            found.named.push(Named {
                key: key.to_lowercase(),
                thing,
                word: value.clone(),
            });
            after
        }
        None => rest,
    }
}

impl Arguments<'_> {
    /// Whether an option is among these; long ones may be shortened, and are recognised when they are.
    pub(super) fn has(&self, program: &Program, wanted: &str) -> bool {
        self.find(program, wanted).is_some()
    }

    /// The same, and the option. `-x=value` asks for that value; another value of the same option must not be given with it.
    pub(super) fn find(&self, program: &Program, wanted: &str) -> Option<&Flag> {
        let (wanted, value) = wanted
            .split_once('=')
            .map_or((wanted, None), |(wanted, value)| (wanted, Some(value)));
        let mut all = self.all(program, wanted);
        let has = |flag: &Flag| value.is_none_or(|value| flag.value.as_deref() == Some(value));
        all.next()
            .filter(|first| has(first))
            .filter(|_| self.all(program, wanted).all(has))
    }

    /// Every time an option is given.
    pub(super) fn all<'f>(&'f self, program: &Program, wanted: &str) -> impl Iterator<Item = &'f Flag> {
        let wanted = fold(program, wanted);
        let unix = program.style == Style::Unix;
        self.flags.iter().filter(move |flag| {
            let shortened = unix && flag.name.len() > 3 && flag.name.starts_with("--") && wanted.starts_with(&flag.name);
            let prefix = wanted.strip_suffix('*').is_some_and(|prefix| flag.name.starts_with(prefix));
            flag.name == wanted || shortened || prefix
        })
    }

    /// The first option that no line of the program speaks of, so that nobody has thought about what it does. `patterns` are those of
    /// the rule that applies: what other rules look for is not known to go with it.
    pub(super) fn strange(&self, program: &Program, patterns: &[Pattern]) -> Option<&Flag> {
        let Options::These(listed) = &program.options else {
            return None;
        };
        let in_rule = patterns.iter().flat_map(|pattern| match pattern {
            Pattern::Flag(flags) | Pattern::Only(flags) => flags.as_slice(),
            _ => &[],
        });
        let raised = program
            .raises
            .iter()
            .flat_map(|raise| raise.flags.iter().map(|(flag, _)| flag));
        let known: Vec<String> = listed
            .iter()
            .chain(&program.values)
            .chain(program.names.iter().map(|(name, _)| name))
            .chain(in_rule)
            .chain(raised)
            .map(|flag| fold(program, flag.split('=').next().unwrap_or(flag)))
            .collect();
        self.flags.iter().find(|flag| {
            let digits = flag.name.trim_start_matches('-');
            let number = listed.iter().any(|listed| listed == "-#") && digits.bytes().all(|byte| byte.is_ascii_digit());
            let is = |known: &String| match known.strip_suffix('*') {
                Some(prefix) => flag.name.starts_with(prefix),
                None => flag.name == *known,
            };
            !number && !known.iter().any(is)
        })
    }

    /// Whether a rule's patterns apply, and how many arguments they use up.
    pub(super) fn matches(&self, program: &Program, patterns: &[Pattern]) -> Option<usize> {
        let (mut used, mut more) = (0, 0);
        for pattern in patterns {
            match pattern {
                Pattern::Flag(flags) => {
                    if !flags.iter().any(|flag| self.has(program, flag)) {
                        return None;
                    }
                }
                Pattern::End => {
                    if self.positional.len() > used + more {
                        return None;
                    }
                }
                Pattern::Any => {
                    self.positional.get(used + more)?;
                    more += 1;
                    // What it is does not matter, so it stays for the things that are named.
                }
                Pattern::Name => {
                    let word = self.positional.get(used + more)?;
                    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.@:".contains(&byte);
                    if !word.fixed || word.text.contains("..") || !word.text.bytes().all(plain) {
                        return None;
                    }
                    more += 1;
                }
                Pattern::Only(allowed) => {
                    if !self
                        .flags
                        .iter()
                        .all(|flag| allowed.iter().any(|allowed| fold(program, allowed) == flag.name))
                    {
                        return None;
                    }
                }
                Pattern::Assignment => {
                    if !self.positional.iter().any(|word| word.text.contains('=')) {
                        return None;
                    }
                }
                Pattern::Word(words) => {
                    let word = self.positional.get(used + more)?;
                    let same = |wanted: &String| {
                        if let Some(prefix) = wanted.strip_suffix('*') {
                            word.text.starts_with(prefix)
                        } else if program.style == Style::Unix || program.style == Style::Single {
                            *wanted == word.text
                        } else {
                            wanted.eq_ignore_ascii_case(&word.text)
                        }
                    };
                    if !word.fixed || !words.iter().any(same) {
                        return None;
                    }
                    // `* word`: the word is not the first, and what stands before it is still to be named.
                    if more == 0 { used += 1 } else { more += 1 }
                }
            }
        }
        Some(used)
    }
}
