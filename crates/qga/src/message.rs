//! Requests and replies, and their text on the wire.

mod ascii;

use std::fmt::Write;

use serde_json::{Map, Value};
use thiserror::Error;

/// The byte that precedes the reply to `guest-sync-delimited`, and that resets the agent's parser
/// when a client sends it. It occurs in no UTF-8 text.
pub const DELIMITER: u8 = 0xFF;

/// A command for the agent.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// The command's name (`guest-ping`).
    pub execute: String,
    /// Its arguments, an object.
    pub arguments: Option<Value>,
    /// Any JSON value; the agent puts it into the reply.
    pub id: Option<Value>,
}

/// What the agent said to one request.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    /// Success or failure.
    pub answer: Answer,
    /// The request's id, where it had one and the agent is not too old to know ids.
    pub id: Option<Value>,
}

/// Success or failure of a command.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// The command's result; an empty object where it has none.
    Return(Value),
    /// The command was refused or failed.
    Error(AgentError),
}

/// An error in the agent's words.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{desc} ({class})")]
pub struct AgentError {
    /// `CommandNotFound` for unknown and disabled commands, else `GenericError`.
    pub class: String,
    /// What went wrong.
    pub desc: String,
}

/// A JSON text that is not a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NotAReply {
    /// It is not one JSON value.
    #[error("not JSON")]
    Json,
    /// It is JSON, but neither an object with `return` nor one with an `error` of class and desc.
    #[error("JSON, but not an agent's reply")]
    Shape,
}

impl Request {
    /// The request as one line of JSON.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut line = format!("{{\"execute\":{}", Value::from(self.execute.as_str()));
        push_member(&mut line, "arguments", self.arguments.as_ref());
        push_member(&mut line, "id", self.id.as_ref());
        line.push_str("}\n");
        line.into_bytes()
    }
}

impl Reply {
    /// The reply as one line of JSON, in ASCII.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut line = Vec::new();
        self.append(&mut line);
        line
    }

    /// The reply as `guest-sync-delimited` wants it: [`DELIMITER`], then the line.
    #[must_use]
    pub fn encode_delimited(&self) -> Vec<u8> {
        let mut bytes = vec![DELIMITER];
        self.append(&mut bytes);
        bytes
    }

    fn append(&self, line: &mut Vec<u8>) {
        match &self.answer {
            Answer::Return(value) => {
                line.extend_from_slice(b"{\"return\": ");
                ascii::append(value, line);
            }
            Answer::Error(error) => {
                line.extend_from_slice(b"{\"error\": ");
                let body = serde_json::json!({ "class": error.class, "desc": error.desc });
                ascii::append(&body, line);
            }
        }
        end_reply(self.id.as_ref(), line);
    }

    /// Reads one line. Bytes that are not UTF-8 (an agent that passes a file name on as it is)
    /// become U+FFFD rather than costing the whole reply.
    ///
    /// # Errors
    /// When the line is not JSON, or not a reply. JSON nested deeper than 128 is not accepted:
    /// no command's reply comes near it.
    pub fn decode(line: &[u8]) -> Result<Self, NotAReply> {
        let text = String::from_utf8_lossy(line);
        let value = serde_json::from_str(&text).map_err(|_| NotAReply::Json)?;
        Self::from_value(value)
    }

    fn from_value(value: Value) -> Result<Self, NotAReply> {
        let Value::Object(mut object) = value else {
            return Err(NotAReply::Shape);
        };
        let answer = match (object.remove("return"), object.remove("error")) {
            (Some(value), None) => Answer::Return(value),
            (None, Some(Value::Object(error))) => Answer::Error(AgentError::from_object(error)?),
            _ => return Err(NotAReply::Shape),
        };
        Ok(Self {
            answer,
            id: object.remove("id"),
        })
    }
}

impl AgentError {
    /// The class that clients take for "unsupported": the command is unknown or disabled.
    pub const COMMAND_NOT_FOUND: &str = "CommandNotFound";
    /// The class of every other failure.
    pub const GENERIC: &str = "GenericError";

    /// A failure of class `GenericError`.
    pub fn generic(desc: impl Into<String>) -> Self {
        Self {
            class: Self::GENERIC.to_owned(),
            desc: desc.into(),
        }
    }

    /// The command is unknown, or not allowed by the agent's configuration.
    #[must_use]
    pub fn is_command_not_found(&self) -> bool {
        self.class == Self::COMMAND_NOT_FOUND
    }

    fn from_object(mut error: Map<String, Value>) -> Result<Self, NotAReply> {
        match (error.remove("class"), error.remove("desc")) {
            (Some(Value::String(class)), Some(Value::String(desc))) => Ok(Self { class, desc }),
            _ => Err(NotAReply::Shape),
        }
    }
}

