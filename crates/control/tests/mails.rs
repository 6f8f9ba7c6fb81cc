//! E-mail on one Endpoint object: who gets it, what a link does and does not do, and what becomes of mail that does not go out.

use crate::answer_to;
use crate::approvals::{Room, changing};
use caisey_control::endpoint::{Input, behind_link};
use caisey_control::letter::{Letter, LinkToken, Over, Sent, Shown, Tries, Typed};
use caisey_control::organisation::{Reply, Request};
use caisey_control::port::{Answer, RequestId};
use caisey_control::store::Store as _;
use caisey_ledger::consent::{Basis, ContactSaid, PreAuthorisation};
use caisey_ledger::event::Channel;
use caisey_ledger::id::{ActionId, MemberId, TimeMs};
use caisey_protocol::consent::{ApprovalState, ApprovalWord};
use caisey_protocol::error::ErrorCode;
use caisey_protocol::http::CreateClient;
use caisey_protocol::mail::{MailContact, MailContacts, MailState, MailView};
use caisey_protocol::role::Role;
use caisey_testkit::person::Person;

const BY_LINK: &str = r#"@require("contact") @assurance("link") permit (principal, action, resource);"#;

fn listed(seed: u8, name: &str) -> MailContact {
    MailContact {
        member: Some(MemberId::from_bits([seed; 16])),
        name: name.into(),
        address: format!("contact{seed}@example.com"),
    }
}

/// A room where a link suffices, as far as the control plane is concerned, and two contacts get mail.
fn mailed() -> (Room, ActionId) {
    let mut room = Room::new();
    room.mailing = vec![listed(70, "Zdenka"), listed(71, "Milan")];
    room.publish(BY_LINK);
    let session = room.desk.open(1);
    let action = room.propose(&session, 1, changing());
    (room, action)
}

/// What the client allows beforehand.
fn allow_mail(room: &mut Room) {
    let granted = PreAuthorisation {
        name: "by-mail".into(),
        endpoints: vec![],
        classes: vec!["changing".into()],
        channel: Channel::Email,
        window: None,
        from_ms: TimeMs::default(),
        until_ms: TimeMs::new(room.desk.plane.now + 86_400_000).unwrap(),
    };
    let said = ContactSaid::PreAuthorisationGranted(granted);
    let said = room.zdenka.says(&room.chain, room.desk.plane.time(), said);
    room.say(said);
}

fn wake(room: &mut Room) {
    tell(room, Input::Wake);
}

fn tell(room: &mut Room, input: Input) {
    let effects = room.desk.batch(input);
    let others = room.desk.pump(effects);
    room.see(&others);
}

fn result(room: &mut Room, letter: &Letter, sent: Sent) {
    let input = Input::MailSent(letter.action.clone(), letter.member.clone(), letter.attempt, sent);
    tell(room, input);
}

fn look(room: &Room, token: &LinkToken) -> Shown {
    behind_link(&room.desk.plane.store, token, room.desk.plane.time()).unwrap()
}

fn typed(room: &mut Room, letter: &Letter, number: &str, approve: bool) -> Shown {
    let typed = Typed {
        token: letter.token.clone(),
        approve,
        number: number.into(),
        reason: "not today".into(),
    };
    let request = RequestId(room.next());
    let effects = room.desk.batch(Input::AnswerByLink(request, Box::new(typed)));
    let others = room.desk.pump(effects);
    room.see(&others);
    match answer_to(&others, request).unwrap() {
        Answer::ByLink(shown) => *shown,
        other => panic!("{other:?}"),
    }
}

fn mails(room: &Room) -> Vec<MailView> {
    room.view.as_ref().unwrap().mails.clone()
}

fn states(room: &Room) -> Vec<MailState> {
    mails(room).into_iter().map(|mail| mail.state).collect()
}

fn count(room: &Room, kind: &str) -> usize {
    room.desk.plane.kinds().iter().filter(|found| *found == kind).count()
}

/// Everything that is stored about mails, and the whole log.
fn dump(room: &Room) -> String {
    let tables = ["mails", "mail_links", "mailing", "approvals", "entries", "texts"];
    let rows = tables.map(|table| room.desk.plane.store.exec(&format!("SELECT * FROM {table}"), &[]).unwrap());
    format!("{rows:?}")
}

