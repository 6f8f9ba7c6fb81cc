//! Frames and bodies from hostile peers: whatever comes is understood or refused, and nothing panics.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

use caisey_ledger::hash::Hash;
use caisey_ledger::id::{ActionId, Counter, EndpointId, TimeMs};
use caisey_protocol::error::{ErrorBody, ErrorCode};
use caisey_protocol::http::*;
use caisey_protocol::runtime::{FromRuntime, Leaf, Seen, ToRuntime};
use caisey_protocol::sign_in::{TokenAnswer, TokenRequest};
use caisey_protocol::watch::{DirectoryEvent, LogEvent};
use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;

fn samples() -> Vec<String> {
    fn json(value: &impl Serialize) -> String {
        serde_json::to_string(value).unwrap()
    }
    let endpoint = EndpointId::from_bits([7; 16]);
    let counter = Counter::new(7).unwrap();
    let sample = caisey_ledger::sample::typical_log(6).unwrap();
    let cosigned = CosignedCheckpoint {
        note: sample.checkpoint.clone(),
        witnesses: vec![WitnessView {
            name: "a/b/witness/c".into(),
            key: Hash([1; 32]).to_base64(),
            who: "Jane".into(),
        }],
    };
    let error = ErrorBody {
        code: ErrorCode::Conflict,
        detail: "no".into(),
        retry_after_ms: Some(5),
    };
    vec![
        json(&ToRuntime::Challenge {
            version: 1,
            nonce: "AAAA".into(),
        }),
        json(&ToRuntime::Welcome {
            next_counter: counter,
            time_ms: TimeMs::default(),
            running: vec![ActionId::from_bits([1; 16])],
        }),
        json(&ToRuntime::Acked {
            next_counter: counter,
            checkpoint: sample.checkpoint.clone(),
        }),
        json(&ToRuntime::Grown {
            from: 3,
            first_counter: counter,
            leaves: vec![Leaf::Ours(TimeMs::default()), Leaf::Other(Hash([3; 32]))],
            checkpoint: sample.checkpoint.clone(),
        }),
        json(&ToRuntime::Succeeded {
            endpoint: endpoint.clone(),
            log: sample.log.clone(),
            records: sample.records.clone(),
            checkpoint: sample.checkpoint.clone(),
        }),
        json(&ToRuntime::Error(error.clone())),
        json(&FromRuntime::Hello {
            version: 1,
            endpoint,
            signature: "AAAA".into(),
            runtime_version: "1".into(),
            next_counter: counter,
            running: Vec::new(),
            elevated: Some(true),
            seen: Some(Seen { size: 9, counter }),
        }),
        json(&FromRuntime::Show(Seen { size: 9, counter })),
        json(&FromRuntime::Cosigned {
            size: 9,
            cosignature: "— a b\n".into(),
        }),
        json(&FromRuntime::Goodbye {}),
        json(&LogEvent::Records {
            from: Default::default(),
            records: sample.records,
            checkpoint: sample.checkpoint,
        }),
        json(&LogEvent::Cosigned(cosigned.clone())),
        json(&LogEvent::Error(error.clone())),
        json(&DirectoryEvent::Snapshot {
            endpoints: Vec::new(),
            sessions: Vec::new(),
        }),
        json(&CosignedPage {
            checkpoints: vec![cosigned],
        }),
        json(&Cosign {
            version: 1,
            size: 9,
            key: "AAAA".into(),
            cosignature: "— a b\n".into(),
        }),
        json(&error),
    ]
}

/// Reads it as everything that comes over a wire; whatever is understood is written and read again as the same.
fn read_as_everything(text: &str) {
    fn one<T: DeserializeOwned + Serialize>(text: &str) {
        if let Ok(value) = serde_json::from_str::<T>(text) {
            let written = serde_json::to_string(&value).unwrap();
            assert!(serde_json::from_str::<T>(&written).is_ok(), "{written}");
        }
    }
    one::<ToRuntime>(text);
    one::<FromRuntime>(text);
    one::<LogEvent>(text);
    one::<DirectoryEvent>(text);
    one::<ErrorBody>(text);
    one::<EnrolRequest>(text);
    one::<EnrolAnswer>(text);
    one::<RegisterDevice>(text);
    one::<CreateClient>(text);
    one::<CreateInstaller>(text);
    one::<Submit>(text);
    one::<Submitted>(text);
    one::<EraseText>(text);
    one::<EntriesPage>(text);
    one::<ProofAnswer>(text);
    one::<Cosign>(text);
    one::<CosignedPage>(text);
    one::<Sendable>(text);
    one::<Me>(text);
    one::<EndpointView>(text);
    one::<SessionView>(text);
    one::<TokenAnswer>(text);
    drop(serde_json::from_str::<TokenRequest>(text));
}

#[test]
fn leaves_are_a_time_or_a_hash_and_nothing_else() {
    let leaves: Vec<Leaf> = serde_json::from_str(r#"[5,"AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM="]"#).unwrap();
    assert_eq!(leaves, [Leaf::Ours(TimeMs::new(5).unwrap()), Leaf::Other(Hash([3; 32]))]);
    for wrong in ["-1", "1.5", "9007199254740992", "\"AAAA\"", "null", "{}", "[]", "true"] {
        assert!(serde_json::from_str::<Leaf>(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_hello_without_what_it_has_seen_is_a_runtime_that_does_not_check() {
    let hello = samples().into_iter().find(|text| text.contains("\"hello\"")).unwrap();
    let mut value: serde_json::Value = serde_json::from_str(&hello).unwrap();
    value.as_object_mut().unwrap().remove("seen");
    let read: FromRuntime = serde_json::from_value(value).unwrap();
    assert!(matches!(read, FromRuntime::Hello { seen: None, .. }));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn arbitrary_text_never_panics(text in any::<String>()) {
        read_as_everything(&text);
    }

    #[test]
    fn mangled_frames_never_panic(which in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), gone in 0_usize..5, with in "[ -~]{0,5}") {
        let samples = samples();
        let text = &samples[which.index(samples.len())];
        let chars: Vec<char> = text.chars().collect();
        let at = at.index(chars.len());
        let mut mangled: String = chars[..at].iter().collect();
        mangled.push_str(&with);
        mangled.extend(chars.iter().skip(at + gone));
        read_as_everything(&mangled);
    }

    #[test]
    fn truncated_frames_are_refused(which in any::<prop::sample::Index>(), at in any::<prop::sample::Index>()) {
        let samples = samples();
        let text = &samples[which.index(samples.len())];
        let cut: String = text.chars().take(at.index(text.chars().count())).collect();
        prop_assert!(serde_json::from_str::<serde_json::Value>(&cut).is_err());
        read_as_everything(&cut);
    }
}
