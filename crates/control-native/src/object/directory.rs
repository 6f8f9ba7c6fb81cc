//! Carries changes from Endpoint objects to their Organisation object and to the consoles that watch the directory.
//!
//! Each change replaces the last one of its endpoint, session or approval request, so a log that grows a thousand times a second becomes a few
//! directory writes. A question about the directory takes the pending changes along in front of it: answers are never stale.

use super::slot::Mail;
use super::{Objects, locked};
use caisey_control::audience::Viewer;
use caisey_control::organisation::Request;
use caisey_control::port::{DirectoryChange, ObjectName};
use caisey_ledger::id::{ClientId, OrganisationId};
use caisey_protocol::watch::DirectoryEvent;
use std::collections::{BTreeMap, HashMap};
use std::sync::Mutex;
use std::time::Duration;
use tokio::sync::Notify;

/// How long changes gather.
const GATHER: Duration = Duration::from_millis(50);

#[derive(Default)]
pub(super) struct Changes {
    pending: Mutex<HashMap<OrganisationId, BTreeMap<String, DirectoryChange>>>,
    some: Notify,
}

impl Changes {
    pub(super) fn note(&self, organisation: &OrganisationId, change: DirectoryChange) {
        let key = match &change {
            DirectoryChange::Endpoint(view) => view.endpoint.as_str().to_owned(),
            DirectoryChange::Session(view) => view.session.as_str().to_owned(),
            DirectoryChange::Approval(view) => view.action.as_str().to_owned(),
        };
        locked(&self.pending)
            .entry(organisation.clone())
            .or_default()
            .insert(key, change);
        self.some.notify_one();
    }
}

impl Objects {
    /// Puts an organisation's pending changes into its mailbox and shows them to those who watch.
    pub(super) fn flush_directory(&self, organisation: &OrganisationId) {
        let slot = self.slot(&ObjectName::Organisation(organisation.clone()));
        // Held throughout: watchers and the object see changes in the same order.
        let mut pending = locked(&self.0.changes.pending);
        let Some(changes) = pending.remove(organisation) else { return };
        for change in changes.into_values() {
            match &change {
                DirectoryChange::Endpoint(view) => {
                    let event = DirectoryEvent::Endpoint(view.clone());
                    self.0
                        .hub
                        .announce(organisation, &event, |viewer| of_client(viewer, &view.client));
                }
                DirectoryChange::Session(view) => {
                    let event = DirectoryEvent::Session(view.clone());
                    self.0
                        .hub
                        .announce(organisation, &event, |viewer| of_client(viewer, &view.client));
                }
                DirectoryChange::Approval(view) => {
                    let event = DirectoryEvent::Approval(view.clone());
                    self.0.hub.announce(organisation, &event, |viewer| viewer.sees(view));
                }
            }
            self.put(&slot, Mail::Organisation(Box::new(Request::Directory(change)), None), 0);
        }
    }

    pub(super) fn flush_all_directories(&self) {
        let organisations: Vec<_> = locked(&self.0.changes.pending).keys().cloned().collect();
        for organisation in organisations {
            self.flush_directory(&organisation);
        }
    }
}

/// Whether somebody may see what belongs to a client.
fn of_client(viewer: &Viewer, client: &ClientId) -> bool {
    viewer.client.as_ref().is_none_or(|only| only == client)
}

/// Runs until the objects stop.
pub(super) async fn run(objects: Objects) {
    while !objects.stopping() {
        let _ = tokio::time::timeout(Duration::from_secs(1), objects.0.changes.some.notified()).await;
        tokio::time::sleep(GATHER).await;
        objects.flush_all_directories();
    }
}
