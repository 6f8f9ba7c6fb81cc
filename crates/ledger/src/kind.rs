//! For every kind of entry: who may say it, which texts it carries, and what it must belong to.
//!
//! The table stands for the sentences in [`crate::event::Event`] and in docs/formats/entry.md, and is what
//! [`crate::entry::Statement::check`] enforces. Kinds that are not in it are kept and proved, but not interpreted.

/// The five kinds of author, as in the actor's `type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Author {
    /// The control plane.
    Control,
    /// The runtime.
    Endpoint,
    /// A person of the organisation.
    Member,
    /// A client's authorised person.
    Contact,
    /// A model, driven from a person's console.
    Agent,
}

/// The rules of one kind.
#[derive(Debug, PartialEq, Eq)]
pub struct Rules {
    /// Its name.
    pub kind: &'static str,
    /// Who may say it.
    pub authors: &'static [Author],
    /// Texts that it must carry.
    pub texts: &'static [&'static str],
    /// Texts that it may carry besides.
    pub optional_texts: &'static [&'static str],
    /// Whether it must name a session.
    pub session: bool,
    /// Whether it must name an action.
    pub action: bool,
}

const fn rules_of(
    kind: &'static str,
    authors: &'static [Author],
    texts: &'static [&'static str],
    optional_texts: &'static [&'static str],
) -> Rules {
    Rules {
        kind,
        authors,
        texts,
        optional_texts,
        session: false,
        action: false,
    }
}

const fn in_session(rules: Rules) -> Rules {
    Rules { session: true, ..rules }
}

const fn about_action(rules: Rules) -> Rules {
    Rules {
        session: true,
        action: true,
        ..rules
    }
}

use Author::{Agent, Contact, Control, Endpoint, Member};

/// In the order of [`crate::event::Event`]'s variants.
pub const RULES: &[Rules] = &[
    rules_of("endpoint.enrolled", &[Control], &["hostname"], &[]),
    rules_of("endpoint.connected", &[Control], &[], &[]),
    rules_of("endpoint.disconnected", &[Control], &[], &[]),
    rules_of("endpoint.removed", &[Control], &[], &[]),
    rules_of("key.introduced", &[Control], &["name"], &[]),
    in_session(rules_of("session.opened", &[Member], &["purpose"], &[])),
    in_session(rules_of("session.closed", &[Member, Control], &[], &[])),
    about_action(rules_of(
        "action.proposed",
        &[Member, Agent],
        &["command", "reason"],
        &["cwd", "probe"],
    )),
    about_action(rules_of("action.authorised", &[Control], &[], &[])),
    about_action(rules_of("action.refused", &[Control, Endpoint], &["detail"], &[])),
    about_action(rules_of("action.cancel_requested", &[Member], &[], &[])),
    about_action(rules_of("action.unknown", &[Control], &[], &[])),
    about_action(rules_of(
        "approval.requested",
        &[Control],
        &["object", "current_state", "proposed_action"],
        &[],
    )),
    about_action(rules_of("approval.delivered", &[Control], &[], &[])),
    about_action(rules_of("approval.acknowledged", &[Control], &[], &[])),
    about_action(rules_of("approval.nudged", &[Control], &[], &[])),
    about_action(rules_of("approval.answer_refused", &[Control], &["detail"], &[])),
    about_action(rules_of("approval.decided", &[Member, Contact, Control], &[], &["reason"])),
    about_action(rules_of("action.break_glass", &[Member], &["why"], &[])),
    about_action(rules_of("action.reviewed", &[Member, Contact], &["note"], &[])),
    rules_of("contact.trusted", &[Endpoint], &[], &[]),
    rules_of("contact.distrusted", &[Endpoint], &[], &[]),
    rules_of("contact.floor_set", &[Endpoint], &[], &[]),
    rules_of("contact.floor_ended", &[Endpoint], &[], &[]),
    rules_of("contact.refused", &[Endpoint], &["detail"], &[]),
    about_action(rules_of("command.started", &[Endpoint], &["cwd", "user"], &[])),
    about_action(rules_of("command.output", &[Endpoint], &["output"], &[])),
    about_action(rules_of("command.output_omitted", &[Endpoint], &[], &[])),
    about_action(rules_of("command.finished", &[Endpoint], &[], &["detail"])),
    about_action(rules_of("state.captured", &[Endpoint], &["probe", "state"], &[])),
    in_session(rules_of("chat.message", &[Member, Contact, Agent], &["message"], &[])),
    rules_of("note.added", &[Member], &["note"], &[]),
    rules_of("recorder.gap", &[Endpoint, Control], &["detail"], &[]),
    rules_of("text.erased", &[Control], &["basis"], &[]),
];

/// Names of all kinds, in the order of [`RULES`].
pub const KINDS: &[&str] = &names();

#[allow(clippy::indexing_slicing, reason = "evaluated when compiling")]
const fn names() -> [&'static str; RULES.len()] {
    let mut names = [""; RULES.len()];
    let mut at = 0;
    while at < RULES.len() {
        names[at] = RULES[at].kind;
        at += 1;
    }
    names
}

/// The rules of a kind, when it is known.
pub fn rules(kind: &str) -> Option<&'static Rules> {
    RULES.iter().find(|rules| rules.kind == kind)
}
