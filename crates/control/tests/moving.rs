//! Objects that move: what arrives is what left, and whatever is changed on the way is refused.

use crate::Desk;
use crate::organisation::Office;
use crate::sqlite::SqliteStore;
use caisey_control::endpoint::read_page;
use caisey_control::moving::{self, Arrived, Fault, Header, Leaving, Objects, Part, Standing};
use caisey_control::port::Signer as _;
use caisey_control::store::Store as _;
use caisey_ledger::id::Seq;
use caisey_testkit::plane::CheckpointKey;
use ed25519_dalek::SigningKey;

/// An endpoint with some work behind it.
fn worked() -> Desk {
    let mut desk = Desk::new();
    desk.connect();
    let session = desk.open(1);
    for number in 1..40 {
        desk.propose(&session, number).unwrap();
    }
    let secret = desk
        .person
        .chat(&desk.log(), desk.plane.time(), &session, "zażółć \"gęślą\" \u{1} jaźń\n");
    desk.submit(secret).unwrap();
    desk.plane.put_away();
    desk
}

fn header(desk: &Desk) -> Header {
    let identity = &desk.plane.identity;
    let now = desk.plane.time();
    moving::header("caisey.test", &identity.organisation, desk.plane.signer_key(), now)
}

fn part(desk: &Desk) -> Part {
    Part::Endpoint(desk.plane.identity.endpoint.clone())
}

/// All lines, in pieces of about so many bytes.
fn left(store: &SqliteStore, header: &Header, part: &Part, bytes: usize) -> Vec<String> {
    let (mut all, mut from): (Vec<String>, Option<Leaving>) = (Vec::new(), None);
    loop {
        let (lines, next) = moving::leave(store, header, part, from, bytes).unwrap();
        assert!(
            lines.iter().map(String::len).sum::<usize>() < bytes + (64 << 16),
            "a piece is bounded"
        );
        all.extend(lines);
        match next {
            // As it travels between pieces.
            Some(next) => from = Some(serde_json::from_str(&serde_json::to_string(&next).unwrap()).unwrap()),
            None => return all,
        }
    }
}

fn arrive(store: &SqliteStore, desk: &Desk, lines: &[String], piece: usize) -> Result<Arrived, Fault> {
    let mut last = None;
    for lines in lines.chunks(piece) {
        last = Some(moving::arrive(store, &header(desk), &part(desk), &desk.plane.signer_key(), lines).unwrap()?);
    }
    Ok(last.expect("some lines"))
}

fn dump(store: &SqliteStore) -> Vec<String> {
    let tables = store
        .exec(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> 'moving' ORDER BY name",
            &[],
        )
        .unwrap();
    let mut all = Vec::new();
    for table in tables {
        let caisey_control::store::Value::Text(name) = &table[0] else {
            panic!()
        };
        let rows = store.exec(&format!("SELECT * FROM {name} ORDER BY 1, 2"), &[]);
        let rows = rows
            .or_else(|_| store.exec(&format!("SELECT * FROM {name} ORDER BY 1"), &[]))
            .unwrap();
        all.push(format!("{name}: {rows:?}"));
    }
    all
}

#[test]
fn an_endpoint_arrives_as_it_left_whatever_the_pieces_and_works_on() {
    let mut desk = worked();
    let (header, part) = (header(&desk), part(&desk));
    let lines = left(&desk.plane.store, &header, &part, 1 << 20);
    assert_eq!(lines, left(&desk.plane.store, &header, &part, 1), "pieces do not matter");
    assert_eq!(moving::standing(&desk.plane.store).unwrap(), Some(Standing::Left));
    for piece in [1, 7, 100_000] {
        let store = SqliteStore::in_memory().unwrap();
        let arrived = arrive(&store, &desk, &lines, piece).unwrap();
        assert_eq!(arrived, Arrived::Whole(lines.last().unwrap().clone()));
        assert_eq!(moving::standing(&store).unwrap(), Some(Standing::Arrived));
        assert_eq!(dump(&store), dump(&desk.plane.store));
        moving::settle(&store).unwrap();
        assert_eq!(moving::standing(&store).unwrap(), None);
        // It goes on, and can leave again.
        desk.plane.store = store;
        assert!(desk.plane.verified().len() > 80);
        desk.plane.put_away();
        assert_eq!(left(&desk.plane.store, &header, &part, 5_000), lines);
    }
    moving::settle(&desk.plane.store).unwrap();
    let session = desk.open(2);
    desk.propose(&session, 99).unwrap();
    desk.plane.verified();
}

