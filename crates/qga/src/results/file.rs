//! Answers of the `guest-file-*` commands.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

/// A piece of a file (`GuestFileRead`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct FileRead {
    /// Its length in bytes, before it was encoded.
    pub count: i64,
    /// Its bytes in base64.
    pub buf_b64: String,
    /// The end of the file was met.
    pub eof: bool,
}

impl FileRead {
    /// A piece that was read.
    #[must_use]
    pub fn new(bytes: &[u8], eof: bool) -> Self {
        Self {
            count: i64::try_from(bytes.len()).unwrap_or(i64::MAX),
            buf_b64: STANDARD.encode(bytes),
            eof,
        }
    }
}

/// Bytes were written to a file (`GuestFileWrite`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct FileWrite {
    /// How many.
    pub count: i64,
    /// The end of the file was met; never so by a write.
    pub eof: bool,
}

/// Where a file stands after `guest-file-seek` (`GuestFileSeek`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct FileSeek {
    /// The position in bytes from the beginning.
    pub position: i64,
    /// The end of the file was met; never so by a seek.
    pub eof: bool,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::commands;

    #[test]
    fn answers_have_the_fields_of_the_schema() {
        let wire = serde_json::to_value(FileRead::new(b"hi\n", true)).unwrap();
        assert_eq!(wire, json!({"count": 3, "buf-b64": "aGkK", "eof": true}));
        assert!(commands::FileRead::from_result(wire).is_ok());
        let empty = serde_json::to_value(FileRead::new(b"", false)).unwrap();
        assert_eq!(empty, json!({"count": 0, "buf-b64": "", "eof": false}));
        let written = FileWrite {
            count: 3,
            eof: false,
        };
        assert_eq!(
            serde_json::to_value(written).unwrap(),
            json!({"count": 3, "eof": false})
        );
        let sought = FileSeek {
            position: 3,
            eof: false,
        };
        assert_eq!(
            serde_json::to_value(sought).unwrap(),
            json!({"position": 3, "eof": false})
        );
    }
}
