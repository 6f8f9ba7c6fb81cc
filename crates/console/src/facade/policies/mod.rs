//! Policies as people see and write them: the list, one policy's versions, a draft as form and text, publishing.
//!
//! Reading and drafting work offline, from what was last heard; only publishing needs the control plane. Forms, texts and what they come to
//! are crates/policy's business. What a draft would have changed: [`dry_run`]. What clients agreed to: [`agreement`].

mod agreement;
pub(crate) mod dry_run;
mod known;
mod words;

use super::speakers::standing;
use super::work::endpoint_id;
use super::{Console, ConsoleError};
use crate::cache::{log::LogRow, session};
use crate::view::{
    NamedId, PoliciesView, PolicyDetail, PolicyDraft, PolicyDraftView, PolicyForm, PolicyProblem, PolicyRow, PolicyRuleView,
    PolicyScope, PolicyVersion, StandingOf, TraitsView,
};
use crate::visible::marked_line;
use caisey_ledger::consent::ContactSaid;
use caisey_ledger::id::ClientId;
use caisey_policy::document::{Complaint, Document, digest_of};
use caisey_policy::form::{Form, NoForm, read};
use caisey_protocol::consent::{EndpointTraits, PolicyView, PublishPolicy};
use known::{Known, Said};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, BTreeSet};
use words::Names;

/// A policy's name here, with its versions, newest last.
type ByName<'a> = BTreeMap<&'a str, Vec<&'a PolicyView>>;

impl Console {
    /// All policies, and what contacts allowed beforehand.
    ///
    /// # Errors
    /// Control plane refusing; unreachable and never heard before; disk.
    pub async fn policies(&self) -> Result<PoliciesView, ConsoleError> {
        let known = self.known().await?;
        let logs = self.inner.places().await?;
        let names = self.names(&logs).await?;
        let said = self.said(clients(&logs)).await?;
        let mut rows: Vec<PolicyRow> = by_name(&known)
            .values()
            .filter_map(|versions| row(versions, &names))
            .collect();
        rows.sort_by_key(|row| (breadth(&row.scope), row.covers.to_lowercase(), row.name.clone()));
        let mut people: Vec<NamedId> = names
            .people
            .keys()
            .map(|id| NamedId {
                id: id.clone(),
                name: names.person(id),
            })
            .collect();
        people.sort_by_key(|person| person.name.to_lowercase());
        Ok(PoliciesView {
            rows,
            standing: all_standing(&said, &names),
            faults: said
                .iter()
                .filter_map(|(client, said)| Some(format!("{}: {}", names.client(client.as_str()), said.trust.as_ref().err()?)))
                .collect(),
            as_of_ms: known.as_of_ms(),
            people,
            classes: classes(&known),
        })
    }

    /// One policy with all its versions, as last heard.
    ///
    /// # Errors
    /// As [`Console::policies`]; unknown policy.
    pub async fn policy(&self, name: &str) -> Result<PolicyDetail, ConsoleError> {
        let known = match self.last_heard().await? {
            Some(known) => known,
            None => self.known().await?,
        };
        let logs = self.inner.places().await?;
        let names = self.names(&logs).await?;
        let said = self.said_before(clients(&logs)).await?;
        let all = by_name(&known);
        let found = all.get(name).and_then(|versions| Some((row(versions, &names)?, versions)));
        let (row, versions) = found.ok_or_else(|| ConsoleError::NotFound {
            what: "policy",
            id: marked_line(name),
        })?;
        Ok(PolicyDetail {
            row,
            agreements: agreement::of_clients(versions, &known, &logs, &said, &names),
            versions: versions.iter().rev().map(|view| version(view, &names, &said)).collect(),
        })
    }

    /// A draft as form and text, and what is wrong with it as far as that can be told here. Asks nobody.
    ///
    /// # Errors
    /// A form or scope that no program of ours made; disk.
    pub async fn draft_policy(&self, draft: PolicyDraft) -> Result<PolicyDraftView, ConsoleError> {
        let document = document(&draft)?;
        let names = self.names(&self.inner.places().await?).await?;
        drafted(&document, &names)
    }

    /// The same, with what the control plane would say against publishing it.
    ///
    /// # Errors
    /// As [`Console::draft_policy`]; not signed in, control plane unreachable or refusing.
    pub async fn check_policy(&self, draft: PolicyDraft) -> Result<PolicyDraftView, ConsoleError> {
        let mut view = self.draft_policy(draft.clone()).await?;
        if view.complaints.is_empty() {
            let check = self.inner.engine()?.api.check_policy(&request(&draft)?).await?;
            view.complaints = check
                .complaints
                .into_iter()
                .map(|complaint| PolicyProblem {
                    line: complaint.line,
                    column: complaint.column,
                    rule: complaint.rule.as_deref().map(marked_line),
                    number: None,
                    sentence: marked_line(&complaint.sentence),
                })
                .collect();
        }
        Ok(view)
    }

