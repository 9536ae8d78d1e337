//! What the forms for people show, before it has a form.
//!
//! ```text
//! Report ─► Page ─► sections of blocks ─┬─► Markdown
//!                                       └─► HTML
//! ```
//!
//! The text in it is not escaped yet, and may come from anywhere.

mod attention;
mod details;
mod facts;
mod members;
mod packages;
mod waves;

use crate::clock::Clock;
use crate::report::Report;
use crate::timeline::Chart;

pub(crate) use details::Detail;

/// More rows of happenings are only in the JSON form.
const HAPPENINGS_LIMIT: usize = 500;

/// A document for people.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) title: String,
    pub(crate) sections: Vec<Section>,
}

/// A part with a heading.
#[derive(Debug)]
pub(crate) struct Section {
    pub(crate) heading: &'static str,
    pub(crate) blocks: Vec<Block>,
}

/// A part of a section.
#[derive(Debug)]
pub(crate) enum Block {
    /// A paragraph.
    Words(String),
    /// Names and what they are.
    Facts(Vec<(&'static str, String)>),
    /// What needs a person.
    Matters(Vec<MatterItem>),
    /// Rows and columns.
    Table(Table),
    /// What is told of some members at length.
    Details(Vec<Detail>),
    /// The timeline.
    Timeline,
}

/// Something that needs a person.
#[derive(Debug)]
pub(crate) struct MatterItem {
    pub(crate) word: &'static str,
    pub(crate) who: String,
    pub(crate) what: String,
    pub(crate) next: String,
}

/// Rows and columns.
#[derive(Debug)]
pub(crate) struct Table {
    /// What it is a table of.
    pub(crate) caption: &'static str,
    pub(crate) columns: &'static [&'static str],
    pub(crate) rows: Vec<Row>,
}

/// A row of a table.
#[derive(Debug)]
pub(crate) struct Row {
    /// The member that it is about, once in a page.
    pub(crate) member: Option<String>,
    pub(crate) cells: Vec<Cell>,
}

/// What stands in a column of a row.
#[derive(Debug)]
pub(crate) enum Cell {
    /// Words, in which backticks set names off.
    Words(String),
    /// A name.
    Code(String),
    /// How somebody stands: in a word, and with what is told of it.
    Standing(&'static str, String),
    /// A number.
    Number(usize),
    /// Nothing to tell.
    Nothing,
}

impl Row {
    fn of(cells: Vec<Cell>) -> Self {
        Self {
            member: None,
            cells,
        }
    }
}

impl Cell {
    fn words(text: impl Into<String>) -> Self {
        Self::Words(text.into())
    }

    fn code(text: impl Into<String>) -> Self {
        Self::Code(text.into())
    }

    /// Words, or nothing.
    fn some(text: Option<impl Into<String>>) -> Self {
        text.map_or(Self::Nothing, |text| Self::Words(text.into()))
    }

    /// A number, or nothing instead of none.
    const fn count(number: usize) -> Self {
        match number {
            0 => Self::Nothing,
            number => Self::Number(number),
        }
    }
}

impl Page {
    pub(crate) fn of(report: &Report, chart: &Chart<'_>) -> Self {
        let clock = chart.clock;
        let sections = [
            facts::summary(report, clock),
            attention::section(report),
            waves::section(report, clock),
            members::section(report),
            members::left_out(report, clock),
            packages::changed(report),
            packages::withheld(report),
            details::section(report, chart),
            waves::hooks(report, clock),
            timeline(report, clock),
        ];
        let sections = sections.into_iter();
        let campaign = &report.campaign;
        Self {
            title: format!("Patch campaign {}: {}", campaign.id, campaign.name),
            sections: sections
                .filter(|section| !section.blocks.is_empty())
                .collect(),
        }
    }
}

fn timeline(report: &Report, clock: &Clock<'_>) -> Section {
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
