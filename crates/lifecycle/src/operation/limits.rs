//! How long each phase may take.

use std::time::Duration;

/// Deadlines of an operation's phases. Those of single calls belong to who performs them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How long a permit is good, counted from the beginning of its check.
    pub permit: Duration,
    /// How long after a graceful stop's deadline a late report is waited for: the guest counts
    /// from when it reads the announcement.
    pub report: Duration,
    /// From asking for a shutdown to the guest being stopped. A guest that the hypervisor was asked
    /// to restart is left to it for as long, stopped as it may be.
    pub stop: Duration,
    /// From power-on to readiness, and how long `ready` waits (zero: one look).
    pub ready: Duration,
    /// From readiness to health.
    pub health: Duration,
    /// From asking for a reboot, or for a restart by the hypervisor, to readiness in the new boot.
    pub reboot: Duration,
    /// How long a resumed controller waits for a request to show effect that may or may not have
    /// been sent, before it considers asking again; and the least time for which a stopped guest is
    /// left to a hypervisor that may power it on by itself.
    pub settle: Duration,
    /// Pause between two looks.
    pub poll: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            permit: seconds(60),
            report: seconds(5),
            stop: seconds(300),
            ready: seconds(300),
            health: seconds(120),
            reboot: seconds(600),
            settle: seconds(30),
            poll: seconds(1),
        }
    }
}
