//! What a scrub would have hidden and a person shows again, with the reason (docs/formats/pack.md, "Release").
//!
//! Whoever hands a record out signs this list with the release: a reader learns where the rules were overruled, by whom and why. It is the
//! maker's own word; that each place is really shown is checked. A reason leaves with the record and may name nobody itself; that is
//! [`crate::scrub`]'s to see to, because it needs the rules.

use crate::excerpt::Proved;
use crate::redaction::RedactionList;
use caisey_ledger::disclosure::Disclosure;
use caisey_ledger::id::Seq;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Longest reason, in bytes.
pub const MAX_REASON_BYTES: usize = 500;

/// A range of a text that was to be hidden and is shown.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Restored {
    /// Origin of the log.
    pub log: String,
    /// The entry.
    pub seq: Seq,
    /// The text's name within it.
    pub text: String,
    /// First token of the text that was to be hidden.
    pub first_token: u64,
    /// How many.
    pub tokens: u64,
    /// What it was taken for.
    pub class: String,
    /// Who or which rule wanted it hidden.
    pub by: String,
    /// Who shows it again.
    pub restored_by: String,
    /// Why.
    pub reason: String,
}

impl Restored {
    /// For people. Quotes what the list says: draw it with [`crate::visible::marked_line`].
    pub fn sentence(&self) -> String {
        format!(
            "In entry #{}, `{}`, {} took something for {}; {} shows it all the same: “{}”",
            self.seq, self.text, self.by, self.class, self.restored_by, self.reason
        )
    }

    fn place(&self) -> (&str, Seq, &str, u64) {
        (&self.log, self.seq, &self.text, self.first_token)
    }

    /// Whether its words could be such.
    fn is_sound(&self) -> bool {
        let name = |text: &str| (1..=200).contains(&text.len());
        let reason = (1..=MAX_REASON_BYTES).contains(&self.reason.len()) && !self.reason.trim().is_empty();
        self.tokens > 0 && reason && [&self.class, &self.by, &self.restored_by].into_iter().all(|text| name(text))
    }
}

/// What of the list does not hold, in words.
pub(crate) fn faults(restored: &[Restored], parts: &[Proved], hidden: &RedactionList) -> Vec<(&'static str, String)> {
    let mut faults = Vec::new();
    if !restored.is_sorted_by(|one, next| one.place() < next.place()) {
        let words = "The release lists what is shown again out of order or twice.";
        faults.push(("restored", words.to_owned()));
    }
    let mut by_text = BTreeMap::<_, Vec<(u64, u64)>>::new();
    for span in &hidden.spans {
        let text = (span.log.as_str(), span.seq, span.text.as_str());
        let end = span.first_token.saturating_add(span.tokens);
        by_text.entry(text).or_default().push((span.first_token, end));
    }
    for one in restored {
        let what = format!("{}: entry #{}, `{}`", one.log, one.seq, one.text);
        let end = one.first_token.saturating_add(one.tokens);
        let within = |from: u64, to: u64| to.min(end).saturating_sub(from.max(one.first_token));
        let ranges = by_text.get(&(one.log.as_str(), one.seq, one.text.as_str()));
        let gone: u64 = ranges.into_iter().flatten().map(|(from, to)| within(*from, *to)).sum();
        if !one.is_sound() {
            let words = "the release says that something is shown again without saying what, by whom or why";
            faults.push(("restored", format!("{what}: {words}.")));
        } else if tokens_shown(one, parts).is_none_or(|tokens| end > tokens) {
            let words = "the release says that something is shown again in a text that is not here";
            faults.push(("restored", format!("{what}: {words}.")));
        } else if gone >= one.tokens {
            let words = "the release says that something is shown again, and it is hidden";
            faults.push(("restored_hidden", format!("{what}: {words}.")));
        }
    }
    faults
}

/// Tokens of the text, when it is shown in full or in part.
fn tokens_shown(one: &Restored, parts: &[Proved]) -> Option<u64> {
    let part = parts.iter().find(|part| part.checkpoint.origin == one.log)?;
    let at = part.entries.binary_search_by_key(&one.seq, |proved| proved.entry.seq).ok()?;
    let proved = part.entries.get(at)?;
    match proved.disclosures.get(&one.text)? {
        Disclosure::Full { .. } | Disclosure::Redacted { .. } => Some(proved.entry.statement.texts.get(&one.text)?.tokens),
        Disclosure::Erased {} => None,
    }
}
