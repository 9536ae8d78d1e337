//! The report as plain data: what serde writes is its JSON form.
//!
//! ```text
//! Report ─┬─ campaign     who, when, interruptions, pauses, hooks, differences
//!         ├─ summary      numbers that add up
//!         ├─ attention    what needs a person, and what to do next
//!         ├─ groups ─ waves     planned and actual times, soak, approval
//!         ├─ members ─ tries    phases, reboot, packages, what is withheld, configuration files
//!         ├─ left-out
//!         ├─ packages, withheld   by name, over all members
//!         └─ events
//! ```

mod assembly;
mod attempt;
mod attention;
mod campaign;
mod complaint;
mod member;
mod node;
mod package;
mod schema;
mod summary;
mod wave;

pub use attempt::{Attempt, Found, Phase, ReasonsToReboot, Reboot};
pub use attention::{Attention, Matter};
pub use campaign::{Campaign, Event, HookRun, Progress, Span};
pub use complaint::Complaint;
pub use member::{LeftOut, Member, Standing};
pub(crate) use package::happened;
pub use package::{Package, Reason, Versions, WithheldPackage};
pub use schema::{Report, Schema};
pub use summary::{Numbers, Packages, Reboots, Summary, WithheldPackages};
pub use wave::{Approval, Group, Wave};
