//! Policies as a console hears them: shown as what they are, tried against the verified record, and never believed where a client's contacts
//! are shown otherwise than before.

use crate::plane::{Plane, until};
use crate::ports::{MemoryKeyStore, open};
use caisey_console::bench::sample::SampleLog;
use caisey_console::view::{DryRunView, PolicyDraft, PolicyScope};
use caisey_console::{CancelFlag, Console};
use caisey_ledger::consent::{
    CHAIN_START, CONSENT_VERSION, ContactSaid, ContactStatement, PreAuthorisation, SignedContactStatement, digest_of,
};
use caisey_ledger::event::Channel;
use caisey_ledger::id::{DeviceId, MemberId, TimeMs};
use caisey_policy::decide::default_document;
use caisey_policy::document::{Document, Scope};
use caisey_policy::form::read;
use caisey_protocol::consent::{EndpointTraits, PolicyView};
use ed25519_dalek::SigningKey;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tempfile::TempDir;

const DAY: u64 = 86_400_000;

fn now() -> u64 {
    u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

fn published(name: &str, version: u64, scope: Scope, text: &str, log: &SampleLog) -> PolicyView {
    let document = Document {
        name: name.into(),
        version,
        scope,
        text: text.into(),
        form: None,
    };
    PolicyView {
        digest: document.digest(),
        scope: serde_json::to_value(&document.scope).unwrap(),
        name: document.name,
        version,
        text: document.text,
        form: None,
        published_at_ms: TimeMs::new(now() - DAY).unwrap(),
        published_by: Some(log.member.clone()),
    }
}

fn built_in(log: &SampleLog) -> PolicyView {
    let default = default_document();
    PolicyView {
        published_by: None,
        ..published(&default.name, 1, default.scope, &default.text, log)
    }
}

/// A contact of the log's client who introduced themselves, allowed changes beforehand, and agreed to a version.
fn chain(log: &SampleLog, agreed: &PolicyView) -> Vec<SignedContactStatement> {
    let key = SigningKey::from_bytes(&[7; 32]);
    let (member, device) = (MemberId::from_bits([8; 16]), DeviceId::from_bits([9; 16]));
    let own = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, key.verifying_key().as_bytes());
    let granted = PreAuthorisation {
        name: "after-hours".into(),
        endpoints: vec![],
        classes: vec!["changing".into()],
        channel: Channel::Policy,
        window: None,
        from_ms: TimeMs::new(now() - 20 * DAY).unwrap(),
        until_ms: TimeMs::new(now() + DAY).unwrap(),
    };
    let says = [
        ContactSaid::KeyIntroduced {
            member: member.clone(),
            device: device.clone(),
            key: own,
        },
        ContactSaid::PreAuthorisationGranted(granted),
        ContactSaid::PolicyAgreed {
            policy: agreed.name.clone(),
            version: agreed.version,
            digest: agreed.digest.clone(),
        },
    ];
    let (mut previous, mut chain) = (CHAIN_START.to_owned(), Vec::new());
    for (number, says) in (1..).zip(says) {
        let statement = ContactStatement {
            v: CONSENT_VERSION,
            organisation: log.organisation.clone(),
            client: log.client.clone(),
            number,
            previous,
            at_ms: TimeMs::new(now() - 20 * DAY).unwrap(),
            member: member.clone(),
            device: device.clone(),
            says,
        };
        previous = digest_of(&statement).unwrap();
        chain.push(statement.sign(&key).unwrap());
    }
    chain
}

const ONLY_SERVERS: &str = "@label(\"No changes on servers\")\nforbid (principal, action in [Action::\"changing\"], resource)\nwhen {\n    resource in [EndpointClass::\"server\"]\n};\n";

