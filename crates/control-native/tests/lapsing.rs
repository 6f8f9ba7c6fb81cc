//! What lapses while nobody answers, on this host's own files.

use crate::approvals::Scene;
use crate::desk::{Desk, now};
use caisey_ledger::event::Decision;
use caisey_protocol::consent::ApprovalState;

/// Nobody waits for the minutes that a request lives: its stored end is set back while the control plane is down.
#[tokio::test(flavor = "multi_thread")]
async fn silence_is_a_no_and_a_late_yes_does_not_count() {
    let mut scene = Scene::set().await;
    scene.introduces_herself().await;
    scene.until_any("contact.trusted").await;
    let action = scene.propose().await;
    let late = scene.answer(&action, Decision::Approved, None).await;
    let data = scene.desk.dir.path().join("data");
    let organisation = scene.desk.organisation();
    let Desk { running, http, dir } = scene.desk;
    running.shutdown().await;
    let store = data.join(organisation.as_str()).join(format!("{}.sqlite", scene.endpoint));
    let set_back = "UPDATE approvals SET body = json_set(body, '$.approval.expires_at', ?1) WHERE action = ?2";
    let changed = rusqlite::Connection::open(store).unwrap().execute(
        set_back,
        rusqlite::params![i64::try_from(now().get()).unwrap() - 1, action.as_str()],
    );
    assert_eq!(changed.unwrap(), 1);
    let config = caisey_control_native::Config::embedded(dir.path().join("data"));
    let running = caisey_control_native::ControlPlane::start(config).await.unwrap();
    scene.desk = Desk { running, http, dir };
    assert_eq!(scene.until(&action, "approval.decided").await["decision"], "expired");
    assert_eq!(scene.until(&action, "action.refused").await["code"], "approval_expired");
    let reply = scene.decision(&scene.zdenka.token, late).await;
    assert_eq!((reply.status, reply.code().as_str()), (409, "conflict"), "{}", reply.text);
    assert_eq!(scene.until(&action, "approval.answer_refused").await["code"], "late");
    let view = scene.shown(&scene.technician.token, &action).await.unwrap();
    assert_eq!(view.state, ApprovalState::Expired);
    assert_eq!(scene.lines(), 0);
    scene.runtime.stop().await;
}
