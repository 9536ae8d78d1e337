//! The host's end of the metadata protocol.
//!
//! ```text
//! guest ─► QEMU's guestfwd ─► forward ─► unix socket ─┐ who asks: the socket
//! guest ─► network ────────────────────► TCP address ─┤ who asks: the source address, unless Refused
//!                                                     ▼
//!        limits of the guest ─► http: one connection ─► Service (pure) ─► reply, hanging GET
//!                                                          ▲ plan ─► Shelf keeps ─► visible ─► wake
//! controller ─► control::Client ─► control socket ─────────┘
//! ```
//!
//! *Invariants.* Who asks is never taken from what is sent. A change is kept before it is visible,
//! and visible before it is answered. No guest can use up what another one needs: connections,
//! requests a second, bytes on their way in and out are counted for each guest, and every wait for
//! one has a deadline.

pub mod control;
mod forward;
mod guest;
mod http;
mod listener;
mod server;
mod settings;
mod shelf;
mod single;
mod socket;
mod store;

pub use forward::{ForwardError, forward};
pub use server::{ServeError, Server};
pub use settings::{AddressListener, GuestSocket, Limits, Refused, Settings};
pub use shelf::Shelf;
#[doc(hidden)]
pub use single::serve_single;
