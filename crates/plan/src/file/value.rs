//! Single values: what is expected, and what is said when something else is there.
//! A mistake's message reads on after the key: `soak` *expects a duration ...*.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;
use std::time::Duration;

use conditions::Timestamp;
use toml::de::DeValue;

use super::mistake::Fault;
use super::table::Value;
use crate::Amount;
use crate::window::{Day, Zone};

/// The longest duration that makes sense in a plan.
const LONGEST: Duration = Duration::from_secs(366 * 24 * 60 * 60);
/// The longest word.
const WORD_LIMIT: usize = 63;

/// A text and its place.
pub(super) type Text<'t> = (&'t str, Range<usize>);

/// The kind of a value, with its article.
pub(super) fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

fn expected(value: &Value<'_>, what: &str) -> Fault {
    let found = kind(value.get_ref());
    Fault::new(value.span(), format!("expects {what}, not {found}"))
}

/// A string that is not empty and has no control characters.
pub(super) fn text<'t>(value: &'t Value<'t>) -> Result<Text<'t>, Fault> {
    let DeValue::String(text) = value.get_ref() else {
        return Err(expected(value, "a string in quotes"));
    };
    if text.is_empty() {
        return Err(Fault::new(value.span(), "is empty"));
    }
    if text.chars().any(char::is_control) {
        return Err(Fault::new(value.span(), "holds a control character"));
    }
    Ok((text, value.span()))
}

/// A list of strings, or one string in place of a list of one.
pub(super) fn texts<'t>(value: &'t Value<'t>) -> Result<Vec<Text<'t>>, Fault> {
    match value.get_ref() {
        DeValue::String(_) => Ok(vec![text(value)?]),
        DeValue::Array(items) => items.iter().map(text).collect(),
        _ => Err(expected(value, "a string or a list of strings")),
    }
}

/// The same, without places.
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

/// A program and its arguments.
pub(super) fn argv<'t>(value: &'t Value<'t>) -> Result<Vec<String>, Fault> {
    let DeValue::Array(items) = value.get_ref() else {
        return Err(expected(
            value,
            "a list of strings, the program and its arguments",
        ));
    };
    let Some(program) = items.first() else {
        return Err(Fault::new(value.span(), "names no program"));
    };
    text(program)?;
    let argument = |item: &Value<'_>| match item.get_ref() {
        DeValue::String(text) if text.contains('\0') => {
            Err(Fault::new(item.span(), "holds a zero character"))
        }
        DeValue::String(text) => Ok(text.clone().into_owned()),
        _ => Err(expected(item, "strings in its list")),
    };
    items.iter().map(argument).collect()
}

/// A whole number from `least` to a million.
pub(super) fn count(value: &Value<'_>, least: u32) -> Result<u32, Fault> {
    const MOST: u32 = 1_000_000;
    let what = format!("a whole number from {least} to {MOST}");
    let DeValue::Integer(number) = value.get_ref() else {
        return Err(expected(value, &what));
    };
    let number = u32::from_str_radix(number.as_str(), number.radix());
    let fits = number.ok().filter(|number| (least..=MOST).contains(number));
    fits.ok_or_else(|| Fault::new(value.span(), format!("expects {what}")))
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
    const WANTED: &str = r#"a duration such as "90s" or "5m""#;
    let DeValue::String(text) = value.get_ref() else {
        return Err(expected(value, WANTED));
    };
    let fault = |message: String| Err(Fault::new(value.span(), message));
    match humantime::parse_duration(text) {
        Err(error) => fault(format!("expects {WANTED}: {error}")),
        Ok(duration) if duration < Duration::from_secs(1) => {
            fault("must be at least 1s".to_owned())
        }
        Ok(duration) if duration > LONGEST => fault(format!(
            "must be at most {}",
            humantime::format_duration(LONGEST)
        )),
        Ok(duration) => Ok(duration),
    }
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
