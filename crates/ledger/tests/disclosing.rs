//! Hiding, opening and erasing: what is shown still proves itself, what is hidden is not in the bytes.

use crate::story::Story;
use caisey_ledger::disclosure::{Disclosure, DisclosureFault, Label, Opening, Part, Piece};
use caisey_ledger::redaction::{HideError, hide, opening, token_ranges};
use caisey_ledger::text::{TextSeed, commit, token_ends};
use caisey_ledger::verify::{Coverage, LogVerifier};
use proptest::prelude::*;
use std::ops::Range;

fn label(class: &str) -> Label {
    Label {
        class: class.into(),
        by: "rule:user-paths@3".into(),
        pseudonym: "user-1".into(),
    }
}

fn token(text: &str, number: u64) -> &str {
    let ends = token_ends(text);
    let start = number.checked_sub(1).map_or(0, |before| ends[before as usize] as usize);
    &text[start..ends[number as usize] as usize]
}

#[test]
fn a_name_is_hidden_wherever_it_stands_and_opened_once() {
    let text = "dir C:\\Users\\jdoe\\Documents; owner jdoe";
    let seed = TextSeed::from_bytes([7; 32]);
    let commitment = commit(text, &seed);
    let bytes: Vec<Range<usize>> = text.match_indices("jdoe").map(|(at, name)| at..at + name.len()).collect();
    let ranges = token_ranges(text, &bytes);
    let hidden: Vec<_> = ranges.iter().cloned().map(|range| (range, label("user-name"))).collect();
    let redacted = hide(text, &seed, &hidden).unwrap();
    let wire = serde_json::to_string(&redacted).unwrap();
    assert!(!wire.contains("jdoe"));
    let expected = [
        Piece::Shown("dir C:\\Users\\"),
        Piece::Hidden {
            tokens: 1,
            label: &label("user-name"),
        },
        Piece::Shown("\\Documents; owner "),
        Piece::Hidden {
            tokens: 1,
            label: &label("user-name"),
        },
    ];
    assert_eq!(redacted.verify(&commitment).unwrap(), expected);
    let key = opening(text, &seed, ranges[1].clone()).unwrap();
    let opened = redacted.open(&key, &commitment).unwrap();
    assert_eq!(
        opened.verify(&commitment).unwrap()[2..],
        [Piece::Shown("\\Documents; owner "), Piece::Shown("jdoe")]
    );
    assert!(matches!(opened.open(&key, &commitment), Err(HideError::NotHidden(_))));
    // One opening does not open the other occurrence.
    let moved = Opening {
        first_token: ranges[0].start,
        ..key
    };
    assert!(matches!(
        redacted.open(&moved, &commitment),
        Err(HideError::Opening(DisclosureFault::Mismatch))
    ));
}

#[test]
fn ranges_that_make_no_sense_are_refused() {
    let seed = TextSeed::from_bytes([7; 32]);
    let cases: [&[(u64, u64)]; 6] = [
        &[(0, 0)],
        &[(2, 1)],
        &[(0, 4)],
        &[(1, 2), (0, 1)],
        &[(0, 2), (1, 3)],
        &[(u64::MAX - 1, u64::MAX)],
    ];
    for wrong in cases {
        let ranges: Vec<_> = wrong.iter().map(|(from, to)| (*from..*to, label("x"))).collect();
        assert!(
            matches!(hide("a b", &seed, &ranges), Err(HideError::Range { .. })),
            "{ranges:?}"
        );
    }
    assert!(token_ranges("a b", &[5..9, 1..1, 0..0]).is_empty());
    assert_eq!(token_ranges("a b", &[0..1, 2..99]), [0..1, 2..3]);
    let joined = token_ranges("one two", &[1..2, 3..4]);
    assert_eq!((joined.len(), joined[0].clone()), (1, 0..2));
}

#[test]
fn a_redaction_that_lies_is_refused() {
    let (text, seed) = ("alpha beta gamma", TextSeed::from_bytes([7; 32]));
    let commitment = commit(text, &seed);
    let Disclosure::Redacted { parts } = hide(text, &seed, &[(2..3, label("x"))]).unwrap() else {
        panic!("not redacted")
    };
    let verdict = |parts: Vec<Part>| Disclosure::Redacted { parts }.verify(&commitment).map(drop);
    verdict(parts.clone()).unwrap();
    // Says that nothing was hidden, or less, or more.
    assert!(matches!(
        verdict(parts[..1].to_vec()),
        Err(DisclosureFault::Tokens { expected: 5, found: 2 })
    ));
    for (tokens, fault) in [
        (2, DisclosureFault::Tokens { expected: 5, found: 6 }),
        (0, DisclosureFault::Malformed("an empty hidden part")),
    ] {
        let mut lie = parts.clone();
        let Part::Hidden { tokens: count, .. } = &mut lie[1] else {
            panic!("not hidden")
        };
        *count = tokens;
        assert_eq!(verdict(lie), Err(fault));
    }
    // Shows other words.
    let mut lie = parts.clone();
    let Part::Shown { text, .. } = &mut lie[0] else {
        panic!("not shown")
    };
    *text = "delta ".into();
    assert_eq!(verdict(lie), Err(DisclosureFault::Mismatch));
    // Carries more than it needs.
    let mut lie = parts.clone();
    let Part::Hidden { hashes, .. } = &mut lie[1] else {
        panic!("not hidden")
    };
    hashes.push(hashes[0]);
    assert!(matches!(verdict(lie), Err(DisclosureFault::Malformed(_))));
    // Cuts a word in two.
    let mut lie = parts;
    lie.splice(
        0..1,
        [("al", 1), ("pha ", 1)].map(|(text, _)| Part::Shown {
            text: text.into(),
            seeds: Vec::new(),
        }),
    );
    assert_eq!(verdict(lie), Err(DisclosureFault::Malformed("a token cut in two")));
}

