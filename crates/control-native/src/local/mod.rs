//! The local issuer: accounts and tokens for control planes without an identity provider of their own.
//!
//! Promises: passwords only as argon2id (OWASP's parameters); access tokens live ten minutes; a refresh token works once, and using
//! it twice ends that sign-in on every side (RFC 9700 §4.14); its tokens go through the same checks as anybody's. Its identity is
//! fixed with its file, not with its address: a free port changes nobody's identifiers. Leaves out: web pages for signing in.

mod accounts;
pub(crate) mod password;
mod token;

pub use accounts::{Account, AccountsError};

use crate::clock;
use crate::config::IssuerConfig;
use crate::data_dir::Key;
use accounts::Accounts;
use caisey_ledger::id::{ClientId, OrganisationId};
use caisey_protocol::error::{ErrorBody, ErrorCode};
use caisey_protocol::role::Role;
use caisey_protocol::sign_in::{TokenAnswer, TokenRequest};
use std::path::Path;
use std::sync::Mutex;

/// Life of an access token, in seconds.
pub const ACCESS_LIFE_S: u64 = 600;
/// Life of an unused refresh token, in seconds: 30 days.
pub const REFRESH_LIFE_S: u64 = 30 * 24 * 3_600;
/// Life of a one-time code, in seconds: 24 hours.
pub const CODE_LIFE_S: u64 = 24 * 3_600;
/// The audience of its access tokens.
pub const AUDIENCE: &str = "caisey";
/// The name of its only organisation within its own tokens.
const ORGANISATION: &str = "local";

/// Its accounts file, shared by the server and the command line.
pub struct LocalAccounts(Mutex<Accounts>);

impl LocalAccounts {
    /// Opens the accounts file of a data directory, making it when absent.
    ///
    /// # Errors
    /// The file's.
    pub fn open(data: &Path) -> Result<Self, AccountsError> {
        Ok(Self(Mutex::new(Accounts::open(&crate::data_dir::DataDir::accounts(data))?)))
    }

    /// Adds a person, or gives an existing one another name and role, and returns a one-time code with which they set their password.
    ///
    /// # Errors
    /// When the address, name or role is not acceptable, or the file fails.
    pub fn add(&self, email: &str, name: &str, role: Role, client: Option<&ClientId>) -> Result<String, AccountsError> {
        let accounts = crate::object::locked(&self.0);
        let account = accounts.put(email, name, role, client)?;
        accounts.new_code(&account.id, clock::now_ms() / 1_000 + CODE_LIFE_S)
    }

    /// All people.
    ///
    /// # Errors
    /// The file's.
    pub fn list(&self) -> Result<Vec<Account>, AccountsError> {
        crate::object::locked(&self.0).list()
    }

    /// Ends a person's access: no sign-in, no refresh. Access tokens run out within ten minutes.
    ///
    /// # Errors
    /// When there is no such person, or the file fails.
    pub fn disable(&self, email: &str) -> Result<(), AccountsError> {
        crate::object::locked(&self.0).disable(email)
    }
}

/// The issuer as it runs in the server.
pub struct LocalIssuer {
    accounts: LocalAccounts,
    key: Key,
    issuer: String,
    organisation_name: String,
    /// argon2 takes 19 MiB each time: two at once are enough.
    hashing: tokio::sync::Semaphore,
}

impl LocalIssuer {
    pub(crate) fn open(data: &Path, key: Key) -> Result<Self, AccountsError> {
        let accounts = Accounts::open(&crate::data_dir::DataDir::accounts(data))?;
        let issuer = accounts.meta_or("issuer", || {
            let bits = clock::random::<16>()?;
            Ok(format!("urn:caisey:local-issuer:{}", hex(&bits)))
        })?;
        let organisation_name = accounts.meta_or("organisation_name", || Ok("This organisation".to_owned()))?;
        Ok(Self {
            accounts: LocalAccounts(Mutex::new(accounts)),
            key,
            issuer,
            organisation_name,
            hashing: tokio::sync::Semaphore::new(2),
        })
    }

    /// What its `iss` claim says.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Its organisation, as the rest of the control plane names it.
    pub fn organisation(&self) -> OrganisationId {
        crate::auth::organisation_id(&self.issuer, ORGANISATION)
    }

    /// How its tokens are to be checked.
    pub(crate) fn config(&self) -> IssuerConfig {
        IssuerConfig {
            audience: vec![AUDIENCE.to_owned()],
            ..IssuerConfig::clerk(self.issuer.clone())
        }
    }

    /// Its public key as a JSON Web Key Set (RFC 7517, RFC 8037).
    pub fn jwks(&self) -> serde_json::Value {
        token::jwks(&self.key)
    }

    /// Tokens for the owner, without a password: whoever runs this process owns its data. The account is made at the first call.
    ///
    /// # Errors
    /// The file's.
    pub fn owner_tokens(&self, name: &str) -> Result<TokenAnswer, AccountsError> {
        let accounts = crate::object::locked(&self.accounts.0);
        let owner = match accounts.first_owner()? {
            Some(owner) => owner,
            None => accounts.put("owner@localhost", name, Role::Owner, None)?,
        };
        self.tokens(&accounts, &owner, None)
    }

    /// Adds people.
    pub fn accounts(&self) -> &LocalAccounts {
        &self.accounts
    }

