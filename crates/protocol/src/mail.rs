//! E-mail to a client's contacts, as it travels: who gets mail, and what became of each (docs/decisions/0071-mail-to-contacts.md).
//!
//! | method and path | body → answer | permission |
//! |---|---|---|
//! | GET /v1/clients/{id}/mail-contacts | → `MailContacts` | ReadDirectory |
//! | PUT /v1/clients/{id}/mail-contacts | `MailContacts` → `MailContacts` | Administer |
//!
//! `GET /a/{token}` and `POST /a/{token}` are pages for people with a browser and no account, in HTML.

use caisey_ledger::id::{MemberId, TimeMs};
use serde::{Deserialize, Serialize};

/// A client has at most this many.
pub const MAX_MAIL_CONTACTS: usize = 16;

/// Somebody of a client who may be asked by e-mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct MailContact {
    /// Who: the contact's own identifier if they have ever signed in, so that a person with two channels stays one person. Absent in a
    /// request for somebody without an account: they get one.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub member: Option<MemberId>,
    /// Name, 1 to 100 printable characters.
    pub name: String,
    /// Address: `local@domain` in ASCII (RFC 5321), 254 characters at most.
    pub address: String,
}

/// All of a client.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct MailContacts {
    /// In no order.
    pub contacts: Vec<MailContact>,
    /// Whether mail is sent at all. In answers to those who administer; a request needs none.
    #[serde(default)]
    pub sending: Option<MailSending>,
}

/// Whether and how a control plane sends mail.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct MailSending {
    /// The mail server's name; absent: there is none, and no mail is sent.
    #[serde(default)]
    pub server: Option<String>,
    /// Who mail comes from; absent with the server.
    #[serde(default)]
    pub from: Option<String>,
    /// What links in mail begin with.
    pub links: String,
    /// Whether others reach that address; false when it means whatever computer it is opened on.
    pub links_reach_others: bool,
}

/// What became of the mail to one contact about one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MailState {
    /// Stored, and sent as soon as may be; after a failure, once more.
    Waiting,
    /// On its way to the mail server.
    Sending,
    /// The mail server took it. Whether anybody read it, nobody knows.
    Accepted,
    /// The mail server will not take it, now or later.
    Refused,
    /// It could not be sent in time, or not without flooding the contact.
    GaveUp,
    /// The request ended before it was sent.
    NotNeeded,
}

/// The mail to one contact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct MailView {
    /// To whom.
    #[schema(value_type = String)]
    pub member: MemberId,
    /// Their name.
    pub name: String,
    /// Their address.
    pub address: String,
    /// Where it stands.
    pub state: MailState,
    /// How often it was tried.
    pub attempts: u32,
    /// Since when it stands there.
    #[schema(value_type = u64)]
    pub at_ms: TimeMs,
    /// Why, in a sentence, when it is not simply so.
    #[serde(default)]
    pub detail: String,
}
