//! The operating system.
#![allow(unsafe_code, reason = "the Win32 API")]

use std::io;
use std::path::Path;

use qga::results::identity::OsInfo;
use windows_sys::Wdk::System::SystemServices::RtlGetVersion;
use windows_sys::Win32::System::SystemInformation::{
    GetNativeSystemInfo, OSVERSIONINFOEXW, PROCESSOR_ARCHITECTURE_AMD64,
    PROCESSOR_ARCHITECTURE_ARM, PROCESSOR_ARCHITECTURE_ARM64, PROCESSOR_ARCHITECTURE_INTEL,
    SYSTEM_INFO,
};
use windows_sys::Win32::System::SystemServices::VER_NT_WORKSTATION;

use super::release::Version;
use crate::windows::registry::Key;

const CURRENT_VERSION: &str = r"SOFTWARE\Microsoft\Windows NT\CurrentVersion";

/// Windows (`guest-get-osinfo`). There is no os-release(5) that `os_release` could name.
#[must_use]
pub fn os_info(_os_release: Option<&Path>) -> OsInfo {
    let version = version();
    OsInfo {
        kernel_release: Some(version.build.to_string()),
        kernel_version: Some(format!("{}.{}", version.major, version.minor)),
        machine: Some(machine().to_owned()),
        id: Some("mswindows".to_owned()),
        name: Some("Microsoft Windows".to_owned()),
        pretty_name: registered_product().ok().map(|name| version.product(&name)),
        version: Some(version.full_name()),
        version_id: Some(version.release().to_owned()),
        variant: Some(version.variant().to_owned()),
        variant_id: Some(version.variant().to_owned()),
    }
}

/// The version itself: other calls tell a program the one that it was made for.
fn version() -> Version {
    let mut version = OSVERSIONINFOEXW {
        dwOSVersionInfoSize: size_of::<OSVERSIONINFOEXW>() as u32,
        ..Default::default()
    };
    // SAFETY: the structure tells which of the two it is; the call cannot fail then.
    unsafe { RtlGetVersion((&raw mut version).cast()) };
    Version {
        major: version.dwMajorVersion,
        minor: version.dwMinorVersion,
        build: version.dwBuildNumber,
        is_server: u32::from(version.wProductType) != VER_NT_WORKSTATION,
    }
}

fn machine() -> &'static str {
    let mut system = SYSTEM_INFO::default();
    // SAFETY: the structure is written to.
    unsafe { GetNativeSystemInfo(&raw mut system) };
    // SAFETY: both variants of the union are numbers.
    match unsafe { system.Anonymous.Anonymous.wProcessorArchitecture } {
        PROCESSOR_ARCHITECTURE_AMD64 => "x86_64",
        PROCESSOR_ARCHITECTURE_INTEL => "x86",
        PROCESSOR_ARCHITECTURE_ARM => "arm",
        PROCESSOR_ARCHITECTURE_ARM64 => "aarch64",
        _ => "unknown",
    }
}

fn registered_product() -> io::Result<String> {
    let name = Key::open(CURRENT_VERSION)?.text("ProductName")?;
    Ok(name.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_is_windows_in_every_field() {
        let info = os_info(None);
        assert_eq!(info.id.as_deref(), Some("mswindows"));
        assert_eq!(info.machine.as_deref(), Some(std::env::consts::ARCH));
        let version = info.kernel_version.expect("a version");
        let (major, minor) = version.split_once('.').expect("two numbers");
        for number in [major, minor, &info.kernel_release.expect("a build")] {
            number.parse::<u32>().expect("a number");
        }
        let product = info.pretty_name.expect("a product");
        assert!(product.contains("Windows"), "{product}");
    }
}
