//! A session on a real control plane, and packs of it as a console makes them.

use crate::desk::{Desk, now, turn};
use caisey_ledger::checkpoint::Checkpoint;
use caisey_ledger::disclosure::Disclosure;
use caisey_ledger::entry::{Record, SignedStatement};
use caisey_ledger::event::{Event, RunOutcome};
use caisey_ledger::hash::Hash;
use caisey_ledger::id::{ActionId, Seq, SessionId};
use caisey_ledger::text::TextSeed;
use caisey_ledger::tree::{Frontier, HashStore, NodeAt, leaf_hash};
use caisey_protocol::handover::{KeyEvidence, SubmitReview};
use caisey_protocol::http::{EntriesPage, Health, Submit, Submitted};
use caisey_protocol::role::Role;
use caisey_protocol::runtime::ToRuntime;
use caisey_protocol::share::{CreateShare, PACK_PART_BYTES, ShareLink};
use caisey_testkit::person::Person;
use caisey_testkit::runtime::Runtime;
use caisey_transcript::attestation::{Coverage, Review, Reviewer, SENTENCE, Verdict};
use caisey_transcript::certificate::Certificate;
use caisey_transcript::dsse::{Statement, sha256_hex};
use caisey_transcript::excerpt::{Excerpt, Proved, ProvedEntry, introduces};
use caisey_transcript::finding::Findings;
use caisey_transcript::pack::{ClaimedKeys, Contents, KEYS_FORMAT, release};
use caisey_transcript::redaction::apply;
use caisey_transcript::release::Releaser;
use caisey_transcript::scrub::{Alone, propose};
use caisey_transcript::snapshot::{LogRange, Scope, Snapshot};
use ed25519_dalek::Signer as _;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};

/// What may stand nowhere once it is hidden.
pub const PRIVATE: [&str; 3] = ["marta.weiss@lakeside-dental.example", "marta.weiss", "Kündigung-Weiss.docx"];

#[derive(Default)]
struct Nodes(HashMap<NodeAt, Hash>);

impl HashStore for Nodes {
    type Error = NodeAt;
    fn read(&self, nodes: &[NodeAt]) -> Result<Vec<Hash>, NodeAt> {
        nodes.iter().map(|at| self.0.get(at).copied().ok_or(*at)).collect()
    }
}

/// A session that is over, and who can hand it out.
pub struct Recorded {
    pub desk: Desk,
    pub token: String,
    pub owner: Person,
    pub technician_token: String,
    pub technician: Person,
    pub runtime: Runtime,
    pub session: SessionId,
    control: [u8; 32],
}

/// How a pack is made.
#[derive(Clone, Copy)]
pub struct Wanted {
    pub attested: bool,
    pub scrubbed: bool,
    /// Leave out who signs; the technician does.
    pub by_technician: bool,
    /// A question to be answered.
    pub ask: Option<&'static str>,
}

impl Default for Wanted {
    fn default() -> Self {
        Self {
            attested: true,
            scrubbed: true,
            by_technician: false,
            ask: Some("*payroll*"),
        }
    }
}

const COMMANDS: [(&str, &str); 5] = [
    (
        "ls -l /home/marta.weiss/Documents",
        "total 8\n-rw------- 1 marta.weiss staff 18234 May 27 17:02 Kündigung-Weiss.docx\n-rw------- 1 marta.weiss staff 9120 May 26 09:40 notes.txt\n",
    ),
    (
        "ps aux",
        "USER  PID %CPU COMMAND\nroot    1  0.0 /sbin/init\nroot  412  0.1 /usr/sbin/sshd -D\nmarta.weiss 2201 3.2 /usr/bin/soffice\n\u{1b}[31mwarning\u{1b}[0m: 1 zombie\n",
    ),
    (
        "cat /srv/www/index.html",
        "<!doctype html><script>document.body.hidden = true</script><img src=x onerror=\"alert(1)\">&amp;</pre></li>\n",
    ),
    ("grep -c sshd /var/log/auth.log", "14\n"),
    ("cat /etc/mail/forward", "marta.weiss@lakeside-dental.example, 10.24.3.17\n"),
];

