//! Tables, before they have a form.

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
    pub(super) fn of(cells: Vec<Cell>) -> Self {
        Self {
            member: None,
            cells,
        }
    }
}

impl Cell {
    pub(super) fn words(text: impl Into<String>) -> Self {
        Self::Words(text.into())
    }

    pub(super) fn code(text: impl Into<String>) -> Self {
        Self::Code(text.into())
    }

    /// Words, or nothing.
    pub(super) fn some(text: Option<impl Into<String>>) -> Self {
        text.map_or(Self::Nothing, |text| Self::Words(text.into()))
    }

    /// A number, or nothing instead of none.
    pub(super) const fn count(number: usize) -> Self {
        match number {
            0 => Self::Nothing,
            number => Self::Number(number),
        }
    }
}
