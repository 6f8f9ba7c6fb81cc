//! Labels and their values: `name=value`, `Name : value`, `"name": "value"`, `--name value`, `/name:value`.

use super::{Anchor, Search};
use crate::kind::{BLANK, SOLID};
use crate::line::{Line, is_alphanumeric, is_blank};
use std::ops::Range;

/// How far a value may reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// One word.
    Word,
    /// Several words, up to the end of the column or field.
    Field,
}

/// A value that follows a label.
pub(super) struct Value {
    pub(super) range: Range<usize>,
    /// It stood in quotes.
    pub(super) quoted: bool,
    /// What was between label and value was more than a blank.
    pub(super) separated: bool,
}

const LONGEST: usize = 1_024;

/// Letters and digits between the label and the separator: the label is part of a longer name, such as `passwordHash`.
pub(super) fn suffix<'a>(line: &Line<'a>, anchor: &Anchor) -> &'a str {
    // Chinese and the like put no blank between a word and the next.
    if anchor.word.bytes().next().is_some_and(|byte| byte >= 0xE0) {
        return "";
    }
    let end = line.forward(anchor.end, |byte| is_alphanumeric(byte) && byte != 0xEF || byte == b'_');
    line.str(anchor.end..end)
}

/// Beginning of the identifier that the label ends or is part of: `DB_` in `DB_PASSWORD`.
pub(super) fn name_start(line: &Line<'_>, anchor: &Anchor) -> usize {
    line.back(anchor.start, |byte| {
        is_alphanumeric(byte) || matches!(byte, b'_' | b'-' | b'.')
    })
}

/// Whether the label is written as a flag: `-name`, `--long-name`, `/name`.
pub(super) fn is_flag(line: &Line<'_>, anchor: &Anchor) -> bool {
    if matches!(line.at(anchor.start), b'-' | b'/') {
        return anchor.start == line.start || is_blank(line.before(anchor.start));
    }
    let start = name_start(line, anchor);
    let first = line.at(start);
    let lead = if first == b'-' { first } else { line.before(start) };
    let outside = if first == b'-' {
        line.before(start)
    } else {
        line.before(start.saturating_sub(1))
    };
    matches!(lead, b'-' | b'/') && (outside == 0 || is_blank(outside) || outside == b'"')
}

/// The value after a label that ends at `after`; `bare` allows a blank alone between them.
pub(super) fn value(line: &Line<'_>, after: usize, bare: bool, reach: Reach) -> Option<Value> {
    let mut at = after;
    if matches!(line.at(at), b'"' | b'\'' | b'`') {
        at += 1;
    } else if line.at(at) == b'\\' && line.at(at + 1) == b'"' {
        at += 2;
    }
    let named = at > after;
    // `$db['password'] = …`
    if named && line.at(at) == b']' {
        at += 1;
    }
    // "Host Name . . . . . : X", "User name                    X"
    let dotted = line.forward(at, |byte| is_blank(byte) || byte == b'.');
    let mut separated = false;
    match line.at(dotted) {
        b'=' | b':' => {
            separated = true;
            at = dotted + 1;
            // "sysName.0 = STRING: prn-lab3", as SNMP has it.
            if line.reads(at, " STRING: ") {
                at += " STRING: ".len();
            }
            if matches!(line.at(at), b'=' | b'>') || line.before(at) == b':' && line.at(at) == b':' {
                at += 1;
            }
        }
        // `define('DB_PASSWORD', 'x')`, `password('x')`
        b',' | b'(' if called(line, dotted, named) => {
            separated = true;
            at = dotted + 1;
        }
        // "password | x", as psql prints one record.
        b'|' if !bare
            && !named
            && dotted > at
            && line.start + 40 > at
            && is_blank(line.at(dotted + 1))
            && is_pair(line, dotted) =>
        {
            separated = true;
            at = dotted + 1;
        }
        // `<UserName>jane</UserName>`, `<Data Name="TargetUserName">jane</Data>`, `<Password><Value>x</Value>`
        b'>' | b'a'..=b'z' if let Some(close) = tag_end(line, after, dotted) => {
            let mut start = close + 1;
            for nested in ["<value>", "<key>", "<string>"] {
                if line.at(start) == b'<' && line.reads(start, nested) {
                    start += nested.len();
                }
            }
            let end = line.forward(start, |byte| byte != b'<');
            let range = line.trim(start..end);
            return (!range.is_empty() && line.at(end) == b'<').then_some(Value {
                range,
                quoted: true,
                separated: true,
            });
        }
        // "<Key>Password</Key><Value ProtectInMemory="True">x</Value>", as KeePass writes it.
        b'<' if line.reads(dotted, "</key><value") => {
            let start = line.forward(dotted + "</key><value".len(), |byte| byte != b'>') + 1;
            let range = start..line.forward(start, |byte| byte != b'<');
            return (!range.is_empty()).then_some(Value {
                range,
                quoted: true,
                separated: true,
            });
        }
        _ if line.reads(dotted, "value=") && at < dotted => {
            separated = true;
            at = dotted + "value=".len();
        }
        // What the registry holds: `DefaultPassword    REG_SZ    x`
        b'R' | b'r' if line.reads(dotted, "REG_") && at < dotted => {
            separated = true;
            at = line.end_of(SOLID, dotted);
        }
        0xEF if line.reads(dotted, "：") => {
            separated = true;
            at = dotted + "：".len();
        }
        _ if bare && is_blank(line.at(at)) => at = line.end_of(BLANK, at),
        // "user 'jane'", "user [jane]"
        _ if at == after && dotted == at + 1 && matches!(line.at(dotted), b'\'' | b'"' | b'[' | b'`') => {
            let closing = if line.at(dotted) == b'[' { b']' } else { line.at(dotted) };
            let end = line.forward(dotted + 1, |byte| byte != closing);
            return (line.at(end) == closing && (2..64).contains(&(end - dotted))).then_some(Value {
                range: dotted + 1..end,
                quoted: true,
                separated: false,
            });
        }
        _ => return None,
    }
    let glued = line.before(at) == b'=' && !is_blank(line.before(at - 1));
    let next = line.end_of(BLANK, at);
    // "rhost=  user=jane": nothing was set.
    if glued && next > at && line.at(line.forward(next, |byte| is_alphanumeric(byte) || byte == b'_')) == b'=' {
        return None;
    }
    at = next;
    // "PASSWORD = N'x'", as SQL marks text of any script; "user_pass=MD5('x')"
    if line.at(at) == b'N' && line.at(at + 1) == b'\'' {
        at += 1;
    } else if ["MD5(", "SHA1(", "SHA2(", "PASSWORD(", "ENCRYPT(", "CRYPT("]
        .iter()
        .any(|call| line.reads(at, call))
    {
        let open = line.forward(at, |byte| byte != b'(') + 1;
        if matches!(line.at(open), b'\'' | b'"') {
            at = open;
        }
    }
    let quote = line.at(at);
    if matches!(quote, b'"' | b'\'') || (quote == b'\\' && line.at(at + 1) == b'"') {
        let start = if quote == b'\\' { at + 2 } else { at + 1 };
        let closing = if quote == b'\\' { b'"' } else { quote };
        let mut end = line.forward(start, |byte| byte != closing).min(start + LONGEST);
        if quote == b'\\' && line.before(end) == b'\\' {
            end -= 1;
        }
        return (start < end).then_some(Value {
            range: start..end,
            quoted: true,
            separated,
        });
    }
    let end = match reach {
        Reach::Word => line.forward(at, |byte| !is_blank(byte) && !matches!(byte, b'"' | b'\'' | b'<')),
        Reach::Field => field_end(line, at),
    };
    let range = line.trim(at..end.min(at + LONGEST));
    (!range.is_empty()).then_some(Value {
        range,
        quoted: false,
        separated,
    })
}

