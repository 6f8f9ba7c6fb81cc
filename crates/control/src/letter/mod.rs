//! What a contact without our program gets to read: an e-mail with a link, and the page behind it. Plain text and HTML, made here and sent or
//! served by hosts.
//!
//! Promises: both show the same facts as a console's notification; nothing that somebody wrote can pass for something else, because every
//! text goes through `caisey_transcript::visible` and, in HTML, through escaping; the number is in neither. Leaves out: headers, transport, time
//! zones other than UTC. Decisions: docs/decisions/0071-mail-to-contacts.md, 0072-the-page-behind-the-link.md.

mod mail;
mod markup;
mod page;
pub mod web;

pub use mail::{NO_SERVER, html, message_id, plain, subject};
pub(crate) use page::MAX_REASON_CHARS;
pub use page::{CSS, page, too_many, unavailable};

use caisey_command::ActionClass;
use caisey_ledger::disclosure::Disclosure;
use caisey_ledger::event::Interpreter;
use caisey_ledger::id::{ActionId, EndpointId, MemberId, OrganisationId, TimeMs};
use caisey_protocol::consent::{ApprovalView, Prompt};
use caisey_transcript::visible::marked_line;
use std::fmt;

/// The secret in a link: `<organisation>.<endpoint>.<secret>`. Never stored and never logged; the store holds its SHA-256.
#[derive(Clone, PartialEq, Eq)]
pub struct LinkToken(String);

/// Longer ones are not looked at.
const MAX_TOKEN_BYTES: usize = 160;

impl LinkToken {
    /// As it came in an address.
    pub fn new(token: impl Into<String>) -> Self {
        Self(token.into())
    }

    /// For the address.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whose object can check it, by the token's own word. Proves nothing.
    pub fn names(&self) -> Option<(OrganisationId, EndpointId)> {
        let mut parts = Some(&self.0).filter(|token| token.len() <= MAX_TOKEN_BYTES)?.split('.');
        let names = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        parts.next()?;
        parts.next().is_none().then_some(names)
    }
}

impl fmt::Debug for LinkToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LinkToken(…)")
    }
}

/// One e-mail to be sent, once.
#[derive(Debug, Clone, PartialEq)]
pub struct Letter {
    /// About which request.
    pub action: ActionId,
    /// To whom.
    pub member: MemberId,
    /// Which attempt this is; its result names it.
    pub attempt: u32,
    /// Name, one printable line.
    pub name: String,
    /// Address, checked.
    pub address: String,
    /// For the link.
    pub token: LinkToken,
    /// What it says.
    pub facts: Facts,
}

/// What became of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sent {
    /// The mail server took it.
    Accepted,
    /// It never will; why, in a sentence.
    Refused(String),
    /// Not this time; why, in a sentence.
    Failed(String),
    /// It cannot be tried at all; why, in a sentence.
    Impossible(String),
}

/// What somebody who is asked has to know. Texts are as they were written: hostile until shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// Who asks.
    pub requester: String,
    /// The machine.
    pub hostname: String,
    /// Whose it is.
    pub client: String,
    /// `read_only`, `changing`, `destructive` or `opaque`.
    pub class: String,
    /// What the command names.
    pub object: String,
    /// The state that it finds.
    pub current_state: String,
    /// What it would do; begins with the class in plain words.
    pub proposed_action: String,
    /// The exact command; none when its text was erased.
    pub command: Option<String>,
    /// In which directory.
    pub directory: Option<String>,
    /// What reads the command.
    pub interpreter: Interpreter,
    /// Why, as the requester says.
    pub reason: Option<String>,
    /// When it was asked.
    pub asked_at: TimeMs,
    /// It lapses then.
    pub expires_at: TimeMs,
    /// How many people have to say yes.
    pub needed: u32,
    /// How many have.
    pub approved: u32,
}

impl Facts {
    /// From what consoles are shown.
    pub(crate) fn of(view: &ApprovalView, prompt: &Prompt) -> Self {
        let said = |name: &str| prompt.proposal.disclosures.get(name).and_then(Disclosure::full_text);
        let said = |name: &str| said(name).map(str::to_owned);
        Self {
            requester: view.requester_name.clone(),
            hostname: view.hostname.clone(),
            client: view.client_name.clone(),
            class: view.class.clone(),
            object: prompt.object.clone(),
            current_state: prompt.current_state.clone(),
            proposed_action: prompt.proposed_action.clone(),
            command: said("command"),
            directory: said("cwd"),
            interpreter: prompt.request.interpreter,
            reason: said("reason").filter(|reason| !reason.trim().is_empty()),
            asked_at: view.asked_at_ms,
            expires_at: view.expires_at_ms,
            needed: view.needed.max(1),
            approved: u32::try_from(view.approved_by.len()).unwrap_or(u32::MAX),
        }
    }

