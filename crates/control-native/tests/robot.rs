//! A robot in a real browser that fetches, runs scripts and submits every form of the page behind every link, over and over: it approves nothing
//! and denies nothing. `CAISEY_ROBOT_ROUNDS` says how often (`cargo xtask robot --rounds 10000`).

use crate::approvals::Scene;
use crate::desk::now;
use crate::mail::{Program, to_port, with_mail};
use caisey_protocol::http::Submitted;
use serde_json::{Value, json};

/// Contacts of a client, each with a link for every request.
const CONTACTS: usize = 16;
/// Rounds with one link: enough to lock it, and one more that finds it locked.
const ROUNDS_PER_LINK: usize = 2;
/// Requests about one machine: a contact gets no more mails in an hour.
const REQUESTS: usize = 20;

#[tokio::test(flavor = "multi_thread")]
async fn a_robot_that_submits_every_form_approves_nothing_and_denies_nothing() {
    let rounds: usize = std::env::var("CAISEY_ROBOT_ROUNDS").map_or(64, |rounds| rounds.parse().unwrap());
    let mut robot = Program::script("robot.mjs");
    let (mut done, mut submitted, mut machines) = (0, 0, 0_u64);
    while done < rounds {
        machines += 1;
        let (server, port) = Program::mail_server(&[]);
        let mut scene = Scene::set_with(with_mail(to_port(port))).await;
        let addresses: Vec<_> = (0..CONTACTS).map(|number| format!("contact{number}@example.com")).collect();
        // No contact has spoken: whatever is approved would run at once.
        scene.by_mail(&addresses.iter().map(String::as_str).collect::<Vec<_>>()).await;
        for _ in 0..REQUESTS {
            if done >= rounds {
                break;
            }
            let action = scene.propose().await;
            let links: Vec<_> = (0..CONTACTS).map(|_| server.next()["link"].clone()).collect();
            let seed = machines * 1_000_000 + done as u64;
            let counts = robot.ask(&json!({ "links": links, "rounds": ROUNDS_PER_LINK, "seed": seed }));
            assert_eq!(counts["rounds"], CONTACTS * ROUNDS_PER_LINK, "{counts}");
            done += CONTACTS * ROUNDS_PER_LINK;
            submitted += counts["submitted"].as_u64().unwrap();
            let cancel = scene.technician.person.cancel(&scene.log, now(), &scene.session, &action);
            scene.statement(&scene.technician.token, cancel).await.ok::<Submitted>();
        }
        check(&scene).await;
        scene.runtime.stop().await;
    }
    assert!(submitted as usize > done, "it did submit forms: {submitted} in {done} rounds");
    eprintln!("{done} rounds with {submitted} submissions on {machines} machines: no approval, no denial");
}

/// Every request was ended by its requester, and nothing ran.
async fn check(scene: &Scene) {
    assert_eq!(scene.lines(), 0);
    let entries = scene.entries().await;
    let of = |wanted: &str| {
        entries
            .iter()
            .filter(|(kind, ..)| kind == wanted)
            .map(|(_, _, facts)| facts)
            .collect::<Vec<&Value>>()
    };
    assert!(of("approval.decided").iter().all(|facts| facts["decision"] == "withdrawn"));
    assert!(of("action.authorised").is_empty() && of("command.started").is_empty());
    assert!(of("approval.acknowledged").is_empty());
    assert!(!of("approval.answer_refused").is_empty(), "its tries are on record");
}
