//! workerd as a child process. It is asked for nothing but to serve a configuration; it can be killed without warning.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, mpsc};
use std::time::Duration;

/// Nothing here should take as long.
const PATIENCE: Duration = Duration::from_secs(60);

pub struct Workerd {
    child: Mutex<Child>,
    pub port: u16,
}

impl Workerd {
    /// Serves a configuration below this package, with its objects in `data`.
    pub fn start(config: &str, data: &Path, environment: &[(&str, String)]) -> Self {
        // Whoever talks to it makes an HTTP client, which wants a provider of TLS also where none is spoken.
        let _ = rustls::crypto::ring::default_provider().install_default();
        std::fs::create_dir_all(data).unwrap();
        let package = Path::new(env!("CARGO_MANIFEST_DIR"));
        let serves = package.join(config);
        let has_assets = std::fs::read_to_string(&serves).unwrap().contains("\"assets\"");
        let assets = format!("--directory-path=assets={}", package.join("assets").display());
        let mut child = Command::new(program())
            .arg("serve")
            .arg(&serves)
            .arg(format!("--directory-path=objects={}", data.display()))
            .args(has_assets.then_some(assets))
            .args(["--socket-addr=http=127.0.0.1:0", "--control-fd=1"])
            .envs(environment.iter().map(|(name, value)| (*name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (send, receive) = mpsc::channel();
        let out = child.stdout.take().unwrap();
        std::thread::spawn(move || {
            // Read to the end, so that it never waits for us.
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                let event: serde_json::Value = serde_json::from_str(&line).unwrap_or_default();
                if event["event"] == "listen" {
                    let _ = send.send(u16::try_from(event["port"].as_u64().unwrap()).unwrap());
                } else {
                    eprintln!("workerd: {line}");
                }
            }
        });
        match receive.recv_timeout(PATIENCE) {
            Ok(port) => Self {
                child: Mutex::new(child),
                port,
            },
            Err(_) => {
                let _ = child.kill();
                panic!("workerd did not listen; is {config} whole? `cargo xtask workers` builds what it embeds");
            }
        }
    }

    /// The process.
    pub fn id(&self) -> u32 {
        self.child.lock().unwrap().id()
    }

    /// kill -9.
    pub fn kill_now(&self) {
        let mut child = self.child.lock().unwrap();
        let _ = child.kill();
        let _ = child.wait();
    }
}

impl Drop for Workerd {
    fn drop(&mut self) {
        self.kill_now();
    }
}

fn program() -> PathBuf {
    let modules = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/workerd/node_modules/@cloudflare");
    let found = std::fs::read_dir(&modules).ok().and_then(|mut packages| {
        packages.find_map(|package| {
            let program = package.ok()?.path().join("bin/workerd");
            program.is_file().then_some(program)
        })
    });
    found.expect("workerd is not installed: run `cargo xtask workers`, which installs it and builds what runs in it")
}
