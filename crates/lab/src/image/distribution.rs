//! The systems that guests can run.

/// What a guest runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Distribution {
    /// Debian 12, small: what nearly every scenario needs.
    #[default]
    Debian,
    /// Ubuntu 24.04 with what its servers have about reboots: needrestart and update-notifier.
    Ubuntu,
}
