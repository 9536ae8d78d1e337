//! Cutting the monitor's byte stream into JSON objects.

use serde_json::Value;
use thiserror::Error;

/// The longest message that is read. The longest reply asked for here is a few kilobytes.
const LIMIT: usize = 1 << 20;

/// Bytes that are not the protocol.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(super) enum NotQmp {
    /// No JSON object.
    #[error("it is not JSON ({0})")]
    Syntax(String),
    /// JSON, but not an object.
    #[error("it is JSON, but not an object")]
    NotAnObject,
    /// An object without end.
    #[error("a message is longer than {LIMIT} bytes")]
    TooLong,
}

/// Collects bytes and yields whole messages. A message may span lines (`pretty=on`).
#[derive(Debug, Default)]
pub(super) struct Messages {
    bytes: Vec<u8>,
    line_ended: bool,
}

impl Messages {
    /// Takes bytes as they arrive.
    pub(super) fn push(&mut self, chunk: &[u8]) {
        self.bytes.extend_from_slice(chunk);
        self.line_ended |= chunk.contains(&b'\n');
    }

    /// The next whole message, if it has arrived. QEMU ends each with a line end, so parsing waits
    /// for one.
    pub(super) fn next(&mut self) -> Result<Option<Value>, NotQmp> {
        if self.line_ended {
            match parse_first(&self.bytes)? {
                Some((value, length)) => {
                    self.bytes.drain(..length);
                    return Ok(Some(value));
                }
                None => self.line_ended = false,
            }
        }
        if self.bytes.len() > LIMIT {
            Err(NotQmp::TooLong)
        } else {
            Ok(None)
        }
    }
}

/// The first JSON object in `bytes` and where it ends; `None` while it is incomplete.
fn parse_first(bytes: &[u8]) -> Result<Option<(Value, usize)>, NotQmp> {
    let mut values = serde_json::Deserializer::from_slice(bytes).into_iter::<Value>();
    match values.next() {
        None => Ok(None),
        Some(Ok(value @ Value::Object(_))) => Ok(Some((value, values.byte_offset()))),
        Some(Ok(_)) => Err(NotQmp::NotAnObject),
        Some(Err(error)) if error.is_eof() => Ok(None),
        Some(Err(error)) => Err(NotQmp::Syntax(error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn all(chunks: &[&[u8]]) -> Result<Vec<Value>, NotQmp> {
        let mut messages = Messages::default();
        let mut found = Vec::new();
        for chunk in chunks {
            messages.push(chunk);
            while let Some(value) = messages.next()? {
                found.push(value);
            }
        }
        Ok(found)
    }

    #[test]
    fn messages_are_found_however_they_are_split_or_laid_out() {
        let pretty = b"{\n  \"return\": {\n    \"a\": 1\n  }\n}\r\n{\"id\": 2}\r\n";
        for at in 0..pretty.len() {
            let (head, tail) = pretty.split_at(at);
            let found = all(&[head, tail]).unwrap();
            assert_eq!(
                found,
                [json!({"return": {"a": 1}}), json!({"id": 2})],
                "cut at {at}"
            );
        }
    }

    #[test]
    fn what_is_not_the_protocol_is_told_apart() {
        assert!(matches!(
            all(&[b"SSH-2.0-OpenSSH_9.2\r\n"]),
            Err(NotQmp::Syntax(_))
        ));
        assert_eq!(all(&[b"17\n"]), Err(NotQmp::NotAnObject));
        assert_eq!(all(&[b"\"QMP\"\n"]), Err(NotQmp::NotAnObject));
        assert!(matches!(
            all(&["[".repeat(4000).as_bytes(), b"\n"]),
            Err(NotQmp::Syntax(_))
        ));
        assert_eq!(
            all(&[b"{\"a\": \"", &vec![b'x'; LIMIT]]),
            Err(NotQmp::TooLong)
        );
        assert_eq!(all(&[b"{\"half\": \n"]), Ok(vec![]));
    }

    proptest! {
        #[test]
        fn no_bytes_panic_or_loop(chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..64), 0..16)) {
            let chunks: Vec<&[u8]> = chunks.iter().map(Vec::as_slice).collect();
            let _ = all(&chunks);
        }
    }
}
