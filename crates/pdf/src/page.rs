//! Sheets of paper and what is put on them. Knows lines, boxes, places and whose they are, not what they mean.
//!
//! A sheet holds its letters in one string and places into it, not printpdf's operations: those take ten times the room and are made
//! a few hundred pages at a time ([`crate::sheaf`]).

use crate::face::{FaceId, Faces, Style};
use crate::palette::{BOTTOM, HEIGHT, Ink, LEFT, MUTED, RIGHT, RULE, TEXT, TOP};
use crate::tree::{Figure, Owner, Tag, Tree};
use std::ops::Range;

/// What letters stand for when a document is read aloud, searched or copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StandsFor {
    /// What they are.
    Itself,
    /// A character that no font has.
    Letter(char),
    /// Nothing: the letters before them have said it.
    Nothing,
}

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
    /// What they stand for.
    pub(crate) stands_for: StandsFor,
}

/// A run in its place.
pub(crate) struct Placed {
    /// The font.
    pub(crate) face: FaceId,
    /// The colour.
    pub(crate) ink: Ink,
    /// Where it begins, in points from the left edge.
    pub(crate) x: f32,
    /// Its baseline, in points from the lower edge.
    pub(crate) y: f32,
    /// Size of the font.
    pub(crate) size: f32,
    /// The element it belongs to.
    pub(crate) owner: Owner,
    /// What it stands for.
    pub(crate) stands_for: StandsFor,
    letters: Range<u32>,
}

/// What lies behind letters, or between them.
pub(crate) enum Shape {
    /// A box.
    Fill {
        /// Left, lower edge, width, height.
        edges: [f32; 4],
        /// Its colour.
        ink: Ink,
    },
    /// A horizontal line.
    Rule {
        /// From here.
        from: f32,
        /// To here.
        to: f32,
        /// At this height.
        y: f32,
        /// This thick.
        thickness: f32,
        /// In this colour.
        ink: Ink,
    },
}

/// One page.
#[derive(Default)]
pub(crate) struct Sheet {
    /// Decoration, drawn first.
    pub(crate) shapes: Vec<Shape>,
    /// Pictures: black boxes that belong to an element.
    pub(crate) pictures: Vec<(Owner, Vec<[f32; 4]>)>,
    /// Letters.
    pub(crate) runs: Vec<Placed>,
    letters: String,
}

impl Sheet {
    /// The letters of a run.
    pub(crate) fn letters(&self, run: &Placed) -> &str {
        let position = |at: u32| usize::try_from(at).unwrap_or(usize::MAX);
        self.letters
            .get(position(run.letters.start)..position(run.letters.end))
            .unwrap_or("")
    }

    fn push(&mut self, run: Run, y: f32, size: f32, owner: Owner) {
        let start = u32::try_from(self.letters.len()).unwrap_or(u32::MAX);
        self.letters.push_str(&run.text);
        self.runs.push(Placed {
            face: run.face,
            ink: run.ink,
            x: hundredths(run.x),
            y: hundredths(y),
            size,
            owner,
            stands_for: run.stands_for,
            letters: start..u32::try_from(self.letters.len()).unwrap_or(u32::MAX),
        });
    }
}

/// A place that the outline leads to.
pub(crate) struct Bookmark {
    /// What it says.
    pub(crate) title: String,
    /// How deep it lies: 0 for parts, 1 for what is in them, and so on.
    pub(crate) level: usize,
    /// Page, from 0.
    pub(crate) page: usize,
    /// How high on the page.
    pub(crate) y: f32,
}

/// The pages so far, and the one that is being written.
pub(crate) struct Paper {
    /// The fonts.
    pub(crate) faces: Faces,
    /// The structure.
    pub(crate) tree: Tree,
    /// The pages.
    pub(crate) sheets: Vec<Sheet>,
    /// The outline.
    pub(crate) bookmarks: Vec<Bookmark>,
    owner: Owner,
    head: String,
    y: f32,
}

impl Paper {
    /// One empty page. `head` stands on top of every later one.
    pub(crate) fn new(faces: Faces, head: String) -> Self {
        Self {
            faces,
            tree: Tree::new(),
            sheets: vec![Sheet::default()],
            bookmarks: Vec::new(),
            owner: Owner::ROOT,
            head,
            y: TOP,
        }
    }

