//! What was removed, in words that a broker can read.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The kind of content that a removal hides. Its name stands in the label of the hidden range and in the counts of a share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// Private keys, whole.
    Key,
    /// Settings that hold a password or key among addresses, whole.
    ConnectionString,
    /// Passwords and passphrases.
    Password,
    /// Access tokens, API keys, session tokens.
    Token,
    /// Product keys.
    LicenceKey,
    /// Payment card numbers.
    Card,
    /// Bank accounts, by IBAN, routing or account number.
    Bank,
    /// Social security and national insurance numbers.
    Ssn,
    /// Paths into somebody's profile, whole.
    UserPath,
    /// Names of documents, pictures and mailboxes.
    Document,
    /// `user@domain`, for mail.
    Email,
    /// `user@domain`, for signing in to a directory.
    Upn,
    /// `DOMAIN\user`.
    DomainUser,
    /// Accounts and names of people.
    User,
    /// Names of machines.
    Host,
    /// Telephone numbers.
    Phone,
    /// IPv4 and IPv6 addresses of machines.
    Ip,
    /// Hardware addresses.
    Mac,
    /// Windows security identifiers of accounts.
    Sid,
    /// Globally unique identifiers.
    Guid,
}

impl Class {
    /// All of them; where findings overlap, the earlier one gives the class of what is hidden.
    pub const ALL: [Self; 20] = [
        Self::Key,
        Self::ConnectionString,
        Self::Password,
        Self::Token,
        Self::LicenceKey,
        Self::Card,
        Self::Bank,
        Self::Ssn,
        Self::UserPath,
        Self::Document,
        Self::Email,
        Self::Upn,
        Self::DomainUser,
        Self::User,
        Self::Host,
        Self::Phone,
        Self::Ip,
        Self::Mac,
        Self::Sid,
        Self::Guid,
    ];

    /// As it stands in labels, counts and documents.
    pub fn name(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::ConnectionString => "connection-string",
            Self::Password => "password",
            Self::Token => "token",
            Self::LicenceKey => "licence-key",
            Self::Card => "card",
            Self::Bank => "bank",
            Self::Ssn => "ssn",
            Self::UserPath => "user-path",
            Self::Document => "document",
            Self::Email => "email",
            Self::Upn => "upn",
            Self::DomainUser => "domain-user",
            Self::User => "user",
            Self::Host => "host",
            Self::Phone => "phone",
            Self::Ip => "ip",
            Self::Mac => "mac",
            Self::Sid => "sid",
            Self::Guid => "guid",
        }
    }

    /// The class of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.name() == name)
    }

    /// What counts as the same content, for pseudonyms: case does not tell names, paths and addresses apart; it does tell secrets.
    pub fn same(self, content: &str) -> String {
        match self {
            Self::Password | Self::Token | Self::Key | Self::ConnectionString => content.to_owned(),
            _ => content.trim().to_lowercase(),
        }
    }

    /// Whether its members follow a form that can be recognised by itself; names and paths need context.
    pub fn is_structured(self) -> bool {
        !matches!(self, Self::UserPath | Self::Document | Self::User | Self::Host)
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for class in Class::ALL {
            assert_eq!(Class::from_name(class.name()), Some(class));
        }
    }

    #[test]
    fn case_tells_secrets_apart_and_not_names() {
        assert_eq!(Class::User.same("Jane"), Class::User.same("jane"));
        assert_ne!(Class::Password.same("Jane"), Class::Password.same("jane"));
    }
}
