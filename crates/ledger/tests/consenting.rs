//! Consent: what holds, what does not, and the bytes of docs/formats/consent.md.

use crate::golden::check;
use caisey_ledger::consent::{
    Approver, Assurance, Basis, CHAIN_START, CLOCK_LEEWAY_MS, Consent, ConsentFault, ContactSaid, ContactStatement, Deed,
    PreAuthorisation, Request, SignedContactStatement, Terms, Trust, TrustFault, Window, digest_of, permitted,
};
use caisey_ledger::entry::{Actor, SignedStatement};
use caisey_ledger::event::{Channel, Decision, Event, Interpreter};
use caisey_ledger::id::{ActionId, ClientId, DeviceId, EndpointId, MemberId, OrganisationId, SessionId, TimeMs};
use caisey_ledger::statement::Draft;
use caisey_ledger::text::TextSeed;
use ed25519_dalek::SigningKey;
use proptest::prelude::*;
use serde_json::{Value, json};

pub const NOW: u64 = 1_780_000_000_000;

pub fn time(ms: u64) -> TimeMs {
    TimeMs::new(ms).unwrap()
}

pub fn key(number: u8) -> SigningKey {
    SigningKey::from_bytes(&[number; 32])
}

pub fn member(number: u8) -> MemberId {
    MemberId::from_bits([number; 16])
}

pub fn device(number: u8) -> DeviceId {
    DeviceId::from_bits([number; 16])
}

fn public(number: u8) -> String {
    crate::story::base64(key(number).verifying_key().as_bytes())
}

pub fn endpoint() -> EndpointId {
    EndpointId::from_bits([3; 16])
}

fn log() -> String {
    format!("caisey.example/{}/{}", OrganisationId::from_bits([1; 16]), endpoint())
}

/// A client's chain as it grows.
pub struct Chain {
    pub signed: Vec<SignedContactStatement>,
}

impl Chain {
    /// The contact with number 7 introduces themselves.
    pub fn begun() -> Self {
        let mut chain = Self { signed: Vec::new() };
        chain.say(7, introduces(7));
        chain
    }

    pub fn statement(&self, by: u8, says: ContactSaid) -> ContactStatement {
        let previous = self.signed.last().map(|last| digest_of(&last.statement).unwrap());
        ContactStatement {
            v: 1,
            organisation: OrganisationId::from_bits([1; 16]),
            client: ClientId::from_bits([2; 16]),
            number: self.signed.len() as u64 + 1,
            previous: previous.unwrap_or_else(|| CHAIN_START.to_owned()),
            at_ms: time(NOW),
            member: member(by),
            device: device(by),
            says,
        }
    }

    pub fn say(&mut self, by: u8, says: ContactSaid) {
        let signed = self.statement(by, says).sign(&key(by)).unwrap();
        self.signed.push(signed);
    }

    pub fn trust(&self) -> Result<Trust, TrustFault> {
        Trust::replay(
            &OrganisationId::from_bits([1; 16]),
            &ClientId::from_bits([2; 16]),
            &self.signed,
        )
    }

    pub fn refuses(&self, signed: &SignedContactStatement) -> TrustFault {
        let mut trust = self.trust().unwrap();
        let before = trust.clone();
        let fault = trust.apply(signed).unwrap_err();
        assert_eq!(trust, before, "a statement that does not count changes nothing");
        fault
    }
}

pub fn introduces(number: u8) -> ContactSaid {
    ContactSaid::KeyIntroduced {
        member: member(number),
        device: device(number),
        key: public(number),
    }
}

pub fn proposal() -> SignedStatement {
    let actor = Actor::Member {
        id: member(4),
        device: device(4),
    };
    let event = Event::ActionProposed {
        interpreter: Interpreter::Sh,
        timeout_ms: 60_000,
        model: None,
    };
    Draft::new(&log(), time(NOW), actor, &event)
        .unwrap()
        .session(SessionId::from_bits([5; 16]))
        .action(ActionId::from_bits([6; 16]))
        .text(
            "command",
            "nft delete rule inet filter input handle 4",
            TextSeed::from_bytes([1; 32]),
        )
        .text("reason", "SMB is blocked", TextSeed::from_bytes([2; 32]))
        .text("cwd", "/root", TextSeed::from_bytes([3; 32]))
        .sign(&key(4))
        .unwrap()
}

