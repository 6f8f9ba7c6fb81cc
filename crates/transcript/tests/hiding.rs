//! What was hidden cannot be read from what leaves, nor found by trying.

use crate::made::{contents, hide, packed};
use crate::story::Story;
use caisey_ledger::disclosure::{Disclosure, Part};
use caisey_transcript::dsse::sha256_hex;
use caisey_transcript::pack::Pack;

/// Everything in the pack that somebody could take for a hash of what is hidden, and for the salt of one.
fn hashes_and_salts(bytes: &[u8]) -> (Vec<String>, Vec<Vec<u8>>) {
    let pack = Pack::parse(bytes).unwrap();
    let (mut hashes, mut salts) = (Vec::new(), vec![Vec::new(), vec![0; 16], vec![0; 32]]);
    let records = pack.contents.excerpts.iter().flat_map(|excerpt| &excerpt.records);
    for disclosure in records.flat_map(|record| record.disclosures.values()) {
        let Disclosure::Redacted { parts } = disclosure else {
            continue;
        };
        for part in parts {
            match part {
                Part::Shown { seeds, .. } => salts.extend(seeds.iter().map(written)),
                Part::Hidden { hashes: own, .. } => hashes.extend(own.iter().map(|hash| hex(&hash.0))),
            }
        }
    }
    (hashes, salts)
}

/// A seed's bytes, as the pack holds them.
fn written(seed: &impl serde::Serialize) -> Vec<u8> {
    use base64::Engine as _;
    let text = serde_json::to_value(seed).unwrap();
    base64::engine::general_purpose::STANDARD
        .decode(text.as_str().unwrap())
        .unwrap()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn a_number_of_four_digits_is_not_found_by_trying_all_of_them() {
    let mut contents = contents(&Story::every_kind());
    hide(&mut contents.excerpts[0], &[("4096", "number")]);
    let (hashes, salts) = hashes_and_salts(&packed(&contents));
    assert!(!hashes.is_empty() && salts.len() > 3, "{} {}", hashes.len(), salts.len());
    for candidate in 0..10_000 {
        let candidate = format!("{candidate:04}");
        for salt in &salts {
            // As leaves of a text are hashed (docs/formats/text.md), and plainly.
            for prefix in [&[0x10_u8][..], &[]] {
                let tried = sha256_hex(&[prefix, salt, candidate.as_bytes()].concat());
                assert!(!hashes.contains(&tried), "{candidate} was found");
            }
        }
    }
}

#[test]
fn the_way_of_trying_finds_what_is_not_salted_secretly() {
    // The same attack with the salt in hand succeeds: it is the salt that hides, and it is nowhere in the pack.
    let mut contents = contents(&Story::every_kind());
    let seeds: Vec<(String, caisey_ledger::text::TextSeed)> = contents.excerpts[0]
        .records
        .iter()
        .flat_map(|record| record.disclosures.values())
        .filter_map(|disclosure| match disclosure {
            Disclosure::Full { text, seed } if text.contains("4096") => Some((text.clone(), seed.clone())),
            _ => None,
        })
        .collect();
    hide(&mut contents.excerpts[0], &[("4096", "number")]);
    let bytes = packed(&contents);
    let (hashes, _) = hashes_and_salts(&bytes);
    let (text, seed) = seeds.first().unwrap();
    let at = text.find("4096").unwrap();
    let token = caisey_ledger::redaction::token_ranges(text, std::slice::from_ref(&(at..at + 4)))[0].clone();
    let opening = caisey_ledger::redaction::opening(text, seed, token).unwrap();
    let salt = written(opening.seeds.first().unwrap());
    assert!(hashes.contains(&sha256_hex(&[&[0x10_u8][..], &salt, b"4096"].concat())));
    let pack = String::from_utf8_lossy(&bytes);
    for secret in [&salt[..], seed.as_bytes()] {
        assert!(!pack.contains(&crate::story::base64(secret)));
    }
}
