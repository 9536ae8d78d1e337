//! Guests: where they are, and what is set for them.
//!
//! ```text
//! [guest.NAME] ─► Declared { place, settings } ─┐
//! tags, cluster, [defaults] ─► Settings ────────┴─► (nearest first) ─► Guest { place, ssh, ... }
//! ```

mod place;
mod settings;
mod table;

pub use place::{Clustered, Found, Guest, Local, Place};
pub(crate) use settings::{Settings, Whose, is_tag};
pub(crate) use table::{Declared, Defaults};