    /// Publishes a draft as the next version. From then on every action is decided by it.
    ///
    /// # Errors
    /// Anything wrong with it; somebody published in between; not signed in, control plane unreachable or refusing.
    pub async fn publish_policy(&self, draft: PolicyDraft) -> Result<PolicyDetail, ConsoleError> {
        let published = self.inner.engine()?.api.publish_policy(&request(&draft)?).await?;
        self.known().await?;
        self.policy(&published.name).await
    }

    /// What policies know of an endpoint.
    ///
    /// # Errors
    /// Unknown endpoint; not signed in, control plane unreachable or refusing.
    pub async fn endpoint_traits(&self, endpoint: &str) -> Result<TraitsView, ConsoleError> {
        let traits = self.inner.engine()?.api.endpoint_traits(&endpoint_id(endpoint)?).await?;
        Ok(TraitsView {
            class: traits.class.as_deref().map(marked_line),
            attended: traits.attended,
            sensitive: traits.sensitive,
        })
    }

    /// Tells policies what to know of an endpoint.
    ///
    /// # Errors
    /// Unknown endpoint, a class that is no word; not signed in, control plane unreachable or refusing.
    pub async fn set_endpoint_traits(&self, endpoint: &str, traits: TraitsView) -> Result<(), ConsoleError> {
        let wanted = EndpointTraits {
            class: traits
                .class
                .map(|class| class.trim().to_owned())
                .filter(|class| !class.is_empty()),
            attended: traits.attended,
            sensitive: traits.sensitive,
        };
        let engine = self.inner.engine()?;
        Ok(engine.api.set_endpoint_traits(&endpoint_id(endpoint)?, &wanted).await?)
    }

    async fn names(&self, logs: &[LogRow]) -> Result<Names, ConsoleError> {
        let mut people = self.inner.read(session::people).await?;
        if let Ok(device) = self.inner.device() {
            people
                .entry(device.member.to_string())
                .or_insert_with(|| device.member_name.clone());
        }
        Ok(Names {
            people,
            clients: logs.iter().map(|log| (log.client.clone(), log.client_name.clone())).collect(),
            endpoints: logs
                .iter()
                .map(|log| (log.endpoint.clone(), marked_line(&log.hostname)))
                .collect(),
        })
    }
}

fn clients(logs: &[LogRow]) -> BTreeSet<ClientId> {
    logs.iter().filter_map(|log| log.client.parse().ok()).collect()
}

fn by_name(known: &Known) -> ByName<'_> {
    let mut all = ByName::new();
    for view in &known.policies {
        all.entry(&view.name).or_default().push(view);
    }
    for versions in all.values_mut() {
        versions.sort_by_key(|view| view.version);
    }
    all
}

fn row(versions: &[&PolicyView], names: &Names) -> Option<PolicyRow> {
    let newest = versions.last()?;
    let (sentences, by_hand) = match read(&newest.text) {
        Ok(reading) => (sentences(&reading.form, names), false),
        Err(_) => (Vec::new(), true),
    };
    let scope = scope_of(newest);
    Some(PolicyRow {
        name: newest.name.clone(),
        covers: names.scope(&scope),
        scope,
        version: newest.version,
        in_force: !newest.text.trim().is_empty(),
        published_at_ms: newest.published_by.is_some().then(|| newest.published_at_ms.get()),
        published_by: newest.published_by.as_ref().map(|member| names.person(member.as_str())),
        sentences,
        by_hand,
    })
}

/// What cannot be read as a scope is shown as the widest: nobody takes it for narrower than it might be.
fn scope_of(view: &PolicyView) -> PolicyScope {
    serde_json::from_value(view.scope.clone()).unwrap_or(PolicyScope::Organisation {})
}

/// SHA-256 of the text as it is shown, whatever the control plane says that it is.
fn digest(view: &PolicyView) -> String {
    digest_of(&view.text)
}

fn breadth(scope: &PolicyScope) -> u8 {
    match scope {
        PolicyScope::Organisation {} => 0,
        PolicyScope::Client { .. } => 1,
        PolicyScope::EndpointClass { .. } => 2,
        PolicyScope::Endpoint { .. } => 3,
    }
}

fn version(view: &PolicyView, names: &Names, said: &BTreeMap<ClientId, Said>) -> PolicyVersion {
    let reading = read(&view.text).ok();
    let exact = reading.as_ref().is_some_and(|reading| reading.exact);
    let form = reading.map(|reading| reading.form);
    let own = digest(view);
    let agrees = |said: &Said| {
        said.trust.is_ok()
            && said.statements.iter().any(|signed| match &signed.statement.says {
                ContactSaid::PolicyAgreed { policy, version, digest } => {
                    (policy, version, digest) == (&view.name, &view.version, &own)
                }
                _ => false,
            })
    };
    PolicyVersion {
        version: view.version,
        published_at_ms: view.published_by.is_some().then(|| view.published_at_ms.get()),
        published_by: view.published_by.as_ref().map(|member| names.person(member.as_str())),
        text: view.text.clone(),
        digest: own.clone(),
        sentences: form.as_ref().map(|form| sentences(form, names)).unwrap_or_default(),
        form: form.and_then(|form| shaped(&form).ok()),
        exact,
        agreed_by: said
            .iter()
            .filter(|(_, said)| agrees(said))
            .map(|(client, _)| names.client(client.as_str()))
            .collect(),
    }
}

