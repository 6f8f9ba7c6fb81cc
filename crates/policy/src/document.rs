//! One version of one policy: its text, what it covers, and its digest. Versions are never changed, only followed by others.
//!
//! A permit says by annotations what it takes: none means that the action runs without asking; `@require("contact")`,
//! `@require("owner")` or `@require("member")` asks, `@count("2")` asks two people, `@assurance("number")` wants the number typed, `@expires("30")` gives them
//! thirty minutes. `@label("…")` is what people call a rule, `@hours("…")` its hours in words beside the condition that says the same.

use crate::form::{self, Form};
use crate::vocabulary;
use caisey_ledger::consent::{Approver, Assurance};
use caisey_ledger::id::{ClientId, EndpointId};
use cedar_policy::{Effect, Policy, PolicySet, ValidationMode, Validator};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::str::FromStr;

/// Longest text of a policy, in bytes.
pub const MAX_TEXT_BYTES: usize = 65_536;

/// People have this long to answer unless a rule says otherwise, in minutes.
pub const ANSWER_MINUTES: u32 = 60;

/// What a policy covers, widest first. A narrower policy's permits go before a wider one's.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "scope", rename_all = "snake_case", deny_unknown_fields)]
pub enum Scope {
    /// All of the organisation's endpoints.
    Organisation,
    /// One client's.
    Client {
        /// Which.
        client: ClientId,
    },
    /// One class of endpoints.
    EndpointClass {
        /// Which.
        class: String,
    },
    /// One endpoint.
    Endpoint {
        /// Which.
        endpoint: EndpointId,
    },
}

/// One version of one policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// The policy's name: 1 to 64 of `a`–`z`, `0`–`9`, `-`.
    pub name: String,
    /// Its version, dense from 1.
    pub version: u64,
    /// What it covers.
    pub scope: Scope,
    /// Cedar.
    pub text: String,
    /// The form that the text was written from, unless people wrote the text themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub form: Option<Form>,
}

/// What a permit asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Demand {
    /// Whose answer counts.
    pub approver: Approver,
    /// How many different people have to say yes.
    pub needed: u32,
    /// What an answer has to be at least.
    pub assurance: Assurance,
    /// How long they have.
    pub minutes: u32,
}

/// Something wrong with a policy, for the person who wrote it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Complaint {
    /// Line in the text, from 1, when it is about a place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// Character in that line, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
    /// Which rule, by label or number from 1, when it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// Which rule, counted from 1, when it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<u32>,
    /// A sentence: what is wrong and what to do.
    pub sentence: String,
}

impl Complaint {
    /// About no place in the text.
    pub fn about(rule: Option<String>, sentence: impl Into<String>) -> Self {
        Self {
            line: None,
            column: None,
            rule,
            number: None,
            sentence: sentence.into(),
        }
    }

    pub(crate) fn of_rule(self, number: u32) -> Self {
        Self {
            number: Some(number),
            ..self
        }
    }

    pub(crate) fn at(text: &str, offset: Option<usize>, rule: Option<String>, sentence: String) -> Self {
        let before = offset.and_then(|offset| text.get(..offset));
        let line = before.map(|before| before.matches('\n').count() + 1);
        let column = before.map(|before| before.rsplit('\n').next().unwrap_or_default().chars().count() + 1);
        let number = |number: Option<usize>| number.and_then(|number| u32::try_from(number).ok());
        Self {
            line: number(line),
            column: number(column),
            rule,
            number: None,
            sentence,
        }
    }
}

impl Document {
    /// SHA-256 of the text, lower-case hexadecimal.
    pub fn digest(&self) -> String {
        digest_of(&self.text)
    }

    /// Everything that is wrong with it; nothing when it can be published.
    pub fn complaints(&self) -> Vec<Complaint> {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let mut complaints = Vec::new();
        if !(1..=64).contains(&self.name.len()) || !self.name.bytes().all(plain) {
            complaints.push(Complaint::about(
                None,
                "A policy's name is 1 to 64 small letters, digits and hyphens. Choose another.",
            ));
        }
        if let Scope::EndpointClass { class } = &self.scope
            && !is_class(class)
        {
            complaints.push(Complaint::about(
                None,
                "A class of endpoints is 1 to 64 small letters, digits and hyphens. Choose another.",
            ));
        }
        complaints.extend(self.wrong_in_rules());
        complaints
    }

    fn wrong_in_rules(&self) -> Vec<Complaint> {
        if let Some(form) = &self.form {
            let wrong = form.complaints();
            if !wrong.is_empty() {
                return wrong;
            }
            if form.to_cedar() != self.text {
                return vec![Complaint::about(
                    None,
                    "The text is not what the form says. Save the form again, or publish the text without it.",
                )];
            }
        }
        check_text(&self.text).err().unwrap_or_default()
    }
}

