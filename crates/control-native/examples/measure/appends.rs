//! Durable appends per second with 64 writers on one disk: through the host's mailbox and over HTTP, beside SQLite alone.
//!
//! Two yardsticks, measured in turns with what is measured, so that a busy machine slows all alike:
//! - `raw`: bare rows, as many bytes each as an append leaves in the endpoint's database, committed in groups;
//! - `signed`: the same, and each writer first verifies one Ed25519 signature strictly (`ed25519_dalek::verify_strict`), which no signed
//!   log can leave out.
//!
//! Ratios are medians over the rounds. Processor time is of this whole process, writers and HTTP client included.

use crate::person::{Caller, now};
use crate::stages;
use caisey_control_native::{Config, ControlPlane, Running};
use caisey_ledger::entry::SignedStatement;
use caisey_ledger::id::SessionId;
use caisey_protocol::http::{Submit, Submitted};
use caisey_testkit::person::Person;
use ed25519_dalek::{Signature, Signer as _, SigningKey};
use rusqlite::Connection;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

pub const WRITERS: usize = 64;
const ROUNDS: usize = 5;
/// Statements signed beforehand per writer and second: signing is the consoles' work, not the host's.
const MAILBOX_PER_S: f64 = 600.0;
const HTTP_PER_S: f64 = 250.0;

/// What one way came to in one round.
struct Run {
    per_s: f64,
    /// Processor time per append, in microseconds.
    cpu_us: f64,
}

struct Place {
    running: Arc<Running>,
    caller: Caller,
    person: Person,
    runtime: caisey_testkit::runtime::Runtime,
    session: SessionId,
    dir: tempfile::TempDir,
}

pub async fn run(seconds: u64) -> Value {
    let mut place = Place::make().await;
    let each = Duration::from_secs_f64(seconds as f64 / ROUNDS as f64);
    place.mailbox(Duration::from_millis(300)).await;
    let mut rounds: [Vec<Run>; 4] = Default::default();
    for round in 0..ROUNDS {
        let bytes = place.stored_bytes();
        let path = |name: &str| place.dir.path().join(format!("{name}-{round}.sqlite"));
        let (raw_path, signed_path) = (path("raw"), path("signed"));
        rounds[0].push(raw(raw_path, bytes, each, false));
        rounds[1].push(raw(signed_path, bytes, each, true));
        rounds[2].push(place.mailbox(each).await);
        rounds[3].push(place.http(each).await);
    }
    let (bytes, batch) = (place.stored_bytes(), place.appends_per_commit());
    let stages = stages::measure(place.dir.path(), &mut place.person, &place.runtime, &place.session);
    if let Ok(running) = Arc::try_unwrap(place.running) {
        running.shutdown().await;
    }
    let [raw, signed, mailbox, http] = &rounds;
    let rate = |runs: &[Run]| median(runs.iter().map(|run| run.per_s)).round();
    let cpu = |runs: &[Run]| tenth(median(runs.iter().map(|run| run.cpu_us)));
    let ratio = |of: &[Run], to: &[Run]| {
        let median = median(of.iter().zip(to).map(|(of, to)| of.per_s / to.per_s));
        (median * 1_000.0).round() / 1_000.0
    };
    json!({
        "writers": WRITERS, "seconds": seconds, "rounds": ROUNDS, "processors": processors(),
        "stored_bytes_per_append": bytes, "appends_per_commit": tenth(batch),
        "raw_sqlite_per_s": rate(raw), "signed_sqlite_per_s": rate(signed),
        "mailbox_per_s": rate(mailbox), "http_per_s": rate(http),
        "mailbox_ratio": ratio(mailbox, raw), "mailbox_ratio_to_signed": ratio(mailbox, signed),
        "http_ratio": ratio(http, raw), "http_ratio_to_signed": ratio(http, signed),
        "cpu_us_per_append": {
            "raw_sqlite": cpu(raw), "signed_sqlite": cpu(signed), "mailbox": cpu(mailbox), "http_with_its_client": cpu(http),
            "stages": stages,
        },
    })
}

impl Place {
    async fn make() -> Self {
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
        let session = SessionId::from_bits([1; 16]);
        let statement = person.open(&runtime.log, now(), &session);
        let place = Self {
            running: Arc::new(running),
            caller,
            person,
            runtime,
            session,
            dir,
        };
        let _: Submitted = place.caller.post(&place.path(), &Submit { version: 1, statement }).await;
        place
    }

    fn path(&self) -> String {
        format!("/v1/endpoints/{}/statements", self.runtime.endpoint)
    }

    /// Lines of chat of forty words and gaps, for each writer.
    fn statements(&mut self, each: Duration, per_s: f64) -> Vec<Vec<SignedStatement>> {
        let count = (each.as_secs_f64() * per_s).ceil() as usize;
        let line = "word ".repeat(20);
        let mut chat = || self.person.chat(&self.runtime.log, now(), &self.session, &line);
        (0..WRITERS).map(|_| (0..count).map(|_| chat()).collect()).collect()
    }

