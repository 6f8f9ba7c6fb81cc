//! Working on an endpoint: everything here signs a statement with the device's key and waits until it is durable.

use super::Console;
use crate::cache::{log, session};
use crate::error::ConsoleError;
use crate::sync::engine::Engine;
use crate::view::{NewCommand, SendableView, SessionRow};
use caisey_client::error::ApiError;
use caisey_ledger::entry::Actor;
use caisey_ledger::event::{Event, Interpreter, SessionEnd};
use caisey_ledger::id::{ActionId, EndpointId, SessionId, TimeMs};
use caisey_ledger::statement::Draft;
use caisey_ledger::text::{MAX_TEXT_BYTES, TextSeed};
use caisey_protocol::http::{Submit, Submitted};
use caisey_protocol::role::Role;
use caisey_protocol::{MAX_COMMAND_BYTES, PROTOCOL_VERSION};
use rusqlite::OptionalExtension;
use std::sync::Arc;
use std::time::Duration;

/// A command is killed after this long unless the technician says otherwise.
const USUAL_TIMEOUT_MS: u64 = 600_000;
/// No command may run longer.
const LONGEST_TIMEOUT_MS: u64 = 24 * 3_600_000;
/// How long a new session may take to arrive in the cache before it is returned anyway.
const ARRIVAL: Duration = Duration::from_secs(5);

/// A statement in the making.
pub(super) struct Saying<'a> {
    pub(super) endpoint: &'a str,
    pub(super) session: SessionId,
    pub(super) action: Option<ActionId>,
    pub(super) event: Event,
    pub(super) texts: Vec<(&'static str, String)>,
}

impl Console {
    /// Asks, over the runtime's live connection, whether a call can be answered right now. Also updates the overview.
    ///
    /// # Errors
    /// Not signed in, control plane unreachable or refusing.
    pub async fn ask_sendable(&self, endpoint: &str) -> Result<SendableView, ConsoleError> {
        let engine = self.inner.engine()?;
        let answer = engine.api.sendable(&endpoint_id(endpoint)?).await?;
        let view = SendableView {
            sendable: answer.sendable,
            round_trip_ms: answer.round_trip_ms,
            asked_at_ms: answer.asked_at_ms.get(),
            why_not: answer.why_not.map(|why| crate::visible::marked_line(&why)),
        };
        self.inner.hub.state().sendable.insert(endpoint.to_owned(), view.clone());
        self.inner.hub.overview_due.notify_one();
        Ok(view)
    }

    /// Opens a session and returns its identifier, as soon as it is in the cache too.
    ///
    /// # Errors
    /// Empty purpose, not signed in, control plane unreachable or refusing.
    pub async fn open_session(&self, endpoint: &str, purpose: &str) -> Result<String, ConsoleError> {
        let purpose = text("purpose", purpose)?;
        let session = SessionId::from_bits(self.fresh16());
        let device = self.inner.device()?.device.clone();
        let event = Event::SessionOpened { device };
        let saying = Saying {
            endpoint,
            session: session.clone(),
            action: None,
            event,
            texts: vec![("purpose", purpose)],
        };
        self.say(saying).await?;
        self.arrival(session.as_str()).await;
        Ok(session.to_string())
    }

    /// Proposes a command in a session and returns the action's identifier. The command's output arrives as the session's entries.
    ///
    /// # Errors
    /// Empty or too long command, unknown or closed session, endpoint not sendable, control plane unreachable or refusing.
    pub async fn propose(&self, session: &str, command: NewCommand) -> Result<String, ConsoleError> {
        let row = self.open_row(session).await?;
        if command.command.trim().is_empty() {
            return Err(ConsoleError::Invalid(
                "The command is empty, so nothing was sent. Type what is to be run.".to_owned(),
            ));
        }
        if command.command.len() > MAX_COMMAND_BYTES {
            return Err(ConsoleError::Invalid(format!(
                "The command has {} bytes; at most {MAX_COMMAND_BYTES} can be sent. Put it into a file on the endpoint and run that.",
                command.command.len()
            )));
        }
        let interpreter = self.interpreter(&row.endpoint, command.interpreter.as_deref()).await?;
        let timeout_ms = command.timeout_ms.unwrap_or(USUAL_TIMEOUT_MS).clamp(1, LONGEST_TIMEOUT_MS);
        let action = ActionId::from_bits(self.fresh16());
        let mut texts = vec![("command", command.command), ("reason", command.reason)];
        texts.extend(command.cwd.filter(|cwd| !cwd.is_empty()).map(|cwd| ("cwd", cwd)));
        texts.extend(
            command
                .probe
                .filter(|probe| !probe.trim().is_empty())
                .map(|probe| ("probe", probe)),
        );
        self.say(Saying {
            endpoint: &row.endpoint,
            session: session_id(session)?,
            action: Some(action.clone()),
            event: Event::ActionProposed {
                interpreter,
                timeout_ms,
                model: None,
            },
            texts,
        })
        .await?;
        Ok(action.to_string())
    }

