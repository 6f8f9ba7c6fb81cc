//! Floors, as screens show and make them.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// The least that answers have to be for a class of action and every worse one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct FloorRow {
    /// Its name.
    pub name: String,
    /// Endpoints by name; none means all of the client.
    pub endpoints: Vec<String>,
    /// The mildest class that it holds for: `changing`, `destructive` or `opaque`.
    pub class: String,
    /// How many different people have to say yes.
    pub needed: u32,
    /// Whether each of them has to type the number.
    pub number: bool,
    /// Pre-authorisations for these channels (`break_glass`, `policy`) are enough all the same.
    pub except: Vec<String>,
    /// Who set it, by name where the name is known.
    pub set_by: String,
    /// When.
    #[ts(type = "number")]
    pub set_at_ms: u64,
}

/// A floor to be set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct NewFloor {
    /// Its name: small letters, digits and hyphens. One of the same name is replaced.
    pub name: String,
    /// Endpoints; none means all of the client.
    pub endpoints: Vec<String>,
    /// The mildest class that it holds for: `changing`, `destructive` or `opaque`.
    pub class: String,
    /// How many different people have to say yes.
    pub needed: u32,
    /// Whether each of them has to type the number.
    pub number: bool,
    /// Pre-authorisations for these channels (`break_glass`, `policy`) are enough all the same.
    pub except: Vec<String>,
}
