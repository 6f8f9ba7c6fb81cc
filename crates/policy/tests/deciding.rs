//! What policies come to: the built-in one, forms, scopes, windows, pre-authorisations, dry runs, and what is said about mistakes.

use caisey_command::ActionClass;
use caisey_ledger::consent::{Approver, Assurance, PreAuthorisation, Window};
use caisey_ledger::event::Channel;
use caisey_ledger::id::{ActionId, ClientId, EndpointId, MemberId, OrganisationId, TimeMs};
use caisey_policy::decide::{DEFAULT_TEXT, Outcome, Policies};
use caisey_policy::document::{Complaint, Demand, Document, Scope, check_text};
use caisey_policy::dry_run::{Recorded, compare};
use caisey_policy::form::{Form, Rule, Then};
use caisey_policy::spoken::Spoken;
use caisey_policy::vocabulary::{Facts, utc_minute_of_week};
use proptest::prelude::*;

/// 2026-05-30 21:30 UTC, a Saturday.
pub const SATURDAY_NIGHT: u64 = 1_780_176_600_000;

pub fn facts(class: ActionClass) -> Facts {
    Facts {
        organisation: OrganisationId::from_bits([1; 16]),
        client: ClientId::from_bits([2; 16]),
        client_has_contacts: true,
        endpoint: EndpointId::from_bits([3; 16]),
        endpoint_class: Some("server".into()),
        os: "linux".into(),
        attended: false,
        sensitive: false,
        member: MemberId::from_bits([4; 16]),
        role: "technician".into(),
        by_agent: false,
        class,
        interpreter: "sh".into(),
        elevated: true,
        at: TimeMs::new(SATURDAY_NIGHT).unwrap(),
    }
}

fn document(name: &str, scope: Scope, text: &str) -> Document {
    Document {
        name: name.into(),
        version: 3,
        scope,
        text: text.into(),
        form: None,
    }
}

pub fn organisation(text: &str) -> Document {
    document("ours", Scope::Organisation, text)
}

fn decided(documents: &[Document], facts: &Facts) -> (String, Outcome) {
    let policies = Policies::compile(documents).unwrap();
    let verdict = policies.decide(facts, &Spoken::default()).unwrap();
    (verdict.policy, verdict.outcome)
}

fn outcome(documents: &[Document], class: ActionClass) -> &'static str {
    match decided(documents, &facts(class)).1 {
        Outcome::Allow => "allow",
        Outcome::Ask(demand) if demand.assurance == Assurance::Number => "ask with number",
        Outcome::Ask(_) => "ask",
        Outcome::Forbid => "forbid",
    }
}

#[test]
fn the_built_in_policy_reads_freely_and_asks_contacts_for_the_rest() {
    assert!(check_text(DEFAULT_TEXT).is_ok());
    let outcomes = ActionClass::ALL.map(|class| outcome(&[], class));
    assert_eq!(outcomes, ["allow", "ask", "ask with number", "ask with number"]);
    for class in ActionClass::ALL {
        let nobody_to_ask = Facts {
            client_has_contacts: false,
            ..facts(class)
        };
        assert_eq!(decided(&[], &nobody_to_ask).1, Outcome::Allow, "{class:?}");
    }
}

#[test]
fn a_forbid_anywhere_wins() {
    let narrow = document(
        "this one",
        Scope::Endpoint {
            endpoint: facts(ActionClass::Opaque).endpoint,
        },
        "permit (principal, action, resource);",
    );
    assert_eq!(outcome(std::slice::from_ref(&narrow), ActionClass::Opaque), "allow");
    let wide = organisation("@label(\"No scripts\") forbid (principal, action == Action::\"opaque\", resource);");
    assert_eq!(outcome(&[narrow.clone(), wide.clone()], ActionClass::Opaque), "forbid");
    assert_eq!(outcome(&[wide, narrow], ActionClass::Changing), "allow");
}

#[test]
fn the_narrowest_policy_decides_and_of_its_rules_the_strictest() {
    let it = facts(ActionClass::Changing);
    let class = Scope::EndpointClass { class: "server".into() };
    let client = Scope::Client {
        client: it.client.clone(),
    };
    let documents = [
        organisation("permit (principal, action, resource);"),
        document("client", client, "@require(\"member\") permit (principal, action, resource);"),
        document(
            "servers",
            class,
            "permit (principal, action, resource); @require(\"contact\") @count(\"2\") permit (principal in Role::\"technician\", action, resource);",
        ),
    ];
    let (policy, outcome) = decided(&documents, &it);
    let Outcome::Ask(demand) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(
        (policy.as_str(), demand.approver, demand.needed),
        ("servers", Approver::Contact, 2)
    );
    let elsewhere = Facts {
        endpoint_class: Some("workstation".into()),
        ..it.clone()
    };
    assert_eq!(decided(&documents, &elsewhere).0, "client");
    let stranger = Facts {
        client: ClientId::from_bits([9; 16]),
        endpoint_class: None,
        ..it
    };
    assert_eq!(decided(&documents, &stranger), ("ours".into(), Outcome::Allow));
}

