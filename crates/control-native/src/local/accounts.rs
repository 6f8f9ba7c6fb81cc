//! The local issuer's file: accounts, refresh tokens, one-time codes. Secrets are stored as hashes only.

use super::hex;
use crate::clock;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use caisey_ledger::id::ClientId;
use caisey_protocol::role::Role;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use sha2::{Digest as _, Sha256};
use std::path::Path;
use std::time::Duration;

/// Wrong passwords before an account is locked, for a time that doubles with each further one up to an hour.
const FREE_FAILURES: u32 = 5;

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS accounts (
    id TEXT PRIMARY KEY, email TEXT NOT NULL UNIQUE, name TEXT NOT NULL, role TEXT NOT NULL, client TEXT, phc TEXT,
    disabled INTEGER NOT NULL DEFAULT 0, failures INTEGER NOT NULL DEFAULT 0, locked_until_s INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS refresh_tokens (
    hash TEXT PRIMARY KEY, account TEXT NOT NULL REFERENCES accounts (id), family TEXT NOT NULL,
    expires_s INTEGER NOT NULL, used INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS refresh_tokens_by_family ON refresh_tokens (family);
CREATE TABLE IF NOT EXISTS codes (
    hash TEXT PRIMARY KEY, account TEXT NOT NULL REFERENCES accounts (id), expires_s INTEGER NOT NULL
) STRICT, WITHOUT ROWID;";

/// Why an account operation was not done.
#[derive(Debug, thiserror::Error)]
pub enum AccountsError {
    /// The file.
    #[error("the accounts file failed: {0}")]
    File(#[from] rusqlite::Error),
    /// Randomness or the file system.
    #[error("the operating system refused: {0}")]
    System(#[from] std::io::Error),
    /// Writing a token.
    #[error("a token could not be written: {0}")]
    Token(#[from] serde_json::Error),
    /// Hashing.
    #[error("a password could not be hashed: {0}")]
    Password(String),
    /// A field.
    #[error("{0}")]
    Unacceptable(&'static str),
    /// Nobody has that address.
    #[error("there is no account with that e-mail address")]
    NoSuchAccount,
}

/// A person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The subject of their tokens.
    pub id: String,
    /// Lower-case address they sign in with.
    pub email: String,
    /// Name.
    pub name: String,
    /// Role.
    pub role: Role,
    /// For contacts, whose.
    pub client: Option<ClientId>,
}

/// What is needed to check a password.
pub(super) struct Credentials {
    pub(super) account: Account,
    pub(super) phc: Option<String>,
    pub(super) locked_until_s: u64,
}

pub(super) struct Accounts(Connection);

const COLUMNS: &str = "id, email, name, role, client";

impl Accounts {
    pub(super) fn open(path: &Path) -> Result<Self, AccountsError> {
        if let Some(parent) = path.parent() {
            crate::data_dir::private_dir(parent)?;
        }
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        drop(options.open(path)?);
        let connection = Connection::open(path)?;
        connection.busy_timeout(Duration::from_secs(5))?;
        connection.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA cache_size = -128;",
        )?;
        connection.execute_batch(SCHEMA)?;
        Ok(Self(connection))
    }

    /// A fixed fact, made at its first use.
    pub(super) fn meta_or(
        &self,
        name: &str,
        make: impl FnOnce() -> Result<String, AccountsError>,
    ) -> Result<String, AccountsError> {
        let stored = self
            .0
            .query_row("SELECT value FROM meta WHERE name = ?1", [name], |row| row.get(0))
            .optional()?;
        match stored {
            Some(value) => Ok(value),
            None => {
                let value = make()?;
                self.0
                    .execute("INSERT INTO meta (name, value) VALUES (?1, ?2)", params![name, value])?;
                Ok(value)
            }
        }
    }

    pub(super) fn put(&self, email: &str, name: &str, role: Role, client: Option<&ClientId>) -> Result<Account, AccountsError> {
        let email = email.trim().to_lowercase();
        if !email.contains('@') || email.len() > 254 || email.chars().any(char::is_whitespace) {
            return Err(AccountsError::Unacceptable("that is not an e-mail address"));
        }
        let name = name.trim();
        if name.is_empty() || name.chars().count() > 200 || name.chars().any(char::is_control) {
            return Err(AccountsError::Unacceptable("a name has 1 to 200 characters"));
        }
        if (role == Role::Contact) != client.is_some() {
            return Err(AccountsError::Unacceptable(
                "a contact, and nobody else, belongs to one client",
            ));
        }
        let id = format!("local_{}", hex(&clock::random::<16>()?));
        self.0.execute(
            "INSERT INTO accounts (id, email, name, role, client) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (email) DO UPDATE SET name = excluded.name, role = excluded.role, client = excluded.client, disabled = 0",
            params![id, email, name, role_name(role), client.map(ClientId::as_str)],
        )?;
        self.find(&email)?.ok_or(AccountsError::NoSuchAccount)
    }

    pub(super) fn find(&self, email: &str) -> Result<Option<Account>, AccountsError> {
        let sql = format!("SELECT {COLUMNS} FROM accounts WHERE email = ?1 AND disabled = 0");
        Ok(self.0.query_row(&sql, [email.trim().to_lowercase()], account).optional()?)
    }

    pub(super) fn first_owner(&self) -> Result<Option<Account>, AccountsError> {
        let sql = format!("SELECT {COLUMNS} FROM accounts WHERE role = 'owner' AND disabled = 0 ORDER BY id LIMIT 1");
        Ok(self.0.query_row(&sql, [], account).optional()?)
    }

    pub(super) fn list(&self) -> Result<Vec<Account>, AccountsError> {
        let mut statement = self
            .0
            .prepare(&format!("SELECT {COLUMNS} FROM accounts WHERE disabled = 0 ORDER BY email"))?;
        let accounts = statement.query_map([], account)?.collect::<Result<_, _>>()?;
        Ok(accounts)
    }

    pub(super) fn disable(&self, email: &str) -> Result<(), AccountsError> {
        let account = self.find(email)?.ok_or(AccountsError::NoSuchAccount)?;
        self.0
            .execute("UPDATE accounts SET disabled = 1, phc = NULL WHERE id = ?1", [&account.id])?;
        self.0
            .execute("DELETE FROM refresh_tokens WHERE account = ?1", [&account.id])?;
        self.0.execute("DELETE FROM codes WHERE account = ?1", [&account.id])?;
        Ok(())
    }

    pub(super) fn credentials(&self, email: &str) -> Result<Option<Credentials>, AccountsError> {
        let sql = format!("SELECT {COLUMNS}, phc, locked_until_s FROM accounts WHERE email = ?1 AND disabled = 0");
        let found = self.0.query_row(&sql, [email.trim().to_lowercase()], |row| {
            Ok(Credentials {
                account: account(row)?,
                phc: row.get(5)?,
                locked_until_s: row.get::<_, i64>(6)?.unsigned_abs(),
            })
        });
        Ok(found.optional()?)
    }

    pub(super) fn note_success(&self, id: &str) -> Result<(), AccountsError> {
        self.0.execute(
            "UPDATE accounts SET failures = 0, locked_until_s = 0 WHERE id = ?1 AND failures > 0",
            [id],
        )?;
        Ok(())
    }

    pub(super) fn note_failure(&self, id: &str, now_s: u64) -> Result<(), AccountsError> {
        let failures: u32 = self.0.query_row(
            "UPDATE accounts SET failures = failures + 1 WHERE id = ?1 RETURNING failures",
            [id],
            |row| row.get(0),
        )?;
        if let Some(over) = failures.checked_sub(FREE_FAILURES) {
            let wait_s = 30_u64 << over.min(7);
            let until = i64::try_from(now_s + wait_s.min(3_600)).unwrap_or(i64::MAX);
            self.0
                .execute("UPDATE accounts SET locked_until_s = ?2 WHERE id = ?1", params![id, until])?;
        }
        Ok(())
    }

    /// A refresh token, of a new sign-in or continuing one.
    pub(super) fn new_refresh(&self, account: &str, family: Option<&str>, expires_s: u64) -> Result<String, AccountsError> {
        let token = URL_SAFE_NO_PAD.encode(clock::random::<32>()?);
        let family = match family {
            Some(family) => family.to_owned(),
            None => hex(&clock::random::<16>()?),
        };
        self.0.execute(
            "INSERT INTO refresh_tokens (hash, account, family, expires_s) VALUES (?1, ?2, ?3, ?4)",
            params![digest(&token), account, family, i64::try_from(expires_s).unwrap_or(i64::MAX)],
        )?;
        Ok(token)
    }

    /// Uses a refresh token up. One that was used before ends its whole sign-in: somebody has a copy.
    pub(super) fn use_refresh(&self, token: &str, now_s: u64) -> Result<Option<(Account, String)>, AccountsError> {
        let found = self.0.query_row(
            "SELECT account, family, expires_s, used FROM refresh_tokens WHERE hash = ?1",
            [digest(token)],
            |row| {
                Ok((
                    row.get::<_, String>(0)?,
                    row.get::<_, String>(1)?,
                    row.get::<_, i64>(2)?,
                    row.get::<_, i64>(3)?,
                ))
            },
        );
        let Some((id, family, expires_s, used)) = found.optional()? else {
            return Ok(None);
        };
        if used != 0 {
            self.0.execute("DELETE FROM refresh_tokens WHERE family = ?1", [&family])?;
            return Ok(None);
        }
        self.0
            .execute("UPDATE refresh_tokens SET used = 1 WHERE hash = ?1", [digest(token)])?;
        self.0.execute(
            "DELETE FROM refresh_tokens WHERE expires_s < ?1",
            [i64::try_from(now_s).unwrap_or(i64::MAX)],
        )?;
        if expires_s.unsigned_abs() < now_s {
            return Ok(None);
        }
        let sql = format!("SELECT {COLUMNS} FROM accounts WHERE id = ?1 AND disabled = 0");
        Ok(self
            .0
            .query_row(&sql, [&id], account)
            .optional()?
            .map(|account| (account, family)))
    }

    /// A code for one use; earlier ones of the account stop working.
    pub(super) fn new_code(&self, account: &str, expires_s: u64) -> Result<String, AccountsError> {
        let code = readable(clock::random::<16>()?);
        self.0.execute("DELETE FROM codes WHERE account = ?1", [account])?;
        self.0.execute(
            "INSERT INTO codes (hash, account, expires_s) VALUES (?1, ?2, ?3)",
            params![digest(&code), account, i64::try_from(expires_s).unwrap_or(i64::MAX)],
        )?;
        Ok(code)
    }

    /// Uses a code up and sets the password.
    pub(super) fn use_code(&self, code: &str, phc: &str, now_s: u64) -> Result<Option<Account>, AccountsError> {
        let code: String = code.trim().to_lowercase();
        let used = self.0.query_row(
            "DELETE FROM codes WHERE hash = ?1 RETURNING account, expires_s",
            [digest(&code)],
            |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?)),
        );
        let Some((id, expires_s)) = used.optional()? else {
            return Ok(None);
        };
        if expires_s.unsigned_abs() < now_s {
            return Ok(None);
        }
        self.0.execute(
            "UPDATE accounts SET phc = ?2, failures = 0, locked_until_s = 0 WHERE id = ?1 AND disabled = 0",
            params![id, phc],
        )?;
        // A new password ends every sign-in made with the old one.
        self.0.execute("DELETE FROM refresh_tokens WHERE account = ?1", [&id])?;
        let sql = format!("SELECT {COLUMNS} FROM accounts WHERE id = ?1 AND disabled = 0");
        Ok(self.0.query_row(&sql, [&id], account).optional()?)
    }
}

fn account(row: &Row<'_>) -> rusqlite::Result<Account> {
    let role: String = row.get(3)?;
    let client: Option<String> = row.get(4)?;
    Ok(Account {
        id: row.get(0)?,
        email: row.get(1)?,
        name: row.get(2)?,
        role: role_named(&role).ok_or(rusqlite::Error::InvalidQuery)?,
        client: client
            .map(|client| client.parse())
            .transpose()
            .map_err(|_| rusqlite::Error::InvalidQuery)?,
    })
}

const ROLES: [(&str, Role); 6] = [
    ("owner", Role::Owner),
    ("admin", Role::Admin),
    ("technician", Role::Technician),
    ("dispatcher", Role::Dispatcher),
    ("auditor", Role::Auditor),
    ("contact", Role::Contact),
];

fn role_name(role: Role) -> &'static str {
    ROLES.iter().find(|(_, other)| *other == role).map_or("", |(name, _)| name)
}

/// The role of that name, as the command line and the file write it.
pub(crate) fn role_named(name: &str) -> Option<Role> {
    ROLES.iter().find(|(other, _)| *other == name).map(|(_, role)| *role)
}

/// Tokens and codes carry 80 bits or more of their own: a plain hash keeps them, and is looked up without revealing by time how much fits.
fn digest(secret: &str) -> String {
    hex(&Sha256::digest(secret.as_bytes()))
}

/// Four groups of letters and digits that cannot be mistaken for each other, to be read out or typed.
fn readable(bits: [u8; 16]) -> String {
    const LETTERS: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz023456789";
    let digits: Vec<char> = bits
        .iter()
        .map(|bit| LETTERS.get(usize::from(bit & 31)).map_or('a', |letter| char::from(*letter)))
        .collect();
    digits
        .chunks(4)
        .map(|group| group.iter().collect::<String>())
        .collect::<Vec<_>>()
        .join("-")
}
