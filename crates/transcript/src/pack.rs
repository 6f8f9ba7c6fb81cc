//! An evidence pack: everything that somebody needs who trusts neither us nor the operator, as one file (docs/formats/pack.md).
//!
//! Promises: the same contents give the same bytes; every byte is covered by a signature or by the form itself. Checking one is
//! [`crate::verify`].

use crate::container::{self, ContainerFault, File};
use crate::dsse::{EnvelopeFault, Statement, Subject, in_one_form, one_form};
use crate::excerpt::{Excerpt, ProvedEntry};
use crate::redaction::RedactionList;
use crate::release::{self, Release, Releaser, Scrubbed};
use crate::snapshot::{self, Snapshot, SnapshotFault};
use caisey_ledger::entry::Record;
use caisey_ledger::hash::Hash;
use caisey_ledger::id::TimeMs;
use serde::{Deserialize, Serialize};

/// What a stranger reads first. Part of the format: its words never change within a version.
pub const README: &str = include_str!("readme-v1.txt");

const README_FILE: &str = "README.txt";
const KEYS_FILE: &str = "keys.json";
const REDACTIONS_FILE: &str = "redactions.json";

/// Written into every list of keys.
pub const KEYS_FORMAT: &str = "caisey.keys/v1";

/// Keys that whoever made the pack says are the right ones. Claims: compare them with keys from elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClaimedKeys {
    /// Always [`KEYS_FORMAT`].
    pub format: String,
    /// The control plane's Ed25519 public key, which signs checkpoints, standard base64.
    pub control: Hash,
    /// Witnesses' keys as C2SP writes them.
    pub witnesses: Vec<String>,
}

/// The contents of a pack, before they are handed out.
#[derive(Debug, Clone, PartialEq)]
pub struct Contents {
    /// Which entries it is about.
    pub snapshot: Snapshot,
    /// One part for each of the snapshot's logs, in its order; then parts that only introduce keys.
    pub excerpts: Vec<Excerpt>,
    /// Signed attestations and refusals.
    pub attestations: Vec<String>,
    /// Signed answers to questions ([`crate::certificate`]).
    pub certificates: Vec<String>,
    /// RFC 3161 time-stamp tokens over attestations, DER.
    pub timestamps: Vec<Vec<u8>>,
    /// Keys.
    pub keys: ClaimedKeys,
}

/// A pack, read or made. Nothing of it is believed before it is verified.
#[derive(Debug, Clone, PartialEq)]
pub struct Pack {
    /// What is in it.
    pub contents: Contents,
    /// The list of hidden ranges, as signed.
    pub redactions: RedactionList,
    /// The signed release.
    pub release: String,
    /// Whether these bytes are the one form that these contents have.
    pub one_form: bool,
    /// Whether the page for strangers is ours.
    pub readme_is_ours: bool,
}

