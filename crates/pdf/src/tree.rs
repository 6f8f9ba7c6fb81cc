//! The document's logical structure (ISO 32000-1 §14.7, PDF/UA-1): what a screen reader reads, and in which order.
//!
//! Elements are told while pages are laid out; what was drawn on which page under an element's name is added when pages are bound.
//! Leaves out elements under which nothing was drawn: validators take them for faults, and readers stumble over them.

use crate::file::{FileWriter, Number, text_string};
use std::fmt::Write;

/// What an element is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tag {
    /// The root.
    Document,
    /// A part with a heading.
    Section,
    /// The document's title.
    Title,
    /// A part's title.
    Heading,
    /// A smaller part's title.
    Subheading,
    /// A paragraph, a command, an output.
    Paragraph,
    /// A table.
    Table,
    /// A row of one.
    Row,
    /// A heading of the column below it.
    ColumnHead,
    /// A heading of the row beside it.
    RowHead,
    /// A cell.
    Cell,
    /// A picture with words for it.
    Figure,
}

impl Tag {
    /// Its name in the file.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Document => "Document",
            Self::Section => "Sect",
            Self::Title => "H1",
            Self::Heading => "H2",
            Self::Subheading => "H3",
            Self::Paragraph => "P",
            Self::Table => "Table",
            Self::Row => "TR",
            Self::ColumnHead | Self::RowHead => "TH",
            Self::Cell => "TD",
            Self::Figure => "Figure",
        }
    }

    /// Whether it holds elements, not what is drawn.
    pub(crate) fn is_container(self) -> bool {
        matches!(self, Self::Document | Self::Section | Self::Table | Self::Row)
    }

    fn attributes(self) -> &'static str {
        match self {
            Self::ColumnHead => "/A<</O/Table/Scope/Column>>",
            Self::RowHead => "/A<</O/Table/Scope/Row>>",
            _ => "",
        }
    }
}

/// Which element; or who else draws.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Owner(u32);

impl Owner {
    /// The root element.
    pub(crate) const ROOT: Self = Self(0);
    /// What stands on top of pages: no content.
    pub(crate) const HEAD: Self = Self(u32::MAX - 1);
    /// What stands below pages: no content.
    pub(crate) const FOOT: Self = Self(u32::MAX);

    /// Whether it belongs to pages, not to content.
    pub(crate) fn is_artifact(self) -> bool {
        self.0 >= Self::HEAD.0
    }
}

struct Element {
    tag: Tag,
    parent: u32,
    alternative: Option<Box<Figure>>,
}

/// What stands for a picture.
pub(crate) struct Figure {
    /// Words for those who cannot see it.
    pub(crate) words: String,
    /// Left, lower, right, upper edge in points.
    pub(crate) bounds: [f32; 4],
}

/// All elements, parents before children, in reading order.
pub(crate) struct Tree {
    elements: Vec<Element>,
}

impl Tree {
    /// The root alone.
    pub(crate) fn new() -> Self {
        Self {
            elements: vec![Element {
                tag: Tag::Document,
                parent: 0,
                alternative: None,
            }],
        }
    }

    /// A new last child.
    pub(crate) fn grow(&mut self, parent: Owner, tag: Tag, alternative: Option<Figure>) -> Owner {
        let index = u32::try_from(self.elements.len()).unwrap_or(u32::MAX - 2);
        self.elements.push(Element {
            tag,
            parent: parent.0,
            alternative: alternative.map(Box::new),
        });
        Owner(index)
    }

    /// What it is; artifacts are nothing.
    pub(crate) fn tag(&self, owner: Owner) -> Option<Tag> {
        self.elements.get(usize::try_from(owner.0).ok()?).map(|element| element.tag)
    }

