//! Maintenance windows: when somebody may be begun.
//!
//! ```text
//! Window { days, from, to, zone } ─► intervals between two moments ─► Openings ─► earliest(at, need)
//! ```
//!
//! A window is open while the clock on the wall of its zone shows a time from `from` to before `to`.
//! So a time that a change of the clock leaves out is the moment of the change; of one that comes
//! twice the first counts.

mod clock;
mod day;
mod openings;
mod recurrence;
mod zone;

pub use clock::{Clock, InvalidClock};
pub use day::Day;
pub use openings::Openings;
pub use recurrence::Window;
pub use zone::{UnknownZone, Zone};
