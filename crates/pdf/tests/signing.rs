//! Signed documents: signed with our authority and with OpenSSL's keys, examined by us and by poppler; attacked.

use crate::authority::Openssl;
use crate::readers::Opened;
use crate::{printed, sample};
use caisey_pdf::{
    Anchor, Attachment, Attested, Authorisation, Completeness, DocumentFault, Dossier, Enclosure, KeyError, Limits, Mention,
    Question, Redactions, Seal, Secrets, Signer, Trust, examine, found, transcript,
};
use std::ops::ControlFlow;
use std::path::PathBuf;

const SINCE: u64 = 1_767_225_600_000;

pub(crate) fn authority() -> Signer {
    let secrets = Secrets {
        root: [7; 32],
        signing: [9; 32],
    };
    found("Northwind IT Services", &secrets, SINCE).unwrap()
}

fn pack() -> Attachment {
    Attachment {
        name: "evidence.caisey".to_owned(),
        media_type: "application/vnd.caisey.pack+json".to_owned(),
        description: "The record that these pages show, with its proofs".to_owned(),
        bytes: b"{\"format\":\"caisey.test\"}".repeat(400),
    }
}

pub(crate) fn dossier() -> Dossier {
    let mention = |seq, words: &str| Mention {
        machine: "retail-07".to_owned(),
        seq,
        at_ms: 1_779_920_057_000,
        words: words.to_owned(),
    };
    Dossier {
        question: Some(Question {
            question: "Did anyone access *payroll* on retail-07 on 27 May 2026?".to_owned(),
            answer: "The record of that evening has no gap. No command, output or changed state names payroll. One command runs a script \
                     whose effects cannot be told from its text; it is listed."
                .to_owned(),
        }),
        authorisations: vec![Authorisation {
            seq: 44,
            at_ms: 1_779_920_064_000,
            by: "policy “after-hours incident response”, version 3".to_owned(),
            how: "signed beforehand by Marta Ruiz of Harbour Retail".to_owned(),
        }],
        attested: Some(Attested {
            reviewer: "Priya Raman".to_owned(),
            role: "operations lead, took no part".to_owned(),
            at_ms: 1_779_990_000_000,
            statement: "I read this record entry by entry and found nothing that contradicts it.".to_owned(),
            coverage: (20, 20),
            digest: "sha256:9f2c".to_owned(),
        }),
        redactions: Some(Redactions {
            classes: vec![("user-path".to_owned(), 4), ("email".to_owned(), 2), ("ip".to_owned(), 3)],
            recall: Some((497, 500)),
            restored: vec!["In entry #49, `output`, rule:document took something for document; Priya Raman shows it all the same: “it is the claim’s own number”".to_owned()],
        }),
        completeness: vec![Completeness {
            pattern: "*payroll*".to_owned(),
            period_ms: (1_779_840_000_000, 1_779_926_400_000),
            record: vec!["retail-07: entries 0 to 63 without a gap, under the checkpoint of 28 May 2026.".to_owned()],
            matching: Vec::new(),
            unbounded: vec![mention(49, "sh /opt/check.sh --all")],
            counts: (1, 3, 20),
        }],
        link: Some("https://records.example/s/4Jq8v7yT2mK9#k=Zk3".to_owned()),
        machines: std::collections::BTreeMap::new(),
    }
}

/// A hand-over with everything in it.
fn handed_over(seal: Option<Seal<'_>>) -> Vec<u8> {
    let enclosure = Enclosure {
        dossier: dossier(),
        attachments: vec![pack()],
        seal,
    };
    transcript(&sample::breach(), &sample::imprint(), Limits::default(), enclosure, |_| {
        ControlFlow::Continue(())
    })
    .unwrap()
}

fn seal(signer: &Signer) -> Option<Seal<'_>> {
    Some(Seal {
        signer,
        reason: "Hand-over of a session's record".to_owned(),
        stamp: None,
    })
}

