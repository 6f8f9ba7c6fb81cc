//! Moving an organisation from one control plane's host to another: its objects' databases as lines of text, and back. docs/formats/move.md.
//!
//! Promises: what arrives is what left, row by row: every line is in a digest, the objects' digests are the leaves of a tree whose head the
//! checkpoint key signs, and every log leads to its own signed head again before anybody can use it; bounded memory on both sides; one piece
//! is taken whole or not at all. Leaves out: files and networks, keys (both sides have the same), people's accounts, and who may do it.

mod arrive;
mod check;
mod leave;
mod line;
mod table;

use crate::row::Row;
use crate::store::{Store, StoreError};
pub use arrive::{Arrived, arrive, ended, objects};
use caisey_ledger::checkpoint::{Checkpoint, CheckpointError};
use caisey_ledger::hash::Hash;
use caisey_ledger::id::{EndpointId, OrganisationId, TimeMs};
use caisey_ledger::tree::{Frontier, leaf_hash};
pub use leave::{Leaving, leave, next_endpoint};
pub use line::Header;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// What the organisation's own object is called.
const ORGANISATION: &str = "organisation";

/// Which of an organisation's objects.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Part {
    /// Its own, which comes first.
    Organisation,
    /// An endpoint's, in ascending order of identifiers.
    Endpoint(EndpointId),
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Organisation => f.write_str(ORGANISATION),
            Self::Endpoint(endpoint) => write!(f, "{endpoint}"),
        }
    }
}

impl FromStr for Part {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            ORGANISATION => Ok(Self::Organisation),
            text => text.parse().map(Self::Endpoint).map_err(|_| "not an organisation's object"),
        }
    }
}

impl From<Part> for String {
    fn from(part: Part) -> Self {
        part.to_string()
    }
}

impl TryFrom<String> for Part {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl Part {
    fn tables(&self) -> &'static [table::Table] {
        match self {
            Self::Organisation => table::ORGANISATION,
            Self::Endpoint(_) => table::ENDPOINT,
        }
    }

    /// Makes the schema, or brings it up to date; how many migrations it has.
    fn apply(&self, store: &dyn Store) -> Result<u64, StoreError> {
        let schema = match self {
            Self::Organisation => crate::organisation::SCHEMA,
            Self::Endpoint(_) => crate::endpoint::SCHEMA,
        };
        schema.apply(store)?;
        Ok(schema.migrations.len() as u64)
    }

    /// Origin of the object's log.
    fn origin(&self, header: &Header) -> String {
        match self {
            Self::Organisation => format!("{}/{}", header.authority, header.organisation),
            Self::Endpoint(endpoint) => format!("{}/{}/{endpoint}", header.authority, header.organisation),
        }
    }
}

/// Why something cannot be moved, or what arrived cannot be used. For operators.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Not what was written.
    #[error("the file is damaged: {0}. Nothing of it is used; move the organisation again")]
    Damaged(String),
    /// Another program's.
    #[error(
        "the file was written with schema {found} of {part}, and this program has {known}. Update the older side first, then move again"
    )]
    Version {
        /// Which object.
        part: Part,
        /// The file's.
        found: u64,
        /// Ours.
        known: u64,
    },
    /// There is something already.
    #[error("{0} is here already; nothing was changed")]
    Exists(String),
    /// Somebody else's.
    #[error("{0}")]
    Other(String),
    /// The signature at its end.
    #[error("the file is not signed by the control plane that it names: {0}")]
    Signature(#[from] CheckpointError),
}

pub(crate) fn damaged(what: impl Into<String>) -> Fault {
    Fault::Damaged(what.into())
}

/// Where an object stands that is being moved. Kept in its store, in a table that nothing else has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It left: nothing may be added here any more.
    Left,
    /// It is arriving: it cannot be used yet.
    Arriving,
    /// It is whole, and waits for the rest of its organisation.
    Arrived,
}

