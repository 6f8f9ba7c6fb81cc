//! A signed PDF: it has to be, byte for byte, what was signed, and the evidence pack that it carries has to hold.

use caisey_pdf::{Anchor, Trust, examine, moment};
use caisey_transcript::finding::{Finding, Findings};
use caisey_transcript::policy::Policy;
use caisey_transcript::verify::verify;

pub(super) fn check(bytes: &[u8], policy: Option<&Policy>) -> Vec<Finding> {
    let mut found = Findings::default();
    let examined = match examine(bytes, &Trust::default()) {
        Ok(examined) => examined,
        Err(fault) => {
            found.fails("document", format!("The document is not believed: {fault}."));
            return found.0;
        }
    };
    match &examined.signature {
        None => found.fails(
            "unsigned",
            "The document is not signed: its pages may have been changed. The pack in it is checked below.",
        ),
        Some(signature) => {
            found.holds(
                "document",
                format!(
                    "The document is unchanged to its last byte since {} signed it on {}.",
                    signature.signer,
                    moment::full(signature.claimed_at_ms)
                ),
            );
            if signature.anchor == Anchor::Unknown {
                let fingerprint: String = signature.root_fingerprint.iter().map(|byte| format!("{byte:02x}")).collect();
                found.note(
                    "unknown_root",
                    format!(
                        "Who {} is has to be learned elsewhere: compare the SHA-256 of the root certificate of {}, {fingerprint}.",
                        signature.signer, signature.issuer
                    ),
                );
            }
        }
    }
    let packs: Vec<_> = examined
        .attachments
        .iter()
        .filter(|file| file.bytes.starts_with(b"PK"))
        .collect();
    match packs.as_slice() {
        [pack] => found.0.extend(verify(&pack.bytes, policy).findings.0),
        [] => found.fails(
            "no_pack",
            "The document carries no evidence pack: its pages are all there is.",
        ),
        _ => found.fails("no_pack", "The document carries more than one evidence pack."),
    }
    found.0
}
