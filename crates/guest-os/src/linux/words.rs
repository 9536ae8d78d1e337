//! What people are told to do, in the words of this system.

/// Who may do everything.
pub const ADMINISTRATOR: &str = "root";

/// How the agent is started, and where it complains.
pub const START_AGENT: &str =
    "systemctl start qemu-guest-agent; its log is in journalctl -u qemu-guest-agent";

/// How everything that is frozen is thawed.
pub const THAW: &str =
    "wait for the backup that froze them, or: systemctl restart qemu-guest-agent, which thaws";

/// How the self-test sees more.
pub const AS_ADMINISTRATOR: &str = "run the self-test as root";

/// The names of processes that are agents.
pub const AGENTS: [&str; 3] = ["hospes-agent", "qemu-ga", "qga"];
