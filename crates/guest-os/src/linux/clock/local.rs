//! Local time by the C library: it knows `TZ`, `/etc/localtime` and rules for the years to come.
#![allow(unsafe_code, reason = "localtime_r and mktime have no safe interface")]

use std::ffi::CStr;
use std::mem;

use super::calendar::Date;

unsafe extern "C" {
    // localtime_r need not look whether the zone has changed meanwhile (tzset(3)); this does.
    fn tzset();
}

/// A moment as the guest's clocks on the wall show it.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::linux) struct LocalTime {
    pub(super) date: Date,
    /// Seconds east of UTC.
    pub(in crate::linux) offset: i64,
    /// The zone's abbreviation.
    pub(in crate::linux) zone: Option<String>,
}

/// Local time at `seconds` since 1970; `None` when the C library cannot tell.
#[allow(
    clippy::useless_conversion,
    reason = "the C library's long has 32 bits on some machines"
)]
pub(in crate::linux) fn local_time(seconds: i64) -> Option<LocalTime> {
    let seconds = libc::time_t::try_from(seconds).ok()?;
    // SAFETY: both pointers are valid for the call; a tm of zeros is a valid one; the agent never
    // changes its environment, which tzset reads.
    let fields = unsafe {
        tzset();
        let mut fields: libc::tm = mem::zeroed();
        if libc::localtime_r(&raw const seconds, &raw mut fields).is_null() {
            return None;
        }
        fields
    };
    let zone = (!fields.tm_zone.is_null())
        // SAFETY: the C library keeps the names of all zones that it has read.
        .then(|| unsafe { CStr::from_ptr(fields.tm_zone) })
        .map(|zone| zone.to_string_lossy().into_owned())
        .filter(|zone| !zone.is_empty());
    Some(LocalTime {
        date: Date {
            year: i64::from(fields.tm_year) + 1900,
            month: i64::from(fields.tm_mon) + 1,
            day: fields.tm_mday.into(),
            hour: fields.tm_hour.into(),
            minute: fields.tm_min.into(),
            second: fields.tm_sec.into(),
        },
        offset: i64::from(fields.tm_gmtoff),
        zone,
    })
}

/// Seconds since 1970 when local clocks show `date`. Of an hour that they show twice, either; in
/// an hour that they skip, as if they did not.
pub(super) fn seconds_of_local(date: Date) -> Option<i64> {
    // Taken for UTC it is at most a day off: the zone's offsets a day before and after are the
    // two that can hold.
    let as_utc = date.seconds()?;
    let before = as_utc - local_time(as_utc - 86_400)?.offset;
    let after = as_utc - local_time(as_utc + 86_400)?.offset;
    let shows = |seconds: &i64| local_time(*seconds).is_some_and(|local| local.date == date);
    Some([before, after].into_iter().find(shows).unwrap_or(before))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn local_time_and_offset_belong_together() {
        for seconds in [0, 951_782_400, 1_700_000_000, 1_720_000_000] {
            let local = local_time(seconds).expect("a time");
            assert_eq!(local.date.seconds(), Some(seconds + local.offset));
            assert_eq!(seconds_of_local(local.date), Some(seconds));
        }
    }

    #[test]
    fn a_date_that_does_not_exist_is_none() {
        let wrong = Date {
            year: 2024,
            month: 13,
            day: 1,
            hour: 0,
            minute: 0,
            second: 0,
        };
        assert_eq!(seconds_of_local(wrong), None);
    }
}
