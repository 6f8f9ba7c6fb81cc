//! Approvals on one Endpoint object: who is asked, what counts, what is refused, and what runs.

use crate::{Desk, answer_to};
use caisey_control::audience::Viewer;
use caisey_control::endpoint::{Input, prompt};
use caisey_control::letter::Letter;
use caisey_control::port::{Answer, DirectoryChange, Effect, RequestId};
use caisey_control::rules::Rules;
use caisey_ledger::consent::{
    Approver, Basis, Consent, ConsentFault, ContactSaid, Deed, PreAuthorisation, SignedContactStatement, Trust, permitted,
};
use caisey_ledger::entry::SignedStatement;
use caisey_ledger::event::{Channel, Decision};
use caisey_ledger::id::{ActionId, SessionId, TimeMs};
use caisey_policy::document::{Document, Scope};
use caisey_protocol::consent::{AboutApproval, ApprovalAnswer, ApprovalState, ApprovalView, ApprovalWord, EndpointTraits};
use caisey_protocol::error::{ErrorBody, ErrorCode};
use caisey_protocol::mail::MailContact;
use caisey_protocol::role::Role;
use caisey_testkit::person::Person;
use std::sync::Arc;

pub const CHANGING: &str = "chmod 600 /etc/ssh/sshd_config";
pub const DESTRUCTIVE: &str = "rm /var/log/old.log";

/// A command that needs consent where a client has contacts.
pub fn changing() -> &'static str {
    CHANGING
}

/// A desk whose client has contacts.
pub struct Room {
    pub desk: Desk,
    pub zdenka: Person,
    pub chain: Vec<SignedContactStatement>,
    revision: u64,
    policies: Vec<Document>,
    /// As consoles were last shown it.
    pub view: Option<ApprovalView>,
    /// Contacts who get e-mail.
    pub mailing: Vec<MailContact>,
    /// Mails that were to be sent, oldest first.
    pub letters: Vec<Letter>,
}

impl Room {
    pub fn new() -> Self {
        let desk = Desk::new();
        let identity = &desk.plane.identity;
        let zdenka = Person::contact(50, &identity.organisation, &identity.client);
        let mut room = Self {
            desk,
            zdenka,
            chain: Vec::new(),
            revision: 0,
            policies: Vec::new(),
            view: None,
            mailing: Vec::new(),
            letters: Vec::new(),
        };
        let first = room.zdenka.says(&[], room.desk.plane.time(), room.zdenka.introduced());
        room.say(first);
        room.desk.connect();
        room
    }

    pub fn say(&mut self, said: SignedContactStatement) {
        self.chain.push(said);
        self.brief();
    }

    pub fn brief(&mut self) {
        self.revision += 1;
        let rules = Rules {
            revision: self.revision,
            traits: EndpointTraits::default(),
            policies: self.policies.clone(),
            chain: self.chain.clone(),
            mailing: self.mailing.clone(),
        };
        let effects = self.desk.batch(Input::Rules(Arc::new(rules)));
        self.desk.pump(effects);
    }

    pub fn publish(&mut self, text: &str) {
        self.policies = vec![Document {
            name: "house".into(),
            version: self.policies.len() as u64 + 1,
            scope: Scope::Organisation,
            text: text.into(),
            form: None,
        }];
        self.brief();
    }

    pub fn submit(&mut self, by: &Person, said: SignedStatement) -> Result<(), ErrorBody> {
        let request = RequestId(self.next());
        let effects = self.desk.batch(Input::Submit(request, by.caller(), Box::new(said)));
        let others = self.desk.pump(effects);
        self.see(&others);
        answer_to(&others, request).map(drop)
    }

    pub fn next(&mut self) -> u64 {
        self.desk.requests += 1;
        self.desk.requests
    }

    pub fn see(&mut self, effects: &[Effect]) {
        for effect in effects {
            if let Effect::Mail(letter) = effect {
                self.letters.push((**letter).clone());
            }
            if let Effect::Directory(DirectoryChange::Approval(view)) = effect {
                self.view = Some((**view).clone());
            }
        }
    }

