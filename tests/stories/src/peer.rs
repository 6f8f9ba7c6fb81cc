//! A console without a window, to be killed: opens a session, runs counting commands one after the other, and prints every action
//! that was acknowledged, one line each, before it does anything else.

use crate::stage::tokens_for;
use anyhow::{Context, Result, bail};
use caisey_console::facade::{Access, Console, ConsoleConfig, SignIn};
use caisey_console::passphrase::PassphraseKeyStore;
use caisey_console::ports::{Ports, SystemEntropy};
use caisey_console::view::NewCommand;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Lines that each command prints.
pub const LINES: usize = 60;

const PASSPHRASE: &str = "chaos needs a stable vault";

/// Opens the console of the stage's technician.
///
/// # Errors
/// The console's.
pub async fn open(home: &Path, url: &str) -> Result<Console> {
    open_at(home, url, None).await
}

/// The same where people sign in at an issuer beside the control plane.
///
/// # Errors
/// The console's.
pub async fn open_at(home: &Path, url: &str, issuer: Option<&str>) -> Result<Console> {
    std::fs::create_dir_all(home)?;
    let keys = PassphraseKeyStore::open(home, PASSPHRASE, &SystemEntropy)?;
    let config = ConsoleConfig {
        data_dir: home.to_owned(),
        device_label: "chaos".to_owned(),
        access: Access::ReadWrite,
    };
    let console = Console::open(config, Ports::with_keys(Arc::new(keys))).await?;
    let sign_in = SignIn {
        base_url: url.to_owned(),
        tokens: tokens_for(url, issuer),
        embedded: false,
    };
    let end = Instant::now() + Duration::from_secs(60);
    while let Err(error) = console.sign_in(sign_in.clone()).await {
        if Instant::now() > end {
            return Err(error).context("signing in for a minute");
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok(console)
}

/// Works until it is killed.
///
/// # Errors
/// When it cannot even begin.
pub async fn work(home: &Path, url: &str, issuer: Option<&str>) -> Result<()> {
    let console = open_at(home, url, issuer).await?;
    let endpoint = first_endpoint(&console).await?;
    let session = loop {
        match console.open_session(&endpoint, "chaos").await {
            Ok(session) => break session,
            Err(error) => say(&format!("failed {error}"))?,
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    loop {
        let command = format!("i=0; while [ $i -lt {LINES} ]; do echo line-$i; i=$((i+1)); sleep 0.01; done");
        let command = NewCommand {
            command,
            interpreter: Some("sh".to_owned()),
            reason: "counting".to_owned(),
            cwd: None,
            probe: None,
            timeout_ms: Some(60_000),
        };
        match console.propose(&session, command).await {
            Ok(action) => {
                say(&format!("acked {action}"))?;
                wait_until_over(&console, &session, &action).await?;
            }
            Err(error) => say(&format!("failed {error}"))?,
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The stage's only endpoint, once the directory has arrived.
///
/// # Errors
/// When it does not within half a minute.
pub async fn first_endpoint(console: &Console) -> Result<String> {
    for _ in 0..300 {
        if let Some(row) = console.overview().await?.endpoints.first() {
            return Ok(row.endpoint.clone());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    bail!("the directory stayed empty")
}

async fn wait_until_over(console: &Console, session: &str, action: &str) -> Result<()> {
    for _ in 0..200 {
        let over = console.session_detail(session).await.is_ok_and(|detail| {
            detail
                .items
                .iter()
                .any(|item| item.action.as_deref() == Some(action) && is_end(&item.kind))
        });
        if over {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    say(&format!("open {action}"))
}

/// Whether an entry of this kind ends an action.
pub fn is_end(kind: &str) -> bool {
    matches!(kind, "command.finished" | "action.unknown" | "action.refused")
}

fn say(line: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    if writeln!(out, "{line}").and_then(|()| out.flush()).is_err() {
        bail!("nobody listens");
    }
    Ok(())
}