/// A console that has synchronised a week-old session of a look, a change and a change whose command is erased.
async fn scene() -> (Plane, Console, SampleLog, TempDir) {
    let mut log = SampleLog::new(1, now() - 7 * DAY).unwrap();
    let session = log.open_session("printer does not print").unwrap();
    log.command(&session, "systemctl status cups", &["Active: failed\n"]).unwrap();
    log.command(&session, "systemctl restart cups", &[]).unwrap();
    let plane = Plane::start(vec![log.clone()]).await;
    let by_hand = "forbid (principal, action, resource) when { context.interpreter == \"cmd\" };";
    plane.change(|script| {
        let servers = published("servers", 1, Scope::Organisation, ONLY_SERVERS, &log);
        script.chain.0 = chain(&log, &servers);
        script.policies = vec![
            built_in(&log),
            published(
                "by-hand",
                1,
                Scope::Client {
                    client: log.client.clone(),
                },
                by_hand,
                &log,
            ),
            published("gone", 1, Scope::Organisation, ONLY_SERVERS, &log),
            published("gone", 2, Scope::Organisation, "", &log),
            servers,
        ];
        script.traits = EndpointTraits {
            class: Some("till".into()),
            ..EndpointTraits::default()
        };
    });
    let folder = tempfile::tempdir().unwrap();
    let console = open(folder.path(), &Arc::new(MemoryKeyStore::default())).await;
    plane.sign_in(&console).await;
    console.wait_synchronised(None, Duration::from_secs(10)).await.unwrap();
    (plane, console, log, folder)
}

async fn tried(console: &Console, name: &str, text: &str) -> DryRunView {
    let draft = PolicyDraft {
        name: name.into(),
        after: 0,
        scope: PolicyScope::Organisation {},
        form: None,
        text: Some(text.into()),
    };
    console.try_policy(draft, CancelFlag::default(), |_, _| ()).await.unwrap()
}

#[tokio::test]
async fn what_decides_is_shown_as_what_it_is() {
    let (plane, console, log, _folder) = scene().await;
    let all = console.policies().await.unwrap();
    let rows: Vec<_> = all
        .rows
        .iter()
        .map(|row| (row.name.as_str(), row.version, row.in_force, row.by_hand))
        .collect();
    assert_eq!(
        rows,
        [
            ("default", 1, true, false),
            ("gone", 2, false, false),
            ("servers", 1, true, false),
            ("by-hand", 1, true, true)
        ]
    );
    assert_eq!(all.rows[0].published_by, None);
    assert_eq!(all.rows[2].published_by.as_deref(), Some("Ada Example"));
    assert_eq!(all.rows[3].covers, "Example & Partners");
    let standing = &all.standing[0];
    assert_eq!(
        (standing.client.as_str(), standing.standing.name.as_str()),
        (log.client.as_str(), "after-hours")
    );
    assert!(!standing.signed_by.is_empty() && all.faults.is_empty() && all.as_of_ms.is_none());
    let servers = console.policy("servers").await.unwrap();
    let version = &servers.versions[0];
    assert!(version.exact && version.agreed_by == ["Example & Partners"], "{version:?}");
    let stands = &servers.agreements[0];
    assert_eq!(
        (stands.client.as_str(), stands.state.as_str()),
        (log.client.as_str(), "agreed")
    );
    assert_eq!(
        stands.last.as_ref().map(|last| (last.version, last.mine, last.key_counts)),
        Some((1, false, true))
    );
    let by_hand = &console.policy("by-hand").await.unwrap().agreements[0];
    assert_eq!(
        (by_hand.state.as_str(), &by_hand.last, &by_hand.fault),
        ("none", &None, &None)
    );
    assert_eq!(read(&version.text).unwrap().form.rules.len(), version.sentences.len());
    assert_eq!(console.policy("gone").await.unwrap().versions.len(), 2);
    assert!(console.policy("nobody's").await.is_err());

    // A chain that is not the one that was seen before is no pre-authorisation at all, and its client's actions are not judged.
    plane.change(|script| script.chain.0.truncate(1));
    let all = console.policies().await.unwrap();
    assert!(all.standing.is_empty() && all.faults[0].contains("another list"), "{all:?}");
    let run = tried(&console, "new", "forbid (principal, action, resource);").await;
    assert_eq!((run.actions, run.unverified), (0, 2));
}

