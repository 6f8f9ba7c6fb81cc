//! How the page behind a link is served, on every host: status, headers, and what a form sends.
//!
//! Promises: no cookie, no script, nothing kept by browsers, caches or search engines, no address told to anybody else; whoever sends both
//! answers, or no number, has given none. Leaves out: finding the object, and how many may try. Decisions:
//! docs/decisions/0072-the-page-behind-the-link.md.

use super::{CSS, LinkToken, Shown, Typed, page, unavailable};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use caisey_protocol::error::{ErrorBody, ErrorCode};
use sha2::{Digest as _, Sha256};

/// A form with a number and a reason is not longer, in bytes.
pub const MAX_FORM_BYTES: usize = 16_384;

/// An answer: a status of HTTP and a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebPage {
    /// Status.
    pub status: u16,
    /// HTML; empty when the reader is sent elsewhere.
    pub html: String,
}

/// What somebody who opens the link sees.
pub fn looked(shown: &Shown) -> WebPage {
    let status = match shown {
        Shown::Unknown => 404,
        Shown::Open(_, tries) if tries.wrong => 422,
        Shown::Open(..) | Shown::Over(_) => 200,
    };
    WebPage {
        status,
        html: page(shown),
    }
}

/// What somebody who sent the form sees. 303 when that is shown at the link's own address, so that loading it again sends nothing again.
pub fn answered(shown: &Shown) -> WebPage {
    match shown {
        Shown::Over(_) => WebPage {
            status: 303,
            html: String::new(),
        },
        shown => looked(shown),
    }
}

/// It could not be looked at or recorded.
pub fn failed(error: &ErrorBody) -> WebPage {
    let status = match error.code {
        ErrorCode::NotRecorded => 507,
        _ => 503,
    };
    WebPage {
        status,
        html: unavailable(),
    }
}

/// Where the link leads, on this host.
pub fn own_address(token: &LinkToken) -> String {
    format!("/a/{}", token.expose())
}

/// The headers of every answer. Only the page's own style sheet may be used, and its form sent to where it came from.
pub fn headers() -> [(&'static str, String); 8] {
    let digest = STANDARD.encode(Sha256::digest(CSS.as_bytes()));
    let policy =
        format!("default-src 'none'; style-src 'sha256-{digest}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'");
    [
        ("content-type", "text/html; charset=utf-8".to_owned()),
        ("content-security-policy", policy),
        ("cache-control", "no-store".to_owned()),
        ("referrer-policy", "no-referrer".to_owned()),
        ("x-content-type-options", "nosniff".to_owned()),
        ("x-frame-options", "DENY".to_owned()),
        ("x-robots-tag", "noindex, nofollow, noarchive".to_owned()),
        ("cross-origin-opener-policy", "same-origin".to_owned()),
    ]
}

/// What was typed; none when it is not our form's. `content_type` is the request's header.
pub fn typed(token: &LinkToken, content_type: Option<&str>, body: &[u8]) -> Option<Typed> {
    if body.len() > MAX_FORM_BYTES || !content_type?.starts_with("application/x-www-form-urlencoded") {
        return None;
    }
    let mut typed = Typed {
        token: token.clone(),
        approve: false,
        number: String::new(),
        reason: String::new(),
    };
    let mut answers = 0;
    for (name, value) in form_urlencoded::parse(body) {
        match name.as_ref() {
            "number" => typed.number = value.chars().take(32).collect(),
            "reason" => typed.reason = value.into_owned(),
            "answer" => {
                answers += 1;
                typed.approve = match value.as_ref() {
                    "approve" => true,
                    "deny" => false,
                    _ => return None,
                };
            }
            _ => {}
        }
    }
    (answers == 1 && !typed.number.is_empty()).then_some(typed)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn only_our_form_with_one_answer_and_a_number_is_an_answer() {
        const FORM: Option<&str> = Some("application/x-www-form-urlencoded; charset=utf-8");
        let token = LinkToken::new("x");
        let said = |body: &str| typed(&token, FORM, body.as_bytes());
        let yes = said("number=12+34-56&reason=&answer=approve").unwrap();
        assert_eq!((yes.approve, yes.number.as_str()), (true, "12 34-56"));
        assert_eq!(said("answer=deny&number=1&reason=Not%20now").unwrap().reason, "Not now");
        for none in [
            "",
            "number=1",
            "answer=approve",
            "answer=approve&number=",
            "answer=approve&answer=deny&number=1",
            "answer=perhaps&number=1",
        ] {
            assert_eq!(said(none), None, "{none}");
        }
        let body = b"number=1&answer=approve";
        assert_eq!(typed(&token, None, body), None);
        assert_eq!(typed(&token, Some("application/json"), body), None);
        assert_eq!(typed(&token, FORM, &vec![b'a'; MAX_FORM_BYTES + 1]), None);
    }

    #[test]
    fn the_policy_lets_one_style_sheet_and_no_script_in() {
        let policy = headers()
            .into_iter()
            .find(|(name, _)| *name == "content-security-policy")
            .unwrap()
            .1;
        assert!(
            policy.starts_with("default-src 'none'; style-src 'sha256-") && !policy.contains("script"),
            "{policy}"
        );
    }
}
