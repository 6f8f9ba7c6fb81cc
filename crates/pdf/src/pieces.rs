//! A recorded text, cut into what is drawn as it is and marks for what was hidden in it.

use crate::face::{FaceId, Faces, Style};
use caisey_console::visible::{Segment, segments_if_needed};

/// More combining marks than this on one letter hide what is below them.
const MOST_COMBINING: usize = 2;

/// One character to draw.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Letter {
    /// The character.
    pub(crate) letter: char,
    /// Whether it belongs to a mark.
    pub(crate) is_mark: bool,
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
                        is_mark: false,
                        face,
                        width,
                    }));
                }
                _ => mark(faces, style, &format!("U+{:04X}", u32::from(letter)), out),
            },
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
                is_mark: true,
                face,
                width,
            }));
        }
    }
}
