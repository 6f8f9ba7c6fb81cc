//! `caisey` as scripts meet it: exit codes, and what goes where.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

mod explain;
mod policies;
mod record;

use std::process::{Command, Output};

fn caisey(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_caisey"))
        .args(arguments)
        .env_remove("CAISEY_HOME")
        .env("CAISEY_PASSPHRASE", record::PASSPHRASE)
        .output()
        .unwrap()
}

/// What a call that has to succeed answers.
fn answer(arguments: &[&str]) -> String {
    let output = caisey(arguments);
    assert!(output.status.success(), "{arguments:?}: {}", said(&output));
    String::from_utf8(output.stdout).unwrap()
}

/// What goes to people.
fn said(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn what_is_no_record_is_told_apart_from_a_record_that_does_not_hold() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("session.json");
    let name = file.to_str().unwrap();
    let missing = caisey(&["verify", name]);
    assert_eq!(missing.status.code(), Some(2), "{}", said(&missing));
    for content in ["", "not json", "{\"format\":\"something else\"}", "\u{1b}[31m"] {
        std::fs::write(&file, content).unwrap();
        let refused = caisey(&["verify", name]);
        assert_eq!(refused.status.code(), Some(2), "{content}: {}", said(&refused));
        assert!(said(&refused).contains("is not an exported record"), "{}", said(&refused));
        assert!(!said(&refused).contains('\u{1b}'));
    }
    let empty = r#"{"format":"caisey.session-export/v1","log":"a/b/c","session":{"session":"ses_x"},"first_seq":0,"last_seq":0,"entries":[]}"#;
    std::fs::write(&file, empty).unwrap();
    let broken = caisey(&["verify", name]);
    assert_eq!(broken.status.code(), Some(1), "{}", said(&broken));
    assert!(String::from_utf8_lossy(&broken.stdout).contains("FAILS"));
    assert!(said(&broken).contains("does NOT hold"));
}

#[test]
fn a_machine_without_a_cache_is_told_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [
        &["sessions"][..],
        &["search", "payroll"],
        &["export", "ses_x", "--pdf", "x.pdf"],
    ] {
        let output = caisey(&[&["--home", folder.path().to_str().unwrap()], arguments].concat());
        assert_eq!(output.status.code(), Some(2));
        assert!(said(&output).contains("holds no console's cache"), "{}", said(&output));
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn an_export_needs_a_form() {
    assert_eq!(caisey(&["export", "ses_x"]).status.code(), Some(2));
}
