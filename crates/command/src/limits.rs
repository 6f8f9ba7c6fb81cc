//! Bounds on the work that a hostile text can cause. All counts, no clocks, so that the same text always gets the same answer.

/// A longer text is opaque without being looked at, bytes.
pub const MAX_TEXT_BYTES: usize = 16 * 1024;
/// Commands within commands (`sh -c`, `-EncodedCommand`, …) are followed this deep.
pub const MAX_NESTING: usize = 6;
/// Brackets within brackets are followed this deep in a syntax tree.
pub(crate) const MAX_TREE_DEPTH: usize = 400;
/// Steps per byte of the outermost text; the whole reading takes at most this many, and [`STEPS_FOR_FREE`] more.
pub const STEPS_PER_BYTE: usize = 8;
/// Steps that every text may take.
pub const STEPS_FOR_FREE: usize = 4096;

/// Counts steps: calls of the parser's progress callback (a hundred parser operations each), visited nodes, looked-at words.
#[derive(Debug)]
pub(crate) struct Work {
    left: usize,
    done: usize,
}

impl Work {
    pub(crate) fn for_text(bytes: usize) -> Self {
        let left = bytes.saturating_mul(STEPS_PER_BYTE).saturating_add(STEPS_FOR_FREE);
        Self { left, done: 0 }
    }

    /// Takes a step; false when there are none left, and the reading has to end as opaque.
    pub(crate) fn step(&mut self) -> bool {
        self.steps(1)
    }

    pub(crate) fn steps(&mut self, count: usize) -> bool {
        self.done = self.done.saturating_add(count);
        self.done <= self.left
    }

    pub(crate) fn exhausted(&self) -> bool {
        self.done > self.left
    }

    pub(crate) fn done(&self) -> usize {
        self.done
    }
}
