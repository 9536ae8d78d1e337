//! The guest's end and its sleep. Nothing here runs unless a caller asks.

mod shutdown;
mod suspend;

pub use shutdown::{goes_down, shutdown};
pub use suspend::suspend;