#[test]
fn a_pre_authorisation_answers_for_the_contact_but_lifts_no_ban() {
    let granted = PreAuthorisation {
        name: "after-hours".into(),
        endpoints: vec![],
        classes: vec!["changing".into()],
        channel: Channel::Policy,
        window: None,
        from_ms: TimeMs::new(SATURDAY_NIGHT - 1).unwrap(),
        until_ms: TimeMs::new(SATURDAY_NIGHT + 1).unwrap(),
    };
    let spoken = Spoken {
        standing: vec![(&granted, 12)],
        floors: vec![],
    };
    let policies = Policies::compile(&[]).unwrap();
    let verdict = policies.decide(&facts(ActionClass::Changing), &spoken).unwrap();
    assert_eq!(
        (verdict.outcome, verdict.policy.as_str(), verdict.version),
        (Outcome::Allow, "pre-authorisation/after-hours", 12)
    );
    let verdict = policies.decide(&facts(ActionClass::Opaque), &spoken).unwrap();
    assert!(matches!(verdict.outcome, Outcome::Ask(_)));
    let banned = Policies::compile(&[organisation("forbid (principal, action, resource);")]).unwrap();
    let verdict = banned.decide(&facts(ActionClass::Changing), &spoken).unwrap();
    assert_eq!(verdict.outcome, Outcome::Forbid);
}

fn rule(then: Then) -> Rule {
    Rule {
        label: "A \"quoted\" \\ name".into(),
        classes: vec![],
        roles: vec![],
        members: vec![],
        by_agent: None,
        clients: vec![],
        endpoints: vec![],
        endpoint_classes: vec![],
        attended: None,
        sensitive: None,
        elevated: None,
        client_has_contacts: None,
        window: None,
        then,
    }
}

#[test]
fn a_form_becomes_a_text_that_holds_exactly_where_it_says() {
    let it = facts(ActionClass::Changing);
    let full = Rule {
        classes: vec![ActionClass::Changing, ActionClass::Destructive],
        roles: vec!["technician".into(), "admin".into()],
        members: vec![it.member.clone()],
        by_agent: Some(false),
        clients: vec![it.client.clone()],
        endpoints: vec![it.endpoint.clone()],
        endpoint_classes: vec!["server".into()],
        attended: Some(false),
        sensitive: Some(false),
        elevated: Some(true),
        client_has_contacts: Some(true),
        window: Some(Window {
            days: 0b010_0000,
            from_minute: 22 * 60,
            to_minute: 6 * 60,
            utc_offset_minutes: 120,
        }),
        ..rule(Then::Forbid)
    };
    let form = Form { rules: vec![full] };
    assert!(form.complaints().is_empty());
    let text = form.to_cedar();
    let document = Document {
        form: Some(form),
        ..organisation(&text)
    };
    assert_eq!(document.complaints(), [], "{text}");
    let documents = [document];
    assert_eq!(decided(&documents, &it).1, Outcome::Forbid, "{text}");
    let elsewhere = [
        Facts {
            class: ActionClass::Opaque,
            ..it.clone()
        },
        Facts {
            role: "owner".into(),
            ..it.clone()
        },
        Facts {
            member: MemberId::from_bits([9; 16]),
            ..it.clone()
        },
        Facts {
            by_agent: true,
            ..it.clone()
        },
        Facts {
            client: ClientId::from_bits([9; 16]),
            ..it.clone()
        },
        Facts {
            endpoint: EndpointId::from_bits([9; 16]),
            ..it.clone()
        },
        Facts {
            endpoint_class: None,
            ..it.clone()
        },
        Facts {
            attended: true,
            ..it.clone()
        },
        Facts {
            sensitive: true,
            ..it.clone()
        },
        Facts {
            elevated: false,
            ..it.clone()
        },
        Facts {
            client_has_contacts: false,
            ..it.clone()
        },
        Facts {
            at: TimeMs::new(SATURDAY_NIGHT + 86_400_000).unwrap(),
            ..it
        },
    ];
    for (number, other) in elsewhere.iter().enumerate() {
        assert_ne!(decided(&documents, other).1, Outcome::Forbid, "condition {number}");
    }
}

#[test]
fn what_a_form_asks_is_what_the_text_asks() {
    let demand = Demand {
        approver: Approver::Member,
        needed: 2,
        assurance: Assurance::Number,
        minutes: 30,
    };
    let form = Form {
        rules: vec![rule(Then::Ask(demand.clone()))],
    };
    let text = form.to_cedar();
    assert_eq!(
        decided(&[organisation(&text)], &facts(ActionClass::Opaque)).1,
        Outcome::Ask(demand)
    );
}

