//! Nobody reaches what is not theirs: every route, tried with every kind of wrong caller.

use crate::desk::{Desk, Socket, enrolment, now};
use crate::issuer::{Issuer, SigningKey};
use caisey_control_native::config::IssuerConfig;
use caisey_control_native::{RouteFacts, Running};
use caisey_ledger::id::{ActionId, ClientId, InstallerId, SessionId, ShareId};
use caisey_protocol::consent::{ContactChain, ContactSays, EndpointTraits, PolicyView};
use caisey_protocol::http::{EndpointView, EraseText, InstallerView, Submit};
use caisey_protocol::role::Role;
use caisey_protocol::watch::{DirectoryEvent, LogEvent};
use caisey_testkit::person::Person;
use caisey_testkit::runtime::Runtime;
use serde_json::{Value, json};

/// One organisation with everything in it, and the keys to make strangers.
pub struct Place {
    pub desk: Desk,
    pub issuer: Issuer,
    pub key: SigningKey,
    pub owner: String,
    pub installer: InstallerId,
    pub installer_token: String,
    pub client: ClientId,
    pub runtime: Runtime,
    pub person: Person,
    pub session: SessionId,
}

impl Place {
    pub async fn make() -> Self {
        let key = SigningKey::ed25519("k");
        let issuer = Issuer::start(&[&key]).await;
        let desk = Desk::start_with(|config| config.issuers.push(IssuerConfig::clerk(&issuer.url))).await;
        let owner = desk.owner();
        let client = desk.client(&owner, 1).await;
        let secret = desk.installer(&owner, &client, 1, 10).await;
        let runtime = desk.enrol(&secret.token, 1).await;
        let mut person = desk.person(&owner, 7).await;
        let session = SessionId::from_bits([5; 16]);
        let statement = person.open(&runtime.log, now(), &session);
        let path = format!("/v1/endpoints/{}/statements", runtime.endpoint);
        let _: Value = desk.post(&path, &owner, &Submit { version: 1, statement }).await.ok();
        Self {
            desk,
            issuer,
            key,
            owner,
            installer: secret.installer,
            installer_token: secret.token,
            client,
            runtime,
            person,
            session,
        }
    }

    fn path(&self, route: &RouteFacts) -> String {
        let id = if route.path.contains("/installers/") {
            self.installer.to_string()
        } else if route.path.contains("/clients/") {
            self.client.to_string()
        } else if route.path.contains("/shares/") {
            ShareId::from_bits([9; 16]).to_string()
        } else {
            self.runtime.endpoint.to_string()
        };
        let query = match route.path {
            "/v1/endpoints/{id}/proof/consistency" => "?from=1&to=2".to_owned(),
            "/v1/endpoints/{id}/proof/inclusion" => "?seq=0&size=2".to_owned(),
            "/v1/contacts" if route.method == "GET" => format!("?client={}", self.client),
            _ => String::new(),
        };
        let path = route
            .path
            .replace("{id}", &id)
            .replace("{sha256}", &"0".repeat(64))
            .replace("{part}", "0");
        format!("{path}{query}")
    }

    /// A body that the owner could send: what is refused is refused for the caller's sake.
    fn body(&mut self, route: &RouteFacts) -> Option<Value> {
        Some(match (route.method, route.path) {
            ("POST", "/v1/devices") => json!({ "key": self.person.public_key(), "label": "x", "proof": "AAAA" }),
            ("POST", "/v1/shares") => json!({
                "pack": "0".repeat(64), "size_bytes": 1, "label": "planted", "expires_at_ms": now().get() + 60_000,
            }),
            ("POST", "/v1/shares/{id}/refresh") => json!({ "pack": "0".repeat(64), "size_bytes": 1 }),
            ("POST", "/v1/clients") => json!({ "client": ClientId::from_bits([9; 16]), "name": "Planted" }),
            ("POST", "/v1/clients/{id}/rename") => json!({ "name": "Taken" }),
            ("POST", "/v1/installers") => json!({
                "installer": InstallerId::from_bits([9; 16]), "client": self.client, "label": "planted",
                "expires_at_ms": now().get() + 60_000, "max_uses": 1,
            }),
            ("POST", "/v1/endpoints/{id}/statements") => {
                let statement = self.person.chat(&self.runtime.log, now(), &self.session, "planted");
                serde_json::to_value(Submit { version: 1, statement }).unwrap()
            }
            ("POST", "/v1/endpoints/{id}/cosignatures") => {
                json!({ "version": 1, "size": 3, "key": self.person.public_key(), "cosignature": "— a b\n" })
            }
            ("POST", "/v1/endpoints/{id}/decisions") => {
                let action = ActionId::from_bits([9; 16]);
                let statement = self.person.review(&self.runtime.log, now(), &self.session, &action);
                serde_json::to_value(Submit { version: 1, statement }).unwrap()
            }
            ("POST", "/v1/endpoints/{id}/approvals") => json!({ "action": ActionId::from_bits([9; 16]), "what": "look" }),
            ("PUT", "/v1/clients/{id}/mail-contacts") => {
                json!({ "contacts": [{ "name": "Planted", "address": "planted@example.com" }] })
            }
            ("PUT", "/v1/endpoints/{id}/traits") => json!({ "class": "planted", "attended": false, "sensitive": false }),
            ("POST", "/v1/policies" | "/v1/policies/check") => json!({
                "name": "planted", "after": 0, "scope": { "scope": "organisation" }, "text": "permit (principal, action, resource);",
            }),
            ("POST", "/v1/contacts") => {
                let contact = Person::contact(9, &self.person.organisation, &self.client);
                let statement = contact.says(&[], now(), contact.introduced());
                serde_json::to_value(ContactSays { version: 1, statement }).unwrap()
            }
            ("POST", "/v1/endpoints/{id}/erase") => {
                let request = EraseText {
                    seq: caisey_ledger::id::Seq::new(0).unwrap(),
                    names: vec!["hostname".into()],
                    basis: "planted".into(),
                };
                serde_json::to_value(request).unwrap()
            }
            _ => return None,
        })
    }

