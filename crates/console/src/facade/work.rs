//! Working on an endpoint: everything here signs a statement with the device's key and waits until it is durable.

use super::{Console, unfinished};
use crate::error::ConsoleError;
use crate::view::{NewCommand, SendableView};

impl Console {
    /// Asks, over the runtime's live connection, whether a call can be answered right now. Also updates the overview.
    ///
    /// # Errors
    /// Not signed in, control plane unreachable or refusing.
    pub async fn ask_sendable(&self, _endpoint: &str) -> Result<SendableView, ConsoleError> {
        unfinished()
    }

    /// Opens a session and returns its identifier.
    ///
    /// # Errors
    /// Empty purpose, not signed in, control plane unreachable or refusing.
    pub async fn open_session(&self, _endpoint: &str, _purpose: &str) -> Result<String, ConsoleError> {
        unfinished()
    }

    /// Proposes a command in a session and returns the action's identifier. The command's output arrives as the session's entries.
    ///
    /// # Errors
    /// Empty or too long command, unknown or closed session, endpoint not sendable, control plane unreachable or refusing.
    pub async fn propose(&self, _session: &str, _command: NewCommand) -> Result<String, ConsoleError> {
        unfinished()
    }

    /// Asks for a running action to be killed with everything it started.
    ///
    /// # Errors
    /// Unknown action, control plane unreachable or refusing.
    pub async fn cancel(&self, _action: &str) -> Result<(), ConsoleError> {
        unfinished()
    }

    /// Says something to the other people in the session.
    ///
    /// # Errors
    /// Empty text, unknown or closed session, control plane unreachable or refusing.
    pub async fn chat(&self, _session: &str, _text: &str) -> Result<(), ConsoleError> {
        unfinished()
    }

    /// Adds a note to the record.
    ///
    /// # Errors
    /// Empty text, unknown or closed session, control plane unreachable or refusing.
    pub async fn note(&self, _session: &str, _text: &str) -> Result<(), ConsoleError> {
        unfinished()
    }

    /// Closes a session.
    ///
    /// # Errors
    /// Unknown or closed session, control plane unreachable or refusing.
    pub async fn close_session(&self, _session: &str) -> Result<(), ConsoleError> {
        unfinished()
    }

    /// What the person had typed in a session's command line and not sent.
    ///
    /// # Errors
    /// Disk.
    pub async fn draft(&self, _session: &str) -> Result<String, ConsoleError> {
        unfinished()
    }

    /// Keeps what the person has typed and not sent; empty forgets it.
    ///
    /// # Errors
    /// Disk.
    pub async fn keep_draft(&self, _session: &str, _text: &str) -> Result<(), ConsoleError> {
        unfinished()
    }
}
