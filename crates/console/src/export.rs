//! A session's record in a form that a stranger can check without us (docs/formats/session-export.md).
//!
//! The file holds every entry of the log from the session's first to its last, none left out, each as the exact bytes of its Merkle leaf;
//! the texts with their seeds; the checkpoint that covers them, as signed; an inclusion proof for each entry; and the earlier entries that
//! introduced the keys which signed these. Entries that belong to
//! other sessions come without their texts: their leaves are needed to see that nothing is missing, their contents are nobody's business here.

use crate::cache::log::{self, LogRow};
use crate::cache::{cosignature, schema, session};
use crate::error::ConsoleError;
use caisey_ledger::disclosure::Disclosure;
use caisey_ledger::hash::Hash;
use caisey_ledger::tree::{HashStore, NodeAt, leaf_hash, prove_inclusion};
use rusqlite::{Connection, params};
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};

/// Written into every file.
pub const FORMAT: &str = "caisey.session-export/v1";

#[derive(Serialize)]
struct Export {
    format: &'static str,
    exported_at_ms: u64,
    log: String,
    checkpoint_key: Option<String>,
    endpoint: String,
    hostname: String,
    client_name: String,
    session: crate::view::SessionRow,
    first_seq: u64,
    last_seq: u64,
    checkpoint: Option<String>,
    witnesses: Vec<Witness>,
    tree_size: u64,
    entries: Vec<ExportedEntry>,
    keys: Vec<ExportedEntry>,
    faults: Vec<String>,
}

/// Whose a cosignature on the checkpoint is, as this console knows it.
#[derive(Serialize)]
struct Witness {
    name: String,
    key: String,
    who: String,
}

#[derive(Serialize)]
struct ExportedEntry {
    seq: u64,
    in_session: bool,
    leaf: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    disclosures: BTreeMap<String, Disclosure>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    inclusion_proof: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<String>,
}

/// Hears how many of how many steps are done, and stops the work with an error.
pub type Tell<'a> = &'a dyn Fn(u64, u64) -> Result<(), ConsoleError>;
/// Steps between two calls.
const TELL_EVERY: u64 = 500;

/// Counts steps, and tells of them now and then.
pub(crate) struct Steps<'a> {
    tell: Tell<'a>,
    done: u64,
    total: u64,
}

impl Steps<'_> {
    /// Of work that nobody waits for.
    pub(crate) fn untold() -> Self {
        Self {
            tell: &|_, _| Ok(()),
            done: 0,
            total: 0,
        }
    }

    fn step(&mut self) -> Result<(), ConsoleError> {
        self.done += 1;
        match self.done.is_multiple_of(TELL_EVERY) || self.done == self.total {
            true => (self.tell)(self.done.min(self.total), self.total),
            false => Ok(()),
        }
    }
}

/// Writes the export.
///
/// # Errors
/// Unknown session; the database's; what `tell` answers.
pub fn session_json(cache: &Connection, name: &str, now_ms: u64, tell: Tell<'_>) -> Result<Vec<u8>, ConsoleError> {
    let row = session::row(cache, name)?;
    let log = log::of_endpoint(cache, &row.endpoint)?.ok_or_else(|| ConsoleError::NotFound {
        what: "endpoint",
        id: row.endpoint.clone(),
    })?;
    let (covering, cosigned) = cosignature::best_covering(cache, log.log, row.last_seq + 1)?.unzip();
    let size = covering.as_ref().map_or(0, |checkpoint| checkpoint.size);
    tell(0, size)?;
    let mut entries = entries(cache, &log, name, row.first_seq, row.last_seq)?;
    let mut keys = introductions(cache, &log, row.first_seq)?;
    let mut steps = Steps {
        tell,
        done: 0,
        // Every entry of the log is hashed, every exported one proved; then it is written, for which nobody counts.
        total: size + (entries.len() + keys.len()) as u64,
    };
    if let Some(checkpoint) = &covering {
        let tree = Tree::of(cache, log.log, checkpoint.size, &mut steps)?;
        prove(&tree, checkpoint.size, &mut entries, &mut steps)?;
        prove(&tree, checkpoint.size, &mut keys, &mut steps)?;
    }
    let pinned = schema::get(cache, "pinned")?;
    let faults = log::faults(cache)?
        .into_iter()
        .filter(|fault| fault.endpoint == row.endpoint)
        .map(|fault| fault.message)
        .collect();
    let export = Export {
        format: FORMAT,
        exported_at_ms: now_ms,
        log: log.origin,
        checkpoint_key: pinned
            .as_deref()
            .and_then(|pinned| pinned.split_once(' '))
            .map(|(_, key)| key.to_owned()),
        endpoint: row.endpoint.clone(),
        hostname: log.hostname,
        client_name: log.client_name,
        first_seq: row.first_seq,
        last_seq: row.last_seq,
        session: row,
        tree_size: covering.as_ref().map_or(0, |checkpoint| checkpoint.size),
        checkpoint: covering.map(|checkpoint| checkpoint.note),
        witnesses: cosigned.unwrap_or_default().into_iter().map(witness).collect(),
        entries,
        keys,
        faults,
    };
    serde_json::to_vec_pretty(&export).map_err(|error| ConsoleError::Internal(error.to_string()))
}

