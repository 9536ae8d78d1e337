//! What people are told to do, in the words of this system.

/// Who may do everything.
pub const ADMINISTRATOR: &str = "an administrator";

/// How the agent is started, and where it complains.
pub const START_AGENT: &str = "hospes-agent service start; its log is in the Event Viewer, Windows Logs, Application, source hospes-agent";

/// How everything that is frozen is thawed.
pub const THAW: &str = "wait for the backup that froze them";

/// How the self-test sees more.
pub const AS_ADMINISTRATOR: &str =
    "run the self-test in a console that was opened as administrator";

/// The names of processes that are agents.
pub const AGENTS: [&str; 2] = ["hospes-agent.exe", "qemu-ga.exe"];