pub fn terms() -> Terms {
    Terms {
        before: None,
        class: "changing".into(),
        policy: "default".into(),
        policy_version: 1,
        approver: Approver::Contact,
        needed: 1,
        assurance: Assurance::Signed,
        expires_at_ms: time(NOW + 600_000),
        nonce: [9; 32],
    }
}

fn request() -> Request {
    Request::about(&proposal(), terms()).unwrap()
}

pub fn decided(request: &Request, by: u8, decision: Decision, assurance: Assurance) -> SignedStatement {
    let actor = Actor::Contact {
        id: member(by),
        device: device(by),
    };
    let event = Event::ApprovalDecided {
        decision,
        member: Some(member(by)),
        channel: Channel::Console,
        digest: Some(request.digest().unwrap()),
        assurance: Some(assurance),
        number: (assurance == Assurance::Number).then(|| "4711".to_owned()),
    };
    Draft::new(&request.log, time(NOW + 5_000), actor, &event)
        .unwrap()
        .session(request.session.clone())
        .action(request.action.clone())
        .sign(&key(by))
        .unwrap()
}

pub fn consent(request: Request, decisions: Vec<SignedStatement>) -> Consent {
    Consent {
        channel: Channel::Console,
        request: Some(request),
        decisions,
    }
}

fn approved() -> Consent {
    consent(request(), vec![decided(&request(), 7, Decision::Approved, Assurance::Signed)])
}

fn asks(consent: Option<&Consent>, class: &str, now: u64) -> Result<Basis, ConsentFault> {
    let deed = Deed {
        proposal: &proposal(),
        class,
        now: time(now),
    };
    permitted(&Chain::begun().trust().unwrap(), deed, consent)
}

fn refused(consent: &Consent) -> &'static str {
    asks(Some(consent), "changing", NOW + 10_000).unwrap_err().code()
}

#[test]
fn an_approval_by_a_known_contact_holds_and_nothing_less_does() {
    assert!(matches!(asks(Some(&approved()), "changing", NOW), Ok(Basis::Approved(who)) if who.contains(&member(7))));
    assert_eq!(asks(None, "read_only", NOW), Ok(Basis::ReadOnly));
    for class in ["changing", "destructive", "opaque", "anything else"] {
        assert_eq!(asks(None, class, NOW).unwrap_err().code(), "consent_missing");
        // A control plane that insists.
        for channel in [
            Channel::Policy,
            Channel::Email,
            Channel::BreakGlass,
            Channel::Console,
            Channel::AtEndpoint,
        ] {
            let lie = Consent {
                channel,
                request: None,
                decisions: vec![],
            };
            assert_eq!(
                asks(Some(&lie), class, NOW).unwrap_err().code(),
                "consent_missing",
                "{channel:?}"
            );
        }
    }
    let nobody = Trust::new(OrganisationId::from_bits([1; 16]), ClientId::from_bits([2; 16]));
    let deed = Deed {
        proposal: &proposal(),
        class: "destructive",
        now: time(NOW),
    };
    assert_eq!(permitted(&nobody, deed, None), Ok(Basis::NotPinned));
}

#[test]
fn the_approval_ends_with_its_expiry_and_a_little_for_the_clock() {
    let last = NOW + 600_000 + CLOCK_LEEWAY_MS;
    assert!(asks(Some(&approved()), "changing", last).is_ok());
    assert_eq!(
        asks(Some(&approved()), "changing", last + 1).unwrap_err().code(),
        "consent_expired"
    );
}

