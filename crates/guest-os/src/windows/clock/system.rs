//! The system's clock, read and set.
#![allow(unsafe_code, reason = "the Win32 API")]

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use windows_sys::Win32::Foundation::{FILETIME, SYSTEMTIME};
use windows_sys::Win32::System::SystemInformation::{GetTickCount64, SetSystemTime};
use windows_sys::Win32::System::Time::FileTimeToSystemTime;

use super::file_time::FileTime;
use crate::windows::outcome::succeeded;
use crate::windows::places::system_program;
use crate::windows::privilege::Privilege;
use crate::windows::process::run;
use crate::{Error, Result};

/// The program that is run only tells the time service.
const DEADLINE: Duration = Duration::from_secs(60);

/// The time since the system was booted: nothing sets it, and it goes on while the system is
/// suspended.
#[must_use]
pub fn since_boot() -> Duration {
    // SAFETY: it takes nothing and cannot fail.
    Duration::from_millis(unsafe { GetTickCount64() })
}

/// Nanoseconds since 1970 in UTC (`guest-get-time`).
///
/// # Errors
/// When the clock is before 1970 or beyond the year 2262.
pub fn now_ns() -> Result<i64> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).ok();
    since
        .and_then(|since| i64::try_from(since.as_nanos()).ok())
        .ok_or_else(|| Error::Invalid("Failed to get time: it is out of range".into()))
}

/// Sets the clock to `time` (nanoseconds since 1970 in UTC), to the millisecond; without a time,
/// has the Windows Time service set it, as QEMU's agent does: Windows keeps the hardware clock for
/// itself (`guest-set-time`).
///
/// # Errors
/// A time that Windows cannot hold; an agent that may not set the clock; a time service that does
/// not run.
pub fn set(time: Option<i64>) -> Result<()> {
    match time {
        Some(time) => set_to(time),
        None => resync(),
    }
}

fn set_to(time: i64) -> Result<()> {
    let fields = system_time(time)?;
    Privilege::SystemTime.enable()?;
    // SAFETY: the structure is filled.
    succeeded(unsafe { SetSystemTime(&raw const fields) })
        .map_err(|error| Error::os("Failed to set time to guest", error))
}

/// The calendar's fields of a time.
fn system_time(time: i64) -> Result<SYSTEMTIME> {
    let invalid = || Error::Invalid(format!("Time {time} is invalid"));
    let time = FILETIME::from(FileTime::from_unix_ns(time).ok_or_else(invalid)?);
    let mut fields = SYSTEMTIME::default();
    // SAFETY: both structures are valid for the call.
    succeeded(unsafe { FileTimeToSystemTime(&raw const time, &raw mut fields) })
        .map_err(|_| invalid())?;
    Ok(fields)
}

fn resync() -> Result<()> {
    let program = system_program("w32tm.exe");
    let finished = run(&program, &["/resync", "/nowait"], b"", DEADLINE)?;
    if finished.status.success() {
        return Ok(());
    }
    let complaint = finished.complaint();
    Err(Error::Invalid(format!(
        "w32tm failed ({complaint}): the Windows Time service (w32time) must run"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_becomes_a_date_or_is_refused() {
        let fields = system_time(1_700_000_000_123_456_789).expect("a date");
        assert_eq!((fields.wYear, fields.wMonth, fields.wDay), (2023, 11, 14));
        assert_eq!((fields.wHour, fields.wMinute, fields.wSecond), (22, 13, 20));
        assert_eq!(fields.wMilliseconds, 123);
        let error = system_time(-5).err().expect("before 1970");
        assert_eq!(error.to_string(), "Time -5 is invalid");
    }

    #[test]
    fn the_clocks_go_on() {
        assert!(now_ns().expect("a time") > 1_600_000_000_000_000_000);
        let before = since_boot();
        assert!(before > Duration::ZERO);
        assert!(since_boot() >= before);
    }
}
