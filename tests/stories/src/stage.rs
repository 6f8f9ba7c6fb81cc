//! A stage for stories: a control plane, one technician, one enrolled runtime, all real programs in one folder. The control plane is the native
//! host with its own accounts, or the same on workerd with an issuer beside it.
//!
//! Promises that every part can be killed and started again on the same data and address. Stories add a contact, or put the runtime
//! elsewhere. Leaves out what is played on it.

use crate::issuer::{self, Person, TestIssuer};
use crate::programs::{Program, built, length};
use crate::workerd::Workerd;
use anyhow::{Context, Result, bail};
use caisey_client::address::ControlUrl;
use caisey_client::api::Api;
use caisey_client::oidc::Provider;
use caisey_client::token::{BearerToken, TokenError, TokenFuture, TokenSource};
use caisey_ledger::id::{ClientId, InstallerId, TimeMs};
use caisey_protocol::http::{CreateClient, CreateInstaller};
use caisey_protocol::sign_in::{TokenAnswer, TokenRequest};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::Mutex;

const EMAIL: &str = "jordan@msp.example";
const TECHNICIAN: &str = "Jordan Doe";
const CLIENT: &str = "Nakagawa Retail";
const PASSWORD: &str = "correct horse battery staple";

/// Names and folders of everything on the stage.
pub struct Stage {
    folder: PathBuf,
    address: String,
    /// The endpoint's program, and what it is run by.
    runtime: Vec<String>,
    client: ClientId,
    host: Host,
}

/// Which control plane.
enum Host {
    Native,
    Workers(Workerd, TestIssuer),
    /// Now the one, now the other, with the same people, name and key; and which data.
    Either(Workerd, TestIssuer, On, String),
}

