//! Reads the tables' language. Line by line; a quoted text at the end of a line is a sentence for people.

use super::rule::{CmdletRaise, Family, Options, Pattern, Program, Raise, Sends, Special, Style, Thing, Verdict, Wrap};
use super::{BadRule, Knowledge, Noun};
use crate::reading::{ActionClass, ResourceKind};

/// Adds a file's content.
pub(super) fn file(name: &str, text: &str, all: &mut Knowledge) -> Result<(), BadRule> {
    let mut reader = Reader {
        all,
        family: Family::Posix,
        current: Vec::new(),
    };
    for (number, line) in text.lines().enumerate() {
        let content = line.trim();
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        let (content, sentence) = split_sentence(content);
        let words: Vec<&str> = content.split_whitespace().collect();
        reader.line(&words, sentence).map_err(|what| BadRule {
            file: name.to_owned(),
            line: number + 1,
            what,
        })?;
    }
    Ok(())
}

fn split_sentence(line: &str) -> (&str, Option<String>) {
    match line.strip_suffix('"').and_then(|rest| rest.rsplit_once(" \"")) {
        Some((rule, sentence)) => (rule, Some(sentence.to_owned())),
        None => (line, None),
    }
}

struct Reader<'a> {
    all: &'a mut Knowledge,
    family: Family,
    current: Vec<String>,
}

type Read<T> = Result<T, String>;

