//! Policies: one row for each version of each. Versions are never changed, only followed by others.
//!
//! Promises: what is published was checked, names the version that it follows, and is in the log with its text; publishing the same again
//! gives the same version. A contact is shown what covers their client, and nothing that names another one.

use super::event::AdminEvent;
use super::{OrganisationObject, client, endpoint, only_client};
use crate::port::Caller;
use crate::refusal::{Stop, refused};
use crate::row::{Row, damaged, int, text, text_or_null};
use crate::store::{Store, StoreError, Value};
use crate::turn::Turn;
use caisey_ledger::id::{ClientId, TimeMs};
use caisey_policy::decide::{DEFAULT_NAME, default_document};
use caisey_policy::document::{Complaint, Document, Scope, named};
use caisey_policy::form::Form;
use caisey_protocol::consent::{PolicyCheck, PolicyComplaint, PolicyView, PublishPolicy};
use caisey_protocol::error::ErrorCode;

/// Policies that one organisation may have.
const MAX_POLICIES: usize = 256;

const SELECT: &str = "SELECT name, version, scope, text, form, published_at_ms, published_by FROM policies";
const NEWEST: &str = "WHERE version = (SELECT max(version) FROM policies AS newer WHERE newer.name = policies.name)";

/// One version as it is stored.
struct Published {
    document: Document,
    at: TimeMs,
    by: caisey_ledger::id::MemberId,
}

fn read(row: Vec<Value>) -> Result<Published, StoreError> {
    let unreadable = |_| damaged("a policy cannot be read");
    let mut row = Row::from(row);
    let (name, version, scope, policy) = (row.text()?, row.number()?, row.text()?, row.text()?);
    let form = row.text_or_null()?;
    let at = TimeMs::new(row.number()?).ok_or_else(|| damaged("a policy's time is out of range"))?;
    let document = Document {
        name,
        version,
        scope: serde_json::from_str(&scope).map_err(unreadable)?,
        text: policy,
        form: form.map(|form| serde_json::from_str(&form)).transpose().map_err(unreadable)?,
    };
    Ok(Published {
        document,
        at,
        by: row.parsed()?,
    })
}

fn newest_of(store: &dyn Store, name: &str) -> Result<Option<Published>, StoreError> {
    let sql = format!("{SELECT} WHERE name = ?1 ORDER BY version DESC LIMIT 1");
    store.exec(&sql, &[text(name)])?.into_iter().next().map(read).transpose()
}

/// The newest versions of all policies that are in force.
pub(super) fn in_force(store: &dyn Store) -> Result<Vec<Document>, StoreError> {
    let rows = store.exec(&format!("{SELECT} {NEWEST} ORDER BY name"), &[])?;
    let mut documents = rows
        .into_iter()
        .map(|row| read(row).map(|published| published.document))
        .collect::<Result<Vec<_>, _>>()?;
    documents.retain(|document| !document.text.trim().is_empty());
    Ok(documents)
}

/// Whether there is such a version of a policy, with this digest.
pub(super) fn is_known(store: &dyn Store, name: &str, version: u64, digest: &str) -> Result<bool, StoreError> {
    if name == DEFAULT_NAME && version == default_document().version {
        return Ok(default_document().digest() == digest);
    }
    let sql = format!("{SELECT} WHERE name = ?1 AND version = ?2");
    let found = store.exec(&sql, &[text(name), int(version)])?;
    let found = found.into_iter().next().map(read).transpose()?;
    Ok(found.is_some_and(|published| published.document.digest() == digest))
}

fn json(value: &impl serde::Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Refused(error.to_string()))
}

