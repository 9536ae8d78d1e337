//! What the asking user or token may do, what hospes needs for what, and the commands that grant it.
//!
//! ```text
//! GET /access/permissions ─► Privileges ─┐
//! GET /version ────────────► Version ────┼─► Privileges.missing(version, guests) ─► [Missing] ─► grants(...)
//! guests of the cluster ─────────────────┘
//! ```
//!
//! | for | on | 8.x | 9.x |
//! |---|---|---|---|
//! | list, see state and configuration | guests | `VM.Audit` | `VM.Audit` |
//! | quorum and high availability | `/` | `Sys.Audit` | `Sys.Audit` |
//! | ask the agent (conditions 5 and 6) | guests | `VM.Monitor` | `VM.GuestAgent.Audit` |
//! | read files through the agent | guests | `VM.Monitor` | `VM.GuestAgent.FileRead` |
//! | run commands through the agent | guests | `VM.Monitor` | `VM.GuestAgent.Unrestricted` |
//! | restart, shut down, start | guests | `VM.PowerMgmt` | `VM.PowerMgmt` |
//! | take and delete snapshots | guests | `VM.Snapshot` | `VM.Snapshot` |
//! | go back to a snapshot | guests | `VM.Snapshot.Rollback` | `VM.Snapshot.Rollback` |
//!
//! `VM.GuestAgent.Unrestricted` includes the other two of the agent,
//! `VM.Snapshot` includes `VM.Snapshot.Rollback`. Source: the API's schema, and for
//! 8.x `PVE::API2::Qemu::Agent`.

mod grant;
mod held;
mod node;
mod version;

pub use grant::grants;
pub use held::{Missing, Privileges, Purpose};
pub use node::{MissingForNodes, NodePurpose, grants_for_nodes};
pub use version::Version;
