//! What contacts allowed beforehand, held against their floors: one rule for the endpoint that runs an action, the control plane that sends it,
//! and policies that decide about it.

use super::contact::PreAuthorisation;
use super::floor::{Floor, Least};
use crate::event::Channel;
use crate::id::{EndpointId, TimeMs};

/// Whether a pre-authorisation lets the control plane's own word be enough.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Beforehand<'a> {
    /// None covers the action here and now.
    Nothing,
    /// One does, and floors want signed answers all the same.
    HeldBack(Least),
    /// This one does; the number is its statement's.
    Granted(&'a PreAuthorisation, u64),
}

impl<'a> Beforehand<'a> {
    /// Of these pre-authorisations and floors, for an action of this class on this endpoint.
    pub fn of<'f>(
        standing: impl IntoIterator<Item = (&'a PreAuthorisation, u64)>,
        floors: impl IntoIterator<Item = &'f Floor>,
        endpoint: &EndpointId,
        class: &str,
        channel: Channel,
        now: TimeMs,
    ) -> Self {
        let covers = |(granted, _): &(&PreAuthorisation, u64)| granted.covers(endpoint, class, channel, now);
        let Some((granted, number)) = standing.into_iter().find(covers) else {
            return Self::Nothing;
        };
        match Least::of(floors, endpoint, class).filter(|least| !least.excepts(channel)) {
            Some(least) => Self::HeldBack(least),
            None => Self::Granted(granted, number),
        }
    }

    /// The pre-authorisation that is enough, with the number of its statement.
    pub fn granted(self) -> Option<(&'a PreAuthorisation, u64)> {
        match self {
            Self::Granted(granted, number) => Some((granted, number)),
            Self::Nothing | Self::HeldBack(_) => None,
        }
    }
}