fn view(document: Document, published: Option<(TimeMs, caisey_ledger::id::MemberId)>) -> Result<PolicyView, StoreError> {
    let value =
        |value: Result<serde_json::Value, serde_json::Error>| value.map_err(|error| StoreError::Refused(error.to_string()));
    let (at, by) = published.map_or((TimeMs::default(), None), |(at, by)| (at, Some(by)));
    Ok(PolicyView {
        digest: document.digest(),
        scope: value(serde_json::to_value(&document.scope))?,
        form: document
            .form
            .as_ref()
            .map(|form| value(serde_json::to_value(form)))
            .transpose()?,
        name: document.name,
        version: document.version,
        text: document.text,
        published_at_ms: at,
        published_by: by,
    })
}

impl OrganisationObject {
    /// All versions that the caller may see, by name, newest last; the built-in one first.
    pub(super) fn policies(store: &dyn Store, caller: &Caller) -> Result<Vec<PolicyView>, Stop> {
        let only = only_client(caller)?;
        let mut views = vec![view(default_document(), None)?];
        for row in store.exec(&format!("{SELECT} ORDER BY name, version"), &[])? {
            let Published { document, at, by } = read(row)?;
            let shown = match &only {
                None => true,
                Some(only) => concerns(store, &document, only)?,
            };
            if shown {
                views.push(view(document, Some((at, by)))?);
            }
        }
        Ok(views)
    }

    /// What publishing it would come to.
    pub(super) fn check_policy(store: &dyn Store, wanted: &PublishPolicy) -> Result<PolicyCheck, Stop> {
        let (document, mut complaints) = match drafted(wanted) {
            Ok(document) => {
                let complaints = document.complaints();
                (Some(document), complaints)
            }
            Err(complaint) => (None, vec![complaint]),
        };
        if let (Some(document), true) = (&document, complaints.is_empty()) {
            complaints.extend(misplaced(store, document)?.map(|sentence| Complaint::about(None, sentence)));
        }
        let told = |complaint: Complaint| PolicyComplaint {
            line: complaint.line,
            column: complaint.column,
            rule: complaint.rule,
            sentence: complaint.sentence,
        };
        Ok(PolicyCheck {
            digest: document.as_ref().map(Document::digest).unwrap_or_default(),
            text: document.map(|document| document.text).unwrap_or_default(),
            complaints: complaints.into_iter().map(told).collect(),
        })
    }

    pub(super) fn publish_policy(
        &mut self,
        turn: &mut Turn<'_>,
        caller: &Caller,
        wanted: &PublishPolicy,
    ) -> Result<PolicyView, Stop> {
        let check = Self::check_policy(turn.store, wanted)?;
        if let Some(first) = check.complaints.first() {
            let more = check.complaints.len() - 1;
            let more = if more == 0 {
                String::new()
            } else {
                format!(" ({more} more.)")
            };
            return Err(refused(ErrorCode::BadRequest, format!("{}{more}", first.sentence)));
        }
        let mut document = drafted(wanted).map_err(|complaint| refused(ErrorCode::BadRequest, complaint.sentence))?;
        let newest = newest_of(turn.store, &document.name)?;
        let last = newest
            .as_ref()
            .map_or_else(|| first_version(&document.name), |newest| newest.document.version);
        document.version = last + 1;
        if let Some(newest) = newest {
            let same = newest.document.text == document.text && newest.document.form == document.form;
            if wanted.after + 1 == last && same && newest.by == caller.member {
                return Ok(view(newest.document, Some((newest.at, newest.by)))?);
            }
        }
        if wanted.after != last {
            return Err(refused(
                ErrorCode::Conflict,
                format!(
                    "The newest version of this policy is {last}; yours follows {}. Somebody published in between: look at theirs first.",
                    wanted.after
                ),
            ));
        }
        turn.store.exec(
            "INSERT INTO policies (name, version, scope, text, form, published_at_ms, published_by) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            &[
                text(&document.name),
                int(document.version),
                text(json(&document.scope)?),
                text(&document.text),
                text_or_null(document.form.as_ref().map(json).transpose()?),
                int(turn.now.get()),
                text(&caller.member),
            ],
        )?;
        self.rules_changed(turn)?;
        let event = AdminEvent::PolicyPublished {
            policy: document.name.clone(),
            version: document.version,
            digest: document.digest(),
            by: caller.member.clone(),
        };
        event.record(turn, &mut self.journal, &[("text", &document.text)])?;
        Ok(view(document, Some((turn.now, caller.member.clone())))?)
    }
}

