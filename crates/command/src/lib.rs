//! What does this command do, and what does it name?
//!
//! [`read`] takes an interpreter and the exact text that it would be given, and says what the text does ([`ActionClass`]), which
//! things it names ([`Resource`]), why ([`Reason`]) and which parts of it cannot be bounded. It is a bound, not a prophecy: whatever
//! is not understood is opaque, and opaque is never treated as read-only. What programs do is data (`knowledge/`), not code.
//!
//! Pure: no I/O, no clock, no randomness. Every text is hostile: size, depth and work are bounded, and nothing panics.

mod reading;

pub use reading::{ActionClass, OpaquePart, Reading, Reason, Resource, ResourceKind, Span};

use caisey_ledger::event::Interpreter;

/// Reads a command's text. Never fails: what cannot be read is opaque, with the reason.
#[must_use]
pub fn read(_interpreter: Interpreter, text: &str) -> Reading {
    Reading::opaque(text, "The text of this command has not been understood.")
}
