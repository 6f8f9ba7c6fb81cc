//! A sheaf of pages: from our sheets to PDF objects, through printpdf.
//!
//! Pages are bound in sheaves of fixed size, so that the file does not depend on the number of processors, and a few at a time, so that
//! memory depends on neither. Each sheaf embeds subsets of the fonts it uses. Follows ISO 32000-1 §14.6 for marked content.

use crate::PdfError;
use crate::face::{FaceId, Faces};
use crate::file::deflate;
use crate::page::{Placed, Shape, Sheet, StandsFor};
use crate::palette::{HEIGHT, Ink, WIDTH};
use crate::tree::{Owner, Tag, Tree};
use lopdf::Object;
use printpdf::{
    DictItem, FontId, Line, LinePoint, Mm, Op, PaintMode, PdfDocument, PdfFontHandle, PdfPage, PdfParseErrorSeverity,
    PdfSaveOptions, Point, Pt, Rect, TextItem,
};
use std::collections::{BTreeMap, BTreeSet};

/// Pages in one sheaf.
pub(crate) const PAGES: usize = 256;

/// What became of some pages.
pub(crate) struct Sheaf {
    /// Objects by printpdf's numbers, streams compressed.
    pub(crate) objects: BTreeMap<u32, Object>,
    /// The numbers of the pages among them.
    pub(crate) pages: Vec<u32>,
    /// For each page the owners of its marked contents, in order.
    pub(crate) marks: Vec<Vec<Owner>>,
}

/// Binds sheets. `index` tells this sheaf's fonts from others'.
pub(crate) fn bind(sheets: &[Sheet], index: usize, faces: &Faces, tree: &Tree) -> Result<Sheaf, PdfError> {
    let mut used = BTreeSet::new();
    let mut marks = Vec::with_capacity(sheets.len());
    let mut document = PdfDocument::new("");
    for sheet in sheets {
        used.extend(sheet.runs.iter().map(|run| run.face));
        let mut page = Drawing::new(index, tree);
        page.draw(sheet);
        marks.push(page.owners);
        document
            .pages
            .push(PdfPage::new(Mm::from(Pt(WIDTH)), Mm::from(Pt(HEIGHT)), page.ops));
    }
    document.resources.fonts.map = used
        .into_iter()
        .filter_map(|face| Some((font_name(index, face), faces.font(face)?)))
        .collect();
    let mut warnings = Vec::new();
    let file = document.to_lopdf_document(&PdfSaveOptions::default(), &mut warnings);
    drop(document);
    if let Some(fault) = warnings
        .iter()
        .find(|warning| warning.severity != PdfParseErrorSeverity::Info)
    {
        return Err(PdfError::Document(fault.msg.clone()));
    }
    let pages: Vec<u32> = file.get_pages().into_values().map(|(number, _)| number).collect();
    if pages.len() != sheets.len() {
        return Err(PdfError::Document(format!(
            "{} of {} pages were made",
            pages.len(),
            sheets.len()
        )));
    }
    Ok(Sheaf {
        objects: kept(file),
        pages,
        marks,
    })
}

/// Everything but what belongs to the whole file; streams compressed.
fn kept(file: lopdf::Document) -> BTreeMap<u32, Object> {
    let mut objects = BTreeMap::new();
    for ((number, _), mut object) in file.objects {
        if let Object::Dictionary(dictionary) = &object
            && dictionary
                .get(b"Type")
                .and_then(Object::as_name)
                .is_ok_and(|name| matches!(name, b"Catalog" | b"Pages"))
        {
            continue;
        }
        if let Object::Stream(stream) = &mut object
            && !stream.dict.has(b"Filter")
        {
            stream.content = deflate(&stream.content);
            stream.dict.set("Filter", Object::Name(b"FlateDecode".to_vec()));
        }
        objects.insert(number, object);
    }
    objects
}

/// `CAIABC`: six capitals, as ISO 32000-1 §9.6.4 wants the tag of a subset; different for each sheaf and face.
fn font_name(sheaf: usize, face: FaceId) -> FontId {
    let letter = |value: usize| char::from(b'A' + u8::try_from(value % 26).unwrap_or(0));
    let letters = [sheaf / 676, sheaf / 26, sheaf, face.position()].map(letter);
    FontId(format!("CA{}", String::from_iter(letters)))
}

/// The operations of one page.
struct Drawing<'a> {
    sheaf: usize,
    tree: &'a Tree,
    ops: Vec<Op>,
    owners: Vec<Owner>,
}

