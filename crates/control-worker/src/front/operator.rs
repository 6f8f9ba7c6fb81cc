//! `POST /operator/…`: for whoever operates the deployment and has its secret. Moves organisations here and away, a piece in each request
//! (`caisey-control export --url`, `import --url`). No part of the published interface.
//!
//! Promises: without a secret of the deployment's there are no such routes; the secret proves an operator, who sees everything that they could
//! read in the platform's storage anyway, and signs nothing but the head of what left.

use super::conversation::Object;
use super::directory::read;
use super::{End, Request, endpoint_name};
use crate::answer::{Answer, error};
use crate::letter::{AskEndpoint, AskMove, AskOrganisation, ToEndpoint, ToOrganisation, WAITS};
use crate::moving::refused;
use caisey_control::moving::{self, Header, Leaving, Objects, Part};
use caisey_control::port::Signer as _;
use caisey_ledger::id::{EndpointId, OrganisationId};
use caisey_protocol::error::{ErrorBody, ErrorCode};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
struct Which {
    organisation: OrganisationId,
    object: Option<Part>,
}

#[derive(Deserialize)]
struct Leaves {
    header: Header,
    object: Part,
    from: Option<Leaving>,
}

#[derive(Deserialize)]
struct Signs {
    header: Header,
    objects: String,
}

#[derive(Deserialize)]
struct Arrives {
    header: Header,
    object: Part,
    lines: Vec<String>,
}

#[derive(Deserialize)]
struct Ends {
    header: Header,
    note: String,
}

#[derive(Serialize)]
struct Piece {
    lines: Vec<String>,
    next: Option<Leaving>,
    then: Option<Part>,
}

/// None when this is not the operator.
pub(super) async fn answer(request: &Request) -> Option<Result<End, ErrorBody>> {
    let verb = request.described.path.strip_prefix("/operator/")?;
    let (scheme, secret) = request.described.authorization.as_deref()?.split_once(' ')?;
    let proved = scheme.eq_ignore_ascii_case("bearer") && request.deployment.config.is_operator(secret);
    if !proved || request.described.method != "POST" {
        return None;
    }
    if let Err(error) = request.must_be_whole() {
        return Some(Err(error));
    }
    let done = match verb {
        "header" => header(request),
        "leave" => leave(request).await,
        "sign" => sign(request),
        "stay" => stay(request).await,
        "arrive" => arrive(request).await,
        "arrived" => arrived(request).await,
        _ => return None,
    };
    Some(done.map(End::Answer))
}

fn header(request: &Request) -> Result<Answer, ErrorBody> {
    let Which { organisation, .. } = request.body()?;
    let key = request.deployment.key.public_key();
    let authority = &request.deployment.config.authority;
    Ok(Answer::json(&moving::header(authority, &organisation, key, request.now())))
}

async fn leave(request: &Request) -> Result<Answer, ErrorBody> {
    let Leaves { header, object, from } = request.body()?;
    fits(request, &header)?;
    let organisation = header.organisation.clone();
    let asked = ask(request, &organisation, &object, AskMove::Leave { header, from }).await;
    let (lines, next): (Vec<String>, Option<Leaving>) = read(&asked)?;
    let then = match &next {
        Some(_) => None,
        None => following(request, &organisation, &object).await?,
    };
    Ok(Answer::json(&Piece { lines, next, then }))
}

/// The object after this one: endpoints that are in the directory and have a log.
async fn following(request: &Request, organisation: &OrganisationId, object: &Part) -> Result<Option<Part>, ErrorBody> {
    let mut after = match object {
        Part::Organisation => None,
        Part::Endpoint(endpoint) => Some(endpoint.clone()),
    };
    loop {
        let next = ask(request, organisation, &Part::Organisation, AskMove::Next(after)).await;
        let Some(next): Option<EndpointId> = read(&next)? else {
            return Ok(None);
        };
        let part = Part::Endpoint(next.clone());
        if ask(request, organisation, &part, AskMove::Standing).await.status != 404 {
            return Ok(Some(part));
        }
        after = Some(next);
    }
}

