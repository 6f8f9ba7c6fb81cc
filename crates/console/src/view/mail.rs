//! Who of a client gets e-mail about approval requests, and whether any is sent.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A client's list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct MailContactsView {
    /// The client.
    pub client: String,
    /// By name.
    pub contacts: Vec<MailContactRow>,
    /// It has at most this many.
    pub most: u32,
    /// Whether this control plane sends mail; absent when it does not say, as to those who do not administer.
    pub sending: Option<MailSendingView>,
}

/// Somebody who may be asked by e-mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct MailContactRow {
    /// Who: the same as of their console, if they have one. Absent for somebody new without an account.
    pub member: Option<String>,
    /// Name.
    pub name: String,
    /// Address.
    pub address: String,
}

/// Whether mail goes out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct MailSendingView {
    /// Mail goes out, and its links lead others here.
    pub works: bool,
    /// The mail server; absent when there is none.
    pub server: Option<String>,
    /// Who mail comes from.
    pub from: Option<String>,
    /// What links in mail begin with.
    pub links: String,
    /// What is so, what that means, and what to do, in sentences.
    pub sentence: String,
}
