//! Policies from a console's drafts to what really happens: on a real control plane, a real runtime and a real shell, what the dry run says of
//! a version is what is decided once it is published.
#![cfg(unix)]

use crate::record::{PATIENCE, enrolled, signed_in, until};
use caisey_console::view::{
    DryRunView, NewCommand, PolicyDraft, PolicyForm, PolicyRule, PolicyScope, PolicyThen, TimelineItem, TraitsView,
};
use caisey_console::{CancelFlag, Console};
use caisey_control_native::{Config, ControlPlane};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Changes on servers are forbidden, by a form as a person fills it in.
fn no_changes(after: u64) -> PolicyDraft {
    let rule = PolicyRule {
        label: "Nobody changes servers".into(),
        classes: vec!["changing".into()],
        roles: vec![],
        members: vec![],
        by_agent: Some(false),
        clients: vec![],
        endpoints: vec![],
        endpoint_classes: vec!["server".into()],
        attended: None,
        sensitive: None,
        elevated: None,
        client_has_contacts: None,
        window: None,
        then: PolicyThen::Forbid {},
    };
    PolicyDraft {
        name: "servers".into(),
        after,
        scope: PolicyScope::Organisation {},
        form: Some(PolicyForm { rules: vec![rule] }),
        text: None,
    }
}

async fn dry_run(console: &Console, draft: PolicyDraft) -> DryRunView {
    console.try_policy(draft, CancelFlag::default(), |_, _| ()).await.unwrap()
}

fn mode(file: &Path) -> u32 {
    std::fs::metadata(file).unwrap().permissions().mode() & 0o777
}

