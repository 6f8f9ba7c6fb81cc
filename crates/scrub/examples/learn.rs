//! Learns what no rule speaks for anew, after rules or the corpus changed: `cargo run --release -p caisey-scrub --example learn` writes
//! words/weights.bin. With folders of the corpus, `learn f g h i`, it writes nothing, but says for each bar what is reached on every one of them by
//! what was learned from all others: what the bar of the weights was chosen by.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    dead_code
)]

#[path = "../tests/score.rs"]
mod score;

use caisey_scrub::{Labelled, Rules, Scales, learn};
use score::{Score, labelled, score_with, to_learn_from};
use std::path::Path;

/// What is tried as a bar.
const BARS: [i32; 8] = [i32::MAX, 0, -15, -30, -45, -60, -75, -90];

fn main() {
    let crate_folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let corpus = crate_folder.join("corpus");
    let all = to_learn_from(&corpus);
    let rules = Rules::new().unwrap();
    let left_out: Vec<String> = std::env::args().skip(1).collect();
    if left_out.is_empty() {
        std::fs::write(crate_folder.join("words/weights.bin"), learn(&rules, &all)).unwrap();
    } else {
        across(&rules, &corpus.join("develop"), &all, &left_out);
    }
}

fn across(rules: &Rules, develop: &Path, all: &[Labelled], left_out: &[String]) {
    let mut sums: Vec<[Score; 3]> = BARS.iter().map(|_| Default::default()).collect();
    for name in left_out {
        let folder = develop.join(name);
        let without: Vec<String> = labelled(&folder).into_iter().map(|labelled| labelled.text).collect();
        let others: Vec<Labelled> = all
            .iter()
            .filter(|labelled| !without.contains(&labelled.text))
            .cloned()
            .collect();
        let weights = learn(rules, &others);
        for (bar, sums) in BARS.iter().zip(&mut sums) {
            let with = Rules::with(Scales::of(weights.clone(), [*bar; 3])).unwrap();
            for (sum, score) in sums.iter_mut().zip(score_with(&with, &folder).totals()) {
                *sum += score;
            }
        }
    }
    for (bar, [structured, named, all]) in BARS.iter().zip(&sums) {
        let bar = if *bar == i32::MAX {
            "rules alone".to_owned()
        } else {
            bar.to_string()
        };
        println!(
            "{bar:>11}: structured {:.4}, names {:.4}, precision {:.4}",
            structured.recall(),
            named.recall(),
            all.precision()
        );
    }
}