#[test]
fn whatever_is_changed_after_the_decision_is_found() {
    let changes: [fn(&mut Request); 12] = [
        |it| it.expires_at_ms = time(NOW + 600_001),
        |it| it.interpreter = Interpreter::Bash,
        |it| it.timeout_ms += 1,
        |it| it.session = SessionId::from_bits([8; 16]),
        |it| it.action = ActionId::from_bits([8; 16]),
        |it| it.endpoint = EndpointId::from_bits([8; 16]),
        |it| it.log = it.log.replace("caisey", "daisey"),
        |it| it.command.tokens += 1,
        |it| it.cwd = None,
        |it| it.needed = 0,
        |it| it.class = "read_only".into(),
        |it| it.nonce = crate::story::base64(&[10; 32]),
    ];
    for (number, change) in changes.into_iter().enumerate() {
        let mut consent = approved();
        change(consent.request.as_mut().unwrap());
        assert_eq!(refused(&consent), "consent_mismatch", "change {number}");
    }
    // The request fits the proposal that is to run, but what was signed was about another.
    let mut other = request();
    other.nonce = crate::story::base64(&[10; 32]);
    let decision = decided(&other, 7, Decision::Approved, Assurance::Signed);
    assert_eq!(refused(&consent(request(), vec![decision])), "consent_mismatch");
}

#[test]
fn decisions_count_only_when_they_are_what_they_seem() {
    let says = |by, decision, assurance| decided(&request(), by, decision, assurance);
    assert_eq!(refused(&consent(request(), vec![])), "consent_incomplete");
    let stranger = says(8, Decision::Approved, Assurance::Signed);
    assert_eq!(refused(&consent(request(), vec![stranger])), "consent_unknown_key");
    let no = says(7, Decision::Denied, Assurance::Signed);
    assert_eq!(refused(&consent(request(), vec![no.clone()])), "consent_denied");
    let yes = says(7, Decision::Approved, Assurance::Signed);
    assert_eq!(refused(&consent(request(), vec![yes.clone(), no])), "consent_denied");
    let mut flipped = says(7, Decision::Denied, Assurance::Signed);
    flipped.statement.facts.insert("decision".into(), "approved".into());
    assert_eq!(refused(&consent(request(), vec![flipped])), "consent_bad_signature");
    let mut under_another_key = yes.clone();
    under_another_key.signature = says(8, Decision::Approved, Assurance::Signed).signature;
    assert_eq!(refused(&consent(request(), vec![under_another_key])), "consent_bad_signature");
    assert_eq!(refused(&consent(request(), vec![proposal()])), "consent_malformed");
    let two = |decisions| {
        let request = Request::about(&proposal(), Terms { needed: 2, ..terms() }).unwrap();
        consent(request, decisions)
    };
    let twice = decided(
        two(vec![]).request.as_ref().unwrap(),
        7,
        Decision::Approved,
        Assurance::Signed,
    );
    assert_eq!(
        refused(&two(vec![twice.clone(), twice])),
        "consent_incomplete",
        "the same person twice is one"
    );
    let number = Terms {
        assurance: Assurance::Number,
        ..terms()
    };
    let number = Request::about(&proposal(), number).unwrap();
    let lazy = decided(&number, 7, Decision::Approved, Assurance::Signed);
    assert_eq!(refused(&consent(number.clone(), vec![lazy])), "consent_assurance");
    let exact = decided(&number, 7, Decision::Approved, Assurance::Number);
    assert!(asks(Some(&consent(number, vec![exact])), "changing", NOW).is_ok());
}

#[test]
fn nobody_approves_what_they_asked_for() {
    let mut chain = Chain::begun();
    chain.say(7, introduces(4));
    let yes = decided(&request(), 4, Decision::Approved, Assurance::Signed);
    let deed = Deed {
        proposal: &proposal(),
        class: "changing",
        now: time(NOW),
    };
    let fault = permitted(&chain.trust().unwrap(), deed, Some(&consent(request(), vec![yes]))).unwrap_err();
    assert_eq!(fault.code(), "consent_own_request");
}

#[test]
fn a_member_cannot_stand_in_for_the_contact() {
    let terms = Terms {
        approver: Approver::Member,
        ..terms()
    };
    let request = Request::about(&proposal(), terms).unwrap();
    let yes = decided(&request, 7, Decision::Approved, Assurance::Signed);
    assert_eq!(refused(&consent(request, vec![yes])), "consent_missing");
}

