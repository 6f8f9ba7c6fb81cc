//! Handlers for approval requests, policies, what clients' contacts say, and what policies know of endpoints.

use super::App;
use super::access::Signed;
use super::directory::{id, visible};
use super::json::Body;
use super::refusal::Refusal;
use crate::object::internal;
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use caisey_control::endpoint::{self, Input};
use caisey_control::organisation::{Reply, Request};
use caisey_control::port::{Answer, ObjectName};
use caisey_ledger::id::{ClientId, EndpointId};
use caisey_protocol::consent::{
    AboutApproval, ApprovalAnswer, ApprovalView, ContactChain, ContactSays, EndpointTraits, PolicyCheck, PolicyView,
    PublishPolicy,
};
use caisey_protocol::mail::MailContacts;
use caisey_protocol::role::Permission;
use serde::Deserialize;

async fn ask(app: &App, signed: &Signed, request: Request) -> Result<Reply, Refusal> {
    Ok(app.objects.organisation(&signed.0.caller.organisation, request).await?)
}

fn unexpected() -> Refusal {
    internal("the organisation gave an unexpected answer").into()
}

/// All approval requests that the caller may see, with prompts where somebody is asked.
pub(crate) async fn all_approvals(app: &App, signed: &Signed) -> Result<Vec<ApprovalView>, Refusal> {
    let organisation = &signed.0.caller.organisation;
    let request = Request::Approvals(signed.caller());
    let Reply::Approvals(mut approvals) = app.objects.directory(organisation, request).await? else {
        return Err(unexpected());
    };
    // The object has checked this; a contact's limit is worth a second look.
    if let Some(only) = &signed.0.caller.client {
        approvals.retain(|view| view.client == *only);
    }
    for view in approvals.iter_mut().filter(|view| !view.state.is_terminal()) {
        let name = ObjectName::Endpoint(organisation.clone(), view.endpoint.clone());
        let action = view.action.clone();
        let prompt = app.objects.read(name, move |store| endpoint::prompt(store, &action)).await?;
        view.prompt = prompt.map(Box::new);
    }
    Ok(approvals)
}

pub(crate) async fn approvals(State(app): State<App>, signed: Signed) -> Result<Json<Vec<ApprovalView>>, Refusal> {
    Ok(Json(all_approvals(&app, &signed).await?))
}

pub(crate) async fn about(
    State(app): State<App>,
    signed: Signed,
    Path(endpoint): Path<String>,
    Body(request, size_bytes): Body<AboutApproval>,
) -> Result<Json<ApprovalAnswer>, Refusal> {
    let endpoint: EndpointId = id(&endpoint)?;
    visible(&app, &signed, &endpoint).await?;
    let caller = signed.caller();
    let asked = move |number| Input::AboutApproval(number, caller, request);
    match app
        .objects
        .ask(&signed.0.caller.organisation, &endpoint, size_bytes, asked)
        .await?
    {
        Answer::Approval(answer) => Ok(Json(*answer)),
        _ => Err(internal("the endpoint's object gave an unexpected answer").into()),
    }
}

pub(crate) async fn policies(State(app): State<App>, signed: Signed) -> Result<Json<Vec<PolicyView>>, Refusal> {
    match ask(&app, &signed, Request::Policies(signed.caller())).await? {
        Reply::Policies(policies) => Ok(Json(policies)),
        _ => Err(unexpected()),
    }
}

pub(crate) async fn check_policy(
    State(app): State<App>,
    signed: Signed,
    Body(request, _): Body<PublishPolicy>,
) -> Result<Json<PolicyCheck>, Refusal> {
    match ask(&app, &signed, Request::CheckPolicy(signed.caller(), request)).await? {
        Reply::PolicyCheck(check) => Ok(Json(*check)),
        _ => Err(unexpected()),
    }
}

