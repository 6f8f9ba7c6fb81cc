//! Reading state before and after an action: a command of the proposal's own, run with the same interpreter, bounded in time and output.

use super::child::Child;
use super::{shell, tree};
use crate::limits::Limits;
use crate::proposal::Proposal;
use caisey_ledger::lossless;
use caisey_ledger::text::MAX_TEXT_BYTES;
use std::path::Path;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::time::timeout;

/// What a probe found.
pub(crate) struct Found {
    pub(crate) state: String,
    pub(crate) exit_code: Option<i64>,
    pub(crate) complete: bool,
}

/// A raw byte becomes at most four bytes of text.
const MAX_RAW_BYTES: usize = MAX_TEXT_BYTES / 4;

/// Runs the probe. Standard error is appended to standard output; a probe that cannot start says so in `state`.
pub(crate) async fn probe(proposal: &Proposal, text: &str, cwd: &Path, limits: &Limits) -> Found {
    let nothing = |state: String| Found {
        state,
        exit_code: None,
        complete: false,
    };
    let command = match shell::command(proposal.interpreter, text, cwd, &proposal.about) {
        Ok(command) => command,
        Err(why) => return nothing(why),
    };
    let mut child = match Child::start(command) {
        Ok(child) => child,
        Err(error) => return nothing(format!("The probe could not be started: {error}")),
    };
    let root = tree::Root::of(&child, &proposal.about.action);
    let (out, err) = child.take_output();
    let reading = async {
        tokio::join!(read_start(out), read_start(err), async {
            let status = child.wait().await;
            status.ok().and_then(|status| status.code()).map(i64::from)
        })
    };
    let done = timeout(limits.probe_time, reading).await;
    match done {
        Ok(((out, out_whole), (err, err_whole), exit_code)) => {
            let mut state = lossless::from_bytes(&out);
            state.push_str(&lossless::from_bytes(&err));
            Found {
                state,
                exit_code,
                complete: out_whole && err_whole,
            }
        }
        Err(_) => {
            tree::kill(&root, &mut child).await;
            nothing(format!(
                "The probe did not end within {} s and was killed.",
                limits.probe_time.as_secs()
            ))
        }
    }
}

/// The first bytes, and whether they are all; the rest is read and dropped, so that the probe can end.
async fn read_start(reader: Option<impl AsyncRead + Unpin>) -> (Vec<u8>, bool) {
    let Some(mut reader) = reader else { return (Vec::new(), true) };
    let (mut kept, mut whole, mut buffer) = (Vec::new(), true, vec![0u8; 16 * 1024]);
    while let Ok(count @ 1..) = reader.read(&mut buffer).await {
        let room = (MAX_RAW_BYTES / 2).saturating_sub(kept.len());
        whole &= count <= room;
        kept.extend_from_slice(buffer.get(..count.min(room)).unwrap_or_default());
    }
    (kept, whole)
}