#[test]
fn keys_come_and_go_only_by_the_word_of_known_ones() {
    let mut chain = Chain::begun();
    let by = |chain: &Chain, by: u8, says| chain.statement(by, says).sign(&key(by)).unwrap();
    assert_eq!(chain.refuses(&by(&chain, 8, introduces(8))).code(), "unknown_key");
    chain.say(7, introduces(8));
    chain.say(8, ContactSaid::KeyRevoked { device: device(7) });
    let trust = chain.trust().unwrap();
    assert_eq!(trust.keys().map(|key| key.device.clone()).collect::<Vec<_>>(), [device(8)]);
    assert_eq!(chain.refuses(&by(&chain, 7, introduces(9))).code(), "unknown_key");
    let last = ContactSaid::KeyRevoked { device: device(8) };
    assert_eq!(chain.refuses(&by(&chain, 8, last)).code(), "last_key");
    let stolen = ContactSaid::KeyIntroduced {
        member: member(9),
        device: device(9),
        key: public(8),
    };
    assert_eq!(chain.refuses(&by(&chain, 8, stolen)).code(), "key_conflict");
    // Repeated, left out, altered.
    assert_eq!(chain.refuses(&chain.signed[2].clone()).code(), "not_next");
    let mut ahead = chain.statement(8, introduces(9));
    ahead.number += 1;
    assert_eq!(chain.refuses(&ahead.sign(&key(8)).unwrap()).code(), "not_next");
    let mut forked = chain.statement(8, introduces(9));
    forked.previous = CHAIN_START.to_owned();
    assert_eq!(chain.refuses(&forked.sign(&key(8)).unwrap()).code(), "not_next");
    let mut elsewhere = chain.statement(8, introduces(9));
    elsewhere.client = ClientId::from_bits([3; 16]);
    assert_eq!(chain.refuses(&elsewhere.sign(&key(8)).unwrap()).code(), "other_client");
    let mut altered = by(&chain, 8, introduces(9));
    altered.statement.at_ms = time(NOW + 1);
    assert_eq!(chain.refuses(&altered).code(), "bad_signature");
    // Nobody can put a beginning of their own in front.
    let empty = Chain { signed: vec![] };
    let forged = empty.statement(7, introduces(8)).sign(&key(7)).unwrap();
    assert_eq!(empty.refuses(&forged).code(), "no_beginning");
}

pub fn granted(channel: Channel) -> PreAuthorisation {
    PreAuthorisation {
        name: "after-hours".into(),
        endpoints: vec![],
        classes: vec!["changing".into()],
        channel,
        // Saturday and Sunday nights, Prague in summer.
        window: Some(Window {
            days: 0b110_0000,
            from_minute: 22 * 60,
            to_minute: 6 * 60,
            utc_offset_minutes: 120,
        }),
        from_ms: time(NOW - 86_400_000 * 30),
        until_ms: time(NOW + 86_400_000 * 30),
    }
}

