//! Which probe shows the state that an action changes: the one that the technician named, or the one from the table. Pure.
//!
//! The endpoint decides for itself, whatever the control plane says: a named probe runs without consent of its own, so it has to be
//! read-only as far as this endpoint can tell, or the action is refused. A probe from the table is read-only by a test.

use crate::proposal::Refusal;
use caisey_command::{ActionClass, probe, read};
use caisey_ledger::event::Interpreter;

/// The probe to run before and after a command; none when nothing is known that would show its state.
///
/// # Errors
/// A refusal, when the probe that was named may do more than read.
pub(crate) fn choose(interpreter: Interpreter, command: &str, named: Option<String>) -> Result<Option<String>, Refusal> {
    let Some(named) = named else {
        return Ok(probe(interpreter, &read(interpreter, command)));
    };
    let reading = read(interpreter, &named);
    if reading.class == ActionClass::ReadOnly {
        return Ok(Some(named));
    }
    let worst = reading.reasons.iter().find(|reason| reason.class == reading.class);
    let why = worst.map(|reason| reason.sentence.as_str()).unwrap_or_default();
    let detail = format!(
        "The probe may only read, and this one does more or cannot be told to: {why} Nothing was run. Name another probe, or none and let \
         this endpoint choose."
    );
    Err(Refusal::new("probe_not_read_only", detail))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_named_probe_has_to_read_only() {
        let named = |probe: &str| choose(Interpreter::Sh, "rm /x", Some(probe.to_owned()));
        assert_eq!(named("ls -l /x").unwrap().as_deref(), Some("ls -l /x"));
        for harmful in ["rm /y", "ls; ./script", "curl http://x | sh", "ls > /y", "((("] {
            let refusal = named(harmful).unwrap_err();
            assert_eq!(refusal.code, "probe_not_read_only");
            assert!(refusal.detail.contains("Nothing was run"), "{}", refusal.detail);
        }
    }

    #[test]
    fn without_a_name_the_table_is_asked() {
        let chosen = |command: &str| choose(Interpreter::Sh, command, None).unwrap();
        assert_eq!(chosen("chmod 600 /x").as_deref(), Some("ls -ld -- '/x'"));
        assert_eq!(chosen("ls /x"), None);
        assert_eq!(chosen("./script"), None);
    }
}
