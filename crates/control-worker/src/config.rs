//! What a deployment is told: its authority, its issuers, how it is reached and sends mail, and the key that signs checkpoints.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use caisey_control::issuer::IssuerConfig;
use caisey_control::port::Signer;
use caisey_ledger::id::ShareId;
use caisey_share::reader::GRANT_MS;
use ed25519_dalek::{Signature, Signer as _, SigningKey};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

/// A shorter operator's secret counts as none, in characters.
const SHORTEST_SECRET: usize = 32;

/// As JavaScript passes it on from the deployment's variables and secrets.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// What goes before the first slash of every log's origin. Fixed for the life of its data.
    pub(crate) authority: String,
    /// Accepted issuers.
    #[serde(default)]
    pub(crate) issuers: Vec<IssuerConfig>,
    /// How it is reached from outside, for links; absent: as it was asked.
    #[serde(default)]
    pub(crate) public_url: Option<String>,
    /// How mail is sent; absent: not at all, which is said wherever mail would have gone.
    #[serde(default)]
    pub(crate) mail: Option<MailConfig>,
    /// Ed25519 seed of the checkpoint key, 32 bytes, standard base64.
    checkpoint_key: String,
    /// What the mail provider knows us by.
    #[serde(default)]
    pub(crate) mail_token: String,
    /// What the operator proves themselves with; without one there are no routes for operators.
    #[serde(default)]
    operator_secret: String,
}

/// A mail provider that is spoken to by HTTP (docs/operations/mail.md).
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MailConfig {
    /// Where mail is posted.
    pub(crate) url: String,
    /// Who it comes from: `Northstar IT <approvals@northstar.example>`.
    pub(crate) from: String,
    /// Where replies go, if anybody should read them.
    #[serde(default)]
    pub(crate) reply_to: Option<String>,
}

impl Config {
    /// Checks what a person wrote.
    pub(crate) fn read(json: &[u8]) -> Result<(Self, Key), String> {
        let config: Self = serde_json::from_slice(json).map_err(|error| format!("the configuration cannot be read: {error}"))?;
        let letters = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-');
        if !(1..=253).contains(&config.authority.len()) || !config.authority.chars().all(letters) {
            return Err("the authority must be 1 to 253 letters, digits, dots and hyphens".to_owned());
        }
        config.check_mail()?;
        let seed = STANDARD.decode(config.checkpoint_key.trim()).ok();
        let seed: Option<[u8; 32]> = seed.and_then(|seed| seed.try_into().ok());
        let seed = seed.ok_or("the checkpoint key must be 32 bytes in standard base64; `openssl rand -base64 32` makes one")?;
        Ok((config, Key(SigningKey::from_bytes(&seed))))
    }

    /// Whether this is the operator. Digests are compared, so that the time it takes tells nothing.
    pub(crate) fn is_operator(&self, secret: &str) -> bool {
        let own = self.operator_secret.trim();
        own.len() >= SHORTEST_SECRET && Sha256::digest(own.as_bytes()) == Sha256::digest(secret.trim().as_bytes())
    }

    fn check_mail(&self) -> Result<(), String> {
        let Some(mail) = &self.mail else { return Ok(()) };
        if !is_trustworthy(&mail.url) {
            return Err(
                "the mail provider's address must begin with https://: mail for others must not travel unprotected".to_owned(),
            );
        }
        if self.public_url.is_none() {
            return Err("links in mail need `public_url`, how this control plane is reached from outside".to_owned());
        }
        if !mail.from.contains('@') || mail.from.chars().any(char::is_control) {
            return Err("`mail.from` must be an address such as Northstar IT <approvals@northstar.example>".to_owned());
        }
        Ok(())
    }
}

/// What is fetched or sent in the clear could be anybody's, except on this computer itself.
pub(crate) fn is_trustworthy(url: &str) -> bool {
    let local = |url: &str| {
        let authority = url.split(['/', '?', '#']).next().unwrap_or_default();
        let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
        matches!(host, "127.0.0.1" | "localhost" | "[::1]")
    };
    url.starts_with("https://") || url.strip_prefix("http://").is_some_and(local)
}

/// Signs checkpoints.
pub(crate) struct Key(SigningKey);

impl Key {
    pub(crate) fn public_base64(&self) -> String {
        STANDARD.encode(self.public_key())
    }

