//! Where is listened, for whom, and how much each may use.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

/// What a server needs to know.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where controllers ask; for the server's own user only.
    pub control: PathBuf,
    /// A socket for each guest that has one.
    pub sockets: Vec<GuestSocket>,
    /// Addresses for guests that come over a network.
    pub addresses: Vec<AddressListener>,
    /// What each guest may use.
    pub limits: Limits,
}

/// A unix socket at which one guest is served: whoever can connect to it is that guest.
#[derive(Debug, Clone)]
pub struct GuestSocket {
    /// The guest's name.
    pub guest: String,
    /// The socket.
    pub path: PathBuf,
    /// Who may connect, as permission bits of the file (0o600).
    pub mode: u32,
}

/// A TCP address at which guests are told apart by the address they come from.
#[derive(Debug, Clone)]
pub struct AddressListener {
    /// Where is listened.
    pub address: SocketAddr,
    /// Which guest comes from where. Anybody else is refused.
    pub guests: BTreeMap<IpAddr, String>,
}

/// Source addresses that others could use too, each with the reason for the log. Who comes from one
/// is not served, and a connection that is open when its address gets here is closed.
pub type Refused = BTreeMap<IpAddr, String>;

/// What a guest may use.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Connections of one guest at a time.
    pub connections: usize,
    /// Connections of all guests at a time. Each needs an open file.
    pub all_connections: usize,
    /// Requests of one guest a second, and new connections too; twice as many at once.
    pub requests_per_second: u32,
    /// Bytes of a value that a guest sends.
    pub body: usize,
    /// How long a guest may take to send the head of a request, and then its body.
    pub request_within: Duration,
    /// How long a guest may take to accept a reply.
    pub reply_within: Duration,
    /// How long a connection may stay open without a request.
    pub idle: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 64,
            all_connections: 16_384,
            requests_per_second: 100,
            body: 256 << 10,
            request_within: Duration::from_secs(10),
            reply_within: Duration::from_secs(30),
            idle: Duration::from_secs(90),
        }
    }
}
