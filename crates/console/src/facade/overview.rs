//! The overview, put together from the cache and the hub.

use super::Inner;
use crate::cache::log::{self, LogRow, StoredFault};
use crate::cache::{schema, session};
use crate::error::ConsoleError;
use crate::view::{EndpointRow, MeView, Notice, Overview, SendableView, SessionFilter, Verification};
use crate::visible::marked_line;
use std::collections::HashMap;

impl Inner {
    pub(super) fn overview(&self) -> Result<Overview, ConsoleError> {
        let (connection, sync, own, sendable, this_computer) = {
            let state = self.hub.state();
            let copies = (state.notices.clone(), state.sendable.clone(), state.this_computer.clone());
            (state.connection.clone(), state.sync.clone(), copies.0, copies.1, copies.2)
        };
        let Ok(cache) = self.cache() else {
            return Ok(Overview {
                me: None,
                connection,
                endpoints: Vec::new(),
                sessions: Vec::new(),
                sync,
                notices: own,
            });
        };
        let key_changed = own.iter().any(|notice| notice.code == "checkpoint_key_changed");
        cache.read(|cache| {
            let me: Option<MeView> = schema::get(cache, "me")?.and_then(|json| serde_json::from_str(&json).ok());
            let endpoints = log::all(cache)?
                .into_iter()
                .map(|log| endpoint_row(log, &sendable, this_computer.as_deref(), key_changed))
                .collect();
            let sessions = session::list(cache, &SessionFilter::default())?;
            let mut notices: Vec<Notice> = log::faults(cache)?.into_iter().map(fault_notice).collect();
            notices.extend(own);
            Ok(Overview {
                me,
                connection,
                endpoints,
                sessions,
                sync,
                notices,
            })
        })
    }
}

fn endpoint_row(
    log: LogRow,
    sendable: &HashMap<String, SendableView>,
    this_computer: Option<&str>,
    key_changed: bool,
) -> EndpointRow {
    let verification = if log.broken_from.is_some() || key_changed {
        Verification::Broken
    } else if log.cached_size > 0 && log.verified_size == log.cached_size {
        Verification::Verified
    } else {
        Verification::Unverified
    };
    EndpointRow {
        sendable: sendable.get(&log.endpoint).cloned(),
        is_this_computer: this_computer == Some(log.endpoint.as_str()),
        endpoint: log.endpoint,
        client: log.client,
        client_name: marked_line(&log.client_name),
        hostname: marked_line(&log.hostname),
        os: marked_line(&log.os),
        arch: marked_line(&log.arch),
        state: log.state,
        log_size: log.log_size,
        cached_size: log.cached_size,
        verification,
        changed_at_ms: log.changed_at_ms,
    }
}

fn fault_notice(fault: StoredFault) -> Notice {
    let (hostname, seq) = (marked_line(&fault.hostname), fault.seq);
    let what = marked_line(&fault.message);
    let message = match fault.code.as_str() {
        "fork" => format!(
            "The log of {hostname} contradicts what this console had verified: {what}. It was rewritten, or different people are shown \
             different histories. Both signed checkpoints are kept as evidence and nothing more of this log is taken in. Entries before {seq} \
             still hold. Do not rely on later ones, and show this to whoever has to know."
        ),
        "rewind" => format!(
            "The log of {hostname} has become shorter: {what}. Its newest entries were dropped, or an older copy was put in its place. This \
             console keeps the entries and both signed checkpoints as evidence, and takes nothing more of this log in."
        ),
        "checkpoint" => format!(
            "A checkpoint of {hostname}'s log does not hold: {what}. Nothing more of this log is taken in until this is explained. Entries \
             before {seq} still hold."
        ),
        "cache_altered" => format!(
            "The cached copy of {hostname}'s log does not hold any more: {what}. The cache was altered or damaged on this machine. The control \
             plane still has the record."
        ),
        _ => format!(
            "An entry in the log of {hostname} does not hold: {what}. It is shown as broken and nothing after it is taken in. Entries before \
             {seq} still hold. Ask whoever runs the control plane."
        ),
    };
    Notice {
        code: fault.code,
        severity: "danger".to_owned(),
        message,
        endpoint: Some(fault.endpoint),
        evidence: fault.evidence,
    }
}
