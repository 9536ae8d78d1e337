//! Moments as Windows counts them.

use windows_sys::Win32::Foundation::FILETIME;

/// In a second.
pub(in crate::windows) const TICKS: i64 = 10_000_000;

/// From 1601 to 1970.
const EPOCH: i64 = 11_644_473_600 * TICKS;

/// 100 nanoseconds in a tick.
const NANOSECONDS: i64 = 100;

/// Ticks since 1601 in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::windows) struct FileTime(pub(in crate::windows) i64);

impl FileTime {
    /// `None` for a time before 1970.
    pub(super) fn from_unix_ns(time: i64) -> Option<Self> {
        (time >= 0).then(|| Self(time / NANOSECONDS + EPOCH))
    }

    /// Nanoseconds since 1970; `None` beyond the years 1677 and 2262.
    pub(in crate::windows) fn unix_ns(self) -> Option<i64> {
        self.unix_ticks().checked_mul(NANOSECONDS)
    }

    /// Ticks since 1970.
    pub(in crate::windows) fn unix_ticks(self) -> i64 {
        self.0.saturating_sub(EPOCH)
    }
}

impl From<FileTime> for FILETIME {
    fn from(time: FileTime) -> Self {
        let [low, high] = [0, 32].map(|shift| (time.0.cast_unsigned() >> shift) as u32);
        Self {
            dwLowDateTime: low,
            dwHighDateTime: high,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_counted_from_both_epochs() {
        for (unix_ns, ticks) in [
            (0, 116_444_736_000_000_000),
            (1_000_000_000, 116_444_736_010_000_000),
            // 2009-07-25 23:00:00, the example of Microsoft's support pages.
            (1_248_562_800_000_000_000, 128_930_364_000_000_000),
            (951_782_400_000_000_000, 125_962_560_000_000_000),
        ] {
            assert_eq!(FileTime::from_unix_ns(unix_ns), Some(FileTime(ticks)));
            assert_eq!(FileTime(ticks).unix_ns(), Some(unix_ns));
        }
        assert_eq!(FileTime::from_unix_ns(-1), None);
        assert_eq!(FileTime(0).unix_ns(), None);
        assert_eq!(FileTime(i64::MIN).unix_ns(), None);
        assert!(FileTime::from_unix_ns(i64::MAX).is_some());
    }

    #[test]
    fn both_halves_of_a_moment_are_kept() {
        let time = FILETIME::from(FileTime(0x0123_4567_89ab_cdef));
        assert_eq!(time.dwHighDateTime, 0x0123_4567);
        assert_eq!(time.dwLowDateTime, 0x89ab_cdef);
    }
}
