//! What decides over actions: policies and their versions, endpoints' traits, what contacts say; and what Endpoint objects are handed of it.

use crate::organisation::{Office, machine};
use caisey_control::organisation::{Reply, Request};
use caisey_control::rules::Rules;
use caisey_ledger::consent::{ContactSaid, SignedContactStatement};
use caisey_ledger::id::{ClientId, EndpointId, TimeMs};
use caisey_protocol::consent::{ContactChain, ContactSays, EndpointTraits, PolicyView, PublishPolicy};
use caisey_protocol::error::ErrorCode;
use caisey_protocol::http::{DEVICE_CONTEXT, RegisterDevice};
use caisey_protocol::role::Role;
use caisey_testkit::person::Person;
use serde_json::{Value, json};
use std::sync::Arc;

const NOW: u64 = 1_750_000_000_000;

fn policy(name: &str, after: u64, scope: Value, text: &str) -> PublishPolicy {
    PublishPolicy {
        name: name.into(),
        after,
        scope,
        form: None,
        text: Some(text.into()),
    }
}

fn everywhere() -> Value {
    json!({ "scope": "organisation" })
}

const ALLOW: &str = "permit (principal, action, resource);";

fn publish(office: &mut Office, wanted: PublishPolicy) -> Result<PolicyView, ErrorCode> {
    let caller = office.admin.caller();
    match office.ask(Request::PublishPolicy(caller, wanted))? {
        Reply::Policy(view) => Ok(*view),
        _ => panic!("not a policy"),
    }
}

fn rules(office: &mut Office, endpoint: &EndpointId, known: u64) -> Option<Arc<Rules>> {
    match office.ask(Request::Rules(endpoint.clone(), known)).ok().unwrap() {
        Reply::Rules(rules) => rules,
        _ => panic!("not rules"),
    }
}

fn enrolled(office: &mut Office, number: u8, client: &ClientId) -> EndpointId {
    let token = office.token(number, client, 10);
    office.enrol(&token, &machine(u64::from(number))).unwrap().endpoint
}

/// A contact whose console is registered.
fn contact(office: &mut Office, seed: u64, client: &ClientId) -> Person {
    let mut person = Person::contact(seed, &office.organisation, client);
    let wanted = RegisterDevice {
        key: person.public_key(),
        label: "front desk".into(),
        proof: person.sign_lines(&[DEVICE_CONTEXT, person.member.as_str()]),
    };
    match office.ask(Request::RegisterDevice(person.caller(), wanted)).ok().unwrap() {
        Reply::Device(device) => person.device = device.device,
        _ => panic!("not a device"),
    }
    person
}

fn says(office: &mut Office, by: &Person, statement: SignedContactStatement) -> Result<ContactChain, ErrorCode> {
    match office.ask(Request::ContactSays(by.caller(), ContactSays { version: 1, statement }))? {
        Reply::Contacts(chain) => Ok(*chain),
        _ => panic!("not a chain"),
    }
}

#[test]
fn an_endpoint_is_handed_what_covers_it_and_only_when_something_changed() {
    let mut office = Office::new();
    let (harbor, other) = (office.client(1, "Harbor Dental"), office.client(2, "Other"));
    let (desk, elsewhere) = (enrolled(&mut office, 1, &harbor), enrolled(&mut office, 2, &other));
    assert!(rules(&mut office, &desk, 0).is_none(), "nothing was ever changed");
    publish(&mut office, policy("house", 0, everywhere(), ALLOW)).unwrap();
    publish(
        &mut office,
        policy("harbor", 0, json!({ "scope": "client", "client": harbor }), ALLOW),
    )
    .unwrap();
    publish(
        &mut office,
        policy("desk", 0, json!({ "scope": "endpoint", "endpoint": desk }), ALLOW),
    )
    .unwrap();
    publish(
        &mut office,
        policy("servers", 0, json!({ "scope": "endpoint_class", "class": "server" }), ALLOW),
    )
    .unwrap();
    let names = |rules: &Rules| rules.policies.iter().map(|policy| policy.name.clone()).collect::<Vec<_>>();
    let told = rules(&mut office, &desk, 0).unwrap();
    assert_eq!(names(&told), ["desk", "harbor", "house"]);
    assert!(told.revision >= NOW && rules(&mut office, &desk, told.revision).is_none());
    assert_eq!(names(&rules(&mut office, &elsewhere, 0).unwrap()), ["house"]);
    let traits = EndpointTraits {
        class: Some("server".into()),
        attended: true,
        sensitive: false,
    };
    let caller = office.admin.caller();
    office
        .ask(Request::SetTraits(caller.clone(), elsewhere.clone(), traits.clone()))
        .ok()
        .unwrap();
    let told = rules(&mut office, &elsewhere, told.revision).unwrap();
    assert_eq!(
        (names(&told), &told.traits),
        (vec!["house".to_owned(), "servers".to_owned()], &traits)
    );
    office
        .ask(Request::SetTraits(caller, elsewhere.clone(), traits))
        .ok()
        .unwrap();
    assert!(
        rules(&mut office, &elsewhere, told.revision).is_none(),
        "the same again changes nothing"
    );
    publish(&mut office, policy("house", 1, everywhere(), " ")).unwrap();
    assert_eq!(
        names(&rules(&mut office, &elsewhere, 0).unwrap()),
        ["servers"],
        "an empty text is out of force"
    );
}

