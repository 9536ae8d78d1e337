//! What stands beside the stop state.

use std::time::Duration;

use serde_json::Value;

use crate::Failure;
use crate::stop::{StopState, max_duration};

/// Bytes that the name of a request may have: a timestamp has half of them.
const LONGEST_REQUEST: usize = 64;

/// `instance/shutdown-details/` as it was at one moment; what is missing was not said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Details {
    /// `stop-state`.
    pub state: Option<StopState>,
    /// `request-timestamp`, where it can name a request: it goes into file names and environments.
    pub request: Option<String>,
    /// `max-duration`.
    pub max: Option<Duration>,
}

impl Details {
    /// Reads the directory's recursive JSON; keys may be written with hyphens or in camel case.
    ///
    /// # Errors
    /// [`Failure::Garbage`] for anything but an object.
    pub fn read(json: &Value) -> Result<Self, Failure> {
        let garbage = || Failure::Garbage("the shutdown details are no JSON object".to_owned());
        let object = json.as_object().ok_or_else(garbage)?;
        let word = |name: &str| {
            let (_, value) = object.iter().find(|(key, _)| is_named(key, name))?;
            match value {
                Value::String(text) => Some(text.trim().to_owned()),
                Value::Number(number) => Some(number.to_string()),
                _ => None,
            }
        };
        Ok(Self {
            state: word("stopstate").map(|state| StopState::read(&state)),
            request: word("requesttimestamp").filter(|request| is_name(request)),
            max: word("maxduration").and_then(|max| max_duration(&max)),
        })
    }
}

fn is_named(key: &str, name: &str) -> bool {
    let letters = key.bytes().filter(|byte| *byte != b'-');
    letters
        .map(|byte| byte.to_ascii_lowercase())
        .eq(name.bytes())
}

fn is_name(request: &str) -> bool {
    let is_plain = request.bytes().all(|byte| byte.is_ascii_graphic());
    is_plain && (1..=LONGEST_REQUEST).contains(&request.len())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn both_spellings_and_both_kinds_of_numbers_are_read() {
        let request = "2026-11-22T04:51:45.5Z";
        let expected = Details {
            state: Some(StopState::PendingStop),
            request: Some(request.to_owned()),
            max: Some(Duration::from_secs(600)),
        };
        for json in [
            json!({"stop-state": "PENDING_STOP", "request-timestamp": request, "max-duration": "600"}),
            json!({"stopState": "PENDING_STOP", "requestTimestamp": format!(" {request}\n"), "maxDuration": "600s"}),
            json!({"stopState": "PENDING_STOP", "requestTimestamp": request, "maxDuration": 600, "x": []}),
        ] {
            assert_eq!(Details::read(&json), Ok(expected.clone()), "{json}");
        }
    }

    #[test]
    fn what_cannot_be_used_counts_as_not_said() {
        for json in [
            json!({}),
            json!({"request-timestamp": "", "max-duration": "soon"}),
            json!({"request-timestamp": "a b", "max-duration": "-1"}),
            json!({"request-timestamp": {"a": 1}, "max-duration": "inf"}),
            json!({"request-timestamp": "\0", "max-duration": null}),
            json!({"request-timestamp": "1".repeat(65)}),
        ] {
            assert_eq!(Details::read(&json), Ok(Details::default()), "{json}");
        }
        for garbage in [json!([]), json!("PENDING_STOP"), json!(null)] {
            assert!(matches!(Details::read(&garbage), Err(Failure::Garbage(_))));
        }
    }
}
