//! Time-stamp tokens (RFC 3161): the request, and what is looked at before a response is believed.

use crate::certificate::{Purpose, follow, sha256};
use crate::check::{self, CmsFault};
use cms::cert::x509::Certificate;
use cms::content_info::ContentInfo;
use der::asn1::{Any, Int, OctetString};
use der::{Decode, Encode};
use spki::{AlgorithmIdentifier, ObjectIdentifier};
use x509_tsp::{MessageImprint, TimeStampReq, TimeStampResp, TspVersion, TstInfo};

/// id-ct-TSTInfo
pub(crate) const TST_INFO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.4");

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
pub enum StampError {
    /// The way there or back.
    #[error("the time-stamp authority could not be asked: try again later, or sign without a time stamp")]
    Unreachable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// It said no.
    #[error("the time-stamp authority refused (status {0}): ask its operator, or use another")]
    Refused(String),
    /// It answered something else.
    #[error("the time-stamp authority's answer does not belong to this document: use another authority")]
    Foreign,
    /// Its signature does not hold.
    #[error("the time-stamp authority's token does not hold: use another authority")]
    Token(#[source] CmsFault),
    /// Not DER.
    #[error("the time-stamp authority's answer could not be read")]
    Der(#[from] der::Error),
}

/// Asks for a token over a signature value.
pub(crate) fn obtain(signature: &[u8], nonce: u64, ask: &mut crate::seal::Ask<'_>) -> Result<ContentInfo, StampError> {
    // Its leading zero keeps the number positive.
    let mut number = vec![0];
    number.extend(nonce.to_be_bytes().into_iter().skip_while(|byte| *byte == 0));
    if number.len() > 1 && number.get(1).is_some_and(|byte| *byte < 0x80) {
        number.remove(0);
    }
    let nonce = Int::new(&number)?;
    let imprint = MessageImprint {
        hash_algorithm: AlgorithmIdentifier {
            oid: crate::seal::SHA256,
            parameters: Some(Any::null()),
        },
        hashed_message: OctetString::new(sha256(signature))?,
    };
    let request = TimeStampReq {
        version: TspVersion::V1,
        message_imprint: imprint,
        req_policy: None,
        nonce: Some(nonce.clone()),
        cert_req: true,
        extensions: None,
    };
    let answer = ask(&request.to_der()?).map_err(StampError::Unreachable)?;
    let response = TimeStampResp::from_der(&answer)?;
    let Some(token) = response.time_stamp_token.clone() else {
        return Err(StampError::Refused(format!("{:?}", response.status.status)));
    };
    let read = read(&token, signature).map_err(StampError::Token)?;
    if read.nonce != Some(nonce) {
        return Err(StampError::Foreign);
    }
    Ok(token)
}

/// What a token says, once its own signature holds.
pub(crate) struct Token {
    /// Seconds since the Unix epoch.
    pub(crate) at_s: u64,
    /// Echo of the request's.
    pub(crate) nonce: Option<Int>,
    /// Who signed it.
    pub(crate) own: Certificate,
    /// What came along.
    pub(crate) others: Vec<Certificate>,
}

/// Checks that a token is signed by a certificate for that purpose and belongs to a signature value. The chain is the caller's.
pub(crate) fn read(token: &ContentInfo, signature: &[u8]) -> Result<Token, CmsFault> {
    let signed = check::open(token)?;
    if signed.data.encap_content_info.econtent_type != TST_INFO {
        return Err(CmsFault::Content);
    }
    let content = signed.data.encap_content_info.econtent.as_ref().ok_or(CmsFault::Content)?;
    let content: OctetString = content.decode_as()?;
    let own = signed.verify(TST_INFO, &sha256(content.as_bytes()), content.as_bytes())?;
    let info = TstInfo::from_der(content.as_bytes())?;
    let imprint = &info.message_imprint;
    if imprint.hash_algorithm.oid != crate::seal::SHA256 || imprint.hashed_message.as_bytes() != sha256(signature) {
        return Err(CmsFault::Digest);
    }
    let at_s = info.gen_time.to_unix_duration().as_secs();
    follow(&own, &[], std::slice::from_ref(&own), at_s, Purpose::TimeStamps)?;
    Ok(Token {
        at_s,
        nonce: info.nonce,
        own,
        others: signed.certificates,
    })
}
