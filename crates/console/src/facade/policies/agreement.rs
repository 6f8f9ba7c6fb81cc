//! What clients agreed to: for a contact, which policies apply to their client, what changed since they agreed, and signing that they do; for
//! the organisation, where each client stands with a policy (docs/formats/consent.md, `policy.agreed`).
//!
//! Promises: digests are this console's own, of the text that it shows; what is signed is exactly the version that was on the screen; a text that
//! is not the one that was agreed to under its number is called that. Leaves out any effect: an agreement is evidence and lets nothing run
//! (docs/decisions/0096-agreements.md).

use super::known::{Known, Said};
use super::words::Names;
use super::{ByName, breadth, by_name, digest, row, scope_of, version};
use crate::cache::log::LogRow;
use crate::error::ConsoleError;
use crate::facade::speakers::client_of;
use crate::facade::{Console, Device};
use crate::state_change::lines;
use crate::view::{AgreementOf, AgreementRow, ClientPoliciesView, ClientPolicy, PolicyChange, PolicyScope};
use crate::visible::{marked_line, segments_if_needed};
use caisey_command::StateChange;
use caisey_ledger::consent::{ContactSaid, ContactStatement, Trust};
use caisey_ledger::id::{ClientId, EndpointId, MemberId};
use caisey_policy::document::named;
use caisey_policy::form::read;
use caisey_protocol::consent::PolicyView;
use caisey_protocol::error::{ErrorBody, ErrorCode};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

impl Console {
    /// The policies that apply to the signed-in contact's client.
    ///
    /// # Errors
    /// Nobody's contact; control plane refusing; unreachable and never heard before; disk.
    pub async fn client_policies(&self) -> Result<ClientPoliciesView, ConsoleError> {
        let device = self.inner.device().ok();
        let mut logs = self.inner.places().await?;
        let client = own_client(device.as_ref(), &logs)?;
        logs.retain(|log| log.client == client.as_str());
        let mut known = self.known().await?;
        if known.policies.iter().any(by_class) {
            let endpoints = logs.iter().filter_map(|log| log.endpoint.parse().ok()).collect();
            known = self.with_traits(known, endpoints).await?;
        }
        let names = self.names(&logs).await?;
        let said = self.said(BTreeSet::from([client.clone()])).await?;
        let said = said
            .get(&client)
            .ok_or_else(|| ConsoleError::Internal("a client's chain was not looked for".to_owned()))?;
        let me = device.as_ref().map(|device| &device.member);
        let all = by_name(&known);
        let mut rows: Vec<ClientPolicy> = all
            .values()
            .filter(|versions| versions.last().is_some_and(|newest| applies(newest, &client, &known, &logs)))
            .filter_map(|versions| client_policy(versions, said, &names, me))
            .filter(|policy| policy.row.in_force || !policy.agreements.is_empty())
            .collect();
        rows.sort_by_key(|policy| (breadth(&policy.row.scope), policy.row.name.clone()));
        Ok(ClientPoliciesView {
            client_name: logs.first().map(|log| marked_line(&log.client_name)).unwrap_or_default(),
            client: client.to_string(),
            to_agree: u32::try_from(rows.iter().filter(|policy| waits(policy)).count()).unwrap_or(u32::MAX),
            rows,
            cannot_sign: cannot_sign(said, device.as_ref()),
            as_of_ms: known.as_of_ms(),
        })
    }

    /// Signs, with this console's key, that the contact's client agrees to a version whose text has this digest. Signing the same again changes
    /// nothing.
    ///
    /// # Errors
    /// Nobody's contact; somebody published in between; out of force; a text that is not what its digest says; a console that does not speak for
    /// the client; not signed in, control plane unreachable or refusing.
    pub async fn agree_to_policy(&self, name: &str, version: u64, seen: &str) -> Result<ClientPoliciesView, ConsoleError> {
        let device = self.inner.device()?;
        let client = client_of(&device, None)?;
        let known = self.known().await?;
        let says = statement(&by_name(&known), name, version, seen)?;
        let said = self.said(BTreeSet::from([client])).await?;
        let signed = |said: &Said| {
            let mut own = said
                .statements
                .iter()
                .filter(|signed| signed.statement.member == device.member);
            said.trust.is_ok() && own.any(|signed| signed.statement.says == says)
        };
        if !said.values().any(signed) {
            self.say_in_chain(|_, _| Ok(says)).await?;
        }
        self.client_policies().await
    }
}

