//! A window, week after week.

use conditions::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::clock::Clock;
use super::day::Day;
use super::zone::Zone;

/// Some hours of some days.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Window {
    /// The days on which it begins.
    pub days: Vec<Day>,
    /// When it begins.
    pub from: Clock,
    /// When it ends; on the next day, if that is not after `from`.
    pub to: Clock,
    /// Whose clock.
    pub zone: Zone,
}

impl Window {
    /// When the one is open that begins on `date`; nothing on another day, or where a change of the
    /// clock leaves all of it out.
    pub(super) fn on(&self, date: Date) -> Option<(Timestamp, Timestamp)> {
        if !self.days.contains(&Day::of(date.weekday())) {
            return None;
        }
        let last = if self.to <= self.from {
            date.tomorrow().ok()?
        } else {
            date
        };
        let from = self.zone.moment(date, self.from)?;
        let to = self.zone.moment(last, self.to)?;
        (from < to).then_some((from, to))
    }
}
