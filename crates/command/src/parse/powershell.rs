//! PowerShell, both editions: the tree of tree-sitter-powershell to invocations.
//!
//! Script blocks are read as if they ran where they stand, whatever takes them. Method calls become invocations named `.method` or
//! `[type]::method`, casts such named `[type]`, so that the tables judge them like programs. Any other node makes the text opaque.

use super::powershell_quotes::{self, Quotes};
use super::{Input, Invocation, Item, Redirect, Script, Word, tree};
use crate::limits::{MAX_TREE_DEPTH, Work};
use tree_sitter::Node;

/// Nodes that only hold others, or that say nothing about effects.
const STRUCTURE: &[&str] = &[
    "program",
    "statement_list",
    "statement_block",
    "script_block",
    "script_block_body",
    "named_block_list",
    "named_block",
    "block_name",
    "pipeline_chain",
    "pipeline_chain_tail",
    "logical_expression",
    "bitwise_expression",
    "comparison_expression",
    "additive_expression",
    "multiplicative_expression",
    "format_expression",
    "range_expression",
    "array_literal_expression",
    "unary_expression",
    "expression_with_unary_operator",
    "parenthesized_expression",
    "sub_expression",
    "array_expression",
    "script_block_expression",
    "hash_literal_expression",
    "hash_literal_body",
    "hash_entry",
    "key_expression",
    "simple_name",
    "member_name",
    "string_literal",
    "integer_literal",
    "decimal_integer_literal",
    "hexadecimal_integer_literal",
    "real_literal",
    "if_statement",
    "elseif_clauses",
    "elseif_clause",
    "else_clause",
    "empty_statement",
    "flow_control_statement",
    "label",
    "label_expression",
    "try_statement",
    "catch_clauses",
    "catch_clause",
    "catch_type_list",
    "finally_clause",
    "argument_list",
    "argument_expression_list",
    "argument_expression",
    "logical_argument_expression",
    "bitwise_argument_expression",
    "comparison_argument_expression",
    "additive_argument_expression",
    "multiplicative_argument_expression",
    "format_argument_expression",
    "range_argument_expression",
    "foreach_statement",
    "for_statement",
    "for_initializer",
    "for_condition",
    "for_iterator",
    "while_statement",
    "while_condition",
    "do_statement",
    "switch_statement",
    "switch_parameters",
    "switch_parameter",
    "switch_condition",
    "switch_body",
    "switch_clauses",
    "switch_clause",
    "switch_clause_condition",
    "param_block",
    "parameter_list",
    "script_parameter",
    "script_parameter_default",
    "background_operator",
    "post_increment_expression",
    "post_decrement_expression",
    "pre_increment_expression",
    "pre_decrement_expression",
    "element_access",
    "member_access",
    "comparison_operator",
    "format_operator",
    "assignement_operator",
    "trap_statement",
    "function_parameter_declaration",
    "attribute_list",
    "type_identifier",
    "type_name",
    "type_spec",
    "array_type_name",
    "dimension",
    "generic_token",
    "command_argument_sep",
    "foreach_parameter",
    "redirections",
];

pub(super) fn read(text: &str, script: &mut Script, work: &mut Work) {
    let Some(quotes) = powershell_quotes::scan(text) else {
        return script.opaque(0, text.len(), "A quoted text, comment or bracket does not end.");
    };
    if text.contains("--%") {
        script.opaque(0, text.len(), "What follows `--%` is not read as PowerShell.");
    }
    // The grammar wants the last statement to end.
    let masked = format!("{}\n", quotes.masked);
    let tree = match tree::parse(&tree_sitter_powershell::LANGUAGE.into(), &masked, work) {
        Ok(tree) => tree,
        Err(why) => return script.opaque(0, text.len(), why.sentence()),
    };
    let mut reader = Reader {
        text,
        quotes: &quotes,
        script,
        work,
        depth: 0,
        stopped: false,
    };
    reader.walk(tree.root_node());
}

struct Reader<'a> {
    text: &'a str,
    quotes: &'a Quotes,
    script: &'a mut Script,
    work: &'a mut Work,
    depth: usize,
    stopped: bool,
}

