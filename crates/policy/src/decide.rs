//! All policies that apply to an endpoint, and what they come to for one action.
//!
//! Decisions (docs/decisions/0044-policies.md): a forbid anywhere wins. Otherwise the narrowest policies decide of which a permit applies:
//! a client's pre-authorisation, then endpoint, endpoint class, client, organisation, and last the built-in `default`; of several permits there,
//! the one that asks for most. Where nothing can be decided, the contact is asked.

use crate::document::{Demand, Document, Scope, demand, label};
use crate::spoken::Spoken;
use crate::vocabulary::{Facts, Prepared, Unfit, schema};
use caisey_ledger::consent::Approver;
use cedar_policy::{Authorizer, Decision, PolicySet};
use serde::{Deserialize, Serialize};
use std::str::FromStr;
use std::sync::LazyLock;

/// The policy that is there before anybody wrote one, and under all others.
pub const DEFAULT_NAME: &str = "default";

/// Its version.
pub const DEFAULT_VERSION: u64 = 1;

/// Its text. A client without contacts is worked for as its organisation's roles allow; with contacts, whatever is not known to only read
/// needs one of them.
pub const DEFAULT_TEXT: &str = r#"@label("Commands that only read run without asking")
permit (principal, action == Action::"read_only", resource);

@label("Where a client has no contacts, roles decide")
permit (principal, action, resource)
when { !context.clientHasContacts };

@label("Commands that change something need the client's contact")
@require("contact")
permit (principal, action in [Action::"changing"], resource)
when { context.clientHasContacts };

@label("Commands that delete, or that cannot be bounded, need the client's contact and the number")
@require("contact")
@assurance("number")
permit (principal, action in [Action::"destructive", Action::"opaque"], resource)
when { context.clientHasContacts };
"#;

/// What is to happen with an action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// It runs.
    Allow,
    /// Somebody is asked.
    Ask(Demand),
    /// It does not run, whoever asks.
    Forbid,
}

/// An outcome, and what it rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// What is to happen.
    pub outcome: Outcome,
    /// Which policy decided, by name; `pre-authorisation/<name>` for a client's.
    pub policy: String,
    /// Its version; of a pre-authorisation, the number of the contact's statement.
    pub version: u64,
    /// SHA-256 of the version's text, lower-case hexadecimal; absent for a pre-authorisation, which is signed as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// Which of its rules, in words.
    pub rules: Vec<String>,
}

struct Compiled {
    document: Document,
    digest: String,
    set: PolicySet,
}

/// All policies that apply to one endpoint, ready to decide.
pub struct Policies {
    /// Narrowest first; the built-in one is last.
    compiled: Vec<Compiled>,
}

/// A stored policy that cannot be used any more.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Version {version} of the policy {name} cannot be read: {why}. Publish a corrected version.")]
pub struct Unusable {
    /// Which policy.
    pub name: String,
    /// Its version.
    pub version: u64,
    /// Why.
    pub why: String,
}

/// The built-in policy.
pub fn default_document() -> Document {
    Document {
        name: DEFAULT_NAME.to_owned(),
        version: DEFAULT_VERSION,
        scope: Scope::Organisation,
        text: DEFAULT_TEXT.to_owned(),
        form: None,
    }
}

