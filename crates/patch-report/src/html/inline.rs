//! What stands in a line.

use maud::{Markup, html};

use crate::words::{Piece, clean, pieces};

/// Words in which backticks that pair set code off.
pub(super) fn words(text: &str) -> Markup {
    let text = clean(text);
    html! {
        @for piece in pieces(&text) {
            @match piece {
                Piece::Words(text) => (text),
                Piece::Code(text) => code { (text) },
            }
        }
    }
}
