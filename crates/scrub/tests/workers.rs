//! Whoever reads which text, and with how many others: what is found is the same.
use caisey_scrub::{Alone, Class, Facts, Rules, Text, Workers, scrub};
use proptest::prelude::*;
use std::sync::LazyLock;

static RULES: LazyLock<Rules> = LazyLock::new(|| Rules::new().unwrap());

/// Lines that rules find nothing in, that they learn names from, and that depend on those above.
static LINES: LazyLock<Vec<&str>> = LazyLock::new(|| {
    let texts = [
        include_str!("../corpus/develop/sessions.txt"),
        include_str!("../corpus/develop/nothing.txt"),
        include_str!("../corpus/develop/tables.txt"),
    ];
    texts.into_iter().flat_map(str::lines).collect()
});

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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn any_number_of_workers_finds_the_same(
        lines in prop::collection::vec(0..LINES.len(), 1_200..1_800),
        ends in prop::collection::vec(1..300usize, 1..40),
        workers in 0..7usize,
    ) {
        // Texts of one line or hundreds, as `ends` says in turn.
        let mut lines = lines.as_slice();
        let mut texts = Vec::new();
        for length in ends.into_iter().cycle() {
            let (these, rest) = lines.split_at(length.min(lines.len()));
            texts.push(these.iter().map(|line| LINES[*line]).collect::<Vec<_>>().join("\n"));
            lines = rest;
            if rest.is_empty() {
                break;
            }
        }
        let texts: Vec<Text<'_>> = texts.iter().map(|text| Text { text, kept: &[] }).collect();
        let facts = Facts { names: vec![(Class::User, "svc-report".to_owned())] };
        let alone = scrub(&RULES, &facts, &texts, &Alone).unwrap();
        let together = scrub(&RULES, &facts, &texts, &Threads(workers)).unwrap();
        prop_assert_eq!(&alone, &together);
        prop_assert!(alone.iter().any(|found| !found.is_empty()));
    }
}
