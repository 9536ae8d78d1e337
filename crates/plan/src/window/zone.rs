//! Time zones by their IANA names, from the bundled database.

use std::sync::LazyLock;

use conditions::Timestamp;
use jiff::civil::Date;
use jiff::tz::{AmbiguousOffset, TimeZone, TimeZoneDatabase};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::Clock;

/// The database that is part of this program: a plan means the same on every machine.
static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// A time zone, as `Europe/Berlin`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Zone(TimeZone);

/// There is no such time zone.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("expects the IANA name of a time zone, such as \"Europe/Berlin\" or \"UTC\"")]
pub struct UnknownZone;

impl Zone {
    /// The zone of that name.
    ///
    /// # Errors
    /// There is none.
    pub fn named(name: &str) -> Result<Self, UnknownZone> {
        let zone = ZONES.get(name).map_err(|_| UnknownZone)?;
        zone.iana_name()
            .is_some()
            .then_some(Self(zone))
            .ok_or(UnknownZone)
    }

    /// Coordinated Universal Time.
    #[must_use]
    pub const fn utc() -> Self {
        Self(TimeZone::UTC)
    }

    /// Its IANA name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// The day there at `at`.
    pub(super) fn date(&self, at: Timestamp) -> Option<Date> {
        let millis = i64::try_from(at.as_millis()).ok()?;
        let moment = jiff::Timestamp::from_millisecond(millis).ok()?;
        Some(self.0.to_datetime(moment).date())
    }

    /// The moment from which the clock there shows `clock` of `date`, or later.
    pub(super) fn moment(&self, date: Date, clock: Clock) -> Option<Timestamp> {
        let (date, minutes) = match clock.is_end_of_day() {
            true => (date.tomorrow().ok()?, 0),
            false => (date, clock.0),
        };
        let (hour, minute) = (
            i8::try_from(minutes / 60).ok()?,
            i8::try_from(minutes % 60).ok()?,
        );
        let ambiguous = self.0.to_ambiguous_timestamp(date.at(hour, minute, 0, 0));
        let moment = match ambiguous.offset() {
            AmbiguousOffset::Gap { .. } => {
                let before = ambiguous.earlier().ok()?;
                self.0.following(before).next()?.timestamp()
            }
            _ => ambiguous.earlier().ok()?,
        };
        let millis = u64::try_from(moment.as_millisecond()).ok()?;
        Some(Timestamp::from_millis(millis))
    }

    /// The first moment of `date` there.
    pub(crate) fn first_of(&self, date: Date) -> Option<Timestamp> {
        self.moment(date, Clock(0))
    }

    /// What the clock there shows at `at`, as `Sat 2026-03-28 22:00`.
    #[must_use]
    pub fn shown(&self, at: Timestamp) -> String {
        let millis = i64::try_from(at.as_millis()).unwrap_or(i64::MAX);
        match jiff::Timestamp::from_millisecond(millis) {
            Ok(moment) => {
                let shown = self.0.to_datetime(moment);
                shown.strftime("%a %Y-%m-%d %H:%M").to_string()
            }
            Err(_) => at.to_string(),
        }
    }
}

impl TryFrom<String> for Zone {
    type Error = UnknownZone;

    fn try_from(name: String) -> Result<Self, UnknownZone> {
        Self::named(&name)
    }
}

impl From<Zone> for String {
    fn from(zone: Zone) -> Self {
        zone.name().to_owned()
    }
}
