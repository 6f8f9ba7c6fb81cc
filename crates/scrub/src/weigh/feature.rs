//! What is shown, as numbers: features of a kind with one or two values, mixed to so many bits.

/// Features are told apart by so many bits.
pub(crate) const BITS: u32 = 17;

/// What a candidate may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// A person's or a machine's name.
    Name,
    /// A password or token.
    Secret,
}

/// The kinds of features: what a value weighs depends on its kind.
#[derive(Debug, Clone, Copy)]
pub(super) enum Of {
    Any,
    Lists,
    Shape,
    Before,
    After,
    TwoBefore,
    TwoAfter,
    SignsBefore,
    SignsAfter,
    SignsAround,
    AllSigns,
    Place,
    Label,
    Twos,
    Threes,
    Fours,
}

/// In place of a word: any number, the beginning and the end of a line, and from [`FOUND`] on what rules found.
pub(super) const NUMBER: u32 = 1;
pub(super) const BEGINNING: u32 = 2;
pub(super) const END: u32 = 3;
pub(super) const FOUND: u32 = 4;

/// The number of a feature.
#[inline]
pub(super) fn number(of: Of, one: u32, two: u32) -> u32 {
    let kind = (of as u32 + 1).wrapping_mul(0x9E37_79B1);
    let values = one.wrapping_mul(0x85EB_CA77) ^ two.wrapping_mul(0xC2B2_AE3D).rotate_left(13);
    let mixed = kind ^ values;
    (mixed ^ mixed >> 15).wrapping_mul(0x2C1B_3C6D) >> (32 - BITS)
}

/// So many letters are looked at.
const LETTERS: usize = 32;

/// Two, three and four letters in a row, the ends of the word among them.
pub(super) fn of_letters(text: &str, mut add: impl FnMut(u32)) {
    let mut four = u32::from(b'^');
    for byte in text.bytes().take(LETTERS).chain([b'$']) {
        four = four << 8 | u32::from(byte.to_ascii_lowercase());
        add(number(Of::Twos, four & 0xFFFF, 0));
        if four > 0xFFFF {
            add(number(Of::Threes, four & 0xFF_FFFF, 0));
        }
        if four > 0xFF_FFFF {
            add(number(Of::Fours, four, 0));
        }
    }
}

/// What a word looks like: its bytes by kind, of those in a row that are of one kind only one (FNV-1a).
pub(super) fn shape(text: &str) -> u32 {
    let mut last = 0;
    text.bytes().fold(0x811C_9DC5, |mixed, byte| {
        let kind = match byte {
            b'A'..=b'Z' => b'A',
            b'a'..=b'z' => b'a',
            b'0'..=b'9' => b'9',
            0x80.. => b'u',
            other => other,
        };
        if std::mem::replace(&mut last, kind) == kind {
            mixed
        } else {
            (mixed ^ u32::from(kind)).wrapping_mul(0x0100_0193)
        }
    })
}
