//! Parameters of a query, a form or a JSON document.

use serde_json::Value;

use super::reply::ApiError;

/// Names and values in the order of their coming; a name may repeat.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Parameters {
    pairs: Vec<(String, String)>,
}

impl Parameters {
    /// Those of a body and a query; the query's win.
    pub(super) fn read(body: &[u8], kind: &str, query: Option<&str>) -> Result<Self, ApiError> {
        let mut pairs = if kind.split(';').next().map(str::trim) == Some("application/json") {
            of_json(body)?
        } else {
            of_form(&String::from_utf8_lossy(body))
        };
        let query = of_form(query.unwrap_or_default());
        pairs.retain(|(name, _)| query.iter().all(|(other, _)| other != name));
        pairs.extend(query);
        pairs.retain(|(name, _)| name != "_dc");
        Ok(Self { pairs })
    }

    pub(super) fn pairs(&self) -> &[(String, String)] {
        &self.pairs
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    pub(super) fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        let of_name = self.pairs.iter().filter(move |(key, _)| key == name);
        of_name.map(|(_, value)| value.as_str())
    }

    pub(super) fn flag(&self, name: &str) -> bool {
        self.get(name).and_then(boolean).unwrap_or(false)
    }

    pub(super) fn number(&self, name: &str) -> Option<u64> {
        self.get(name)?.parse().ok()
    }
}

/// The words that stand for a boolean.
pub(super) fn boolean(word: &str) -> Option<bool> {
    match word.to_ascii_lowercase().as_str() {
        "1" | "on" | "yes" | "true" => Some(true),
        "0" | "off" | "no" | "false" => Some(false),
        _ => None,
    }
}

/// `;` separates too, which surprises who does not encode it.
fn of_form(text: &str) -> Vec<(String, String)> {
    let pairs = text.split(['&', ';']).filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (
                decoded(&name.replace('+', " ")),
                decoded(&value.replace('+', " ")),
            )
        })
        .collect()
}

fn of_json(body: &[u8]) -> Result<Vec<(String, String)>, ApiError> {
    let document: Value = serde_json::from_slice(body)
        .map_err(|error| ApiError::refused_by_server(&format!("malformed JSON string: {error}")))?;
    let mut pairs = Vec::new();
    for (name, value) in document.as_object().into_iter().flatten() {
        let values = value
            .as_array()
            .map_or(std::slice::from_ref(value), Vec::as_slice);
        pairs.extend(values.iter().map(|value| (name.clone(), plain(value))));
    }
    Ok(pairs)
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Bool(flag) => u8::from(*flag).to_string(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// Without percent-encoding.
pub(super) fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let hex = |at: usize| tail.get(at).and_then(|&c| char::from(c).to_digit(16));
        match (first, hex(0), hex(1)) {
            (b'%', Some(high), Some(low)) => {
                bytes.push(u8::try_from(high * 16 + low).unwrap_or_default());
                rest = &tail[2..];
            }
            _ => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_queries_and_documents_read_alike() {
        let form = Parameters::read(b"command=sh&command=-c&x=a%3Bb+c", "", Some("y=1")).unwrap();
        assert_eq!(form.all("command").collect::<Vec<_>>(), ["sh", "-c"]);
        assert_eq!((form.get("x"), form.flag("y")), (Some("a;b c"), true));
        let json = br#"{"command": ["sh", "-c"], "timeout": 5, "full": true}"#;
        let json = Parameters::read(json, "application/json;charset=UTF-8", None).unwrap();
        assert_eq!(json.all("command").count(), 2);
        assert_eq!((json.number("timeout"), json.flag("full")), (Some(5), true));
    }

    #[test]
    fn a_bare_semicolon_cuts_a_value() {
        let form = Parameters::read(b"input-data=a;b", "", None).unwrap();
        assert_eq!(form.get("input-data"), Some("a"));
        assert_eq!(form.get("b"), Some(""));
    }

    #[test]
    fn upids_survive_with_and_without_encoding() {
        for path in [
            "/tasks/UPID:a:b@pam!t:/log",
            "/tasks/UPID%3Aa%3Ab%40pam%21t%3A/log",
        ] {
            assert_eq!(decoded(path), "/tasks/UPID:a:b@pam!t:/log");
        }
        assert_eq!(decoded("100%"), "100%");
    }
}