fn wrong(number: &str) -> &'static str {
    if number == "123456" { "654321" } else { "123456" }
}

#[test]
fn every_listed_contact_gets_one_mail_with_a_secret_of_their_own() {
    let (mut room, action) = mailed();
    assert_eq!(room.letters.len(), 2);
    let (one, two) = (room.letters[0].clone(), room.letters[1].clone());
    assert_ne!(one.token.expose(), two.token.expose());
    assert_eq!(one.facts.command.as_deref(), Some(changing()));
    assert_eq!(states(&room), [MailState::Sending, MailState::Sending]);
    result(&mut room, &one, Sent::Accepted);
    assert_eq!(states(&room), [MailState::Accepted, MailState::Sending]);
    assert_eq!(room.state(), ApprovalState::Delivered);
    assert_eq!(count(&room, "approval.delivered"), 1);
    result(&mut room, &one, Sent::Accepted);
    assert_eq!(count(&room, "approval.delivered"), 1, "the same word twice is one");
    // The secret is nowhere in the store.
    let dump = dump(&room);
    assert!(dump.contains("contact70@example.com"), "the store can be searched");
    let secret = one.token.expose().rsplit('.').next().unwrap();
    assert!(!dump.contains(secret));
    // Looking changes nothing, however often.
    let size = room.desk.plane.kinds().len();
    for _ in 0..5 {
        assert!(matches!(
            look(&room, &one.token),
            Shown::Open(_, Tries { left: 3, wrong: false })
        ));
    }
    assert_eq!(room.desk.plane.kinds().len(), size);
    let technician = room.technician();
    room.about(&technician, &action, ApprovalWord::Look).unwrap();
}

#[test]
fn the_number_approves_and_the_endpoint_runs_it_only_where_the_client_allowed_mail() {
    for allowed in [true, false] {
        let (mut room, action) = mailed();
        if allowed {
            allow_mail(&mut room);
        }
        let number = room.number(&action);
        let letter = room.letters[0].clone();
        let spaced = format!("{} {}", &number[..3], &number[3..]);
        assert_eq!(
            typed(&mut room, &letter, &spaced, true),
            Shown::Over(Over::YouApproved { waiting: false })
        );
        assert_eq!(room.state(), ApprovalState::Approved);
        assert_eq!(
            room.tail()[..6],
            [
                "action.proposed",
                "approval.requested",
                "approval.delivered",
                "approval.acknowledged",
                "approval.decided",
                "action.authorised"
            ]
        );
        let basis = if allowed {
            assert_eq!(room.permitted().len(), 1);
            room.permitted().remove(0)
        } else {
            assert_eq!(room.judged()[0].as_ref().unwrap_err().code(), "consent_missing");
            continue;
        };
        assert!(matches!(basis, Basis::PreAuthorised { .. }), "{basis:?}");
        // Single use, and nothing more for the other one.
        assert_eq!(
            typed(&mut room, &letter, &number, false),
            Shown::Over(Over::YouApproved { waiting: false })
        );
        let other = room.letters[1].clone();
        assert_eq!(look(&room, &other.token), Shown::Over(Over::Approved));
        assert_eq!(states(&room), [MailState::NotNeeded, MailState::NotNeeded]);
    }
}

#[test]
fn without_the_number_nothing_is_approved_and_nothing_denied_and_three_wrong_ones_lock() {
    let (mut room, action) = mailed();
    let number = room.number(&action);
    let letter = room.letters[0].clone();
    let shown = typed(&mut room, &letter, "", true);
    assert!(matches!(shown, Shown::Open(_, Tries { left: 2, wrong: true })), "{shown:?}");
    let shown = typed(&mut room, &letter, wrong(&number), false);
    assert!(matches!(shown, Shown::Open(_, Tries { left: 1, wrong: true })), "{shown:?}");
    assert_eq!(typed(&mut room, &letter, wrong(&number), true), Shown::Over(Over::Locked));
    assert_eq!(
        typed(&mut room, &letter, &number, true),
        Shown::Over(Over::Locked),
        "the right one comes too late"
    );
    assert_eq!(typed(&mut room, &letter, &number, false), Shown::Over(Over::Locked));
    assert_eq!(count(&room, "approval.decided"), 0);
    assert_eq!(
        count(&room, "approval.answer_refused"),
        5,
        "those that came when it was locked are on record too"
    );
    assert!(!room.state().is_terminal());
    // The other contact is not locked out by it.
    let other = room.letters[1].clone();
    assert_eq!(typed(&mut room, &other, &number, false), Shown::Over(Over::YouDenied));
    assert_eq!(room.state(), ApprovalState::Denied);
    assert_eq!(look(&room, &letter.token), Shown::Over(Over::Denied));
    assert!(room.desk.runtime.told.is_empty());
}

