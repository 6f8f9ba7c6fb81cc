//! Approvals over the real wires: somebody proposes, somebody is asked, signs, and the real runtime runs it or refuses.

use crate::desk::{Desk, PATIENCE, Reply, Socket, now};
use crate::story::kinds_of;
use caisey_client::ControlUrl;
use caisey_ledger::consent::{Assurance, Request, SignedContactStatement};
use caisey_ledger::entry::SignedStatement;
use caisey_ledger::event::Decision;
use caisey_ledger::id::{ActionId, ClientId, EndpointId, SessionId};
use caisey_protocol::consent::{
    AboutApproval, ApprovalAnswer, ApprovalState, ApprovalView, ApprovalWord, ContactChain, ContactSays, EndpointTraits,
    PolicyView, PublishPolicy,
};
use caisey_protocol::http::{EndpointState, EndpointView, Submit, Submitted};
use caisey_protocol::role::Role;
use caisey_protocol::watch::DirectoryEvent;
use caisey_runtime::{Limits, Runtime, StateDir, enrol};
use caisey_testkit::person::Person;
use serde_json::{Value, json};
use std::path::PathBuf;

/// Somebody with a token.
pub struct Seat {
    pub token: String,
    pub person: Person,
}

/// A real runtime of a client with contacts, a technician with a session, and a contact.
pub struct Scene {
    pub desk: Desk,
    pub owner: Seat,
    pub technician: Seat,
    pub zdenka: Seat,
    pub client: ClientId,
    pub endpoint: EndpointId,
    pub log: String,
    pub session: SessionId,
    actions: u8,
    pub runtime: Runtime,
}

impl Scene {
    pub async fn set() -> Self {
        Self::set_with(|_| {}).await
    }

    pub async fn set_with(change: impl FnOnce(&mut caisey_control_native::Config)) -> Self {
        Self::set_behind(change, str::to_owned).await
    }

    /// The runtime does not connect to the control plane but to what `between` says, given the control plane's address.
    pub async fn set_behind(
        change: impl FnOnce(&mut caisey_control_native::Config),
        between: impl FnOnce(&str) -> String,
    ) -> Self {
        let desk = Desk::start_with(change).await;
        let owner_token = desk.owner();
        let owner = Seat {
            person: desk.person(&owner_token, 7).await,
            token: owner_token,
        };
        let client = desk.client(&owner.token, 1).await;
        let technician = seat(&desk, "tess@example.com", Role::Technician, None, 8).await;
        let zdenka = seat(&desk, "zdenka@example.com", Role::Contact, Some(&client), 9).await;
        let secret = desk.installer(&owner.token, &client, 1, 10).await;
        let state = StateDir::open(desk.dir.path().join("runtime")).unwrap();
        let url: ControlUrl = desk.running.base_url.parse().unwrap();
        let mut enrolment = enrol(&state, &url, &secret.token).await.unwrap();
        enrolment.control = between(url.as_str());
        enrolment.store(&state).unwrap();
        let runtime = Runtime::start(&state, Limits::default()).await.unwrap();
        let mut scene = Self {
            desk,
            owner,
            technician,
            zdenka,
            client,
            endpoint: enrolment.endpoint,
            log: enrolment.log,
            session: SessionId::from_bits([1; 16]),
            actions: 0,
            runtime,
        };
        scene.connected().await;
        let opened = scene.technician.person.open(&scene.log, now(), &scene.session);
        scene.statement(&scene.technician.token, opened).await.ok::<Submitted>();
        scene
    }

