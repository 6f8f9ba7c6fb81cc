//! The answer: a class, the things named, and why.

use serde::{Deserialize, Serialize};

/// What a command does, as far as its text tells. Ordered by severity: the class of a whole is that of its worst part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActionClass {
    /// Looks, and changes nothing but what every look changes (access times, logs of its own).
    ReadOnly,
    /// Changes state in a way that another command can take back.
    Changing,
    /// Deletes or overwrites: what was there before is not there afterwards.
    Destructive,
    /// Cannot be bounded from its text. Never treated as read-only.
    Opaque,
}

impl ActionClass {
    /// All classes, mildest first.
    pub const ALL: [Self; 4] = [Self::ReadOnly, Self::Changing, Self::Destructive, Self::Opaque];

    /// The word on the wire and in policies: `read_only`, `changing`, `destructive`, `opaque`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::ReadOnly => "read_only",
            Self::Changing => "changing",
            Self::Destructive => "destructive",
            Self::Opaque => "opaque",
        }
    }

    /// A sentence for people who are asked to consent.
    #[must_use]
    pub fn sentence(self) -> &'static str {
        match self {
            Self::ReadOnly => "This command only reads.",
            Self::Changing => "This command changes something.",
            Self::Destructive => "This command deletes or overwrites something.",
            Self::Opaque => "What this command does cannot be told from its text.",
        }
    }

    /// The same, said of a part of a command.
    #[cfg(any(test, feature = "grammars"))]
    pub(crate) fn said_of(self, part: &str) -> String {
        let (before, after) = self.around();
        format!("{before}`{part}`{after}")
    }

    fn around(self) -> (&'static str, &'static str) {
        match self {
            Self::ReadOnly => ("", " only reads."),
            Self::Changing => ("", " changes something."),
            Self::Destructive => ("", " deletes or overwrites something."),
            Self::Opaque => ("What ", " does cannot be told from its text."),
        }
    }
}

/// Bytes of the command's text, from `start` up to but not including `end`. Parts of a decoded text point at what was decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// Byte after the last.
    pub end: usize,
}

/// What kind of thing a command names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResourceKind {
    /// A file or folder.
    Path,
    /// A key of the Windows registry.
    RegistryKey,
    /// A service or unit.
    Service,
    /// A named firewall rule.
    FirewallRule,
    /// A table of a firewall's rules.
    FirewallTable,
    /// A chain of them.
    FirewallChain,
    /// A set, port or profile of a firewall.
    FirewallObject,
    /// A computer, by name or address.
    Host,
    /// An address on the web.
    Url,
    /// A user account.
    User,
    /// A group of accounts.
    Group,
    /// A mailbox or mail recipient.
    Mailbox,
    /// A package or installed program.
    Package,
    /// A scheduled task.
    ScheduledTask,
    /// A process, by name or number.
    Process,
    /// A printer or print queue.
    Printer,
    /// A disk, volume or partition.
    Disk,
    /// A shared folder.
    Share,
    /// A network interface.
    Interface,
    /// An event log.
    EventLog,
    /// A container, pod or virtual machine.
    Container,
    /// A device, driver or kernel module.
    Device,
    /// A policy, feature or setting by name.
    Setting,
}

/// A thing that the command names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Resource {
    /// What it is.
    pub kind: ResourceKind,
    /// Its name, quoting and escapes undone.
    pub name: String,
    /// Where it stands.
    pub span: Span,
}

/// Why the class is at least this.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Reason {
    /// At least this class, because of this.
    pub class: ActionClass,
    /// Where.
    pub span: Span,
    /// A sentence for people.
    pub sentence: String,
}

impl Reason {
    /// The part of the command that it is about, when it says of that part no more than the class says.
    #[must_use]
    pub fn part(&self) -> Option<&str> {
        let (before, after) = self.class.around();
        let said = self.sentence.strip_prefix(before)?.strip_suffix(after)?;
        said.strip_prefix('`')?.strip_suffix('`').filter(|part| !part.contains('`'))
    }
}

/// A part of the text that cannot be bounded.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct OpaquePart {
    /// Where.
    pub span: Span,
    /// Why, as a sentence for people.
    pub sentence: String,
}

/// What a command does and names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// The worst of its parts.
    pub class: ActionClass,
    /// What is run, aliases resolved and wrappers unwrapped, in order, each once; `>` for output that is written to a file.
    pub verbs: Vec<String>,
    /// What is named, in order, each once.
    pub resources: Vec<Resource>,
    /// Why the class is not read-only; for a read-only command, what was recognised.
    pub reasons: Vec<Reason>,
    /// What cannot be bounded.
    pub opaque_parts: Vec<OpaquePart>,
}

impl Reading {
    /// A text of which nothing is known.
    #[must_use]
    pub fn opaque(text: &str, sentence: &str) -> Self {
        let span = Span {
            start: 0,
            end: text.len(),
        };
        Self {
            class: ActionClass::Opaque,
            verbs: Vec::new(),
            resources: Vec::new(),
            reasons: vec![Reason {
                class: ActionClass::Opaque,
                span,
                sentence: sentence.to_owned(),
            }],
            opaque_parts: vec![OpaquePart {
                span,
                sentence: sentence.to_owned(),
            }],
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn words_are_those_on_the_wire_and_severity_is_the_order() {
        for pair in ActionClass::ALL.windows(2) {
            assert!(pair.first() < pair.last());
        }
        for class in ActionClass::ALL {
            assert_eq!(serde_json::to_value(class).unwrap(), class.word());
        }
    }

    #[test]
    fn a_reason_that_says_no_more_than_its_class_names_its_part() {
        let span = Span { start: 0, end: 1 };
        for class in ActionClass::ALL {
            let reason = |sentence: String| Reason { class, span, sentence };
            assert_eq!(reason(class.said_of("nft delete")).part(), Some("nft delete"), "{class:?}");
            assert_eq!(reason("Rules are read from elsewhere.".to_owned()).part(), None);
        }
    }
}
