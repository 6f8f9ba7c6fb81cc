//! How far the program has come since it was started, as the page shows it (`ui/src/platform/host.ts`, `Startup`).

use caisey_console::ErrorView;
use serde::Serialize;

/// See the module's text.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "stage", rename_all = "snake_case")]
pub(crate) enum Startup {
    /// Key store and cache are being opened.
    Opening,
    /// No key store, or one that does not answer.
    KeyStoreMissing {
        /// What happened.
        failure: ErrorView,
        /// Whether a passphrase was chosen here before.
        cache_exists: bool,
    },
    /// Nobody is signed in and nothing was remembered.
    Choose,
    /// This computer is being set up.
    Starting {
        /// Which step.
        step: Step,
    },
    /// The start failed.
    Failed {
        /// What happened.
        failure: ErrorView,
    },
    /// The main window can be shown.
    Ready {
        /// Session to show first.
        open: Option<String>,
    },
}

/// Steps of setting up this computer.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Step {
    /// The control plane starts.
    ControlPlane,
    /// Its owner signs in.
    Owner,
    /// This computer enrols.
    Enrol,
    /// Its runtime connects.
    Runtime,
}
