//! Powering off, halting and rebooting (`guest-shutdown`).
#![allow(unsafe_code, reason = "the Win32 API")]

use qga::ShutdownMode;
use windows_sys::Win32::System::Shutdown::{
    EWX_FORCE, EWX_POWEROFF, EWX_REBOOT, EWX_SHUTDOWN, EXIT_WINDOWS_FLAGS, ExitWindowsEx,
    SHTDN_REASON_FLAG_PLANNED,
};
use windows_sys::Win32::UI::WindowsAndMessaging::{GetSystemMetrics, SM_SHUTTINGDOWN};

use crate::windows::outcome::succeeded;
use crate::windows::privilege::Privilege;
use crate::{Error, Result};

/// Asks Windows to end now, as QEMU's agent asks it: services are stopped in their order,
/// programs on desktops are not asked whether they agree. Returns when it has begun.
///
/// # Errors
/// When Windows refuses, or goes down already.
pub fn shutdown(mode: ShutdownMode) -> Result<()> {
    Privilege::Shutdown.enable()?;
    // SAFETY: it takes numbers only.
    succeeded(unsafe { ExitWindowsEx(flags(mode), SHTDN_REASON_FLAG_PLANNED) })
        .map_err(|error| Error::os("guest-shutdown failed", error))
}

const fn flags(mode: ShutdownMode) -> EXIT_WINDOWS_FLAGS {
    EWX_FORCE
        | match mode {
            ShutdownMode::Powerdown => EWX_POWEROFF,
            ShutdownMode::Halt => EWX_SHUTDOWN,
            ShutdownMode::Reboot => EWX_REBOOT,
        }
}

/// Whether Windows goes down, and not only a service.
///
/// # Errors
/// Never.
pub fn goes_down() -> Result<bool> {
    // SAFETY: it takes a number and cannot fail.
    Ok(unsafe { GetSystemMetrics(SM_SHUTTINGDOWN) } != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flags_are_those_of_the_reference() {
        for (mode, expected) in [
            (ShutdownMode::Halt, 0x5),
            (ShutdownMode::Reboot, 0x6),
            (ShutdownMode::Powerdown, 0xc),
        ] {
            assert_eq!(flags(mode), expected, "{mode:?}");
        }
    }

    #[test]
    fn a_machine_that_runs_tests_does_not_go_down() {
        assert!(!goes_down().expect("an answer"));
    }
}
