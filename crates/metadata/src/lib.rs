//! The GCE metadata protocol without I/O, both ends.
//!
//! ```text
//! host                                      guest
//! server: values ─► replies, hanging GETs   watch:   stop-state ─► what the watcher does
//! control: what a controller asks of it     scripts: attributes ─► scripts to run
//!              key · query · stop: what both ends speak
//! ```

pub mod backoff;
pub mod control;
mod failure;
mod key;
mod query;
pub mod scripts;
pub mod server;
pub mod stop;
pub mod watch;

pub use failure::Failure;
pub use key::{InvalidKey, Key};
pub use query::{Alt, Query, QueryError};