fn sign(request: &Request) -> Result<Answer, ErrorBody> {
    let Signs { header, objects } = request.body()?;
    fits(request, &header)?;
    let digit = |at: usize| objects.get(at..at + 2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
    let bytes: Option<Vec<u8>> = (0..objects.len() / 2).map(|at| digit(2 * at)).collect();
    let objects = bytes.and_then(|bytes| Objects::from_bytes(&bytes));
    let objects = objects.ok_or_else(|| error(ErrorCode::BadRequest, "The tree of objects cannot be read."))?;
    let key = &request.deployment.key;
    let signed = objects.sign(&header, &key.public_key(), |message| key.sign(message));
    signed.map(|note| Answer::json(&note)).map_err(|fault| refused(&fault))
}

/// What began to leave stays after all.
async fn stay(request: &Request) -> Result<Answer, ErrorBody> {
    let Which { organisation, object } = request.body()?;
    let object = object.unwrap_or(Part::Organisation);
    let then = following(request, &organisation, &object).await?;
    let settled = ask(request, &organisation, &object, AskMove::Settle).await;
    if !settled.is_good() {
        return Ok(settled);
    }
    let (lines, next) = (Vec::new(), None);
    Ok(Answer::json(&Piece { lines, next, then }))
}

async fn arrive(request: &Request) -> Result<Answer, ErrorBody> {
    let Arrives { header, object, lines } = request.body()?;
    fits(request, &header)?;
    let organisation = header.organisation.clone();
    // Endpoints come after their organisation, and not to one that is used already.
    if object != Part::Organisation {
        let standing = ask(request, &organisation, &Part::Organisation, AskMove::Standing).await;
        if standing.status != WAITS {
            return Err(error(
                ErrorCode::Conflict,
                "The organisation is not arriving here: its own object comes first, and what is used already takes nothing.",
            ));
        }
    }
    let taken = ask(request, &organisation, &object, AskMove::Arrive { header, lines }).await;
    let whole: Option<String> = read(&taken)?;
    let is_whole = whole.is_some();
    if let Some(line) = whole {
        let noted = ask(request, &organisation, &Part::Organisation, AskMove::Ended(line)).await;
        if !noted.is_good() {
            return Ok(noted);
        }
    }
    Ok(Answer::json(&serde_json::json!({ "whole": is_whole })))
}

async fn arrived(request: &Request) -> Result<Answer, ErrorBody> {
    let Ends { header, note } = request.body()?;
    fits(request, &header)?;
    let organisation = header.organisation.clone();
    let done = ask(request, &organisation, &Part::Organisation, AskMove::Arrived { header, note }).await;
    Ok(if done.is_good() { Answer::json(&true) } else { done })
}

fn fits(request: &Request, header: &Header) -> Result<(), ErrorBody> {
    let authority = Some(request.deployment.config.authority.as_str());
    moving::fits(header, authority, &request.deployment.key.public_key()).map_err(|fault| refused(&fault))
}

async fn ask(request: &Request, organisation: &OrganisationId, object: &Part, ask: AskMove) -> Answer {
    match object {
        Part::Organisation => {
            let letter = ToOrganisation {
                organisation: organisation.clone(),
                caller: None,
                ask: AskOrganisation::Move(ask),
            };
            request
                .ask(Object::Organisation, organisation.to_string(), serde_json::to_vec(&letter))
                .await
        }
        Part::Endpoint(endpoint) => {
            let letter = ToEndpoint {
                caller: None,
                revision: 0,
                rules: None,
                ask: AskEndpoint::Move(ask),
            };
            let name = endpoint_name(organisation, endpoint);
            request.ask(Object::Endpoint, name, serde_json::to_vec(&letter)).await
        }
    }
}
