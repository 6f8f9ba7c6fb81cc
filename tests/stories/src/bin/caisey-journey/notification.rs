//! How soon a contact's desktop is asked to show a request: from the technician's press to the call of `org.freedesktop.Notifications.Notify`
//! on the session bus, as the bus's own monitor times it. Everything on one machine: control plane, technician's console, the contact's
//! real console in its window, a real notification service.
//!
//! Judges nothing. Beside the whole way stands the part of it that comes after the control plane has accepted the request.

use crate::desk::{sendable_endpoint, sign_in};
use crate::firewall::{contact_speaks, own_request};
use crate::office::Office;
use anyhow::{Context, Result, ensure};
use caisey_console::view::NewCommand;
use caisey_stories::stage::{On, Stage};
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How long one notification may take before the measurement is given up.
const PATIENCE: Duration = Duration::from_secs(30);

/// Rounds that come first and do not count: they fill caches.
const WARMING: u32 = 3;

/// Measures, and prints.
#[allow(clippy::print_stdout, reason = "what it found goes to whoever started it")]
pub(crate) async fn measure(folder: &Path, rounds: u32) -> Result<()> {
    let (stage, mut control) =
        Stage::without_endpoint(On::Native, &folder.join("programs"), "John Doe", "Contoso Freight").await?;
    let kept = stage.add_contact("maria@contoso.example", "Maria Novak").await?;
    let mut office = Office::open(&folder.join("office"), folder, &stage.url(), kept).await?;
    contact_speaks(&stage).await?;
    stage.enrol().await?;
    let mut runtime = stage.start_runtime()?;
    let console = sign_in(&folder.join("console"), "john-desk", &stage.url(), stage.tokens()).await?;
    let endpoint = sendable_endpoint(&console).await?;
    let session = console.open_session(&endpoint, "How soon is somebody asked?").await?;
    let bus = Bus::listen()?;
    let (mut whole, mut after) = (Vec::new(), Vec::new());
    for round in 0..rounds + WARMING {
        let command = NewCommand {
            command: format!("touch /tmp/caisey-notification-{round}"),
            interpreter: None,
            reason: "To be asked about".to_owned(),
            cwd: None,
            probe: None,
            timeout_ms: None,
        };
        let pressed = now_ms();
        let action = console.propose(&session, command).await?;
        let accepted = now_ms();
        let raised = bus.next()?;
        if round >= WARMING {
            whole.push(raised - pressed);
            after.push(raised - accepted);
        }
        own_request(&console, &action, "it is with the contact", |row| !row.delivered.is_empty()).await?;
        console.withdraw(&action).await?;
        office.sees_none().await?;
    }
    console.shut_down().await;
    drop(office);
    runtime.kill()?;
    control.kill()?;
    let report = json!({
        "rounds": rounds,
        "from_press_ms": spread(whole),
        "from_accepted_ms": spread(after),
        "bar_ms_95th_percentile": 150,
        "load_1_min": load(),
    });
    println!("{report}");
    Ok(())
}

fn spread(mut times: Vec<f64>) -> Value {
    times.sort_by(f64::total_cmp);
    let at = |share: f64| {
        let place = (times.len() as f64 * share).ceil() as usize;
        times.get(place.saturating_sub(1)).copied().map(rounded)
    };
    json!({ "median": at(0.5), "95th_percentile": at(0.95), "longest": at(1.0) })
}

fn rounded(ms: f64) -> f64 {
    (ms * 10.0).round() / 10.0
}

/// Programs that wanted the processor during the last minute, on average; it says how much a figure is worth.
fn load() -> Option<f64> {
    let said = std::fs::read_to_string("/proc/loadavg").ok()?;
    said.split(' ').next()?.parse().ok()
}

fn now_ms() -> f64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0.0, |since| since.as_secs_f64() * 1_000.0)
}

/// The session bus, as its own monitor sees it.
struct Bus {
    monitor: Child,
    calls: Receiver<f64>,
}

impl Bus {
    /// Listens for calls that raise a notification.
    fn listen() -> Result<Self> {
        let mut monitor = Command::new("dbus-monitor")
            .args(["--session", "--profile"])
            .arg("type='method_call',interface='org.freedesktop.Notifications',member='Notify'")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .context("starting dbus-monitor, which comes with dbus")?;
        let lines = BufReader::new(monitor.stdout.take().context("no standard output")?).lines();
        let (tell, calls) = channel();
        let (ready, begun) = channel();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                // Its own name, taken and lost: from here on it sees everything.
                if line.ends_with("NameLost") {
                    let _ = ready.send(());
                }
                if let Some(at) = call(&line) {
                    let _ = tell.send(at);
                }
            }
        });
        begun.recv_timeout(PATIENCE).context("dbus-monitor does not listen")?;
        Ok(Self { monitor, calls })
    }

    /// When the next one came, in milliseconds since the Unix epoch.
    fn next(&self) -> Result<f64> {
        let at = self.calls.recv_timeout(PATIENCE);
        let at = at.with_context(|| format!("no notification was raised within {PATIENCE:?}"))?;
        ensure!(self.calls.try_recv().is_err(), "one request raised two notifications");
        Ok(at)
    }
}

impl Drop for Bus {
    fn drop(&mut self) {
        // It may have ended with the bus.
        let _ = self.monitor.kill();
        let _ = self.monitor.wait();
    }
}

/// The time of a line like `mc\t1795985641.311733\t2\t:1.1\t…\tNotify`.
fn call(line: &str) -> Option<f64> {
    let mut fields = line.split('\t');
    let (kind, at) = (fields.next()?, fields.next()?);
    let seconds: f64 = at.parse().ok()?;
    (kind == "mc" && fields.next_back() == Some("Notify")).then_some(seconds * 1_000.0)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::{call, spread};

    #[test]
    fn calls_are_told_from_everything_else() {
        let line = "mc\t1795985641.311733\t2\t:1.1\t:1.2\t/org/freedesktop/Notifications\torg.freedesktop.Notifications\tNotify";
        assert!((call(line).unwrap() - 1_795_985_641_311.733).abs() < 0.01);
        for other in [
            "",
            "#type\ttimestamp",
            "sig\t1795985640.302242\t4\tNotify",
            "mc\tx\t4\tNotify",
            "mc\t1.5\t4\tCloseNotification",
        ] {
            assert_eq!(call(other), None, "{other:?}");
        }
    }

    #[test]
    fn the_95th_of_a_hundred_is_the_95th() {
        let found = spread((1..=100).map(f64::from).collect());
        let figure = |name| found.get(name).and_then(serde_json::Value::as_f64);
        assert_eq!(figure("95th_percentile"), Some(95.0));
        assert_eq!(figure("median"), Some(50.0));
        assert_eq!(figure("longest"), Some(100.0));
    }
}
