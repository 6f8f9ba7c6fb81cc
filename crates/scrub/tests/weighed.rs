//! What no rule speaks for and is hidden all the same.
use crate::score::to_learn_from;
use caisey_scrub::{Alone, Facts, Finding, Rules, Scales, Text, learn, scrub};
use std::path::Path;
use std::sync::LazyLock;

static RULES: LazyLock<Rules> = LazyLock::new(|| Rules::new().unwrap());
static ALONE: LazyLock<Rules> = LazyLock::new(|| Rules::with(Scales::none()).unwrap());

fn shown(text: &str, found: &[Finding]) -> Vec<String> {
    let name = |finding: &Finding| format!("{}={}", finding.class, &text[finding.range.clone()]);
    found.iter().map(name).collect()
}

/// Rules alone find nothing.
#[track_caller]
fn check(text: &str, expected: &[&str]) {
    assert_eq!(shown(text, &ALONE.find(text)), Vec::<String>::new(), "rules have {text:?}");
    assert_eq!(shown(text, &RULES.find(text)), expected, "in {text:?}");
}

#[test]
fn odd_words_where_names_and_secrets_stand() {
    check("lwasik     2024-11-02   ok", &["user=lwasik"]);
    check("krokus   running  2 vCPU  4 GB", &["host=krokus"]);
    check("Wolken-Haus7", &["password=Wolken-Haus7"]);
}

/// Where `name` stands in so many sentences that say nothing of it, and once where it is weighed: how often it is hidden in them.
fn hidden_in_sentences(name: &str, line: &str, sentences: usize) -> usize {
    let sentence = format!("see {name}/a for more\n");
    assert_eq!(RULES.find(&sentence), [], "{name} is found in a sentence");
    let text = format!("{line}\n{}", sentence.repeat(sentences));
    let texts = [Text { text: &text, kept: &[] }];
    let found = scrub(&RULES, &Facts::default(), &texts, &Alone).unwrap();
    assert_eq!(found[0][0].range, 0..name.len());
    found[0].len() - 1
}

#[test]
fn what_outweighed_a_bar_once_is_no_name_in_many_places_but_a_secret_in_all() {
    let machine = "krokus   running  2 vCPU  4 GB";
    assert_eq!(hidden_in_sentences("krokus", machine, 9), 9);
    assert_eq!(hidden_in_sentences("krokus", machine, 10), 0);
    assert_eq!(hidden_in_sentences("brumm9bar", "brumm9bar", 300), 300);
}

#[test]
fn ordinary_lines_stay() {
    for line in [
        "Setting up libssl3 (3.0.11-1~deb12u2) ...",
        "systemd[1]: Started Daily apt download activities.",
        "The Windows Modules Installer service entered the running state.",
        "Installing Microsoft Visual C++ 2015-2022 Redistributable (x64) - 14.32.31332",
        "ERROR: could not open file \"pg_wal/000000010000000000000001\"",
        "100%[======>] 4,194,304 B  11.2MB/s  eta 0s",
    ] {
        check(line, &[]);
    }
}

#[test]
fn weights_are_what_the_corpus_teaches() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let learned = learn(&RULES, &to_learn_from(&corpus));
    assert!(
        learned == include_bytes!("../words/weights.bin"),
        "the rules or the corpus changed: cargo run --release -p caisey-scrub --example learn"
    );
}
