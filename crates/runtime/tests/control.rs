//! A control plane reduced to its wire: proves the endpoint's key, takes statements only in order, checks every signature, acknowledges
//! with signed checkpoints, and can be told to be unreliable. What it holds at the end is what a real log would hold.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use caisey_ledger::checkpoint::Checkpoint;
use caisey_ledger::consent::Consent;
use caisey_ledger::disclosure::Disclosure;
use caisey_ledger::entry::{Actor, Entry, SignedStatement};
use caisey_ledger::event::{Event, Interpreter, RunOutcome, Stream};
use caisey_ledger::hash::Hash;
use caisey_ledger::id::{ActionId, ClientId, Counter, DeviceId, EndpointId, MemberId, OrganisationId, Seq, SessionId, TimeMs};
use caisey_ledger::lossless;
use caisey_ledger::statement::Draft;
use caisey_ledger::text::TextSeed;
use caisey_ledger::tree::{Frontier, leaf_hash};
use caisey_ledger::witness::{check_line, witness_name};
use caisey_protocol::PROTOCOL_VERSION;
use caisey_protocol::runtime::{CONNECT_CONTEXT, FromRuntime, Leaf, Seen, ToRuntime};
use caisey_runtime::{EndpointKey, Enrolment, Limits, Runtime, StateDir};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use futures_util::{SinkExt, StreamExt};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};
use tokio_tungstenite::tungstenite::Message;

/// How badly the control plane behaves.
#[derive(Clone, Copy, Default)]
pub(crate) struct Manners {
    /// Drop the connection after about this many frames, at a place that depends on `seed`.
    pub(crate) drop_after: Option<u64>,
    /// Acknowledge only after this long.
    pub(crate) ack_delay: Duration,
    /// Never acknowledge.
    pub(crate) no_acks: bool,
    pub(crate) seed: u64,
}

#[derive(Default)]
struct Held {
    statements: Vec<SignedStatement>,
    /// Frames to be sent on every connection until something is heard of the action.
    runs: BTreeMap<ActionId, ToRuntime>,
    accepted: Vec<ActionId>,
    pongs: Vec<u64>,
    said_goodbye: bool,
    connections: u64,
    frames: u64,
    faults: Vec<String>,
    /// Of all statements, each at its counter's place.
    tree: Frontier,
    cosigned: Vec<u64>,
    notes: BTreeMap<u64, String>,
    shown: u64,
    key: Option<VerifyingKey>,
    /// Adds to every checkpoint's size.
    checkpoint_shift: i64,
}

pub(crate) struct Control {
    held: Arc<Mutex<Held>>,
    changed: Arc<Notify>,
    sends: tokio::sync::broadcast::Sender<ToRuntime>,
    cut: watch::Sender<bool>,
    manners: Arc<Mutex<Manners>>,
    pub(crate) port: u16,
    pub(crate) log: String,
    pub(crate) endpoint: EndpointId,
    checkpoint_key: SigningKey,
    author: SigningKey,
    pub(crate) session: SessionId,
}

