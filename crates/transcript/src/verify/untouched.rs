//! The outermost layer: not one byte of the pack is other than it was when it was released.
//!
//! The archive is the one that its files have, and the release names each of them by its digest under a signature. Whose signature that is,
//! and whether what was released is true, are other questions; this one covers every byte, and is cheap.

use crate::container;
use crate::dsse::{Opened, Statement, Subject};
use crate::finding::chain;
use crate::release::{FILE, PREDICATE, Release};

/// Something that was changed since the release.
pub type Touched = (&'static str, String);

/// Whether these bytes are exactly what was released, by the release that they hold: all faults, and the release if it could be opened.
pub fn untouched(bytes: &[u8]) -> (Vec<Touched>, Option<Opened<Release>>) {
    let (files, one_archive) = match container::read(bytes) {
        Ok(read) => read,
        Err(fault) => {
            return (
                vec![("unreadable", format!("The pack cannot be read: {}.", chain(&fault)))],
                None,
            );
        }
    };
    let mut faults = Vec::new();
    if !one_archive {
        let words = "The pack is not in the one form that its files can have: bytes were changed, added or moved.";
        faults.push(("form", words.to_owned()));
    }
    let release = files.iter().find(|(name, _)| name == FILE);
    let Some((_, release)) = release else {
        faults.push((
            "release",
            "The pack holds no release: nobody signed for what is in it.".to_owned(),
        ));
        return (faults, None);
    };
    let text = std::str::from_utf8(release).unwrap_or_default();
    let opened = match Statement::<Release>::open(text, PREDICATE) {
        Ok(opened) => opened,
        Err(fault) => {
            faults.push(("release", format!("The release does not hold: {}.", chain(&fault))));
            return (faults, None);
        }
    };
    let signed = &opened.statement.subject;
    let here: Vec<Subject> = files
        .iter()
        .filter(|(name, _)| name != FILE)
        .map(|(name, bytes)| Subject::of(name, bytes))
        .collect();
    compare(&here, signed, &mut faults);
    (faults, Some(opened))
}

fn compare(here: &[Subject], signed: &[Subject], faults: &mut Vec<Touched>) {
    let before = faults.len();
    for subject in here {
        match signed.iter().find(|other| other.name == subject.name) {
            None => faults.push((
                "added_file",
                format!("{} is not named by the release: it was added later.", subject.name),
            )),
            Some(other) if other != subject => {
                faults.push((
                    "changed_file",
                    format!("{} is not what was released: its bytes were changed.", subject.name),
                ));
            }
            Some(_) => {}
        }
    }
    for subject in signed {
        if !here.iter().any(|other| other.name == subject.name) {
            faults.push((
                "removed_file",
                format!("{} was released and is not here: it was taken away.", subject.name),
            ));
        }
    }
    if faults.len() == before && signed != here {
        faults.push(("release", "The release names its files in another order or twice.".to_owned()));
    }
}
