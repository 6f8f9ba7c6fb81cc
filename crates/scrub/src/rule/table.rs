//! Tables: what stands under a heading that announces names, numbers or secrets. Fields with separators (CSV, psql, mysql), columns that
//! a row of dashes measures (PowerShell) or that two blanks part, and words under headings in capitals (ps, lsof, query user).

use super::heading::{classes, is_heading};
use super::host::is_host_name;
use super::listing::ENDS;
use super::people::{is_no_name, is_surely_person};
use super::person::{is_account_name, is_full_name, is_property};
use super::plausible::is_secret_word;
use super::windows::is_foreign_domain;
use super::{Meaning, Search};
use crate::class::Class;
use crate::finding::Finding;
use crate::kind::{BLANK, NAME, SOLID};
use crate::line::{Line, has};
use std::ops::Range;

/// The table whose rows may follow.
#[derive(Default)]
pub(crate) struct Table {
    layout: Layout,
    columns: Vec<Column>,
    /// Fields of a row, when they have separators.
    fields: usize,
    /// The line above, which a row of dashes makes a heading.
    above: Range<usize>,
    rows: usize,
}

#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum Layout {
    #[default]
    None,
    /// Fields between two of these.
    Separated(u8),
    /// A cell reaches from below its heading to below the next.
    Spread,
    /// A cell is the word below its heading.
    Words,
}

struct Column {
    class: Class,
    /// The number of the field, or the characters of the line.
    place: Range<usize>,
}

pub(super) fn find(search: &mut Search<'_, '_>, table: &mut Table) {
    let line = search.line;
    let above = std::mem::replace(&mut table.above, line.start..line.end);
    let first = line.end_of(BLANK, line.start);
    if first >= line.end {
        if table.rows > 0 {
            table.layout = Layout::None;
        }
        return;
    }
    if is_rule(&line, first) {
        open_ruled(&line, above, table);
    } else if may_be_heading(search) && open(&line, table) {
        table.rows = 0;
    } else if table.layout != Layout::None {
        row(search, table, first);
    }
}

/// Nothing but dashes and what parts them.
fn is_rule(line: &Line<'_>, first: usize) -> bool {
    matches!(line.at(first), b'-' | b'=' | b'+' | b'|')
        && !line.has(has::LOWER)
        && !line.has(has::UPPER)
        && !line.has(has::DIGIT)
        && line.end > first + 2
        && line.run(first, |byte| matches!(byte, b'-' | b'=' | b'+' | b'|' | b' ' | b'\t' | b':')) == line.end
}

fn open_ruled(line: &Line<'_>, above: Range<usize>, table: &mut Table) {
    let dashes = line.str(line.start..line.end);
    let heading = line.earlier(above);
    if dashes.contains(['+', '|']) {
        if heading.contains('|') {
            open_separated(heading, b'|', table);
        }
        return;
    }
    let starts: Vec<usize> = runs(dashes, |c| matches!(c, '-' | '=')).iter().map(|run| run.start).collect();
    if starts.len() > 1 {
        open_spread(heading, &starts, table);
    }
}

/// Whether a word that headings hold stands where a heading would begin: what spares other lines the reading.
fn may_be_heading(search: &Search<'_, '_>) -> bool {
    let line = search.line;
    if line.end - line.start > 400 || line.has(has::BACKSLASH) || line.has(has::COLON) || line.has(has::DOT) {
        return false;
    }
    let capitals = !line.has(has::LOWER);
    search.anchors.iter().any(|anchor| {
        let known = matches!(
            anchor.meaning,
            Meaning::Phone
                | Meaning::Setting(Class::User | Class::Host | Class::Password | Class::Token)
                | Meaning::Field(Class::User)
                | Meaning::Number(_)
                | Meaning::Licence
                | Meaning::Pin
                | Meaning::Id
        );
        let before = line.before(anchor.start);
        let begins = match before {
            0 | b',' | b';' | b'|' | b'\t' | b'"' => true,
            b' ' => capitals || matches!(line.before(anchor.start - 1), b' ' | b'|' | b',' | b';'),
            _ => false,
        };
        let after = line.at(anchor.end);
        let cell = line.at(line.end_of(NAME, anchor.end));
        let ends = capitals || matches!(cell, 0 | b',' | b';' | b'|' | b'\t' | b'"') || cell == b' ';
        known && begins && ends && after != b'='
    })
}

