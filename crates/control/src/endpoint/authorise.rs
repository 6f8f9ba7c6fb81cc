//! The one place that decides whether a recorded proposal may run. Today the built-in policy `default` allows everything that a role lets
//! a person propose; the consent issue puts policies, approval requests and signed decisions here.

use super::action::Action;
use caisey_ledger::event::{Channel, Event};

/// What allowed an action: the facts of its `action.authorised` entry.
pub(super) fn authorise(_proposed: &Action) -> Event {
    Event::ActionAuthorised {
        policy: "default".into(),
        policy_version: 1,
        channel: Channel::Policy,
        policy_digest: None,
        class: None,
    }
}
