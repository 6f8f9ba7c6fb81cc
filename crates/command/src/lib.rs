//! What does this command do, and what does it name?
//!
//! [`read`] takes an interpreter and the exact text that it would be given, and says what the text does ([`ActionClass`]), which
//! things it names ([`Resource`]), why ([`Reason`]) and which parts of it cannot be bounded. It is a bound, not a prophecy: whatever
//! is not understood is opaque, and opaque is never treated as read-only. What programs do is data (`knowledge/`), not code.
//!
//! Pure: no I/O, no clock, no randomness. Every text is hostile: size, depth and work are bounded, and nothing panics.

mod difference;
mod judge;
mod knowledge;
mod limits;
mod parse;
mod probe;
mod reading;

pub use difference::{Line, StateChange};
pub use limits::{MAX_NESTING, MAX_TEXT_BYTES, STEPS_FOR_FREE, STEPS_PER_BYTE};
pub use probe::{probe, quoted};
pub use reading::{ActionClass, OpaquePart, Reading, Reason, Resource, ResourceKind, Span};

use caisey_ledger::event::Interpreter;
use parse::Dialect;

/// Reads a command's text. Never fails: what cannot be read is opaque, with the reason.
#[must_use]
pub fn read(interpreter: Interpreter, text: &str) -> Reading {
    read_counted(interpreter, text).0
}

/// The same, and how many steps it took: at most [`STEPS_PER_BYTE`] for each byte of the text and [`STEPS_FOR_FREE`].
#[must_use]
pub fn read_counted(interpreter: Interpreter, text: &str) -> (Reading, usize) {
    judge::judge(dialect(interpreter), text)
}

fn dialect(interpreter: Interpreter) -> Dialect {
    match interpreter {
        Interpreter::Sh => Dialect::Sh,
        Interpreter::Bash => Dialect::Bash,
        Interpreter::Pwsh => Dialect::Pwsh,
        Interpreter::Powershell => Dialect::WindowsPowershell,
        Interpreter::Cmd => Dialect::Cmd,
    }
}
