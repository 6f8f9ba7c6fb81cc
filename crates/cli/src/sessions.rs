//! `caisey sessions` and `caisey show`.

use crate::explain::print_change;
use crate::{Filter, home};
use anyhow::Result;
use caisey_console::state_change::action_changes;
use caisey_console::view::{SessionDetail, SessionFilter, SessionRow, TimelineItem, Verification};
use caisey_console::visible::{marked, marked_line};
use clap::Args;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Args)]
pub(crate) struct Sessions {
    #[command(flatten)]
    filter: Filter,
    /// Only those that are not closed.
    #[arg(long)]
    open: bool,
}

impl Sessions {
    pub(crate) async fn run(self, home: Option<PathBuf>) -> Result<ExitCode> {
        let console = home::open(home).await?;
        let rows = console
            .sessions(SessionFilter {
                client: self.filter.client,
                endpoint: self.filter.endpoint,
                member: self.filter.member,
                open_only: self.open,
                limit: self.filter.limit,
                ..SessionFilter::default()
            })
            .await?;
        if self.filter.json {
            println!("{}", serde_json::to_string_pretty(&rows)?);
        } else {
            rows.iter().for_each(print_row);
            eprintln!("{} sessions", rows.len());
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn print_row(row: &SessionRow) {
    let until = row.closed_at_ms.map_or_else(|| "open".to_owned(), caisey_pdf::moment::full);
    println!(
        "{}  {} to {until}  {}  {}  {}  {} commands  {}",
        row.session,
        caisey_pdf::moment::full(row.opened_at_ms),
        marked_line(&row.hostname),
        marked_line(&row.member_name),
        word(row.verification),
        row.actions,
        marked_line(&row.purpose)
    );
}

/// How far something was checked, in one word.
pub(crate) fn word(verification: Verification) -> &'static str {
    match verification {
        Verification::Verified => "verified",
        Verification::Unverified => "unverified",
        Verification::Broken => "BROKEN",
    }
}

#[derive(Args)]
pub(crate) struct Show {
    /// The session's identifier.
    session: String,
    /// As JSON, for scripts.
    #[arg(long)]
    json: bool,
}

impl Show {
    pub(crate) async fn run(self, home: Option<PathBuf>) -> Result<ExitCode> {
        let detail = home::open(home).await?.session_detail(&self.session).await?;
        if self.json {
            println!("{}", serde_json::to_string_pretty(&detail)?);
        } else {
            print_detail(&detail);
        }
        let is_broken = detail.items.iter().any(|item| item.verification == Verification::Broken);
        Ok(if is_broken { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }
}

fn print_detail(detail: &SessionDetail) {
    print_row(&detail.row);
    detail.items.iter().for_each(print_item);
    for changed in action_changes(&detail.items) {
        let doubt = if changed.certain {
            ""
        } else {
            " (the probe failed or was cut short)"
        };
        println!(
            "\nAction {} changed, as {} tells{doubt}:",
            marked_line(&changed.action),
            marked_line(&changed.probe)
        );
        print_change(&changed.change);
    }
    if let Some(checkpoint) = &detail.checkpoint {
        println!("\n{}", marked(checkpoint));
    }
}

/// An entry and its texts, indented.
pub(crate) fn print_item(item: &TimelineItem) {
    let checked = if item.verification == Verification::Verified {
        ""
    } else {
        word(item.verification)
    };
    println!(
        "#{} {}  {}: {}  {checked}",
        item.seq,
        caisey_pdf::moment::full(item.time_ms),
        marked_line(&item.actor_name),
        marked_line(&item.headline)
    );
    if let Some(fault) = &item.fault {
        println!("    ! {}", marked_line(fault));
    }
    for text in &item.texts {
        match &text.text {
            Some(text) => marked(text).lines().for_each(|line| println!("    | {line}")),
            None => println!("    ({} erased or not disclosed)", text.name),
        }
    }
}