impl Control {
    pub(crate) async fn start(manners: Manners) -> Arc<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = EndpointId::from_bits([7; 16]);
        let log = format!("test.example/{}/{endpoint}", OrganisationId::from_bits([3; 16]));
        let control = Arc::new(Self {
            held: Arc::default(),
            changed: Arc::default(),
            sends: tokio::sync::broadcast::channel(64).0,
            cut: watch::channel(false).0,
            manners: Arc::new(Mutex::new(manners)),
            port: listener.local_addr().unwrap().port(),
            log,
            endpoint,
            checkpoint_key: SigningKey::from_bytes(&[11; 32]),
            author: SigningKey::from_bytes(&[12; 32]),
            session: SessionId::from_bits([5; 16]),
        });
        let serving = Arc::clone(&control);
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let one = Arc::clone(&serving);
                tokio::spawn(async move { one.serve(stream).await });
            }
        });
        control
    }

    /// Makes `dir` the state of an endpoint enrolled here.
    pub(crate) fn enrol(&self, dir: &Path) -> StateDir {
        let state = StateDir::open(dir).unwrap();
        let key = EndpointKey::load_or_create(&state).unwrap();
        let public: [u8; 32] = STANDARD.decode(key.public()).unwrap().try_into().unwrap();
        self.held.lock().unwrap().key = Some(VerifyingKey::from_bytes(&public).unwrap());
        let enrolment = Enrolment {
            control: format!("http://127.0.0.1:{}", self.port),
            endpoint: self.endpoint.clone(),
            log: self.log.clone(),
            checkpoint_key: STANDARD.encode(self.checkpoint_key.verifying_key().as_bytes()),
            client: Some(ClientId::from_bits([4; 16])),
        };
        enrolment.store(&state).unwrap();
        state
    }

    /// An endpoint that runs within this test.
    pub(crate) async fn endpoint(self: &Arc<Self>, limits: Limits) -> (tempfile::TempDir, Runtime) {
        let dir = tempfile::tempdir().unwrap();
        let state = self.enrol(&dir.path().join("state"));
        let runtime = Runtime::start(&state, limits).await.unwrap();
        (dir, runtime)
    }

    pub(crate) fn next_action(&self) -> ActionId {
        // Processes are found by this identifier, so that tests side by side must not share any.
        let mut bits = [0; 16];
        getrandom::fill(&mut bits).unwrap();
        ActionId::from_bits(bits)
    }

    /// A proposal as a technician's console would sign it.
    pub(crate) fn proposal(&self, action: &ActionId, command: &str, change: impl FnOnce(Draft) -> Draft) -> SignedStatement {
        self.proposal_for(action, Interpreter::Sh, 60_000, command, change)
    }

    pub(crate) fn proposal_for(
        &self,
        action: &ActionId,
        interpreter: Interpreter,
        timeout_ms: u64,
        command: &str,
        change: impl FnOnce(Draft) -> Draft,
    ) -> SignedStatement {
        let actor = Actor::Member {
            id: MemberId::from_bits([1; 16]),
            device: DeviceId::from_bits([2; 16]),
        };
        let event = Event::ActionProposed {
            interpreter,
            timeout_ms,
            model: None,
        };
        let draft = Draft::new(&self.log, TimeMs::new(1_000).unwrap(), actor, &event)
            .unwrap()
            .session(self.session.clone())
            .action(action.clone())
            .text("command", command, TextSeed::from_bytes([1; 32]))
            .text("reason", "a test", TextSeed::from_bytes([2; 32]));
        change(draft).sign(&self.author).unwrap()
    }

    /// A changed proposal, with the technician's signature under what it says now.
    pub(crate) fn signed_anew(&self, changed: SignedStatement) -> SignedStatement {
        let mut changed = changed;
        let bytes = caisey_ledger::statement::signing_bytes(&changed.statement).unwrap();
        changed.signature.as_mut().unwrap().sig = STANDARD.encode(self.author.sign(&bytes).to_bytes());
        changed
    }

    /// Has a command run by sh.
    pub(crate) fn run(&self, command: &str) -> ActionId {
        let action = self.next_action();
        self.send(self.proposal(&action, command, |draft| draft));
        action
    }

    /// Sends a proposal, again on every connection until the endpoint has said something about it.
    pub(crate) fn send(&self, proposal: SignedStatement) {
        self.send_with(proposal, None);
    }

    /// The same, with what allows it.
    pub(crate) fn send_with(&self, proposal: SignedStatement, consent: Option<Consent>) {
        let action = proposal.statement.action.clone().unwrap();
        let frame = ToRuntime::Run {
            proposal: Box::new(proposal),
            consent: consent.map(Box::new),
        };
        self.held.lock().unwrap().runs.insert(action, frame.clone());
        let _ = self.sends.send(frame);
    }

    pub(crate) fn tell(&self, frame: ToRuntime) {
        let _ = self.sends.send(frame);
    }

    /// Breaks the present connection without a word.
    pub(crate) fn cut(&self) {
        self.cut.send_replace(true);
        self.cut.send_replace(false);
    }

    pub(crate) fn behave(&self, manners: Manners) {
        *self.manners.lock().unwrap() = manners;
    }

    pub(crate) fn shift_checkpoints(&self, by: i64) {
        self.held.lock().unwrap().checkpoint_shift = by;
    }

    /// Waits until `want` gives something.
    pub(crate) async fn until<T>(&self, what: &str, mut want: impl FnMut(&View<'_>) -> Option<T>) -> T {
        let waiting = async {
            loop {
                let changed = self.changed.notified();
                tokio::pin!(changed);
                changed.as_mut().enable();
                {
                    let held = self.held.lock().unwrap();
                    assert!(held.faults.is_empty(), "{:?}", held.faults);
                    if let Some(found) = want(&View { held: &held }) {
                        return found;
                    }
                }
                changed.await;
            }
        };
        match tokio::time::timeout(Duration::from_secs(300), waiting).await {
            Ok(found) => found,
            Err(_) => {
                let held = self.held.lock().unwrap();
                let kinds: Vec<_> = held
                    .statements
                    .iter()
                    .rev()
                    .take(20)
                    .map(|said| said.statement.kind.clone())
                    .collect();
                panic!(
                    "waited too long for {what}; connections {}, newest statements first: {kinds:?}",
                    held.connections
                )
            }
        }
    }

    /// Waits for the end of an action; gives everything that was said about it.
    pub(crate) async fn finished(&self, action: &ActionId) -> Told {
        self.until("an action's end", |view| {
            let told = view.about(action);
            let over = told.events.iter().any(|(event, _)| {
                matches!(
                    event,
                    Event::CommandFinished { .. } | Event::ActionRefused { .. } | Event::RecorderGap { .. }
                )
            });
            over.then_some(told)
        })
        .await
    }

    /// Has a command run by sh, and waits for its end.
    pub(crate) async fn done(&self, command: &str) -> Told {
        let action = self.run(command);
        self.finished(&action).await
    }

    async fn serve(&self, stream: TcpStream) {
        let Ok(mut wire) = tokio_tungstenite::accept_async(stream).await else {
            return;
        };
        let manners = *self.manners.lock().unwrap();
        let mut sends = self.sends.subscribe();
        let mut cut = self.cut.subscribe();
        let nonce = STANDARD.encode([9; 32]);
        let number = {
            let mut held = self.held.lock().unwrap();
            held.connections += 1;
            held.connections
        };
        // A small generator is enough to drop at different places.
        let mut random = manners
            .seed
            .wrapping_add(number)
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        random ^= random >> 33;
        let mut left = manners.drop_after.map(|mean| 1 + random % (2 * mean));
        let mut out = vec![ToRuntime::Challenge {
            version: PROTOCOL_VERSION,
            nonce: nonce.clone(),
        }];
        loop {
            for frame in out.drain(..) {
                if wire
                    .send(Message::text(serde_json::to_string(&frame).unwrap()))
                    .await
                    .is_err()
                {
                    return;
                }
            }
            if let Some(left) = left.as_mut() {
                *left -= 1;
                if *left == 0 {
                    return;
                }
            }
            tokio::select! {
                message = wire.next() => match message {
                    Some(Ok(Message::Text(text))) => {
                        assert!(text.len() <= caisey_protocol::MAX_MESSAGE_BYTES);
                        let frame: FromRuntime = serde_json::from_str(&text).unwrap();
                        let acks = matches!(frame, FromRuntime::Statements { .. });
                        out = self.take(frame, &nonce);
                        self.changed.notify_waiters();
                        if acks {
                            tokio::time::sleep(manners.ack_delay).await;
                        }
                    }
                    Some(Ok(_)) => {}
                    _ => return,
                },
                frame = sends.recv() => out.extend(frame.ok()),
                _ = cut.changed() => return,
            }
        }
    }

    fn take(&self, frame: FromRuntime, nonce: &str) -> Vec<ToRuntime> {
        let manners = *self.manners.lock().unwrap();
        let mut held = self.held.lock().unwrap();
        held.frames += 1;
        match frame {
            FromRuntime::Hello {
                endpoint,
                signature,
                seen,
                ..
            } => {
                let signed = format!("{CONNECT_CONTEXT}\n{}\n{nonce}\n", self.log);
                let signature = Signature::from_slice(&STANDARD.decode(signature).unwrap()).unwrap();
                held.key.unwrap().verify_strict(signed.as_bytes(), &signature).unwrap();
                assert_eq!(endpoint, self.endpoint);
                let next_counter = Counter::new(held.statements.len() as u64).unwrap();
                let welcome = ToRuntime::Welcome {
                    next_counter,
                    time_ms: TimeMs::new(1).unwrap(),
                    running: Vec::new(),
                };
                held.shown = seen.unwrap().size;
                let grown = (!manners.no_acks).then(|| self.grown(&mut held, seen.unwrap()));
                [welcome]
                    .into_iter()
                    .chain(grown)
                    .chain(held.runs.values().cloned())
                    .collect()
            }
            FromRuntime::Statements { statements } => {
                assert!(!statements.is_empty());
                for said in statements {
                    if let Err(fault) = self.place(&mut held, said) {
                        held.faults.push(fault);
                    }
                }
                if manners.no_acks {
                    return Vec::new();
                }
                let shown = Seen {
                    size: held.shown,
                    counter: Counter::new(held.shown).unwrap(),
                };
                vec![self.ack(&held), self.grown(&mut held, shown)]
            }
            FromRuntime::Show(seen) => vec![self.grown(&mut held, seen)],
            FromRuntime::Cosigned { size, cosignature } => {
                let name = witness_name(&self.log, self.endpoint.as_str()).unwrap();
                let note = held.notes[&size].clone();
                check_line(&note, &cosignature, &name, held.key.unwrap().as_bytes()).unwrap();
                held.cosigned.push(size);
                Vec::new()
            }
            FromRuntime::Accepted { action } => {
                held.runs.remove(&action);
                held.accepted.push(action);
                Vec::new()
            }
            FromRuntime::Pong { nonce } => {
                held.pongs.push(nonce);
                Vec::new()
            }
            FromRuntime::Goodbye {} => {
                held.said_goodbye = true;
                Vec::new()
            }
        }
    }

    fn place(&self, held: &mut Held, said: SignedStatement) -> Result<(), String> {
        let counter = said.statement.counter.ok_or("no counter")?.get() as usize;
        if counter > held.statements.len() {
            return Err(format!("counter {counter} where {} was expected", held.statements.len()));
        }
        said.verify().map_err(|fault| format!("statement {counter}: {fault}"))?;
        let key = STANDARD.encode(held.key.ok_or("not enrolled")?.as_bytes());
        if said.signature.as_ref().is_none_or(|signature| signature.key != key) {
            return Err("another key".to_owned());
        }
        if let Some(before) = held.statements.get(counter) {
            return if *before == said {
                Ok(())
            } else {
                Err(format!("statement {counter} was said twice, differently"))
            };
        }
        if let Some(action) = &said.statement.action {
            held.runs.remove(action);
        }
        let entry = Entry {
            seq: Seq::new(counter as u64).unwrap(),
            time_ms: TimeMs::new(1_000 + counter as u64).unwrap(),
            statement: said.statement.clone(),
            signature: said.signature.clone(),
        };
        held.tree.append(leaf_hash(entry.leaf().unwrap().as_bytes()));
        held.statements.push(said);
        Ok(())
    }

    fn note(&self, held: &Held) -> String {
        let size = (held.statements.len() as u64).saturating_add_signed(held.checkpoint_shift);
        let root = match held.checkpoint_shift {
            0 => held.tree.root(),
            _ => Hash::of(&size.to_be_bytes()),
        };
        let checkpoint = Checkpoint {
            origin: self.log.clone(),
            size,
            root,
        };
        let key = &self.checkpoint_key;
        checkpoint
            .sign(key.verifying_key().as_bytes(), |body| key.sign(body).to_bytes())
            .unwrap()
    }

    fn ack(&self, held: &Held) -> ToRuntime {
        ToRuntime::Acked {
            next_counter: Counter::new(held.statements.len() as u64).unwrap(),
            checkpoint: self.note(held),
        }
    }

    /// Everything from there on, a few entries at a time.
    fn grown(&self, held: &mut Held, seen: Seen) -> ToRuntime {
        let size = held.statements.len() as u64;
        let to = size.min(seen.size + 64);
        let time = |at: u64| Leaf::Ours(TimeMs::new(1_000 + at).unwrap());
        let checkpoint = self.note(held);
        held.shown = to;
        held.notes.insert(size, checkpoint.clone());
        ToRuntime::Grown {
            from: seen.size.min(size),
            first_counter: Counter::new(seen.size.min(size)).unwrap(),
            leaves: (seen.size..to).map(time).collect(),
            checkpoint,
        }
    }
}