    async fn mailbox(&mut self, each: Duration) -> Run {
        let statements = self.statements(each, MAILBOX_PER_S);
        let caller = self.person.caller();
        writers(statements, each, |statement| {
            let (running, endpoint, caller) = (Arc::clone(&self.running), self.runtime.endpoint.clone(), caller.clone());
            async move {
                running.submit(&endpoint, caller, statement).await.unwrap();
            }
        })
        .await
    }

    async fn http(&mut self, each: Duration) -> Run {
        let body = |statement| serde_json::to_vec(&Submit { version: 1, statement }).unwrap();
        let bodies = self.statements(each, HTTP_PER_S);
        let bodies = bodies.into_iter().map(|some| some.into_iter().map(body).collect()).collect();
        let url = format!("{}{}", self.caller.base_url, self.path());
        writers(bodies, each, |body: Vec<u8>| {
            let request = self.caller.http.post(&url).bearer_auth(&self.caller.token).body(body);
            async move {
                let answer = request.send().await.unwrap();
                assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
                answer.bytes().await.unwrap();
            }
        })
        .await
    }

    fn database(&self) -> Connection {
        let organisation = self.person.caller().organisation;
        let file = format!("data/{organisation}/{}.sqlite", self.runtime.endpoint);
        Connection::open(self.dir.path().join(file)).unwrap()
    }

    /// Bytes of database per append, indexes and checkpoints included.
    fn stored_bytes(&self) -> usize {
        let sql =
            "SELECT (SELECT page_count * page_size FROM pragma_page_count, pragma_page_size) / (SELECT count(*) FROM entries)";
        let bytes: u32 = self.database().query_row(sql, [], |row| row.get(0)).unwrap();
        bytes as usize
    }

    fn appends_per_commit(&self) -> f64 {
        let sql = "SELECT CAST((SELECT count(*) FROM entries) AS REAL) / (SELECT count(*) FROM checkpoints)";
        self.database().query_row(sql, [], |row| row.get(0)).unwrap()
    }
}

/// Lets each writer do one thing after the other until the time is over or nothing is left.
async fn writers<T, F>(work: Vec<Vec<T>>, each: Duration, step: impl Fn(T) -> F) -> Run
where
    T: Send + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let steps: Vec<Vec<F>> = work.into_iter().map(|some| some.into_iter().map(&step).collect()).collect();
    let done = Arc::new(AtomicU64::new(0));
    let (start, cpu) = (Instant::now(), stages::cpu());
    let tasks: Vec<_> = steps
        .into_iter()
        .map(|some| {
            let done = Arc::clone(&done);
            tokio::spawn(async move {
                for step in some {
                    if start.elapsed() >= each {
                        break;
                    }
                    step.await;
                    done.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    result(&done, start, cpu)
}

fn result(done: &AtomicU64, start: Instant, cpu: Duration) -> Run {
    let done = done.load(Ordering::Relaxed) as f64;
    Run {
        per_s: done / start.elapsed().as_secs_f64(),
        cpu_us: stages::cpu().saturating_sub(cpu).as_secs_f64() * 1e6 / done,
    }
}

/// 64 threads hand rows of that size to one writer, which commits whatever waits and then answers: the same durability, nothing else;
/// or, signed, one verification more.
fn raw(path: PathBuf, row_bytes: usize, each: Duration, signed: bool) -> Run {
    let (sender, receiver) = mpsc::channel::<(Vec<u8>, mpsc::Sender<()>)>();
    let writer = std::thread::spawn(move || commit_groups(&path, &receiver));
    let key = SigningKey::from_bytes(&[7; 32]);
    let (message, public) = (vec![7; 800], key.verifying_key());
    let signature: Signature = key.sign(&message);
    let done = Arc::new(AtomicU64::new(0));
    let (start, cpu) = (Instant::now(), stages::cpu());
    let threads: Vec<_> = (0..WRITERS)
        .map(|_| {
            let (sender, done, message) = (sender.clone(), Arc::clone(&done), message.clone());
            std::thread::spawn(move || {
                let (answer, answered) = mpsc::channel();
                while start.elapsed() < each {
                    if signed {
                        public.verify_strict(&message, &signature).unwrap();
                    }
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
    let run = result(&done, start, cpu);
    writer.join().unwrap();
    run
}

fn commit_groups(path: &Path, receiver: &mpsc::Receiver<(Vec<u8>, mpsc::Sender<()>)>) {
    let connection = Connection::open(path).unwrap();
    connection
        .execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
             CREATE TABLE rows (seq INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;",
        )
        .unwrap();
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
    drop(connection);
    let _ = std::fs::remove_file(path);
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

pub fn tenth(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
