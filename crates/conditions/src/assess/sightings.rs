//! Everything that one check saw.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::judgement::Advice;
use crate::{ChannelReport, GuestFacts, MachineMarks, Observation, Timestamp};

/// All that was seen of one guest in one go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sightings {
    /// What the hypervisor says.
    pub observation: Observation,
    /// What the agent says.
    pub channel: ChannelReport,
    /// What was read inside, by SSH or else through the channel.
    pub shell: Result<GuestFacts, Unreadable>,
    /// What came of SSH.
    pub ssh: SshSighting,
    /// When the first question was asked.
    pub started: Timestamp,
    /// When the last answer was there.
    pub finished: Timestamp,
}

/// What came of SSH.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SshSighting {
    /// A command ran there, and this is the machine that answered.
    Read(MachineMarks),
    /// Commands run there as the login, and this is the machine that answered; as root none do.
    LoginOnly {
        /// The machine that answered.
        marks: MachineMarks,
        /// Why it could not be read.
        why: Unreadable,
    },
    /// No command ran, or not one that tells the machine.
    Unreadable(Unreadable),
}

impl SshSighting {
    /// The machine that answered, if one did.
    #[must_use]
    pub const fn marks(&self) -> Option<&MachineMarks> {
        match self {
            Self::Read(marks) | Self::LoginOnly { marks, .. } => Some(marks),
            Self::Unreadable(_) => None,
        }
    }

    /// Why the guest could not be read this way, if it could not.
    #[must_use]
    pub const fn trouble(&self) -> Option<&Unreadable> {
        match self {
            Self::LoginOnly { why, .. } | Self::Unreadable(why) => Some(why),
            Self::Read(_) => None,
        }
    }
}

/// Why a guest could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unreadable {
    /// The kind of reason.
    pub reason: UnreadableReason,
    /// What was tried and what it answered, for people.
    pub evidence: String,
}

/// The kinds of reasons why a guest could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UnreadableReason {
    /// No connection.
    Unreachable,
    /// No answer in time.
    TimedOut,
    /// The host key is not one that is trusted for this guest.
    HostKey,
    /// The login was refused.
    Login,
    /// The login works, but `sudo -n` is not allowed there.
    SudoDenied,
    /// This way may not run commands (guest-exec is disabled).
    NotAllowed,
    /// The connection broke in between.
    Broken,
    /// What came back is not what was asked for.
    Garbage,
    /// The configuration gives no such way.
    NotConfigured,
}

impl Unreadable {
    /// Unreadable for `reason`, seen as `evidence`.
    pub fn new(reason: UnreadableReason, evidence: impl Into<String>) -> Self {
        Self {
            reason,
            evidence: evidence.into(),
        }
    }

    /// What to do about it.
    pub(super) const fn advice(&self) -> Advice {
        match self.reason {
            UnreadableReason::HostKey => Advice::Trust,
            UnreadableReason::SudoDenied => Advice::ByHand(
                "allow the login `sudo` without a password (NOPASSWD), or configure root's login",
            ),
            UnreadableReason::Login => Advice::ByHand(
                "correct the guest's ssh.user and ssh.identities in the configuration",
            ),
            UnreadableReason::NotConfigured => {
                Advice::ByHand("add the guest's ssh.host to the configuration")
            }
            _ => Advice::ByHand("make the guest reachable by SSH, or its agent answer"),
        }
    }
}

impl fmt::Display for UnreadableReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unreachable => "unreachable",
            Self::TimedOut => "no answer in time",
            Self::HostKey => "host key not trusted",
            Self::Login => "login refused",
            Self::SudoDenied => "sudo not allowed",
            Self::NotAllowed => "running commands not allowed",
            Self::Broken => "connection broken",
            Self::Garbage => "unusable answer",
            Self::NotConfigured => "not configured",
        })
    }
}
