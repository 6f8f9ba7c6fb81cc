//! What was hidden is nowhere in a document: not in its text, not in its streams taken apart, not in the pack inside.

use crate::made::{contents, hide, packed_with, reviewer};
use crate::readers::{Opened, squeezed};
use crate::sample;
use crate::story::Story;
use caisey_pdf::{Limits, print_pack};
use caisey_transcript::restored::Restored;
use std::ops::ControlFlow;

/// Words of the record, and what they are hidden as.
const HIDDEN: [(&str, &str); 3] = [
    ("nobody known signed it", "document"),
    ("File server unreachable", "document"),
    ("Zdeňka Nováková", "user"),
];

#[test]
fn hidden_words_are_nowhere_in_the_document_and_reasons_are_on_paper() {
    let mut contents = contents(&Story::every_kind());
    let range = contents.snapshot.logs[0].clone();
    hide(&mut contents.excerpts[0], &HIDDEN);
    let shown = contents.excerpts[0].records.iter().find_map(|record| {
        let entry = record.parse().unwrap();
        (range.contains(entry.seq) && record.disclosures.contains_key("output")).then_some(entry.seq)
    });
    let restored = Restored {
        log: range.log,
        seq: shown.unwrap(),
        text: "output".to_owned(),
        first_token: 0,
        tokens: 1,
        class: "document".to_owned(),
        by: "document-in-listing".to_owned(),
        restored_by: "Ada Owner".to_owned(),
        reason: "named in the complaint itself".to_owned(),
    };
    let pack = packed_with(&contents, &reviewer().2, vec![restored]);
    let document = print_pack(pack, &sample::imprint(), Limits::default(), None, None, |_| {
        ControlFlow::Continue(())
    })
    .unwrap();
    let opened = Opened::new(&document);
    let text = squeezed(&opened.text());
    for wanted in [
        "Shownagainbyaperson",
        "AdaOwnershowsitallthesame",
        "namedinthecomplaintitself",
    ] {
        assert!(text.contains(wanted), "{wanted}: {text}");
    }
    let mut apart = lopdf::Document::load_mem(&document).unwrap();
    apart.decompress();
    let mut bytes = Vec::new();
    apart.save_to(&mut bytes).unwrap();
    let enclosed = opened.attached("evidence-pack.zip");
    for (words, _) in HIDDEN {
        assert!(!text.contains(&squeezed(words)), "{words} is in the text");
        let wide: Vec<u8> = words.encode_utf16().flat_map(u16::to_be_bytes).collect();
        let hex: String = wide.iter().map(|byte| format!("{byte:02X}")).collect();
        for form in [words.as_bytes(), &wide, hex.as_bytes()] {
            let holds = |bytes: &[u8]| bytes.windows(form.len()).any(|window| window.eq_ignore_ascii_case(form));
            assert!(
                !holds(&document) && !holds(&bytes) && !holds(&enclosed),
                "{words} is in the file"
            );
        }
    }
}
