//! Handlers for approval requests, policies, what clients' contacts say, who gets mail, and what policies know of endpoints.

use super::directory::read;
use super::routes::Route;
use super::{End, Request, identifier};
use crate::answer::{Answer, error};
use crate::letter::{AskEndpoint, AskOrganisation};
use caisey_control::claims::Identity;
use caisey_protocol::consent::{ApprovalView, Prompt};
use caisey_protocol::error::{ErrorBody, ErrorCode};

pub(super) async fn answer(request: &Request, route: Route, who: &Identity) -> Result<Option<End>, ErrorBody> {
    let ask = match route {
        Route::Approvals => return approvals(request, who).await.map(Some),
        Route::Policies => AskOrganisation::Policies,
        Route::CheckPolicy => AskOrganisation::CheckPolicy(request.body()?),
        Route::PublishPolicy => AskOrganisation::PublishPolicy(request.body()?),
        Route::Contacts => {
            let missing = |_| error(ErrorCode::BadRequest, "The address must end in ?client=…, a client of ours.");
            AskOrganisation::Contacts(identifier(request.text("client").map_err(missing)?)?)
        }
        Route::ContactSays => AskOrganisation::ContactSays(request.body()?),
        Route::Traits => AskOrganisation::Traits(request.id()?),
        Route::SetTraits => AskOrganisation::SetTraits(request.id()?, request.body()?),
        Route::MailContacts => AskOrganisation::MailContacts(request.id()?),
        Route::SetMailContacts => AskOrganisation::SetMailContacts(request.id()?, request.body()?),
        _ => return Ok(None),
    };
    Ok(Some(End::Answer(request.organisation(who, ask).await)))
}

/// All that the caller may see, with prompts where somebody is asked.
async fn approvals(request: &Request, who: &Identity) -> Result<End, ErrorBody> {
    let mut views: Vec<ApprovalView> = read(&request.organisation(who, AskOrganisation::Approvals).await)?;
    // The object has checked this; a contact's limit is worth a second look.
    if let Some(only) = &who.caller.client {
        views.retain(|view| view.client == *only);
    }
    for view in views.iter_mut().filter(|view| !view.state.is_terminal()) {
        let ask = AskEndpoint::Prompt(view.action.clone());
        let found = request.endpoint(&who.caller.organisation, &view.endpoint, None, ask).await;
        view.prompt = read::<Option<Prompt>>(&found)?.map(Box::new);
    }
    Ok(End::Answer(Answer::json(&views)))
}
