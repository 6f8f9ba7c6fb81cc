//! "Did anyone access it?" over logs made for the question.

use crate::made::{contents, contents_of, now, proved, releaser};
use crate::story::Story;
use caisey_ledger::id::TimeMs;
use caisey_transcript::certificate::{Certificate, Why};
use caisey_transcript::excerpt::Proved;
use caisey_transcript::snapshot::Scope;
use proptest::prelude::*;

fn answer(story: &Story, pattern: &str) -> Certificate {
    let contents = contents(story);
    let parts = proved(story, &contents);
    let own: Vec<&Proved> = parts.iter().collect();
    Certificate::answer(pattern, &contents.snapshot, &own, releaser(), now()).unwrap()
}

#[test]
fn the_three_parts_are_there_whatever_the_answer() {
    let story = Story::every_kind();
    for (pattern, named) in [("*payroll*", true), ("*salaries*", false)] {
        let said = answer(&story, pattern);
        assert_eq!(!said.matched.is_empty(), named, "{pattern}");
        let [gaps, matched, unbounded] = said.sentences();
        assert!(
            gaps.contains("no gaps") && matched.contains(pattern) && unbounded.contains("cannot be bounded"),
            "{unbounded}"
        );
        let why: Vec<Why> = said.unbounded.iter().map(|item| item.why).collect();
        assert!(why.contains(&Why::OutputNotKept) && why.contains(&Why::OutcomeUnknown) && why.contains(&Why::RecorderGap));
    }
}

#[test]
fn a_period_counts_only_what_lies_in_it() {
    let story = Story::every_kind();
    let at = |seq: u64| TimeMs::new(1_780_000_000_500 + 1_000 * seq).unwrap();
    let scope = Scope::Period {
        from_ms: at(5),
        to_ms: at(12),
    };
    let contents = contents_of(&story, scope, 4, 12);
    let parts = proved(&story, &contents);
    let own: Vec<&Proved> = parts.iter().collect();
    let said = Certificate::answer("payroll", &contents.snapshot, &own, releaser(), now()).unwrap();
    assert_eq!(said.complete[0].entries, 7);
    assert!(said.complete[0].bounded);
    assert_eq!(said.matched.len(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn a_name_is_found_wherever_output_is_cut(cut in 0_usize..40, before in "[a-z \n]{0,12}", after in "[a-z \n]{0,12}") {
        let text = format!("{before}C:\\Shares\\PAYROLL\\x{after}");
        let cut = cut.min(text.len());
        let mut story = Story::begun();
        story.output(&text[..cut], 0);
        story.output(&text[cut..], 1);
        prop_assert!(answer(&story, r"shares\payroll").matched.iter().any(|matched| matched.text == "output"));
    }
}
