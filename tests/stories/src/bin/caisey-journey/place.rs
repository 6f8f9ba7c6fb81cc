//! SRV-FILES-01: a network of its own with a firewall rule in the kernel and a server behind it; where that is not permitted, a rule in a file,
//! and where not even a name of its own is, the machine's.
//!
//! Promises: everything that it makes ends with it, the network included. Leaves out what is done to the rule. Linux; for the network as root,
//! with iproute2 and nftables.

use crate::exported::run;
use anyhow::{Context, Result, bail};
use caisey_stories::programs::Program;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// The machine's name, where it may have one of its own.
const HOSTNAME: &str = "SRV-FILES-01";
/// What the server says to whoever reaches it.
const GREETING: &str = "shares of SRV-FILES-01\n";
/// How long a client waits before it calls a server unreachable.
const UNREACHABLE_AFTER: Duration = Duration::from_secs(3);

/// The rule as the kernel gets it.
const RULES: &str = "table inet filter {\n  chain input {\n    type filter hook input priority 0; policy accept;\n    \
                     tcp dport 445 drop comment \"Block SMB Inbound\"\n  }\n}\n";

/// See the module's text.
pub(crate) struct Place {
    /// Name of the network; none for a rule in a file.
    network: Option<String>,
    /// Whether the machine may be given a name.
    named: bool,
    /// Where a client outside connects to.
    address: String,
    /// The rule in a file.
    file: PathBuf,
    _programs: Vec<Program>,
}

impl Place {
    /// Makes it. `control` is where the control plane listens on this machine's loopback.
    pub(crate) async fn make(folder: &Path, control: &str) -> Result<(Self, Option<String>)> {
        let file = folder.join("firewall.rules");
        match Self::in_network(folder, control, &file) {
            Ok(place) => {
                place.wait_for_server().await?;
                Ok((place, None))
            }
            Err(why) => Ok((Self::with_file(folder, file).await?, Some(format!("{why:#}")))),
        }
    }

    /// A network with one cable to this machine, the rule in it, and the server behind the rule.
    fn in_network(folder: &Path, control: &str, file: &Path) -> Result<Self> {
        let name = format!("caisey-{}", std::process::id());
        let (near, far) = (format!("cz{}a", std::process::id()), format!("cz{}b", std::process::id()));
        ip(&["netns", "add", &name])?;
        let mut place = Self {
            network: Some(name.clone()),
            named: may_be_named(),
            address: "10.213.45.2:445".to_owned(),
            file: file.to_owned(),
            _programs: Vec::new(),
        };
        ip(&["link", "add", &near, "type", "veth", "peer", "name", &far, "netns", &name])?;
        ip(&["address", "add", "10.213.45.1/30", "dev", &near])?;
        ip(&["link", "set", &near, "up"])?;
        place.within(&["ip", "address", "add", "10.213.45.2/30", "dev", &far])?;
        place.within(&["ip", "link", "set", &far, "up"])?;
        place.within(&["ip", "link", "set", "lo", "up"])?;
        std::fs::write(file, RULES).context("writing the rule")?;
        place.within(&["nft", "-f", &file.to_string_lossy()])?;
        let own = std::env::current_exe()?.to_string_lossy().into_owned();
        let log = folder.join("server.log");
        // The control plane is on this machine's loopback, and the runtime speaks to loopback only: one relay on either side of the cable.
        let port = control.rsplit(':').next().context("a control plane without a port")?;
        let crossing = format!("10.213.45.1:{port}");
        let here = ["relay", "--listen", &crossing, "--to", control];
        place._programs.push(Program::start(Path::new(&own), &here, &log)?);
        for inside in [
            vec!["relay", "--listen", control, "--to", &crossing],
            vec!["share", "--listen", "0.0.0.0:445"],
        ] {
            let mut arguments = vec!["netns", "exec", &name, own.as_str()];
            arguments.extend(inside);
            place._programs.push(Program::start(Path::new("ip"), &arguments, &log)?);
        }
        Ok(place)
    }

    async fn with_file(folder: &Path, file: PathBuf) -> Result<Self> {
        std::fs::write(&file, "enabled Block SMB Inbound\n").context("writing the rule")?;
        let own = std::env::current_exe()?;
        let log = folder.join("server.log");
        let rules = file.to_string_lossy().into_owned();
        let mut server = Program::start(&own, &["share", "--listen", "127.0.0.1:0", "--rules", &rules], &log)?;
        let address = server.wait_for_line(0, "listening on ", Duration::from_secs(10))?;
        Ok(Self {
            network: None,
            named: may_be_named(),
            address,
            file,
            _programs: vec![server],
        })
    }