fn witness(line: cosignature::Cosignature) -> Witness {
    Witness {
        name: line.witness,
        key: line.key,
        who: line.who,
    }
}

fn entries(cache: &Connection, log: &LogRow, name: &str, from: u64, to: u64) -> Result<Vec<ExportedEntry>, ConsoleError> {
    let mut rows = cache.prepare_cached(
        "SELECT seq, session IS NULL OR session = (SELECT number FROM sessions WHERE session = ?2), session IS NOT NULL, leaf, disclosures,
         fault FROM entries WHERE log = ?1 AND seq BETWEEN ?3 AND ?4 ORDER BY seq",
    )?;
    let rows = rows.query_map(params![log.log, name, from, to], |row| {
        let (ours, in_some_session): (bool, bool) = (row.get(1)?, row.get(2)?);
        let stored: Option<String> = row.get(4)?;
        Ok(ExportedEntry {
            seq: row.get(0)?,
            in_session: ours && in_some_session,
            leaf: row.get(3)?,
            disclosures: if ours {
                session::disclosures(stored.as_deref())
            } else {
                BTreeMap::new()
            },
            inclusion_proof: Vec::new(),
            fault: row.get(5)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Entries before the session that say whose keys signed it: the endpoint's enrolment, and the introduction of each device.
fn introductions(cache: &Connection, log: &LogRow, before: u64) -> Result<Vec<ExportedEntry>, ConsoleError> {
    let mut rows = cache
        .prepare_cached("SELECT seq, leaf, fault FROM entries WHERE log = ?1 AND session IS NULL AND seq < ?2 ORDER BY seq")?;
    let rows = rows.query_map(params![log.log, before], |row| {
        Ok(ExportedEntry {
            seq: row.get(0)?,
            in_session: false,
            leaf: row.get(1)?,
            disclosures: BTreeMap::new(),
            inclusion_proof: Vec::new(),
            fault: row.get(2)?,
        })
    })?;
    // Leaves are canonical: a quotation mark within a string is escaped, so this finds the statement's kind and nothing else.
    let introduces = |leaf: &str| leaf.contains(r#""kind":"endpoint.enrolled""#) || leaf.contains(r#""kind":"key.introduced""#);
    let rows = rows.filter(|row| row.as_ref().map_or(true, |entry| introduces(&entry.leaf)));
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Inclusion proofs in the tree of the checkpoint, made from the cached leaves.
fn prove(tree: &Tree, size: u64, entries: &mut [ExportedEntry], steps: &mut Steps<'_>) -> Result<(), ConsoleError> {
    for entry in entries.iter_mut() {
        steps.step()?;
        if entry.fault.is_some() || entry.seq >= size {
            continue;
        }
        let proof = prove_inclusion(entry.seq, size, tree).map_err(|error| ConsoleError::Internal(error.to_string()))?;
        entry.inclusion_proof = proof.into_iter().map(Hash::to_base64).collect();
    }
    Ok(())
}

/// All complete subtrees of a cached log.
pub(crate) struct Tree(HashMap<NodeAt, Hash>);

impl Tree {
    pub(crate) fn of(cache: &Connection, log: i64, size: u64, steps: &mut Steps<'_>) -> Result<Self, ConsoleError> {
        let mut nodes = HashMap::new();
        let mut frontier = caisey_ledger::tree::Frontier::new();
        let mut rows = cache.prepare_cached("SELECT leaf FROM entries WHERE log = ?1 AND seq < ?2 ORDER BY seq")?;
        let mut rows = rows.query(params![log, size])?;
        while let Some(row) = rows.next()? {
            steps.step()?;
            let leaf = leaf_hash(row.get_ref(0)?.as_bytes().map_err(rusqlite::Error::from)?);
            frontier.append_with(leaf, |at, hash| {
                nodes.insert(at, hash);
            });
        }
        Ok(Self(nodes))
    }
}

impl HashStore for Tree {
    type Error = MissingNode;

    fn read(&self, wanted: &[NodeAt]) -> Result<Vec<Hash>, MissingNode> {
        wanted.iter().map(|at| self.0.get(at).copied().ok_or(MissingNode)).collect()
    }
}

/// The cached log is shorter than its checkpoint.
#[derive(Debug, thiserror::Error)]
#[error("an entry below the checkpoint is not in the cache")]
pub struct MissingNode;
