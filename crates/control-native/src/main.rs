//! `caisey-control`: the control plane as a program.

use anyhow::Context as _;
use caisey_control::moving::Header;
use caisey_control_native::config::{IssuerFile, Limits};
use caisey_control_native::local::LocalAccounts;
use caisey_control_native::{Config, ControlPlane, MailConfig, Remote, read_secret};
use caisey_ledger::id::OrganisationId;
use caisey_protocol::role::Role;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use tracing_subscriber::EnvFilter;

/// The control plane of Caisey Console.
#[derive(Parser)]
#[command(version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve until stopped (SIGTERM or Ctrl-C).
    Serve(Serve),
    /// People of the local issuer.
    Member {
        #[command(subcommand)]
        command: Member,
    },
    /// After a restore from a backup, with the control plane stopped: close logs that others distrust now, and open new ones that continue
    /// them. See docs/operations/restore.md.
    NewLog(NewLog),
    /// Move an organisation out of a stopped control plane (or one on Workers) into a file. What left is served no more. See docs/deploy.md.
    Export(Export),
    /// Move an organisation from a file into a stopped control plane (or one on Workers).
    Import(Import),
    /// Ask a running control plane whether it is well; exits with 0 when it is.
    Healthcheck {
        /// Its address.
        #[arg(long, default_value = "http://127.0.0.1:7710")]
        url: String,
    },
    /// Print the OpenAPI document.
    Openapi,
}

#[derive(Args)]
struct Serve {
    /// Directory of all databases and keys; made when absent.
    #[arg(long, env = "CAISEY_DATA")]
    data: PathBuf,
    /// Where to listen; port 0 takes a free one.
    #[arg(long, env = "CAISEY_LISTEN", default_value = "127.0.0.1:7710")]
    listen: SocketAddr,
    /// What goes before the first slash of every log's origin, such as your domain. Never change it for a data directory.
    #[arg(long, env = "CAISEY_AUTHORITY", default_value = "caisey.local")]
    authority: String,
    /// JSON file with the accepted OpenID Connect issuers.
    #[arg(long, env = "CAISEY_ISSUER_CONFIG")]
    issuer_config: Option<PathBuf>,
    /// Run the local issuer: accounts with passwords, kept in the data directory.
    #[arg(long)]
    local_issuer: bool,
    /// How this control plane is reached from outside, such as `https://control.example.com`.
    #[arg(long, env = "CAISEY_PUBLIC_URL")]
    public_url: Option<String>,
    /// JSON file with the mail server (docs/operations/mail.md). Without it no mail is sent.
    #[arg(long, env = "CAISEY_MAIL_CONFIG")]
    mail_config: Option<PathBuf>,
    /// Write logs as JSON.
    #[arg(long)]
    log_json: bool,
}

#[derive(Args)]
#[command(group = clap::ArgGroup::new("which").required(true).args(["endpoint", "all"]))]
struct NewLog {
    /// The control plane's data directory.
    #[arg(long, env = "CAISEY_DATA")]
    data: PathBuf,
    /// The endpoint (`ep_…`) whose log is to be continued by a new one.
    #[arg(long)]
    endpoint: Option<String>,
    /// Every endpoint in service.
    #[arg(long)]
    all: bool,
    /// Who decides this. It goes on record.
    #[arg(long)]
    by: String,
    /// Why, in a sentence. It goes on record.
    #[arg(long)]
    reason: String,
}

/// Here, or elsewhere.
#[derive(Args)]
#[command(group = clap::ArgGroup::new("where").required(true).args(["data", "url"]))]
struct Where {
    /// The control plane's data directory.
    #[arg(long)]
    data: Option<PathBuf>,
    /// Or the address of a control plane on Workers.
    #[arg(long, requires = "secret_file")]
    url: Option<String>,
    /// File with that deployment's `OPERATOR_SECRET`.
    #[arg(long)]
    secret_file: Option<PathBuf>,
}

#[derive(Args)]
struct Export {
    /// The organisation (`org_…`).
    organisation: String,
    /// The file to write. It must not exist, and holds everything that was recorded: keep it as you keep the databases.
    #[arg(required_unless_present = "stay")]
    file: Option<PathBuf>,
    #[command(flatten)]
    place: Where,
    /// Let an organisation on Workers that began to leave stay after all. Never do that once it was imported elsewhere.
    #[arg(long, conflicts_with_all = ["file", "data"])]
    stay: bool,
}

