//! Services of the system: what the service control manager starts and restarts.
//!
//! ```text
//! change ─► Plan (what is there, what is wanted) ─► manager: Entry ─► settings
//!                                                └► event_source
//! run ─► dispatcher ─► main, on a thread of the manager's ─► its exit status
//!            └─ stop, shutdown ─► process::termination
//! ```

mod change;
mod dispatcher;
mod event_source;
mod manager;
mod plan;
mod presence;
mod settings;

pub use crate::both::service::{Change, Presence, Service};
pub use change::change;
pub use dispatcher::run;
pub use presence::presence;
