//! The parameters of a request: always in the query, never in headers.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use thiserror::Error;

/// What a request asks for beside the key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    /// Answer when the value is another than that of `last_etag`.
    pub wait_for_change: bool,
    /// The `ETag` of the last reply. Without it, a hanging GET waits for the next change.
    pub last_etag: Option<String>,
    /// How long a hanging GET may hang (`timeout_sec`); then the present value is the answer.
    pub timeout: Option<Duration>,
    /// A directory with all that is below it, as JSON.
    pub recursive: bool,
    /// The form of the reply.
    pub alt: Option<Alt>,
}

/// The form of a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alt {
    /// `alt=json`.
    Json,
    /// `alt=text`.
    Text,
}

/// A parameter that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{0}` is no {1}")]
pub struct QueryError(pub String, pub &'static str);

/// Characters of a parameter that an error repeats.
const REPEATED: usize = 40;

impl Query {
    /// Reads the part of a target behind the question mark. The first of a repeated parameter counts;
    /// those that the protocol does not know are ignored.
    ///
    /// # Errors
    /// When a parameter of the protocol has no value that can be read.
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        let mut seen = BTreeSet::new();
        let mut query = Self::default();
        for parameter in text.split('&').filter(|parameter| !parameter.is_empty()) {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            if seen.insert(name) {
                let expected = |what| QueryError(excerpt(parameter), what);
                query.read(name, value).map_err(expected)?;
            }
        }
        Ok(query)
    }

    /// Takes in one parameter, or says what its value should be.
    fn read(&mut self, name: &str, value: &str) -> Result<(), &'static str> {
        match name {
            "wait_for_change" => self.wait_for_change = flag(value)?,
            "recursive" => self.recursive = flag(value)?,
            "last_etag" => {
                self.last_etag = Some(decoded(value, true).ok_or("percent-encoded etag")?);
            }
            "timeout_sec" => {
                let seconds = value.parse().map_err(|_| "whole number of seconds")?;
                self.timeout = Some(Duration::from_secs(seconds));
            }
            "alt" => {
                self.alt = Some(match value.to_ascii_lowercase().as_str() {
                    "json" => Alt::Json,
                    "text" => Alt::Text,
                    _ => return Err("form of a reply: json or text"),
                });
            }
            _ => {}
        }
        Ok(())
    }
}

/// Python programs write `True`.
fn flag(value: &str) -> Result<bool, &'static str> {
    match value.to_ascii_lowercase().as_str() {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err("switch: true or false"),
    }
}

/// Without control characters and quotes.
fn excerpt(text: &str) -> String {
    let letters = text.chars().take(REPEATED);
    letters.flat_map(char::escape_default).collect()
}

/// Undoes percent-encoding; in a query `+` is a space. `None` when it is not encoded or no UTF-8.
pub(crate) fn decoded(text: &str, in_query: bool) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => digit(rest.next()?)? << 4 | digit(rest.next()?)?,
            b'+' if in_query => b' ',
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

fn digit(letter: u8) -> Option<u8> {
    let value = char::from(letter).to_digit(16)?;
    u8::try_from(value).ok()
}

/// Percent-encodes all but letters, digits and `-._~`.
fn encoded(text: &str) -> String {
    let encode = |byte: u8| match byte {
        b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        _ if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(encode).collect()
}

impl fmt::Display for Query {
    /// With its question mark; nothing when nothing is asked for.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parameters = [
            self.wait_for_change
                .then(|| "wait_for_change=true".to_owned()),
            self.last_etag
                .as_ref()
                .map(|etag| format!("last_etag={}", encoded(etag))),
            self.timeout
                .map(|timeout| format!("timeout_sec={}", timeout.as_secs())),
            self.recursive.then(|| "recursive=true".to_owned()),
            self.alt.map(|alt| match alt {
                Alt::Json => "alt=json".to_owned(),
                Alt::Text => "alt=text".to_owned(),
            }),
        ];
        let written: Vec<String> = parameters.into_iter().flatten().collect();
        if written.is_empty() {
            return Ok(());
        }
        write!(f, "?{}", written.join("&"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::option;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_agents_send_is_read() {
        let query = Query::parse(
            "alt=json&last_etag=NONE&recursive=True&timeout_sec=60&wait_for_change=true",
        );
        let expected = Query {
            wait_for_change: true,
            last_etag: Some("NONE".to_owned()),
            timeout: Some(Duration::from_secs(60)),
            recursive: true,
            alt: Some(Alt::Json),
        };
        assert_eq!(query, Ok(expected));
    }

    #[test]
    fn unknown_parameters_and_repeated_ones_are_ignored() {
        for text in ["", "&&", "scopes=a&x", "last%5fetag=a", "=", "%zz=1"] {
            assert_eq!(Query::parse(text), Ok(Query::default()), "{text}");
        }
        let query = Query::parse("last_etag=a&last_etag=%zz&alt=text&alt=xml").unwrap();
        assert_eq!(query.last_etag.as_deref(), Some("a"));
        assert_eq!(query.alt, Some(Alt::Text));
    }

    #[test]
    fn encoded_etags_are_decoded() {
        for (text, etag) in [("a%2Bb", "a+b"), ("a+b", "a b"), ("%C3%a4", "ä"), ("", "")] {
            let query = Query::parse(&format!("last_etag={text}")).unwrap();
            assert_eq!(query.last_etag.as_deref(), Some(etag));
        }
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        for (text, error) in [
            (
                "timeout_sec=",
                "`timeout_sec=` is no whole number of seconds",
            ),
            (
                "timeout_sec=-1",
                "`timeout_sec=-1` is no whole number of seconds",
            ),
            (
                "timeout_sec=1.5",
                "`timeout_sec=1.5` is no whole number of seconds",
            ),
            (
                "timeout_sec=1e99",
                "`timeout_sec=1e99` is no whole number of seconds",
            ),
            (
                "recursive=maybe",
                "`recursive=maybe` is no switch: true or false",
            ),
            (
                "wait_for_change",
                "`wait_for_change` is no switch: true or false",
            ),
            ("alt=xml", "`alt=xml` is no form of a reply: json or text"),
            ("last_etag=%f", "`last_etag=%f` is no percent-encoded etag"),
            (
                "last_etag=%ff",
                "`last_etag=%ff` is no percent-encoded etag",
            ),
            ("alt=\n`", "`alt=\\n`` is no form of a reply: json or text"),
        ] {
            assert_eq!(Query::parse(text).unwrap_err().to_string(), error);
        }
        let long = format!("alt={}", "x".repeat(10_000));
        assert!(Query::parse(&long).unwrap_err().to_string().len() < 100);
    }

    fn query() -> impl Strategy<Value = Query> {
        let alt = prop_oneof![Just(Alt::Json), Just(Alt::Text)];
        let timeout = option::of(any::<u64>().prop_map(Duration::from_secs));
        let switches = (any::<bool>(), any::<bool>());
        (
            switches,
            option::of(any::<String>()),
            timeout,
            option::of(alt),
        )
            .prop_map(
                |((wait_for_change, recursive), last_etag, timeout, alt)| Query {
                    wait_for_change,
                    last_etag,
                    timeout,
                    recursive,
                    alt,
                },
            )
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(query in query()) {
            let written = query.to_string();
            prop_assert!(written.bytes().all(|byte| byte.is_ascii_graphic()));
            prop_assert_eq!(Query::parse(written.trim_start_matches('?')), Ok(query));
        }
    }
}
