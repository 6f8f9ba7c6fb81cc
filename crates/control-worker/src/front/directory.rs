//! Handlers for what an Organisation object knows: people's devices, clients, installer tokens, endpoints, sessions, reviews.

use super::conversation::Object;
use super::routes::Route;
use super::{End, Request, identifier};
use crate::answer::{Answer, error, internal};
use crate::endpoint::unsupported;
use crate::letter::{AskEndpoint, AskOrganisation, Filter, Kind, ToEndpoint};
use caisey_control::claims::Identity;
use caisey_control::endpoint::{Identity as Endpoint, ReviewBasis};
use caisey_control::organisation::organisation_of_token;
use caisey_ledger::id::{EndpointId, TimeMs};
use caisey_protocol::PROTOCOL_VERSION;
use caisey_protocol::error::{ErrorBody, ErrorCode};
use caisey_protocol::handover::{ReviewView, SubmitReview};
use caisey_protocol::http::{EnrolAnswer, EnrolRequest, Health, Me};
use caisey_protocol::role::Role;
use caisey_protocol::sign_in::SignInWays;
use caisey_transcript::snapshot::Snapshot;
use serde::de::DeserializeOwned;
use serde_json::json;

pub(super) fn health(request: &Request) -> End {
    End::Answer(Answer::json(&Health {
        protocol: PROTOCOL_VERSION,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        time_ms: request.now(),
        authority: request.deployment.config.authority.clone(),
        checkpoint_key: request.deployment.checkpoint_key.clone(),
    }))
}

pub(super) fn ways(request: &Request) -> End {
    let issuers = &request.deployment.config.issuers;
    End::Answer(Answer::json(&SignInWays {
        local: false,
        providers: issuers
            .iter()
            .filter_map(caisey_control::issuer::IssuerConfig::sign_in)
            .collect(),
    }))
}

/// A machine becomes an endpoint: the organisation accepts it, then the endpoint's log begins. Repeating it is safe.
pub(super) async fn enrol(request: &Request) -> Result<End, ErrorBody> {
    let wanted: EnrolRequest = request.body()?;
    if wanted.version != PROTOCOL_VERSION {
        return Err(unsupported(wanted.version));
    }
    let organisation = organisation_of_token(&wanted.installer_token).ok_or_else(|| {
        error(
            ErrorCode::InstallerRefused,
            "The installer token is unknown, expired, revoked or used up. Ask an administrator for a new one.",
        )
    })?;
    let accepted = request
        .organisation_named(organisation.clone(), None, AskOrganisation::Enrol(wanted))
        .await;
    if !accepted.is_good() {
        return Ok(End::Answer(accepted));
    }
    let endpoint: Endpoint = read(&accepted)?;
    let mut answer = EnrolAnswer {
        endpoint: endpoint.endpoint.clone(),
        log: endpoint.log.clone(),
        checkpoint_key: request.deployment.checkpoint_key.clone(),
        client: Some(endpoint.client.clone()),
        contacts: Vec::new(),
    };
    let name = endpoint.endpoint.clone();
    let stored = request
        .endpoint(&organisation, &name, None, AskEndpoint::Enrolled(Box::new(endpoint)))
        .await;
    if !stored.is_good() {
        return Ok(End::Answer(stored));
    }
    // What the client's contacts have said belongs to the enrolment; the object is handed the same.
    if let Some(rules) = request.rules(&organisation, &name).await? {
        answer.contacts = rules.chain.clone();
        let letter = ToEndpoint {
            caller: None,
            revision: 0,
            rules: Some(Box::new(rules)),
            ask: AskEndpoint::Rules,
        };
        let told = request.endpoint_told(&organisation, &name, letter).await;
        if !told.is_good() {
            return Ok(End::Answer(told));
        }
    }
    Ok(End::Answer(Answer::json(&answer)))
}

pub(super) async fn answer(request: &Request, route: Route, who: &Identity) -> Result<Option<End>, ErrorBody> {
    let ask = match route {
        Route::Me => return Ok(Some(me(request, who))),
        Route::WatchDirectory => return watch(request, who).map(Some),
        Route::Review => return review(request, who).await.map(|answer| Some(End::Answer(answer))),
        Route::RegisterDevice => AskOrganisation::RegisterDevice(request.body()?),
        Route::Clients => AskOrganisation::Clients,
        Route::CreateClient => AskOrganisation::CreateClient(request.body()?),
        Route::RenameClient => AskOrganisation::RenameClient(request.id()?, request.body()?),
        Route::Installers => AskOrganisation::Installers,
        Route::CreateInstaller => AskOrganisation::CreateInstaller(request.body()?),
        Route::RotateInstaller => AskOrganisation::RotateInstaller(request.id()?),
        Route::RevokeInstaller => AskOrganisation::RevokeInstaller(request.id()?),
        Route::Endpoints => AskOrganisation::Endpoints,
        Route::Endpoint => AskOrganisation::Endpoint(request.id()?),
        Route::Sessions => AskOrganisation::Sessions(filter(request)?),
        Route::Key => {
            not_a_contact(who)?;
            AskOrganisation::Key(identifier(request.text("device")?)?)
        }
        Route::Reviews => {
            not_a_contact(who)?;
            AskOrganisation::Reviews(request.text("of")?.to_owned())
        }
        Route::AdminLog => {
            let (from, limit) = super::records::page(request)?;
            AskOrganisation::AdminLog { from, limit }
        }
        _ => return Ok(None),
    };
    Ok(Some(End::Answer(request.organisation(who, ask).await)))
}

