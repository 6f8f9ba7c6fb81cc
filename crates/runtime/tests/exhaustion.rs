//! A command that prints a gibibyte, and one that fills the disk under the record.

use crate::control::{Control, Manners, Told};
use crate::crash::{Program, end, start};
use caisey_ledger::event::{Event, RunOutcome, Stream};
use std::process::{Command, Stdio};
use std::time::Duration;

fn peak_memory_kib(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_ascii_whitespace().nth(1).unwrap().parse().unwrap()
}

fn omitted(told: &Told) -> u64 {
    let bytes = told.events.iter().map(|(event, _)| match event {
        Event::CommandOutputOmitted { omitted_bytes, .. } => *omitted_bytes,
        _ => 0,
    });
    bytes.sum()
}

/// The real program with its real limits; another session works on meanwhile.
#[tokio::test]
async fn a_gibibyte_neither_fills_memory_nor_stalls_others() {
    let control = Control::start(Manners::default()).await;
    let dir = tempfile::tempdir().unwrap();
    control.enrol(&dir.path().join("state"));
    let program = start(&dir.path().join("state"));
    let flood = control.run("head -c 1073741824 /dev/zero");
    control
        .until("the flood", |view| (!view.about(&flood).kinds().is_empty()).then_some(()))
        .await;
    assert_eq!(control.done("echo beside").await.stdout(), "beside\n");
    let told = control.finished(&flood).await;
    let kept = told.output(Stream::Stdout).len() as u64;
    assert_eq!((told.end().0, kept), (RunOutcome::Exited, 9 << 20));
    assert_eq!(kept + omitted(&told), 1 << 30);
    let peak = peak_memory_kib(program.0.id());
    assert!(peak < 96 * 1024, "{peak} KiB");
    let disk = std::fs::metadata(dir.path().join("state/outbox.db")).unwrap().len();
    assert!(disk < 128 << 20, "{disk} bytes");
    end(program).await;
}

/// The state lies on a file system of two mebibytes, in a mount namespace of its own; a command fills it and goes on printing.
#[tokio::test]
async fn a_full_disk_ends_the_command_and_goes_on_record() {
    let control = Control::start(Manners::default()).await;
    let dir = tempfile::tempdir().unwrap();
    control.enrol(&dir.path().join("enrolled"));
    let small = dir.path().join("small");
    std::fs::create_dir(&small).unwrap();
    let script =
        r#"mount -t tmpfs -o size=2m,mode=700 none "$1" && cp -a "$2"/. "$1"/ && exec "$3" run --foreground --state "$1""#;
    let program = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-c", script, "sh"])
        .args([
            small.as_os_str(),
            dir.path().join("enrolled").as_os_str(),
            env!("CARGO_BIN_EXE_caisey-runtime").as_ref(),
        ])
        .env("CAISEY_LOG", "off")
        .stdin(Stdio::null())
        .spawn();
    let program = Program(program.unwrap());
    assert_eq!(control.done("echo room").await.stdout(), "room\n");
    let fill = small.join("fill");
    let full = control.run(&format!(
        "echo begun; sleep 1; head -c 9000000 /dev/zero > {} 2>/dev/null; while :; do head -c 3000 /dev/zero | tr '\\0' x; sleep 0.02; done",
        fill.display()
    ));
    control
        .until("the start", |view| {
            (!view.about(&full).output(Stream::Stdout).is_empty()).then_some(())
        })
        .await;
    tokio::time::sleep(Duration::from_secs(4)).await;
    let late = control.run("echo must not run");
    tokio::time::sleep(Duration::from_secs(1)).await;
    // The namespace's view of the directory, from outside.
    std::fs::remove_file(format!("/proc/{}/root{}", program.0.id(), fill.display())).unwrap();
    let told = control.finished(&full).await;
    assert_eq!(told.end().0, RunOutcome::Cancelled);
    assert!(told.events.iter().any(|(_, texts)| {
        texts
            .get("detail")
            .is_some_and(|detail| detail.contains("its record could not be kept"))
    }));
    assert_eq!(control.finished(&late).await.refusal(), "not_recorded");
    let gaps = control
        .until("the gap", |view| Some(view.all().gaps()).filter(|gaps| !gaps.is_empty()))
        .await;
    assert_eq!(gaps[0], "disk_full");
    assert_eq!(control.done("echo room again").await.stdout(), "room again\n");
    end(program).await;
}
