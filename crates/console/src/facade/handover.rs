//! Handing over: review a snapshot, ask a question of it, make the table for auditors, pack the evidence.
//!
//! Everything is made from the cache and works with the network unplugged, except handing a review in; the proof that this console's key is
//! known to the organisation is fetched at sign-in and kept.

use super::sign_in::key_bytes;
use super::{Access, Console, Device, key_named};
use crate::cache::schema;
use crate::error::ConsoleError;
use crate::gather::{self, Gathered};
use crate::sync::engine::blocking;
use crate::view::MeView;
use caisey_ledger::checkpoint::Checkpoint;
use caisey_ledger::entry::Record;
use caisey_ledger::hash::Hash;
use caisey_ledger::id::{DeviceId, MemberId, Seq, TimeMs};
use caisey_protocol::handover::{KeyEvidence, ReviewView, SubmitReview};
use caisey_transcript::attestation::{Coverage, Review, Reviewer, SENTENCE, Verdict};
use caisey_transcript::audit::{AuditTable, Preset};
use caisey_transcript::certificate::Certificate;
use caisey_transcript::dsse::Statement;
use caisey_transcript::excerpt::{Excerpt, Proved, ProvedEntry};
use caisey_transcript::finding::Findings;
use caisey_transcript::keys::Keys;
use caisey_transcript::pack::{ClaimedKeys, Contents, KEYS_FORMAT, release};
use caisey_transcript::redaction::{Span, apply};
use caisey_transcript::release::{Releaser, ScrubMeasure};
use caisey_transcript::rows::Transcript;
use caisey_transcript::scrub::propose;
use caisey_transcript::snapshot::Snapshot;
use ed25519_dalek::{Signer, SigningKey};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What is to be handed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// One session.
    Session(String),
    /// A period on these endpoints, milliseconds since the Unix epoch; all that are in the cache when none is named.
    Period {
        /// Endpoints.
        endpoints: Vec<String>,
        /// At or after.
        from_ms: u64,
        /// Before.
        to_ms: u64,
    },
}

/// What a pack is to hold beside the record.
#[derive(Debug, Clone, Default)]
pub struct HandOver {
    /// Questions to be answered by certificates.
    pub ask: Vec<String>,
    /// Ranges to hide, by log, entry and text.
    pub hide: BTreeMap<(String, Seq, String), Vec<Span>>,
    /// How the scrub that found them measured itself.
    pub measure: Option<ScrubMeasure>,
    /// Hides what the rules find, too; nothing leaves when they find too little of what is planted.
    pub scrub: bool,
    /// RFC 3161 time-stamp tokens over attestations.
    pub timestamps: Vec<Vec<u8>>,
}

/// Who signs here, and what proves it; kept in the cache.
#[derive(Serialize, Deserialize)]
struct Own {
    member: MemberId,
    device: DeviceId,
    name: String,
    role: String,
    evidence: KeyEvidence,
}

/// A record that was gathered and proved on this machine.
struct Ready {
    gathered: Gathered,
    parts: Vec<Proved>,
    keys: Keys,
    control: [u8; 32],
}

impl Ready {
    fn own(&self) -> Vec<&Proved> {
        self.parts.iter().collect()
    }
}