impl Recorded {
    pub async fn make() -> Self {
        Box::pin(Self::make_on(Desk::start().await)).await
    }

    pub async fn make_on(desk: Desk) -> Self {
        let commands = COMMANDS.map(|(command, output)| (command.to_owned(), output.to_owned()));
        Box::pin(Self::make_of(desk, commands)).await
    }

    /// A session in which these commands printed this.
    pub async fn make_of(desk: Desk, commands: impl IntoIterator<Item = (String, String)>) -> Self {
        let token = desk.owner();
        let (_, mut runtime) = desk.machine(&token, 1).await;
        let technician_token = desk.member("tess@example.com", Role::Technician, None);
        let technician = desk.person(&technician_token, 3).await;
        let owner = desk.person(&token, 4).await;
        let health: Health = desk.call("GET", "/healthz", None, None::<&()>).await.ok();
        let mut socket = desk.connect(&mut runtime).await;
        let session = SessionId::from_bits([1; 16]);
        let mut recorded = Self {
            desk,
            token,
            owner,
            technician_token,
            technician,
            session,
            control: Hash::from_base64(&health.checkpoint_key).unwrap().0,
            runtime,
        };
        let device = recorded.technician.device.clone();
        recorded
            .say(
                &Event::SessionOpened { device },
                None,
                &[(
                    "purpose",
                    "Suspected ransomware activity: client called at 22:05, ticket 4711",
                )],
            )
            .await;
        recorded
            .say(
                &Event::ChatMessage {},
                None,
                &[(
                    "message",
                    "Connected. Looking at sign-ins and processes; staying out of documents.",
                )],
            )
            .await;
        for (number, (command, output)) in (1_u128..).zip(commands) {
            let action = ActionId::from_bits(number.to_be_bytes());
            let statement = recorded
                .technician
                .propose(&recorded.runtime.log, now(), &recorded.session, &action, &command);
            recorded.submit(statement).await;
            while !matches!(turn(&mut recorded.runtime, &mut socket).await, ToRuntime::Run { .. }) {}
            recorded.runtime.print(now(), &action, &output);
            recorded.runtime.finish(now(), &action, RunOutcome::Exited);
            while let Some(statements) = recorded.runtime.send(7) {
                socket.send(&statements).await;
            }
            let all = recorded.runtime.next_counter();
            while recorded.runtime.acked < all {
                turn(&mut recorded.runtime, &mut socket).await;
            }
        }
        recorded
            .say(
                &Event::NoteAdded {},
                None,
                &[("note", "No sign of persistence. No user's files were opened.")],
            )
            .await;
        let close = recorded.technician.close(&recorded.runtime.log, now(), &recorded.session);
        recorded.submit(close).await;
        recorded
    }

    async fn say(&mut self, event: &Event, action: Option<&ActionId>, texts: &[(&str, &str)]) {
        let mut draft = self
            .technician
            .draft(&self.runtime.log, now(), event)
            .session(self.session.clone());
        if let Some(action) = action {
            draft = draft.action(action.clone());
        }
        for &(name, text) in texts {
            draft = draft.text(name, text, TextSeed::from_bytes(Hash::of(text.as_bytes()).0));
        }
        let statement = draft.sign(&self.technician.key).unwrap();
        self.submit(statement).await;
    }

    async fn submit(&self, statement: SignedStatement) {
        let path = format!("/v1/endpoints/{}/statements", self.runtime.endpoint);
        let _: Submitted = self
            .desk
            .post(&path, &self.technician_token, &Submit { version: 1, statement })
            .await
            .ok();
    }

    /// The whole log and its newest checkpoint.
    async fn log(&self) -> (String, Vec<Record>) {
        let mut records = Vec::new();
        loop {
            let path = format!(
                "/v1/endpoints/{}/entries?from={}&limit=1000",
                self.runtime.endpoint,
                records.len()
            );
            let page: EntriesPage = self.desk.get(&path, &self.token).await.ok();
            if page.records.is_empty() {
                return (page.checkpoint, records);
            }
            records.extend(page.records);
        }
    }

