//! Evidence packs (docs/formats/pack.md) from a record that was proved here.

use super::{Own, Question, Ready, internal, seal};
use crate::error::ConsoleError;
use crate::facade::Console;
use crate::gather::Notes;
use crate::processors::Processors;
use crate::sync::engine::blocking;
use caisey_ledger::entry::Record;
use caisey_ledger::hash::Hash;
use caisey_ledger::id::{Seq, TimeMs};
use caisey_protocol::handover::{KeyEvidence, ReviewView};
use caisey_transcript::certificate::Certificate;
use caisey_transcript::excerpt::{Excerpt, ProvedEntry};
use caisey_transcript::pack::{ClaimedKeys, Contents, KEYS_FORMAT, PackFault, release};
use caisey_transcript::redaction::{Span, apply};
use caisey_transcript::release::Scrubbed;
use caisey_transcript::scrub::{Proposal, propose};
use ed25519_dalek::{Signer, SigningKey};
use std::collections::BTreeMap;

/// Ranges to hide, by log, entry and text.
pub(super) type Hidden = BTreeMap<(String, Seq, String), Vec<Span>>;

/// What a pack is to hold beside the record.
#[derive(Debug, Clone, Default)]
pub struct HandOver {
    /// Questions to be answered by certificates.
    pub ask: Vec<String>,
    /// Ranges to hide, by log, entry and text.
    pub hide: BTreeMap<(String, Seq, String), Vec<Span>>,
    /// What the scrub that found them says of itself.
    pub scrubbed: Option<Scrubbed>,
    /// Hides what the rules find, too; nothing leaves when they find too little of what is planted.
    pub scrub: bool,
    /// RFC 3161 time-stamp tokens over attestations.
    pub timestamps: Vec<Vec<u8>>,
}

impl Console {
    /// An evidence pack (docs/formats/pack.md). Of a record that was reviewed, the snapshot that was reviewed last.
    ///
    /// # Errors
    /// As [`Console::transcript`]; nothing proves this console's key yet; the scrub is below its threshold.
    pub async fn evidence_pack(&self, question: &Question, wanted: HandOver) -> Result<Vec<u8>, ConsoleError> {
        let known = self.known_reviews(question).await?;
        let mut ready = self.ready(question, Notes::new()).await?;
        if let Some(notes) = self.reviewed_notes(ready.snapshot(), &known).await? {
            ready = self.ready(question, notes).await?;
        }
        self.pack_of(std::sync::Arc::new(ready), known, wanted).await
    }

    /// A pack of a record at hand, with the reviews that are of exactly its snapshot.
    pub(super) async fn pack_of(
        &self,
        ready: std::sync::Arc<Ready>,
        known: Vec<ReviewView>,
        mut wanted: HandOver,
    ) -> Result<Vec<u8>, ConsoleError> {
        let (own, key) = self.own().await?;
        let digest = ready.snapshot().digest().map_err(internal)?;
        let reviews: Vec<ReviewView> = known.into_iter().filter(|review| review.snapshot == digest).collect();
        let at_ms = self.now()?;
        let seed = self.fresh_seed();
        blocking(move || {
            if wanted.scrub {
                let (at, proposal) = scrub(&ready, seed)?;
                let found = hidden(&ready, &at, &proposal);
                for (place, spans) in found {
                    wanted.hide.entry(place).or_default().extend(spans);
                }
                wanted.scrubbed = Some(proposal.measure.into());
            }
            pack(&ready, &own, &reviews, wanted, at_ms, &key)
        })
        .await
    }

    pub(super) fn fresh_seed(&self) -> u64 {
        u64::from_le_bytes(*self.inner.ports.entropy.fresh32().first_chunk().unwrap_or(&[7; 8]))
    }
}