fn internal(error: impl std::fmt::Display) -> ConsoleError {
    ConsoleError::Internal(error.to_string())
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

impl Console {
    /// Keeps what proves this console's key; called when somebody signs in. An older control plane gives none.
    pub(super) async fn keep_evidence(
        &self,
        device: &Device,
        me: &MeView,
        evidence: Option<KeyEvidence>,
    ) -> Result<(), ConsoleError> {
        let Some(evidence) = evidence else { return Ok(()) };
        let own = Own {
            member: device.member.clone(),
            device: device.device.clone(),
            name: me.name.clone(),
            role: me.role.clone(),
            evidence,
        };
        let text = serde_json::to_string(&own).map_err(internal)?;
        let cache = self.inner.cache()?;
        blocking(move || cache.write(|tx| schema::put(tx, "own_key", &text))).await
    }

    async fn own(&self) -> Result<(Own, SigningKey), ConsoleError> {
        let text = self.inner.read(|cache| schema::get(cache, "own_key")).await?;
        let text = text.ok_or_else(|| ConsoleError::Offline {
            why: "what proves this console's key is not in the cache yet: sign in once".to_owned(),
        })?;
        let own: Own = serde_json::from_str(&text).map_err(internal)?;
        let profile = self.inner.state().profile.clone().ok_or(ConsoleError::SignedOut)?;
        let ports = self.inner.ports.clone();
        let secret = blocking(move || key_named(&ports, &profile.device_key_name(), false)).await?;
        Ok((own, SigningKey::from_bytes(&secret)))
    }

    /// Gathers what is asked for and proves it again from its bytes.
    async fn ready(&self, question: &Question, note: Option<String>) -> Result<Ready, ConsoleError> {
        let question = question.clone();
        let (gathered, pinned) = self
            .inner
            .read(move |cache| {
                let gathered = match question {
                    Question::Session(session) => gather::session(cache, &session, note.as_deref())?,
                    Question::Period {
                        endpoints,
                        from_ms,
                        to_ms,
                    } => {
                        let all = || crate::cache::log::all(cache).map(|logs| logs.into_iter().map(|log| log.endpoint).collect());
                        let endpoints = if endpoints.is_empty() { all()? } else { endpoints };
                        gather::period(cache, &endpoints, from_ms, to_ms)?
                    }
                };
                Ok((gathered, schema::get(cache, "pinned")?))
            })
            .await?;
        let control = pinned
            .as_deref()
            .and_then(|pinned| pinned.split_once(' '))
            .and_then(|(_, key)| key_bytes(key))
            .ok_or(ConsoleError::SignedOut)?;
        blocking(move || {
            let mut found = Findings::default();
            let ranges = gathered.snapshot.logs.iter().zip(&gathered.excerpts);
            let parts: Vec<Proved> = ranges
                .filter_map(|(range, excerpt)| excerpt.prove(&range.log, Some(range), &control, &mut found))
                .collect();
            if !found.hold() || parts.len() != gathered.excerpts.len() {
                let first = found
                    .0
                    .into_iter()
                    .find(|finding| finding.weight == caisey_transcript::finding::Weight::Fails);
                return Err(ConsoleError::Untrusted(
                    first.map_or_else(String::new, |finding| finding.words),
                ));
            }
            Ok(Ready {
                keys: Keys::of(&parts),
                gathered,
                parts,
                control,
            })
        })
        .await
    }

    /// The snapshot and its transcript, as a reviewer reads it.
    ///
    /// # Errors
    /// Unknown session or endpoint, no checkpoint yet, a broken log, disk.
    pub async fn transcript(&self, question: &Question) -> Result<(Snapshot, Transcript), ConsoleError> {
        let ready = self.ready(question, None).await?;
        let transcript = Transcript::of(&ready.gathered.snapshot, &ready.own(), &ready.keys);
        Ok((ready.gathered.snapshot, transcript))
    }

    /// Attests a snapshot in this person's own name, or refuses it with a reason. `shown` says for how many milliseconds each entry was on
    /// the screen. The control plane refuses who took part.
    ///
    /// # Errors
    /// Not signed in, control plane refusing, and as [`Console::transcript`].
    pub async fn review(
        &self,
        question: &Question,
        shown: &BTreeMap<(String, Seq), u64>,
        refusal: Option<String>,
    ) -> Result<ReviewView, ConsoleError> {
        let engine = self.inner.engine()?;
        let ready = self.ready(question, None).await?;
        let (own, key) = self.own().await?;
        let snapshot = &ready.gathered.snapshot;
        let transcript = Transcript::of(snapshot, &ready.own(), &ready.keys);
        let in_scope = |(log, seq): &(String, Seq)| transcript.rows.iter().any(|row| row.log == *log && row.seq == seq.get());
        let shown = shown
            .iter()
            .filter(|(place, _)| in_scope(place))
            .map(|(place, ms)| (place.clone(), *ms))
            .collect();
        let review = Review {
            verdict: if refusal.is_some() {
                Verdict::Refused
            } else {
                Verdict::Attested
            },
            sentence: if refusal.is_some() {
                String::new()
            } else {
                SENTENCE.to_owned()
            },
            reason: refusal,
            reviewer: Reviewer {
                member: own.member,
                device: own.device,
                name: own.name,
                role: own.role,
            },
            took_part: false,
            coverage: Coverage::gather(transcript.rows.len() as u64, &shown),
            at_ms: self.now()?,
        };
        let request = SubmitReview {
            snapshot: snapshot.to_text().map_err(internal)?,
            envelope: seal(&review.statement(snapshot).map_err(internal)?, &key)?,
        };
        let kept = engine.api.submit_review(&request).await?;
        self.known_reviews(question, snapshot).await?;
        Ok(kept)
    }

    /// Reviews of a snapshot's session, or of exactly this snapshot: from the control plane while online, and kept for when it is not.
    async fn known_reviews(&self, question: &Question, snapshot: &Snapshot) -> Result<Vec<ReviewView>, ConsoleError> {
        let of = match question {
            Question::Session(session) => session.clone(),
            Question::Period { .. } => snapshot.digest().map_err(internal)?,
        };
        let place = format!("reviews:{of}");
        if let Ok(engine) = self.inner.engine()
            && let Ok(reviews) = engine.api.reviews(&of).await
        {
            if self.inner.config.access == Access::ReadWrite {
                let (cache, text) = (self.inner.cache()?, serde_json::to_string(&reviews).map_err(internal)?);
                blocking(move || cache.write(|tx| schema::put(tx, &place, &text))).await?;
            }
            return Ok(reviews);
        }
        let kept = self.inner.read(move |cache| schema::get(cache, &place)).await?;
        kept.map_or(Ok(Vec::new()), |text| serde_json::from_str(&text).map_err(internal))
    }

    /// An evidence pack (docs/formats/pack.md). Of a session that was reviewed, the snapshot that was reviewed last.
    ///
    /// # Errors
    /// As [`Console::transcript`]; nothing proves this console's key yet; the scrub is below its threshold.
    pub async fn evidence_pack(&self, question: &Question, wanted: HandOver) -> Result<Vec<u8>, ConsoleError> {
        let (own, key) = self.own().await?;
        let mut ready = self.ready(question, None).await?;
        let known = self.known_reviews(question, &ready.gathered.snapshot).await?;
        if let (Question::Session(_), Some(last)) = (question, known.last())
            && let Some(note) = self
                .reviewed_note(question, &ready.gathered.snapshot, &last.snapshot_text)
                .await?
        {
            ready = self.ready(question, Some(note)).await?;
        }
        let digest = ready.gathered.snapshot.digest().map_err(internal)?;
        let reviews: Vec<ReviewView> = known.into_iter().filter(|review| review.snapshot == digest).collect();
        let at_ms = self.now()?;
        let by = Releaser {
            member: own.member.clone(),
            device: own.device.clone(),
            name: own.name.clone(),
        };
        let seed = u64::from_le_bytes(*self.inner.ports.entropy.fresh32().first_chunk().unwrap_or(&[7; 8]));
        blocking(move || pack(ready, &own, &by, &reviews, wanted, (at_ms, seed), &key)).await
    }

    /// The checkpoint under which a session was reviewed, when it is another than the one at hand.
    async fn reviewed_note(&self, question: &Question, here: &Snapshot, reviewed: &str) -> Result<Option<String>, ConsoleError> {
        let reviewed = Snapshot::parse(reviewed).map_err(internal)?;
        let (Question::Session(_), Some(range)) = (question, reviewed.logs.first()) else {
            return Ok(None);
        };
        if here.logs == reviewed.logs
            || here
                .logs
                .first()
                .is_none_or(|own| own.log != range.log || own.last_seq != range.last_seq)
        {
            return Ok(None);
        }
        let (endpoint, size) = (range.log.rsplit('/').next().unwrap_or_default().to_owned(), range.size);
        let stored = {
            let endpoint = endpoint.clone();
            self.inner
                .read(move |cache| {
                    let log = crate::cache::log::of_endpoint(cache, &endpoint)?;
                    let covering = log
                        .map(|log| crate::cache::log::checkpoint_covering(cache, log.log, size))
                        .transpose()?;
                    Ok(covering
                        .flatten()
                        .filter(|stored| stored.size == size)
                        .map(|stored| stored.note))
                })
                .await?
        };
        if stored.is_some() {
            return Ok(stored);
        }
        let engine = self.inner.engine()?;
        let answer = engine
            .api
            .prove_consistency(&super::work::endpoint_id(&endpoint)?, size, size)
            .await?;
        Ok(Checkpoint::read(&answer.checkpoint)
            .is_ok_and(|checkpoint| checkpoint.root == range.root)
            .then_some(answer.checkpoint))
    }

    /// An answer to "did anyone access this?", signed with this console's key: the certificate, its envelope, and the snapshot it is of.
    ///
    /// # Errors
    /// As [`Console::transcript`]; a pattern that is none; nothing proves this console's key yet.
    pub async fn certify(&self, question: &Question, pattern: &str) -> Result<(Certificate, String, Snapshot), ConsoleError> {
        let (own, key) = self.own().await?;
        let ready = self.ready(question, None).await?;
        let by = Releaser {
            member: own.member,
            device: own.device,
            name: own.name,
        };
        let certificate =
            Certificate::answer(pattern, &ready.gathered.snapshot, &ready.own(), by, self.now()?).map_err(internal)?;
        let envelope = seal(
            &certificate.clone().statement(&ready.gathered.snapshot).map_err(internal)?,
            &key,
        )?;
        Ok((certificate, envelope, ready.gathered.snapshot))
    }

    /// Every action with its authorisation, exceptions first.
    ///
    /// # Errors
    /// As [`Console::transcript`].
    pub async fn audit(&self, question: &Question, preset: Preset) -> Result<AuditTable, ConsoleError> {
        let ready = self.ready(question, None).await?;
        Ok(AuditTable::of(&ready.gathered.snapshot, &ready.own(), &ready.keys, preset))
    }

    fn now(&self) -> Result<TimeMs, ConsoleError> {
        TimeMs::new(self.inner.ports.clock.now_ms()).ok_or_else(|| internal("the clock is out of range"))
    }
}

fn seal<P: Serialize + serde::de::DeserializeOwned>(statement: &Statement<P>, key: &SigningKey) -> Result<String, ConsoleError> {
    statement
        .seal(&key.verifying_key().to_bytes(), |message| key.sign(message).to_bytes())
        .map_err(internal)
}

fn pack(
    ready: Ready,
    own: &Own,
    by: &Releaser,
    reviews: &[ReviewView],
    mut wanted: HandOver,
    (at_ms, seed): (TimeMs, u64),
    key: &SigningKey,
) -> Result<Vec<u8>, ConsoleError> {
    let snapshot = ready.gathered.snapshot.clone();
    let mut certificates = Vec::new();
    for pattern in &wanted.ask {
        let answer = Certificate::answer(pattern, &snapshot, &ready.own(), by.clone(), at_ms).map_err(internal)?;
        certificates.push(seal(&answer.statement(&snapshot).map_err(internal)?, key)?);
    }
    if wanted.scrub {
        find(&ready, seed, &mut wanted)?;
    }
    let mut excerpts = ready.gathered.excerpts;
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
            witnesses: ready.gathered.witnesses,
        },
    };
    let public = key.verifying_key().to_bytes();
    release(&contents, by.clone(), at_ms, wanted.measure, &public, |message| {
        key.sign(message).to_bytes()
    })
    .map_err(internal)
}

/// What the scrub's rules find in all parts as one record, beside what is to be hidden already.
fn find(ready: &Ready, seed: u64, wanted: &mut HandOver) -> Result<(), ConsoleError> {
    let entries: Vec<(String, ProvedEntry)> = ready
        .parts
        .iter()
        .flat_map(|part| {
            part.entries
                .iter()
                .map(|proved| (part.checkpoint.origin.clone(), proved.clone()))
        })
        .collect();
    let all: Vec<ProvedEntry> = entries.iter().map(|(_, proved)| proved.clone()).collect();
    let proposal = propose(&all, seed).map_err(internal)?;
    for (at, (log, proved)) in entries.iter().enumerate() {
        for name in proved.disclosures.keys() {
            let spans = proposal.spans(at, name);
            if !spans.is_empty() {
                let place = (log.clone(), proved.entry.seq, name.clone());
                wanted.hide.entry(place).or_default().extend(spans.iter().cloned());
            }
        }
    }
    wanted.measure = Some(proposal.measure);
    Ok(())
}

fn hide(log: &str, excerpt: &mut Excerpt, spans: &BTreeMap<(String, Seq, String), Vec<Span>>) -> Result<(), ConsoleError> {
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
