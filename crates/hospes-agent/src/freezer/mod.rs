//! Freezing and thawing: drives the machine of `agent::freeze` on a thread of its own.
//!
//! ```text
//! freeze, thaw, terminate ─► events ─► actor: machine ─► effects ─► world ─┐
//!                              ▲                                           │ threads for what takes long
//!                              └───────────────────────────────────────────┘
//! ```

mod actor;
mod handle;
mod world;

pub(crate) use handle::Freezer;

use std::sync::mpsc::SyncSender;

/// Who waits for an answer: how many file systems, or why not.
type Asker = SyncSender<Result<i64, String>>;
type Event = agent::freeze::Event<Asker>;
type Effect = agent::freeze::Effect<Asker>;