/// What the control plane holds.
pub(crate) struct View<'a> {
    held: &'a Held,
}

impl View<'_> {
    pub(crate) fn about(&self, action: &ActionId) -> Told {
        Told::of(
            self.held
                .statements
                .iter()
                .filter(|said| said.statement.action.as_ref() == Some(action)),
        )
    }

    pub(crate) fn all(&self) -> Told {
        Told::of(self.held.statements.iter())
    }

    /// Kinds of everything said about the client's contacts.
    pub(crate) fn of_contacts(&self) -> Vec<String> {
        let kinds = self.held.statements.iter().map(|said| said.statement.kind.clone());
        kinds.filter(|kind| kind.starts_with("contact.")).collect()
    }

    /// Everything of one kind.
    pub(crate) fn said(&self, kind: &str) -> Vec<Event> {
        let statements = self.held.statements.iter().filter(|said| said.statement.kind == kind);
        Told::of(statements).events.into_iter().map(|(event, _)| event).collect()
    }

    pub(crate) fn connections(&self) -> u64 {
        self.held.connections
    }

    pub(crate) fn accepted(&self) -> &[ActionId] {
        &self.held.accepted
    }

    pub(crate) fn pongs(&self) -> &[u64] {
        &self.held.pongs
    }

    /// Sizes that the endpoint cosigned.
    pub(crate) fn cosigned(&self) -> &[u64] {
        &self.held.cosigned
    }

    pub(crate) fn said_goodbye(&self) -> bool {
        self.held.said_goodbye
    }
}

