//! A verification in steps, so that whoever runs it can say how far it is and stop.
//!
//! Promises: however many steps were taken before, [`Verification::finish`] comes to the same. What takes long is looking at entries by
//! themselves (form, signatures, texts), and that is what is done step by step; signatures are checked together within a step.

use super::{Verified, untouched, verify_pack};
use crate::dsse::Opened;
use crate::finding::{Findings, chain};
use crate::pack::Pack;
use crate::policy::Policy;
use crate::release::Release;
use caisey_ledger::statement::StatementFault;
use caisey_ledger::verify::{Checked, precheck};

/// What was found of one part's records by themselves, in their order.
pub(super) type LookedAt = Vec<Result<Checked, StatementFault>>;

/// Records of a step: enough that checking their signatures together pays, few enough that a slow phone says several times a second how
/// far it is.
const STEP: usize = 256;

/// A pack that is being verified.
#[derive(Debug)]
pub struct Verification {
    findings: Findings,
    release: Option<Opened<Release>>,
    pack: Option<Pack>,
    /// Of each part of the pack; as many records as were looked at.
    looked_at: Vec<LookedAt>,
}

impl Verification {
    /// Reads the pack, and whether every byte of it is what was released.
    pub fn begin(bytes: &[u8]) -> Self {
        let mut findings = Findings::default();
        let (faults, release) = untouched(bytes);
        findings.weigh(
            "form",
            "Every file is, byte for byte, what was released, and no byte of the pack is outside of what is checked.",
            faults,
        );
        let pack = match Pack::parse(bytes) {
            Ok(pack) => Some(pack),
            Err(fault) => {
                findings.fails("unreadable", format!("The pack cannot be read: {}.", chain(&fault)));
                None
            }
        };
        let parts = pack.as_ref().map_or(0, |pack| pack.contents.excerpts.len());
        Self {
            findings,
            release,
            pack,
            looked_at: (0..parts).map(|_| LookedAt::new()).collect(),
        }
    }

    /// Entries that have to be looked at.
    pub fn entries(&self) -> usize {
        let excerpts = self.pack.iter().flat_map(|pack| &pack.contents.excerpts);
        excerpts.map(|excerpt| excerpt.records.len()).sum()
    }

    /// Looks at some more entries, and answers with how many of them all that makes.
    pub fn step(&mut self) -> usize {
        self.look(STEP);
        self.looked_at.iter().map(Vec::len).sum()
    }

    /// Looks at so many more, at most, of the first part that has any left; whether there was one.
    fn look(&mut self, most: usize) -> bool {
        let excerpts = self.pack.iter().flat_map(|pack| &pack.contents.excerpts);
        for (excerpt, looked_at) in excerpts.zip(&mut self.looked_at) {
            let left = excerpt.records.get(looked_at.len()..).unwrap_or_default();
            if !left.is_empty() {
                looked_at.extend(precheck(left.get(..most).unwrap_or(left)));
                return true;
            }
        }
        false
    }

    /// Looks at what is left, and comes to the end.
    pub fn finish(mut self, policy: Option<&Policy>) -> Verified {
        while self.look(usize::MAX) {}
        let Self {
            mut findings,
            release,
            pack,
            looked_at,
        } = self;
        let record = pack.map(|pack| verify_pack(&pack, looked_at, release, policy, &mut findings));
        Verified { findings, record }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]

    use super::*;
    use crate::excerpt::Excerpt;
    use crate::pack::{ClaimedKeys, Contents, KEYS_FORMAT, release};
    use crate::release::Releaser;
    use crate::snapshot::{LogRange, Scope, Snapshot};
    use caisey_ledger::checkpoint::Checkpoint;
    use caisey_ledger::hash::Hash;
    use caisey_ledger::id::{DeviceId, MemberId, Seq, SessionId, TimeMs};
    use caisey_ledger::sample::typical_log;
    use ed25519_dalek::{Signer as _, SigningKey};

    const ENTRIES: u64 = 20;

    /// A pack of two parts, with a broken entry in the middle of the first or without.
    fn packed(broken: bool) -> Vec<u8> {
        let mut sample = typical_log(ENTRIES).unwrap();
        let few: Vec<_> = sample.records.iter().take(2).cloned().collect();
        if broken {
            let record = sample.records.get_mut(9).unwrap();
            let leaf = record.leaf.replace("stdout", "stderr");
            assert_ne!(leaf, record.leaf);
            record.leaf = leaf;
        }
        let checkpoint = Checkpoint::read(&sample.checkpoint).unwrap();
        let range = LogRange {
            log: sample.log.clone(),
            first_seq: Seq::new(0).unwrap(),
            last_seq: Seq::new(ENTRIES - 1).unwrap(),
            size: checkpoint.size,
            root: checkpoint.root,
        };
        let session = SessionId::from_bits([8; 16]);
        let excerpt = |records| Excerpt {
            note: sample.checkpoint.clone(),
            records,
            proof: Vec::new(),
        };
        let contents = Contents {
            snapshot: Snapshot::new(Scope::Session { session }, vec![range]).unwrap(),
            excerpts: vec![excerpt(sample.records.clone()), excerpt(few)],
            attestations: Vec::new(),
            certificates: Vec::new(),
            timestamps: Vec::new(),
            keys: ClaimedKeys {
                format: KEYS_FORMAT.to_owned(),
                control: Hash(sample.public_key),
                witnesses: Vec::new(),
            },
        };
        let key = SigningKey::from_bytes(&[0x33; 32]);
        let by = Releaser {
            member: MemberId::from_bits([4; 16]),
            device: DeviceId::from_bits([5; 16]),
            name: "Sample".to_owned(),
        };
        let public_key = key.verifying_key().to_bytes();
        let at = TimeMs::new(1_780_001_000_000).unwrap();
        release(&contents, by, at, None, &public_key, |message| key.sign(message).to_bytes()).unwrap()
    }

    #[test]
    fn however_large_the_portions_are_it_comes_to_the_same() {
        for broken in [false, true] {
            let bytes = packed(broken);
            let whole = Verification::begin(&bytes).finish(None).findings;
            assert_eq!(whole.failures().contains(&"broken_entry"), broken, "{whole:?}");
            for most in [1, 2, 7] {
                let mut verification = Verification::begin(&bytes);
                assert_eq!(verification.entries() as u64, ENTRIES + 2);
                // Stopped on the way, within the first part and within the second, and at the end.
                for looks in [3, 21, usize::MAX] {
                    let mut stopped = Verification::begin(&bytes);
                    let mut looked = 0;
                    while looked < looks && stopped.look(most) {
                        looked += 1;
                    }
                    assert_eq!(stopped.finish(None).findings, whole, "{looked} times {most}");
                }
                while verification.look(most) {}
                let looked_at: usize = verification.looked_at.iter().map(Vec::len).sum();
                assert_eq!(looked_at, verification.entries());
                assert_eq!(verification.finish(None).findings, whole, "portions of {most}");
            }
        }
    }
}
