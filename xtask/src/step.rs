//! One step of a longer task: a command line with a name, run where everybody can see it, timed, and counted.

use crate::place;
use crate::tally::{Reporter, Tally};
use anyhow::{Context, Result};
use std::ffi::{OsStr, OsString};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// A command to run from the repository's root or below.
pub(crate) struct Step {
    name: String,
    program: OsString,
    arguments: Vec<OsString>,
    folder: PathBuf,
    environment: Vec<(OsString, OsString)>,
    withheld: Vec<OsString>,
    reporter: Reporter,
    /// How many words in front are a wrapper's.
    wrapper: usize,
    wrapper_environment: Vec<(OsString, OsString)>,
}

/// How a step ended.
pub(crate) struct Outcome {
    /// What its program counted; a step without tests of its own counts as one.
    pub(crate) tally: Tally,
    /// Whether it succeeded.
    pub(crate) success: bool,
}

impl Step {
    /// A step that runs `program` in the repository's root.
    pub(crate) fn new(name: impl Into<String>, program: impl AsRef<OsStr>) -> Self {
        Self {
            name: name.into(),
            program: program.as_ref().to_owned(),
            arguments: Vec::new(),
            folder: place::root().to_owned(),
            environment: Vec::new(),
            withheld: Vec::new(),
            reporter: Reporter::Whole,
            wrapper: 0,
            wrapper_environment: Vec::new(),
        }
    }

    /// A step that runs cargo.
    pub(crate) fn cargo(name: impl Into<String>, arguments: &[&str]) -> Self {
        Self::new(name, place::cargo()).arguments(arguments)
    }

    /// Appends arguments.
    pub(crate) fn arguments<A: AsRef<OsStr>>(mut self, arguments: &[A]) -> Self {
        self.arguments
            .extend(arguments.iter().map(|argument| argument.as_ref().to_owned()));
        self
    }

    /// Runs in this folder below the root.
    pub(crate) fn within(mut self, folder: &str) -> Self {
        self.folder = place::root().join(folder);
        self
    }

    /// Sets a variable of its environment.
    pub(crate) fn variable(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.environment.push((name.as_ref().to_owned(), value.as_ref().to_owned()));
        self
    }

    /// Keeps a variable of our environment from it.
    pub(crate) fn without(mut self, name: impl AsRef<OsStr>) -> Self {
        self.withheld.push(name.as_ref().to_owned());
        self
    }

    /// Says how its program reports how many tests it ran.
    pub(crate) fn reporting(mut self, reporter: Reporter) -> Self {
        self.reporter = reporter;
        self
    }

    /// Puts another program in front, with an environment of its own: `wrapper… program arguments…`.
    pub(crate) fn wrapped(mut self, wrapper: &[OsString], environment: Vec<(OsString, OsString)>) -> Self {
        if let Some((first, rest)) = wrapper.split_first() {
            let inner = std::mem::replace(&mut self.program, first.clone());
            let arguments = std::mem::take(&mut self.arguments);
            self.arguments.extend(rest.iter().cloned());
            self.arguments.push(inner);
            self.arguments.extend(arguments);
            self.wrapper = wrapper.len();
        }
        self.wrapper_environment = environment;
        self
    }

    /// The command line as one would type it, from the root.
    pub(crate) fn to_repeat(&self) -> String {
        let quote = |word: &OsStr| {
            let word = word.to_string_lossy().into_owned();
            let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./=:,+".contains(letter);
            if !word.is_empty() && word.chars().all(plain) {
                word
            } else {
                format!("'{}'", word.replace('\'', r"'\''"))
            }
        };
        let mut words = Vec::new();
        if self.folder != place::root() {
            let below = self.folder.strip_prefix(place::root()).unwrap_or(&self.folder);
            words.push(format!("cd {} &&", quote(below.as_os_str())));
        }
        words.extend(
            self.environment
                .iter()
                .map(|(name, value)| format!("{}={}", name.to_string_lossy(), quote(value))),
        );
        // A wrapper is for machines; a person repeats the command in the desktop session that they have.
        for word in std::iter::once(&self.program).chain(&self.arguments).skip(self.wrapper) {
            words.push(if *word == *place::cargo() {
                "cargo".to_owned()
            } else {
                quote(word)
            });
        }
        words.join(" ")
    }

    /// Runs it to its end, shows what it prints, and says how long it took. An error means that it could not be run.
    pub(crate) fn run(&self) -> Result<Outcome> {
        println!("\n== {}", self.name);
        let began = Instant::now();
        let outcome = self
            .observe()
            .with_context(|| format!("could not run the step `{}`: {}", self.name, self.to_repeat()))?;
        let word = if outcome.success { "ok" } else { "FAILED" };
        println!("== {}: {word} after {:.1} s", self.name, began.elapsed().as_secs_f64());
        if !outcome.success {
            println!("   repeat it with: {}", self.to_repeat());
        }
        Ok(outcome)
    }

    /// Runs it and makes a failure an error.
    pub(crate) fn must_succeed(&self) -> Result<()> {
        anyhow::ensure!(
            self.run()?.success,
            "the step `{}` failed; what it printed above says why",
            self.name
        );
        Ok(())
    }

    fn observe(&self) -> Result<Outcome> {
        let mut command = Command::new(&self.program);
        // Cargo tells xtask about xtask. Build scripts that look at these would run again whenever somebody builds without xtask.
        let about_us = |name: &str| {
            ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_NAME", "CARGO_CRATE_NAME"]
                .iter()
                .any(|prefix| name.starts_with(prefix))
        };
        for (name, _) in std::env::vars_os().filter(|(name, _)| about_us(&name.to_string_lossy())) {
            command.env_remove(name);
        }
        for name in &self.withheld {
            command.env_remove(name);
        }
        let mut child = command
            .args(&self.arguments)
            .current_dir(&self.folder)
            .envs(self.wrapper_environment.iter().chain(&self.environment).cloned())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("starting {}", self.program.to_string_lossy()))?;
        let tally = Arc::new(Mutex::new(Tally::default()));
        let out = child
            .stdout
            .take()
            .map(|pipe| relay(pipe, std::io::stdout(), self.reporter, Arc::clone(&tally)));
        let err = child
            .stderr
            .take()
            .map(|pipe| relay(pipe, std::io::stderr(), self.reporter, Arc::clone(&tally)));
        let success = child.wait()?.success();
        for reader in [out, err].into_iter().flatten() {
            // A reader that panicked has only lost its count; the exit status decides.
            let _ = reader.join();
        }
        let counted = *tally.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(Outcome {
            tally: counted.settled(self.reporter, success),
            success,
        })
    }
}

fn relay(
    pipe: impl Read + Send + 'static,
    mut to: impl Write + Send + 'static,
    reporter: Reporter,
    tally: Arc<Mutex<Tally>>,
) -> std::thread::JoinHandle<()> {
    std::thread::spawn(move || {
        let mut lines = BufReader::new(pipe);
        let mut line = Vec::new();
        // A line that cannot be shown (closed terminal) must not stop the step.
        while lines.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
            let _ = to.write_all(&line).and_then(|()| to.flush());
            let found = reporter.read(&String::from_utf8_lossy(&line));
            tally.lock().unwrap_or_else(PoisonError::into_inner).add(found);
            line.clear();
        }
    })
}
