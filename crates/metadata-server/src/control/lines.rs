//! Lines of bounded length.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt};

/// Reads lines. A call that is given up loses nothing.
#[derive(Debug)]
pub(super) struct Lines<R> {
    reader: R,
    bytes: Vec<u8>,
    /// Bytes at the front that hold no newline.
    looked_at: usize,
    longest: usize,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    pub(super) fn new(reader: R, longest: usize) -> Self {
        let bytes = Vec::new();
        Self {
            reader,
            bytes,
            looked_at: 0,
            longest,
        }
    }

    /// The next line without its newline; `None` at the end. Half a line at the end is none.
    pub(super) async fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        loop {
            let fresh = &self.bytes[self.looked_at..];
            if let Some(at) = fresh.iter().position(|byte| *byte == b'\n') {
                let rest = self.bytes.split_off(self.looked_at + at + 1);
                let mut line = std::mem::replace(&mut self.bytes, rest);
                line.pop();
                self.looked_at = 0;
                return Ok(Some(line));
            }
            self.looked_at = self.bytes.len();
            if self.looked_at > self.longest {
                let why = format!("a line is longer than {} bytes", self.longest);
                return Err(io::Error::new(io::ErrorKind::InvalidData, why));
            }
            if self.reader.read_buf(&mut self.bytes).await? == 0 {
                return Ok(None);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::{AsyncWriteExt, duplex};

    use super::*;

    #[tokio::test]
    async fn lines_come_whole_however_they_are_cut() {
        let (reader, mut writer) = duplex(3);
        let write = tokio::spawn(async move {
            writer
                .write_all(b"one\n\ntwo and more\nhalf")
                .await
                .unwrap();
        });
        let mut lines = Lines::new(reader, 100);
        let mut seen = Vec::new();
        while let Some(line) = lines.next().await.unwrap() {
            seen.push(String::from_utf8(line).unwrap());
        }
        assert_eq!(seen, ["one", "", "two and more"]);
        write.await.unwrap();
    }

    #[tokio::test]
    async fn a_call_that_is_given_up_loses_nothing() {
        let (reader, mut writer) = duplex(64);
        let mut lines = Lines::new(reader, 100);
        writer.write_all(b"be").await.unwrap();
        let given_up = tokio::time::timeout(Duration::from_millis(20), lines.next()).await;
        assert!(given_up.is_err());
        writer.write_all(b"gun\n").await.unwrap();
        assert_eq!(lines.next().await.unwrap().unwrap(), b"begun");
    }

    #[tokio::test]
    async fn a_line_without_an_end_is_not_read_for_ever() {
        let mut lines = Lines::new(tokio::io::repeat(b'x'), 1000);
        let error = lines.next().await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }
}