fn pack(
    ready: &Ready,
    own: &Own,
    reviews: &[ReviewView],
    wanted: HandOver,
    at_ms: TimeMs,
    key: &SigningKey,
) -> Result<Vec<u8>, ConsoleError> {
    let snapshot = ready.snapshot().clone();
    let mut certificates = Vec::new();
    for pattern in &wanted.ask {
        let answer = Certificate::answer(pattern, &snapshot, &ready.own(), own.releaser(), at_ms)
            .map_err(|fault| ConsoleError::Invalid(super::sentence(&fault)))?;
        certificates.push(seal(&answer.statement(&snapshot).map_err(internal)?, key)?);
    }
    let mut excerpts = ready.gathered.excerpts.clone();
    for (range, excerpt) in snapshot.logs.iter().zip(&mut excerpts) {
        hide(&range.log, excerpt, &wanted.hide)?;
    }
    let mut seen = vec![own.evidence.record.leaf.clone()];
    excerpts.push(excerpt_of(&own.evidence)?);
    for review in reviews {
        if !seen.contains(&review.key.record.leaf) {
            seen.push(review.key.record.leaf.clone());
            excerpts.push(excerpt_of(&review.key)?);
        }
    }
    let contents = Contents {
        snapshot,
        excerpts,
        attestations: reviews.iter().map(|review| review.envelope.clone()).collect(),
        certificates,
        timestamps: wanted.timestamps,
        keys: ClaimedKeys {
            format: KEYS_FORMAT.to_owned(),
            control: Hash(ready.control),
            witnesses: ready.gathered.witnesses.clone(),
        },
    };
    let public = key.verifying_key().to_bytes();
    let made = release(&contents, own.releaser(), at_ms, wanted.scrubbed, &public, |message| {
        key.sign(message).to_bytes()
    });
    made.map_err(|fault| match fault {
        PackFault::Recall(_) => ConsoleError::Invalid(super::sentence(&fault)),
        other => internal(other),
    })
}

fn excerpt_of(evidence: &KeyEvidence) -> Result<Excerpt, ConsoleError> {
    let proof: Option<Vec<Hash>> = evidence.proof.iter().map(|hash| Hash::from_base64(hash)).collect();
    Ok(Excerpt {
        note: evidence.checkpoint.clone(),
        records: vec![Record {
            leaf: evidence.record.leaf.clone(),
            // The name is wanted; the label of somebody's machine is nobody's business.
            disclosures: evidence
                .record
                .disclosures
                .clone()
                .into_iter()
                .filter(|(name, _)| name == "name")
                .collect(),
        }],
        proof: proof.ok_or_else(|| ConsoleError::Untrusted("the proof of a device's key is malformed".to_owned()))?,
    })
}

/// Places of the entries that a scrub reads, in its order: all parts as one record.
pub(super) type Places = Vec<(String, Seq)>;

/// What the scrub's rules find in all parts as one record.
pub(super) fn scrub(ready: &Ready, seed: u64) -> Result<(Places, Proposal), ConsoleError> {
    let mut places = Places::new();
    let mut entries: Vec<ProvedEntry> = Vec::new();
    for part in &ready.parts {
        for proved in &part.entries {
            places.push((part.checkpoint.origin.clone(), proved.entry.seq));
            entries.push(proved.clone());
        }
    }
    Ok((places, propose(&entries, seed, &Processors).map_err(internal)?))
}

/// A proposal's ranges by their places.
pub(super) fn hidden(ready: &Ready, places: &Places, proposal: &Proposal) -> Hidden {
    let mut all = Hidden::new();
    let entries = ready.parts.iter().flat_map(|part| &part.entries);
    for (at, (proved, (log, seq))) in entries.zip(places).enumerate() {
        for name in proved.disclosures.keys() {
            let spans = proposal.spans(at, name);
            if !spans.is_empty() {
                all.insert((log.clone(), *seq, name.clone()), spans.to_vec());
            }
        }
    }
    all
}

fn hide(log: &str, excerpt: &mut Excerpt, spans: &Hidden) -> Result<(), ConsoleError> {
    if spans.is_empty() {
        return Ok(());
    }
    for record in &mut excerpt.records {
        let seq = record.parse().map_err(internal)?.seq;
        for (name, disclosure) in &mut record.disclosures {
            if let Some(spans) = spans.get(&(log.to_owned(), seq, name.clone())) {
                *disclosure = apply(name, disclosure, spans).map_err(internal)?.disclosure;
            }
        }
    }
    Ok(())
}
