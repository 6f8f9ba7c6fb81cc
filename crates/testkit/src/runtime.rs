//! A runtime with a real key that keeps its promises: it counts, keeps what is not acknowledged, and remembers every action it took.
//!
//! What it keeps "on disk" survives [`Runtime::crash`]; what it runs does not.

use crate::dice::Dice;
use crate::person::sign_lines;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use caisey_control::endpoint::Identity;
use caisey_ledger::checkpoint::Checkpoint;
use caisey_ledger::consent::{Consent, SignedContactStatement};
use caisey_ledger::entry::{Actor, Entry, SignedStatement};
use caisey_ledger::event::{Event, Interpreter, RunOutcome, Stream};
use caisey_ledger::id::{ActionId, Counter, EndpointId, Seq, SessionId, TimeMs};
use caisey_ledger::statement::Draft;
use caisey_ledger::text::TextSeed;
use caisey_ledger::tree::{Frontier, leaf_hash};
use caisey_ledger::witness::{cosignature_line, witness_name};
use caisey_protocol::PROTOCOL_VERSION;
use caisey_protocol::runtime::{CONNECT_CONTEXT, FromRuntime, Leaf, Seen, ToRuntime};
use ed25519_dalek::SigningKey;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

pub struct Runtime {
    pub endpoint: EndpointId,
    pub log: String,
    pub key: SigningKey,
    dice: Dice,
    next_counter: u64,
    /// Not acknowledged, oldest first.
    pub outbox: VecDeque<SignedStatement>,
    /// Next in the outbox to be sent on this connection.
    sent: u64,
    welcomed: bool,
    /// Acknowledged below this.
    pub acked: u64,
    /// Every action ever taken, with its session.
    pub taken: BTreeMap<ActionId, SessionId>,
    pub alive: BTreeSet<ActionId>,
    /// How often each was started.
    pub starts: BTreeMap<ActionId, u32>,
    /// All `Run`s received, repeated ones too.
    pub runs: Vec<ActionId>,
    /// Every `Run` as it came, with what allows it.
    pub told: Vec<(SignedStatement, Option<Consent>)>,
    pub removed: bool,
    /// What it says of its rights.
    pub elevated: Option<bool>,
    /// Everything ever said, by counter.
    history: Vec<SignedStatement>,
    /// The log's tree as it was rebuilt, and how many of our statements are in it.
    pub tree: Frontier,
    pub found: u64,
    /// Sizes of the checkpoints that were cosigned.
    pub cosigned: Vec<u64>,
    /// All that it was told of the client's contacts.
    pub contacts: Vec<SignedContactStatement>,
}

impl Runtime {
    pub fn new(seed: u64, endpoint: &EndpointId, log: &str) -> Self {
        let mut dice = Dice::new(seed);
        Self {
            endpoint: endpoint.clone(),
            log: log.to_owned(),
            key: SigningKey::from_bytes(&dice.bytes()),
            dice,
            next_counter: 0,
            outbox: VecDeque::new(),
            sent: 0,
            welcomed: false,
            acked: 0,
            taken: BTreeMap::new(),
            alive: BTreeSet::new(),
            starts: BTreeMap::new(),
            runs: Vec::new(),
            told: Vec::new(),
            removed: false,
            elevated: None,
            history: Vec::new(),
            tree: Frontier::new(),
            found: 0,
            cosigned: Vec::new(),
            contacts: Vec::new(),
        }
    }

    /// Public key, standard base64.
    pub fn public_key(&self) -> String {
        STANDARD.encode(self.key.verifying_key().as_bytes())
    }

    pub fn next_counter(&self) -> u64 {
        self.next_counter
    }

    /// Answers a challenge.
    pub fn hello(&self, nonce: &str) -> FromRuntime {
        FromRuntime::Hello {
            version: PROTOCOL_VERSION,
            endpoint: self.endpoint.clone(),
            signature: sign_lines(&self.key, &[CONNECT_CONTEXT, &self.log, nonce]),
            runtime_version: "0.1.0".into(),
            next_counter: Counter::new(self.next_counter).unwrap(),
            running: self.alive.iter().cloned().collect(),
            elevated: self.elevated,
            seen: Some(self.seen()),
        }
    }

