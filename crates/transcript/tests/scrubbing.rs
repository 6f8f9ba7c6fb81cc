//! A record whose texts name people: proposed by rules, settled by a person, hidden, and still proved.

use crate::story::Story;
use caisey_ledger::disclosure::Disclosure;
use caisey_ledger::verify::precheck;
use caisey_scrub::Class;
use caisey_transcript::excerpt::ProvedEntry;
use caisey_transcript::redaction::apply;
use caisey_transcript::scrub::{Alone, Proposal, ScrubFault, propose};

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
    let proposal = propose(&entries, 11, &Alone).unwrap();
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
    let proposal = propose(&entries, 12, &Alone).unwrap();
    assert_eq!(proposal.measure.classes.len(), Class::ALL.len());
    assert!(proposal.measure.below().is_empty(), "{:?}", proposal.measure);
}

#[test]
fn a_person_adds_and_takes_back() {
    let (_, entries) = printed();
    let mut proposal = propose(&entries, 13, &Alone).unwrap();
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
        proposal.restore(&entries[at], at, "output", document, "Ruth Okafor", " "),
        Err(ScrubFault::NoReason)
    ));
    assert!(matches!(
        proposal.restore(&entries[at], at, "output", PRINTED.len() - 1, "Ruth Okafor", "x"),
        Err(ScrubFault::NotHidden)
    ));
    proposal
        .restore(
            &entries[at],
            at,
            "output",
            document,
            "Ruth Okafor",
            "named in the complaint itself",
        )
        .unwrap();
    assert!(
        hidden(&proposal, &entries, at)
            .iter()
            .all(|(text, _)| !text.contains("Weber"))
    );
    let restored = proposal.restored();
    assert_eq!((restored.len(), restored[0].class.as_str()), (1, "document"));
    let tokens = caisey_ledger::redaction::token_ranges(
        PRINTED,
        std::slice::from_ref(&(document..document + "Warning letter Weber.docx".len())),
    );
    assert_eq!(
        (restored[0].first_token, restored[0].first_token + restored[0].tokens),
        (tokens[0].start, tokens[0].end)
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

/// Where a word of the first output begins.
fn at(word: &str) -> usize {
    PRINTED.find(word).unwrap()
}

#[test]
fn a_reason_may_not_tell_what_is_hidden() {
    let (_, entries) = printed();
    let mut proposal = propose(&entries, 14, &Alone).unwrap();
    let place = place(&entries, PRINTED);
    let mut try_with = |reason: &str| proposal.restore(&entries[place], place, "output", at("Warning"), "Ruth Okafor", reason);
    for telling in [
        "MKowalski agreed",
        "call marta.weiss@lakeside-dental.example about it",
        "the machine is 10.20.30.5, everybody knows",
        "the key is ghp_16C7e42F292c6912E7710c838347Ae178B4a",
    ] {
        let refused = try_with(telling);
        assert!(matches!(refused, Err(ScrubFault::TellingReason(_))), "{telling}: {refused:?}");
    }
    assert!(matches!(try_with(&"x".repeat(501)), Err(ScrubFault::LongReason)));
    try_with("named in the complaint itself").unwrap();
    assert_eq!(proposal.restored().len(), 1);
}

#[test]
fn taking_back_ones_own_removal_brings_the_rules_back() {
    let (_, entries) = printed();
    let mut proposal = propose(&entries, 15, &Alone).unwrap();
    let place = place(&entries, PRINTED);
    let before = hidden(&proposal, &entries, place);
    let line = at("reached")..PRINTED.len() - 1;
    proposal
        .add(&entries[place], place, "output", line, Class::Document, "Ruth Okafor")
        .unwrap();
    assert_ne!(hidden(&proposal, &entries, place), before);
    proposal
        .restore(
            &entries[place],
            place,
            "output",
            at("reached"),
            "Ruth Okafor",
            "too much was selected",
        )
        .unwrap();
    assert_eq!(
        hidden(&proposal, &entries, place),
        before,
        "the address and the account are hidden again"
    );
}

#[test]
fn what_is_hidden_again_is_not_said_to_be_shown() {
    let (_, entries) = printed();
    let mut proposal = propose(&entries, 16, &Alone).unwrap();
    let place = place(&entries, PRINTED);
    let document = at("Warning")..at("Warning") + "Warning letter Weber.docx".len();
    let reason = "named in the complaint itself";
    proposal
        .restore(&entries[place], place, "output", document.start, "Ruth Okafor", reason)
        .unwrap();
    assert_eq!(proposal.restored().len(), 1);
    // In part: the rest of it is shown, and says so.
    let name = at("Weber")..at("Weber") + "Weber".len();
    proposal
        .add(&entries[place], place, "output", name, Class::User, "Ruth Okafor")
        .unwrap();
    assert_eq!(proposal.restored().len(), 1);
    proposal
        .add(&entries[place], place, "output", document, Class::Document, "Ruth Okafor")
        .unwrap();
    assert!(proposal.restored().is_empty());
}

#[test]
fn who_speaks_with_a_key_of_their_own_is_named() {
    let (_, entries) = printed();
    let proposal = propose(&entries, 18, &Alone).unwrap();
    let introduced: Vec<usize> = (0..entries.len())
        .filter(|at| entries[*at].entry.statement.kind == "key.introduced")
        .collect();
    assert_eq!(introduced.len(), 2);
    assert!(introduced.iter().all(|at| proposal.spans(*at, "name").is_empty()));
}

#[test]
fn the_records_own_machine_is_named_unless_it_names_a_person() {
    let shown = |host: &str| {
        let mut story = Story::new();
        let enrolled = caisey_ledger::event::Event::EndpointEnrolled {
            key: crate::story::base64(story.endpoint.verifying_key().as_bytes()),
            client: crate::story::client(),
            os: "windows".into(),
            arch: "x86_64".into(),
            installer: "ins_0000000000000000000000000a".into(),
        };
        story.by_control(enrolled, &[("hostname", host)], false, None);
        let entries: Vec<ProvedEntry> = precheck(&story.records)
            .into_iter()
            .zip(&story.records)
            .map(|(checked, record)| {
                let (entry, event) = checked.unwrap().into_parts();
                let mut disclosures = record.disclosures.clone();
                // As if the machine had printed it, with somebody's profile.
                let Disclosure::Full { seed, .. } = &disclosures["hostname"] else {
                    panic!("not in full")
                };
                let text = format!("Computer name: {host}\nC:\\Users\\mkowalski\\Desktop\nNext: SRV-DC-02\n");
                disclosures.insert(
                    "output".to_owned(),
                    Disclosure::Full {
                        text,
                        seed: seed.clone(),
                    },
                );
                ProvedEntry {
                    entry,
                    event,
                    disclosures,
                }
            })
            .collect();
        let proposal = propose(&entries, 17, &Alone).unwrap();
        let named = proposal.spans(0, "hostname").is_empty();
        let printed: Vec<String> = hidden(&proposal, &entries, 0).into_iter().map(|(text, _)| text).collect();
        assert_eq!(printed.iter().any(|text| text == host), !named, "{host}: {printed:?}");
        named
    };
    assert!(shown("RETAIL-07"));
    assert!(!shown("PC-MKOWALSKI"));
}
