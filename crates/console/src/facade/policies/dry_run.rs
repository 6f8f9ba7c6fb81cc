//! What a draft would have decided for last month's recorded actions, as a difference to the versions in force
//! (docs/decisions/0081-dry-runs-are-computed-in-the-console.md).
//!
//! Promises: actions come from this console's verified record, and what is not verified, or not here yet, is counted and not guessed; who asked,
//! in which role, for what and when are facts of the record; what policies know of endpoints and of contacts is as it is now, on both sides.
//! Works offline from what was last heard.

use super::words::{Names, outcome};
use super::{by_name, clients, document};
use crate::cache::log::LogRow;
use crate::cache::recorded::{self, Deed, Period};
use crate::error::ConsoleError;
use crate::facade::{CancelFlag, Console};
use crate::sync::engine::blocking;
use crate::view::{DryRunGroup, DryRunRow, DryRunView, PolicyDraft};
use crate::visible::marked_line;
use caisey_ledger::consent::Trust;
use caisey_ledger::id::{ActionId, ClientId, EndpointId};
use caisey_policy::decide::{Outcome, Policies, Verdict, severity};
use caisey_policy::document::Document;
use caisey_policy::dry_run::{Difference, DryRun, Recorded};
use caisey_policy::spoken::Spoken;
use caisey_policy::vocabulary::Facts;
use caisey_protocol::consent::EndpointTraits;
use std::collections::{BTreeMap, HashMap};

/// How far back it looks.
const MONTH_MS: u64 = 30 * 86_400_000;
/// Rows of a group that a screen takes; the count has all.
const MOST_ROWS: usize = 200;
/// Longest command that is quoted, in characters.
const LONGEST_QUOTE: usize = 200;
/// Actions between two calls of `progress`.
const TELL_EVERY: u64 = 50;

/// All that decides, before and after.
pub(crate) struct Rules {
    pub(crate) before: Policies,
    pub(crate) after: Policies,
    pub(crate) traits: BTreeMap<EndpointId, EndpointTraits>,
    pub(crate) trusts: BTreeMap<ClientId, Trust>,
}

impl Console {
    /// See the module's text. `progress` hears how many of how many actions were decided; of none while they are gathered.
    ///
    /// # Errors
    /// Anything wrong with the draft; policies that were never heard; disk, stopped.
    pub async fn try_policy(
        &self,
        draft: PolicyDraft,
        cancel: CancelFlag,
        progress: impl Fn(u64, u64) + Send + 'static,
    ) -> Result<DryRunView, ConsoleError> {
        let draft = document(&draft)?;
        if let Some(first) = draft.complaints().first() {
            return Err(ConsoleError::Invalid(first.sentence.clone()));
        }
        let known = self.known().await?;
        let to_ms = self.inner.ports.clock.now_ms().saturating_add(1);
        let from_ms = to_ms.saturating_sub(MONTH_MS);
        let stops = cancel.clone();
        let period = self
            .inner
            .read(move |cache| recorded::of_period(cache, from_ms, to_ms, &|_, _| go_on(&stops)));
        progress(0, 0);
        let period = period.await?;
        let endpoints = period.logs.iter().filter_map(|log| log.endpoint.parse().ok()).collect();
        let known = self.with_traits(known, endpoints).await?;
        go_on(&cancel)?;
        let logs = self.inner.places().await?;
        let names = self.names(&logs).await?;
        let said = self.said(clients(&period.logs)).await?;
        let newest: Vec<Document> = by_name(&known)
            .values()
            .filter_map(|versions| versions.last())
            .filter(|view| view.published_by.is_some() && !view.text.trim().is_empty())
            .map(|view| {
                Ok(Document {
                    name: view.name.clone(),
                    version: view.version,
                    scope: super::shaped(&view.scope)?,
                    text: view.text.clone(),
                    form: None,
                })
            })
            .collect::<Result<_, ConsoleError>>()?;
        let compile =
            |documents: &[Document]| Policies::compile(documents).map_err(|error| ConsoleError::Invalid(error.to_string()));
        let others = newest.iter().filter(|document| document.name != draft.name).cloned();
        let after: Vec<_> = others.chain((!draft.text.trim().is_empty()).then(|| draft.clone())).collect();
        let rules = Rules {
            before: compile(&newest)?,
            after: compile(&after)?,
            traits: known.traits.clone(),
            trusts: said
                .into_iter()
                .filter_map(|(client, said)| Some((client, said.trust.ok()?)))
                .collect(),
        };
        let missing = logs.iter().map(|log| log.log_size.saturating_sub(log.cached_size)).sum();
        let as_of_ms = known.as_of_ms();
        blocking(move || {
            let (run, unverified) = decide(&rules, &period, &cancel, &progress)?;
            Ok(DryRunView {
                from_ms,
                to_ms,
                actions: run.actions,
                sessions: period.sessions,
                endpoints: period.logs.len() as u64,
                unverified,
                missing,
                allowed: run.allowed,
                asked: run.asked,
                forbidden: run.forbidden,
                groups: groups(&run.differences, &period, &names),
                as_of_ms,
            })
        })
        .await
    }
}

fn go_on(cancel: &CancelFlag) -> Result<(), ConsoleError> {
    if cancel.is_cancelled() {
        Err(ConsoleError::Cancelled)
    } else {
        Ok(())
    }
}

