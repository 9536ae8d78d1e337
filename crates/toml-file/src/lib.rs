//! A TOML file, read key by key: every mistake with its line and column.
//!
//! ```text
//! bytes ─► text ─► parse ─► Table ─► read(key, value::...) ─► what the caller makes of it
//!            └───────┴──────────┴─► Fault ─► Mistakes ─► located ─► [Mistake] ─► told
//! ```
//!
//! A reader goes on after a mistake, so that one reading tells them all; where a word is near to
//! one that is known, it says so. What is told is bounded, and holds no control characters.

mod mistake;
mod nearness;
mod source;
mod table;
pub mod value;

pub use mistake::{Fault, Mistake, Mistakes, told};
pub use nearness::{did_you_mean, near};
pub use source::{parse, text};
pub use table::{Table, Value};
