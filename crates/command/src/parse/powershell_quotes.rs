//! A second, independent look at PowerShell's quoting.
//!
//! The grammar of tree-sitter-powershell knows quotes at the beginning of a word, not inside one (`name="Block SMB"`), and a text made for
//! it could hide commands in what it takes for a string or comment. This scanner finds every quoted text and comment by PowerShell's own
//! rules (about_Quoting_Rules, about_Parsing, about_Comments). What stands in quotes inside a word is masked, same length, before the
//! grammar sees it; and whatever the grammar then calls a string or a comment must be one that stands in this list.

use std::collections::BTreeSet;

/// Quoted texts and comments as byte ranges, delimiters included.
#[derive(Debug, Default)]
pub(super) struct Quotes {
    pub(super) strings: BTreeSet<(usize, usize)>,
    pub(super) comments: BTreeSet<(usize, usize)>,
    /// The text with quoted parts inside words replaced by underscores.
    pub(super) masked: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Inside {
    Bracket(u8),
    Quote { start: usize, in_word: bool, plain: bool },
    HereQuote { start: usize },
}

/// None when a quoted text, comment or bracket does not end.
pub(super) fn scan(text: &str) -> Option<Quotes> {
    let mut scanner = Scanner {
        bytes: text.as_bytes(),
        at: 0,
        in_word: false,
        inside: Vec::new(),
        found: Quotes::default(),
        masks: Vec::new(),
    };
    while scanner.at < scanner.bytes.len() {
        scanner.step()?;
    }
    if !scanner.inside.is_empty() {
        return None;
    }
    let Scanner { mut found, masks, .. } = scanner;
    let mut masked = text.as_bytes().to_vec();
    for (start, end) in masks {
        for byte in masked.get_mut(start..end)? {
            if byte.is_ascii() && !byte.is_ascii_alphanumeric() {
                *byte = b'_';
            }
        }
    }
    small_units(&mut masked);
    found.masked = String::from_utf8(masked).ok()?;
    Some(found)
}

/// The grammar knows `1gb`, and not `1GB`.
fn small_units(text: &mut [u8]) {
    for at in 1..text.len() {
        let follows = matches!(text.get(at - 1), Some(byte) if byte.is_ascii_digit());
        if let (
            true,
            Some(
                [
                    unit @ (b'K' | b'M' | b'G' | b'T' | b'P' | b'k' | b'm' | b'g' | b't' | b'p'),
                    byte @ (b'B' | b'b'),
                    ..,
                ],
            ),
        ) = (follows, text.get_mut(at..))
        {
            unit.make_ascii_lowercase();
            byte.make_ascii_lowercase();
        }
    }
}

struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
    in_word: bool,
    inside: Vec<Inside>,
    found: Quotes,
    masks: Vec<(usize, usize)>,
}

