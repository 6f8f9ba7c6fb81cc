//! The bytes of a PDF file: numbered objects, object streams, the cross-reference stream (ISO 32000-1 §7.5).
//!
//! Promises: one revision, the same objects in the same order give the same bytes, and the file ends with `%%EOF` and a line feed.
//! Small objects are packed and compressed by the hundred; streams, and what has to be found by its bytes, stand by themselves.

use flate2::Compression;
use flate2::write::ZlibEncoder;
use lopdf::{Dictionary, Object, StringFormat};
use std::collections::BTreeMap;
use std::io::Write;

/// The number of an object.
pub(crate) type Number = u32;

/// Objects in one object stream.
const PACKED: usize = 200;

#[derive(Clone, Copy)]
enum Place {
    Nowhere,
    At(usize),
    Packed { stream: Number, index: usize },
}

/// A file that grows.
pub(crate) struct FileWriter {
    out: Vec<u8>,
    places: Vec<Place>,
    packing: Vec<(Number, usize)>,
    packed: Vec<u8>,
}

impl FileWriter {
    /// Nothing but the header.
    pub(crate) fn new() -> Self {
        Self {
            out: b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n".to_vec(),
            // Object 0 is the head of the list of free ones.
            places: vec![Place::Nowhere],
            packing: Vec::new(),
            packed: Vec::new(),
        }
    }

    /// A number for an object that is written later.
    pub(crate) fn reserve(&mut self) -> Number {
        self.places.push(Place::Nowhere);
        Number::try_from(self.places.len() - 1).unwrap_or(Number::MAX)
    }

    /// Writes a small object, packed.
    pub(crate) fn put(&mut self, number: Number, object: &[u8]) {
        self.packing.push((number, self.packed.len()));
        self.packed.extend_from_slice(object);
        self.packed.push(b'\n');
        if self.packing.len() >= PACKED {
            self.flush();
        }
    }

    /// The same, with a number of its own.
    pub(crate) fn add(&mut self, object: &[u8]) -> Number {
        let number = self.reserve();
        self.put(number, object);
        number
    }

    /// Writes an object where it can be found by its bytes; returns where its text begins.
    pub(crate) fn put_plain(&mut self, number: Number, object: &[u8]) -> usize {
        self.place(number, Place::At(self.out.len()));
        self.text(&format!("{number} 0 obj\n"));
        let begin = self.out.len();
        self.out.extend_from_slice(object);
        self.text("\nendobj\n");
        begin
    }

    /// Writes a stream. `entries` are those of its dictionary but the length.
    pub(crate) fn put_stream(&mut self, number: Number, entries: &[u8], content: &[u8]) {
        self.place(number, Place::At(self.out.len()));
        self.text(&format!("{number} 0 obj\n<<"));
        self.out.extend_from_slice(entries);
        self.text(&format!("/Length {}>>\nstream\n", content.len()));
        self.out.extend_from_slice(content);
        self.text("\nendstream\nendobj\n");
    }

    /// Writes a stream, compressed.
    pub(crate) fn add_compressed(&mut self, entries: &str, content: &[u8]) -> Number {
        let number = self.reserve();
        self.put_stream(number, format!("{entries}/Filter/FlateDecode").as_bytes(), &deflate(content));
        number
    }

    /// Writes what is still in hand, the cross references and the end. `identity` becomes both identifiers of the file.
    pub(crate) fn finish(mut self, root: Number, info: Number, identity: &[u8; 16]) -> Vec<u8> {
        self.flush();
        let own = self.reserve();
        let start = self.out.len();
        self.place(own, Place::At(start));
        let mut table = Vec::with_capacity(self.places.len() * 7);
        for place in &self.places {
            let (kind, second, third) = match *place {
                Place::Nowhere => (0_u8, 0, 0xffff),
                Place::At(offset) => (1, offset, 0),
                Place::Packed { stream, index } => (2, usize::try_from(stream).unwrap_or(0), index),
            };
            table.push(kind);
            table.extend_from_slice(&u32::try_from(second).unwrap_or(u32::MAX).to_be_bytes());
            table.extend_from_slice(&u16::try_from(third).unwrap_or(u16::MAX).to_be_bytes());
        }
        let id = hexadecimal(identity);
        let entries = format!(
            "/Type/XRef/W[1 4 2]/Size {}/Root {root} 0 R/Info {info} 0 R/ID[{id}{id}]/Filter/FlateDecode",
            self.places.len()
        );
        self.put_stream(own, entries.as_bytes(), &deflate(&table));
        self.text(&format!("startxref\n{start}\n%%EOF\n"));
        self.out
    }

