//! Whose keys a reader accepts (docs/formats/pack.md, "Policy"): a text file with one rule on a line.
//!
//! Without a policy, a pack's own keys are used; then everything only shows that one control plane signed everything.

use caisey_ledger::checkpoint::parse_vkey;
use caisey_ledger::hash::Hash;

/// Accepted keys.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policy {
    /// Keys that sign checkpoints of logs whose origin is this name or lies below it.
    controls: Vec<(String, [u8; 32])>,
    /// Witnesses' keys as C2SP writes them.
    witnesses: Vec<String>,
    /// How many of the witnesses have to have cosigned each checkpoint.
    quorum: usize,
}

/// A line that is no rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the policy is not a rule: {what}")]
pub struct PolicyFault {
    /// Counted from 1.
    line: usize,
    /// What is wrong.
    what: &'static str,
}

impl Policy {
    /// Reads a policy. Empty lines and lines that begin with `#` mean nothing. Rules: `control NAME BASE64-KEY`, `log VKEY`,
    /// `witness VKEY`, `quorum NUMBER`.
    ///
    /// # Errors
    /// At the first line that is no rule.
    pub fn parse(text: &str) -> Result<Self, PolicyFault> {
        let mut policy = Self::default();
        for (number, line) in text.lines().enumerate() {
            let fault = |what| PolicyFault { line: number + 1, what };
            let words: Vec<&str> = line.split_whitespace().collect();
            match words.as_slice() {
                [] => {}
                [first, ..] if first.starts_with('#') => {}
                ["control", name, key] => {
                    let key = Hash::from_base64(key).ok_or(fault("the key is not 32 bytes in base64"))?;
                    policy.controls.push(((*name).to_owned(), key.0));
                }
                ["log", vkey] => policy
                    .controls
                    .push(parse_vkey(vkey).map_err(|_| fault("the key is not as C2SP writes keys of logs"))?),
                ["witness", vkey] => policy.witnesses.push((*vkey).to_owned()),
                ["quorum", number] => policy.quorum = number.parse().map_err(|_| fault("the quorum is not a number"))?,
                _ => return Err(fault("it begins with none of control, log, witness, quorum")),
            }
        }
        Ok(policy)
    }

    /// A policy of one key: for every log below `name`; for every log at all when the name is empty.
    pub fn of_control(name: &str, key: [u8; 32]) -> Self {
        Self {
            controls: vec![(name.to_owned(), key)],
            ..Self::default()
        }
    }

    /// The key that has to sign this log's checkpoints.
    pub fn control(&self, log: &str) -> Option<&[u8; 32]> {
        let holds = |name: &str| {
            name.is_empty()
                || log
                    .strip_prefix(name)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        self.controls.iter().find(|(name, _)| holds(name)).map(|(_, key)| key)
    }

    /// Keys of witnesses.
    pub fn witnesses(&self) -> &[String] {
        &self.witnesses
    }

    /// How many of them have to have cosigned.
    pub fn quorum(&self) -> usize {
        self.quorum
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn rules_are_read_and_names_end_at_slashes() {
        let key = Hash([5; 32]).to_base64();
        let policy = Policy::parse(&format!("# ours\n\ncontrol caisey.example/a {key}\nquorum 2\n")).unwrap();
        assert!(policy.control("caisey.example/a").is_some() && policy.control("caisey.example/a/b").is_some());
        assert!(policy.control("caisey.example/ab").is_none() && policy.control("x").is_none());
        assert_eq!(policy.quorum(), 2);
        for wrong in ["control a b", "log x", "quorum many", "anything"] {
            assert!(Policy::parse(wrong).is_err(), "{wrong}");
        }
    }
}
