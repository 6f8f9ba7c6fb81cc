//! One request, step by step.

use caisey_ledger::consent::{Approver, Assurance};
use caisey_ledger::event::{Channel, Decision};
use caisey_ledger::id::{MemberId, TimeMs};
use caisey_policy::approval::{Answer, Approval, Effect, Input, Person, State, Step};
use proptest::prelude::*;

const END: u64 = 3_600_000;

fn time(ms: u64) -> TimeMs {
    TimeMs::new(ms).unwrap()
}

fn member(number: u8) -> MemberId {
    MemberId::from_bits([number; 16])
}

fn contact(number: u8) -> Person {
    Person {
        member: member(number),
        speaks_as: Approver::Contact,
    }
}

/// Asked by person 1, of the client's contacts.
fn request(needed: u32, assurance: Assurance) -> Approval {
    Approval {
        digest: "aa".repeat(32),
        requester: member(1),
        approver: Approver::Contact,
        needed,
        assurance,
        number: "471100".into(),
        asked_at: time(0),
        expires_at: time(END),
        state: State::Pending,
        delivered: [].into(),
        acknowledged: [].into(),
        approved_by: [].into(),
        denied_by: None,
        wrong_numbers: [].into(),
        nudged_at: None,
        nudges: 0,
    }
}

fn answer(by: Person, decision: Decision) -> Answer {
    Answer {
        by,
        decision,
        digest: "aa".repeat(32),
        assurance: Assurance::Signed,
        number: None,
    }
}

fn yes(by: u8) -> Input {
    Input::Answer(answer(contact(by), Decision::Approved))
}

fn no(by: u8) -> Input {
    Input::Answer(answer(contact(by), Decision::Denied))
}

fn typed(by: u8, number: &str) -> Input {
    Input::Answer(Answer {
        assurance: Assurance::Number,
        number: Some(number.into()),
        ..answer(contact(by), Decision::Approved)
    })
}

fn code(step: &Step) -> &'static str {
    step.refusal.as_ref().map_or("none", |refusal| refusal.code)
}

#[test]
fn from_asking_to_yes() {
    let mut approval = request(1, Assurance::Signed);
    let seen = approval.handle(time(1), &Input::Acknowledged(contact(7), Channel::Console));
    assert_eq!(
        seen.effects,
        [
            Effect::Delivered(member(7), Channel::Console),
            Effect::Acknowledged(member(7), Channel::Console)
        ]
    );
    let again = approval.handle(time(2), &Input::Delivered(contact(7), Channel::Console));
    assert_eq!(again, Step::default(), "the same delivery twice is one");
    assert_eq!(approval.state, State::Acknowledged);
    let step = approval.handle(time(END - 1), &yes(7));
    assert_eq!(
        step.effects,
        [Effect::Counted(member(7), Decision::Approved), Effect::Ended(State::Approved)]
    );
    assert_eq!(code(&approval.handle(time(END - 1), &no(8))), "late");
    assert_eq!(code(&approval.handle(time(END * 2), &Input::Withdraw)), "late");
    assert_eq!((approval.state, approval.deadline()), (State::Approved, None));
}

#[test]
fn two_of_them_have_to_say_yes_and_one_no_ends_it() {
    let mut approval = request(2, Assurance::Signed);
    assert_eq!(
        approval.handle(time(1), &yes(7)).effects,
        [Effect::Counted(member(7), Decision::Approved)]
    );
    assert_eq!(code(&approval.handle(time(1), &yes(7))), "answered");
    assert_eq!(approval.state, State::Pending, "the same person twice is one");
    let mut denied = approval.clone();
    assert!(
        denied.handle(time(2), &no(7)).effects.contains(&Effect::Ended(State::Denied)),
        "a yes can be taken back"
    );
    assert_eq!(code(&denied.handle(time(2), &yes(8))), "late");
    assert!(
        approval
            .handle(time(2), &yes(8))
            .effects
            .contains(&Effect::Ended(State::Approved))
    );
}

#[test]
fn silence_is_a_no_whatever_comes_first() {
    for late in [yes(7), no(7), Input::Withdraw, Input::Clock, Input::Nudge(member(1))] {
        let mut approval = request(1, Assurance::Signed);
        let step = approval.handle(time(END), &late);
        assert_eq!(step.effects, [Effect::Ended(State::Expired)], "{late:?}");
        assert_eq!(code(&step), if late == Input::Clock { "none" } else { "late" });
    }
}

