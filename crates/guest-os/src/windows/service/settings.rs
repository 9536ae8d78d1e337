//! How a service starts and what follows when it fails.
#![allow(unsafe_code, reason = "the Win32 API")]

use std::io;
use std::ptr;

use windows_sys::Win32::Foundation::ERROR_INVALID_LEVEL;
use windows_sys::Win32::System::Services::{
    SC_ACTION, SC_ACTION_RESTART, SERVICE_CONFIG_DELAYED_AUTO_START_INFO,
    SERVICE_CONFIG_DESCRIPTION, SERVICE_CONFIG_FAILURE_ACTIONS,
    SERVICE_CONFIG_FAILURE_ACTIONS_FLAG, SERVICE_DELAYED_AUTO_START_INFO, SERVICE_DESCRIPTIONW,
    SERVICE_FAILURE_ACTIONS_FLAG, SERVICE_FAILURE_ACTIONSW,
};

use super::manager::Entry;
use crate::windows::outcome::is;
use crate::windows::wide::wide;

/// Milliseconds until a service that has failed is started again: the first time, the second, and
/// from then on.
const RESTARTS: [u32; 3] = [5_000, 10_000, 30_000];
/// Seconds without a failure after which failures are counted anew.
const RESET: u32 = 24 * 60 * 60;

/// Makes them as they should be.
pub(super) fn apply(entry: &Entry, description: &str) -> io::Result<()> {
    describe(entry, description)?;
    delay(entry)?;
    restart(entry)?;
    restart_also_after_errors(entry)
}

fn describe(entry: &Entry, description: &str) -> io::Result<()> {
    let mut text = wide(description);
    let description = SERVICE_DESCRIPTIONW {
        lpDescription: text.as_mut_ptr(),
    };
    // SAFETY: the setting's structure, with a text that ends with a zero.
    unsafe { entry.set(SERVICE_CONFIG_DESCRIPTION, &description) }
}

/// After the services that Windows itself needs.
fn delay(entry: &Entry) -> io::Result<()> {
    let delay = SERVICE_DELAYED_AUTO_START_INFO {
        fDelayedAutostart: 1,
    };
    // SAFETY: the setting's structure.
    known(unsafe { entry.set(SERVICE_CONFIG_DELAYED_AUTO_START_INFO, &delay) })
}

fn restart(entry: &Entry) -> io::Result<()> {
    let mut actions = RESTARTS.map(|delay| SC_ACTION {
        Type: SC_ACTION_RESTART,
        Delay: delay,
    });
    let actions = SERVICE_FAILURE_ACTIONSW {
        dwResetPeriod: RESET,
        lpRebootMsg: ptr::null_mut(),
        lpCommand: ptr::null_mut(),
        cActions: RESTARTS.len() as u32,
        lpsaActions: actions.as_mut_ptr(),
    };
    // SAFETY: the setting's structure, with as many actions as it tells.
    known(unsafe { entry.set(SERVICE_CONFIG_FAILURE_ACTIONS, &actions) })
}

/// Not only when the process dies, but also when the service tells that it has failed.
fn restart_also_after_errors(entry: &Entry) -> io::Result<()> {
    let flag = SERVICE_FAILURE_ACTIONS_FLAG {
        fFailureActionsOnNonCrashFailures: 1,
    };
    // SAFETY: the setting's structure.
    known(unsafe { entry.set(SERVICE_CONFIG_FAILURE_ACTIONS_FLAG, &flag) })
}

/// A manager that does not know a setting, as Wine's, goes without.
fn known(set: io::Result<()>) -> io::Result<()> {
    match set {
        Err(error) if is(&error, ERROR_INVALID_LEVEL) => Ok(()),
        set => set,
    }
}
