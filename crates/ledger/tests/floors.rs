//! Floors: what reaches them, what does not, how they end, and their bytes in docs/formats/consent.md.

use crate::consenting::{
    Chain, NOW, consent, decided, device, endpoint, granted, introduces, key, member, proposal, terms, time,
};
use crate::golden::check;
use caisey_ledger::consent::{
    Assurance, Basis, Consent, ConsentFault, ContactSaid, Deed, Floor, Least, Request, Terms, Trust, digest_of, permitted,
};
use caisey_ledger::event::{Channel, Decision};
use caisey_ledger::id::EndpointId;
use proptest::prelude::*;
use serde_json::{Value, json};

/// 2026-05-30, a Saturday; 23:30 in Prague. The pre-authorisation's window is open.
const SATURDAY_NIGHT: u64 = 1_780_176_600_000;

fn floor(class: &str, needed: u32, assurance: Assurance) -> Floor {
    Floor {
        name: format!("{needed}-for-{class}"),
        endpoints: vec![],
        class: class.into(),
        needed,
        assurance,
        except: vec![],
    }
}

/// Three contacts (7, 8, 9), and these floors, set by the second.
fn with_floors(floors: &[Floor]) -> Chain {
    let mut chain = Chain::begun();
    chain.say(7, introduces(8));
    chain.say(7, introduces(9));
    for floor in floors {
        chain.say(8, ContactSaid::FloorSet(floor.clone()));
    }
    chain
}

/// A request as a lying control plane makes it, one person and no number, answered by these people in this way.
fn answered(answers: &[(u8, Assurance)]) -> Consent {
    let terms = Terms {
        needed: 1,
        assurance: Assurance::Signed,
        expires_at_ms: time(SATURDAY_NIGHT + 600_000),
        ..terms()
    };
    let request = Request::about(&proposal(), terms).unwrap();
    let yes = |(by, assurance): &(u8, Assurance)| decided(&request, *by, Decision::Approved, *assurance);
    let decisions = answers.iter().map(yes).collect();
    consent(request, decisions)
}

fn word(channel: Channel) -> Consent {
    Consent {
        channel,
        request: None,
        decisions: vec![],
    }
}

fn ask(trust: &Trust, class: &str, consent: &Consent) -> Result<Basis, ConsentFault> {
    let deed = Deed {
        proposal: &proposal(),
        class,
        now: time(SATURDAY_NIGHT),
    };
    permitted(trust, deed, Some(consent))
}

fn code(trust: &Trust, class: &str, consent: &Consent) -> &'static str {
    ask(trust, class, consent).map_or_else(|fault| fault.code(), |_| "runs")
}

use Assurance::{Number, Signed};

#[test]
fn a_request_for_less_than_the_floor_opens_nothing() {
    let trust = with_floors(&[floor("destructive", 2, Number)]).trust().unwrap();
    let judged = |class: &str, answers: &[(u8, Assurance)]| code(&trust, class, &answered(answers));
    // What it does not cover is as before.
    assert_eq!(judged("changing", &[(7, Signed)]), "runs");
    for class in ["destructive", "opaque", "anything else"] {
        for less in [
            vec![(7, Signed)],
            vec![(7, Number)],
            vec![(7, Signed), (8, Signed)],
            vec![(7, Number), (8, Signed)],
            vec![(7, Number), (7, Number)],
            vec![(7, Number), (7, Signed)],
        ] {
            assert_eq!(judged(class, &less), "consent_below_floor", "{class} {less:?}");
        }
        assert_eq!(judged(class, &[(7, Number), (9, Number)]), "runs");
        assert_eq!(
            judged(class, &[(7, Number), (8, Signed), (9, Number)]),
            "runs",
            "enough of them are sure"
        );
    }
    let fault = ask(&trust, "opaque", &answered(&[(7, Number)])).unwrap_err().to_string();
    assert_eq!(
        fault,
        "The client's contacts want at least signed yeses of 2 different contacts who typed the number for an action classed opaque \
         (floor 2-for-destructive), and 1 such came with it. Ask for approval again; if the request asks for less than that, tell whoever \
         runs the control plane. A contact can change the floor."
    );
    let deed = Deed {
        proposal: &proposal(),
        class: "read_only",
        now: time(NOW),
    };
    assert_eq!(
        permitted(&trust, deed, None),
        Ok(Basis::ReadOnly),
        "no floor under what only reads"
    );
}

