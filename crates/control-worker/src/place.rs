//! What an instance is: one Endpoint object, one Organisation object, or one request at the front. A parcel in, a parcel out.

use crate::config::{Config, Key};
use crate::endpoint::EndpointHost;
use crate::front::Front;
use crate::letter::{Cause, Happening};
use crate::mail::Mailer;
use crate::organisation::OrganisationHost;
use crate::parcel::{Items, Parcel};
use caisey_control::port::{Caller, ConnId, Moment};
use caisey_control::store::{Store, StoreError};
use caisey_ledger::id::TimeMs;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest as _, Sha256};

/// An instance's part.
pub(crate) enum Place {
    Empty,
    Endpoint(Box<EndpointHost>),
    Organisation(Box<OrganisationHost>),
    Front(Box<Front>),
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Part {
    Endpoint,
    Organisation,
    Front,
}

/// What comes with every batch.
#[derive(Deserialize)]
pub(crate) struct Circumstances {
    /// The platform's clock.
    pub(crate) now: TimeMs,
    /// Connections that exist.
    #[serde(default)]
    pub(crate) alive: Vec<u64>,
    /// The object's own name.
    #[serde(default)]
    pub(crate) name: String,
    /// Who watches the directory, on which connection.
    #[serde(default)]
    pub(crate) watchers: Vec<(u64, Caller)>,
}

impl Circumstances {
    pub(crate) fn alive(&self) -> Vec<ConnId> {
        self.alive.iter().copied().map(ConnId).collect()
    }
}

/// What happened, each with its moment and its body.
pub(crate) type Batch<'a> = Vec<(Moment, Happening, &'a [u8])>;

impl Place {
    /// First item: the part; second: the configuration. The answer is empty, or says what is wrong with it.
    pub(crate) fn new(parcel: &[u8]) -> (Self, Vec<u8>) {
        let mut items = Items::of(parcel);
        let part = items.next().and_then(|item| serde_json::from_slice(item).ok());
        match (part, Config::read(items.next().unwrap_or_default())) {
            (Some(part), Ok((config, key))) => (Self::of(part, config, key), Vec::new()),
            (None, _) => (Self::Empty, b"no such part".to_vec()),
            (_, Err(wrong)) => (Self::Empty, wrong.into_bytes()),
        }
    }

    fn of(part: Part, config: Config, key: Key) -> Self {
        match part {
            Part::Endpoint => Self::Endpoint(Box::new(EndpointHost::new(Mailer::of(&config), key))),
            Part::Organisation => Self::Organisation(Box::new(OrganisationHost::new(config.authority, key))),
            Part::Front => Self::Front(Box::new(Front::new(config, key))),
        }
    }

    /// Takes a parcel of this part's kind.
    pub(crate) fn handle(&mut self, store: &dyn Store, parcel: &[u8]) -> Vec<u8> {
        let out = match self {
            Self::Empty => return lost(&StoreError::Refused("there is no object here".into())),
            Self::Front(front) => return front.step(parcel),
            Self::Endpoint(host) => opened(parcel).and_then(|(around, batch)| host.run(store, &around, batch)),
            Self::Organisation(host) => opened(parcel).and_then(|(around, batch)| host.run(store, &around, batch)),
        };
        out.map_or_else(|error| lost(&error), Parcel::into_bytes)
    }
}

/// First item: circumstances; second: 32 bytes nobody has seen; then what happened.
fn opened(parcel: &[u8]) -> Result<(Circumstances, Batch<'_>), StoreError> {
    let wrong = |what: &str| StoreError::Refused(format!("a parcel cannot be read: {what}"));
    let mut items = Items::of(parcel);
    let around: Circumstances =
        serde_json::from_slice(items.next().unwrap_or_default()).map_err(|error| wrong(&error.to_string()))?;
    let entropy = items
        .next()
        .filter(|entropy| entropy.len() == 32)
        .ok_or_else(|| wrong("no entropy"))?;
    let mut batch = Batch::new();
    while let Some(item) = items.next() {
        let happening: Happening = serde_json::from_slice(item).map_err(|error| wrong(&error.to_string()))?;
        let body = if happening.has_body() {
            items.next().unwrap_or_default()
        } else {
            &[]
        };
        let moment = Moment {
            now_ms: around.now,
            entropy: part(entropy, batch.len()),
        };
        batch.push((moment, happening, body));
    }
    Ok((around, batch))
}

/// Randomness for one of several.
fn part(entropy: &[u8], number: usize) -> [u8; 32] {
    Sha256::new_with_prefix(b"caisey.worker/v1\n")
        .chain_update(entropy)
        .chain_update((number as u64).to_be_bytes())
        .finalize()
        .into()
}

/// A moment of its own for one of several things that came in one happening.
pub(crate) fn moment_of(moment: Moment, number: usize) -> Moment {
    Moment {
        entropy: part(&moment.entropy, number),
        ..moment
    }
}

/// Nothing of the batch was stored.
fn lost(error: &StoreError) -> Vec<u8> {
    let cause = match error {
        StoreError::Full(_) => Cause::DiskFull,
        StoreError::Io(_) => Cause::DiskFailed,
        StoreError::Corrupt(_) => Cause::StoreDamaged,
        StoreError::Constraint(_) | StoreError::Refused(_) => Cause::StoreRefused,
    };
    let mut parcel = Parcel::default();
    parcel.describe(&json!({ "e": "lost", "cause": cause, "people": cause.for_people(), "detail": error.to_string() }));
    parcel.into_bytes()
}

/// An effect: its description, and its body when it has one.
pub(crate) fn effect(out: &mut Parcel, description: &impl Serialize, body: Option<&[u8]>) {
    out.describe(description);
    if let Some(body) = body {
        out.put(body);
    }
}
