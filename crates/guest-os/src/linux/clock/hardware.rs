//! The hardware clock by ioctl (rtc(4)): no helper program, which new cloud images do not have.
#![allow(unsafe_code, reason = "ioctls carry their types by number only")]

use std::fs::File;
use std::io::ErrorKind;
use std::thread;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::ioctl::{Getter, Setter, ioctl, opcode};

use super::NANOSECONDS;
use super::calendar::Date;
use super::local::{local_time, seconds_of_local};
use crate::{Error, Result};

/// Where the clock's device may be, as hwclock(8) looks for it.
pub(super) const DEVICES: [&str; 3] = ["/dev/rtc0", "/dev/rtc", "/dev/misc/rtc"];

/// How often the clock is asked whether its second has changed.
const TICK: Duration = Duration::from_millis(5);
/// A clock that runs changes its second within this time.
const SECOND: Duration = Duration::from_millis(1200);

const READ: rustix::ioctl::Opcode = opcode::read::<Registers>(b'p', 0x09);
const SET: rustix::ioctl::Opcode = opcode::write::<Registers>(b'p', 0x0a);

/// `struct rtc_time` (linux/rtc.h).
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Registers {
    second: i32,
    minute: i32,
    hour: i32,
    day: i32,
    /// From 0.
    month: i32,
    /// Since 1900.
    year: i32,
    _unused: [i32; 3],
}

/// The battery's clock, open. The kernel lets one process at a time have it.
#[derive(Debug)]
pub(super) struct HardwareClock(File);

impl HardwareClock {
    /// The first device that is there; `None` when none is.
    pub(super) fn open(devices: &[&str]) -> Result<Option<Self>> {
        for path in devices {
            match File::open(path) {
                Ok(device) => return Ok(Some(Self(device))),
                Err(error) if is_absent(&error) => {}
                Err(error) => return Err(Error::os(format!("cannot open {path}"), error)),
            }
        }
        Ok(None)
    }

    /// Nanoseconds since 1970. Waits for the clock's next second: within one, it does not say
    /// where it is.
    pub(super) fn read(&self, local: bool) -> Result<i64> {
        let first = self.registers()?;
        let end = Instant::now() + SECOND;
        let mut now = first;
        while now == first && Instant::now() < end {
            thread::sleep(TICK);
            now = self.registers()?;
        }
        let date = Date::from(now);
        let seconds = if local {
            seconds_of_local(date)
        } else {
            date.seconds()
        };
        seconds
            .and_then(|seconds| seconds.checked_mul(NANOSECONDS))
            .ok_or_else(|| Error::Invalid("the hardware clock shows no valid time".into()))
    }

    /// Sets it to a time in nanoseconds since 1970.
    pub(super) fn set(&self, time: i64, local: bool) -> Result<()> {
        let seconds = time.div_euclid(NANOSECONDS);
        let date = if local {
            local_time(seconds).map(|local| local.date)
        } else {
            Some(Date::of(seconds))
        };
        let registers = date
            .and_then(Registers::of)
            .ok_or_else(|| Error::Invalid(format!("Time {time} is too large")))?;
        // SAFETY: RTC_SET_TIME reads a struct rtc_time, which Registers is.
        unsafe { ioctl(&self.0, Setter::<SET, Registers>::new(registers)) }
            .map_err(|error| Error::os("failed to set hardware clock to system time", error))
    }

    fn registers(&self) -> Result<Registers> {
        // SAFETY: RTC_RD_TIME fills a struct rtc_time, which Registers is.
        unsafe { ioctl(&self.0, Getter::<READ, Registers>::new()) }
            .map_err(|error| Error::os("failed to read the hardware clock", error))
    }
}

/// Whether there is no such clock: no node, or a node without a driver.
fn is_absent(error: &std::io::Error) -> bool {
    let without_driver = [Errno::NODEV, Errno::NXIO].map(Errno::raw_os_error);
    error.kind() == ErrorKind::NotFound
        || error
            .raw_os_error()
            .is_some_and(|errno| without_driver.contains(&errno))
}

impl Registers {
    /// `None` for a year that they do not hold.
    fn of(date: Date) -> Option<Self> {
        let small = |value: i64| i32::try_from(value).ok();
        Some(Self {
            second: small(date.second)?,
            minute: small(date.minute)?,
            hour: small(date.hour)?,
            day: small(date.day)?,
            month: small(date.month - 1)?,
            year: small(date.year - 1900)?,
            _unused: [0; 3],
        })
    }
}

impl From<Registers> for Date {
    fn from(registers: Registers) -> Self {
        Self {
            year: i64::from(registers.year) + 1900,
            month: i64::from(registers.month) + 1,
            day: registers.day.into(),
            hour: registers.hour.into(),
            minute: registers.minute.into(),
            second: registers.second.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ioctls_have_the_numbers_of_the_kernel() {
        assert_eq!(size_of::<Registers>(), 36);
        if cfg!(any(target_arch = "x86_64", target_arch = "aarch64")) {
            assert_eq!((READ, SET), (0x8024_7009, 0x4024_700a));
        }
    }

    #[test]
    fn registers_hold_a_date_both_ways() {
        for seconds in [0, 951_782_400, 1_700_000_000, 4_102_444_800] {
            let date = Date::of(seconds);
            let registers = Registers::of(date).expect("an ordinary year");
            assert_eq!(Date::from(registers), date);
        }
        let christmas = Registers::of(Date::of(1_703_462_400)).expect("an ordinary year");
        assert_eq!((christmas.year, christmas.month), (123, 11));
        assert!(Registers::of(Date::of(i64::MAX / 2)).is_none());
    }

    #[test]
    fn no_device_is_no_clock_and_a_device_that_is_none_is_an_error() {
        assert!(
            HardwareClock::open(&["/no/such/rtc"])
                .expect("no error")
                .is_none()
        );
        let file = tempfile::NamedTempFile::new().expect("a file");
        let path = file.path().to_str().expect("a plain path");
        let clock = HardwareClock::open(&["/no/such/rtc", path])
            .expect("no error")
            .expect("a file");
        for failed in [clock.read(false).err(), clock.set(0, false).err()] {
            assert!(failed.is_some_and(|error| error.to_string().contains("hardware clock")));
        }
    }
}