/// Where the object in this store stands; none when it is not being moved.
///
/// # Errors
/// The store's; `Corrupt` when it is not known what it says.
pub fn standing(store: &dyn Store) -> Result<Option<Standing>, StoreError> {
    let made = store.exec("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'moving'", &[])?;
    if made.is_empty() {
        return Ok(None);
    }
    let Some(mut row) = Row::first(store.exec("SELECT state FROM moving", &[])?) else {
        return Ok(None);
    };
    match row.text()?.as_str() {
        "left" => Ok(Some(Standing::Left)),
        "arriving" => Ok(Some(Standing::Arriving)),
        "arrived" => Ok(Some(Standing::Arrived)),
        _ => Err(crate::row::damaged("it is not known where a move stands")),
    }
}

const TABLE: &str = "CREATE TABLE IF NOT EXISTS moving (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    state TEXT NOT NULL,
    place INTEGER NOT NULL,
    rows INTEGER NOT NULL,
    digest BLOB NOT NULL,
    objects BLOB NOT NULL
) STRICT";

/// Forgets that the object was being moved: from here on it is used. For one that arrived whole, or that is to stay after all.
///
/// # Errors
/// The store's.
pub fn settle(store: &dyn Store) -> Result<(), StoreError> {
    store.script("DROP TABLE IF EXISTS moving")
}

/// The head of the tree over all objects that left.
#[derive(Debug, Clone, Default)]
pub struct Objects(Frontier);

impl Objects {
    /// None yet.
    pub fn new() -> Self {
        Self(Frontier::new())
    }

    /// From [`Objects::to_bytes`].
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Frontier::from_bytes(bytes).ok().map(Self)
    }

    /// To be kept.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.to_bytes()
    }

    /// The next object ended with this line.
    pub fn ended(&mut self, line: &str) {
        self.0.append(leaf_hash(line.as_bytes()));
    }

    /// The file's last line: a C2SP checkpoint over the lines with which objects ended, in order.
    ///
    /// # Errors
    /// When the origin or key cannot be signed with.
    pub fn sign(&self, header: &Header, key: &[u8; 32], sign: impl FnOnce(&[u8]) -> [u8; 64]) -> Result<String, Fault> {
        Ok(self.head(header).sign(key, sign)?)
    }

    /// Whether the note is that, signed by this key.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(&self, header: &Header, note: &str, key: &[u8; 32]) -> Result<(), Fault> {
        let own = self.head(header);
        let stated = Checkpoint::open(note, &own.origin, key)?;
        if stated == own {
            Ok(())
        } else {
            Err(damaged("its objects are not those that were signed"))
        }
    }

    fn head(&self, header: &Header) -> Checkpoint {
        Checkpoint {
            origin: format!("{}/{}/move", header.authority, header.organisation),
            size: self.0.size(),
            root: self.0.root(),
        }
    }
}

/// Whether what the file's header names is what is here.
///
/// # Errors
/// What is not, and what to do.
pub fn fits(header: &Header, authority: Option<&str>, public_key: &[u8; 32]) -> Result<(), Fault> {
    if authority.is_some_and(|authority| authority != header.authority) {
        return Err(Fault::Other(format!(
            "the organisation's logs are named after {}, and this control plane is another: start it with that authority",
            header.authority
        )));
    }
    if Hash::from_base64(&header.checkpoint_key) != Some(Hash(*public_key)) {
        return Err(Fault::Other(
            "this control plane signs with another key than the organisation's consoles and runtimes know: bring the key over first \
             (docs/deploy.md)"
                .to_owned(),
        ));
    }
    Ok(())
}

/// For a header.
pub fn header(authority: &str, organisation: &OrganisationId, public_key: [u8; 32], now: TimeMs) -> Header {
    Header {
        authority: authority.to_owned(),
        checkpoint_key: Hash(public_key).to_base64(),
        exported_at_ms: now,
        organisation: organisation.clone(),
    }
}
