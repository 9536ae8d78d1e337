//! A request whose name and arguments are understood: one variant a command of the protocol.

use crate::{AgentError, System};

/// A command with its arguments, checked. Commands of the 10.2 schema that exist on
/// Linux or Windows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    /// `guest-sync-delimited`: the id is echoed after a `0xFF`.
    SyncDelimited(i64),
    /// `guest-sync`: the id is echoed.
    Sync(i64),
    /// `guest-ping`.
    Ping,
    /// `guest-info`.
    Info,
    /// `guest-get-time`.
    GetTime,
    /// `guest-set-time`: nanoseconds since 1970 in UTC; from the hardware clock when absent.
    SetTime(Option<i64>),
    /// `guest-shutdown`.
    Shutdown(ShutdownMode),
    /// `guest-suspend-disk`, `guest-suspend-ram`, `guest-suspend-hybrid`.
    Suspend(SuspendMode),
    /// `guest-file-open`.
    FileOpen {
        /// Full path.
        path: String,
        /// As for `fopen`; `r` when absent.
        mode: Option<String>,
    },
    /// `guest-file-close`.
    FileClose(i64),
    /// `guest-file-read`.
    FileRead {
        /// From `guest-file-open`.
        handle: i64,
        /// Bytes at most; 4096 when absent.
        count: Option<i64>,
    },
    /// `guest-file-write`.
    FileWrite {
        /// From `guest-file-open`.
        handle: i64,
        /// What to write, still in base64: it may be large.
        base64: String,
        /// Bytes to write of it; all when absent.
        count: Option<i64>,
    },
    /// `guest-file-seek`.
    FileSeek {
        /// From `guest-file-open`.
        handle: i64,
        /// Bytes to move.
        offset: i64,
        /// From where.
        whence: Whence,
    },
    /// `guest-file-flush`.
    FileFlush(i64),
    /// `guest-fsfreeze-status`.
    FreezeStatus,
    /// `guest-fsfreeze-freeze`, and `guest-fsfreeze-freeze-list` with its mount points.
    Freeze(Option<Vec<String>>),
    /// `guest-fsfreeze-thaw`.
    Thaw,
    /// `guest-fstrim`: the smallest free range to discard, in bytes.
    Trim {
        /// `None`: every free block.
        minimum: Option<i64>,
    },
    /// `guest-exec`.
    Exec(ExecCall),
    /// `guest-exec-status`.
    ExecStatus(i64),
    /// `guest-network-get-interfaces`.
    NetworkInterfaces,
    /// `guest-network-get-route`.
    NetworkRoutes,
    /// `guest-get-vcpus`.
    GetVcpus,
    /// `guest-set-vcpus`.
    SetVcpus(Vec<OnlineSetting>),
    /// `guest-get-memory-blocks`.
    GetMemoryBlocks,
    /// `guest-set-memory-blocks`.
    SetMemoryBlocks(Vec<OnlineSetting>),
    /// `guest-get-memory-block-info`.
    GetMemoryBlockInfo,
    /// `guest-get-disks`.
    GetDisks,
    /// `guest-get-fsinfo`.
    GetFilesystems,
    /// `guest-get-diskstats`.
    GetDiskStatistics,
    /// `guest-get-cpustats`.
    GetCpuStatistics,
    /// `guest-get-load`.
    GetLoad,
    /// `guest-get-host-name`.
    GetHostName,
    /// `guest-get-users`.
    GetUsers,
    /// `guest-get-timezone`.
    GetTimezone,
    /// `guest-get-osinfo`.
    GetOsInfo,
    /// `guest-get-devices`.
    GetDevices,
    /// `guest-set-user-password`.
    SetUserPassword(PasswordCall),
    /// `guest-ssh-get-authorized-keys`: whose.
    SshGetKeys(String),
    /// `guest-ssh-add-authorized-keys`.
    SshAddKeys {
        /// Whose.
        username: String,
        /// Lines of `authorized_keys`.
        keys: Vec<String>,
        /// The others go.
        reset: bool,
    },
    /// `guest-ssh-remove-authorized-keys`.
    SshRemoveKeys {
        /// Whose.
        username: String,
        /// Lines of `authorized_keys`.
        keys: Vec<String>,
    },
}

/// How `guest-shutdown` ends the guest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShutdownMode {
    /// Power off; the default.
    Powerdown,
    /// Stop and stay.
    Halt,
    /// Start again.
    Reboot,
}

/// Where a suspended guest keeps its memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SuspendMode {
    /// On disk.
    Disk,
    /// In memory.
    Ram,
    /// In both.
    Hybrid,
}

/// From where `guest-file-seek` counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whence {
    /// The beginning.
    Set,
    /// The position.
    Current,
    /// The end.
    End,
}

/// The arguments of `guest-exec`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecCall {
    /// The program; looked up in the agent's `PATH` when it names no folder.
    pub path: String,
    /// Its arguments, without its name.
    pub arguments: Vec<String>,
    /// Its whole environment as `NAME=value`; `None`: the agent's own.
    pub environment: Option<Vec<String>>,
    /// What it reads on standard input, decoded.
    pub input: Option<Vec<u8>>,
    /// Which of its output is kept.
    pub capture: Capture,
}

/// Which output of a program is kept for `guest-exec-status`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Capture {
    /// None (also `false`).
    #[default]
    None,
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
    /// Both, each for itself (also `true`).
    Separated,
    /// Both as one; not on Windows.
    Merged,
}

/// The arguments of `guest-set-user-password`. The password is kept out of `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordCall {
    /// Whose.
    pub username: String,
    /// Decoded from base64.
    pub password: Vec<u8>,
    /// It is a hash already.
    pub crypted: bool,
}

/// A processor or a block of memory that shall be on or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OnlineSetting {
    /// Its number (`logical-id`, `phys-index`).
    pub index: u64,
    /// On or off.
    pub online: bool,
}

impl ExecCall {
    /// Whether the agent of `system` runs a program so.
    ///
    /// # Errors
    /// `GenericError`: Windows merges no output. QEMU's agent has no such word there.
    pub fn admit_on(&self, system: System) -> Result<(), AgentError> {
        match (system, self.capture) {
            (System::Windows, Capture::Merged) => Err(AgentError::generic(
                "Parameter 'capture-output' does not accept value 'merged'",
            )),
            _ => Ok(()),
        }
    }
}

impl std::fmt::Debug for PasswordCall {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("PasswordCall")
            .field("username", &self.username)
            .field("crypted", &self.crypted)
            .finish_non_exhaustive()
    }
}
