//! The guest's half of the metadata: script runner, watcher, and how soon a stop is acted on.
//!
//! ```text
//! lab bench scripts ──► hospes metadata serve ◄── hospes-agent scripts startup   run to its end
//!     │  change: PENDING_STOP ──┘     ▲    ▲      Google's runner                run to its end
//!     │                               │    └───── hospes-agent metadata-watcher ──► systemctl
//!     └─ ping ──► hospes-agent        └ 127.0.0.1, or 169.254.169.254:80            (stand-in)
//!                                       in a network of its own
//! ```
//!
//! The stand-in for systemctl is the lab itself, which only notes the time: what the service manager
//! takes is not the watcher's. Files of server and guest are kept in memory, as below `/run`.

mod home;
mod idle;
mod peer;
mod run;
mod runner;
mod stop;
mod systemctl;
mod watcher;

pub use run::run;
pub use systemctl::{is_called_for, note};