/// A file that is no pack.
#[derive(Debug, thiserror::Error)]
pub enum PackFault {
    /// The archive.
    #[error(transparent)]
    Container(#[from] ContainerFault),
    /// A file that must be there.
    #[error("the pack has no file {0}")]
    Missing(&'static str),
    /// A file that may not be there.
    #[error("the pack holds a file {0:?} that a pack does not have")]
    Unknown(String),
    /// A file that cannot be read.
    #[error("the pack's file {file} cannot be read: {what}")]
    File {
        /// Which.
        file: String,
        /// Why.
        what: String,
    },
    /// The snapshot.
    #[error(transparent)]
    Snapshot(#[from] SnapshotFault),
    /// A statement of ours that cannot be written.
    #[error("the pack cannot be put together")]
    Statement(#[from] EnvelopeFault),
    /// The scrub found too little of what was planted.
    #[error("nothing may be handed out: of what was planted, too little was found of the classes {0}")]
    Recall(String),
}

/// Signs a pack's contents and packs them. `sign` is Ed25519 with the secret of `public_key`, the releaser's.
///
/// # Errors
/// When contents cannot be written, or the scrub measured itself below its threshold.
pub fn release(
    contents: &Contents,
    by: Releaser,
    at_ms: TimeMs,
    scrub: Option<Scrubbed>,
    public_key: &[u8; 32],
    sign: impl FnOnce(&[u8]) -> [u8; 64],
) -> Result<Vec<u8>, PackFault> {
    let (scrub, restored) = scrub.map_or((None, Vec::new()), |scrub| (Some(scrub.measure), scrub.restored));
    if let Some(below) = scrub
        .as_ref()
        .map(|measure| measure.below())
        .filter(|below| !below.is_empty())
    {
        return Err(PackFault::Recall(below.join(", ")));
    }
    let redactions = hidden_in(contents)?;
    let mut files = unsigned_files(contents, &redactions)?;
    let predicate = Release {
        snapshot: contents.snapshot.digest()?,
        by,
        at_ms,
        redactions: redactions.counts(),
        scrub,
        restored,
    };
    let subjects = files.iter().map(|(name, bytes)| Subject::of(name, bytes)).collect();
    let release = Statement::new(release::PREDICATE, subjects, predicate).seal(public_key, sign)?;
    files.push((release::FILE.to_owned(), release.into_bytes()));
    files.sort();
    Ok(container::write(&files)?)
}

/// The list of what these contents hide.
fn hidden_in(contents: &Contents) -> Result<RedactionList, PackFault> {
    let mut parts: Vec<(String, Vec<ProvedEntry>)> = Vec::new();
    for excerpt in &contents.excerpts {
        let unreadable = |what: String| PackFault::File {
            file: "log".to_owned(),
            what,
        };
        let log = excerpt.log().map_err(|fault| unreadable(fault.to_string()))?;
        let entries: Result<Vec<ProvedEntry>, PackFault> = excerpt
            .records
            .iter()
            .filter(|record| !record.disclosures.is_empty())
            .map(|record| {
                let entry = record.parse().map_err(|fault| unreadable(fault.to_string()))?;
                Ok(ProvedEntry {
                    entry,
                    event: None,
                    disclosures: record.disclosures.clone(),
                })
            })
            .collect();
        parts.push((log, entries?));
    }
    Ok(RedactionList::of(
        parts.iter().map(|(log, entries)| (log.as_str(), entries.as_slice())),
    ))
}

/// All files but the release, by name.
fn unsigned_files(contents: &Contents, redactions: &RedactionList) -> Result<Vec<File>, PackFault> {
    let mut files: Vec<File> = vec![
        (README_FILE.to_owned(), README.as_bytes().to_vec()),
        (KEYS_FILE.to_owned(), one_form(&contents.keys)?.into_bytes()),
        (REDACTIONS_FILE.to_owned(), redactions.to_text()?.into_bytes()),
        (snapshot::FILE.to_owned(), contents.snapshot.to_text()?.into_bytes()),
    ];
    for (number, excerpt) in (1..).zip(&contents.excerpts) {
        let mut lines = String::new();
        for record in &excerpt.records {
            lines.push_str(&one_form(record)?);
            lines.push('\n');
        }
        let proof: String = excerpt.proof.iter().map(|hash| format!("{hash}\n")).collect();
        files.push((format!("log-{number:03}/checkpoint.txt"), excerpt.note.clone().into_bytes()));
        files.push((format!("log-{number:03}/entries.jsonl"), lines.into_bytes()));
        files.push((format!("log-{number:03}/proof.txt"), proof.into_bytes()));
    }
    let mut numbered = |kind: &str, ending: &str, all: Vec<Vec<u8>>| {
        files.extend(
            (1..)
                .zip(all)
                .map(|(number, bytes): (u32, _)| (format!("{kind}-{number:03}.{ending}"), bytes)),
        );
    };
    let bytes = |texts: &[String]| texts.iter().map(|text| text.clone().into_bytes()).collect();
    numbered("attestation", "json", bytes(&contents.attestations));
    numbered("certificate", "json", bytes(&contents.certificates));
    numbered("timestamp", "tsr", contents.timestamps.clone());
    files.sort();
    Ok(files)
}

/// Takes files out of a pack by name; what is left over does not belong there.
struct Shelf(Vec<(String, Option<Vec<u8>>)>);

impl Shelf {
    fn take(&mut self, name: &str) -> Option<Vec<u8>> {
        self.0
            .iter_mut()
            .find(|(own, _)| own == name)
            .and_then(|(_, bytes)| bytes.take())
    }

    fn text(&mut self, name: &str) -> Option<Result<String, PackFault>> {
        let bytes = self.take(name)?;
        Some(String::from_utf8(bytes).map_err(|_| PackFault::File {
            file: name.to_owned(),
            what: "it is not UTF-8".to_owned(),
        }))
    }

    fn must(&mut self, name: &'static str) -> Result<String, PackFault> {
        self.text(name).unwrap_or(Err(PackFault::Missing(name)))
    }

    fn numbered(&mut self, kind: &str) -> Result<Vec<String>, PackFault> {
        let mut all = Vec::new();
        while let Some(text) = self.text(&format!("{kind}-{:03}.json", all.len() + 1)) {
            all.push(text?);
        }
        Ok(all)
    }

    fn excerpt(&mut self, number: usize) -> Result<Option<Excerpt>, PackFault> {
        let name = |file: &str| format!("log-{number:03}/{file}");
        let Some(note) = self.text(&name("checkpoint.txt")) else {
            return Ok(None);
        };
        let (entries, proof) = (name("entries.jsonl"), name("proof.txt"));
        let bad = |file: &str, what: String| PackFault::File {
            file: file.to_owned(),
            what,
        };
        let lines = self.text(&entries).unwrap_or(Err(PackFault::Missing("entries.jsonl")))?;
        let records: Result<Vec<Record>, PackFault> = lines
            .lines()
            .enumerate()
            .map(|(line, text)| serde_json::from_str(text).map_err(|error| bad(&entries, format!("line {}: {error}", line + 1))))
            .collect();
        let hashes = self.text(&proof).unwrap_or(Err(PackFault::Missing("proof.txt")))?;
        let hashes: Option<Vec<Hash>> = hashes.lines().map(Hash::from_base64).collect();
        Ok(Some(Excerpt {
            note: note?,
            records: records?,
            proof: hashes.ok_or_else(|| bad(&proof, "a line is not 32 bytes in base64".to_owned()))?,
        }))
    }
}

impl Pack {
    /// Reads a pack. Believes nothing; tells whether the bytes are the one form of what they say.
    ///
    /// # Errors
    /// When not even the contents can be told.
    pub fn parse(bytes: &[u8]) -> Result<Self, PackFault> {
        let (files, one_archive) = container::read(bytes)?;
        let given: Vec<File> = files.clone();
        let mut shelf = Shelf(files.into_iter().map(|(name, bytes)| (name, Some(bytes))).collect());
        let readme = shelf.must(README_FILE)?;
        let snapshot = Snapshot::parse(&shelf.must(snapshot::FILE)?)?;
        let list = shelf.must(REDACTIONS_FILE)?;
        let unreadable = |file: &str, fault: EnvelopeFault| PackFault::File {
            file: file.to_owned(),
            what: fault.to_string(),
        };
        let redactions = RedactionList::parse(&list).map_err(|fault| unreadable(REDACTIONS_FILE, fault))?;
        let keys: ClaimedKeys = in_one_form(&shelf.must(KEYS_FILE)?).map_err(|fault| unreadable(KEYS_FILE, fault))?;
        if keys.format != KEYS_FORMAT {
            return Err(unreadable(
                KEYS_FILE,
                EnvelopeFault::Form(format!("its format is not `{KEYS_FORMAT}`")),
            ));
        }
        let release = shelf.must(release::FILE)?;
        let mut excerpts = Vec::new();
        while let Some(excerpt) = shelf.excerpt(excerpts.len() + 1)? {
            excerpts.push(excerpt);
        }
        let attestations = shelf.numbered("attestation")?;
        let certificates = shelf.numbered("certificate")?;
        let mut timestamps = Vec::new();
        while let Some(token) = shelf.take(&format!("timestamp-{:03}.tsr", timestamps.len() + 1)) {
            timestamps.push(token);
        }
        if let Some((name, _)) = shelf.0.iter().find(|(_, bytes)| bytes.is_some()) {
            return Err(PackFault::Unknown(name.clone()));
        }
        let contents = Contents {
            snapshot,
            excerpts,
            attestations,
            certificates,
            timestamps,
            keys,
        };
        let mut expected = unsigned_files(&contents, &redactions)?;
        // The page for strangers may be another's; its digest is signed all the same.
        expected
            .iter_mut()
            .filter(|(name, _)| name == README_FILE)
            .for_each(|(_, bytes)| *bytes = readme.clone().into_bytes());
        expected.push((release::FILE.to_owned(), release.clone().into_bytes()));
        expected.sort();
        Ok(Self {
            one_form: one_archive && expected == given,
            readme_is_ours: readme == README,
            contents,
            redactions,
            release,
        })
    }
}