    /// Signs a statement and puts it into the outbox.
    pub fn say(&mut self, now: TimeMs, event: &Event, about: Option<&ActionId>, texts: &[(&str, &str)]) {
        let actor = Actor::Endpoint {
            id: self.endpoint.clone(),
        };
        let mut draft = Draft::new(&self.log, now, actor, event)
            .unwrap()
            .counter(Counter::new(self.next_counter).unwrap());
        if let Some(action) = about {
            draft = draft.action(action.clone()).session(self.taken[action].clone());
        }
        for (name, text) in texts {
            draft = draft.text(name, *text, TextSeed::from_bytes(self.dice.bytes()));
        }
        let said = draft.sign(&self.key).unwrap();
        self.history.push(said.clone());
        self.outbox.push_back(said);
        self.next_counter += 1;
    }

    /// The process dies and starts again: commands and connection are gone, what was taken or said is remembered.
    pub fn crash(&mut self, now: TimeMs) {
        self.alive.clear();
        self.disconnected();
        let gap = Event::RecorderGap {
            cause: "restarted".into(),
            from_ms: now.get(),
            to_ms: now.get(),
        };
        self.say(now, &gap, None, &[("detail", "the runtime was started again")]);
    }

    /// The same, and it says of every command that it was running that its end is not known.
    pub fn crash_and_report(&mut self, now: TimeMs) {
        let lost = std::mem::take(&mut self.alive);
        self.crash(now);
        for action in lost {
            let gap = Event::RecorderGap {
                cause: "restarted".into(),
                from_ms: now.get(),
                to_ms: now.get(),
            };
            self.say(
                now,
                &gap,
                Some(&action),
                &[("detail", "it was under way when the runtime ended")],
            );
        }
    }

    pub fn disconnected(&mut self) {
        self.welcomed = false;
    }

    /// Takes a frame; returns what it answers at once.
    pub fn receive(&mut self, now: TimeMs, message: ToRuntime) -> Vec<FromRuntime> {
        match message {
            ToRuntime::Challenge { nonce, .. } => vec![self.hello(&nonce)],
            ToRuntime::Welcome { next_counter, .. } => {
                self.welcomed = true;
                self.sent = next_counter.get();
                self.forget(next_counter.get());
                Vec::new()
            }
            ToRuntime::Acked { next_counter, .. } => {
                assert!(next_counter.get() <= self.next_counter, "acknowledged what was never said");
                self.forget(next_counter.get());
                Vec::new()
            }
            ToRuntime::Grown {
                from,
                first_counter,
                leaves,
                checkpoint,
            } => vec![self.follow(now, from, first_counter.get(), &leaves, &checkpoint)],
            ToRuntime::Ping { nonce } => vec![FromRuntime::Pong { nonce }],
            ToRuntime::Run { proposal, consent } => {
                self.told.push(((*proposal).clone(), consent.map(|consent| *consent)));
                self.run(now, &proposal)
            }
            ToRuntime::Contacts { statements } => {
                self.contacts.extend(statements);
                Vec::new()
            }
            ToRuntime::Cancel { action } => {
                if self.alive.contains(&action) {
                    self.finish(now, &action, RunOutcome::Cancelled);
                }
                Vec::new()
            }
            ToRuntime::Succeeded { .. } | ToRuntime::Removed {} => {
                self.removed = true;
                Vec::new()
            }
            ToRuntime::Error(body) => panic!("the control plane turned an honest runtime away: {body:?}"),
        }
    }

    fn seen(&self) -> Seen {
        Seen {
            size: self.tree.size(),
            counter: Counter::new(self.found).unwrap(),
        }
    }

    /// Rebuilds the tree and cosigns; insists that everything that was acknowledged is in it.
    fn follow(&mut self, now: TimeMs, from: u64, first_counter: u64, leaves: &[Leaf], note: &str) -> FromRuntime {
        let known = self
            .tree
            .size()
            .checked_sub(from)
            .filter(|known| *known <= leaves.len() as u64);
        let Some(known) = known else {
            return FromRuntime::Show(self.seen());
        };
        let (skipped, rest) = leaves.split_at(known as usize);
        let ours = skipped.iter().filter(|leaf| matches!(leaf, Leaf::Ours(_))).count() as u64;
        assert_eq!(first_counter + ours, self.found, "statements of ours are left out");
        for leaf in rest {
            let hash = match leaf {
                Leaf::Other(hash) => *hash,
                Leaf::Ours(time_ms) => {
                    let said = self.history[self.found as usize].clone();
                    let entry = Entry {
                        seq: Seq::new(self.tree.size()).unwrap(),
                        time_ms: *time_ms,
                        statement: said.statement,
                        signature: said.signature,
                    };
                    self.found += 1;
                    leaf_hash(entry.leaf().unwrap().as_bytes())
                }
            };
            self.tree.append(hash);
        }
        let checkpoint = Checkpoint::read(note).unwrap();
        if self.tree.size() < checkpoint.size {
            return FromRuntime::Show(self.seen());
        }
        assert_eq!((self.tree.size(), self.tree.root()), (checkpoint.size, checkpoint.root));
        assert!(self.found >= self.acked, "acknowledged and not in the log");
        let name = witness_name(&self.log, self.endpoint.as_str()).unwrap();
        let key = self.key.verifying_key().to_bytes();
        let sign = |message: &[u8]| ed25519_dalek::Signer::sign(&self.key, message).to_bytes();
        let cosignature = cosignature_line(note, &name, &key, now.get() / 1_000, sign).unwrap();
        self.cosigned.push(checkpoint.size);
        FromRuntime::Cosigned {
            size: checkpoint.size,
            cosignature,
        }
    }

