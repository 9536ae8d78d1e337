//! A length of time in the configuration file.

use std::time::Duration;

/// Reads seconds (`600`, `600s`), minutes (`10m`) or hours (`1h`).
pub(super) fn period(text: &str) -> Option<Duration> {
    let text = text.trim();
    let end = text
        .find(|character: char| !character.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let number: u32 = number.parse().ok()?;
    let seconds: u64 = match unit {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => return None,
    };
    Some(Duration::from_secs(u64::from(number) * seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_is_a_number_with_a_unit() {
        let table = [
            ("0", Some(0)),
            ("600", Some(600)),
            (" 90s ", Some(90)),
            ("10m", Some(600)),
            ("2h", Some(7200)),
            ("4294967295h", Some(4_294_967_295 * 3600)),
            ("4294967296", None),
            ("", None),
            ("m", None),
            ("-1", None),
            ("1d", None),
            ("1 m", None),
            ("1.5h", None),
        ];
        for (text, expected) in table {
            assert_eq!(period(text), expected.map(Duration::from_secs), "{text}");
        }
    }
}
