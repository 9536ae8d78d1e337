//! The timeline: who was in which phase when.
//!
//! ```text
//! Report ─► Chart ─┬─► svg    a picture for HTML
//!                  └─► text   characters for Markdown
//!
//! up to ROWS_LIMIT members: a row each, grouped by wave; above: a row a wave, with how many were
//! under way
//! ```

mod band;
mod chart;
mod mark;
mod svg;
mod text;

pub(crate) use chart::{Chart, ROWS_LIMIT};
pub(crate) use svg::{legend, svg};
pub(crate) use text::text;
