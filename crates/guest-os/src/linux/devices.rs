//! Device drivers: `guest-get-devices` is a command of Windows.

use qga::results::devices::Device;

use crate::{Error, Result};

/// The drivers of the machine's virtual devices.
///
/// # Errors
/// Always: [`Error::Unsupported`].
pub fn devices() -> Result<Vec<Device>> {
    Err(Error::Unsupported("guest-get-devices is for Windows"))
}
