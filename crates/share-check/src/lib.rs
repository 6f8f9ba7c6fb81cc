//! The check that a reader's browser runs on a shared pack, as WebAssembly with a bare interface: `take` gives room for the pack, `begin` reads
//! what was put there and says how many entries there are to check, `step` checks some of them, and `answer` comes to the end and gives the
//! answer's place and length in one number.
//!
//! Promises: no imports: it can read nothing but the bytes that it is given and change nothing but its own memory; the answer is the same
//! after any number of steps, which are there so that whoever waits is told how far it is. The
//! answer is JSON: `holds`, `checks` and `record` (HTML), `title`. Leaves out fetching and showing (ui/share/check.ts, ui/share/page.ts).

use caisey_share::{Shown, Verification};
use serde_json::json;
use std::sync::{Mutex, PoisonError};

/// The check that was begun; an instance checks one pack.
static BEGUN: Mutex<Option<Verification>> = Mutex::new(None);

fn with_begun<T>(act: impl FnOnce(&mut Option<Verification>) -> T) -> T {
    act(&mut BEGUN.lock().unwrap_or_else(PoisonError::into_inner))
}

/// What a check comes to.
fn told(verification: Verification) -> String {
    let shown = Shown::at_last(verification);
    json!({"holds": shown.holds, "checks": shown.checks, "record": shown.record, "title": shown.title}).to_string()
}

/// Room for so many bytes; never given back, because an instance checks one pack.
#[unsafe(no_mangle)]
#[allow(unsafe_code, reason = "the name is the interface")]
pub extern "C" fn take(length: usize) -> *mut u8 {
    Box::leak(vec![0_u8; length].into_boxed_slice()).as_mut_ptr()
}

/// Reads the pack at this place. Answers with how many entries have to be checked, 0 when it could not be read.
///
/// # Safety
/// `pack` is what [`take`] gave for `length`.
#[unsafe(no_mangle)]
#[allow(
    unsafe_code,
    reason = "the caller passes what take gave, and its length: the two halves of the interface"
)]
pub unsafe extern "C" fn begin(pack: *const u8, length: usize) -> usize {
    // SAFETY: the page's worker asked `take` for `length` bytes, wrote the pack there, and calls this once.
    let pack = unsafe { std::slice::from_raw_parts(pack, length) };
    let verification = Verification::begin(pack);
    let entries = verification.entries();
    with_begun(|begun| *begun = Some(verification));
    entries
}

/// Checks some more entries, and answers with how many that makes; as many as there are when nothing is left to do. `usize::MAX` when nothing
/// was begun and after [`answer`], so that whoever counts up to a number of entries comes to an end.
#[unsafe(no_mangle)]
#[allow(unsafe_code, reason = "the name is the interface")]
pub extern "C" fn step() -> usize {
    with_begun(|begun| begun.as_mut().map_or(usize::MAX, Verification::step))
}

/// Comes to the end. The answer is UTF-8; its place is the upper half of the number, its length the lower; 0 when nothing was begun.
#[unsafe(no_mangle)]
#[allow(unsafe_code, reason = "the name is the interface")]
pub extern "C" fn answer() -> u64 {
    let Some(verification) = with_begun(Option::take) else {
        return 0;
    };
    let answer: &'static mut [u8] = Box::leak(told(verification).into_bytes().into_boxed_slice());
    ((answer.as_ptr() as u64) << 32) | answer.len() as u64
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn whatever_is_no_pack_is_said_to_be_broken() {
        for bytes in [&b""[..], b"PK\x03\x04", b"<html>"] {
            let verification = Verification::begin(bytes);
            assert_eq!(verification.entries(), 0);
            let answer: serde_json::Value = serde_json::from_str(&told(verification)).unwrap();
            assert_eq!(
                (answer.get("holds"), answer.get("record")),
                (Some(&json!(false)), Some(&json!("")))
            );
        }
    }
}
