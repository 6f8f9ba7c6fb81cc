//! What a document of ours is worth: is it as it was signed, by whom, when, and what is attached.
//!
//! Promises: a signature counts only when it covers the whole file, first byte to last, except its own value; there is one revision
//! and one signature; every byte of the value is accounted for. Never panics. Leaves out: whether the attached pack holds (the
//! ledger's affair) and revocation (needs the network).

use crate::Attachment;
use crate::certificate::{self, ChainFault, Purpose};
use crate::check::{self, CmsFault};
use crate::reader::{FormFault, Reader};
use crate::seal::{self, DATA, TIME_STAMP};
use crate::signer::{RSA_SHA256, name_of};
use crate::stamp;
use crate::syntax::Value;
use cms::cert::x509::Certificate;
use cms::content_info::ContentInfo;
use der::{Decode, Encode, Reader as _, SliceReader};
use sha2::{Digest, Sha256};
use spki::AlgorithmIdentifierOwned;

/// Which certificates the reader trusts, DER.
#[derive(Debug, Clone, Default)]
pub struct Trust {
    /// Roots under which documents are signed.
    pub document_roots: Vec<Vec<u8>>,
    /// Roots under which time is stamped.
    pub time_roots: Vec<Vec<u8>>,
}

/// Whether a chain leads to a root that the reader trusts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    /// It does.
    Trusted,
    /// It ends at a root that the reader has not been given: the document is unchanged since somebody of this name signed it, but who
    /// that is has to be learned elsewhere, by comparing the root's fingerprint.
    Unknown,
}

/// How the signature proves its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    /// Milliseconds since the Unix epoch.
    pub at_ms: u64,
    /// The authority's name.
    pub authority: String,
    /// Whether the reader trusts it.
    pub anchor: Anchor,
}

/// A signature that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// The name in the certificate.
    pub signer: String,
    /// The name of the issuer.
    pub issuer: String,
    /// Whether the reader trusts the root.
    pub anchor: Anchor,
    /// SHA-256 of the root's certificate.
    pub root_fingerprint: [u8; 32],
    /// The time the signer claims, milliseconds since the Unix epoch.
    pub claimed_at_ms: u64,
    /// A proven time: the signature is PAdES B-T; without it, B-B.
    pub stamp: Option<Stamp>,
}

/// A document, looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Examined {
    /// Its signature; none when the document was never signed.
    pub signature: Option<Signature>,
    /// What is attached.
    pub attachments: Vec<Attachment>,
}

