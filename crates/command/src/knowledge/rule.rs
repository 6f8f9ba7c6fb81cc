//! What the tables say, as types.

use crate::reading::{ActionClass, ResourceKind};

/// Which programs a name may mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Family {
    /// Programs of Unix-like systems, and what their shells have built in.
    Posix,
    /// Programs of Windows.
    Windows,
    /// What the Windows command processor has built in.
    Cmd,
    /// Methods and types of .NET, as PowerShell calls them.
    Dotnet,
}

/// How a program's options look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Style {
    /// `-a -bc --long --long=value`; long ones may be shortened.
    #[default]
    Unix,
    /// `-long`.
    Single,
    /// `/x`, `-x`, `/x:value`, in any case.
    Dos,
    /// It has none.
    Plain,
}

/// What an argument names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Thing {
    /// Nothing.
    Nothing,
    /// One thing of this kind.
    Is(ResourceKind),
    /// `user:group`.
    Owner,
    /// `user@host:path`.
    Remote,
    /// A path, if it looks like one.
    PerhapsPath,
}

/// What a program does when a rule applies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) class: ActionClass,
    /// What the arguments that the rule did not use up name, in order.
    pub(crate) things: Vec<Thing>,
    /// Whether the last of them holds for all that follow.
    pub(crate) repeat: bool,
    /// What `key=value` words name here, if it is not what they name elsewhere.
    pub(crate) keyed: Vec<(String, Thing)>,
    pub(crate) sentence: Option<String>,
}

/// What a rule looks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Pattern {
    /// The next argument is one of these.
    Word(Vec<String>),
    /// There is another argument.
    Any,
    /// One of these options is given.
    Flag(Vec<String>),
    /// No argument is left.
    End,
    /// An argument holds a `=`.
    Assignment,
    /// No options but these are given.
    Only(Vec<String>),
    /// The next argument is a plain name: known, and no path.
    Name,
}

/// Which options leave a program that reads one that reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Options {
    /// Any: none of them writes, runs, loads or sends.
    Any,
    /// These, beside those that the program's other lines name.
    These(Vec<String>),
}

impl Default for Options {
    fn default() -> Self {
        Self::These(Vec::new())
    }
}

/// What a program sends of what it is given to another machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Sends {
    /// Nothing.
    #[default]
    Nothing,
    /// Names of machines, which are looked up.
    Names,
    /// Addresses and what goes with them; only those of the web are understood.
    Web,
}

/// Options or words that make it worse, wherever they stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Raise {
    /// Options or words, each with the values for which it is harmless.
    pub(crate) flags: Vec<(String, Vec<String>)>,
    pub(crate) class: ActionClass,
    pub(crate) sentence: Option<String>,
}

/// A program that runs what its arguments say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wrap {
    /// Arguments before the program's name.
    pub(crate) skip: usize,
    /// Whether arguments are added that are not in the text.
    pub(crate) appends: bool,
}

/// Programs whose arguments are a language of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Special {
    Shell,
    Powershell,
    Cmd,
    Eval,
    Find,
    Sed,
    Awk,
    StartProcess,
    InvokeExpression,
    Blocks,
    ForEach,
    Ssh,
}

/// One program.
#[derive(Debug, Clone, Default)]
pub(crate) struct Program {
    pub(crate) style: Style,
    /// Options that take the next word.
    pub(crate) values: Vec<String>,
    /// Options whose value names something.
    pub(crate) names: Vec<(String, Thing)>,
    /// `key=value` words whose value names something.
    pub(crate) keyed: Vec<(String, Thing)>,
    pub(crate) rules: Vec<(Vec<Pattern>, Verdict)>,
    pub(crate) raises: Vec<Raise>,
    pub(crate) otherwise: Option<Verdict>,
    pub(crate) wraps: Option<Wrap>,
    pub(crate) special: Option<Special>,
    pub(crate) options: Options,
    pub(crate) sends: Sends,
    /// First arguments with which its standard input is sent too; empty: it is not.
    pub(crate) sends_input: Vec<String>,
}

/// A parameter that changes what a cmdlet does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CmdletRaise {
    pub(crate) parameter: String,
    /// Values that are harmless.
    pub(crate) except: Vec<String>,
    pub(crate) class: ActionClass,
    pub(crate) sentence: Option<String>,
}
