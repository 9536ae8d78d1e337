//! What answers mean. Fields and words that are not known are no errors: each release brings some.

mod cluster;
pub(crate) mod field;
mod port;
mod resources;
mod vm;

pub use cluster::{HaRequest, quorate};
pub use port::{AgentPort, PendingAgent};
pub use resources::{Found, GuestKind};
pub use vm::{HaSight, VmConfig, VmStatus};
