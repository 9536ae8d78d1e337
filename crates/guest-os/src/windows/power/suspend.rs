//! Suspending to memory or to disk (`guest-suspend-*`).
#![allow(unsafe_code, reason = "the Win32 API")]

use qga::SuspendMode;
use windows_sys::Win32::System::Power::{
    GetPwrCapabilities, SYSTEM_POWER_CAPABILITIES, SetSuspendState,
};

use crate::windows::outcome::succeeded;
use crate::windows::privilege::Privilege;
use crate::{Error, Result};

/// Suspends the guest, and returns after it has been woken. Nothing in the guest wakes it.
///
/// # Errors
/// [`Error::Unsupported`] when the machine has no such sleep; Windows' word when it refuses.
pub fn suspend(mode: SuspendMode) -> Result<()> {
    supported(mode, &capabilities()?)?;
    Privilege::Shutdown.enable()?;
    let to_disk = mode == SuspendMode::Disk;
    // SAFETY: it takes truth values only: to disk, at once, with wake events off.
    succeeded(unsafe { SetSuspendState(to_disk, true, true) }.into())
        .map_err(|error| Error::os("failed to suspend guest", error))
}

fn capabilities() -> Result<SYSTEM_POWER_CAPABILITIES> {
    let mut capabilities = SYSTEM_POWER_CAPABILITIES::default();
    // SAFETY: the structure is written to.
    succeeded(unsafe { GetPwrCapabilities(&raw mut capabilities) }.into())
        .map_err(|error| Error::os("failed to determine guest suspend capabilities", error))?;
    Ok(capabilities)
}

fn supported(mode: SuspendMode, capabilities: &SYSTEM_POWER_CAPABILITIES) -> Result<()> {
    let (can, missing) = match mode {
        SuspendMode::Disk => (capabilities.SystemS4, "suspend-to-disk not supported by OS"),
        SuspendMode::Ram => (capabilities.SystemS3, "suspend-to-ram not supported by OS"),
        SuspendMode::Hybrid => (false, "Windows has no hybrid suspend"),
    };
    match can {
        true => Ok(()),
        false => Err(Error::Unsupported(missing)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_sleep_that_the_machine_has_is_tried() {
        use SuspendMode::{Disk, Hybrid, Ram};
        for (s3, s4, possible) in [
            (false, false, &[] as &[_]),
            (true, false, &[Ram]),
            (false, true, &[Disk]),
            (true, true, &[Disk, Ram]),
        ] {
            let machine = SYSTEM_POWER_CAPABILITIES {
                SystemS3: s3,
                SystemS4: s4,
                ..Default::default()
            };
            for mode in [Disk, Ram, Hybrid] {
                let is_possible = possible.contains(&mode);
                assert_eq!(supported(mode, &machine).is_ok(), is_possible, "{mode:?}");
            }
        }
    }
}