    /// Writes the tree and returns the number of its root. `pages` are the pages' numbers, `marks` for each page the owners of its
    /// marked contents in order. `widget` is the signature's field, which belongs to the structure as well.
    pub(crate) fn write(&self, file: &mut FileWriter, pages: &[Number], marks: &[Vec<Owner>], widget: Option<Number>) -> Number {
        let count = self.elements.len();
        let mut kids: Vec<Vec<Kid>> = Vec::new();
        kids.resize_with(count, Vec::new);
        for (page, owners) in marks.iter().enumerate() {
            for (content, owner) in owners.iter().enumerate() {
                if let Some(list) = kids.get_mut(index(owner.0)) {
                    list.push(Kid::Content { page, content });
                }
            }
        }
        let mut is_kept = vec![false; count];
        for position in (0..count).rev() {
            let has_content = kids.get(position).is_some_and(|list| !list.is_empty());
            let is_cell = self.elements.get(position).is_some_and(|element| element.tag == Tag::Cell);
            if (has_content || is_cell || is_kept.get(position) == Some(&true) || position == 0)
                && let Some(element) = self.elements.get(position)
            {
                set(&mut is_kept, position);
                set(&mut is_kept, index(element.parent));
            }
        }
        let numbers: Vec<Option<Number>> = is_kept.iter().map(|kept| kept.then(|| file.reserve())).collect();
        for (position, element) in self.elements.iter().enumerate().skip(1) {
            if let (Some(Some(number)), Some(list)) = (numbers.get(position), kids.get_mut(index(element.parent))) {
                list.push(Kid::Element(*number));
            }
        }
        let root = file.reserve();
        let form = widget.map(|widget| (file.reserve(), widget));
        let number_of = |owner: u32| numbers.get(index(owner)).copied().flatten();
        for (position, (element, list)) in self.elements.iter().zip(&kids).enumerate() {
            let Some(Some(own)) = numbers.get(position) else { continue };
            let parent = if position == 0 {
                Some(root)
            } else {
                number_of(element.parent)
            };
            let Some(parent) = parent else { continue };
            let form = form.filter(|_| position == 0).map(|(form, _)| form);
            file.put(*own, element.write(list, parent, pages, form).as_bytes());
        }
        if let (Some((form, widget)), Some(document), Some(page)) = (form, number_of(0), pages.first()) {
            let text = format!("<</Type/StructElem/S/Form/P {document} 0 R/K<</Type/OBJR/Obj {widget} 0 R/Pg {page} 0 R>>>>");
            file.put(form, text.as_bytes());
        }
        self.write_root(file, root, &numbers, marks, form.map(|(form, _)| form));
        root
    }

    fn write_root(
        &self,
        file: &mut FileWriter,
        root: Number,
        numbers: &[Option<Number>],
        marks: &[Vec<Owner>],
        form: Option<Number>,
    ) {
        // One object per page: a reader of one page reads one list.
        let mut nums = String::new();
        for (page, owners) in marks.iter().enumerate() {
            let mut list = String::from("[");
            for owner in owners {
                match numbers.get(index(owner.0)).copied().flatten() {
                    Some(number) => {
                        let _ = write!(list, "{number} 0 R ");
                    }
                    None => list.push_str("null "),
                }
            }
            list.push(']');
            let number = file.add(list.as_bytes());
            let _ = write!(nums, "{page} {number} 0 R ");
        }
        if let Some(form) = form {
            let _ = write!(nums, "{} {form} 0 R ", marks.len());
        }
        let parents = file.add(format!("<</Nums[{nums}]>>").as_bytes());
        let next = marks.len() + usize::from(form.is_some());
        let document = numbers.first().copied().flatten().unwrap_or(root);
        let text = format!("<</Type/StructTreeRoot/K[{document} 0 R]/ParentTree {parents} 0 R/ParentTreeNextKey {next}>>");
        file.put(root, text.as_bytes());
    }
}

enum Kid {
    Content { page: usize, content: usize },
    Element(Number),
}

impl Element {
    fn write(&self, kids: &[Kid], parent: Number, pages: &[Number], form: Option<Number>) -> String {
        let mut out = format!(
            "<</Type/StructElem/S/{}/P {parent} 0 R{}",
            self.tag.name(),
            self.tag.attributes()
        );
        if let Some(figure) = &self.alternative {
            let [left, lower, right, upper] = figure.bounds;
            let _ = write!(
                out,
                "/Alt{}/A<</O/Layout/BBox[{left} {lower} {right} {upper}]/Placement/Block>>",
                text_string(&figure.words)
            );
        }
        let own_page = kids.iter().find_map(|kid| match kid {
            Kid::Content { page, .. } => Some(*page),
            Kid::Element(_) => None,
        });
        if let Some(number) = own_page.and_then(|page| pages.get(page)) {
            let _ = write!(out, "/Pg {number} 0 R");
        }
        out.push_str("/K[");
        for kid in kids {
            match kid {
                Kid::Element(number) => {
                    let _ = write!(out, "{number} 0 R ");
                }
                Kid::Content { page, content } if Some(*page) == own_page => {
                    let _ = write!(out, "{content} ");
                }
                Kid::Content { page, content } => {
                    if let Some(number) = pages.get(*page) {
                        let _ = write!(out, "<</Type/MCR/Pg {number} 0 R/MCID {content}>>");
                    }
                }
            }
        }
        if let Some(form) = form {
            let _ = write!(out, "{form} 0 R");
        }
        out.push_str("]>>");
        out
    }
}

fn index(owner: u32) -> usize {
    usize::try_from(owner).unwrap_or(usize::MAX)
}

fn set(flags: &mut [bool], position: usize) {
    if let Some(flag) = flags.get_mut(position) {
        *flag = true;
    }
}