#[test]
fn mistakes_are_told_with_their_place() {
    let of = |text: &str| check_text(text).err().unwrap_or_default();
    let first = |text: &str| of(text).into_iter().next().unwrap();
    let Complaint {
        line, column, sentence, ..
    } = first("permit (principal, action, resource);\npermit (principal, action resource);");
    assert_eq!(line, Some(2), "{sentence}");
    assert!(column.is_some_and(|column| column > 10), "{column:?} {sentence}");
    let wrong = first("permit (principal, action, resource) when { context.elevatd };");
    assert!(wrong.sentence.contains("elevatd") && wrong.line == Some(1), "{wrong:?}");
    let wrong = first(
        "permit (principal, action, resource);\n\n@label(\"Odd\") @require(\"friend\")\npermit (principal, action, resource);",
    );
    assert_eq!(
        (wrong.rule.as_deref(), wrong.number, wrong.line),
        (Some("Odd"), Some(2), Some(3))
    );
    for (text, word) in [
        ("@count(\"2\") permit (principal, action, resource);", "@require"),
        (
            "@require(\"contact\") @count(\"0\") permit (principal, action, resource);",
            "1 to 16",
        ),
        (
            "@require(\"contact\") @assurance(\"great\") permit (principal, action, resource);",
            "great",
        ),
        ("@require(\"contact\") forbid (principal, action, resource);", "permit"),
        ("@requires(\"contact\") permit (principal, action, resource);", "@requires"),
        ("permit (principal == ?principal, action, resource);", "emplate"),
        ("permit (principal in Rolle::\"owner\", action, resource);", "Rolle"),
        (
            "@hours(\"weekends\") permit (principal, action, resource);",
            "Mon Tue 18:00-06:00",
        ),
        (
            "@hours(\"Sat 00:00-24:00 UTC+00:00\") permit (principal, action, resource) when { context.utcMinuteOfWeek >= 0 };",
            "only the condition decides",
        ),
    ] {
        let found = of(text);
        assert!(
            found.iter().any(|complaint| complaint.sentence.contains(word)),
            "{text}: {found:?}"
        );
    }
    assert!(of("// nothing at all").is_empty());
    let named = Document {
        name: "Not a name".into(),
        ..organisation("")
    };
    assert_eq!(named.complaints().len(), 1);
    let mut bad = rule(Then::Forbid);
    bad.label = " ".into();
    bad.roles = vec!["king".into()];
    let complaints = Form { rules: vec![bad] }.complaints();
    assert_eq!(complaints.len(), 2);
    let drifted = Document {
        form: Some(Form {
            rules: vec![rule(Then::Allow)],
        }),
        ..organisation("permit (principal, action, resource);")
    };
    assert_eq!(drifted.complaints().len(), 1, "form and text say the same or nothing");
}

#[test]
fn what_the_endpoint_would_refuse_is_settled_before_it_is_asked() {
    let loose = Policies::compile(&[organisation("permit (principal, action, resource);")]).unwrap();
    let settled = |facts: &Facts| loose.settle(facts, &Spoken::default()).unwrap();
    assert_eq!(settled(&facts(ActionClass::ReadOnly)).outcome, Outcome::Allow);
    let verdict = settled(&facts(ActionClass::Changing));
    assert!(
        matches!(&verdict.outcome, Outcome::Ask(demand) if demand.approver == Approver::Contact),
        "{verdict:?}"
    );
    assert_eq!(verdict.policy, "default");
    let nobody = Facts {
        client_has_contacts: false,
        ..facts(ActionClass::Changing)
    };
    assert_eq!(settled(&nobody).outcome, Outcome::Allow);
}

#[test]
fn a_dry_run_tells_what_would_change() {
    let recorded: Vec<_> = (0_u8..)
        .zip(ActionClass::ALL)
        .map(|(number, class)| Recorded {
            action: ActionId::from_bits([number; 16]),
            facts: facts(class),
        })
        .collect();
    let before = Policies::compile(&[]).unwrap();
    let after = Policies::compile(&[organisation("forbid (principal, action == Action::\"opaque\", resource);")]).unwrap();
    let run = compare(&before, &after, &Spoken::default(), &recorded).unwrap();
    assert_eq!(
        (run.actions, run.allowed, run.asked, run.forbidden),
        (4, (1, 1), (3, 2), (0, 1))
    );
    assert_eq!(run.differences.len(), 1);
    assert_eq!(run.differences[0].after.policy, "ours");
    let same = compare(&after, &after, &Spoken::default(), &recorded).unwrap();
    assert!(same.differences.is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// A window means the same in a form's text, where the control plane decides, and in a pre-authorisation, where the endpoint does.
    #[test]
    fn windows_mean_the_same_everywhere(
        days in 1_u32..128, from_minute in 0_u32..1_440, to_minute in 1_u32..1_441, utc_offset_minutes in -840_i32..841,
        at in 1_700_000_000_000_u64..1_900_000_000_000,
    ) {
        let window = Window { days, from_minute, to_minute, utc_offset_minutes };
        let form = Form { rules: vec![Rule { window: Some(window.clone()), ..rule(Then::Forbid) }] };
        let at = TimeMs::new(at).unwrap();
        let verdict = decided(&[organisation(&form.to_cedar())], &Facts { at, ..facts(ActionClass::Changing) }).1;
        prop_assert_eq!(verdict == Outcome::Forbid, window.holds(at), "{:?} {}", window, utc_minute_of_week(at));
    }
}
