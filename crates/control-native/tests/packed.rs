//! What this host packs for whoever takes it so. (On Workers the network before them does that.)

use crate::record::{Recorded, Wanted};
use crate::sharing::read;
use std::io::Read as _;

#[tokio::test(flavor = "multi_thread")]
async fn whoever_takes_them_packed_gets_page_pack_and_files_packed() {
    let recorded = Box::pin(Recorded::make()).await;
    let pack = recorded.pack(Wanted::default()).await;
    let link = recorded.share(&pack).await;
    let base = &recorded.desk.running.base_url;
    for url in [
        link.url.clone(),
        format!("{}/pack", link.url),
        format!("{base}/share/page.js"),
    ] {
        let (status, headers, plain) = read(&recorded, &url).await;
        assert_eq!(
            (status, &headers["vary"]),
            (200, &"accept-encoding".parse().unwrap()),
            "{url}"
        );
        assert!(!headers.contains_key("content-encoding"), "{url}");
        let asked = recorded.desk.http.get(&url).header("accept-encoding", "br, gzip");
        let answer = asked.send().await.unwrap();
        let coding = answer.headers().get("content-encoding").cloned();
        assert_eq!(coding, Some("gzip".parse().unwrap()), "{url}");
        let packed = answer.bytes().await.unwrap();
        assert!(packed.len() < plain.len(), "{url}");
        let mut unpacked = Vec::new();
        flate2::read::GzDecoder::new(packed.as_ref())
            .read_to_end(&mut unpacked)
            .unwrap();
        assert_eq!(unpacked, plain, "{url}");
    }
}
