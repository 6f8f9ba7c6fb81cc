//! All processors of the desk, for work that the pure rooms can share out: reading the texts of a session.

use caisey_transcript::scrub::Workers;
use std::thread;

/// A thread for every processor, the one that asks among them. Where the system gives fewer, those do it all.
pub(crate) struct Processors;

impl Workers for Processors {
    fn each(&self, work: &(dyn Fn() + Sync)) {
        let others = thread::available_parallelism().map_or(0, |count| count.get() - 1);
        thread::scope(|scope| {
            for _ in 0..others {
                if thread::Builder::new().spawn_scoped(scope, work).is_err() {
                    break;
                }
            }
            work();
        });
    }
}