/// Which host serves at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum On {
    /// `caisey-control`.
    Native,
    /// workerd.
    Workers,
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
        let (mut stage, control) = Self::without_endpoint(On::Native, folder, TECHNICIAN, CLIENT).await?;
        stage.runtime = vec![runtime.to_string_lossy().into_owned()];
        stage.enrol().await?;
        Ok((stage, control))
    }

    /// A control plane on this host with this technician and client, and no endpoint yet.
    ///
    /// # Errors
    /// Whatever did not work, with the program's last lines.
    pub async fn without_endpoint(on: On, folder: &Path, technician: &str, client_name: &str) -> Result<(Self, Program)> {
        std::fs::create_dir_all(folder)?;
        let mut stage = Self {
            folder: folder.to_owned(),
            address: "127.0.0.1:0".to_owned(),
            runtime: vec![built("caisey-runtime")?.to_string_lossy().into_owned()],
            client: ClientId::from_bits(fresh()?),
            host: Host::Native,
        };
        if on == On::Workers {
            stage.host = Host::Workers(Workerd::find()?, TestIssuer::start().await?);
            // The address stays when the program is killed and comes again.
            stage.address = crate::workerd::free_address()?;
        }
        let code = stage.add_person(EMAIL, technician, "owner", None)?;
        let (control, url) = stage.start_control()?;
        stage.address = url.trim_start_matches("http://").to_owned();
        stage.first_use(code).await?;
        stage.make_client(client_name).await?;
        Ok((stage, control))
    }

    /// Sets the stage on workerd.
    ///
    /// # Errors
    /// Whatever did not work, with the program's last lines.
    pub async fn set_on_workers(folder: &Path) -> Result<(Self, Program)> {
        let (stage, control) = Self::without_endpoint(On::Workers, folder, TECHNICIAN, CLIENT).await?;
        stage.enrol().await?;
        Ok((stage, control))
    }

    /// Sets the stage on the native host with an issuer's people, so that their organisation can move.
    ///
    /// # Errors
    /// Whatever did not work, with the program's last lines.
    pub async fn set_to_move(folder: &Path) -> Result<(Self, Program)> {
        std::fs::create_dir_all(folder)?;
        let mut stage = Self {
            folder: folder.to_owned(),
            address: crate::workerd::free_address()?,
            runtime: vec![built("caisey-runtime")?.to_string_lossy().into_owned()],
            client: ClientId::from_bits(fresh()?),
            host: Host::Either(Workerd::find()?, TestIssuer::start().await?, On::Native, String::new()),
        };
        stage.move_to(On::Native, "first")?;
        stage.add_person(EMAIL, TECHNICIAN, "owner", None)?;
        let (control, _) = stage.start_control()?;
        stage.make_client(CLIENT).await?;
        stage.enrol().await?;
        Ok((stage, control))
    }

    /// From here on this host serves, with this data; only the key is there already. The control plane must not run.
    ///
    /// # Errors
    /// When the key cannot be laid there.
    pub fn move_to(&mut self, on: On, data: &str) -> Result<()> {
        let keys = self.folder.join(data).join("keys");
        if let Host::Either(_, _, now, name) = &mut self.host {
            (*now, *name) = (on, data.to_owned());
        }
        if on == On::Native {
            std::fs::create_dir_all(&keys)?;
            std::fs::write(keys.join("checkpoint.key"), crate::workerd::checkpoint_key())?;
        }
        Ok(())
    }

    /// Runs `caisey-control` with these arguments to its end.
    ///
    /// # Errors
    /// When it fails, with what it said.
    pub fn operate(&self, arguments: &[&str]) -> Result<String> {
        run_to_end(&built("caisey-control")?, arguments)
    }

    /// Runs `caisey verify` on a file.
    ///
    /// # Errors
    /// When something does not hold, with what it said.
    pub fn verify(&self, file: &str) -> Result<String> {
        run_to_end(&built("caisey")?, &["verify", file])
    }

    async fn make_client(&self, name: &str) -> Result<()> {
        let client = CreateClient {
            client: self.client.clone(),
            name: name.to_owned(),
        };
        self.api()?.create_client(&client).await?;
        Ok(())
    }

    /// From here on the runtime is run by this command, such as one that puts it elsewhere.
    pub fn run_runtime_with(&mut self, mut before: Vec<String>) {
        before.append(&mut self.runtime);
        self.runtime = before;
    }

    /// Enrols the runtime as an endpoint of the stage's client.
    ///
    /// # Errors
    /// Whatever did not work, with the program's last lines.
    pub async fn enrol(&self) -> Result<()> {
        let installer = self
            .api()?
            .create_installer(&CreateInstaller {
                installer: InstallerId::from_bits(fresh()?),
                client: self.client.clone(),
                label: "story".to_owned(),
                expires_at_ms: TimeMs::new(now_ms() + 3_600_000).context("the clock is beyond reason")?,
                max_uses: 1,
            })
            .await?;
        // By name, as endpoints find their control plane.
        let by_name = self.url().replace("127.0.0.1", "localhost");
        let state = self.path("runtime");
        let enrol = ["enrol", "--control", &by_name, "--token", &installer.token, "--state", &state];
        self.run_runtime(&enrol)?;
        Ok(())
    }

    /// Makes a contact of the stage's client, and returns what a desktop keeps of their sign-in.
    ///
    /// # Errors
    /// When the control plane refuses.
    pub async fn add_contact(&self, email: &str, name: &str) -> Result<Kept> {
        self.add(email, name, "contact", Some(&self.client)).await?.kept().await
    }

    /// The client whose endpoint is on the stage.
    pub fn client(&self) -> &ClientId {
        &self.client
    }

    /// The control plane, as the technician sees it.
    ///
    /// # Errors
    /// When requests cannot be prepared.
    pub fn api(&self) -> Result<Api> {
        Ok(Api::new(self.url().parse::<ControlUrl>()?, self.tokens())?)
    }

    /// Whoever has a one-time code sets their password with it.
    async fn first_use(&self, code: Option<String>) -> Result<()> {
        if let Some(code) = code {
            let request = TokenRequest::OneTimeCode {
                code,
                password: PASSWORD.to_owned(),
            };
            token(&self.url(), &request).await?;
        }
        Ok(())
    }

    fn run_runtime(&self, arguments: &[&str]) -> Result<String> {
        let (program, before) = self.runtime.split_first().context("no program for the runtime")?;
        let arguments: Vec<&str> = before.iter().map(String::as_str).chain(arguments.iter().copied()).collect();
        run_to_end(Path::new(program), &arguments)
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
        if let Host::Workers(workerd, issuer) = &self.host {
            let mut program = workerd.serve(&data, &self.address, issuer, &log)?;
            program.wait_for_line(from, r#"{"event":"listen""#, Duration::from_secs(30))?;
            return Ok((program, self.url()));
        }
        if let Host::Either(workerd, issuer, on, name) = &self.host {
            return self.start_either(workerd, issuer, *on, &self.path(name), &log);
        }
        let arguments = ["serve", "--local-issuer", "--data", &data, "--listen", &self.address];
        let mut program = Program::start(&built("caisey-control")?, &arguments, &log)?;
        let url = program.wait_for_line(from, "listening on ", Duration::from_secs(30))?;
        Ok((program, url))
    }

    fn start_either(&self, workerd: &Workerd, issuer: &TestIssuer, on: On, data: &str, log: &Path) -> Result<(Program, String)> {
        let from = length(log);
        if on == On::Workers {
            let mut program = workerd.serve(data, &self.address, issuer, log)?;
            program.wait_for_line(from, r#"{"event":"listen""#, Duration::from_secs(30))?;
            return Ok((program, self.url()));
        }
        let issuers = self.path("issuers.json");
        std::fs::write(&issuers, serde_json::json!({ "issuers": [issuer.config()] }).to_string())?;
        let arguments = [
            "serve",
            "--issuer-config",
            &issuers,
            "--data",
            data,
            "--listen",
            &self.address,
        ];
        let mut program = Program::start(&built("caisey-control")?, &arguments, log)?;
        let url = program.wait_for_line(from, "listening on ", Duration::from_secs(30))?;
        Ok((program, url))
    }

    /// Starts the runtime.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start_runtime(&self) -> Result<Program> {
        let state = self.path("runtime");
        let (program, before) = self.runtime.split_first().context("no program for the runtime")?;
        let mut arguments: Vec<&str> = before.iter().map(String::as_str).collect();
        arguments.extend(["run", "--state", &state]);
        Program::start(Path::new(program), &arguments, &self.folder.join("runtime.log"))
    }

    /// Adds a second person and returns what they sign in with. The control plane has to run.
    ///
    /// # Errors
    /// When it fails.
    pub async fn add_colleague(&self, email: &str, name: &str, role: &str) -> Result<Account> {
        self.add(email, name, role, None).await
    }

    async fn add(&self, email: &str, name: &str, role: &str, client: Option<&ClientId>) -> Result<Account> {
        let code = self.add_person(email, name, role, client)?;
        self.first_use(code).await?;
        self.account(email)
    }

    fn account(&self, email: &str) -> Result<Account> {
        let issued = match self.test_issuer() {
            None => None,
            Some(issuer) => Some(Issued {
                at: issuer.tokens_at(email)?,
                kept: Kept {
                    provider: Some(issuer.provider()),
                    refresh_token: issuer.refresh_token(email)?,
                },
            }),
        };
        Ok(Account {
            url: self.url(),
            email: email.to_owned(),
            issued,
        })
    }

    /// Tokens of the stage's technician.
    pub fn tokens(&self) -> Arc<dyn TokenSource> {
        tokens_for(&self.url(), self.issuer())
    }

    /// The issuer beside the control plane, when that has no accounts of its own.
    pub fn issuer(&self) -> Option<&str> {
        self.test_issuer().map(TestIssuer::url)
    }

    fn test_issuer(&self) -> Option<&TestIssuer> {
        match &self.host {
            Host::Native => None,
            Host::Workers(_, issuer) | Host::Either(_, issuer, ..) => Some(issuer),
        }
    }

    /// What a desktop keeps of the technician's sign-in, to be signed in the next time.
    ///
    /// # Errors
    /// When the control plane gives none.
    pub async fn kept(&self) -> Result<Kept> {
        self.account(EMAIL)?.kept().await
    }

    /// What `caisey-runtime status` says.
    ///
    /// # Errors
    /// When it fails.
    pub fn runtime_status(&self) -> Result<String> {
        self.run_runtime(&["status", "--state", &self.path("runtime")])
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

    /// Returns the one-time code with which they set their password; none where the issuer knows them.
    fn add_person(&self, email: &str, name: &str, role: &str, client: Option<&ClientId>) -> Result<Option<String>> {
        if let Some(issuer) = self.test_issuer() {
            issuer.admit(Person {
                email: email.to_owned(),
                name: name.to_owned(),
                role: role.to_owned(),
                client: client.cloned(),
            });
            return Ok(None);
        }
        let data = self.path("control");
        let mut arguments = vec!["member", "add", "--data", &data, email, "--name", name, "--role", role];
        arguments.extend(client.iter().flat_map(|client| ["--client", client.as_str()]));
        let said = run_to_end(&built("caisey-control")?, &arguments)?;
        let code = said.trim().rsplit(' ').next().map(str::to_owned);
        code.context("no one-time code was printed").map(Some)
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

/// Tokens of the stage's technician at this control plane, renewed by password, or by the issuer beside it.
pub fn tokens_for(url: &str, issuer: Option<&str>) -> Arc<dyn TokenSource> {
    // The technician is admitted first.
    let issued = issuer.map(|issuer| issuer::tokens_at(issuer, 0));
    renewed(url, EMAIL, issued)
}

fn renewed(url: &str, email: &str, issued: Option<String>) -> Arc<dyn TokenSource> {
    Arc::new(Renewed {
        url: url.to_owned(),
        email: email.to_owned(),
        issued,
        current: Mutex::new(None),
    })
}

/// What a desktop keeps of a sign-in.
#[derive(Debug, Clone)]
pub struct Kept {
    /// The issuer; none for an account of the control plane's own.
    pub provider: Option<Provider>,
    /// Its secret.
    pub refresh_token: String,
}

/// Somebody with the stage's password, or with the issuer's word.
#[derive(Debug, Clone)]
pub struct Account {
    url: String,
    email: String,
    issued: Option<Issued>,
}

/// The issuer's word.
#[derive(Debug, Clone)]
struct Issued {
    /// Where tokens are had.
    at: String,
    kept: Kept,
}

impl Account {
    /// Their tokens.
    pub fn tokens(&self) -> Arc<dyn TokenSource> {
        renewed(&self.url, &self.email, self.issued.as_ref().map(|issued| issued.at.clone()))
    }

    /// What a desktop keeps of their sign-in.
    ///
    /// # Errors
    /// When the control plane gives nothing.
    pub async fn kept(&self) -> Result<Kept> {
        if let Some(issued) = &self.issued {
            return Ok(issued.kept.clone());
        }
        Ok(Kept {
            provider: None,
            refresh_token: token(&self.url, &by_password(&self.email)).await?.refresh_token,
        })
    }
}

fn by_password(email: &str) -> TokenRequest {
    TokenRequest::Password {
        username: email.to_owned(),
        password: PASSWORD.to_owned(),
    }
}

struct Renewed {
    url: String,
    email: String,
    issued: Option<String>,
    current: Mutex<Option<BearerToken>>,
}

impl Renewed {
    async fn fresh(&self) -> Result<String> {
        match &self.issued {
            Some(at) => issuer::issued(at).await,
            None => Ok(token(&self.url, &by_password(&self.email)).await?.access_token),
        }
    }
}

impl TokenSource for Renewed {
    fn bearer<'a>(&'a self, refused: Option<&'a BearerToken>) -> TokenFuture<'a> {
        Box::pin(async move {
            let mut current = self.current.lock().await;
            if let Some(token) = current.as_ref().filter(|token| refused != Some(*token)) {
                return Ok(token.clone());
            }
            let fresh = self
                .fresh()
                .await
                .map_err(|error| TokenError::Unreachable(format!("{error:#}")))?;
            let fresh = BearerToken::new(fresh);
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