fn children(node: Node<'_>) -> Vec<Node<'_>> {
    let mut cursor = node.walk();
    node.children(&mut cursor).collect()
}

impl<'a> Reader<'a> {
    fn source(&self, start: usize, end: usize) -> &'a str {
        self.text.get(start..end.min(self.text.len())).unwrap_or_default()
    }

    fn of(&self, node: Node<'_>) -> &'a str {
        self.source(node.start_byte(), node.end_byte())
    }

    fn opaque(&mut self, node: Node<'_>, sentence: &str) {
        self.script
            .opaque(node.start_byte(), node.end_byte().min(self.text.len()), sentence);
    }

    fn walk(&mut self, node: Node<'_>) {
        if self.stopped {
            return;
        }
        if self.depth >= MAX_TREE_DEPTH || !self.work.step() {
            self.stopped = true;
            return self.opaque(node, "The text is nested too deeply to be read within bounds.");
        }
        self.depth += 1;
        self.node(node);
        self.depth -= 1;
    }

    fn each(&mut self, node: Node<'_>) {
        for child in children(node) {
            self.walk(child);
        }
    }

    fn node(&mut self, node: Node<'_>) {
        match node.kind() {
            "pipeline" => self.pipeline(node),
            "command" => self.command(node, Input::Inherited),
            "assignment_expression" => self.assignment(node),
            "function_statement" => self.function(node),
            "invokation_expression" => self.call(node),
            "cast_expression" | "attributed_variable" => self.cast(node),
            "type_literal" | "variable" | "braced_variable" | "verbatim_string_characters" => self.check_string(node),
            "expandable_string_literal" | "expandable_here_string_literal" | "verbatim_here_string_characters" => {
                self.check_string(node);
                self.each(node);
            }
            "comment" => {
                let span = (node.start_byte(), node.end_byte().min(self.text.len()));
                if !self.quotes.comments.contains(&span) {
                    self.opaque(node, "It cannot be told where this comment ends.");
                }
            }
            "redirection" => {
                let redirects = self.redirection(node);
                let (start, end) = (node.start_byte(), node.end_byte());
                self.script.items.push(Item::Run(Invocation {
                    redirects,
                    start,
                    end,
                    ..Invocation::default()
                }));
            }
            "attribute" if self.of(node).contains('{') => self.opaque(node, "An attribute that runs something."),
            "attribute" => {}
            kind if !node.is_named() || STRUCTURE.contains(&kind) => self.each(node),
            kind => {
                let sentence = format!("The PowerShell construct `{kind}` is not one that is understood here.");
                self.opaque(node, &sentence);
            }
        }
    }

    fn check_string(&mut self, node: Node<'_>) {
        let span = (node.start_byte(), node.end_byte());
        if node.kind().contains("string") && !self.quotes.strings.contains(&span) {
            self.opaque(node, "It cannot be told where this quoted text ends.");
        }
    }

    fn pipeline(&mut self, node: Node<'_>) {
        for child in children(node) {
            if child.kind() != "pipeline_chain" {
                self.walk(child);
                continue;
            }
            let mut first = true;
            for part in children(child) {
                match part.kind() {
                    "command" if !first => self.command(part, Input::Pipe),
                    _ => self.walk(part),
                }
                first &= !part.is_named();
            }
        }
    }

    /// Assigning to a variable is nothing; to a drive (`$env:`, `${C:\file}`), a property or a preference it is.
    fn assignment(&mut self, node: Node<'_>) {
        let left = children(node)
            .into_iter()
            .find(|child| child.kind() == "left_assignment_expression");
        let name = left.map(|left| self.of(left)).unwrap_or_default();
        let value = node
            .child_by_field_name("value")
            .map(|value| self.of(value))
            .unwrap_or_default();
        for child in children(node) {
            if child.kind() == "left_assignment_expression" {
                self.each(child)
            } else {
                self.walk(child)
            }
        }
        let bare = name.rsplit(']').next().unwrap_or_default().trim();
        let simple = bare
            .strip_prefix('$')
            .is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_:".contains(&byte)));
        let element = name.starts_with('$') && name.ends_with(']');
        let target = if simple {
            bare.to_owned()
        } else if element {
            "$element[]".to_owned()
        } else {
            "$object.property".to_owned()
        };
        let (start, end) = (node.start_byte(), node.end_byte());
        let value = Word {
            text: value.to_owned(),
            start,
            end,
            ..Word::default()
        };
        self.script.items.push(Item::Assign {
            name: target,
            value,
            exported: false,
        });
    }

    fn function(&mut self, node: Node<'_>) {
        let mut name = None;
        for child in children(node) {
            if child.kind() == "function_name" {
                name = Some(self.of(child).to_owned());
            } else {
                self.walk(child);
            }
        }
        // Definitions in inner scopes do not outlive them: only those that stand by themselves are trusted.
        let outermost = node
            .parent()
            .and_then(|list| list.parent())
            .is_some_and(|program| program.kind() == "program");
        if let (Some(name), true) = (name, outermost) {
            self.script.items.push(Item::Define(name.to_lowercase()));
        }
    }

    /// `receiver.method(…)` and `[type]::method(…)`.
    fn call(&mut self, node: Node<'_>) {
        let parts = children(node);
        if let [inner] = parts.as_slice()
            && inner.kind() == "invokation_foreach_expression"
        {
            return self.each(*inner);
        }
        let is_static = parts.iter().any(|part| self.of(*part) == "::");
        let receiver = parts.first().map(|receiver| self.of(*receiver)).unwrap_or_default();
        let member = parts
            .iter()
            .find(|part| part.kind() == "member_name")
            .map(|member| self.of(*member))
            .unwrap_or_default();
        let member = member.trim_matches(['\'', '"']);
        let kind: String = receiver.chars().filter(|character| !character.is_whitespace()).collect();
        let name = if is_static {
            format!("{kind}::{member}")
        } else {
            format!(".{member}")
        };
        let mut words = vec![Word {
            text: name,
            fixed: true,
            start: node.start_byte(),
            end: node.end_byte(),
            ..Word::default()
        }];
        for part in parts {
            self.walk(part);
            if part.kind() == "argument_list" {
                self.strings_in(part, &mut words);
            }
        }
        let (start, end) = (node.start_byte(), node.end_byte());
        self.script.items.push(Item::Run(Invocation {
            words,
            start,
            end,
            ..Invocation::default()
        }));
    }

    fn cast(&mut self, node: Node<'_>) {
        let kind = children(node).into_iter().find(|child| child.kind() == "type_literal");
        let name: String = kind
            .map(|kind| self.of(kind))
            .unwrap_or_default()
            .chars()
            .filter(|character| !character.is_whitespace())
            .collect();
        let (start, end) = (node.start_byte(), node.end_byte());
        let mut words = vec![Word {
            text: name,
            fixed: true,
            start,
            end,
            ..Word::default()
        }];
        self.strings_in(node, &mut words);
        self.script.items.push(Item::Run(Invocation {
            words,
            start,
            end,
            ..Invocation::default()
        }));
        self.each(node);
    }

    /// Quoted texts below a node, as words.
    fn strings_in(&mut self, node: Node<'_>, words: &mut Vec<Word>) {
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

    fn command(&mut self, node: Node<'_>, input: Input) {
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

    fn redirection(&mut self, node: Node<'_>) -> Vec<Redirect> {
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