pub(crate) async fn publish_policy(
    State(app): State<App>,
    signed: Signed,
    Body(request, _): Body<PublishPolicy>,
) -> Result<Json<PolicyView>, Refusal> {
    match ask(&app, &signed, Request::PublishPolicy(signed.caller(), request)).await? {
        Reply::Policy(policy) => {
            app.objects.brief_all(&signed.0.caller.organisation);
            Ok(Json(*policy))
        }
        _ => Err(unexpected()),
    }
}

/// Of which client.
#[derive(Deserialize)]
pub(crate) struct ContactQuery {
    client: String,
}

pub(crate) async fn contacts(
    State(app): State<App>,
    signed: Signed,
    query: Result<Query<ContactQuery>, QueryRejection>,
) -> Result<Json<ContactChain>, Refusal> {
    let Query(query) = query.map_err(|_| Refusal::bad_request("The address must end in ?client=…, a client of ours."))?;
    let client: ClientId = id(&query.client)?;
    match ask(&app, &signed, Request::Contacts(signed.caller(), client)).await? {
        Reply::Contacts(chain) => Ok(Json(*chain)),
        _ => Err(unexpected()),
    }
}

pub(crate) async fn contact_says(
    State(app): State<App>,
    signed: Signed,
    Body(request, _): Body<ContactSays>,
) -> Result<Json<ContactChain>, Refusal> {
    match ask(&app, &signed, Request::ContactSays(signed.caller(), request)).await? {
        Reply::Contacts(chain) => {
            app.objects.brief_all(&signed.0.caller.organisation);
            Ok(Json(*chain))
        }
        _ => Err(unexpected()),
    }
}

pub(crate) async fn traits(
    State(app): State<App>,
    signed: Signed,
    Path(endpoint): Path<String>,
) -> Result<Json<EndpointTraits>, Refusal> {
    match ask(&app, &signed, Request::Traits(signed.caller(), id(&endpoint)?)).await? {
        Reply::Traits(traits) => Ok(Json(traits)),
        _ => Err(unexpected()),
    }
}

pub(crate) async fn set_traits(
    State(app): State<App>,
    signed: Signed,
    Path(endpoint): Path<String>,
    Body(request, _): Body<EndpointTraits>,
) -> Result<StatusCode, Refusal> {
    match ask(&app, &signed, Request::SetTraits(signed.caller(), id(&endpoint)?, request)).await? {
        Reply::Done => {
            app.objects.brief_all(&signed.0.caller.organisation);
            Ok(StatusCode::NO_CONTENT)
        }
        _ => Err(unexpected()),
    }
}

pub(crate) async fn mail_contacts(
    State(app): State<App>,
    signed: Signed,
    Path(client): Path<String>,
) -> Result<Json<MailContacts>, Refusal> {
    match ask(&app, &signed, Request::MailContacts(signed.caller(), id(&client)?)).await? {
        Reply::MailContacts(contacts) => Ok(Json(with_sending(&app, &signed, contacts))),
        _ => Err(unexpected()),
    }
}

pub(crate) async fn set_mail_contacts(
    State(app): State<App>,
    signed: Signed,
    Path(client): Path<String>,
    Body(request, _): Body<MailContacts>,
) -> Result<Json<MailContacts>, Refusal> {
    match ask(
        &app,
        &signed,
        Request::SetMailContacts(signed.caller(), id(&client)?, request),
    )
    .await?
    {
        Reply::MailContacts(contacts) => {
            app.objects.brief_all(&signed.0.caller.organisation);
            Ok(Json(with_sending(&app, &signed, contacts)))
        }
        _ => Err(unexpected()),
    }
}

/// Which mail server there is concerns those who administer.
fn with_sending(app: &App, signed: &Signed, contacts: MailContacts) -> MailContacts {
    let administers = signed.0.caller.role.may(Permission::Administer);
    MailContacts {
        sending: administers.then(|| app.mail.clone()),
        ..contacts
    }
}
