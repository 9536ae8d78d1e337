//! `hospes.toml`: clusters, guests, tags, addresses and deadlines.
//!
//! ```text
//! --config, $HOSPES_CONFIG, XDG, /etc ─► file ─► document ─► Config { state_dir, clusters, guests }
//!                                         │         └─► Mistake: line, column, what was expected
//!                                         └─► NotFound: the places, a minimal example
//! [Selector] ─► Config::clusters_for ─► (asked: [Discovered]) ─► Config::adopt ─► [Guest]
//! select([Guest], [Selector]) ─► guests in a stable order
//! ```
//!
//! Every setting is resolved here: defaults are merged, `~` and relative paths are made absolute.
//! The file holds no secrets, only where they are: one that is written into it is refused, and
//! never shown. Key files and secrets are not read here.
//! `hospes.example.toml` beside this crate shows every key.

mod address;
mod cluster;
mod deadlines;
mod discovery;
mod document;
mod environment;
mod guest;
mod load;
mod metadata;
mod node_deadlines;
mod secrets;
mod select;
mod ssh;
mod value;

pub use address::{Address, AddressSource};
pub use cluster::{Cluster, Discovered};
pub use deadlines::Deadlines;
pub use environment::Environment;
pub use guest::{Clustered, Found, Guest, Local, Place};
pub use load::{Config, ConfigError};
pub use metadata::{GuestMetadata, MetadataService, WithoutWatcher};
pub use node_deadlines::NodeDeadlines;
pub use select::{Glob, InvalidSelector, SelectError, Selector, select};
pub use ssh::{Jump, Ssh};
pub use toml_file::Mistake;
