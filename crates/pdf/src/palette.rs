//! Colours and measures of the page, in one place.

use printpdf::{Color, Rgb};

/// Measures are in points, 1/72 inch; the page is A4.
pub(crate) const WIDTH: f32 = 595.28;
/// See [`WIDTH`].
pub(crate) const HEIGHT: f32 = 841.89;
/// Left edge of everything.
pub(crate) const LEFT: f32 = 56.0;
/// Right edge of everything.
pub(crate) const RIGHT: f32 = WIDTH - 56.0;
/// Where text begins on a page.
pub(crate) const TOP: f32 = HEIGHT - 72.0;
/// Where text ends on a page.
pub(crate) const BOTTOM: f32 = 64.0;
/// Width of the column of times in the transcript.
pub(crate) const GUTTER: f32 = 74.0;

/// A colour.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Ink(f32, f32, f32);

impl Ink {
    /// As printpdf wants it.
    pub(crate) fn colour(self) -> Color {
        Color::Rgb(Rgb::new(self.0, self.1, self.2, None))
    }
}

impl Ink {
    /// For codes that cameras read.
    pub(crate) const BLACK: Self = Self(0.0, 0.0, 0.0);
}

/// Text.
pub(crate) const TEXT: Ink = Ink(0.09, 0.12, 0.17);
/// Text of lesser weight.
pub(crate) const MUTED: Ink = Ink(0.38, 0.42, 0.48);
/// The house's colour.
pub(crate) const ACCENT: Ink = Ink(0.05, 0.36, 0.42);
/// Lines between things.
pub(crate) const RULE: Ink = Ink(0.84, 0.86, 0.89);
/// Behind outputs.
pub(crate) const OUTPUT: Ink = Ink(0.962, 0.967, 0.974);
/// Behind commands.
pub(crate) const COMMAND: Ink = Ink(0.905, 0.945, 0.95);
/// What was hidden in a text.
pub(crate) const MARK: Ink = Ink(0.68, 0.20, 0.06);
/// Holds.
pub(crate) const GOOD: Ink = Ink(0.07, 0.42, 0.24);
/// Behind what holds.
pub(crate) const GOOD_GROUND: Ink = Ink(0.915, 0.96, 0.93);
/// Not known.
pub(crate) const OPEN: Ink = Ink(0.55, 0.36, 0.02);
/// Behind what is not known.
pub(crate) const OPEN_GROUND: Ink = Ink(0.99, 0.96, 0.89);
/// Does not hold.
pub(crate) const BAD: Ink = Ink(0.68, 0.10, 0.10);
/// Behind what does not hold.
pub(crate) const BAD_GROUND: Ink = Ink(0.99, 0.925, 0.92);
