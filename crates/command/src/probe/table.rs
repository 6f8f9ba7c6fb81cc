//! The table of probes: its language and its lines. See the head of `knowledge/probes.rules`.

use super::kind_of;
use crate::reading::ResourceKind;
use caisey_ledger::event::Interpreter;
use std::sync::LazyLock;

const FILE: &str = include_str!("../../knowledge/probes.rules");

/// For which interpreters a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shells {
    Posix,
    Windows,
    Cmd,
    Powershell,
}

impl Shells {
    pub(super) fn holds(self, interpreter: Interpreter) -> bool {
        match interpreter {
            Interpreter::Sh | Interpreter::Bash => self == Self::Posix,
            Interpreter::Pwsh | Interpreter::Powershell => matches!(self, Self::Powershell | Self::Windows),
            Interpreter::Cmd => matches!(self, Self::Cmd | Self::Windows),
        }
    }
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) shells: Shells,
    verbs: Vec<String>,
    pub(super) kind: Option<ResourceKind>,
    pub(super) template: String,
}

impl Line {
    /// Whether one of these is run.
    pub(super) fn fits(&self, verbs: &[String]) -> bool {
        self.verbs.iter().any(|wanted| {
            verbs
                .iter()
                .any(|verb| match (wanted.strip_prefix('*'), wanted.strip_suffix('*')) {
                    (Some(end), _) => verb.ends_with(end),
                    (_, Some(start)) => verb == start || verb.strip_prefix(start).is_some_and(|rest| rest.starts_with(' ')),
                    _ => verb == wanted,
                })
        })
    }
}

static TABLE: LazyLock<Vec<Line>> = LazyLock::new(|| load().unwrap_or_default());

/// All lines. Were the file broken there would be none; a test sees to it that it is not.
pub(super) fn table() -> &'static [Line] {
    &TABLE
}

/// Reads the file that is compiled in; what is wrong with it otherwise.
pub(super) fn load() -> Result<Vec<Line>, String> {
    let lines = FILE
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| read(line).ok_or_else(|| format!("no line of this table: {line}")))
        .collect()
}

fn read(line: &str) -> Option<Line> {
    let (head, template) = line.split_once(" => ")?;
    let mut words: Vec<&str> = head.split_whitespace().collect();
    let shells = match words.remove(0) {
        "posix" => Shells::Posix,
        "windows" => Shells::Windows,
        "cmd" => Shells::Cmd,
        "powershell" => Shells::Powershell,
        _ => return None,
    };
    let wants_name = template.contains("{}") || template.contains("{registry}");
    let kind = if wants_name { Some(kind_of(words.pop()?)?) } else { None };
    let verbs: Vec<String> = words.into_iter().map(str::to_owned).collect();
    (!verbs.is_empty()).then(|| Line {
        shells,
        verbs,
        kind,
        template: template.to_owned(),
    })
}
