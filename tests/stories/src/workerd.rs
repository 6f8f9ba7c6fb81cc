//! The control plane on workerd. For stories on this computer only.

use crate::issuer::TestIssuer;
use crate::programs::Program;
use anyhow::{Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use std::net::TcpListener;
use std::path::{Path, PathBuf};

/// The program and what it serves.
pub struct Workerd {
    program: PathBuf,
    config: PathBuf,
}

impl Workerd {
    /// Where `cargo xtask workers` put everything.
    ///
    /// # Errors
    /// When it did not.
    pub fn find() -> Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let packages = root.join("tests/workerd/node_modules/@cloudflare");
        let worker = root.join("crates/control-worker/worker");
        let program = std::fs::read_dir(&packages).ok().and_then(|packages| {
            let mut programs = packages.flatten().map(|package| package.path().join("bin/workerd"));
            programs.find(|program| program.is_file())
        });
        match program.filter(|_| worker.join("control.wasm").is_file()) {
            Some(program) => Ok(Self {
                program,
                config: worker.join("config.capnp"),
            }),
            None => bail!("workerd or what runs in it is not there: run `cargo xtask workers` first"),
        }
    }

    /// Starts it on its data, at an address.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn serve(&self, data: &str, address: &str, issuer: &TestIssuer, log: &Path) -> Result<Program> {
        std::fs::create_dir_all(data)?;
        let config = self.config.to_string_lossy();
        let (objects, http) = (
            format!("--directory-path=objects={data}"),
            format!("--socket-addr=http={address}"),
        );
        let told = json!({ "authority": "caisey.local", "issuers": [issuer.config()] });
        let environment = [
            ("CAISEY", told.to_string()),
            ("CHECKPOINT_KEY", checkpoint_key()),
            ("OPERATOR_SECRET", OPERATOR_SECRET.to_owned()),
        ];
        let assets = self.config.with_file_name("../assets");
        let assets = format!("--directory-path=assets={}", assets.display());
        let arguments = ["serve", &config, &objects, &assets, &http, "--control-fd=1"];
        Program::start_in(&self.program, &arguments, &environment, log)
    }
}

/// The operator's secret of these deployments.
pub const OPERATOR_SECRET: &str = "the operator of a story, who may move it";

/// A key for stories: what it signs is evidence of nothing.
pub fn checkpoint_key() -> String {
    STANDARD.encode([0x5a; 32])
}

/// An address on this computer that nobody uses.
///
/// # Errors
/// The operating system's.
pub fn free_address() -> Result<String> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string())
}
