//! A sample log with real signatures, commitments and checkpoints, the same for the same number: for measurements and tests.

use caisey_ledger::checkpoint::{Checkpoint, CheckpointError};
use caisey_ledger::entry::{Actor, Record, SignedStatement};
use caisey_ledger::event::{Channel, Event, Interpreter, RunOutcome, SessionEnd, Stream};
use caisey_ledger::id::{ActionId, ClientId, Counter, DeviceId, EndpointId, MemberId, OrganisationId, Seq, SessionId, TimeMs};
use caisey_ledger::statement::{Draft, StatementFault};
use caisey_ledger::text::TextSeed;
use caisey_ledger::tree::{Frontier, leaf_hash};
use ed25519_dalek::{Signer, SigningKey};
use sha2::{Digest, Sha256};

/// What goes before the first slash of sample origins.
pub const AUTHORITY: &str = "control.example";

/// A sample could not be made; the ledger's rules changed.
#[derive(Debug, thiserror::Error)]
pub enum SampleError {
    /// A statement broke a rule.
    #[error("a sample statement breaks a rule")]
    Statement(#[from] StatementFault),
    /// A checkpoint could not be signed.
    #[error("a sample checkpoint cannot be signed")]
    Checkpoint(#[from] CheckpointError),
    /// A number left the permitted range.
    #[error("a sample number is out of range")]
    Range,
}

/// A log in the making, with all its keys.
#[derive(Clone)]
pub struct SampleLog {
    /// Its records so far.
    pub records: Vec<Record>,
    /// Endpoint.
    pub endpoint: EndpointId,
    /// Organisation.
    pub organisation: OrganisationId,
    /// Client.
    pub client: ClientId,
    /// The technician.
    pub member: MemberId,
    /// The technician's console.
    pub device: DeviceId,
    /// The machine's name.
    pub hostname: String,
    /// Time of the next entry.
    pub now_ms: u64,
    control: SigningKey,
    endpoint_key: SigningKey,
    device_key: SigningKey,
    counter: u64,
    drawn: u64,
    number: u64,
}

impl SampleLog {
    /// A log with its first three entries: enrolment, connection, the technician's key. Logs of different numbers differ in everything but
    /// organisation, technician and control plane.
    ///
    /// # Errors
    /// See [`SampleError`].
    pub fn new(number: u64, begins_at_ms: u64) -> Result<Self, SampleError> {
        let shared = |what: &str| digest(&[what.as_bytes()]);
        let own = |what: &str| digest(&[what.as_bytes(), &number.to_be_bytes()]);
        let mut log = Self {
            records: Vec::new(),
            endpoint: EndpointId::from_bits(half(own("endpoint"))),
            organisation: OrganisationId::from_bits(half(shared("organisation"))),
            client: ClientId::from_bits(half(digest(&[b"client", &(number / 10).to_be_bytes()]))),
            member: MemberId::from_bits(half(shared("member"))),
            device: DeviceId::from_bits(half(shared("device"))),
            hostname: format!("srv-{number:04}"),
            now_ms: begins_at_ms,
            control: SigningKey::from_bytes(&shared("control key")),
            endpoint_key: SigningKey::from_bytes(&own("endpoint key")),
            device_key: SigningKey::from_bytes(&shared("device key")),
            counter: 0,
            drawn: 0,
            number,
        };
        log.begin()?;
        Ok(log)
    }

    fn begin(&mut self) -> Result<(), SampleError> {
        let enrolled = Event::EndpointEnrolled {
            key: crate::facade::base64_of(self.endpoint_key.verifying_key().as_bytes()),
            client: self.client.clone(),
            os: "linux".to_owned(),
            arch: "x86_64".to_owned(),
            installer: "ins_00000000000000000000000000".to_owned(),
        };
        let hostname = self.hostname.clone();
        self.control_says(&enrolled, None, &[("hostname", &hostname)])?;
        self.control_says(
            &Event::EndpointConnected {
                elevated: Some(false),
                runtime_version: "0.1.0".to_owned(),
                next_counter: 0,
            },
            None,
            &[],
        )?;
        let (member, device) = (self.member.clone(), self.device.clone());
        self.introduce_public(&member, &device, &self.device_key.verifying_key().to_bytes())
    }

    /// Introduces a key of a person.
    ///
    /// # Errors
    /// See [`SampleError`].
    pub fn introduce_public(&mut self, member: &MemberId, device: &DeviceId, key: &[u8; 32]) -> Result<(), SampleError> {
        let event = Event::KeyIntroduced {
            member: member.clone(),
            device: device.clone(),
            key: crate::facade::base64_of(key),
            role: "technician".to_owned(),
        };
        self.control_says(&event, None, &[("name", "Ada Example")])
    }

    /// Origin of the log.
    pub fn origin(&self) -> String {
        format!("{AUTHORITY}/{}/{}", self.organisation, self.endpoint)
    }

    /// The key that signs checkpoints.
    pub fn control_key(&self) -> [u8; 32] {
        *self.control.verifying_key().as_bytes()
    }

    /// A signed checkpoint over the first `size` entries.
    ///
    /// # Errors
    /// See [`SampleError`].
    pub fn checkpoint(&self, size: u64) -> Result<String, SampleError> {
        let mut frontier = Frontier::new();
        for record in self.records.iter().take(usize::try_from(size).unwrap_or(usize::MAX)) {
            frontier.append(leaf_hash(record.leaf.as_bytes()));
        }
        self.sign(&frontier)
    }

    /// Signs a tree head.
    ///
    /// # Errors
    /// See [`SampleError`].
    pub fn sign(&self, frontier: &Frontier) -> Result<String, SampleError> {
        self.sign_as(&self.origin(), frontier)
    }

    /// Signs another log's tree head, with the same key.
    ///
    /// # Errors
    /// As [`Self::sign`].
    pub fn sign_as(&self, origin: &str, frontier: &Frontier) -> Result<String, SampleError> {
        let checkpoint = Checkpoint {
            origin: origin.to_owned(),
            size: frontier.size(),
            root: frontier.root(),
        };
        Ok(checkpoint.sign(&self.control_key(), |message| self.control.sign(message).to_bytes())?)
    }

    /// Opens a session.
    ///
    /// # Errors
    /// See [`SampleError`].
    pub fn open_session(&mut self, purpose: &str) -> Result<SessionId, SampleError> {
        let session = SessionId::from_bits(half(self.draw()));
        let event = Event::SessionOpened {
            device: self.device.clone(),
        };
        self.member_says(&event, &session, None, &[("purpose", purpose)])?;
        Ok(session)
    }

    /// Closes a session.
    ///
    /// # Errors
    /// See [`SampleError`].
    pub fn close_session(&mut self, session: &SessionId) -> Result<(), SampleError> {
        self.member_says(
            &Event::SessionClosed {
                reason: SessionEnd::ByTechnician,
            },
            session,
            None,
            &[],
        )
    }

    /// A note in a session.
    ///
    /// # Errors
    /// See [`SampleError`].
    pub fn note(&mut self, session: &SessionId, note: &str) -> Result<(), SampleError> {
        self.member_says(&Event::NoteAdded {}, session, None, &[("note", note)])
    }

    /// A whole command: proposed, authorised, started, its output, finished.
    ///
    /// # Errors
    /// See [`SampleError`].
    pub fn command(&mut self, session: &SessionId, command: &str, outputs: &[&str]) -> Result<ActionId, SampleError> {
        let action = ActionId::from_bits(half(self.draw()));
        let proposed = Event::ActionProposed {
            interpreter: Interpreter::Bash,
            timeout_ms: 60_000,
            model: None,
        };
        self.member_says(
            &proposed,
            session,
            Some(&action),
            &[("command", command), ("reason", "routine check")],
        )?;
        let authorised = Event::ActionAuthorised {
            policy: "everything".to_owned(),
            policy_version: 1,
            channel: Channel::Policy,
            policy_digest: None,
            class: None,
        };
        self.control_says(&authorised, Some((session, &action)), &[])?;
        let started = Event::CommandStarted {
            pid: 4_711,
            interpreter: Interpreter::Bash,
            elevated: false,
        };
        self.endpoint_says(&started, session, &action, &[("cwd", "/root"), ("user", "root")])?;
        for (chunk, output) in (0..).zip(outputs) {
            self.endpoint_says(
                &Event::CommandOutput {
                    stream: Stream::Stdout,
                    chunk,
                },
                session,
                &action,
                &[("output", output)],
            )?;
        }
        let finished = Event::CommandFinished {
            outcome: RunOutcome::Exited,
            exit_code: Some(0),
            signal: None,
            duration_ms: 1_234,
            stdout_bytes: outputs.iter().map(|output| output.len() as u64).sum(),
            stderr_bytes: 0,
        };
        self.endpoint_says(&finished, session, &action, &[])?;
        Ok(action)
    }

    /// Erases a text of an entry: the tombstone, and the disclosure in the record.
    ///
    /// # Errors
    /// See [`SampleError`].
    pub fn erase(&mut self, seq: u64, name: &str) -> Result<(), SampleError> {
        let event = Event::TextErased {
            entry_seq: seq,
            names: vec![name.to_owned()],
            member: self.member.clone(),
        };
        if let Some(record) = usize::try_from(seq).ok().and_then(|seq| self.records.get_mut(seq)) {
            record
                .disclosures
                .insert(name.to_owned(), caisey_ledger::disclosure::Disclosure::Erased {});
        }
        self.control_says(&event, None, &[("basis", "asked for by the person concerned")])
    }

    /// The control plane says something.
    ///
    /// # Errors
    /// See [`SampleError`].
    pub fn control_says(
        &mut self,
        event: &Event,
        about: Option<(&SessionId, &ActionId)>,
        texts: &[(&str, &str)],
    ) -> Result<(), SampleError> {
        let mut draft = self.draft(Actor::Control {}, event, texts)?;
        if let Some((session, action)) = about {
            draft = draft.session(session.clone()).action(action.clone());
        }
        self.place(draft.unsigned()?)
    }

    fn member_says(
        &mut self,
        event: &Event,
        session: &SessionId,
        action: Option<&ActionId>,
        texts: &[(&str, &str)],
    ) -> Result<(), SampleError> {
        let actor = Actor::Member {
            id: self.member.clone(),
            device: self.device.clone(),
        };
        let mut draft = self.draft(actor, event, texts)?.session(session.clone());
        if let Some(action) = action {
            draft = draft.action(action.clone());
        }
        let signed = draft.sign(&self.device_key)?;
        self.place(signed)
    }

    fn endpoint_says(
        &mut self,
        event: &Event,
        session: &SessionId,
        action: &ActionId,
        texts: &[(&str, &str)],
    ) -> Result<(), SampleError> {
        let counter = Counter::new(self.counter).ok_or(SampleError::Range)?;
        self.counter += 1;
        let draft = self.draft(
            Actor::Endpoint {
                id: self.endpoint.clone(),
            },
            event,
            texts,
        )?;
        let signed = draft
            .session(session.clone())
            .action(action.clone())
            .counter(counter)
            .sign(&self.endpoint_key)?;
        self.place(signed)
    }

    /// Places a statement as the log's next entry.
    ///
    /// # Errors
    /// See [`SampleError`].
    pub fn place(&mut self, statement: SignedStatement) -> Result<(), SampleError> {
        let seq = Seq::new(self.records.len() as u64).ok_or(SampleError::Range)?;
        let time = TimeMs::new(self.now_ms).ok_or(SampleError::Range)?;
        self.now_ms += 37;
        self.records.push(statement.into_record(seq, time)?);
        Ok(())
    }

    fn draft(&mut self, actor: Actor, event: &Event, texts: &[(&str, &str)]) -> Result<Draft, SampleError> {
        let at = TimeMs::new(self.now_ms).ok_or(SampleError::Range)?;
        let mut draft = Draft::new(&self.origin(), at, actor, event)?;
        for (name, text) in texts {
            draft = draft.text(name, *text, TextSeed::from_bytes(self.draw()));
        }
        Ok(draft)
    }

    fn draw(&mut self) -> [u8; 32] {
        self.drawn += 1;
        digest(&[
            b"draw",
            &self.number.to_be_bytes(),
            &self.drawn.to_be_bytes(),
            &self.now_ms.to_be_bytes(),
        ])
    }
}

fn digest(parts: &[&[u8]]) -> [u8; 32] {
    parts
        .iter()
        .fold(Sha256::new(), |hash, part| hash.chain_update(part))
        .finalize()
        .into()
}

fn half(whole: [u8; 32]) -> [u8; 16] {
    let mut bits = [0; 16];
    bits.iter_mut().zip(whole).for_each(|(to, from)| *to = from);
    bits
}
