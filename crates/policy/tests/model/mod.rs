//! A model of everybody who has a part in one request, explored exhaustively: requester, control plane, two contacts' consoles and mailboxes, endpoint.
//! Every message may be lost, repeated or overtaken; everybody may be restarted between any two of their steps, also between storing and
//! acting. The rules under test are the real ones: `Approval`, `Inbox`, and `permitted` and `Trust` with real signatures.
//!
//! Besides answering on their consoles, contacts may answer by the link in a mail, and the requester may declare an emergency; each is allowed by a
//! pre-authorisation, or is not, or only for a while.
//!
//! In every state that can be reached: nothing runs without enough different people's yes that counts for the endpoint, given by themselves, in time, or
//! an emergency that was declared and is allowed; nothing runs twice; an end never changes; nobody is notified twice of the same asking or after
//! answering. And from every such state, if from then on messages arrive: what was allowed in time runs, or the endpoint has refused it where no contact
//! allowed that channel, and an answer that was given is either counted or told to be too late.

mod words;
mod world;

use caisey_ledger::consent::Assurance;
use caisey_ledger::event::Channel;
use caisey_ledger::id::{MemberId, TimeMs};
use ed25519_dalek::SigningKey;
use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use words::Words;
use world::World;

const ASKED: u64 = 1_780_000_000_000;
const NUDGE: u64 = ASKED + 60_000;
const EXPIRY: u64 = ASKED + 120_000;
/// Past the endpoint's leeway, too.
const LATE: u64 = EXPIRY + 200_000;

fn time(ms: u64) -> TimeMs {
    TimeMs::new(ms).unwrap()
}

fn contact(number: usize) -> u8 {
    20 + u8::try_from(number).unwrap()
}

fn member(byte: u8) -> MemberId {
    MemberId::from_bits([byte; 16])
}

fn key(byte: u8) -> SigningKey {
    SigningKey::from_bytes(&[byte; 32])
}

const REQUESTER: u8 = 4;
const STRANGER: u8 = 66;
const NUMBER: &str = "471100";
const WRONG_NUMBER: &str = "000000";

/// Until when a pre-authorisation holds: always, or for the first minute.
const ALWAYS: u64 = LATE + 1;

/// What differs from one exploration to another.
#[derive(Debug, Clone, Copy)]
struct Scenario {
    needed: u32,
    /// How often somebody may die between storing and acting.
    deaths: u8,
    /// Whether the requester may ask again.
    may_nudge: bool,
    /// Whether both contacts take part. Then what reaches them are whole states, as after every connection; else also every single message, in any
    /// order, however old.
    both: bool,
    /// Whether the requester may declare an emergency; and until when a contact allowed that, if one did.
    emergency: Option<Option<u64>>,
    /// Whether a link is enough for the policy; and until when a contact allowed answers by e-mail, if one did.
    links: Option<Option<u64>>,
    /// Whether the second contact, too, has a link.
    second: bool,
}

const PLAIN: Scenario = Scenario {
    needed: 1,
    deaths: 0,
    may_nudge: false,
    both: false,
    emergency: None,
    links: None,
    second: false,
};

/// What is found in all states that can be reached.
#[derive(Debug, Clone, Copy, Default)]
struct Found {
    states: usize,
    /// Ends of runs that came about over each way, and of refusals by the endpoint.
    on_console: usize,
    by_mail: usize,
    emergencies: usize,
    refused: usize,
}