    async fn wait_for_server(&self) -> Result<()> {
        for _ in 0..100 {
            if self.within(&["sh", "-c", "ss -ltn 2>/dev/null | grep -q ':445 '"]).is_ok() {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        bail!("the server in the machine's network did not come up")
    }

    /// What the machine is called.
    pub(crate) fn hostname(&self) -> Result<String> {
        if self.named {
            return Ok(HOSTNAME.to_owned());
        }
        let own = std::fs::read_to_string("/proc/sys/kernel/hostname").context("reading this machine's name")?;
        Ok(own.trim().to_owned())
    }

    /// What a command is put behind to be run on this machine.
    pub(crate) fn wrapper(&self) -> Vec<String> {
        let naming = format!("hostname {HOSTNAME} && exec \"$@\"");
        let mut before = Vec::new();
        if self.named {
            before.extend(["unshare", "--uts", "sh", "-c", &naming, "on-the-machine"]);
        }
        if let Some(network) = &self.network {
            before.extend(["ip", "netns", "exec", network]);
        }
        before.into_iter().map(str::to_owned).collect()
    }

    /// Whether a client outside reaches the server.
    pub(crate) async fn is_reachable(&self) -> bool {
        let mut said = String::new();
        let asked = async {
            let mut stream = TcpStream::connect(&self.address).await?;
            stream.read_to_string(&mut said).await
        };
        matches!(tokio::time::timeout(UNREACHABLE_AFTER, asked).await, Ok(Ok(_))) && said == GREETING
    }

    /// Looks at the rule.
    pub(crate) fn look(&self) -> String {
        match self.network {
            Some(_) => "nft -a list chain inet filter input".to_owned(),
            None => format!("cat '{}'", self.file.display()),
        }
    }

    /// Takes the rule out of force, given what looking at it printed.
    pub(crate) fn change(&self, seen: &str) -> Result<String> {
        if self.network.is_none() {
            return Ok(format!("sed -i 's/^enabled /disabled /' '{}'", self.file.display()));
        }
        let rule = seen.lines().find(|line| line.contains("Block SMB Inbound"));
        let handle = rule.and_then(|rule| rule.rsplit("# handle ").next()).map(str::trim);
        let handle = handle.context("the rule is not to be seen in the chain")?;
        Ok(format!("nft delete rule inet filter input handle {handle}"))
    }

    fn within(&self, command: &[&str]) -> Result<()> {
        let network = self.network.as_deref().context("there is no network")?;
        ip(&[&["netns", "exec", network], command].concat())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self._programs.clear();
        if let Some(network) = &self.network {
            // The cable goes with it.
            let _ = Command::new("ip")
                .args(["netns", "delete", network])
                .stderr(Stdio::null())
                .status();
        }
    }
}

fn may_be_named() -> bool {
    run(Path::new("unshare"), &["--uts", "true"]).is_ok()
}

fn ip(arguments: &[&str]) -> Result<()> {
    run(Path::new("ip"), arguments).map(drop)
}

/// See `caisey-journey share`.
pub(crate) async fn share(listen: &str, rules: Option<&Path>) -> Result<()> {
    let listener = TcpListener::bind(listen)
        .await
        .with_context(|| format!("listening on {listen}"))?;
    println!("listening on {}", listener.local_addr()?);
    loop {
        let (mut stream, _) = listener.accept().await?;
        let blocked = rules
            .and_then(|rules| std::fs::read_to_string(rules).ok())
            .is_some_and(|rules| rules.lines().any(|line| line.starts_with("enabled ")));
        if !blocked {
            // Whoever hung up already does not matter.
            let _ = stream.write_all(GREETING.as_bytes()).await;
        }
    }
}

/// See `caisey-journey relay`.
pub(crate) async fn relay(listen: &str, to: &str) -> Result<()> {
    let listener = TcpListener::bind(listen)
        .await
        .with_context(|| format!("listening on {listen}"))?;
    loop {
        let (mut near, _) = listener.accept().await?;
        let to = to.to_owned();
        tokio::spawn(async move {
            if let Ok(mut far) = TcpStream::connect(&to).await {
                let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
            }
        });
    }
}
