//! Sends e-mail by SMTP (RFC 5321), with lettre. Set up by docs/operations/mail.md.
//!
//! Promises: a name or a command that somebody chose ends no header and adds no recipient; passwords and secrets of links are in no log; every
//! attempt ends in a sentence within `config::WITHIN`; one address is not flooded, whichever endpoints ask. The same request and contact have
//! one `Message-ID`, so that mail systems which drop repetitions drop ours. Leaves out: what is to be sent, and when again (the Endpoint object).

pub(crate) mod config;

use crate::object::locked;
use axum::http::Uri;
use caisey_control::letter::{self, Letter, Sent};
use caisey_protocol::mail::MailSending;
use caisey_transcript::visible::marked_line;
pub use config::{MailConfig, MailConfigError, Security};
use lettre::message::header::{Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::Error as SmtpError;
use lettre::{Address, AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

const HOUR: Duration = Duration::from_secs(3_600);
/// What a mail server says is kept up to here, in characters.
const MAX_SAID: usize = 200;

/// Sends letters.
pub(crate) struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    config: MailConfig,
    from: Mailbox,
    reply_to: Option<Mailbox>,
    /// What goes before `/a/`.
    base_url: String,
    authority: String,
    within: Duration,
    sent: Mutex<HashMap<String, (Instant, u32)>>,
}

/// `Auto-Submitted: auto-generated` (RFC 3834): nobody's absence is to answer.
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

impl Mailer {
    pub(crate) fn new(config: MailConfig, base_url: &str, authority: &str) -> Result<Self, MailConfigError> {
        Ok(Self {
            transport: config.transport(authority)?,
            from: config.mailbox("from", &config.from)?,
            reply_to: config
                .reply_to
                .as_deref()
                .map(|reply_to| config.mailbox("reply_to", reply_to))
                .transpose()?,
            config,
            base_url: base_url.trim_end_matches('/').to_owned(),
            authority: authority.to_owned(),
            within: config::WITHIN,
            sent: Mutex::default(),
        })
    }

    /// One attempt.
    pub(crate) async fn send(&self, letter: &Letter) -> Sent {
        if !self.has_room(&letter.address) {
            return Sent::Failed(format!(
                "This address got {} mails about approval requests within an hour, from all machines together, so this one waits.",
                self.config.hourly_per_address
            ));
        }
        let message = match self.message(letter) {
            Ok(message) => message,
            Err(error) => return Sent::Refused(format!("No mail can be made for this address: {}.", said(&error.to_string()))),
        };
        match tokio::time::timeout(self.within, self.transport.send(message)).await {
            Ok(Ok(_)) => Sent::Accepted,
            Ok(Err(error)) => not_sent(&error),
            Err(_) => Sent::Failed("The mail server did not answer in time. It is tried again.".to_owned()),
        }
    }

    fn message(&self, letter: &Letter) -> Result<Message, Box<dyn std::error::Error + Send + Sync>> {
        let link = format!("{}/a/{}", self.base_url, letter.token.expose());
        let address: Address = letter.address.parse()?;
        let mut message = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(Some(marked_line(&letter.name)), address))
            .subject(letter::subject(&letter.facts))
            .message_id(Some(letter::message_id(letter, &self.authority)))
            .header(AutoSubmitted);
        if let Some(reply_to) = &self.reply_to {
            message = message.reply_to(reply_to.clone());
        }
        let (plain, html) = (letter::plain(&letter.facts, &link), letter::html(&letter.facts, &link));
        Ok(message.multipart(MultiPart::alternative_plain_html(plain, html))?)
    }

    fn has_room(&self, address: &str) -> bool {
        let now = Instant::now();
        let mut sent = locked(&self.sent);
        sent.retain(|_, (since, _)| now.saturating_duration_since(*since) < HOUR);
        let (_, count) = sent.entry(address.to_ascii_lowercase()).or_insert((now, 0));
        *count += 1;
        *count <= self.config.hourly_per_address
    }
}

/// What an unsuccessful attempt means.
fn not_sent(error: &SmtpError) -> Sent {
    let words = said(&chain(error));
    let code = error.status().map_or(0, u16::from);
    match code {
        // Authentication: set up wrongly, and right again once somebody has looked.
        530 | 534 | 535 | 538 => Sent::Failed(format!(
            "The mail server does not let this control plane sign in ({words}). An administrator has to check its mail settings."
        )),
        500..=599 => Sent::Refused(format!(
            "The mail server refused it for good ({words}). Check the address, or call the contact."
        )),
        400..=499 => Sent::Failed(format!("The mail server put it off ({words}). It is tried again.")),
        _ if error.is_tls() || words.contains("peer certificate") => Sent::Failed(format!(
            "No protected connection to the mail server could be made ({words}). An administrator has to check its mail settings."
        )),
        _ => Sent::Failed(format!("The mail server could not be reached ({words}). It is tried again.")),
    }
}

/// What administrators are told about it.
pub(crate) fn sending(config: Option<&MailConfig>, public_url: &str) -> MailSending {
    // A word alone parses as an authority.
    let address = public_url.parse::<Uri>().ok().filter(|address| address.scheme().is_some());
    let host = address.as_ref().and_then(Uri::host).unwrap_or_default();
    MailSending {
        server: config.map(|config| config.server.clone()),
        from: config.map(|config| config.from.clone()),
        links: format!("{}/a/", public_url.trim_end_matches('/')),
        links_reach_others: !host.is_empty() && !config::is_this_computer(host.trim_matches(['[', ']'])),
    }
}

/// An error with its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        let next_words = next.to_string();
        if !words.contains(&next_words) {
            words.push_str(": ");
            words.push_str(&next_words);
        }
        cause = next.source();
    }
    words
}

/// What a server said, on one line and not at length.
fn said(words: &str) -> String {
    let shown: String = marked_line(words.trim()).chars().take(MAX_SAID).collect();
    shown.trim_end_matches('.').to_owned()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
