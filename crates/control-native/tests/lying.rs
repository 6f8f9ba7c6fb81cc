//! A control plane patched to lie, over the wire: somebody sits between the real one and the real runtime and rewrites what the runtime is told.
//! Nothing that needs consent runs on it, and what the endpoint thinks of it is in the record, in the endpoint's own hand.

use crate::approvals::{Scene, seat};
use crate::desk::{PATIENCE, now};
use caisey_ledger::consent::{Assurance, Consent, ContactSaid, Floor, PreAuthorisation, Request};
use caisey_ledger::disclosure::Disclosure;
use caisey_ledger::entry::{Actor, Entry, Record, SignedStatement};
use caisey_ledger::event::{Channel, Decision, Interpreter};
use caisey_ledger::id::{ActionId, TimeMs};
use caisey_protocol::consent::ContactChain;
use caisey_protocol::http::{EntriesPage, Submitted};
use caisey_protocol::role::Role;
use caisey_protocol::runtime::{FromRuntime, ToRuntime};
use ed25519_dalek::SigningKey;
use futures_util::{SinkExt as _, StreamExt as _};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::broadcast;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request as Asked, Response};
use tokio_tungstenite::{accept_hdr_async, connect_async};

/// What becomes of a `Run`.
type Lie = fn(&mut SignedStatement, &mut Consent);

/// Sits in between. Cheap to clone.
#[derive(Clone)]
struct Liar {
    lie: Arc<Mutex<Option<Lie>>>,
    /// Every `Run` as the control plane sent it.
    runs: Arc<Mutex<Vec<(SignedStatement, Consent)>>>,
    /// Actions that the runtime said it accepted.
    accepted: Arc<Mutex<Vec<ActionId>>>,
    /// What the runtime is told besides.
    besides: broadcast::Sender<ToRuntime>,
}

impl Liar {
    fn new() -> Self {
        Self {
            lie: Arc::default(),
            runs: Arc::default(),
            accepted: Arc::default(),
            besides: broadcast::channel(16).0,
        }
    }

    /// Listens, and returns where.
    fn before(&self, control: &str) -> String {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let (liar, control) = (self.clone(), control.trim_end_matches('/').replacen("http", "ws", 1));
        tokio::spawn(async move {
            let listener = TcpListener::from_std(listener).unwrap();
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(liar.clone().carry(stream, control.clone()));
            }
        });
        format!("http://{address}/")
    }

    async fn carry(self, stream: TcpStream, control: String) {
        let mut path = String::new();
        #[allow(clippy::result_large_err, reason = "the library's")]
        let heard = |asked: &Asked, answer: Response| -> Result<Response, ErrorResponse> {
            path = asked.uri().to_string();
            Ok(answer)
        };
        let Ok(mut runtime) = accept_hdr_async(stream, heard).await else {
            return;
        };
        let Ok((mut control, _)) = connect_async(format!("{control}{path}")).await else {
            return;
        };
        let mut besides = self.besides.subscribe();
        loop {
            let passed = tokio::select! {
                Some(Ok(message)) = runtime.next() => {
                    self.note(&message);
                    control.send(message).await
                }
                Some(Ok(message)) = control.next() => runtime.send(self.told(message)).await,
                Ok(frame) = besides.recv() => runtime.send(Message::text(serde_json::to_string(&frame).unwrap())).await,
                else => return,
            };
            if passed.is_err() {
                return;
            }
        }
    }

    fn note(&self, message: &Message) {
        if let Message::Text(text) = message
            && let Ok(FromRuntime::Accepted { action }) = serde_json::from_str(text)
        {
            self.accepted.lock().unwrap().push(action);
        }
    }

    fn told(&self, message: Message) -> Message {
        let Message::Text(text) = &message else { return message };
        let Ok(ToRuntime::Run {
            mut proposal,
            consent: Some(mut consent),
        }) = serde_json::from_str(text)
        else {
            return message;
        };
        self.runs.lock().unwrap().push(((*proposal).clone(), (*consent).clone()));
        let Some(lie) = *self.lie.lock().unwrap() else {
            return message;
        };
        lie(&mut proposal, &mut consent);
        let lied = serde_json::to_string(&ToRuntime::Run {
            proposal,
            consent: Some(consent),
        });
        Message::text(lied.unwrap())
    }

    fn lies(&self, lie: Option<Lie>) {
        *self.lie.lock().unwrap() = lie;
    }

    fn tells(&self, proposal: &SignedStatement, consent: Option<Consent>) {
        let run = ToRuntime::Run {
            proposal: Box::new(proposal.clone()),
            consent: consent.map(Box::new),
        };
        self.besides.send(run).unwrap();
    }
}

