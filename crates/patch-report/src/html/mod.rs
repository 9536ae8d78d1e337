//! The report as one HTML file: no script, nothing from elsewhere, light and dark, and for paper.

mod block;
mod document;
mod inline;
mod style;
mod table;

pub(crate) use document::html;