    pub fn propose(&mut self, session: &SessionId, number: u8, command: &str) -> ActionId {
        let action = ActionId::from_bits([number; 16]);
        let said = self
            .desk
            .person
            .propose(&self.desk.log(), self.desk.plane.time(), session, &action, command);
        let by = self.desk.person.caller();
        let request = RequestId(self.next());
        let effects = self.desk.batch(Input::Submit(request, by, Box::new(said)));
        let others = self.desk.pump(effects);
        self.see(&others);
        answer_to(&others, request).unwrap();
        action
    }

    pub fn about(&mut self, by: &Person, action: &ActionId, what: ApprovalWord) -> Result<ApprovalAnswer, ErrorBody> {
        let request = RequestId(self.next());
        let about = AboutApproval {
            action: action.clone(),
            what,
        };
        let effects = self.desk.batch(Input::AboutApproval(request, by.caller(), about));
        self.see(&effects);
        answer_to(&effects, request).map(|answer| match answer {
            Answer::Approval(answer) => *answer,
            other => panic!("{other:?}"),
        })
    }

    pub fn decide(&mut self, mut by: Person, decision: Decision, number: Option<&str>) -> Result<(), ErrorBody> {
        let said = self.decision(&mut by, decision, number);
        self.submit(&by, said)
    }

    pub fn decision(&self, by: &mut Person, decision: Decision, number: Option<&str>) -> SignedStatement {
        let request = self.view.as_ref().unwrap().prompt.as_ref().unwrap().request.clone();
        by.decide(&request, self.desk.plane.time(), decision, number)
    }

    pub fn zdenka(&self) -> Person {
        self.clone_of(50)
    }

    pub fn clone_of(&self, seed: u64) -> Person {
        let identity = &self.desk.plane.identity;
        Person::contact(seed, &identity.organisation, &identity.client)
    }

    pub fn technician(&self) -> Person {
        Person::new(2, &self.desk.plane.identity.organisation, Role::Technician)
    }

    pub fn number(&mut self, action: &ActionId) -> String {
        let technician = self.technician();
        self.about(&technician, action, ApprovalWord::Look).unwrap().number.unwrap()
    }

    pub fn state(&self) -> ApprovalState {
        self.view.as_ref().unwrap().state
    }

    /// Kinds of entries from the proposal on.
    pub fn tail(&self) -> Vec<String> {
        let kinds = self.desk.plane.kinds();
        let from = kinds.iter().rposition(|kind| kind == "action.proposed").unwrap();
        kinds[from..].to_vec()
    }

    /// What the endpoint would say to every run that it was sent.
    pub fn permitted(&self) -> Vec<Basis> {
        self.judged().into_iter().map(Result::unwrap).collect()
    }

    /// The same, refusals too.
    pub fn judged(&self) -> Vec<Result<Basis, ConsentFault>> {
        let identity = &self.desk.plane.identity;
        // Told again with every connection, as the endpoint expects.
        let mut chain: Vec<SignedContactStatement> = Vec::new();
        for said in &self.desk.runtime.contacts {
            if !chain.contains(said) {
                chain.push(said.clone());
            }
        }
        let trust = Trust::replay(&identity.organisation, &identity.client, &chain).unwrap();
        let now = self.desk.plane.time();
        let judge = |(proposal, consent): &(SignedStatement, Option<Consent>)| {
            let command = proposal.disclosures["command"].full_text().unwrap();
            let class = caisey_command::read(caisey_ledger::event::Interpreter::Sh, command).class;
            let deed = Deed {
                proposal,
                class: class.word(),
                now,
            };
            permitted(&trust, deed, consent.as_ref())
        };
        self.desk.runtime.told.iter().map(judge).collect()
    }
}

pub fn code(answer: Result<(), ErrorBody>) -> ErrorCode {
    answer.unwrap_err().code
}