/// Whether this line is a heading by itself.
fn open(line: &Line<'_>, table: &mut Table) -> bool {
    let text = line.str(line.start..line.end);
    // "|| What || Login || Secret ||", as wikis write it.
    if memchr::memmem::find(text.as_bytes(), b"|| ").is_some() && open_separated(&text.replace("||", "|"), b'|', table) {
        return true;
    }
    for separator in [b',', b';', b'\t', b'|'] {
        if memchr::memchr(separator, text.as_bytes()).is_some() && open_separated(text, separator, table) {
            return true;
        }
    }
    if !line.has(has::LOWER) && line.has(has::UPPER) {
        return open_words(text, table);
    }
    // "Username   Port   From   Latest"
    if line.has(has::DIGIT) || line.has(has::COLON) || line.has(has::DOT) || !text.contains("  ") {
        return false;
    }
    let starts: Vec<usize> = spread(text).iter().map(|run| run.start).collect();
    let titled = cells(text, &starts).all(|cell| cell.starts_with(|c: char| c.is_uppercase()));
    // "id  conn_id  host  login  password": names of columns, two of them at least known.
    let named = starts.len() > 3
        && cells(text, &starts)
            .all(|cell| cell.len() <= 20 && cell.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'));
    starts.len() > 2
        && (titled || named)
        && open_spread(text, &starts, table)
        && (titled || table.columns.len() > 1 || std::mem::take(&mut table.layout) != Layout::Spread)
}

fn open_separated(text: &str, separator: u8, table: &mut Table) -> bool {
    let fields: Vec<&str> = split(text, separator)
        .map(|range| clean(text.get(range).unwrap_or_default()))
        .collect();
    let headings = fields.iter().all(|field| {
        field.len() <= 30
            && field.split(' ').count() <= 3
            && field
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte >= 0x80 || b" _-./()#".contains(&byte))
    });
    let names = fields.iter().filter(|field| !field.is_empty()).count();
    headings && names > 1 && set(table, Layout::Separated(separator), &fields, |at| at..at + 1)
}

fn open_spread(heading: &str, starts: &[usize], table: &mut Table) -> bool {
    let fields: Vec<&str> = cells(heading, starts).collect();
    set(table, Layout::Spread, &fields, |at| {
        let start = starts.get(at).copied().unwrap_or(0);
        start..starts.get(at + 1).copied().unwrap_or(usize::MAX)
    })
}

fn open_words(text: &str, table: &mut Table) -> bool {
    let words = runs(text, |c| !c.is_whitespace());
    let fields: Vec<&str> = words.iter().map(|word| part(text, word.clone())).collect();
    let headings = fields.iter().all(|field| {
        field
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || b"%/()_-#:+@".contains(&byte))
    });
    headings && fields.len() > 1 && set(table, Layout::Words, &fields, |at| words.get(at).cloned().unwrap_or_default())
}

/// Takes the columns whose headings are known; whether there is one.
fn set(table: &mut Table, layout: Layout, fields: &[&str], place: impl Fn(usize) -> Range<usize>) -> bool {
    let columns: Vec<Column> = classes(fields)
        .into_iter()
        .enumerate()
        .filter_map(|(at, class)| {
            Some(Column {
                class: class?,
                place: place(at),
            })
        })
        .collect();
    if columns.is_empty() {
        return false;
    }
    (table.layout, table.columns, table.fields) = (layout, columns, fields.len());
    true
}

fn row(search: &mut Search<'_, '_>, table: &mut Table, first: usize) {
    let line = search.line;
    let text = line.str(line.start..line.end);
    // A prompt ends what was printed.
    let word = line.str(first..line.end_of(SOLID, first));
    let done = ENDS.iter().any(|end| line.reads(first, end));
    if done || word.len() > 1 && word.ends_with(['$', '#', '%', '>']) || matches!(word, "$" | "PS") {
        table.layout = Layout::None;
        return;
    }
    table.rows += 1;
    let fields: Vec<Range<usize>> = match table.layout {
        Layout::Separated(separator) => split(text, separator).collect(),
        _ => Vec::new(),
    };
    if !fields.is_empty() && fields.len() != table.fields {
        table.layout = Layout::None;
        return;
    }
    let words = if table.layout == Layout::Words {
        runs(text, |c| !c.is_whitespace())
    } else {
        Vec::new()
    };
    for column in &table.columns {
        let range = match table.layout {
            Layout::Separated(_) => fields.get(column.place.start).cloned().unwrap_or_default(),
            Layout::Spread => bytes(text, column.place.clone()),
            _ => {
                let below = words
                    .iter()
                    .find(|word| word.start < column.place.end && column.place.start < word.end);
                below.map(|word| bytes(text, word.clone())).unwrap_or_default()
            }
        };
        let cell = text.get(range.clone()).unwrap_or_default();
        // What begins before its column belongs to no column.
        let cut = table.layout == Layout::Spread
            && range
                .start
                .checked_sub(1)
                .and_then(|at| text.as_bytes().get(at))
                .is_some_and(|byte| !byte.is_ascii_whitespace());
        if cut {
            continue;
        }
        let inside = match column.class {
            Class::Password | Class::Token => cell.trim_matches([' ', '\t', '"', '\'']),
            Class::Host => clean(cell).split(" (").next().unwrap_or_default(),
            _ => clean(cell),
        };
        let start = line.start + range.start + cell.find(inside).unwrap_or(0);
        if let Some(class) = accepts(column.class, inside) {
            let skip = if class == Class::Host {
                inside.len() - inside.trim_start_matches('\\').len()
            } else {
                0
            };
            search
                .found
                .push(Finding::new(start + skip..start + inside.len(), class, "table-column"));
        }
    }
}