fn request(consent: &mut Consent) -> &mut Request {
    consent.request.as_mut().unwrap()
}

/// Another last character, which is one byte.
fn nearly<T: std::str::FromStr + std::fmt::Display>(id: &T) -> T
where
    T::Err: std::fmt::Debug,
{
    let text = id.to_string();
    let (most, last) = text.split_at(text.len() - 1);
    let other = if last == "0" { "1" } else { "0" };
    format!("{most}{other}").parse().unwrap()
}

/// A scene in which the runtime knows who speaks for the client.
async fn behind(liar: &Liar) -> Scene {
    let scene = Scene::set_behind(|_| {}, |control| liar.before(control)).await;
    scene.introduces_herself().await;
    scene.until_any("contact.trusted").await;
    scene
}

impl Scene {
    /// Proposes, and lets the contact approve exactly that.
    async fn approved(&mut self) -> ActionId {
        let action = self.propose().await;
        let yes = self.answer(&action, Decision::Approved, None).await;
        self.decision(&self.zdenka.token, yes).await.ok::<Submitted>();
        action
    }

    /// What the endpoint says that it thinks of it, in its own entry: the code of its refusal.
    async fn refused_by_endpoint(&self, action: &ActionId) -> String {
        let facts = self.until(action, "action.refused").await;
        let path = format!("/v1/endpoints/{}/entries?from=0&limit=500", self.endpoint);
        let page: EntriesPage = self.desk.get(&path, &self.owner.token).await.ok();
        let said = |record: &Record| serde_json::from_str::<Entry>(&record.leaf).unwrap().statement;
        let refusal = page
            .records
            .iter()
            .map(said)
            .rfind(|said| said.kind == "action.refused" && said.action.as_ref() == Some(action))
            .unwrap();
        assert!(
            matches!(refusal.actor, Actor::Endpoint { .. }),
            "it is the endpoint's own word: {refusal:?}"
        );
        facts["code"].as_str().unwrap().to_owned()
    }
}

/// One changed byte after approval, each in a place of its own.
const CHANGED: [(&str, Lie, &str); 14] = [
    (
        "the command",
        |proposal, _| {
            let Some(Disclosure::Full { text, .. }) = proposal.disclosures.get_mut("command") else {
                panic!("no command")
            };
            *text = text.replacen("ran", "rAn", 1);
        },
        "bad_signature",
    ),
    (
        "the committed command",
        |proposal, consent| {
            let other = proposal.statement.texts["reason"].clone();
            request(consent).command = other;
        },
        "consent_mismatch",
    ),
    (
        "the endpoint that was asked about",
        |_, consent| request(consent).endpoint = nearly(&request(consent).endpoint),
        "consent_mismatch",
    ),
    (
        "the log",
        |proposal, _| proposal.statement.log = nearly(&proposal.statement.log),
        "wrong_log",
    ),
    (
        "the log that was asked about",
        |_, consent| request(consent).log.push('0'),
        "consent_mismatch",
    ),
    (
        "the session that was asked about",
        |_, consent| request(consent).session = nearly(&request(consent).session),
        "consent_mismatch",
    ),
    (
        "the session",
        |proposal, consent| {
            let other = nearly(proposal.statement.session.as_ref().unwrap());
            proposal.statement.session = Some(other.clone());
            request(consent).session = other;
        },
        "bad_signature",
    ),
    (
        "the interpreter that was asked about",
        |_, consent| request(consent).interpreter = Interpreter::Bash,
        "consent_mismatch",
    ),
    (
        "the interpreter",
        |proposal, consent| {
            proposal.statement.facts.insert("interpreter".into(), "bash".into());
            request(consent).interpreter = Interpreter::Bash;
        },
        "bad_signature",
    ),
    (
        "the expiry, later by a millisecond",
        |_, consent| {
            let later = request(consent).expires_at_ms.get() + 1;
            request(consent).expires_at_ms = TimeMs::new(later).unwrap();
        },
        "consent_mismatch",
    ),
    (
        "the time limit",
        |_, consent| request(consent).timeout_ms += 1,
        "consent_mismatch",
    ),
    (
        "how many people have to say yes",
        |_, consent| request(consent).needed = 0,
        "consent_mismatch",
    ),
    (
        "the signature",
        |_, consent| {
            let signature = consent.decisions[0].signature.as_mut().unwrap();
            let at = signature.sig.find(|c| c != 'A').unwrap();
            signature.sig.replace_range(at..=at, "A");
        },
        "consent_bad_signature",
    ),
    (
        "who signs the proposal: the control plane itself, with a request that fits",
        |proposal, consent| {
            let own = SigningKey::from_bytes(&[66; 32]);
            let mut other = proposal.clone();
            other.statement.facts.insert("timeout_ms".into(), 1_000.into());
            *proposal = resigned(other, &own);
            let asked = request(consent);
            asked.timeout_ms = 1_000;
            asked.proposal = caisey_ledger::consent::proposal_digest(proposal).unwrap();
        },
        "consent_mismatch",
    ),
];

