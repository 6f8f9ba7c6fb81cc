//! Logs for measurements (feature `sample`): as many records as wanted, shaped like those of real sessions.
//!
//! Keys and seeds are derived from counters, so the same call gives the same bytes; never use them for anything else.

use crate::checkpoint::Checkpoint;
use crate::entry::{Actor, Record, SignedStatement};
use crate::event::{Event, Interpreter, Stream};
use crate::hash::{Hash, encode_base64};
use crate::id::{ActionId, ClientId, Counter, DeviceId, EndpointId, MemberId, OrganisationId, Seq, SessionId, TimeMs};
use crate::statement::{Draft, StatementFault};
use crate::text::TextSeed;
use crate::tree::{Frontier, leaf_hash};
use ed25519_dalek::{Signer, SigningKey};

/// A log with the checkpoint that covers it.
pub struct Sample {
    /// Origin.
    pub log: String,
    /// The control plane's public key.
    pub public_key: [u8; 32],
    /// All entries, texts in full.
    pub records: Vec<Record>,
    /// Signed note.
    pub checkpoint: String,
}

/// A line that a command might print: about 150 bytes that differ from line to line.
pub fn typical_line(number: u64) -> String {
    let kib = number.wrapping_mul(2_654_435_761) % 900_000;
    format!(
        "-rw-r--r--  1 jdoe  staff  {kib:>8}  May 27 22:{:02}  /srv/files/accounts/2026/q2/report-{number:06}.xlsx  owner=jdoe state=modified checksum=ok size={kib}K\n",
        number % 60
    )
}

/// A log of `count` entries (at least five): enrolment, a device, a session with one action, and lines of its output, each signed by
/// the endpoint.
///
/// # Errors
/// Only if this module itself is wrong.
pub fn typical_log(count: u64) -> Result<Sample, StatementFault> {
    let keys = [0x11, 0x22, 0x33].map(|byte| SigningKey::from_bytes(&[byte; 32]));
    let [control, endpoint, technician] = &keys;
    let base64 = |key: &SigningKey| encode_base64(key.verifying_key().as_bytes(), &mut [0; 44]).to_owned();
    let (id, device) = (MemberId::from_bits([4; 16]), DeviceId::from_bits([5; 16]));
    let log = format!(
        "caisey.example/{}/{}",
        OrganisationId::from_bits([1; 16]),
        EndpointId::from_bits([3; 16])
    );
    let mut records = Vec::new();
    let mut frontier = Frontier::new();
    let at = |size: u64| TimeMs::new(1_780_000_000_000 + size).unwrap_or_default();
    let seed = |size: u64, nth: u8| TextSeed::from_bytes(Hash::of(&[size.to_be_bytes().as_slice(), &[nth]].concat()).0);
    let mut place = |signed: SignedStatement| -> Result<u64, StatementFault> {
        let record = signed.into_record(Seq::new(frontier.size()).unwrap_or_default(), at(frontier.size()))?;
        frontier.append(leaf_hash(record.leaf.as_bytes()));
        records.push(record);
        Ok(frontier.size())
    };
    let enrolled = Event::EndpointEnrolled {
        key: base64(endpoint),
        client: ClientId::from_bits([2; 16]),
        os: "linux".to_owned(),
        arch: "x86_64".to_owned(),
        installer: "sample".to_owned(),
    };
    place(
        Draft::new(&log, at(0), Actor::Control {}, &enrolled)?
            .text("hostname", "SAMPLE-01", seed(0, 0))
            .unsigned()?,
    )?;
    let key = base64(technician);
    let introduced = Event::KeyIntroduced {
        member: id.clone(),
        device: device.clone(),
        key,
        role: "technician".to_owned(),
    };
    place(
        Draft::new(&log, at(1), Actor::Control {}, &introduced)?
            .text("name", "Sample", seed(1, 0))
            .unsigned()?,
    )?;
    let person = || Actor::Member {
        id: id.clone(),
        device: device.clone(),
    };
    let (session, action) = (SessionId::from_bits([8; 16]), ActionId::from_bits([9; 16]));
    let opened = Draft::new(&log, at(2), person(), &Event::SessionOpened { device: device.clone() })?.session(session.clone());
    place(opened.text("purpose", "measure", seed(2, 0)).sign(technician)?)?;
    let proposed = Event::ActionProposed {
        interpreter: Interpreter::Sh,
        timeout_ms: 600_000,
        model: None,
    };
    let proposed = Draft::new(&log, at(3), person(), &proposed)?
        .session(session.clone())
        .action(action.clone());
    let size = place(
        proposed
            .text("command", "ls -l /srv/files", seed(3, 0))
            .text("reason", "measure", seed(3, 1))
            .sign(technician)?,
    )?;
    for chunk in 0..count.saturating_sub(size) {
        let event = Event::CommandOutput {
            stream: Stream::Stdout,
            chunk,
        };
        let draft = Draft::new(
            &log,
            at(size + chunk),
            Actor::Endpoint {
                id: EndpointId::from_bits([3; 16]),
            },
            &event,
        )?;
        let draft = draft
            .session(session.clone())
            .action(action.clone())
            .counter(Counter::new(chunk).unwrap_or_default());
        place(
            draft
                .text("output", typical_line(chunk), seed(size + chunk, 0))
                .sign(endpoint)?,
        )?;
    }
    let public_key = control.verifying_key().to_bytes();
    let checkpoint = Checkpoint {
        origin: log.clone(),
        size: frontier.size(),
        root: frontier.root(),
    };
    let checkpoint = checkpoint
        .sign(&public_key, |message| control.sign(message).to_bytes())
        .map_err(|error| StatementFault::Shape(error.to_string()))?;
    Ok(Sample {
        log,
        public_key,
        records,
        checkpoint,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::verify::{Coverage, LogVerifier};

    #[test]
    fn a_sample_verifies() {
        let sample = typical_log(40).unwrap();
        let mut verifier = LogVerifier::new(&sample.log);
        assert_eq!(verifier.accept_batch(&sample.records).accepted.len(), 40);
        assert!(matches!(
            verifier.check_checkpoint(&sample.checkpoint, &sample.public_key),
            Ok(Coverage::Exact(_))
        ));
    }
}