/// The version that the first published one of a name follows: the built-in policy's own, or none.
fn first_version(name: &str) -> u64 {
    if name == DEFAULT_NAME { default_document().version } else { 0 }
}

/// The document as it would be published, its version still open.
fn drafted(wanted: &PublishPolicy) -> Result<Document, Complaint> {
    let complaint = |sentence: String| Complaint::about(None, sentence);
    let scope: Scope = serde_json::from_value(wanted.scope.clone()).map_err(|error| {
        complaint(format!(
            "What the policy covers cannot be understood: {error}. Choose the organisation, a client, a class or an endpoint."
        ))
    })?;
    let form: Option<Form> = wanted
        .form
        .clone()
        .map(serde_json::from_value)
        .transpose()
        .map_err(|error| complaint(format!("The form cannot be understood: {error}. Fill it in again.")))?;
    let text = match (&form, &wanted.text) {
        (Some(form), None) => form.to_cedar(),
        (_, Some(text)) => text.clone(),
        (None, None) => {
            return Err(complaint(
                "There is neither a form nor a text. Send one of the two.".to_owned(),
            ));
        }
    };
    Ok(Document {
        name: wanted.name.clone(),
        version: wanted.after.saturating_add(1),
        scope,
        text,
        form,
    })
}

/// What is wrong with where a policy is to apply.
fn misplaced(store: &dyn Store, document: &Document) -> Result<Option<String>, StoreError> {
    let missing = match &document.scope {
        Scope::Client { client } => client::find(store, client)?.is_none(),
        Scope::Endpoint { endpoint } => endpoint::find(store, endpoint)?.is_none(),
        Scope::Organisation | Scope::EndpointClass { .. } => false,
    };
    if missing {
        return Ok(Some(
            "The policy covers a client or an endpoint that does not exist. Choose another.".to_owned(),
        ));
    }
    if document.name == DEFAULT_NAME && document.scope != Scope::Organisation {
        return Ok(Some(
            "The policy default covers the whole organisation. Give a narrower one another name.".to_owned(),
        ));
    }
    if let Some(newest) = newest_of(store, &document.name)? {
        if newest.document.scope != document.scope {
            return Ok(Some(
                "Every version of a policy covers the same. Take this one out of force and publish another under a new name."
                    .to_owned(),
            ));
        }
        return Ok(None);
    }
    let names = store.exec("SELECT DISTINCT name FROM policies", &[])?.len();
    Ok((names >= MAX_POLICIES).then(|| format!("There are {MAX_POLICIES} policies, which is the limit. Merge some of them.")))
}

/// Whether a policy covers this client and names no other one, nor another's endpoint.
fn concerns(store: &dyn Store, document: &Document, only: &ClientId) -> Result<bool, StoreError> {
    let own_endpoint = |id: &str| -> Result<bool, StoreError> {
        let found = match id.parse() {
            Ok(id) => endpoint::find(store, &id)?,
            Err(_) => None,
        };
        Ok(found.is_some_and(|(found, _)| found.client == *only))
    };
    let covers = match &document.scope {
        Scope::Organisation | Scope::EndpointClass { .. } => true,
        Scope::Client { client } => client == only,
        Scope::Endpoint { endpoint } => own_endpoint(endpoint.as_str())?,
    };
    let (clients, endpoints) = named(&document.text);
    if !covers || clients.iter().any(|id| *id != only.as_str()) {
        return Ok(false);
    }
    for id in endpoints {
        if !own_endpoint(id)? {
            return Ok(false);
        }
    }
    Ok(true)
}