#[derive(Args)]
struct Import {
    /// The file.
    file: PathBuf,
    #[command(flatten)]
    place: Where,
}

#[derive(Subcommand)]
enum Member {
    /// Add a person (or change their name and role) and print a one-time code with which they set their password.
    Add {
        /// The control plane's data directory.
        #[arg(long, env = "CAISEY_DATA")]
        data: PathBuf,
        /// E-mail address, to sign in with.
        email: String,
        /// Name.
        #[arg(long)]
        name: String,
        /// Role.
        #[arg(long, value_enum)]
        role: RoleArg,
        /// For a contact: the client (`cli_…`) they belong to.
        #[arg(long)]
        client: Option<String>,
    },
    /// List people.
    List {
        /// The control plane's data directory.
        #[arg(long, env = "CAISEY_DATA")]
        data: PathBuf,
    },
    /// End a person's access.
    Disable {
        /// The control plane's data directory.
        #[arg(long, env = "CAISEY_DATA")]
        data: PathBuf,
        /// E-mail address.
        email: String,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum RoleArg {
    Owner,
    Admin,
    Technician,
    Dispatcher,
    Auditor,
    Contact,
}

impl From<RoleArg> for Role {
    fn from(role: RoleArg) -> Self {
        match role {
            RoleArg::Owner => Self::Owner,
            RoleArg::Admin => Self::Admin,
            RoleArg::Technician => Self::Technician,
            RoleArg::Dispatcher => Self::Dispatcher,
            RoleArg::Auditor => Self::Auditor,
            RoleArg::Contact => Self::Contact,
        }
    }
}

fn main() -> anyhow::Result<()> {
    let cli = Cli::parse();
    match cli.command {
        Command::Serve(serve) => runtime()?.block_on(run(serve)),
        Command::Member { command } => member(command),
        Command::NewLog(new_log) => open_new_logs(&new_log),
        Command::Export(asked) => export(&asked),
        Command::Import(asked) => import(&asked),
        Command::Healthcheck { url } => runtime()?.block_on(healthcheck(&url)),
        Command::Openapi => say(&serde_json::to_string_pretty(&caisey_control_native::openapi())?),
    }
}

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the asynchronous runtime")
}

async fn run(serve: Serve) -> anyhow::Result<()> {
    start_logs(serve.log_json);
    caisey_control_native::raise_file_limit();
    let issuers = match &serve.issuer_config {
        Some(path) => {
            let text = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
            serde_json::from_slice::<IssuerFile>(&text)
                .with_context(|| format!("{} is not an issuer configuration", path.display()))?
                .issuers
        }
        None => Vec::new(),
    };
    anyhow::ensure!(
        serve.local_issuer || !issuers.is_empty(),
        "nobody could sign in: give --issuer-config FILE, or --local-issuer, or both"
    );
    let running = ControlPlane::start(Config {
        data: serve.data,
        listen: serve.listen,
        authority: serve.authority,
        issuers,
        local_issuer: serve.local_issuer,
        public_url: serve.public_url,
        mail: serve.mail_config.as_deref().map(MailConfig::read).transpose()?,
        limits: Limits::default(),
    })
    .await
    .context("the control plane did not start")?;
    say(&format!("listening on {}", running.base_url))?;
    stopped().await?;
    running.shutdown().await;
    Ok(())
}

#[cfg(unix)]
async fn stopped() -> anyhow::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).context("cannot wait for SIGTERM")?;
    tokio::select! {
        _ = terminate.recv() => Ok(()),
        done = tokio::signal::ctrl_c() => done.context("cannot wait for Ctrl-C"),
    }
}

#[cfg(not(unix))]
async fn stopped() -> anyhow::Result<()> {
    tokio::signal::ctrl_c().await.context("cannot wait for Ctrl-C")
}

