//! Guest-side shutdown hooks: what would power the guest off, or reboot it, because the agent's
//! unit stops, fails, restarts or is upgraded.
//!
//! ```text
//! shell text ──lexer──► commands ──command──► Analysis (power actions, calls, suspicions)
//! systemctl show, unit files ──exec, unit_file──┘          │
//! units reached from the agent ──graph──────────► detect ──┴─► Findings (hooks, gaps)
//! ```
//!
//! All of it goes through one `Reading` a pass, which bounds what a hostile guest can cost.
//!
//! A hook is reported only when a power action is really reached; what merely looks like one
//! becomes a gap, and gaps make the condition unknown.

mod command;
mod detect;
mod exec;
pub(crate) mod graph;
mod hook;
mod lexer;
mod reading;
mod tables;
pub(crate) mod timers;
pub(crate) mod unit_file;
pub(crate) mod unit_paths;

pub use command::{Power, PowerAction, power_actions};
pub use detect::{Findings, detect};
pub use hook::{Hook, Source};

pub(crate) use command::{Call, analyse};
pub(crate) use detect::{
    action_property, edge_words, follow, line_power, maintainer_script, script_analysis,
};
pub(crate) use exec::{shown, written};
pub(crate) use reading::{Reading, TOO_MUCH};
pub(crate) use tables::{ACTION_KEYS, EVENT_KEYS, EXEC_KEYS, PULL_KEYS, STOP_KEYS};
