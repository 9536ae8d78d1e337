//! What an agent sent for one step.

use serde_json::Value;

/// One line of a reply.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Line {
    /// How many `0xFF` stood before it.
    pub(crate) delimiters: usize,
    pub(crate) bytes: Vec<u8>,
    /// `None`: it is not JSON, or nested too deeply for this reader.
    pub(crate) json: Option<Value>,
}

impl Line {
    /// A line with its newline, in which the agent's directory reads `@dir@`.
    pub(crate) fn new(bytes: &[u8], dir: &str) -> Self {
        let delimiters = bytes.iter().take_while(|byte| **byte == 0xFF).count();
        let bytes = replaced(&bytes[delimiters..], dir.as_bytes(), b"@dir@");
        Self {
            delimiters,
            json: serde_json::from_slice(&bytes).ok(),
            bytes,
        }
    }

    pub(crate) fn error_text(&self) -> Option<&str> {
        self.json.as_ref()?.get("error")?.get("desc")?.as_str()
    }

    pub(crate) fn error_class(&self) -> Option<&str> {
        self.json.as_ref()?.get("error")?.get("class")?.as_str()
    }

    pub(crate) fn result(&self) -> Option<&Value> {
        self.json.as_ref()?.get("return")
    }

    /// The bytes without the spaces between tokens.
    pub(crate) fn compact(&self) -> Vec<u8> {
        let (mut in_string, mut escaped) = (false, false);
        let mut bytes = self.bytes.clone();
        bytes.retain(|byte| {
            let is_quote = *byte == b'"' && !escaped;
            in_string ^= is_quote;
            escaped = in_string && !escaped && *byte == b'\\';
            in_string || !byte.is_ascii_whitespace()
        });
        bytes
    }

    pub(crate) fn shown(&self) -> String {
        let shown = format!(
            "{}{}",
            "\\xff".repeat(self.delimiters),
            String::from_utf8_lossy(&self.bytes)
        );
        shown.trim_end().chars().take(400).collect()
    }
}

/// `bytes` with every `from` replaced.
pub(crate) fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut made = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(at) = rest.windows(from.len()).position(|window| window == from) {
        made.extend_from_slice(&rest[..at]);
        made.extend_from_slice(to);
        rest = &rest[at + from.len()..];
    }
    made.extend_from_slice(rest);
    made
}
