//! An organisation that moves between two data directories, as an operator does it: served, exported, imported, served again.

use crate::desk::{Desk, now};
use crate::story::verified;
use caisey_control_native::{Config, ControlPlane, MoveError, export, import};
use caisey_ledger::id::{OrganisationId, SessionId};
use caisey_protocol::http::{EntriesPage, Submit, Submitted};
use caisey_testkit::runtime::Runtime;
use std::fs;
use std::path::{Path, PathBuf};

struct Moved {
    desk: Desk,
    organisation: OrganisationId,
    runtime: Runtime,
    file: PathBuf,
    log: Vec<(String, serde_json::Value)>,
}

fn served(data: &Path) -> Config {
    Config::embedded(data)
}

/// A data directory that has the first one's keys and people and nothing else.
fn prepared(from: &Path, to: &Path) {
    fs::create_dir_all(to.join("keys")).unwrap();
    for file in ["keys/checkpoint.key", "keys/local-issuer.key", "local-issuer.sqlite"] {
        fs::copy(from.join(file), to.join(file)).unwrap();
    }
}

impl Moved {
    async fn out() -> Self {
        let desk = Desk::start().await;
        let owner = desk.owner();
        let (_, runtime) = desk.machine(&owner, 1).await;
        desk.machine(&owner, 2).await;
        let mut person = desk.person(&owner, 3).await;
        let statement = person.open(&runtime.log, now(), &SessionId::from_bits([1; 16]));
        let path = format!("/v1/endpoints/{}/statements", runtime.endpoint);
        let _: Submitted = desk.post(&path, &owner, &Submit { version: 1, statement }).await.ok();
        let log = verified(&desk, &owner, &runtime).await;
        let organisation = desk.organisation();
        let Desk { running, http, dir } = desk;
        running.shutdown().await;
        let (data, file) = (dir.path().join("data"), dir.path().join("moved"));
        let moved = export(&data, &organisation, &file).unwrap();
        assert_eq!((moved.objects, moved.header.authority.as_str()), (3, "caisey.local"));
        assert!(moved.set_aside.unwrap().join("organisation.sqlite").is_file());
        assert!(!data.join(organisation.as_str()).exists(), "what left is served no more");
        let running = ControlPlane::start(served(&data)).await.unwrap();
        let desk = Desk { running, http, dir };
        let owner = desk.owner();
        let entries = desk.get(&format!("/v1/endpoints/{}/entries", runtime.endpoint), &owner).await;
        assert_eq!(entries.status, 404, "{}", entries.text);
        Self {
            desk,
            organisation,
            runtime,
            file,
            log,
        }
    }

    fn data(&self) -> PathBuf {
        self.desk.dir.path().join("data")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_organisation_that_was_moved_is_served_elsewhere_and_grows_there() {
    let moved = Moved::out().await;
    let second = moved.desk.dir.path().join("second");
    let without_key = import(&second, &moved.file).unwrap_err();
    assert!(matches!(without_key, MoveError::NoKey(_)), "{without_key}");
    prepared(&moved.data(), &second);
    assert_eq!(import(&second, &moved.file).unwrap().objects, 3);
    let again = import(&second, &moved.file).unwrap_err();
    assert!(again.to_string().contains("is here already"), "{again}");
    let Moved { desk, runtime, log, .. } = moved;
    let Desk { running, http, dir } = desk;
    running.shutdown().await;
    let running = ControlPlane::start(served(&second)).await.unwrap();
    let desk = Desk { running, http, dir };
    let owner = desk.owner();
    assert_eq!(verified(&desk, &owner, &runtime).await, log);
    let admin: EntriesPage = desk.get("/v1/admin-log", &owner).await.ok();
    assert!(admin.size >= 5);
    let mut runtime = runtime;
    let _socket = desk.connect(&mut runtime).await;
    assert_eq!(
        verified(&desk, &owner, &runtime).await.len(),
        log.len() + 1,
        "the runtime goes on"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_damaged_or_of_another_control_plane_is_refused_and_leaves_nothing() {
    let moved = Moved::out().await;
    let text = fs::read_to_string(&moved.file).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let second = moved.desk.dir.path().join("second");
    prepared(&moved.data(), &second);
    let file = moved.desk.dir.path().join("bent");
    let last = lines.len() - 1;
    let cases: Vec<(&str, String)> = vec![
        ("cut short", lines[..last].join("\n")),
        ("without its last object", {
            let from = lines.iter().rposition(|line| line.starts_with("[\"object\"")).unwrap();
            [&lines[..from], &lines[last..]].concat().join("\n")
        }),
        (
            "of a newer format",
            text.replacen("[\"caisey-move\",1,", "[\"caisey-move\",2,", 1),
        ),
        ("of another authority", text.replacen("caisey.local", "caisey.other", 1)),
        ("with something behind it", format!("{text}[]\n")),
        ("not one at all", "hello\n".to_owned()),
        ("empty", String::new()),
        ("with a letter changed", text.replacen("tests", "texts", 1)),
    ];
    for (what, bent) in cases {
        fs::write(&file, bent).unwrap();
        let refused = import(&second, &file);
        assert!(refused.is_err(), "{what}");
        assert!(!second.join(moved.organisation.as_str()).exists(), "{what}");
    }
    let stranger = moved.desk.dir.path().join("stranger");
    drop(ControlPlane::start(served(&stranger)).await.unwrap());
    let other_key = import(&stranger, &moved.file).map_err(|error| error.to_string());
    assert!(
        other_key
            .as_ref()
            .is_err_and(|why| why.contains("another key") || why.contains("is using")),
        "{other_key:?}"
    );
    // And the whole file still arrives after all of these.
    import(&second, &moved.file).unwrap();
    let missing = export(&second, &OrganisationId::from_bits([9; 16]), &file.with_extension("x")).unwrap_err();
    assert!(matches!(missing, MoveError::Unknown(_)), "{missing}");
    let exists = export(&second, &moved.organisation, &moved.file).unwrap_err();
    assert!(exists.to_string().contains("is here already"), "{exists}");
}