    /// Everything that must never be in a stranger's answer.
    fn secrets(&self) -> Vec<String> {
        vec![
            self.runtime.endpoint.to_string(),
            self.installer.to_string(),
            self.installer_token.clone(),
            self.client.to_string(),
            self.session.to_string(),
            self.desk.organisation().to_string(),
            "srv-files-01".into(),
        ]
    }

    /// Nothing has changed: what the owner sees is what was there.
    async fn unchanged(&self) {
        let endpoints: Vec<EndpointView> = self.desk.get("/v1/endpoints", &self.owner).await.ok();
        assert_eq!(endpoints.len(), 1);
        // Enrolled, key introduced, session opened.
        assert_eq!(endpoints[0].log_size, 3);
        let installers: Vec<InstallerView> = self.desk.get("/v1/installers", &self.owner).await.ok();
        assert_eq!(
            installers.iter().map(|view| (view.uses, view.revoked)).collect::<Vec<_>>(),
            [(1, false)]
        );
        let clients: Vec<Value> = self.desk.get("/v1/clients", &self.owner).await.ok();
        assert_eq!(clients.len(), 1);
        let policies: Vec<PolicyView> = self.desk.get("/v1/policies", &self.owner).await.ok();
        assert_eq!(policies.len(), 1, "the built-in one");
        let contacts = format!("/v1/contacts?client={}", self.client);
        let contacts: ContactChain = self.desk.get(&contacts, &self.owner).await.ok();
        assert!(contacts.statements.is_empty());
        let traits = format!("/v1/endpoints/{}/traits", self.runtime.endpoint);
        assert_eq!(
            self.desk.get(&traits, &self.owner).await.ok::<EndpointTraits>(),
            EndpointTraits::default()
        );
        let again = enrolment(&self.runtime, &self.installer_token);
        let _: Value = self.desk.call("POST", "/v1/enrol", None, Some(&again)).await.ok();
    }

    /// Tries every route with what the owner could send, and finds that nothing named exists and nothing hidden is told. `own` are routes
    /// whose answers repeat to the caller what they sent, as theirs.
    async fn finds_nothing(&mut self, token: &str, hidden: &[String], own: &[&str]) {
        for route in guarded() {
            let (path, body) = (self.path(&route), self.body(&route));
            let reply = self.desk.call(route.method, &path, Some(token), body.as_ref()).await;
            let told = format!("{} {path}: {} {}", route.method, reply.status, reply.text);
            assert!(!route.path.contains("{id}") || matches!(reply.status, 403 | 404), "{told}");
            let shows = hidden.iter().any(|hidden| reply.text.contains(hidden));
            assert!(!shows || own.contains(&route.path), "{told}");
        }
        let log = format!("/v1/endpoints/{}/watch", self.runtime.endpoint);
        assert_eq!(self.desk.socket(&log, Some(token)).await.err(), Some(404));
    }

    /// A watch of the directory that begins with nothing in it.
    async fn empty_watch(&self, token: &str) -> Socket {
        let mut watch = self.desk.socket("/v1/watch", Some(token)).await.unwrap();
        let DirectoryEvent::Snapshot { endpoints, sessions } = watch.next().await else {
            panic!("a snapshot")
        };
        assert!(endpoints.is_empty() && sessions.is_empty());
        let DirectoryEvent::Approvals { approvals } = watch.next().await else {
            panic!("approval requests")
        };
        assert!(approvals.is_empty());
        watch
    }
}

