//! What the agent said when it was asked through the channel.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::BootId;

/// The outcome of asking the agent who it is and how it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChannelReport {
    /// It answered sync, ping and info.
    Answered(Box<ChannelAnswers>),
    /// It did not, and how that showed.
    Silent {
        /// The kind of silence.
        reason: SilenceReason,
        /// What was tried and seen, for people.
        evidence: String,
    },
}

/// Why there is no answer from the agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SilenceReason {
    /// The guest does not run.
    GuestStopped,
    /// There is no such socket or port on the host.
    NoSocket,
    /// Another client holds the socket.
    Held,
    /// Nobody answered within the deadline: stopped, frozen or hung.
    TimedOut,
    /// It answered what is not the protocol.
    Garbage,
    /// It answered with an error.
    Error,
}

/// What a living agent said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelAnswers {
    /// `guest-info`: the agent's version.
    pub version: String,
    /// `guest-info`: the names of the commands that are enabled.
    pub enabled: BTreeSet<String>,
    /// `guest-fsfreeze-status`; `None` when the command is missing, disabled or failed.
    pub freeze: Option<FreezeStatus>,
    /// What tells this machine from another.
    pub marks: MachineMarks,
    /// Round trip of `guest-ping` in microseconds.
    pub ping_us: u64,
}

/// `guest-fsfreeze-status`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FreezeStatus {
    /// File systems are writable.
    Thawed,
    /// At least one is frozen, or a thaw has not been confirmed.
    Frozen,
}

/// What tells one machine from another: the boot id decides, else addresses and name together.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MachineMarks {
    /// The boot id, where it may be read.
    pub boot_id: Option<BootId>,
    /// MAC addresses of all interfaces but loopback, lower case, `aa:bb:cc:dd:ee:ff`.
    pub macs: BTreeSet<String>,
    /// The host name.
    pub host_name: Option<String>,
}