#[test]
fn a_pre_authorisation_lets_only_that_be_done_that_it_covers() {
    // 2026-05-30 is a Saturday; 23:30 in Prague is 21:30 UTC.
    let saturday_night = 1_780_176_600_000;
    let mut chain = Chain::begun();
    chain.say(7, ContactSaid::PreAuthorisationGranted(granted(Channel::Policy)));
    let proposal = proposal();
    let ask = |chain: &Chain, class: &str, channel, now| {
        let consent = Consent {
            channel,
            request: None,
            decisions: vec![],
        };
        let deed = Deed {
            proposal: &proposal,
            class,
            now: time(now),
        };
        permitted(&chain.trust().unwrap(), deed, Some(&consent))
    };
    let yes = Basis::PreAuthorised {
        name: "after-hours".into(),
        number: 2,
    };
    assert_eq!(ask(&chain, "changing", Channel::Policy, saturday_night), Ok(yes));
    for (class, channel, now) in [
        ("destructive", Channel::Policy, saturday_night),
        ("opaque", Channel::Policy, saturday_night),
        ("changing", Channel::BreakGlass, saturday_night),
        ("changing", Channel::Email, saturday_night),
        ("changing", Channel::Policy, saturday_night - 2 * 3_600_000),
        ("changing", Channel::Policy, saturday_night + 7 * 3_600_000),
        ("changing", Channel::Policy, saturday_night + 2 * 86_400_000),
        ("changing", Channel::Policy, saturday_night + 35 * 86_400_000),
    ] {
        assert_eq!(
            ask(&chain, class, channel, now).unwrap_err().code(),
            "consent_missing",
            "{class} {channel:?} {now}"
        );
    }
    // It stands as long as the key that signed it.
    chain.say(7, introduces(8));
    assert!(ask(&chain, "changing", Channel::Policy, saturday_night).is_ok());
    let mut revoked = Chain {
        signed: chain.signed.clone(),
    };
    revoked.say(8, ContactSaid::KeyRevoked { device: device(7) });
    assert!(ask(&revoked, "changing", Channel::Policy, saturday_night).is_err());
    chain.say(
        8,
        ContactSaid::PreAuthorisationWithdrawn {
            name: "after-hours".into(),
        },
    );
    assert!(ask(&chain, "changing", Channel::Policy, saturday_night).is_err());
    let mut endless = granted(Channel::Policy);
    endless.until_ms = endless.from_ms;
    let mut nothing = granted(Channel::Policy);
    nothing.classes.clear();
    for senseless in [endless, nothing, granted(Channel::Console)] {
        let said = ContactSaid::PreAuthorisationGranted(senseless);
        let signed = chain.statement(8, said).sign(&key(8)).unwrap();
        assert_eq!(chain.refuses(&signed).code(), "malformed");
    }
}

#[test]
fn consent_format_unchanged() {
    let mut chain = Chain::begun();
    chain.say(7, introduces(8));
    chain.say(8, ContactSaid::PreAuthorisationGranted(granted(Channel::Policy)));
    chain.say(
        7,
        ContactSaid::PolicyAgreed {
            policy: "default".into(),
            version: 1,
            digest: "11".repeat(32),
        },
    );
    chain.say(
        7,
        ContactSaid::PreAuthorisationWithdrawn {
            name: "after-hours".into(),
        },
    );
    chain.say(8, ContactSaid::KeyRevoked { device: device(7) });
    chain.trust().unwrap();
    let digests: Vec<Value> = chain
        .signed
        .iter()
        .map(|signed| json!(digest_of(&signed.statement).unwrap()))
        .collect();
    let full = Terms {
        before: Some("22".repeat(32)),
        assurance: Assurance::Number,
        needed: 2,
        ..terms()
    };
    let full = Request::about(&proposal(), full).unwrap();
    let vectors: Vec<Value> = [(request(), Assurance::Signed), (full, Assurance::Number)]
        .into_iter()
        .map(|(request, assurance)| {
            json!({
                "request": request,
                "digest": request.digest().unwrap(),
                "decision": decided(&request, 7, Decision::Approved, assurance),
            })
        })
        .collect();
    check(
        "consent.json",
        &json!({
            "format": "caisey consent 1",
            "proposal": proposal(),
            "requests": vectors,
            "chain": chain.signed,
            "chain_digests": digests,
        }),
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Whatever byte of the consent is changed on the way, as JSON: it is not read, is refused, or says the same.
    #[test]
    fn no_changed_byte_gives_another_permission(at in any::<prop::sample::Index>(), to in any::<u8>()) {
        let mut bytes = serde_json::to_vec(&approved()).unwrap();
        let at = at.index(bytes.len());
        bytes[at] = to;
        if let Ok(changed) = serde_json::from_slice::<Consent>(&bytes)
            && let Ok(basis) = asks(Some(&changed), "changing", NOW)
        {
            prop_assert_eq!(basis, asks(Some(&approved()), "changing", NOW).unwrap());
            prop_assert_eq!(changed.request.map(|request| request.digest()), approved().request.map(|request| request.digest()));
        }
    }
}