    pub async fn connected(&self) {
        let path = format!("/v1/endpoints/{}", self.endpoint);
        loop {
            let view: EndpointView = self.desk.get(&path, &self.owner.token).await.ok();
            if view.state == EndpointState::Ready {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    }

    pub async fn statement(&self, token: &str, statement: SignedStatement) -> Reply {
        let path = format!("/v1/endpoints/{}/statements", self.endpoint);
        self.desk.post(&path, token, &Submit { version: 1, statement }).await
    }

    pub async fn decision(&self, token: &str, statement: SignedStatement) -> Reply {
        let path = format!("/v1/endpoints/{}/decisions", self.endpoint);
        self.desk.post(&path, token, &Submit { version: 1, statement }).await
    }

    /// The first contact introduces their own key.
    pub async fn introduces_herself(&self) -> ContactChain {
        let chain = self.chain().await;
        assert!(
            chain
                .waiting
                .iter()
                .any(|waiting| waiting.device == self.zdenka.person.device)
        );
        let said = self
            .zdenka
            .person
            .says(&chain.statements, now(), self.zdenka.person.introduced());
        self.say(&self.zdenka.token, said).await.ok()
    }

    pub async fn chain(&self) -> ContactChain {
        let path = format!("/v1/contacts?client={}", self.client);
        self.desk.get(&path, &self.zdenka.token).await.ok()
    }

    pub async fn say(&self, token: &str, statement: SignedContactStatement) -> Reply {
        self.desk
            .post("/v1/contacts", token, &ContactSays { version: 1, statement })
            .await
    }

    pub fn file(&self) -> PathBuf {
        self.desk.dir.path().join("it-ran")
    }

    /// Proposes a command that leaves a file behind.
    pub async fn propose(&mut self) -> ActionId {
        let command = format!("echo ran >> {}", self.file().display());
        self.propose_command(&command).await
    }

    pub async fn propose_command(&mut self, command: &str) -> ActionId {
        self.actions += 1;
        let action = ActionId::from_bits([self.actions; 16]);
        let said = self
            .technician
            .person
            .propose(&self.log, now(), &self.session, &action, command);
        self.statement(&self.technician.token, said).await.ok::<Submitted>();
        action
    }

    pub async fn shown(&self, token: &str, action: &ActionId) -> Option<ApprovalView> {
        let all: Vec<ApprovalView> = self.desk.get("/v1/approvals", token).await.ok();
        all.into_iter().find(|view| view.action == *action)
    }

    /// What this person is asked about the action.
    pub async fn asked(&self, token: &str, action: &ActionId) -> Request {
        self.shown(token, action).await.unwrap().prompt.unwrap().request
    }

    pub async fn about(&self, token: &str, action: &ActionId, what: ApprovalWord) -> Reply {
        let path = format!("/v1/endpoints/{}/approvals", self.endpoint);
        let about = AboutApproval {
            action: action.clone(),
            what,
        };
        self.desk.post(&path, token, &about).await
    }

    /// What the requester is told of it.
    pub async fn look(&self, action: &ActionId) -> ApprovalAnswer {
        self.about(&self.technician.token, action, ApprovalWord::Look).await.ok()
    }

    pub async fn number(&self, action: &ActionId) -> String {
        self.look(action).await.number.unwrap()
    }

    /// A contact's signed answer to what they are shown. Where it is a yes that needs the number, they were told it.
    pub async fn answer(&mut self, action: &ActionId, decision: Decision, number: Option<&str>) -> SignedStatement {
        let view = self.shown(&self.zdenka.token, action).await.unwrap();
        let needed = decision == Decision::Approved && number.is_none() && view.assurance == Assurance::Number;
        let told = if needed { Some(self.number(action).await) } else { None };
        let request = view.prompt.unwrap().request;
        self.zdenka
            .person
            .decide(&request, now(), decision, number.or(told.as_deref()))
    }

    /// Waits until the log holds such an entry about the action; its facts.
    pub async fn until(&self, action: &ActionId, kind: &str) -> Value {
        self.until_found(action.as_str(), kind).await
    }

    /// The same for an entry that is about no action.
    pub async fn until_any(&self, kind: &str) -> Value {
        self.until_found("", kind).await
    }

    pub async fn until_found(&self, action: &str, kind: &str) -> Value {
        tokio::time::timeout(PATIENCE, async {
            loop {
                let found = self
                    .entries()
                    .await
                    .into_iter()
                    .rfind(|(found, about, _)| found == kind && about == action);
                if let Some((_, _, facts)) = found {
                    return facts;
                }
                tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            }
        })
        .await
        .unwrap_or_else(|_| panic!("no {kind}"))
    }

    /// Kind, action and facts of every entry, verified.
    pub async fn entries(&self) -> Vec<(String, String, Value)> {
        kinds_of(&self.desk, &self.owner.token, &self.endpoint, &self.log).await
    }

    pub fn lines(&self) -> usize {
        std::fs::read_to_string(self.file()).unwrap_or_default().lines().count()
    }
}

pub async fn seat(desk: &Desk, email: &str, role: Role, client: Option<&ClientId>, seed: u64) -> Seat {
    let token = desk.member(email, role, client);
    Seat {
        person: desk.person(&token, seed).await,
        token,
    }
}

/// The next frame about this action's request.
async fn next_about(watch: &mut Socket, action: &ActionId) -> ApprovalView {
    loop {
        if let DirectoryEvent::Approval(view) = watch.next().await
            && view.action == *action
        {
            return *view;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contact_is_asked_signs_and_the_real_runtime_runs_it_once() {
    let mut scene = Scene::set().await;
    let chain = scene.introduces_herself().await;
    assert_eq!((chain.keys.len(), chain.waiting.len()), (1, 0));
    let mut watch = scene.desk.socket("/v1/watch", Some(&scene.zdenka.token)).await.unwrap();
    assert!(matches!(watch.next().await, DirectoryEvent::Snapshot { .. }));
    assert!(matches!(watch.next().await, DirectoryEvent::Approvals { approvals } if approvals.is_empty()));
    let action = scene.propose().await;
    let view = next_about(&mut watch, &action).await;
    assert_eq!(
        (view.state, view.requester_name.as_str()),
        (ApprovalState::Pending, "Robin Řehoř")
    );
    assert!(
        view.prompt.unwrap().proposal.disclosures["command"]
            .full_text()
            .unwrap()
            .contains("it-ran")
    );
    assert_eq!(scene.lines(), 0);
    let _: ApprovalAnswer = scene.about(&scene.zdenka.token, &action, ApprovalWord::Delivered).await.ok();
    let _: ApprovalAnswer = scene
        .about(&scene.zdenka.token, &action, ApprovalWord::Acknowledged)
        .await
        .ok();
    let yes = scene.answer(&action, Decision::Approved, None).await;
    scene.decision(&scene.zdenka.token, yes.clone()).await.ok::<Submitted>();
    let again: Submitted = scene.decision(&scene.zdenka.token, yes).await.ok();
    assert!(again.seq.get() > 0, "the same answer again is the same entry");
    scene.until(&action, "command.finished").await;
    assert_eq!(scene.lines(), 1);
    let facts = scene.until(&action, "action.authorised").await;
    assert_eq!(
        (&facts["channel"], &facts["policy"], &facts["class"]),
        (&json!("console"), &json!("default"), &json!("changing"))
    );
    let trusted = scene
        .entries()
        .await
        .into_iter()
        .filter(|(kind, ..)| kind == "contact.trusted")
        .count();
    assert_eq!(trusted, 1, "the endpoint has put on record whom it believes");
    let ended = loop {
        let view = next_about(&mut watch, &action).await;
        if view.state.is_terminal() {
            break view;
        }
    };
    assert_eq!(ended.state, ApprovalState::Approved);
    scene.runtime.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_no_with_a_reason_a_withdrawal_and_late_answers_leave_the_machine_alone() {
    let mut scene = Scene::set().await;
    scene.introduces_herself().await;
    let action = scene.propose().await;
    let no = scene.answer(&action, Decision::Denied, None).await;
    scene.decision(&scene.zdenka.token, no).await.ok::<Submitted>();
    assert_eq!(scene.until(&action, "action.refused").await["code"], "denied");

    let action = scene.propose().await;
    let late = scene.answer(&action, Decision::Approved, None).await;
    let cancel = scene.technician.person.cancel(&scene.log, now(), &scene.session, &action);
    scene.statement(&scene.technician.token, cancel).await.ok::<Submitted>();
    assert_eq!(scene.until(&action, "action.refused").await["code"], "withdrawn");
    let reply = scene.decision(&scene.zdenka.token, late).await;
    assert_eq!((reply.status, reply.code().as_str()), (409, "conflict"), "{}", reply.text);
    let refused = scene.until(&action, "approval.answer_refused").await;
    assert_eq!((&refused["code"], &refused["decision"]), (&json!("late"), &json!("approved")));
    let view = scene.shown(&scene.technician.token, &action).await.unwrap();
    assert_eq!(view.state, ApprovalState::Withdrawn);
    assert_eq!(scene.lines(), 0);
    scene.runtime.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_of_two_with_the_number_and_three_wrong_ones() {
    let mut scene = Scene::set().await;
    let chain = scene.introduces_herself().await;
    let mut milan = seat(&scene.desk, "milan@example.com", Role::Contact, Some(&scene.client), 10).await;
    let said = scene.zdenka.person.says(&chain.statements, now(), milan.person.introduced());
    scene.say(&scene.zdenka.token, said).await.ok::<ContactChain>();
    let policy = PublishPolicy {
        name: "two-people".into(),
        after: 0,
        scope: json!({ "scope": "client", "client": scene.client }),
        form: None,
        text: Some(r#"@require("contact") @count("2") @assurance("number") permit (principal, action, resource);"#.into()),
    };
    let published: PolicyView = scene.desk.post("/v1/policies", &scene.owner.token, &policy).await.ok();
    assert_eq!((published.version, published.published_by.is_some()), (1, true));
    let action = scene.propose().await;
    let number = scene.number(&action).await;
    let wrong = if number == "123456" { "654321" } else { "123456" };
    for _ in 0..3 {
        let said = scene.answer(&action, Decision::Approved, Some(wrong)).await;
        let reply = scene.decision(&scene.zdenka.token, said).await;
        assert_eq!(reply.status, 400, "{}", reply.text);
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    let said = scene.answer(&action, Decision::Approved, Some(&number)).await;
    assert_eq!(scene.decision(&scene.zdenka.token, said).await.code(), "forbidden");

    let action = scene.propose().await;
    let number = scene.number(&action).await;
    let said = scene.answer(&action, Decision::Approved, Some(&number)).await;
    scene.decision(&scene.zdenka.token, said).await.ok::<Submitted>();
    let view = scene.shown(&milan.token, &action).await.unwrap();
    assert_eq!(
        (view.needed, view.approved_by.len(), view.policy.as_str()),
        (2, 1, "two-people")
    );
    assert_eq!(scene.lines(), 0, "one of two");
    let said = milan
        .person
        .decide(&view.prompt.unwrap().request, now(), Decision::Approved, Some(&number));
    scene.decision(&milan.token, said).await.ok::<Submitted>();
    scene.until(&action, "command.finished").await;
    assert_eq!(scene.lines(), 1);
    scene.runtime.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn policies_are_checked_versioned_and_decide_from_the_next_command_on() {
    let mut scene = Scene::set().await;
    let policy = |after: u64, text: &str| PublishPolicy {
        name: "house".into(),
        after,
        scope: json!({ "scope": "organisation" }),
        form: None,
        text: Some(text.into()),
    };
    let check: Value = scene
        .desk
        .post(
            "/v1/policies/check",
            &scene.owner.token,
            &policy(0, "permit (principal, action"),
        )
        .await
        .ok();
    assert!(
        check["complaints"][0]["sentence"]
            .as_str()
            .unwrap()
            .contains("cannot be read")
    );
    let bad = scene
        .desk
        .post("/v1/policies", &scene.owner.token, &policy(0, "permit (principal, action"))
        .await;
    assert_eq!((bad.status, bad.code().as_str()), (400, "bad_request"));
    let forbid = policy(
        0,
        r#"@label("Not here") forbid (principal, action == Action::"changing", resource);"#,
    );
    let first: PolicyView = scene.desk.post("/v1/policies", &scene.owner.token, &forbid).await.ok();
    let again: PolicyView = scene.desk.post("/v1/policies", &scene.owner.token, &forbid).await.ok();
    assert_eq!(first, again);
    let action = scene.propose().await;
    assert_eq!(scene.until(&action, "action.refused").await["code"], "forbidden");
    let stale = scene.desk.post("/v1/policies", &scene.owner.token, &policy(0, "")).await;
    assert_eq!(stale.code(), "conflict");
    let second: PolicyView = scene.desk.post("/v1/policies", &scene.owner.token, &policy(1, "")).await.ok();
    assert_eq!(second.version, 2);
    let action = scene.propose().await;
    scene.until(&action, "command.finished").await;
    assert_eq!(scene.lines(), 1);
    // An endpoint's class is a trait; a policy of that class covers it from the next command on.
    let traits = EndpointTraits {
        class: Some("server".into()),
        attended: false,
        sensitive: true,
    };
    let path = format!("/v1/endpoints/{}/traits", scene.endpoint);
    let set = scene.desk.call("PUT", &path, Some(&scene.owner.token), Some(&traits)).await;
    assert_eq!(set.status, 204, "{}", set.text);
    assert_eq!(
        scene.desk.get(&path, &scene.technician.token).await.ok::<EndpointTraits>(),
        traits
    );
    let servers = PublishPolicy {
        name: "servers".into(),
        scope: json!({ "scope": "endpoint_class", "class": "server" }),
        ..policy(
            0,
            r#"@require("member") permit (principal, action, resource) when { resource.sensitive };"#,
        )
    };
    scene
        .desk
        .post("/v1/policies", &scene.owner.token, &servers)
        .await
        .ok::<PolicyView>();
    let action = scene.propose().await;
    let request = scene.asked(&scene.owner.token, &action).await;
    let yes = scene.owner.person.decide(&request, now(), Decision::Approved, None);
    scene.decision(&scene.owner.token, yes).await.ok::<Submitted>();
    scene.until(&action, "command.finished").await;
    assert_eq!(scene.lines(), 2);
    let all: Vec<PolicyView> = scene.desk.get("/v1/policies", &scene.technician.token).await.ok();
    let names: Vec<_> = all.iter().map(|policy| (policy.name.as_str(), policy.version)).collect();
    assert_eq!(names, [("default", 1), ("house", 1), ("house", 2), ("servers", 1)]);
    // The contact is shown what covers their client; a policy that names another client is not theirs to read.
    let other = scene.desk.client(&scene.owner.token, 2).await;
    let elsewhere = PublishPolicy {
        name: "elsewhere".into(),
        ..policy(
            0,
            &format!(r#"forbid (principal, action, resource) when {{ resource in Client::"{other}" }};"#),
        )
    };
    scene
        .desk
        .post("/v1/policies", &scene.owner.token, &elsewhere)
        .await
        .ok::<PolicyView>();
    let theirs: Vec<PolicyView> = scene.desk.get("/v1/policies", &scene.zdenka.token).await.ok();
    assert_eq!(theirs.len(), 4);
    scene.runtime.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emergency_runs_on_the_real_endpoint_where_it_was_allowed_and_is_reviewed() {
    use caisey_ledger::consent::{ContactSaid, PreAuthorisation};
    use caisey_ledger::event::Channel;
    use caisey_ledger::id::TimeMs;
    let mut scene = Scene::set().await;
    let chain = scene.introduces_herself().await;
    let action = scene.propose().await;
    let declared = scene
        .technician
        .person
        .break_glass(&scene.log, now(), &scene.session, &action);
    let reply = scene.statement(&scene.technician.token, declared).await;
    assert_eq!(reply.code(), "forbidden", "{}", reply.text);
    let allowed = ContactSaid::PreAuthorisationGranted(PreAuthorisation {
        name: "emergencies".into(),
        endpoints: vec![],
        classes: vec!["changing".into(), "opaque".into()],
        channel: Channel::BreakGlass,
        window: None,
        from_ms: TimeMs::default(),
        until_ms: TimeMs::new(now().get() + 3_600_000).unwrap(),
    });
    let said = scene.zdenka.person.says(&chain.statements, now(), allowed);
    scene.say(&scene.zdenka.token, said).await.ok::<ContactChain>();
    let declared = scene
        .technician
        .person
        .break_glass(&scene.log, now(), &scene.session, &action);
    scene.statement(&scene.technician.token, declared).await.ok::<Submitted>();
    scene.until(&action, "command.finished").await;
    assert_eq!(scene.lines(), 1);
    for token in [&scene.owner.token, &scene.zdenka.token] {
        assert!(
            scene.shown(token, &action).await.unwrap().review_due,
            "whoever could have been asked is told"
        );
    }
    let review = scene.owner.person.review(&scene.log, now(), &scene.session, &action);
    scene.decision(&scene.owner.token, review).await.ok::<Submitted>();
    scene.until(&action, "action.reviewed").await;
    scene.runtime.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_key_decides_nothing_any_more_and_the_endpoint_says_so() {
    use caisey_ledger::consent::ContactSaid;
    let mut scene = Scene::set().await;
    let mut chain = scene.introduces_herself().await;
    let mut milan = seat(&scene.desk, "milan@example.com", Role::Contact, Some(&scene.client), 10).await;
    let device = milan.person.device.clone();
    for says in [milan.person.introduced(), ContactSaid::KeyRevoked { device }] {
        let said = scene.zdenka.person.says(&chain.statements, now(), says);
        chain = scene.say(&scene.zdenka.token, said).await.ok();
    }
    assert_eq!(
        (chain.keys.len(), chain.waiting.len()),
        (1, 0),
        "a revoked key waits for nobody"
    );
    scene.until_any("contact.distrusted").await;
    let action = scene.propose().await;
    let request = scene.asked(&milan.token, &action).await;
    let yes = milan.person.decide(&request, now(), Decision::Approved, None);
    let reply = scene.decision(&milan.token, yes).await;
    assert_eq!(
        (reply.status, reply.code().as_str()),
        (422, "bad_signature"),
        "{}",
        reply.text
    );
    assert_eq!(scene.until(&action, "approval.answer_refused").await["code"], "unknown_key");
    assert_eq!(scene.lines(), 0);
    scene.runtime.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_clients_contact_is_neither_shown_nor_heard() {
    let mut scene = Scene::set().await;
    let chain = scene.introduces_herself().await;
    let other = scene.desk.client(&scene.owner.token, 2).await;
    let mut stranger = seat(&scene.desk, "stranger@example.com", Role::Contact, Some(&other), 11).await;
    let mut watch = scene.desk.socket("/v1/watch", Some(&stranger.token)).await.unwrap();
    let _: DirectoryEvent = watch.next().await;
    assert!(matches!(watch.next().await, DirectoryEvent::Approvals { approvals } if approvals.is_empty()));
    let action = scene.propose().await;
    let request = scene.asked(&scene.zdenka.token, &action).await;
    assert!(scene.shown(&stranger.token, &action).await.is_none());
    let yes = stranger.person.decide(&request, now(), Decision::Approved, None);
    assert_eq!(scene.decision(&stranger.token, yes).await.status, 404);
    assert_eq!(scene.about(&stranger.token, &action, ApprovalWord::Look).await.status, 404);
    let path = format!("/v1/contacts?client={}", scene.client);
    assert_eq!(scene.desk.get(&path, &stranger.token).await.status, 404);
    // For another client nobody speaks but its own contacts.
    let mut forged = stranger.person.says(&chain.statements, now(), stranger.person.introduced());
    forged.statement.client = scene.client.clone();
    let forged = forged.statement.sign(&stranger.person.key).unwrap();
    assert_eq!(scene.say(&stranger.token, forged).await.status, 403);
    assert_eq!(scene.chain().await.statements.len(), 1);
    assert_eq!(scene.lines(), 0);
    scene.runtime.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_approves_what_they_asked_for_themselves() {
    let mut scene = Scene::set().await;
    let policy = PublishPolicy {
        name: "four-eyes".into(),
        after: 0,
        scope: json!({ "scope": "organisation" }),
        form: None,
        text: Some(r#"@require("member") permit (principal, action, resource);"#.into()),
    };
    let published = scene.desk.post("/v1/policies", &scene.owner.token, &policy).await;
    published.ok::<PolicyView>();
    let (session, action) = (SessionId::from_bits([2; 16]), ActionId::from_bits([90; 16]));
    let opened = scene.owner.person.open(&scene.log, now(), &session);
    scene.statement(&scene.owner.token, opened).await.ok::<Submitted>();
    let command = format!("echo ran >> {}", scene.file().display());
    let proposed = scene.owner.person.propose(&scene.log, now(), &session, &action, &command);
    scene.statement(&scene.owner.token, proposed).await.ok::<Submitted>();
    let request = scene.asked(&scene.owner.token, &action).await;
    let yes = scene.owner.person.decide(&request, now(), Decision::Approved, None);
    let reply = scene.decision(&scene.owner.token, yes).await;
    assert_eq!((reply.status, reply.code().as_str()), (403, "forbidden"), "{}", reply.text);
    assert!(reply.text.contains("Somebody else has to decide"), "{}", reply.text);
    assert_eq!(scene.until(&action, "approval.answer_refused").await["code"], "own_request");
    assert_eq!(scene.lines(), 0);
    let mut adele = seat(&scene.desk, "adele@example.com", Role::Admin, None, 12).await;
    let yes = adele.person.decide(&request, now(), Decision::Approved, None);
    scene.decision(&adele.token, yes).await.ok::<Submitted>();
    scene.until(&action, "command.finished").await;
    assert_eq!(scene.lines(), 1);
    scene.runtime.stop().await;
}
