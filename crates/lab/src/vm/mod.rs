//! Virtual machines of the lab: started in seconds from a snapshot, or cold.

mod argv;
mod boot;
mod config;
mod control;
mod guest;
mod machine;
mod metadata;
mod port;
mod shell;
mod snapshot;
mod spec;

pub use boot::Launcher;
pub use config::{clustered_guest, hospes_toml};
pub use guest::ExecResult;
pub use machine::Vm;
pub(crate) use machine::logs_of;
pub use metadata::Metadata;
pub use shell::Output;
pub use spec::VmSpec;
