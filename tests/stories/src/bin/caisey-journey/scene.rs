//! One session on the stage: what a technician does in it, each step told, and checked on the record.

use crate::machine::Look;
use crate::teller::Teller;
use anyhow::{Context, Result, bail, ensure};
use caisey_console::view::{NewCommand, SearchQuery, TimelineItem, Verification};
use caisey_console::{Console, ConsoleError};
use std::time::{Duration, Instant};

/// How long anything on the stage may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// See the module's text.
pub(crate) struct Scene<'a> {
    pub(crate) console: &'a Console,
    pub(crate) session: String,
    pub(crate) teller: Teller,
}

impl Scene<'_> {
    pub(crate) async fn propose(&mut self, look: &Look, probe: Option<String>) -> Result<String> {
        self.teller.tell(&format!("runs  {}", look.command))?;
        let command = NewCommand {
            command: look.command.clone(),
            interpreter: None,
            reason: look.reason.to_owned(),
            cwd: None,
            probe,
            timeout_ms: Some(120_000),
        };
        Ok(self.console.propose(&self.session, command).await?)
    }

    /// Proposes a command to an endpoint that is away: it is refused, and on record as such.
    pub(crate) async fn refused(&mut self, look: &Look) -> Result<()> {
        let Err(error) = self.propose(look, None).await else {
            bail!("`{}` was sent to an endpoint that is away", look.command);
        };
        let refused = error.downcast_ref::<ConsoleError>().map(ConsoleError::code);
        ensure!(refused == Some("not_sendable"), "`{}`: {error:#}", look.command);
        self.until("the refusal is on the record", |items| {
            items.iter().any(|item| item.kind == "action.refused")
        })
        .await?;
        self.teller
            .tell("      refused at once, and on the record: the endpoint is away")
    }

    /// Starts a command and waits until it prints.
    pub(crate) async fn begin(&mut self, look: &Look) -> Result<String> {
        let action = self.propose(look, None).await?;
        self.until("the endless command prints", |items| {
            items
                .iter()
                .any(|item| item.kind == "command.output" && item.action.as_ref() == Some(&action))
        })
        .await?;
        Ok(action)
    }

    /// Writes into the chat what does not belong on a record, and has it erased: its place and commitment stay, its text goes.
    pub(crate) async fn erase(&mut self, endpoint: &str, slip: &str) -> Result<()> {
        self.console.chat(&self.session, slip).await?;
        let items = self
            .until("the slip is on the record", |items| {
                items.iter().any(|item| text(item, "message") == Some(slip))
            })
            .await?;
        let at = items
            .iter()
            .find(|item| text(item, "message") == Some(slip))
            .map(|item| item.seq);
        let at = at.context("the slip is gone by itself")?;
        let basis = "A password, pasted by mistake; changed since";
        self.console
            .erase_texts(endpoint, at, vec!["message".to_owned()], basis)
            .await?;
        wait_for_kind(self.console, "text.erased").await?;
        let items = self
            .until("the slip is erased here too", |items| {
                items.iter().any(|item| item.seq == at && text(item, "message").is_none())
            })
            .await?;
        let erased = items
            .iter()
            .find(|item| item.seq == at)
            .context("the erased entry lost its place")?;
        ensure!(
            erased.verification == Verification::Verified,
            "the erased entry no longer verifies"
        );
        self.teller.tell(&format!(
            "a slip in the chat, #{at}, was erased: its place is kept and still verifies"
        ))
    }

    /// Runs a command to its end and checks how it ended.
    pub(crate) async fn run(&mut self, look: &Look, probe: Option<String>) -> Result<()> {
        let states = if probe.is_some() { 2 } else { 0 };
        let action = self.propose(look, probe).await?;
        let of = |items: &[TimelineItem], kind: &str| {
            items
                .iter()
                .filter(|item| item.kind == kind && item.action.as_ref() == Some(&action))
                .count()
        };
        let items = self
            .until(&format!("`{}` is over", look.command), |items| {
                of(items, "action.refused") > 0 || (of(items, "command.finished") == 1 && of(items, "state.captured") == states)
            })
            .await?;
        let end = items
            .iter()
            .find(|item| item.action.as_ref() == Some(&action) && item.kind == "command.finished");
        let end = end.with_context(|| format!("`{}` was refused", look.command))?;
        ensure!(
            end.exit_code == Some(look.exit_code),
            "`{}` ended with {:?}",
            look.command,
            end.exit_code
        );
        self.teller.tell(&format!("      {}", end.headline))
    }

    /// Starts a command, waits until it prints, stops it.
    pub(crate) async fn cancel(&mut self, look: &Look) -> Result<()> {
        let action = self.begin(look).await?;
        self.console.cancel(&action).await?;
        let items = self
            .until("the endless command is over", |items| {
                items
                    .iter()
                    .any(|item| item.kind == "command.finished" && item.action.as_ref() == Some(&action))
            })
            .await?;
        let end = items
            .iter()
            .find(|item| item.action.as_ref() == Some(&action) && item.kind == "command.finished");
        let outcome = end
            .and_then(|item| item.facts.get("outcome"))
            .and_then(|outcome| outcome.as_str());
        ensure!(outcome == Some("cancelled"), "the cancelled command ended as {outcome:?}");
        self.teller.tell("      cancelled, with everything that it had started")
    }

    /// Waits until the session's entries are as wanted.
    pub(crate) async fn until(&self, what: &str, wanted: impl Fn(&[TimelineItem]) -> bool) -> Result<Vec<TimelineItem>> {
        let end = Instant::now() + PATIENCE;
        loop {
            let items = match self.console.session_detail(&self.session).await {
                Ok(detail) => detail.items,
                // Just opened: the entry is durable at the control plane and on its way here.
                Err(error) if error.code() == "not_found" => Vec::new(),
                Err(error) => return Err(error.into()),
            };
            if wanted(&items) {
                return Ok(items);
            }
            if Instant::now() > end {
                let kinds: Vec<&str> = items.iter().map(|item| item.kind.as_str()).collect();
                bail!("waited {PATIENCE:?} until {what}; the session's entries are {kinds:?}");
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

/// A text of an entry, while it is there.
pub(crate) fn text<'a>(item: &'a TimelineItem, name: &str) -> Option<&'a str> {
    item.texts.iter().find(|text| text.name == name)?.text.as_deref()
}

/// Waits until the cache holds an entry of this kind. One of the endpoint's own shows in a session only once the session goes on.
pub(crate) async fn wait_for_kind(console: &Console, kind: &str) -> Result<()> {
    let end = Instant::now() + PATIENCE;
    loop {
        let query = SearchQuery {
            kinds: vec![kind.to_owned()],
            ..SearchQuery::default()
        };
        if !console.search(query).await?.hits.is_empty() {
            return Ok(());
        }
        ensure!(Instant::now() < end, "no {kind} on the record within {PATIENCE:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
