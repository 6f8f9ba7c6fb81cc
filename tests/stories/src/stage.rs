//! A stage for stories: a control plane with a local issuer, one technician, one enrolled runtime, all real programs in one folder.
//!
//! Promises that every part can be killed and started again on the same data and address. Leaves out what is played on it.

use crate::programs::{Program, built, length};
use anyhow::{Context, Result, bail};
use caisey_client::address::ControlUrl;
use caisey_client::api::Api;
use caisey_client::token::{BearerToken, FixedToken, TokenError, TokenFuture, TokenSource};
use caisey_ledger::id::{ClientId, InstallerId, TimeMs};
use caisey_protocol::http::{CreateClient, CreateInstaller};
use caisey_protocol::sign_in::{TokenAnswer, TokenRequest};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::Mutex;

const EMAIL: &str = "jordan@msp.example";
const PASSWORD: &str = "correct horse battery staple";

/// Names and folders of everything on the stage.
pub struct Stage {
    folder: PathBuf,
    address: String,
    /// The endpoint's program.
    runtime: PathBuf,
}

impl Stage {
    /// Sets the stage in an empty folder: starts the control plane, makes a technician and a client, enrols a runtime.
    /// Returns it with the control plane running; the runtime is not started yet.
    ///
    /// # Errors
    /// Whatever did not work, with the program's last lines.
    pub async fn set(folder: &Path) -> Result<(Self, Program)> {
        Self::set_with(folder, built("caisey-runtime")?).await
    }

    /// The same with this program as the endpoint's runtime.
    ///
    /// # Errors
    /// Whatever did not work, with the program's last lines.
    pub async fn set_with(folder: &Path, runtime: PathBuf) -> Result<(Self, Program)> {
        std::fs::create_dir_all(folder)?;
        let mut stage = Self {
            folder: folder.to_owned(),
            address: "127.0.0.1:0".to_owned(),
            runtime,
        };
        let code = stage.add_technician()?;
        let (control, url) = stage.start_control()?;
        stage.address = url.trim_start_matches("http://").to_owned();
        let tokens = token(
            &url,
            &TokenRequest::OneTimeCode {
                code,
                password: PASSWORD.to_owned(),
            },
        )
        .await?;
        let api = Api::new(
            url.parse::<ControlUrl>()?,
            Arc::new(FixedToken(BearerToken::new(tokens.access_token))),
        )?;
        let client = ClientId::from_bits(fresh()?);
        api.create_client(&CreateClient {
            client: client.clone(),
            name: "Nakagawa Retail".to_owned(),
        })
        .await?;
        let installer = api
            .create_installer(&CreateInstaller {
                installer: InstallerId::from_bits(fresh()?),
                client,
                label: "chaos".to_owned(),
                expires_at_ms: TimeMs::new(now_ms() + 3_600_000).context("the clock is beyond reason")?,
                max_uses: 1,
            })
            .await?;
        // By name, as endpoints find their control plane.
        let by_name = url.replace("127.0.0.1", "localhost");
        run_to_end(
            &stage.runtime,
            &[
                "enrol",
                "--control",
                &by_name,
                "--token",
                &installer.token,
                "--state",
                &stage.path("runtime"),
            ],
        )?;
        Ok((stage, control))
    }

    /// The control plane's address.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The stage's folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Starts the control plane on its data, at the address it had before, and returns it once it listens.
    ///
    /// # Errors
    /// When it does not come up.
    pub fn start_control(&self) -> Result<(Program, String)> {
        let log = self.folder.join("control.log");
        let from = length(&log);
        let data = self.path("control");
        let arguments = ["serve", "--local-issuer", "--data", &data, "--listen", &self.address];
        let mut program = Program::start(&built("caisey-control")?, &arguments, &log)?;
        let url = program.wait_for_line(from, "listening on ", Duration::from_secs(30))?;
        Ok((program, url))
    }