impl Policies {
    /// The built-in policy alone, read once.
    ///
    /// # Errors
    /// When it cannot be read, which a test rules out.
    pub fn built_in() -> Result<&'static Self, Unusable> {
        static ALONE: LazyLock<Result<Policies, Unusable>> = LazyLock::new(|| Policies::compile(&[]));
        ALONE.as_ref().map_err(Clone::clone)
    }

    /// Reads the documents; those whose scope does not cover the endpoint must have been left out by the caller or are skipped when
    /// deciding. The built-in policy is added.
    ///
    /// # Errors
    /// When one cannot be read. It was checked when it was published, so that should not happen.
    pub fn compile(documents: &[Document]) -> Result<Self, Unusable> {
        let unusable = |document: &Document, why: String| Unusable {
            name: document.name.clone(),
            version: document.version,
            why,
        };
        let builtin = default_document();
        schema().map_err(|error| unusable(&builtin, error.to_string()))?;
        let mut compiled = Vec::with_capacity(documents.len() + 1);
        for document in documents.iter().chain([&builtin]) {
            let set = PolicySet::from_str(&document.text).map_err(|error| unusable(document, error.to_string()))?;
            compiled.push(Compiled {
                digest: document.digest(),
                document: document.clone(),
                set,
            });
        }
        let builtin = compiled.len() - 1;
        let mut order: Vec<_> = compiled.into_iter().enumerate().collect();
        order.sort_by(|(a_at, a), (b_at, b)| {
            let width = |at: usize, scope: &Scope| if at == builtin { 0 } else { breadth(scope) };
            width(*b_at, &b.document.scope)
                .cmp(&width(*a_at, &a.document.scope))
                .then_with(|| a.document.name.cmp(&b.document.name))
        });
        Ok(Self {
            compiled: order.into_iter().map(|(_, compiled)| compiled).collect(),
        })
    }

    /// What they come to, with what the client's contacts allow beforehand.
    ///
    /// # Errors
    /// When the facts cannot be put before Cedar; nothing is allowed then.
    pub fn decide(&self, facts: &Facts, spoken: &Spoken<'_>) -> Result<Verdict, Unfit> {
        self.decide_prepared(&facts.prepared()?, spoken)
    }

    fn decide_prepared(&self, asked: &Prepared<'_>, spoken: &Spoken<'_>) -> Result<Verdict, Unfit> {
        let Prepared {
            facts,
            request,
            entities,
        } = asked;
        let authorizer = Authorizer::new();
        let mut best: Option<(u8, Verdict)> = None;
        for compiled in self
            .compiled
            .iter()
            .filter(|compiled| covers(&compiled.document.scope, facts))
        {
            let response = authorizer.is_authorized(request, &compiled.set, entities);
            let reasons: Vec<_> = response
                .diagnostics()
                .reason()
                .filter_map(|id| compiled.set.policy(id))
                .collect();
            if response.diagnostics().errors().next().is_some() || (response.decision() == Decision::Deny && !reasons.is_empty())
            {
                // Cedar skips a rule that fails; ours were checked, so one that fails must not let anything through.
                return Ok(compiled.verdict(Outcome::Forbid, reasons.iter().map(|rule| label(rule)).collect()));
            }
            if response.decision() == Decision::Deny {
                continue;
            }
            let width = compiled.width();
            if best.as_ref().is_some_and(|(found, _)| *found > width) {
                continue;
            }
            for rule in reasons {
                let asks = demand(rule).map_err(Unfit)?;
                let outcome = asks.map_or(Outcome::Allow, Outcome::Ask);
                let verdict = compiled.verdict(outcome, vec![label(rule)]);
                match &mut best {
                    Some((found, known)) if *found == width => {
                        if severity(&verdict.outcome) > severity(&known.outcome) {
                            *known = verdict;
                        }
                    }
                    _ => best = Some((width, verdict)),
                }
            }
        }
        if let Some((granted, number)) = spoken.pre_authorised(facts) {
            return Ok(Verdict {
                outcome: Outcome::Allow,
                policy: format!("pre-authorisation/{}", granted.name),
                version: number,
                digest: None,
                rules: Vec::new(),
            });
        }
        Ok(best.map_or_else(|| self.nothing_applies(), |(_, verdict)| verdict))
    }

    /// What really happens with the action. Where a client's contacts speak for it, an endpoint runs what is not read-only on their word
    /// alone (docs/formats/consent.md): a policy's own permission or a member's answer would only be refused there. Then the built-in policy
    /// decides, which asks a contact. What is asked for is never less than the contacts' floors.
    ///
    /// # Errors
    /// When the facts cannot be put before Cedar, or the built-in policy cannot be read; nothing is allowed then.
    pub fn settle(&self, facts: &Facts, spoken: &Spoken<'_>) -> Result<Verdict, Unfit> {
        self.settle_prepared(&facts.prepared()?, spoken)
    }

    /// The same for facts that are put before several.
    ///
    /// # Errors
    /// As [`Policies::settle`].
    pub(crate) fn settle_prepared(&self, asked: &Prepared<'_>, spoken: &Spoken<'_>) -> Result<Verdict, Unfit> {
        let mut verdict = self.decide_prepared(asked, spoken)?;
        if !spoken.agrees(asked.facts, &verdict.outcome) {
            let built_in = Self::built_in().map_err(|error| Unfit(error.to_string()))?;
            verdict = built_in.decide_prepared(asked, &Spoken::default())?;
        }
        Ok(spoken.raise(asked.facts, verdict))
    }

    /// The built-in policy permits everything in some way, so this is what a broken one comes to.
    fn nothing_applies(&self) -> Verdict {
        let demand = Demand {
            approver: Approver::Contact,
            needed: 1,
            assurance: caisey_ledger::consent::Assurance::Number,
            minutes: crate::document::ANSWER_MINUTES,
        };
        Verdict {
            outcome: Outcome::Ask(demand),
            policy: DEFAULT_NAME.to_owned(),
            version: DEFAULT_VERSION,
            digest: self.compiled.last().map(|compiled| compiled.digest.clone()),
            rules: Vec::new(),
        }
    }
}

impl Compiled {
    fn width(&self) -> u8 {
        if self.document.name == DEFAULT_NAME && self.document.text == DEFAULT_TEXT {
            0
        } else {
            breadth(&self.document.scope)
        }
    }

    fn verdict(&self, outcome: Outcome, rules: Vec<String>) -> Verdict {
        Verdict {
            outcome,
            policy: self.document.name.clone(),
            version: self.document.version,
            digest: Some(self.digest.clone()),
            rules,
        }
    }
}

/// The narrower, the higher.
fn breadth(scope: &Scope) -> u8 {
    match scope {
        Scope::Organisation => 1,
        Scope::Client { .. } => 2,
        Scope::EndpointClass { .. } => 3,
        Scope::Endpoint { .. } => 4,
    }
}

/// Whether a policy of this scope has a word in it.
pub fn covers(scope: &Scope, facts: &Facts) -> bool {
    match scope {
        Scope::Organisation => true,
        Scope::Client { client } => *client == facts.client,
        Scope::EndpointClass { class } => facts.endpoint_class.as_ref() == Some(class),
        Scope::Endpoint { endpoint } => *endpoint == facts.endpoint,
    }
}

/// Which outcome is stricter, the greater: who asks for more, contacts before owners before members, then assurance, then number of people, then less time.
pub fn severity(outcome: &Outcome) -> (u8, u8, u8, u32, u32) {
    match outcome {
        Outcome::Allow => (0, 0, 0, 0, 0),
        Outcome::Ask(demand) => (
            1,
            match demand.approver {
                Approver::Member => 0,
                Approver::Owner => 1,
                Approver::Contact => 2,
            },
            demand.assurance as u8,
            demand.needed,
            u32::MAX - demand.minutes,
        ),
        Outcome::Forbid => (2, 0, 0, 0, 0),
    }
}
