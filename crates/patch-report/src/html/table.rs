//! Tables: a caption, headings of columns and rows, numbers to the right.

use maud::{Markup, html};

use super::inline::words;
use crate::page::{Cell, Row, Table};
use crate::words::clean;

pub(super) fn table(table: &Table) -> Markup {
    html! {
        div class="scroll" role="region" tabindex="0" aria-label=(table.caption) {
            table {
                caption { (table.caption) }
                thead { tr { @for name in table.columns { th scope="col" { (name) } } } }
                tbody { @for one in &table.rows { (row(one)) } }
            }
        }
    }
}

fn row(row: &Row) -> Markup {
    let member = row.member.as_ref().map(|member| clean(member));
    html! {
        tr data-member=[member] {
            @for (place, one) in row.cells.iter().enumerate() {
                @if place == 0 { th scope="row" { (cell(one)) } }
                @else if matches!(one, Cell::Number(_)) { td class="number" { (cell(one)) } }
                @else { td { (cell(one)) } }
            }
        }
    }
}

fn cell(cell: &Cell) -> Markup {
    match cell {
        Cell::Words(text) => words(text),
        Cell::Code(text) => html! { code { (clean(text)) } },
        Cell::Standing(word, text) => {
            html! { span class={ "standing " (word.replace(' ', "-")) } { (words(text)) } }
        }
        Cell::Number(number) => html! { (number) },
        Cell::Nothing => html! {},
    }
}
