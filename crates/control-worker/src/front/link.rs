//! `GET` and `POST /a/{token}`: the page behind a link in an e-mail. What is shown, with which status and headers: `caisey_control::letter`.
//!
//! Promises: a GET changes nothing and records nothing; nothing is made for names that were never enrolled. How often somebody may answer is
//! limited by the object (three wrong numbers) and by the platform's rule for the address (docs/deploy.md).

use super::{End, Request};
use crate::answer::Answer;
use crate::letter::AskEndpoint;
use caisey_control::letter::web::{self, WebPage};
use caisey_control::letter::{LinkToken, Shown};
use caisey_protocol::error::{ErrorBody, ErrorCode};

pub(super) async fn show(request: &Request) -> End {
    let token = LinkToken::new(request.part(0));
    look(request, &token).await
}

async fn look(request: &Request, token: &LinkToken) -> End {
    let ask = AskEndpoint::BehindLink(token.expose().to_owned());
    asked(request, token, ask).await
}

pub(super) async fn take(request: &Request) -> End {
    let token = LinkToken::new(request.part(0));
    let kind = request.described.content_type.as_deref();
    let Some(typed) = web::typed(&token, kind, &request.body) else {
        // Not from our form: nothing to answer with.
        return look(request, &token).await;
    };
    let ask = AskEndpoint::AnswerByLink {
        token: token.expose().to_owned(),
        approve: typed.approve,
        number: typed.number,
        reason: typed.reason,
    };
    asked(request, &token, ask).await
}

/// Asks the endpoint that the token names.
async fn asked(request: &Request, token: &LinkToken, ask: AskEndpoint) -> End {
    let Some((organisation, endpoint)) = token.names() else {
        return page(token, web::looked(&Shown::Unknown).into());
    };
    let answer = request.endpoint(&organisation, &endpoint, None, ask).await;
    // An object answers with a page; what refuses for it, with an error.
    match serde_json::from_slice::<ErrorBody>(&answer.body) {
        Ok(error) if error.code == ErrorCode::NotFound => page(token, web::looked(&Shown::Unknown).into()),
        Ok(error) => page(token, web::failed(&error).into()),
        Err(_) => page(token, answer),
    }
}

impl From<WebPage> for Answer {
    fn from(page: WebPage) -> Self {
        Self::bytes(page.status, page.html)
    }
}

fn page(token: &LinkToken, answer: Answer) -> End {
    let mut headers = Vec::from(web::headers());
    if answer.status == 303 {
        headers.push(("location", web::own_address(token)));
    }
    End::Other(answer, headers)
}
