//! Resident memory of the real program per connected endpoint that does nothing.

use crate::person::{Caller, now};
use caisey_control_native::local::LocalAccounts;
use caisey_protocol::role::Role;
use caisey_protocol::runtime::ToRuntime;
use caisey_protocol::sign_in::{TokenAnswer, TokenRequest};
use caisey_testkit::runtime::Runtime;
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio_tungstenite::tungstenite::Message;

struct Server {
    child: Child,
    base_url: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    fn start(data: &Path) -> Self {
        let here = std::env::current_exe().unwrap();
        let program = here.parent().and_then(Path::parent).unwrap().join("caisey-control");
        let mut child = Command::new(&program)
            .args(["serve", "--listen", "127.0.0.1:0", "--local-issuer", "--data"])
            .arg(data)
            .env("CAISEY_LOG", "warn")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}; build it first", program.display()));
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self {
            child,
            base_url: line.trim().strip_prefix("listening on ").expect("an address").to_owned(),
        }
    }

    fn resident_bytes(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").trim().parse::<u64>().unwrap() * 1_024
    }

    /// Resident memory once it has stayed the same for a while, and no endpoint's database is open.
    async fn settled(&self) -> u64 {
        let mut last = (self.resident_bytes(), 0);
        for _ in 0..600 {
            tokio::time::sleep(Duration::from_millis(500)).await;
            let (now, files) = (self.resident_bytes(), self.open_databases());
            last = if files == 0 && now.abs_diff(last.0) < 256 * 1_024 {
                (now, last.1 + 1)
            } else {
                (now, 0)
            };
            if last.1 >= 6 {
                break;
            }
        }
        last.0
    }

    fn open_databases(&self) -> usize {
        let Ok(files) = std::fs::read_dir(format!("/proc/{}/fd", self.child.id())) else {
            return 0;
        };
        let targets = files.flatten().filter_map(|file| std::fs::read_link(file.path()).ok());
        targets.filter(|target| target.to_string_lossy().contains("/ep_")).count()
    }

    async fn caller(&self, data: &Path) -> Caller {
        let code = LocalAccounts::open(data)
            .unwrap()
            .add("o@example.com", "Olga", Role::Owner, None)
            .unwrap();
        let mut caller = Caller {
            base_url: self.base_url.clone(),
            token: String::new(),
            http: reqwest::Client::new(),
        };
        let request = TokenRequest::OneTimeCode {
            code,
            password: "correct horse battery".into(),
        };
        caller.token = caller.post::<TokenAnswer>("/local/token", &request).await.access_token;
        caller
    }
}

pub async fn run(endpoints: u64) -> Value {
    let dir = tempfile::tempdir_in(std::env::current_dir().unwrap()).unwrap();
    let data = dir.path().join("data");
    let server = Server::start(&data);
    let caller = Arc::new(server.caller(&data).await);
    let organisation = caller.person().await.organisation;
    let installer = caller.installer(u32::try_from(endpoints).unwrap()).await;
    let turns = Arc::new(Semaphore::new(32));
    let tasks: Vec<_> = (0..endpoints)
        .map(|seed| {
            let (caller, turns, token) = (Arc::clone(&caller), Arc::clone(&turns), installer.token.clone());
            tokio::spawn(async move {
                let _turn = turns.acquire().await.unwrap();
                caller.enrol(&token, seed).await
            })
        })
        .collect();
    let mut machines = Vec::new();
    for task in tasks {
        machines.push(task.await.unwrap());
    }
    drop(server);

    // A fresh process: what enrolling left behind is not counted, what waking every object leaves behind is in the baseline.
    let server = Server::start(&data);
    tokio::time::sleep(Duration::from_secs(2)).await;
    let before = server.settled().await;
    let mut tasks = Vec::new();
    for machine in machines {
        let url = format!(
            "{}/v1/runtime/connect?organisation={organisation}&endpoint={}",
            server.base_url.replacen("http", "ws", 1),
            machine.endpoint
        );
        let turns = Arc::clone(&turns);
        let (ready, connected) = tokio::sync::oneshot::channel();
        tasks.push(connected);
        tokio::spawn(async move {
            let turn = turns.acquire_owned().await.unwrap();
            stay(machine, &url, ready, turn).await;
        });
    }
    for task in tasks {
        task.await.expect("every machine connects");
    }
    let after = server.settled().await;
    let grown = after.saturating_sub(before);
    json!({
        "endpoints": endpoints, "resident_before_bytes": before, "resident_after_bytes": after,
        "bytes_per_endpoint": grown / endpoints,
        "bytes_per_endpoint_with_the_whole_program": after / endpoints,
    })
}

/// Connects, proves the key, and then only answers what is asked.
async fn stay(mut machine: Runtime, url: &str, ready: tokio::sync::oneshot::Sender<()>, turn: tokio::sync::OwnedSemaphorePermit) {
    let (mut socket, _) = tokio_tungstenite::connect_async(url).await.unwrap();
    let mut ready = Some((ready, turn));
    while let Some(Ok(message)) = socket.next().await {
        let Message::Text(text) = message else { continue };
        let message: ToRuntime = serde_json::from_str(&text).unwrap();
        let welcomed = matches!(message, ToRuntime::Welcome { .. });
        for answer in machine.receive(now(), message) {
            socket
                .send(Message::text(serde_json::to_string(&answer).unwrap()))
                .await
                .unwrap();
        }
        if welcomed && let Some((ready, _turn)) = ready.take() {
            let _ = ready.send(());
        }
    }
}
