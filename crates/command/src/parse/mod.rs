//! From text to invocations: three readers, one shape.
//!
//! A reader flattens a text into what it would run, in order, as if every branch, loop, block and function body ran. What a reader
//! does not know for certain becomes a [`Note`] of class opaque, never silence.

mod batch;
mod batch_flow;
mod guard;
mod posix;
mod posix_redirect;
mod posix_word;
mod powershell;
mod powershell_quotes;
mod powershell_word;
mod tree;

use crate::limits::Work;
use crate::reading::{ActionClass, Span};

/// Which reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Dialect {
    /// `sh`: what all its implementations agree on.
    Sh,
    /// GNU bash.
    Bash,
    /// PowerShell 7.
    Pwsh,
    /// Windows PowerShell 5.1.
    WindowsPowershell,
    /// The Windows command processor.
    Cmd,
}

impl Dialect {
    pub(crate) fn is_powershell(self) -> bool {
        matches!(self, Self::Pwsh | Self::WindowsPowershell)
    }

    pub(crate) fn is_posix(self) -> bool {
        matches!(self, Self::Sh | Self::Bash)
    }
}

/// One word of an invocation, quoting and escapes undone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Word {
    /// Its value; parts that are known only when it runs stand as they are written.
    pub(crate) text: String,
    /// Whether all of the value is known.
    pub(crate) fixed: bool,
    /// Whether it could turn out to be one or more options when it runs.
    pub(crate) maybe_option: bool,
    /// Whether it was quoted: in PowerShell a quoted `-x` is a value, not a parameter.
    pub(crate) quoted: bool,
    /// A script block, whose content has been read as if it ran here.
    pub(crate) block: bool,
    /// PowerShell: the word goes on as an element of the list that the word before it began.
    pub(crate) joined: bool,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl Word {
    pub(crate) fn span(&self) -> Span {
        Span {
            start: self.start,
            end: self.end,
        }
    }
}

/// Output that goes to, or input that comes from, a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Redirect {
    pub(crate) target: Word,
    pub(crate) writes: bool,
}

/// Where an invocation's standard input comes from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum Input {
    #[default]
    Inherited,
    /// The invocation before it in the pipeline.
    Pipe,
    /// The same, and that is an `echo` of what stands in the text.
    Said,
    /// A here-document or here-string.
    Text(Word),
}

/// One program with its arguments.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Invocation {
    /// The program's name first.
    pub(crate) words: Vec<Word>,
    pub(crate) redirects: Vec<Redirect>,
    /// Assignments for this program alone, `NAME=value`.
    pub(crate) environment: Vec<(String, Word)>,
    pub(crate) input: Input,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// Something that a reader saw by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Note {
    pub(crate) class: ActionClass,
    pub(crate) span: Span,
    pub(crate) sentence: String,
}

/// What a text comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Item {
    Run(Invocation),
    Note(Note),
    /// A value is given to a variable of the shell, `exported` to the programs that follow.
    Assign {
        name: String,
        value: Word,
        exported: bool,
    },
    /// From here on this name is a function whose body has been read.
    Define(String),
}

/// A text, read.
#[derive(Debug, Default)]
pub(crate) struct Script {
    pub(crate) items: Vec<Item>,
}

impl Script {
    pub(crate) fn note(&mut self, class: ActionClass, start: usize, end: usize, sentence: impl Into<String>) {
        let span = Span { start, end };
        self.items.push(Item::Note(Note {
            class,
            span,
            sentence: sentence.into(),
        }));
    }

    pub(crate) fn opaque(&mut self, start: usize, end: usize, sentence: impl Into<String>) {
        self.note(ActionClass::Opaque, start, end, sentence);
    }
}

/// Reads a text that is within [`crate::limits::MAX_TEXT_BYTES`].
pub(crate) fn script(dialect: Dialect, text: &str, work: &mut Work) -> Script {
    let mut script = Script::default();
    guard::check(dialect, text, &mut script);
    match dialect {
        Dialect::Sh | Dialect::Bash => posix::read(dialect, text, &mut script, work),
        Dialect::Pwsh | Dialect::WindowsPowershell => powershell::read(text, &mut script, work),
        Dialect::Cmd => batch::read(text, &mut script, work),
    }
    script
}

/// Moves everything in an item by as many bytes.
fn shift(item: &mut Item, by: usize) {
    let word = |word: &mut Word| {
        word.start += by;
        word.end += by;
    };
    match item {
        Item::Run(run) => {
            run.words.iter_mut().for_each(word);
            run.redirects.iter_mut().for_each(|redirect| word(&mut redirect.target));
            run.environment.iter_mut().for_each(|(_, value)| word(value));
            run.start += by;
            run.end += by;
        }
        Item::Note(note) => {
            note.span.start += by;
            note.span.end += by;
        }
        Item::Assign { value, .. } => word(value),
        Item::Define(_) => {}
    }
}
