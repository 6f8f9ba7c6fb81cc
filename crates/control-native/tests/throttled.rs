//! What the native host limits by address, and what it leaves on its disk: a platform does both in its own way, so these are told to this host
//! alone.

use crate::desk::{Desk, enrolment};
use crate::isolation::Place;
use crate::record::{Recorded, Wanted};
use crate::sharing::{create, passphrase};
use caisey_protocol::http::Me;
use caisey_protocol::share::{CreateShare, ShareLink};
use caisey_testkit::runtime::Runtime;

#[tokio::test(flavor = "multi_thread")]
async fn passphrases_are_slowed_down() {
    let desk = Desk::start_with(|config| config.limits.share_passphrases_per_minute = 3).await;
    let recorded = Box::pin(Recorded::make_on(desk)).await;
    let pack = recorded.pack(Wanted::default()).await;
    let request = CreateShare {
        passphrase: Some("four small words here".into()),
        ..recorded.request(&pack).await
    };
    let link: ShareLink = create(&recorded, &request).await.ok();
    for _ in 0..3 {
        assert_eq!(passphrase(&recorded, &link.url, "another wrong one").await.0, 403);
    }
    let (status, html) = passphrase(&recorded, &link.url, "four small words here").await;
    assert!(status == 429 && html.contains("Please wait"), "{html}");
}

#[tokio::test(flavor = "multi_thread")]
async fn naming_an_endpoint_makes_no_file() {
    let place = Place::make().await;
    let token = place.key.sign(&place.issuer.claims("org_of_strangers", "org:owner"));
    let stranger: Me = place.desk.get("/v1/me", &token).await.ok();
    let _: Vec<serde_json::Value> = place.desk.get("/v1/clients", &token).await.ok();
    let path = format!(
        "/v1/runtime/connect?organisation={}&endpoint={}",
        stranger.organisation, place.runtime.endpoint
    );
    assert_eq!(place.desk.socket(&path, None).await.err(), Some(404));
    let files = std::fs::read_dir(place.desk.dir.path().join("data").join(stranger.organisation.as_str())).unwrap();
    assert!(
        files
            .flatten()
            .all(|file| !file.file_name().to_string_lossy().starts_with("ep_"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_enrolments_are_slowed_down_and_accepted_ones_are_not() {
    let desk = Desk::start_with(|config| config.limits.failed_enrolments_per_minute = 3).await;
    let owner = desk.owner();
    let client = desk.client(&owner, 1).await;
    let secret = desk.installer(&owner, &client, 1, 100).await;
    for seed in 10..20 {
        desk.enrol(&secret.token, seed).await;
    }
    let runtime = Runtime::new(1, &caisey_ledger::id::EndpointId::from_bits([0; 16]), "");
    let mut wrong = secret.token.clone();
    wrong.push('x');
    for _ in 0..3 {
        let reply = desk.call("POST", "/v1/enrol", None, Some(&enrolment(&runtime, &wrong))).await;
        assert_eq!(
            (reply.status, reply.code().as_str()),
            (403, "installer_refused"),
            "{}",
            reply.text
        );
        assert!(!reply.text.contains(&secret.token));
    }
    let reply = desk.call("POST", "/v1/enrol", None, Some(&enrolment(&runtime, &wrong))).await;
    assert_eq!((reply.status, reply.code().as_str()), (429, "too_many_requests"));
}