impl Reader<'_> {
    fn line(&mut self, words: &[&str], sentence: Option<String>) -> Read<()> {
        let Some((first, rest)) = words.split_first() else {
            return Ok(());
        };
        let lower = |words: &[&str]| words.iter().map(|word| word.to_lowercase()).collect::<Vec<_>>();
        match *first {
            "family" => self.family = family(rest)?,
            "program" => {
                self.current = rest.iter().map(|name| (*name).to_owned()).collect();
                for name in rest {
                    let key = (self.family, (*name).to_owned());
                    if self.all.programs.insert(key, Program::default()).is_some() {
                        return Err(format!("{name} is there twice"));
                    }
                }
            }
            "alias" | "alias-windows" => {
                let (target, names) = rest.split_first().ok_or("an alias of nothing")?;
                for name in names {
                    self.all
                        .aliases
                        .insert(name.to_lowercase(), ((*target).to_owned(), *first == "alias-windows"));
                }
            }
            "verbs" => {
                let (class, verbs) = rest.split_first().ok_or("verbs without a class")?;
                let class = class_of(class).ok_or("not a class")?;
                self.all.verbs.extend(lower(verbs).into_iter().map(|verb| (verb, class)));
            }
            "cmdlet" => {
                let (class, names) = rest.split_first().ok_or("a cmdlet without a class")?;
                let class = class_of(class).ok_or("not a class")?;
                self.all
                    .cmdlets
                    .extend(lower(names).into_iter().map(|name| (name, (class, sentence.clone()))));
            }
            "reads" => {
                let (verb, nouns) = rest.split_first().ok_or("a verb without nouns")?;
                let verb = verb.to_lowercase();
                self.all
                    .readers
                    .extend(lower(nouns).into_iter().map(|noun| format!("{verb}-{noun}")));
            }
            "cmdlet-sends" => {
                let (what, names) = rest.split_first().ok_or("what is sent?")?;
                let sends = match *what {
                    "names" => Sends::Names,
                    "web" => Sends::Web,
                    _ => return Err("what is sent?".to_owned()),
                };
                self.all.senders.extend(lower(names).into_iter().map(|name| (name, sends)));
            }
            "session-variables" => self.all.session.extend(lower(rest)),
            "installer-classes" => self.all.installer.extend(lower(rest)),
            "writing-parameters" => self.all.writing.extend(lower(rest)),
            "variable-parameters" => self.all.variable_parameters.extend(lower(rest)),
            "raises" => self.cmdlet_raise(rest, sentence)?,
            "cmdlet-special" => {
                let (kind, names) = rest.split_first().ok_or("nothing special")?;
                let kind = special(&[kind])?;
                self.all.specials.extend(lower(names).into_iter().map(|name| (name, kind)));
            }
            "noun" => self.noun(rest)?,
            "parameters" => {
                for word in rest {
                    let (name, thing) = word.split_once('=').ok_or("a parameter without a kind")?;
                    self.all.parameters.insert(name.to_lowercase(), thing_of(thing)?);
                }
            }
            "switches" => self.all.switches.extend(lower(rest)),
            "folders" => self.all.folders.extend(lower(rest)),
            "folder" => self.all.folders.push(rest.join(" ").to_lowercase()),
            "harmless-variables" => self.all.environment.extend(rest.iter().map(|name| (*name).to_owned())),
            "dangerous-variables" => self.all.dangerous.extend(rest.iter().map(|name| (*name).to_owned())),
            _ => self.program_line(first, rest, sentence)?,
        }
        Ok(())
    }

    fn program_line(&mut self, first: &str, rest: &[&str], sentence: Option<String>) -> Read<()> {
        let mut change = |change: &dyn Fn(&mut Program)| {
            for name in &self.current {
                if let Some(program) = self.all.programs.get_mut(&(self.family, name.clone())) {
                    change(program);
                }
            }
        };
        match first {
            "style" => {
                let style = match rest {
                    ["unix"] => Style::Unix,
                    ["single"] => Style::Single,
                    ["dos"] => Style::Dos,
                    ["plain"] => Style::Plain,
                    _ => return Err("not a style".to_owned()),
                };
                change(&|program| program.style = style);
            }
            "values" => change(&|program| program.values.extend(rest.iter().map(|flag| (*flag).to_owned()))),
            "name" | "keyed" => {
                let (thing, flags) = rest.split_last().ok_or("a name without a kind")?;
                let thing = thing_of(thing)?;
                change(&|program| {
                    let all = flags.iter().map(|flag| ((*flag).to_owned(), thing));
                    if first == "name" {
                        program.names.extend(all)
                    } else {
                        program.keyed.extend(all)
                    }
                });
            }
            "options" => {
                let options = match rest {
                    ["any"] => Options::Any,
                    _ => Options::These(rest.iter().map(|flag| (*flag).to_owned()).collect()),
                };
                change(&|program| match (&mut program.options, &options) {
                    (Options::These(all), Options::These(more)) => all.extend(more.iter().cloned()),
                    (held, more) => *held = more.clone(),
                });
            }
            "sends" => {
                let sends = match rest {
                    ["names"] => Sends::Names,
                    ["web"] => Sends::Web,
                    _ => return Err("what is sent?".to_owned()),
                };
                change(&|program| program.sends = sends);
            }
            "sends-input" => change(&|program| program.sends_input = rest.iter().map(|word| (*word).to_owned()).collect()),
            "wraps" => {
                let skip = rest.iter().find_map(|word| word.parse().ok()).unwrap_or(0);
                let appends = rest.contains(&"appends");
                change(&|program| program.wraps = Some(Wrap { skip, appends }));
            }
            "special" => {
                let special = special(rest)?;
                change(&|program| program.special = Some(special));
            }
            "raise" => {
                let at = rest.iter().position(|word| class_of(word).is_some()).ok_or("no class")?;
                let flags: Vec<(String, Vec<String>)> = rest.iter().take(at).map(|flag| except(flag)).collect();
                let class = rest.get(at).and_then(|word| class_of(word)).ok_or("no class")?;
                change(&|program| {
                    program.raises.push(Raise {
                        flags: flags.clone(),
                        class,
                        sentence: sentence.clone(),
                    })
                });
            }
            "else" => {
                let verdict = verdict(rest, sentence)?;
                change(&|program| program.otherwise = Some(verdict.clone()));
            }
            "when" => {
                let at = rest.iter().position(|word| class_of(word).is_some()).ok_or("no class")?;
                let (patterns, rest) = rest.split_at(at);
                let patterns: Vec<Pattern> = patterns.iter().map(|word| pattern(word)).collect();
                let verdict = verdict(rest, sentence)?;
                change(&|program| program.rules.push((patterns.clone(), verdict.clone())));
            }
            other => return Err(format!("`{other}` begins no line")),
        }
        Ok(())
    }

    /// `raises Cmdlet -Parameter[!=value,value] CLASS`.
    fn cmdlet_raise(&mut self, rest: &[&str], sentence: Option<String>) -> Read<()> {
        let [cmdlet, parameters @ .., class] = rest else {
            return Err("too short".to_owned());
        };
        let class = class_of(class).ok_or("not a class")?;
        for parameter in parameters {
            let (name, except) = except(parameter);
            let raise = CmdletRaise {
                parameter: name.trim_start_matches('-').to_lowercase(),
                except: except.iter().map(|value| value.to_lowercase()).collect(),
                class,
                sentence: sentence.clone(),
            };
            self.all.raises.entry(cmdlet.to_lowercase()).or_default().push(raise);
        }
        Ok(())
    }

    /// `noun Name… : Parameter=kind… @kind…`.
    fn noun(&mut self, rest: &[&str]) -> Read<()> {
        let at = rest.iter().position(|word| *word == ":").ok_or("a noun without `:`")?;
        let (names, rest) = rest.split_at(at);
        let mut noun = Noun::default();
        for word in rest.iter().skip(1) {
            if let Some(thing) = word.strip_prefix('@') {
                noun.positional.push(thing_of(thing)?);
            } else {
                let (name, thing) = word.split_once('=').ok_or("a parameter without a kind")?;
                noun.named.insert(name.to_lowercase(), thing_of(thing)?);
            }
        }
        self.all
            .nouns
            .extend(names.iter().map(|name| (name.to_lowercase(), noun.clone())));
        Ok(())
    }
}

