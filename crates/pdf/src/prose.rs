//! Text that flows: words wrapped into a column.

use crate::face::Style;
use crate::page::StandsFor;
use crate::page::{Paper, Run};
use crate::palette::{Ink, MARK};
use crate::pieces::{Letter, Mark, Token, tokens};

/// How a column of text is set. Measures are in points.
#[derive(Clone, Copy)]
pub(crate) struct Setting {
    /// Left edge.
    pub(crate) x: f32,
    /// Width of the column.
    pub(crate) width: f32,
    /// Font.
    pub(crate) style: Style,
    /// Font size.
    pub(crate) size: f32,
    /// From one baseline to the next.
    pub(crate) leading: f32,
    /// Colour.
    pub(crate) ink: Ink,
}

/// Sets a recorded text below what is there, over as many lines and pages as it takes.
pub(crate) fn print(paper: &mut Paper, setting: Setting, text: &str) {
    paper.flowing(|paper| {
        for line in lines(paper, setting, text) {
            paper.need(setting.leading);
            paper.skip(setting.leading);
            set(paper, setting, &line);
        }
    });
}

/// Sets as much as fits on one line; an ellipsis says that there is more.
pub(crate) fn print_line(paper: &mut Paper, setting: Setting, text: &str) {
    let all = tokens(&mut paper.faces, setting.style, text);
    let mut line: Vec<Letter> = all.iter().filter_map(|token| letter(*token)).collect();
    let mut rest: f32 = line.iter().map(|letter| letter.width * setting.size).sum();
    if rest > setting.width {
        let ellipsis: Vec<Letter> = tokens(&mut paper.faces, setting.style, "…")
            .into_iter()
            .filter_map(letter)
            .collect();
        rest += ellipsis.iter().map(|letter| letter.width * setting.size).sum::<f32>();
        while rest > setting.width
            && let Some(last) = line.pop()
        {
            rest -= last.width * setting.size;
        }
        line.extend(ellipsis);
    }
    set(paper, setting, &line);
}

/// How high a text will be.
pub(crate) fn height(paper: &mut Paper, setting: Setting, text: &str) -> f32 {
    let count = lines(paper, setting, text).len();
    // A count of lines is far below where f32 loses whole numbers.
    #[allow(clippy::cast_precision_loss)]
    let count = count as f32;
    count * setting.leading
}

fn lines(paper: &mut Paper, setting: Setting, text: &str) -> Vec<Vec<Letter>> {
    let mut out = vec![Vec::new()];
    let mut used = 0.0;
    let all = tokens(&mut paper.faces, setting.style, text);
    let space = paper.faces.choose(setting.style, ' ');
    for word in all.split_inclusive(|token| is_gap(*token)) {
        let (letters, gap) = match word.split_last() {
            Some((last, letters)) if is_gap(*last) => (letters, Some(*last)),
            _ => (word, None),
        };
        let width: f32 = letters
            .iter()
            .filter_map(|token| letter(*token))
            .map(|letter| letter.width * setting.size)
            .sum();
        if used > 0.0 && used + width > setting.width {
            out.push(Vec::new());
            used = 0.0;
        }
        for letter in letters.iter().filter_map(|token| letter(*token)) {
            // A word longer than the column is broken wherever it must.
            if used > 0.0 && used + letter.width * setting.size > setting.width {
                out.push(Vec::new());
                used = 0.0;
            }
            used += letter.width * setting.size;
            if let Some(line) = out.last_mut() {
                line.push(letter);
            }
        }
        match (gap, space) {
            (Some(Token::NewLine), _) => {
                out.push(Vec::new());
                used = 0.0;
            }
            (Some(_), Some((face, width))) => {
                used += width * setting.size;
                if let Some(line) = out.last_mut() {
                    line.push(Letter {
                        letter: ' ',
                        mark: Mark::None,
                        face,
                        width,
                    });
                }
            }
            _ => {}
        }
    }
    while out.len() > 1 && out.last().is_some_and(Vec::is_empty) {
        out.pop();
    }
    out
}

fn set(paper: &mut Paper, setting: Setting, line: &[Letter]) {
    let runs = runs_of(line, setting.x, setting.ink, |letter| letter.width * setting.size);
    paper.runs(paper.y(), setting.size, runs);
}

/// Joins letters of the same font and colour into runs.
pub(crate) fn runs_of(line: &[Letter], x: f32, ink: Ink, width: impl Fn(&Letter) -> f32) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    let mut at = x;
    for letter in line {
        join(&mut runs, letter, at, ink, true);
        at += width(letter);
    }
    runs
}

/// Adds a letter to the last run if it may and is of its kind, else begins a run with it.
pub(crate) fn join(runs: &mut Vec<Run>, letter: &Letter, x: f32, ink: Ink, may_join: bool) {
    let ink = if letter.mark == Mark::None { ink } else { MARK };
    let (stands_for, begins) = match letter.mark {
        Mark::None | Mark::Hidden => (StandsFor::Itself, false),
        Mark::Missing { letter, is_first: true } => (StandsFor::Letter(letter), true),
        Mark::Missing { is_first: false, .. } => (StandsFor::Nothing, false),
    };
    match runs.last_mut() {
        Some(run)
            if may_join
                && !begins
                && run.face == letter.face
                && run.ink == ink
                && (run.stands_for == StandsFor::Itself) == (stands_for == StandsFor::Itself) =>
        {
            run.text.push(letter.letter);
        }
        _ => runs.push(Run {
            face: letter.face,
            ink,
            text: letter.letter.to_string(),
            x,
            stands_for,
        }),
    }
}

fn is_gap(token: Token) -> bool {
    match token {
        Token::NewLine | Token::Tab => true,
        Token::Letter(letter) => letter.letter == ' ' && letter.mark == Mark::None,
    }
}

fn letter(token: Token) -> Option<Letter> {
    match token {
        Token::Letter(letter) => Some(letter),
        Token::NewLine | Token::Tab => None,
    }
}
