//! Consoles without windows, against a real control plane and a real runtime: emergencies and their reviews, and who gets mail.

use crate::plane::Plane;
use caisey_console::view::{ApprovalRow, MailContactRow, NewCommand, Verification};
use caisey_console::{Console, ConsoleError};
use caisey_protocol::consent::PublishPolicy;
use std::time::Duration;
use tokio::time::{Instant, sleep};

const PATIENCE: Duration = Duration::from_secs(45);

/// Waits until a console lists the request as wanted.
pub(crate) async fn until(console: &Console, action: &str, what: &str, wanted: impl Fn(&ApprovalRow) -> bool) -> ApprovalRow {
    let end = Instant::now() + PATIENCE;
    loop {
        let rows = console.inbox().await.unwrap().rows;
        let row = rows.into_iter().find(|row| row.action == action);
        if let Some(row) = row.as_ref().filter(|row| wanted(row)) {
            return row.clone();
        }
        assert!(Instant::now() < end, "{what}: {row:?}");
        sleep(Duration::from_millis(50)).await;
    }
}

/// Waits until a console has the verified record of it.
async fn until_recorded(console: &Console, action: &str, kind: &str) {
    let end = Instant::now() + PATIENCE;
    loop {
        let entries = console.approval(action).await.unwrap().entries;
        if entries
            .iter()
            .any(|item| item.kind == kind && item.verification == Verification::Verified)
        {
            return;
        }
        assert!(Instant::now() < end, "no {kind}: {entries:?}");
        sleep(Duration::from_millis(50)).await;
    }
}

