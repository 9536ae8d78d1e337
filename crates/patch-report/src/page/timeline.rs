//! The timeline, and what happened.

use super::{Block, Cell, Row, Section, Table};
use crate::clock::Clock;
use crate::report::Report;

/// More rows of happenings are only in the JSON form.
const HAPPENINGS_LIMIT: usize = 500;

pub(super) fn section(report: &Report, clock: &Clock<'_>) -> Section {
    let mut blocks = vec![Block::Timeline];
    let events = report.events.iter().take(HAPPENINGS_LIMIT);
    let rows = events.map(|event| {
        Row::of(vec![
            Cell::words(clock.day_and_second(event.at)),
            Cell::words(&event.by),
            Cell::words(&event.text),
        ])
    });
    let rows: Vec<Row> = rows.collect();
    let others = report.events.len() - rows.len();
    if !rows.is_empty() {
        blocks.push(Block::Table(Table {
            caption: "What happened",
            columns: &["When", "Who", "What"],
            rows,
        }));
    }
    if others > 0 {
        let text = format!("{others} later ones are in the JSON form.");
        blocks.push(Block::Words(text));
    }
    Section {
        heading: "Timeline",
        blocks,
    }
}
