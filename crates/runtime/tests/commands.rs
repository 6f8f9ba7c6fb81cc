//! Commands of a real shell: what they print, how they end, and that nothing of them is left.

use crate::control::{Control, Manners};
use caisey_ledger::event::{Event, Interpreter, Phase, RunOutcome, Stream};
use caisey_ledger::text::TextSeed;
use caisey_protocol::runtime::ToRuntime;
use caisey_runtime::Limits;
use sha2::{Digest, Sha256};
use std::time::Duration;

async fn control() -> std::sync::Arc<Control> {
    Control::start(Manners::default()).await
}

/// Whether any process of this machine has this text on its command line.
fn alive(marker: &str) -> bool {
    std::fs::read_dir("/proc").unwrap().flatten().any(|entry| {
        let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let state = std::fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        String::from_utf8_lossy(&line).replace('\0', " ").contains(marker) && !state.contains(") Z ")
    })
}

#[tokio::test]
async fn a_command_is_recorded_from_start_to_end() {
    let control = control().await;
    let (dir, runtime) = control.endpoint(Limits::default()).await;
    let cwd = dir.path().to_str().unwrap().to_owned();
    let action = control.next_action();
    let proposal = control.proposal(&action, "pwd; echo err >&2; exit 3", |draft| {
        draft.text("cwd", cwd.clone(), TextSeed::from_bytes([4; 32]))
    });
    control.send(proposal);
    let told = control.finished(&action).await;
    assert_eq!(told.kinds().first().unwrap(), "command.started");
    assert_eq!(told.kinds().last().unwrap(), "command.finished");
    assert_eq!(told.stdout(), format!("{cwd}\n"));
    assert_eq!(told.output(Stream::Stderr), b"err\n");
    assert_eq!(told.end(), (RunOutcome::Exited, Some(3), None));
    assert_eq!(told.text("cwd"), cwd);
    assert!(!told.text("user").is_empty());
    let bytes = told.events.iter().find_map(|(event, _)| match event {
        Event::CommandFinished {
            stdout_bytes,
            stderr_bytes,
            ..
        } => Some((*stdout_bytes, *stderr_bytes)),
        _ => None,
    });
    assert_eq!(bytes, Some((cwd.len() as u64 + 1, 4)));
    runtime.stop().await;
}

#[tokio::test]
async fn the_text_reaches_the_shell_unchanged() {
    let control = control().await;
    let (_dir, runtime) = control.endpoint(Limits::default()).await;
    let text = "printf '%s|' 'it'\"'\"'s' \"a  b\" '$HOME' 'ünï' \"$(echo sub)\"\nprintf '%s' \"$0\"";
    assert_eq!(control.done(text).await.stdout(), "it's|a  b|$HOME|ünï|sub|sh");
    let action = control.next_action();
    control.send(control.proposal_for(
        &action,
        Interpreter::Bash,
        9_000,
        "printf '%s' \"${BASH_VERSION:+bash}\"",
        |draft| draft,
    ));
    assert_eq!(control.finished(&action).await.stdout(), "bash");
    // Nothing can be asked for: standard input is at its end, and there is no terminal.
    let told = control
        .done("read answer; echo \"$? [$answer]\"; (: </dev/tty) 2>/dev/null && echo terminal || echo none")
        .await;
    assert_eq!(told.stdout(), "1 []\nnone\n");
    runtime.stop().await;
}

#[tokio::test]
async fn any_bytes_come_back_exactly() {
    let control = control().await;
    let (_dir, runtime) = control.endpoint(Limits::default()).await;
    // The shell's printf knows octal only; the last character comes in two halves, with a flush between them.
    let told = control.done(r"printf '\377\376ok\000\033[2J\303\251\342\202\303\364\217\274\200'; printf '\360\237'; sleep 0.4; printf '\230\200'").await;
    assert_eq!(
        told.output(Stream::Stdout),
        b"\xff\xfeok\0\x1b[2J\xc3\xa9\xe2\x82\xc3\xf4\x8f\xbc\x80\xf0\x9f\x98\x80"
    );
    let told = control.done("head -c 300000 /dev/urandom | tee /tmp/caisey-test-random.$$ | cat; sha256sum < /tmp/caisey-test-random.$$ >&2; rm /tmp/caisey-test-random.$$").await;
    let digest: String = Sha256::digest(told.output(Stream::Stdout))
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(
        String::from_utf8(told.output(Stream::Stderr))
            .unwrap()
            .split(' ')
            .next()
            .unwrap(),
        digest
    );
    runtime.stop().await;
}

#[tokio::test]
async fn output_streams_while_the_command_runs() {
    let control = control().await;
    let (_dir, runtime) = control.endpoint(Limits::default()).await;
    let action = control.run("echo first; sleep 1000");
    let early = control
        .until("the first line", |view| {
            let told = view.about(&action);
            (!told.output(Stream::Stdout).is_empty()).then_some(told)
        })
        .await;
    assert_eq!(early.stdout(), "first\n");
    assert!(!early.kinds().contains(&"command.finished".to_owned()));
    control.tell(ToRuntime::Cancel { action: action.clone() });
    assert_eq!(control.finished(&action).await.end(), (RunOutcome::Cancelled, None, None));
    runtime.stop().await;
}

