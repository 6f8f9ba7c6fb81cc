//! Sends state to whoever subscribed, at a bounded rate.

use super::Inner;
use super::hub::Hub;
use crate::cache::session;
use crate::sync::engine::blocking;
use crate::view::{ConsoleEvent, TimelineItem, Verification};
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::task::JoinSet;

/// Between two overviews.
const OVERVIEW_EVERY: Duration = Duration::from_millis(250);
/// Between two batches of session items.
const SESSIONS_EVERY: Duration = Duration::from_millis(80);

/// Starts the emitters; they end when the set is dropped, or the console.
pub(super) fn start(inner: &Arc<Inner>) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    tasks.spawn(overviews(Arc::downgrade(inner), Arc::clone(&inner.hub)));
    tasks.spawn(inboxes(Arc::downgrade(inner), Arc::clone(&inner.hub)));
    tasks.spawn(sessions(Arc::downgrade(inner), Arc::clone(&inner.hub)));
    tasks
}

async fn overviews(inner: Weak<Inner>, hub: Arc<Hub>) {
    loop {
        hub.overview_due.notified().await;
        let Some(inner) = inner.upgrade() else { return };
        if hub.events.receiver_count() > 0
            && let Ok(overview) = blocking(move || inner.overview()).await
        {
            // Nobody listening any more is no error.
            let _ = hub.events.send(ConsoleEvent::Overview(Box::new(overview)));
        }
        tokio::time::sleep(OVERVIEW_EVERY).await;
    }
}

async fn inboxes(inner: Weak<Inner>, hub: Arc<Hub>) {
    loop {
        hub.inbox_due.notified().await;
        let Some(inner) = inner.upgrade() else { return };
        if hub.events.receiver_count() > 0
            && let Ok(inbox) = blocking(move || inner.inbox()).await
        {
            let _ = hub.events.send(ConsoleEvent::Inbox(Box::new(inbox)));
        }
        tokio::time::sleep(SESSIONS_EVERY).await;
    }
}

async fn sessions(inner: Weak<Inner>, hub: Arc<Hub>) {
    loop {
        hub.sessions_due.notified().await;
        let Some(inner) = inner.upgrade() else { return };
        let changed = std::mem::take(&mut hub.state().changed_sessions);
        for session in changed {
            send(&inner, &hub, session).await;
        }
        drop(inner);
        tokio::time::sleep(SESSIONS_EVERY).await;
    }
}

async fn send(inner: &Arc<Inner>, hub: &Hub, session: String) {
    let Some(from) = hub.state().looks.get(&session).map(|look| look.next_seq) else {
        return;
    };
    let name = session.clone();
    let Ok((row, items)) = inner.read(move |cache| session::items_from(cache, &name, from)).await else {
        return;
    };
    if items.is_empty() {
        return;
    }
    if let Some(look) = hub.state().looks.get_mut(&session) {
        // What is not verified yet comes again once it is.
        look.next_seq = items
            .iter()
            .find(|item| item.verification == Verification::Unverified)
            .map_or_else(|| after(&items), |item| item.seq);
    }
    let _ = hub.events.send(ConsoleEvent::Session {
        session,
        items,
        row: Box::new(row),
    });
}

fn after(items: &[TimelineItem]) -> u64 {
    items.last().map_or(0, |item| item.seq + 1)
}