#[test]
fn several_floors_ask_for_the_most_of_each() {
    let numbered = floor("changing", 1, Number);
    let many = floor("opaque", 3, Signed);
    let elsewhere = Floor {
        endpoints: vec![EndpointId::from_bits([9; 16])],
        ..floor("changing", 16, Number)
    };
    let trust = with_floors(&[numbered, many, elsewhere]).trust().unwrap();
    let least = |class: &str| {
        trust
            .least(&endpoint(), class)
            .map(|least| (least.needed, least.assurance, least.floors))
    };
    assert_eq!(least("read_only"), None);
    assert_eq!(least("changing"), Some((1, Number, vec!["1-for-changing".to_owned()])));
    let both = vec!["1-for-changing".to_owned(), "3-for-opaque".to_owned()];
    assert_eq!(least("opaque"), Some((3, Number, both)));
    assert_eq!(trust.least(&EndpointId::from_bits([9; 16]), "changing").unwrap().needed, 16);
    let judged = |answers: &[(u8, Assurance)]| code(&trust, "opaque", &answered(answers));
    assert_eq!(judged(&[(7, Number), (8, Number), (9, Signed)]), "consent_below_floor");
    assert_eq!(judged(&[(7, Number), (8, Number), (9, Number)]), "runs");
}

#[test]
fn what_was_allowed_beforehand_counts_only_where_the_floor_says_so() {
    for (except, policy, emergency) in [
        (vec![], "consent_below_floor", "consent_below_floor"),
        (vec![Channel::BreakGlass], "consent_below_floor", "runs"),
        (vec![Channel::Policy], "runs", "consent_below_floor"),
        (vec![Channel::BreakGlass, Channel::Policy], "runs", "runs"),
    ] {
        let floor = Floor {
            except,
            ..floor("changing", 1, Signed)
        };
        let mut chain = with_floors(&[floor]);
        for channel in [Channel::Policy, Channel::BreakGlass, Channel::Email] {
            let mut allowed = granted(channel);
            allowed.name = format!("{channel:?}").to_lowercase();
            chain.say(7, ContactSaid::PreAuthorisationGranted(allowed));
        }
        let trust = chain.trust().unwrap();
        assert_eq!(code(&trust, "changing", &word(Channel::Policy)), policy);
        assert_eq!(code(&trust, "changing", &word(Channel::BreakGlass)), emergency);
        // An answer over a link is an answer, and less than any floor.
        assert_eq!(code(&trust, "changing", &word(Channel::Email)), "consent_below_floor");
        assert_eq!(code(&trust, "destructive", &word(Channel::Policy)), "consent_missing");
        for channel in [Channel::Policy, Channel::BreakGlass, Channel::Email] {
            let found = trust
                .beforehand(&endpoint(), "changing", channel, time(SATURDAY_NIGHT))
                .granted()
                .is_some();
            assert_eq!(
                found,
                code(&trust, "changing", &word(channel)) == "runs",
                "the same everywhere"
            );
        }
    }
}

