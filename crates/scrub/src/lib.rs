//! Finds personal data and secrets in what people typed and endpoints printed, so that a share can leave without them.
//!
//! Made for terminal text: commands, listings, logs, configuration, in the layouts of Windows, macOS and Linux. Two passes: [`Rules`]
//! find what looks like something by itself (a profile path, a card number whose checksum holds, a password behind its label), what they leave
//! is weighed ([`Scales`]), and from what was found in the whole session [`Identities`] learns names of people and machines, which are then
//! found wherever else they stand. Every finding says its class and the rule that made it, [`Class::same`] which contents count as the same;
//! [`measure()`] plants synthetic identifiers of every class and says how many were found.
//!
//! Pure and linear: time grows with the bytes read, whatever they are. Texts of a session are read side by side by the [`Workers`] that the
//! caller hands in, or by one [`Alone`], with the same result. Nothing is decided here about what may be removed: the
//! caller passes the ranges that must stay (verbs of commands), and a person reviews the result.
mod account;
mod class;
mod finder;
mod finding;
mod identity;
mod kind;
mod learn;
mod line;
mod map;
mod measure;
mod needles;
mod noted;
mod plant;
mod rule;
mod session;
mod sign;
mod weigh;
mod workers;

/// Names the rules of this version: what a share states beside the recall that they measured.
pub const VERSION: &str = concat!("caisey-scrub ", env!("CARGO_PKG_VERSION"));

pub use class::Class;
pub use finding::Finding;
pub use identity::Identities;
pub use learn::{Labelled, learn};
pub use measure::{Recall, measure};
pub use rule::Rules;
pub use session::{Facts, Text, scrub};
pub use weigh::Scales;
pub use workers::{Alone, Workers};
