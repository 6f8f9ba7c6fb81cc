//! What this endpoint's decisions rest on: policies, traits and the client's chain, as the Organisation object handed them over.
//!
//! Promises: stored before anything is decided by it; an earlier revision never replaces a later one; of the chain only what continues it
//! is taken; the runtime is told of every statement before anything that rests on it.

use super::live::Live;
use crate::row::{Row, damaged, int, text};
use crate::rules::Rules;
use crate::store::{Store, StoreError};
use crate::turn::Turn;
use caisey_ledger::consent::{SignedContactStatement, Trust};
use caisey_ledger::id::{ClientId, OrganisationId};
use caisey_policy::decide::Policies;
use caisey_protocol::runtime::{MAX_CONTACT_STATEMENTS, ToRuntime};
use std::sync::{Arc, OnceLock};

pub(super) const TABLES: &str = "
    CREATE TABLE rules (
        only INTEGER PRIMARY KEY CHECK (only = 1),
        revision INTEGER NOT NULL,
        traits TEXT NOT NULL
    ) STRICT;
    CREATE TABLE policies (
        name TEXT PRIMARY KEY,
        document TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE contacts (
        number INTEGER PRIMARY KEY,
        statement TEXT NOT NULL
    ) STRICT;
";

/// Revision of what is stored; 0 for nothing.
pub(super) fn known(store: &dyn Store) -> Result<u64, StoreError> {
    Row::first(store.exec("SELECT revision FROM rules", &[])?).map_or(Ok(0), |mut row| row.number())
}

/// The rules in force, ready to decide.
pub(super) struct InForce {
    pub(super) rules: Rules,
    pub(super) trust: Trust,
    compiled: OnceLock<Result<Policies, String>>,
}

impl InForce {
    pub(super) fn load(store: &dyn Store, organisation: &OrganisationId, client: &ClientId) -> Result<Arc<Self>, StoreError> {
        let unreadable = |_| damaged("the rules in force cannot be read");
        let mut rules = Rules::default();
        if let Some(mut row) = Row::first(store.exec("SELECT revision, traits FROM rules", &[])?) {
            rules.revision = row.number()?;
            rules.traits = serde_json::from_str(&row.text()?).map_err(unreadable)?;
        }
        for row in store.exec("SELECT document FROM policies ORDER BY name", &[])? {
            let document = serde_json::from_str(&Row::from(row).text()?).map_err(unreadable)?;
            rules.policies.push(document);
        }
        for row in store.exec("SELECT statement FROM contacts ORDER BY number", &[])? {
            let statement = serde_json::from_str(&Row::from(row).text()?).map_err(unreadable)?;
            rules.chain.push(statement);
        }
        for row in store.exec("SELECT contact FROM mailing", &[])? {
            let contact = serde_json::from_str(&Row::from(row).text()?).map_err(unreadable)?;
            rules.mailing.push(contact);
        }
        let trust = Trust::replay(organisation, client, &rules.chain)
            .map_err(|fault| damaged(&format!("the stored chain of the client's contacts does not hold: {fault}")))?;
        Ok(Arc::new(Self {
            rules,
            trust,
            compiled: OnceLock::new(),
        }))
    }

    /// The policies, read at their first use.
    ///
    /// # Errors
    /// A sentence, when one of them cannot be read.
    pub(super) fn policies(&self) -> Result<&Policies, String> {
        if self.rules.policies.is_empty() {
            return Policies::built_in().map_err(|error| error.to_string());
        }
        self.compiled
            .get_or_init(|| Policies::compile(&self.rules.policies).map_err(|error| error.to_string()))
            .as_ref()
            .map_err(Clone::clone)
    }

    /// These rules in place of the present ones, with as much of their chain as continues the present one.
    fn followed_by(&self, told: &Rules) -> Self {
        let (mut chain, mut trust) = (self.rules.chain.clone(), self.trust.clone());
        let continues = told.chain.get(..chain.len()).is_some_and(|known| known == chain);
        let more = if continues { told.chain.get(chain.len()..) } else { None };
        for statement in more.unwrap_or_default() {
            // The Organisation object has checked it; what does not hold all the same is not believed here either.
            if trust.apply(statement).is_err() {
                break;
            }
            chain.push(statement.clone());
        }
        Self {
            rules: Rules { chain, ..told.clone() },
            trust,
            compiled: OnceLock::new(),
        }
    }

    fn put(&self, store: &dyn Store, known_statements: usize) -> Result<(), StoreError> {
        let json = |value: Result<String, serde_json::Error>| value.map_err(|error| StoreError::Refused(error.to_string()));
        let traits = json(serde_json::to_string(&self.rules.traits))?;
        store.exec(
            "INSERT OR REPLACE INTO rules (only, revision, traits) VALUES (1, ?1, ?2)",
            &[int(self.rules.revision), text(traits)],
        )?;
        store.exec("DELETE FROM policies", &[])?;
        for document in &self.rules.policies {
            let row = [text(&document.name), text(json(serde_json::to_string(document))?)];
            store.exec("INSERT INTO policies (name, document) VALUES (?1, ?2)", &row)?;
        }
        store.exec("DELETE FROM mailing", &[])?;
        for contact in &self.rules.mailing {
            let row = [text(json(serde_json::to_string(contact))?)];
            store.exec("INSERT INTO mailing (contact) VALUES (?1)", &row)?;
        }
        for signed in self.rules.chain.iter().skip(known_statements) {
            let row = [int(signed.statement.number), text(json(serde_json::to_string(signed))?)];
            store.exec("INSERT INTO contacts (number, statement) VALUES (?1, ?2)", &row)?;
        }
        Ok(())
    }
}

impl Live {
    /// Takes what the Organisation object says, unless something newer is known.
    pub(super) fn take_rules(&mut self, turn: &mut Turn<'_>, told: &Rules) -> Result<(), StoreError> {
        if told.revision <= self.rules.rules.revision {
            return Ok(());
        }
        let known = self.rules.rules.chain.len();
        let next = self.rules.followed_by(told);
        next.put(turn.store, known)?;
        self.rules = Arc::new(next);
        self.tell_contacts(known);
        self.take_back_below_floors(turn)
    }

    /// Tells the runtime what the client's contacts say, from this place of the chain on.
    pub(super) fn tell_contacts(&mut self, from: usize) {
        let rules = Arc::clone(&self.rules);
        let statements: &[SignedContactStatement] = rules.rules.chain.get(from..).unwrap_or_default();
        for some in statements.chunks(MAX_CONTACT_STATEMENTS) {
            self.tell_runtime(ToRuntime::Contacts {
                statements: some.to_vec(),
            });
        }
    }
}
