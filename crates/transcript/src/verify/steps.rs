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