#[test]
fn whatever_is_changed_on_the_way_is_refused_and_nothing_of_it_can_be_used() {
    let desk = worked();
    let lines = left(&desk.plane.store, &header(&desk), &part(&desk), 1 << 20);
    let last = lines.len() - 1;
    let changed: Vec<(&str, Vec<String>)> = vec![
        ("a row less", [&lines[..9], &lines[10..]].concat()),
        ("a row twice", [&lines[..9], &lines[8..]].concat()),
        ("two rows swapped", {
            let mut lines = lines.clone();
            lines.swap(8, 9);
            lines
        }),
        ("an end without rows", vec![lines[0].clone(), lines[last].clone()]),
        ("no beginning", lines[1..].to_vec()),
        ("another object's name", {
            let mut lines = lines.clone();
            lines[0] = lines[0].replace(part(&desk).to_string().as_str(), "organisation");
            lines
        }),
        ("a newer schema", {
            let mut lines = lines.clone();
            lines[0] = lines[0].replace(']', "0]");
            lines
        }),
        ("not JSON", {
            let mut lines = lines.clone();
            lines[5] = "{".into();
            lines
        }),
    ];
    for (what, lines) in changed {
        let store = SqliteStore::in_memory().unwrap();
        for piece in [3, 100_000] {
            let outcome = arrive(&store, &desk, &lines, piece);
            assert!(outcome.is_err(), "{what}: {outcome:?}");
            assert_ne!(moving::standing(&store).unwrap(), Some(Standing::Arrived), "{what}");
        }
    }
    // One letter anywhere: even where the digest is made to fit, the log does not.
    for at in [3, lines.len() / 2, last - 1] {
        let mut bent = lines.clone();
        bent[at] = bent[at].replace('a', "b").replace('1', "2");
        let store = SqliteStore::in_memory().unwrap();
        assert!(arrive(&store, &desk, &bent, 50).is_err(), "{at}: {}", bent[at]);
    }
    // What was broken off is begun anew.
    let store = SqliteStore::in_memory().unwrap();
    assert_eq!(arrive(&store, &desk, &lines[..20], 10).unwrap(), Arrived::Some);
    assert!(matches!(arrive(&store, &desk, &lines, 1_000).unwrap(), Arrived::Whole(_)));
    moving::settle(&store).unwrap();
    assert!(matches!(arrive(&store, &desk, &lines, 1_000), Err(Fault::Exists(_))));
    // Another key has not signed this log, and another authority's log has another name.
    let other = SigningKey::from_bytes(&[8; 32]).verifying_key().to_bytes();
    let store = SqliteStore::in_memory().unwrap();
    let outcome = moving::arrive(&store, &header(&desk), &part(&desk), &other, &lines).unwrap();
    assert!(matches!(outcome, Err(Fault::Signature(_))), "{outcome:?}");
}

#[test]
fn rows_that_were_forged_with_a_fitting_digest_lead_to_no_signed_end() {
    let desk = worked();
    let store = SqliteStore::in_memory().unwrap();
    let lines = left(&desk.plane.store, &header(&desk), &part(&desk), 1 << 20);
    arrive(&store, &desk, &lines, 1_000).unwrap();
    moving::settle(&store).unwrap();
    store
        .exec(
            "UPDATE entries SET leaf = replace(leaf, 'df -h', 'rm -r') , leaf_hash = leaf_hash WHERE seq > 3",
            &[],
        )
        .unwrap();
    store
        .exec("UPDATE entries SET leaf = leaf || ' ' WHERE seq = 4", &[])
        .unwrap();
    let forged = left(&store, &header(&desk), &part(&desk), 1 << 20);
    let fresh = SqliteStore::in_memory().unwrap();
    let outcome = arrive(&fresh, &desk, &forged, 1_000);
    assert!(
        matches!(&outcome, Err(Fault::Damaged(why)) if why.contains("entry 4")),
        "{outcome:?}"
    );
}

#[test]
fn an_organisation_moves_with_its_log_and_names_its_endpoints() {
    let mut office = Office::new();
    let client = office.client(1, "Northstar Dental");
    office.token(1, &client, 3);
    let key = CheckpointKey(SigningKey::from_bytes(&[9; 32]));
    let header = moving::header("caisey.test", &office.organisation, key.public_key(), Default::default());
    let lines = left(&office.store, &header, &Part::Organisation, 2_000);
    let store = SqliteStore::in_memory().unwrap();
    let arrived = moving::arrive(&store, &header, &Part::Organisation, &key.public_key(), &lines).unwrap();
    let end = lines.last().unwrap();
    assert_eq!(arrived, Ok(Arrived::Whole(end.clone())));
    assert_eq!(dump(&store), dump(&office.store));
    moving::ended(&store, end).unwrap();
    let mut objects = Objects::new();
    objects.ended(end);
    let note = objects.sign(&header, &key.public_key(), |message| key.sign(message)).unwrap();
    assert!(
        note.starts_with(&format!("caisey.test/{}/move\n1\n", office.organisation)),
        "{note}"
    );
    assert_eq!(
        moving::objects(&store).unwrap().check(&header, &note, &key.public_key()),
        Ok(())
    );
    moving::ended(&store, "another").unwrap();
    assert!(
        moving::objects(&store)
            .unwrap()
            .check(&header, &note, &key.public_key())
            .is_err()
    );
    assert_eq!(moving::next_endpoint(&store, None).unwrap(), None);
    moving::settle(&store).unwrap();
    assert!(
        read_page(&store, Seq::default(), 1).is_err(),
        "an organisation's store is no endpoint's"
    );
}
