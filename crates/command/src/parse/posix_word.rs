//! Words of `sh` and bash: quoting undone, expansions kept as they are written, substitutions read as commands.

use super::posix::Reader;
use super::{Dialect, Word};
use crate::knowledge::knowledge;
use tree_sitter::Node;

/// Variables that hold a plain path or name on every machine, so that they never turn into options.
const TAME: &[&str] = &[
    "HOME", "USER", "LOGNAME", "PWD", "OLDPWD", "HOSTNAME", "UID", "EUID", "TMPDIR", "SHELL",
];

/// What a reader of statements needs of words.
pub(super) trait Words {
    fn word(&mut self, node: Node<'_>) -> Word;
    fn arithmetic(&mut self, node: Node<'_>);
    fn is_word(node: Node<'_>) -> bool;
}

impl Words for Reader<'_> {
    fn is_word(node: Node<'_>) -> bool {
        matches!(
            node.kind(),
            "word"
                | "string"
                | "raw_string"
                | "ansi_c_string"
                | "translated_string"
                | "number"
                | "concatenation"
                | "simple_expansion"
                | "expansion"
                | "command_substitution"
                | "process_substitution"
                | "arithmetic_expansion"
                | "brace_expression"
                | "test_operator"
                | "$"
        )
    }

    fn word(&mut self, node: Node<'_>) -> Word {
        let (start, end) = (node.start_byte(), node.end_byte());
        let mut word = Word {
            fixed: true,
            start,
            end,
            ..Word::default()
        };
        self.piece(node, &mut word, true);
        word
    }

    /// Numbers, names and operators; everything else in it is opaque, because shells evaluate texts found in arithmetic.
    fn arithmetic(&mut self, node: Node<'_>) {
        let mut waiting = Self::children(node);
        let text = self.of(node);
        let sets = text.contains("++") || text.contains("--") || text.contains('=');
        while let Some(child) = waiting.pop() {
            if !self.enter(child) {
                return;
            }
            if sets && matches!(child.kind(), "variable_name" | "word" | "identifier") {
                let name = self.of(child);
                if knowledge().is_dangerous_variable(name) {
                    self.opaque(child, "Arithmetic sets a variable that changes what later commands do.");
                }
                if !self.of(node).starts_with('$') {
                    // It becomes a number.
                    let value = Word {
                        text: "0".to_owned(),
                        fixed: true,
                        start: child.start_byte(),
                        end: child.end_byte(),
                        ..Word::default()
                    };
                    self.sets(name, vec![value]);
                }
            }
            match child.kind() {
                "command_substitution" | "expansion" => {
                    self.word(child);
                }
                "do_group" | "compound_statement" if self.of(child).starts_with(['d', '{']) => self.statement(child, false),
                "string" | "raw_string" | "ansi_c_string" => {
                    self.opaque(child, "A text inside arithmetic, which a shell would evaluate.")
                }
                _ => waiting.extend(Self::children(child)),
            }
        }
    }
}

impl Reader<'_> {
    fn piece(&mut self, node: Node<'_>, word: &mut Word, outer: bool) {
        if !self.enter(node) {
            return unknown(word, "");
        }
        let text = self.of(node);
        match node.kind() {
            "word" | "test_operator" | "number" if node.child_count() == 0 => self.bare(node, word),
            "$" => word.text.push('$'),
            "raw_string" => {
                word.quoted = true;
                word.text.push_str(text.trim_matches('\'').get(..).unwrap_or_default());
            }
            "string" => self.double_quoted(node, word),
            "ansi_c_string" => self.ansi(node, word),
            "concatenation" if outer => self.concatenation(node, word),
            "simple_expansion" => self.variable(text.trim_start_matches('$'), text, word, true),
            "expansion" => self.expansion(node, word),
            "arithmetic_expansion" => {
                self.arithmetic(node);
                word.fixed = false;
                word.text.push_str(text);
            }
            "command_substitution" => {
                self.substitution(node);
                unknown(word, text);
            }
            "process_substitution" => {
                if self.dialect == Dialect::Sh {
                    self.opaque(node, "Not all shells that are called sh know process substitution.");
                }
                for child in Self::children(node) {
                    self.statement(child, false);
                }
                word.fixed = false;
                word.text.push_str(text);
            }
            "brace_expression" => {
                word.fixed = false;
                word.text.push_str(text);
            }
            _ => {
                self.opaque(node, "A word that is not understood.");
                unknown(word, text);
            }
        }
    }

    fn bare(&mut self, node: Node<'_>, word: &mut Word) {
        let (text, mut escaped) = (self.of(node), false);
        if text == "{}" {
            // No expansion: what `find` and `xargs` replace.
            return word.text.push_str(text);
        }
        let first = word.text.is_empty() && !word.quoted;
        for (at, character) in text.char_indices() {
            match character {
                _ if escaped => {
                    escaped = false;
                    if character != '\n' {
                        word.text.push(character);
                        word.quoted |= at <= 1;
                    }
                    continue;
                }
                '\\' => {
                    escaped = true;
                    continue;
                }
                '*' | '?' | '[' | '{' => {
                    word.maybe_option |=
                        (first && at == 0) || (word.text.starts_with('-') && !word.text.contains('=')) || character == '{';
                    word.fixed &= character != '{' || text.len() == 1;
                }
                '`' | '$' | '"' | '\'' | ';' | '|' | '&' | '<' | '>' | '(' | ')' => {
                    self.opaque(node, "A sign inside a word that a shell would not read as part of it.");
                }
                _ => {}
            }
            word.text.push(character);
        }
        if escaped {
            self.opaque(node, "A backslash ends the word.");
        }
    }

    fn concatenation(&mut self, node: Node<'_>, word: &mut Word) {
        let mut end = node.start_byte();
        for child in Self::children(node) {
            if child.start_byte() != end {
                self.opaque(child, "It cannot be told where one word ends and the next begins.");
            }
            end = child.end_byte();
            self.piece(child, word, false);
        }
        // Braces that stand as words of their own expand together with what is between them.
        let braces = self.of(node).contains('{') && !self.of(node).contains("${");
        if braces || (word.text.contains('{') && word.text.contains(',')) {
            word.fixed = false;
            word.maybe_option = true;
        }
    }

    fn double_quoted(&mut self, node: Node<'_>, word: &mut Word) {
        word.quoted = true;
        let children = Self::children(node);
        let inner = (node.start_byte() + 1, node.end_byte().saturating_sub(1));
        let (mut at, count) = (inner.0, children.len());
        for (number, child) in children.into_iter().enumerate() {
            if number == 0 || number + 1 == count || child.kind() == "string_content" {
                continue;
            }
            if !child.is_named() {
                continue;
            }
            self.quoted_text(node, at, child.start_byte(), word);
            at = child.end_byte();
            let before = word.maybe_option;
            let lead = word.text.is_empty();
            self.piece(child, word, false);
            // Inside quotes it stays one word, which is an option only if it leads.
            word.maybe_option = before || (word.maybe_option && lead);
        }
        self.quoted_text(node, at, inner.1, word);
    }

    /// Text between double quotes, in which only these may be escaped, and nothing may be substituted.
    fn quoted_text(&mut self, node: Node<'_>, start: usize, end: usize, word: &mut Word) {
        let mut characters = self.source(start, end).chars().peekable();
        while let Some(character) = characters.next() {
            match (character, characters.peek().copied()) {
                ('\\', Some('\n')) => {
                    characters.next();
                }
                ('\\', Some(next @ ('"' | '\\' | '$' | '`'))) => {
                    word.text.push(next);
                    characters.next();
                }
                ('"' | '`', _) | ('\\', None) | ('$', Some('(' | '{' | '[')) => {
                    return self.opaque(node, "It cannot be told where this quoted text ends.");
                }
                _ => word.text.push(character),
            }
        }
    }

    fn ansi(&mut self, node: Node<'_>, word: &mut Word) {
        word.quoted = true;
        let text = self.of(node);
        let inner = text.get(2..text.len().saturating_sub(1)).unwrap_or_default();
        let mut characters = inner.chars();
        while let Some(character) = characters.next() {
            let plain = match character {
                '\\' => match characters.next() {
                    Some('n') => Some('\n'),
                    Some('t') => Some('\t'),
                    Some(next @ ('\\' | '\'' | '"')) => Some(next),
                    _ => None,
                },
                '\'' => None,
                other => Some(other),
            };
            match plain {
                Some(plain) => word.text.push(plain),
                None => return self.opaque(node, "Escapes in this text hide what it says."),
            }
        }
        if self.dialect == Dialect::Sh {
            self.opaque(node, "Not all shells that are called sh know this quoting.");
        }
    }

    fn variable(&mut self, name: &str, text: &str, word: &mut Word, alone: bool) {
        word.fixed = false;
        word.maybe_option |= alone && !TAME.contains(&name);
        word.text.push_str(text);
    }

    fn expansion(&mut self, node: Node<'_>, word: &mut Word) {
        let text = self.of(node);
        let inner = text.trim_start_matches("${").trim_end_matches('}');
        let plain = !inner.is_empty() && inner.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if plain {
            return self.variable(inner, text, word, true);
        }
        unknown(word, text);
        if let Some((name, rest)) = inner.split_once('=') {
            let name = name.trim_end_matches(':');
            if name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') && !rest.is_empty() {
                self.sets(name, vec![word.clone()]);
            }
        }
        for child in Self::children(node) {
            match child.kind() {
                "!" | "@" => self.opaque(child, "An expansion that evaluates what it finds."),
                "subscript" => {
                    let index = self.of(child);
                    if !(index.ends_with("[@]") || index.ends_with("[*]")) {
                        self.arithmetic(child);
                    }
                }
                "regex" | "variable_name" | "special_variable_name"
                    if self.of(child).contains(['`', '$']) && child.kind() == "regex" =>
                {
                    self.opaque(child, "A pattern that could run something.");
                }
                "array" | "binary_expression" | "unary_expression" | "parenthesized_expression" => self.arithmetic(child),
                _ if Self::is_word(child) => {
                    self.word(child);
                }
                _ if child.is_named() => self.opaque(child, "An expansion that is not understood."),
                _ => {}
            }
        }
    }

    fn substitution(&mut self, node: Node<'_>) {
        let text = self.of(node);
        if text.starts_with('`') && text.contains('\\') {
            self.opaque(node, "Escapes inside backticks change what is run.");
        }
        if text.starts_with("$`") {
            self.opaque(node, "A substitution that shells read differently.");
        }
        for child in Self::children(node) {
            if child.kind() == "file_redirect" {
                for part in Self::children(child) {
                    if Self::is_word(part) {
                        self.word(part);
                    } else if part.is_named() || self.of(part) != "<" {
                        self.opaque(part, "A substitution that is not understood.");
                    }
                }
            } else {
                self.statement(child, false);
            }
        }
    }
}

fn unknown(word: &mut Word, text: &str) {
    word.fixed = false;
    word.maybe_option = true;
    word.text.push_str(text);
}