#[test]
fn a_log_with_hidden_opened_and_erased_texts_still_verifies() {
    let mut story = Story::every_kind();
    for record in &mut story.records {
        for disclosure in record.disclosures.values_mut() {
            let Disclosure::Full { text, seed } = disclosure else {
                panic!("stories show everything")
            };
            let count = token_ends(text).len() as u64;
            *disclosure = match count {
                0 => Disclosure::Erased {},
                1 => hide(text, seed, &[(0..1, label("all"))]).unwrap(),
                _ => hide(
                    text,
                    seed,
                    &[(1..count - 1, label("middle")), (count - 1..count, label("end"))]
                        .into_iter()
                        .filter(|(range, _)| !range.is_empty())
                        .collect::<Vec<_>>(),
                )
                .unwrap(),
            };
        }
    }
    let wire = serde_json::to_string(&story.records).unwrap();
    for gone in ["payroll", "firewall", "Nováková", "unreachable"] {
        assert!(!wire.contains(gone), "{gone}");
    }
    let mut verifier = LogVerifier::new(&story.log);
    let read: Vec<_> = serde_json::from_str(&wire).unwrap();
    assert!(verifier.accept_batch(&read).fault.is_none());
    assert_eq!(
        verifier.check_checkpoint(&story.note(), &story.public_key()).unwrap(),
        Coverage::Exact(story.checkpoint())
    );
}

#[test]
fn debugging_output_shows_neither_texts_nor_seeds() {
    let (text, seed) = ("secret words", TextSeed::from_bytes([7; 32]));
    let full = Disclosure::Full {
        text: text.into(),
        seed: seed.clone(),
    };
    let redacted = hide(text, &seed, &[(0..1, label("x"))]).unwrap();
    let shown = format!("{full:?} {redacted:?} {:?}", opening(text, &seed, 0..1).unwrap());
    assert!(
        !shown.contains("secret") && !shown.contains("words") && !shown.contains("BwcH"),
        "{shown}"
    );
}

proptest! {
    #[test]
    fn hidden_ranges_prove_open_and_stay_out_of_the_bytes(
        words in prop::collection::vec("[a-z]{6,9}", 1..40), cuts in prop::collection::vec(any::<prop::sample::Index>(), 2..8), seed in any::<[u8; 32]>(),
    ) {
        let text = words.join(" / ");
        let seed = TextSeed::from_bytes(seed);
        let commitment = commit(&text, &seed);
        let mut cuts: Vec<u64> = cuts.iter().map(|cut| cut.index(commitment.tokens as usize + 1) as u64).collect();
        cuts.sort_unstable();
        cuts.dedup();
        let hidden: Vec<_> = cuts.chunks_exact(2).map(|pair| (pair[0]..pair[1], label("x"))).collect();
        let redacted = hide(&text, &seed, &hidden).unwrap();
        let wire = serde_json::to_string(&redacted).unwrap();
        let mut disclosure: Disclosure = serde_json::from_str(&wire).unwrap();
        let shown: String = disclosure.verify(&commitment).unwrap().iter()
            .map(|piece| match piece { Piece::Shown(text) => *text, _ => "" }).collect();
        let is_hidden = |number: u64| hidden.iter().any(|(range, _)| range.contains(&number));
        for number in (0..commitment.tokens).filter(|number| is_hidden(*number)) {
            let word = token(&text, number);
            // A word may be shown elsewhere; if it is not, it must be nowhere.
            prop_assert!(word == " / " || shown.contains(word) || !wire.contains(word), "{}", word);
        }
        for (range, _) in &hidden {
            disclosure = disclosure.open(&opening(&text, &seed, range.clone()).unwrap(), &commitment).unwrap();
        }
        let whole: String = disclosure.verify(&commitment).unwrap().iter()
            .map(|piece| match piece { Piece::Shown(text) => *text, _ => "?" }).collect();
        prop_assert_eq!(whole, text);
    }

    #[test]
    fn any_changed_byte_of_a_redaction_is_detected(at in any::<prop::sample::Index>(), change in 1_u8..=255) {
        let (text, seed) = ("one two three four five six seven", TextSeed::from_bytes([7; 32]));
        let commitment = commit(text, &seed);
        let redacted = hide(text, &seed, &[(2..5, label("x"))]).unwrap();
        let mut bytes = serde_json::to_vec(&redacted).unwrap();
        let at = at.index(bytes.len());
        bytes[at] ^= change;
        if let Ok(changed) = serde_json::from_slice::<Disclosure>(&bytes) {
            // Labels are claims of whoever hid: the share's own signature covers them, the commitment cannot.
            let pieces = |disclosure: &Disclosure| format!("{:?}", disclosure.verify(&commitment).map(|pieces| pieces.iter().map(|piece| match piece {
                Piece::Shown(text) => (*text).to_owned(),
                Piece::Hidden { tokens, .. } => tokens.to_string(),
                Piece::Erased => "erased".to_owned(),
            }).collect::<Vec<_>>()));
            prop_assert!(changed.verify(&commitment).is_err() || pieces(&changed) == pieces(&redacted));
        }
    }
}
