//! Limits that only this host has: each is reached, says what it is, and costs nothing that was there.

use crate::desk::{Desk, Reply};
use crate::host::OPERATOR_SECRET;
use crate::record::{Recorded, Wanted};
use caisey_protocol::share::{CreateShare, RefreshShare, ShareState, ShareView};
use serde_json::json;

/// Of a pack, in bytes.
const PACK: u64 = 8 << 20;
/// Of an operator's request, in bytes.
const PIECE: usize = 16 << 20;

#[tokio::test(flavor = "multi_thread")]
async fn a_pack_beyond_this_hosts_memory_is_refused_and_what_is_shared_stays() {
    let recorded = Box::pin(Recorded::make()).await;
    let pack = recorded.pack(Wanted::default()).await;
    let link = recorded.share(&pack).await;
    let create = async |size_bytes| {
        let request = CreateShare {
            size_bytes,
            ..recorded.request(&pack).await
        };
        recorded.desk.post("/v1/shares", &recorded.token, &request).await
    };
    let path = format!("/v1/shares/{}/refresh", link.share.share);
    let refresh = RefreshShare {
        pack: link.share.pack.clone(),
        size_bytes: PACK + 1,
        unreviewed: false,
    };
    for refused in [
        create(PACK + 1).await,
        recorded.desk.post(&path, &recorded.token, &refresh).await,
    ] {
        assert_eq!(
            (refused.status, refused.code().as_str()),
            (413, "too_large"),
            "{}",
            refused.text
        );
        assert!(refused.text.contains(&format!("{PACK} bytes")) && refused.text.contains("hand over the file"));
    }
    // One that is as long as it may be is looked for; what was put is shorter.
    let other = create(PACK).await;
    assert_eq!((other.status, other.code().as_str()), (409, "conflict"), "{}", other.text);
    let shares: Vec<ShareView> = recorded.desk.get("/v1/shares", &recorded.token).await.ok();
    assert_eq!(shares.len(), 1);
    assert_eq!((shares[0].state, &shares[0].pack), (ShareState::Active, &link.share.pack));
    let read = reqwest::get(format!("{}/pack", link.url)).await.unwrap();
    assert_eq!(read.bytes().await.unwrap(), pack);
}

/// A request for an organisation's header, of so many bytes.
async fn header(desk: &Desk, length: usize) -> Reply {
    let mut body = json!({ "organisation": desk.organisation() }).to_string();
    body.extend(std::iter::repeat_n(' ', length - body.len()));
    let url = format!("{}/operator/header", desk.running.base_url);
    let sent = desk.http.post(url).bearer_auth(OPERATOR_SECRET).body(body).send();
    let answer = sent.await.unwrap();
    Reply {
        status: answer.status().as_u16(),
        text: answer.text().await.unwrap(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operators_piece_may_be_longer_than_others_requests_and_not_longer_than_that() {
    let desk = Desk::start().await;
    let owner = desk.owner();
    let client = desk.client(&owner, 1).await;
    assert_eq!(header(&desk, PIECE).await.status, 200);
    let refused = header(&desk, PIECE + 1).await;
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (413, "too_large"),
        "{}",
        refused.text
    );
    assert!(
        refused.text.contains(&format!("longer than {PIECE} bytes")),
        "{}",
        refused.text
    );
    // Everybody else's limit, in everybody else's words.
    let long = json!({ "name": "x".repeat(1 << 20) });
    let refused = desk.post(&format!("/v1/clients/{client}/rename"), &owner, &long).await;
    assert_eq!((refused.status, refused.code().as_str()), (413, "too_large"));
    assert!(
        refused.text.contains(&format!("longer than {} bytes", 1 << 20)),
        "{}",
        refused.text
    );
    let clients = desk.get("/v1/clients", &owner).await.text;
    assert!(clients.contains("Client 1"), "{clients}");
}
