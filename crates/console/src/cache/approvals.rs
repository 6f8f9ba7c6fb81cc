//! Approval requests as this console keeps them, and the chains of those who speak for clients.
//!
//! Promises: a request, its marks and an answer are each stored before anything is done about them. What was asked stays readable after its end,
//! until the record's own texts are erased.

use crate::error::ConsoleError;
use caisey_ledger::consent::SignedContactStatement;
use caisey_policy::approval::inbox::Prompt;
use caisey_protocol::consent::ApprovalView;
use caisey_protocol::http::Submit;
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// One row per request, one per client.
pub const TABLES: &str = "
CREATE TABLE approvals (
  action TEXT PRIMARY KEY, is_open INTEGER NOT NULL, due INTEGER NOT NULL, asked_at_ms INTEGER NOT NULL, view TEXT NOT NULL, fault TEXT,
  prompt TEXT, answer TEXT, refusal TEXT, told INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX approvals_by_time ON approvals (is_open, asked_at_ms);
CREATE TABLE chains (client TEXT PRIMARY KEY, statements TEXT NOT NULL) STRICT, WITHOUT ROWID;
";

/// What waits for its review is found however long ago it ended.
pub const UNREVIEWED: &str =
    "CREATE INDEX approvals_unreviewed ON approvals (asked_at_ms) WHERE json_extract(view, '$.review_due') = 1;";

/// Ended requests that a list shows.
const ENDED_MOST: u32 = 200;

/// A request with what is known and was done about it here.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept {
    /// As the control plane last showed it.
    pub view: ApprovalView,
    /// Why it cannot be relied on.
    pub fault: Option<String>,
    /// Where it stands in the inbox, when it is for this person to decide.
    pub prompt: Option<Prompt>,
    /// The answer, signed.
    pub answer: Option<Submit>,
    /// Why the last answer did not count.
    pub refusal: Option<String>,
    /// Whether its end was told to who asked.
    pub told: bool,
}

impl Kept {
    /// One that has just arrived.
    pub fn new(view: ApprovalView) -> Self {
        Self {
            view,
            fault: None,
            prompt: None,
            answer: None,
            refusal: None,
            told: false,
        }
    }

    /// Whether an answer waits to be sent.
    pub fn is_due(&self) -> bool {
        let waits = |prompt: &Prompt| prompt.answer.is_some() && !prompt.settled;
        self.answer.is_some() && self.prompt.as_ref().is_some_and(waits)
    }
}

const COLUMNS: &str = "view, fault, prompt, answer, refusal, told";

fn kept(row: &Row<'_>) -> rusqlite::Result<Option<Kept>> {
    let text = |at: usize| row.get::<_, Option<String>>(at);
    let Some(view) = read(text(0)?) else { return Ok(None) };
    Ok(Some(Kept {
        view,
        fault: text(1)?,
        prompt: read(text(2)?),
        answer: read(text(3)?),
        refusal: text(4)?,
        told: row.get(5)?,
    }))
}

/// A row that this program cannot read is as if it had not been stored: it comes again from the control plane.
fn read<T: DeserializeOwned>(json: Option<String>) -> Option<T> {
    json.and_then(|json| serde_json::from_str(&json).ok())
}

fn written<T: Serialize>(value: &T) -> Result<String, ConsoleError> {
    serde_json::to_string(value).map_err(|error| ConsoleError::Internal(error.to_string()))
}

/// One request.
///
/// # Errors
/// The database's.
pub fn one(cache: &Connection, action: &str) -> Result<Option<Kept>, ConsoleError> {
    let sql = format!("SELECT {COLUMNS} FROM approvals WHERE action = ?1");
    Ok(cache.prepare_cached(&sql)?.query_row([action], kept).optional()?.flatten())
}

