//! HTTP with one guest.
//!
//! ```text
//! listener ─► turned_away                     nobody's, or one too many: a reply and the end
//!         └─► connection ─► hyper ─► exchange   one request ─► Service ─► reply
//!                  └─ paced: who is slow        └─ hang: until a change, the time, or the end
//! ```

mod connection;
mod exchange;
mod hang;
mod paced;
mod reply;
mod turned_away;

pub(crate) use connection::{Place, serve};
pub(crate) use turned_away::{Farewell, turn_away};
