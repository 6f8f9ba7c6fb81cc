//! One connection to the control plane, from the challenge to its end.
//!
//! Promises: nothing is sent before it is durable; statements go in the order of their counters, from where the control plane says it
//! lacks them; a statement is forgotten only when an acknowledgement covers it whose checkpoint holds. Only a little is under way
//! unacknowledged, so that a ping is answered soon even on a slow line.

use crate::actions::Actions;
use crate::consent::Contacts;
use crate::identity::EndpointKey;
use crate::outbox::{Outbox, Resumption, Tip};
use crate::succession::Offer;
use crate::voice::Voice;
use crate::witness::{Contradiction, Grown, Progress, Wanted, Witness};
use caisey_client::socket::{Lost, Receiver, RuntimeSocket, SendError, Sender};
use caisey_ledger::entry::SignedStatement;
use caisey_ledger::id::{ActionId, Counter};
use caisey_ledger::witness::{cosignature_line, witness_name};
use caisey_protocol::error::{ErrorBody, ErrorCode};
use caisey_protocol::runtime::{CONNECT_CONTEXT, FromRuntime, Seen, ToRuntime};
use caisey_protocol::{MAX_MESSAGE_BYTES, PROTOCOL_VERSION};
use std::collections::VecDeque;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

/// How long the handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(15);
/// A batch is about this long, unless a single statement is longer.
const BATCH_BYTES: usize = 192 * 1024;
/// Bytes that may be under way without acknowledgement.
const WINDOW_BYTES: usize = 768 * 1024;
/// How long a stopping runtime waits for what it said to be acknowledged.
const FAREWELL: Duration = Duration::from_secs(5);

/// How a connection ended.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum End {
    /// The network's fault, or the other side's choice: try again.
    Lost(String),
    /// The control plane asked for a pause.
    Wait(u64),
    /// The control plane will not have this endpoint.
    Refused(String),
    /// The endpoint was removed for good.
    Removed,
    /// The log is closed and goes on as another one.
    Succeeded(Box<Offer>),
    /// This runtime is stopping, and said so.
    Stopped,
    /// The control plane's record contradicts what it had acknowledged.
    Untrusted(String),
}

/// What a connection works with.
pub(crate) struct Link<'a> {
    pub(crate) key: &'a EndpointKey,
    pub(crate) voice: &'a Voice,
    pub(crate) outbox: &'a Outbox,
    pub(crate) actions: &'a Actions,
    pub(crate) contacts: &'a Contacts,
    pub(crate) witness: &'a mut Witness,
    pub(crate) accepted: &'a mut mpsc::UnboundedReceiver<ActionId>,
    pub(crate) stop: watch::Receiver<bool>,
}

/// What was sent and where the control plane stands.
struct Flow {
    /// Counter of the next statement to send.
    cursor: u64,
    /// Unacknowledged batches: end counter (exclusive) and size.
    under_way: VecDeque<(u64, usize)>,
    /// Where the control plane was asked to show the log from, until it did.
    asked: Option<Seen>,
}

impl Flow {
    fn bytes(&self) -> usize {
        self.under_way.iter().map(|(_, bytes)| bytes).sum()
    }

    fn acked(&mut self, next: u64) {
        self.under_way.retain(|(end, _)| *end > next);
    }
}

impl From<Lost> for End {
    fn from(lost: Lost) -> Self {
        Self::Lost(lost.to_string())
    }
}

impl From<SendError> for End {
    fn from(error: SendError) -> Self {
        Self::Lost(error.to_string())
    }
}