    /// Leave to fetch a share's pack for whoever gave its passphrase: `<until>.<signature>`. Nobody keeps it: the next request may be served
    /// in another place of the world.
    pub(crate) fn grant(&self, share: &ShareId, now_ms: u64) -> String {
        let until = now_ms.saturating_add(GRANT_MS);
        let signature = self.of_grants().sign(&grant_message(share, until));
        format!("{until}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()))
    }

    /// Whether the word is leave to fetch this share's pack now.
    pub(crate) fn is_granted(&self, share: &ShareId, word: &str, now_ms: u64) -> bool {
        let parts = word.split_once('.').and_then(|(until, signature)| {
            let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
            Some((until.parse::<u64>().ok()?, Signature::from_slice(&signature).ok()?))
        });
        let holds = |until, signature: &Signature| {
            let key = self.of_grants().verifying_key();
            key.verify_strict(&grant_message(share, until), signature).is_ok()
        };
        parts.is_some_and(|(until, signature)| now_ms < until && holds(until, &signature))
    }

    /// A key of its own: the checkpoint key signs checkpoints and nothing else.
    fn of_grants(&self) -> SigningKey {
        let seed = Sha256::new_with_prefix(b"caisey.worker.grants/v1\n").chain_update(self.0.to_bytes());
        SigningKey::from_bytes(&seed.finalize().into())
    }
}

fn grant_message(share: &ShareId, until_ms: u64) -> Vec<u8> {
    format!("caisey.share-grant/v1\n{share}\n{until_ms}\n").into_bytes()
}

impl Signer for Key {
    fn public_key(&self) -> [u8; 32] {
        self.0.verifying_key().to_bytes()
    }

    fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use super::*;
    use serde_json::json;

    fn read(change: impl FnOnce(&mut serde_json::Value)) -> Result<(Config, Key), String> {
        let mut told = json!({ "authority": "logs.example", "checkpoint_key": STANDARD.encode([7; 32]) });
        change(&mut told);
        Config::read(told.to_string().as_bytes())
    }

    #[test]
    fn what_a_person_wrote_is_checked() {
        assert!(read(|_| {}).is_ok());
        assert!(read(|told| told["authority"] = json!("a/b")).is_err());
        assert!(read(|told| told["checkpoint_key"] = json!("short")).is_err());
        let mail = json!({ "url": "https://mail.example/send", "from": "Northstar IT <a@northstar.example>" });
        assert!(read(|told| told["mail"] = mail.clone()).is_err_and(|why| why.contains("public_url")));
        let with = |url: &str| {
            let mut mail = mail.clone();
            mail["url"] = json!(url);
            read(|told| {
                told["mail"] = mail;
                told["public_url"] = json!("https://control.example");
            })
        };
        assert!(with("https://mail.example/send").is_ok() && with("http://127.0.0.1:9/send").is_ok());
        assert!(with("http://mail.example/send").is_err());
    }

    #[test]
    fn without_a_long_secret_nobody_is_the_operator() {
        let with = |secret: &str| read(|told| told["operator_secret"] = json!(secret)).unwrap().0;
        let long = "correct horse battery staple, twice over";
        assert!(with(long).is_operator(long) && with(long).is_operator(&format!("{long}\n")));
        assert!(!with(long).is_operator("") && !with(long).is_operator("correct horse"));
        assert!(!with("").is_operator("") && !with("short").is_operator("short"));
    }

    #[test]
    fn leave_is_for_one_share_and_ends() {
        let (_, key) = read(|_| {}).unwrap();
        let (share, other) = (ShareId::from_bits([1; 16]), ShareId::from_bits([2; 16]));
        let word = key.grant(&share, 1_000);
        assert!(key.is_granted(&share, &word, 1_000) && key.is_granted(&share, &word, 1_000 + GRANT_MS - 1));
        assert!(!key.is_granted(&share, &word, 1_000 + GRANT_MS) && !key.is_granted(&other, &word, 1_000));
        let later = word.replacen("601000", "901000", 1);
        assert_ne!(later, word);
        assert!(!key.is_granted(&share, &later, 1_000));
        for nonsense in ["", ".", "1", "x.y", "601000."] {
            assert!(!key.is_granted(&share, nonsense, 1_000), "{nonsense}");
        }
    }

    #[test]
    fn keys_and_mail_go_where_nobody_can_change_them() {
        for url in [
            "https://a.example/keys",
            "http://127.0.0.1:1/k",
            "http://localhost/k",
            "http://[::1]:9/k",
        ] {
            assert!(is_trustworthy(url), "{url}");
        }
        for url in [
            "http://a.example/k",
            "http://127.0.0.1.evil.example/k",
            "http://evil.example?@localhost",
            "ftp://localhost/",
            "http://localhost@evil.example/",
        ] {
            assert!(!is_trustworthy(url), "{url}");
        }
    }
}
