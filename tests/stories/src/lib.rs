//! Stories and attacks on the real programs, each a function that a command and a test both call.
pub mod attacks;
pub mod chaos;
pub mod first_command;
pub mod issuer;
pub mod moving;
pub mod peer;
pub mod programs;
pub mod restore;
pub mod stage;
pub mod workerd;
pub mod workers;
