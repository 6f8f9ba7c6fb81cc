//! Reads one output stream of a running command and records it while it comes.
//!
//! The pipe is always drained, whatever the outbox does: what cannot be kept is counted and hashed. Memory stays within one read, one
//! text and the tail. When the disk fails, `failed` tells the run, which kills the command: recording has no off switch.

use super::keep::{Keeper, MAX_PUSH_BYTES, Piece, omission_of};
use crate::enrol::hex;
use crate::limits::Limits;
use crate::link::set;
use crate::outbox::{NotStored, Outbox, Weight};
use crate::voice::{About, Voice};
use caisey_ledger::event::{Event, Stream};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

/// The most that an operating system buffers in a pipe (pipe(7): 1 MiB for unprivileged users).
const MAX_PIPE_BYTES: usize = 1 << 20;

/// Where the record of a stream goes.
#[derive(Clone)]
pub(crate) struct Sink {
    pub(crate) outbox: Outbox,
    pub(crate) voice: Voice,
    pub(crate) about: About,
    pub(crate) limits: Limits,
    /// Told when the disk fails.
    pub(crate) failed: mpsc::Sender<String>,
}

struct Pump {
    sink: Sink,
    stream: Stream,
    chunk: u64,
}

/// Reads until the end of the stream, or until `stop` becomes true. Returns how many bytes were printed, and whether the end was seen.
pub(crate) async fn pump<R: AsyncRead + Unpin>(
    mut reader: R,
    stream: Stream,
    sink: Sink,
    mut stop: watch::Receiver<bool>,
) -> (u64, bool) {
    let mut keeper = Keeper::new(sink.limits.head_bytes, sink.limits.tail_bytes);
    let flush_after = sink.limits.flush_after;
    let mut pump = Pump { sink, stream, chunk: 0 };
    let mut buffer = vec![0u8; MAX_PUSH_BYTES];
    let mut flush_at = Instant::now() + flush_after;
    let mut after_stop = 0;
    let ended = loop {
        // Reading comes first: what was printed before the end is taken even when the order to stop is already there.
        let read = tokio::select! {
            biased;
            read = reader.read(&mut buffer) => read,
            () = sleep_until(flush_at), if keeper.has_text() => {
                let texts: Vec<String> = keeper.flush().into_iter().collect();
                pump.record(&mut keeper, texts).await;
                continue;
            }
            () = set(&mut stop) => break false,
        };
        // A pipe that cannot be read any more has ended, too.
        let Some(bytes) = read
            .ok()
            .and_then(|count| buffer.get(..count))
            .filter(|bytes| !bytes.is_empty())
        else {
            break true;
        };
        if !keeper.has_text() {
            flush_at = Instant::now() + flush_after;
        }
        let count = bytes.len();
        let texts = keeper.push(bytes);
        pump.record(&mut keeper, texts).await;
        if *stop.borrow() {
            // More than a pipe can hold was printed after the end: that is no longer the command's.
            after_stop += count;
            if after_stop > MAX_PIPE_BYTES {
                break false;
            }
        }
    };
    let total = keeper.total();
    pump.record_rest(keeper.finish()).await;
    (total, ended)
}

impl Pump {
    async fn record(&mut self, keeper: &mut Keeper, texts: Vec<String>) {
        let mut texts = texts.into_iter();
        while let Some(text) = texts.next() {
            if !self.say_text(&text).await {
                keeper.lose(std::iter::once(text).chain(texts));
                return;
            }
        }
    }

    async fn record_rest(&mut self, pieces: Vec<Piece>) {
        let mut pieces = pieces.into_iter();
        while let Some(piece) = pieces.next() {
            match piece {
                Piece::Omitted(omission) => self.say_omitted(omission.bytes, &omission.sha256).await,
                Piece::Text(text) => {
                    if self.say_text(&text).await {
                        continue;
                    }
                    // No omission can come after this one: texts of the head precede it, texts of the tail end the stream.
                    let mut lost = vec![text];
                    for piece in pieces.by_ref() {
                        match piece {
                            Piece::Text(text) => lost.push(text),
                            Piece::Omitted(omission) => {
                                let ours = omission_of(&std::mem::take(&mut lost));
                                self.say_omitted(ours.bytes, &ours.sha256).await;
                                self.say_omitted(omission.bytes, &omission.sha256).await;
                            }
                        }
                    }
                    if !lost.is_empty() {
                        let ours = omission_of(&lost);
                        self.say_omitted(ours.bytes, &ours.sha256).await;
                    }
                    return;
                }
            }
        }
    }

    /// Whether it is on disk.
    async fn say_text(&mut self, text: &str) -> bool {
        let event = Event::CommandOutput {
            stream: self.stream,
            chunk: self.chunk,
        };
        match self.say(event, Some(text), Weight::Output).await {
            Ok(()) => {
                self.chunk += 1;
                true
            }
            Err(NotStored::Full) => false,
            Err(NotStored::Failed(why)) => {
                let _ = self.sink.failed.try_send(why);
                false
            }
        }
    }

    async fn say_omitted(&mut self, omitted_bytes: u64, sha256: &[u8; 32]) {
        let event = Event::CommandOutputOmitted {
            stream: self.stream,
            omitted_bytes,
            omitted_sha256: hex(sha256),
        };
        if let Err(error) = self.say(event, None, Weight::Essential).await {
            tracing::error!(%error, "an omission could not be recorded");
        }
    }

    async fn say(&self, event: Event, output: Option<&str>, weight: Weight) -> Result<(), NotStored> {
        let (voice, about, output) = (self.sink.voice.clone(), self.sink.about.clone(), output.map(str::to_owned));
        // Committing to 64 KiB of text takes milliseconds of computing, which would delay everybody else on this thread.
        let drafted = tokio::task::spawn_blocking(move || match output {
            Some(text) => voice.draft(Some(&about), &event, &[("output", &text)]),
            None => voice.draft(Some(&about), &event, &[]),
        });
        let draft = drafted.await.map_err(|error| NotStored::Failed(error.to_string()))?;
        let draft = draft.map_err(|error| NotStored::Failed(error.to_string()))?;
        self.sink.outbox.say(draft, weight, None).await.map(|_| ())
    }
}
