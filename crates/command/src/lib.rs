//! What does this command do, and what does it name?
//!
//! [`read`] takes an interpreter and the exact text that it would be given, and says what the text does ([`ActionClass`]), which
//! things it names ([`Resource`]), why ([`Reason`]) and which parts of it cannot be bounded. It is a bound, not a prophecy: whatever
//! is not understood is opaque, and opaque is never treated as read-only. What programs do is data (`knowledge/`), not code.
//!
//! Without the feature `grammars` nothing can be read and every command is opaque: for builds that only carry readings (what readers' browsers run).
//!
//! Pure: no I/O, no clock, no randomness. Every text is hostile: size, depth and work are bounded, and nothing panics.

mod difference;
#[cfg(feature = "grammars")]
mod judge;
#[cfg(feature = "grammars")]
mod knowledge;
#[cfg(feature = "grammars")]
mod limits;
#[cfg(feature = "grammars")]
mod parse;
#[cfg(feature = "grammars")]
mod probe;
mod reading;

pub use difference::{Line, StateChange};
#[cfg(feature = "grammars")]
pub use limits::{MAX_NESTING, MAX_TEXT_BYTES, STEPS_FOR_FREE, STEPS_PER_BYTE};
#[cfg(feature = "grammars")]
pub use probe::{probe, quoted};
pub use reading::{ActionClass, OpaquePart, Reading, Reason, Resource, ResourceKind, Span};

use caisey_ledger::event::Interpreter;
#[cfg(feature = "grammars")]
use parse::Dialect;

/// Whether this build can read commands at all.
pub const CAN_READ: bool = cfg!(feature = "grammars");

/// Reads a command's text. Never fails: what cannot be read is opaque, with the reason.
#[must_use]
#[cfg(feature = "grammars")]
pub fn read(interpreter: Interpreter, text: &str) -> Reading {
    read_counted(interpreter, text).0
}

/// Reads nothing: this build has no grammars, so every command is opaque.
#[must_use]
#[cfg(not(feature = "grammars"))]
pub fn read(_interpreter: Interpreter, text: &str) -> Reading {
    Reading::opaque(
        text,
        "This program was built without the means to read commands, so this one was not read.",
    )
}

/// No probe is known: this build has no grammars to read it with.
#[must_use]
#[cfg(not(feature = "grammars"))]
pub fn probe(_interpreter: Interpreter, _reading: &Reading) -> Option<String> {
    None
}

/// The same, and how many steps it took: at most [`STEPS_PER_BYTE`] for each byte of the text and [`STEPS_FOR_FREE`].
#[must_use]
#[cfg(feature = "grammars")]
pub fn read_counted(interpreter: Interpreter, text: &str) -> (Reading, usize) {
    judge::judge(dialect(interpreter), text)
}

#[cfg(feature = "grammars")]
fn dialect(interpreter: Interpreter) -> Dialect {
    match interpreter {
        Interpreter::Sh => Dialect::Sh,
        Interpreter::Bash => Dialect::Bash,
        Interpreter::Pwsh => Dialect::Pwsh,
        Interpreter::Powershell => Dialect::WindowsPowershell,
        Interpreter::Cmd => Dialect::Cmd,
    }
}