/// Proposes a command and waits for how it ends: `command.finished` or `action.refused`, with the texts.
async fn run(console: &Console, session: &str, command: String) -> TimelineItem {
    let command = NewCommand {
        command,
        interpreter: None,
        reason: "Ticket 88213".into(),
        cwd: None,
        probe: None,
        timeout_ms: None,
    };
    let action = console.propose(session, command).await.unwrap();
    until("the action's end", async || {
        let items = console.session_detail(session).await.ok()?.items;
        let ends = |item: &TimelineItem| item.kind == "command.finished" || item.kind == "action.refused";
        items
            .into_iter()
            .find(|item| item.action.as_ref() == Some(&action) && ends(item))
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_dry_run_says_is_what_is_decided_once_it_is_published() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tills.conf");
    std::fs::write(&file, "203.0.113.0/24\n").unwrap();
    let plane = ControlPlane::start(Config::embedded(folder.path().join("control")))
        .await
        .unwrap();
    let token = plane.bootstrap_owner("Priya Raman").unwrap().access_token;
    let console = signed_in(&folder.path().join("home"), &plane.base_url, &token).await;
    let runtime = enrolled(&console, &plane.base_url, &folder.path().join("runtime")).await;
    let endpoint = until("an endpoint that answers", async || {
        let row = console.overview().await.unwrap().endpoints.into_iter().next()?;
        let answer = console.ask_sendable(&row.endpoint).await;
        answer.is_ok_and(|answer| answer.sendable).then_some(row.endpoint)
    })
    .await;
    let session = console.open_session(&endpoint, "Ticket 88213").await.unwrap();
    let change = |mode: &str| format!("chmod {mode} '{}'", file.display());

    // Nobody has published anything, and the client has no contact: roles decide.
    let all = console.policies().await.unwrap();
    assert_eq!(
        (all.rows.len(), all.rows[0].name.as_str(), all.as_of_ms),
        (1, "default", None)
    );
    assert!(
        all.rows[0].sentences[0].starts_with("When anybody only looks"),
        "{:?}",
        all.rows[0]
    );
    assert_eq!(run(&console, &session, change("600")).await.kind, "command.finished");
    assert_eq!(mode(&file), 0o600);
    run(&console, &session, format!("cat '{}'", file.display())).await;
    console.wait_synchronised(None, PATIENCE).await.unwrap();

    // The draft would forbid it on servers, and this is none yet.
    let draft = console.draft_policy(no_changes(0)).await.unwrap();
    assert!(draft.complaints.is_empty() && draft.exact, "{draft:?}");
    assert_eq!(
        draft.rules[0].sentence,
        "When anybody in person changes something on endpoints of class server, it is forbidden."
    );
    let run_now = dry_run(&console, no_changes(0)).await;
    assert_eq!(
        (run_now.actions, run_now.groups.len(), run_now.missing),
        (2, 0, 0),
        "{run_now:?}"
    );
    let traits = TraitsView {
        class: Some("server".into()),
        ..TraitsView::default()
    };
    console.set_endpoint_traits(&endpoint, traits.clone()).await.unwrap();
    assert_eq!(console.endpoint_traits(&endpoint).await.unwrap(), traits);
    let said = dry_run(&console, no_changes(0)).await;
    assert_eq!((said.allowed, said.asked, said.forbidden), ((2, 1), (0, 0), (0, 1)));
    let group = &said.groups[0];
    assert_eq!(
        (
            group.before.kind.as_str(),
            group.after.kind.as_str(),
            group.direction.as_str(),
            group.count
        ),
        ("allow", "forbid", "stricter", 1)
    );
    let row = &group.rows[0];
    assert_eq!(
        (row.session.as_str(), row.command.as_str(), row.class.as_str()),
        (session.as_str(), change("600").as_str(), "changing")
    );
    assert_eq!(row.after_by, "servers v1: Nobody changes servers");
    let stopped = CancelFlag::default();
    stopped.cancel();
    assert_eq!(
        console
            .try_policy(no_changes(0), stopped, |_, _| ())
            .await
            .unwrap_err()
            .code(),
        "cancelled"
    );

    // Published, that is what happens; and only that.
    assert!(console.check_policy(no_changes(0)).await.unwrap().complaints.is_empty());
    let detail = console.publish_policy(no_changes(0)).await.unwrap();
    assert_eq!(
        (detail.row.version, detail.row.in_force, detail.row.published_by.as_deref()),
        (1, true, Some("Priya Raman"))
    );
    assert_eq!(detail.versions[0].form, no_changes(0).form);
    let refused = run(&console, &session, change("644")).await;
    let told: Vec<_> = refused.texts.iter().filter_map(|text| text.text.as_deref()).collect();
    assert_eq!(refused.kind, "action.refused", "{refused:?}");
    assert!(
        told.concat()
            .contains("Version 1 of the policy servers forbids this (Nobody changes servers)"),
        "{told:?}"
    );
    assert_eq!(mode(&file), 0o600, "nothing ran");
    assert_eq!(
        run(&console, &session, format!("cat '{}'", file.display())).await.kind,
        "command.finished"
    );
    let late = console
        .publish_policy(no_changes(0).with_text("// mine\n"))
        .await
        .unwrap_err();
    assert_eq!(late.code(), "conflict", "{late}");

    // The network is gone: everything can be read and tried, nothing published.
    console.wait_synchronised(None, PATIENCE).await.unwrap();
    runtime.stop().await;
    plane.shutdown().await;
    let offline = console.policies().await.unwrap();
    assert!(offline.as_of_ms.is_some());
    assert_eq!(
        offline.rows.iter().map(|row| row.name.as_str()).collect::<Vec<_>>(),
        ["default", "servers"]
    );
    assert_eq!(offline.classes, ["server"]);
    let out = dry_run(&console, no_changes(1).with_text("")).await;
    assert_eq!(
        (out.forbidden, out.groups[0].direction.as_str(), out.groups[0].count),
        ((2, 0), "looser", 2),
        "{out:?}"
    );
    assert_eq!(console.publish_policy(no_changes(1)).await.unwrap_err().code(), "offline");
    console.shut_down().await;
}

/// A draft as a text by hand.
trait WithText {
    fn with_text(self, text: &str) -> Self;
}

impl WithText for PolicyDraft {
    fn with_text(self, text: &str) -> Self {
        Self {
            form: None,
            text: Some(text.to_owned()),
            ..self
        }
    }
}