fn guarded() -> Vec<RouteFacts> {
    let routes: Vec<_> = Running::routes().into_iter().filter(|route| route.bearer).collect();
    assert!(routes.len() >= 20);
    routes
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_good_token_no_route_answers() {
    let mut place = Place::make().await;
    let mut expired = place.issuer.claims("org_1", "org:owner");
    expired["exp"] = json!(expired["iat"].as_u64().unwrap() - 3_600);
    let mut own_but_forged = place.owner.clone();
    own_but_forged.replace_range(own_but_forged.len() - 6.., "AAAAAA");
    let expired = place.key.sign(&expired);
    for route in guarded() {
        let (path, body) = (place.path(&route), place.body(&route));
        for token in [None, Some(expired.as_str()), Some(own_but_forged.as_str()), Some("")] {
            let reply = place.desk.call(route.method, &path, token, body.as_ref()).await;
            assert_eq!(
                (reply.status, reply.code().as_str()),
                (401, "unauthenticated"),
                "{} {path}: {}",
                route.method,
                reply.text
            );
            assert!(
                place.secrets().iter().all(|secret| !reply.text.contains(secret)),
                "{} {path}: {}",
                route.method,
                reply.text
            );
        }
        if route.path.ends_with("/watch") {
            assert_eq!(place.desk.socket(&path, None).await.err(), Some(401));
            assert_eq!(place.desk.socket(&path, Some(&expired)).await.err(), Some(401));
        }
    }
    place.unchanged().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_organisations_owner_finds_nothing_whatever_ids_they_know() {
    let mut place = Place::make().await;
    let stranger = place.key.sign(&place.issuer.claims("org_of_strangers", "org:owner"));
    let hidden = place.secrets();
    place
        .finds_nothing(&stranger, &hidden, &["/v1/clients", "/v1/installers"])
        .await;
    place.empty_watch(&stranger).await;
    let theirs: Vec<Value> = place.desk.get("/v1/clients", &stranger).await.ok();
    assert_eq!(theirs.len(), 1, "the client that they made is theirs");
    place.unchanged().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_runtime_cannot_connect_under_another_organisations_name() {
    let place = Place::make().await;
    let stranger: caisey_protocol::http::Me = place
        .desk
        .get(
            "/v1/me",
            &place.key.sign(&place.issuer.claims("org_of_strangers", "org:owner")),
        )
        .await
        .ok();
    let _: Vec<Value> = place
        .desk
        .get(
            "/v1/clients",
            &place.key.sign(&place.issuer.claims("org_of_strangers", "org:owner")),
        )
        .await
        .ok();
    let path = format!(
        "/v1/runtime/connect?organisation={}&endpoint={}",
        stranger.organisation, place.runtime.endpoint
    );
    assert_eq!(place.desk.socket(&path, None).await.err(), Some(404));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_clients_contact_sees_none_of_it() {
    let mut place = Place::make().await;
    let other = place.desk.client(&place.owner, 2).await;
    let contact = place.desk.member("contact@example.com", Role::Contact, Some(&other));
    let organisation = place.desk.organisation().to_string();
    let mut hidden = place.secrets();
    hidden.retain(|secret| *secret != organisation);
    place.finds_nothing(&contact, &hidden, &[]).await;
    let mut watch = place.empty_watch(&contact).await;
    // A change of their own client's endpoint is the first thing they hear, though another's changed before.
    let statement = place.person.chat(&place.runtime.log, now(), &place.session, "hello");
    let path = format!("/v1/endpoints/{}/statements", place.runtime.endpoint);
    let _: Value = place
        .desk
        .post(&path, &place.owner, &Submit { version: 1, statement })
        .await
        .ok();
    let _: Vec<EndpointView> = place.desk.get("/v1/endpoints", &place.owner).await.ok();
    let secret = place.desk.installer(&place.owner, &other, 2, 1).await;
    let theirs = place.desk.enrol(&secret.token, 2).await;
    let DirectoryEvent::Endpoint(view) = watch.next().await else {
        panic!("an endpoint")
    };
    assert_eq!(view.endpoint, theirs.endpoint);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_right_contact_sees_their_client_and_changes_nothing() {
    let place = Place::make().await;
    let contact = place.desk.member("contact@example.com", Role::Contact, Some(&place.client));
    let endpoints: Vec<EndpointView> = place.desk.get("/v1/endpoints", &contact).await.ok();
    assert_eq!(endpoints.len(), 1);
    let mut watch = place
        .desk
        .socket(
            &format!("/v1/endpoints/{}/watch?from=0", place.runtime.endpoint),
            Some(&contact),
        )
        .await
        .unwrap();
    let LogEvent::Records { records, .. } = watch.next().await else {
        panic!("records")
    };
    assert_eq!(records.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_without_the_permission_is_refused_on_every_route() {
    let mut place = Place::make().await;
    let roles = [Role::Technician, Role::Dispatcher, Role::Auditor, Role::Contact];
    let client = place.client.clone();
    let tokens: Vec<_> = roles
        .iter()
        .map(|role| {
            let only = (*role == Role::Contact).then_some(&client);
            (*role, place.desk.member(&format!("{role:?}@example.com"), *role, only))
        })
        .collect();
    let mut refused = 0;
    for route in guarded() {
        let Some(permission) = route.permission else { continue };
        for (role, token) in tokens.iter().filter(|(role, _)| !role.may(permission)) {
            let (path, body) = (place.path(&route), place.body(&route));
            let reply = place.desk.call(route.method, &path, Some(token), body.as_ref()).await;
            assert_eq!(
                (reply.status, reply.code().as_str()),
                (403, "forbidden"),
                "{role:?} {} {path}: {}",
                route.method,
                reply.text
            );
            refused += 1;
        }
    }
    assert!(refused > 30, "{refused}");
    place.unchanged().await;
}