#[test]
fn versions_follow_each_other_and_cover_the_same() {
    let mut office = Office::new();
    let client = office.client(1, "Harbor Dental");
    let first = publish(&mut office, policy("house", 0, everywhere(), ALLOW)).unwrap();
    assert_eq!(first.version, 1);
    let again = publish(&mut office, policy("house", 0, everywhere(), ALLOW)).unwrap();
    assert_eq!(again, first, "the answer may have been lost");
    let other = "forbid (principal, action, resource);";
    let stale = publish(&mut office, policy("house", 0, everywhere(), other));
    assert_eq!(stale.unwrap_err(), ErrorCode::Conflict);
    let narrower = json!({ "scope": "client", "client": client });
    let moved = publish(&mut office, policy("house", 1, narrower, ALLOW));
    assert_eq!(moved.unwrap_err(), ErrorCode::BadRequest);
    let nowhere = json!({ "scope": "client", "client": ClientId::from_bits([9; 16]) });
    assert_eq!(
        publish(&mut office, policy("nowhere", 0, nowhere, ALLOW)).unwrap_err(),
        ErrorCode::BadRequest
    );
    let misspelt = r#"@requires("contact") permit (principal, action, resource);"#;
    assert_eq!(
        publish(&mut office, policy("misspelt", 0, everywhere(), misspelt)).unwrap_err(),
        ErrorCode::BadRequest
    );
    // The built-in policy is the first version of its name.
    assert_eq!(
        publish(&mut office, policy("default", 0, everywhere(), ALLOW)).unwrap_err(),
        ErrorCode::Conflict
    );
    assert_eq!(
        publish(&mut office, policy("default", 1, everywhere(), ALLOW))
            .unwrap()
            .version,
        2
    );
    let technician = Person::new(9, &office.organisation, Role::Technician);
    let refused = office.ask(Request::PublishPolicy(
        technician.caller(),
        policy("x", 0, everywhere(), ALLOW),
    ));
    assert_eq!(refused.err(), Some(ErrorCode::Forbidden));
}

#[test]
fn contacts_build_one_chain_and_nobody_else_adds_to_it() {
    let mut office = Office::new();
    let (harbor, other) = (office.client(1, "Harbor Dental"), office.client(2, "Other"));
    let now = TimeMs::new(NOW).unwrap();
    let (zdenka, milan) = (contact(&mut office, 20, &harbor), contact(&mut office, 21, &harbor));
    let stranger = contact(&mut office, 22, &other);
    let shown = |office: &mut Office, by: &Person| match office.ask(Request::Contacts(by.caller(), harbor.clone())) {
        Ok(Reply::Contacts(chain)) => Ok(*chain),
        Ok(_) => panic!("not a chain"),
        Err(code) => Err(code),
    };
    assert_eq!(shown(&mut office, &zdenka).unwrap().waiting.len(), 2);
    assert_eq!(shown(&mut office, &stranger).unwrap_err(), ErrorCode::NotFound);
    let first = zdenka.says(&[], now, zdenka.introduced());
    assert_eq!(
        says(&mut office, &milan, first.clone()).unwrap_err(),
        ErrorCode::BadSignature,
        "not his own words"
    );
    says(&mut office, &zdenka, first.clone()).unwrap();
    let own = milan.says(std::slice::from_ref(&first), now, milan.introduced());
    assert_eq!(
        says(&mut office, &milan, own).unwrap_err(),
        ErrorCode::BadSignature,
        "nobody introduces himself later"
    );
    let second = zdenka.says(std::slice::from_ref(&first), now, milan.introduced());
    let chain = says(&mut office, &zdenka, second.clone()).unwrap();
    assert_eq!(
        says(&mut office, &zdenka, second.clone()).unwrap(),
        chain,
        "the answer may have been lost"
    );
    assert_eq!((chain.keys.len(), chain.waiting.len(), chain.statements.len()), (2, 0, 2));
    assert_eq!(chain.keys[0].label.as_deref(), Some("front desk"));
    let agreed = |version: u64, digest: &str| ContactSaid::PolicyAgreed {
        policy: "house".into(),
        version,
        digest: digest.into(),
    };
    let published = publish(&mut office, policy("house", 0, everywhere(), ALLOW)).unwrap();
    let wrong = milan.says(&chain.statements, now, agreed(1, &"0".repeat(64)));
    assert_eq!(says(&mut office, &milan, wrong).unwrap_err(), ErrorCode::Conflict);
    let right = milan.says(&chain.statements, now, agreed(1, &published.digest));
    says(&mut office, &milan, right).unwrap();
    let forged = stranger.says(&[], now, stranger.introduced());
    says(&mut office, &stranger, forged).unwrap();
    assert_eq!(
        shown(&mut office, &zdenka).unwrap().statements.len(),
        3,
        "another client's chain is its own"
    );
    let desk = enrolled(&mut office, 1, &harbor);
    assert_eq!(rules(&mut office, &desk, 0).unwrap().chain.len(), 3);
}
