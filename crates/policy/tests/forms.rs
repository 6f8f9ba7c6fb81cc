//! Forms and texts: what a form writes is read back as that form; what means the same is read as what it means; what no form can say is
//! told and never bent.

use caisey_command::ActionClass;
use caisey_ledger::consent::{Approver, Assurance, Window};
use caisey_ledger::id::{ClientId, EndpointId, MemberId, OrganisationId, TimeMs};
use caisey_policy::decide::{DEFAULT_TEXT, Outcome, Policies};
use caisey_policy::document::{Demand, Document, Scope, check_text};
use caisey_policy::form::{Form, NoForm, Reading, Rule, Then, read};
use caisey_policy::spoken::Spoken;
use caisey_policy::vocabulary::Facts;
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

fn ids<T: Clone + std::fmt::Debug + 'static>(make: fn([u8; 16]) -> T) -> impl Strategy<Value = Vec<T>> {
    let all: Vec<T> = (1..4).map(|bits| make([bits; 16])).collect();
    subsequence(all, 0..3)
}

fn words(all: &[&str]) -> impl Strategy<Value = Vec<String>> {
    let all: Vec<String> = all.iter().map(|word| (*word).to_owned()).collect();
    let most = all.len();
    subsequence(all, 0..most)
}

fn window() -> impl Strategy<Value = Window> {
    (1_u32..128, 0_u32..1_440, 1_u32..1_441, -840_i32..841).prop_map(|(days, from_minute, to_minute, utc_offset_minutes)| {
        Window {
            days,
            from_minute,
            to_minute,
            utc_offset_minutes,
        }
    })
}

fn then() -> impl Strategy<Value = Then> {
    let demand = (
        select(vec![Approver::Contact, Approver::Member]),
        1_u32..17,
        select(vec![Assurance::Link, Assurance::Signed, Assurance::Number]),
        1_u32..10_081,
    );
    let ask = demand.prop_map(|(approver, needed, assurance, minutes)| {
        Then::Ask(Demand {
            approver,
            needed,
            assurance,
            minutes,
        })
    });
    prop_oneof![Just(Then::Allow), Just(Then::Forbid), ask]
}

fn rule() -> impl Strategy<Value = Rule> {
    let label = "[a-zü東\"\\\\;{}&|@/()]([ a-zü東\"\\\\;{}&|@/()]{0,12}[a-zü東\"\\\\;{}&|@/()])?";
    let who = (
        subsequence(ActionClass::ALL.to_vec(), 0..4),
        words(&["owner", "admin", "technician", "auditor"]),
        ids(MemberId::from_bits),
        of(any::<bool>()),
    );
    let place = (
        ids(ClientId::from_bits),
        ids(EndpointId::from_bits),
        words(&["server", "till-7", "workstation"]),
    );
    let flags = (of(any::<bool>()), of(any::<bool>()), of(any::<bool>()), of(any::<bool>()));
    (label, who, place, flags, of(window()), then()).prop_map(|(label, who, place, flags, window, then)| Rule {
        label,
        classes: who.0,
        roles: who.1,
        members: who.2,
        by_agent: who.3,
        clients: place.0,
        endpoints: place.1,
        endpoint_classes: place.2,
        attended: flags.0,
        sensitive: flags.1,
        elevated: flags.2,
        client_has_contacts: flags.3,
        window,
        then,
    })
}

fn forms() -> impl Strategy<Value = Form> {
    vec(rule(), 0..4).prop_map(|rules| Form { rules })
}

fn facts() -> impl Strategy<Value = Facts> {
    let id = || 1_u8..4;
    (
        (id(), id(), id(), any::<bool>(), any::<bool>()),
        (any::<bool>(), any::<bool>(), any::<bool>()),
        select(ActionClass::ALL.to_vec()),
        select(vec!["owner", "admin", "technician"]),
        of(select(vec!["server", "till-7"])),
        1_780_000_000_000_u64..1_781_209_600_000,
    )
        .prop_map(
            |((client, endpoint, member, by_agent, contacts), (attended, sensitive, elevated), class, role, kind, at)| Facts {
                organisation: OrganisationId::from_bits([1; 16]),
                client: ClientId::from_bits([client; 16]),
                client_has_contacts: contacts,
                endpoint: EndpointId::from_bits([endpoint; 16]),
                endpoint_class: kind.map(str::to_owned),
                os: "linux".into(),
                attended,
                sensitive,
                member: MemberId::from_bits([member; 16]),
                role: role.into(),
                by_agent,
                class,
                interpreter: "sh".into(),
                elevated,
                at: TimeMs::new(at).unwrap(),
            },
        )
}