/// Stores a request.
///
/// # Errors
/// The database's.
pub fn put(cache: &Connection, kept: &Kept) -> Result<(), ConsoleError> {
    cache
        .prepare_cached("INSERT OR REPLACE INTO approvals VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)")?
        .execute(params![
            kept.view.action.as_str(),
            !kept.view.state.is_terminal(),
            kept.is_due(),
            kept.view.asked_at_ms.get(),
            written(&kept.view)?,
            kept.fault,
            kept.prompt.as_ref().map(written).transpose()?,
            kept.answer.as_ref().map(written).transpose()?,
            kept.refusal,
            kept.told
        ])?;
    Ok(())
}

/// Requests that are open, oldest first, then what waits for its review, then the newest that have ended.
///
/// # Errors
/// The database's.
pub fn list(cache: &Connection) -> Result<Vec<Kept>, ConsoleError> {
    let mut found = many(cache, "is_open = 1 ORDER BY asked_at_ms, action")?;
    found.extend(unreviewed(cache)?);
    let ended = many(
        cache,
        &format!("is_open = 0 ORDER BY asked_at_ms DESC, action LIMIT {ENDED_MOST}"),
    )?;
    found.extend(ended.into_iter().filter(|kept| !kept.view.review_due));
    Ok(found)
}

/// What ran under break-glass and waits for its review, newest first.
fn unreviewed(cache: &Connection) -> Result<Vec<Kept>, ConsoleError> {
    many(
        cache,
        "json_extract(view, '$.review_due') = 1 ORDER BY asked_at_ms DESC, action",
    )
}

/// Requests that are open, have an answer to be sent, or wait for a review.
///
/// # Errors
/// The database's.
pub fn unfinished(cache: &Connection) -> Result<Vec<Kept>, ConsoleError> {
    let mut found = many(cache, "is_open = 1 OR due = 1 ORDER BY asked_at_ms, action")?;
    let more = unreviewed(cache)?;
    found.extend(
        more.into_iter()
            .filter(|kept| kept.view.state.is_terminal() && !kept.is_due()),
    );
    Ok(found)
}

/// Requests with an answer to be sent.
///
/// # Errors
/// The database's.
pub fn due(cache: &Connection) -> Result<Vec<Kept>, ConsoleError> {
    many(cache, "due = 1 ORDER BY asked_at_ms, action")
}

fn many(cache: &Connection, which: &str) -> Result<Vec<Kept>, ConsoleError> {
    let mut rows = cache.prepare_cached(&format!("SELECT {COLUMNS} FROM approvals WHERE {which}"))?;
    let rows = rows.query_map([], kept)?;
    let found: Vec<Option<Kept>> = rows.collect::<Result<_, _>>()?;
    Ok(found.into_iter().flatten().collect())
}

/// A text of the entry at this place was erased: what was asked about its action is not kept in words here either.
///
/// # Errors
/// The database's.
pub fn forget_texts(cache: &Connection, log: i64, seq: u64) -> Result<(), ConsoleError> {
    cache
        .prepare_cached(
            "UPDATE approvals SET view = json_remove(view, '$.prompt')
             WHERE action = (SELECT json_extract(leaf, '$.statement.action') FROM entries WHERE log = ?1 AND seq = ?2 AND fault IS NULL)",
        )?
        .execute(params![log, seq])?;
    Ok(())
}

/// A client's chain as this console last found it to hold; empty when it has seen none.
///
/// # Errors
/// The database's.
pub fn chain(cache: &Connection, client: &str) -> Result<Vec<SignedContactStatement>, ConsoleError> {
    let json: Option<String> = cache
        .prepare_cached("SELECT statements FROM chains WHERE client = ?1")?
        .query_row([client], |row| row.get(0))
        .optional()?;
    match json {
        None => Ok(Vec::new()),
        Some(json) => serde_json::from_str(&json).map_err(|error| ConsoleError::Internal(format!("stored chain: {error}"))),
    }
}

/// Keeps a client's chain.
///
/// # Errors
/// The database's.
pub fn put_chain(cache: &Connection, client: &str, chain: &[SignedContactStatement]) -> Result<(), ConsoleError> {
    cache
        .prepare_cached("INSERT OR REPLACE INTO chains VALUES (?1, ?2)")?
        .execute(params![client, written(&chain)?])?;
    Ok(())
}
