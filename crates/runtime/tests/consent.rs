//! Once anybody has spoken for the client, nothing that needs consent runs here without it, whoever insists.

use crate::control::{Control, Manners};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use caisey_ledger::consent::{
    Approver, Assurance, CHAIN_START, Consent, ContactSaid, ContactStatement, PreAuthorisation, Request, SignedContactStatement,
    Terms, digest_of,
};
use caisey_ledger::disclosure::Disclosure;
use caisey_ledger::entry::{Actor, SignedStatement};
use caisey_ledger::event::{Channel, Decision, Event, Interpreter, RunOutcome, TrustSource};
use caisey_ledger::id::{ActionId, ClientId, DeviceId, EndpointId, MemberId, OrganisationId, SessionId, TimeMs};
use caisey_ledger::statement::Draft;
use caisey_ledger::text::TextSeed;
use caisey_protocol::runtime::ToRuntime;
use caisey_runtime::{Limits, Runtime, StateDir};
use ed25519_dalek::SigningKey;
use sha2::{Digest as _, Sha256};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

pub(crate) fn in_ms(ms: u64) -> TimeMs {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
    TimeMs::new(u64::try_from(now).unwrap() + ms).unwrap()
}

/// One of the client's contacts, at their console.
pub(crate) struct Contact(u8);

impl Contact {
    fn key(&self) -> SigningKey {
        SigningKey::from_bytes(&[self.0; 32])
    }

    fn member(&self) -> MemberId {
        MemberId::from_bits([self.0; 16])
    }

    pub(crate) fn device(&self) -> DeviceId {
        DeviceId::from_bits([self.0; 16])
    }

    pub(crate) fn introduced(&self) -> ContactSaid {
        ContactSaid::KeyIntroduced {
            member: self.member(),
            device: self.device(),
            key: STANDARD.encode(self.key().verifying_key().as_bytes()),
        }
    }

    pub(crate) fn says(&self, after: &[SignedContactStatement], says: ContactSaid) -> SignedContactStatement {
        let previous = after.last().map(|last| digest_of(&last.statement).unwrap());
        let statement = ContactStatement {
            v: 1,
            organisation: OrganisationId::from_bits([3; 16]),
            client: ClientId::from_bits([4; 16]),
            number: after.len() as u64 + 1,
            previous: previous.unwrap_or_else(|| CHAIN_START.to_owned()),
            at_ms: in_ms(0),
            member: self.member(),
            device: self.device(),
            says,
        };
        statement.sign(&self.key()).unwrap()
    }

    pub(crate) fn decides(&self, request: &Request, decision: Decision) -> SignedStatement {
        let actor = Actor::Contact {
            id: self.member(),
            device: self.device(),
        };
        let event = Event::ApprovalDecided {
            decision,
            member: Some(self.member()),
            channel: Channel::Console,
            digest: Some(request.digest().unwrap()),
            assurance: Some(Assurance::Signed),
            number: None,
        };
        Draft::new(&request.log, in_ms(0), actor, &event)
            .unwrap()
            .session(request.session.clone())
            .action(request.action.clone())
            .sign(&self.key())
            .unwrap()
    }
}

pub(crate) fn ask(proposal: &SignedStatement, expires_at_ms: TimeMs) -> Request {
    let terms = Terms {
        before: None,
        class: "changing".into(),
        policy: "default".into(),
        policy_version: 1,
        approver: Approver::Contact,
        needed: 1,
        assurance: Assurance::Signed,
        expires_at_ms,
        nonce: [8; 32],
    };
    Request::about(proposal, terms).unwrap()
}

pub(crate) fn yes(request: Request) -> Consent {
    let decisions = vec![ZDENKA.decides(&request, Decision::Approved)];
    Consent {
        channel: Channel::Console,
        request: Some(request),
        decisions,
    }
}

pub(crate) const ZDENKA: Contact = Contact(21);
pub(crate) const STRANGER: Contact = Contact(22);

/// An endpoint that believes Zdeňka, and a file that a command makes if it runs.
pub(crate) struct Scene {
    pub(crate) control: Arc<Control>,
    pub(crate) runtime: Runtime,
    pub(crate) dir: tempfile::TempDir,
    pub(crate) chain: Vec<SignedContactStatement>,
}