impl Scanner<'_> {
    fn peek(&self, ahead: usize) -> u8 {
        self.bytes.get(self.at + ahead).copied().unwrap_or(0)
    }

    fn step(&mut self) -> Option<()> {
        match self.inside.last().copied() {
            Some(Inside::Quote { start, in_word, plain }) => self.in_quote(start, in_word, plain),
            Some(Inside::HereQuote { start }) => self.in_here_quote(start),
            _ => self.in_code(),
        }
    }

    fn in_code(&mut self) -> Option<()> {
        let byte = self.peek(0);
        match byte {
            b'`' => {
                self.in_word = true;
                self.at += 2;
            }
            b'#' if !self.in_word => {
                let end = self.find(self.at, b"\n").unwrap_or(self.bytes.len());
                let trimmed = if self.bytes.get(end.wrapping_sub(1)) == Some(&b'\r') {
                    end - 1
                } else {
                    end
                };
                self.found.comments.insert((self.at, trimmed));
                self.at = end;
            }
            b'<' if !self.in_word && self.peek(1) == b'#' => {
                let end = self.find(self.at + 2, b"#>")? + 2;
                self.found.comments.insert((self.at, end));
                self.at = end;
            }
            b'@' if !self.in_word && matches!(self.peek(1), b'\'' | b'"') => self.here()?,
            b'\'' => self.verbatim()?,
            b'"' => {
                self.inside.push(Inside::Quote {
                    start: self.at,
                    in_word: self.in_word,
                    plain: true,
                });
                self.at += 1;
            }
            b'$' if self.peek(1) == b'{' => {
                self.at = self.find(self.at, b"}")? + 1;
                self.in_word = true;
            }
            b'(' | b'{' => {
                self.inside.push(Inside::Bracket(byte));
                self.plain(false);
            }
            b')' | b'}' => {
                let opened = if byte == b')' { b'(' } else { b'{' };
                if self.inside.pop() != Some(Inside::Bracket(opened)) {
                    return None;
                }
                // After `)` a quote would begin a new text either way.
                self.plain(true);
            }
            b' ' | b'\t' | b'\r' | b'\n' | b';' | b'|' | b'&' | b',' => self.plain(false),
            _ => self.plain(true),
        }
        Some(())
    }

    fn plain(&mut self, in_word: bool) {
        self.in_word = in_word;
        self.at += 1;
    }

    fn verbatim(&mut self) -> Option<()> {
        let (start, in_word) = (self.at, self.in_word);
        let mut end = self.find(start + 1, b"'")?;
        while self.bytes.get(end + 1) == Some(&b'\'') {
            end = self.find(end + 2, b"'")?;
        }
        self.close(start, end + 1, in_word, true);
        Some(())
    }

    fn close(&mut self, start: usize, end: usize, in_word: bool, plain: bool) {
        self.found.strings.insert((start, end));
        if in_word && plain {
            self.masks.push((start + 1, end - 1));
        }
        self.at = end;
        self.in_word = true;
    }

    fn here(&mut self) -> Option<()> {
        let (start, quote) = (self.at, self.peek(1));
        let mut body = start + 2;
        while matches!(self.bytes.get(body), Some(b' ' | b'\t' | b'\r')) {
            body += 1;
        }
        if self.bytes.get(body) != Some(&b'\n') {
            return None;
        }
        if quote == b'\'' {
            let end = self.find(body, b"\n'@")? + 3;
            self.close(start, end, false, false);
        } else {
            self.at = body;
            self.inside.push(Inside::HereQuote { start });
        }
        Some(())
    }

    fn in_quote(&mut self, start: usize, in_word: bool, plain: bool) -> Option<()> {
        match self.peek(0) {
            b'`' => {
                self.at += 2;
                self.not_plain();
            }
            b'"' if self.peek(1) == b'"' => self.at += 2,
            b'"' => {
                self.inside.pop();
                self.close(start, self.at + 1, in_word, plain);
            }
            b'$' => {
                self.not_plain();
                self.substitution();
            }
            _ => self.at += 1,
        }
        Some(())
    }

    fn in_here_quote(&mut self, start: usize) -> Option<()> {
        match self.peek(0) {
            b'`' => self.at += 2,
            b'$' => self.substitution(),
            b'\n' if self.peek(1) == b'"' && self.peek(2) == b'@' => {
                self.inside.pop();
                self.close(start, self.at + 3, false, false);
            }
            _ => self.at += 1,
        }
        Some(())
    }

    fn substitution(&mut self) {
        if self.peek(1) == b'(' {
            self.inside.push(Inside::Bracket(b'('));
            self.in_word = false;
            self.at += 2;
        } else {
            self.at += 1;
        }
    }

    fn not_plain(&mut self) {
        if let Some(Inside::Quote { plain, .. }) = self.inside.last_mut() {
            *plain = false;
        }
    }

    fn find(&self, from: usize, what: &[u8]) -> Option<usize> {
        let rest = self.bytes.get(from..)?;
        rest.windows(what.len()).position(|window| window == what).map(|at| from + at)
    }
}
