//! `sh` and bash: the tree of tree-sitter-bash to invocations. Words are read in `posix_word`, redirections in `posix_redirect`.
//!
//! Only shapes that are listed here are understood; any other node makes the text opaque. Where the grammar is known to read a text
//! otherwise than a shell does, the source between and inside the nodes is looked at again: words of one command must be parted by
//! blanks, comments must begin where a shell would begin one, and quoted texts must end where a shell would end them.

use super::posix_word::Words;
use super::{Dialect, Input, Invocation, Item, Redirect, Script, Word, tree};
use crate::knowledge::knowledge;
use crate::limits::{MAX_TREE_DEPTH, Work};
use crate::reading::ActionClass;
use tree_sitter::Node;

pub(super) fn read(dialect: Dialect, text: &str, script: &mut Script, work: &mut Work) {
    let tree = match tree::parse(&tree_sitter_bash::LANGUAGE.into(), &ascii(text), work) {
        Ok(tree) => tree,
        Err(why) => return script.opaque(0, text.len(), why.sentence()),
    };
    let mut reader = Reader {
        dialect,
        text,
        script,
        work,
        depth: 0,
        stopped: false,
    };
    reader.statement(tree.root_node(), true);
}

/// The text with a letter in the place of every byte beyond ASCII: to a shell they are parts of words whatever they are. The grammar's
/// scanner must not see them: it asks C's `isdigit` about them, which reads past its table for large ones and ends the program.
fn ascii(text: &str) -> String {
    let letter = |byte: u8| if byte.is_ascii() { char::from(byte) } else { 'z' };
    text.bytes().map(letter).collect()
}

/// Walks the tree of one text.
pub(super) struct Reader<'a> {
    pub(super) dialect: Dialect,
    pub(super) text: &'a str,
    pub(super) script: &'a mut Script,
    pub(super) work: &'a mut Work,
    depth: usize,
    stopped: bool,
}

