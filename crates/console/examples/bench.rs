//! Runs this crate's measurements by hand: `cargo run --release -p caisey-console --example bench -- sync 100000`.

use std::io::Write as _;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (what, entries) = (
        arguments.next().unwrap_or_default(),
        arguments.next().unwrap_or_default().parse()?,
    );
    let folder = tempfile::tempdir()?;
    let figures = match what.as_str() {
        "sync" => caisey_console::bench::synchronise(folder.path(), entries)?,
        "session" => caisey_console::bench::session(folder.path(), entries as u64)?,
        "dry-run" => caisey_console::bench::dry_run(folder.path(), entries as u64)?,
        "search" => caisey_console::bench::search(folder.path(), entries as u64)?,
        other => return Err(format!("there is no measurement called {other}").into()),
    };
    writeln!(std::io::stdout(), "{figures:#}")?;
    Ok(())
}