#[test]
fn answers_count_only_from_those_who_were_asked() {
    let mut approval = request(1, Assurance::Signed);
    let own = Input::Answer(answer(contact(1), Decision::Approved));
    assert_eq!(code(&approval.handle(time(1), &own)), "own_request");
    let colleague = Person {
        member: member(2),
        speaks_as: Approver::Member,
    };
    assert_eq!(
        code(&approval.handle(time(1), &Input::Answer(answer(colleague.clone(), Decision::Approved)))),
        "not_asked"
    );
    assert_eq!(
        approval.handle(time(1), &Input::Delivered(colleague, Channel::Console)),
        Step::default()
    );
    let other = Answer {
        digest: "bb".repeat(32),
        ..answer(contact(7), Decision::Approved)
    };
    assert_eq!(code(&approval.handle(time(1), &Input::Answer(other))), "other_request");
    assert_eq!(code(&approval.handle(time(1), &Input::Nudge(member(7)))), "not_yours");
    assert_eq!(code(&approval.handle(time(1), &Input::Nudge(member(1)))), "too_soon");
    assert_eq!(
        approval.handle(time(60_000), &Input::Nudge(member(1))).effects,
        [Effect::Nudged(member(1))]
    );
    assert_eq!(approval.state, State::Pending);
}

#[test]
fn the_number_is_typed_or_the_answer_does_not_count() {
    let mut approval = request(1, Assurance::Number);
    assert_eq!(code(&approval.handle(time(1), &yes(7))), "assurance");
    for _ in 0..3 {
        assert_eq!(code(&approval.handle(time(1), &typed(7, "000000"))), "wrong_number");
    }
    assert_eq!(
        code(&approval.handle(time(1), &typed(7, "471100"))),
        "locked",
        "nobody tries all numbers"
    );
    assert_eq!(approval.handle(time(1), &typed(8, "471100")).refusal, None);
    assert_eq!(approval.state, State::Approved);
    // A link proves nothing but the number, so that it needs it even where a signature would do without.
    let mut weak = request(1, Assurance::Link);
    let clicked = Input::Answer(Answer {
        assurance: Assurance::Link,
        ..answer(contact(7), Decision::Approved)
    });
    assert_eq!(code(&weak.handle(time(1), &clicked)), "wrong_number");
}

fn inputs() -> impl Strategy<Value = (u64, Input)> {
    let person = (1_u8..4, any::<bool>()).prop_map(|(number, contact)| Person {
        member: member(number),
        speaks_as: if contact { Approver::Contact } else { Approver::Member },
    });
    let input = prop_oneof![
        person.clone().prop_map(|by| Input::Delivered(by, Channel::Console)),
        person.clone().prop_map(|by| Input::Acknowledged(by, Channel::Email)),
        (
            person,
            any::<bool>(),
            prop_oneof![Just(None), Just(Some("471100".to_owned())), Just(Some("1".to_owned()))]
        )
            .prop_map(|(by, agrees, number)| Input::Answer(Answer {
                assurance: if number.is_some() {
                    Assurance::Number
                } else {
                    Assurance::Signed
                },
                number,
                ..answer(by, if agrees { Decision::Approved } else { Decision::Denied })
            })),
        Just(Input::Withdraw),
        (1_u8..4).prop_map(|by| Input::Nudge(member(by))),
        Just(Input::Clock),
    ];
    (0..END + 2, input)
}

proptest! {
    /// Whatever comes in whatever order: an end never changes, an approval rests on enough different people other than the requester.
    #[test]
    fn whatever_comes(needed in 1_u32..3, strict in any::<bool>(), script in prop::collection::vec(inputs(), 0..24)) {
        let mut approval = request(needed, if strict { Assurance::Number } else { Assurance::Signed });
        for (at, input) in script {
            let before = approval.clone();
            let step = approval.handle(time(at), &input);
            if before.state.is_terminal() {
                prop_assert_eq!(approval.state, before.state);
                prop_assert!(step.effects.is_empty());
            }
            prop_assert!(approval.state >= before.state);
            if approval.state == State::Approved {
                prop_assert!(approval.approved_by.len() >= needed as usize);
                prop_assert!(!approval.approved_by.contains(&member(1)));
                prop_assert!(before.state.is_terminal() || at < END);
            }
        }
    }
}