    /// The session's part of the log under its newest checkpoint, with everything shown.
    async fn gathered(&self) -> (Snapshot, Excerpt) {
        let (note, records) = self.log().await;
        let checkpoint = Checkpoint::read(&note).unwrap();
        let (mut frontier, mut nodes) = (Frontier::new(), Nodes::default());
        for record in records.iter().take(checkpoint.size as usize) {
            frontier.append_with(leaf_hash(record.leaf.as_bytes()), |at, hash| {
                nodes.0.insert(at, hash);
            });
        }
        let own: Vec<u64> = (0..)
            .zip(&records)
            .filter(|(_, record)| record.parse().unwrap().statement.session.as_ref() == Some(&self.session))
            .map(|(at, _)| at)
            .collect();
        let (first, last) = (own[0], own[own.len() - 1]);
        let chosen: Vec<(u64, Record)> = (0..)
            .zip(records)
            .filter(|(at, record)| (first..=last).contains(at) || (*at < first && introduces(&record.leaf)))
            .collect();
        let places: Vec<u64> = chosen.iter().map(|(at, _)| *at).collect();
        let records = chosen.into_iter().map(|(_, record)| record).collect();
        let range = LogRange {
            log: self.runtime.log.clone(),
            first_seq: Seq::new(first).unwrap(),
            last_seq: Seq::new(last).unwrap(),
            size: checkpoint.size,
            root: checkpoint.root,
        };
        let scope = Scope::Session {
            session: self.session.clone(),
        };
        let excerpt = Excerpt::new(&note, &places, records, &nodes).unwrap();
        (Snapshot::new(scope, vec![range]).unwrap(), excerpt)
    }

    async fn evidence(&self, person: &Person) -> Excerpt {
        let evidence: KeyEvidence = self
            .desk
            .get(&format!("/v1/keys?device={}", person.device), &self.token)
            .await
            .ok();
        let mut record = evidence.record;
        record.disclosures.retain(|name, _| name == "name");
        Excerpt {
            note: evidence.checkpoint,
            records: vec![record],
            proof: evidence.proof.iter().map(|hash| Hash::from_base64(hash).unwrap()).collect(),
        }
    }

    fn review(&self, snapshot: &Snapshot, entries: u64, verdict: Verdict) -> String {
        let refused = verdict == Verdict::Refused;
        let shown = (snapshot.logs[0].first_seq.get()..=snapshot.logs[0].last_seq.get())
            .map(|seq| ((self.runtime.log.clone(), Seq::new(seq).unwrap()), 1_800))
            .collect::<BTreeMap<_, _>>();
        let review = Review {
            verdict,
            reason: refused.then(|| "Two outputs are missing.".to_owned()),
            reviewer: Reviewer {
                member: self.owner.member.clone(),
                device: self.owner.device.clone(),
                name: "Olga Owner".into(),
                role: "owner".into(),
            },
            took_part: false,
            sentence: if refused { String::new() } else { SENTENCE.into() },
            coverage: Coverage::gather(entries, &shown),
            at_ms: now(),
        };
        seal(&review.statement(snapshot).unwrap(), &self.owner)
    }

    /// The owner refuses what the session shows, on the control plane.
    pub async fn refuse(&self) {
        let (snapshot, excerpt) = self.gathered().await;
        let entries = in_scope(&snapshot, &excerpt);
        let request = SubmitReview {
            snapshot: snapshot.to_text().unwrap(),
            envelope: self.review(&snapshot, entries, Verdict::Refused),
        };
        let _: Value = self.desk.post("/v1/reviews", &self.token, &request).await.ok();
    }