    fn flush(&mut self) {
        if self.packing.is_empty() {
            return;
        }
        let stream = self.reserve();
        let mut content = Vec::with_capacity(self.packed.len() + self.packing.len() * 12);
        for (number, offset) in &self.packing {
            content.extend_from_slice(format!("{number} {offset} ").as_bytes());
        }
        let first = content.len();
        content.append(&mut self.packed);
        let packing = std::mem::take(&mut self.packing);
        for (index, (number, _)) in packing.iter().enumerate() {
            self.place(*number, Place::Packed { stream, index });
        }
        let entries = format!("/Type/ObjStm/N {}/First {first}/Filter/FlateDecode", packing.len());
        self.put_stream(stream, entries.as_bytes(), &deflate(&content));
    }

    fn place(&mut self, number: Number, place: Place) {
        if let Some(entry) = usize::try_from(number).ok().and_then(|number| self.places.get_mut(number)) {
            *entry = place;
        }
    }

    fn text(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }
}

/// Compresses for `/FlateDecode`.
pub(crate) fn deflate(content: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::with_capacity(content.len() / 3), Compression::new(6));
    // Writing into memory does not fail.
    let written = encoder.write_all(content);
    debug_assert!(written.is_ok());
    encoder.finish().unwrap_or_default()
}

/// `<616263>`
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(bytes.len() * 2 + 2);
    out.push('<');
    for byte in bytes {
        let _ = write!(out, "{byte:02x}");
    }
    out.push('>');
    out
}

/// A text for people: UTF-16 with its mark (ISO 32000-1 §7.9.2.2).
pub(crate) fn text_string(text: &str) -> String {
    let bytes: Vec<u8> = std::iter::once(0xfeff)
        .chain(text.encode_utf16())
        .flat_map(u16::to_be_bytes)
        .collect();
    hexadecimal(&bytes)
}

/// Writes an object that printpdf made, with its references renumbered.
pub(crate) fn object(out: &mut Vec<u8>, object: &Object, numbers: &BTreeMap<u32, Number>) {
    match object {
        Object::Null => out.extend_from_slice(b"null"),
        Object::Boolean(value) => out.extend_from_slice(if *value { b"true" } else { b"false" }),
        Object::Integer(value) => out.extend_from_slice(format!("{value}").as_bytes()),
        Object::Real(value) => out.extend_from_slice(format!("{value}").as_bytes()),
        Object::Name(name) => write_name(out, name),
        Object::String(text, StringFormat::Literal | StringFormat::Hexadecimal) => {
            out.extend_from_slice(hexadecimal(text).as_bytes());
        }
        Object::Array(items) => {
            out.push(b'[');
            for item in items {
                self::object(out, item, numbers);
                out.push(b' ');
            }
            out.push(b']');
        }
        Object::Dictionary(dictionary) => {
            out.extend_from_slice(b"<<");
            entries(out, dictionary, numbers);
            out.extend_from_slice(b">>");
        }
        Object::Reference((number, _)) => match numbers.get(number) {
            Some(number) => out.extend_from_slice(format!("{number} 0 R").as_bytes()),
            None => out.extend_from_slice(b"null"),
        },
        // A stream is always an object by itself and is written by its owner.
        Object::Stream(_) => out.extend_from_slice(b"null"),
    }
}

/// The entries of a dictionary without its brackets.
pub(crate) fn entries(out: &mut Vec<u8>, dictionary: &Dictionary, numbers: &BTreeMap<u32, Number>) {
    for (key, value) in dictionary {
        write_name(out, key);
        out.push(b' ');
        object(out, value, numbers);
    }
}

fn write_name(out: &mut Vec<u8>, name: &[u8]) {
    out.push(b'/');
    for byte in name {
        if byte.is_ascii_alphanumeric() || b"+-_.".contains(byte) {
            out.push(*byte);
        } else {
            out.extend_from_slice(format!("#{byte:02X}").as_bytes());
        }
    }
}
