//! A console that has synchronised one honest log, and the control plane it has it from: where most tests of a witness begin.

use crate::plane::{Plane, small_log};
use crate::ports::{MemoryKeyStore, open};
use caisey_console::Console;
use caisey_console::bench::sample::SampleLog;
use caisey_ledger::id::SessionId;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

/// See the module's text.
pub struct Case {
    pub plane: Plane,
    pub console: Console,
    /// The log's one session.
    pub session: SessionId,
    /// The log as it was synchronised.
    pub log: SampleLog,
    _folder: TempDir,
}

pub async fn synchronised() -> Case {
    let (log, session) = small_log(1);
    let plane = Plane::start(vec![log.clone()]).await;
    let folder = tempfile::tempdir().unwrap();
    let console = open(folder.path(), &Arc::new(MemoryKeyStore::default())).await;
    plane.sign_in(&console).await;
    console.wait_synchronised(None, Duration::from_secs(10)).await.unwrap();
    Case {
        plane,
        console,
        session,
        log,
        _folder: folder,
    }
}
