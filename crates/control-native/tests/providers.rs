//! Other people's identity providers, as processes: the certified `oidc-provider` signs a person in through a browser's steps, to the
//! control plane's own program; Clerk's own code reads our tokens and signs some that we read. They live in `tests/identity`.

use crate::desk::Desk;
use crate::issuer::{Issuer, SigningKey};
use caisey_client::oidc::{OidcTokens, Provider, RefreshStore, SignInError, Step};
use caisey_client::token::{TokenError, TokenSource};
use caisey_client::{Api, ControlUrl};
use caisey_control_native::config::IssuerConfig;
use caisey_protocol::http::Me;
use caisey_protocol::role::Role;
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex};
use tempfile::TempDir;

fn script(name: &str) -> Command {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/identity");
    assert!(
        folder.join("node_modules").is_dir(),
        "tests/identity has no packages yet; run: npm ci --ignore-scripts (in tests/identity)"
    );
    let mut command = Command::new("node");
    command.arg(folder.join(name));
    command
}

/// A process that says one line when it is ready, and is ended with the test.
struct Process {
    child: Child,
    said: String,
    /// Kept open: a program that has nowhere to write to ends.
    _out: BufReader<ChildStdout>,
}

impl Process {
    fn start(mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (mut said, mut out) = (String::new(), BufReader::new(child.stdout.take().unwrap()));
        out.read_line(&mut said).unwrap();
        assert!(!said.is_empty(), "it ended before it was ready");
        Self { child, said, _out: out }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The provider, and the control plane's program set up for it.
struct House {
    provider: Process,
    _control: Process,
    url: ControlUrl,
    published: Provider,
    _dir: TempDir,
}

async fn house() -> House {
    let provider = Process::start(script("provider.mjs"));
    let issuer: Value = serde_json::from_str(&provider.said).unwrap();
    let dir = tempfile::tempdir().unwrap();
    // Its address is the audience of its tokens, so it has to be known before it listens.
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let address = format!("http://127.0.0.1:{port}");
    let issuers = json!({ "issuers": [{
        "issuer": issuer["issuer"],
        "audience": [address],
        "organisations": ["org_northstar"],
        "require_nbf": false,
        "console": { "name": "Northstar single sign-on", "client_id": "caisey-console", "resource_bound": true },
    }] });
    let file = dir.path().join("issuers.json");
    std::fs::write(&file, issuers.to_string()).unwrap();
    let mut program = Command::new(env!("CARGO_BIN_EXE_caisey-control"));
    program
        .args(["serve", "--data"])
        .arg(dir.path().join("data"))
        .args(["--listen", &format!("127.0.0.1:{port}"), "--issuer-config"])
        .arg(&file);
    let control = Process::start(program);
    let url: ControlUrl = address.parse().unwrap();
    let ways = Api::anonymous(url.clone()).unwrap().sign_in_ways().await.unwrap();
    assert!(!ways.local);
    let published = Provider::published(&ways.providers[0], &url);
    assert_eq!(published.resource.as_deref(), Some(address.as_str()));
    House {
        provider,
        _control: control,
        url,
        published,
        _dir: dir,
    }
}

#[derive(Default)]
struct Kept(Mutex<Option<String>>);

impl RefreshStore for Kept {
    fn get(&self) -> Result<Option<String>, String> {
        Ok(self.0.lock().unwrap().clone())
    }
    fn set(&self, refresh_token: &str) -> Result<(), String> {
        *self.0.lock().unwrap() = Some(refresh_token.to_owned());
        Ok(())
    }
}

/// Signs this person in, as the scripted person does it.
async fn sign_in(house: &House, person: &'static str, kept: &Arc<Kept>) -> Result<OidcTokens, SignInError> {
    let browser: Mutex<Option<Child>> = Mutex::default();
    let tell = |step: Step| {
        if let Step::Browse(address) = step {
            let started = script("person.mjs")
                .arg(address)
                .env("CAISEY_PERSON", person)
                .stdout(Stdio::piped())
                .spawn();
            *browser.lock().unwrap() = Some(started.unwrap());
        }
        Ok(())
    };
    let store: Arc<dyn RefreshStore> = Arc::<Kept>::clone(kept);
    let signed = OidcTokens::sign_in(house.published.clone(), store, tell).await;
    let seen = browser.into_inner().unwrap().unwrap().wait_with_output().unwrap();
    let page = String::from_utf8_lossy(&seen.stdout).into_owned();
    let expected = if signed.is_ok() {
        "200 Go back to Caisey Console"
    } else {
        "200 You were not signed in"
    };
    assert_eq!(page.trim(), expected);
    signed
}

fn api(house: &House, tokens: &Arc<OidcTokens>) -> Api {
    Api::new(house.url.clone(), Arc::<OidcTokens>::clone(tokens)).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_signs_in_at_a_certified_provider_stays_signed_in_and_signs_out() {
    let house = house().await;
    let kept = Arc::new(Kept::default());
    let tokens = Arc::new(sign_in(&house, "ana", &kept).await.unwrap());
    let me = api(&house, &tokens).me().await.unwrap();
    assert_eq!(
        (me.role, me.name.as_str(), me.organisation_name.as_str()),
        (Role::Technician, "Ana Ruiz", "northstar")
    );

    // The control plane turns the token down: a new one, and the next refresh token is kept.
    let (first, before) = (tokens.bearer(None).await.unwrap(), kept.get().unwrap().unwrap());
    let second = tokens.bearer(Some(&first)).await.unwrap();
    assert_ne!(first, second);
    assert_ne!(kept.get().unwrap().unwrap(), before);
    assert_eq!(api(&house, &tokens).me().await.unwrap(), me);

    // After a restart of the console.
    let store: Arc<dyn RefreshStore> = Arc::<Kept>::clone(&kept);
    let resumed = Arc::new(OidcTokens::resume(house.published.clone(), store).unwrap());
    assert_eq!(api(&house, &resumed).me().await.unwrap(), me);

    // Signed out at the provider too: what was kept is worth nothing.
    let stolen = kept.get().unwrap().unwrap();
    resumed.revoke().await;
    kept.set(&stolen).unwrap();
    let last = resumed.bearer(None).await.unwrap();
    assert!(matches!(resumed.bearer(Some(&last)).await, Err(TokenError::SignInNeeded(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn people_who_may_not_are_told_why() {
    let house = house().await;
    let Err(error) = sign_in(&house, "nobody", &Arc::default()).await else {
        panic!("signed in")
    };
    assert!(matches!(error, SignInError::Refused(_)), "{error:?}");
    for (person, why) in [("stranger", "organisation does not use"), ("guest", "role is not one")] {
        let tokens = Arc::new(sign_in(&house, person, &Arc::default()).await.unwrap());
        let refused = api(&house, &tokens).me().await.unwrap_err();
        assert!(refused.to_string().contains(why), "{refused}");
    }
    // A token for another control plane is of no use at this one.
    let elsewhere = Provider {
        resource: Some("https://another.example".to_owned()),
        ..house.published.clone()
    };
    let other = House {
        published: elsewhere,
        ..house
    };
    let tokens = Arc::new(sign_in(&other, "ana", &Arc::default()).await.unwrap());
    let refused = api(&other, &tokens).me().await.unwrap_err();
    assert!(
        refused.needs_sign_in() && refused.to_string().contains("meant for somebody else"),
        "{refused}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_token_used_twice_ends_the_sign_in_and_a_provider_that_is_gone_does_not() {
    let mut house = house().await;
    let kept = Arc::new(Kept::default());
    let tokens = sign_in(&house, "priya", &kept).await.unwrap();
    let (first, old) = (tokens.bearer(None).await.unwrap(), kept.get().unwrap().unwrap());
    tokens.bearer(Some(&first)).await.unwrap();
    // Somebody copied the token that was used already: the provider ends everything that came of it.
    kept.set(&old).unwrap();
    let second = tokens.bearer(None).await.unwrap();
    assert!(matches!(tokens.bearer(Some(&second)).await, Err(TokenError::SignInNeeded(_))));

    let tokens = sign_in(&house, "priya", &kept).await.unwrap();
    let now = tokens.bearer(None).await.unwrap();
    house.provider.child.kill().unwrap();
    house.provider.child.wait().unwrap();
    assert!(matches!(tokens.bearer(Some(&now)).await, Err(TokenError::Unreachable(_))));
    assert!(kept.get().unwrap().is_some());
}

fn clerk(arguments: [&str; 2], name: &str, value: &str) -> String {
    let output = script("clerk.mjs").args(arguments).env(name, value).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Both of Clerk's shapes for the same person: what version 1 says in three claims, version 2 says in one.
fn shapes(issuer: &Issuer) -> [Value; 2] {
    let first = issuer.claims("org_1", "org:technician");
    let mut second = first.clone();
    for gone in ["org_id", "org_role", "org_slug"] {
        second.as_object_mut().unwrap().remove(gone);
    }
    second["v"] = json!(2);
    second["o"] = json!({ "id": "org_1", "rol": "technician", "slg": "acme" });
    [first, second]
}

#[tokio::test(flavor = "multi_thread")]
async fn clerks_own_code_reads_our_tokens_as_we_do() {
    let key = SigningKey::rsa("r");
    let issuer = Issuer::start(&[&key]).await;
    let desk = Desk::start_with(|config| config.issuers.push(IssuerConfig::clerk(&issuer.url))).await;
    for claims in shapes(&issuer) {
        let token = key.sign(&claims);
        let theirs: Value = serde_json::from_str(&clerk(["read", &token], "CLERK_PEM", &key.public_pem)).unwrap();
        let ours: Me = desk.get("/v1/me", &token).await.ok();
        assert_eq!(
            theirs,
            json!({ "userId": "user_1", "orgId": "org_1", "orgRole": "org:technician", "orgSlug": "acme" })
        );
        assert_eq!(
            (ours.role, ours.organisation_name.as_str(), ours.member),
            (
                Role::Technician,
                "acme",
                caisey_control_native::auth::member_id(&issuer.url, "user_1")
            )
        );
    }
    // The other way round it fails for both: another key.
    let stranger = SigningKey::rsa("r").sign(&issuer.claims("org_1", "org:owner"));
    assert_eq!(desk.get("/v1/me", &stranger).await.status, 401);
    let refused = script("clerk.mjs")
        .args(["read", &stranger])
        .env("CLERK_PEM", &key.public_pem)
        .output()
        .unwrap();
    assert!(!refused.status.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn we_read_what_clerks_own_code_signs() {
    let key = SigningKey::rsa("r");
    let issuer = Issuer::start(&[&key]).await;
    let desk = Desk::start_with(|config| config.issuers.push(IssuerConfig::clerk(&issuer.url))).await;
    let mut seen = Vec::new();
    for claims in shapes(&issuer) {
        let token = clerk(["sign", &claims.to_string()], "CLERK_PRIVATE_PEM", &key.private_pem);
        let me: Me = desk.get("/v1/me", &token).await.ok();
        assert_eq!((me.role, me.organisation_name.as_str()), (Role::Technician, "acme"));
        seen.push(me);
    }
    assert_eq!(seen[0], seen[1]);
}
