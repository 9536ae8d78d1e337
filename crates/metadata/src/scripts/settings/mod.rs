//! The settings: section `[MetadataScripts]` of `instance_configs.cfg`, Google's and ours.
//!
//! ```text
//! files ─► read ─► table: which settings there are on a system, what a value does ─► Settings
//! ```
//!
//! One file may serve machines of both systems, as Google's does: each system reads what is its own
//! (`startup` on Linux, `startup-windows` on Windows) and passes over the rest.

mod files;
mod read;
mod table;
#[cfg(test)]
mod tests;
mod values;

pub use files::settings_files;
pub use read::Warning;
pub use table::{Setting, settings};
pub use values::Settings;
