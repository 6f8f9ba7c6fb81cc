//! A recorded text, cut into what is drawn as it is and marks for what was hidden in it.

use crate::face::{FaceId, Faces, Style};
use caisey_console::visible::{Segment, segments_if_needed};

/// More combining marks than this on one letter hide what is below them.
const MOST_COMBINING: usize = 2;

/// Why a character is not one of the text itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    /// It is.
    None,
    /// It belongs to the label of something that hides, or that must not be repeated.
    Hidden,
    /// It belongs to the number of a character that no font has; the first of its letters stands for that character, the others for
    /// nothing, so that who copies the text gets what was there.
    Missing {
        /// The character.
        letter: char,
        /// Whether it is the first.
        is_first: bool,
    },
}

/// One character to draw.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Letter {
    /// The character.
    pub(crate) letter: char,
    /// The mark that it belongs to.
    pub(crate) mark: Mark,
    /// The font that draws it.
    pub(crate) face: FaceId,
    /// Its width as a part of the font size.
    pub(crate) width: f32,
}

/// A text as letters. Line feeds and tabs are kept, everything else can be drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Token {
    /// Draw it.
    Letter(Letter),
    /// Begin a new line.
    NewLine,
    /// Go to the next tabulator stop, or leave a space.
    Tab,
}

/// Turns a text into tokens, in the style's fonts.
pub(crate) fn tokens(faces: &mut Faces, style: Style, text: &str) -> Vec<Token> {
    let mut out = Vec::with_capacity(text.len());
    match segments_if_needed(text) {
        None => plain(faces, style, text, &mut out),
        Some(found) => {
            for segment in found {
                match segment {
                    Segment::Plain { text } => plain(faces, style, &text, &mut out),
                    Segment::Escape { label } => mark(faces, style, &label, &mut out),
                }
            }
        }
    }
    out
}

fn plain(faces: &mut Faces, style: Style, text: &str, out: &mut Vec<Token>) {
    let mut combining = 0;
    for letter in text.chars() {
        match letter {
            '\n' => out.push(Token::NewLine),
            '\t' => out.push(Token::Tab),
            _ => match faces.choose(style, letter) {
                Some((face, width)) if width > 0.0 || combining < MOST_COMBINING => {
                    combining = if width > 0.0 { 0 } else { combining + 1 };
                    out.push(Token::Letter(Letter {
                        letter,
                        mark: Mark::None,
                        face,
                        width,
                    }));
                }
                found => {
                    let begin = out.len();
                    mark(faces, style, &format!("U+{:04X}", u32::from(letter)), out);
                    if found.is_none() && is_repeatable(letter) {
                        missing(out.get_mut(begin..).unwrap_or_default(), letter);
                    }
                }
            },
        }
    }
}

/// Whether a character may stand in the file for those who copy or search: not one whose meaning nobody knows (ISO 19005-3 §6.2.11.7.3).
fn is_repeatable(letter: char) -> bool {
    !matches!(letter, '\u{e000}'..='\u{f8ff}' | '\u{fdd0}'..='\u{fdef}' | '\u{f0000}'..)
}

fn missing(tokens: &mut [Token], real: char) {
    for (index, token) in tokens.iter_mut().enumerate() {
        if let Token::Letter(letter) = token {
            letter.mark = Mark::Missing {
                letter: real,
                is_first: index == 0,
            };
        }
    }
}

fn mark(faces: &mut Faces, style: Style, label: &str, out: &mut Vec<Token>) {
    for letter in std::iter::once('‹').chain(label.chars()).chain(std::iter::once('›')) {
        // A label may quote letters of the text; what no font has is a box with its own meaning here.
        let (letter, drawn) = match faces.choose(style, letter) {
            Some(drawn) => (letter, Some(drawn)),
            None => ('?', faces.choose(style, '?')),
        };
        if let Some((face, width)) = drawn {
            out.push(Token::Letter(Letter {
                letter,
                mark: Mark::Hidden,
                face,
                width,
            }));
        }
    }
}
