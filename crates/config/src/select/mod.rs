//! Selectors: which guests a command is about.
//!
//! ```text
//! words ─► [Selector] ─► Config::clusters_for ─► (asked, adopted) ─► select ─► [&Guest]
//! ```

mod asked;
mod choice;
mod error;
mod glob;
mod selector;

pub use choice::select;
pub use error::SelectError;
pub use glob::Glob;
pub use selector::{InvalidSelector, Selector};
