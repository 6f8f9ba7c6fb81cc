//! Wakes objects, put away or not, when the deadline that they named has come.
//!
//! Deadlines are wall-clock times, as in the record. The timer looks at the clock at least once a second while any are pending, so a
//! clock that is set wakes what has become due.

use super::{Objects, Shared, locked};
use crate::clock;
use caisey_control::endpoint::Input;
use caisey_control::port::ObjectName;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Mutex;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::Notify;

/// Pending deadlines, soonest first. Ones that were replaced stay until they come up and are then ignored.
#[derive(Default)]
pub(super) struct Deadlines {
    heap: Mutex<BinaryHeap<Reverse<(u64, Key)>>>,
    changed: Notify,
}

/// Orders names in the heap by their text.
struct Key(ObjectName);

impl Key {
    fn text(&self) -> &str {
        match &self.0 {
            ObjectName::Organisation(organisation) => organisation.as_str(),
            ObjectName::Endpoint(_, endpoint) => endpoint.as_str(),
        }
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text()
    }
}
impl Eq for Key {}
impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Key {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.text().cmp(other.text())
    }
}

impl Deadlines {
    pub(super) fn add(&self, at_ms: u64, name: &ObjectName) {
        locked(&self.heap).push(Reverse((at_ms, Key(name.clone()))));
        self.changed.notify_one();
    }

    /// What is due, and how long until the next.
    fn due(&self, now_ms: u64) -> (Vec<(u64, ObjectName)>, Option<Duration>) {
        let mut heap = locked(&self.heap);
        let mut due = Vec::new();
        while let Some(Reverse((at, _))) = heap.peek() {
            if *at > now_ms {
                let wait = Duration::from_millis((*at - now_ms).min(1_000));
                return (due, Some(wait));
            }
            if let Some(Reverse((at, Key(name)))) = heap.pop() {
                due.push((at, name));
            }
        }
        (due, None)
    }
}

/// Runs until the objects stop.
pub(super) async fn run(objects: Objects) {
    while !objects.stopping() {
        let shared: &Shared = &objects.0;
        let (due, wait) = shared.deadlines.due(clock::now_ms());
        for (at, name) in due {
            let slot = locked(&shared.slots).get(&name).cloned();
            // Only the deadline that the object named last counts.
            let wanted = slot.is_some_and(|slot| {
                slot.deadline_ms
                    .compare_exchange(at, 0, Ordering::AcqRel, Ordering::Acquire)
                    .is_ok()
            });
            if wanted {
                objects.tell_now(&name, Input::Wake);
            }
        }
        let changed = shared.deadlines.changed.notified();
        match wait {
            Some(wait) => drop(tokio::time::timeout(wait, changed).await),
            None => drop(tokio::time::timeout(Duration::from_secs(1), changed).await),
        }
    }
}
