//! Reads files as this program writes them, and only those: every byte belongs to exactly one object, every object to the one
//! cross-reference table, and there is one revision.
//!
//! Other readers are generous: they repair tables, honour appended revisions, skip bytes that nothing refers to. Attacks on signed
//! documents live in that generosity (hide, replace, hide-and-replace; incremental saving; signature wrapping). Here a file that two
//! readers could understand differently is a fault. Never panics; memory is bounded by the file and [`LARGEST`]. Hostile input is the
//! normal case.

use crate::syntax::{Parser, Value};
use flate2::read::ZlibDecoder;
use std::collections::BTreeMap;
use std::io::Read;
use std::ops::Range;

/// Bytes that one stream may inflate to.
pub(crate) const LARGEST: u64 = 512 * 1024 * 1024;
const HEADER: &[u8] = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n";
const END: &[u8] = b"\n%%EOF\n";

/// What is wrong with a file's structure.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormFault {
    /// Not a file that this program wrote.
    #[error("it does not begin like a document that this program makes")]
    Header,
    /// Not the end that it had.
    #[error("it does not end where its signature and its table of contents say: something was appended or cut off")]
    End,
    /// Bytes that belong to no object, or that break one.
    #[error("the bytes at {0} belong to nothing that this program writes: the file was changed or repaired by another program")]
    Stray(usize),
    /// The table disagrees with the objects.
    #[error("the table of contents does not match the objects: the file was changed after it was made")]
    Table,
    /// A stream inflates to too much, or not at all.
    #[error("a part of the file cannot be unpacked")]
    Packed,
    /// A part that has to be there is not, or is not of its kind.
    #[error("{0} is missing or not as this program writes it")]
    Missing(&'static str),
}

/// Where an object's text is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    /// In the file; for streams with the place of the content.
    Plain {
        text: Range<usize>,
        content: Option<Range<usize>>,
    },
    /// In an inflated object stream.
    Packed { stream: u32, text: Range<usize> },
}

/// A file, read in full.
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    places: BTreeMap<u32, Place>,
    unpacked: BTreeMap<u32, Vec<u8>>,
    trailer: Range<usize>,
}

impl<'a> Reader<'a> {
    /// Reads a file.
    pub(crate) fn new(bytes: &'a [u8]) -> Result<Self, FormFault> {
        if !bytes.starts_with(HEADER) {
            return Err(FormFault::Header);
        }
        let start = table_start(bytes)?;
        let mut reader = Self {
            bytes,
            places: BTreeMap::new(),
            unpacked: BTreeMap::new(),
            trailer: 0..0,
        };
        let (offsets, table) = reader.scan(start)?;
        reader.unpack(&offsets)?;
        reader.compare(&offsets, table)?;
        Ok(reader)
    }