/// The contact's client; without a connection the only one that the cache knows of.
fn own_client(device: Option<&Arc<Device>>, logs: &[LogRow]) -> Result<ClientId, ConsoleError> {
    if let Some(device) = device {
        return client_of(device, None);
    }
    let clients: BTreeSet<&str> = logs.iter().map(|log| log.client.as_str()).collect();
    match clients.into_iter().collect::<Vec<_>>().as_slice() {
        [only] => only.parse().map_err(|_| ConsoleError::SignedOut),
        _ => Err(ConsoleError::SignedOut),
    }
}

/// What is to be signed, when what the person saw is the newest version.
fn statement(all: &ByName<'_>, name: &str, seen_version: u64, seen: &str) -> Result<ContactSaid, ConsoleError> {
    let newest = all.get(name).and_then(|versions| versions.last());
    let newest = newest.ok_or_else(|| ConsoleError::NotFound {
        what: "policy",
        id: marked_line(name),
    })?;
    let own = digest(newest);
    if let Some(fault) = false_digest(newest) {
        return Err(ConsoleError::Untrusted(fault));
    }
    if newest.version != seen_version || own != seen {
        return Err(ConsoleError::Refused(ErrorBody {
            code: ErrorCode::Conflict,
            detail: format!(
                "Version {} of {} was published after you opened version {seen_version}. Nothing was signed. Look at what changed, and agree \
                 to that.",
                newest.version,
                marked_line(name)
            ),
            retry_after_ms: None,
        }));
    }
    if newest.text.trim().is_empty() {
        return Err(ConsoleError::Invalid(format!(
            "{} is out of force, so there is nothing to agree to and nothing was signed.",
            marked_line(name)
        )));
    }
    Ok(ContactSaid::PolicyAgreed {
        policy: newest.name.clone(),
        version: newest.version,
        digest: own,
    })
}

fn cannot_sign(said: &Said, device: Option<&Arc<Device>>) -> Option<String> {
    match (&said.trust, device) {
        (Err(fault), _) => Some(fault.clone()),
        (Ok(trust), Some(device)) if trust.key(&device.device).is_none() => Some(
            "This console does not speak for the client yet, so it cannot agree for it. Ask a contact whose console does to introduce it."
                .to_owned(),
        ),
        (Ok(_), _) => None,
    }
}

fn waits(policy: &ClientPolicy) -> bool {
    policy.fault.is_none() && matches!(policy.state.as_str(), "none" | "older")
}

fn client_policy(versions: &[&PolicyView], said: &Said, names: &Names, me: Option<&MemberId>) -> Option<ClientPolicy> {
    let newest = versions.last()?;
    let mut row = row(versions, names)?;
    // Whoever published it need not be known to a client's contact.
    let publisher = newest.published_by.as_ref().map(|member| names.known_person(member.as_str()));
    row.published_by.clone_from(&publisher);
    let mut newest_view = version(newest, names, &BTreeMap::new());
    newest_view.published_by = publisher;
    let agreements = agreements(versions, said, names, me);
    let state = if row.in_force { standing(newest, &agreements) } else { "over" };
    let since = agreements.first().map(|agreed| agreed.version).filter(|_| state == "older");
    let before = since.and_then(|since| versions.iter().find(|view| view.version == since));
    Some(ClientPolicy {
        segments: segments_if_needed(&newest.text),
        change: before.map(|before| change(before, newest, &newest_view.sentences, names)),
        fault: false_digest(newest).or_else(|| replaced(versions, said)),
        newest: newest_view,
        state: state.to_owned(),
        agreements,
        row,
    })
}

fn standing(newest: &PolicyView, agreements: &[AgreementRow]) -> &'static str {
    match agreements.first() {
        Some(last) if last.version == newest.version => "agreed",
        Some(_) => "older",
        None => "none",
    }
}

