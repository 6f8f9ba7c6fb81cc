//! The release: whoever hands a pack out signs what is in it (docs/formats/pack.md, "Release").
//!
//! Its subjects are all other files of the pack with their digests, so that none can be changed, added or taken away; its predicate says
//! which snapshot this is a view of, how much is hidden in it by class, how well the scrub that hid it measured itself, and where a person
//! overruled it.

use crate::restored::Restored;
use caisey_ledger::id::{DeviceId, MemberId, TimeMs};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The in-toto predicate type.
pub const PREDICATE: &str = "urn:caisey:release:v1";

/// The release's name within the pack.
pub const FILE: &str = "release.json";

/// Synthetic identifiers that were planted in a shadow copy, and found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Planted {
    /// How many were planted.
    pub planted: u64,
    /// How many of them the same rules found.
    pub found: u64,
}

/// How well a scrub found what it should, measured on this very record.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScrubMeasure {
    /// Version of the rules.
    pub rules: String,
    /// By class.
    pub classes: BTreeMap<String, Planted>,
    /// Below this many found in a thousand, of any class, nothing may be handed out.
    pub least_per_mille: u64,
}

/// What a scrub says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scrubbed {
    /// How well it found what was planted.
    pub measure: ScrubMeasure,
    /// What it would have hidden and a person shows again, in ascending order.
    pub restored: Vec<Restored>,
}

impl From<ScrubMeasure> for Scrubbed {
    fn from(measure: ScrubMeasure) -> Self {
        Self {
            measure,
            restored: Vec::new(),
        }
    }
}

/// Who hands it out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Releaser {
    /// The person.
    pub member: MemberId,
    /// The console, whose key signs.
    pub device: DeviceId,
    /// As they are called in the organisation.
    pub name: String,
}

/// What is said of a pack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Release {
    /// SHA-256 of the snapshot, lower-case hexadecimal.
    pub snapshot: String,
    /// By whom.
    pub by: Releaser,
    /// When, by their clock.
    pub at_ms: TimeMs,
    /// Hidden ranges by class.
    pub redactions: BTreeMap<String, u64>,
    /// How the scrub measured itself; absent when nothing was scrubbed automatically.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scrub: Option<ScrubMeasure>,
    /// What the scrub would have hidden and a person shows again; absent when there is none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub restored: Vec<Restored>,
}

impl ScrubMeasure {
    /// Planted and found, all classes together.
    pub fn total(&self) -> Planted {
        self.classes.values().fold(Planted::default(), |sum, class| Planted {
            planted: sum.planted.saturating_add(class.planted),
            found: sum.found.saturating_add(class.found),
        })
    }

    /// Classes of which too little was found: while there are any, nothing may be handed out.
    pub fn below(&self) -> Vec<&str> {
        let too_few =
            |class: &&Planted| u128::from(class.found) * 1_000 < u128::from(class.planted) * u128::from(self.least_per_mille);
        self.classes
            .iter()
            .filter(|(_, class)| too_few(class))
            .map(|(name, _)| name.as_str())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_below_the_threshold_is_named() {
        let class = |planted, found| Planted { planted, found };
        let measure = ScrubMeasure {
            rules: "1".to_owned(),
            classes: BTreeMap::from([("email".to_owned(), class(1_000, 990)), ("host".to_owned(), class(100, 96))]),
            least_per_mille: 970,
        };
        assert_eq!(measure.below(), ["host"]);
        assert_eq!(measure.total(), class(1_100, 1_086));
    }
}