/// Whether this bar is the only one: a name and its value, and no row of a table.
fn is_pair(line: &Line<'_>, bar: usize) -> bool {
    line.forward(bar + 1, |byte| byte != b'|') >= line.end.min(bar + 256)
}

/// Whether what follows this sign is a value in quotes that a call names or is given.
fn called(line: &Line<'_>, sign: usize, named: bool) -> bool {
    let next = line.end_of(BLANK, sign + 1);
    matches!(line.at(next), b'"' | b'\'') && (named || line.at(sign) == b'(')
}

/// Where the tag of XML ends that the label belongs to: right behind it, or behind an attribute (`<Pass encoding="base64">`).
fn tag_end(line: &Line<'_>, label: usize, place: usize) -> Option<usize> {
    let open = line.back(label, |byte| !matches!(byte, b'<' | b'>'));
    if line.before(open) != b'<' {
        return None;
    }
    let end = line.forward(place, |byte| !matches!(byte, b'<' | b'>'));
    let attribute = end == place || line.before(end) == b'"' && line.before(label) != b'"' && line.before(place) == b' ';
    (line.at(end) == b'>' && attribute && end < place + 64).then_some(end)
}

/// Where a field of several words ends: two blanks, a tab, a quote, a bracket or a separator of fields.
fn field_end(line: &Line<'_>, from: usize) -> usize {
    let mut at = from;
    while at < line.end {
        let byte = line.at(at);
        let stops = matches!(
            byte,
            b'\t' | b'"' | b'<' | b'>' | b'|' | b';' | b',' | b'(' | b'[' | b'{' | b'}'
        ) || (byte == b' ' && line.at(at + 1) == b' ');
        if stops || at > from + 256 {
            break;
        }
        at += 1;
    }
    at
}

/// Cuts the range at the first of these bytes.
pub(super) fn until(line: &Line<'_>, range: Range<usize>, stops: &[u8]) -> Range<usize> {
    let end = line.forward(range.start, |byte| !stops.contains(&byte)).min(range.end);
    range.start..end
}

/// Whether this place lies in something already found in this line: what a value contains is not looked at again.
pub(super) fn is_found(search: &Search<'_, '_>, place: usize) -> bool {
    search
        .found
        .iter()
        .rev()
        .take(8)
        .any(|finding| finding.range.contains(&place))
}
