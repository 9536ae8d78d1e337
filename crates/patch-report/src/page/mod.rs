//! What the forms for people show, before it has a form.
//!
//! ```text
//! Report ─► Page ─► sections of blocks ─┬─► Markdown
//!                                       └─► HTML
//! ```
//!
//! The text in it is not escaped yet, and may come from anywhere.

mod attention;
mod block;
mod details;
mod facts;
mod layout;
mod members;
mod packages;
mod table;
mod timeline;
mod waves;

pub(crate) use block::{Block, MatterItem};
pub(crate) use details::Detail;
pub(crate) use layout::{Page, Section};
pub(crate) use table::{Cell, Row, Table};