/// Decides every action twice. Returns what was found, and how many actions could not be judged.
///
/// # Errors
/// Stopped; facts that Cedar does not take.
pub(crate) fn decide(
    rules: &Rules,
    period: &Period,
    cancel: &CancelFlag,
    progress: &impl Fn(u64, u64),
) -> Result<(DryRun, u64), ConsoleError> {
    let (mut run, mut unverified) = (DryRun::default(), period.unverified);
    let total = period.deeds.len() as u64;
    for (done, deed) in (0_u64..).zip(&period.deeds) {
        if done.is_multiple_of(TELL_EVERY) {
            go_on(cancel)?;
            progress(done, total);
        }
        let placed = period.logs.get(deed.log).and_then(|log| facts(rules, deed, log));
        let Some((facts, trust)) = placed else {
            unverified += 1;
            continue;
        };
        let action = Recorded {
            action: deed.action.clone(),
            facts,
        };
        run.look_at(&rules.before, &rules.after, &Spoken::from(trust), &action)
            .map_err(|error| ConsoleError::Internal(error.to_string()))?;
    }
    progress(total, total);
    Ok((run, unverified))
}

/// None when nobody can say what the client's contacts said.
fn facts<'a>(rules: &'a Rules, deed: &Deed, log: &LogRow) -> Option<(Facts, &'a Trust)> {
    let (client, endpoint): (ClientId, EndpointId) = (log.client.parse().ok()?, log.endpoint.parse().ok()?);
    let trust = rules.trusts.get(&client)?;
    let traits = rules.traits.get(&endpoint).cloned().unwrap_or_default();
    let interpreter = serde_json::to_value(deed.interpreter).ok()?;
    let facts = Facts {
        organisation: log.origin.split('/').nth(1)?.parse().ok()?,
        client,
        client_has_contacts: trust.is_pinned(),
        endpoint,
        endpoint_class: traits.class,
        os: log.os.clone(),
        attended: traits.attended,
        sensitive: traits.sensitive,
        member: deed.member.clone(),
        role: deed.role.clone(),
        by_agent: deed.by_agent,
        class: deed.class,
        interpreter: interpreter.as_str()?.to_owned(),
        elevated: deed.elevated,
        at: deed.at,
    };
    Some((facts, trust))
}

fn groups(differences: &[Difference], period: &Period, names: &Names) -> Vec<DryRunGroup> {
    let deeds: HashMap<&ActionId, &Deed> = period.deeds.iter().map(|deed| (&deed.action, deed)).collect();
    let mut groups: Vec<(&Outcome, &Outcome, DryRunGroup)> = Vec::new();
    for difference in differences {
        let (before, after) = (&difference.before.outcome, &difference.after.outcome);
        let at = groups.iter().position(|(old, new, _)| (*old, *new) == (before, after));
        let at = at.unwrap_or_else(|| {
            groups.push((before, after, group(before, after)));
            groups.len() - 1
        });
        let (Some((_, _, group)), Some(deed)) = (groups.get_mut(at), deeds.get(&difference.action)) else {
            continue;
        };
        group.count += 1;
        group
            .rows
            .extend(period.logs.get(deed.log).map(|log| row(difference, deed, log, names)));
    }
    let mut groups: Vec<_> = groups.into_iter().map(|(_, _, group)| group).collect();
    for group in &mut groups {
        group.rows.sort_by_key(|row| std::cmp::Reverse(row.at_ms));
        group.rows.truncate(MOST_ROWS);
    }
    groups.sort_by_key(|group| std::cmp::Reverse(group.count));
    groups
}

fn group(before: &Outcome, after: &Outcome) -> DryRunGroup {
    let direction = match severity(after).cmp(&severity(before)) {
        std::cmp::Ordering::Less => "looser",
        std::cmp::Ordering::Equal => "other",
        std::cmp::Ordering::Greater => "stricter",
    };
    DryRunGroup {
        before: outcome(before),
        after: outcome(after),
        direction: direction.to_owned(),
        count: 0,
        rows: Vec::new(),
    }
}

fn row(difference: &Difference, deed: &Deed, log: &LogRow, names: &Names) -> DryRunRow {
    DryRunRow {
        session: deed.session.clone(),
        seq: deed.seq,
        at_ms: deed.at.get(),
        hostname: marked_line(&log.hostname),
        client_name: marked_line(&log.client_name),
        member_name: names.person(deed.member.as_str()),
        command: deed.command.as_deref().map_or_else(|| "(erased)".to_owned(), quoted),
        class: deed.class.word().to_owned(),
        before_by: decided_by(&difference.before),
        after_by: decided_by(&difference.after),
    }
}

/// A command's first line that says something; where it is cut, it says so.
fn quoted(command: &str) -> String {
    let line = command.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let short: String = line.chars().take(LONGEST_QUOTE).collect();
    let end = if short.len() < command.trim_end().len() { "…" } else { "" };
    marked_line(&short) + end
}

fn decided_by(verdict: &Verdict) -> String {
    let rules: Vec<_> = verdict.rules.iter().map(|rule| marked_line(rule)).collect();
    match verdict.policy.strip_prefix("pre-authorisation/") {
        Some(name) => format!("Pre-authorised: {}", marked_line(name)),
        None if rules.is_empty() => format!("{} v{}", marked_line(&verdict.policy), verdict.version),
        None => format!("{} v{}: {}", marked_line(&verdict.policy), verdict.version, rules.join("; ")),
    }
}
