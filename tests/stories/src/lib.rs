//! Stories and attacks on the real programs, each a function that a command and a test both call.
pub mod programs;