#[test]
fn a_floor_outlives_the_key_that_signed_it_and_ends_by_a_contacts_word_alone() {
    let mut chain = with_floors(&[floor("changing", 2, Signed)]);
    let one = answered(&[(7, Signed)]);
    chain.say(7, ContactSaid::KeyRevoked { device: device(8) });
    assert_eq!(code(&chain.trust().unwrap(), "changing", &one), "consent_below_floor");
    // Whose key is out cannot lower it.
    let withdrawn = || ContactSaid::FloorWithdrawn {
        name: "2-for-changing".into(),
    };
    let by_revoked = chain.statement(8, withdrawn()).sign(&key(8)).unwrap();
    assert_eq!(chain.refuses(&by_revoked).code(), "unknown_key");
    // Another of the same name replaces it, in either direction.
    let same_name = |needed| Floor {
        name: "2-for-changing".into(),
        ..floor("changing", needed, Signed)
    };
    chain.say(9, ContactSaid::FloorSet(same_name(3)));
    assert_eq!(chain.trust().unwrap().least(&endpoint(), "changing").unwrap().needed, 3);
    chain.say(9, ContactSaid::FloorSet(same_name(1)));
    assert_eq!(code(&chain.trust().unwrap(), "changing", &one), "runs");
    chain.say(9, ContactSaid::FloorSet(same_name(2)));
    chain.say(7, withdrawn());
    let trust = chain.trust().unwrap();
    assert_eq!((trust.floors().count(), code(&trust, "changing", &one)), (0, "runs"));
    let again = chain.statement(7, withdrawn()).sign(&key(7)).unwrap();
    assert_eq!(chain.refuses(&again).code(), "malformed");
}

#[test]
fn floors_that_make_no_sense_do_not_count() {
    let good = floor("changing", 2, Number);
    let chain = with_floors(&[]);
    let changes: [fn(&mut Floor); 9] = [
        |it| it.name.clear(),
        |it| it.name = "Two People".into(),
        |it| it.class = "read_only".into(),
        |it| it.class.clear(),
        |it| it.needed = 0,
        |it| it.needed = 17,
        |it| it.assurance = Assurance::Link,
        |it| it.except = vec![Channel::Email],
        |it| it.except = vec![Channel::Policy, Channel::BreakGlass],
    ];
    for (number, change) in changes.into_iter().enumerate() {
        let mut senseless = good.clone();
        change(&mut senseless);
        let said = ContactSaid::FloorSet(senseless);
        let signed = chain.statement(7, said).sign(&key(7)).unwrap();
        assert_eq!(chain.refuses(&signed).code(), "malformed", "change {number}");
    }
    let everywhere = Floor {
        endpoints: vec![endpoint(); 257],
        ..good
    };
    let signed = chain.statement(7, ContactSaid::FloorSet(everywhere)).sign(&key(7)).unwrap();
    assert_eq!(chain.refuses(&signed).code(), "malformed");
}

#[test]
fn floor_format_unchanged() {
    let deleting = Floor {
        name: "two-for-deleting".into(),
        except: vec![Channel::BreakGlass],
        ..floor("destructive", 2, Number)
    };
    let here = Floor {
        name: "numbers-here".into(),
        endpoints: vec![endpoint()],
        ..floor("changing", 1, Number)
    };
    let raised = Floor {
        name: "numbers-here".into(),
        endpoints: vec![endpoint()],
        except: vec![Channel::BreakGlass, Channel::Policy],
        ..floor("changing", 1, Signed)
    };
    let mut chain = with_floors(&[deleting, here, raised]);
    let passing = floor("opaque", 3, Signed);
    let name = passing.name.clone();
    chain.say(7, ContactSaid::FloorSet(passing));
    chain.say(9, ContactSaid::FloorWithdrawn { name });
    chain.say(7, ContactSaid::KeyRevoked { device: device(8) });
    let trust = chain.trust().unwrap();
    let digests: Vec<Value> = chain
        .signed
        .iter()
        .map(|signed| json!(digest_of(&signed.statement).unwrap()))
        .collect();
    let mut cases = Vec::new();
    for class in ["changing", "destructive", "opaque"] {
        for answers in [
            vec![(7, Signed)],
            vec![(7, Number)],
            vec![(7, Number), (9, Signed)],
            vec![(7, Number), (9, Number)],
        ] {
            let consent = answered(&answers);
            cases.push(json!({
                "class": class,
                "decisions": consent.decisions,
                "verdict": code(&trust, class, &consent),
            }));
        }
    }
    check(
        "floor.json",
        &json!({
            "format": "caisey floor 1",
            "chain": chain.signed,
            "chain_digests": digests,
            "endpoint": endpoint(),
            "floors": trust.floors().map(|(floor, number)| json!({ "floor": floor, "number": number })).collect::<Vec<_>>(),
            "request": answered(&[]).request,
            "cases": cases,
        }),
    );
}