/// SHA-256 of a policy's text, lower-case hexadecimal.
pub fn digest_of(text: &str) -> String {
    let mut hex = String::with_capacity(64);
    for byte in Sha256::digest(text.as_bytes()) {
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

/// Clients and endpoints that a text names by identifier. What stands between such an opening and the next quotation mark counts; spaces, which
/// Cedar allows, make it no identifier of ours.
pub fn named(text: &str) -> (Vec<&str>, Vec<&str>) {
    let after = |opening: &str| -> Vec<&str> {
        let rests = text.split(opening).skip(1);
        rests.map(|rest| rest.split('"').next().unwrap_or_default()).collect()
    };
    (after("Client::\""), after("Endpoint::\""))
}

/// Whether a word can name a class of endpoints.
pub fn is_class(word: &str) -> bool {
    (1..=64).contains(&word.len())
        && word
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// What people call a rule: its label, or its number.
pub(crate) fn label(policy: &Policy) -> String {
    let named = policy.annotation("label").map(str::to_owned);
    named.unwrap_or_else(|| {
        let id = policy.id().to_string();
        let number = id.strip_prefix("policy").and_then(|number| number.parse::<u64>().ok());
        number.map_or(id, |number| format!("rule {}", number + 1))
    })
}

/// Reads and checks a policy's text.
///
/// # Errors
/// Everything that is wrong with it, with places.
pub fn check_text(text: &str) -> Result<PolicySet, Vec<Complaint>> {
    if text.len() > MAX_TEXT_BYTES {
        let sentence = format!(
            "The policy has {} bytes; {MAX_TEXT_BYTES} are allowed. Split it into several.",
            text.len()
        );
        return Err(vec![Complaint::about(None, sentence)]);
    }
    let set = PolicySet::from_str(text).map_err(|errors| {
        let told = |error: &dyn miette::Diagnostic| {
            let offset = error
                .labels()
                .and_then(|mut labels| labels.next())
                .map(|label| label.offset());
            Complaint::at(
                text,
                offset,
                None,
                format!("This cannot be read: {error}. Correct it and check again."),
            )
        };
        errors.iter().map(|error| told(error)).collect::<Vec<_>>()
    })?;
    let mut complaints = Vec::new();
    if set.num_of_templates() > 0 {
        complaints.push(Complaint::about(
            None,
            "Templates (?principal, ?resource) are not used here. Write who and which instead.",
        ));
    }
    let places = form::places(text, &set);
    for place in &places {
        let wrong = demand(place.policy).err().or_else(|| form::hours_fault(place.policy));
        complaints.extend(
            wrong.map(|sentence| Complaint::at(text, place.offset, Some(label(place.policy)), sentence).of_rule(place.number)),
        );
    }
    match vocabulary::schema() {
        Ok(schema) => {
            let found = Validator::new(schema.clone()).validate(&set, ValidationMode::default());
            complaints.extend(found.validation_errors().map(|error| {
                let diagnostic: &dyn miette::Diagnostic = error;
                let offset = diagnostic
                    .labels()
                    .and_then(|mut labels| labels.next())
                    .map(|label| label.offset());
                let place = places.iter().find(|place| place.policy.id() == error.policy_id());
                let rule = place.map(|place| label(place.policy));
                let help = diagnostic.help().map(|help| format!(" ({help})")).unwrap_or_default();
                let complaint = Complaint::at(
                    text,
                    offset,
                    rule,
                    format!("This makes no sense here: {error}{help}. Correct it and check again."),
                );
                place.map_or(complaint.clone(), |place| complaint.of_rule(place.number))
            }));
        }
        Err(error) => complaints.push(Complaint::about(None, error.to_string())),
    }
    if complaints.is_empty() { Ok(set) } else { Err(complaints) }
}

/// What a permit asks for; none when it allows without asking, or forbids.
pub(crate) fn demand(policy: &Policy) -> Result<Option<Demand>, String> {
    const KNOWN: [&str; 7] = ["id", "label", "require", "count", "assurance", "expires", "hours"];
    if let Some((unknown, _)) = policy.annotations().find(|(name, _)| !KNOWN.contains(name)) {
        return Err(format!(
            "The annotation @{unknown} is not known; known are @label, @require, @count, @assurance, @expires and @hours. Correct or remove it."
        ));
    }
    let details = ["count", "assurance", "expires"]
        .into_iter()
        .find(|name| policy.annotation(name).is_some());
    let Some(require) = policy.annotation("require") else {
        return match details {
            None => Ok(None),
            Some(name) => Err(format!(
                "@{name} says how to ask, but @require does not say whom. Add @require(\"contact\")."
            )),
        };
    };
    if policy.effect() == Effect::Forbid {
        return Err("A rule that forbids asks nobody. Remove @require, or write permit.".to_owned());
    }
    let approver = match require {
        "contact" => Approver::Contact,
        "member" => Approver::Member,
        "owner" => Approver::Owner,
        _ => {
            return Err(format!(
                "@require(\"{require}\") names nobody. Write contact, owner or member."
            ));
        }
    };
    let number = |name: &str, default: u32, most: u32| match policy.annotation(name) {
        None => Ok(default),
        Some(text) => text
            .parse()
            .ok()
            .filter(|number| (1..=most).contains(number))
            .ok_or_else(|| format!("@{name}(\"{text}\") is not a whole number from 1 to {most}. Write one.")),
    };
    let assurance = match policy.annotation("assurance") {
        None | Some("signed") => Assurance::Signed,
        Some("number") => Assurance::Number,
        Some("link") => Assurance::Link,
        Some(other) => return Err(format!("@assurance(\"{other}\") is not known. Write link, signed or number.")),
    };
    Ok(Some(Demand {
        approver,
        needed: number("count", 1, 16)?,
        assurance,
        minutes: number("expires", ANSWER_MINUTES, 7 * 1_440)?,
    }))
}
