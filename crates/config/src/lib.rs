//! `hospes.toml`: guests, tags, addresses and deadlines.
//!
//! ```text
//! --config, $HOSPES_CONFIG, XDG, /etc ─► file ─► document ─► Config { state_dir, guests }
//!                                         │         └─► Mistake: line, column, what was expected
//!                                         └─► NotFound: the places, a minimal example
//! Config.select([Selector]) ─► guests in a stable order
//! ```
//!
//! Every setting is resolved here: defaults are merged, `~` and relative paths are made absolute.
//! The file holds no secrets, only paths to them; key files are not read here.
//! `hospes.example.toml` beside this crate shows every key.

mod deadlines;
mod discovery;
mod document;
mod environment;
mod guest;
mod load;
mod metadata;
mod mistake;
mod nearness;
mod select;
mod ssh;
mod table;
mod value;

pub use deadlines::Deadlines;
pub use environment::Environment;
pub use guest::Guest;
pub use load::{Config, ConfigError};
pub use metadata::{GuestMetadata, MetadataService, WithoutWatcher};
pub use mistake::Mistake;
pub use select::{Glob, InvalidSelector, SelectError, Selector};
pub use ssh::{Jump, Ssh};
