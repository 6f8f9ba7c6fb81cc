//! Redirections of `sh` and bash: files, here-strings and here-documents.
//!
//! Promises: what a here-document runs while it is put together is found, or the text is opaque; so is one whose end a shell would see
//! elsewhere than the grammar does.

use super::posix::Reader;
use super::posix_word::Words;
use super::{Input, Invocation, Item, Redirect, Word};
use tree_sitter::Node;

impl Reader<'_> {
    /// Redirections and what they belong to. The grammar gives a redirection all words that follow it; all but the first are the command's.
    pub(super) fn redirected(&mut self, node: Node<'_>, input: Input) {
        let body = node.child_by_field_name("body");
        let (mut redirects, mut extra, mut input) = (Vec::new(), Vec::new(), input);
        for child in Self::children(node) {
            if Some(child.id()) != body.map(|body| body.id()) {
                self.redirection(child, &mut redirects, &mut extra, &mut input);
            }
        }
        match body {
            Some(body) if body.kind() == "command" => self.command(body, redirects, extra, input),
            body => {
                if !extra.is_empty() {
                    self.opaque(node, "Words stand after a redirection where no command takes them.");
                }
                let (start, end) = (node.start_byte(), node.end_byte());
                self.script.items.push(Item::Run(Invocation {
                    redirects,
                    start,
                    end,
                    ..Invocation::default()
                }));
                if let Some(body) = body {
                    self.statement(body, false);
                }
            }
        }
    }

    pub(super) fn redirection(
        &mut self,
        node: Node<'_>,
        redirects: &mut Vec<Redirect>,
        extra: &mut Vec<Word>,
        input: &mut Input,
    ) {
        match node.kind() {
            "file_redirect" => self.file_redirect(node, redirects, extra),
            "herestring_redirect" => {
                for child in Self::children(node) {
                    if Self::is_word(child) {
                        *input = Input::Text(self.word(child));
                    }
                }
            }
            "heredoc_redirect" => self.heredoc(node, redirects, extra, input),
            "comment" => self.comment(node),
            _ => self.opaque(node, "A redirection that is not understood."),
        }
    }

    fn file_redirect(&mut self, node: Node<'_>, redirects: &mut Vec<Redirect>, extra: &mut Vec<Word>) {
        let (mut operator, mut target) = ("", None);
        for child in Self::children(node) {
            if Self::is_word(child) {
                let word = self.word(child);
                if target.is_none() {
                    target = Some(word)
                } else {
                    extra.push(word)
                }
            } else if child.kind() == "comment" {
                self.comment(child);
            } else if child.kind() != "file_descriptor" {
                operator = self.of(child);
            }
        }
        if operator.ends_with('-') && target.is_some() {
            extra.extend(target.take());
        }
        let Some(target) = target else { return };
        let duplicates = operator.ends_with('&')
            && target.fixed
            && target.text.trim_end_matches('-').bytes().all(|byte| byte.is_ascii_digit());
        if !duplicates {
            redirects.push(Redirect {
                target,
                writes: operator.contains('>'),
            });
        }
    }

    fn heredoc(&mut self, node: Node<'_>, redirects: &mut Vec<Redirect>, extra: &mut Vec<Word>, input: &mut Input) {
        let mut delimiter = "";
        for child in Self::children(node) {
            match child.kind() {
                "heredoc_start" => delimiter = self.of(child),
                "heredoc_body" => *input = Input::Text(self.heredoc_body(child, delimiter)),
                "heredoc_end" | "file_descriptor" => {}
                "file_redirect" | "herestring_redirect" => self.redirection(child, redirects, extra, input),
                "pipeline" => self.pipeline_of_heredoc(child),
                _ if Self::is_word(child) => {
                    let word = self.word(child);
                    extra.push(word);
                }
                _ => self.statement(child, false),
            }
        }
    }

    fn pipeline_of_heredoc(&mut self, node: Node<'_>) {
        for child in Self::children(node) {
            match child.kind() {
                "command" => self.command(child, Vec::new(), Vec::new(), Input::Pipe),
                _ => self.statement(child, false),
            }
        }
    }

    fn heredoc_body(&mut self, node: Node<'_>, delimiter: &str) -> Word {
        let body = self.of(node);
        let bare: String = delimiter.chars().filter(|character| !"'\"\\".contains(*character)).collect();
        let quoted = bare != delimiter;
        if body.lines().any(|line| line.trim_start_matches('\t') == bare) {
            self.opaque(node, "It cannot be told where this here-document ends.");
        }
        let (mut substitutions, mut fixed) = (0, true);
        for child in Self::children(node) {
            if child.kind() != "heredoc_content" && child.is_named() {
                substitutions += usize::from(child.kind() == "command_substitution");
                fixed = false;
                self.word(child);
            }
        }
        if !quoted && (body.contains('`') || body.matches("$(").count() != substitutions || body.contains("$[")) {
            self.opaque(
                node,
                "It cannot be told what this here-document runs while it is put together.",
            );
        }
        let (start, end) = (node.start_byte(), node.end_byte());
        let fixed = fixed && (quoted || !body.contains(['$', '\\']));
        Word {
            text: body.to_owned(),
            fixed,
            quoted: true,
            start,
            end,
            ..Word::default()
        }
    }
}
