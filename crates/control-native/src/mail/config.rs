//! Which mail server, how to sign in there, and who mail comes from: the file that `--mail-config` names.

use super::Mailbox;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{AsyncSmtpTransport, Tokio1Executor};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// An attempt takes no longer; the Endpoint object counts one as lost later than this.
pub(crate) const WITHIN: Duration = Duration::from_secs(40);
/// And each step of it.
const STEP_WITHIN: Duration = Duration::from_secs(20);

/// How mail is sent.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailConfig {
    /// Host name of the mail server; its certificate has to be for this name.
    pub server: String,
    /// Port; absent: 465 for `tls`, 587 for `starttls`, 25 for `none`.
    #[serde(default)]
    pub port: Option<u16>,
    /// How the connection is protected.
    #[serde(default)]
    pub security: Security,
    /// To sign in with; absent: without signing in.
    #[serde(default)]
    pub user: Option<String>,
    /// The password itself.
    #[serde(default)]
    pub password: Option<String>,
    /// Or a file whose first line it is.
    #[serde(default)]
    pub password_file: Option<PathBuf>,
    /// A certificate authority of your own, in PEM, trusted besides the system's.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// Who it comes from: `Northstar IT <approvals@northstar.example>`.
    pub from: String,
    /// Where replies go, if anybody should read them.
    #[serde(default)]
    pub reply_to: Option<String>,
    /// One address gets no more than this in an hour, from all machines together.
    #[serde(default = "hourly")]
    pub hourly_per_address: u32,
}

/// How a connection to the mail server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Security {
    /// From its first byte (RFC 8314).
    #[default]
    Tls,
    /// After a greeting in the clear, or not at all (RFC 3207).
    StartTls,
    /// Not: only to this computer.
    None,
}

fn hourly() -> u32 {
    60
}

/// What is wrong with the mail settings.
#[derive(Debug, thiserror::Error)]
pub enum MailConfigError {
    /// A file.
    #[error("cannot read {path}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file's content.
    #[error("{path} is not a mail configuration (docs/operations/mail.md)")]
    Content {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// An address.
    #[error("`{field}` must be an address such as `Northstar IT <approvals@northstar.example>`; {value:?} is not")]
    Address {
        /// Which field.
        field: &'static str,
        /// What it is.
        value: String,
    },
    /// Settings that do not go together.
    #[error("{0}")]
    Unfit(&'static str),
    /// The TLS library.
    #[error("the mail server's TLS settings cannot be used")]
    Tls(#[from] lettre::transport::smtp::Error),
}

impl MailConfig {
    /// Reads the file.
    ///
    /// # Errors
    /// When it cannot be read or understood.
    pub fn read(path: &Path) -> Result<Self, MailConfigError> {
        let bytes = std::fs::read(path).map_err(|source| MailConfigError::File {
            path: path.to_owned(),
            source,
        })?;
        serde_json::from_slice(&bytes).map_err(|source| MailConfigError::Content {
            path: path.to_owned(),
            source,
        })
    }

    pub(super) fn mailbox(&self, field: &'static str, value: &str) -> Result<Mailbox, MailConfigError> {
        value.parse().map_err(|_| MailConfigError::Address {
            field,
            value: value.to_owned(),
        })
    }

    pub(super) fn transport(&self, authority: &str) -> Result<AsyncSmtpTransport<Tokio1Executor>, MailConfigError> {
        let (port, tls) = match self.security {
            Security::Tls => (465, Tls::Wrapper(self.tls()?)),
            Security::StartTls => (587, Tls::Required(self.tls()?)),
            Security::None => {
                if !is_this_computer(&self.server) {
                    return Err(MailConfigError::Unfit(
                        "mail for others must not travel unprotected: `security` may be `none` only for a mail server on this computer",
                    ));
                }
                (25, Tls::None)
            }
        };
        let builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&self.server)
            .port(self.port.unwrap_or(port))
            .tls(tls)
            .hello_name(ClientId::Domain(authority.to_owned()))
            .timeout(Some(STEP_WITHIN));
        Ok(match self.credentials()? {
            Some(credentials) => builder.credentials(credentials).build(),
            None => builder.build(),
        })
    }

    fn tls(&self) -> Result<TlsParameters, MailConfigError> {
        let mut tls = TlsParameters::builder(self.server.clone());
        if let Some(path) = &self.ca_file {
            tls = tls.add_root_certificate(Certificate::from_pem(&read(path)?)?);
        }
        Ok(tls.build_rustls()?)
    }

    fn credentials(&self) -> Result<Option<Credentials>, MailConfigError> {
        let password = match (&self.password, &self.password_file) {
            (Some(_), Some(_)) => {
                return Err(MailConfigError::Unfit("give either `password` or `password_file`, not both"));
            }
            (Some(password), None) => Some(password.clone()),
            (None, Some(path)) => {
                let text = String::from_utf8_lossy(&read(path)?).into_owned();
                Some(text.lines().next().unwrap_or_default().to_owned())
            }
            (None, None) => None,
        };
        match (&self.user, password) {
            (Some(user), Some(password)) => Ok(Some(Credentials::new(user.clone(), password))),
            (None, None) => Ok(None),
            _ => Err(MailConfigError::Unfit(
                "`user` goes with `password` or `password_file`, and they with it",
            )),
        }
    }
}

impl fmt::Debug for MailConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MailConfig")
            .field("server", &self.server)
            .field("port", &self.port)
            .field("security", &self.security)
            .field("from", &self.from)
            .finish_non_exhaustive()
    }
}

fn read(path: &Path) -> Result<Vec<u8>, MailConfigError> {
    std::fs::read(path).map_err(|source| MailConfigError::File {
        path: path.to_owned(),
        source,
    })
}

pub(super) fn is_this_computer(server: &str) -> bool {
    server == "localhost" || server.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}
