//! What the guest calls itself: host name, time zone, operating system.

mod os_release;

use std::path::Path;

use qga::results::identity::{HostName, OsInfo, Timezone};
use rustix::system::uname;

use super::clock;
use crate::{Error, Result};
use os_release::OsRelease;

/// Where os-release(5) puts its file: the administrator's, then the distribution's.
const OS_RELEASE: [&str; 2] = ["/etc/os-release", "/usr/lib/os-release"];

/// The host name (`guest-get-host-name`), as gethostname(2) has it.
#[must_use]
pub fn host_name() -> HostName {
    let name = uname().nodename().to_string_lossy().into_owned();
    let host_name = if name.is_empty() {
        "localhost".to_owned()
    } else {
        name
    };
    HostName { host_name }
}

/// The time zone that holds now (`guest-get-timezone`): `TZ` or `/etc/localtime`, read again
/// each time.
///
/// # Errors
/// When the clock is outside of what a calendar can tell.
pub fn timezone() -> Result<Timezone> {
    let seconds = clock::now_ns()?.div_euclid(1_000_000_000);
    let local = clock::local_time(seconds)
        .ok_or_else(|| Error::Invalid("Couldn't retrieve local timezone".into()))?;
    Ok(Timezone {
        zone: local.zone,
        offset: local.offset,
    })
}

/// The kernel and the distribution (`guest-get-osinfo`). `os_release` names another file than
/// os-release(5) does. A file that cannot be read leaves its fields out.
#[must_use]
pub fn os_info(os_release: Option<&Path>) -> OsInfo {
    let kernel = uname();
    let mut release = match os_release {
        Some(path) => OsRelease::read(path),
        None => OS_RELEASE
            .iter()
            .find_map(|path| OsRelease::read(Path::new(path))),
    }
    .unwrap_or_default();
    OsInfo {
        kernel_release: Some(kernel.release().to_string_lossy().into_owned()),
        kernel_version: Some(kernel.version().to_string_lossy().into_owned()),
        machine: Some(kernel.machine().to_string_lossy().into_owned()),
        id: release.take("ID"),
        name: release.take("NAME"),
        pretty_name: release.take("PRETTY_NAME"),
        version: release.take("VERSION"),
        version_id: release.take("VERSION_ID"),
        variant: release.take("VARIANT"),
        variant_id: release.take("VARIANT_ID"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_name_is_never_empty() {
        assert!(!host_name().host_name.is_empty());
    }

    #[test]
    fn a_named_file_replaces_the_system_s_own() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("os-release");
        std::fs::write(&path, "ID=other\nVERSION_ID=\"3\"\n").expect("a file");
        let info = os_info(Some(&path));
        assert_eq!(info.id.as_deref(), Some("other"));
        assert_eq!(info.version_id.as_deref(), Some("3"));
        assert_eq!(info.name, None);
        assert!(info.kernel_release.is_some());
    }

    #[test]
    fn without_a_file_the_kernel_is_still_told() {
        let info = os_info(Some(Path::new("/no/such/file")));
        assert_eq!(info.id, None);
        assert!(info.machine.is_some_and(|machine| !machine.is_empty()));
    }

    #[test]
    fn the_time_zone_is_within_a_day_of_utc() {
        let zone = timezone().expect("a zone");
        assert!(zone.offset.abs() < 86_400);
        assert!(zone.zone.is_some());
    }
}
