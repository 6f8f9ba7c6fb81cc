//! The words of a PDF file, as this program writes them (ISO 32000-1 §7.2, §7.3; no comments, no indirect lengths, nesting bounded).

use std::ops::Range;

/// Values within values.
const DEEPEST: usize = 24;

/// A value. Names and strings as they are in the file.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value<'a> {
    /// `null`, `true`, `false` or a number with a fraction: nothing that is looked at.
    Other,
    /// A whole number.
    Number(i64),
    /// Without its slash.
    Name(&'a [u8]),
    /// Decoded, and where it stands, brackets included.
    Text(Vec<u8>, Range<usize>),
    /// In order.
    List(Vec<Value<'a>>),
    /// In order; a key appears once.
    Dictionary(Vec<(&'a [u8], Value<'a>)>),
    /// An object's number.
    Reference(u32),
}

impl<'a> Value<'a> {
    /// The value of a key.
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Value::Dictionary(entries) => entries.iter().find(|(own, _)| *own == key.as_bytes()).map(|(_, value)| value),
            _ => None,
        }
    }

    /// The keys of a dictionary.
    pub(crate) fn keys(&self) -> Vec<&'a [u8]> {
        match self {
            Value::Dictionary(entries) => entries.iter().map(|(key, _)| *key).collect(),
            _ => Vec::new(),
        }
    }

    /// A whole number that is not negative.
    pub(crate) fn number(&self) -> Option<usize> {
        match self {
            Value::Number(number) => usize::try_from(*number).ok(),
            _ => None,
        }
    }

    /// A name.
    pub(crate) fn name(&self) -> Option<&'a [u8]> {
        match self {
            Value::Name(name) => Some(name),
            _ => None,
        }
    }

    /// A list's values.
    pub(crate) fn list(&self) -> Option<&[Value<'a>]> {
        match self {
            Value::List(values) => Some(values),
            _ => None,
        }
    }

    /// The number of the object that it refers to.
    pub(crate) fn reference(&self) -> Option<u32> {
        match self {
            Value::Reference(number) => Some(*number),
            _ => None,
        }
    }

    /// A text for people: UTF-16 with its mark.
    pub(crate) fn words(&self) -> Option<String> {
        let Value::Text(bytes, _) = self else { return None };
        let units = bytes.strip_prefix(&[0xfe, 0xff])?.chunks_exact(2);
        let units: Vec<u16> = units
            .filter_map(|pair| Some(u16::from_be_bytes([*pair.first()?, *pair.get(1)?])))
            .collect();
        Some(String::from_utf16_lossy(&units))
    }
}

/// Reads values from bytes.
pub(crate) struct Parser<'a> {
    bytes: &'a [u8],
    base: usize,
    at: usize,
}

impl<'a> Parser<'a> {
    /// `base` is added to reported positions.
    pub(crate) fn new(bytes: &'a [u8], base: usize) -> Self {
        Self { bytes, base, at: 0 }
    }

    /// The same, further on.
    pub(crate) fn at(mut self, at: usize) -> Self {
        self.at = at;
        self
    }

    /// Where it is.
    pub(crate) fn position(&self) -> usize {
        self.at
    }