impl Scene {
    pub(crate) async fn set() -> Self {
        let control = Control::start(Manners::default()).await;
        let (dir, runtime) = control.endpoint(Limits::default()).await;
        let mut scene = Self {
            control,
            runtime,
            dir,
            chain: vec![],
        };
        scene.control.done("true").await;
        let first = ZDENKA.says(&[], ZDENKA.introduced());
        assert_eq!(scene.told(first).await, "contact.trusted");
        scene
    }

    /// The control plane tells of a statement; what the endpoint says of it.
    pub(crate) async fn told(&mut self, signed: SignedContactStatement) -> String {
        let before = self.of_contacts().await;
        self.control.tell(ToRuntime::Contacts {
            statements: vec![signed.clone()],
        });
        let kind = self
            .control
            .until("a word about contacts", |view| view.of_contacts().get(before.len()).cloned())
            .await;
        if kind != "contact.refused" {
            self.chain.push(signed);
        }
        kind
    }

    pub(crate) async fn of_contacts(&self) -> Vec<String> {
        self.control.until("the present", |view| Some(view.of_contacts())).await
    }

    fn file(&self) -> PathBuf {
        self.dir.path().join("it-ran")
    }

    pub(crate) fn proposal(&self) -> SignedStatement {
        let command = format!("echo ran >> {}", self.file().display());
        self.control.proposal(&self.control.next_action(), &command, |draft| draft)
    }

    pub(crate) async fn refuses(&self, proposal: SignedStatement, consent: Option<Consent>, code: &str) {
        let action = proposal.statement.action.clone().unwrap();
        self.control.send_with(proposal, consent);
        assert_eq!(self.control.finished(&action).await.refusal(), code);
        assert!(!self.file().exists(), "it ran all the same");
    }

    pub(crate) async fn runs(&self, proposal: SignedStatement, consent: Option<Consent>) {
        let action = proposal.statement.action.clone().unwrap();
        self.control.send_with(proposal, consent);
        assert_eq!(self.control.finished(&action).await.end().0, RunOutcome::Exited);
    }

    pub(crate) fn lines(&self) -> usize {
        std::fs::read_to_string(self.file()).unwrap_or_default().lines().count()
    }
}

#[tokio::test]
async fn what_a_contact_approved_runs_once() {
    let scene = Scene::set().await;
    let proposal = scene.proposal();
    let consent = yes(ask(&proposal, in_ms(600_000)));
    scene.refuses(proposal.clone(), None, "consent_missing").await;
    // The refused action stays refused; the next one is asked for and approved.
    let proposal = scene.proposal();
    scene.refuses(proposal, Some(consent), "consent_mismatch").await;
    let proposal = scene.proposal();
    let consent = yes(ask(&proposal, in_ms(600_000)));
    scene.runs(proposal.clone(), Some(consent.clone())).await;
    for _ in 0..3 {
        scene.control.send_with(proposal.clone(), Some(consent.clone()));
    }
    scene.control.cut();
    let another = scene.proposal();
    scene.runs(another.clone(), Some(yes(ask(&another, in_ms(600_000))))).await;
    assert_eq!(scene.lines(), 2, "a consent is used once");
    scene.runtime.stop().await;
}