#[test]
fn what_a_contact_approves_runs_and_the_endpoint_agrees() {
    let mut room = Room::new();
    let session = room.desk.open(1);
    let action = room.propose(&session, 1, CHANGING);
    assert!(room.desk.runtime.told.is_empty(), "nothing is sent before somebody says yes");
    let view = room.view.clone().unwrap();
    assert_eq!(
        (view.state, view.class.as_str(), view.approver),
        (ApprovalState::Pending, "changing", Approver::Contact)
    );
    let asked = view.prompt.unwrap();
    asked.request.check_about(&asked.proposal).unwrap();
    assert_eq!(asked.request.digest().unwrap(), view.digest);
    assert_eq!(asked.object, "file or folder “/etc/ssh/sshd_config”");
    assert!(asked.current_state.starts_with("Not known"));
    let zdenka = room.zdenka();
    room.about(&zdenka, &action, ApprovalWord::Delivered).unwrap();
    assert_eq!(room.state(), ApprovalState::Delivered);
    let shown = room.about(&zdenka, &action, ApprovalWord::Acknowledged).unwrap();
    assert_eq!((shown.approval.state, shown.number), (ApprovalState::Acknowledged, None));
    room.decide(zdenka, Decision::Approved, None).unwrap();
    assert_eq!(room.state(), ApprovalState::Approved);
    let member = room.zdenka.member.clone();
    assert_eq!(room.permitted(), [Basis::Approved([member].into())]);
    assert_eq!(
        room.tail(),
        [
            "action.proposed",
            "approval.requested",
            "approval.delivered",
            "approval.acknowledged",
            "key.introduced",
            "approval.decided",
            "action.authorised",
            "command.started"
        ]
    );
    assert!(
        room.view.as_ref().unwrap().prompt.is_none(),
        "what is over is no longer shown to be decided"
    );
}

#[test]
fn reading_needs_nobody_and_without_contacts_roles_decide() {
    let mut room = Room::new();
    let session = room.desk.open(1);
    room.propose(&session, 1, "df -h /");
    assert_eq!(room.permitted(), [Basis::ReadOnly]);
    let mut desk = Desk::new();
    desk.connect();
    let session = desk.open(1);
    let said = desk.person.propose(
        &desk.log(),
        desk.plane.time(),
        &session,
        &ActionId::from_bits([1; 16]),
        DESTRUCTIVE,
    );
    desk.submit(said).unwrap();
    assert_eq!(desk.runtime.told.len(), 1);
}

#[test]
fn what_deletes_needs_the_number_and_three_wrong_ones_are_enough() {
    let mut room = Room::new();
    let second = room.clone_of(51);
    let introduced = room.zdenka.says(&room.chain, room.desk.plane.time(), second.introduced());
    room.say(introduced);
    let session = room.desk.open(1);
    let action = room.propose(&session, 1, DESTRUCTIVE);
    let zdenka = room.zdenka();
    assert_eq!(code(room.decide(zdenka, Decision::Approved, None)), ErrorCode::BadRequest);
    let number = room.number(&action);
    let wrong = if number == "123456" { "654321" } else { "123456" };
    for _ in 0..3 {
        room.desk.plane.now += 1;
        let zdenka = room.zdenka();
        assert_eq!(
            code(room.decide(zdenka, Decision::Approved, Some(wrong))),
            ErrorCode::BadRequest
        );
    }
    room.desk.plane.now += 1;
    let zdenka = room.zdenka();
    assert_eq!(
        code(room.decide(zdenka, Decision::Approved, Some(&number))),
        ErrorCode::Forbidden,
        "the right one comes too late"
    );
    assert!(room.desk.runtime.told.is_empty());
    room.decide(second, Decision::Approved, Some(&number)).unwrap();
    assert_eq!(room.permitted().len(), 1);
    let refused = room
        .desk
        .plane
        .kinds()
        .iter()
        .filter(|kind| *kind == "approval.answer_refused")
        .count();
    assert_eq!(refused, 5);
}