/// Without blanks, quotes and the mark of one's own session around it.
fn clean(cell: &str) -> &str {
    cell.trim_matches([' ', '\t', '"', '\'', '>', '*', '#'])
}

/// What this cell is, if it is what its heading says.
pub(super) fn accepts(class: Class, cell: &str) -> Option<Class> {
    match class {
        Class::User => {
            if let Some((domain, user)) = cell.split_once('\\') {
                return (is_account_name(user) && is_foreign_domain(domain)).then_some(Class::DomainUser);
            }
            let name = is_account_name(cell) && cell.bytes().any(|byte| byte.is_ascii_alphabetic() || byte >= 0x80);
            let turned = cell.replace(", ", " ");
            if turned.len() < cell.len() && is_full_name(&turned) && !turned.split(' ').any(is_no_name) {
                return Some(Class::User);
            }
            // "ottilie+": cut off by ps.
            if let Some(short) = cell.strip_suffix('+') {
                return is_account_name(short).then_some(Class::User);
            }
            let whole = cell.contains(' ') && is_full_name(cell) && (is_surely_person(cell) || !cell.split(' ').any(is_no_name));
            let headings = cell.split(' ').all(|word| is_heading(word) || is_property(word));
            ((name || whole) && !headings).then_some(Class::User)
        }
        Class::Host => is_host_name(cell.trim_start_matches('\\')).then_some(Class::Host),
        Class::Mac => (cell.len() == 12 && cell.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(class),
        Class::Bank | Class::Ssn | Class::Card | Class::LicenceKey => {
            let signs = cell
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b' ' | b'-' | b'.' | b'/'));
            let digits = cell.bytes().filter(u8::is_ascii_digit).count();
            // What Windows shows of a key.
            let part = class == Class::LicenceKey && cell.len() == 5 && !cell.bytes().any(|byte| byte.is_ascii_lowercase());
            (signs && (digits >= 5 || part) && cell.len() <= 40).then_some(class)
        }
        Class::Phone => {
            let number = cell.bytes().all(|byte| byte.is_ascii_digit() || b" +-./()".contains(&byte));
            (number && cell.bytes().filter(u8::is_ascii_digit).count() >= 3).then_some(Class::Phone)
        }
        Class::Token => {
            let digit = cell.bytes().any(|byte| byte.is_ascii_digit());
            let signs = cell.contains(['&', '!', '#', '_', '.', '*', '+']) && is_secret_word(cell);
            (cell.len() >= 8 && !cell.contains(' ') && (digit || signs)).then_some(class)
        }
        _ => is_secret_word(cell).then_some(class),
    }
}

/// The fields of a line, quotes taken into account.
fn split(text: &str, separator: u8) -> impl Iterator<Item = Range<usize>> {
    let bytes = text.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        if at > bytes.len() {
            return None;
        }
        let start = at;
        let mut quoted = false;
        while let Some(byte) = bytes.get(at) {
            if *byte == b'"' {
                quoted = !quoted;
            } else if *byte == separator && !quoted {
                break;
            }
            at += 1;
        }
        let end = at;
        at += 1;
        Some(start..end)
    })
}

/// Runs of characters that satisfy the test, by the numbers of the characters.
fn runs(text: &str, test: impl Fn(char) -> bool) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    let mut open = false;
    for (at, c) in text.chars().enumerate() {
        if !test(c) {
            open = false;
            continue;
        }
        match runs.last_mut() {
            Some(run) if open => run.end = at + 1,
            _ => runs.push(at..at + 1),
        }
        open = true;
    }
    runs
}

/// Words that one blank parts belong together.
fn spread(text: &str) -> Vec<Range<usize>> {
    let mut parts: Vec<Range<usize>> = Vec::new();
    for word in runs(text, |c| !c.is_whitespace()) {
        match parts.last_mut() {
            Some(part) if word.start == part.end + 1 => part.end = word.end,
            _ => parts.push(word),
        }
    }
    parts
}

/// The cells that begin at these characters.
fn cells<'a>(text: &'a str, starts: &[usize]) -> impl Iterator<Item = &'a str> {
    let ends = starts.iter().skip(1).copied().chain([usize::MAX]);
    starts
        .iter()
        .copied()
        .zip(ends)
        .map(move |(start, end)| part(text, start..end).trim())
}

fn part(text: &str, characters: Range<usize>) -> &str {
    text.get(bytes(text, characters)).unwrap_or_default()
}

/// Where these characters stand, in bytes.
fn bytes(text: &str, characters: Range<usize>) -> Range<usize> {
    let plain = text.is_ascii();
    let place = |number: usize| {
        if plain {
            number.min(text.len())
        } else {
            text.char_indices().nth(number).map_or(text.len(), |(at, _)| at)
        }
    };
    let start = place(characters.start);
    start..place(characters.end).max(start)
}
