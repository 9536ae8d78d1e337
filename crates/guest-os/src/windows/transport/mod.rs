//! The ways to the host: a virtio or serial port. Windows has no sockets for this.
//!
//! ```text
//! virtio_serial, isa_serial ─► Receiver ─► Sender
//! ```
//!
//! A [`Receiver`] belongs to the thread that reads a port; its [`Sender`] may be used by others at
//! the same time. Both wait in the kernel. Only for a host that has never come the port is asked
//! again and again, a few times a second: the driver refuses reads until then, and tells nobody
//! when that changes.

mod holder;
mod listener;
mod place;
mod port;
mod presence;
mod receiver;
mod sender;

#[cfg(test)]
mod tests;

pub use holder::{Holder, holder};
pub use listener::{Family, Listener, activated, unix_listen, vsock_listen};
pub use place::{Place, place};
pub use port::{isa_serial, virtio_serial};
pub use receiver::{Received, Receiver};
pub use sender::Sender;
