//! A floor that a contact signed: the endpoint holds every answer against it, whatever it is told.

use crate::consent::{STRANGER as MILAN, Scene, ZDENKA, ask, in_ms, yes};
use caisey_ledger::consent::{Assurance, Consent, ContactSaid, Floor};
use caisey_ledger::entry::SignedStatement;
use caisey_ledger::event::{Channel, Decision, Event};
use caisey_ledger::id::EndpointId;
use caisey_runtime::{Limits, Runtime, StateDir};

fn floor(needed: u32, endpoints: Vec<EndpointId>) -> ContactSaid {
    ContactSaid::FloorSet(Floor {
        name: "two-people".into(),
        endpoints,
        class: "changing".into(),
        needed,
        assurance: Assurance::Signed,
        except: vec![],
    })
}

/// A request for one person's yes, as a lying control plane makes it, answered by both.
fn both(proposal: &SignedStatement) -> Consent {
    let request = ask(proposal, in_ms(600_000));
    let decisions = [ZDENKA, MILAN].map(|who| who.decides(&request, Decision::Approved));
    Consent {
        channel: Channel::Console,
        request: Some(request),
        decisions: decisions.into(),
    }
}

#[tokio::test]
async fn one_yes_is_refused_under_a_floor_of_two_also_after_a_restart_and_without_the_key_that_set_it() {
    let mut scene = Scene::set().await;
    let second = ZDENKA.says(&scene.chain, MILAN.introduced());
    assert_eq!(scene.told(second).await, "contact.trusted");
    let set = MILAN.says(&scene.chain, floor(2, vec![]));
    assert_eq!(scene.told(set).await, "contact.floor_set");
    let said = scene
        .control
        .until("a floor", |view| view.said("contact.floor_set").pop())
        .await;
    assert!(
        matches!(&said, Event::ContactFloorSet { name, needed: 2, number: 3, .. } if name == "two-people"),
        "{said:?}"
    );

    let proposal = scene.proposal();
    let one = yes(ask(&proposal, in_ms(600_000)));
    scene.refuses(proposal, Some(one), "consent_below_floor").await;
    let proposal = scene.proposal();
    let enough = both(&proposal);
    scene.runs(proposal, Some(enough)).await;
    assert_eq!(scene.lines(), 1);
    std::fs::remove_file(scene.dir.path().join("it-ran")).unwrap();

    scene.runtime.stop().await;
    let state = StateDir::open(scene.dir.path().join("state")).unwrap();
    scene.runtime = Runtime::start(&state, Limits::default()).await.unwrap();
    let proposal = scene.proposal();
    let one = yes(ask(&proposal, in_ms(600_000)));
    scene.refuses(proposal, Some(one), "consent_below_floor").await;

    // Whoever takes out the key that set it does not take the floor away.
    let revoked = ContactSaid::KeyRevoked { device: MILAN.device() };
    let revoked = ZDENKA.says(&scene.chain, revoked);
    assert_eq!(scene.told(revoked).await, "contact.distrusted");
    let proposal = scene.proposal();
    let one = yes(ask(&proposal, in_ms(600_000)));
    scene.refuses(proposal, Some(one), "consent_below_floor").await;

    // A floor of the same name for another machine replaces it here.
    let elsewhere = ZDENKA.says(&scene.chain, floor(2, vec![EndpointId::from_bits([99; 16])]));
    assert_eq!(scene.told(elsewhere).await, "contact.floor_ended");
    let proposal = scene.proposal();
    let one = yes(ask(&proposal, in_ms(600_000)));
    scene.runs(proposal, Some(one)).await;
    assert_eq!(scene.lines(), 1);
    scene.runtime.stop().await;
}
