//! `kill -9` of the real program while commands stream: nothing acknowledged is lost, nothing is said twice, counters stay dense, and
//! what became unknown is said to be.

use crate::control::{Control, Manners};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// The real program; killed if a test forgets it.
pub(crate) struct Program(pub(crate) Child);

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub(crate) fn start(state: &Path) -> Program {
    let program = Command::new(env!("CARGO_BIN_EXE_caisey-runtime"))
        .args(["run", "--foreground", "--state"])
        .arg(state)
        .env("CAISEY_LOG", "warn")
        .stdin(Stdio::null())
        .spawn();
    Program(program.unwrap())
}

#[tokio::test]
async fn killed_again_and_again() {
    let control = Control::start(Manners {
        ack_delay: Duration::from_millis(5),
        ..Manners::default()
    })
    .await;
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("state");
    control.enrol(&state);
    let mut program = start(&state);
    let mut lost = 0;
    for round in 0..6u64 {
        let ran = dir.path().join(format!("ran-{round}"));
        let marker = format!("3000.{round}{}", std::process::id());
        let action = control.run(&format!(
            "echo x >> {}; (setsid sleep {marker} &); i=0; while :; do echo line $i; i=$((i+1)); sleep 0.002; done",
            ran.display()
        ));
        control
            .until("streaming", |view| (view.about(&action).stdout().len() > 20).then_some(()))
            .await;
        tokio::time::sleep(Duration::from_millis(37 * round)).await;
        drop(program);
        program = start(&state);
        let told = control.finished(&action).await;
        assert_eq!(told.gaps(), ["restarted"]);
        assert!(told.text("detail").len() > 20);
        // Every line that is on record is there once and in order.
        let printed = told.stdout();
        let complete = printed.rsplit_once('\n').unwrap().0;
        for (number, line) in complete.lines().enumerate() {
            assert_eq!(line, format!("line {number}"));
        }
        lost += usize::from(printed.lines().count() == 0);
        assert_eq!(std::fs::read_to_string(&ran).unwrap(), "x\n", "ran once");
        assert!(!alive(&marker), "a leftover of round {round} survived");
    }
    assert_eq!(lost, 0);
    assert_eq!(control.done("echo fine").await.stdout(), "fine\n");
    end(program).await;
    control.until("goodbye", |view| view.said_goodbye().then_some(())).await;
}

/// Asks the program to stop, politely, and waits; the control plane of this test goes on answering meanwhile.
pub(crate) async fn end(mut program: Program) {
    rustix::process::kill_process(rustix::process::Pid::from_child(&program.0), rustix::process::Signal::TERM).unwrap();
    let ended = tokio::task::spawn_blocking(move || program.0.wait());
    assert!(ended.await.unwrap().unwrap().success());
}

fn alive(marker: &str) -> bool {
    std::fs::read_dir("/proc").unwrap().flatten().any(|entry| {
        let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let state = std::fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        String::from_utf8_lossy(&line).contains(marker) && !line.starts_with(b"sh\0") && !state.contains(") Z ")
    })
}

/// Orphans that left their session and cleared their environment are adopted by the program, and still die with their command.
#[tokio::test]
async fn the_program_finds_processes_that_hide() {
    let control = Control::start(Manners::default()).await;
    let dir = tempfile::tempdir().unwrap();
    control.enrol(&dir.path().join("state"));
    let program = start(&dir.path().join("state"));
    let marker = format!("4000.{}", std::process::id());
    let command = format!("(env -i setsid sh -c '(/bin/sleep {marker} &) ; exec true' &); sleep 0.3; echo ready; sleep 1000");
    let action = control.run(&command);
    control
        .until("ready", |view| view.about(&action).stdout().contains("ready").then_some(()))
        .await;
    assert!(alive(&marker));
    control.tell(caisey_protocol::runtime::ToRuntime::Cancel { action: action.clone() });
    control.finished(&action).await;
    assert!(!alive(&marker));
    end(program).await;
}