    /// Asks for a running action to be killed with everything it started.
    ///
    /// # Errors
    /// Unknown action, control plane unreachable or refusing.
    pub async fn cancel(&self, action: &str) -> Result<(), ConsoleError> {
        let name = action.to_owned();
        let (session, endpoint) = self.inner.read(move |cache| session::of_action(cache, &name)).await?;
        let id = action.parse().map_err(|_| ConsoleError::NotFound {
            what: "action",
            id: action.to_owned(),
        })?;
        let event = Event::ActionCancelRequested {};
        self.say(Saying {
            endpoint: &endpoint,
            session: session_id(&session)?,
            action: Some(id),
            event,
            texts: Vec::new(),
        })
        .await?;
        Ok(())
    }

    /// Says something to the other people in the session.
    ///
    /// # Errors
    /// Empty text, unknown or closed session, control plane unreachable or refusing.
    pub async fn chat(&self, session: &str, message: &str) -> Result<(), ConsoleError> {
        self.say_in(session, Event::ChatMessage {}, vec![("message", text("message", message)?)])
            .await
    }

    /// Adds a note to the record.
    ///
    /// # Errors
    /// Empty text, unknown or closed session, control plane unreachable or refusing.
    pub async fn note(&self, session: &str, note: &str) -> Result<(), ConsoleError> {
        self.say_in(session, Event::NoteAdded {}, vec![("note", text("note", note)?)])
            .await
    }

    /// Closes a session.
    ///
    /// # Errors
    /// Unknown or closed session, control plane unreachable or refusing.
    pub async fn close_session(&self, session: &str) -> Result<(), ConsoleError> {
        self.say_in(
            session,
            Event::SessionClosed {
                reason: SessionEnd::ByTechnician,
            },
            Vec::new(),
        )
        .await
    }

    /// What the person had typed in a session's command line and not sent.
    ///
    /// # Errors
    /// Disk.
    pub async fn draft(&self, session: &str) -> Result<String, ConsoleError> {
        let session = session.to_owned();
        self.inner
            .read(move |cache| {
                let found = cache
                    .prepare_cached("SELECT text FROM drafts WHERE session = ?1")?
                    .query_row([session], |row| row.get(0));
                Ok(found.optional()?.unwrap_or_default())
            })
            .await
    }

    /// Keeps what the person has typed and not sent; empty forgets it.
    ///
    /// # Errors
    /// Disk.
    pub async fn keep_draft(&self, session: &str, text: &str) -> Result<(), ConsoleError> {
        let (cache, session, text) = (self.inner.cache()?, session.to_owned(), text.to_owned());
        crate::sync::engine::blocking(move || {
            cache.write(|tx| {
                if text.is_empty() {
                    tx.execute("DELETE FROM drafts WHERE session = ?1", [session])?;
                } else {
                    tx.execute("INSERT OR REPLACE INTO drafts VALUES (?1, ?2)", [session, text])?;
                }
                Ok(())
            })
        })
        .await
    }