#[test]
fn an_unknown_link_and_one_that_lapsed_lead_to_nothing() {
    let (mut room, _) = mailed();
    let letter = room.letters[0].clone();
    let forged = LinkToken::new(format!("{}x", letter.token.expose()));
    assert_eq!(look(&room, &forged), Shown::Unknown);
    room.desk.plane.now = room.view.as_ref().unwrap().expires_at_ms.get();
    assert_eq!(
        look(&room, &letter.token),
        Shown::Over(Over::Expired),
        "before anybody woke the object"
    );
    assert_eq!(typed(&mut room, &letter, "", true), Shown::Over(Over::Expired));
    let refused = |room: &Room| {
        room.desk
            .plane
            .kinds()
            .iter()
            .filter(|kind| *kind == "approval.answer_refused")
            .count()
    };
    assert_eq!(refused(&room), 0, "nobody answered anything");
    assert_eq!(typed(&mut room, &letter, "000000", true), Shown::Over(Over::Expired));
    assert_eq!(refused(&room), 1, "an answer that came too late is on record");
    assert_eq!(room.state(), ApprovalState::Expired);
    for _ in 0..40 {
        typed(&mut room, &letter, "000000", false);
    }
    assert!(refused(&room) <= 32, "and nobody fills a record with them");
}

#[test]
fn nobody_is_mailed_where_a_link_does_not_suffice() {
    let mut room = Room::new();
    room.mailing = vec![listed(70, "Zdenka")];
    room.brief();
    let session = room.desk.open(1);
    room.propose(&session, 1, changing());
    assert!(room.letters.is_empty() && mails(&room).is_empty());
}

#[test]
fn what_does_not_go_out_is_tried_again_later_and_later_until_it_lapses() {
    let (mut room, _) = mailed();
    let lapses = room.view.as_ref().unwrap().expires_at_ms.get();
    let down = || Sent::Failed("The mail server could not be reached.".into());
    let milan = room.letters[1].clone();
    result(
        &mut room,
        &milan,
        Sent::Refused("The mail server refused it for good.".into()),
    );
    let mut last = room.letters[0].clone();
    let mut waits = Vec::new();
    loop {
        let from = room.desk.plane.now;
        result(&mut room, &last, down());
        let view = mails(&room).remove(0);
        assert!(view.detail.contains("could not be reached"), "{view:?}");
        if view.state == MailState::GaveUp {
            break;
        }
        assert_eq!(view.state, MailState::Waiting);
        while room.letters.last().unwrap().attempt == last.attempt || room.letters.last().unwrap().member != last.member {
            room.desk.plane.now = room.desk.plane.deadline().unwrap().get();
            wake(&mut room);
        }
        waits.push(room.desk.plane.now - from);
        last = room.letters.last().unwrap().clone();
        assert!(room.desk.plane.now < lapses);
    }
    assert_eq!(waits[..4], [2_000, 6_000, 18_000, 54_000]);
    assert_eq!(
        states(&room)[1],
        MailState::Refused,
        "what is refused for good is not tried again"
    );
    assert_eq!(count(&room, "approval.delivered"), 0);
    // The requester asks again, and the mail server is back.
    let technician = room.technician();
    let action = last.action.clone();
    room.desk.plane.now += 60_000;
    if room.desk.plane.now < lapses {
        room.about(&technician, &action, ApprovalWord::Nudge).unwrap();
        let again = room.letters.last().unwrap().clone();
        assert_eq!(again.attempt, last.attempt + 1);
        result(&mut room, &again, Sent::Accepted);
        assert_eq!(states(&room)[0], MailState::Accepted);
    }
}