#[test]
fn a_no_a_silence_and_a_withdrawal_keep_it_from_running() {
    let mut room = Room::new();
    let session = room.desk.open(1);
    room.propose(&session, 1, CHANGING);
    let zdenka = room.zdenka();
    room.decide(zdenka, Decision::Denied, None).unwrap();
    let view = room.view.clone().unwrap();
    assert_eq!(
        (view.state, view.denied_by),
        (ApprovalState::Denied, Some(room.zdenka.member.clone()))
    );
    assert_eq!(room.tail()[2..], ["key.introduced", "approval.decided", "action.refused"]);

    room.propose(&session, 2, CHANGING);
    let late = room.decision(&mut room.zdenka(), Decision::Approved, None);
    let deadline = room.view.as_ref().unwrap().expires_at_ms;
    // Also after the host has put the object away, and nobody says anything.
    room.desk.plane.put_away();
    room.desk.batch(Input::Wake);
    while room.state() != ApprovalState::Expired {
        let next = room.desk.plane.deadline().unwrap();
        assert!(next <= deadline, "the object wants to be woken in time");
        room.desk.plane.now = next.get();
        let effects = room.desk.batch(Input::Wake);
        room.see(&effects);
        room.desk.pump(effects);
    }
    assert_eq!(room.desk.plane.time(), deadline);
    assert_eq!(room.state(), ApprovalState::Expired);
    assert_eq!(room.tail()[2..], ["approval.decided", "action.refused"]);
    let zdenka = room.zdenka();
    assert_eq!(code(room.submit(&zdenka, late.clone())), ErrorCode::Conflict);
    assert_eq!(room.tail()[4..], ["approval.answer_refused"]);
    let size = room.desk.plane.kinds().len();
    let again = room.submit(&zdenka, late).unwrap_err();
    assert!(again.detail.contains("come to its end"), "{again:?}");
    assert_eq!(
        room.desk.plane.kinds().len(),
        size,
        "the same answer again is not recorded again"
    );

    let action = room.propose(&session, 3, CHANGING);
    let cancel = room
        .desk
        .person
        .cancel(&room.desk.log(), room.desk.plane.time(), &session, &action);
    let technician = room.technician();
    room.submit(&technician, cancel).unwrap();
    assert_eq!(room.state(), ApprovalState::Withdrawn);
    assert_eq!(
        room.tail()[2..],
        ["action.cancel_requested", "approval.decided", "action.refused"]
    );
    assert!(room.desk.runtime.told.is_empty());
    let close = room.desk.person.close(&room.desk.log(), room.desk.plane.time(), &session);
    room.submit(&technician, close).unwrap();
}

#[test]
fn only_those_who_are_asked_can_answer() {
    let mut room = Room::new();
    let session = room.desk.open(1);
    let action = room.propose(&session, 1, CHANGING);
    let organisation = room.desk.plane.identity.organisation.clone();
    // A member, though an owner: the contact is asked.
    let owner = Person::new(7, &organisation, Role::Owner);
    assert_eq!(code(room.decide(owner, Decision::Approved, None)), ErrorCode::Forbidden);
    // A contact whose key nobody introduced.
    let stranger = room.clone_of(60);
    assert_eq!(code(room.decide(stranger, Decision::Approved, None)), ErrorCode::BadSignature);
    // Another client's contact: there is no such endpoint.
    let other = Person::contact(61, &organisation, &caisey_ledger::id::ClientId::from_bits([9; 16]));
    assert_eq!(
        room.about(&other, &action, ApprovalWord::Look).unwrap_err().code,
        ErrorCode::NotFound
    );
    assert_eq!(code(room.decide(other, Decision::Approved, None)), ErrorCode::NotFound);
    // Somebody who may not decide at all.
    let technician = room.technician();
    assert_eq!(code(room.decide(technician, Decision::Approved, None)), ErrorCode::Forbidden);
    // Another technician is not shown the request, and the number is told to nobody but the requester.
    let colleague = Person::new(8, &organisation, Role::Technician);
    assert_eq!(
        room.about(&colleague, &action, ApprovalWord::Look).unwrap_err().code,
        ErrorCode::NotFound
    );
    let zdenka = room.zdenka();
    assert_eq!(room.about(&zdenka, &action, ApprovalWord::Look).unwrap().number, None);
    assert_eq!(room.number(&action).len(), 6);
    assert!(room.desk.runtime.told.is_empty());
}

