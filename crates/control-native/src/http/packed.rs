//! Answers packed with gzip for whoever takes them so (RFC 9110 §8.4.1.3 and §12.5.3, RFC 1952): a page of ten thousand entries is a tenth as long
//! then, and the check that browsers run a third.
//!
//! Only for answers in which nobody's words stand beside a secret that they should not learn: how short a packed text is tells what in it
//! repeats (BREACH). The page of a shared record carries its link's token, and behind a passphrase a grant made for that visit; but nothing that
//! the request chooses is repeated beside them, the record is fixed, and the grant is new each time, so lengths tell neither.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write as _;
use tokio::sync::Semaphore;

/// Shorter answers travel as they are.
const LEAST_BYTES: usize = 1_024;

/// Whether somebody asks for answers so packed. One who says nothing takes them as they are.
pub(crate) fn takes(headers: &HeaderMap) -> bool {
    let given = headers.get_all(header::ACCEPT_ENCODING).iter();
    given
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|one| {
            let mut parts = one.split(';').map(str::trim);
            let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("gzip"));
            let weight = parts.find_map(|part| part.strip_prefix("q=")).map(str::parse::<f32>);
            named && !matches!(weight, Some(Ok(0.0)))
        })
}

/// Packs; nothing when that gains nothing.
pub(crate) fn pack(bytes: &[u8], how: Compression) -> Option<Vec<u8>> {
    if bytes.len() < LEAST_BYTES {
        return None;
    }
    let mut packer = GzEncoder::new(Vec::with_capacity(bytes.len() / 4), how);
    packer.write_all(bytes).ok()?;
    packer.finish().ok().filter(|packed| packed.len() < bytes.len())
}

/// A body for whoever takes it packed. Megabytes take a tenth of a second, so they are packed where nobody else waits for it, and only as many
/// at the same time as `turns` has.
pub(crate) async fn body(turns: &Semaphore, packed: bool, bytes: Vec<u8>) -> Response {
    if !packed || bytes.len() < LEAST_BYTES {
        return marked(Response::new(Body::from(bytes)), false);
    }
    let _turn = turns.acquire().await;
    let done = tokio::task::spawn_blocking(move || match pack(&bytes, Compression::default()) {
        Some(packed) => (packed, true),
        None => (bytes, false),
    });
    match done.await {
        Ok((bytes, is_packed)) => marked(Response::new(Body::from(bytes)), is_packed),
        Err(_) => super::refusal::Refusal::panicked(),
    }
}

/// Says whether the body is packed, and that others may get it otherwise.
pub(crate) fn marked(mut response: Response, is_packed: bool) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if is_packed {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use flate2::read::GzDecoder;
    use std::io::Read as _;

    #[test]
    fn only_who_asks_for_it_gets_it_packed() {
        for (says, wanted) in [
            ("gzip", true),
            ("gzip, deflate, br, zstd", true),
            ("br;q=1.0, GZIP;q=0.8, *;q=0.1", true),
            ("gzip;q=0", false),
            ("br, gzip; q=0.0", false),
            ("identity", false),
            ("", false),
            ("xgzip", false),
        ] {
            let headers = HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_str(says).unwrap())]);
            assert_eq!(takes(&headers), wanted, "{says}");
        }
        assert!(!takes(&HeaderMap::new()));
    }

    #[test]
    fn what_was_packed_is_what_comes_out() {
        let text = "the same words again and again\n".repeat(100);
        let packed = pack(text.as_bytes(), Compression::default()).unwrap();
        let mut again = String::new();
        GzDecoder::new(packed.as_slice()).read_to_string(&mut again).unwrap();
        assert_eq!(again, text);
        assert_eq!(pack(b"short", Compression::default()), None);
    }
}