/// `name!=value,value`.
fn except(word: &str) -> (String, Vec<String>) {
    let (name, except) = word.split_once("!=").unwrap_or((word, ""));
    (
        name.to_owned(),
        except
            .split(',')
            .filter(|value| !value.is_empty())
            .map(str::to_owned)
            .collect(),
    )
}

fn family(rest: &[&str]) -> Read<Family> {
    match rest {
        ["posix"] => Ok(Family::Posix),
        ["windows"] => Ok(Family::Windows),
        ["cmd"] => Ok(Family::Cmd),
        ["dotnet"] => Ok(Family::Dotnet),
        _ => Err("not a family".to_owned()),
    }
}

fn special(rest: &[&str]) -> Read<Special> {
    Ok(match rest {
        ["shell"] => Special::Shell,
        ["powershell"] => Special::Powershell,
        ["cmd"] => Special::Cmd,
        ["eval"] => Special::Eval,
        ["find"] => Special::Find,
        ["sed"] => Special::Sed,
        ["awk"] => Special::Awk,
        ["start-process"] => Special::StartProcess,
        ["invoke-expression"] => Special::InvokeExpression,
        ["blocks"] => Special::Blocks,
        ["foreach"] => Special::ForEach,
        ["ssh"] => Special::Ssh,
        _ => return Err("not a special".to_owned()),
    })
}

fn pattern(word: &str) -> Pattern {
    let alternatives = || word.split('|').map(str::to_owned).collect();
    match word {
        "*" => Pattern::Any,
        "none" => Pattern::End,
        "plain" => Pattern::Name,
        _ if word.starts_with("only:") => {
            let flags = word.trim_start_matches("only:").split(',').filter(|flag| !flag.is_empty());
            Pattern::Only(flags.map(str::to_owned).collect())
        }
        "*=*" => Pattern::Assignment,
        _ if word.starts_with(['-', '/']) => Pattern::Flag(alternatives()),
        _ => Pattern::Word(alternatives()),
    }
}

fn verdict(words: &[&str], sentence: Option<String>) -> Read<Verdict> {
    let (class, things) = words.split_first().ok_or("no class")?;
    let class = class_of(class).ok_or("not a class")?;
    let (keyed, things): (Vec<&str>, Vec<&str>) = things.iter().partition(|word| word.contains('='));
    let keyed = keyed
        .iter()
        .filter_map(|word| word.split_once('='))
        .map(|(key, thing)| Ok((key.to_owned(), thing_of(thing)?)));
    let keyed = keyed.collect::<Read<Vec<_>>>()?;
    let repeat = things.last().is_some_and(|last| last.ends_with('*'));
    let things = things
        .iter()
        .map(|word| thing_of(word.trim_end_matches('*')))
        .collect::<Read<Vec<_>>>()?;
    Ok(Verdict {
        class,
        things,
        repeat,
        keyed,
        sentence,
    })
}

fn class_of(word: &str) -> Option<ActionClass> {
    Some(match word {
        "read" => ActionClass::ReadOnly,
        "change" => ActionClass::Changing,
        "destroy" => ActionClass::Destructive,
        "opaque" => ActionClass::Opaque,
        _ => return None,
    })
}

pub(super) fn thing_of(word: &str) -> Read<Thing> {
    use ResourceKind as Kind;
    Ok(match word {
        "-" => Thing::Nothing,
        "owner" => Thing::Owner,
        "remote" => Thing::Remote,
        "path?" => Thing::PerhapsPath,
        "path" => Thing::Is(Kind::Path),
        "registry" => Thing::Is(Kind::RegistryKey),
        "service" => Thing::Is(Kind::Service),
        "rule" => Thing::Is(Kind::FirewallRule),
        "table" => Thing::Is(Kind::FirewallTable),
        "chain" => Thing::Is(Kind::FirewallChain),
        "firewall" => Thing::Is(Kind::FirewallObject),
        "host" => Thing::Is(Kind::Host),
        "url" => Thing::Is(Kind::Url),
        "user" => Thing::Is(Kind::User),
        "group" => Thing::Is(Kind::Group),
        "mailbox" => Thing::Is(Kind::Mailbox),
        "package" => Thing::Is(Kind::Package),
        "task" => Thing::Is(Kind::ScheduledTask),
        "process" => Thing::Is(Kind::Process),
        "printer" => Thing::Is(Kind::Printer),
        "disk" => Thing::Is(Kind::Disk),
        "share" => Thing::Is(Kind::Share),
        "interface" => Thing::Is(Kind::Interface),
        "log" => Thing::Is(Kind::EventLog),
        "container" => Thing::Is(Kind::Container),
        "device" => Thing::Is(Kind::Device),
        "setting" => Thing::Is(Kind::Setting),
        other => return Err(format!("`{other}` is no kind of thing")),
    })
}
