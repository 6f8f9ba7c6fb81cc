//! A link as a QR code (ISO/IEC 18004), for readers of paper.

use crate::page::Paper;
use crate::tree::Figure;
use qrcode::{Color, EcLevel, QrCode};

/// Draws it with its upper left corner at `x` and the present height, `side` points wide. Says whether the link fits into a code.
pub(crate) fn print(paper: &mut Paper, x: f32, side: f32, link: &str) -> bool {
    let Ok(code) = QrCode::with_error_correction_level(link, EcLevel::M) else {
        return false;
    };
    let width = code.width();
    // At most 177 modules.
    let modules = u16::try_from(width).unwrap_or(u16::MAX);
    let size = side / f32::from(modules);
    let top = paper.y();
    let mut boxes = Vec::new();
    for (row, line) in (0_u16..).zip(code.to_colors().chunks(width.max(1))) {
        let mut column = 0_u16;
        // Dark modules side by side are one box: seams between boxes confuse cameras.
        for run in line.chunk_by(|before, after| before == after) {
            let length = u16::try_from(run.len()).unwrap_or(0);
            if run.first() == Some(&Color::Dark) {
                boxes.push([
                    x + f32::from(column) * size,
                    top - f32::from(row + 1) * size,
                    f32::from(length) * size,
                    size,
                ]);
            }
            column += length;
        }
    }
    let figure = Figure {
        words: format!("QR code of the link {link}"),
        bounds: [x, top - side, x + side, top],
    };
    paper.picture(figure, boxes);
    paper.skip(side);
    true
}