    /// Who wants to do what, where: one line, safe to draw.
    pub fn asks(&self) -> String {
        let object = cut(&marked_line(&self.object));
        let class = ActionClass::ALL.into_iter().find(|class| class.word() == self.class);
        let what = match class.unwrap_or(ActionClass::Opaque) {
            ActionClass::Opaque => "to run a command that cannot be bounded from its text".to_owned(),
            _ if self.names_nothing() => "to run a command".to_owned(),
            ActionClass::ReadOnly => format!("to read {object}"),
            ActionClass::Changing => format!("to modify {object}"),
            ActionClass::Destructive => format!("to delete or overwrite {object}"),
        };
        format!(
            "Technician {} requests permission {what} on server {}.",
            cut(&marked_line(&self.requester)),
            cut(&marked_line(&self.hostname))
        )
    }

    fn names_nothing(&self) -> bool {
        self.object.is_empty() || self.object == crate::endpoint::NOTHING_NAMED
    }

    /// What reads the command, as people call it.
    fn shell(&self) -> &'static str {
        match self.interpreter {
            Interpreter::Sh => "sh",
            Interpreter::Bash => "bash",
            Interpreter::Pwsh => "PowerShell",
            Interpreter::Powershell => "Windows PowerShell",
            Interpreter::Cmd => "Windows command processor",
        }
    }

    /// How many people have to say yes, when it is not one.
    fn several(&self) -> Option<String> {
        (self.needed > 1).then(|| format!("{} people have to approve; {} have so far.", self.needed, self.approved))
    }
}

/// Longer words than this are cut in sentences.
const LONGEST: usize = 160;

fn cut(words: &str) -> String {
    if words.chars().count() <= LONGEST {
        return words.to_owned();
    }
    words.chars().take(LONGEST - 1).chain(['…']).collect()
}

/// What the page behind a link shows.
#[derive(Debug, Clone, PartialEq)]
pub enum Shown {
    /// Nobody was sent this link.
    Unknown,
    /// It can be answered.
    Open(Box<Facts>, Tries),
    /// It cannot any more.
    Over(Over),
}

/// How a contact's tries with the number stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tries {
    /// Wrong numbers that may still be typed.
    pub left: u32,
    /// The last answer did not count, because its number was wrong.
    pub wrong: bool,
}

/// Why a link leads to nothing to answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Over {
    /// This contact approved with it.
    YouApproved {
        /// Others have to approve as well.
        waiting: bool,
    },
    /// This contact denied with it.
    YouDenied,
    /// Others approved.
    Approved,
    /// Somebody else denied.
    Denied,
    /// Nobody answered in time.
    Expired,
    /// It was taken back.
    Withdrawn,
    /// It ran under break-glass.
    Emergency,
    /// Too many wrong numbers.
    Locked,
    /// This contact may not decide about it.
    NotAsked,
    /// The command's text was erased.
    Erased,
}

/// An answer as it was typed into the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Typed {
    /// From the address.
    pub token: LinkToken,
    /// Whether it is a yes.
    pub approve: bool,
    /// As typed; spaces and hyphens do not count.
    pub number: String,
    /// Why not.
    pub reason: String,
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn facts() -> Facts {
        Facts {
            requester: "John Doe".into(),
            hostname: "SRV-FILES-01".into(),
            client: "Northstar Dental".into(),
            class: "changing".into(),
            object: "firewall rule “Block SMB Inbound”".into(),
            current_state: "enabled".into(),
            proposed_action: "This command changes something.".into(),
            command: Some(r#"netsh advfirewall firewall set rule name="Block SMB Inbound" new enable=no"#.into()),
            directory: None,
            interpreter: Interpreter::Cmd,
            reason: Some("The scanner cannot reach the share".into()),
            asked_at: TimeMs::new(1_779_920_043_000).unwrap_or_default(),
            expires_at: TimeMs::new(1_779_920_943_000).unwrap_or_default(),
            needed: 1,
            approved: 0,
        }
    }

    #[test]
    fn it_asks_in_the_seeds_words() {
        assert_eq!(
            facts().asks(),
            "Technician John Doe requests permission to modify firewall rule “Block SMB Inbound” on server SRV-FILES-01."
        );
        let opaque = Facts {
            class: "opaque".into(),
            ..facts()
        };
        assert!(opaque.asks().contains("cannot be bounded"));
    }

    #[test]
    fn a_token_names_its_object_and_shows_itself_to_nobody() {
        let (organisation, endpoint) = (OrganisationId::from_bits([1; 16]), EndpointId::from_bits([2; 16]));
        let token = LinkToken::new(format!("{organisation}.{endpoint}.secret"));
        assert_eq!(token.names(), Some((organisation.clone(), endpoint.clone())));
        assert!(!format!("{token:?}").contains("secret"));
        for other in [
            "",
            "a.b.c",
            &format!("{organisation}.{endpoint}"),
            &format!("{organisation}.{endpoint}.a.b"),
        ] {
            assert_eq!(LinkToken::new(other).names(), None, "{other}");
        }
    }
}