fn explore(scenario: Scenario) -> Found {
    let needed = scenario.needed;
    let assurance = if scenario.links.is_some() {
        Assurance::Link
    } else {
        Assurance::Signed
    };
    let ways = [
        (Channel::BreakGlass, scenario.emergency.flatten()),
        (Channel::Email, scenario.links.flatten()),
    ];
    let allowed: Vec<_> = ways
        .iter()
        .filter_map(|(channel, until)| Some((*channel, (*until)?)))
        .collect();
    let words = Words::new(needed, assurance, &allowed);
    let mut known: HashMap<(BTreeSet<u8>, Channel, u64), bool> = HashMap::new();
    let mut permits = |by: &BTreeSet<u8>, channel: Channel, now: u64| {
        *known
            .entry((by.clone(), channel, now))
            .or_insert_with(|| words.endpoint_permits(by, channel, now))
    };
    // A control plane that lies: nobody's yes, too few, somebody else's, or none but its own word, where no contact allowed that.
    for now in [ASKED, NUDGE, EXPIRY] {
        for lie in [vec![], vec![STRANGER], vec![contact(0), STRANGER], vec![REQUESTER]] {
            assert!(!permits(&lie.into_iter().collect(), Channel::Console, now));
        }
        assert_eq!(permits(&[contact(0)].into(), Channel::Console, now), needed == 1);
        let both: BTreeSet<u8> = [contact(0), contact(1)].into();
        for channel in [Channel::Policy, Channel::Email, Channel::BreakGlass, Channel::AtEndpoint] {
            let until = allowed
                .iter()
                .find(|(allowed, _)| *allowed == channel)
                .map_or(0, |(_, until)| *until);
            assert_eq!(words.endpoint_permits(&both, channel, now), now < until);
        }
    }
    let start = World::new(&words, scenario);
    let mut found = Found::default();
    let mut seen = HashSet::from([start.clone()]);
    let mut open = VecDeque::from([start]);
    while let Some(world) = open.pop_front() {
        world.check(&words, needed);
        let settled = world.clone().fair(&mut permits);
        settled.check(&words, needed);
        if settled.run_sent.is_some() && world.now <= EXPIRY {
            assert!(
                settled.runs == 1 || settled.lost || settled.refused,
                "what was allowed in time did not run"
            );
        }
        let sent = settled.run_sent.as_ref().map(|run| run.channel);
        if sent == Some(Channel::Console) && world.now <= EXPIRY {
            assert!(!settled.refused, "what people signed in time was refused");
        }
        found.on_console += usize::from(settled.runs == 1 && sent == Some(Channel::Console));
        found.by_mail += usize::from(settled.runs == 1 && sent == Some(Channel::Email));
        found.emergencies += usize::from(settled.runs == 1 && sent == Some(Channel::BreakGlass));
        found.refused += usize::from(settled.refused);
        for console in &settled.consoles {
            assert!(console.clicked.is_none() || console.settled, "an answer was lost");
        }
        for next in world.next(&words, scenario, &mut permits) {
            if !seen.contains(&next) {
                seen.insert(next.clone());
                open.push_back(next);
            }
        }
    }
    found.states = seen.len();
    assert!(found.states > 1_000 && found.on_console + found.by_mail > 0, "{found:?}");
    found
}

#[test]
fn one_contact_has_to_say_yes() {
    explore(Scenario { deaths: 2, ..PLAIN });
}

#[test]
fn both_contacts_have_to_say_yes() {
    explore(Scenario {
        needed: 2,
        both: true,
        ..PLAIN
    });
}

#[test]
fn the_requester_asks_again() {
    explore(Scenario {
        deaths: 1,
        may_nudge: true,
        ..PLAIN
    });
}

#[test]
fn an_emergency_runs_where_it_is_allowed_and_as_long() {
    for (allowed, runs) in [(None, false), (Some(ALWAYS), true), (Some(NUDGE), true)] {
        let found = explore(Scenario {
            deaths: 1,
            emergency: Some(allowed),
            ..PLAIN
        });
        assert_eq!(found.emergencies > 0, runs, "{found:?}");
    }
}

#[test]
fn an_answer_by_link_opens_the_endpoint_where_it_is_allowed_and_as_long() {
    for (allowed, runs) in [(None, false), (Some(ALWAYS), true), (Some(NUDGE), true)] {
        let found = explore(Scenario {
            links: Some(allowed),
            ..PLAIN
        });
        assert_eq!(found.by_mail > 0, runs, "{found:?}");
        assert!(found.refused > 0, "too late, or never allowed: {found:?}");
    }
}

#[test]
fn links_and_emergencies_meet() {
    let found = explore(Scenario {
        emergency: Some(Some(ALWAYS)),
        links: Some(Some(NUDGE)),
        ..PLAIN
    });
    assert!(found.by_mail > 0 && found.emergencies > 0, "{found:?}");
}

#[test]
fn one_person_who_answers_on_the_console_and_by_link_is_one() {
    let found = explore(Scenario {
        needed: 2,
        links: Some(Some(ALWAYS)),
        second: true,
        ..PLAIN
    });
    assert!(found.by_mail > 0 && found.on_console == 0, "{found:?}");
}
