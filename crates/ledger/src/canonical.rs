//! Canonical JSON: RFC 8785, restricted to what entries may hold (docs/formats/json.md).
//!
//! [`to_string`] writes it, through the `serde_json_canonicalizer` crate where plain serialisation does not give it already. [`check`] tells in one pass, without building
//! anything, whether bytes already are canonical: no white space, members in order of UTF-16 code units and none twice, shortest
//! escapes, whole numbers from −(2^53 − 1) to 2^53 − 1, no fractions, no exponents, no `null`, and bounded depth. It never panics.

use crate::id::MAX_SAFE_INTEGER;
use serde::Serialize;
use std::cmp::Ordering;

/// Objects and arrays may be nested this deep.
pub const MAX_DEPTH: usize = 16;

/// A value that has no canonical form here.
#[derive(Debug, thiserror::Error)]
#[error("the value cannot be written as canonical JSON")]
pub struct NotRepresentable(#[source] serde_json::Error);

/// Writes RFC 8785 canonical JSON.
///
/// # Errors
/// When the value does not serialise to JSON.
pub fn to_string(value: &impl Serialize) -> Result<String, NotRepresentable> {
    // Types of this crate keep their members in order: then plain writing gives the one canonical form, and the check proves it.
    let plain = serde_json::to_string(value).map_err(NotRepresentable)?;
    if check(&plain).is_ok() {
        return Ok(plain);
    }
    serde_json_canonicalizer::to_string(value).map_err(NotRepresentable)
}

/// Why bytes are not canonical, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not canonical JSON: {what} at byte {at}")]
pub struct NotCanonical {
    /// What was found.
    pub what: &'static str,
    /// Byte offset.
    pub at: usize,
}

/// Members of an object by name, both as they stand in the text; names without their quotes.
pub type Members<'a> = Vec<(&'a str, &'a str)>;

/// Checks that the whole text is one canonical object and returns its members.
///
/// # Errors
/// Says what is wrong and where.
pub fn check(text: &str) -> Result<Members<'_>, NotCanonical> {
    check_within(text, 1)
}

/// The same for an object that stands this deep within another: 1 for the outermost.
pub(crate) fn check_within(text: &str, depth: usize) -> Result<Members<'_>, NotCanonical> {
    let mut scan = Scan { text, at: 0 };
    let mut members = Vec::with_capacity(12);
    scan.object(depth, Some(&mut members))?;
    if scan.at == text.len() {
        Ok(members)
    } else {
        Err(scan.wrong("more text after the end"))
    }
}

/// The member of this name.
pub fn member<'a>(members: &Members<'a>, name: &str) -> Option<&'a str> {
    members.iter().find(|(found, _)| *found == name).map(|(_, value)| *value)
}

