//! The metadata server with ten thousand hanging GETs.
//!
//! ```text
//! lab bench metadata ──► 160 guests' unix sockets ──► lab bench-metadata-server (a process of its
//!     ├─ 62 or 63 hanging GETs a guest                own, started anew for each round)
//!     ├─ plain GETs beside them, one connection a guest
//!     └─ one change of the project ──► control socket
//! ```
//!
//! The limits a guest are those of the product. Values are kept nowhere: what a disk takes is not
//! the server's.

mod guests;
mod run;
mod serve;
mod server;

pub use run::run;
pub use serve::serve;