fn trust(signer: &Signer) -> Trust {
    Trust {
        document_roots: vec![signer.root()],
        time_roots: Vec::new(),
    }
}

/// Where the test command finds documents for other people's validators.
fn keep(name: &str, bytes: &[u8]) {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("pdf-interop");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(name), bytes).unwrap();
}

#[test]
fn our_own_signature_holds_for_us_and_for_poppler() {
    let signer = authority();
    let bytes = handed_over(seal(&signer));
    assert_eq!(bytes, handed_over(seal(&signer)), "the same input gives the same bytes");
    keep("plain.pdf", &printed(&sample::breach()));
    keep("b-b.pdf", &bytes);
    keep("b-b-root.der", &signer.root());
    let opened = Opened::new(&bytes);
    opened.is_sound();
    let report = opened.signatures();
    for wanted in [
        "Signature is Valid",
        "Northwind IT Services",
        "ETSI.CAdES.detached",
        "Total document signed",
    ] {
        assert!(report.contains(wanted), "{wanted} in {report}");
    }
    assert_eq!(opened.attached("evidence.caisey"), pack().bytes);
    let found = examine(&bytes, &trust(&signer)).unwrap();
    assert_eq!(found.attachments, [pack()]);
    let signature = found.signature.unwrap();
    assert_eq!(signature.anchor, Anchor::Trusted);
    assert_eq!(signature.signer, "Northwind IT Services");
    assert_eq!(signature.claimed_at_ms, sample::imprint().printed_at_ms);
    assert_eq!(signature.stamp, None);
    let stranger = examine(&bytes, &Trust::default()).unwrap().signature.unwrap();
    assert_eq!(stranger.anchor, Anchor::Unknown);
    assert_eq!(stranger.root_fingerprint, signature.root_fingerprint);
    assert_eq!(examine(&handed_over(None), &trust(&signer)).unwrap().signature, None);
}

#[test]
fn keys_from_pkcs12_files_and_time_from_an_authority() {
    let openssl = Openssl::new();
    openssl.time_stamps();
    for (name, key) in [
        ("ec", &["ec", "-pkeyopt", "ec_paramgen_curve:P-256"][..]),
        ("rsa", &["rsa:2048"][..]),
    ] {
        let file = openssl.pkcs12(name, key);
        assert!(matches!(Signer::from_pkcs12(&file, "wrong"), Err(KeyError::Password)));
        assert!(matches!(Signer::from_pkcs12(b"no file", "wrong"), Err(KeyError::Store(_))));
        let signer = Signer::from_pkcs12(&file, "geheim").unwrap();
        assert_eq!(signer.name(), "Dana Okafor");
        let mut ask = |request: &[u8]| openssl.answer(request);
        let bytes = handed_over(Some(Seal {
            signer: &signer,
            reason: "Hand-over".to_owned(),
            stamp: Some((0xfedc_ba98_7654_3210, &mut ask)),
        }));
        keep(&format!("b-t-{name}.pdf"), &bytes);
        keep(&format!("b-t-{name}-root.der"), &openssl.read(&format!("{name}-root.der")));
        keep("tsa-root.der", &openssl.read("tsa-root.der"));
        assert!(Opened::new(&bytes).signatures().contains("Signature is Valid"));
        let trust = Trust {
            document_roots: vec![openssl.read(&format!("{name}-root.der"))],
            time_roots: vec![openssl.read("tsa-root.der")],
        };
        let signature = examine(&bytes, &trust).unwrap().signature.unwrap();
        assert_eq!(signature.anchor, Anchor::Trusted);
        let stamp = signature.stamp.unwrap();
        assert_eq!((stamp.authority.as_str(), stamp.anchor), ("The Clock", Anchor::Trusted));
    }
}

