//! The planner.
//!
//! ```text
//! file, fleet ─► who is meant ─► who is left out ─► waves ─► when, about ─► Document
//!                    └─► Unplannable: in two groups, a hold for nobody
//! ```

mod assembly;
mod limits;
mod roll;
mod schedule;
mod unplannable;
mod waves;

pub use assembly::plan;
pub use unplannable::Unplannable;
