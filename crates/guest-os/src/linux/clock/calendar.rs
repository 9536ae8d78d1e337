//! Dates and seconds since 1970, in the proleptic Gregorian calendar.

/// A date and a time of day, of no particular zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Date {
    /// The year of our era.
    pub(super) year: i64,
    /// From 1.
    pub(super) month: i64,
    /// From 1.
    pub(super) day: i64,
    pub(super) hour: i64,
    pub(super) minute: i64,
    pub(super) second: i64,
}

const DAY: i64 = 86_400;
/// After so many days the calendar repeats itself: 400 years.
const ERA_DAYS: i64 = 146_097;
/// Years are counted from March, so that a leap day is a year's last; this many days lie between
/// 1 March of the year 0 and 1 January 1970.
const EPOCH: i64 = 719_468;

impl Date {
    /// The date of a moment, as if in UTC.
    pub(super) fn of(seconds: i64) -> Self {
        let (days, rest) = (seconds.div_euclid(DAY) + EPOCH, seconds.rem_euclid(DAY));
        let (era, day_of_era) = (days.div_euclid(ERA_DAYS), days.rem_euclid(ERA_DAYS));
        let year_of_era =
            (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - days_of_years(year_of_era);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let month = (month_from_march + 2) % 12 + 1;
        Self {
            year: era * 400 + year_of_era + i64::from(month <= 2),
            month,
            day: day_of_year - (153 * month_from_march + 2) / 5 + 1,
            hour: rest / 3600,
            minute: rest / 60 % 60,
            second: rest % 60,
        }
    }

    /// Seconds since 1970 if the date is in UTC; `None` for one that no calendar has.
    pub(super) fn seconds(self) -> Option<i64> {
        let fields = [self.month - 1, self.day - 1, self.hour, self.minute];
        let limits = [12, 31, 24, 60];
        // A leap second is a sixtieth one.
        let ordinary = fields
            .into_iter()
            .zip(limits)
            .all(|(field, limit)| (0..limit).contains(&field))
            && (0..=60).contains(&self.second)
            && (0..=9999).contains(&self.year);
        if !ordinary {
            return None;
        }
        let year = self.year - i64::from(self.month <= 2);
        let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
        let month_from_march = (self.month + 9) % 12;
        let day_of_year = (153 * month_from_march + 2) / 5 + self.day - 1;
        let days = era * ERA_DAYS + days_of_years(year_of_era) + day_of_year - EPOCH;
        Some(days * DAY + self.hour * 3600 + self.minute * 60 + self.second)
    }
}

fn days_of_years(years: i64) -> i64 {
    years * 365 + years / 4 - years / 100
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(date: [i64; 3], time: [i64; 3]) -> Date {
        let ([year, month, day], [hour, minute, second]) = (date, time);
        Date {
            year,
            month,
            day,
            hour,
            minute,
            second,
        }
    }

    #[test]
    fn known_moments_convert_both_ways() {
        for (seconds, expected) in [
            (0, date([1970, 1, 1], [0, 0, 0])),
            (-1, date([1969, 12, 31], [23, 59, 59])),
            (951_782_400, date([2000, 2, 29], [0, 0, 0])),
            (951_868_800, date([2000, 3, 1], [0, 0, 0])),
            (1_077_967_800, date([2004, 2, 28], [11, 30, 0])),
            (1_700_000_000, date([2023, 11, 14], [22, 13, 20])),
            (2_147_483_647, date([2038, 1, 19], [3, 14, 7])),
            (2_147_483_648, date([2038, 1, 19], [3, 14, 8])),
            (4_107_542_400, date([2100, 3, 1], [0, 0, 0])),
            (9_223_372_036, date([2262, 4, 11], [23, 47, 16])),
        ] {
            assert_eq!(Date::of(seconds), expected, "{seconds}");
            assert_eq!(expected.seconds(), Some(seconds), "{expected:?}");
        }
    }

    #[test]
    fn every_day_of_four_centuries_converts_both_ways() {
        for day in 0..ERA_DAYS {
            let seconds = day * DAY + 12 * 3600 + 34 * 60 + 56;
            assert_eq!(Date::of(seconds).seconds(), Some(seconds));
        }
    }

    #[test]
    fn no_calendar_has_these() {
        for wrong in [
            date([2024, 0, 1], [0, 0, 0]),
            date([2024, 13, 1], [0, 0, 0]),
            date([2024, 1, 0], [0, 0, 0]),
            date([2024, 1, 32], [0, 0, 0]),
            date([2024, 1, 1], [24, 0, 0]),
            date([2024, 1, 1], [0, -1, 0]),
            date([2024, 1, 1], [0, 60, 0]),
            date([2024, 1, 1], [0, 0, 61]),
            date([i64::MAX, 1, 1], [0, 0, 0]),
            date([-1, 1, 1], [0, 0, 0]),
        ] {
            assert_eq!(wrong.seconds(), None, "{wrong:?}");
        }
        let leap_second = date([2016, 12, 31], [23, 59, 60]);
        assert_eq!(leap_second.seconds(), Some(1_483_228_800));
    }
}
