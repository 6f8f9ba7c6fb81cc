//! Handlers for one endpoint's log: reading it, adding to it, watching it; and the runtime's own connection.

use super::conversation::Object;
use super::directory::read;
use super::routes::Route;
use super::{End, Request, endpoint_name, identifier};
use crate::answer::{Answer, error};
use crate::endpoint::unsupported;
use crate::letter::{Admitted, AskEndpoint, AskOrganisation, Kind, ToEndpoint};
use caisey_control::claims::Identity;
use caisey_ledger::id::{EndpointId, OrganisationId, Seq};
use caisey_protocol::PROTOCOL_VERSION;
use caisey_protocol::error::{ErrorBody, ErrorCode};
use caisey_protocol::http::{Cosign, EntriesPage, Submit};
use serde_json::json;

/// Records in one page when the caller does not say, and at most.
const PAGE: u32 = 1_000;

pub(super) async fn answer(request: &Request, route: Route, who: &Identity) -> Result<Option<End>, ErrorBody> {
    // What the query says is looked at first, as the native host does.
    let (ask, key) = match route {
        Route::WatchLog => return watch(request, who).await.map(Some),
        Route::Checkpoint => return checkpoint(request, who).await.map(Some),
        Route::Submit => {
            let (statement, key) = statement(request)?;
            (statement, Some(key))
        }
        Route::Cosign => {
            let offered: Cosign = request.body()?;
            let key = offered.key.clone();
            (AskEndpoint::Cosign(Box::new(offered)), Some(key))
        }
        Route::Entries => {
            let (from, limit) = page(request)?;
            (AskEndpoint::Entries { from, limit }, None)
        }
        Route::Cosigned => {
            let from = number(request, "from")?.unwrap_or_default().get();
            (AskEndpoint::Cosigned { from }, None)
        }
        Route::Consistency => {
            let (from, to) = (wanted(request, "from")?.get(), wanted(request, "to")?.get());
            (AskEndpoint::Consistency { from, to }, None)
        }
        Route::Inclusion => {
            let (seq, size) = (wanted(request, "seq")?, wanted(request, "size")?.get());
            (AskEndpoint::Inclusion { seq, size }, None)
        }
        Route::Sendable => (AskEndpoint::Sendable, None),
        Route::Erase => (AskEndpoint::Erase(request.body()?), None),
        Route::Remove => (AskEndpoint::Remove, None),
        Route::About => (AskEndpoint::About(request.body()?), None),
        _ => return Ok(None),
    };
    let endpoint: EndpointId = request.id()?;
    let Admitted { caller, revision } = admitted(request, who, &endpoint, key).await?;
    let letter = ToEndpoint {
        caller: Some(caller),
        revision,
        rules: None,
        ask,
    };
    let answer = request.endpoint_told(&who.caller.organisation, &endpoint, letter).await;
    let removed = route == Route::Remove && answer.is_good();
    Ok(Some(End::Answer(if removed { Answer::nothing() } else { answer })))
}

/// The caller, if they may see the endpoint, with the device that holds the key, if one is named.
pub(super) async fn admitted(
    request: &Request,
    who: &Identity,
    endpoint: &EndpointId,
    key: Option<String>,
) -> Result<Admitted, ErrorBody> {
    let endpoint = endpoint.clone();
    read(&request.organisation(who, AskOrganisation::Admit { endpoint, key }).await)
}

fn statement(request: &Request) -> Result<(AskEndpoint, String), ErrorBody> {
    let Submit { version, statement } = request.body()?;
    if version != PROTOCOL_VERSION {
        return Err(unsupported(version));
    }
    let signature = statement.signature.as_ref().ok_or_else(|| {
        error(
            ErrorCode::BadSignature,
            "The statement is not signed. Sign it with your device's key.",
        )
    })?;
    let key = signature.key.clone();
    Ok((AskEndpoint::Submit(Box::new(statement)), key))
}

async fn checkpoint(request: &Request, who: &Identity) -> Result<End, ErrorBody> {
    let endpoint: EndpointId = request.id()?;
    admitted(request, who, &endpoint, None).await?;
    let ask = AskEndpoint::Entries {
        from: Seq::default(),
        limit: 1,
    };
    let page: EntriesPage = read(&request.endpoint(&who.caller.organisation, &endpoint, None, ask).await)?;
    Ok(End::Note(page.checkpoint))
}

async fn watch(request: &Request, who: &Identity) -> Result<End, ErrorBody> {
    let from = number(request, "from")?.unwrap_or_default();
    let endpoint: EndpointId = request.id()?;
    admitted(request, who, &endpoint, None).await?;
    request.must_upgrade()?;
    Ok(End::Connect {
        object: Object::Endpoint,
        name: endpoint_name(&who.caller.organisation, &endpoint),
        kind: Kind::Watch,
        standing: json!({ "until": who.expires_at_ms, "from": from }),
    })
}

/// Who it is, the runtime proves within the connection. Nothing is made for names that were never enrolled.
pub(super) async fn connect_runtime(request: &Request) -> Result<End, ErrorBody> {
    let missing = |_| {
        error(
            ErrorCode::BadRequest,
            "The address must end in ?organisation=…&endpoint=…, as in the log's origin.",
        )
    };
    let organisation: OrganisationId = identifier(request.text("organisation").map_err(missing)?)?;
    let endpoint: EndpointId = identifier(request.text("endpoint").map_err(missing)?)?;
    let exists = request.endpoint(&organisation, &endpoint, None, AskEndpoint::Exists).await;
    if exists.status == 404 {
        return Err(error(
            ErrorCode::NotFound,
            "There is no such endpoint here. If this machine was enrolled elsewhere, enrol it again.",
        ));
    }
    if !exists.is_good() {
        return Ok(End::Answer(exists));
    }
    request.must_upgrade()?;
    Ok(End::Connect {
        object: Object::Endpoint,
        name: endpoint_name(&organisation, &endpoint),
        kind: Kind::Runtime,
        standing: json!({}),
    })
}

/// Which part of a log.
pub(super) fn page(request: &Request) -> Result<(Seq, u32), ErrorBody> {
    let limit = request.query::<u32>("limit")?.unwrap_or(PAGE).clamp(1, PAGE);
    Ok((number(request, "from")?.unwrap_or_default(), limit))
}

fn wanted(request: &Request, name: &str) -> Result<Seq, ErrorBody> {
    let missing = || {
        error(
            ErrorCode::BadRequest,
            "A number in the query is missing, malformed or out of range.",
        )
    };
    number(request, name)?.ok_or_else(missing)
}

/// A sequence number or size.
fn number(request: &Request, name: &str) -> Result<Option<Seq>, ErrorBody> {
    let large = || error(ErrorCode::BadRequest, "A number in the query is above 2^53 - 1.");
    request
        .query::<u64>(name)?
        .map(|number| Seq::new(number).ok_or_else(large))
        .transpose()
}
