//! The system clock and the hardware clock (`guest-get-time`, `guest-set-time`).

mod calendar;
mod hardware;
mod local;

use std::path::Path;
use std::time::Duration;

use rustix::time::{ClockId, Timespec, clock_gettime, clock_settime};

use crate::{Error, Result};
use hardware::HardwareClock;
pub(super) use local::local_time;

const NANOSECONDS: i64 = 1_000_000_000;

/// The time since the system was booted (`CLOCK_BOOTTIME`): nothing sets it, and it goes on while the
/// system is suspended.
#[must_use]
pub fn since_boot() -> Duration {
    Duration::try_from(clock_gettime(ClockId::Boottime)).unwrap_or_default()
}

/// Nanoseconds since 1970 in UTC (`guest-get-time`).
///
/// # Errors
/// When the clock is beyond the year 2262.
pub fn now_ns() -> Result<i64> {
    let now = clock_gettime(ClockId::Realtime);
    now.tv_sec
        .checked_mul(NANOSECONDS)
        .and_then(|seconds| seconds.checked_add(now.tv_nsec))
        .ok_or_else(|| Error::Invalid("Failed to get time: it is too large".into()))
}

/// Sets the system clock to `time` (nanoseconds since 1970 in UTC) and the hardware clock after
/// it; without a time, sets the system clock from the hardware clock, which takes up to a second
/// (`guest-set-time`).
///
/// A machine without a hardware clock gets its system clock set. No program is run. The hardware
/// clock counts whole seconds: it may be up to one off.
///
/// # Errors
/// A time that the system cannot hold; a kernel that refuses; [`Error::Unsupported`] when there
/// is no hardware clock to set from.
pub fn set(time: Option<i64>) -> Result<()> {
    let clock = || HardwareClock::open(&hardware::DEVICES);
    if let Some(time) = time {
        set_system(timespec(time)?)?;
        clock()?.map_or(Ok(()), |clock| clock.set(now_ns()?, is_local()))
    } else {
        let clock = clock()?.ok_or(Error::Unsupported("this machine has no hardware clock"))?;
        set_system(timespec(clock.read(is_local())?)?)
    }
}

fn set_system(time: Timespec) -> Result<()> {
    clock_settime(ClockId::Realtime, time)
        .map_err(|error| Error::os("Failed to set time to guest", error))
}

/// The kernel's form of a time; an error for one that it refuses (before 1970) or cannot hold.
fn timespec(time: i64) -> Result<Timespec> {
    if time < 0 || libc::time_t::try_from(time / NANOSECONDS).is_err() {
        return Err(Error::Invalid(format!("Time {time} is too large")));
    }
    Ok(Timespec {
        tv_sec: time / NANOSECONDS,
        tv_nsec: time % NANOSECONDS,
    })
}

/// Whether the hardware clock shows local time: the third line of hwclock's `/etc/adjtime`.
fn is_local() -> bool {
    is_local_by(Path::new("/etc/adjtime"))
}

fn is_local_by(adjtime: &Path) -> bool {
    std::fs::read_to_string(adjtime).is_ok_and(|text| {
        text.lines()
            .nth(2)
            .is_some_and(|line| line.trim() == "LOCAL")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_is_the_system_s() {
        let before = std::time::SystemTime::now();
        let now = u64::try_from(now_ns().expect("a time")).expect("after 1970");
        let after = std::time::SystemTime::now();
        let now = std::time::UNIX_EPOCH + Duration::from_nanos(now);
        assert!(before <= now && now <= after);
    }

    #[test]
    fn the_time_since_boot_is_that_of_the_kernel() {
        let uptime = std::fs::read_to_string("/proc/uptime").expect("proc(5)");
        let seconds: f64 = uptime
            .split(' ')
            .next()
            .expect("a field")
            .parse()
            .expect("a number");
        let now = since_boot().as_secs_f64();
        assert!((now - seconds).abs() < 60.0, "{now} and {seconds}");
        assert!(since_boot() <= since_boot());
    }

    #[test]
    fn a_time_is_split_or_refused() {
        for (time, expected) in [
            (0, Some((0, 0))),
            (1, Some((0, 1))),
            (
                1_700_000_000_123_456_789,
                Some((1_700_000_000, 123_456_789)),
            ),
            (-1, None),
            (i64::MIN, None),
        ] {
            let split = timespec(time).ok().map(|time| (time.tv_sec, time.tv_nsec));
            assert_eq!(split, expected, "{time}");
        }
        let error = timespec(-5).expect_err("before 1970");
        assert_eq!(error.to_string(), "Time -5 is too large");
        let last = timespec(i64::MAX);
        assert_eq!(last.is_ok(), size_of::<libc::time_t>() == 8);
    }

    #[test]
    fn the_hardware_clock_is_local_only_when_the_third_line_says_so() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("adjtime");
        for (text, local) in [
            ("0.0 0 0.0\n0\nUTC\n", false),
            ("0.0 0 0.0\n0\nLOCAL\n", true),
            ("0.0 0 0.0\n0\n LOCAL", true),
            ("LOCAL\n", false),
            ("", false),
        ] {
            std::fs::write(&path, text).expect("a file");
            assert_eq!(is_local_by(&path), local, "{text}");
        }
        assert!(!is_local_by(Path::new("/no/such/adjtime")));
    }
}
