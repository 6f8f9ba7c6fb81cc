//! Carries letters from Endpoint objects to the mail server, and back what became of them.
//!
//! Promises: every letter's object hears of its result, also when there is no mail server. What is under way when the control plane stops is lost,
//! and the object sends it again.

use super::{Objects, Shared};
use crate::mail::Mailer;
use caisey_control::endpoint::Input;
use caisey_control::letter::{Letter, NO_SERVER, Sent};
use caisey_control::port::ObjectName;
use std::sync::Arc;

impl Objects {
    /// From here on mail is sent.
    pub(crate) fn send_mail_with(&self, mailer: Mailer) {
        // Set once, when starting.
        let _ = self.0.mailer.set(mailer);
    }
}

/// From an object's thread.
pub(super) fn soon(shared: &Arc<Shared>, name: &ObjectName, letter: Letter) {
    let (objects, name) = (Objects(Arc::clone(shared)), name.clone());
    shared.runtime.spawn(async move {
        let sent = match objects.0.mailer.get() {
            Some(mailer) => mailer.send(&letter).await,
            None => Sent::Impossible(NO_SERVER.to_owned()),
        };
        if let Sent::Refused(_) | Sent::Failed(_) = &sent {
            tracing::warn!(action = %letter.action, attempt = letter.attempt, "a mail was not sent");
        }
        if !objects.stopping() {
            objects.tell_now(&name, Input::MailSent(letter.action, letter.member, letter.attempt, sent));
        }
    });
}