    /// Starts the runtime.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start_runtime(&self) -> Result<Program> {
        let state = self.path("runtime");
        Program::start(&self.runtime, &["run", "--state", &state], &self.folder.join("runtime.log"))
    }

    /// Adds a second person and returns what they sign in with. The control plane has to run.
    ///
    /// # Errors
    /// When it fails.
    pub async fn add_person(&self, email: &str, name: &str, role: &str) -> Result<Account> {
        let said = run_to_end(
            &built("caisey-control")?,
            &[
                "member",
                "add",
                "--data",
                &self.path("control"),
                email,
                "--name",
                name,
                "--role",
                role,
            ],
        )?;
        let code = said.trim().rsplit(' ').next().map(str::to_owned);
        let code = code.context("no one-time code was printed")?;
        let first = TokenRequest::OneTimeCode {
            code,
            password: PASSWORD.to_owned(),
        };
        token(&self.url(), &first).await?;
        Ok(Account {
            url: self.url(),
            email: email.to_owned(),
        })
    }

    /// Tokens of the stage's technician, renewed by password.
    pub fn tokens(&self) -> Arc<dyn TokenSource> {
        tokens_for(&self.url())
    }

    /// A refresh token of the stage's technician, as a desktop keeps one to be signed in the next time.
    ///
    /// # Errors
    /// When the control plane gives none.
    pub async fn refresh_token(&self) -> Result<String> {
        self.technician().refresh_token().await
    }

    fn technician(&self) -> Account {
        Account {
            url: self.url(),
            email: EMAIL.to_owned(),
        }
    }

    /// What `caisey-runtime status` says.
    ///
    /// # Errors
    /// When it fails.
    pub fn runtime_status(&self) -> Result<String> {
        run_to_end(&self.runtime, &["status", "--state", &self.path("runtime")])
    }

    /// Closes every log and opens new ones, as an operator does after a restore. The control plane must not run.
    ///
    /// # Errors
    /// When it fails.
    pub fn open_new_logs(&self, by: &str, reason: &str) -> Result<String> {
        let data = self.path("control");
        run_to_end(
            &built("caisey-control")?,
            &["new-log", "--data", &data, "--all", "--by", by, "--reason", reason],
        )
    }

    fn path(&self, name: &str) -> String {
        self.folder.join(name).to_string_lossy().into_owned()
    }

    fn add_technician(&self) -> Result<String> {
        let said = run_to_end(
            &built("caisey-control")?,
            &[
                "member",
                "add",
                "--data",
                &self.path("control"),
                EMAIL,
                "--name",
                "Jordan Doe",
                "--role",
                "owner",
            ],
        )?;
        said.trim()
            .rsplit(' ')
            .next()
            .map(str::to_owned)
            .context("no one-time code was printed")
    }
}

fn run_to_end(program: &Path, arguments: &[&str]) -> Result<String> {
    let done = Command::new(program)
        .args(arguments)
        .output()
        .with_context(|| format!("starting {}", program.display()))?;
    if !done.status.success() {
        bail!(
            "{} failed ({}): {}",
            program.display(),
            done.status,
            String::from_utf8_lossy(&done.stderr)
        );
    }
    Ok(String::from_utf8_lossy(&done.stdout).into_owned())
}

/// Tokens of the stage's technician at this control plane.
pub fn tokens_for(url: &str) -> Arc<dyn TokenSource> {
    let account = Account {
        url: url.to_owned(),
        email: EMAIL.to_owned(),
    };
    account.tokens()
}

/// Somebody with the stage's password.
#[derive(Debug, Clone)]
pub struct Account {
    url: String,
    email: String,
}

impl Account {
    /// Tokens, renewed by password.
    pub fn tokens(&self) -> Arc<dyn TokenSource> {
        Arc::new(Password {
            account: self.clone(),
            current: Mutex::new(None),
        })
    }

    /// A refresh token, as a desktop keeps one to be signed in the next time.
    ///
    /// # Errors
    /// When the control plane gives none.
    pub async fn refresh_token(&self) -> Result<String> {
        Ok(token(&self.url, &self.by_password()).await?.refresh_token)
    }

    fn by_password(&self) -> TokenRequest {
        TokenRequest::Password {
            username: self.email.clone(),
            password: PASSWORD.to_owned(),
        }
    }
}

struct Password {
    account: Account,
    current: Mutex<Option<BearerToken>>,
}

impl TokenSource for Password {
    fn bearer<'a>(&'a self, refused: Option<&'a BearerToken>) -> TokenFuture<'a> {
        Box::pin(async move {
            let mut current = self.current.lock().await;
            if let Some(token) = current.as_ref().filter(|token| refused != Some(*token)) {
                return Ok(token.clone());
            }
            let answer = token(&self.account.url, &self.account.by_password())
                .await
                .map_err(|error| TokenError::Unreachable(format!("{error:#}")))?;
            let fresh = BearerToken::new(answer.access_token);
            *current = Some(fresh.clone());
            Ok(fresh)
        })
    }
}

async fn token(url: &str, request: &TokenRequest) -> Result<TokenAnswer> {
    Ok(Api::anonymous(url.parse::<ControlUrl>()?)?.local_token(request).await?)
}

/// 16 fresh random bytes.
///
/// # Errors
/// When the operating system gives none.
pub fn fresh() -> Result<[u8; 16]> {
    let mut bits = [0; 16];
    getrandom::fill(&mut bits).map_err(|error| anyhow::anyhow!("no randomness: {error}"))?;
    Ok(bits)
}

/// Milliseconds since the Unix epoch.
pub fn now_ms() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(0))
}
