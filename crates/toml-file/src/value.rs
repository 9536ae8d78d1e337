//! Single values: what is expected, and what is said when something else is there.
//! A mistake's message reads on after the key: `port` *expects a number ...*.

use std::ops::{Range, RangeInclusive};
use std::time::Duration;

use toml::de::DeValue;

use crate::{Fault, Value};

/// A text and its place.
pub type Text<'t> = (&'t str, Range<usize>);

/// The kind of a value, with its article.
pub(crate) fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

/// That `value` is of another kind than `what`.
#[must_use]
pub fn expected(value: &Value<'_>, what: &str) -> Fault {
    let found = kind(value.get_ref());
    Fault::new(value.span(), format!("expects {what}, not {found}"))
}

/// A string that is not empty and can be handed to the system.
///
/// # Errors
/// It is something else, is empty or holds a control character.
pub fn text<'t>(value: &'t Value<'t>) -> Result<Text<'t>, Fault> {
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
///
/// # Errors
/// It is something else, or one of them is no [`text`].
pub fn texts<'t>(value: &'t Value<'t>) -> Result<Vec<Text<'t>>, Fault> {
    match value.get_ref() {
        DeValue::String(_) => Ok(vec![text(value)?]),
        DeValue::Array(items) => items.iter().map(text).collect(),
        _ => Err(expected(value, "a string or a list of strings")),
    }
}

/// A program and its arguments. The arguments are the program's business: any text but a zero.
///
/// # Errors
/// It is something else, names no program, or holds a zero.
pub fn argv<'t>(value: &'t Value<'t>) -> Result<Vec<String>, Fault> {
    const WANTED: &str = "a list of strings, the program and its arguments";
    let DeValue::Array(items) = value.get_ref() else {
        return Err(expected(value, WANTED));
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

/// `true` or `false`.
///
/// # Errors
/// It is something else.
pub fn flag(value: &Value<'_>) -> Result<bool, Fault> {
    match value.get_ref() {
        DeValue::Boolean(flag) => Ok(*flag),
        _ => Err(expected(value, "true or false (without quotes)")),
    }
}

/// A whole number of `range`, which is called `wanted`.
///
/// # Errors
/// It is something else, or out of the range.
pub fn number<T>(value: &Value<'_>, range: RangeInclusive<T>, wanted: &str) -> Result<T, Fault>
where
    T: TryFrom<u64> + PartialOrd,
{
    let DeValue::Integer(number) = value.get_ref() else {
        return Err(expected(value, wanted));
    };
    u64::from_str_radix(number.as_str(), number.radix())
        .ok()
        .and_then(|number| T::try_from(number).ok())
        .filter(|number| range.contains(number))
        .ok_or_else(|| Fault::new(value.span(), format!("expects {wanted}")))
}

/// A duration of `range`, as `90s` or `5m`; never zero.
///
/// # Errors
/// It is something else, zero, or out of the range.
pub fn duration(value: &Value<'_>, range: RangeInclusive<Duration>) -> Result<Duration, Fault> {
    const WANTED: &str = r#"a duration such as "90s" or "5m""#;
    let DeValue::String(text) = value.get_ref() else {
        return Err(expected(value, WANTED));
    };
    let fault = |message: String| Err(Fault::new(value.span(), message));
    match humantime::parse_duration(text) {
        Err(error) => fault(format!("expects {WANTED}: {error}")),
        Ok(Duration::ZERO) => fault("must be more than zero".to_owned()),
        Ok(duration) if duration < *range.start() => fault(format!(
            "must be at least {}",
            humantime::format_duration(*range.start())
        )),
        Ok(duration) if duration > *range.end() => fault(format!(
            "must be at most {}",
            humantime::format_duration(*range.end())
        )),
        Ok(duration) => Ok(duration),
    }
}