/// Statements with their texts, in order.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) events: Vec<(Event, BTreeMap<String, String>)>,
}

impl Told {
    fn of<'a>(statements: impl Iterator<Item = &'a SignedStatement>) -> Self {
        let events = statements.map(|said| {
            // Signature and texts were checked when it came.
            let event = Event::from_parts(&said.statement.kind, &said.statement.facts)
                .unwrap()
                .unwrap();
            let texts = said.disclosures.iter().map(|(name, disclosure)| match disclosure {
                Disclosure::Full { text, .. } => (name.clone(), text.clone()),
                other => panic!("{other:?}"),
            });
            (event, texts.collect())
        });
        Self {
            events: events.collect(),
        }
    }

    /// Kept output of a stream; checks that pieces are dense, small enough and in order.
    pub(crate) fn output(&self, wanted: Stream) -> Vec<u8> {
        let (mut bytes, mut next) = (Vec::new(), 0);
        for (event, texts) in &self.events {
            if let Event::CommandOutput { stream, chunk } = event
                && *stream == wanted
            {
                assert_eq!(*chunk, next);
                next += 1;
                assert!(texts["output"].len() <= 65_536 && !texts["output"].is_empty());
                bytes.extend(lossless::to_bytes(&texts["output"]));
            }
        }
        bytes
    }

    pub(crate) fn stdout(&self) -> String {
        String::from_utf8(self.output(Stream::Stdout)).unwrap()
    }

    /// Outcome, exit code and signal.
    pub(crate) fn end(&self) -> (RunOutcome, Option<i64>, Option<i32>) {
        let ends: Vec<_> = self
            .events
            .iter()
            .filter_map(|(event, _)| match event {
                Event::CommandFinished {
                    outcome,
                    exit_code,
                    signal,
                    ..
                } => Some((*outcome, *exit_code, *signal)),
                _ => None,
            })
            .collect();
        assert_eq!(ends.len(), 1, "{self:?}");
        ends[0]
    }

    /// A text of the first statement of a kind.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.events
            .iter()
            .find_map(|(_, texts)| texts.get(name))
            .unwrap_or_else(|| panic!("no text {name}: {self:?}"))
    }

    pub(crate) fn refusal(&self) -> &str {
        self.events
            .iter()
            .find_map(|(event, _)| match event {
                Event::ActionRefused { code } => Some(code.as_str()),
                _ => None,
            })
            .unwrap_or_else(|| panic!("not refused: {self:?}"))
    }

    pub(crate) fn kinds(&self) -> Vec<String> {
        self.events.iter().map(|(event, _)| event.to_parts().unwrap().0).collect()
    }

    pub(crate) fn gaps(&self) -> Vec<String> {
        self.events
            .iter()
            .filter_map(|(event, _)| match event {
                Event::RecorderGap { cause, .. } => Some(cause.clone()),
                _ => None,
            })
            .collect()
    }
}
