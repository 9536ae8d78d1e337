//! When windows are open, over some days.

use std::time::Duration;

use conditions::Timestamp;

use super::Window;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// More days than any campaign lasts.
const DAYS_LIMIT: usize = 400;

/// The times at which somebody may be begun: apart from each other, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Openings(Vec<(Timestamp, Timestamp)>);

impl Openings {
    /// At any time.
    #[must_use]
    pub fn always() -> Self {
        Self(vec![(
            Timestamp::from_millis(0),
            Timestamp::from_millis(u64::MAX),
        )])
    }

    /// When any of `windows` is open between `from` and `until`. What overlaps or adjoins is one.
    #[must_use]
    pub fn of(windows: &[&Window], from: Timestamp, until: Timestamp) -> Self {
        let mut found: Vec<_> = windows
            .iter()
            .flat_map(|window| occurrences(window, from, until))
            .collect();
        found.sort_unstable();
        let mut merged: Vec<(Timestamp, Timestamp)> = Vec::with_capacity(found.len());
        for (opens, closes) in found {
            match merged.last_mut() {
                Some((_, end)) if opens <= *end => *end = closes.max(*end),
                _ => merged.push((opens, closes)),
            }
        }
        Self(merged)
    }

    /// The first moment from `at` on at which something that takes `need` can begin and end within.
    #[must_use]
    pub fn earliest(&self, at: Timestamp, need: Duration) -> Option<Timestamp> {
        let first = self.0.partition_point(|(_, closes)| *closes <= at);
        let later = self.0.get(first..)?.iter();
        let mut begins = later.map(|(opens, closes)| (at.max(*opens), *closes));
        begins.find_map(|(begin, closes)| (begin + need <= closes).then_some(begin))
    }

    /// When what is open at `at` closes.
    #[must_use]
    pub fn closes(&self, at: Timestamp) -> Option<Timestamp> {
        let mut open = self.0.iter();
        open.find_map(|(opens, closes)| (*opens <= at && at < *closes).then_some(*closes))
    }
}

/// Each time that `window` is open between two moments, with the one before.
fn occurrences(window: &Window, from: Timestamp, until: Timestamp) -> Vec<(Timestamp, Timestamp)> {
    let before = from.as_millis().saturating_sub(2 * DAY.as_secs() * 1000);
    let mut date = window.zone.date(Timestamp::from_millis(before));
    let last = window.zone.date(until + DAY);
    let mut found = Vec::new();
    for _ in 0..DAYS_LIMIT {
        let Some(day) = date.filter(|day| last.is_some_and(|last| *day <= last)) else {
            break;
        };
        found.extend(window.on(day));
        date = day.tomorrow().ok();
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::{Day, Zone};
    use super::*;

    fn window(days: &[Day], from: &str, to: &str, zone: &str) -> Window {
        Window {
            days: days.to_vec(),
            from: from.parse().unwrap(),
            to: to.parse().unwrap(),
            zone: Zone::named(zone).unwrap(),
        }
    }

    fn utc(text: &str) -> Timestamp {
        let moment: jiff::Timestamp = text.parse().unwrap();
        Timestamp::from_millis(u64::try_from(moment.as_millisecond()).unwrap())
    }

    /// The openings of a night, as UTC.
    fn told(window: &Window, from: &str, until: &str) -> Vec<String> {
        let (from, until) = (utc(from), utc(until));
        let openings = Openings::of(&[window], from, until);
        let within = openings.0.iter();
        within
            .filter(|(opens, closes)| *closes > from && *opens < until)
            .map(|(opens, closes)| format!("{opens} {closes}"))
            .collect()
    }

    #[test]
    fn a_window_keeps_to_the_clock_on_the_wall_when_the_clock_is_changed() {
        // Berlin: 2026-03-29 02:00 becomes 03:00, 2026-10-25 03:00 becomes 02:00.
        let spring = ("2026-03-28T12:00:00Z", "2026-03-29T12:00:00Z");
        let autumn = ("2026-10-24T12:00:00Z", "2026-10-25T12:00:00Z");
        for (from, to, (begin, end), expected) in [
            (
                "22:00",
                "04:00",
                spring,
                "2026-03-28T21:00:00Z 2026-03-29T02:00:00Z",
            ),
            (
                "22:00",
                "04:00",
                autumn,
                "2026-10-24T20:00:00Z 2026-10-25T03:00:00Z",
            ),
            // A time that is left out is the moment of the change.
            (
                "02:30",
                "04:00",
                spring,
                "2026-03-29T01:00:00Z 2026-03-29T02:00:00Z",
            ),
            (
                "01:00",
                "02:30",
                spring,
                "2026-03-29T00:00:00Z 2026-03-29T01:00:00Z",
            ),
            // Of a time that comes twice the first counts.
            (
                "02:30",
                "04:00",
                autumn,
                "2026-10-25T00:30:00Z 2026-10-25T03:00:00Z",
            ),
            (
                "01:00",
                "02:30",
                autumn,
                "2026-10-24T23:00:00Z 2026-10-25T00:30:00Z",
            ),
        ] {
            let window = window(&Day::ALL, from, to, "Europe/Berlin");
            assert_eq!(told(&window, begin, end), [expected], "{from} to {to}");
        }
        let left_out = window(&Day::ALL, "02:15", "02:45", "Europe/Berlin");
        assert_eq!(told(&left_out, spring.0, spring.1), [""; 0]);
    }

    #[test]
    fn a_night_belongs_to_the_day_on_which_it_begins() {
        let night = window(&[Day::Sat], "22:00", "04:00", "UTC");
        let week = ("2026-06-01T00:00:00Z", "2026-06-08T00:00:00Z");
        assert_eq!(
            told(&night, week.0, week.1),
            ["2026-06-06T22:00:00Z 2026-06-07T04:00:00Z"]
        );
    }

    #[test]
    fn a_day_ends_at_24_and_days_that_adjoin_are_one() {
        let days = window(&[Day::Sat, Day::Sun], "00:00", "24:00", "UTC");
        let week = ("2026-06-01T00:00:00Z", "2026-06-08T12:00:00Z");
        assert_eq!(
            told(&days, week.0, week.1),
            ["2026-06-06T00:00:00Z 2026-06-08T00:00:00Z"]
        );
    }

    #[test]
    fn nothing_begins_that_would_not_end_in_time() {
        let night = window(&Day::ALL, "22:00", "04:00", "UTC");
        let openings = Openings::of(
            &[&night],
            utc("2026-06-01T00:00:00Z"),
            utc("2026-06-03T00:00:00Z"),
        );
        let hour = Duration::from_secs(3600);
        for (at, need, expected) in [
            ("2026-06-01T02:30:00Z", hour, "2026-06-01T02:30:00Z"),
            ("2026-06-01T03:00:00Z", hour, "2026-06-01T03:00:00Z"),
            ("2026-06-01T03:00:01Z", hour, "2026-06-01T22:00:00Z"),
            ("2026-06-01T12:00:00Z", hour * 6, "2026-06-01T22:00:00Z"),
        ] {
            assert_eq!(
                openings.earliest(utc(at), need),
                Some(utc(expected)),
                "{at}"
            );
        }
        assert_eq!(
            openings.earliest(utc("2026-06-01T00:00:00Z"), hour * 7),
            None
        );
    }
}
