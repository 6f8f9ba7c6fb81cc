//! What contacts have signed is asked for, whatever policies say: never less than the floors, and never more than policies and floors together.

use crate::deciding::{SATURDAY_NIGHT, facts, organisation};
use caisey_command::ActionClass;
use caisey_ledger::consent::{Approver, Assurance, Floor, Least, PreAuthorisation};
use caisey_ledger::event::Channel;
use caisey_ledger::id::{EndpointId, TimeMs};
use caisey_policy::decide::{Outcome, Policies, Verdict};
use caisey_policy::spoken::Spoken;
use caisey_policy::vocabulary::Facts;
use proptest::prelude::*;

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

fn settled(text: &str, class: ActionClass, spoken: &Spoken<'_>) -> Verdict {
    let documents = if text.is_empty() { vec![] } else { vec![organisation(text)] };
    let policies = Policies::compile(&documents).unwrap();
    policies.settle(&facts(class), spoken).unwrap()
}

fn asked(verdict: &Verdict) -> Option<(Approver, u32, Assurance)> {
    match &verdict.outcome {
        Outcome::Ask(demand) => Some((demand.approver, demand.needed, demand.assurance)),
        Outcome::Allow | Outcome::Forbid => None,
    }
}

#[test]
fn a_floor_raises_what_is_asked_for_and_is_named() {
    let two = floor("changing", 2, Assurance::Signed);
    let spoken = Spoken {
        standing: vec![],
        floors: vec![&two],
    };
    let ask = |text: &str, class| asked(&settled(text, class, &spoken));
    use ActionClass::{Changing, Destructive, ReadOnly};
    use Assurance::{Number, Signed};
    assert_eq!(ask("", Changing), Some((Approver::Contact, 2, Signed)));
    assert_eq!(
        ask("", Destructive),
        Some((Approver::Contact, 2, Number)),
        "what the policy wants besides stays"
    );
    assert_eq!(ask("", ReadOnly), None);
    let lax = "permit (principal, action, resource);";
    assert_eq!(ask(lax, Changing), Some((Approver::Contact, 2, Signed)));
    let members = r#"@require("member") permit (principal, action, resource);"#;
    assert_eq!(ask(members, Changing), Some((Approver::Contact, 2, Signed)));
    assert_eq!(
        ask(members, ReadOnly),
        Some((Approver::Member, 1, Signed)),
        "the endpoint asks nobody for what only reads"
    );
    let strict = r#"@require("contact") @count("3") @assurance("number") permit (principal, action, resource);"#;
    let verdict = settled(strict, Changing, &spoken);
    assert_eq!(asked(&verdict), Some((Approver::Contact, 3, Number)));
    assert!(
        !verdict.rules.iter().any(|rule| rule.contains("floor")),
        "{:?}",
        verdict.rules
    );
    let verdict = settled("", Changing, &spoken);
    assert!(
        verdict.rules.contains(&"The client’s floor 2-for-changing".to_owned()),
        "{:?}",
        verdict.rules
    );
    assert_eq!(
        settled("forbid (principal, action, resource);", Changing, &spoken).outcome,
        Outcome::Forbid
    );
    let elsewhere = Floor {
        endpoints: vec![EndpointId::from_bits([9; 16])],
        ..two.clone()
    };
    let spoken = Spoken {
        standing: vec![],
        floors: vec![&elsewhere],
    };
    assert_eq!(asked(&settled("", Changing, &spoken)), Some((Approver::Contact, 1, Signed)));
}

#[test]
fn a_floor_goes_before_what_was_allowed_beforehand_unless_it_excepts_it() {
    let granted = PreAuthorisation {
        name: "after-hours".into(),
        endpoints: vec![],
        classes: vec!["changing".into()],
        channel: Channel::Policy,
        window: None,
        from_ms: TimeMs::new(SATURDAY_NIGHT - 1).unwrap(),
        until_ms: TimeMs::new(SATURDAY_NIGHT + 1).unwrap(),
    };
    for (except, runs) in [
        (vec![], false),
        (vec![Channel::BreakGlass], false),
        (vec![Channel::Policy], true),
    ] {
        let floor = Floor {
            except,
            ..floor("changing", 1, Assurance::Number)
        };
        let spoken = Spoken {
            standing: vec![(&granted, 12)],
            floors: vec![&floor],
        };
        let verdict = settled("permit (principal, action, resource);", ActionClass::Changing, &spoken);
        assert_eq!(verdict.outcome == Outcome::Allow, runs, "{verdict:?}");
        if !runs {
            assert_eq!(asked(&verdict), Some((Approver::Contact, 1, Assurance::Number)));
        }
    }
}

fn any_floor() -> impl Strategy<Value = Floor> {
    (0_usize..3, 1_u32..5, any::<bool>(), any::<bool>()).prop_map(|(class, needed, number, here)| Floor {
        endpoints: vec![EndpointId::from_bits([if here { 3 } else { 9 }; 16])],
        ..floor(
            ["changing", "destructive", "opaque"][class],
            needed,
            if number { Assurance::Number } else { Assurance::Signed },
        )
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever policies and floors say: what is asked for is enough for the endpoint, also where it finds the command to be milder than the control
    /// plane does; and it is no more than one of them wants.
    #[test]
    fn what_is_asked_for_is_always_enough_for_the_endpoint(
        floors in prop::collection::vec(any_floor(), 0..4),
        count in 1_u32..5,
        number in any::<bool>(),
        found in 1_usize..4,
    ) {
        let assurance = if number { "number" } else { "signed" };
        let text = format!(r#"@require("contact") @count("{count}") @assurance("{assurance}") permit (principal, action, resource);"#);
        let spoken = Spoken { standing: vec![], floors: floors.iter().collect() };
        let class = ActionClass::ALL[found];
        let verdict = settled(&text, class, &spoken);
        let (approver, needed, sure) = asked(&verdict).unwrap();
        prop_assert_eq!(approver, Approver::Contact);
        let Facts { endpoint, .. } = facts(class);
        for milder in &ActionClass::ALL[..=found] {
            if let Some(least) = Least::of(&floors, &endpoint, milder.word()) {
                prop_assert!(needed >= least.needed && sure >= least.assurance);
            }
        }
        let wanted = Least::of(&floors, &endpoint, class.word());
        prop_assert!(needed == count || wanted.as_ref().is_some_and(|least| least.needed == needed));
        let asked_for = if number { Assurance::Number } else { Assurance::Signed };
        prop_assert!(sure == asked_for || wanted.is_some_and(|least| least.assurance == sure));
    }
}
