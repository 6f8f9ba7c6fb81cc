//! A floor: the least that answers have to be, signed by a contact, whatever the control plane asks for.
//!
//! A request's terms are the control plane's word. A floor is the contacts' own, so that whoever runs an action can hold the answers against it
//! without believing anybody. It does not fall with the key that signed it: what falls away must not lower what protects.

use super::contact::PreAuthorisation;
use super::fault::TrustFault;
use super::request::Assurance;
use crate::event::Channel;
use crate::id::EndpointId;
use serde::{Deserialize, Serialize};

/// A floor may ask for this many people.
pub const MAX_FLOOR_PEOPLE: u32 = 16;

/// The least that answers have to be for a class of action and every worse one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Floor {
    /// Its name: 1 to 64 of `a`–`z`, `0`–`9`, `-`.
    pub name: String,
    /// Which endpoints; none named means all of the client.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub endpoints: Vec<EndpointId>,
    /// The mildest class that it holds for: `changing`, `destructive` or `opaque`. It holds for worse ones as well, so that a control plane that knows
    /// less of a command than the endpoint never asks for less than the endpoint wants.
    pub class: String,
    /// How many different people have to say yes, 1 to [`MAX_FLOOR_PEOPLE`].
    pub needed: u32,
    /// What each of their answers has to be at least: `signed` or `number`.
    pub assurance: Assurance,
    /// Pre-authorisations for these channels (`break_glass`, `policy`) are enough all the same. Others are not: a word of the control plane is less than
    /// any answer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub except: Vec<Channel>,
}

/// The milder, the lower; none for what only reads. A class that is not known is as bad as any.
fn badness(class: &str) -> Option<u8> {
    match class {
        "read_only" => None,
        "changing" => Some(1),
        "destructive" => Some(2),
        _ => Some(3),
    }
}

impl Floor {
    /// Whether it says something that can be kept.
    ///
    /// # Errors
    /// What makes no sense in it.
    pub fn check(&self) -> Result<(), TrustFault> {
        use Channel::{BreakGlass, Policy};
        let problems = [
            (
                !super::contact::is_name(&self.name),
                "a floor's name is 1 to 64 small letters, digits and hyphens",
            ),
            (
                !["changing", "destructive", "opaque"].contains(&self.class.as_str()),
                "a floor is for the class changing, destructive or opaque and every worse one",
            ),
            (
                !(1..=MAX_FLOOR_PEOPLE).contains(&self.needed),
                "a floor asks for 1 to 16 people",
            ),
            (
                self.assurance == Assurance::Link,
                "a floor asks for signed answers, or for signed ones with the number",
            ),
            (
                !matches!(*self.except, [] | [BreakGlass | Policy] | [BreakGlass, Policy]),
                "a floor's exceptions are break_glass and policy, in this order",
            ),
            (self.endpoints.len() > 256, "a floor names at most 256 endpoints"),
        ];
        problems
            .into_iter()
            .find(|(wrong, _)| *wrong)
            .map_or(Ok(()), |(_, what)| Err(TrustFault::Senseless(what)))
    }

    /// Whether it holds on this endpoint.
    pub fn holds_on(&self, endpoint: &EndpointId) -> bool {
        self.endpoints.is_empty() || self.endpoints.contains(endpoint)
    }

    /// Whether it keeps this pre-authorisation from counting, for some of its actions or all.
    pub fn holds_back(&self, granted: &PreAuthorisation) -> bool {
        let somewhere = granted.endpoints.is_empty() || granted.endpoints.iter().any(|endpoint| self.holds_on(endpoint));
        let covers = |class: &String| badness(class) >= badness(&self.class);
        somewhere && granted.classes.iter().any(covers) && !self.except.contains(&granted.channel)
    }

    /// Whether it holds for an action of this class on this endpoint.
    pub fn covers(&self, endpoint: &EndpointId, class: &str) -> bool {
        self.holds_on(endpoint) && badness(class) >= badness(&self.class)
    }
}

/// What all floors together ask for, for one class on one endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Least {
    /// Names of the floors, ascending.
    pub floors: Vec<String>,
    /// The most people that one of them asks for.
    pub needed: u32,
    /// The surest answers that one of them asks for.
    pub assurance: Assurance,
    /// What every one of them excepts.
    pub except: Vec<Channel>,
}

impl Least {
    /// Of these floors; none when none of them holds here.
    pub fn of<'a>(floors: impl IntoIterator<Item = &'a Floor>, endpoint: &EndpointId, class: &str) -> Option<Self> {
        let mut least: Option<Self> = None;
        for floor in floors.into_iter().filter(|floor| floor.covers(endpoint, class)) {
            let known = least.get_or_insert_with(|| Self {
                floors: Vec::new(),
                needed: floor.needed,
                assurance: floor.assurance,
                except: floor.except.clone(),
            });
            known.floors.push(floor.name.clone());
            known.needed = known.needed.max(floor.needed);
            known.assurance = known.assurance.max(floor.assurance);
            known.except.retain(|channel| floor.except.contains(channel));
        }
        if let Some(least) = &mut least {
            least.floors.sort();
        }
        least
    }

    /// Whether a pre-authorisation for this channel is enough all the same.
    pub fn excepts(&self, channel: Channel) -> bool {
        self.except.contains(&channel)
    }

    /// In words, after “at least”: who has to say yes, and how.
    pub fn in_words(&self) -> String {
        let how = match self.assurance {
            Assurance::Number => " who typed the number",
            Assurance::Link | Assurance::Signed => "",
        };
        match self.needed {
            1 => format!("a signed yes of one contact{how}"),
            many => format!("signed yeses of {many} different contacts{how}"),
        }
    }
}
