//! The two little languages that technicians embed most: `sed` and `awk`. Only what surely prints and nothing else is let through.

/// Longer ones are programs, not filters.
const MAX_SCRIPT_BYTES: usize = 2048;

/// Whether a `sed` script only selects, replaces and prints (no `w`, `r`, `e`, no `w` or `e` flag of `s`).
pub(super) fn sed_only_prints(script: &str) -> bool {
    if script.len() > MAX_SCRIPT_BYTES {
        return false;
    }
    let mut rest = script.trim_start();
    while !rest.is_empty() {
        let Some(after) = sed_command(rest) else { return false };
        rest = after.trim_start_matches([';', ' ', '\n', '\t', '}']);
    }
    true
}

/// One command; what follows it.
fn sed_command(script: &str) -> Option<&str> {
    let mut rest = script;
    loop {
        rest = rest
            .trim_start_matches([' ', '\t', ',', '!', '$', '{', '~', '+'])
            .trim_start_matches(|first: char| first.is_ascii_digit());
        if let Some(after) = rest.strip_prefix('/') {
            rest = delimited(after, '/')?.trim_start_matches('I');
        } else if !rest.starts_with([' ', '\t', ',', '!', '$', '{', '~', '+']) {
            break;
        }
    }
    let command = rest.chars().next()?;
    let after = rest.get(command.len_utf8()..)?;
    match command {
        'p' | 'd' | 'q' | '=' | 'n' | 'N' | 'P' | 'D' | 'g' | 'G' | 'h' | 'H' | 'x' | 'l' => after
            .is_empty()
            .then_some("")
            .or_else(|| after.starts_with([';', ' ', '\n', '}', '\t']).then_some(after)),
        's' | 'y' => {
            let mark = after
                .chars()
                .next()
                .filter(|mark| mark.is_ascii_punctuation() && *mark != '\\')?;
            let second = delimited(after.get(1..)?, mark)?;
            let flags = delimited(second, mark)?;
            let after = flags.trim_start_matches(|flag: char| flag.is_ascii_digit() || "gpiI".contains(flag));
            (after.is_empty() || after.starts_with([';', ' ', '\n', '}', '\t'])).then_some(after)
        }
        _ => None,
    }
}

/// What follows the next unescaped `mark`.
fn delimited(text: &str, mark: char) -> Option<&str> {
    let mut escaped = false;
    for (at, character) in text.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            // Inside brackets the mark may mean itself; such patterns are left alone.
            '[' => {
                let class = text.get(at..)?;
                if class.get(..class.find(']')?)?.contains(mark) {
                    return None;
                }
            }
            '\n' => return None,
            other if other == mark => return text.get(at + mark.len_utf8()..),
            _ => {}
        }
    }
    None
}

/// Whether an `awk` program prints to standard output alone: no `system`, no pipes, no redirection, nothing included.
pub(super) fn awk_only_prints(program: &str) -> bool {
    if program.len() > MAX_SCRIPT_BYTES
        || program.contains("system")
        || program.contains("getline")
        || program.contains(['@', '#'])
        || program.contains('\\') && program.contains('>')
    {
        return false;
    }
    let (mut quoted, mut escaped, mut braces, mut brackets) = (false, false, 0_i32, 0_i32);
    let mut characters = program.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => quoted = !quoted,
            _ if quoted => {}
            '{' => braces += 1,
            '}' => braces -= 1,
            '(' => brackets += 1,
            ')' => brackets -= 1,
            '|' if characters.next_if_eq(&'|').is_none() => {
                return false;
            }
            // Between slashes brackets mean nothing, so they cannot be counted.
            '>' if braces > 0 && (brackets <= 0 || program.contains('/')) => return false,
            _ => {}
        }
    }
    !quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_that_print() {
        for script in [
            "10,20p",
            "$p",
            "s/a/b/",
            "s|a|b|g;p",
            "/err/,/end/p",
            "1!G;h;$!d",
            "/^#/d",
            "s/\\/x/y/gI",
            "5q",
        ] {
            assert!(sed_only_prints(script), "{script}");
        }
        for program in [
            "{print $1}",
            "$5 > 80",
            "NR==1 || $3 > 5 {print $0}",
            "{ if ($3 > 4) print }",
            "/a/{print}",
            "BEGIN{FS=\":\"} {print $1}",
        ] {
            assert!(awk_only_prints(program), "{program}");
        }
    }

    #[test]
    fn scripts_that_write_or_run() {
        for script in [
            "w /etc/x",
            "1e rm",
            "s/a/b/e",
            "s/a/b/w f",
            "r x",
            "/a/w b",
            "s/a/b/;e",
            "a\\\nx",
            "1,5w f",
            "s/[/]/b/w x",
        ] {
            assert!(!sed_only_prints(script), "{script}");
        }
        for program in [
            "{print > \"f\"}",
            "{system(\"rm\")}",
            "{print | \"sh\"}",
            "BEGIN{\"id\"|getline}",
            "/(/{print > \"x\"}",
            "@load \"x\"",
        ] {
            assert!(!awk_only_prints(program), "{program}");
        }
    }
}
