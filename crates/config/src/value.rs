//! Single values: what is expected, and what is said when something else is there.
//! A mistake's message reads on after the key: `port` *expects a number ...*.

use std::ops::Range;
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use toml::de::DeValue;

use crate::Environment;
use crate::mistake::Fault;
use crate::table::Value;

/// `sun_path` of a Unix socket's address holds 108 bytes with the closing zero (`unix(7)`).
const SOCKET_PATH_LIMIT: usize = 107;

/// A text and its place.
pub(crate) type Text<'t> = (&'t str, Range<usize>);

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

fn expected(value: &Value<'_>, what: &str) -> Fault {
    Fault::new(
        value.span(),
        format!("expects {what}, not {}", kind(value.get_ref())),
    )
}

/// A string that is not empty and can be handed to the system.
pub(crate) fn text<'t>(value: &'t Value<'t>) -> Result<Text<'t>, Fault> {
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
pub(crate) fn texts<'t>(value: &'t Value<'t>) -> Result<Vec<Text<'t>>, Fault> {
    match value.get_ref() {
        DeValue::String(_) => Ok(vec![text(value)?]),
        DeValue::Array(items) => items.iter().map(text).collect(),
        _ => Err(expected(value, "a string or a list of strings")),
    }
}

/// A program and its arguments. The arguments are the program's business: any text but a zero.
pub(crate) fn argv<'t>(value: &'t Value<'t>) -> Result<Vec<String>, Fault> {
    const WANTED: &str = "a list of strings, the program and its arguments";
    let DeValue::Array(items) = value.get_ref() else {
        return Err(expected(value, WANTED));
    };
    if items.is_empty() {
        return Err(Fault::new(value.span(), "names no program"));
    }
    text(&items[0])?;
    items
        .iter()
        .map(|item| match item.get_ref() {
            DeValue::String(text) if text.contains('\0') => {
                Err(Fault::new(item.span(), "holds a zero character"))
            }
            DeValue::String(text) => Ok(text.clone().into_owned()),
            _ => Err(expected(item, "strings in its list")),
        })
        .collect()
}

/// `true` or `false`.
pub(crate) fn flag(value: &Value<'_>) -> Result<bool, Fault> {
    match value.get_ref() {
        DeValue::Boolean(flag) => Ok(*flag),
        _ => Err(expected(value, "true or false (without quotes)")),
    }
}

/// A TCP port.
pub(crate) fn port(value: &Value<'_>) -> Result<u16, Fault> {
    const WANTED: &str = "a number from 1 to 65535";
    let DeValue::Integer(number) = value.get_ref() else {
        return Err(expected(value, WANTED));
    };
    match u16::from_str_radix(number.as_str(), number.radix()) {
        Ok(port) if port > 0 => Ok(port),
        _ => Err(Fault::new(value.span(), format!("expects {WANTED}"))),
    }
}

/// A duration of at most `longest`, as `90s` or `5m`.
pub(crate) fn duration(value: &Value<'_>, longest: Duration) -> Result<Duration, Fault> {
    const WANTED: &str = r#"a duration such as "90s" or "5m""#;
    let DeValue::String(text) = value.get_ref() else {
        return Err(expected(value, WANTED));
    };
    let fault = |message: String| Err(Fault::new(value.span(), message));
    match humantime::parse_duration(text) {
        Err(error) => fault(format!("expects {WANTED}: {error}")),
        Ok(Duration::ZERO) => fault("must be more than zero".to_owned()),
        Ok(duration) if duration > longest => fault(format!(
            "must be at most {}",
            humantime::format_duration(longest)
        )),
        Ok(duration) => Ok(duration),
    }
}

/// What paths in the file are relative to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Origin<'e> {
    /// The directory of the file.
    pub(crate) directory: &'e Path,
    /// The process environment.
    pub(crate) environment: &'e Environment,
}

impl Origin<'_> {
    /// An absolute path: `~` is the home directory, and a relative one starts at the file.
    pub(crate) fn path(&self, (text, span): Text<'_>) -> Result<PathBuf, Fault> {
        let tail = match text.strip_prefix('~') {
            None => return Ok(tidy(&self.directory.join(text))),
            Some(tail) if tail.is_empty() || tail.starts_with('/') => tail,
            Some(_) => {
                let message = "names another user's home directory; write the path out";
                return Err(Fault::new(span, message));
            }
        };
        self.environment
            .under_home(tail.trim_start_matches('/'))
            .map(|path| tidy(&path))
            .ok_or_else(|| Fault::new(span, "uses `~`, but $HOME is not set"))
    }

    /// One or many paths.
    pub(crate) fn paths<'t>(&self, value: &'t Value<'t>) -> Result<Vec<PathBuf>, Fault> {
        texts(value)?
            .into_iter()
            .map(|text| self.path(text))
            .collect()
    }

    /// The path of a Unix socket, with its place.
    pub(crate) fn socket<'t>(
        &self,
        value: &'t Value<'t>,
    ) -> Result<(PathBuf, Range<usize>), Fault> {
        let path = self.path(text(value)?)?;
        let length = path.as_os_str().len();
        if length > SOCKET_PATH_LIMIT {
            let message = format!(
                "is a path of {length} bytes; a socket's path has at most {SOCKET_PATH_LIMIT}"
            );
            return Err(Fault::new(value.span(), message));
        }
        Ok((path, value.span()))
    }
}

/// Without `.` and doubled slashes, so that one path is written one way. `..` stays: what it
/// leads to depends on links.
fn tidy(path: &Path) -> PathBuf {
    path.components()
        .filter(|part| *part != Component::CurDir)
        .collect()
}
