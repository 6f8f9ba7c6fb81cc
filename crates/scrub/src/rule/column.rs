//! What stands in one column is of one kind: where half of the cells were found to be names of people or machines, the rest are names as
//! well, whatever the heading is, if there is one.

use super::table::accepts;
use super::unknown::is_ordinary;
use crate::class::Class;
use crate::finding::Finding;
use crate::line::{is_blank, steps};
use crate::map::Map;
use std::collections::BTreeMap;
use std::ops::Range;

/// Columns that begin further in, in bytes, are not looked at.
const FARTHEST: usize = 200;

/// Lines with a cell that was found, by class and first character of the column; each cell with its line's number.
type Columns = BTreeMap<(Class, usize), Vec<usize>>;

pub(super) fn find(map: &Map<'_>, found: &mut Vec<Finding>) {
    let mut names: Vec<(Range<usize>, Class)> = Vec::new();
    for finding in found.iter() {
        if matches!(finding.class, Class::User | Class::Host) {
            names.push((finding.range.clone(), finding.class));
        }
    }
    if names.len() < 2 {
        return;
    }
    names.sort_unstable_by_key(|(range, _)| range.start);
    let lines = Lines::of(map.text);
    for ((class, column), rows) in columns(&lines, &names) {
        // A block ends where no cell begins at this column; none is looked at twice.
        let mut next = 0;
        for (at, row) in rows.iter().enumerate() {
            if *row < next {
                continue;
            }
            let block = lines.block(*row, column, next);
            next = block.end;
            let known = rows.iter().skip(at).take_while(|row| **row < block.end).count();
            if known < 2 || known * 2 < block.len() {
                continue;
            }
            for row in block.filter(|row| rows.binary_search(row).is_err()) {
                let Some(cell) = lines.cell(row, column) else { continue };
                let text = map.text.get(cell.clone()).unwrap_or_default();
                if accepts(class, text) == Some(class) && !text.split(' ').all(is_ordinary) {
                    found.push(Finding::new(cell, class, "same-column"));
                }
            }
        }
    }
}

fn columns(lines: &Lines<'_>, names: &[(Range<usize>, Class)]) -> Columns {
    let mut columns = Columns::new();
    let mut row = 0;
    for (range, class) in names {
        while lines.starts.get(row + 1).is_some_and(|start| *start <= range.start) {
            row += 1;
        }
        let start = lines.starts.get(row).copied().unwrap_or(0);
        let Some(before) = lines.text.get(start..range.start).filter(|before| before.len() <= FARTHEST) else {
            continue;
        };
        let column = before.chars().count();
        steps::count(before.len());
        if lines.cell(row, column).is_some_and(|cell| cell == *range) {
            let rows = columns.entry((*class, column)).or_default();
            if rows.last() != Some(&row) {
                rows.push(row);
            }
        }
    }
    columns
}

/// Where the lines of a text begin.
struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    fn of(text: &'a str) -> Self {
        let ends = memchr::memchr_iter(b'\n', text.as_bytes());
        let starts = std::iter::once(0).chain(ends.map(|end| end + 1)).collect();
        steps::count(text.len());
        Self { text, starts }
    }

    /// The rows around this one in which a cell begins at the column, none of them before `first`.
    fn block(&self, row: usize, column: usize, first: usize) -> Range<usize> {
        let mut block = row..row + 1;
        while block.start > first && self.cell(block.start - 1, column).is_some() {
            block.start -= 1;
        }
        while self.cell(block.end, column).is_some() {
            block.end += 1;
        }
        block
    }

    /// The cell of a row that begins at this character: behind a gap or at the line's beginning, up to the next gap.
    fn cell(&self, row: usize, column: usize) -> Option<Range<usize>> {
        let start = *self.starts.get(row)?;
        let end = self.starts.get(row + 1).map_or(self.text.len(), |next| next - 1);
        let line = self
            .text
            .get(start..end.min(self.text.floor_char_boundary(start + 2 * FARTHEST)))?;
        steps::count(line.len());
        let at = if line.is_ascii() {
            column
        } else {
            line.char_indices().nth(column)?.0
        };
        let (before, rest) = line.split_at_checked(at)?;
        let gap = |text: &str| text.len() > 1 && text.bytes().all(is_blank);
        let lead = before.get(before.len().saturating_sub(2)..).unwrap_or_default();
        let apart = before.is_empty() || before.ends_with('\t') || gap(lead);
        let length = [rest.find("  "), rest.find('\t'), rest.find('\r')]
            .into_iter()
            .flatten()
            .min();
        let cell = rest.get(..length.unwrap_or(rest.len()))?.trim_end_matches(' ');
        // What rules off a heading is no cell.
        let ruled = cell.bytes().all(|byte| matches!(byte, b'-' | b'='));
        (apart && !ruled && !cell.starts_with(' ')).then(|| start + at..start + at + cell.len())
    }
}