#[test]
fn a_contact_does_not_approve_what_they_proposed_and_members_decide_where_policy_asks_them() {
    let mut room = Room::new();
    room.chain.clear();
    let mut desk = Desk::new();
    desk.connect();
    room.desk = desk;
    room.publish(r#"@require("member") @count("2") permit (principal, action, resource);"#);
    let session = room.desk.open(1);
    room.propose(&session, 1, CHANGING);
    let organisation = room.desk.plane.identity.organisation.clone();
    let mut requester = room.technician();
    requester.role = Role::Owner;
    let own = room.decide(requester, Decision::Approved, None).unwrap_err();
    assert!(own.detail.contains("asked for this action yourself"), "{own:?}");
    let first = Person::new(7, &organisation, Role::Owner);
    room.decide(first, Decision::Approved, None).unwrap();
    assert!(room.desk.runtime.told.is_empty(), "one of two");
    room.desk.plane.now += 1;
    let first = Person::new(7, &organisation, Role::Owner);
    assert_eq!(code(room.decide(first, Decision::Approved, None)), ErrorCode::Conflict);
    let second = Person::new(8, &organisation, Role::Admin);
    room.decide(second, Decision::Approved, None).unwrap();
    assert_eq!(room.desk.runtime.told.len(), 1);
    assert_eq!(room.view.as_ref().unwrap().policy, "house");
}

#[test]
fn where_policy_asks_an_owner_an_administrator_is_not_shown_it_and_does_not_count() {
    let mut room = Room::new();
    room.chain.clear();
    let mut desk = Desk::new();
    desk.connect();
    room.desk = desk;
    room.publish(r#"@require("owner") permit (principal, action, resource);"#);
    let session = room.desk.open(1);
    room.propose(&session, 1, CHANGING);
    let organisation = room.desk.plane.identity.organisation.clone();
    let (admin, owner) = (
        Person::new(7, &organisation, Role::Admin),
        Person::new(8, &organisation, Role::Owner),
    );
    let sees = |person: &Person, room: &Room| {
        let viewer = Viewer {
            member: person.member.clone(),
            role: person.role,
            client: None,
        };
        viewer.sees(room.view.as_ref().unwrap())
    };
    assert!(!sees(&admin, &room) && sees(&owner, &room));
    let refused = room.decide(admin, Decision::Approved, None).unwrap_err();
    assert_eq!(refused.code, ErrorCode::Forbidden, "{refused:?}");
    assert!(room.desk.runtime.told.is_empty());
    room.decide(owner, Decision::Approved, None).unwrap();
    assert_eq!(room.desk.runtime.told.len(), 1);
}

#[test]
fn a_policy_forbids_and_what_the_endpoint_would_refuse_is_asked_instead() {
    let mut room = Room::new();
    room.publish(r#"forbid (principal, action == Action::"destructive", resource); permit (principal, action, resource);"#);
    let session = room.desk.open(1);
    room.propose(&session, 1, DESTRUCTIVE);
    assert_eq!(room.tail(), ["action.proposed", "action.refused"]);
    // Allowed by the organisation, but the client's contacts have a say: the built-in policy asks them.
    room.propose(&session, 2, CHANGING);
    assert_eq!(room.view.as_ref().unwrap().policy, "default");
    assert!(room.desk.runtime.told.is_empty());
}

#[test]
fn policies_know_with_which_rights_a_runtime_runs_commands() {
    for (said, goes) in [(None, false), (Some(true), false), (Some(false), true)] {
        let mut room = Room::new();
        room.desk.runtime.elevated = said;
        // Connected anew, and put away in between: what was said is kept.
        room.desk.connect();
        room.desk.plane.put_away();
        room.publish("forbid (principal, action, resource) when { context.elevated }; permit (principal, action, resource);");
        let session = room.desk.open(1);
        room.propose(&session, 1, "df -h /");
        assert_eq!(
            room.tail().contains(&"action.authorised".to_owned()),
            goes,
            "{said:?}: {:?}",
            room.tail()
        );
    }
}

pub fn granted(channel: Channel, until: TimeMs) -> ContactSaid {
    ContactSaid::PreAuthorisationGranted(PreAuthorisation {
        name: "nights".into(),
        endpoints: vec![],
        classes: vec!["changing".into()],
        channel,
        window: None,
        from_ms: TimeMs::default(),
        until_ms: until,
    })
}

#[test]
fn what_was_allowed_beforehand_runs_under_its_name() {
    let mut room = Room::new();
    let until = TimeMs::new(room.desk.plane.now + 1_000).unwrap();
    let said = room
        .zdenka
        .says(&room.chain, room.desk.plane.time(), granted(Channel::Policy, until));
    room.say(said);
    let session = room.desk.open(1);
    room.propose(&session, 1, CHANGING);
    assert_eq!(
        room.permitted(),
        [Basis::PreAuthorised {
            name: "nights".into(),
            number: 2
        }]
    );
    room.desk.plane.now += 1_000;
    room.propose(&session, 2, CHANGING);
    assert_eq!(room.state(), ApprovalState::Pending, "it has ended");
}

#[test]
fn an_emergency_runs_where_it_was_allowed_is_loud_and_waits_for_somebody_elses_review() {
    let mut room = Room::new();
    let session = room.desk.open(1);
    let action = room.propose(&session, 1, CHANGING);
    let technician = room.technician();
    let log = room.desk.log();
    let emergency = room.desk.person.break_glass(&log, room.desk.plane.time(), &session, &action);
    assert_eq!(
        code(room.submit(&technician, emergency)),
        ErrorCode::Forbidden,
        "nobody allowed it"
    );
    assert_eq!(room.state(), ApprovalState::Pending);
    let until = TimeMs::new(room.desk.plane.now + 1_000_000).unwrap();
    let said = room
        .zdenka
        .says(&room.chain, room.desk.plane.time(), granted(Channel::BreakGlass, until));
    room.say(said);
    room.desk.plane.now += 1;
    let emergency = room.desk.person.break_glass(&log, room.desk.plane.time(), &session, &action);
    room.submit(&technician, emergency).unwrap();
    let view = room.view.clone().unwrap();
    assert_eq!((view.state, view.review_due), (ApprovalState::Withdrawn, true));
    assert!(matches!(&room.permitted()[..], [Basis::PreAuthorised { name, .. }] if name == "nights"));
    let mut requester = room.technician();
    requester.role = Role::Admin;
    let own = requester.review(&log, room.desk.plane.time(), &session, &action);
    assert_eq!(code(room.submit(&requester, own)), ErrorCode::Forbidden);
    let mut zdenka = room.zdenka();
    let review = zdenka.review(&log, room.desk.plane.time(), &session, &action);
    room.submit(&zdenka, review).unwrap();
    assert!(!room.view.as_ref().unwrap().review_due);
    room.desk.plane.now += 1;
    let again = zdenka.review(&log, room.desk.plane.time(), &session, &action);
    assert_eq!(code(room.submit(&zdenka, again)), ErrorCode::Conflict);
    assert_eq!(
        room.tail(),
        [
            "action.proposed",
            "approval.requested",
            "action.break_glass",
            "approval.decided",
            "action.authorised",
            "command.started",
            "key.introduced",
            "action.reviewed"
        ]
    );
}

#[test]
fn a_request_survives_its_object_and_an_approval_that_finds_the_endpoint_away_is_sent_when_it_is_back() {
    let mut room = Room::new();
    let session = room.desk.open(1);
    room.propose(&session, 1, CHANGING);
    room.desk.plane.put_away();
    room.desk.drop_connection();
    let zdenka = room.zdenka();
    room.decide(zdenka, Decision::Approved, None).unwrap();
    room.desk.plane.put_away();
    room.desk.connect();
    assert_eq!(room.permitted().len(), 1);
    room.desk.connect();
    assert_eq!(room.desk.runtime.starts.values().copied().collect::<Vec<_>>(), [1]);
}

#[test]
fn an_erased_command_is_shown_to_nobody_and_cannot_run() {
    let mut room = Room::new();
    let session = room.desk.open(1);
    let action = room.propose(&session, 1, CHANGING);
    let seq = room.view.as_ref().unwrap().proposal_seq;
    let owner = Person::new(7, &room.desk.plane.identity.organisation, Role::Owner);
    let request = RequestId(room.next());
    let effects = room.desk.batch(Input::Erase(
        request,
        owner.caller(),
        seq,
        vec!["command".into()],
        "a password".into(),
    ));
    room.see(&effects);
    answer_to(&effects, request).unwrap();
    let shown = prompt(&room.desk.plane.store, &action).unwrap().unwrap();
    assert!(!shown.proposal.disclosures.contains_key("command"));
    let zdenka = room.zdenka();
    room.decide(zdenka, Decision::Approved, None).unwrap();
    assert!(room.desk.runtime.told.is_empty());
    assert_eq!(room.tail().last().unwrap(), "action.refused");
}

#[test]
fn the_state_that_somebody_looked_at_is_shown_to_whoever_is_asked() {
    let mut room = Room::new();
    let session = room.desk.open(1);
    let probe = "ls -ld -- '/etc/ssh/sshd_config'";
    let look = room.propose(&session, 1, probe);
    let now = room.desk.plane.time();
    room.desk
        .runtime
        .print(now, &look, "-rw-r--r-- 1 root root 3223 /etc/ssh/sshd_config\n");
    room.desk.runtime.finish(now, &look, caisey_ledger::event::RunOutcome::Exited);
    let sent = room.desk.runtime.send(10).unwrap();
    let effects = room.desk.message(sent);
    room.desk.pump(effects);
    room.propose(&session, 2, CHANGING);
    let state = room.view.as_ref().unwrap().prompt.as_ref().unwrap().current_state.clone();
    assert!(state.starts_with("-rw-r--r--"), "{state}");
}

#[test]
fn a_nudge_is_the_requesters_and_once_a_minute() {
    let mut room = Room::new();
    let session = room.desk.open(1);
    let action = room.propose(&session, 1, CHANGING);
    let (technician, zdenka) = (room.technician(), room.zdenka());
    let nudge = |room: &mut Room, by: &Person| room.about(by, &action, ApprovalWord::Nudge).map_err(|body| body.code);
    assert_eq!(nudge(&mut room, &technician).unwrap_err(), ErrorCode::Conflict, "too soon");
    room.desk.plane.now += 60_000;
    assert_eq!(nudge(&mut room, &zdenka).unwrap_err(), ErrorCode::Forbidden);
    assert_eq!(nudge(&mut room, &technician).unwrap().approval.nudges, 1);
    assert_eq!(room.tail()[2..], ["approval.nudged"]);
}

#[test]
fn rules_never_go_back_and_a_chain_only_grows() {
    let mut room = Room::new();
    let chain = std::mem::take(&mut room.chain);
    room.brief();
    room.chain = chain;
    let session = room.desk.open(1);
    room.propose(&session, 1, CHANGING);
    assert_eq!(
        room.state(),
        ApprovalState::Pending,
        "a chain that was left out is not forgotten"
    );
    let old = Rules {
        revision: 1,
        ..Rules::default()
    };
    room.desk.batch(Input::Rules(Arc::new(old)));
    room.desk.plane.put_away();
    room.propose(&session, 2, CHANGING);
    assert_eq!(room.state(), ApprovalState::Pending);
    assert!(room.desk.runtime.told.is_empty());
}