fn start_logs(json: bool) {
    let filter = EnvFilter::try_from_env("CAISEY_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if json { logs.json().init() } else { logs.init() }
}

fn member(command: Member) -> anyhow::Result<()> {
    match command {
        Member::Add {
            data,
            email,
            name,
            role,
            client,
        } => {
            let client = client
                .map(|client| client.parse())
                .transpose()
                .context("--client takes an identifier such as cli_…")?;
            let code = LocalAccounts::open(&data)?.add(&email, &name, role.into(), client.as_ref())?;
            say(&format!("one-time code for {email}, good for 24 hours: {code}"))
        }
        Member::List { data } => {
            for account in LocalAccounts::open(&data)?.list()? {
                let client = account.client.map(|client| format!(" of {client}")).unwrap_or_default();
                say(&format!("{}\t{:?}{client}\t{}", account.email, account.role, account.name))?;
            }
            Ok(())
        }
        Member::Disable { data, email } => {
            LocalAccounts::open(&data)?.disable(&email)?;
            say(&format!(
                "{email} can no longer sign in; tokens already issued run out within ten minutes"
            ))
        }
    }
}

fn open_new_logs(asked: &NewLog) -> anyhow::Result<()> {
    anyhow::ensure!(
        !asked.by.trim().is_empty() && !asked.reason.trim().is_empty(),
        "--by and --reason go on record and may not be empty"
    );
    let only = asked
        .endpoint
        .as_ref()
        .map(|endpoint| endpoint.parse())
        .transpose()
        .context("--endpoint takes an identifier such as ep_…")?;
    let decision = caisey_control_native::Decision {
        by: asked.by.clone(),
        reason: asked.reason.clone(),
    };
    let done = caisey_control_native::succeed(&asked.data, only.as_ref(), &decision)?;
    for one in &done {
        say(&format!(
            "{} closed after {} entries; continues as {}",
            one.old, one.old_size, one.new
        ))?;
    }
    say(&format!("{} logs continue as new ones", done.len()))
}

fn remote(place: &Where) -> anyhow::Result<Option<Remote>> {
    let (Some(url), Some(secret)) = (&place.url, &place.secret_file) else {
        return Ok(None);
    };
    Ok(Some(Remote::new(url, &read_secret(secret)?)?))
}

fn export(asked: &Export) -> anyhow::Result<()> {
    let organisation: OrganisationId = asked
        .organisation
        .parse()
        .map_err(|_| anyhow::anyhow!("an organisation is named like org_…; {} is not", asked.organisation))?;
    let elsewhere = remote(&asked.place)?;
    let Some(file) = &asked.file else {
        let remote = elsewhere.context("only an organisation on Workers can stay: here, move it back in with `import`")?;
        let objects = runtime()?.block_on(remote.stay(&organisation))?;
        return say(&format!("{organisation} stays, with {objects} databases"));
    };
    let moved = match (&elsewhere, &asked.place.data) {
        (Some(remote), _) => runtime()?.block_on(remote.export(&organisation, file))?,
        (None, Some(data)) => caisey_control_native::export(data, &organisation, file)?,
        (None, None) => anyhow::bail!("say with --data or --url where it is"),
    };
    if let Some(aside) = &moved.set_aside {
        say(&format!("what left was set aside in {}", aside.display()))?;
    }
    say(&format!(
        "{organisation} left with {} databases; its logs are named after {}",
        moved.objects, moved.header.authority
    ))
}

fn import(asked: &Import) -> anyhow::Result<()> {
    let moved = match (&remote(&asked.place)?, &asked.place.data) {
        (Some(remote), _) => runtime()?.block_on(remote.import(&asked.file))?,
        (None, Some(data)) => caisey_control_native::import(data, &asked.file)?,
        (None, None) => anyhow::bail!("say with --data or --url where to"),
    };
    let Header {
        organisation, authority, ..
    } = &moved.header;
    say(&format!(
        "{organisation} arrived with {} databases, and every log holds; serve it with --authority {authority}",
        moved.objects
    ))
}

async fn healthcheck(url: &str) -> anyhow::Result<()> {
    let health = caisey_control_native::healthcheck(url)
        .await
        .with_context(|| format!("{url} is not well"))?;
    say(&format!(
        "{url} is well: version {}, protocol {}, authority {}",
        health.version, health.protocol, health.authority
    ))
}

fn say(line: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()?;
    Ok(())
}
