//! Where the processor time of one append goes, each stage by itself on one thread.

use crate::appends::{WRITERS, tenth};
use crate::person::now;
use caisey_control::endpoint::{Identity, Input};
use caisey_control::port::RequestId;
use caisey_control_native::store::SqliteStore;
use caisey_ledger::admission::Offered;
use caisey_ledger::entry::SignedStatement;
use caisey_ledger::id::{ClientId, InstallerId, SessionId};
use caisey_ledger::keyring::Keyring;
use caisey_ledger::statement::signing_bytes;
use caisey_protocol::http::Submit;
use caisey_testkit::person::Person;
use caisey_testkit::plane::Plane;
use caisey_testkit::runtime::Runtime;
use ed25519_dalek::{Signature, VerifyingKey};
use serde_json::{Value, json};
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

const COUNT: usize = 100 * WRITERS;

/// Processor time of this process so far, to a hundredth of a second.
pub fn cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("Linux");
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks: u64 = after_name
        .split_whitespace()
        .skip(11)
        .take(2)
        .map(|field| field.parse::<u64>().unwrap())
        .sum();
    Duration::from_millis(ticks * 10)
}

/// Microseconds of processor time for each, by stage.
pub fn measure(dir: &Path, person: &mut Person, runtime: &Runtime, session: &SessionId) -> Value {
    let line = "word ".repeat(20);
    let statements: Vec<_> = (0..COUNT).map(|_| person.chat(&runtime.log, now(), session, &line)).collect();
    let bodies: Vec<_> = statements
        .iter()
        .map(|statement| {
            serde_json::to_vec(&Submit {
                version: 1,
                statement: statement.clone(),
            })
            .unwrap()
        })
        .collect();
    let parse = each(bodies.iter(), |body| {
        black_box(serde_json::from_slice::<Submit>(body).unwrap());
    });
    let canonical = each(statements.iter(), |said| {
        black_box(signing_bytes(&said.statement).unwrap());
    });
    let texts = each(statements.iter(), |said| {
        for (name, disclosure) in &said.disclosures {
            disclosure.verify(&said.statement.texts[name]).unwrap();
        }
    });
    let one = &statements[0];
    let (key, signature, message) = strict(one);
    let plain = each(0..COUNT, |_| key.verify_strict(black_box(&message), &signature).unwrap());
    let mut keys = Keyring::new(4);
    let mut offered = Vec::with_capacity(COUNT);
    let examine = each(statements.into_iter(), |said| {
        let said = Offered::from(said).examine(|key| keys.find(key));
        assert!(matches!(said, Offered::Holds(_)));
        offered.push(said);
    });
    json!({
        "parse_json": parse, "examine": examine, "of_that_canonical_bytes": canonical, "of_that_texts": texts,
        "a_plain_strict_verification_for_comparison": plain,
        "place_and_commit_64_at_once": place(dir, person, runtime, session, offered),
    })
}

fn each<T>(of: impl ExactSizeIterator<Item = T>, step: impl FnMut(T)) -> f64 {
    let count = of.len() as f64;
    let start = cpu();
    of.for_each(step);
    tenth((cpu() - start).as_secs_f64() * 1e6 / count)
}

fn strict(said: &SignedStatement) -> (VerifyingKey, Signature, Vec<u8>) {
    use base64::Engine as _;
    let decode = |text: &str| base64::engine::general_purpose::STANDARD.decode(text).unwrap();
    let signed = said.signature.as_ref().unwrap();
    let key = VerifyingKey::from_bytes(&decode(&signed.key).try_into().unwrap()).unwrap();
    let signature = Signature::from_slice(&decode(&signed.sig)).unwrap();
    (key, signature, signing_bytes(&said.statement).unwrap())
}

/// The object and its database alone: turn, tree, rows, checkpoint, fsync.
fn place(dir: &Path, person: &mut Person, runtime: &Runtime, session: &SessionId, offered: Vec<Offered>) -> f64 {
    let identity = Identity {
        organisation: person.caller().organisation,
        endpoint: runtime.endpoint.clone(),
        client: ClientId::from_bits([1; 16]),
        client_name: "Measured".into(),
        log: runtime.log.clone(),
        key: runtime.public_key(),
        hostname: "measured".into(),
        os: "linux".into(),
        arch: "x86_64".into(),
        installer: InstallerId::from_bits([1; 16]).to_string(),
    };
    let store = SqliteStore::open(&dir.join("place.sqlite")).unwrap();
    let mut plane = Plane::new(store, identity, 1).enrolled();
    plane.now = now().get();
    let caller = Arc::new(person.caller());
    let submit = |said| Input::SubmitExamined(RequestId(1), Arc::clone(&caller), said);
    plane
        .batch(vec![submit(person.open(&runtime.log, now(), session).into())])
        .unwrap();
    let batches: Vec<Vec<Input>> = offered
        .chunks(WRITERS)
        .map(|some| some.iter().cloned().map(submit).collect())
        .collect();
    let before = plane.records().len();
    let per_batch = each(batches.into_iter(), |batch| drop(plane.batch(batch).unwrap()));
    assert_eq!(plane.records().len() - before, COUNT);
    tenth(per_batch / WRITERS as f64)
}
