//! Who of a client gets e-mail: a list that administrators keep, one row for each contact.
//!
//! Promises: every change is in the log with who made it; what is listed is an address and one line, so that neither can carry a header or
//! a second recipient. Why a list: docs/decisions/0071-mail-to-contacts.md.

use super::event::AdminEvent;
use super::{OrganisationObject, checked_line, client, only_client};
use crate::port::Caller;
use crate::refusal::{Stop, refused};
use crate::row::{Row, text};
use crate::store::{Store, StoreError};
use crate::turn::Turn;
use caisey_ledger::id::{ClientId, MemberId};
use caisey_protocol::error::ErrorCode;
use caisey_protocol::mail::{MAX_MAIL_CONTACTS, MailContact, MailContacts};
use std::collections::BTreeSet;

/// All of a client.
pub(super) fn of_client(store: &dyn Store, client: &ClientId) -> Result<Vec<MailContact>, StoreError> {
    let sql = "SELECT member, name, address FROM mail_contacts WHERE client = ?1 ORDER BY member";
    store
        .exec(sql, &[text(client)])?
        .into_iter()
        .map(|row| {
            let mut row = Row::from(row);
            Ok(MailContact {
                member: Some(row.parsed()?),
                name: row.text()?,
                address: row.text()?,
            })
        })
        .collect()
}

impl OrganisationObject {
    pub(super) fn mail_contacts(store: &dyn Store, caller: &Caller, client: &ClientId) -> Result<MailContacts, Stop> {
        let hidden = only_client(caller)?.is_some_and(|only| only != *client);
        if hidden || client::find(store, client)?.is_none() {
            return Err(refused(ErrorCode::NotFound, "There is no such client."));
        }
        let contacts = of_client(store, client)?;
        Ok(MailContacts { contacts, sending: None })
    }

    /// The list that it already is changes nothing.
    pub(super) fn set_mail_contacts(
        &mut self,
        turn: &mut Turn<'_>,
        caller: &Caller,
        client: &ClientId,
        wanted: MailContacts,
    ) -> Result<MailContacts, Stop> {
        if client::find(turn.store, client)?.is_none() {
            return Err(refused(ErrorCode::NotFound, "There is no such client."));
        }
        let known = of_client(turn.store, client)?;
        let contacts = checked(turn, &known, wanted)?;
        if contacts == known {
            return Ok(MailContacts { contacts, sending: None });
        }
        turn.store
            .exec("DELETE FROM mail_contacts WHERE client = ?1", &[text(client)])?;
        let insert = "INSERT INTO mail_contacts (client, member, name, address) VALUES (?1, ?2, ?3, ?4)";
        for contact in &contacts {
            let member = contact.member.as_ref().map(ToString::to_string).unwrap_or_default();
            let row = [text(client), text(member), text(&contact.name), text(&contact.address)];
            turn.store.exec(insert, &row)?;
        }
        self.rules_changed(turn)?;
        let event = AdminEvent::MailContactsSet {
            client: client.clone(),
            members: contacts.iter().filter_map(|contact| contact.member.clone()).collect(),
            by: caller.member.clone(),
        };
        let listed: Vec<_> = contacts.iter().map(|one| format!("{} <{}>", one.name, one.address)).collect();
        event.record(turn, &mut self.journal, &[("list", &listed.join("\n"))])?;
        Ok(MailContacts { contacts, sending: None })
    }
}

/// The list as it is kept: identifiers for all, in their order. Somebody who was listed with that address stays who they were.
fn checked(turn: &mut Turn<'_>, known: &[MailContact], wanted: MailContacts) -> Result<Vec<MailContact>, Stop> {
    if wanted.contacts.len() > MAX_MAIL_CONTACTS {
        let detail = format!("A client has at most {MAX_MAIL_CONTACTS} contacts who get e-mail. Shorten the list.");
        return Err(refused(ErrorCode::BadRequest, detail));
    }
    let (mut members, mut addresses) = (BTreeSet::new(), BTreeSet::new());
    let mut contacts = Vec::with_capacity(wanted.contacts.len());
    for contact in wanted.contacts {
        let name = checked_line("name", &contact.name, 100)?;
        let address = checked_address(&contact.address)?;
        let before = known.iter().find(|one| one.address.eq_ignore_ascii_case(&address));
        let member = contact.member.or_else(|| before.and_then(|one| one.member.clone()));
        let member = member.unwrap_or_else(|| MemberId::from_bits(turn.bits()));
        if !members.insert(member.clone()) || !addresses.insert(address.to_ascii_lowercase()) {
            return Err(refused(
                ErrorCode::BadRequest,
                format!("{name} or their address is listed twice. One person has one address, and nobody shares one."),
            ));
        }
        contacts.push(MailContact {
            member: Some(member),
            name,
            address,
        });
    }
    contacts.sort_by(|one, other| one.member.cmp(&other.member));
    Ok(contacts)
}

/// `local@domain` (RFC 5321 §4.1.2) of atoms: no quoted strings, no address literals, nothing that ends a header or begins another address.
fn checked_address(address: &str) -> Result<String, Stop> {
    let address = address.trim();
    let atom = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c);
    let dotted = |part: &str, fits: &dyn Fn(char) -> bool| {
        !part.is_empty() && part.split('.').all(|atom| !atom.is_empty() && atom.chars().all(fits))
    };
    let fits = address.split_once('@').is_some_and(|(local, domain)| {
        let label = |c: char| c.is_ascii_alphanumeric() || c == '-';
        local.len() <= 64 && dotted(local, &atom) && dotted(domain, &label)
    });
    if fits && address.len() <= 254 {
        return Ok(address.to_owned());
    }
    Err(refused(
        ErrorCode::BadRequest,
        "`address` must be a plain e-mail address such as zdenka@example.com, and only one.",
    ))
}

#[cfg(test)]
mod tests {
    use super::checked_address;

    #[test]
    fn an_address_is_one_address_and_nothing_else() {
        for good in ["zdenka@example.com", " a.b+c@sub.example.org ", "o'neill@localhost"] {
            assert!(checked_address(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "@",
            "a@",
            "@b",
            "a@b@c",
            "a b@c",
            "a@b,c@d",
            "a@b\r\nBcc: x@y",
            "<a@b>",
            "\"a\"@b",
            "a@[127.0.0.1]",
            ".a@b",
            "a..b@c",
            "ž@example.com",
            "a@b.",
        ] {
            assert!(checked_address(bad).is_err(), "{bad:?}");
        }
        assert!(checked_address(&format!("{}@b", "a".repeat(65))).is_err());
    }
}
