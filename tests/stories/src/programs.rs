//! The real programs as child processes: found beside this one, started with their output in a file, killed with SIGKILL.
//!
//! Promises that no child outlives the story: dropping a [`Program`] kills it. Leaves out everything about what they do.

use anyhow::{Context, Result, bail};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Where cargo put a program of this workspace: beside the running one, or one level up for test binaries.
///
/// # Errors
/// When it was not built; the message says how to.
pub fn built(name: &str) -> Result<PathBuf> {
    let own = std::env::current_exe().context("finding the running program")?;
    let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    own.ancestors()
        .skip(1)
        .take(2)
        .map(|folder| folder.join(&file))
        .find(|path| path.is_file())
        .with_context(|| format!("{name} is not built: run `cargo build --workspace --bins` first"))
}

/// A child process and the file that takes what it prints.
pub struct Program {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Program {
    /// Starts a program; what it prints is appended to `log`.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(program: &Path, arguments: &[&str], log: &Path) -> Result<Self> {
        Self::start_in(program, arguments, &[], log)
    }

    /// The same with variables in its environment.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start_in(program: &Path, arguments: &[&str], environment: &[(&str, String)], log: &Path) -> Result<Self> {
        let out = File::options()
            .create(true)
            .append(true)
            .open(log)
            .with_context(|| format!("opening {}", log.display()))?;
        let child = Command::new(program)
            .args(arguments)
            .envs(environment.iter().map(|(name, value)| (*name, value)))
            .stdin(Stdio::null())
            .stdout(out.try_clone()?)
            .stderr(out)
            .spawn()
            .with_context(|| format!("starting {}", program.display()))?;
        let name = program
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default();
        Ok(Self {
            name,
            child,
            log: log.to_owned(),
        })
    }

    /// Its process number.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Kills it without warning (SIGKILL on Unix) and waits until it is gone.
    ///
    /// # Errors
    /// The operating system's.
    pub fn kill(&mut self) -> Result<()> {
        self.child.kill().with_context(|| format!("killing {}", self.name))?;
        self.child.wait().with_context(|| format!("waiting for {}", self.name))?;
        Ok(())
    }

    /// Fails with the end of its log when it has ended by itself.
    ///
    /// # Errors
    /// See above.
    pub fn must_be_alive(&mut self) -> Result<()> {
        if let Some(status) = self.child.try_wait()? {
            let text = std::fs::read_to_string(&self.log).unwrap_or_default();
            let tail: Vec<&str> = text.lines().rev().take(15).collect();
            bail!(
                "{} ended by itself ({status}); its last lines, newest first:\n{}",
                self.name,
                tail.join("\n")
            );
        }
        Ok(())
    }

    /// Waits until its log holds, after byte `from`, a line that starts with `prefix`, and returns the rest of that line.
    ///
    /// # Errors
    /// When the program ends, or the line does not come `within` this time.
    pub fn wait_for_line(&mut self, from: u64, prefix: &str, within: Duration) -> Result<String> {
        let end = Instant::now() + within;
        loop {
            let text = std::fs::read(&self.log).unwrap_or_default();
            let fresh = String::from_utf8_lossy(text.get(usize::try_from(from)?..).unwrap_or_default()).into_owned();
            // Only whole lines: the last one may still be growing.
            let whole = fresh.rsplit_once('\n').map_or("", |(whole, _)| whole);
            if let Some(rest) = whole.lines().find_map(|line| line.strip_prefix(prefix)) {
                return Ok(rest.trim().to_owned());
            }
            self.must_be_alive()?;
            if Instant::now() > end {
                bail!(
                    "{} did not print `{prefix}…` within {within:?}; see {}",
                    self.name,
                    self.log.display()
                );
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Length of a file now, 0 when it is not there: where to look for what is printed next.
pub fn length(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |facts| facts.len())
}
