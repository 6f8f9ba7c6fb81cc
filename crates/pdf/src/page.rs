//! Sheets of paper and what is put on them. Knows lines, boxes and places, not what they mean.

use crate::face::{FaceId, Faces, Style};
use crate::palette::{BOTTOM, HEIGHT, Ink, LEFT, MUTED, RIGHT, RULE, TEXT, TOP, WIDTH};
use printpdf::{Line, LinePoint, Mm, Op, PaintMode, PdfFontHandle, PdfPage, Point, Pt, Rect, TextItem};

/// A run of letters in one font and colour.
pub(crate) struct Run {
    /// The font.
    pub(crate) face: FaceId,
    /// The colour.
    pub(crate) ink: Ink,
    /// The letters.
    pub(crate) text: String,
    /// Where it begins, in points from the left edge.
    pub(crate) x: f32,
}

/// A place that the outline leads to.
pub(crate) struct Bookmark {
    /// What it says.
    pub(crate) title: String,
    /// Page, from 1.
    pub(crate) page: usize,
}

/// The pages so far, and the one that is being written.
pub(crate) struct Paper {
    /// The fonts.
    pub(crate) faces: Faces,
    pages: Vec<Vec<Op>>,
    bookmarks: Vec<Bookmark>,
    head: String,
    y: f32,
}

impl Paper {
    /// One empty page. `head` stands on top of every later one.
    pub(crate) fn new(faces: Faces, head: String) -> Self {
        Self {
            faces,
            pages: vec![Vec::new()],
            bookmarks: Vec::new(),
            head,
            y: TOP,
        }
    }

    /// Pages so far.
    pub(crate) fn count(&self) -> usize {
        self.pages.len()
    }

    /// Where the next thing goes, in points from the lower edge.
    pub(crate) fn y(&self) -> f32 {
        self.y
    }

    /// Goes down.
    pub(crate) fn skip(&mut self, points: f32) {
        self.y -= points;
    }

    /// Makes sure that this much fits below, on a new page if it must. Says whether there is a new page.
    pub(crate) fn need(&mut self, points: f32) -> bool {
        let is_full = self.y - points < BOTTOM && self.y < TOP;
        if is_full {
            self.break_page();
        }
        is_full
    }

    /// Begins a new page.
    pub(crate) fn break_page(&mut self) {
        self.pages.push(Vec::new());
        let head = self.head.clone();
        self.line_of(LEFT, HEIGHT - 44.0, Style::Plain, 7.5, MUTED, &head);
        self.rule(HEIGHT - 51.0, LEFT, RIGHT, RULE, 0.5);
        self.y = TOP;
    }

    /// Leads here from the outline.
    pub(crate) fn bookmark(&mut self, title: String) {
        let page = self.pages.len();
        self.bookmarks.push(Bookmark { title, page });
    }

    /// Writes runs on the baseline `y`.
    pub(crate) fn runs(&mut self, y: f32, size: f32, runs: Vec<Run>) {
        for run in runs.into_iter().filter(|run| !run.text.is_empty()) {
            self.draw([
                Op::StartTextSection,
                Op::SetFillColor { col: run.ink.colour() },
                Op::SetTextCursor { pos: point(run.x, y) },
                Op::SetFont {
                    font: PdfFontHandle::External(Faces::name(run.face)),
                    size: Pt(size),
                },
                Op::ShowText {
                    items: vec![TextItem::Text(run.text)],
                },
                Op::EndTextSection,
            ]);
        }
    }

    /// Writes a short text of our own, cut to nothing; returns where it ends. Recorded texts go through [`crate::prose`].
    pub(crate) fn line_of(&mut self, x: f32, y: f32, style: Style, size: f32, ink: Ink, text: &str) -> f32 {
        let mut runs: Vec<Run> = Vec::new();
        let mut at = x;
        for letter in text.chars() {
            let Some((face, width)) = self.faces.choose(style, letter) else {
                continue;
            };
            match runs.last_mut() {
                Some(run) if run.face == face => run.text.push(letter),
                _ => runs.push(Run {
                    face,
                    ink,
                    text: letter.to_string(),
                    x: at,
                }),
            }
            at += width * size;
        }
        self.runs(y, size, runs);
        at
    }

    /// Fills a box whose upper edge is at `y`.
    pub(crate) fn fill(&mut self, x: f32, y: f32, width: f32, height: f32, ink: Ink) {
        let rectangle = Rect {
            x: Pt(x),
            y: Pt(y - height),
            width: Pt(width),
            height: Pt(height),
            mode: Some(PaintMode::Fill),
            winding_order: None,
        };
        self.draw([Op::SetFillColor { col: ink.colour() }, Op::DrawRectangle { rectangle }]);
    }

    /// A horizontal line.
    pub(crate) fn rule(&mut self, y: f32, from: f32, to: f32, ink: Ink, thickness: f32) {
        let points = [from, to]
            .map(|x| LinePoint {
                p: point(x, y),
                bezier: false,
            })
            .to_vec();
        self.draw([
            Op::SetOutlineColor { col: ink.colour() },
            Op::SetOutlineThickness { pt: Pt(thickness) },
            Op::DrawLine {
                line: Line {
                    points,
                    is_closed: false,
                },
            },
        ]);
    }

    /// Numbers the pages and hands everything over: fonts, pages, bookmarks.
    pub(crate) fn bind(mut self, foot: &str) -> (Faces, Vec<PdfPage>, Vec<Bookmark>) {
        let total = self.pages.len();
        let mut bound = Vec::with_capacity(total);
        for (index, ops) in std::mem::take(&mut self.pages).into_iter().enumerate() {
            self.pages = vec![ops];
            let number = format!("Page {} of {total}", index + 1);
            let width = self.faces.width(Style::Plain, &number, 7.5);
            self.rule(46.0, LEFT, RIGHT, RULE, 0.5);
            self.line_of(LEFT, 34.0, Style::Plain, 7.5, MUTED, foot);
            self.line_of(RIGHT - width, 34.0, Style::Plain, 7.5, TEXT, &number);
            let ops = self.pages.pop().unwrap_or_default();
            bound.push(PdfPage::new(Mm::from(Pt(WIDTH)), Mm::from(Pt(HEIGHT)), ops));
        }
        (self.faces, bound, self.bookmarks)
    }

    fn draw(&mut self, ops: impl IntoIterator<Item = Op>) {
        if let Some(page) = self.pages.last_mut() {
            page.extend(ops);
        }
    }
}

fn point(x: f32, y: f32) -> Point {
    Point { x: Pt(x), y: Pt(y) }
}