#[tokio::test]
async fn whatever_is_changed_after_the_approval_never_runs() {
    let scene = Scene::set().await;
    // The command's text, its commitment signed anew by the technician: another proposal under the same name.
    let approved = scene.proposal();
    let consent = yes(ask(&approved, in_ms(600_000)));
    let action = approved.statement.action.clone().unwrap();
    let command = format!("echo Ran >> {}", scene.file().display());
    let other_command = scene.control.proposal(&action, &command, |draft| draft);
    scene.refuses(other_command, Some(consent), "consent_mismatch").await;
    // One byte of the text only.
    let approved = scene.proposal();
    let consent = yes(ask(&approved, in_ms(600_000)));
    let mut altered = approved;
    match altered.disclosures.get_mut("command").unwrap() {
        Disclosure::Full { text, .. } => text.replace_range(..1, "E"),
        other => panic!("{other:?}"),
    }
    scene.refuses(altered, Some(consent), "bad_signature").await;
    // Another interpreter.
    let approved = scene.proposal();
    let consent = yes(ask(&approved, in_ms(600_000)));
    let action = approved.statement.action.clone().unwrap();
    let command = format!("echo ran >> {}", scene.file().display());
    let bash = scene
        .control
        .proposal_for(&action, Interpreter::Bash, 60_000, &command, |draft| draft);
    scene.refuses(bash, Some(consent), "consent_mismatch").await;
    // Another session.
    let approved = scene.proposal();
    let consent = yes(ask(&approved, in_ms(600_000)));
    let action = approved.statement.action.clone().unwrap();
    let elsewhere = scene
        .control
        .proposal(&action, &command, |draft| draft.session(SessionId::from_bits([6; 16])));
    scene.refuses(elsewhere, Some(consent), "consent_mismatch").await;
    // What the contact signed, altered on the way: endpoint, session, interpreter, expiry, needed, and their own word.
    let changes: [fn(&mut Consent); 7] = [
        |it| request(it).endpoint = EndpointId::from_bits([9; 16]),
        |it| request(it).session = SessionId::from_bits([9; 16]),
        |it| request(it).interpreter = Interpreter::Cmd,
        |it| request(it).expires_at_ms = in_ms(86_400_000),
        |it| request(it).timeout_ms += 1,
        |it| request(it).needed = 0,
        |it| request(it).action = ActionId::from_bits([9; 16]),
    ];
    for change in changes {
        let proposal = scene.proposal();
        let mut consent = yes(ask(&proposal, in_ms(600_000)));
        change(&mut consent);
        scene.refuses(proposal, Some(consent), "consent_mismatch").await;
    }
    let proposal = scene.proposal();
    let request = ask(&proposal, in_ms(600_000));
    let mut no = ZDENKA.decides(&request, Decision::Denied);
    no.statement.facts.insert("decision".into(), "approved".into());
    let turned = Consent {
        decisions: vec![no],
        ..yes(request)
    };
    scene.refuses(proposal, Some(turned), "consent_bad_signature").await;
    scene.runtime.stop().await;
}

fn request(consent: &mut Consent) -> &mut Request {
    consent.request.as_mut().unwrap()
}

#[tokio::test]
async fn an_approval_that_lapsed_is_no_approval() {
    let scene = Scene::set().await;
    let proposal = scene.proposal();
    let long_ago = TimeMs::new(in_ms(0).get() - 3_600_000).unwrap();
    let consent = yes(ask(&proposal, long_ago));
    scene.refuses(proposal, Some(consent), "consent_expired").await;
    scene.runtime.stop().await;
}

#[tokio::test]
async fn a_control_plane_that_lies_gets_a_refusal_on_record() {
    let mut scene = Scene::set().await;
    for channel in [
        Channel::Policy,
        Channel::Email,
        Channel::BreakGlass,
        Channel::AtEndpoint,
        Channel::Console,
    ] {
        let word = Consent {
            channel,
            request: None,
            decisions: vec![],
        };
        scene.refuses(scene.proposal(), Some(word), "consent_missing").await;
    }
    // It asks itself, signs for itself, and puts keys of its own under Zdeňka's name.
    let proposal = scene.proposal();
    let request = ask(&proposal, in_ms(600_000));
    let own = Consent {
        decisions: vec![STRANGER.decides(&request, Decision::Approved)],
        ..yes(request)
    };
    scene.refuses(proposal, Some(own), "consent_unknown_key").await;
    let forged = STRANGER.says(&scene.chain, STRANGER.introduced());
    assert_eq!(scene.told(forged).await, "contact.refused");
    let new_beginning = STRANGER.says(&[], STRANGER.introduced());
    assert_eq!(scene.told(new_beginning).await, "contact.refused");
    let allowed = PreAuthorisation {
        name: "everything".into(),
        endpoints: vec![],
        classes: vec!["changing".into(), "destructive".into(), "opaque".into()],
        channel: Channel::Policy,
        window: None,
        from_ms: TimeMs::default(),
        until_ms: in_ms(86_400_000),
    };
    let granted = STRANGER.says(&scene.chain, ContactSaid::PreAuthorisationGranted(allowed.clone()));
    assert_eq!(scene.told(granted).await, "contact.refused");
    let word = Consent {
        channel: Channel::Policy,
        request: None,
        decisions: vec![],
    };
    scene.refuses(scene.proposal(), Some(word.clone()), "consent_missing").await;
    // The same from Zdeňka herself is believed.
    let granted = ZDENKA.says(&scene.chain, ContactSaid::PreAuthorisationGranted(allowed));
    scene.control.tell(ToRuntime::Contacts {
        statements: vec![granted],
    });
    scene.runs(scene.proposal(), Some(word)).await;
    assert_eq!(scene.lines(), 1);
    scene.runtime.stop().await;
}

