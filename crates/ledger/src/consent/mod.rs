//! Consent that a stranger, a browser and the endpoint itself can check (docs/formats/consent.md).
//!
//! - A [`Request`] says exactly what is to be approved; its digest is what an approver signs. It covers commitments, not texts, so that it
//!   stays checkable when the command is later hidden or erased.
//! - A decision is an ordinary `approval.decided` statement (docs/formats/entry.md), signed by the approver's device, that names the digest.
//! - A client's contacts speak for the client in one chain of [`ContactStatement`]s: whose keys count, which actions need no question,
//!   and the least ([`Floor`]) that answers have to be.
//!   [`Trust`] is what a chain comes to.
//! - [`permitted`] is the question that the endpoint asks before it runs anything.
//!
//! Leaves out: who is asked, how and when (caisey-policy), and single use, which whoever runs an action has to remember.

mod beforehand;
mod contact;
mod decision;
mod fault;
mod floor;
mod request;
mod trust;

pub use beforehand::Beforehand;
pub use contact::{
    CHAIN_START, CONTACT_CONTEXT, ContactSaid, ContactStatement, PreAuthorisation, SignedContactStatement, Window, digest_of,
};
pub use decision::{Basis, CLOCK_LEEWAY_MS, Consent, Deed, approved_by, permitted, verify_decision};
pub use fault::{ConsentFault, TrustFault};
pub use floor::{Floor, Least, MAX_FLOOR_PEOPLE};
pub use request::{Approver, Assurance, REQUEST_CONTEXT, Request, Terms, proposal_digest};
pub use trust::{ContactKey, MAX_CHAIN, Trust};

/// Version of the formats here.
pub const CONSENT_VERSION: u32 = 1;

/// Lower-case hexadecimal of a SHA-256 value, as digests are written in facts.
fn hex(hash: crate::hash::Hash) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |value: u8| char::from(DIGITS.get(usize::from(value)).copied().unwrap_or(b'0'));
    hash.0.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}