impl<'a> Drawing<'a> {
    fn new(sheaf: usize, tree: &'a Tree) -> Self {
        Self {
            sheaf,
            tree,
            ops: Vec::new(),
            owners: Vec::new(),
        }
    }

    fn draw(&mut self, sheet: &Sheet) {
        if !sheet.shapes.is_empty() {
            self.ops.push(Op::BeginMarkedContent {
                tag: "Artifact".to_owned(),
            });
            for shape in &sheet.shapes {
                self.shape(shape);
            }
            self.ops.push(Op::EndMarkedContent);
        }
        for (owner, boxes) in &sheet.pictures {
            self.begin(*owner);
            self.colour(Ink::BLACK);
            for edges in boxes {
                self.ops.push(Op::DrawRectangle {
                    rectangle: filled(*edges),
                });
            }
            self.ops.push(Op::EndMarkedContent);
        }
        for runs in sheet.runs.chunk_by(|before, after| before.owner == after.owner) {
            let Some(first) = runs.first() else { continue };
            self.begin(first.owner);
            for run in runs {
                self.run(run, sheet.letters(run));
            }
            self.ops.push(Op::EndMarkedContent);
        }
    }

    fn begin(&mut self, owner: Owner) {
        let name = |text: &str| DictItem::Name(text.as_bytes().to_vec());
        let (tag, map) = if owner.is_artifact() {
            let place = if owner == Owner::HEAD { "Header" } else { "Footer" };
            let map = [("Type", name("Pagination")), ("Subtype", name(place))];
            ("Artifact", BTreeMap::from(map.map(|(key, value)| (key.to_owned(), value))))
        } else {
            let number = i64::try_from(self.owners.len()).unwrap_or(0);
            self.owners.push(owner);
            let tag = self.tree.tag(owner).unwrap_or(Tag::Paragraph);
            (tag.name(), BTreeMap::from([("MCID".to_owned(), DictItem::Int(number))]))
        };
        self.ops.push(Op::BeginMarkedContentWithProperties {
            tag: tag.to_owned(),
            properties: DictItem::Dict { map },
        });
    }

    fn run(&mut self, run: &Placed, letters: &str) {
        let real = match run.stands_for {
            StandsFor::Itself => None,
            StandsFor::Letter(letter) => Some(letter.to_string()),
            StandsFor::Nothing => Some(String::new()),
        };
        if let Some(real) = &real {
            let bytes: Vec<u8> = std::iter::once(0xfeff)
                .chain(real.encode_utf16())
                .flat_map(u16::to_be_bytes)
                .collect();
            let map = BTreeMap::from([("ActualText".to_owned(), DictItem::Bytes(bytes))]);
            self.ops.push(Op::BeginMarkedContentWithProperties {
                tag: "Span".to_owned(),
                properties: DictItem::Dict { map },
            });
        }
        self.ops.push(Op::StartTextSection);
        self.colour(run.ink);
        self.ops.extend([
            Op::SetTextCursor {
                pos: point(run.x, run.y),
            },
            Op::SetFont {
                font: PdfFontHandle::External(font_name(self.sheaf, run.face)),
                size: Pt(run.size),
            },
            Op::ShowText {
                items: vec![TextItem::Text(letters.to_owned())],
            },
            Op::EndTextSection,
        ]);
        if real.is_some() {
            self.ops.push(Op::EndMarkedContent);
        }
    }

    fn shape(&mut self, shape: &Shape) {
        match shape {
            Shape::Fill { edges, ink } => {
                self.colour(*ink);
                self.ops.push(Op::DrawRectangle {
                    rectangle: filled(*edges),
                });
            }
            Shape::Rule {
                from,
                to,
                y,
                thickness,
                ink,
            } => {
                let points = [*from, *to].map(|x| LinePoint {
                    p: point(x, *y),
                    bezier: false,
                });
                self.ops.extend([
                    Op::SetOutlineColor { col: ink.colour() },
                    Op::SetOutlineThickness { pt: Pt(*thickness) },
                    Op::DrawLine {
                        line: Line {
                            points: points.to_vec(),
                            is_closed: false,
                        },
                    },
                ]);
            }
        }
    }

    fn colour(&mut self, ink: Ink) {
        self.ops.push(Op::SetFillColor { col: ink.colour() });
    }
}

fn filled([x, y, width, height]: [f32; 4]) -> Rect {
    Rect {
        x: Pt(x),
        y: Pt(y),
        width: Pt(width),
        height: Pt(height),
        mode: Some(PaintMode::Fill),
        winding_order: None,
    }
}

fn point(x: f32, y: f32) -> Point {
    Point { x: Pt(x), y: Pt(y) }
}
