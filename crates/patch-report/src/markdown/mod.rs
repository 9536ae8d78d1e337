//! The report as Markdown (CommonMark with tables): readable in a terminal and on a forge.

mod escape;

use std::fmt::Write as _;

use crate::page::{Block, Cell, Detail, MatterItem, Page, Table};
use crate::timeline::{self, Chart};
use escape::{code, fenced, words};

/// A column is no wider than this for the sake of one long cell, in characters.
const WIDTH_LIMIT: usize = 32;

pub(crate) fn markdown(page: &Page, chart: &Chart<'_>) -> String {
    let mut text = format!("# {}\n", words(&page.title));
    for section in &page.sections {
        let blocks = section.blocks.iter().map(|block| render(block, chart));
        let blocks: Vec<String> = blocks.filter(|block| !block.is_empty()).collect();
        if !blocks.is_empty() {
            let _ = write!(text, "\n## {}\n\n{}", section.heading, blocks.join("\n"));
        }
    }
    text
}

fn render(block: &Block, chart: &Chart<'_>) -> String {
    match block {
        Block::Words(text) => format!("{}\n", words(text)),
        Block::Facts(facts) => list(facts),
        Block::Matters(items) => items.iter().map(matter).collect(),
        Block::Table(table) => rows(table),
        Block::Details(details) => {
            let notable = details.iter().filter(|detail| detail.is_notable);
            notable.map(detail).collect::<Vec<_>>().join("\n")
        }
        Block::Timeline => fenced(&timeline::text(chart)),
    }
}

fn list(facts: &[(&'static str, String)]) -> String {
    let facts = facts.iter();
    facts
        .map(|(name, text)| format!("- **{name}:** {}\n", words(text)))
        .collect()
}

fn matter(item: &MatterItem) -> String {
    let who = match item.who.as_str() {
        "" => String::new(),
        who => format!(" {}:", words(who)),
    };
    format!(
        "- **{}:**{who} {}\n  Next: {}\n",
        item.word,
        words(&item.what),
        words(&item.next)
    )
}

fn detail(detail: &Detail) -> String {
    let mut text = format!(
        "### {}, {}\n\n",
        words(&detail.member),
        words(&detail.heading)
    );
    text.push_str(&list(&detail.facts));
    for (name, output) in &detail.outputs {
        let _ = write!(
            text,
            "\nThe end of what {} printed:\n\n{}",
            code(name),
            fenced(output)
        );
    }
    text
}

fn rows(table: &Table) -> String {
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
