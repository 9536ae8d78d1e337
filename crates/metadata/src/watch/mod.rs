//! The guest's watcher: when to ask, and what an answer means.
//!
//! ```text
//!            Pace: how long until the next request, and what is worth a line
//!              ▲
//! hanging GET ─┴► Watch::step ─┬► ReadDetails ─► Details ─┐
//!  stop-state                  │                          ▼
//!                              │    new request: Save(intent), Leave, Start ─► Started: Save
//!                              │    known one:   nothing, or Start when that is unsure
//!                              ├► a while after each start: Look ─► Looked: behind another's
//!                              │    scripts, Start again
//!                              └► idle: Withdraw, Save (the next stop is another one)
//! ```
//!
//! A request is known by its timestamp; without one, a stop lasts until an idle value. The etag says
//! nothing about that: it may repeat, and change within one stop. So the details are read again at
//! each reply that says `PENDING_STOP`.
//!
//! The intent to start is saved before the start job is queued. Whoever finds it unfinished queues
//! the job again: the runner keeps scripts from running twice (see [`crate::stop`]).

mod details;
mod kept;
mod machine;
mod notice;
mod pace;
mod retry;

pub use details::Details;
pub use kept::{Kept, Stop};
pub use machine::{Effect, Event, Now, Runner, Watch};
pub use notice::Notice;
pub use pace::{Answer, Interruption, Pace, Rest};

#[cfg(test)]
mod machine_tests;
#[cfg(test)]
mod model_tests;
