//! The reply to `guest-file-read`, written while the file is read, and what its count may be.

use base64_simd::{AsOut, STANDARD};
use serde_json::Value;

use crate::message::{self, AgentError};

/// The most bytes that one `guest-file-read` may ask for.
pub const FILE_READ_MOST: usize = 48 << 20;
const FILE_READ_USUAL: usize = 4 << 10;

/// How many bytes a `guest-file-read` with this count may bring. QEMU's agent looks at the handle
/// first.
///
/// # Errors
/// `GenericError` for a negative count and for one above [`FILE_READ_MOST`].
pub fn file_read_count(count: Option<i64>) -> Result<usize, AgentError> {
    count_within(count, FILE_READ_USUAL, FILE_READ_MOST)
}

/// How many of the `decoded` bytes a `guest-file-write` with this count writes. QEMU's agent looks
/// at the handle and the base64 first.
///
/// # Errors
/// `GenericError` for a negative count and for one above what there is.
pub fn file_write_count(count: Option<i64>, decoded: usize) -> Result<usize, AgentError> {
    count_within(count, decoded, decoded)
}

fn count_within(count: Option<i64>, usual: usize, most: usize) -> Result<usize, AgentError> {
    let Some(count) = count else {
        return Ok(usual);
    };
    let bytes = usize::try_from(count).ok().filter(|&bytes| bytes <= most);
    bytes.ok_or_else(|| {
        AgentError::generic(format!("value '{count}' is invalid for argument count"))
    })
}

/// A reply to `guest-file-read` that is written piece by piece: neither the file's bytes nor their
/// base64 have to be held as a whole.
///
/// ```text
/// begin ─► {"return": {"buf-b64": "    push* ─► base64    end ─► ", "count": N, "eof": B}, "id": ID}
/// ```
///
/// Once begun it cannot turn into an error: a file that fails midway ends its reply with what was
/// read before, and the next request meets the failure.
#[derive(Debug)]
pub struct FileReadFrame {
    count: u64,
    /// Up to two bytes that do not fill a group of three yet.
    carried: Vec<u8>,
}

impl FileReadFrame {
    /// Writes the beginning of the reply to `out`.
    #[must_use]
    pub fn begin(out: &mut Vec<u8>) -> Self {
        out.extend_from_slice(b"{\"return\": {\"buf-b64\": \"");
        Self {
            count: 0,
            carried: Vec::with_capacity(3),
        }
    }

    /// Writes the next bytes of the file, any number of them. A number that is a multiple of three
    /// is fastest.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        self.count += bytes.len() as u64;
        let missing = if self.carried.is_empty() {
            0
        } else {
            bytes.len().min(3 - self.carried.len())
        };
        let (begun, bytes) = bytes.split_at(missing);
        self.carried.extend_from_slice(begun);
        if self.carried.len() == 3 {
            append_base64(&self.carried, out);
            self.carried.clear();
        }
        let (groups, rest) = bytes.split_at(bytes.len() / 3 * 3);
        append_base64(groups, out);
        self.carried.extend_from_slice(rest);
    }

    /// Writes the end of the reply, newline included.
    pub fn end(self, eof: bool, id: Option<&Value>, out: &mut Vec<u8>) {
        append_base64(&self.carried, out);
        let count = self.count;
        out.extend_from_slice(format!("\", \"count\": {count}, \"eof\": {eof}}}").as_bytes());
        message::end_reply(id, out);
    }
}

fn append_base64(bytes: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start + bytes.len().div_ceil(3) * 4, 0);
    let _ = STANDARD.encode(bytes, out[start..].as_out());
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::message::{Answer, Reply};

    #[test]
    fn counts_are_as_qemu_ga_takes_them() {
        let problem = |count: i64| {
            let desc = format!("value '{count}' is invalid for argument count");
            Err(AgentError::generic(desc))
        };
        let most = 48 << 20;
        for (count, read, written) in [
            (None, Ok(4096), Ok(2)),
            (Some(0), Ok(0), Ok(0)),
            (Some(2), Ok(2), Ok(2)),
            (Some(3), Ok(3), problem(3)),
            (Some(most), Ok(50_331_648), problem(most)),
            (Some(most + 1), problem(most + 1), problem(most + 1)),
            (Some(-1), problem(-1), problem(-1)),
            (Some(i64::MAX), problem(i64::MAX), problem(i64::MAX)),
        ] {
            assert_eq!(file_read_count(count), read, "{count:?}");
            assert_eq!(file_write_count(count, 2), written, "{count:?}");
        }
    }

    #[test]
    fn a_reply_reads_as_that_of_qemu_ga() {
        let mut out = Vec::new();
        let frame = FileReadFrame::begin(&mut out);
        frame.end(true, None, &mut out);
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "{\"return\": {\"buf-b64\": \"\", \"count\": 0, \"eof\": true}}\n"
        );
    }

    proptest! {
        #[test]
        fn any_bytes_in_any_pieces_make_one_reply(
            pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..20), 0..12),
            eof in any::<bool>(),
            id in prop::option::of("\\PC{0,4}"),
        ) {
            let id = id.map(Value::from);
            let mut out = Vec::new();
            let mut frame = FileReadFrame::begin(&mut out);
            for piece in &pieces {
                frame.push(piece, &mut out);
            }
            frame.end(eof, id.as_ref(), &mut out);
            let bytes = pieces.concat();
            let answer = Answer::Return(json!({
                "buf-b64": STANDARD.encode_to_string(&bytes), "count": bytes.len(), "eof": eof,
            }));
            prop_assert_eq!(out.pop(), Some(b'\n'));
            prop_assert_eq!(Reply::decode(&out), Ok(Reply { answer, id }));
        }
    }
}
