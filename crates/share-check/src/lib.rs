//! The check that a reader's browser runs on a shared pack, as WebAssembly with a bare interface: `take` gives room for the pack, `check`
//! checks what was put there and gives the answer's place and length in one number.
//!
//! Promises: one call, one answer, no imports: it can read nothing but the bytes that it is given and change nothing but its own memory. The
//! answer is JSON: `holds`, `checks` and `record` (HTML), `title`. Leaves out fetching and showing (ui/share/check.ts, ui/share/page.ts).

use caisey_share::Shown;
use serde_json::json;

/// The answer for a pack.
fn answer(pack: &[u8]) -> String {
    let shown = Shown::of(pack);
    json!({"holds": shown.holds, "checks": shown.checks, "record": shown.record, "title": shown.title}).to_string()
}

/// Room for so many bytes; never given back, because an instance checks one pack.
#[unsafe(no_mangle)]
#[allow(unsafe_code, reason = "the name is the interface")]
pub extern "C" fn take(length: usize) -> *mut u8 {
    Box::leak(vec![0_u8; length].into_boxed_slice()).as_mut_ptr()
}

/// Checks the pack at this place. The answer is UTF-8; its place is the upper half of the number, its length the lower.
///
/// # Safety
/// `pack` is what [`take`] gave for `length`.
#[unsafe(no_mangle)]
#[allow(
    unsafe_code,
    reason = "the caller passes what take gave, and its length: the two halves of the interface"
)]
pub unsafe extern "C" fn check(pack: *const u8, length: usize) -> u64 {
    // SAFETY: the page's worker asked `take` for `length` bytes, wrote the pack there, and calls this once.
    let pack = unsafe { std::slice::from_raw_parts(pack, length) };
    let answer: &'static mut [u8] = Box::leak(answer(pack).into_bytes().into_boxed_slice());
    ((answer.as_ptr() as u64) << 32) | answer.len() as u64
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn whatever_is_no_pack_is_said_to_be_broken() {
        for bytes in [&b""[..], b"PK\x03\x04", b"<html>"] {
            let answer: serde_json::Value = serde_json::from_str(&answer(bytes)).unwrap();
            assert_eq!(
                (answer.get("holds"), answer.get("record")),
                (Some(&json!(false)), Some(&json!("")))
            );
        }
    }
}
