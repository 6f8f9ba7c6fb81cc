//! Durable appends per second with 64 writers, three ways on the same disk.

use crate::person::{Caller, now};
use caisey_control_native::{Config, ControlPlane};
use caisey_ledger::entry::SignedStatement;
use caisey_ledger::id::SessionId;
use caisey_protocol::http::{Submit, Submitted};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

const WRITERS: usize = 64;
/// Statements signed beforehand per writer and second: signing is the consoles' work, not the host's.
const PREPARED_PER_S: u64 = 400;

pub async fn run(seconds: u64) -> Value {
    let dir = tempfile::tempdir_in(std::env::current_dir().unwrap()).unwrap();
    let running = ControlPlane::start(Config::embedded(dir.path().join("data"))).await.unwrap();
    let token = running.bootstrap_owner("Measure").unwrap().access_token;
    let caller = Caller {
        base_url: running.base_url.clone(),
        token,
        http: reqwest::Client::new(),
    };
    let mut person = caller.person().await;
    let installer = caller.installer(1).await;
    let runtime = caller.enrol(&installer.token, 2).await;
    let path = format!("/v1/endpoints/{}/statements", runtime.endpoint);
    let session = SessionId::from_bits([1; 16]);
    let opened = person.open(&runtime.log, now(), &session);
    let _: Submitted = caller
        .post(
            &path,
            &Submit {
                version: 1,
                statement: opened,
            },
        )
        .await;
    let mut prepare = || -> Vec<Vec<SignedStatement>> {
        let each = seconds * PREPARED_PER_S;
        (0..WRITERS)
            .map(|_| {
                (0..each)
                    .map(|_| person.chat(&runtime.log, now(), &session, &"word ".repeat(20)))
                    .collect()
            })
            .collect()
    };

    let prepared = prepare();
    let row = serde_json::to_vec(&prepared[0][0]).unwrap().len();
    let raw = raw(&dir.path().join("raw.sqlite"), row, seconds);

    let done = Arc::new(AtomicU64::new(0));
    let running = Arc::new(running);
    let start = Instant::now();
    let end = start + Duration::from_secs(seconds);
    let caller_value = person_caller(&caller, &running).await;
    let tasks: Vec<_> = prepared
        .into_iter()
        .map(|statements| {
            let (running, done, endpoint, caller) = (
                Arc::clone(&running),
                Arc::clone(&done),
                runtime.endpoint.clone(),
                caller_value.clone(),
            );
            tokio::spawn(async move {
                for statement in statements {
                    running.submit(&endpoint, caller.clone(), statement).await.unwrap();
                    done.fetch_add(1, Ordering::Relaxed);
                    if Instant::now() >= end {
                        break;
                    }
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let mailbox = rate(&done, start);

    let bodies: Vec<Vec<Vec<u8>>> = prepare()
        .into_iter()
        .map(|statements| {
            statements
                .into_iter()
                .map(|statement| serde_json::to_vec(&Submit { version: 1, statement }).unwrap())
                .collect()
        })
        .collect();
    let done = Arc::new(AtomicU64::new(0));
    let start = Instant::now();
    let end = start + Duration::from_secs(seconds);
    let tasks: Vec<_> = bodies
        .into_iter()
        .map(|bodies| {
            let (done, http, token, url) = (
                Arc::clone(&done),
                caller.http.clone(),
                caller.token.clone(),
                format!("{}{path}", caller.base_url),
            );
            tokio::spawn(async move {
                for body in bodies {
                    let answer = http.post(&url).bearer_auth(&token).body(body).send().await.unwrap();
                    assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
                    done.fetch_add(1, Ordering::Relaxed);
                    if Instant::now() >= end {
                        break;
                    }
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let http = rate(&done, start);
    if let Ok(running) = Arc::try_unwrap(running) {
        running.shutdown().await;
    }
    json!({
        "writers": WRITERS, "seconds": seconds, "row_bytes": row,
        "raw_sqlite_per_s": raw.round(), "mailbox_per_s": mailbox.round(), "http_per_s": http.round(),
        "mailbox_ratio": mailbox / raw, "http_ratio": http / raw,
    })
}

async fn person_caller(caller: &Caller, _running: &caisey_control_native::Running) -> caisey_control::port::Caller {
    let person = caller.person().await;
    person.caller()
}

fn rate(done: &AtomicU64, start: Instant) -> f64 {
    done.load(Ordering::Relaxed) as f64 / start.elapsed().as_secs_f64()
}

/// 64 threads hand rows of that size to one writer, which commits whatever waits and then answers: the same durability, nothing else.
fn raw(path: &std::path::Path, row_bytes: usize, seconds: u64) -> f64 {
    let connection = rusqlite::Connection::open(path).unwrap();
    connection
        .execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;")
        .unwrap();
    connection
        .execute_batch("CREATE TABLE rows (seq INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;")
        .unwrap();
    let (sender, receiver) = mpsc::channel::<(Vec<u8>, mpsc::Sender<()>)>();
    let writer = std::thread::spawn(move || {
        while let Ok(first) = receiver.recv() {
            let batch: Vec<_> = std::iter::once(first).chain(receiver.try_iter().take(255)).collect();
            connection.execute_batch("BEGIN IMMEDIATE").unwrap();
            {
                let mut insert = connection.prepare_cached("INSERT INTO rows (body) VALUES (?1)").unwrap();
                for (body, _) in &batch {
                    insert.execute([body]).unwrap();
                }
            }
            connection.execute_batch("COMMIT").unwrap();
            for (_, answer) in batch {
                let _ = answer.send(());
            }
        }
    });
    let done = Arc::new(AtomicU64::new(0));
    let start = Instant::now();
    let end = start + Duration::from_secs(seconds);
    let threads: Vec<_> = (0..WRITERS)
        .map(|_| {
            let (sender, done) = (sender.clone(), Arc::clone(&done));
            std::thread::spawn(move || {
                let (answer, answered) = mpsc::channel();
                while Instant::now() < end {
                    sender.send((vec![7; row_bytes], answer.clone())).unwrap();
                    answered.recv().unwrap();
                    done.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    drop(sender);
    for thread in threads {
        thread.join().unwrap();
    }
    let rate = rate(&done, start);
    writer.join().unwrap();
    rate
}
