//! Campaigns, driven: `plan::Campaign` over guests, nodes, hooks, the clock and the operator's words.
//!
//! ```text
//!            begin (new) | take_up (its hospes died)          both lock the campaign
//!                  └─► effects
//!                        ▼
//!   ┌─► saved: head, changed turns, words heard, notes ─► performed ──► Finish: ended
//!   │                                                        │
//!   │        turns (Begin, Follow)   hooks   the clock   words of the operator
//!   └────────────── step ◄──────┴───────────────┴────────────────┘ events
//! ```
//!
//! Nothing is done before it is saved that it will be. A hospes that dies anywhere in here leaves a
//! campaign that `take_up` goes on with, and nobody is begun twice.

mod beginning;
mod driver;
mod hooks;
mod machines;
mod manner;
mod notes;
#[cfg(test)]
mod tests;
mod turns;
mod word;

pub(crate) use beginning::{Begun, begin, driver_of, saved, take_up};
pub(crate) use driver::{Driven, Driver};
pub(crate) use hooks::Hooks;
pub(crate) use machines::Machines;
pub(crate) use notes::{end_told, entry, told, write};
pub(crate) use word::Word;
