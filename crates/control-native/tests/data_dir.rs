//! The data directory: one process at a time, keys made once and kept to the owner.

use crate::desk::Desk;
use caisey_control_native::{Config, ControlPlane, StartError};
use caisey_protocol::http::Health;
use std::os::unix::fs::PermissionsExt as _;

#[tokio::test(flavor = "multi_thread")]
async fn a_second_control_plane_is_refused_with_words_and_let_in_after_the_first_has_stopped() {
    let desk = Desk::start().await;
    let data = desk.dir.path().join("data");
    let before: Health = desk.call("GET", "/healthz", None, None::<&()>).await.ok();
    let Err(error) = ControlPlane::start(Config::embedded(&data)).await else {
        panic!("a second one started")
    };
    assert!(error.to_string().contains("another control plane is using"), "{error}");
    for key in ["checkpoint.key", "local-issuer.key"] {
        let mode = std::fs::metadata(data.join("keys").join(key)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{key}");
    }
    let organisation = desk.organisation();
    desk.running.shutdown().await;
    let again = ControlPlane::start(Config::embedded(&data)).await.unwrap();
    assert_eq!(
        again.local_issuer().unwrap().organisation(),
        organisation,
        "another port changes nobody's identity"
    );
    let after: Health = reqwest::get(format!("{}/healthz", again.base_url))
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(after.checkpoint_key, before.checkpoint_key);
    again.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_key_stops_the_start_instead_of_being_replaced() {
    let desk = Desk::start().await;
    let data = desk.dir.path().join("data");
    desk.running.shutdown().await;
    let path = data.join("keys/checkpoint.key");
    std::fs::write(&path, "AAAA").unwrap();
    let Err(StartError::Data(error)) = ControlPlane::start(Config::embedded(&data)).await else {
        panic!("it started")
    };
    assert!(error.to_string().contains("restore it from a backup"), "{error}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "AAAA");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_authority_that_would_break_signed_notes_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    for authority in ["", "a b", "a/b", "a\nb"] {
        let config = Config {
            authority: authority.into(),
            ..Config::embedded(dir.path())
        };
        assert!(
            matches!(ControlPlane::start(config).await, Err(StartError::Authority(_))),
            "{authority:?}"
        );
    }
}
