//! Tables whose columns stand below each other in the text too.

use std::fmt::Write as _;

use super::escape::{code, words};
use crate::page::{Cell, Table};

/// A column is no wider than this for the sake of one long cell, in characters.
const WIDTH_LIMIT: usize = 32;

pub(super) fn table(table: &Table) -> String {
    let head: Vec<String> = table.columns.iter().map(|name| words(name)).collect();
    let body: Vec<Vec<String>> = table
        .rows
        .iter()
        .map(|row| row.cells.iter().map(cell).collect())
        .collect();
    let widths: Vec<usize> = (0..head.len())
        .map(|column| {
            let cells = std::iter::once(&head)
                .chain(&body)
                .filter_map(|row| row.get(column));
            let longest = cells.map(|cell| cell.chars().count()).max();
            longest.unwrap_or(0).clamp(3, WIDTH_LIMIT)
        })
        .collect();
    let is_number: Vec<bool> = (0..head.len())
        .map(|column| {
            let mut cells = table.rows.iter().filter_map(|row| row.cells.get(column));
            cells.any(|cell| matches!(cell, Cell::Number(_)))
        })
        .collect();
    let widths: Vec<(usize, bool)> = widths.into_iter().zip(is_number).collect();
    let rule = widths.iter().map(|(width, is_number)| match is_number {
        true => format!("{}:", "-".repeat(width - 1)),
        false => "-".repeat(*width),
    });
    let mut text = String::new();
    line(&mut text, &head, &widths);
    line(&mut text, &rule.collect::<Vec<_>>(), &widths);
    for row in &body {
        line(&mut text, row, &widths);
    }
    text
}

/// A row of columns so wide, numbers to the right.
fn line(text: &mut String, cells: &[String], widths: &[(usize, bool)]) {
    text.push('|');
    for (cell, (width, is_number)) in cells.iter().zip(widths) {
        let _ = match is_number {
            true => write!(text, " {cell:>width$} |"),
            false => write!(text, " {cell:<width$} |"),
        };
    }
    text.push('\n');
}

fn cell(cell: &Cell) -> String {
    match cell {
        Cell::Words(text) => words(text),
        Cell::Standing("failed" | "down", text) => format!("**{}**", words(text)),
        Cell::Standing(_, text) => words(text),
        Cell::Code(text) => code(text),
        Cell::Number(number) => number.to_string(),
        Cell::Nothing => String::new(),
    }
}