#[test]
fn an_authority_that_answers_something_else_is_not_believed() {
    let openssl = Openssl::new();
    openssl.time_stamps();
    let signer = authority();
    let mut earlier = None;
    let mut ask = |request: &[u8]| match &earlier {
        Some(answer) => Ok(Vec::clone(answer)),
        None => {
            let answer = openssl.answer(request)?;
            earlier = Some(answer.clone());
            Ok(answer)
        }
    };
    let mut print = |nonce, reason: &str| {
        let enclosure = Enclosure {
            seal: Some(Seal {
                signer: &signer,
                reason: reason.to_owned(),
                stamp: Some((nonce, &mut ask)),
            }),
            ..Enclosure::default()
        };
        transcript(&sample::breach(), &sample::imprint(), Limits::default(), enclosure, |_| {
            ControlFlow::Continue(())
        })
    };
    print(1, "first").unwrap();
    assert!(
        print(2, "first").is_err(),
        "the answer to an earlier question about the same document"
    );
    assert!(print(1, "second").is_err(), "the answer about another document");
}

#[test]
fn any_changed_byte_is_found() {
    let signer = authority();
    let bytes = handed_over(seal(&signer));
    let trust = trust(&signer);
    // Every byte near the seams, and a comb through all others.
    let seams = bytes
        .windows(9)
        .enumerate()
        .filter(|(_, window)| *window == b"/Contents")
        .map(|(at, _)| at);
    let mut places: Vec<usize> = (0..bytes.len()).step_by(997).collect();
    for seam in seams {
        places.extend((seam.saturating_sub(80)..seam + 400).step_by(3));
    }
    places.extend(bytes.len() - 60..bytes.len());
    for place in places.into_iter().filter(|place| *place < bytes.len()) {
        for flip in [1, 0x20] {
            let mut changed = bytes.clone();
            changed[place] ^= flip;
            let verdict = examine(&changed, &trust);
            assert!(verdict.is_err(), "byte {place} of {} flipped by {flip}", bytes.len());
        }
    }
}

/// Finds the last of something.
fn last(bytes: &[u8], wanted: &[u8]) -> usize {
    bytes.windows(wanted.len()).rposition(|window| window == wanted).unwrap()
}

#[test]
fn appended_revisions_are_refused() {
    let signer = authority();
    let bytes = handed_over(seal(&signer));
    let start = last(&bytes, b"startxref\n");
    let offset: usize = std::str::from_utf8(&bytes[start + 10..])
        .unwrap()
        .lines()
        .next()
        .unwrap()
        .parse()
        .unwrap();
    let revision = |objects: &str| {
        let mut changed = bytes.clone();
        let at = changed.len();
        changed.extend_from_slice(objects.as_bytes());
        let table = changed.len();
        let text = format!(
            "xref\n1 1\n{at:010} 00000 n \ntrailer\n<</Size 9999/Root 1 0 R/Prev {offset}>>\nstartxref\n{table}\n%%EOF\n"
        );
        changed.extend_from_slice(text.as_bytes());
        changed
    };
    for (attack, changed) in [
        // Incremental saving: a new catalogue with other pages.
        (
            "incremental saving",
            revision("1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n"),
        ),
        // Shadow attack "replace": a form that draws over what was signed.
        (
            "shadow: replace",
            revision("1 0 obj\n<</Type/Catalog/Pages 2 0 R/AcroForm<</NeedAppearances true/Fields[3 0 R]>>>>\nendobj\n"),
        ),
        // Shadow attack "hide": an object that was drawn is marked free.
        ("shadow: hide", revision("1 0 obj\nnull\nendobj\n")),
        ("appended comment", [&bytes[..], b"% nothing to see\n"].concat()),
        ("appended line feed", [&bytes[..], b"\n"].concat()),
        ("a second document", [&bytes[..], &bytes[..]].concat()),
        ("cut off", bytes[..bytes.len() - 1].to_vec()),
    ] {
        let verdict = examine(&changed, &trust(&signer));
        assert!(matches!(verdict, Err(DocumentFault::Form(_))), "{attack}: {verdict:?}");
    }
}

