//! The metadata store as a controller uses it: through the running server, else directly.
//!
//! ```text
//!             a server listens                 STATE_DIR/metadata.sock ─► server ─► hospes.db
//! Store ──┬─► control socket ────────────────►─┘
//!         └─► nobody listens: the owner's lock, for a moment ─────────────────────► hospes.db
//! ```
//!
//! Each call decides anew, so that a server may start or end between two of them. A change is
//! judged by the same rules on both ways.

mod bound;
mod facts;
mod owned;
mod store;

pub(crate) use bound::{Bound, Verdict, Watch};
pub(crate) use store::{Store, StoreError};
