//! The built-in fonts, and which of them draws a character.
//!
//! Promises: every character gets a glyph that stands for no other character, or is printed as its number. Two characters that share
//! a glyph would be told apart neither by the eye nor by a search in the document.

use crate::PdfError;
use printpdf::{ParsedFont, PdfFont};
use std::collections::HashMap;

/// How a text is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Style {
    /// Prose.
    Plain,
    /// Headings and names.
    Bold,
    /// Commands and outputs: every character one cell wide, or two.
    Mono,
}

/// Which built-in font.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct FaceId(usize);

impl FaceId {
    /// Its place among the built-in fonts.
    pub(crate) fn position(self) -> usize {
        self.0
    }
}

/// Name for people, bytes.
const FILES: [(&str, &[u8]); 5] = [
    ("Noto Sans", include_bytes!("../fonts/NotoSans-Regular.ttf")),
    ("Noto Sans Bold", include_bytes!("../fonts/NotoSans-Bold.ttf")),
    ("DejaVu Sans Mono", include_bytes!("../fonts/DejaVuSansMono.ttf")),
    ("DejaVu Sans", include_bytes!("../fonts/DejaVuSans.ttf")),
    ("Droid Sans Fallback", include_bytes!("../fonts/DroidSansFallback.ttf")),
];

const PLAIN: FaceId = FaceId(0);
const BOLD: FaceId = FaceId(1);
const MONO: FaceId = FaceId(2);
const SYMBOLS: FaceId = FaceId(3);
const CJK: FaceId = FaceId(4);

struct Face {
    font: ParsedFont,
    /// The one character that each glyph stands for.
    meaning: HashMap<u16, char>,
}

/// The built-in fonts.
pub(crate) struct Faces {
    faces: Vec<Face>,
    chosen: HashMap<(Style, char), Option<(FaceId, f32)>>,
}

impl Faces {
    /// Reads the fonts.
    pub(crate) fn load() -> Result<Self, PdfError> {
        let mut faces = Vec::with_capacity(FILES.len());
        for (name, bytes) in FILES {
            let font = ParsedFont::from_bytes(bytes, 0, &mut Vec::new()).ok_or(PdfError::Font(name))?;
            let mut meaning = HashMap::new();
            // The letters of everyday writing come before anything that borrows their glyphs.
            for letter in ('\u{20}'..='\u{7e}').chain('\u{a1}'..='\u{17f}').chain('\u{370}'..='\u{52f}') {
                if let Some(glyph) = glyph_of(&font, letter) {
                    meaning.entry(glyph).or_insert(letter);
                }
            }
            faces.push(Face { font, meaning });
        }
        Ok(Self {
            faces,
            chosen: HashMap::new(),
        })
    }

    /// The font that draws this character in this style, and its width as a part of the font size; none when no font can.
    pub(crate) fn choose(&mut self, style: Style, letter: char) -> Option<(FaceId, f32)> {
        if let Some(known) = self.chosen.get(&(style, letter)) {
            return *known;
        }
        let chain = match style {
            Style::Plain => [PLAIN, SYMBOLS, CJK],
            Style::Bold => [BOLD, SYMBOLS, CJK],
            Style::Mono => [MONO, SYMBOLS, CJK],
        };
        let found = chain.into_iter().find_map(|id| {
            let face = self.faces.get_mut(id.0)?;
            let glyph = glyph_of(&face.font, letter)?;
            let is_its_own = *face.meaning.entry(glyph).or_insert(letter) == letter;
            is_its_own.then(|| (id, advance(&face.font, glyph)))
        });
        self.chosen.insert((style, letter), found);
        found
    }

    /// Width of a text in which every character can be drawn; those that cannot count nothing.
    pub(crate) fn width(&mut self, style: Style, text: &str, size: f32) -> f32 {
        text.chars()
            .filter_map(|letter| self.choose(style, letter))
            .map(|(_, width)| width * size)
            .sum()
    }

    /// A font, for a document; it embeds what it uses of it.
    pub(crate) fn font(&self, id: FaceId) -> Option<PdfFont> {
        self.faces.get(id.0).map(|face| PdfFont::new(face.font.clone()))
    }
}

fn glyph_of(font: &ParsedFont, letter: char) -> Option<u16> {
    // Glyph 0 is the box that stands for "no glyph".
    font.lookup_glyph_index(u32::from(letter)).filter(|glyph| *glyph != 0)
}

fn advance(font: &ParsedFont, glyph: u16) -> f32 {
    let unit = font.pdf_font_metrics.units_per_em;
    f32::from(font.get_horizontal_advance(glyph)) / if unit == 0 { 1000.0 } else { f32::from(unit) }
}
