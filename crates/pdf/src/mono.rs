//! Commands and outputs: fixed cells on a coloured ground, lines broken where they must be, over as many pages as it takes.

use crate::face::Style;
use crate::page::Paper;
use crate::palette::{Ink, MUTED, TEXT};
use crate::pieces::{Letter, Mark, Token, tokens};
use crate::prose::{self, runs_of};

const SIZE: f32 = 7.6;
const LEADING: f32 = 10.2;
const PADDING: f32 = 7.0;
const BAR: f32 = 2.0;
const TAB: usize = 8;

/// One line of cells.
struct Cells {
    letters: Vec<Letter>,
    /// The line before was too long; this is its rest.
    continues: bool,
}

/// Sets a recorded text in cells between `x` and `x + width`. `bar` is the colour of the edge.
pub(crate) fn print(paper: &mut Paper, x: f32, width: f32, ground: Ink, bar: Ink, text: &str) {
    let Some((_, cell)) = paper.faces.choose(Style::Mono, ' ') else {
        return;
    };
    let cell = cell * SIZE;
    // Between 10 and 200 columns on any page; the fraction of a cell is what is cut off.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let columns = ((width - 2.0 * PADDING) / cell) as usize;
    let all = lines(paper, text, columns.max(10));
    paper.need(LEADING * 2.0 + PADDING);
    paper.flowing(|paper| set(paper, [x, width, cell], [ground, bar], all));
}

fn set(paper: &mut Paper, [x, width, cell]: [f32; 3], [ground, bar]: [Ink; 2], all: Vec<Cells>) {
    let last = all.len().saturating_sub(1);
    for (index, line) in all.into_iter().enumerate() {
        let begins = paper.need(LEADING + PADDING) || index == 0;
        let (above, below) = (if begins { 4.0 } else { 0.0 }, if index == last { 4.0 } else { 0.0 });
        let top = paper.y();
        paper.fill(x, top, width, above + LEADING + below, ground);
        paper.fill(x, top, BAR, above + LEADING + below, bar);
        paper.skip(above + LEADING);
        let baseline = paper.y() + 2.6;
        if line.continues {
            // A short stroke says "continued" without adding a letter that was never printed.
            paper.rule(baseline + 2.4, x - 7.0, x - 2.0, MUTED, 0.6);
        }
        let runs = runs_of(&line.letters, x + PADDING, TEXT, |letter| f32::from(cells(letter)) * cell);
        let runs = spread(runs, &line.letters, x + PADDING, cell);
        paper.runs(baseline, SIZE, runs);
        paper.skip(below);
    }
}

/// Letters of another font do not fill their cells exactly: each such letter is placed by itself.
fn spread(runs: Vec<crate::page::Run>, letters: &[Letter], x: f32, cell: f32) -> Vec<crate::page::Run> {
    let exact = |letter: &Letter| (letter.width * SIZE - f32::from(cells(letter)) * cell).abs() < 0.01;
    if letters.iter().all(exact) {
        return runs;
    }
    let mut out = Vec::new();
    let mut at = x;
    let mut was_exact = false;
    for letter in letters {
        prose::join(&mut out, letter, at, TEXT, was_exact && exact(letter));
        was_exact = exact(letter);
        at += f32::from(cells(letter)) * cell;
    }
    out
}

/// How many cells a letter takes: none for a combining mark, two for a wide one.
fn cells(letter: &Letter) -> u8 {
    match letter.width {
        width if width <= 0.01 => 0,
        // A cell is 0.602 of the font size; Chinese, Japanese and Korean letters are as wide as the font size.
        width if width > 0.75 => 2,
        _ => 1,
    }
}

/// Takes off the end of a full line what reads better on the next one: the word that began shortly before the edge, or hyphens, because
/// readers that extract text take one at the end of a line for a word broken in two, and drop it.
fn carried(line: &mut Vec<Letter>, columns: usize) -> Vec<Letter> {
    let tail = line.iter().rev().take(columns / 4);
    let word = tail.clone().position(|letter| letter.letter == ' ');
    let hyphens = tail.take_while(|letter| letter.letter == '-').count();
    let count = word.unwrap_or(hyphens);
    if count == line.len() {
        Vec::new()
    } else {
        line.split_off(line.len() - count)
    }
}

fn lines(paper: &mut Paper, text: &str, columns: usize) -> Vec<Cells> {
    let blank = paper.faces.choose(Style::Mono, ' ');
    let mut out = vec![Cells {
        letters: Vec::new(),
        continues: false,
    }];
    let mut column = 0;
    let push = |out: &mut Vec<Cells>, column: &mut usize, letter: Letter| {
        let wide = usize::from(cells(&letter));
        if *column + wide > columns {
            let carried = out
                .last_mut()
                .map(|line| carried(&mut line.letters, columns))
                .unwrap_or_default();
            *column = carried.iter().map(|letter| usize::from(cells(letter))).sum();
            out.push(Cells {
                letters: carried,
                continues: true,
            });
        }
        *column += wide;
        if let Some(line) = out.last_mut() {
            line.letters.push(letter);
        }
    };
    for token in tokens(&mut paper.faces, Style::Mono, text) {
        match token {
            Token::Letter(letter) => push(&mut out, &mut column, letter),
            Token::NewLine => {
                out.push(Cells {
                    letters: Vec::new(),
                    continues: false,
                });
                column = 0;
            }
            Token::Tab => {
                for _ in 0..TAB - column % TAB {
                    if let Some((face, width)) = blank
                        && column < columns
                    {
                        push(
                            &mut out,
                            &mut column,
                            Letter {
                                letter: ' ',
                                mark: Mark::None,
                                face,
                                width,
                            },
                        );
                    }
                }
            }
        }
    }
    // The line feed that ends an output does not begin another line.
    if out.len() > 1 && out.last().is_some_and(|line| line.letters.is_empty()) {
        out.pop();
    }
    out
}
