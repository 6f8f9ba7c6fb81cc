//! `caisey` on a real record: the cache of a console that worked on a real control plane, a real runtime and a real shell.
//! One story, because setting it up costs most of the time.

use crate::{answer, caisey, said};
use caisey_console::passphrase::PassphraseKeyStore;
use caisey_console::ports::SystemEntropy;
use caisey_console::view::{NewCommand, NewInstaller, TimelineItem};
use caisey_console::{Access, BearerToken, Console, ConsoleConfig, FixedToken, Ports, SignIn};
use caisey_control_native::{Config, ControlPlane};
use caisey_runtime::{Limits, Runtime, StateDir};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Protects the cache, on machines with and without a key store alike.
pub(crate) const PASSPHRASE: &str = "correct horse battery staple";

/// Generous: the machine may be busy.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(Instant::now() < end, "waited {PATIENCE:?} for {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

pub(crate) async fn signed_in(home: &Path, base_url: &str, token: &str) -> Console {
    std::fs::create_dir_all(home).unwrap();
    let config = ConsoleConfig {
        data_dir: home.join("cache"),
        device_label: "test".to_owned(),
        access: Access::ReadWrite,
    };
    let keys = PassphraseKeyStore::open(home, PASSPHRASE, &SystemEntropy).unwrap();
    let console = Console::open(config, Ports::with_keys(Arc::new(keys))).await.unwrap();
    console
        .sign_in(SignIn {
            base_url: base_url.to_owned(),
            tokens: Arc::new(FixedToken(BearerToken::new(token))),
            embedded: false,
        })
        .await
        .unwrap();
    console
}

pub(crate) async fn enrolled(console: &Console, base_url: &str, folder: &Path) -> Runtime {
    let client = console.create_client("Northgate Retail").await.unwrap();
    let installer = console
        .create_installer(NewInstaller {
            client,
            label: "Till".to_owned(),
            valid_for_ms: Some(600_000),
            max_uses: Some(1),
        })
        .await
        .unwrap();
    let state = StateDir::open(folder.to_owned()).unwrap();
    caisey_runtime::enrol(&state, &base_url.parse().unwrap(), &installer.token)
        .await
        .unwrap();
    Runtime::start(&state, Limits::default()).await.unwrap()
}

/// A session in which a file's mode was changed and read before and after.
async fn changed_mode(console: &Console, file: &Path) -> String {
    let endpoint = until("an endpoint that answers", async || {
        let row = console.overview().await.unwrap().endpoints.into_iter().next()?;
        let answer = console.ask_sendable(&row.endpoint).await;
        answer.is_ok_and(|answer| answer.sendable).then_some(row.endpoint)
    })
    .await;
    let session = console
        .open_session(&endpoint, "Ticket 88213: keep others out")
        .await
        .unwrap();
    let command = NewCommand {
        command: format!("chmod 600 '{}'", file.display()),
        interpreter: None,
        reason: "Others could read it".to_owned(),
        cwd: None,
        probe: Some(format!("stat -c 'mode %a' '{}'", file.display())),
        timeout_ms: None,
    };
    console.propose(&session, command).await.unwrap();
    let has = |items: &[TimelineItem], kind: &str, times: usize| items.iter().filter(|item| item.kind == kind).count() == times;
    let entries = async |kind: &str, times: usize| {
        until(kind, async || {
            let items = console.session_detail(&session).await.ok()?.items;
            has(&items, kind, times).then_some(())
        })
        .await;
    };
    entries("state.captured", 2).await;
    console.close_session(&session).await.unwrap();
    entries("session.closed", 1).await;
    console.wait_synchronised(None, PATIENCE).await.unwrap();
    session
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_record_is_shown_with_what_changed_and_handed_over_with_its_proofs() {
    let folder = tempfile::tempdir().unwrap();
    let (home, file) = (folder.path().join("home"), folder.path().join("tills.conf"));
    std::fs::write(&file, "203.0.113.0/24\n").unwrap();
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    let plane = ControlPlane::start(Config::embedded(folder.path().join("control")))
        .await
        .unwrap();
    let token = plane.bootstrap_owner("Priya Raman").unwrap().access_token;
    let console = signed_in(&home, &plane.base_url, &token).await;
    let runtime = enrolled(&console, &plane.base_url, &folder.path().join("runtime")).await;
    let session = changed_mode(&console, &file).await;
    // Everything below is offline, and by the program alone.
    console.shut_down().await;
    runtime.stop().await;
    plane.shutdown().await;
    let home = home.to_str().unwrap();

    let shown = answer(&["--home", home, "show", &session]);
    assert!(shown.contains("    - mode 644\n    + mode 600\n"), "{shown}");
    assert!(shown.contains("1 lines gone, 1 new"), "{shown}");

    let pack = folder.path().join("evidence.caisey");
    let path = pack.to_str().unwrap();
    answer(&[
        "--home",
        home,
        "pack",
        "--session",
        &session,
        "--out",
        path,
        "--ask",
        "*payroll*",
    ]);
    let held = caisey(&["verify", path]);
    assert!(
        held.status.success(),
        "{}{}",
        String::from_utf8_lossy(&held.stdout),
        said(&held)
    );
    let mut bytes = std::fs::read(&pack).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    let altered = folder.path().join("altered.caisey");
    std::fs::write(&altered, bytes).unwrap();
    assert_ne!(caisey(&["verify", altered.to_str().unwrap()]).status.code(), Some(0));

    let name = file.file_name().unwrap().to_str().unwrap();
    let named = answer(&["--home", home, "certify", &format!("*{name}*"), "--session", &session]);
    assert!(named.contains("names it"), "{named}");
    let absent = answer(&["--home", home, "certify", "*payroll*", "--session", &session]);
    assert!(!absent.contains("names it"), "{absent}");
    let table = folder.path().join("actions.csv");
    answer(&[
        "--home",
        home,
        "audit",
        "--session",
        &session,
        "--csv",
        table.to_str().unwrap(),
    ]);
    let table = std::fs::read_to_string(table).unwrap();
    assert!(table.contains("chmod 600"), "{table}");
    let unknown = caisey(&["--home", home, "pack", "--session", "ses_x", "--out", path]);
    assert_eq!(unknown.status.code(), Some(2), "{}", said(&unknown));
}