    fn forget(&mut self, below: u64) {
        self.acked = self.acked.max(below);
        while self
            .outbox
            .front()
            .is_some_and(|said| said.statement.counter.unwrap().get() < self.acked)
        {
            self.outbox.pop_front();
        }
    }

    fn run(&mut self, now: TimeMs, proposal: &SignedStatement) -> Vec<FromRuntime> {
        assert!(matches!(proposal.verify().unwrap(), Some(Event::ActionProposed { .. })));
        assert_eq!(
            proposal.disclosures.len(),
            proposal.statement.texts.len(),
            "a command without its text cannot be run"
        );
        let action = proposal.statement.action.clone().unwrap();
        self.runs.push(action.clone());
        let first = self
            .taken
            .insert(action.clone(), proposal.statement.session.clone().unwrap())
            .is_none();
        if first {
            *self.starts.entry(action.clone()).or_default() += 1;
            self.alive.insert(action.clone());
            let started = Event::CommandStarted {
                pid: 7,
                interpreter: Interpreter::Sh,
                elevated: false,
            };
            self.say(now, &started, Some(&action), &[("cwd", "/"), ("user", "root")]);
        }
        vec![FromRuntime::Accepted { action }]
    }

    /// A running command prints.
    pub fn print(&mut self, now: TimeMs, action: &ActionId, output: &str) {
        self.say(
            now,
            &Event::CommandOutput {
                stream: Stream::Stdout,
                chunk: 0,
            },
            Some(action),
            &[("output", output)],
        );
    }

    /// A running command ends.
    pub fn finish(&mut self, now: TimeMs, action: &ActionId, outcome: RunOutcome) {
        self.alive.remove(action);
        let event = Event::CommandFinished {
            outcome,
            exit_code: Some(0),
            signal: None,
            duration_ms: 5,
            stdout_bytes: 0,
            stderr_bytes: 0,
        };
        self.say(now, &event, Some(action), &[]);
    }

    /// The next statements to send on this connection, `most` at most.
    pub fn send(&mut self, most: usize) -> Option<FromRuntime> {
        if !self.welcomed {
            return None;
        }
        let unsent = |said: &&SignedStatement| said.statement.counter.unwrap().get() >= self.sent;
        let statements: Vec<_> = self.outbox.iter().filter(unsent).take(most).cloned().collect();
        self.sent += statements.len() as u64;
        (!statements.is_empty()).then_some(FromRuntime::Statements { statements })
    }

    /// Sends again from some earlier place on, as a runtime may that missed an acknowledgement.
    pub fn send_again(&mut self, most: usize) -> Option<FromRuntime> {
        let statements: Vec<_> = self.outbox.iter().take(most).cloned().collect();
        let beyond = statements.last()?.statement.counter.unwrap().get() + 1;
        if !self.welcomed || beyond > self.sent {
            return None;
        }
        Some(FromRuntime::Statements { statements })
    }
}

/// An identity that fits a runtime.
pub fn identity(seed: u64) -> (Identity, Runtime) {
    let mut dice = Dice::new(seed);
    let organisation = caisey_ledger::id::OrganisationId::from_bits(dice.bytes());
    let endpoint = EndpointId::from_bits(dice.bytes());
    let log = format!("caisey.test/{organisation}/{endpoint}");
    let runtime = Runtime::new(dice.throw(), &endpoint, &log);
    let identity = Identity {
        organisation,
        endpoint,
        client: caisey_ledger::id::ClientId::from_bits(dice.bytes()),
        client_name: "Harbor Dental".into(),
        log,
        key: runtime.public_key(),
        hostname: "FRONT-DESK-2".into(),
        os: "linux".into(),
        arch: "x86_64".into(),
        installer: "ins_00000000000000000000000000".into(),
    };
    (identity, runtime)
}
