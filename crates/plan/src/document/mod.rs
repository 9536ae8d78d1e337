//! The plan document: who, when, in which wave, and why not the others.
//!
//! ```text
//! plan(file, fleet, now) ─► Document ─► JSON with a seal ─► read ─► moved(fleet)? ─► Campaign
//! ```
//!
//! The seal is a digest of all that the document says: one that was changed by hand is refused.

mod group;
mod left_out;
mod limit;
mod moved;
mod schema;
mod seal;
mod table;

pub use group::{PlannedGroup, PlannedMember, PlannedWave};
pub use left_out::{LeftOut, LeftOutReason};
pub use limit::{Limit, LimitOf};
pub use moved::{Difference, moved};
pub use schema::Document;
pub(crate) use schema::Schema;
pub use seal::Unreadable;
pub(crate) use seal::{fleet_digest, grouped};
pub use table::{COLUMNS, Row};