    /// Tokens for an account, without a password: for programs that embed this control plane, and tests.
    ///
    /// # Errors
    /// When there is no such account, or the file fails.
    pub fn tokens_for(&self, email: &str) -> Result<TokenAnswer, AccountsError> {
        let accounts = crate::object::locked(&self.accounts.0);
        let account = accounts.find(email)?.ok_or(AccountsError::NoSuchAccount)?;
        self.tokens(&accounts, &account, None)
    }

    /// Answers `POST /local/token`.
    ///
    /// # Errors
    /// `Unauthenticated` with the same words whatever was wrong; `TooManyRequests` while an account is locked.
    pub async fn grant(self: &std::sync::Arc<Self>, request: TokenRequest) -> Result<TokenAnswer, ErrorBody> {
        let Ok(_turn) = self.hashing.acquire().await else {
            return Err(refused());
        };
        let issuer = std::sync::Arc::clone(self);
        tokio::task::spawn_blocking(move || issuer.grant_blocking(&request))
            .await
            .unwrap_or_else(|_| Err(crate::object::internal("signing in failed unexpectedly")))
    }

    fn grant_blocking(&self, request: &TokenRequest) -> Result<TokenAnswer, ErrorBody> {
        let now_s = clock::now_ms() / 1_000;
        match request {
            TokenRequest::Password { username, password } => self.sign_in(username, password, now_s),
            TokenRequest::RefreshToken { refresh_token } => {
                let accounts = crate::object::locked(&self.accounts.0);
                let (account, family) = accounts
                    .use_refresh(refresh_token, now_s)
                    .map_err(|error| failed(&error))?
                    .ok_or_else(refused)?;
                self.tokens(&accounts, &account, Some(&family))
                    .map_err(|error| failed(&error))
            }
            TokenRequest::OneTimeCode { code, password } => {
                if !(12..=512).contains(&password.len()) {
                    return Err(ErrorBody {
                        code: ErrorCode::BadRequest,
                        detail: "A password needs at least 12 and at most 512 bytes; the code is still good.".to_owned(),
                        retry_after_ms: None,
                    });
                }
                let phc = password::hash(password).map_err(|error| failed(&error))?;
                let accounts = crate::object::locked(&self.accounts.0);
                let account = accounts
                    .use_code(code, &phc, now_s)
                    .map_err(|error| failed(&error))?
                    .ok_or_else(refused)?;
                self.tokens(&accounts, &account, None).map_err(|error| failed(&error))
            }
        }
    }

    fn sign_in(&self, username: &str, password: &str, now_s: u64) -> Result<TokenAnswer, ErrorBody> {
        let known = crate::object::locked(&self.accounts.0)
            .credentials(username)
            .map_err(|error| failed(&error))?;
        if let Some(wait_s) = known
            .as_ref()
            .and_then(|known| known.locked_until_s.checked_sub(now_s))
            .filter(|wait| *wait > 0)
        {
            return Err(ErrorBody {
                code: ErrorCode::TooManyRequests,
                detail: "Too many wrong passwords for this account. Wait before trying again.".to_owned(),
                retry_after_ms: Some(wait_s * 1_000),
            });
        }
        // Unknown names take as long as known ones.
        let stored = known.as_ref().and_then(|known| known.phc.as_deref());
        let matches = password::verify(password, stored);
        let accounts = crate::object::locked(&self.accounts.0);
        match known {
            Some(known) if matches => {
                accounts.note_success(&known.account.id).map_err(|error| failed(&error))?;
                self.tokens(&accounts, &known.account, None).map_err(|error| failed(&error))
            }
            Some(known) => {
                accounts
                    .note_failure(&known.account.id, now_s)
                    .map_err(|error| failed(&error))?;
                Err(refused())
            }
            None => Err(refused()),
        }
    }

    fn tokens(&self, accounts: &Accounts, account: &Account, family: Option<&str>) -> Result<TokenAnswer, AccountsError> {
        let now_s = clock::now_ms() / 1_000;
        let refresh_token = accounts.new_refresh(&account.id, family, now_s + REFRESH_LIFE_S)?;
        let access_token = token::sign(
            &self.key,
            &token::AccessClaims {
                iss: &self.issuer,
                sub: &account.id,
                aud: AUDIENCE,
                iat: now_s,
                nbf: now_s,
                exp: now_s + ACCESS_LIFE_S,
                jti: hex(&clock::random::<16>()?),
                name: &account.name,
                email: &account.email,
                org_id: ORGANISATION,
                org_name: &self.organisation_name,
                org_role: role_claim(account.role),
                client_id: account.client.as_ref().map(ClientId::as_str),
            },
        )?;
        Ok(TokenAnswer {
            access_token,
            token_type: "Bearer".to_owned(),
            expires_in: ACCESS_LIFE_S,
            refresh_token,
        })
    }
}

fn role_claim(role: Role) -> &'static str {
    match role {
        Role::Owner => "org:owner",
        Role::Admin => "org:admin",
        Role::Technician => "org:technician",
        Role::Dispatcher => "org:dispatcher",
        Role::Auditor => "org:auditor",
        Role::Contact => "org:contact",
    }
}

fn refused() -> ErrorBody {
    ErrorBody {
        code: ErrorCode::Unauthenticated,
        detail: "The name, password, code or token is not right, or no longer good. Nothing was changed.".to_owned(),
        retry_after_ms: None,
    }
}

fn failed(error: &AccountsError) -> ErrorBody {
    tracing::error!(%error, "the local issuer's accounts failed");
    crate::object::internal("the accounts could not be read or written; the control plane's log says why")
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