struct Scan<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scan<'a> {
    fn wrong(&self, what: &'static str) -> NotCanonical {
        NotCanonical { what, at: self.at }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn take(&mut self, byte: u8, otherwise: &'static str) -> Result<(), NotCanonical> {
        if self.peek() == Some(byte) {
            self.at += 1;
            Ok(())
        } else {
            Err(self.wrong(otherwise))
        }
    }

    fn value(&mut self, depth: usize) -> Result<(), NotCanonical> {
        if depth > MAX_DEPTH {
            return Err(self.wrong("nesting too deep"));
        }
        match self.peek() {
            Some(b'{') => self.object(depth, None),
            Some(b'[') => self.array(depth),
            Some(b'"') => self.string().map(drop),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true"),
            Some(b'f') => self.word("false"),
            Some(b'n') => Err(self.wrong("null, which entries leave out instead")),
            _ => Err(self.wrong("no value")),
        }
    }

    fn word(&mut self, word: &'static str) -> Result<(), NotCanonical> {
        let found = self
            .text
            .as_bytes()
            .get(self.at..)
            .is_some_and(|rest| rest.starts_with(word.as_bytes()));
        self.at += if found { word.len() } else { 0 };
        if found { Ok(()) } else { Err(self.wrong("no value")) }
    }

    fn array(&mut self, depth: usize) -> Result<(), NotCanonical> {
        self.take(b'[', "no array")?;
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.value(depth + 1)?;
            if self.peek() == Some(b']') {
                self.at += 1;
                return Ok(());
            }
            self.take(b',', "neither a comma nor the array's end")?;
        }
    }

    fn object(&mut self, depth: usize, mut members: Option<&mut Members<'a>>) -> Result<(), NotCanonical> {
        self.take(b'{', "no object")?;
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(());
        }
        let mut previous: Option<&'a str> = None;
        loop {
            let name = self.string()?;
            match previous.map(|previous| compare_names(previous, name)) {
                Some(Ordering::Equal) => return Err(self.wrong("a member's name twice")),
                Some(Ordering::Greater) => return Err(self.wrong("members out of order")),
                Some(Ordering::Less) | None => {}
            }
            previous = Some(name);
            self.take(b':', "no colon")?;
            let from = self.at;
            self.value(depth + 1)?;
            if let Some(members) = members.as_deref_mut() {
                members.push((name, self.text.get(from..self.at).unwrap_or_default()));
            }
            if self.peek() == Some(b'}') {
                self.at += 1;
                return Ok(());
            }
            self.take(b',', "neither a comma nor the object's end")?;
        }
    }

    /// Returns what stands between the quotes.
    fn string(&mut self) -> Result<&'a str, NotCanonical> {
        self.take(b'"', "no string")?;
        let from = self.at;
        loop {
            match self.peek() {
                None => return Err(self.wrong("an unfinished string")),
                Some(b'"') => break,
                Some(b'\\') => self.escape()?,
                Some(0..=0x1F) => return Err(self.wrong("a control character that is not escaped")),
                Some(_) => self.at += 1,
            }
        }
        let inside = self.text.get(from..self.at).unwrap_or_default();
        self.at += 1;
        Ok(inside)
    }

    fn escape(&mut self) -> Result<(), NotCanonical> {
        let rest = self.text.as_bytes().get(self.at + 1..).unwrap_or_default();
        let length = match rest {
            [b'"' | b'\\' | b'b' | b'f' | b'n' | b'r' | b't', ..] => 2,
            // The other control characters: four lower-case digits, and only where there is no shorter form.
            [b'u', b'0', b'0', b'0', b'0'..=b'7' | b'b' | b'e' | b'f', ..] => 6,
            [b'u', b'0', b'0', b'1', b'0'..=b'9' | b'a'..=b'f', ..] => 6,
            _ => return Err(self.wrong("an escape that is not the shortest")),
        };
        self.at += length;
        Ok(())
    }

    fn number(&mut self) -> Result<(), NotCanonical> {
        let negative = self.peek() == Some(b'-');
        self.at += usize::from(negative);
        let from = self.at;
        let mut value: u64 = 0;
        while let Some(digit @ b'0'..=b'9') = self.peek() {
            value = value.saturating_mul(10).saturating_add(u64::from(digit - b'0'));
            self.at += 1;
        }
        let leading_zero = self.text.as_bytes().get(from) == Some(&b'0');
        if self.at == from || (leading_zero && (self.at - from > 1 || negative)) {
            return Err(self.wrong("a number with a leading zero or sign that it should not have"));
        }
        if matches!(self.peek(), Some(b'.' | b'e' | b'E')) {
            return Err(self.wrong("a number that is not whole"));
        }
        if value > MAX_SAFE_INTEGER {
            return Err(self.wrong("a number above 2^53 - 1"));
        }
        Ok(())
    }
}

/// Orders names as RFC 8785 §3.2.3 does: by the UTF-16 code units of what they mean.
fn compare_names(a: &str, b: &str) -> Ordering {
    let plain = |name: &str| name.bytes().all(|byte| byte.is_ascii() && byte != b'\\');
    if plain(a) && plain(b) {
        return a.cmp(b);
    }
    let units = |name: &str| -> Vec<u16> {
        let meant: String = serde_json::from_str(&format!("\"{name}\"")).unwrap_or_default();
        meant.encode_utf16().collect()
    };
    units(a).cmp(&units(b))
}
