//! Several named files as one, in the form that every computer opens: a ZIP archive (PKWARE APPNOTE 6.3), files stored as they are.
//!
//! Promises: a list of files has exactly one archive, so that there is no byte that could be changed unnoticed: files ascend by name, no
//! comment, no extra field, no attribute, the earliest date, no compression. [`read`] says whether an archive is that one. Leaves out:
//! archives of 4 GiB and more.

/// An archive may be this long.
pub const MAX_BYTES: usize = 2 << 30;

const LOCAL: u32 = 0x0403_4b50;
const CENTRAL: u32 = 0x0201_4b50;
const END: u32 = 0x0605_4b50;
/// Version 2.0 reads it; names are UTF-8; stored; 1980-01-01, midnight.
const PLAIN: [u16; 5] = [20, 1 << 11, 0, 0, 0x21];

/// Bytes that are no archive of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ContainerFault {
    /// Not a ZIP archive with stored files.
    #[error("it is not an evidence pack: {0}")]
    Form(&'static str),
    /// Files that cannot be packed.
    #[error("the files cannot be packed: {0}")]
    Files(&'static str),
}

/// A file in an archive.
pub type File = (String, Vec<u8>);

/// Packs files, which must ascend by name.
///
/// # Errors
/// When names are not in order, not plain, or there is too much.
pub fn write(files: &[File]) -> Result<Vec<u8>, ContainerFault> {
    let total: usize = files.iter().map(|(name, bytes)| name.len() * 2 + bytes.len() + 76).sum();
    if total + 22 > MAX_BYTES || files.len() > 60_000 {
        return Err(ContainerFault::Files("they are too many or too long"));
    }
    if !files.is_sorted_by(|(a, _), (b, _)| a < b) {
        return Err(ContainerFault::Files("names are out of order or twice"));
    }
    if !files.iter().all(|(name, _)| is_plain(name)) {
        return Err(ContainerFault::Files(
            "a name has other characters than letters, digits, dot, hyphen and slash",
        ));
    }
    let mut out = Vec::with_capacity(total + 22);
    let mut directory = Vec::new();
    for (name, bytes) in files {
        let offset = out.len() as u32;
        out.extend(LOCAL.to_le_bytes());
        let facts = facts(name, bytes);
        out.extend(&facts);
        out.extend(name.as_bytes());
        out.extend(bytes);
        directory.extend(CENTRAL.to_le_bytes());
        directory.extend(20_u16.to_le_bytes());
        directory.extend(&facts);
        directory.extend([0; 10]);
        directory.extend(offset.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let (count, from, length) = (files.len() as u16, out.len() as u32, directory.len() as u32);
    out.extend(directory);
    out.extend(END.to_le_bytes());
    out.extend([0; 4]);
    out.extend(count.to_le_bytes());
    out.extend(count.to_le_bytes());
    out.extend(length.to_le_bytes());
    out.extend(from.to_le_bytes());
    out.extend([0; 2]);
    Ok(out)
}

/// What local header and directory both say: 26 bytes from the version on.
fn facts(name: &str, bytes: &[u8]) -> Vec<u8> {
    let mut out: Vec<u8> = PLAIN.iter().flat_map(|number| number.to_le_bytes()).collect();
    out.extend(crc32(bytes).to_le_bytes());
    out.extend((bytes.len() as u32).to_le_bytes());
    out.extend((bytes.len() as u32).to_le_bytes());
    out.extend((name.len() as u16).to_le_bytes());
    out.extend([0; 2]);
    out
}

fn is_plain(name: &str) -> bool {
    (1..=100).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'/'))
}

/// Reads an archive: its files, and whether the bytes are the one archive of these files.
///
/// # Errors
/// When not even the files can be told.
pub fn read(bytes: &[u8]) -> Result<(Vec<File>, bool), ContainerFault> {
    use ContainerFault::Form;
    if bytes.len() > MAX_BYTES {
        return Err(Form("it is too long"));
    }
    let mut rest = bytes;
    let mut files: Vec<File> = Vec::new();
    while let Some(after) = rest.strip_prefix(&LOCAL.to_le_bytes()) {
        let (facts, after) = after.split_at_checked(26).ok_or(Form("a file's header is cut short"))?;
        let number = |at: usize| {
            facts
                .get(at..at + 4)
                .and_then(|four| four.try_into().ok())
                .map_or(0, u32::from_le_bytes) as usize
        };
        let (length, names) = (number(18), number(22) & 0xFFFF);
        let (name, after) = after.split_at_checked(names).ok_or(Form("a file's name is cut short"))?;
        let (content, after) = after.split_at_checked(length).ok_or(Form("a file is cut short"))?;
        let name = std::str::from_utf8(name).ok().filter(|name| is_plain(name));
        files.push((name.ok_or(Form("a file's name is not plain"))?.to_owned(), content.to_vec()));
        rest = after;
    }
    if files.is_empty() {
        return Err(Form("it holds no files, or is another kind of file"));
    }
    let same = write(&files).is_ok_and(|written| written == bytes);
    Ok((files, same))
}

/// CRC-32 as ZIP has it (reflected, polynomial 0xEDB88320).
fn crc32(bytes: &[u8]) -> u32 {
    const TABLE: [u32; 256] = table();
    !bytes.iter().fold(!0_u32, |crc, byte| {
        let at = (crc ^ u32::from(*byte)) & 0xFF;
        (crc >> 8) ^ TABLE.get(at as usize).copied().unwrap_or(0)
    })
}

#[allow(clippy::indexing_slicing, reason = "evaluated when compiling")]
const fn table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut at = 0;
    while at < 256 {
        let (mut value, mut bit) = (at as u32, 0);
        while bit < 8 {
            value = if value & 1 == 1 {
                (value >> 1) ^ 0xEDB8_8320
            } else {
                value >> 1
            };
            bit += 1;
        }
        table[at] = value;
        at += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use proptest::prelude::*;

    fn two() -> Vec<File> {
        vec![("a/b.txt".to_owned(), b"hello".to_vec()), ("c".to_owned(), Vec::new())]
    }

    #[test]
    fn container_format_unchanged() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
        assert_eq!(
            hex::encode(write(&two()).unwrap()),
            "504b0304140000080000000021008\
             6a61036050000000500000007000000612f622e74787468656c6c6f"
                .to_owned()
                + "504b03041400000800000000210000000000000000000000000001000000\
             63" + "504b01021400140000080000000021008\
             6a610360500000005000000070000000000000000000000000000000000612f622e747874"
                + "504b0102140014000008000000002100000000000000000000000000010000000000000000000000000\
             02a00000063"
                + "504b05060000000002000200640000004900000000\
             00"
        );
    }

    #[test]
    fn every_changed_byte_shows() {
        let good = write(&two()).unwrap();
        assert_eq!(read(&good), Ok((two(), true)));
        for at in 0..good.len() {
            for bit in 0..8 {
                let mut bytes = good.clone();
                *bytes.get_mut(at).unwrap() ^= 1 << bit;
                assert_ne!(read(&bytes), Ok((two(), true)), "byte {at}");
            }
            assert!(!read(good.get(..at).unwrap()).is_ok_and(|(_, same)| same));
        }
        assert!(read(&[good.as_slice(), b"x"].concat()).is_ok_and(|(_, same)| !same));
    }

    #[test]
    fn files_that_cannot_be_packed_are_refused() {
        for name in ["", "a b", "../ä"] {
            assert!(write(&[(name.to_owned(), Vec::new())]).is_err(), "{name}");
        }
        let mut files = two();
        files.reverse();
        assert!(write(&files).is_err());
    }

    proptest! {
        #[test]
        fn nothing_makes_the_reader_panic(mut bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&bytes);
            bytes.splice(0..0, LOCAL.to_le_bytes());
            let _ = read(&bytes);
        }
    }
}
