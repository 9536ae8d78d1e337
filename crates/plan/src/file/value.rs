//! Values of a plan, beside those that every file has.
//! A mistake's message reads on after the key: `soak` *expects a duration ...*.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use conditions::Timestamp;
use toml::de::DeValue;
use toml_file::value::{self, expected, number, text, texts};
use toml_file::{Fault, Value};

use crate::Amount;
use crate::window::{Day, Zone};

/// The shortest and the longest duration that make sense in a plan.
const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(366 * 24 * 60 * 60);
/// The longest word.
const WORD_LIMIT: usize = 63;

/// A list of strings, or one string in place of a list of one, without their places.
pub(super) fn words<'t>(value: &'t Value<'t>) -> Result<Vec<String>, Fault> {
    let texts = texts(value)?.into_iter();
    Ok(texts.map(|(text, _)| text.to_owned()).collect())
}

/// A word that is easily said on a command line.
pub(super) fn word<'t>(value: &'t Value<'t>) -> Result<String, Fault> {
    let (text, span) = text(value)?;
    match is_word(text) {
        true => Ok(text.to_owned()),
        false => Err(Fault::new(span, not_a_word())),
    }
}

/// Whether `text` is such a word.
pub(super) fn is_word(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let fits = (1..=WORD_LIMIT).contains(&text.len()) && !text.starts_with(['-', '.']);
    fits && text.chars().all(allowed)
}

/// What is said of another text.
pub(super) fn not_a_word() -> String {
    format!("expects a word (1 to {WORD_LIMIT} of A-Z a-z 0-9 . _ -)")
}

/// A whole number from `least` to a million.
pub(super) fn count(value: &Value<'_>, least: u32) -> Result<u32, Fault> {
    const MOST: u32 = 1_000_000;
    let wanted = format!("a whole number from {least} to {MOST}");
    number(value, least..=MOST, &wanted)
}

/// A count of at least `least`, or a part in a hundred, as `"25%"`.
pub(super) fn amount(value: &Value<'_>, least: u32) -> Result<Amount, Fault> {
    let DeValue::String(text) = value.get_ref() else {
        return count(value, least).map(Amount::Count);
    };
    let number = text.strip_suffix('%').and_then(|number| {
        let is_plain = number.bytes().all(|byte| byte.is_ascii_digit());
        number.parse::<u8>().ok().filter(|_| is_plain)
    });
    let least = u8::try_from(least).unwrap_or(u8::MAX);
    match number {
        Some(percent) if (least..=100).contains(&percent) => Ok(Amount::Percent(percent)),
        _ => Err(Fault::new(
            value.span(),
            format!(r#"expects a count such as 3, or a part from "{least}%" to "100%""#),
        )),
    }
}

/// A duration, as `90s` or `5m`.
pub(super) fn duration(value: &Value<'_>) -> Result<Duration, Fault> {
    value::duration(value, SHORTEST..=LONGEST)
}

/// A moment with its offset, or a date: its first moment in `zone`.
pub(super) fn moment(value: &Value<'_>, zone: &Zone) -> Result<Timestamp, Fault> {
    const WANTED: &str = "a date such as 2026-04-01, or a moment such as 2026-04-01T06:00:00Z";
    let DeValue::Datetime(written) = value.get_ref() else {
        return Err(expected(value, &format!("{WANTED} (without quotes)")));
    };
    let text = written.to_string();
    let moment = match (written.date, written.time, written.offset) {
        (Some(_), Some(_), Some(_)) => text.parse::<jiff::Timestamp>().ok(),
        (Some(_), None, None) => {
            let date = text.parse::<jiff::civil::Date>().ok();
            return date
                .and_then(|date| zone.first_of(date))
                .ok_or_else(|| Fault::new(value.span(), format!("expects {WANTED}")));
        }
        _ => None,
    };
    moment
        .and_then(|moment| u64::try_from(moment.as_millisecond()).ok())
        .map(Timestamp::from_millis)
        .ok_or_else(|| Fault::new(value.span(), format!("expects {WANTED}")))
}

/// Days, as `mon` or `mon-fri`.
pub(super) fn days<'t>(value: &'t Value<'t>) -> Result<Vec<Day>, Fault> {
    let mut days = Vec::new();
    for (text, span) in texts(value)? {
        let named = |word: &str| Day::ALL.into_iter().find(|day| day.word() == word);
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let (Some(first), Some(last)) = (named(first), named(last)) else {
            let message = r#"expects days such as "sat" or "mon-fri""#;
            return Err(Fault::new(span, message));
        };
        let week = Day::ALL.into_iter().cycle().skip_while(|day| *day != first);
        let until_last = week.take(7).take_while(|day| *day != last);
        days.extend(until_last.chain([last]));
    }
    if days.is_empty() {
        return Err(Fault::new(value.span(), "names no day"));
    }
    days.sort_unstable();
    days.dedup();
    Ok(days)
}

/// One of `choices`, by its word.
pub(super) fn choice<T: Copy>(value: &Value<'_>, choices: &[(&str, T)]) -> Result<T, Fault> {
    let DeValue::String(text) = value.get_ref() else {
        return Err(expected(value, "a string in quotes"));
    };
    let found = choices.iter().find(|(word, _)| word == text);
    found.map(|(_, choice)| *choice).ok_or_else(|| {
        let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
        Fault::new(value.span(), format!("expects one of {}", words.join(", ")))
    })
}

/// What is written as a text of its own kind.
pub(super) fn parsed<'t, T>(value: &'t Value<'t>) -> Result<T, Fault>
where
    T: FromStr,
    T::Err: fmt::Display,
{
    let (text, span) = text(value)?;
    text.parse()
        .map_err(|error: T::Err| Fault::new(span, error.to_string()))
}