    async fn say_in(&self, session: &str, event: Event, texts: Vec<(&'static str, String)>) -> Result<(), ConsoleError> {
        let row = self.open_row(session).await?;
        self.say(Saying {
            endpoint: &row.endpoint,
            session: session_id(session)?,
            action: None,
            event,
            texts,
        })
        .await?;
        Ok(())
    }

    /// Signs and submits. Trying again after a lost answer is safe: the statement is the same, and so is its place.
    pub(super) async fn say(&self, saying: Saying<'_>) -> Result<Submitted, ConsoleError> {
        let engine = self.inner.engine()?;
        let (endpoint, id) = (saying.endpoint, endpoint_id(saying.endpoint)?);
        let submit = self.signed(saying).await?;
        let submitted = match engine.api.submit(&id, &submit).await {
            Err(ApiError::NoAnswer(_)) => engine.api.submit(&id, &submit).await,
            other => other,
        }?;
        engine.owe(endpoint, &submitted.checkpoint);
        Ok(submitted)
    }

    /// Signs with this console's key, as whoever is signed in.
    pub(super) async fn signed(&self, saying: Saying<'_>) -> Result<Submit, ConsoleError> {
        let device = self.inner.device()?;
        let origin = self.origin(saying.endpoint).await?;
        let at_ms = TimeMs::new(self.inner.ports.clock.now_ms()).unwrap_or_default();
        let (id, key) = (device.member.clone(), device.device.clone());
        let actor = match device.role {
            Role::Contact => Actor::Contact { id, device: key },
            _ => Actor::Member { id, device: key },
        };
        let unsignable = |error| {
            ConsoleError::Invalid(format!(
                "This cannot be put into the record: {}.",
                crate::sync::witness::chain(&error)
            ))
        };
        let mut draft = Draft::new(&origin, at_ms, actor, &saying.event)
            .map_err(unsignable)?
            .session(saying.session);
        if let Some(action) = saying.action {
            draft = draft.action(action);
        }
        for (name, text) in saying.texts {
            if text.len() > MAX_TEXT_BYTES {
                return Err(ConsoleError::Invalid(format!(
                    "The {name} has {} bytes; at most {MAX_TEXT_BYTES} can be recorded.",
                    text.len()
                )));
            }
            draft = draft.text(name, text, TextSeed::from_bytes(self.inner.ports.entropy.fresh32()));
        }
        Ok(Submit {
            version: PROTOCOL_VERSION,
            statement: draft.sign(&device.key).map_err(unsignable)?,
        })
    }

    /// The log that this console knows for the endpoint: never one that is named only now.
    async fn origin(&self, endpoint: &str) -> Result<String, ConsoleError> {
        let name = endpoint.to_owned();
        let row = self.inner.read(move |cache| log::of_endpoint(cache, &name)).await?;
        row.map(|row| row.origin).ok_or_else(|| ConsoleError::NotFound {
            what: "endpoint",
            id: endpoint.to_owned(),
        })
    }

    async fn open_row(&self, session: &str) -> Result<SessionRow, ConsoleError> {
        let name = session.to_owned();
        let row = self.inner.read(move |cache| session::row(cache, &name)).await?;
        if row.closed_at_ms.is_some() {
            return Err(ConsoleError::Invalid(
                "This session is closed, so nothing was sent. Open a new one to go on.".to_owned(),
            ));
        }
        Ok(row)
    }

    async fn interpreter(&self, endpoint: &str, wanted: Option<&str>) -> Result<Interpreter, ConsoleError> {
        if let Some(name) = wanted {
            return serde_json::from_value(serde_json::Value::String(name.to_owned())).map_err(|_| {
                ConsoleError::Invalid(format!(
                    "There is no interpreter called {}; choose sh, bash, pwsh, powershell or cmd.",
                    crate::visible::marked_line(name)
                ))
            });
        }
        let name = endpoint.to_owned();
        let os = self
            .inner
            .read(move |cache| Ok(log::of_endpoint(cache, &name)?.map(|row| row.os)))
            .await?;
        Ok(if os.as_deref() == Some("windows") {
            Interpreter::Powershell
        } else {
            Interpreter::Sh
        })
    }

    /// Waits a little until the session is in the cache, so that it can be shown at once.
    async fn arrival(&self, session: &str) {
        let hub = Arc::clone(&self.inner.hub);
        let wait = async {
            loop {
                let changed = hub.cache_changed.notified();
                let name = session.to_owned();
                let found = self.inner.read(move |cache| session::row(cache, &name)).await;
                if found.is_ok_and(|row| row.verification == crate::view::Verification::Verified) {
                    return;
                }
                let _ = tokio::time::timeout(Duration::from_millis(200), changed).await;
            }
        };
        // Slow synchronisation is no failure: the session is open.
        let _ = tokio::time::timeout(ARRIVAL, wait).await;
    }

    pub(super) fn fresh16(&self) -> [u8; 16] {
        let mut bits = [0; 16];
        bits.iter_mut()
            .zip(self.inner.ports.entropy.fresh32())
            .for_each(|(to, from)| *to = from);
        bits
    }
}

pub(super) fn endpoint_id(endpoint: &str) -> Result<EndpointId, ConsoleError> {
    endpoint.parse().map_err(|_| ConsoleError::NotFound {
        what: "endpoint",
        id: crate::visible::marked_line(endpoint),
    })
}

pub(super) fn session_id(session: &str) -> Result<SessionId, ConsoleError> {
    session.parse().map_err(|_| ConsoleError::NotFound {
        what: "session",
        id: crate::visible::marked_line(session),
    })
}

pub(super) fn text(what: &str, text: &str) -> Result<String, ConsoleError> {
    if text.trim().is_empty() {
        return Err(ConsoleError::Invalid(format!("The {what} is empty, so nothing was sent.")));
    }
    Ok(text.to_owned())
}

/// Waits until a log holds so many verified entries, or is broken.
pub(super) async fn until_cached(engine: &Arc<Engine>, endpoint: &str, size: u64) -> Result<(), ConsoleError> {
    loop {
        let changed = engine.hub.cache_changed.notified();
        let name = endpoint.to_owned();
        let row = engine
            .with_cache(move |cache| cache.read(|cache| log::of_endpoint(cache, &name)))
            .await?;
        if row.is_some_and(|row| row.verified_size >= size || row.broken_from.is_some()) {
            return Ok(());
        }
        engine.want(endpoint);
        let _ = tokio::time::timeout(Duration::from_millis(250), changed).await;
    }
}
