//! Lengths of time in the settings.

use std::time::Duration;

/// `90`, `90s`, `10m` or `1h`.
pub(super) fn period(text: &str) -> Option<Duration> {
    let (number, unit) = match text.char_indices().last()? {
        (end, 's') => (&text[..end], 1),
        (end, 'm') => (&text[..end], 60),
        (end, 'h') => (&text[..end], 3600),
        _ => (text, 1),
    };
    let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = digits.then(|| number.parse::<u64>().ok())??;
    seconds.checked_mul(unit).map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_has_a_number_and_perhaps_a_unit() {
        for (text, seconds) in [
            ("0", Some(0)),
            ("90", Some(90)),
            ("90s", Some(90)),
            ("10m", Some(600)),
            ("1h", Some(3600)),
            ("", None),
            ("s", None),
            ("-1", None),
            ("+1", None),
            ("1.5", None),
            ("1d", None),
            ("1ü", None),
            ("99999999999999999999", None),
            ("9999999999999999999h", None),
        ] {
            assert_eq!(
                period(text).map(|period| period.as_secs()),
                seconds,
                "{text}"
            );
        }
    }
}
