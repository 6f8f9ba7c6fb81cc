//! HTML of hostile text: escaped (HTML §13.3), with what is hidden in it made visible and set apart.

use caisey_transcript::visible::{Segment, segments};

/// Text that may be drawn as it is, within an element or a quoted attribute.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// Any text; `mark` is the attribute of the elements around what was hidden, such as `class="hid"`.
pub(super) fn shown(text: &str, mark: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for segment in segments(text) {
        match segment {
            Segment::Plain { text } => out.push_str(&escaped(&text)),
            Segment::Escape { label } => out.push_str(&format!("<span {mark}>‹{}›</span>", escaped(&label))),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{escaped, shown};

    #[test]
    fn nothing_becomes_markup_and_nothing_stays_hidden() {
        assert_eq!(escaped(r#"<a href="x">'&"#), "&lt;a href=&quot;x&quot;&gt;&#39;&amp;");
        let told = shown("rm \u{202e}txt.\u{1b}[31m<b>", "class=\"hid\"");
        assert_eq!(
            told,
            "rm <span class=\"hid\">‹RLO›</span>txt.<span class=\"hid\">‹ESC[31m›</span>&lt;b&gt;"
        );
    }
}
