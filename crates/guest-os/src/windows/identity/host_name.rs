//! The host name.
#![allow(unsafe_code, reason = "the Win32 API")]

use qga::results::identity::HostName;
use windows_sys::Win32::System::SystemInformation::{
    ComputerNamePhysicalDnsHostname, GetComputerNameExW,
};

use crate::windows::wide::narrow;

/// The host name (`guest-get-host-name`), as `hostname` prints it: QEMU's agent tells its first 15
/// letters in capitals.
#[must_use]
pub fn host_name() -> HostName {
    let host_name = own_name().unwrap_or_else(|| "localhost".to_owned());
    HostName { host_name }
}

fn own_name() -> Option<String> {
    // A label of a domain name has up to 63 characters.
    let mut name = [0; 256];
    let mut length = 256;
    // SAFETY: the buffer has the length that is told.
    let done = unsafe {
        GetComputerNameExW(
            ComputerNamePhysicalDnsHostname,
            name.as_mut_ptr(),
            &raw mut length,
        )
    };
    let name = narrow(&name).to_string_lossy().into_owned();
    (done != 0 && !name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_name_is_that_of_the_machine() {
        let short = std::env::var("COMPUTERNAME").expect("Windows sets it");
        let name = host_name().host_name.to_uppercase();
        assert!(name.starts_with(&short.to_uppercase()), "{name} {short}");
    }
}