#[tokio::test]
async fn whom_the_endpoint_believes_survives_a_restart_and_a_probe_is_a_command_too() {
    let mut scene = Scene::set().await;
    let second = ZDENKA.says(&scene.chain, STRANGER.introduced());
    assert_eq!(scene.told(second).await, "contact.trusted");
    scene.runtime.stop().await;
    let state = StateDir::open(scene.dir.path().join("state")).unwrap();
    scene.runtime = Runtime::start(&state, Limits::default()).await.unwrap();
    scene.refuses(scene.proposal(), None, "consent_missing").await;
    // Told again from the beginning: nothing new.
    let chain = scene.chain.clone();
    scene.control.tell(ToRuntime::Contacts { statements: chain });
    let smuggled = format!("touch {}", scene.file().display());
    let action = scene.control.next_action();
    let proposal = scene.control.proposal(&action, "true", |draft| {
        draft.text("probe", smuggled, TextSeed::from_bytes([4; 32]))
    });
    scene.refuses(proposal, None, "probe_not_read_only").await;
    assert_eq!(scene.of_contacts().await, ["contact.trusted", "contact.trusted"]);
    scene.runtime.stop().await;
}

#[tokio::test]
async fn an_approval_for_one_state_does_not_hold_for_another() {
    let scene = Scene::set().await;
    let asked = |found: &str| {
        let command = format!("echo ran >> {}", scene.file().display());
        let proposal = scene.control.proposal(&scene.control.next_action(), &command, |draft| {
            draft.text("probe", "echo enabled", TextSeed::from_bytes([4; 32]))
        });
        let mut request = ask(&proposal, in_ms(600_000));
        let digest: String = Sha256::digest(found.as_bytes())
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        request.before = Some(digest);
        (proposal, yes(request))
    };
    let (proposal, consent) = asked("disabled\n");
    scene.refuses(proposal, Some(consent), "state_changed").await;
    let (proposal, consent) = asked("enabled\n");
    scene.runs(proposal, Some(consent)).await;
    assert_eq!(scene.lines(), 1);
    scene.runtime.stop().await;
}

#[tokio::test]
async fn keys_that_came_with_the_enrolment_are_on_record_as_such() {
    let control = Control::start(Manners::default()).await;
    let dir = tempfile::tempdir().unwrap();
    let state = control.enrol(&dir.path().join("state"));
    let chain = [ZDENKA.says(&[], ZDENKA.introduced())];
    let kept = serde_json::json!({ "source": "enrolment", "chain": chain, "on_record": 0 });
    let file = dir.path().join("state/contacts.json");
    std::fs::write(&file, kept.to_string()).unwrap();
    private(&file);
    let runtime = Runtime::start(&state, Limits::default()).await.unwrap();
    let source = control
        .until("a trusted key", |view| {
            view.said("contact.trusted").into_iter().find_map(|event| match event {
                Event::ContactTrusted { source, .. } => Some(source),
                _ => None,
            })
        })
        .await;
    assert_eq!(source, TrustSource::Enrolment);
    assert_eq!(control.done("touch /nowhere").await.refusal(), "consent_missing");
    runtime.stop().await;
    // Damaged, it must not be taken for a client without contacts.
    std::fs::write(&file, "{}").unwrap();
    private(&file);
    assert!(Runtime::start(&state, Limits::default()).await.is_err());
}

#[cfg(unix)]
fn private(file: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o600)).unwrap();
}

#[cfg(not(unix))]
fn private(_file: &std::path::Path) {}