#[test]
fn a_stop_between_taking_and_recording_sends_once_more_and_both_links_are_one() {
    let (mut room, action) = mailed();
    allow_mail(&mut room);
    let first = room.letters[0].clone();
    // The mail server has it, and the control plane stops before it says so.
    room.desk.plane.put_away();
    room.letters.clear();
    wake(&mut room);
    assert!(room.letters.is_empty(), "what may still be under way is not repeated at once");
    room.desk.plane.now += 60_000;
    wake(&mut room);
    room.desk.plane.now += 2_000;
    wake(&mut room);
    let again = room
        .letters
        .iter()
        .find(|letter| letter.member == first.member)
        .unwrap()
        .clone();
    assert_eq!(again.attempt, 2);
    assert_ne!(again.token.expose(), first.token.expose());
    assert!(mails(&room)[0].detail.contains("may arrive twice"));
    // The first attempt's word comes late all the same, and counts once.
    result(&mut room, &first, Sent::Accepted);
    result(&mut room, &again, Sent::Accepted);
    assert_eq!(count(&room, "approval.delivered"), 1);
    let number = room.number(&action);
    assert!(matches!(typed(&mut room, &first, wrong(&number), true), Shown::Open(..)));
    assert!(
        matches!(look(&room, &again.token), Shown::Open(_, Tries { left: 2, .. })),
        "one contact, one count"
    );
    assert_eq!(
        typed(&mut room, &again, &number, true),
        Shown::Over(Over::YouApproved { waiting: false })
    );
    assert_eq!(look(&room, &first.token), Shown::Over(Over::YouApproved { waiting: false }));
    assert_eq!(count(&room, "approval.decided"), 1);
}

#[test]
fn one_contact_is_not_flooded() {
    let (mut room, _) = mailed();
    let session = room.desk.open(2);
    for number in 2..=21 {
        room.propose(&session, number, changing());
    }
    assert_eq!(room.letters.len(), 40, "20 each");
    let mail = mails(&room).remove(0);
    assert_eq!((mail.state, mail.attempts), (MailState::GaveUp, 0));
    assert!(mail.detail.contains("20 times within an hour"));
    room.desk.plane.now += 3_600_001;
    room.propose(&session, 22, changing());
    assert_eq!(room.letters.len(), 42);
}

#[test]
fn administrators_keep_the_list_and_nobody_else() {
    let mut office = crate::organisation::Office::new();
    let client = caisey_ledger::id::ClientId::from_bits([4; 16]);
    let admin = office.admin.caller();
    let made = CreateClient {
        client: client.clone(),
        name: "Client".into(),
    };
    office.ask(Request::CreateClient(admin.clone(), made)).map(drop).unwrap();
    let list = |contacts| MailContacts { contacts, sending: None };
    let one = MailContact {
        member: None,
        name: "Zdenka".into(),
        address: "zdenka@example.com".into(),
    };
    let set = |office: &mut crate::organisation::Office, by, contacts| match office.ask(Request::SetMailContacts(
        by,
        client.clone(),
        list(contacts),
    )) {
        Ok(Reply::MailContacts(list)) => Ok(list.contacts),
        Ok(_) => panic!("another reply"),
        Err(code) => Err(code),
    };
    let first = set(&mut office, admin.clone(), vec![one.clone()]).unwrap();
    assert!(first[0].member.is_some());
    assert_eq!(
        set(&mut office, admin.clone(), vec![one.clone()]).unwrap(),
        first,
        "the same person stays the same"
    );
    let twice = vec![one.clone(), one.clone()];
    assert_eq!(set(&mut office, admin.clone(), twice), Err(ErrorCode::BadRequest));
    let hostile = MailContact {
        name: "Eve\r\nBcc: all@example.com".into(),
        ..one.clone()
    };
    assert_eq!(set(&mut office, admin, vec![hostile]), Err(ErrorCode::BadRequest));
    let technician = Person::new(2, &office.organisation, Role::Technician).caller();
    assert_eq!(set(&mut office, technician, vec![one]), Err(ErrorCode::Forbidden));
}
