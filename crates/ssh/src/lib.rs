//! The SSH port: a guest shell over russh. No OpenSSH program is needed.
//!
//! ```text
//! SshShell ── keeps one ──► Connection ── over ──► TCP, or a channel of a jump host
//!    │                          │  host key ──► HostKeyJudge
//!    │                          └─ login    ──► identity files, SSH agent
//!    └── run(script) ──► channel ── exec ──► /bin/sh -s
//! ```
//!
//! A shell costs one task while its connection lives, and none after it is dropped.

mod budget;
mod command;
mod connection;
mod dial;
mod host_key;
mod identity;
mod known_hosts;
mod login;
mod shell;
mod sudo;
mod target;
mod transport;

pub use host_key::{HostKeyJudge, InvalidKey, PresentedKey, parse_public_key};
pub use known_hosts::{KnownHosts, KnownHostsVerdict};
pub use shell::SshShell;
pub use target::{Hop, Target};
