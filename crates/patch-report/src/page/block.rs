//! What a section is made of.

use super::details::Detail;
use super::table::Table;

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