fn me(request: &Request, who: &Identity) -> End {
    End::Answer(Answer::json(&Me {
        member: who.caller.member.clone(),
        name: who.caller.name.clone(),
        email: who.email.clone(),
        role: who.caller.role,
        organisation: who.caller.organisation.clone(),
        organisation_name: who.organisation_name.clone(),
        client: who.caller.client.clone(),
        authority: request.deployment.config.authority.clone(),
        checkpoint_key: request.deployment.checkpoint_key.clone(),
    }))
}

fn filter(request: &Request) -> Result<Filter, ErrorBody> {
    let time = |name| Ok::<_, ErrorBody>(request.query::<u64>(name)?.and_then(TimeMs::new));
    Ok(Filter {
        endpoint: request.query("endpoint")?,
        client: request.query("client")?,
        member: request.query("member")?,
        session: request.query("session")?,
        from_ms: time("from_ms")?,
        to_ms: time("to_ms")?,
    })
}

/// The connection is handed to the Organisation object, with the caller whom it is for and the end of their token.
fn watch(request: &Request, who: &Identity) -> Result<End, ErrorBody> {
    request.must_upgrade()?;
    let organisation = &who.caller.organisation;
    Ok(End::Connect {
        object: Object::Organisation,
        name: organisation.to_string(),
        kind: Kind::Watch,
        standing: json!({
            "until": who.expires_at_ms,
            "client": who.caller.client,
            "watching": { "organisation": organisation, "caller": who.caller },
        }),
    })
}

fn not_a_contact(who: &Identity) -> Result<(), ErrorBody> {
    if who.caller.role == Role::Contact {
        return Err(error(ErrorCode::Forbidden, "This is for members of the organisation."));
    }
    Ok(())
}

/// Collects what the endpoints' logs know about the snapshot, then lets the organisation take the verdict.
async fn review(request: &Request, who: &Identity) -> Result<Answer, ErrorBody> {
    not_a_contact(who)?;
    let wanted: SubmitReview = request.body()?;
    let unreadable = |fault: String| error(ErrorCode::BadRequest, format!("The snapshot cannot be read: {fault}."));
    let snapshot = Snapshot::parse(&wanted.snapshot).map_err(|fault| unreadable(fault.to_string()))?;
    let digest = snapshot.digest().map_err(|fault| unreadable(fault.to_string()))?;
    let own = format!("{}/{}/", request.deployment.config.authority, who.caller.organisation);
    let mut basis = ReviewBasis::default();
    for range in &snapshot.logs {
        let nothing = || error(ErrorCode::NotFound, "There is no such log in your organisation.");
        let endpoint: EndpointId = identifier(range.log.strip_prefix(&own).ok_or_else(nothing)?)?;
        super::records::admitted(request, who, &endpoint, None).await?;
        let ask = AskEndpoint::ReviewBasis {
            scope: snapshot.scope.clone(),
            range: range.clone(),
        };
        let found = request.endpoint(&who.caller.organisation, &endpoint, None, ask).await;
        if found.status == 404 {
            return Err(error(
                ErrorCode::BadRequest,
                "The log never had the tree head that the snapshot names. Take the snapshot again.",
            ));
        }
        let found: ReviewBasis = read(&found)?;
        basis.entries += found.entries;
        for (member, seq) in found.took_part {
            basis.took_part.entry(member).or_insert(seq);
        }
    }
    let done = request
        .organisation(who, AskOrganisation::Review(Box::new(wanted), basis))
        .await;
    if !done.is_good() {
        return Ok(done);
    }
    let views: Vec<ReviewView> = read(&request.organisation(who, AskOrganisation::Reviews(digest)).await)?;
    let own = views.into_iter().find(|view| view.member == who.caller.member);
    Ok(own.map_or_else(|| internal("The review was not kept.").into(), |view| Answer::json(&view)))
}

/// What another object answered, or its refusal.
pub(super) fn read<T: DeserializeOwned>(answer: &Answer) -> Result<T, ErrorBody> {
    let unexpected = || internal("An object gave an unexpected answer.");
    if answer.is_good() {
        return serde_json::from_slice(&answer.body).map_err(|_| unexpected());
    }
    Err(serde_json::from_slice(&answer.body).unwrap_or_else(|_| unexpected()))
}
