//! What programs and cmdlets do, as data: the files in `knowledge/`, compiled in and read once.
//!
//! The files' language is described at the head of `knowledge/posix.rules`; [`read`] reads it, [`Knowledge`] answers by name. A line that
//! cannot be read makes [`Knowledge::load`] fail, which a test catches; a program that the tables do not know is opaque.

mod read;
mod rule;

pub(crate) use rule::{CmdletRaise, Family, Options, Pattern, Program, Sends, Special, Style, Thing, Verdict, Wrap};

use crate::reading::{ActionClass, ResourceKind};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

const FILES: &[(&str, &str)] = &[
    ("posix.rules", include_str!("../../knowledge/posix.rules")),
    ("windows.rules", include_str!("../../knowledge/windows.rules")),
    ("cmdlets.rules", include_str!("../../knowledge/cmdlets.rules")),
];

/// A line of the tables that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}, line {line}: {what}")]
pub(crate) struct BadRule {
    /// The file's name.
    pub(crate) file: String,
    /// Line, from 1.
    pub(crate) line: usize,
    /// What is wrong.
    pub(crate) what: String,
}

/// All tables.
#[derive(Debug, Default)]
pub(crate) struct Knowledge {
    programs: BTreeMap<(Family, String), Program>,
    aliases: BTreeMap<String, (String, bool)>,
    verbs: BTreeMap<String, ActionClass>,
    cmdlets: BTreeMap<String, (ActionClass, Option<String>)>,
    pub(crate) raises: BTreeMap<String, Vec<CmdletRaise>>,
    specials: BTreeMap<String, Special>,
    nouns: BTreeMap<String, Noun>,
    parameters: BTreeMap<String, Thing>,
    switches: BTreeSet<String>,
    folders: Vec<String>,
    environment: BTreeSet<String>,
    dangerous: Vec<String>,
    /// Cmdlets with a verb that reads, by their whole names.
    readers: BTreeSet<String>,
    senders: BTreeMap<String, Sends>,
    /// Variables of PowerShell that change what later commands do.
    session: BTreeSet<String>,
    /// Classes of WMI whose reading repairs what is installed; parts of their names.
    installer: Vec<String>,
    /// Parameters that say where a cmdlet which reads writes to.
    writing: BTreeSet<String>,
    /// Parameters that name a variable which is set.
    variable_parameters: BTreeSet<String>,
}

/// Which parameters of a noun's cmdlets name what.
#[derive(Debug, Clone, Default)]
pub(crate) struct Noun {
    pub(crate) named: BTreeMap<String, Thing>,
    pub(crate) positional: Vec<Thing>,
}

/// The kind of thing that a word of the tables means.
pub(crate) fn kind_word(word: &str) -> Option<ResourceKind> {
    match read::thing_of(word) {
        Ok(Thing::Is(kind)) => Some(kind),
        _ => None,
    }
}

static KNOWLEDGE: LazyLock<Knowledge> = LazyLock::new(|| Knowledge::load().unwrap_or_default());

/// The tables. Were they broken, everything would be opaque; a test sees to it that they are not.
pub(crate) fn knowledge() -> &'static Knowledge {
    &KNOWLEDGE
}

impl Knowledge {
    /// Reads the files that are compiled in.
    pub(crate) fn load() -> Result<Self, BadRule> {
        let mut all = Self::default();
        for (file, text) in FILES {
            read::file(file, text, &mut all)?;
        }
        Ok(all)
    }

    pub(crate) fn program(&self, family: Family, name: &str) -> Option<&Program> {
        self.programs.get(&(family, name.to_owned()))
    }

    /// What an alias stands for, and whether only Windows PowerShell knows it.
    pub(crate) fn alias(&self, name: &str) -> Option<(&str, bool)> {
        self.aliases.get(name).map(|(name, windows)| (name.as_str(), *windows))
    }

    /// The class of a cmdlet by its own name or its verb, and a sentence.
    pub(crate) fn cmdlet(&self, name: &str) -> Option<(ActionClass, Option<&str>)> {
        if let Some((class, sentence)) = self.cmdlets.get(name) {
            return Some((*class, sentence.as_deref()));
        }
        let (verb, noun) = name.split_once('-')?;
        let plain = !noun.is_empty() && noun.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let class = *self.verbs.get(verb).filter(|_| plain)?;
        // Any module can bring a `Get-` of its own that does anything.
        (class != ActionClass::ReadOnly || self.readers.contains(name)).then_some((class, None))
    }

    /// What a cmdlet sends to another machine.
    pub(crate) fn sends(&self, cmdlet: &str) -> Sends {
        self.senders.get(cmdlet).copied().unwrap_or_default()
    }

    /// Whether setting this variable of PowerShell, in small letters, changes what later commands do.
    pub(crate) fn is_session_variable(&self, name: &str) -> bool {
        self.session.contains(name)
    }

    /// Whether a text, in small letters, names a class of WMI whose reading starts the installer.
    pub(crate) fn names_installer(&self, text: &str) -> bool {
        self.installer.iter().any(|class| text.contains(class.as_str()))
    }

    /// Whether a parameter of a cmdlet that reads says where it writes.
    pub(crate) fn is_writing_parameter(&self, name: &str) -> bool {
        self.writing.contains(name)
    }

    /// Whether a parameter's value is the name of a variable that is set.
    pub(crate) fn is_variable_parameter(&self, name: &str) -> bool {
        self.variable_parameters.contains(name)
    }

    /// How a cmdlet that runs what it is given is to be read.
    pub(crate) fn special(&self, cmdlet: &str) -> Option<Special> {
        self.specials.get(cmdlet).copied()
    }

    pub(crate) fn noun(&self, name: &str) -> Option<&Noun> {
        self.nouns
            .get(name)
            .or_else(|| name.split_once('-').and_then(|(_, noun)| self.nouns.get(noun)))
    }

    pub(crate) fn parameter(&self, name: &str) -> Option<Thing> {
        self.parameters.get(name).copied()
    }

    pub(crate) fn is_switch(&self, name: &str) -> bool {
        self.switches.contains(name)
    }

    /// Whether programs in this folder are what their names say: it belongs to the system.
    pub(crate) fn is_system_folder(&self, folder: &str) -> bool {
        self.folders.iter().any(|known| folder.eq_ignore_ascii_case(known))
    }

    /// Whether a program may be given this variable without becoming another program.
    pub(crate) fn is_harmless_variable(&self, name: &str) -> bool {
        self.environment.contains(name) || name.starts_with("LC_")
    }

    /// Whether setting this variable changes what later programs do.
    pub(crate) fn is_dangerous_variable(&self, name: &str) -> bool {
        self.dangerous.iter().any(|known| match known.strip_suffix('*') {
            Some(prefix) => name.starts_with(prefix),
            None => name == known,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_tables_can_be_read() {
        let all = Knowledge::load().unwrap();
        assert!(all.programs.len() > 300, "{} programs", all.programs.len());
        assert!(all.verbs.len() > 50 && all.aliases.len() > 100 && all.nouns.len() > 40);
    }

    #[test]
    fn aliases_lead_to_what_is_known() {
        let all = Knowledge::load().unwrap();
        for (alias, (name, _)) in &all.aliases {
            assert!(
                all.cmdlet(&name.to_lowercase()).is_some(),
                "{alias} stands for {name}, which no table knows"
            );
        }
    }
}
