//! Reading files: `guest-file-open`, `guest-file-read`, `guest-file-close`.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Command, WrongShape, decode_base64, read};

const OPEN: &str = "guest-file-open";
const READ: &str = "guest-file-read";
const CLOSE: &str = "guest-file-close";

/// An open file in the agent. It outlives the connection and the agent: close it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FileHandle(i64);

/// `guest-file-open` for reading, read by [`FileHandle::from_result`].
#[must_use]
pub fn file_open(path: &str) -> Command {
    Command::new(OPEN, json!({ "path": path, "mode": "r" }))
}

/// `guest-file-read` of at most `count` bytes (48 MiB is the most QEMU's agent takes), read by
/// [`FileRead::from_result`]. A third more travels, in base64.
#[must_use]
pub fn file_read(handle: FileHandle, count: u32) -> Command {
    Command::new(READ, json!({ "handle": handle, "count": count }))
}

/// `guest-file-close`; the result is an empty object.
#[must_use]
pub fn file_close(handle: FileHandle) -> Command {
    Command::new(CLOSE, json!({ "handle": handle }))
}

impl FileHandle {
    /// Reads the result of `guest-file-open`.
    ///
    /// # Errors
    /// When it has another shape.
    pub fn from_result(result: Value) -> Result<Self, WrongShape> {
        read(OPEN, result)
    }
}

/// A piece of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileRead {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// The end of the file was met.
    pub eof: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct WireRead {
    count: u64,
    buf_b64: String,
    eof: bool,
}

impl FileRead {
    /// Reads the result of `guest-file-read`.
    ///
    /// # Errors
    /// When it has another shape, its data is not base64, or not as long as it says.
    pub fn from_result(result: Value) -> Result<Self, WrongShape> {
        let piece: WireRead = read(READ, result)?;
        let bytes = decode_base64(READ, &piece.buf_b64)?;
        if bytes.len() as u64 != piece.count {
            let detail = format!("count {} with {} bytes of data", piece.count, bytes.len());
            return Err(WrongShape::new(READ, detail));
        }
        Ok(Self {
            bytes,
            eof: piece.eof,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_goes_back_as_it_came() {
        let handle = FileHandle::from_result(json!(1000)).unwrap();
        assert_eq!(
            file_read(handle, 4096).arguments,
            json!({"handle": 1000, "count": 4096})
        );
        assert_eq!(file_close(handle).arguments, json!({"handle": 1000}));
        assert_eq!(
            file_open("/etc/hostname").arguments,
            json!({"path": "/etc/hostname", "mode": "r"})
        );
    }

    #[test]
    fn pieces_are_read_and_their_length_is_checked() {
        let piece = FileRead::from_result(json!({"count": 3, "buf-b64": "aGkK", "eof": true}));
        assert_eq!(
            piece,
            Ok(FileRead {
                bytes: b"hi\n".to_vec(),
                eof: true
            })
        );
        let empty = FileRead::from_result(json!({"count": 0, "buf-b64": "", "eof": true}));
        assert_eq!(
            empty,
            Ok(FileRead {
                bytes: Vec::new(),
                eof: true
            })
        );
        for wrong in [
            json!({"count": 4, "buf-b64": "aGkK", "eof": true}),
            json!({"count": -1, "buf-b64": "aGkK", "eof": true}),
            json!({"count": 3, "buf-b64": "aGk", "eof": true}),
            json!({"count": 3, "buf-b64": "aGkK"}),
            json!(3),
        ] {
            assert!(FileRead::from_result(wrong.clone()).is_err(), "{wrong}");
        }
        assert!(FileHandle::from_result(json!("1000")).is_err());
    }
}
