//! `caisey explain`: a command read, never run.

use crate::{answer, caisey, said};
use serde_json::Value;

#[test]
fn says_what_a_command_does_and_names_without_running_it() {
    let folder = tempfile::tempdir().unwrap();
    let kept = folder.path().join("kept");
    std::fs::write(&kept, "still here").unwrap();
    let command = format!("sudo rm -rf {}", kept.display());
    let said = answer(&["explain", "--interpreter", "bash", &command]);
    assert!(said.starts_with("destructive: "), "{said}");
    assert!(said.contains(&format!("names: Path {}", kept.display())), "{said}");
    assert_eq!(std::fs::read_to_string(&kept).unwrap(), "still here");
}

#[test]
fn the_same_as_json_with_the_probe_that_shows_the_change() {
    let read: Value = serde_json::from_str(&answer(&["explain", "--json", "chmod 600 /etc/passwd"])).unwrap();
    assert_eq!(read["reading"]["class"], "changing");
    assert!(read["probe"].as_str().unwrap().contains("/etc/passwd"), "{read}");
    let read: Value = serde_json::from_str(&answer(&["explain", "--json", "uptime"])).unwrap();
    assert_eq!(
        (&read["reading"]["class"], &read["probe"]),
        (&Value::from("read_only"), &Value::Null)
    );
}

#[test]
fn what_cannot_be_read_is_opaque_and_what_nobody_knows_is_refused() {
    let said_of = answer(&["explain", "eval \"$(cat x)\""]);
    assert!(said_of.starts_with("opaque: "), "{said_of}");
    let unknown = caisey(&["explain", "--interpreter", "perl", "print 1"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(said(&unknown).contains("`perl` is not an interpreter"), "{}", said(&unknown));
    assert!(unknown.stdout.is_empty());
    let escapes = answer(&["explain", "cat \u{1b}[31mx"]);
    assert!(!escapes.contains('\u{1b}'), "{escapes:?}");
}