impl<'a> Reader<'a> {
    pub(super) fn source(&self, start: usize, end: usize) -> &'a str {
        self.text.get(start..end).unwrap_or_default()
    }

    pub(super) fn of(&self, node: Node<'_>) -> &'a str {
        self.source(node.start_byte(), node.end_byte())
    }

    pub(super) fn opaque(&mut self, node: Node<'_>, sentence: &str) {
        self.script.opaque(node.start_byte(), node.end_byte(), sentence);
    }

    /// Counts a node; false when no more may be looked at.
    pub(super) fn enter(&mut self, node: Node<'_>) -> bool {
        if self.stopped {
            return false;
        }
        if self.depth >= MAX_TREE_DEPTH || !self.work.step() {
            self.stopped = true;
            self.opaque(node, "The text is nested too deeply to be read within bounds.");
            return false;
        }
        true
    }

    pub(super) fn children<'t>(node: Node<'t>) -> Vec<Node<'t>> {
        let mut cursor = node.walk();
        node.children(&mut cursor).collect()
    }

    /// Reads a statement and all that is inside it. `top` is true where a definition holds for all that follows.
    pub(super) fn statement(&mut self, node: Node<'_>, top: bool) {
        if !self.enter(node) {
            return;
        }
        self.depth += 1;
        self.statement_of_kind(node, top);
        self.depth -= 1;
    }

    fn statement_of_kind(&mut self, node: Node<'_>, top: bool) {
        match node.kind() {
            "program" => self.each(node, top),
            "list" | "subshell" | "do_group" | "if_statement" | "elif_clause" | "else_clause" | "while_statement"
            | "negated_command" => {
                self.each(node, false);
            }
            "compound_statement" => {
                if self.of(node).starts_with("((") {
                    self.arithmetic(node);
                } else {
                    self.each(node, false);
                }
            }
            "pipeline" => self.pipeline(node),
            "command" => self.command(node, Vec::new(), Vec::new(), Input::Inherited),
            "redirected_statement" => self.redirected(node, Input::Inherited),
            "for_statement" | "case_statement" | "case_item" => self.with_words(node),
            "c_style_for_statement" => self.arithmetic(node),
            "function_definition" => self.definition(node, top),
            "variable_assignment" | "variable_assignments" => self.assignments(node, false),
            "declaration_command" => self.declaration(node),
            "unset_command" => self.unset(node),
            "test_command" => self.test(node),
            "comment" => self.comment(node),
            kind if node.is_named() => {
                let sentence = format!("The shell construct `{kind}` is not one that is understood here.");
                self.opaque(node, &sentence);
            }
            _ => {}
        }
    }

    fn each(&mut self, node: Node<'_>, top: bool) {
        for child in Self::children(node) {
            self.statement(child, top);
        }
    }

    fn pipeline(&mut self, node: Node<'_>) {
        let (mut first, mut said) = (true, false);
        for child in Self::children(node) {
            if !child.is_named() {
                continue;
            }
            let input = match (first, said) {
                (true, _) => Input::Inherited,
                (_, true) => Input::Said,
                _ => Input::Pipe,
            };
            first = child.kind() == "comment" && first;
            said = child.kind() == "command" && self.only_says(child);
            match child.kind() {
                "command" => self.command(child, Vec::new(), Vec::new(), input),
                "redirected_statement" => self.redirected(child, input),
                _ => self.statement(child, false),
            }
        }
    }

    /// `echo` of what stands in the text.
    fn only_says(&self, node: Node<'_>) -> bool {
        let text = self.of(node);
        (text == "echo" || text.starts_with("echo ")) && !text.contains(['$', '`', '<', '>', '*', '?', '[', '~', '\n'])
    }

    /// A variable that a statement sets, to one of these if they are known.
    pub(super) fn sets(&mut self, variable: &str, values: Vec<Word>) {
        for value in values {
            self.script.items.push(Item::Assign {
                name: variable.to_owned(),
                value,
                exported: false,
            });
        }
    }

    /// `for` and `case`: words beside statements.
    fn with_words(&mut self, node: Node<'_>) {
        if self.of(node).starts_with("select") {
            return self.opaque(node, "`select` asks somebody at a terminal.");
        }
        let (mut variable, mut values) = (None, Vec::new());
        for child in Self::children(node) {
            match child.kind() {
                "variable_name" if node.kind() == "for_statement" => variable = Some(self.of(child)),
                "variable_name" | "extglob_pattern" | "regex" => {}
                _ if Self::is_word(child) => {
                    let word = self.word(child);
                    values.push(word);
                }
                _ => {
                    if let Some(variable) = variable.take_if(|_| child.is_named()) {
                        self.sets(variable, std::mem::take(&mut values));
                    }
                    self.statement(child, false)
                }
            }
        }
    }

    fn definition(&mut self, node: Node<'_>, top: bool) {
        let name = node.child_by_field_name("name").map(|name| self.of(name).to_owned());
        for child in Self::children(node) {
            match child.kind() {
                "word" => {}
                "file_redirect" | "herestring_redirect" => self.opaque(child, "A function that redirects."),
                _ => self.statement(child, false),
            }
        }
        if let (true, Some(name)) = (top, name) {
            self.script.items.push(Item::Define(name));
        }
    }

    pub(super) fn comment(&mut self, node: Node<'_>) {
        let before = self.source(0, node.start_byte()).chars().next_back();
        if !before.is_none_or(|before| before.is_whitespace() || ";&|()".contains(before)) || self.of(node).contains('\n') {
            self.opaque(node, "It cannot be told whether this is a comment.");
        }
    }

    pub(super) fn command(&mut self, node: Node<'_>, redirects: Vec<Redirect>, extra: Vec<Word>, input: Input) {
        if !self.enter(node) {
            return;
        }
        self.depth += 1;
        let (start, end) = (node.start_byte(), node.end_byte());
        let mut run = Invocation {
            redirects,
            input,
            start,
            end,
            ..Invocation::default()
        };
        let (mut after, mut was_redirect) = (None, true);
        for child in Self::children(node) {
            let is_redirect = child.kind().ends_with("_redirect");
            if let Some(after) = after {
                let gap = self.source(after, child.start_byte());
                let blank = gap.replace("\\\n", " ").bytes().all(|byte| byte == b' ' || byte == b'\t');
                if !blank || (gap.is_empty() && !is_redirect && !was_redirect) {
                    self.opaque(child, "It cannot be told where one word ends and the next begins.");
                }
            }
            (after, was_redirect) = (Some(child.end_byte()), is_redirect);
            match child.kind() {
                "command_name" => {
                    for name in Self::children(child) {
                        let word = self.word(name);
                        run.words.push(word);
                    }
                }
                "variable_assignment" => {
                    let (name, value) = self.assignment(child);
                    run.environment.push((name, value));
                }
                "subshell" => self.opaque(child, "A word in brackets after a command."),
                "comment" => self.comment(child),
                _ if is_redirect => self.redirection(child, &mut run.redirects, &mut run.words, &mut run.input),
                _ => {
                    let word = self.word(child);
                    run.words.push(word);
                }
            }
        }
        run.words.extend(extra);
        self.script.items.push(Item::Run(run));
        self.depth -= 1;
    }

    fn assignments(&mut self, node: Node<'_>, exported: bool) {
        if node.kind() == "variable_assignment" {
            let (name, value) = self.assignment(node);
            return self.script.items.push(Item::Assign { name, value, exported });
        }
        for child in Self::children(node) {
            if child.kind() == "variable_assignment" {
                self.assignments(child, exported);
            }
        }
    }

    /// A name and what it becomes. Values that hold text of a substitution could be run by arithmetic later.
    fn assignment(&mut self, node: Node<'_>) -> (String, Word) {
        let mut name = String::new();
        let mut value = Word {
            fixed: true,
            start: node.start_byte(),
            end: node.end_byte(),
            ..Word::default()
        };
        for child in Self::children(node) {
            match child.kind() {
                "variable_name" => self.of(child).clone_into(&mut name),
                "subscript" => {
                    self.of(child).split('[').next().unwrap_or_default().clone_into(&mut name);
                    self.arithmetic(child);
                    value.fixed = false;
                }
                "array" => {
                    for element in Self::children(child).into_iter().filter(|element| element.is_named()) {
                        self.word(element);
                    }
                    value.fixed = false;
                }
                _ if Self::is_word(child) => value = self.word(child),
                _ => {}
            }
        }
        if self.of(node).contains('\'') && (value.text.contains("$(") || value.text.contains('`')) {
            self.opaque(node, "The value holds text that would be run if it were evaluated.");
        }
        (name, value)
    }

    fn declaration(&mut self, node: Node<'_>) {
        for child in Self::children(node) {
            match child.kind() {
                "variable_assignment" => self.assignments(child, true),
                "variable_name" if self.of(node).starts_with("export") || self.of(node).contains('x') => {
                    self.script.items.push(Item::Assign {
                        name: self.of(child).to_owned(),
                        value: self.anything(child),
                        exported: true,
                    });
                }
                "variable_name" => {}
                _ if Self::is_word(child) => {
                    let word = self.word(child);
                    if !word.fixed || word.text.contains(['n', 'i', '=', '[', '`', '$']) {
                        self.opaque(child, "A declaration whose effect is not bounded.");
                    }
                }
                _ => {}
            }
        }
    }

    /// A value that is not known, at a node.
    pub(super) fn anything(&self, node: Node<'_>) -> Word {
        Word {
            text: format!("${}", self.of(node)),
            start: node.start_byte(),
            end: node.end_byte(),
            ..Word::default()
        }
    }

    fn unset(&mut self, node: Node<'_>) {
        for child in Self::children(node) {
            let plain = self
                .of(child)
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            if child.is_named() && (!plain || knowledge().is_dangerous_variable(self.of(child))) {
                self.opaque(child, "It cannot be told what is unset.");
            }
        }
    }

    /// `[ … ]` and `[[ … ]]`.
    fn test(&mut self, node: Node<'_>) {
        let text = self.of(node);
        if text.starts_with("[[") && self.dialect == Dialect::Sh {
            return self.opaque(node, "`[[` means different things in different shells that are called sh.");
        }
        if text.contains('\'') && (text.contains("$(") || text.contains('`')) {
            self.opaque(node, "A test that could run text while it compares.");
        }
        self.expression(node, text.starts_with("[["));
    }

    fn expression(&mut self, node: Node<'_>, double: bool) {
        for child in Self::children(node) {
            if !self.enter(child) {
                return;
            }
            match child.kind() {
                "redirected_statement" => self.opaque(child, "A redirection inside a test."),
                "binary_expression"
                | "unary_expression"
                | "parenthesized_expression"
                | "ternary_expression"
                | "postfix_expression" => {
                    self.depth += 1;
                    self.expression(child, double);
                    self.depth -= 1;
                }
                "regex" | "extglob_pattern" if self.of(child).contains(['`', '(']) && self.of(child).contains(['$', '`']) => {
                    self.opaque(child, "A pattern that could run something.");
                }
                "<" | ">" if !double => self.script.note(
                    ActionClass::Changing,
                    child.start_byte(),
                    child.end_byte(),
                    "Inside `[` this is a redirection, which writes a file.",
                ),
                "test_operator" => {}
                _ if Self::is_word(child) => {
                    self.word(child);
                }
                _ if child.is_named() => self.opaque(child, "A test that is not understood."),
                _ => {}
            }
        }
    }
}