/// What the client's contacts signed about any of these versions, newest version first, and of one version the first signature.
fn agreements(versions: &[&PolicyView], said: &Said, names: &Names, me: Option<&MemberId>) -> Vec<AgreementRow> {
    let Ok(trust) = &said.trust else { return Vec::new() };
    let matches = |number: u64, of: &str| versions.iter().any(|view| view.version == number && digest(view) == of);
    let mut all: Vec<AgreementRow> = about(versions, said)
        .filter(|(number, of, _)| matches(*number, of))
        .map(|(number, _, statement)| AgreementRow {
            version: number,
            by: names.known_person(statement.member.as_str()),
            mine: me == Some(&statement.member),
            at_ms: statement.at_ms.get(),
            key_counts: trust.key(&statement.device).is_some(),
        })
        .collect();
    // Stable: what was signed first stays first.
    all.sort_by_key(|row| std::cmp::Reverse(row.version));
    all
}

/// Version, digest and statement of everything that was signed about this policy, in the chain's order.
fn about<'a>(versions: &'a [&PolicyView], said: &'a Said) -> impl Iterator<Item = (u64, &'a str, &'a ContactStatement)> {
    let name = versions.first().map(|view| view.name.as_str());
    said.statements.iter().filter_map(move |signed| match &signed.statement.says {
        ContactSaid::PolicyAgreed { policy, version, digest } if Some(policy.as_str()) == name => {
            Some((*version, digest.as_str(), &signed.statement))
        }
        _ => None,
    })
}

/// The control plane calls the text something else than it is.
fn false_digest(view: &PolicyView) -> Option<String> {
    (view.digest != digest(view)).then(|| {
        format!(
            "The text of version {} is not the one that its digest names, so it cannot be agreed to. Tell your provider.",
            view.version
        )
    })
}

/// A text that is shown now under a number under which another one was agreed to.
fn replaced(versions: &[&PolicyView], said: &Said) -> Option<String> {
    let differs = |number: u64, of: &str| versions.iter().any(|view| view.version == number && digest(view) != of);
    let (number, _, _) = about(versions, said).find(|(number, of, _)| differs(*number, of))?;
    Some(format!(
        "The text that is shown as version {number} is not the one that was agreed to as version {number}. Versions are never changed, so one of \
         them is false. Nothing can be agreed to here until this is explained."
    ))
}

fn change(before: &PolicyView, after: &PolicyView, now: &[String], names: &Names) -> PolicyChange {
    let words = |view: &PolicyView| read(&view.text).ok().map(|reading| super::sentences(&reading.form, names));
    let (then, in_words) = (words(before), words(after).is_some());
    let compared = StateChange::between(&before.text, &after.text);
    let then_or_none = then.clone().unwrap_or_default();
    PolicyChange {
        since: before.version,
        in_words: in_words && then.is_some(),
        removed: without(&then_or_none, now),
        added: without(now, &then_or_none),
        too_long: compared.too_long,
        lines: lines(compared),
    }
}

/// Those of one list that the other does not have, each as often as it has it.
fn without(all: &[String], gone: &[String]) -> Vec<String> {
    let mut left: Vec<&String> = gone.iter().collect();
    let is_new = |one: &&String| match left.iter().position(|other| other == one) {
        Some(at) => {
            left.swap_remove(at);
            false
        }
        None => true,
    };
    all.iter().filter(is_new).cloned().collect()
}

fn by_class(view: &PolicyView) -> bool {
    matches!(scope_of(view), PolicyScope::EndpointClass { .. })
}

/// Whether a policy covers anything of a client's.
fn applies(view: &PolicyView, client: &ClientId, known: &Known, logs: &[LogRow]) -> bool {
    let mut own = logs.iter().filter(|log| log.client == client.as_str());
    match scope_of(view) {
        PolicyScope::Organisation {} => true,
        PolicyScope::Client { client: covered } => covered == client.as_str(),
        PolicyScope::Endpoint { endpoint } => own.any(|log| log.endpoint == endpoint),
        PolicyScope::EndpointClass { class } => own.any(|log| {
            let endpoint: Option<EndpointId> = log.endpoint.parse().ok();
            let traits = endpoint.and_then(|endpoint| known.traits.get(&endpoint));
            // Of an endpoint that nobody asked about, nobody says that it is not of this class.
            traits.is_none_or(|traits| traits.class.as_ref() == Some(&class))
        }),
    }
}

