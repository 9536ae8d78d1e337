//! What follows from what came of an effect.
//!
//! ```text
//! turn ─┬─ begin     Looking, Surveying, Planning
//!       ├─ drain     SettingNoout, Entering, Draining, Emptying
//!       ├─ patching  Patching
//!       └─ restore   Restoring
//! ```

mod begin;
mod drain;
mod patching;
mod restore;
mod turn;

use turn::{list, words};
