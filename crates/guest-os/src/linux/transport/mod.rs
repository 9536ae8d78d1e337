//! The ways to the host: a virtio or serial port, or a socket that clients connect to.
//!
//! ```text
//! virtio_serial, isa_serial ─────────────────────────► Receiver ─► Sender
//! unix_listen, vsock_listen, activated ─► Listener ─► Receiver ─► Sender      one a client
//! ```
//!
//! A [`Receiver`] belongs to the thread that reads a stream; its [`Sender`] may be used by others
//! at the same time. Both wait in the kernel and are woken by nothing but bytes, hosts and clients.

mod activation;
mod edges;
mod holder;
mod listener;
mod peer;
mod place;
mod port;
mod receiver;
mod sender;
mod vsock;

#[cfg(test)]
mod tests;

pub use activation::activated;
pub use holder::{Holder, holder};
pub use listener::{Family, Listener, unix_listen, vsock_listen};
pub use place::{Place, place};
pub use port::{isa_serial, virtio_serial};
pub use receiver::{Received, Receiver};
pub use sender::Sender;
