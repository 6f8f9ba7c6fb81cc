//! E-mail through a provider that is spoken to by HTTP: what is posted, and what its answer means. JavaScript carries both.
//!
//! Promises: a name or a command that somebody chose ends no header and adds no recipient (it is JSON, and names are one printable line);
//! the same request and contact have one `Message-ID`; every answer becomes a sentence. The request is what many providers take, or what a few
//! lines in front of another one make of it: docs/operations/mail.md. Leaves out: what is to be sent, and when again (the Endpoint object).

use crate::config::{Config, MailConfig};
use crate::parcel::Parcel;
use crate::place::effect;
use caisey_control::letter::{self, Letter, NO_SERVER, Sent};
use caisey_transcript::visible::marked_line;
use serde_json::{Map, Value, json};

/// What a provider says is kept up to here, in characters.
const MAX_SAID: usize = 200;

/// Where letters go.
pub(crate) struct Mailer {
    provider: MailConfig,
    token: String,
    /// What goes before `/a/`.
    base_url: String,
    authority: String,
}

impl Mailer {
    /// None when no provider is configured.
    pub(crate) fn of(config: &Config) -> Option<Self> {
        Some(Self {
            provider: config.mail.clone()?,
            token: config.mail_token.clone(),
            base_url: config.public_url.as_deref()?.trim_end_matches('/').to_owned(),
            authority: config.authority.clone(),
        })
    }

    /// Headers and body of the request.
    fn request(&self, letter: &Letter) -> (Value, Value) {
        let link = format!("{}/a/{}", self.base_url, letter.token.expose());
        let id = letter::message_id(letter, &self.authority);
        let mut body = Map::from_iter([
            ("from".to_owned(), json!(self.provider.from)),
            ("to".to_owned(), json!([recipient(letter)])),
            ("subject".to_owned(), json!(letter::subject(&letter.facts))),
            ("text".to_owned(), json!(letter::plain(&letter.facts, &link))),
            ("html".to_owned(), json!(letter::html(&letter.facts, &link))),
            (
                "headers".to_owned(),
                json!({ "Message-ID": id, "Auto-Submitted": "auto-generated" }),
            ),
        ]);
        if let Some(reply_to) = &self.provider.reply_to {
            body.insert("reply_to".to_owned(), json!(reply_to));
        }
        let headers = json!({
            "content-type": "application/json",
            "authorization": format!("Bearer {}", self.token),
            // An attempt has a link of its own, so attempts are not the same to a provider that drops repetitions.
            "idempotency-key": format!("{id}/{}", letter.attempt),
        });
        (headers, Value::Object(body))
    }
}

/// `"Name" <address>` (RFC 5322 §3.4): the address was checked, the name is quoted.
fn recipient(letter: &Letter) -> String {
    let name: String = marked_line(&letter.name)
        .chars()
        .filter(|letter| !matches!(letter, '"' | '\\' | '<' | '>'))
        .collect();
    format!("\"{name}\" <{}>", letter.address)
}

/// Has JavaScript send it, or say at once that nothing can.
pub(crate) fn post(out: &mut Parcel, mailer: Option<&Mailer>, letter: &Letter) {
    let about = json!({ "action": letter.action, "member": letter.member, "attempt": letter.attempt });
    let Some(mailer) = mailer else {
        return effect(out, &json!({ "e": "mail", "about": about, "url": null }), Some(b""));
    };
    let (headers, body) = mailer.request(letter);
    let description = json!({ "e": "mail", "about": about, "url": mailer.provider.url, "headers": headers });
    effect(out, &description, Some(body.to_string().as_bytes()));
}

/// What an attempt's end means.
pub(crate) fn sent(status: Option<u16>, said: &[u8]) -> Sent {
    let words = said_words(said);
    match status {
        None => Sent::Impossible(NO_SERVER.to_owned()),
        Some(200..=299) => Sent::Accepted,
        Some(401 | 403) => Sent::Failed(format!(
            "The mail provider does not let this control plane in ({words}). An administrator has to check its mail settings."
        )),
        Some(400 | 404 | 405 | 410 | 422) => Sent::Refused(format!(
            "The mail provider refused it for good ({words}). Check the address, or call the contact."
        )),
        Some(0) => Sent::Failed(format!(
            "The mail provider could not be reached ({words}). It is tried again."
        )),
        Some(status) => Sent::Failed(format!(
            "The mail provider put it off (status {status}: {words}). It is tried again."
        )),
    }
}

/// On one line and not at length.
fn said_words(said: &[u8]) -> String {
    let text = String::from_utf8_lossy(said);
    let shown: String = marked_line(text.trim()).chars().take(MAX_SAID).collect();
    shown.trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn every_answer_is_a_sentence() {
        assert_eq!(sent(Some(202), b""), Sent::Accepted);
        assert!(matches!(sent(None, b""), Sent::Impossible(why) if why.contains("has no mail server")));
        assert!(
            matches!(sent(Some(0), b"refused\r\nconnection"), Sent::Failed(why) if why.contains("could not be reached") && !why.contains('\n'))
        );
        assert!(matches!(sent(Some(401), b"no"), Sent::Failed(why) if why.contains("check its mail settings")));
        assert!(matches!(sent(Some(422), b"no such mailbox"), Sent::Refused(why) if why.contains("no such mailbox")));
        assert!(matches!(sent(Some(429), b""), Sent::Failed(why) if why.contains("tried again")));
        let long = sent(Some(500), "x".repeat(10_000).as_bytes());
        assert!(matches!(long, Sent::Failed(why) if why.len() < 400));
    }
}