fn any_floor() -> impl Strategy<Value = Floor> {
    (0_usize..3, 0_usize..3, 1_u32..4, any::<bool>(), any::<bool>(), 0_usize..4).prop_map(
        |(name, class, needed, number, here, except)| Floor {
            name: format!("floor-{name}"),
            endpoints: vec![EndpointId::from_bits([if here { 3 } else { 9 }; 16])],
            class: ["changing", "destructive", "opaque"][class].into(),
            needed,
            assurance: if number { Number } else { Signed },
            except: [
                vec![],
                vec![Channel::BreakGlass],
                vec![Channel::Policy],
                vec![Channel::BreakGlass, Channel::Policy],
            ][except]
                .clone(),
        },
    )
}

fn asks_for_more(least: Option<&Least>, than: Option<&Least>) -> bool {
    match (least, than) {
        (_, None) => true,
        (None, Some(_)) => false,
        (Some(least), Some(than)) => {
            least.needed >= than.needed
                && least.assurance >= than.assurance
                && least.except.iter().all(|channel| than.except.contains(channel))
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Whatever floors there are: what runs has as many sure answers as each of them wants; what has them runs; a worse class never wants less; another
    /// floor never lets more run; and taking a key out lowers nothing.
    #[test]
    fn floors_only_ever_ask_for_more(
        floors in prop::collection::vec(any_floor(), 0..4),
        more in any_floor(),
        answers in prop::collection::vec((7_u8..10, any::<bool>()), 1..4),
        class in 0_usize..3,
    ) {
        let classes = ["changing", "destructive", "opaque"];
        let answers: Vec<_> = answers.into_iter().map(|(by, number)| (by, if number { Number } else { Signed })).collect();
        let consent = answered(&answers);
        let mut chain = with_floors(&floors);
        let trust = chain.trust().unwrap();
        let runs = code(&trust, classes[class], &consent) == "runs";
        let in_force: Vec<_> = trust.floors().map(|(floor, _)| floor.clone()).collect();
        let reaches = |floor: &Floor| {
            let sure: std::collections::BTreeSet<u8> =
                answers.iter().filter(|(_, assurance)| *assurance >= floor.assurance).map(|(by, _)| *by).collect();
            sure.len() as u32 >= floor.needed
        };
        let covering = in_force.iter().filter(|floor| floor.covers(&endpoint(), classes[class]));
        if runs {
            prop_assert!(covering.clone().all(reaches));
        } else {
            // Several floors together may want what none of them wants alone.
            let together = trust.least(&endpoint(), classes[class]).unwrap();
            let sure = answers.iter().filter(|(_, assurance)| *assurance >= together.assurance).map(|(by, _)| member(*by));
            prop_assert!((sure.collect::<std::collections::BTreeSet<_>>().len() as u32) < together.needed);
        }
        for pair in classes.windows(2) {
            let (milder, worse) = (trust.least(&endpoint(), pair[0]), trust.least(&endpoint(), pair[1]));
            prop_assert!(asks_for_more(worse.as_ref(), milder.as_ref()));
        }
        let before: Vec<_> = classes.iter().map(|class| trust.least(&endpoint(), class)).collect();
        let added = Floor { name: "one-more".into(), ..more };
        chain.say(9, ContactSaid::FloorSet(added));
        chain.say(7, ContactSaid::KeyRevoked { device: device(8) });
        chain.say(7, ContactSaid::KeyRevoked { device: device(9) });
        let trust = chain.trust().unwrap();
        for (class, before) in classes.iter().zip(&before) {
            prop_assert!(asks_for_more(trust.least(&endpoint(), class).as_ref(), before.as_ref()));
        }
        if !runs {
            prop_assert!(code(&trust, classes[class], &consent) != "runs");
        }
    }
}
