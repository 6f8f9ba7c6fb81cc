//! Handing over from the cache: packs that anybody can check, answers, tables; with the network unplugged.

use crate::plane::{Plane, small_log};
use crate::ports::{MemoryKeyStore, open};
use caisey_console::facade::{HandOver, Question};
use caisey_transcript::audit::{Preset, Verdict};
use caisey_transcript::policy::Policy;
use caisey_transcript::verify::verify;
use std::sync::Arc;
use std::time::Duration;

#[tokio::test]
async fn a_session_and_a_period_are_packed_asked_and_audited_offline() {
    let (log, session) = small_log(1);
    let (origin, key) = (log.origin(), log.control_key());
    let plane = Plane::start(vec![log]).await;
    let folder = tempfile::tempdir().unwrap();
    let console = open(folder.path(), &Arc::new(MemoryKeyStore::default())).await;
    plane.sign_in(&console).await;
    console.wait_synchronised(None, Duration::from_secs(10)).await.unwrap();
    plane.stop().await;
    let policy = Policy::of_control(origin.split('/').next().unwrap(), key);
    let period = Question::Period {
        endpoints: Vec::new(),
        from_ms: 0,
        to_ms: 4_000_000_000_000,
    };
    for question in [Question::Session(session.to_string()), period] {
        let (snapshot, transcript) = console.transcript(&question).await.unwrap();
        assert!(
            transcript
                .rows
                .iter()
                .any(|row| row.what.contains("cat /srv/payroll/readme.txt"))
        );
        let wanted = HandOver {
            ask: vec!["*payroll*".to_owned()],
            scrub: true,
            ..HandOver::default()
        };
        let bytes = console.evidence_pack(&question, wanted).await.unwrap();
        let verified = verify(&bytes, Some(&policy));
        assert_eq!(verified.findings.failures(), Vec::<&str>::new(), "{:#?}", verified.findings);
        let record = verified.record.unwrap();
        assert_eq!((record.snapshot, record.certificates.len()), (snapshot, 1));
        let (certificate, envelope, snapshot) = console.certify(&question, "*payroll*").await.unwrap();
        assert!(!certificate.matched.is_empty());
        assert!(caisey_transcript::certificate::Certificate::open(&envelope, &snapshot).is_ok());
        let table = console.audit(&question, Preset::Sox).await.unwrap();
        assert_eq!(table.lines.len(), 2);
        assert!(
            table.lines.iter().all(|line| line.verdict == Verdict::AutomaticUnderPolicy),
            "{table:?}"
        );
    }
}