/// Whatever the control plane calls a text, it is told from the one that was agreed to by what it is.
#[tokio::test]
async fn a_text_that_takes_the_place_of_an_agreed_one_is_not_agreed_to() {
    let (plane, console, log, _folder) = scene().await;
    let agreed = published("servers", 1, Scope::Organisation, ONLY_SERVERS, &log).digest;
    plane.change(|script| {
        let servers = script.policies.iter_mut().find(|policy| policy.name == "servers").unwrap();
        servers.text = servers.text.replace("forbid", "permit");
        servers.digest = agreed;
    });
    console.policies().await.unwrap();
    let servers = console.policy("servers").await.unwrap();
    let stands = &servers.agreements[0];
    assert_eq!((stands.state.as_str(), &stands.last), ("none", &None), "{stands:?}");
    assert!(
        stands
            .fault
            .as_ref()
            .unwrap()
            .contains("is not the one that was agreed to as version 1")
    );
    assert!(servers.versions[0].agreed_by.is_empty());
    assert_ne!(
        servers.versions[0].digest,
        published("servers", 1, Scope::Organisation, ONLY_SERVERS, &log).digest
    );
}

#[tokio::test]
async fn a_dry_run_counts_pre_authorisations_and_what_endpoints_refuse() {
    let (plane, console, log, _folder) = scene().await;
    // The change runs under the pre-authorisation today. Asking for more in a policy changes nothing about that; forbidding does.
    let asks = tried(&console, "new", "@require(\"contact\") permit (principal, action, resource);").await;
    assert_eq!((asks.actions, asks.allowed, asks.asked), (2, (2, 1), (0, 1)), "{asks:?}");
    assert!(asks.groups[0].rows[0].command.contains("status"), "{asks:?}");
    let bans = tried(
        &console,
        "new",
        "@label(\"No\") forbid (principal, action == Action::\"changing\", resource);",
    )
    .await;
    let row = &bans.groups[0].rows[0];
    assert_eq!(
        (row.before_by.as_str(), row.after_by.as_str()),
        ("Pre-authorised: after-hours", "new v1: No")
    );
    // Without it, a policy that lets changes through is answered by the endpoint, which wants the contact.
    let key_alone: Vec<_> = chain(&log, &built_in(&log)).into_iter().take(1).collect();
    let folder = tempfile::tempdir().unwrap();
    let other = open(folder.path(), &Arc::new(MemoryKeyStore::default())).await;
    plane.change(|script| script.chain.0 = key_alone);
    plane.sign_in(&other).await;
    other.wait_synchronised(None, Duration::from_secs(10)).await.unwrap();
    let loose = tried(&other, "new", "permit (principal, action, resource);").await;
    assert_eq!(
        (loose.allowed, loose.asked, loose.groups.len()),
        ((1, 1), (1, 1), 0),
        "{loose:?}"
    );
    // Rights are those that the endpoint had said it has: this one runs commands without an administrator's.
    let elevated = tried(
        &other,
        "new",
        "forbid (principal, action, resource) when { context.elevated };",
    )
    .await;
    let plain = tried(
        &other,
        "new",
        "forbid (principal, action, resource) when { !context.elevated };",
    )
    .await;
    assert!(elevated.groups.is_empty(), "{elevated:?}");
    assert!(
        plain.groups.iter().all(|group| group.after.kind == "forbid") && !plain.groups.is_empty(),
        "{plain:?}"
    );
    // The machine's class counts as it is now.
    let none = tried(&other, "new", ONLY_SERVERS).await;
    assert!(none.groups.is_empty());
    plane.change(|script| {
        script.traits.class = Some("server".into());
        script.policies.retain(|policy| policy.name != "servers");
    });
    let one = tried(&other, "new", ONLY_SERVERS).await;
    assert_eq!(one.groups[0].after.kind, "forbid");
    // Offline all of that is as last heard.
    plane.stop().await;
    let same = until("the console notices", async || {
        let run = tried(&other, "new", ONLY_SERVERS).await;
        run.as_of_ms.is_some().then_some(run)
    })
    .await;
    assert_eq!(same.groups, one.groups);
}
