//! tree-sitter with a bound: parsing stops at the first syntax error and when the work is used up.

use crate::limits::Work;
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

/// Parses. A tree that comes back holds no error and nothing that was missing and made up.
pub(super) fn parse(language: &Language, text: &str, work: &mut Work) -> Result<Tree, NoTree> {
    let mut parser = Parser::new();
    if parser.set_language(language).is_err() {
        return Err(NoTree::Syntax);
    }
    let (bytes, mut wrong) = (text.as_bytes(), false);
    let mut progress = |state: &ParseState| {
        wrong |= state.has_error();
        if wrong || !work.step() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let options = ParseOptions::new().progress_callback(&mut progress);
    let mut rest = |at: usize, _| bytes.get(at..).unwrap_or_default();
    let tree = parser.parse_with_options(&mut rest, None, Some(options));
    match tree {
        Some(tree) if !tree.root_node().has_error() => Ok(tree),
        None if !wrong && work.exhausted() => Err(NoTree::Work),
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