#[tokio::test]
async fn signals_and_missing_things_are_told_apart() {
    let control = control().await;
    let (_dir, runtime) = control.endpoint(Limits::default()).await;
    assert_eq!(
        control.done("kill -TERM $$").await.end(),
        (RunOutcome::Signalled, None, Some(15))
    );
    assert_eq!(
        control.done("no-such-program-here").await.end(),
        (RunOutcome::Exited, Some(127), None)
    );
    let action = control.next_action();
    control.send(control.proposal(&action, "true", |draft| {
        draft.text("cwd", "/no/such/place", TextSeed::from_bytes([4; 32]))
    }));
    let told = control.finished(&action).await;
    assert_eq!(told.end().0, RunOutcome::NotStarted);
    assert!(told.text("detail").contains("working directory"));
    let action = control.next_action();
    control.send(control.proposal_for(&action, Interpreter::Cmd, 9_000, "dir", |draft| draft));
    assert_eq!(control.finished(&action).await.end().0, RunOutcome::NotStarted);
    runtime.stop().await;
}

#[tokio::test]
async fn cancelling_kills_the_whole_tree() {
    let control = control().await;
    let (_dir, runtime) = control.endpoint(Limits::default()).await;
    // Background jobs, a new session, a double fork, one that ignores polite signals and one that keeps forking.
    let command = "sleep 1000.1PID & sleep 1000.2PID & \
                   setsid sh -c 'sleep 1000.3PID' & \
                   (setsid sh -c 'sleep 1000.4PID & exec true' &) ; \
                   sh -c 'trap \"\" TERM INT HUP; while :; do sleep 1000.5PID; done' & \
                   sh -c 'while :; do sleep 0.01; (sleep 1000.6PID &); sleep 0.05; done' & \
                   sleep 0.5; echo ready; wait";
    let pid = std::process::id().to_string();
    let action = control.run(&command.replace("PID", &pid));
    control
        .until("ready", |view| view.about(&action).stdout().contains("ready").then_some(()))
        .await;
    for part in 1..=6 {
        assert!(alive(&format!("1000.{part}{pid}")), "part {part} never ran");
    }
    control.tell(ToRuntime::Cancel { action: action.clone() });
    assert_eq!(control.finished(&action).await.end().0, RunOutcome::Cancelled);
    for part in 1..=6 {
        assert!(!alive(&format!("1000.{part}{pid}")), "part {part} survived");
    }
    runtime.stop().await;
}

#[tokio::test]
async fn a_time_limit_kills_the_whole_tree() {
    let control = control().await;
    let (_dir, runtime) = control.endpoint(Limits::default()).await;
    let action = control.next_action();
    control.send(control.proposal_for(
        &action,
        Interpreter::Sh,
        700,
        "setsid sleep 2000.111 & echo on; sleep 2000.222",
        |draft| draft,
    ));
    let told = control.finished(&action).await;
    assert_eq!(told.end().0, RunOutcome::TimedOut);
    assert_eq!(told.stdout(), "on\n");
    assert!(!alive("sleep 2000.111") && !alive("sleep 2000.222"));
    runtime.stop().await;
}

#[tokio::test]
async fn what_a_command_leaves_behind_lives_on_and_is_named() {
    let control = control().await;
    let limits = Limits {
        linger: Duration::from_millis(300),
        ..Limits::default()
    };
    let (_dir, runtime) = control.endpoint(limits).await;
    let told = control.done("sleep 4.777 & echo started").await;
    assert_eq!(
        (told.end(), told.stdout().as_str()),
        ((RunOutcome::Exited, Some(0), None), "started\n")
    );
    assert!(told.text("detail").contains("left behind"));
    assert!(alive("sleep 4.777"));
    runtime.stop().await;
}

#[tokio::test]
async fn a_flood_is_kept_in_bounds_and_what_is_missing_is_stated() {
    let control = control().await;
    let limits = Limits {
        head_bytes: 300_000,
        tail_bytes: 100_000,
        ..Limits::default()
    };
    let (_dir, runtime) = control.endpoint(limits).await;
    // 96 MiB of numbered lines, while another command must not be held up.
    let flood = control.run("yes 0123456789abcde | head -c 100663296 | cat -n");
    let small = control.done("echo beside").await;
    assert_eq!(small.stdout(), "beside\n");
    let told = control.finished(&flood).await;
    assert_eq!(told.end(), (RunOutcome::Exited, Some(0), None));
    let (printed, omitted, digest) = flood_figures(&told);
    let kept = told.output(Stream::Stdout);
    assert_eq!(kept.len(), 400_000);
    assert_eq!(printed, omitted + kept.len() as u64);
    // The record can be checked against the command's own output, made again.
    let again = std::process::Command::new("sh")
        .args(["-c", "yes 0123456789abcde | head -c 100663296 | cat -n"])
        .output()
        .unwrap()
        .stdout;
    assert_eq!(printed, again.len() as u64);
    assert_eq!(kept, [&again[..300_000], &again[again.len() - 100_000..]].concat());
    let missing: String = Sha256::digest(&again[300_000..again.len() - 100_000])
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(digest, missing);
    runtime.stop().await;
}