fn outcome(text: &str, facts: &Facts) -> Outcome {
    let document = Document {
        name: "ours".into(),
        version: 1,
        scope: Scope::Organisation,
        text: text.into(),
        form: None,
    };
    let policies = Policies::compile(&[document]).unwrap();
    policies.decide(facts, &Spoken::default()).unwrap().outcome
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Form, text, form: the same.
    #[test]
    fn what_a_form_writes_is_read_as_that_form(form in forms()) {
        prop_assert_eq!(form.complaints(), vec![]);
        let text = form.to_cedar();
        prop_assert_eq!(check_text(&text).err(), None, "{}", text);
        let lines: Vec<&str> = text.lines().collect();
        for ((first, last), rule) in form.lines().into_iter().zip(&form.rules) {
            let own = lines[first as usize - 1..last as usize].join("\n") + "\n";
            prop_assert_eq!(own, Form { rules: vec![rule.clone()] }.to_cedar());
        }
        prop_assert_eq!(read(&text), Ok(Reading { form, exact: true }), "{}", text);
    }

    /// Other layout, remarks, several clauses instead of one: the same rules, and it is said that the form would write them differently.
    #[test]
    fn layout_and_remarks_are_no_part_of_the_rules(form in forms().prop_filter("something", |form| !form.rules.is_empty())) {
        let text = form.to_cedar();
        let other = format!("// ours\n{}", text.replace(" &&\n    ", "\n} when {\n"));
        prop_assert_eq!(read(&other), Ok(Reading { form, exact: false }), "{}", other);
    }

    /// One character more, fewer or different: whatever is still read as a form decides as the text does.
    #[test]
    fn what_is_read_decides_as_what_was_written(
        form in forms(), at in any::<prop::sample::Index>(), put in of(select("!=&|(){}[];,.\"a7 \n".chars().collect::<Vec<_>>())),
        takes in any::<bool>(), tried in vec(facts(), 6),
    ) {
        let mut letters: Vec<char> = form.to_cedar().chars().collect();
        if !letters.is_empty() {
            let at = at.index(letters.len());
            letters.splice(at..at + usize::from(takes), put);
        }
        let text: String = letters.into_iter().collect();
        match read(&text) {
            Ok(reading) => for facts in &tried {
                prop_assert_eq!(outcome(&text, facts), outcome(&reading.form.to_cedar(), facts), "{}", text);
            },
            Err(NoForm::Wrong(why) | NoForm::Beyond(why)) => prop_assert!(!why.is_empty()),
        }
    }
}

#[test]
fn the_built_in_policy_is_a_form_that_would_be_written_differently() {
    let reading = read(DEFAULT_TEXT).unwrap();
    assert!(!reading.exact);
    let labels: Vec<_> = reading.form.rules.iter().map(|rule| rule.label.as_str()).collect();
    assert_eq!(labels[1], "Where a client has no contacts, roles decide");
    assert_eq!(
        (reading.form.rules[0].classes.as_slice(), &reading.form.rules[0].then),
        ([ActionClass::ReadOnly].as_slice(), &Then::Allow)
    );
    assert_eq!(reading.form.rules[1].client_has_contacts, Some(false));
    assert!(matches!(&reading.form.rules[3].then, Then::Ask(demand) if demand.assurance == Assurance::Number));
    assert_eq!(read(&reading.form.to_cedar()).map(|again| again.exact), Ok(true));
}

#[test]
fn heads_and_conditions_are_the_same_to_a_form() {
    let member = MemberId::from_bits([2; 16]);
    let endpoint = EndpointId::from_bits([3; 16]);
    for text in [
        format!("permit (principal == Member::\"{member}\", action, resource == Endpoint::\"{endpoint}\");"),
        format!(
            "permit (principal is Member in Member::\"{member}\", action, resource is Endpoint in Endpoint::\"{endpoint}\");"
        ),
        format!(
            "permit (principal is Member, action, resource) when {{ principal in [Member::\"{member}\"] }} when {{ resource in Endpoint::\"{endpoint}\" }};"
        ),
    ] {
        let found = read(&text);
        let expected = text
            .contains("is Member")
            .then(|| (vec![member.clone()], vec![endpoint.clone()]));
        let rule = found.ok().map(|reading| reading.form.rules[0].clone());
        assert_eq!(rule.map(|rule| (rule.members, rule.endpoints)), expected, "{text}");
    }
}

#[test]
fn what_no_form_can_say_is_told_with_its_place() {
    for (text, word) in [
        (
            "permit (principal, action, resource) when { context.interpreter == \"sh\" };",
            "interpreter",
        ),
        (
            "permit (principal, action, resource) when { resource.os == \"linux\" };",
            "operating system",
        ),
        (
            "permit (principal, action, resource) when { context.elevated || resource.sensitive };",
            "two rules",
        ),
        (
            "permit (principal, action, resource) when { context.utcMinuteOfWeek < 60 };",
            "@hours",
        ),
        (
            "permit (principal, action, resource) unless { context.elevated && resource.sensitive };",
            "no field",
        ),
        (
            "permit (principal in Role::\"owner\", action, resource) when { principal in Role::\"admin\" };",
            "twice",
        ),
        ("@id(\"x\") permit (principal, action, resource);", "@id"),
        (
            "permit (principal, action, resource) when { resource.sensitive && !resource.sensitive };",
            "twice",
        ),
        ("permit (principal, action, resource in Client::\"cli_1\");", "cli_1"),
    ] {
        let text = format!("permit (principal, action, resource);\n\n{text}");
        let Err(NoForm::Beyond(why)) = read(&text) else {
            panic!("{text}: {:?}", read(&text))
        };
        assert_eq!((why.len(), why[0].line, why[0].number), (1, Some(3), Some(2)), "{why:?}");
        assert!(why[0].sentence.contains(word), "{why:?}");
    }
    assert!(matches!(read("permit (principal"), Err(NoForm::Wrong(_))));
    assert_eq!(
        read(""),
        Ok(Reading {
            form: Form::default(),
            exact: true
        })
    );
}
