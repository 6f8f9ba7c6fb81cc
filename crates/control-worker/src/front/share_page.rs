//! What readers of a share link get: the page, the pack, and the files that the page is made with (`caisey_share::reader`).
//!
//! Promises: nobody is told more than the link shows; a visit is in the view log before its answer leaves. Leave to fetch a pack behind a
//! passphrase is signed, because the next request may be served in another place of the world. How often an address may read is the
//! platform's rule (docs/deploy.md); how often a passphrase may be wrong, the object's.

use super::{End, Request};
use crate::answer::Answer;
use crate::letter::AskOrganisation;
use caisey_control::organisation::{OpenedShare, token_digest};
use caisey_control::passphrase;
use caisey_ledger::id::OrganisationId;
use caisey_protocol::share::{ShareState, VisitKind};
use caisey_share::Shown;
use caisey_share::page::{self, Around, Files};
use caisey_share::reader::{self, Told};

/// A link that can be read.
struct Admitted {
    organisation: OrganisationId,
    opened: OpenedShare,
}

/// The page's own files as the build found them.
fn files() -> Files {
    let address = |wanted: &str| {
        let marks = env!("CAISEY_SHARE_FILES").split(' ').filter_map(|mark| mark.split_once('='));
        let mark = marks.into_iter().find(|(name, _)| *name == wanted)?.1;
        Some(format!("/share/{wanted}?v={mark}"))
    };
    Files {
        script: address("page.js"),
        worker: address("check.js"),
        check: address("check.wasm"),
    }
}

pub(super) async fn page(request: &Request) -> End {
    let counted = request.described.method != "HEAD";
    told(match admit(request).await {
        Ok(admitted) if admitted.opened.passphrase.is_some() => reader::ask(&files()),
        Ok(admitted) => show(request, &admitted, counted, None).await,
        Err(told) => told,
    })
}

pub(super) async fn answer(request: &Request) -> End {
    told(match admit(request).await {
        Ok(admitted) => opened(request, &admitted).await,
        Err(told) => told,
    })
}

async fn opened(request: &Request, admitted: &Admitted) -> Told {
    let Some(stored) = &admitted.opened.passphrase else {
        return show(request, admitted, true, None).await;
    };
    let now_ms = request.now().get();
    let until = admitted.opened.wait_until_ms.map(|until| until.get().saturating_sub(now_ms));
    if let Some(wait) = until.filter(|wait| *wait > 0) {
        return reader::too_many(&files(), wait, reader::TOO_MANY_PASSPHRASES);
    }
    let Some(given) = passphrase_of(request) else {
        return reader::no_passphrase(&files());
    };
    if !passphrase::verify(&given, Some(stored)) {
        let noted = visit(request, admitted, VisitKind::WrongPassphrase).await;
        return noted.err().unwrap_or_else(|| reader::wrong_passphrase(&files()));
    }
    let grant = request.deployment.key.grant(&admitted.opened.view.share, now_ms);
    show(request, admitted, true, Some(&grant)).await
}

pub(super) async fn pack(request: &Request) -> End {
    match fetched(request).await {
        Ok(end) => end,
        Err(refused) => told(refused),
    }
}

async fn fetched(request: &Request) -> Result<End, Told> {
    let admitted = admit(request).await?;
    let view = &admitted.opened.view;
    let query = |name: &str| request.described.query.get(name);
    let now_ms = request.now().get();
    let granted = |word: &String| request.deployment.key.is_granted(&view.share, word, now_ms);
    if view.passphrase && !query("grant").is_some_and(granted) {
        return Err(reader::no_leave(&files()));
    }
    if query("of").is_some_and(|wanted| *wanted != view.pack) {
        return Err(reader::replaced(&files()));
    }
    visit(request, &admitted, VisitKind::Pack).await?;
    let bytes = stored(request, &admitted).await?;
    let mut headers = guarded("application/zip");
    let name = reader::pack_name(&view.pack);
    headers.push(("content-disposition", format!("attachment; filename=\"{name}\"")));
    Ok(End::Other(Answer::bytes(200, bytes), headers))
}