fn all_standing(said: &BTreeMap<ClientId, Said>, names: &Names) -> Vec<StandingOf> {
    let mut all = Vec::new();
    for (client, said) in said {
        let Ok(trust) = &said.trust else { continue };
        for (granted, number) in trust.standing() {
            let signed = said.statements.iter().find(|signed| signed.statement.number == number);
            all.push(StandingOf {
                client: client.to_string(),
                client_name: names.client(client.as_str()),
                signed_by: signed
                    .map(|signed| names.person(signed.statement.member.as_str()))
                    .unwrap_or_default(),
                standing: standing(granted, trust, &names.endpoints),
            });
        }
    }
    all
}

/// Classes that endpoints have or policies name.
fn classes(known: &Known) -> Vec<String> {
    let of_endpoints = known.traits.values().filter_map(|traits| traits.class.clone());
    let of_policies = known.policies.iter().filter_map(|view| match scope_of(view) {
        PolicyScope::EndpointClass { class } => Some(class),
        _ => None,
    });
    let all: BTreeSet<String> = of_endpoints.chain(of_policies).map(|class| marked_line(&class)).collect();
    all.into_iter().collect()
}

fn sentences(form: &Form, names: &Names) -> Vec<String> {
    let form: PolicyForm = shaped(form).unwrap_or_default();
    form.rules.iter().map(|rule| names.sentence(rule)).collect()
}

/// The same facts in another type: a form or a scope as crates/policy has it, and as the page has it.
fn shaped<T: DeserializeOwned>(value: &impl Serialize) -> Result<T, ConsoleError> {
    let value = serde_json::to_value(value).and_then(serde_json::from_value);
    value.map_err(|error| ConsoleError::Invalid(format!("The policy cannot be understood: {error}. Fill it in again.")))
}

fn document(draft: &PolicyDraft) -> Result<Document, ConsoleError> {
    let form: Option<Form> = draft.form.as_ref().map(shaped).transpose()?;
    Ok(Document {
        name: draft.name.clone(),
        version: draft.after.saturating_add(1),
        scope: shaped(&draft.scope)?,
        text: match &form {
            Some(form) => form.to_cedar(),
            None => draft.text.clone().unwrap_or_default(),
        },
        form,
    })
}

fn request(draft: &PolicyDraft) -> Result<PublishPolicy, ConsoleError> {
    Ok(PublishPolicy {
        name: draft.name.clone(),
        after: draft.after,
        scope: shaped(&draft.scope)?,
        form: draft
            .form
            .as_ref()
            .map(|form| shaped::<Form>(form).and_then(|form| shaped(&form)))
            .transpose()?,
        text: match &draft.form {
            Some(_) => None,
            None => Some(draft.text.clone().unwrap_or_default()),
        },
    })
}

fn drafted(document: &Document, names: &Names) -> Result<PolicyDraftView, ConsoleError> {
    let (form, exact, beyond) = match (&document.form, read(&document.text)) {
        (Some(form), _) => (Some(form.clone()), true, Vec::new()),
        (None, Ok(reading)) => (Some(reading.form), reading.exact, Vec::new()),
        (None, Err(NoForm::Beyond(beyond))) => (None, false, beyond),
        (None, Err(NoForm::Wrong(_))) => (None, false, Vec::new()),
    };
    let lines = form.as_ref().filter(|_| exact).map(Form::lines).unwrap_or_default();
    let sentences = form.as_ref().map(|form| sentences(form, names)).unwrap_or_default();
    let places = lines.into_iter().chain(std::iter::repeat((0, 0)));
    Ok(PolicyDraftView {
        text: document.text.clone(),
        rules: sentences
            .into_iter()
            .zip(places)
            .map(|(sentence, (first_line, last_line))| PolicyRuleView {
                sentence,
                first_line,
                last_line,
            })
            .collect(),
        complaints: document.complaints().into_iter().map(problem).collect(),
        form: form.as_ref().map(shaped).transpose()?,
        exact,
        beyond: beyond.into_iter().map(problem).collect(),
    })
}

fn problem(complaint: Complaint) -> PolicyProblem {
    PolicyProblem {
        line: complaint.line,
        column: complaint.column,
        rule: complaint.rule.as_deref().map(marked_line),
        number: complaint.number,
        sentence: marked_line(&complaint.sentence),
    }
}
