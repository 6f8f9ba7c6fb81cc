//! The threads that run objects. There are a few for all objects: an object in use borrows one for a batch at a time.

use super::slot::Slot;
use super::{OPEN_AT_EASE, Shared, deliver, locked};
use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

/// Objects with mail, oldest first.
#[derive(Default)]
pub(super) struct Ready {
    queue: Mutex<VecDeque<Arc<Slot>>>,
    more: Condvar,
}

impl Ready {
    pub(super) fn push(&self, slot: Arc<Slot>) {
        locked(&self.queue).push_back(slot);
        self.more.notify_one();
    }

    pub(super) fn wake_all(&self) {
        self.more.notify_all();
    }

    fn next(&self, shared: &Shared) -> Option<Arc<Slot>> {
        let mut queue = locked(&self.queue);
        loop {
            if shared.stopping.load(Ordering::Acquire) {
                return None;
            }
            if let Some(slot) = queue.pop_front() {
                return Some(slot);
            }
            queue = self.more.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// Starts the threads; they end when `stopping` is set and they are woken.
pub(super) fn start(shared: &Arc<Shared>) -> std::io::Result<()> {
    for number in 0..shared.limits.object_threads.max(1) {
        let shared = Arc::clone(shared);
        std::thread::Builder::new().name(format!("object-{number}")).spawn(move || {
            while let Some(slot) = shared.ready.next(&shared) {
                deliver::batch(&shared, &slot);
                if slot.leave() {
                    shared.ready.push(slot);
                } else if shared.open.load(Ordering::Relaxed) > OPEN_AT_EASE {
                    slot.put_away();
                }
            }
        })?;
    }
    Ok(())
}
