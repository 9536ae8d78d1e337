//! What the clock on the wall shows, and where an axis of time has its ticks.

use std::time::Duration;

use conditions::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use plan::Zone;

const DAY: u64 = 24 * 60 * 60;

/// Distances between ticks that people read easily, in seconds.
const STEPS: [u64; 24] = [
    1,
    5,
    10,
    30,
    60,
    2 * 60,
    5 * 60,
    10 * 60,
    15 * 60,
    30 * 60,
    3600,
    2 * 3600,
    3 * 3600,
    6 * 3600,
    12 * 3600,
    DAY,
    2 * DAY,
    7 * DAY,
    14 * DAY,
    30 * DAY,
    90 * DAY,
    365 * DAY,
    1_000 * DAY,
    10_000 * DAY,
];

/// The clock of a zone.
#[derive(Debug)]
pub(crate) struct Clock<'z> {
    zone: &'z Zone,
    rules: TimeZone,
}

/// A tick of an axis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tick {
    pub(crate) at: Timestamp,
    pub(crate) label: String,
    /// A day begins.
    pub(crate) is_day: bool,
}

impl<'z> Clock<'z> {
    pub(crate) fn of(zone: &'z Zone) -> Self {
        let rules = TimeZoneDatabase::bundled().get(zone.name());
        let rules = rules.unwrap_or(TimeZone::UTC);
        Self { zone, rules }
    }

    /// The zone's name.
    pub(crate) fn name(&self) -> &str {
        self.zone.name()
    }

    /// As `Sat 2026-03-28 22:00`.
    pub(crate) fn day_and_time(&self, at: Timestamp) -> String {
        self.zone.shown(at)
    }

    /// As `Sat 2026-03-28 22:00:05`.
    pub(crate) fn day_and_second(&self, at: Timestamp) -> String {
        match self.wall(at) {
            Some(wall) => wall.strftime("%a %Y-%m-%d %H:%M:%S").to_string(),
            None => at.to_string(),
        }
    }

    /// As `22:00:05`.
    pub(crate) fn time(&self, at: Timestamp) -> String {
        match self.wall(at) {
            Some(wall) => wall.strftime("%H:%M:%S").to_string(),
            None => at.to_string(),
        }
    }

    /// At most `most` ticks between two moments, at round times of the wall.
    pub(crate) fn ticks(&self, from: Timestamp, until: Timestamp, most: u64) -> Vec<Tick> {
        let seconds = until.since(from).as_secs();
        let step = STEPS.iter().find(|step| seconds / **step < most);
        let (Some(step), Some(first)) = (step, self.wall(from)) else {
            return Vec::new();
        };
        let mut wall = round_down(first, *step);
        let mut ticks: Vec<Tick> = Vec::new();
        for _ in 0..=most {
            let Some(at) = wall.and_then(|wall| self.moment(wall)) else {
                break;
            };
            let is_new = ticks.last().is_none_or(|last| last.at < at);
            if at >= from && at <= until && is_new {
                // Not as it was asked for: a change of the clock may leave that out.
                ticks.extend(self.wall(at).map(|wall| tick(at, wall, *step)));
            }
            wall = wall.and_then(|wall| wall.checked_add(Duration::from_secs(*step)).ok());
        }
        ticks
    }

    fn wall(&self, at: Timestamp) -> Option<DateTime> {
        let millis = i64::try_from(at.as_millis()).ok()?;
        let moment = jiff::Timestamp::from_millisecond(millis).ok()?;
        Some(self.rules.to_datetime(moment))
    }

    /// The first moment at which the wall shows it, or the one after where a change of the clock
    /// leaves it out.
    fn moment(&self, wall: DateTime) -> Option<Timestamp> {
        let moment = self.rules.to_ambiguous_timestamp(wall).compatible().ok()?;
        let millis = u64::try_from(moment.as_millisecond()).ok()?;
        Some(Timestamp::from_millis(millis))
    }
}

fn round_down(wall: DateTime, step: u64) -> Option<DateTime> {
    let midnight = wall.date().at(0, 0, 0, 0);
    let hour = u64::try_from(wall.hour()).ok()?;
    let minute = u64::try_from(wall.minute()).ok()?;
    let of_day = hour * 3600 + minute * 60 + u64::try_from(wall.second()).ok()?;
    midnight
        .checked_add(Duration::from_secs(of_day / step * step))
        .ok()
}

fn tick(at: Timestamp, wall: DateTime, step: u64) -> Tick {
    let is_day = wall.hour() == 0 && wall.minute() == 0 && wall.second() == 0;
    let form = match step {
        _ if is_day => "%a %-d %b",
        0..60 => "%H:%M:%S",
        _ => "%H:%M",
    };
    let label = wall.strftime(form).to_string();
    Tick { at, label, is_day }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(zone: &str, from: u64, seconds: u64) -> Vec<String> {
        let zone = Zone::named(zone).unwrap();
        let (from, until) = (
            Timestamp::from_millis(from * 1000),
            Timestamp::from_millis((from + seconds) * 1000),
        );
        let ticks = Clock::of(&zone).ticks(from, until, 8);
        assert!(ticks.len() <= 8, "{ticks:?}");
        ticks.into_iter().map(|tick| tick.label).collect()
    }

    #[test]
    fn ticks_are_round_times_of_the_wall() {
        // 2026-03-28T21:10:00Z; in Berlin 22:10, and at 02:00 of the next day it is 03:00.
        let night = 1_774_732_200;
        assert_eq!(
            labels("Europe/Berlin", night, 6 * 3600),
            ["23:00", "Sun 29 Mar", "01:00", "03:00", "04:00", "05:00"]
        );
        assert_eq!(
            labels("UTC", night, 600),
            ["21:10", "21:12", "21:14", "21:16", "21:18", "21:20"]
        );
        assert_eq!(labels("UTC", night + 2, 5).len(), 6);
        assert_eq!(
            labels("Asia/Kolkata", night, 3 * 86_400),
            [
                "12:00",
                "Mon 30 Mar",
                "12:00",
                "Tue 31 Mar",
                "12:00",
                "Wed 1 Apr"
            ]
        );
    }

    #[test]
    fn no_span_is_too_long_or_too_late_for_an_axis() {
        for (from, seconds) in [(0, 0), (0, u64::MAX / 1000), (u64::MAX / 1000 - 5, 5)] {
            let _ = labels("Europe/Berlin", from, seconds.min(u64::MAX / 1000 - from));
        }
    }
}
