//! Share links over HTTP: what is taken, what is refused and why, who reads it, and what is left when it ends.

use crate::desk::{Reply, now};
use crate::issuer::{Issuer, SigningKey};
use crate::record::{PRIVATE, Recorded, Wanted};
use caisey_control_native::config::IssuerConfig;
use caisey_ledger::id::TimeMs;
use caisey_protocol::http::EntriesPage;
use caisey_protocol::role::Role;
use caisey_protocol::share::{CreateShare, RefreshShare, ShareLink, ShareState, ShareView, ShareVisit, VisitKind};
use caisey_transcript::pack::Pack;
use serde_json::Value;

/// A reader: nobody who signed in.
pub(crate) async fn read(recorded: &Recorded, url: &str) -> (u16, reqwest::header::HeaderMap, Vec<u8>) {
    let answer = recorded
        .desk
        .http
        .get(url)
        .header("user-agent", "Firefox/140 (Windows)")
        .send()
        .await
        .unwrap();
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    (status, headers, answer.bytes().await.unwrap().to_vec())
}

async fn page(recorded: &Recorded, url: &str) -> (u16, String) {
    let (status, _, bytes) = read(recorded, url).await;
    (status, String::from_utf8(bytes).unwrap())
}

pub async fn passphrase(recorded: &Recorded, url: &str, words: &str) -> (u16, String) {
    let answer = recorded
        .desk
        .http
        .post(url)
        .form(&[("passphrase", words)])
        .send()
        .await
        .unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

pub async fn create(recorded: &Recorded, request: &CreateShare) -> Reply {
    recorded.desk.post("/v1/shares", &recorded.token, request).await
}

async fn kinds(recorded: &Recorded) -> Vec<Value> {
    let log: EntriesPage = recorded.desk.get("/v1/admin-log?limit=1000", &recorded.token).await.ok();
    let statements = log
        .records
        .iter()
        .map(|record| serde_json::from_str::<Value>(&record.leaf).unwrap()["statement"].clone());
    statements
        .filter(|statement| statement["kind"].as_str().unwrap().starts_with("share."))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reviewed_and_scrubbed_record_is_read_by_anybody_with_the_link() {
    let recorded = Box::pin(Recorded::make()).await;
    let pack = recorded.pack(Wanted::default()).await;
    let link = recorded.share(&pack).await;
    assert_eq!(
        (link.share.state, link.share.reviewed, link.share.session.as_ref()),
        (ShareState::Active, true, Some(&recorded.session))
    );
    let (status, headers, html) = read(&recorded, &link.url).await;
    let html = String::from_utf8(html).unwrap();
    assert_eq!(status, 200, "{html}");
    for words in [
        "Not verified by this browser.",
        "Suspected ransomware activity",
        "Olga Owner (owner), who took no part",
        "ps aux",
        "‹ESC[31m›",
        "&lt;script&gt;document.body.hidden",
        "Did anyone access",
        "Recall",
        &link.share.pack,
    ] {
        assert!(html.contains(words), "{words} is not on the page: {html}");
    }
    let header = |name: &str| {
        headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
            .to_owned()
    };
    let policy = header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'sha256-"));
    assert!(!policy.contains("unsafe-inline"), "{policy}");
    assert_eq!(
        (header("referrer-policy").as_str(), header("cache-control").as_str()),
        ("no-referrer", "no-store")
    );
    assert!(header("x-robots-tag").contains("noindex") && header("set-cookie").is_empty());
    assert!(
        !html.contains("style=") && !html.contains("onclick") && !html.contains("<script>"),
        "inline code"
    );

    let (status, _, fetched) = read(&recorded, &format!("{}/pack", link.url)).await;
    assert_eq!((status, &fetched), (200, &pack));
    let hidden = Pack::parse(&fetched).unwrap();
    let hidden = hidden.contents.excerpts[0]
        .records
        .iter()
        .flat_map(|record| record.disclosures.values());
    assert!(hidden.filter(|disclosure| crate::record::hides(disclosure)).count() >= 3);
    let visits: Vec<ShareVisit> = recorded
        .desk
        .get(&format!("/v1/shares/{}/visits", link.share.share), &recorded.token)
        .await
        .ok();
    let log = serde_json::to_string(&visits).unwrap();
    assert_eq!(
        visits
            .iter()
            .map(|visit| (visit.what, visit.agent.as_str()))
            .collect::<Vec<_>>(),
        [
            (VisitKind::Pack, "Firefox on Windows"),
            (VisitKind::Page, "Firefox on Windows")
        ]
    );
    for private in PRIVATE {
        assert!(!html.contains(private) && !log.contains(private), "{private} is on the page");
        assert!(
            !pack.windows(private.len()).any(|window| window == private.as_bytes()),
            "{private} is in the pack"
        );
    }
    let shares: Vec<ShareView> = recorded.desk.get("/v1/shares", &recorded.technician_token).await.ok();
    assert_eq!((shares.len(), shares[0].views, shares[0].fetches), (1, 1, 1));
    let token = link.url.rsplit('/').next().unwrap();
    assert!(
        !serde_json::to_string(&shares)
            .unwrap()
            .contains(token.split('.').next_back().unwrap())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_not_leave_is_refused_with_its_reason() {
    let recorded = Box::pin(Recorded::make()).await;
    let good = recorded.pack(Wanted::default()).await;
    let mut bent = good.clone();
    let middle = bent.len() / 2;
    bent[middle] ^= 1;
    let unreviewed = recorded
        .pack(Wanted {
            attested: false,
            ..Wanted::default()
        })
        .await;
    let unscrubbed = recorded
        .pack(Wanted {
            scrubbed: false,
            ..Wanted::default()
        })
        .await;
    let others = recorded
        .pack(Wanted {
            by_technician: true,
            ..Wanted::default()
        })
        .await;
    let elsewhere = Box::pin(Recorded::make()).await.pack(Wanted::default()).await;
    for (pack, status, words) in [
        (&bent, 422, "does not hold"),
        (&unreviewed, 403, "nobody who took no part has attested"),
        (&unscrubbed, 403, "was not scrubbed"),
        (&others, 403, "somebody else signed its release"),
        (&elsewhere, 403, "of another organisation"),
    ] {
        let reply = create(&recorded, &recorded.request(pack).await).await;
        assert_eq!(reply.status, status, "{words}: {}", reply.text);
        assert!(reply.text.contains(words), "{words}: {}", reply.text);
    }
    let mut missing = recorded.request(&good).await;
    missing.pack = "0".repeat(64);
    assert_eq!(create(&recorded, &missing).await.code(), "conflict");
    let mut late = recorded.request(&good).await;
    late.expires_at_ms = TimeMs::new(now().get() + 401 * 86_400_000).unwrap();
    assert_eq!(create(&recorded, &late).await.code(), "bad_request");
    let mut short = recorded.request(&good).await;
    short.passphrase = Some("short".into());
    assert_eq!(create(&recorded, &short).await.code(), "bad_request");
    assert!(
        kinds(&recorded).await.is_empty(),
        "nothing was shared, so nothing is in the log"
    );

    let marked = CreateShare {
        unreviewed: true,
        ..recorded.request(&unreviewed).await
    };
    let link: ShareLink = create(&recorded, &marked).await.ok();
    assert!(!link.share.reviewed);
    assert!(page(&recorded, &link.url).await.1.contains("<strong>Not reviewed.</strong>"));
    recorded.refuse().await;
    let reply = create(&recorded, &marked).await;
    assert!(
        reply.status == 403 && reply.text.contains("a reviewer refused"),
        "{}",
        reply.text
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_is_refreshed_revoked_and_expires_and_the_log_says_so() {
    let recorded = Box::pin(Recorded::make()).await;
    let first = recorded.pack(Wanted::default()).await;
    let link = recorded.share(&first).await;
    let second = recorded
        .pack(Wanted {
            ask: None,
            ..Wanted::default()
        })
        .await;
    let refresh = RefreshShare {
        pack: recorded.put(&second, &recorded.token).await,
        size_bytes: second.len() as u64,
        unreviewed: false,
    };
    let path = format!("/v1/shares/{}", link.share.share);
    let view: ShareView = recorded
        .desk
        .post(&format!("{path}/refresh"), &recorded.token, &refresh)
        .await
        .ok();
    assert_eq!((view.state, &view.pack), (ShareState::Refreshed, &refresh.pack));
    let (_, html) = page(&recorded, &link.url).await;
    assert!(
        html.contains("another version of the record before") && !html.contains("Did anyone access"),
        "{html}"
    );
    let (status, _, _) = read(&recorded, &format!("{}/pack?of={}", link.url, link.share.pack)).await;
    assert_eq!(status, 409, "a page that was opened before is told, not misled");
    let (_, _, fetched) = read(&recorded, &format!("{}/pack", link.url)).await;
    assert_eq!(fetched, second);

    for _ in 0..2 {
        assert_eq!(
            recorded
                .desk
                .call("DELETE", &path, Some(&recorded.token), None::<&()>)
                .await
                .status,
            204
        );
    }
    let (status, html) = page(&recorded, &link.url).await;
    assert!(
        status == 410 && html.contains("This link was revoked") && !html.contains("ransomware"),
        "{html}"
    );
    assert_eq!(read(&recorded, &format!("{}/pack", link.url)).await.0, 410);
    assert_eq!(
        recorded
            .desk
            .post(&format!("{path}/refresh"), &recorded.token, &refresh)
            .await
            .code(),
        "conflict"
    );
    let events = kinds(&recorded).await;
    let said: Vec<&str> = events.iter().map(|event| event["kind"].as_str().unwrap()).collect();
    assert_eq!(said, ["share.created", "share.refreshed", "share.revoked"]);
    assert!(
        events
            .iter()
            .all(|event| event["facts"]["by"] == recorded.owner.member.as_str())
    );

    let soon = CreateShare {
        expires_at_ms: TimeMs::new(now().get() + 1_500).unwrap(),
        ..recorded.request(&second).await
    };
    let soon: ShareLink = create(&recorded, &soon).await.ok();
    while now() <= soon.share.expires_at_ms {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let (status, html) = page(&recorded, &soon.url).await;
    assert!(status == 410 && html.contains("This link has expired"), "{html}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passphrase_is_asked_for_and_needed_for_the_pack_too() {
    let recorded = Box::pin(Recorded::make()).await;
    let pack = recorded.pack(Wanted::default()).await;
    let request = CreateShare {
        passphrase: Some("four small words here".into()),
        ..recorded.request(&pack).await
    };
    let link: ShareLink = create(&recorded, &request).await.ok();
    assert!(link.share.passphrase);
    let (status, html) = page(&recorded, &link.url).await;
    assert!(
        status == 200 && html.contains("This record needs a passphrase") && !html.contains("ransomware"),
        "{html}"
    );
    assert_eq!(read(&recorded, &format!("{}/pack", link.url)).await.0, 403);
    let (status, html) = passphrase(&recorded, &link.url, "four small words there").await;
    assert!(status == 403 && html.contains("This is not the passphrase."), "{html}");
    let (status, html) = passphrase(&recorded, &link.url, "four small words here").await;
    assert!(status == 200 && html.contains("ransomware"), "{html}");
    let fetch = html
        .split("data-pack=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap()
        .replace("&amp;", "&");
    let (status, _, fetched) = read(&recorded, &format!("{}{fetch}", recorded.desk.running.base_url)).await;
    assert_eq!((status, fetched), (200, pack));
    let _ = passphrase(&recorded, &link.url, "another wrong one").await;
    let shares: Vec<ShareView> = recorded.desk.get("/v1/shares", &recorded.token).await.ok();
    assert_eq!((shares[0].views, shares[0].wrong_passphrases), (1, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_organisation_and_other_roles_neither_see_nor_change_a_share() {
    let key = SigningKey::ed25519("k");
    let issuer = Issuer::start(&[&key]).await;
    let desk = crate::desk::Desk::start_with(|config| config.issuers.push(IssuerConfig::clerk(&issuer.url))).await;
    let recorded = Box::pin(Recorded::make_on(desk)).await;
    let pack = recorded.pack(Wanted::default()).await;
    let link = recorded.share(&pack).await;
    let stranger = key.sign(&issuer.claims("org_of_strangers", "org:owner"));
    let path = format!("/v1/shares/{}", link.share.share);
    let refresh = RefreshShare {
        pack: link.share.pack.clone(),
        size_bytes: pack.len() as u64,
        unreviewed: false,
    };
    let client = recorded.desk.client(&recorded.token, 8).await;
    let contact = recorded.desk.member("contact@example.com", Role::Contact, Some(&client));
    for (token, status) in [(&stranger, 404), (&recorded.technician_token, 403), (&contact, 403)] {
        let revoked = recorded.desk.call("DELETE", &path, Some(token), None::<&()>).await;
        let refreshed = recorded.desk.post(&format!("{path}/refresh"), token, &refresh).await;
        assert_eq!(
            (revoked.status, refreshed.status),
            (status, status),
            "{} {}",
            revoked.text,
            refreshed.text
        );
    }
    for token in [&stranger, &contact] {
        let visits = recorded.desk.get(&format!("{path}/visits"), token).await;
        let shares = recorded.desk.get("/v1/shares", token).await;
        assert!(matches!(visits.status, 403 | 404), "{}", visits.text);
        assert!(shares.status == 403 || shares.text == "[]", "{}", shares.text);
    }
    // Bytes that another organisation put are not there for this one, and a stranger's link to them is none.
    let stolen = recorded
        .desk
        .post("/v1/shares", &stranger, &recorded.request(&pack).await)
        .await;
    assert_eq!(stolen.code(), "conflict");
    assert_eq!(page(&recorded, &link.url).await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn links_that_lead_nowhere_look_alike_and_make_nothing() {
    let recorded = Box::pin(Recorded::make()).await;
    let link = recorded.share(&recorded.pack(Wanted::default()).await).await;
    let base = &recorded.desk.running.base_url;
    let (organisation, secret) = link.url.rsplit('/').next().unwrap().split_once('.').unwrap();
    let other = caisey_ledger::id::OrganisationId::from_bits([9; 16]);
    let first = if secret.starts_with('A') { "B" } else { "A" };
    let guessed = format!("{first}{}", &secret[1..]);
    let mut pages = Vec::new();
    for token in [
        format!("{organisation}.{guessed}"),
        format!("{other}.{secret}"),
        "x".into(),
        format!("{organisation}."),
        format!("{organisation}.AAAA"),
    ] {
        let (status, html) = page(&recorded, &format!("{base}/s/{token}")).await;
        assert_eq!(status, 404, "{token}: {html}");
        pages.push(html);
    }
    pages.dedup();
    assert_eq!(pages.len(), 1, "they look alike");
    assert!(!recorded.desk.dir.path().join("data").join(other.as_str()).exists());
}
