//! The console as a witness: what it cosigns, and what it does with what others cosigned.

use crate::case::{Case, synchronised};
use crate::plane::{small_log, until};
use caisey_console::Compared;
use caisey_console::bench::sample::SampleLog;
use caisey_console::view::{CosignerRow, Verification};
use caisey_ledger::witness::{cosignature_line, with_line, witness_name};
use caisey_protocol::http::{CosignedCheckpoint, WitnessView};
use ed25519_dalek::{Signer, SigningKey};

fn size(log: &SampleLog) -> u64 {
    log.records.len() as u64
}

/// A checkpoint with one more signature.
fn cosigned(log: &SampleLog, size: u64, id: &str, key: &SigningKey, who: &str) -> CosignedCheckpoint {
    let name = witness_name(&log.origin(), id).unwrap();
    let note = log.checkpoint(size).unwrap();
    let public = key.verifying_key().to_bytes();
    let line = cosignature_line(&note, &name, &public, 1_780_000_000, |body| key.sign(body).to_bytes()).unwrap();
    CosignedCheckpoint {
        note: with_line(&note, &line).unwrap(),
        witnesses: vec![WitnessView {
            name,
            key: caisey_ledger::hash::Hash(public).to_base64(),
            who: who.to_owned(),
        }],
    }
}

impl Case {
    async fn cosigners(&self) -> Vec<CosignerRow> {
        self.console.session_detail(self.session.as_str()).await.unwrap().cosigned
    }

    async fn look(&self) {
        self.console.look_at(self.session.as_str());
    }
}

#[tokio::test]
async fn what_was_verified_is_cosigned_once_and_only_further_on() {
    let case = synchronised().await;
    let first = until("a cosignature", async || {
        case.plane.script.lock().unwrap().taken.first().cloned()
    })
    .await;
    assert_eq!(first.0, size(&case.log));
    case.plane.change(|script| script.log().note(&case.session, "more").unwrap());
    until("another", async || {
        (case.plane.script.lock().unwrap().taken.len() > 1).then_some(())
    })
    .await;
    let sizes: Vec<u64> = case
        .plane
        .script
        .lock()
        .unwrap()
        .taken
        .iter()
        .map(|(size, _)| *size)
        .collect();
    assert_eq!(sizes, [size(&case.log), size(&case.log) + 1]);
    let rows = case.cosigners().await;
    assert_eq!(rows.len(), 1);
    assert_eq!((rows[0].kind.as_str(), rows[0].covers_all), ("this_console", true));
    let exported = case
        .console
        .export_session_json(case.session.as_str(), Default::default(), |_, _| {})
        .await
        .unwrap();
    let exported: serde_json::Value = serde_json::from_slice(&exported).unwrap();
    let lines = exported["checkpoint"].as_str().unwrap().matches("\n— ").count();
    assert_eq!(lines, 2, "{exported}");
    assert_eq!(exported["witnesses"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn cosignatures_of_others_are_checked_and_shown() {
    let case = synchronised().await;
    let end = size(&case.log);
    let endpoint = case.log.endpoint.to_string();
    let stranger = SigningKey::from_bytes(&[0x66; 32]);
    let good = cosigned(&case.log, end, "dev_0000000000000000000000000f", &stranger, "Jane");
    let forged = cosigned(&case.log, end, &endpoint, &stranger, "srv");
    let mut broken = cosigned(&case.log, end, "dev_0000000000000000000000000e", &stranger, "Eve");
    broken.witnesses[0].key = caisey_ledger::hash::Hash([5; 32]).to_base64();
    case.plane.change(|script| script.cosigned = vec![good, forged, broken]);
    case.look().await;
    let rows = until("Jane", async || {
        Some(case.cosigners().await).filter(|rows| rows.iter().any(|row| row.who == "Jane"))
    })
    .await;
    // The console's own may still be on its way; the endpoint's was not by the endpoint's key.
    assert!(rows.iter().all(|row| row.kind != "endpoint" && row.who != "Eve"), "{rows:?}");
    let jane = rows.iter().find(|row| row.who == "Jane").unwrap();
    assert!(!jane.introduced && jane.covers_all && jane.size == end);
}

/// The split view: the control plane shows another history to somebody else, and their cosigned checkpoint comes to light.
#[tokio::test]
async fn a_cosigned_checkpoint_of_another_history_breaks_the_log_with_both_as_proof() {
    for out_of_band in [false, true] {
        let case = synchronised().await;
        let mut other = SampleLog::new(1, 1_760_000_000_000).unwrap();
        let session = other.open_session("what the other person was shown").unwrap();
        other.note(&session, "x").unwrap();
        assert!(size(&other) < size(&case.log));
        let theirs = cosigned(
            &other,
            size(&other),
            "dev_0000000000000000000000000f",
            &SigningKey::from_bytes(&[0x66; 32]),
            "Jane",
        );
        if out_of_band {
            let found = case.console.compare_checkpoint(&theirs.note).await.unwrap();
            assert_eq!(found, Compared::Differs { size: size(&other) });
        } else {
            case.plane.change(|script| script.cosigned = vec![theirs.clone()]);
            case.look().await;
        }
        let notice = until("a fork", async || {
            case.console.overview().await.unwrap().notices.into_iter().next()
        })
        .await;
        assert_eq!(notice.code, "fork", "{}", notice.message);
        assert!(notice.evidence.contains(&theirs.note), "{:?}", notice.evidence);
        assert_eq!(notice.evidence.len(), 2);
        assert!(notice.evidence[0].contains(&case.log.origin()));
        let overview = case.console.overview().await.unwrap();
        assert_eq!(overview.endpoints[0].verification, Verification::Broken);
    }
}

#[tokio::test]
async fn two_consoles_compare_without_the_control_plane() {
    let case = synchronised().await;
    let endpoint = case.log.endpoint.to_string();
    let ours = case.console.newest_checkpoint(&endpoint).await.unwrap().unwrap();
    let compare = async |note: &str| case.console.compare_checkpoint(note).await;
    assert!(matches!(compare(&ours).await.unwrap(), Compared::Same { size: at, .. } if at == size(&case.log)));
    let older = case.log.checkpoint(3).unwrap();
    assert!(matches!(compare(&older).await.unwrap(), Compared::Same { size: 3, .. }));
    let mut longer = case.log.clone();
    longer.note(&case.session, "x").unwrap();
    let ahead = longer.checkpoint(size(&longer)).unwrap();
    assert_eq!(compare(&ahead).await.unwrap(), Compared::Ahead { size: size(&longer) });
    for nonsense in [
        "",
        "x",
        &ours.replace('\n', " "),
        &ours.replacen("\n3", "\n4", 1).replace("— ", "- "),
    ] {
        assert!(matches!(compare(nonsense).await, Ok(Compared::Unusable(_))), "{nonsense}");
    }
    let (elsewhere, _) = small_log(2);
    let foreign = elsewhere.checkpoint(3).unwrap();
    assert_eq!(compare(&foreign).await.unwrap_err().code(), "not_found");
    assert!(case.console.overview().await.unwrap().notices.is_empty());
}
