//! What readers of a share link get besides the record: the pages that say why there is nothing to read, the headers of every answer, and
//! what a program says of itself in a few words. The same on every host.
//!
//! Promises: links that lead nowhere look alike; nobody is told more than the link shows; no cookie, no script but our own, nothing kept by
//! browsers or caches. Leaves out: who may read, and how often.

use crate::page::{self, Files};
use caisey_ledger::hash::Hash;
use caisey_ledger::id::TimeMs;
use caisey_transcript::moment;
use std::sync::LazyLock;

/// A form with a passphrase is not longer, in bytes.
pub const MAX_FORM_BYTES: usize = 4_096;

/// Whoever gave the passphrase may fetch the pack for so long, in milliseconds.
pub const GRANT_MS: u64 = 600_000;

/// An answer: a status of HTTP and a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Status.
    pub status: u16,
    /// HTML.
    pub html: String,
    /// When it may be tried again, in seconds.
    pub retry_after_s: Option<u64>,
}

impl Told {
    fn new(status: u16, html: String) -> Self {
        Self {
            status,
            html,
            retry_after_s: None,
        }
    }
}

/// The headers of every answer here. Of styles only the pages' own may be used.
pub static HEADERS: LazyLock<[(&str, String); 8]> = LazyLock::new(|| {
    let style = Hash::of(page::CSS.as_bytes()).to_base64();
    let policy = format!(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'sha256-{style}'; connect-src 'self'; worker-src 'self'; \
         form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    );
    [
        ("content-security-policy", policy),
        ("referrer-policy", "no-referrer".to_owned()),
        ("x-robots-tag", "noindex, nofollow, noarchive".to_owned()),
        ("x-content-type-options", "nosniff".to_owned()),
        ("cache-control", "no-store".to_owned()),
        ("cross-origin-opener-policy", "same-origin".to_owned()),
        ("cross-origin-resource-policy", "same-origin".to_owned()),
        ("permissions-policy", "camera=(), geolocation=(), microphone=()".to_owned()),
    ]
});

/// The page's own files: name and media type. The address of each names its content, so that a browser may keep it for good.
pub const PAGE_FILES: [(&str, &str); 3] = [
    ("page.js", "text/javascript; charset=utf-8"),
    ("check.js", "text/javascript; charset=utf-8"),
    ("check.wasm", "application/wasm"),
];

/// How long a browser may keep them.
pub const FILE_CACHE: &str = "public, max-age=31536000, immutable";

/// What a saved pack is called.
pub fn pack_name(pack: &str) -> String {
    format!("record-{}.caisey-pack.zip", pack.get(..12).unwrap_or_default())
}

/// The record itself.
pub fn record(html: String) -> Told {
    Told::new(200, html)
}

/// Nobody was given this link.
pub fn unknown(files: &Files) -> Told {
    let sentences = [
        "Nothing is shared at this address. A link that was copied in part looks like this too.",
        "Copy the whole link again, or ask whoever gave it to you.",
    ];
    Told::new(404, page::nothing(files, "There is no such link", &sentences))
}

/// The link was revoked then.
pub fn revoked(files: &Files, at: TimeMs) -> Told {
    let when = moment::full(at.get());
    let what = format!("Whoever shared this record ended the link on {when}. Nothing is shown here any more.");
    ended(files, "This link was revoked", &what)
}

/// It could be read until then.
pub fn expired(files: &Files, at: TimeMs) -> Told {
    let when = moment::full(at.get());
    let what = format!("It could be read until {when}. Nothing is shown here any more.");
    ended(files, "This link has expired", &what)
}

/// It ended while somebody read.
pub fn just_ended(files: &Files) -> Told {
    ended(
        files,
        "This link has ended",
        "It ended a moment ago. Nothing is shown here any more.",
    )
}

fn ended(files: &Files, title: &str, what: &str) -> Told {
    let sentences = [
        what,
        "A file that you saved from it can still be checked. For a new link, ask whoever gave you this one.",
    ];
    Told::new(410, page::nothing(files, title, &sentences))
}

/// The record could not be read or the visit not noted.
pub fn failed(files: &Files) -> Told {
    let sentences = [
        "The control plane could not read it, or could not note that it was opened. This says nothing about the record itself.",
        "Try again later.",
    ];
    Told::new(500, page::nothing(files, "The record cannot be shown", &sentences))
}

