//! The outline beside the pages: parts, days, commands, each leading to its place (ISO 32000-1 §12.3.3).

use crate::file::{FileWriter, Number, text_string};
use crate::page::Bookmark;
use std::fmt::Write;

/// Lines of leading above a place, so that it is not cut off.
const ABOVE: f32 = 26.0;

/// Writes it and returns the number of its root; none when there is nothing to lead to.
pub(crate) fn write(file: &mut FileWriter, bookmarks: &[Bookmark], pages: &[Number]) -> Option<Number> {
    if bookmarks.is_empty() {
        return None;
    }
    let root = file.reserve();
    let numbers: Vec<Number> = bookmarks.iter().map(|_| file.reserve()).collect();
    let levels: Vec<usize> = bookmarks.iter().map(|bookmark| bookmark.level).collect();
    let number = |index: Option<usize>| index.and_then(|index| numbers.get(index)).copied();
    for (index, bookmark) in bookmarks.iter().enumerate() {
        let (Some(own), Some(page)) = (number(Some(index)), pages.get(bookmark.page)) else {
            continue;
        };
        let parent = number(parent_of(&levels, index)).unwrap_or(root);
        let mut out = format!(
            "<</Title{}/Parent {parent} 0 R/Dest[{page} 0 R/XYZ null {} null]",
            text_string(&bookmark.title),
            (bookmark.y + ABOVE).round()
        );
        if let Some(before) = number(sibling_before(&levels, index)) {
            let _ = write!(out, "/Prev {before} 0 R");
        }
        if let Some(after) = number(sibling_after(&levels, index)) {
            let _ = write!(out, "/Next {after} 0 R");
        }
        if let Some((first, last, count)) = children(&levels, index)
            && let (Some(first), Some(last)) = (number(Some(first)), number(Some(last)))
        {
            // Negative: closed until somebody opens it.
            let _ = write!(out, "/First {first} 0 R/Last {last} 0 R/Count -{count}");
        }
        out.push_str(">>");
        file.put(own, out.as_bytes());
    }
    let tops: Vec<usize> = (0..levels.len())
        .filter(|index| parent_of(&levels, *index).is_none())
        .collect();
    let (first, last) = (number(tops.first().copied())?, number(tops.last().copied())?);
    let text = format!("<</Type/Outlines/First {first} 0 R/Last {last} 0 R/Count {}>>", tops.len());
    file.put(root, text.as_bytes());
    Some(root)
}

fn level(levels: &[usize], index: usize) -> usize {
    levels.get(index).copied().unwrap_or(0)
}

fn parent_of(levels: &[usize], index: usize) -> Option<usize> {
    let own = level(levels, index);
    (0..index).rev().find(|before| level(levels, *before) < own)
}

fn sibling_before(levels: &[usize], index: usize) -> Option<usize> {
    let own = level(levels, index);
    let before = (0..index).rev().find(|before| level(levels, *before) <= own)?;
    (level(levels, before) == own).then_some(before)
}

fn sibling_after(levels: &[usize], index: usize) -> Option<usize> {
    let own = level(levels, index);
    let after = (index + 1..levels.len()).find(|after| level(levels, *after) <= own)?;
    (level(levels, after) == own).then_some(after)
}

/// First and last child and how many there are.
fn children(levels: &[usize], index: usize) -> Option<(usize, usize, usize)> {
    let own = level(levels, index);
    let below = (index + 1..levels.len()).take_while(|after| level(levels, *after) > own);
    let direct: Vec<usize> = below.filter(|after| parent_of(levels, *after) == Some(index)).collect();
    Some((*direct.first()?, *direct.last()?, direct.len()))
}