/// The statement, signed by somebody else.
fn resigned(said: SignedStatement, key: &SigningKey) -> SignedStatement {
    use base64::Engine as _;
    use ed25519_dalek::Signer as _;
    let mut said = said;
    let bytes = caisey_ledger::statement::signing_bytes(&said.statement).unwrap();
    let signature = said.signature.as_mut().unwrap();
    signature.key = base64::engine::general_purpose::STANDARD.encode(key.verifying_key().as_bytes());
    signature.sig = base64::engine::general_purpose::STANDARD.encode(key.sign(&bytes).to_bytes());
    said
}

#[tokio::test(flavor = "multi_thread")]
async fn one_byte_changed_after_approval_is_refused_by_the_endpoint_on_record() {
    let liar = Liar::new();
    let mut scene = behind(&liar).await;
    for (what, lie, code) in CHANGED {
        liar.lies(Some(lie));
        let action = scene.approved().await;
        assert_eq!(scene.refused_by_endpoint(&action).await, code, "{what}");
        assert_eq!(scene.lines(), 0, "{what}: it ran");
    }
    // The same wire, told truly.
    liar.lies(None);
    let action = scene.approved().await;
    scene.until(&action, "command.finished").await;
    assert_eq!(scene.lines(), 1);
    scene.runtime.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_used_approval_serves_nothing_else_and_not_again() {
    let liar = Liar::new();
    let mut scene = behind(&liar).await;
    let action = scene.approved().await;
    scene.until(&action, "command.finished").await;
    let (proposal, used) = liar.runs.lock().unwrap()[0].clone();
    // The very same again: the endpoint says that it has it, and does nothing.
    liar.tells(&proposal, Some(used.clone()));
    tokio::time::timeout(PATIENCE, async {
        while liar.accepted.lock().unwrap().iter().filter(|one| **one == action).count() < 2 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await
    .expect("it answers");
    // For another action, which nobody has approved.
    let other = scene.proposed().await;
    liar.tells(&other.1, Some(used.clone()));
    assert_eq!(scene.refused_by_endpoint(&other.0).await, "consent_mismatch");
    // For a copy of the same action under another name.
    let mut renamed = proposal;
    renamed.statement.action = Some(ActionId::from_bits([77; 16]));
    liar.tells(&renamed, Some(used));
    assert_eq!(
        scene.refused_by_endpoint(&ActionId::from_bits([77; 16])).await,
        "bad_signature"
    );
    assert_eq!(scene.lines(), 1, "once, whatever is said");
    scene.runtime.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invented_approval_is_refused_by_the_endpoint_on_record() {
    let liar = Liar::new();
    let mut scene = behind(&liar).await;
    let word = |channel| Consent {
        channel,
        request: None,
        decisions: vec![],
    };
    for channel in [
        None,
        Some(Channel::Policy),
        Some(Channel::Email),
        Some(Channel::BreakGlass),
        Some(Channel::Console),
    ] {
        let (action, proposal) = scene.proposed().await;
        liar.tells(&proposal, channel.map(word));
        assert_eq!(scene.refused_by_endpoint(&action).await, "consent_missing", "{channel:?}");
    }
    // A yes in the contact's name that the contact never signed: with another key, and by the requester.
    for by_requester in [false, true] {
        let (action, proposal) = scene.proposed().await;
        let asked = scene.asked(&scene.zdenka.token, &action).await;
        let yes = if by_requester {
            scene.technician.person.decide(&asked, now(), Decision::Approved, None)
        } else {
            let yes = scene.zdenka.person.decide(&asked, now(), Decision::Approved, None);
            resigned(yes, &SigningKey::from_bytes(&[66; 32]))
        };
        let consent = Consent {
            channel: Channel::Console,
            request: Some(asked),
            decisions: vec![yes],
        };
        liar.tells(&proposal, Some(consent));
        let code = scene.refused_by_endpoint(&action).await;
        let expected = if by_requester {
            "consent_malformed"
        } else {
            "consent_unknown_key"
        };
        assert_eq!(code, expected);
    }
    assert_eq!(scene.lines(), 0);
    scene.runtime.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_control_plane_that_asks_for_less_than_the_floor_is_refused_on_record() {
    let liar = Liar::new();
    let mut scene = behind(&liar).await;
    let mut milan = seat(&scene.desk, "milan@example.com", Role::Contact, Some(&scene.client), 11).await;
    let mut chain = scene.chain().await;
    let floor = ContactSaid::FloorSet(Floor {
        name: "two-people".into(),
        endpoints: vec![],
        class: "changing".into(),
        needed: 2,
        assurance: Assurance::Number,
        except: vec![],
    });
    let allowed = ContactSaid::PreAuthorisationGranted(PreAuthorisation {
        name: "emergencies".into(),
        endpoints: vec![],
        classes: vec!["changing".into(), "destructive".into(), "opaque".into()],
        channel: Channel::BreakGlass,
        window: None,
        from_ms: TimeMs::default(),
        until_ms: TimeMs::new(now().get() + 3_600_000).unwrap(),
    });
    for says in [milan.person.introduced(), floor, allowed] {
        let said = scene.zdenka.person.says(&chain.statements, now(), says);
        chain = scene.say(&scene.zdenka.token, said).await.ok::<ContactChain>();
    }
    let facts = scene.until_any("contact.floor_set").await;
    assert_eq!((&facts["needed"], &facts["assurance"]), (&2.into(), &"number".into()));

    // The honest control plane asks for enough by itself. What a lying one asks for, people sign all the same.
    for (people, word) in [(1, None), (2, None), (0, Some(Channel::BreakGlass))] {
        let (action, proposal) = scene.proposed().await;
        let mut asked = scene.asked(&scene.zdenka.token, &action).await;
        assert_eq!((asked.needed, asked.assurance), (2, Assurance::Number));
        (asked.needed, asked.assurance) = (1, Assurance::Signed);
        let mut decisions = vec![];
        for who in [&mut scene.zdenka.person, &mut milan.person].into_iter().take(people) {
            decisions.push(who.decide(&asked, now(), Decision::Approved, None));
        }
        let consent = Consent {
            channel: word.unwrap_or(Channel::Console),
            request: word.is_none().then_some(asked),
            decisions,
        };
        liar.tells(&proposal, Some(consent));
        assert_eq!(
            scene.refused_by_endpoint(&action).await,
            "consent_below_floor",
            "{people} people"
        );
    }
    assert_eq!(scene.lines(), 0);

    // Told truly: two people with the number.
    let action = scene.propose().await;
    let number = scene.number(&action).await;
    let request = scene.asked(&milan.token, &action).await;
    let yes = milan.person.decide(&request, now(), Decision::Approved, Some(&number));
    scene.decision(&milan.token, yes).await.ok::<Submitted>();
    let yes = scene.answer(&action, Decision::Approved, Some(&number)).await;
    scene.decision(&scene.zdenka.token, yes).await.ok::<Submitted>();
    scene.until(&action, "command.finished").await;
    assert_eq!(scene.lines(), 1);
    scene.runtime.stop().await;
}

impl Scene {
    /// Proposes what waits for the contact; the proposal as it was signed.
    async fn proposed(&mut self) -> (ActionId, SignedStatement) {
        let action = self.propose().await;
        let view = self.shown(&self.zdenka.token, &action).await.unwrap();
        (action, view.prompt.unwrap().proposal)
    }
}