/// Why a document is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DocumentFault {
    /// Its structure.
    #[error("this PDF is not as it was made: {0}")]
    Form(#[from] FormFault),
    /// Its signature does not cover it.
    #[error("the signature does not cover the whole document: {0}")]
    Coverage(&'static str),
    /// Its signature does not hold.
    #[error("the signature does not hold: {0}")]
    Signature(#[from] CmsFault),
    /// Its time-stamp token does not hold.
    #[error("the time stamp does not hold: {0}")]
    Stamp(CmsFault),
}

impl From<ChainFault> for DocumentFault {
    fn from(fault: ChainFault) -> Self {
        Self::Signature(fault.into())
    }
}

impl From<der::Error> for DocumentFault {
    fn from(_: der::Error) -> Self {
        Self::Signature(CmsFault::Form)
    }
}

/// Examines a document.
///
/// # Errors
/// When it is not a document of this program in the state in which it was made, or its signature does not hold.
pub fn examine(bytes: &[u8], trust: &Trust) -> Result<Examined, DocumentFault> {
    let reader = Reader::new(bytes)?;
    let catalogue = reader.catalogue()?;
    for key in catalogue.keys() {
        // Nothing that acts by itself or changes what is shown.
        if !CATALOGUE.iter().any(|known| known.as_bytes() == key) {
            return Err(FormFault::Missing("a plain catalogue").into());
        }
    }
    let signature = match catalogue.get("AcroForm") {
        None => {
            no_signature(&reader)?;
            None
        }
        Some(form) => Some(signature(bytes, &reader, form, trust)?),
    };
    let attachments = attachments(&reader, &catalogue)?;
    Ok(Examined { signature, attachments })
}

const CATALOGUE: [&str; 15] = [
    "Type",
    "Version",
    "Pages",
    "Lang",
    "MarkInfo",
    "StructTreeRoot",
    "Metadata",
    "ViewerPreferences",
    "PageLayout",
    "PageMode",
    "OutputIntents",
    "Outlines",
    "Names",
    "AF",
    "AcroForm",
];

fn no_signature(reader: &Reader<'_>) -> Result<(), DocumentFault> {
    for number in reader.plain() {
        if reader.object(number)?.get("ByteRange").is_some() {
            return Err(DocumentFault::Coverage("there is a signature that belongs to no field"));
        }
    }
    Ok(())
}

fn signature(bytes: &[u8], reader: &Reader<'_>, form: &Value<'_>, trust: &Trust) -> Result<Signature, DocumentFault> {
    let number = signature_object(reader, form)?;
    let value = reader.object(number)?;
    let Some(Value::Text(content, place)) = value.get("Contents") else {
        return Err(FormFault::Missing("the signature's value").into());
    };
    if value.get("SubFilter").and_then(Value::name) != Some(b"ETSI.CAdES.detached") {
        return Err(FormFault::Missing("the signature's kind").into());
    }
    let range: Vec<usize> = value
        .get("ByteRange")
        .and_then(Value::list)
        .map(|list| list.iter().filter_map(Value::number).collect())
        .unwrap_or_default();
    if range != [0, place.start, place.end, bytes.len().saturating_sub(place.end)] {
        return Err(DocumentFault::Coverage(
            "bytes outside its own value are left out, so that they can be changed or were appended",
        ));
    }
    let claimed_at_ms = claimed(&value).ok_or(FormFault::Missing("the time of signing"))?;
    let own_der = der_part(content)?;
    let mut digest = Sha256::new();
    digest.update(bytes.get(..place.start).unwrap_or_default());
    digest.update(bytes.get(place.end..).unwrap_or_default());
    let envelope = ContentInfo::from_der(own_der)?;
    let signed = check::open(&envelope)?;
    let own = signed.verify(DATA, &digest.finalize(), &[])?;
    signed.names_certificate(&own)?;
    if rewritten(&signed, &own)? != own_der {
        // Something that no signature covers was changed.
        return Err(CmsFault::Content.into());
    }
    let stamp = match stamped(&signed, trust) {
        Ok(stamp) => stamp,
        Err(fault) => return Err(DocumentFault::Stamp(fault)),
    };
    let roots = certificate::read_all(&trust.document_roots)?;
    let at_s = stamp.as_ref().map_or(claimed_at_ms, |stamp| stamp.at_ms) / 1000;
    let (anchor, way) = anchored(&own, &signed.certificates, &roots, at_s, Purpose::Documents)?;
    if signed.certificates.iter().any(|certificate| !way.contains(certificate)) {
        // They are not signed: a place to hide things.
        return Err(CmsFault::Certificate.into());
    }
    let root = way.last().ok_or(CmsFault::Certificate)?;
    Ok(Signature {
        signer: name_of(&own.tbs_certificate.subject),
        issuer: name_of(&own.tbs_certificate.issuer),
        anchor,
        root_fingerprint: certificate::sha256(&root.to_der()?),
        claimed_at_ms,
        stamp,
    })
}

/// The signature as this program writes it.
fn rewritten(signed: &check::Signed, own: &Certificate) -> Result<Vec<u8>, DocumentFault> {
    let signer = signed.signer()?;
    let oid = signer.signature_algorithm.oid;
    let algorithm = AlgorithmIdentifierOwned {
        oid,
        parameters: (oid == RSA_SHA256).then(|| der::asn1::Null.into()),
    };
    let parts = seal::Parts {
        attributes: signer.signed_attrs.clone().ok_or(CmsFault::Form)?,
        signature: signer.signature.as_bytes().to_vec(),
        unsigned_attrs: signer.unsigned_attrs.clone(),
    };
    Ok(seal::envelope(own, &signed.certificates, &algorithm, parts)?)
}

/// The only signature's object: the value of the form's only field.
fn signature_object(reader: &Reader<'_>, form: &Value<'_>) -> Result<u32, DocumentFault> {
    let form = reader.follow(form)?;
    let [field] = form.get("Fields").and_then(Value::list).unwrap_or_default() else {
        return Err(DocumentFault::Coverage("there is not exactly one signature field"));
    };
    let field = reader.follow(field)?;
    let number = field
        .get("V")
        .and_then(Value::reference)
        .ok_or(FormFault::Missing("the signature"))?;
    let is_signature = field.get("FT").and_then(Value::name) == Some(b"Sig") && reader.is_plain(number);
    let mut others = 0;
    for other in reader.plain() {
        others += usize::from(reader.object(other)?.get("ByteRange").is_some());
    }
    if is_signature && others == 1 {
        Ok(number)
    } else {
        Err(DocumentFault::Coverage("there is more than one signature"))
    }
}

/// The value without the zeros that fill its place.
fn der_part(content: &[u8]) -> Result<&[u8], DocumentFault> {
    let reader = SliceReader::new(content)?;
    let length = {
        let header = reader.peek_header()?;
        let head = header.encoded_len()?;
        usize::try_from((head + header.length)?).unwrap_or(usize::MAX)
    };
    let own = content.get(..length).ok_or(CmsFault::Form)?;
    let rest = content.get(length..).unwrap_or_default();
    if rest.iter().any(|byte| *byte != 0) {
        return Err(DocumentFault::Coverage("something is hidden behind the signature's value"));
    }
    Ok(own)
}

fn stamped(signed: &check::Signed, trust: &Trust) -> Result<Option<Stamp>, CmsFault> {
    let signer = signed.signer()?;
    let Some(attributes) = &signer.unsigned_attrs else {
        return Ok(None);
    };
    // Unsigned attributes can be added by anyone; only the one that proves itself is let in.
    let [attribute] = attributes.as_slice() else {
        return Err(CmsFault::Content);
    };
    let ([value], TIME_STAMP) = (attribute.values.as_slice(), attribute.oid) else {
        return Err(CmsFault::Content);
    };
    let token: ContentInfo = ContentInfo::from_der(&value.to_der()?)?;
    let read = stamp::read(&token, signer.signature.as_bytes())?;
    let roots = certificate::read_all(&trust.time_roots)?;
    let (anchor, _) = anchored(&read.own, &read.others, &roots, read.at_s, Purpose::TimeStamps)?;
    Ok(Some(Stamp {
        at_ms: read.at_s.saturating_mul(1000),
        authority: name_of(&read.own.tbs_certificate.subject),
        anchor,
    }))
}

fn anchored(
    own: &Certificate,
    others: &[Certificate],
    roots: &[Certificate],
    at_s: u64,
    purpose: Purpose,
) -> Result<(Anchor, Vec<Certificate>), ChainFault> {
    if let Ok(way) = certificate::follow(own, others, roots, at_s, purpose) {
        return Ok((Anchor::Trusted, way));
    }
    // Not a trusted root: it has to be in order at least up to the last certificate that came along.
    let way = certificate::way_up(own, others);
    let last = way.last().map(std::slice::from_ref).unwrap_or_default();
    let way = certificate::follow(own, others, last, at_s, purpose)?;
    Ok((Anchor::Unknown, way))
}

/// `D:20260527221403Z`
fn claimed(value: &Value<'_>) -> Option<u64> {
    let Some(Value::Text(text, _)) = value.get("M") else {
        return None;
    };
    let digits = std::str::from_utf8(text).ok()?.strip_prefix("D:")?.strip_suffix('Z')?;
    if digits.len() != 14 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let part = |range: std::ops::Range<usize>| digits.get(range)?.parse::<u64>().ok();
    let date = der::DateTime::new(
        u16::try_from(part(0..4)?).ok()?,
        u8::try_from(part(4..6)?).ok()?,
        u8::try_from(part(6..8)?).ok()?,
        u8::try_from(part(8..10)?).ok()?,
        u8::try_from(part(10..12)?).ok()?,
        u8::try_from(part(12..14)?).ok()?,
    );
    date.ok()?.unix_duration().as_secs().checked_mul(1000)
}

fn attachments(reader: &Reader<'_>, catalogue: &Value<'_>) -> Result<Vec<Attachment>, FormFault> {
    let fault = || FormFault::Missing("an attachment");
    let Some(names) = catalogue.get("Names") else {
        return Ok(Vec::new());
    };
    let list = names
        .get("EmbeddedFiles")
        .and_then(|files| files.get("Names"))
        .and_then(Value::list)
        .ok_or_else(fault)?;
    let mut out = Vec::new();
    for pair in list.chunks(2) {
        let [_, specification] = pair else { return Err(fault()) };
        let specification = reader.follow(specification)?;
        let stream = specification
            .get("EF")
            .and_then(|files| files.get("UF"))
            .and_then(Value::reference)
            .ok_or_else(fault)?;
        let words = |key| specification.get(key).and_then(Value::words).ok_or_else(fault);
        let kind = reader
            .object(stream)?
            .get("Subtype")
            .and_then(Value::name)
            .map(media_type)
            .ok_or_else(fault)?;
        out.push(Attachment {
            name: words("UF")?,
            media_type: kind,
            description: words("Desc")?,
            bytes: reader.stream(stream, "an attachment")?,
        });
    }
    Ok(out)
}

/// A name with its `#2F` undone.
fn media_type(name: &[u8]) -> String {
    let text = String::from_utf8_lossy(name);
    let mut parts = text.split('#');
    let mut out = parts.next().unwrap_or("").to_owned();
    for part in parts {
        let byte = part.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        out.push(char::from(byte.unwrap_or(b'?')));
        out.push_str(part.get(2..).unwrap_or(""));
    }
    out
}
