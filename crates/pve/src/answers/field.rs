//! One field of an answer, whichever way it is written.

use serde_json::Value;

/// The longest text that is taken over from an answer into a message.
const LONGEST: usize = 400;

/// A text that is there.
pub(crate) fn text<'a>(row: &'a Value, key: &str) -> Option<&'a str> {
    row.get(key)?.as_str()
}

/// A text that is there and not empty, as one short line.
pub(crate) fn word(row: &Value, key: &str) -> Option<String> {
    text(row, key).map(line).filter(|it| !it.is_empty())
}

/// A boolean: `true`, `1`, `"1"`; `None` where it is absent or something else.
pub(crate) fn flag(row: &Value, key: &str) -> Option<bool> {
    as_flag(row.get(key)?)
}

/// A number, also as text.
pub(crate) fn number(row: &Value, key: &str) -> Option<u64> {
    match row.get(key)? {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

/// A text, a number or a boolean, as text.
pub(crate) fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(u8::from(*flag).to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A boolean that stands alone.
pub(crate) fn as_flag(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        Value::Number(number) => Some(number.as_f64() != Some(0.0)),
        Value::String(text) => flag_of(text),
        _ => None,
    }
}

/// A boolean as Proxmox VE reads one in a configuration.
pub(crate) fn flag_of(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "1" | "on" | "yes" | "true" => Some(true),
        "0" | "off" | "no" | "false" => Some(false),
        _ => None,
    }
}

/// The text as one line without control characters, of bounded length.
pub(crate) fn line(text: &str) -> String {
    let printable = text.trim().chars().take(LONGEST);
    printable
        .map(|it| if it.is_control() { ' ' } else { it })
        .collect()
}
