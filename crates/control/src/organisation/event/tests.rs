//! One entry of every kind of the organisation's log, from fixed facts, times and seeds.
#![allow(clippy::unwrap_used)]

use super::AdminEvent::{self, *};
use caisey_ledger::id::{ClientId, DeviceId, EndpointId, InstallerId, MemberId, Seq, ShareId, TimeMs};
use caisey_ledger::text::TextSeed;
use std::collections::BTreeSet;

const LOG: &str = "caisey.test/org_01040g2081040g2081040g2081";
const VECTORS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/vectors/admin-log-kinds.jsonl");

type Texts = &'static [(&'static str, &'static str)];

fn people_and_machines() -> Vec<(AdminEvent, Texts)> {
    let (by, member) = (MemberId::from_bits([7; 16]), MemberId::from_bits([8; 16]));
    let (client, endpoint) = (ClientId::from_bits([1; 16]), EndpointId::from_bits([2; 16]));
    let installer = InstallerId::from_bits([3; 16]);
    let key = "vMODL9W8vpWzPQGxgaUu5OO6kKTScLtLddWb/9pESV8=".to_owned();
    vec![
        (
            DeviceRegistered {
                device: DeviceId::from_bits([4; 16]),
                member: member.clone(),
                key: key.clone(),
                role: "technician".to_owned(),
            },
            &[("label", "laptop"), ("name", "Robin Winter")],
        ),
        (
            ClientCreated {
                client: client.clone(),
                by: by.clone(),
            },
            &[("name", "Harbor Dental")],
        ),
        (
            ClientRenamed {
                client: client.clone(),
                by: by.clone(),
            },
            &[("name", "Harbour Dental")],
        ),
        (
            InstallerCreated {
                installer: installer.clone(),
                client: client.clone(),
                expires_at_ms: 1_750_001_000_000,
                max_uses: 9,
                by: by.clone(),
            },
            &[("label", "front desk")],
        ),
        (
            InstallerRotated {
                installer: installer.clone(),
                by: by.clone(),
            },
            &[],
        ),
        (
            InstallerRevoked {
                installer: installer.clone(),
                by: by.clone(),
            },
            &[],
        ),
        (
            EndpointJoined {
                endpoint: endpoint.clone(),
                client,
                installer,
                key,
            },
            &[("hostname", "SRV-FILES-01")],
        ),
        (
            EndpointTraitsSet {
                endpoint: endpoint.clone(),
                class: Some("server".to_owned()),
                attended: false,
                sensitive: true,
                by,
            },
            &[],
        ),
        (EndpointLeft { endpoint }, &[]),
    ]
}

fn consent_and_hand_over() -> Vec<(AdminEvent, Texts)> {
    let (by, member) = (MemberId::from_bits([7; 16]), MemberId::from_bits([9; 16]));
    let (client, share) = (ClientId::from_bits([1; 16]), ShareId::from_bits([5; 16]));
    let digest = |letter: &str| letter.repeat(64);
    vec![
        (
            PolicyPublished {
                policy: "after-hours".to_owned(),
                version: 3,
                digest: digest("a"),
                by: by.clone(),
            },
            &[("text", "permit(principal, action, resource);")],
        ),
        (
            ContactSaid {
                client: client.clone(),
                number: 2,
                digest: digest("b"),
                by: member.clone(),
            },
            &[],
        ),
        (
            MailContactsSet {
                client,
                members: vec![member.clone()],
                by: by.clone(),
            },
            &[("list", "Maria Novak <maria@contoso.example>")],
        ),
        (
            SnapshotReviewed {
                snapshot: digest("c"),
                verdict: "refused".to_owned(),
                member,
                device: DeviceId::from_bits([4; 16]),
                envelope_sha256: digest("d"),
            },
            &[("reason", "entry 12 shows another machine")],
        ),
        (
            ShareCreated {
                share: share.clone(),
                pack: digest("e"),
                snapshot: digest("c"),
                reviewed: true,
                passphrase: false,
                expires_at_ms: 1_752_592_000_000,
                by: by.clone(),
            },
            &[("label", "Meridian Mutual, claim 4711")],
        ),
        (
            ShareRefreshed {
                share: share.clone(),
                pack: digest("f"),
                snapshot: digest("c"),
                reviewed: true,
                by: by.clone(),
            },
            &[],
        ),
        (ShareRevoked { share, by }, &[]),
    ]
}

/// Set `CAISEY_WRITE_VECTORS` to write the file after a deliberate change of the format.
#[test]
fn admin_log_kinds_format_unchanged() {
    let (mut found, mut kinds) = (String::new(), BTreeSet::new());
    let all = people_and_machines().into_iter().chain(consent_and_hand_over());
    for (seq, (event, texts)) in (0_u64..).zip(all) {
        let at_ms = TimeMs::new(1_750_000_000_000 + seq * 1_000).unwrap();
        let mut drawn = 0;
        let seed = || {
            drawn += 1;
            TextSeed::from_bytes([drawn; 32])
        };
        let said = event.said(LOG, at_ms, texts, seed).unwrap();
        kinds.insert(said.statement.kind.clone());
        found.push_str(&said.leaf(Seq::new(seq).unwrap(), at_ms).unwrap());
        found.push('\n');
    }
    if std::env::var_os("CAISEY_WRITE_VECTORS").is_some() {
        std::fs::write(VECTORS, &found).unwrap();
    }
    assert_eq!(found, std::fs::read_to_string(VECTORS).unwrap());
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/formats/admin-log.md");
    let page = std::fs::read_to_string(page).unwrap();
    let named = page.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    assert_eq!(kinds, named.map(str::to_owned).collect());
}
