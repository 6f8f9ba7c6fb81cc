//! Handlers for share links, as members use them. What readers see is `share_page`.

use super::directory::read;
use super::routes::Route;
use super::{End, Request};
use crate::answer::{Answer, error, internal};
use crate::letter::{AskOrganisation, Created};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use caisey_control::claims::Identity;
use caisey_control::organisation::Examined;
use caisey_control::passphrase;
use caisey_control::port::Signer as _;
use caisey_ledger::id::ShareId;
use caisey_protocol::error::{ErrorBody, ErrorCode};
use caisey_protocol::share::{CreateShare, MIN_PASSPHRASE_CHARS, RefreshShare, ShareLink, ShareView};

/// A larger pack cannot be examined in the memory that the platform gives a program, in bytes (docs/decisions/0092).
const MAX_HERE_BYTES: u64 = 8 << 20;

pub(super) async fn answer(request: &Request, route: Route, who: &Identity) -> Result<Option<End>, ErrorBody> {
    let ask = match route {
        Route::PutPart => put_part(request)?,
        Route::Shares => AskOrganisation::Shares,
        Route::CreateShare => return create(request, who).await.map(Some),
        Route::RefreshShare => return refresh(request, who).await.map(Some),
        Route::RevokeShare => AskOrganisation::RevokeShare(request.id()?),
        Route::Visits => AskOrganisation::Visits(request.id()?),
        _ => return Ok(None),
    };
    Ok(Some(End::Answer(request.organisation(who, ask).await)))
}

fn put_part(request: &Request) -> Result<AskOrganisation, ErrorBody> {
    let wrong = |_| error(ErrorCode::BadRequest, "A part of a pack is named by its number, from 0.");
    Ok(AskOrganisation::PutPart {
        pack: request.part(0).to_owned(),
        part: request.part(1).parse().map_err(wrong)?,
        bytes: STANDARD.encode(&request.body),
    })
}

async fn create(request: &Request, who: &Identity) -> Result<End, ErrorBody> {
    let mut wanted: CreateShare = request.body()?;
    let kept = wanted.passphrase.take().map(|words| kept(request, &words)).transpose()?;
    let examined = examine(request, who, &wanted.pack, wanted.size_bytes).await?;
    let ask = AskOrganisation::CreateShare(wanted, kept, examined);
    let Created { share, token } = read(&request.organisation(who, ask).await)?;
    let url = format!("{}/s/{token}", request.public_url());
    Ok(End::Answer(Answer::json(&ShareLink { share, url })))
}

async fn refresh(request: &Request, who: &Identity) -> Result<End, ErrorBody> {
    let (share, wanted): (ShareId, RefreshShare) = (request.id()?, request.body()?);
    // Whether there is such a share is said before the pack is looked at.
    let _: ShareView = read(&request.organisation(who, AskOrganisation::FindShare(share.clone())).await)?;
    let examined = examine(request, who, &wanted.pack, wanted.size_bytes).await?;
    let ask = AskOrganisation::RefreshShare(share, wanted, examined);
    Ok(End::Answer(request.organisation(who, ask).await))
}

/// Argon2id, in this request's own instance.
fn kept(request: &Request, words: &str) -> Result<String, ErrorBody> {
    if !(MIN_PASSPHRASE_CHARS..=200).contains(&words.chars().count()) {
        let detail = format!("`passphrase` must have {MIN_PASSPHRASE_CHARS} to 200 characters.");
        return Err(error(ErrorCode::BadRequest, detail));
    }
    let failed = || internal("The passphrase could not be kept; nothing was shared.");
    let salt = request.entropy.first_chunk::<16>().ok_or_else(failed)?;
    passphrase::hash(words, *salt).map_err(|_| failed())
}

/// Reads a pack that was put, and verifies it beside the object.
async fn examine(request: &Request, who: &Identity, pack: &str, size_bytes: u64) -> Result<Examined, ErrorBody> {
    if size_bytes > MAX_HERE_BYTES {
        return Err(error(
            ErrorCode::TooLarge,
            format!(
                "A pack that is shared may have {MAX_HERE_BYTES} bytes at most. Take a shorter period, or hand over the file."
            ),
        ));
    }
    let pack = pack.to_owned();
    let bytes = request.organisation(who, AskOrganisation::Pack { pack, size_bytes }).await;
    if bytes.status == 404 {
        let detail = "The pack is not here whole. Put all of its parts, then repeat this.";
        return Err(error(ErrorCode::Conflict, detail));
    }
    if !bytes.is_good() {
        return Err(read::<()>(&bytes)
            .err()
            .unwrap_or_else(|| internal("The pack could not be read.")));
    }
    let log = format!("{}/{}", request.deployment.config.authority, who.caller.organisation);
    Examined::of(&bytes.body, &log, request.deployment.key.public_key())
}