/// Writes what follows a reply's answer: the request's id, and the end of the line.
pub(crate) fn end_reply(id: Option<&Value>, line: &mut Vec<u8>) {
    if let Some(id) = id {
        line.extend_from_slice(b", \"id\": ");
        ascii::append(id, line);
    }
    line.extend_from_slice(b"}\n");
}

fn push_member(line: &mut String, name: &str, value: Option<&Value>) {
    if let Some(value) = value {
        line.push(',');
        push_pair(line, name, value);
    }
}

fn push_pair(line: &mut String, name: &str, value: &Value) {
    write!(line, "\"{name}\":{value}").expect("a String takes any text");
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn requests_are_one_line_and_leave_out_what_is_absent() {
        let request = |arguments, id| Request {
            execute: "guest-ping".into(),
            arguments,
            id,
        };
        for (request, line) in [
            (request(None, None), "{\"execute\":\"guest-ping\"}\n"),
            (
                request(Some(json!({"a": "x\ny"})), Some(json!(7))),
                "{\"execute\":\"guest-ping\",\"arguments\":{\"a\":\"x\\ny\"},\"id\":7}\n",
            ),
        ] {
            assert_eq!(String::from_utf8(request.encode()).unwrap(), line);
        }
    }

    #[test]
    fn replies_as_qemu_ga_words_them_are_read() {
        let error = |class: &str, desc: &str| {
            Answer::Error(AgentError {
                class: class.into(),
                desc: desc.into(),
            })
        };
        for (line, answer, id) in [
            (r#"{"return": {}}"#, Answer::Return(json!({})), None),
            (
                r#"{"return": {}, "id": {"a": [1, null]}}"#,
                Answer::Return(json!({})),
                Some(json!({"a": [1, null]})),
            ),
            (
                r#"{"id": 1, "error": {"class": "CommandNotFound", "desc": "The command nope has not been found"}}"#,
                error("CommandNotFound", "The command nope has not been found"),
                Some(json!(1)),
            ),
            (
                r#"{"error": {"class": "GenericError", "desc": "JSON parse error, expecting value"}}"#,
                error("GenericError", "JSON parse error, expecting value"),
                None,
            ),
        ] {
            let reply = Reply { answer, id };
            assert_eq!(Reply::decode(line.as_bytes()), Ok(reply.clone()), "{line}");
            assert_eq!(Reply::decode(&reply.encode()), Ok(reply), "{line}");
        }
    }

    #[test]
    fn replies_look_as_those_of_qemu_ga() {
        let reply = |answer, id| Reply { answer, id };
        let error = AgentError::generic("failed to open file '/é\u{7f}\u{2028}😀<\u{1}\"\\\n'");
        for (reply, line) in [
            (reply(Answer::Return(json!({})), None), "{\"return\": {}}\n"),
            (
                reply(
                    Answer::Return(json!([{"a": 1, "b": []}, null])),
                    Some(json!("é")),
                ),
                "{\"return\": [{\"a\": 1, \"b\": []}, null], \"id\": \"\\u00E9\"}\n",
            ),
            (
                reply(Answer::Error(error), None),
                "{\"error\": {\"class\": \"GenericError\", \"desc\": \"failed to open file \
                 '/\\u00E9\\u007F\\u2028\\uD83D\\uDE00<\\u0001\\\"\\\\\\n'\"}}\n",
            ),
        ] {
            assert_eq!(String::from_utf8(reply.encode()).unwrap(), line);
            assert_eq!(Reply::decode(&reply.encode()), Ok(reply), "{line}");
        }
    }

    #[test]
    fn what_is_not_a_reply_says_so() {
        let deep = format!("{{\"return\":{}", "[".repeat(5000));
        for (line, why) in [
            ("", NotAReply::Json),
            ("login: ", NotAReply::Json),
            (r#"{"return": {}"#, NotAReply::Json),
            (r#"{"return": {}} {"return": {}}"#, NotAReply::Json),
            (deep.as_str(), NotAReply::Json),
            ("[]", NotAReply::Shape),
            (r#"{"QMP": {"version": {}}}"#, NotAReply::Shape),
            (
                r#"{"return": {}, "error": {"class": "a", "desc": "b"}}"#,
                NotAReply::Shape,
            ),
            (r#"{"error": {"class": 5, "desc": "b"}}"#, NotAReply::Shape),
            (r#"{"error": "no"}"#, NotAReply::Shape),
        ] {
            let start: String = line.chars().take(60).collect();
            assert_eq!(Reply::decode(line.as_bytes()), Err(why), "{start}");
        }
    }

    #[test]
    fn a_byte_that_is_not_utf_8_costs_a_character_and_not_the_reply() {
        let reply = Reply::decode(b"{\"return\": \"caf\xE9\", \"id\": 4}").unwrap();
        assert_eq!(reply.answer, Answer::Return(json!("caf\u{FFFD}")));
        assert_eq!(reply.id, Some(json!(4)));
    }
}
