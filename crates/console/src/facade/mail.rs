//! Who of a client gets e-mail about approval requests, for those whose role allows it.
//!
//! Promises: one change is made at a time, to the list as it is then, so that two administrators do not undo each other's; what is said about
//! sending is the control plane's word. Decisions: docs/decisions/0071-mail-to-contacts.md.

use super::Console;
use super::admin::client_id;
use crate::error::ConsoleError;
use crate::sync::engine::Engine;
use crate::view::{MailContactRow, MailContactsView, MailSendingView};
use crate::visible::marked_line;
use caisey_ledger::id::ClientId;
use caisey_protocol::mail::{MAX_MAIL_CONTACTS, MailContact, MailContacts, MailSending};
use std::sync::Arc;

const SET_UP: &str = "Whoever runs the control plane names a mail server with --mail-config (docs/operations/mail.md).";

impl Console {
    /// A client's list.
    ///
    /// # Errors
    /// Unknown client, not signed in, control plane unreachable or refusing.
    pub async fn mail_contacts(&self, client: &str) -> Result<MailContactsView, ConsoleError> {
        let (engine, client) = (self.inner.engine()?, client_id(client)?);
        let list = engine.api.mail_contacts(&client).await?;
        Ok(self.mail_view(&client, list))
    }

    /// Adds somebody, or changes whoever has the address `before` in the list.
    ///
    /// # Errors
    /// Nobody has that address any more, a name or address that cannot be used, not signed in, control plane unreachable or refusing.
    pub async fn keep_mail_contact(
        &self,
        client: &str,
        before: Option<&str>,
        contact: MailContactRow,
    ) -> Result<MailContactsView, ConsoleError> {
        let member = match &contact.member {
            Some(member) => Some(member.parse().map_err(|_| ConsoleError::NotFound {
                what: "person",
                id: marked_line(member),
            })?),
            None => None,
        };
        let wanted = MailContact {
            member,
            name: contact.name.trim().to_owned(),
            address: contact.address.trim().to_owned(),
        };
        self.change_mail_contacts(client, |list| match before {
            None => {
                list.push(wanted);
                Ok(())
            }
            Some(before) => {
                *listed(list, before)? = wanted;
                Ok(())
            }
        })
        .await
    }

    /// Takes whoever has this address off the list. Links that they were sent keep working until their requests end.
    ///
    /// # Errors
    /// Nobody has that address any more, not signed in, control plane unreachable or refusing.
    pub async fn remove_mail_contact(&self, client: &str, address: &str) -> Result<MailContactsView, ConsoleError> {
        self.change_mail_contacts(client, |list| {
            listed(list, address)?;
            list.retain(|contact| contact.address != address);
            Ok(())
        })
        .await
    }

    async fn change_mail_contacts(
        &self,
        client: &str,
        change: impl FnOnce(&mut Vec<MailContact>) -> Result<(), ConsoleError>,
    ) -> Result<MailContactsView, ConsoleError> {
        let (engine, client): (Arc<Engine>, ClientId) = (self.inner.engine()?, client_id(client)?);
        let mut list = engine.api.mail_contacts(&client).await?;
        change(&mut list.contacts)?;
        list.sending = None;
        let list = engine.api.set_mail_contacts(&client, &list).await?;
        Ok(self.mail_view(&client, list))
    }

    fn mail_view(&self, client: &ClientId, list: MailContacts) -> MailContactsView {
        let row = |contact: MailContact| MailContactRow {
            member: contact.member.map(|member| member.to_string()),
            name: marked_line(&contact.name),
            address: marked_line(&contact.address),
        };
        let mut contacts: Vec<MailContactRow> = list.contacts.into_iter().map(row).collect();
        contacts.sort_by_key(|row| row.name.to_lowercase());
        MailContactsView {
            client: client.to_string(),
            contacts,
            most: u32::try_from(MAX_MAIL_CONTACTS).unwrap_or(u32::MAX),
            sending: list.sending.map(|sending| view(&sending)),
        }
    }
}

fn listed<'a>(list: &'a mut [MailContact], address: &str) -> Result<&'a mut MailContact, ConsoleError> {
    list.iter_mut().find(|contact| contact.address == address).ok_or_else(|| {
        ConsoleError::Invalid(format!(
            "{} is not in the list any more: somebody has changed it meanwhile. Nothing was changed now; look at the list as it is.",
            marked_line(address)
        ))
    })
}

fn view(sending: &MailSending) -> MailSendingView {
    let links = marked_line(&sending.links);
    let sentence = match (&sending.server, sending.links_reach_others) {
        (None, _) => format!(
            "This control plane has no mail server, so no mail is sent and whoever asks is told so with every request. {SET_UP} The list can be \
             kept meanwhile."
        ),
        (Some(server), false) => format!(
            "Mail goes out through {}, but its links lead to {links}, which is whatever computer they are opened on: nobody can answer. Whoever runs \
             the control plane says with --public-url how it is reached from outside.",
            marked_line(server)
        ),
        (Some(server), true) => format!("Mail goes out through {}; its links lead to {links}.", marked_line(server)),
    };
    MailSendingView {
        works: sending.server.is_some() && sending.links_reach_others,
        server: sending.server.as_deref().map(marked_line),
        from: sending.from.as_deref().map(marked_line),
        links,
        sentence,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whether_mail_is_sent_is_said_with_what_to_do() {
        let told = |server: Option<&str>, links_reach_others| {
            view(&MailSending {
                server: server.map(str::to_owned),
                from: None,
                links: "http://127.0.0.1:1/a/".to_owned(),
                links_reach_others,
            })
        };
        let (none, here, good) = (
            told(None, false),
            told(Some("smtp.example"), false),
            told(Some("smtp.example"), true),
        );
        assert!(!none.works && none.sentence.contains("--mail-config"), "{}", none.sentence);
        assert!(!here.works && here.sentence.contains("--public-url"), "{}", here.sentence);
        assert!(good.works && good.sentence.contains("smtp.example"), "{}", good.sentence);
    }
}
