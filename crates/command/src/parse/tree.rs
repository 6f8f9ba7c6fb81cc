//! tree-sitter with a bound: parsing stops at the first syntax error and when the work is used up.

use crate::limits::Work;
use std::cell::RefCell;
use std::ops::ControlFlow;
use tree_sitter::{Language, ParseOptions, ParseState, Parser, Tree};

/// Why there is no tree.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NoTree {
    /// The text does not follow the grammar.
    Syntax,
    /// It would take too long.
    Work,
}

/// The lexer is given the text in pieces of this size, and each piece is a step: grammars look ahead, and some texts make them look
/// ahead to the end again and again.
const PIECE_BYTES: usize = 128;

/// Parses. A tree that comes back holds no error and nothing that was missing and made up.
///
/// What is not counted is the merging of trees during error recovery, which ends at the next progress callback; it is why texts are
/// limited in size as well.
pub(super) fn parse(language: &Language, text: &str, work: &mut Work) -> Result<Tree, NoTree> {
    let mut parser = Parser::new();
    if parser.set_language(language).is_err() {
        return Err(NoTree::Syntax);
    }
    let (bytes, mut wrong) = (text.as_bytes(), false);
    let work = RefCell::new(work);
    let mut progress = |state: &ParseState| {
        wrong |= state.has_error();
        if wrong || !work.borrow_mut().step() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    };
    let options = ParseOptions::new().progress_callback(&mut progress);
    let mut rest = |at: usize, _| {
        // Once the work is used up the text simply ends; what comes of that is thrown away below.
        let piece = bytes
            .get(at..bytes.len().min(at.saturating_add(PIECE_BYTES)))
            .unwrap_or_default();
        if work.borrow_mut().step() { piece } else { Default::default() }
    };
    let tree = parser.parse_with_options(&mut rest, None, Some(options));
    match tree {
        _ if work.borrow().exhausted() => Err(NoTree::Work),
        Some(tree) if !tree.root_node().has_error() => Ok(tree),
        _ => Err(NoTree::Syntax),
    }
}

impl NoTree {
    pub(super) fn sentence(&self) -> &'static str {
        match self {
            Self::Syntax => "The text does not follow the interpreter's grammar as far as it is known here.",
            Self::Work => "The text is too intricate to be read within bounds.",
        }
    }
}
