//! The time zone.
#![allow(unsafe_code, reason = "the Win32 API")]

use qga::results::identity::Timezone;
use windows_sys::Win32::System::SystemServices::{TIME_ZONE_ID_DAYLIGHT, TIME_ZONE_ID_STANDARD};
use windows_sys::Win32::System::Time::{
    GetTimeZoneInformation, TIME_ZONE_ID_INVALID, TIME_ZONE_INFORMATION,
};

use crate::windows::wide::narrow;
use crate::{Error, Result};

/// The time zone that holds now (`guest-get-timezone`).
///
/// # Errors
/// When Windows does not tell.
pub fn timezone() -> Result<Timezone> {
    let mut rules = TIME_ZONE_INFORMATION::default();
    // SAFETY: the structure is written to.
    let season = unsafe { GetTimeZoneInformation(&raw mut rules) };
    if season == TIME_ZONE_ID_INVALID {
        let error = std::io::Error::last_os_error();
        return Err(Error::os("Couldn't retrieve local timezone", error));
    }
    Ok(zone(season, &rules))
}

/// Windows counts minutes to the west.
fn zone(season: u32, rules: &TIME_ZONE_INFORMATION) -> Timezone {
    let (name, season_bias) = match season {
        TIME_ZONE_ID_DAYLIGHT => (&rules.DaylightName, rules.DaylightBias),
        TIME_ZONE_ID_STANDARD => (&rules.StandardName, rules.StandardBias),
        // A zone without seasons.
        _ => (&rules.StandardName, 0),
    };
    let name = narrow(name).to_string_lossy().into_owned();
    Timezone {
        zone: (!name.is_empty()).then_some(name),
        offset: -60 * (i64::from(rules.Bias) + i64::from(season_bias)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::windows::wide::wide;

    fn text(text: &str) -> [u16; 32] {
        let mut units = wide(text);
        units.resize(32, 0);
        units.try_into().expect("a short name")
    }

    #[test]
    fn offsets_count_to_the_east_and_follow_the_season() {
        let rules = TIME_ZONE_INFORMATION {
            Bias: -60,
            StandardName: text("W. Europe Standard Time"),
            StandardBias: 0,
            DaylightName: text("W. Europe Summer Time"),
            DaylightBias: -60,
            ..Default::default()
        };
        for (season, name, offset) in [
            (TIME_ZONE_ID_STANDARD, "W. Europe Standard Time", 3600),
            (TIME_ZONE_ID_DAYLIGHT, "W. Europe Summer Time", 7200),
            (0, "W. Europe Standard Time", 3600),
        ] {
            let zone = zone(season, &rules);
            assert_eq!(zone.zone.as_deref(), Some(name));
            assert_eq!(zone.offset, offset);
        }
        let west = TIME_ZONE_INFORMATION {
            Bias: 300,
            ..Default::default()
        };
        assert_eq!(zone(0, &west).offset, -18_000);
        assert_eq!(zone(0, &west).zone, None);
    }

    #[test]
    fn the_time_zone_is_within_a_day_of_utc() {
        assert!(timezone().expect("a zone").offset.abs() < 86_400);
    }
}
