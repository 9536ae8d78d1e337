//! What a freezer hears, and what it wants done.

use std::time::Duration;

use super::state_file::StateFile;

/// Now, on both clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// Time since any fixed moment; it never goes back.
    pub monotonic: Duration,
    /// Seconds since 1970.
    pub unix: u64,
}

/// What a freezer goes by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// There is a hook.
    pub has_hook: bool,
    /// How long file systems may stay frozen.
    pub limit: Option<Duration>,
    /// This boot's id; empty when it is unknown.
    pub boot: String,
}

/// What happens to a freezer. `T` says to whom an answer goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event<T> {
    /// Somebody wants file systems frozen: these mount points, or all.
    FreezeAsked {
        /// Who.
        from: T,
        /// The mount points.
        mount_points: Option<Vec<String>>,
    },
    /// Somebody wants them thawed.
    ThawAsked {
        /// Who.
        from: T,
    },
    /// The state file was written, or not; answers every [`Effect::WriteState`].
    StateWritten(Result<(), String>),
    /// The hook has ended, or failed, or never ran; answers [`Effect::RunHook`].
    HookEnded(Result<(), String>),
    /// So many file systems are frozen; answers [`Effect::FreezeFileSystems`]. After a failure
    /// some may be.
    Froze(Result<i64, String>),
    /// So many file systems were thawed; answers [`Effect::ThawFileSystems`]. After a failure some
    /// may be frozen still.
    Thawed(Result<i64, String>),
    /// The time of [`Effect::ArmTimer`] has come. One that comes late or was disarmed does no harm.
    TimerDue,
    /// The agent has to stop.
    TerminationAsked,
}

/// What a freezer wants done.
///
/// Effects are carried out in their order. Running the hook, freezing and thawing may be left to
/// others; every other effect is complete before the next one begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect<T> {
    /// Write the state file, whole or not at all, so that it survives the death of the agent; then
    /// remove the marker of QEMU's agent, whose place it takes.
    WriteState(StateFile),
    /// Remove the state file and the marker of QEMU's agent.
    ClearState,
    /// Run the hook, within its deadline.
    RunHook(Hook),
    /// End the hook that runs; it still answers.
    StopHook,
    /// Freeze these mount points, or all file systems.
    FreezeFileSystems(Option<Vec<String>>),
    /// Begin with no other file system; freezing still answers.
    StopFreezing,
    /// Thaw all file systems. Freezing may be at work still: stuck on one that waits for another
    /// that is frozen already.
    ThawFileSystems,
    /// Keep the log in memory: its file may be on a frozen disk.
    HoldLog,
    /// Write the log again.
    ReleaseLog,
    /// Say when this time has come; an earlier one does not count any more.
    ArmTimer(Duration),
    /// No time is waited for.
    DisarmTimer,
    /// Answer: how many file systems, or why not.
    Answer {
        /// Whom.
        to: T,
        /// What.
        result: Result<i64, String>,
    },
    /// Log this.
    Log(Severity, String),
    /// End the agent.
    Exit,
}

/// What a hook is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hook {
    /// File systems will be frozen.
    Freeze,
    /// They are thawed.
    Thaw,
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// As it should be.
    Info,
    /// Somebody should look.
    Warning,
}

impl Hook {
    /// The hook's argument.
    #[must_use]
    pub const fn argument(self) -> &'static str {
        match self {
            Self::Freeze => "freeze",
            Self::Thaw => "thaw",
        }
    }
}