    /// A pack of the session.
    pub async fn pack(&self, wanted: Wanted) -> Vec<u8> {
        let (snapshot, mut excerpt) = self.gathered().await;
        let mut found = Findings::default();
        let parts: Vec<Proved> = excerpt
            .prove(&self.runtime.log, Some(&snapshot.logs[0]), &self.control, &mut found)
            .into_iter()
            .collect();
        assert!(found.hold(), "{found:?}");
        let (by, name) = if wanted.by_technician {
            (&self.technician, "Robin Řehoř")
        } else {
            (&self.owner, "Olga Owner")
        };
        let releaser = Releaser {
            member: by.member.clone(),
            device: by.device.clone(),
            name: name.into(),
        };
        let own: Vec<&Proved> = parts.iter().collect();
        let certificates = wanted.ask.map(|pattern| {
            let answer = Certificate::answer(pattern, &snapshot, &own, releaser.clone(), now()).unwrap();
            seal(&answer.statement(&snapshot).unwrap(), by)
        });
        let mut measure = None;
        if wanted.scrubbed {
            let entries: Vec<ProvedEntry> = parts[0].entries.clone();
            let proposal = propose(&entries, 7, &Alone).unwrap();
            for (at, record) in excerpt.records.iter_mut().enumerate() {
                for (name, disclosure) in &mut record.disclosures {
                    let hidden = apply(name, disclosure, proposal.spans(at, name)).unwrap();
                    *disclosure = hidden.disclosure;
                }
            }
            measure = Some(proposal.measure);
        }
        let entries = in_scope(&snapshot, &excerpt);
        let mut excerpts = vec![excerpt, self.evidence(&self.owner).await];
        if wanted.by_technician {
            excerpts.push(self.evidence(&self.technician).await);
        }
        let contents = Contents {
            attestations: wanted
                .attested
                .then(|| self.review(&snapshot, entries, Verdict::Attested))
                .into_iter()
                .collect(),
            snapshot,
            excerpts,
            certificates: certificates.into_iter().collect(),
            timestamps: Vec::new(),
            keys: ClaimedKeys {
                format: KEYS_FORMAT.to_owned(),
                control: Hash(self.control),
                witnesses: Vec::new(),
            },
        };
        let public = by.key.verifying_key().to_bytes();
        release(&contents, releaser, now(), measure.map(Into::into), &public, |message| {
            by.key.sign(message).to_bytes()
        })
        .unwrap()
    }

    /// Puts a pack; answers with its digest.
    pub async fn put(&self, pack: &[u8], token: &str) -> String {
        let digest = sha256_hex(pack);
        for (part, bytes) in pack.chunks(PACK_PART_BYTES).enumerate() {
            let url = format!("{}/v1/packs/{digest}/{part}", self.desk.running.base_url);
            let answer = self
                .desk
                .http
                .put(url)
                .bearer_auth(token)
                .body(bytes.to_vec())
                .send()
                .await
                .unwrap();
            assert_eq!(answer.status(), 204, "{}", answer.text().await.unwrap());
        }
        digest
    }

    /// What makes a share of a pack; the pack is put.
    pub async fn request(&self, pack: &[u8]) -> CreateShare {
        CreateShare {
            pack: self.put(pack, &self.token).await,
            size_bytes: pack.len() as u64,
            label: "Meridian Mutual, claim 4711".into(),
            expires_at_ms: caisey_ledger::id::TimeMs::new(now().get() + 86_400_000).unwrap(),
            passphrase: None,
            unreviewed: false,
        }
    }

    pub async fn share(&self, pack: &[u8]) -> ShareLink {
        let request = self.request(pack).await;
        self.desk.post("/v1/shares", &self.token, &request).await.ok()
    }
}

fn in_scope(snapshot: &Snapshot, excerpt: &Excerpt) -> u64 {
    let entries = excerpt.records.iter().map(|record| record.parse().unwrap());
    entries
        .filter(|entry| snapshot.logs[0].contains(entry.seq) && snapshot.scope.holds(entry))
        .count() as u64
}

fn seal<P: serde::Serialize + serde::de::DeserializeOwned>(statement: &Statement<P>, by: &Person) -> String {
    let public = by.key.verifying_key().to_bytes();
    statement.seal(&public, |message| by.key.sign(message).to_bytes()).unwrap()
}

/// Whether a disclosure hides anything.
pub fn hides(disclosure: &Disclosure) -> bool {
    matches!(disclosure, Disclosure::Redacted { .. })
}