/// Too often, for this reason; how long to wait.
pub fn too_many(files: &Files, wait_ms: u64, why: &str) -> Told {
    let seconds = (wait_ms / 1_000).saturating_add(1);
    let when = format!("Try again in {}.", moment::span(seconds.saturating_mul(1_000)));
    Told {
        retry_after_s: Some(seconds),
        ..Told::new(429, page::nothing(files, "Please wait", &[why, &when]))
    }
}

/// Too many passphrases were wrong.
pub const TOO_MANY_PASSPHRASES: &str = "Too many passphrases were given that were wrong.";

/// The question for the passphrase.
pub fn ask(files: &Files) -> Told {
    Told::new(200, page::passphrase(files, None))
}

/// The form came without one.
pub fn no_passphrase(files: &Files) -> Told {
    let problem = "Type the passphrase that you were told.";
    Told::new(400, page::passphrase(files, Some(problem)))
}

/// It was another one.
pub fn wrong_passphrase(files: &Files) -> Told {
    let problem = "This is not the passphrase. Capital and small letters are told apart.";
    Told::new(403, page::passphrase(files, Some(problem)))
}

/// The pack was asked for without leave.
pub fn no_leave(files: &Files) -> Told {
    let problem = "Leave to fetch the file lasts ten minutes. Open the record again, then fetch it.";
    Told::new(403, page::passphrase(files, Some(problem)))
}

/// The page that was open showed another pack.
pub fn replaced(files: &Files) -> Told {
    let sentences = [
        "This record was replaced by another version after you opened the page.",
        "Open the link again to see what it shows now.",
    ];
    Told::new(409, page::nothing(files, "Replaced", &sentences))
}

/// The kind of program in a few words from a fixed list; nothing of what it says about itself goes further.
pub fn agent(says: &str) -> String {
    let first = |list: &[(&str, &'static str)]| list.iter().find(|(sign, _)| says.contains(sign)).map(|(_, name)| *name);
    let program = first(&[
        ("bot", "A program that follows links"),
        ("preview", "A program that follows links"),
        ("facebookexternalhit", "A program that follows links"),
        ("curl/", "A program"),
        ("Wget/", "A program"),
        ("python", "A program"),
        ("Edg", "Edge"),
        ("Firefox/", "Firefox"),
        ("FxiOS/", "Firefox"),
        ("CriOS/", "Chrome"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ]);
    let system = first(&[
        ("Android", "Android"),
        ("iPhone", "iOS"),
        ("iPad", "iOS"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("Linux", "Linux"),
    ]);
    match (program, system) {
        (Some(program), _) if program.starts_with("A program") => program.to_owned(),
        (Some(program), Some(system)) => format!("{program} on {system}"),
        (Some(program), None) => program.to_owned(),
        (None, _) => "Another program".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_program_says_of_itself_becomes_one_of_a_few_words() {
        for (says, wanted) in [
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0",
                "Firefox on Windows",
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15",
                "Safari on macOS",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0",
                "Edge on Windows",
            ),
            ("Slackbot-LinkExpanding 1.0", "A program that follows links"),
            ("secret words of somebody", "Another program"),
            ("", "Another program"),
        ] {
            assert_eq!(agent(says), wanted);
        }
    }

    #[test]
    fn the_policy_names_the_style_that_pages_hold() {
        let policy = HEADERS.first().map(|(_, policy)| policy.as_str()).unwrap_or_default();
        // A browser reads other ends of lines as these, and would find another digest.
        assert!(!page::CSS.contains('\r'));
        for told in [ask(&Files::default()), unknown(&Files::default())] {
            let (_, rest) = told.html.split_once("<style>").unwrap_or_default();
            let (style, rest) = rest.split_once("</style>").unwrap_or_default();
            let digest = Hash::of(style.as_bytes());
            assert!(policy.contains(&format!("style-src 'sha256-{digest}';")), "{policy}");
            assert!(!rest.contains("<style") && !rest.contains(" style="));
        }
    }

    #[test]
    fn a_wait_is_said_in_seconds_and_in_words() {
        let told = too_many(&Files::default(), 59_000, TOO_MANY_PASSPHRASES);
        assert_eq!((told.status, told.retry_after_s), (429, Some(60)));
        assert!(told.html.contains("Please wait"));
    }
}