/// The endpoint, once it can be sent to.
pub(crate) async fn endpoint(console: &Console) -> String {
    loop {
        if let Some(row) = console.overview().await.unwrap().endpoints.first()
            && console.ask_sendable(&row.endpoint).await.is_ok_and(|answer| answer.sendable)
        {
            return row.endpoint.clone();
        }
        sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emergency_stays_open_until_somebody_else_has_read_and_reviewed_it() {
    let plane = Plane::start().await;
    let four_eyes = PublishPolicy {
        name: "four-eyes".into(),
        after: 0,
        scope: serde_json::json!({ "scope": "organisation" }),
        form: None,
        text: Some(r#"@require("member") permit (principal, action, resource);"#.into()),
    };
    plane.api().publish_policy(&four_eyes).await.unwrap();
    let (technician, owner) = (plane.technician().await, plane.owner().await);
    let machine = endpoint(&technician).await;
    let session = technician.open_session(&machine, "Ticket 4711").await.unwrap();
    let file = plane.folder().join("it-ran");
    let command = NewCommand {
        command: format!("echo done-$((6*7)) | tee {}", file.display()),
        interpreter: None,
        reason: "The till prints nothing".to_owned(),
        cwd: None,
        probe: None,
        timeout_ms: None,
    };
    let action = technician.propose(&session, command.clone()).await.unwrap();
    until(&technician, &action, "it waits", |row| row.mine && row.state != "approved").await;
    let without = technician.declare_emergency(&action, "  ").await;
    assert!(matches!(without, Err(ConsoleError::Invalid(_))), "{without:?}");
    assert!(!file.exists());
    let row = technician.declare_emergency(&action, "The shop is full").await.unwrap();
    assert_eq!(
        (row.emergency, row.review_due, row.review_for_me),
        (true, true, false),
        "{row:?}"
    );
    // Its own technician cannot close it.
    let own = technician.review_emergency(&action, true, "It was needed").await;
    assert!(own.unwrap_err().to_string().contains("Somebody else"));
    assert_eq!(technician.inbox().await.unwrap().unreviewed, 1);

    let seen = until(&owner, &action, "the owner is told", |row| row.review_for_me).await;
    assert!(seen.sentence.contains("Ana Ruiz declared an emergency"), "{}", seen.sentence);
    until_recorded(&owner, &action, "command.finished").await;
    let inbox = owner.inbox().await.unwrap();
    assert_eq!((inbox.to_review, inbox.unreviewed), (1, 1));
    let detail = owner.approval(&action).await.unwrap();
    let said = |kind: &str, text: &str| {
        let item = detail.entries.iter().find(|item| item.kind == kind).unwrap();
        let found = item.texts.iter().find(|one| one.name == text).unwrap();
        found.text.clone().unwrap()
    };
    assert_eq!(
        detail.command.as_ref().unwrap().text.as_deref(),
        Some(command.command.as_str())
    );
    assert_eq!(said("action.break_glass", "why"), "The shop is full");
    assert_eq!(said("action.proposed", "reason"), "The till prints nothing");
    assert_eq!(said("command.output", "output"), "done-42\n");

    let row = owner
        .review_emergency(&action, false, "Ten minutes would have done")
        .await
        .unwrap();
    assert_eq!((row.emergency, row.review_due), (true, false), "{row:?}");
    let again = owner.review_emergency(&action, true, "On second thoughts").await;
    assert!(again.unwrap_err().to_string().contains("does not wait for a review"));
    until_recorded(&owner, &action, "action.reviewed").await;
    let detail = owner.approval(&action).await.unwrap();
    let review = detail.entries.iter().find(|item| item.kind == "action.reviewed").unwrap();
    assert!(
        review.headline.contains("not justified: Ten minutes would have done"),
        "{}",
        review.headline
    );
    assert_eq!((detail.row.review_due, owner.inbox().await.unwrap().unreviewed), (false, 0));
    until(&technician, &action, "the technician is told", |row| !row.review_due).await;
    assert_eq!(technician.inbox().await.unwrap().unreviewed, 0);
    technician.shut_down().await;
    owner.shut_down().await;
    plane.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_keeps_the_list_of_who_gets_mail() {
    let plane = Plane::start().await;
    let owner = plane.owner().await;
    let list = owner.mail_contacts(plane.client()).await.unwrap();
    let sending = list.sending.unwrap();
    assert!(list.contacts.is_empty() && !sending.works);
    assert!(sending.sentence.contains("--mail-config"), "{}", sending.sentence);
    let contact = |name: &str, address: &str| MailContactRow {
        member: None,
        name: name.to_owned(),
        address: address.to_owned(),
    };
    let keep = async |before: Option<&str>, row: MailContactRow| owner.keep_mail_contact(plane.client(), before, row).await;
    keep(None, contact("Zdenka", " zdenka@client.example ")).await.unwrap();
    let list = keep(None, contact("Milan", "milan@client.example")).await.unwrap();
    let names: Vec<_> = list
        .contacts
        .iter()
        .map(|row| (row.name.as_str(), row.address.as_str()))
        .collect();
    assert_eq!(
        names,
        [("Milan", "milan@client.example"), ("Zdenka", "zdenka@client.example")]
    );
    for (bad, why) in [
        (
            contact("Eve", "eve@client.example\r\nBcc: all@client.example"),
            "plain e-mail address",
        ),
        (contact("", "ada@client.example"), "name"),
        (contact("Ada", "MILAN@client.example"), "twice"),
    ] {
        let refused = keep(None, bad).await.unwrap_err().to_string();
        assert!(refused.contains(why), "{refused}");
    }
    // Whoever moves keeps being the same person.
    let moved = MailContactRow {
        address: "zdenka@new.example".to_owned(),
        ..list.contacts[1].clone()
    };
    let list = keep(Some("zdenka@client.example"), moved.clone()).await.unwrap();
    assert_eq!(list.contacts[1], moved);
    let gone = keep(Some("zdenka@client.example"), moved).await.unwrap_err().to_string();
    assert!(gone.contains("not in the list any more"), "{gone}");
    let removed = owner.remove_mail_contact(plane.client(), "milan@client.example").await;
    assert_eq!(removed.unwrap().contacts.len(), 1);
    // A technician sees the list and changes nothing.
    let technician = plane.technician().await;
    let seen = technician.mail_contacts(plane.client()).await.unwrap();
    assert_eq!((seen.contacts.len(), seen.sending), (1, None));
    let refused = technician.remove_mail_contact(plane.client(), "zdenka@new.example").await;
    assert_eq!(refused.unwrap_err().code(), "forbidden");
    owner.shut_down().await;
    technician.shut_down().await;
    plane.stop().await;
}
