//! The link: made by `caisey share`, opened by a reader in a real Chromium, and what the view log says of that reader.

use crate::exported::run;
use crate::leaving::nowhere;
use crate::teller::Teller;
use anyhow::{Context, Result, ensure};
use caisey_stories::programs::built;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::path::Path;

/// What the reader's browser met.
#[derive(Deserialize)]
struct Seen {
    status: u16,
    can_check: bool,
    verdict: String,
    verified: bool,
    in_view: bool,
    holds: Vec<String>,
    open: Vec<String>,
    fails: Vec<String>,
    text: String,
    source: String,
    dom: String,
    cookies: u32,
    phone_verified: bool,
    phone_width: u32,
    elsewhere: Vec<String>,
    problems: Vec<String>,
}

/// Shares the pack that was left, from the command line; returns the link.
pub(crate) fn share(home: &Path, out: &Path, teller: &mut Teller) -> Result<String> {
    let (home, pack) = (home.to_string_lossy(), out.join("evidence-pack.zip"));
    let pack = pack.to_string_lossy();
    let said = run(
        &built("caisey")?,
        &[
            "--home",
            &home,
            "share",
            "new",
            &pack,
            "--label",
            "Claim 4711",
            "--days",
            "30",
        ],
    )?;
    let link = said.trim().to_owned();
    ensure!(
        link.starts_with("http") && link.contains("/s/") && link.lines().count() == 1,
        "`caisey share new` did not print a link: {said}"
    );
    teller.tell("caisey share new evidence-pack.zip: a link that ends in 30 days")?;
    Ok(link)
}

/// A stranger opens it: the page checks itself, fetches nothing from elsewhere, and shows nothing that was hidden. Leaves share.png and
/// share-phone.png.
pub(crate) fn look(link: &str, out: &Path, private: &BTreeSet<String>, teller: &mut Teller) -> Result<()> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("look.mjs");
    let (picture, phone) = (out.join("share.png"), out.join("share-phone.png"));
    let (script, picture, phone) = (script.to_string_lossy(), picture.to_string_lossy(), phone.to_string_lossy());
    let said = run(Path::new("node"), &[&script, link, &picture, &phone])?;
    let seen: Seen = serde_json::from_str(&said).context("reading what the browser met")?;
    ensure!(seen.status == 200, "the link answers {}", seen.status);
    ensure!(
        seen.elsewhere.is_empty(),
        "the page fetched from elsewhere: {:?}",
        seen.elsewhere
    );
    ensure!(
        seen.problems.is_empty() && seen.cookies == 0,
        "{} cookies, {:?}",
        seen.cookies,
        seen.problems
    );
    for words in ["Robin Winter", " Doe", "Did anyone access", "payroll", "Recall"] {
        ensure!(seen.text.contains(words), "the page does not say {words:?}");
    }
    ensure!(seen.phone_width <= 390, "on a phone the page is {} wide", seen.phone_width);
    for (what, words) in [("the page", &seen.source), ("the checked page", &seen.dom)] {
        nowhere(what, words.as_bytes(), private)?;
    }
    if !seen.can_check {
        return teller.tell(
            "the control plane was built without the browser’s check (no wasm32 here): the page says that nothing was verified",
        );
    }
    ensure!(
        seen.verified && seen.phone_verified && seen.in_view && seen.fails.is_empty(),
        "the page is not verified: {} {:?}",
        seen.verdict,
        seen.fails
    );
    teller.tell(&format!(
        "a stranger’s Chromium (share.png, share-phone.png): {}",
        seen.verdict
    ))?;
    teller.tell(&format!(
        "      holds: {}; not shown: {}",
        seen.holds.join(", "),
        seen.open.join(", ")
    ))
}

/// The view log tells that it was opened, and of nobody by whom.
pub(crate) fn visits(home: &Path, out: &Path, private: &BTreeSet<String>, teller: &mut Teller) -> Result<()> {
    let (caisey, home) = (built("caisey")?, home.to_string_lossy());
    let listed = run(&caisey, &["--home", &home, "share", "list"])?;
    let share = listed
        .split_whitespace()
        .find(|word| word.starts_with("shr_"))
        .with_context(|| format!("`caisey share list` names no link:\n{listed}"))?;
    let log = run(&caisey, &["--home", &home, "share", "visits", share])?;
    crate::leaving::write(&out.join("share-visits.txt"), log.as_bytes())?;
    ensure!(
        log.contains("opened the page") && log.contains("fetched the evidence pack") && log.contains("Chrome"),
        "the view log does not tell of the reader:\n{log}"
    );
    ensure!(!log.contains("127.0.0.1"), "the view log names an address:\n{log}");
    nowhere("the view log", log.as_bytes(), private)?;
    teller.tell("caisey share visits:")?;
    teller.quote(&log)
}
