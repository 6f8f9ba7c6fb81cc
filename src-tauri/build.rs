//! Placeholder until the desktop arrives.
fn main() {}
