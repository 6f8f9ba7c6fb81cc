//! `caisey search`: finds entries, and says what was searched, so that finding nothing means something.

use crate::{Filter, home};
use anyhow::Result;
use caisey_console::view::SearchQuery;
use caisey_console::visible::marked_line;
use clap::Args;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Args)]
pub(crate) struct Search {
    /// Words or a phrase; empty lists everything that the filters leave.
    text: String,
    /// Only this kind of entry, such as `action.proposed` or `command.output`; may be repeated.
    #[arg(long)]
    kind: Vec<String>,
    #[command(flatten)]
    filter: Filter,
}

impl Search {
    /// Like grep: 0 when something was found, 1 when nothing was.
    pub(crate) async fn run(self, home: Option<PathBuf>) -> Result<ExitCode> {
        let console = home::open(home).await?;
        let result = console
            .search(SearchQuery {
                text: self.text,
                client: self.filter.client,
                endpoint: self.filter.endpoint,
                member: self.filter.member,
                kinds: self.kind,
                limit: self.filter.limit,
                ..SearchQuery::default()
            })
            .await?;
        if self.filter.json {
            println!("{}", serde_json::to_string_pretty(&result)?);
        } else {
            for hit in &result.hits {
                println!(
                    "{}  #{} {}  {}  {}: {}",
                    hit.item.session.as_deref().unwrap_or("-"),
                    hit.item.seq,
                    caisey_pdf::moment::full(hit.item.time_ms),
                    marked_line(&hit.hostname),
                    hit.text_name,
                    marked_line(&hit.excerpt)
                );
            }
            let more = if result.truncated { ", and more were left out" } else { "" };
            eprintln!(
                "{} found{more}; {} entries searched, of which {} have a text that was erased or not disclosed",
                result.hits.len(),
                result.searched_entries,
                result.unreadable_entries
            );
        }
        Ok(if result.hits.is_empty() {
            ExitCode::FAILURE
        } else {
            ExitCode::SUCCESS
        })
    }
}
