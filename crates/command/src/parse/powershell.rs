//! PowerShell, both editions: the tree of tree-sitter-powershell to invocations. Statements are here, commands and their words in
//! `powershell_word`.
//!
//! Script blocks are read as if they ran where they stand, whatever takes them. Method calls become invocations named `.method` or
//! `[type]::method`, casts such named `[type]`, so that the tables judge them like programs. Any other node makes the text opaque.

use super::powershell_quotes::{self, Quotes};
use super::{Input, Invocation, Item, Script, Word, tree};
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

/// Reads one text; see the module's.
pub(super) struct Reader<'a> {
    pub(super) text: &'a str,
    pub(super) quotes: &'a Quotes,
    pub(super) script: &'a mut Script,
    pub(super) work: &'a mut Work,
    depth: usize,
    stopped: bool,
}

pub(super) fn children(node: Node<'_>) -> Vec<Node<'_>> {
    let mut cursor = node.walk();
    node.children(&mut cursor).collect()
}

impl<'a> Reader<'a> {
    pub(super) fn source(&self, start: usize, end: usize) -> &'a str {
        self.text.get(start..end.min(self.text.len())).unwrap_or_default()
    }

    pub(super) fn of(&self, node: Node<'_>) -> &'a str {
        self.source(node.start_byte(), node.end_byte())
    }

    pub(super) fn opaque(&mut self, node: Node<'_>, sentence: &str) {
        self.script
            .opaque(node.start_byte(), node.end_byte().min(self.text.len()), sentence);
    }

    pub(super) fn walk(&mut self, node: Node<'_>) {
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
            "comparison_expression" | "comparison_argument_expression" => {
                self.conversion(node);
                self.each(node);
            }
            "foreach_statement" | "script_parameter" => {
                if let Some(variable) = children(node).into_iter().find(|child| child.kind() == "variable") {
                    self.set(variable);
                }
                self.each(node);
            }
            "attribute" if children(node).iter().any(|child| child.kind() == "type_literal") => self.cast(node),
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
        // An element of a variable's value: what counts is whose.
        let base = name.split('[').next().unwrap_or_default();
        let of_variable = base
            .strip_prefix("${")
            .and_then(|rest| rest.strip_suffix('}'))
            .or_else(|| base.strip_prefix('$'));
        let element = of_variable
            .filter(|rest| name.ends_with(']') && rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_:".contains(&byte)));
        let target = if simple {
            bare.to_owned()
        } else if let Some(variable) = element {
            format!("${variable}")
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

    /// A variable that a statement gives values to which are not looked at.
    fn set(&mut self, variable: Node<'_>) {
        let (start, end) = (variable.start_byte(), variable.end_byte());
        self.script.items.push(Item::Assign {
            name: self.of(variable).to_owned(),
            value: Word {
                text: "$_".to_owned(),
                start,
                end,
                ..Word::default()
            },
            exported: false,
        });
    }

    /// `value -as [type]` makes one of the other, as a cast does.
    fn conversion(&mut self, node: Node<'_>) {
        let parts = children(node);
        for (at, part) in parts.iter().enumerate() {
            if part.kind() != "comparison_operator" || !self.of(*part).eq_ignore_ascii_case("-as") {
                continue;
            }
            let kind = parts
                .get(at + 1)
                .map(|kind| {
                    self.of(*kind)
                        .chars()
                        .filter(|letter| !letter.is_whitespace())
                        .collect::<String>()
                })
                .filter(|kind| kind.starts_with('[') && kind.ends_with(']') && !kind.contains("::"));
            let Some(kind) = kind else {
                self.opaque(node, "What this is made into is only known when it runs.");
                continue;
            };
            self.made_into(kind, node);
        }
    }

    /// What a cast runs: the type, on the strings at this node.
    fn made_into(&mut self, kind: String, node: Node<'_>) {
        let (start, end) = (node.start_byte(), node.end_byte());
        let mut words = vec![Word {
            text: kind,
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
        self.made_into(name, node);
        self.each(node);
    }
}