fn flood_figures(told: &crate::control::Told) -> (u64, u64, String) {
    let mut figures = (0, 0, String::new());
    for (event, _) in &told.events {
        match event {
            Event::CommandFinished { stdout_bytes, .. } => figures.0 = *stdout_bytes,
            Event::CommandOutputOmitted {
                omitted_bytes,
                omitted_sha256,
                ..
            } => {
                assert_eq!(figures.1, 0, "one omission");
                figures.1 = *omitted_bytes;
                figures.2.clone_from(omitted_sha256);
            }
            _ => {}
        }
    }
    figures
}

#[tokio::test]
async fn state_is_read_before_and_after() {
    let control = control().await;
    let (dir, runtime) = control.endpoint(Limits::default()).await;
    let file = dir.path().join("setting");
    std::fs::write(&file, "old").unwrap();
    let action = control.next_action();
    let probe = format!("cat {}", file.display());
    control.send(
        control.proposal(&action, &format!("printf new > {}", file.display()), |draft| {
            draft.text("probe", probe.clone(), TextSeed::from_bytes([4; 32]))
        }),
    );
    let told = control
        .until("both states", |view| {
            let told = view.about(&action);
            (told.kinds().iter().filter(|kind| *kind == "state.captured").count() == 2).then_some(told)
        })
        .await;
    let states: Vec<_> = told
        .events
        .iter()
        .filter_map(|(event, texts)| match event {
            Event::StateCaptured {
                phase,
                exit_code: Some(0),
                complete: true,
            } => Some((*phase, texts["state"].as_str())),
            _ => None,
        })
        .collect();
    assert_eq!(states, [(Phase::Before, "old"), (Phase::After, "new")]);
    assert_eq!(told.kinds()[0], "state.captured");
    runtime.stop().await;
}

/// Waits for both states of an action, and gives what was read, before and after.
async fn states(control: &Control, action: &caisey_ledger::id::ActionId) -> Vec<(Phase, Option<i64>, bool, String, String)> {
    let told = control
        .until("both states", |view| {
            let told = view.about(action);
            (told.kinds().iter().filter(|kind| *kind == "state.captured").count() == 2).then_some(told)
        })
        .await;
    assert_eq!(told.kinds()[0], "state.captured");
    let captured = told.events.iter().filter_map(|(event, texts)| match event {
        Event::StateCaptured {
            phase,
            exit_code,
            complete,
        } => Some((*phase, *exit_code, *complete, texts["probe"].clone(), texts["state"].clone())),
        _ => None,
    });
    captured.collect()
}

#[tokio::test]
async fn the_endpoint_chooses_the_probe_of_a_command_that_it_knows() {
    let control = control().await;
    let (dir, runtime) = control.endpoint(Limits::default()).await;
    let file = dir.path().join("it's; a file");
    std::fs::write(&file, "x").unwrap();
    let command = format!("chmod 751 \"{}\"", file.display());
    let action = control.run(&command);
    let found = states(&control, &action).await;
    let modes: Vec<_> = found
        .iter()
        .map(|(phase, code, whole, _, state)| (*phase, *code, *whole, state.get(..10).unwrap().to_owned()))
        .collect();
    assert_eq!(modes[0], (Phase::Before, Some(0), true, "-rw-r--r--".to_owned()));
    assert_eq!(modes[1], (Phase::After, Some(0), true, "-rwxr-x--x".to_owned()));
    assert!(found[0].3.starts_with("ls -ld -- "), "{}", found[0].3);
    // What only reads is not looked at twice.
    let read = control.done("ls -l /").await;
    assert!(!read.kinds().contains(&"state.captured".to_owned()));
    runtime.stop().await;
}

#[tokio::test]
async fn a_probe_that_fails_goes_on_record_and_stops_nothing() {
    let control = control().await;
    let (dir, runtime) = control.endpoint(Limits::default()).await;
    let made = dir.path().join("made");
    let action = control.run(&format!("mkdir {}", made.display()));
    let found = states(&control, &action).await;
    assert!(
        found[0].1.is_some_and(|code| code != 0) && found[0].4.contains("No such file"),
        "{found:?}"
    );
    assert!(found[1].1 == Some(0) && found[1].4.starts_with("drwx"), "{found:?}");
    assert!(made.is_dir());
    runtime.stop().await;
}
