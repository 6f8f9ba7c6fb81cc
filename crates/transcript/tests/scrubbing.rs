//! A record whose texts name people: proposed by rules, settled by a person, hidden, and still proved.

use crate::story::Story;
use caisey_ledger::disclosure::Disclosure;
use caisey_ledger::verify::precheck;
use caisey_scrub::Class;
use caisey_transcript::excerpt::ProvedEntry;
use caisey_transcript::redaction::apply;
use caisey_transcript::scrub::{Proposal, ScrubFault, propose};

const PRINTED: &str = "Directory of C:\\Users\\mkowalski\\Desktop\n02/10/2026  05:12 PM  88,120 Warning letter Weber.docx\nreached 10.20.30.5 as mkowalski\n";

fn printed() -> (Story, Vec<ProvedEntry>) {
    let mut story = Story::begun();
    story.output(PRINTED, 0);
    story.output("mkowalski logged off", 1);
    let entries = precheck(&story.records)
        .into_iter()
        .zip(&story.records)
        .map(|(checked, record)| {
            let (entry, event) = checked.unwrap().into_parts();
            ProvedEntry {
                entry,
                event,
                disclosures: record.disclosures.clone(),
            }
        });
    let entries = entries.collect();
    (story, entries)
}

fn place(entries: &[ProvedEntry], text: &str) -> usize {
    let holds = |proved: &ProvedEntry| matches!(proved.disclosures.get("output"), Some(Disclosure::Full { text: found, .. }) if found == text);
    entries.iter().position(holds).unwrap()
}

fn hidden(proposal: &Proposal, entries: &[ProvedEntry], at: usize) -> Vec<(String, String)> {
    let Some(Disclosure::Full { text, .. }) = entries[at].disclosures.get("output") else {
        panic!("not in full")
    };
    let spans = proposal.spans(at, "output").iter();
    spans
        .map(|span| (text[span.bytes.clone()].to_owned(), span.label.pseudonym.clone()))
        .collect()
}

#[test]
fn a_name_learned_in_one_entry_is_hidden_in_the_next_and_everything_still_proves() {
    let (_, entries) = printed();
    let proposal = propose(&entries, 11).unwrap();
    let (first, second) = (place(&entries, PRINTED), place(&entries, "mkowalski logged off"));
    let found = hidden(&proposal, &entries, first);
    let texts: Vec<&str> = found.iter().map(|(text, _)| text.as_str()).collect();
    assert_eq!(
        texts,
        [
            "C:\\Users\\mkowalski\\Desktop",
            "Warning letter Weber.docx",
            "10.20.30.5",
            "mkowalski"
        ]
    );
    let again = hidden(&proposal, &entries, second);
    assert_eq!(again[0], found[3], "the same person has the same pseudonym");
    let redacted = apply(
        "output",
        &entries[first].disclosures["output"],
        proposal.spans(first, "output"),
    )
    .unwrap();
    redacted
        .disclosure
        .verify(&entries[first].entry.statement.texts["output"])
        .unwrap();
    let shown = serde_json::to_string(&redacted.disclosure).unwrap();
    assert!(
        !shown.contains("mkowalski") && !shown.contains("Weber") && shown.contains("reached "),
        "{shown}"
    );
}

#[test]
fn the_measure_covers_every_class_and_holds() {
    let (_, entries) = printed();
    let proposal = propose(&entries, 12).unwrap();
    assert_eq!(proposal.measure.classes.len(), Class::ALL.len());
    assert!(proposal.measure.below().is_empty(), "{:?}", proposal.measure);
}

#[test]
fn a_person_adds_and_takes_back() {
    let (_, entries) = printed();
    let mut proposal = propose(&entries, 13).unwrap();
    let at = place(&entries, PRINTED);
    let selection = PRINTED.find("reached").unwrap()..PRINTED.find(" as ").unwrap();
    proposal
        .add(&entries[at], at, "output", selection, Class::Host, "Ruth Okafor")
        .unwrap();
    assert!(
        hidden(&proposal, &entries, at)
            .iter()
            .any(|(text, _)| text == "reached 10.20.30.5")
    );
    let document = PRINTED.find("Warning").unwrap();
    assert!(matches!(
        proposal.restore(at, "output", document, "Ruth Okafor", " "),
        Err(ScrubFault::NoReason)
    ));
    assert!(matches!(
        proposal.restore(at, "output", PRINTED.len() - 1, "Ruth Okafor", "x"),
        Err(ScrubFault::NotHidden)
    ));
    proposal
        .restore(at, "output", document, "Ruth Okafor", "named in the complaint itself")
        .unwrap();
    assert!(
        hidden(&proposal, &entries, at)
            .iter()
            .all(|(text, _)| !text.contains("Weber"))
    );
    assert_eq!(
        (proposal.restored().len(), proposal.restored()[0].class.as_str()),
        (1, "document")
    );
    assert!(matches!(
        proposal.add(&entries[at], at, "output", 3..3, Class::Host, "x"),
        Err(ScrubFault::Empty)
    ));
    assert!(matches!(
        proposal.add(&entries[at], at, "reason", 0..1, Class::Host, "x"),
        Err(ScrubFault::NotFull)
    ));
}
