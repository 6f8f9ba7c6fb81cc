//! The program's own interface: service definitions, clear refusals, status.

use crate::control::{Control, Manners};
use std::process::{Command, Output};

fn program(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_caisey-runtime"))
        .args(args)
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn every_platforms_definition_can_be_printed_anywhere() {
    let unit = text(&program(&["service", "print", "--platform", "linux", "--state", "/var/lib/a b"]).stdout);
    assert!(unit.contains("ExecStart=\"") && unit.contains("run --state \"/var/lib/a b\"") && unit.contains("Restart=always"));
    let plist = text(&program(&["service", "print", "--platform", "macos", "--state", "/x<y&z"]).stdout);
    assert!(plist.contains("<string>/x&lt;y&amp;z</string>") && plist.trim_end().ends_with("</plist>"));
    let script = text(&program(&["service", "print", "--platform", "windows", "--state", "C:\\it's"]).stdout);
    assert!(script.contains("$state = 'C:\\it''s'") && script.contains("New-Service -Name 'CaiseyRuntime'"));
    assert!(script.contains("run --service --state") && script.contains("sc.exe failure 'CaiseyRuntime'"));
}

/// systemd's own verifier, where there is one.
#[test]
fn systemd_accepts_the_unit() {
    let unit = program(&[
        "service",
        "print",
        "--platform",
        "linux",
        "--state",
        "/var/lib/caisey-runtime",
    ])
    .stdout;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("caisey-runtime.service");
    std::fs::write(&path, unit).unwrap();
    let Ok(checked) = Command::new("systemd-analyze").arg("verify").arg(&path).output() else {
        return;
    };
    let said = text(&checked.stderr);
    assert!(!said.contains("caisey-runtime.service:"), "{said}");
}

#[test]
fn refusals_are_clear() {
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("state");
    let path = state.to_str().unwrap();
    let not_enrolled = program(&["run", "--state", path]);
    assert!(!not_enrolled.status.success());
    assert!(
        text(&not_enrolled.stderr).contains("not enrolled"),
        "{}",
        text(&not_enrolled.stderr)
    );
    let nothing_to_run = program(&["service", "install", "--state", path]);
    assert!(!nothing_to_run.status.success());
    assert!(
        text(&nothing_to_run.stderr).contains("Enrol this machine first"),
        "{}",
        text(&nothing_to_run.stderr)
    );
    let unprotected = program(&[
        "enrol",
        "--control",
        "http://control.example",
        "--token",
        "x",
        "--state",
        path,
    ]);
    assert!(
        text(&unprotected.stderr).contains("use https"),
        "{}",
        text(&unprotected.stderr)
    );
    let unreachable = program(&[
        "enrol",
        "--control",
        "http://127.0.0.1:9",
        "--token",
        "secret-token",
        "--state",
        path,
    ]);
    assert!(!unreachable.status.success());
    let said = text(&unreachable.stderr);
    assert!(said.contains("cannot be reached") && !said.contains("secret-token"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn status_tells_where_things_stand() {
    let control = Control::start(Manners::default()).await;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("state");
    let state = control.enrol(&path);
    let status = || program(&["status", "--state", path.to_str().unwrap()]);
    assert!(text(&status().stdout).contains("not running"));
    let runtime = caisey_runtime::Runtime::start(&state, caisey_runtime::Limits::default())
        .await
        .unwrap();
    control.done("true").await;
    let said = text(&status().stdout);
    assert!(
        said.contains("runtime    running") && said.contains("connection connected"),
        "{said}"
    );
    assert!(
        caisey_runtime::Runtime::start(&state, caisey_runtime::Limits::default())
            .await
            .is_err(),
        "one at a time"
    );
    runtime.stop().await;
}
