//! hospes: checks, repairs, gates, restarts and proves.
//!
//! ```text
//! main ─► cli (definition) ─► verbs (one file a verb) ─► drive (journal, effects) ─► edge (the world)
//!                                        ├─► patch (guests and campaigns) ─► record (journal), edge
//!                                        ├─► metadata (the store, through its server or directly)
//!                                        └─► show (tables, timelines, JSON)
//! ```

pub mod cli;
mod clock;
mod drive;
mod edge;
mod exit;
mod fleet;
mod metadata;
mod open_run;
mod patch;
mod record;
mod rounds;
mod show;
mod store;
mod verbs;

pub use exit::{Exit, exit_of_error};
pub use verbs::run;
