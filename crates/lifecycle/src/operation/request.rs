//! What can be asked for.

use super::Stop;

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// Hypervisor-initiated recovery: shut down through the agent, power on, prove.
    Restart(Stop),
    /// Shut down through the agent.
    Shutdown(Stop),
    /// Power on a stopped guest.
    Start,
    /// Guest-initiated, through SSH.
    Reboot,
    /// Mend what fails of the six conditions.
    Fix,
    /// Wait until the guest is usable.
    Ready,
}
