//! Policies in the real window. An owner fills in the form, sees it as text, what it would have changed, what comes and what goes, and publishes it;
//! from then on it decides. A client's contact reads it in a window of their own and agrees.

use crate::consent::{endpoint, until};
use crate::driver::{CONTROL, Window};
use crate::notification::propose;
use crate::plane::Plane;
use crate::screen::Screen;
use caisey_ledger::consent::ContactSaid;
use caisey_protocol::consent::PublishPolicy;
use std::path::Path;
use std::time::Duration;
use tokio::time::{Instant, sleep};

const OWNER: &str = "noor@example.com";
const CONTACT: &str = "maria@example.com";
const PATIENCE: Duration = Duration::from_secs(45);

async fn appears(file: &Path) {
    let end = Instant::now() + PATIENCE;
    while !file.exists() {
        assert!(Instant::now() < end, "{} was never made", file.display());
        sleep(Duration::from_millis(50)).await;
    }
}

/// Compares until what is recorded has arrived on this computer.
async fn compares(window: &Window) {
    let end = Instant::now() + PATIENCE;
    loop {
        window.press("See what would change").await;
        window.sees("as they are now").await;
        if window.text().await.contains("would have come to something else") {
            return;
        }
        assert!(Instant::now() < end, "nothing would have changed:\n{}", window.text().await);
        window.press("Back to the rules").await;
        sleep(Duration::from_millis(300)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_publishes_a_policy_and_what_it_makes_wait_waits() {
    let plane = Plane::start().await;
    plane.second_owner(OWNER, "Noor Aziz").await;
    let technician = plane.technician().await;
    let machine = endpoint(&technician).await;
    let session = technician.open_session(&machine, "Ticket 4711").await.unwrap();
    let file = |name: &str| plane.folder().join(name);
    let touch = |name: &str| format!("touch {}", file(name).display());
    propose(&technician, &session, touch("at-once")).await;
    appears(&file("at-once")).await;

    let screen = Screen::with_key_store();
    let window = Window::open(&screen, &[]).await;
    plane.sign_in(&window, OWNER).await;
    window.sees("Northgate Retail").await;
    window.keys(&[CONTROL, "7"]).await;
    window.sees("Built in, version 1").await;
    window.press("New policy").await;
    window.press("Ask the contact before anything changes").await;
    window
        .type_into("input[placeholder='such as: servers']", "Careful changes")
        .await;
    window.choose("Who is asked", "owner or admin").await;
    window.sees("recorded as careful-changes").await;
    window.sees("@require(\"member\")").await;
    window.sees("Action::\"destructive\"").await;
    window.rests().await;
    screen.picture("policy-form");
    compares(&window).await;
    window.sees(&touch("at-once")).await;
    window.sees("default v1").await;
    window.rests().await;
    screen.picture("policy-compared");
    window.press("Publish…").await;
    window.sees("Publish version 1 of careful-changes?").await;
    window.sees("New:").await;
    window
        .sees("When anybody changes something, deletes or overwrites something")
        .await;
    window.rests().await;
    screen.picture("policy-publish");
    window.press("Publish version 1").await;
    window.sees("Version 1 of careful-changes is in force").await;

    // The same command as before now waits, and runs when somebody else has said yes.
    let action = propose(&technician, &session, touch("asked")).await;
    let row = until(&technician, &action, "it waits", |row| !row.delivered.is_empty()).await;
    assert_eq!((row.approver.as_str(), row.mine), ("member", true), "{row:?}");
    sleep(Duration::from_secs(1)).await;
    assert!(!file("asked").exists(), "it ran without an answer");
    window.keys(&[CONTROL, "5"]).await;
    window.sees(&touch("asked")).await;
    window.sees("careful-changes, version 1").await;
    window.press("Approve").await;
    until(&technician, &action, "it is approved", |row| row.state == "approved").await;
    appears(&file("asked")).await;

    // The next version, with what goes and what comes.
    window.keys(&[CONTROL, "7"]).await;
    window.press("careful-changes").await;
    window.sees("published by Noor Aziz").await;
    window.press("Change").await;
    window
        .choose("How sure the answer has to be", "signed, with the number")
        .await;
    window.sees("@assurance(\"number\")").await;
    compares(&window).await;
    window.press("Publish…").await;
    window.sees("No longer:").await;
    window.sees("on their console with the number within an hour").await;
    window.rests().await;
    screen.picture("policy-difference");
    window.press("Publish version 2").await;
    window.sees("Version 2 of careful-changes is in force").await;
    let action = propose(&technician, &session, touch("numbered")).await;
    let row = until(&technician, &action, "it waits", |row| row.number.is_some()).await;
    assert!(row.needs_number && !file("numbered").exists(), "{row:?}");
    technician.shut_down().await;
    window.close().await;
    plane.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contact_reads_a_policy_in_their_window_and_signs_that_they_agree() {
    let plane = Plane::start().await;
    plane.contact(CONTACT, "Maria Novak").await;
    let publish = async |after: u64, minutes: &str| {
        let wanted = PublishPolicy {
            name: "servers".into(),
            after,
            scope: serde_json::json!({ "scope": "organisation" }),
            form: None,
            text: Some(format!(
                "@label(\"Changes need a contact\")\n@require(\"contact\")\n@count(\"1\")\n@assurance(\"signed\")\n@expires(\"{minutes}\")\npermit \
                 (principal, action in [Action::\"changing\"], resource);\n"
            )),
        };
        plane.api().publish_policy(&wanted).await.unwrap()
    };
    publish(0, "60").await;
    let screen = Screen::with_key_store();
    let window = Window::open(&screen, &[]).await;
    plane.sign_in(&window, CONTACT).await;
    window.sees("Nothing waits for you").await;
    plane.contact_speaks().await;
    window.press("Policies").await;
    window.sees("Needs your agreement").await;
    window.press("servers").await;
    window.sees("Nobody of Northgate Retail has agreed to it yet.").await;
    window
        .sees("a contact of the client has to say yes on their console within an hour")
        .await;
    window.press("Agree…").await;
    window.sees("Agree to version 1 of servers?").await;
    window.press("Agree and sign").await;
    window.sees("You agreed to this version").await;

    let second = publish(1, "15").await;
    window.keys(&[CONTROL, "5"]).await;
    window.keys(&[CONTROL, "7"]).await;
    window.press("servers").await;
    window.sees("What changed since version 1").await;
    window.sees("No longer:").await;
    window
        .sees("a contact of the client has to say yes on their console within 15 minutes")
        .await;
    window.rests().await;
    screen.picture("agreement-changed");
    window.press("Agree…").await;
    window.sees("Agree to version 2 of servers?").await;
    window.rests().await;
    screen.picture("agreement-last-word");
    window.press("Agree and sign").await;
    window.sees("Agreed to version 2").await;

    let said = plane.said().await;
    let expected = ContactSaid::PolicyAgreed {
        policy: "servers".into(),
        version: 2,
        digest: second.digest,
    };
    assert_eq!(said.last().unwrap().statement.says, expected);
    let owner = plane.owner().await;
    owner.policies().await.unwrap();
    let agreements = owner.policy("servers").await.unwrap().agreements;
    assert_eq!(
        (agreements.len(), agreements[0].state.as_str()),
        (1, "agreed"),
        "{agreements:?}"
    );
    owner.shut_down().await;
    window.close().await;
    plane.stop().await;
}
