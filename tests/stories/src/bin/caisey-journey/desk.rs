//! A person's console in a story: opened in a folder of its own, signed in, and left as its person leaves it. And what a story leaves for
//! another one to go on with.

use crate::scene::PATIENCE;
use crate::teller::Teller;
use anyhow::{Context, Result, ensure};
use caisey_client::token::RefreshStore as _;
use caisey_console::kept_tokens::KeptRefresh;
use caisey_console::remembered::{self, Remembered};
use caisey_console::{Access, Console, ConsoleConfig, Ports, SignIn, TokenSource};
use caisey_stories::stage::{Kept, Stage};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What a story leaves. Its programs have ended.
pub(crate) struct Played {
    /// Data and address of control plane and endpoint.
    pub(crate) stage: Stage,
    /// The technician's console.
    pub(crate) home: PathBuf,
    /// The session.
    pub(crate) session: String,
    /// The story's log.
    pub(crate) teller: Teller,
}

/// Opens a console in this folder and signs in.
pub(crate) async fn sign_in(home: &Path, label: &str, url: &str, tokens: Arc<dyn TokenSource>) -> Result<Console> {
    let config = ConsoleConfig {
        data_dir: home.join("cache"),
        device_label: label.to_owned(),
        access: Access::ReadWrite,
    };
    std::fs::create_dir_all(&config.data_dir)?;
    let console = Console::open(config, Ports::system()).await?;
    console
        .sign_in(SignIn {
            base_url: url.to_owned(),
            tokens,
            embedded: false,
        })
        .await?;
    Ok(console)
}

/// The desktop starts as its person left it: signed in to this control plane. What it keeps for that is in the key store and in one file.
pub(crate) async fn leave_signed_in(url: &str, kept: Kept, home: &Path) -> Result<()> {
    let keys = KeptRefresh::new(Ports::system().keys, url, kept.provider.as_ref());
    tokio::task::spawn_blocking(move || keys.set(&kept.refresh_token))
        .await?
        .map_err(anyhow::Error::msg)
        .context("keeping the sign-in")?;
    let chosen = Remembered::ControlPlane {
        address: url.to_owned(),
        provider: kept.provider,
    };
    remembered::store(home, &chosen).context("leaving the console as it was")
}

/// The endpoint, once it answers.
pub(crate) async fn sendable_endpoint(console: &Console) -> Result<String> {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(row) = console.overview().await?.endpoints.first()
            && console.ask_sendable(&row.endpoint).await.is_ok_and(|answer| answer.sendable)
        {
            return Ok(row.endpoint.clone());
        }
        ensure!(Instant::now() < end, "no endpoint answered within {PATIENCE:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
