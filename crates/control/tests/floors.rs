//! Floors on one Endpoint object: what is asked for is enough for the endpoint by itself, and what no longer is, is taken back.

use crate::approvals::{CHANGING, DESTRUCTIVE, Room, code, granted};
use caisey_ledger::consent::{Assurance, Basis, ContactSaid, Floor};
use caisey_ledger::event::{Channel, Decision};
use caisey_ledger::id::{MemberId, TimeMs};
use caisey_protocol::consent::ApprovalState;
use caisey_protocol::error::ErrorCode;
use caisey_protocol::mail::MailContact;

fn floor(class: &str, needed: u32, assurance: Assurance) -> Floor {
    Floor {
        name: "least".into(),
        endpoints: vec![],
        class: class.into(),
        needed,
        assurance,
        except: vec![],
    }
}

impl Room {
    fn says(&mut self, says: ContactSaid) {
        let said = self.zdenka.says(&self.chain, self.desk.plane.time(), says);
        self.say(said);
    }

    /// Another contact whose key counts.
    fn with_milan() -> Self {
        let mut room = Self::new();
        let milan = room.clone_of(51);
        room.says(milan.introduced());
        room
    }

    fn asked_for(&self) -> (u32, Assurance) {
        let view = self.view.as_ref().unwrap();
        (view.needed, view.assurance)
    }
}

#[test]
fn what_is_asked_for_is_raised_to_the_floor_and_the_endpoint_agrees() {
    let mut room = Room::with_milan();
    // A policy of the organisation that wants less, and one that wants nothing at all.
    for (number, policy) in (1_u8..).zip([
        r#"@require("contact") permit (principal, action, resource);"#,
        "permit (principal, action, resource);",
        r#"@require("member") @count("3") permit (principal, action, resource);"#,
    ]) {
        room.publish(policy);
        room.says(ContactSaid::FloorSet(floor("changing", 2, Assurance::Number)));
        let session = room.desk.open(number);
        let action = room.propose(&session, number, CHANGING);
        assert_eq!(room.asked_for(), (2, Assurance::Number), "{policy}");
        let told = room.number(&action);
        let (zdenka, milan) = (room.zdenka(), room.clone_of(51));
        assert_eq!(code(room.decide(zdenka, Decision::Approved, None)), ErrorCode::BadRequest);
        let zdenka = room.zdenka();
        room.decide(zdenka, Decision::Approved, Some(&told)).unwrap();
        room.decide(milan, Decision::Approved, Some(&told)).unwrap();
        assert!(matches!(room.permitted().last().unwrap(), Basis::Approved(people) if people.len() == 2));
    }
    // Milder than the floor: as before.
    room.publish("");
    room.says(ContactSaid::FloorSet(floor("destructive", 2, Assurance::Number)));
    let session = room.desk.open(9);
    room.propose(&session, 9, CHANGING);
    assert_eq!(room.asked_for(), (1, Assurance::Signed));
    room.propose(&session, 10, DESTRUCTIVE);
    assert_eq!(room.asked_for(), (2, Assurance::Number));
}

#[test]
fn a_request_below_a_new_floor_is_taken_back_and_the_next_one_asks_for_enough() {
    let mut room = Room::with_milan();
    let session = room.desk.open(1);
    room.propose(&session, 1, CHANGING);
    assert_eq!(room.state(), ApprovalState::Pending);
    room.says(ContactSaid::FloorSet(floor("changing", 2, Assurance::Signed)));
    assert_eq!(
        room.tail(),
        ["action.proposed", "approval.requested", "approval.decided", "action.refused"]
    );
    let zdenka = room.zdenka();
    assert_eq!(code(room.decide(zdenka, Decision::Approved, None)), ErrorCode::Conflict);
    room.propose(&session, 2, CHANGING);
    assert_eq!(room.asked_for(), (2, Assurance::Signed));
    // A floor that it reaches leaves it open; so does one for worse things.
    room.says(ContactSaid::FloorSet(floor("destructive", 2, Assurance::Number)));
    room.says(ContactSaid::FloorSet(floor("changing", 2, Assurance::Signed)));
    let (zdenka, milan) = (room.zdenka(), room.clone_of(51));
    room.decide(zdenka, Decision::Approved, None).unwrap();
    room.decide(milan, Decision::Approved, None).unwrap();
    assert_eq!(room.permitted().len(), 1);
    assert_eq!(room.desk.runtime.starts.len(), 1);
}

#[test]
fn what_was_allowed_beforehand_is_asked_for_unless_the_floor_excepts_it() {
    let mut room = Room::new();
    let until = TimeMs::new(room.desk.plane.now + 1_000_000).unwrap();
    let except = |except: &[Channel]| {
        ContactSaid::FloorSet(Floor {
            except: except.to_vec(),
            ..floor("changing", 1, Assurance::Signed)
        })
    };
    room.says(granted(Channel::Policy, until));
    room.says(except(&[]));
    let session = room.desk.open(1);
    room.propose(&session, 1, CHANGING);
    assert_eq!(room.state(), ApprovalState::Pending);
    assert!(room.desk.runtime.told.is_empty());
    room.says(except(&[Channel::Policy]));
    room.propose(&session, 2, CHANGING);
    assert!(matches!(&room.permitted()[..], [Basis::PreAuthorised { name, .. }] if name == "nights"));

    let mut room = Room::new();
    room.says(granted(Channel::BreakGlass, until));
    room.says(except(&[Channel::Policy]));
    let session = room.desk.open(1);
    let action = room.propose(&session, 1, CHANGING);
    let (technician, log) = (room.technician(), room.desk.log());
    let emergency = room.desk.person.break_glass(&log, room.desk.plane.time(), &session, &action);
    let refused = room.submit(&technician, emergency).unwrap_err();
    assert_eq!(refused.code, ErrorCode::Forbidden);
    assert!(
        refused.detail.contains("want at least"),
        "what was allowed is held back: {refused:?}"
    );
    assert_eq!(room.state(), ApprovalState::Pending, "it stays open");
    room.says(except(&[Channel::BreakGlass]));
    room.desk.plane.now += 1;
    let emergency = room.desk.person.break_glass(&log, room.desk.plane.time(), &session, &action);
    room.submit(&technician, emergency).unwrap();
    assert!(matches!(&room.permitted()[..], [Basis::PreAuthorised { name, .. }] if name == "nights"));
}

#[test]
fn nobody_is_mailed_a_link_that_could_not_count() {
    let mut room = Room::new();
    room.mailing = vec![MailContact {
        member: Some(MemberId::from_bits([70; 16])),
        name: "Zdenka".into(),
        address: "zdenka@example.com".into(),
    }];
    room.publish(r#"@require("contact") @assurance("link") permit (principal, action, resource);"#);
    let until = TimeMs::new(room.desk.plane.now + 1_000_000).unwrap();
    room.says(granted(Channel::Email, until));
    let session = room.desk.open(1);
    room.propose(&session, 1, CHANGING);
    let before = room.letters.len();
    room.says(ContactSaid::FloorSet(floor("changing", 1, Assurance::Signed)));
    room.propose(&session, 2, CHANGING);
    assert_eq!(room.asked_for(), (1, Assurance::Signed));
    assert_eq!((before, room.letters.len()), (1, 1));
}
