//! How well rules find: `cargo run --release -p caisey-scrub --example score FOLDER [faults]` reads the marked texts of a folder as the test of the
//! corpus does, and says what was found of each class; with `faults`, also what was missed and what was found too much.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::panic,
    clippy::indexing_slicing,
    dead_code
)]

#[path = "../tests/score.rs"]
mod score;

fn main() {
    let folder = std::env::args().nth(1).unwrap();
    let scores = score::score(folder.as_ref());
    println!("{scores}");
    if std::env::args().nth(2).is_some() {
        println!("{}", scores.faults.join("\n"));
    }
}
