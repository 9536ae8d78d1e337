//! What holds when nobody says otherwise.

use std::time::Duration;

use qga::System;

/// The method.
pub const METHOD: &str = "virtio-serial";
/// How long file systems may stay frozen: as long as Proxmox VE waits for a freeze.
pub const FREEZE_LIMIT: Duration = Duration::from_secs(600);
/// How long a hook may run: well within the patience of whoever asked for the freeze.
pub const HOOK_DEADLINE: Duration = Duration::from_secs(60);
/// How long a program's result is kept after its first read: time to ask again after a lost reply.
pub const EXEC_RESULT_KEPT: Duration = Duration::from_secs(60);

/// Where things are on one system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paths {
    /// The configuration file.
    pub config: &'static str,
    /// The path of `virtio-serial`.
    pub virtio_serial: &'static str,
    /// The path of `isa-serial`.
    pub isa_serial: &'static str,
    /// The pid file.
    pub pid_file: &'static str,
    /// The state directory.
    pub state_dir: &'static str,
    /// The hook of a `-F` without a path.
    pub freeze_hook: &'static str,
}

/// Where things are on `system`.
#[must_use]
pub const fn paths(system: System) -> &'static Paths {
    match system {
        System::Linux => &Paths {
            config: "/etc/qemu/qemu-ga.conf",
            virtio_serial: "/dev/virtio-ports/org.qemu.guest_agent.0",
            isa_serial: "/dev/ttyS0",
            pid_file: "/var/run/qemu-ga.pid",
            state_dir: "/var/run",
            freeze_hook: "/etc/qemu/fsfreeze-hook",
        },
        System::Windows => &Paths {
            config: r"C:\Program Files\Google\Compute Engine\qemu-ga.conf",
            virtio_serial: r"\\.\Global\org.qemu.guest_agent.0",
            isa_serial: "COM1",
            pid_file: r"C:\ProgramData\hospes-agent\qemu-ga.pid",
            state_dir: r"C:\ProgramData\hospes-agent",
            freeze_hook: r"C:\Program Files\Google\Compute Engine\fsfreeze-hook",
        },
    }
}