    /// An object by its number, with the place of its text in the file if it stands there by itself.
    pub(crate) fn object(&self, number: u32) -> Result<Value<'_>, FormFault> {
        let (text, base) = match self.places.get(&number) {
            Some(Place::Plain { text, .. }) => (self.bytes.get(text.clone()), text.start),
            Some(Place::Packed { stream, text }) => (self.unpacked.get(stream).and_then(|all| all.get(text.clone())), 0),
            None => (None, 0),
        };
        let text = text.ok_or(FormFault::Table)?;
        Parser::new(text, base).whole().ok_or(FormFault::Stray(base))
    }

    /// The value behind a reference, or the value itself.
    pub(crate) fn follow<'b>(&'b self, value: &Value<'b>) -> Result<Value<'b>, FormFault> {
        match value {
            Value::Reference(number) => self.object(*number),
            other => Ok(other.clone()),
        }
    }

    /// The numbers of all objects that stand by themselves.
    pub(crate) fn plain(&self) -> impl Iterator<Item = u32> + '_ {
        let plain = self.places.iter().filter(|(_, place)| matches!(place, Place::Plain { .. }));
        plain.map(|(number, _)| *number)
    }

    /// Whether an object stands by itself and not in a stream of objects.
    pub(crate) fn is_plain(&self, number: u32) -> bool {
        matches!(self.places.get(&number), Some(Place::Plain { content: None, .. }))
    }

    /// What a stream holds, inflated.
    pub(crate) fn stream(&self, number: u32, what: &'static str) -> Result<Vec<u8>, FormFault> {
        let Some(Place::Plain {
            content: Some(content), ..
        }) = self.places.get(&number)
        else {
            return Err(FormFault::Missing(what));
        };
        inflate(self.bytes.get(content.clone()).unwrap_or_default())
    }

    /// The catalogue.
    pub(crate) fn catalogue(&self) -> Result<Value<'_>, FormFault> {
        let text = self.bytes.get(self.trailer.clone()).unwrap_or_default();
        let trailer = Parser::new(text, self.trailer.start).whole().ok_or(FormFault::Table)?;
        let root = trailer.get("Root").ok_or(FormFault::Missing("the catalogue"))?;
        self.follow(root)
    }

    /// Walks from object to object; returns each one's offset and the number of the table's.
    fn scan(&mut self, start: usize) -> Result<(BTreeMap<u32, usize>, u32), FormFault> {
        let mut offsets = BTreeMap::new();
        let mut at = HEADER.len();
        loop {
            let mut parser = Parser::new(self.bytes, 0).at(at);
            let number = parser.object_head().ok_or(FormFault::Stray(at))?;
            let begin = parser.position();
            let value = parser.value().ok_or(FormFault::Stray(begin))?;
            let text = begin..parser.position();
            let content = if parser.literal(b"\nstream\n") {
                let length = value.get("Length").and_then(Value::number).ok_or(FormFault::Stray(begin))?;
                let from = parser.position();
                let until = from
                    .checked_add(length)
                    .filter(|until| *until <= self.bytes.len())
                    .ok_or(FormFault::Stray(from))?;
                parser = Parser::new(self.bytes, 0).at(until);
                if !parser.literal(b"\nendstream") {
                    return Err(FormFault::Stray(until));
                }
                Some(from..until)
            } else {
                None
            };
            if !parser.literal(b"\nendobj\n") {
                return Err(FormFault::Stray(parser.position()));
            }
            if offsets.insert(number, at).is_some() {
                return Err(FormFault::Table);
            }
            let is_table = at == start;
            if is_table {
                self.trailer = text.clone();
            }
            self.places.insert(number, Place::Plain { text, content });
            let next = parser.position();
            if is_table {
                let tail = format!("startxref\n{start}\n%%EOF\n");
                let is_last = self.bytes.get(next..) == Some(tail.as_bytes());
                return if is_last { Ok((offsets, number)) } else { Err(FormFault::End) };
            }
            at = next;
        }
    }

    /// Unpacks the streams of objects.
    fn unpack(&mut self, offsets: &BTreeMap<u32, usize>) -> Result<(), FormFault> {
        for stream in offsets.keys() {
            let (count, first) = {
                let value = self.object(*stream)?;
                if value.get("Type").and_then(Value::name) != Some(b"ObjStm") {
                    continue;
                }
                if value.get("Extends").is_some() {
                    return Err(FormFault::Table);
                }
                let number = |key| value.get(key).and_then(Value::number).ok_or(FormFault::Table);
                (number("N")?, number("First")?)
            };
            let content = self.stream(*stream, "a stream of objects")?;
            let head = content.get(..first).ok_or(FormFault::Table)?;
            let head = std::str::from_utf8(head).map_err(|_| FormFault::Table)?;
            let numbers: Vec<usize> = head.split_ascii_whitespace().map_while(|word| word.parse().ok()).collect();
            if count.checked_mul(2) != Some(numbers.len()) {
                return Err(FormFault::Table);
            }
            let pairs: Vec<(usize, usize)> = numbers
                .chunks_exact(2)
                .filter_map(|pair| Some((*pair.first()?, *pair.get(1)?)))
                .collect();
            for (index, (number, offset)) in pairs.iter().enumerate() {
                let end = pairs
                    .get(index + 1)
                    .map_or(content.len(), |(_, next)| first.saturating_add(*next));
                let begin = first.saturating_add(*offset);
                let number = u32::try_from(*number).map_err(|_| FormFault::Table)?;
                let is_sane = begin < end && end <= content.len() && (index > 0 || *offset == 0);
                let place = Place::Packed {
                    stream: *stream,
                    text: begin..end.saturating_sub(1),
                };
                if !is_sane || self.places.insert(number, place).is_some() {
                    return Err(FormFault::Table);
                }
            }
            self.unpacked.insert(*stream, content);
        }
        Ok(())
    }

    /// The table has to say exactly what the scan found.
    fn compare(&self, offsets: &BTreeMap<u32, usize>, table: u32) -> Result<(), FormFault> {
        let trailer = self.object(table)?;
        for key in ["Prev", "XRefStm", "Index", "Encrypt"] {
            if trailer.get(key).is_some() {
                return Err(FormFault::Table);
            }
        }
        let content = self.stream(table, "the table of contents")?;
        let size = trailer.get("Size").and_then(Value::number).ok_or(FormFault::Table)?;
        if size.checked_mul(7) != Some(content.len()) || size != self.places.len() + 1 {
            return Err(FormFault::Table);
        }
        let mut ranks: BTreeMap<u32, u16> = BTreeMap::new();
        for (number, row) in content.chunks_exact(7).enumerate() {
            let &[kind, a, b, c, d, e, f] = row else {
                return Err(FormFault::Table);
            };
            let second = u32::from_be_bytes([a, b, c, d]);
            let third = u16::from_be_bytes([e, f]);
            let number = u32::try_from(number).map_err(|_| FormFault::Table)?;
            let is_right = match (kind, self.places.get(&number)) {
                (0, None) => number == 0 && second == 0 && third == u16::MAX,
                (1, Some(Place::Plain { .. })) => {
                    third == 0
                        && offsets
                            .get(&number)
                            .is_some_and(|offset| u32::try_from(*offset) == Ok(second))
                }
                (2, Some(Place::Packed { stream, .. })) => {
                    let rank = ranks.entry(second).or_default();
                    *rank = rank.saturating_add(1);
                    *stream == second
                }
                _ => false,
            };
            if !is_right {
                return Err(FormFault::Table);
            }
        }
        Ok(())
    }
}

/// Where the table begins, from the last lines of the file.
fn table_start(bytes: &[u8]) -> Result<usize, FormFault> {
    let text = bytes.strip_suffix(END).ok_or(FormFault::End)?;
    let tail = text.get(text.len().saturating_sub(24)..).unwrap_or_default();
    let position = tail.iter().rposition(|byte| *byte == b'\n').ok_or(FormFault::End)?;
    let digits = tail.get(position + 1..).unwrap_or_default();
    let digits = std::str::from_utf8(digits).map_err(|_| FormFault::End)?;
    digits.parse().map_err(|_| FormFault::End)
}

fn inflate(content: &[u8]) -> Result<Vec<u8>, FormFault> {
    let mut decoder = ZlibDecoder::new(content);
    let mut out = Vec::new();
    let read = decoder
        .by_ref()
        .take(LARGEST + 1)
        .read_to_end(&mut out)
        .map_err(|_| FormFault::Packed)?;
    let is_whole = u64::try_from(content.len()).is_ok_and(|length| decoder.total_in() == length);
    if u64::try_from(read).is_ok_and(|read| read > LARGEST) || !is_whole {
        return Err(FormFault::Packed);
    }
    Ok(out)
}