    /// One value and nothing else.
    pub(crate) fn whole(mut self) -> Option<Value<'a>> {
        let value = self.value()?;
        self.blanks();
        (self.at == self.bytes.len()).then_some(value)
    }

    /// `12 0 obj` and a line feed.
    pub(crate) fn object_head(&mut self) -> Option<u32> {
        let number = self.digits()?;
        self.literal(b" 0 obj\n").then_some(number)
    }

    /// Goes past these bytes if they are next.
    pub(crate) fn literal(&mut self, wanted: &[u8]) -> bool {
        let is_next = self.bytes.get(self.at..).is_some_and(|rest| rest.starts_with(wanted));
        if is_next {
            self.at += wanted.len();
        }
        is_next
    }

    /// The next value.
    pub(crate) fn value(&mut self) -> Option<Value<'a>> {
        self.nested(DEEPEST)
    }

    fn nested(&mut self, depth: usize) -> Option<Value<'a>> {
        let depth = depth.checked_sub(1)?;
        self.blanks();
        match self.peek()? {
            b'/' => self.name().map(Value::Name),
            b'[' => {
                self.at += 1;
                let mut values = Vec::new();
                loop {
                    self.blanks();
                    if self.literal(b"]") {
                        return Some(Value::List(values));
                    }
                    values.push(self.nested(depth)?);
                }
            }
            b'<' if self.bytes.get(self.at + 1) == Some(&b'<') => self.dictionary(depth),
            b'<' => self.hexadecimal(),
            b'(' => self.literal_text(),
            b'n' => self.word(b"null"),
            b't' => self.word(b"true"),
            b'f' => self.word(b"false"),
            _ => self.numeric(),
        }
    }

    fn dictionary(&mut self, depth: usize) -> Option<Value<'a>> {
        self.at += 2;
        let mut entries: Vec<(&'a [u8], Value<'a>)> = Vec::new();
        loop {
            self.blanks();
            if self.literal(b">>") {
                return Some(Value::Dictionary(entries));
            }
            let key = self.name()?;
            // Readers disagree about which of two equal keys counts.
            if entries.iter().any(|(known, _)| *known == key) {
                return None;
            }
            let value = self.nested(depth)?;
            entries.push((key, value));
        }
    }

    fn name(&mut self) -> Option<&'a [u8]> {
        if !self.literal(b"/") {
            return None;
        }
        let begin = self.at;
        while self
            .peek()
            .is_some_and(|byte| byte.is_ascii_alphanumeric() || b"+-_.#".contains(&byte))
        {
            self.at += 1;
        }
        let name = self.bytes.get(begin..self.at)?;
        (!name.is_empty()).then_some(name)
    }

    fn hexadecimal(&mut self) -> Option<Value<'a>> {
        let begin = self.at;
        self.at += 1;
        let rest = self.bytes.get(self.at..)?;
        let length = rest.iter().position(|byte| *byte == b'>')?;
        let digits = rest.get(..length)?;
        let mut out = Vec::with_capacity(length / 2);
        for pair in digits.chunks(2) {
            out.push(digit(*pair.first()?)? << 4 | digit(*pair.get(1)?)?);
        }
        self.at += length + 1;
        Some(Value::Text(out, self.base + begin..self.base + self.at))
    }

    /// Without escapes or brackets within, which this program never writes.
    fn literal_text(&mut self) -> Option<Value<'a>> {
        let begin = self.at;
        let rest = self.bytes.get(self.at + 1..)?;
        let length = rest.iter().position(|byte| *byte == b')')?;
        let text = rest.get(..length)?;
        if text.iter().any(|byte| matches!(byte, b'(' | b'\\')) {
            return None;
        }
        self.at += length + 2;
        Some(Value::Text(text.to_vec(), self.base + begin..self.base + self.at))
    }

    fn word(&mut self, word: &[u8]) -> Option<Value<'a>> {
        self.literal(word).then_some(Value::Other)
    }

    fn numeric(&mut self) -> Option<Value<'a>> {
        let begin = self.at;
        while self
            .peek()
            .is_some_and(|byte| byte.is_ascii_digit() || b"+-.".contains(&byte))
        {
            self.at += 1;
        }
        let text = std::str::from_utf8(self.bytes.get(begin..self.at)?).ok()?;
        let Ok(number) = text.parse::<i64>() else {
            return text.parse::<f64>().ok().map(|_| Value::Other);
        };
        if self.literal(b" 0 R") {
            return u32::try_from(number).ok().map(Value::Reference);
        }
        Some(Value::Number(number))
    }

    fn digits(&mut self) -> Option<u32> {
        let begin = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        std::str::from_utf8(self.bytes.get(begin..self.at)?).ok()?.parse().ok()
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n')) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }
}

/// Lower case only: one way to write a byte, so that none can be exchanged for another.
fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    }
}