impl Link<'_> {
    /// Speaks until the connection ends. `opened` is called once the key is proved.
    pub(crate) async fn serve(mut self, socket: RuntimeSocket, opened: impl FnOnce()) -> End {
        self.witness.reconnected();
        let (sender, mut receiver) = socket;
        let flow = match timeout(HANDSHAKE, self.shake_hands(&sender, &mut receiver)).await {
            Ok(Ok(flow)) => flow,
            Ok(Err(end)) => return end,
            Err(_) => return End::Lost("the control plane did not finish the handshake within 15 seconds".to_owned()),
        };
        opened();
        match self.converse(&sender, &mut receiver, flow).await {
            Ok(never) => match never {},
            Err(end) => end,
        }
    }

    async fn shake_hands(&mut self, sender: &Sender<FromRuntime>, receiver: &mut Receiver<ToRuntime>) -> Result<Flow, End> {
        let nonce = match receiver.recv().await? {
            ToRuntime::Challenge {
                version: PROTOCOL_VERSION,
                nonce,
            } => nonce,
            ToRuntime::Challenge { version, .. } => {
                return Err(End::Refused(format!(
                    "the control plane speaks version {version}, this runtime {PROTOCOL_VERSION}"
                )));
            }
            ToRuntime::Error(body) => return Err(ended_by(body)),
            ToRuntime::Removed {} => return Err(End::Removed),
            _ => return Err(End::Lost("the control plane did not begin with a challenge".to_owned())),
        };
        let message = format!("{CONNECT_CONTEXT}\n{}\n{nonce}\n", self.voice.log());
        let tip = self.outbox.tip().borrow().next;
        let hello = FromRuntime::Hello {
            version: PROTOCOL_VERSION,
            endpoint: self.voice.endpoint().clone(),
            signature: self.key.sign(message.as_bytes()),
            runtime_version: env!("CARGO_PKG_VERSION").to_owned(),
            next_counter: counter(tip),
            running: self.actions.running(),
            elevated: self.actions.elevated(),
            seen: Some(self.witness.seen()),
        };
        sender.send(&hello).await?;
        let next = match receiver.recv().await? {
            ToRuntime::Welcome { next_counter, .. } => next_counter.get(),
            ToRuntime::Error(body) => return Err(ended_by(body)),
            ToRuntime::Removed {} => return Err(End::Removed),
            ToRuntime::Succeeded {
                endpoint,
                log,
                records,
                checkpoint,
            } => {
                return Err(End::Succeeded(Box::new(Offer {
                    endpoint,
                    log,
                    records,
                    checkpoint,
                })));
            }
            _ => {
                return Err(End::Lost(
                    "the control plane answered the hello with something else".to_owned(),
                ));
            }
        };
        match self.outbox.resume(next).await {
            Ok(Resumption::From(cursor)) => {
                if cursor > tip {
                    self.witness.lost_below(cursor);
                }
                Ok(Flow {
                    cursor,
                    under_way: VecDeque::new(),
                    asked: None,
                })
            }
            Ok(Resumption::Rewound { first_kept }) => {
                // It goes on to show its log: the checkpoint in there is the other half of the proof.
                let offered = match receiver.recv().await {
                    Ok(ToRuntime::Grown { checkpoint, .. }) => checkpoint,
                    _ => "none\n".to_owned(),
                };
                let last = self.witness.last_note().unwrap_or("none\n");
                Err(End::Untrusted(format!(
                    "the control plane lacks statements from {next} on, but had acknowledged everything below {first_kept}: its record was \
                     set back\n\nlast accepted:\n{last}\noffered:\n{offered}"
                )))
            }
            Err(error) => Err(End::Lost(error.to_string())),
        }
    }

    async fn converse(
        &mut self,
        sender: &Sender<FromRuntime>,
        receiver: &mut Receiver<ToRuntime>,
        mut flow: Flow,
    ) -> Result<std::convert::Infallible, End> {
        let mut tip = self.outbox.tip();
        let mut stop = self.stop.clone();
        loop {
            self.send_ready(sender, &mut flow, &mut tip).await?;
            tokio::select! {
                frame = receiver.recv() => self.take(frame?, sender, &mut flow).await?,
                Some(action) = self.accepted.recv() => sender.send(&FromRuntime::Accepted { action }).await?,
                changed = tip.changed() => changed.map_err(|_| End::Lost("the outbox has ended".to_owned()))?,
                () = set(&mut stop) => {
                    // Whatever happens now, this runtime stops.
                    let _ = timeout(FAREWELL, self.settle(sender, receiver, &mut flow, &mut tip)).await;
                    let _ = sender.send(&FromRuntime::Goodbye {}).await;
                    return Err(End::Stopped);
                }
            }
        }
    }

    /// Sends and waits until everything that was said is acknowledged.
    async fn settle(
        &mut self,
        sender: &Sender<FromRuntime>,
        receiver: &mut Receiver<ToRuntime>,
        flow: &mut Flow,
        tip: &mut watch::Receiver<Tip>,
    ) -> Result<(), End> {
        loop {
            self.send_ready(sender, flow, tip).await?;
            let sent_all = flow.cursor >= tip.borrow().next;
            if sent_all && flow.under_way.is_empty() {
                return Ok(());
            }
            let frame = receiver.recv().await?;
            self.take(frame, sender, flow).await?;
        }
    }

    /// Sends what is durable and unsent, as far as the window allows.
    async fn send_ready(
        &mut self,
        sender: &Sender<FromRuntime>,
        flow: &mut Flow,
        tip: &mut watch::Receiver<Tip>,
    ) -> Result<(), End> {
        loop {
            let durable = tip.borrow_and_update().next;
            if flow.cursor >= durable || flow.bytes() >= WINDOW_BYTES {
                return Ok(());
            }
            let batch = self.outbox.read(flow.cursor, BATCH_BYTES).await;
            let (statements, bytes) = batch.map_err(|error| End::Lost(format!("the outbox cannot be read: {error}")))?;
            if statements.is_empty() {
                return Err(End::Lost(format!("statement {} is not in the outbox", flow.cursor)));
            }
            let sent = statements.len() as u64;
            let frame = FromRuntime::Statements { statements };
            match sender.send(&frame).await {
                Err(SendError::TooLong) => {
                    return Err(End::Untrusted(format!(
                        "statement {} does not fit into {MAX_MESSAGE_BYTES} bytes",
                        flow.cursor
                    )));
                }
                other => other?,
            }
            flow.cursor += sent;
            flow.under_way.push_back((flow.cursor, bytes));
        }
    }

    async fn take(&mut self, frame: ToRuntime, sender: &Sender<FromRuntime>, flow: &mut Flow) -> Result<(), End> {
        match frame {
            ToRuntime::Acked {
                next_counter,
                checkpoint,
            } => self.acked(next_counter, checkpoint, flow).await,
            ToRuntime::Grown {
                from,
                first_counter,
                leaves,
                checkpoint,
            } => {
                let grown = Grown {
                    from,
                    first_counter: first_counter.get(),
                    leaves,
                    note: checkpoint,
                };
                self.grown(grown, sender, flow).await
            }
            ToRuntime::Ping { nonce } => Ok(sender.send(&FromRuntime::Pong { nonce }).await?),
            ToRuntime::Run { proposal, consent } => {
                self.actions.propose(*proposal, consent.map(|consent| *consent));
                Ok(())
            }
            ToRuntime::Contacts { statements } => {
                self.contacts.learn(statements, self.voice, self.outbox).await;
                Ok(())
            }
            ToRuntime::Cancel { action } => {
                self.actions.cancel(&action);
                Ok(())
            }
            ToRuntime::Removed {} => Err(End::Removed),
            ToRuntime::Error(body) => Err(ended_by(body)),
            ToRuntime::Challenge { .. } | ToRuntime::Welcome { .. } | ToRuntime::Succeeded { .. } => {
                Err(End::Lost("the control plane began the handshake again".to_owned()))
            }
        }
    }

    async fn acked(&mut self, next: Counter, checkpoint: String, flow: &mut Flow) -> Result<(), End> {
        if next.get() > flow.cursor {
            return Err(End::Lost("the control plane acknowledged what was never sent".to_owned()));
        }
        let accepted = self.witness.acknowledged(next.get(), &checkpoint);
        accepted.map_err(|contradiction| self.untrusted(&contradiction, &checkpoint))?;
        flow.acked(next.get());
        self.outbox.acked(checkpoint).await;
        Ok(())
    }

    /// The log grew: rebuilds its tree, stores it, forgets what was found in it, and cosigns.
    async fn grown(&mut self, grown: Grown, sender: &Sender<FromRuntime>, flow: &mut Flow) -> Result<(), End> {
        let wanted = self.witness.wanted(&grown);
        let (from, count) = match wanted.map_err(|contradiction| self.untrusted(&contradiction, &grown.note))? {
            Wanted::Statements { from, count } => (from, count),
            Wanted::Ask(seen) => return self.ask(seen, sender, flow).await,
        };
        let statements = self.statements(from, count).await?;
        let followed = self.witness.follow(&grown, statements);
        match followed.map_err(|contradiction| self.untrusted(&contradiction, &grown.note))? {
            Progress::More(seen) => self.ask(seen, sender, flow).await,
            Progress::Holds(tree) => {
                flow.asked = None;
                let size = tree.frontier.size();
                let stored = self.outbox.found(tree, grown.note.clone()).await;
                stored.map_err(|error| End::Lost(error.to_string()))?;
                let cosignature = self.cosign(&grown.note)?;
                Ok(sender.send(&FromRuntime::Cosigned { size, cosignature }).await?)
            }
        }
    }

    async fn ask(&mut self, seen: Seen, sender: &Sender<FromRuntime>, flow: &mut Flow) -> Result<(), End> {
        if flow.asked.replace(seen) == Some(seen) {
            return Err(End::Lost(
                "the control plane did not show the log from where it was asked to".to_owned(),
            ));
        }
        Ok(sender.send(&FromRuntime::Show(seen)).await?)
    }

    /// Our statements from a counter on; fewer when there are not as many.
    async fn statements(&self, from: u64, count: u64) -> Result<Vec<SignedStatement>, End> {
        let mut found = Vec::new();
        while (found.len() as u64) < count {
            let batch = self.outbox.read(from + found.len() as u64, BATCH_BYTES).await;
            let (batch, _) = batch.map_err(|error| End::Lost(format!("the outbox cannot be read: {error}")))?;
            if batch.is_empty() {
                break;
            }
            found.extend(batch);
        }
        Ok(found)
    }

    fn cosign(&self, note: &str) -> Result<String, End> {
        let cannot = |why: String| End::Lost(format!("the checkpoint cannot be cosigned: {why}"));
        let name = witness_name(self.voice.log(), self.voice.endpoint().as_str())
            .ok_or_else(|| cannot("the log's origin has no organisation".to_owned()))?;
        let time_s = crate::machine::now_ms().get() / 1_000;
        let (public, sign) = self.key.signer();
        cosignature_line(note, &name, &public, time_s, sign).map_err(|error| cannot(error.to_string()))
    }

    /// Both signed checkpoints are the proof: they go into the reason.
    fn untrusted(&self, contradiction: &Contradiction, note: &str) -> End {
        let last = self.witness.last_note().unwrap_or("none");
        End::Untrusted(format!("{contradiction}\n\nlast accepted:\n{last}\noffered:\n{note}"))
    }
}

/// Resolves when the flag is set, or nobody is left who could set it.
pub(crate) async fn set(flag: &mut watch::Receiver<bool>) {
    let _ = flag.wait_for(|set| *set).await;
}

fn counter(value: u64) -> Counter {
    Counter::new(value).unwrap_or_default()
}

/// What the control plane's last word means for the next attempt.
fn ended_by(body: ErrorBody) -> End {
    match (body.code, body.retry_after_ms) {
        (_, Some(wait_ms)) => End::Wait(wait_ms),
        (
            ErrorCode::Unauthenticated
            | ErrorCode::Forbidden
            | ErrorCode::NotFound
            | ErrorCode::UnsupportedVersion
            | ErrorCode::BadSignature
            | ErrorCode::BadRequest
            | ErrorCode::TooLarge,
            None,
        ) => End::Refused(body.detail),
        _ => End::Lost(body.detail),
    }
}
