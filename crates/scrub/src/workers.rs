//! The texts of a session, read side by side. This room starts no threads; whoever has some hands in how.
//!
//! What is said of a text depends on nothing that a worker remembers, and stands at the place of its text: the result is the same whoever
//! reads which text, and in which order.

use crate::session::Text;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Those who read side by side.
pub trait Workers {
    /// Does this work on as many threads as there are, at the same time; returns when it is done on all.
    fn each(&self, work: &(dyn Fn() + Sync));
}

/// One after the other, on the thread that asks.
#[derive(Debug, Clone, Copy, Default)]
pub struct Alone;

impl Workers for Alone {
    fn each(&self, work: &(dyn Fn() + Sync)) {
        work();
    }
}

/// Less is read sooner than others are called: three milliseconds' work.
const WORTH_CALLING_BYTES: usize = 65_536;

/// Who reads these texts: the workers, or one alone where there is little to read.
pub(crate) fn worth_calling<'w>(workers: &'w dyn Workers, texts: &[Text<'_>]) -> &'w dyn Workers {
    let bytes: usize = texts.iter().map(|text| text.text.len()).sum();
    if bytes < WORTH_CALLING_BYTES { &Alone } else { workers }
}

/// What `read` says of each, in their order. A worker keeps what it `begins` with from one to the next.
pub(crate) fn read_all<'t, T: Sync, S, R: Send + Sync>(
    workers: &dyn Workers,
    all: &'t [T],
    begin: impl Fn() -> S + Sync,
    read: impl Fn(&'t T, &mut S) -> R + Sync,
) -> Vec<R> {
    let said: Vec<OnceLock<R>> = all.iter().map(|_| OnceLock::new()).collect();
    let next = AtomicUsize::new(0);
    workers.each(&|| {
        let mut kept = begin();
        loop {
            let place = next.fetch_add(1, Ordering::Relaxed);
            let (Some(one), Some(said)) = (all.get(place), said.get(place)) else {
                break;
            };
            said.get_or_init(|| read(one, &mut kept));
        }
    });
    // Nothing stays unread, though no worker came.
    let mut kept = begin();
    let whole = said.into_iter().zip(all);
    whole
        .map(|(said, one)| said.into_inner().unwrap_or_else(|| read(one, &mut kept)))
        .collect()
}

#[cfg(test)]
#[allow(clippy::expect_used)]
mod tests {
    use super::*;

    /// So many threads.
    struct Threads(usize);

    impl Workers for Threads {
        fn each(&self, work: &(dyn Fn() + Sync)) {
            std::thread::scope(|scope| {
                for _ in 0..self.0 {
                    scope.spawn(work);
                }
            });
        }
    }

    #[test]
    fn every_text_is_read_once_and_in_its_place() {
        let all: Vec<usize> = (0..1_000).collect();
        for workers in 0..5 {
            let reads = AtomicUsize::new(0);
            let said = read_all(
                &Threads(workers),
                &all,
                || 0,
                |one, kept| {
                    reads.fetch_add(1, Ordering::Relaxed);
                    *kept += 1;
                    (one * 2, *kept)
                },
            );
            assert_eq!(reads.into_inner(), all.len());
            assert!(said.iter().map(|(twice, _)| *twice).eq((0..2_000).step_by(2)));
            // Alone, one keeps count of all.
            assert!(workers > 1 || said.last() == Some(&(1_998, 1_000)));
        }
    }
}
