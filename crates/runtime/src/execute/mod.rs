//! Carrying out an action: the exact command, its process tree, its output, its end.
//!
//! `shell` turns interpreter and text into a command line, `child` starts it, `tree` finds and kills all of it, `keep` decides what is
//! kept of what it prints, `pump` reads while it runs, `probe` reads state around it, `run` puts these in order.

mod child;
mod keep;
mod probe;
mod pump;
mod run;
mod shell;
pub(crate) mod tree;

pub(crate) use run::{Run, Stop};