pub(super) fn file(request: &Request) -> End {
    let name = request.part(0);
    match reader::PAGE_FILES.iter().find(|(own, _)| *own == name) {
        Some((name, kind)) => {
            let mut headers = guarded(kind);
            headers.retain(|(header, _)| *header != "cache-control");
            headers.push(("cache-control", reader::FILE_CACHE.to_owned()));
            End::File(format!("share/{name}"), headers)
        }
        // What is not there answers as what was not built.
        None => End::File("share/nothing".to_owned(), Vec::new()),
    }
}

/// Finds what a link leads to. Links that lead nowhere and links of nobody get the same answer.
async fn admit(request: &Request) -> Result<Admitted, Told> {
    let unknown = || reader::unknown(&files());
    let (organisation, digest) = token_digest(request.part(0)).ok_or_else(unknown)?;
    let found = request
        .organisation_named(organisation.clone(), None, AskOrganisation::FindLink(digest))
        .await;
    if found.status == 404 {
        return Err(unknown());
    }
    let opened: Option<OpenedShare> = found.is_good().then(|| serde_json::from_slice(&found.body).ok()).flatten();
    let opened = opened.ok_or_else(|| reader::failed(&files()))?;
    let view = &opened.view;
    match view.state {
        ShareState::Active | ShareState::Refreshed => Ok(Admitted { organisation, opened }),
        ShareState::Revoked => Err(reader::revoked(&files(), view.revoked_at_ms.unwrap_or_default())),
        ShareState::Expired => Err(reader::expired(&files(), view.expires_at_ms)),
    }
}

/// The page itself; `counted` puts it into the view log.
async fn show(request: &Request, admitted: &Admitted, counted: bool, grant: Option<&str>) -> Told {
    let view = &admitted.opened.view;
    let bytes = match stored(request, admitted).await {
        Ok(bytes) => bytes,
        Err(told) => return told,
    };
    let shown = Shown::of(&bytes);
    drop(bytes);
    if counted && let Err(told) = visit(request, admitted, VisitKind::Page).await {
        return told;
    }
    let grant = grant.map_or_else(String::new, |grant| format!("&grant={grant}"));
    let around = Around {
        files: files(),
        pack_url: format!("/s/{}/pack?of={}{grant}", request.part(0), view.pack),
        pack: view.pack.clone(),
        size_bytes: view.size_bytes,
        expires_at_ms: view.expires_at_ms,
        refreshed_at_ms: view.refreshed_at_ms,
    };
    reader::record(page::shared(&shown, &around))
}

async fn stored(request: &Request, admitted: &Admitted) -> Result<Vec<u8>, Told> {
    let view = &admitted.opened.view;
    let ask = AskOrganisation::Pack {
        pack: view.pack.clone(),
        size_bytes: view.size_bytes,
    };
    let answer = request.organisation_named(admitted.organisation.clone(), None, ask).await;
    if answer.status == 200 {
        Ok(answer.body)
    } else {
        Err(reader::failed(&files()))
    }
}

/// Writes a line of the view log. A link that ended meanwhile shows nothing.
async fn visit(request: &Request, admitted: &Admitted, what: VisitKind) -> Result<(), Told> {
    let agent = reader::agent(request.described.user_agent.as_deref().unwrap_or_default());
    let ask = AskOrganisation::Visit(admitted.opened.view.share.clone(), what, agent);
    let answer = request.organisation_named(admitted.organisation.clone(), None, ask).await;
    match serde_json::from_slice::<bool>(&answer.body) {
        Ok(true) => Ok(()),
        Ok(false) => Err(reader::just_ended(&files())),
        Err(_) => Err(reader::failed(&files())),
    }
}

fn passphrase_of(request: &Request) -> Option<String> {
    if request.body.len() > reader::MAX_FORM_BYTES {
        return None;
    }
    passphrase::of_form(&request.body)
}

fn told(told: Told) -> End {
    let mut headers = guarded("text/html; charset=utf-8");
    if let Some(seconds) = told.retry_after_s {
        headers.push(("retry-after", seconds.to_string()));
    }
    End::Other(Answer::bytes(told.status, told.html), headers)
}

/// The headers of every answer here.
fn guarded(kind: &str) -> Vec<(&'static str, String)> {
    let mut headers: Vec<_> = reader::HEADERS.iter().map(|(name, value)| (*name, value.clone())).collect();
    headers.push(("content-type", kind.to_owned()));
    headers
}
