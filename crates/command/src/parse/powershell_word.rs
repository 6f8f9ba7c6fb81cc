//! PowerShell's commands and what stands in them: names, parameters, values, redirections; each as a word that says how sure it is.
//!
//! Promises: where the grammar and the scanner of quotes do not agree on a word's bounds, the text is opaque. Leaves out: statements and
//! expressions around commands, which are `powershell`'s.

use super::powershell::{Reader, children};
use super::{Input, Invocation, Item, Redirect, Word};
use tree_sitter::Node;

impl Reader<'_> {
    /// Quoted texts below a node, as words.
    pub(super) fn strings_in(&mut self, node: Node<'_>, words: &mut Vec<Word>) {
        let mut waiting = vec![node];
        while let Some(node) = waiting.pop() {
            if !self.work.step() {
                return;
            }
            if node.kind() == "string_literal" {
                words.push(self.text_of(node));
            } else if node.kind() != "script_block_expression" {
                waiting.extend(children(node).into_iter().rev());
            }
        }
    }

    pub(super) fn command(&mut self, node: Node<'_>, input: Input) {
        let (start, end) = (node.start_byte(), node.end_byte().min(self.text.len()));
        let mut run = Invocation {
            input,
            start,
            end,
            ..Invocation::default()
        };
        let mut sourced = false;
        for child in children(node) {
            match child.kind() {
                "command_invokation_operator" => sourced = self.of(child) == ".",
                "command_name" => {
                    let word = self.bare(child);
                    run.words.push(word);
                }
                "command_name_expr" => {
                    let word = self.invoked(child, sourced);
                    run.words.push(word);
                }
                "command_elements" => self.elements(child, &mut run),
                _ => self.walk(child),
            }
        }
        self.script.items.push(Item::Run(run));
    }

    /// What stands after `&` or `.`.
    fn invoked(&mut self, node: Node<'_>, sourced: bool) -> Word {
        let Some(inner) = children(node).into_iter().next() else {
            return self.dynamic(node);
        };
        match inner.kind() {
            "script_block_expression" => {
                self.walk(inner);
                Word {
                    text: "{}".to_owned(),
                    fixed: true,
                    block: true,
                    start: node.start_byte(),
                    end: node.end_byte(),
                    ..Word::default()
                }
            }
            "string_literal" if !sourced => self.text_of(inner),
            "command_name" | "path_command_name" if !sourced && !self.of(inner).contains('$') => self.bare(inner),
            _ => {
                self.walk(inner);
                self.dynamic(node)
            }
        }
    }

    fn dynamic(&self, node: Node<'_>) -> Word {
        Word {
            text: self.of(node).to_owned(),
            maybe_option: true,
            start: node.start_byte(),
            end: node.end_byte(),
            ..Word::default()
        }
    }

    fn elements(&mut self, node: Node<'_>, run: &mut Invocation) {
        let (mut after, mut list) = (run.words.last().map_or(node.start_byte(), |name| name.end), false);
        let mut last_colon = false;
        for child in children(node) {
            if child.kind() == "command_argument_sep" {
                if self.of(child).starts_with(':') {
                    if let Some(parameter) = run.words.last_mut() {
                        parameter.text.push(':');
                    }
                    (after, last_colon) = (child.end_byte(), true);
                }
                continue;
            }
            let gap = self.source(after, child.start_byte());
            let blank = gap
                .replace("`\r\n", " ")
                .replace("`\n", " ")
                .bytes()
                .all(|byte| byte == b' ' || byte == b'\t');
            let is_comma = child.kind() == ",";
            let is_redirect = child.kind() == "redirection";
            if !blank && !list || (gap.is_empty() && !list && !is_comma && !is_redirect && !last_colon && !run.words.is_empty()) {
                self.opaque(child, "It cannot be told where one word ends and the next begins.");
            }
            (after, last_colon) = (child.end_byte(), false);
            match child.kind() {
                "," => {
                    list = true;
                    continue;
                }
                "redirection" => {
                    let redirects = self.redirection(child);
                    run.redirects.extend(redirects);
                }
                "command_parameter" => {
                    let word = self.bare(child);
                    run.words.push(word);
                }
                "array_literal_expression" => self.list_of(child, list, &mut run.words),
                "comment" => self.walk(child),
                "argument_list" => {
                    self.walk(child);
                    self.opaque(child, "A word in brackets after a word.");
                }
                _ => {
                    let mut word = self.value(child);
                    word.joined = list;
                    run.words.push(word);
                }
            }
            list = false;
        }
    }

    fn list_of(&mut self, node: Node<'_>, joined: bool, words: &mut Vec<Word>) {
        let mut joined = joined;
        for child in children(node).into_iter().filter(|child| child.is_named()) {
            if child.kind() == "comment" {
                self.walk(child);
                continue;
            }
            let mut word = self.value(child);
            word.joined = joined;
            joined = true;
            words.push(word);
        }
    }

    /// A value, read through the expressions that only hold it.
    fn value(&mut self, node: Node<'_>) -> Word {
        let mut inner = node;
        loop {
            let mut cursor = inner.walk();
            let mut below = inner.named_children(&mut cursor);
            match (below.next(), below.next()) {
                _ if matches!(
                    inner.kind(),
                    "string_literal" | "generic_token" | "variable" | "script_block_expression"
                ) =>
                {
                    break;
                }
                (Some(child), None) if inner.child_count() == 1 => inner = child,
                _ => break,
            }
        }
        match inner.kind() {
            "generic_token" => self.bare(inner),
            "string_literal" => self.text_of(inner),
            "script_block_expression" if self.is_filter(node) => self.dynamic(node),
            "script_block_expression" => {
                self.walk(inner);
                Word {
                    text: "{}".to_owned(),
                    block: true,
                    start: node.start_byte(),
                    end: node.end_byte(),
                    ..Word::default()
                }
            }
            "variable" => {
                let constant = ["$true", "$false", "$null"].contains(&self.of(inner).to_lowercase().as_str());
                Word {
                    fixed: constant,
                    maybe_option: !constant,
                    ..self.dynamic(node)
                }
            }
            "decimal_integer_literal" | "hexadecimal_integer_literal" | "real_literal" | "integer_literal" => Word {
                fixed: true,
                maybe_option: false,
                ..self.dynamic(node)
            },
            "array_expression" | "parenthesized_expression" => {
                let mut words = vec![self.dynamic(node)];
                self.strings_in(inner, &mut words);
                self.walk(inner);
                match words.as_slice() {
                    [_, only] if self.of(inner).len() <= only.end - only.start + 4 => only.clone(),
                    _ => self.dynamic(node),
                }
            }
            _ => {
                self.walk(inner);
                self.dynamic(node)
            }
        }
    }

    /// `Get-ADUser -Filter {Name -eq 'x'}`: in braces, but a text that the directory reads.
    fn is_filter(&self, node: Node<'_>) -> bool {
        let before = self.source(0, node.start_byte()).trim_end();
        let line = before
            .rsplit(['|', ';', '\n', '{', '(', '='])
            .next()
            .unwrap_or_default()
            .trim_start()
            .to_lowercase();
        let text = self.of(node).trim_start_matches('{').trim_end_matches('}');
        let plain = text
            .chars()
            .all(|character| character.is_alphanumeric() || " .$'\"*:@\\,-_/".contains(character));
        line.starts_with("get-ad") && line.ends_with("-filter") && plain && text.len() < 1000
    }

    /// A word without quotes around it; quotes inside it must be ones that the scanner knows.
    fn bare(&mut self, node: Node<'_>) -> Word {
        let (start, end) = (node.start_byte(), node.end_byte());
        let source = self.source(start, end);
        let mut word = Word {
            fixed: true,
            start,
            end,
            ..Word::default()
        };
        let mut at = 0;
        while let Some(character) = source.get(at..).and_then(|rest| rest.chars().next()) {
            match character {
                '"' | '\'' => {
                    let found = self
                        .quotes
                        .strings
                        .range((start + at, 0)..(start + at + 1, 0))
                        .next()
                        .copied();
                    let Some((from, to)) = found.filter(|(_, to)| *to <= end) else {
                        self.opaque(node, "A quote inside a word.");
                        break;
                    };
                    let inner = self.source(from + 1, to - 1);
                    if character == '"' && inner.contains(['$', '`']) {
                        word.fixed = false;
                        if inner.contains("$(") {
                            self.opaque(node, "A substitution inside a word.");
                        }
                    }
                    word.text.push_str(&inner.replace("\"\"", "\""));
                    at = to - start;
                    continue;
                }
                '`' => {
                    let escaped = source.get(at + 1..).and_then(|rest| rest.chars().next()).unwrap_or('\n');
                    if "0abefnrtuv\n".contains(escaped) {
                        self.opaque(node, "An escape inside a word changes what it says.");
                    }
                    word.text.push(escaped);
                    at += 1 + escaped.len_utf8();
                    continue;
                }
                '$' => {
                    word.fixed = false;
                    word.maybe_option |= at == 0;
                }
                _ => {}
            }
            word.text.push(character);
            at += character.len_utf8();
        }
        word
    }

    /// A quoted text's value.
    fn text_of(&mut self, node: Node<'_>) -> Word {
        let (start, end) = (node.start_byte(), node.end_byte());
        let source = self.source(start, end);
        self.walk(node);
        let mut word = Word {
            fixed: true,
            quoted: true,
            start,
            end,
            ..Word::default()
        };
        let (open, close) = if source.starts_with('@') { (2, 2) } else { (1, 1) };
        let inner = source.get(open..source.len().saturating_sub(close)).unwrap_or_default();
        if source.starts_with('\'') {
            word.text = inner.replace("''", "'");
        } else if source.starts_with('@') {
            word.text = inner.trim_matches(['\r', '\n']).to_owned();
            word.fixed = source.starts_with("@'") || !inner.contains(['$', '`']);
        } else {
            word.fixed = !inner.contains(['$', '`']);
            word.text = inner.replace("\"\"", "\"");
        }
        word
    }

    pub(super) fn redirection(&mut self, node: Node<'_>) -> Vec<Redirect> {
        let mut redirects = Vec::new();
        for child in children(node) {
            match child.kind() {
                "redirected_file_name" => {
                    let inner = children(child)
                        .into_iter()
                        .rfind(|part| part.kind() != "command_argument_sep");
                    let target = match inner {
                        Some(inner) => self.value(inner),
                        None => self.dynamic(child),
                    };
                    redirects.push(Redirect { target, writes: true });
                }
                "merging_redirection_operator" | "file_redirection_operator" => {}
                _ => self.walk(child),
            }
        }
        redirects
    }
}
