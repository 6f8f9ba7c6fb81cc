//! Writing HTML in which nothing that comes from elsewhere can become markup: tags are literals of this program, everything else is
//! escaped (WHATWG HTML, "Escaping a string"), and what cannot be drawn as it is becomes a label ([`caisey_transcript::visible`]).

use caisey_transcript::visible::{Segment, marked_line, segments};

/// A growing piece of HTML.
#[derive(Debug, Default)]
pub(crate) struct Html(String);

impl Html {
    /// Markup of this program's own.
    pub(crate) fn raw(&mut self, markup: &'static str) -> &mut Self {
        self.0.push_str(markup);
        self
    }

    /// Markup that was written with this very type.
    pub(crate) fn finished(&mut self, html: &str) -> &mut Self {
        self.0.push_str(html);
        self
    }

    /// One line of text: what it may hide is marked, line feeds included.
    pub(crate) fn line(&mut self, text: &str) -> &mut Self {
        self.escape(&marked_line(text))
    }

    /// A number.
    pub(crate) fn number(&mut self, number: u64) -> &mut Self {
        self.escape(&number.to_string())
    }

    /// A text of several lines; labels for what cannot be drawn are set apart.
    pub(crate) fn text(&mut self, text: &str) -> &mut Self {
        for segment in segments(text) {
            match segment {
                Segment::Plain { text } => self.escape(&text),
                Segment::Escape { label } => {
                    self.raw("<span class=\"esc\">‹");
                    self.escape(&label).raw("›</span>")
                }
            };
        }
        self
    }

    /// An element with one line in it.
    pub(crate) fn element(&mut self, open: &'static str, text: &str, close: &'static str) -> &mut Self {
        self.raw(open).line(text).raw(close)
    }

    /// A term and its description.
    pub(crate) fn fact(&mut self, term: &'static str, description: &str) -> &mut Self {
        self.raw("<div><dt>")
            .raw(term)
            .element("</dt><dd>", description, "</dd></div>")
    }

    pub(crate) fn finish(self) -> String {
        self.0
    }

    fn escape(&mut self, text: &str) -> &mut Self {
        for c in text.chars() {
            match c {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                _ => self.0.push(c),
            }
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_comes_from_elsewhere_becomes_markup() {
        for hostile in [
            "<script>alert(1)</script>",
            "\"><img src=x onerror='alert(1)'>",
            "</pre></li><h1>Attested</h1>",
            "&lt;b&gt;",
            "\u{202e}<b>\u{1b}[31m<i>",
        ] {
            let mut html = Html::default();
            html.element("<a href=\"", hostile, "\">").text(hostile).raw("</a>");
            let written = html.finish();
            let inside = written
                .strip_prefix("<a href=\"")
                .and_then(|rest| rest.strip_suffix("</a>"))
                .unwrap_or_default()
                .replace("<span class=\"esc\">", "")
                .replace("</span>", "");
            assert_eq!(inside.matches('<').count(), 0, "{written}");
            assert_eq!(inside.matches(['"', '\'']).count(), 1, "{written}");
            assert!(!written.contains(['\u{202e}', '\u{1b}']), "{written}");
        }
    }
}