    /// Pages so far.
    pub(crate) fn count(&self) -> usize {
        self.sheets.len()
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
        self.sheets.push(Sheet::default());
        let head = self.head.clone();
        self.owned_by(Owner::HEAD, |paper| {
            paper.line_of(LEFT, HEIGHT - 44.0, Style::Plain, 7.5, MUTED, &head);
        });
        self.rule(HEIGHT - 51.0, LEFT, RIGHT, RULE, 0.5);
        self.y = TOP;
    }

    /// Leads here from the outline.
    pub(crate) fn bookmark(&mut self, level: usize, title: String) {
        let page = self.sheets.len().saturating_sub(1);
        self.bookmarks.push(Bookmark {
            title,
            level,
            page,
            y: self.y,
        });
    }

    /// Everything drawn within belongs to a new element.
    pub(crate) fn within<T>(&mut self, tag: Tag, draw: impl FnOnce(&mut Self) -> T) -> T {
        let owner = self.tree.grow(self.owner, tag, None);
        self.owned_by(owner, draw)
    }

    /// What is drawn within is content: it belongs to the present element, or to a paragraph if that only holds others.
    pub(crate) fn flowing<T>(&mut self, draw: impl FnOnce(&mut Self) -> T) -> T {
        match self.tree.tag(self.owner) {
            Some(tag) if tag.is_container() => self.within(Tag::Paragraph, draw),
            _ => draw(self),
        }
    }

    fn owned_by<T>(&mut self, owner: Owner, draw: impl FnOnce(&mut Self) -> T) -> T {
        let before = std::mem::replace(&mut self.owner, owner);
        let drawn = draw(self);
        self.owner = before;
        drawn
    }

    /// Writes runs on the baseline `y`.
    pub(crate) fn runs(&mut self, y: f32, size: f32, runs: Vec<Run>) {
        self.flowing(|paper| {
            let owner = paper.owner;
            if let Some(sheet) = paper.sheets.last_mut() {
                for run in runs.into_iter().filter(|run| !run.text.is_empty()) {
                    sheet.push(run, y, size, owner);
                }
            }
        });
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
                    stands_for: StandsFor::Itself,
                }),
            }
            at += width * size;
        }
        self.runs(y, size, runs);
        at
    }

    /// Fills a box whose upper edge is at `y`.
    pub(crate) fn fill(&mut self, x: f32, y: f32, width: f32, height: f32, ink: Ink) {
        let edges = [x, y - height, width, height].map(hundredths);
        self.shape(Shape::Fill { edges, ink });
    }

    /// A horizontal line.
    pub(crate) fn rule(&mut self, y: f32, from: f32, to: f32, ink: Ink, thickness: f32) {
        let [from, to, y] = [from, to, y].map(hundredths);
        self.shape(Shape::Rule {
            from,
            to,
            y,
            thickness,
            ink,
        });
    }

    /// A picture of black boxes (left, lower edge, width, height), with words for those who cannot see it.
    pub(crate) fn picture(&mut self, figure: Figure, boxes: Vec<[f32; 4]>) {
        let owner = self.tree.grow(self.owner, Tag::Figure, Some(figure));
        if let Some(sheet) = self.sheets.last_mut() {
            sheet.pictures.push((owner, boxes));
        }
    }

    /// Numbers the pages.
    pub(crate) fn number(&mut self, foot: &str) {
        let sheets = std::mem::take(&mut self.sheets);
        let total = sheets.len();
        let mut numbered = Vec::with_capacity(total);
        for (index, sheet) in sheets.into_iter().enumerate() {
            self.sheets.push(sheet);
            let number = format!("Page {} of {total}", index + 1);
            let width = self.faces.width(Style::Plain, &number, 7.5);
            self.rule(46.0, LEFT, RIGHT, RULE, 0.5);
            self.owned_by(Owner::FOOT, |paper| {
                paper.line_of(LEFT, 34.0, Style::Plain, 7.5, MUTED, foot);
                paper.line_of(RIGHT - width, 34.0, Style::Plain, 7.5, TEXT, &number);
            });
            numbered.append(&mut self.sheets);
        }
        self.sheets = numbered;
    }

    fn shape(&mut self, shape: Shape) {
        if let Some(sheet) = self.sheets.last_mut() {
            sheet.shapes.push(shape);
        }
    }
}

/// Finer than any printer, and half the digits.
fn hundredths(points: f32) -> f32 {
    (points * 100.0).round() / 100.0
}