#[test]
fn what_was_hidden_before_signing_is_refused() {
    let signer = authority();
    let bytes = handed_over(seal(&signer));
    // Shadow attack "hide and replace": another object of the same number lies in wait, outside the table, inside what is signed. The
    // attacker cannot sign it, so this is what a victim would have been given to sign: its structure alone is refused.
    let first = bytes.windows(4).position(|window| window == b" obj").unwrap() - 2;
    let mut waiting = bytes.clone();
    let hidden = b"999999 0 obj\n<</Type/Page>>\nendobj\n";
    waiting.splice(first..first, hidden.iter().copied());
    assert!(matches!(examine(&waiting, &trust(&signer)), Err(DocumentFault::Form(_))));
    // Signature wrapping: the signed range moved behind the value, something else in its place.
    let range = last(&bytes, b"/ByteRange[");
    let mut moved = bytes.clone();
    let text = b"/ByteRange[0 15 ";
    moved[range..range + text.len()].copy_from_slice(text);
    assert!(examine(&moved, &trust(&signer)).is_err());
    // Universal forgery: no value, no range.
    for (wanted, instead) in [(&b"/ByteRange"[..], &b"/ByteRangX"[..]), (b"/Contents<", b"/ContentX<")] {
        let at = last(&bytes, wanted);
        let mut forged = bytes.clone();
        forged[at..at + instead.len()].copy_from_slice(instead);
        assert!(examine(&forged, &trust(&signer)).is_err());
    }
}

#[test]
fn a_signature_of_a_stranger_is_not_the_organisations() {
    let stranger = found(
        "Northwind IT Services",
        &Secrets {
            root: [1; 32],
            signing: [2; 32],
        },
        SINCE,
    )
    .unwrap();
    let bytes = handed_over(seal(&stranger));
    let signature = examine(&bytes, &trust(&authority())).unwrap().signature.unwrap();
    assert_eq!(signature.anchor, Anchor::Unknown);
}

#[test]
fn a_hand_over_says_what_an_insurer_asks() {
    let signer = authority();
    let bytes = handed_over(seal(&signer));
    if let Some(folder) = std::env::var_os("CAISEY_KEEP_HANDOVER") {
        std::fs::write(folder, &bytes).unwrap();
    }
    let text = Opened::new(&bytes).text().split_whitespace().collect::<Vec<_>>().join(" ");
    for wanted in [
        "Did anyone access *payroll*",
        "Priya Raman",
        "Marta Ruiz",
        "What was removed",
        "user-path",
        "497 were found (99.4 %)",
        "1. Is the record of that period complete?",
        "None of the entries looked at names it",
        "sh /opt/check.sh",
        "https://records.example/s/4Jq8v7yT2mK9#k=Zk3",
        "signed by Northwind IT Services",
    ] {
        assert!(text.contains(wanted), "{wanted}");
    }
    assert!(!text.contains("it is not signed"));
}

mod mutations {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(150))]

        #[test]
        fn hostile_files_never_panic(cuts in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..40_usize), 1..12), fresh in prop::collection::vec(any::<u8>(), 0..200)) {
            let signer = authority();
            let mut bytes = printed_and_signed().to_vec();
            for (place, byte, length) in cuts {
                let at = place.index(bytes.len());
                match byte % 4 {
                    0 => bytes[at] = byte,
                    1 => { bytes.drain(at..(at + length).min(bytes.len())); }
                    2 => { bytes.splice(at..at, fresh.iter().copied()); }
                    _ => { let copy = bytes[at..(at + length).min(bytes.len())].to_vec(); bytes.extend(copy); }
                }
            }
            prop_assert!(bytes == printed_and_signed() || examine(&bytes, &trust(&signer)).is_err());
            let _ = examine(&fresh, &Trust::default());
        }
    }

    fn printed_and_signed() -> &'static [u8] {
        static BYTES: std::sync::OnceLock<Vec<u8>> = std::sync::OnceLock::new();
        BYTES.get_or_init(|| handed_over(seal(&authority())))
    }
}