/// Where every client that a policy covers, and that has contacts, stands with it: what is not agreed to first.
pub(super) fn of_clients(
    versions: &[&PolicyView],
    known: &Known,
    logs: &[LogRow],
    said: &BTreeMap<ClientId, Said>,
    names: &Names,
) -> Vec<AgreementOf> {
    let Some(newest) = versions.last() else { return Vec::new() };
    let has_contacts = |said: &Said| said.trust.as_ref().is_ok_and(Trust::is_pinned);
    let mut all: Vec<AgreementOf> = said
        .iter()
        .filter(|(client, said)| has_contacts(said) && applies(newest, client, known, logs))
        .map(|(client, said)| {
            let agreements = agreements(versions, said, names, None);
            let state = match standing(newest, &agreements) {
                "none" | "older" if names_others(newest, client, logs) => "hidden",
                state => state,
            };
            AgreementOf {
                client: client.to_string(),
                client_name: names.client(client.as_str()),
                state: state.to_owned(),
                fault: replaced(versions, said),
                last: agreements.into_iter().next(),
            }
        })
        .collect();
    let order = ["older", "none", "hidden", "agreed"];
    all.sort_by_key(|of| {
        let place = order.iter().position(|state| *state == of.state);
        (of.fault.is_none(), place, of.client_name.to_lowercase())
    });
    all
}

/// Whether the control plane keeps a text from a client's contacts because it names others.
fn names_others(view: &PolicyView, client: &ClientId, logs: &[LogRow]) -> bool {
    let (clients, endpoints) = named(&view.text);
    let own = |endpoint: &str| {
        logs.iter()
            .any(|log| log.endpoint == endpoint && log.client == client.as_str())
    };
    clients.iter().any(|named| *named != client.as_str()) || !endpoints.into_iter().all(own)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use caisey_ledger::id::TimeMs;
    use caisey_policy::document::digest_of;

    fn view(version: u64, text: &str) -> PolicyView {
        PolicyView {
            name: "servers".into(),
            version,
            scope: serde_json::json!({ "scope": "organisation" }),
            text: text.into(),
            form: None,
            digest: digest_of(text),
            published_at_ms: TimeMs::default(),
            published_by: Some(MemberId::from_bits([1; 16])),
        }
    }

    fn signs(versions: &[PolicyView], version: u64, seen: &str) -> Result<ContactSaid, &'static str> {
        let all = BTreeMap::from([("servers", versions.iter().collect())]);
        statement(&all, "servers", version, seen).map_err(|error| error.code())
    }

    #[test]
    fn only_the_newest_text_is_signed_and_only_as_what_it_is() {
        let (old, new) = (
            view(1, "permit (principal, action, resource);"),
            view(2, "forbid (principal, action, resource);"),
        );
        let both = [old.clone(), new.clone()];
        let said = ContactSaid::PolicyAgreed {
            policy: "servers".into(),
            version: 2,
            digest: new.digest.clone(),
        };
        assert_eq!(signs(&both, 2, &new.digest), Ok(said));
        assert_eq!(signs(&both, 1, &old.digest), Err("conflict"));
        assert_eq!(signs(&both, 2, &old.digest), Err("conflict"), "another text under its number");
        assert_eq!(signs(&[view(1, " ")], 1, &digest_of(" ")), Err("invalid"), "out of force");
        let mut false_one = new.clone();
        false_one.text = old.text.clone();
        assert_eq!(signs(&[false_one], 2, &new.digest), Err("untrusted_answer"));
        assert_eq!(
            statement(&BTreeMap::new(), "servers", 1, "").map_err(|error| error.code()),
            Err("not_found")
        );
    }

    #[test]
    fn what_is_listed_twice_is_gone_twice() {
        let words = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>();
        assert_eq!(without(&words(&["a", "b", "a"]), &words(&["a"])), words(&["b", "a"]));
        assert!(without(&words(&["a"]), &words(&["b", "a"])).is_empty());
    }
}
