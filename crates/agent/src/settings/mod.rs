//! The command line and the configuration file: those of qemu-ga 10.2, and a few of our own.
//!
//! ```text
//! arguments ─► parse ─► Invocation ─┐
//!                                   ├─► PartialSettings::over ─► Settings::resolve ─► Settings
//! file ─► decode_config ─► Config ──┘
//! ```
//!
//! One table, [`OPTIONS`], says which options and keys there are; parsing, `--help` and the
//! configuration file follow it.

mod command_line;
mod config_file;
pub mod defaults;
mod dump;
mod help;
mod key_file;
mod options;
mod partial;
mod period;
mod permissions;
mod resolved;
mod service;
#[cfg(test)]
mod tests;

pub use command_line::{Action, Invocation, UsageError, parse};
pub use config_file::{Config, ConfigError, ConfigSource, MOST_CONFIG_BYTES, decode_config};
pub use dump::dump_conf;
pub use help::{help, version_text};
pub(crate) use key_file::KeyFile;
pub use options::{Argument, Group, Id, Key, OPTIONS, OptionSpec};
pub use partial::PartialSettings;
pub use permissions::{Permission, Permissions};
pub use resolved::{Endpoint, EndpointError, Inherited, MissingPath, Settings};
pub use service::ServiceCommand;
