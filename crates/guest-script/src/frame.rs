//! Framing: `@KIND STATUS LENGTH`, a newline, LENGTH bytes, a newline.

use thiserror::Error;

/// How many values an answer may have.
const FRAMES_LIMIT: usize = 4096;

/// How long the line before a value may be, in bytes.
const HEADER_LIMIT: usize = 1024;

/// One value.
#[derive(Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// What it is.
    pub kind: &'a str,
    /// The exit status of what was run, or `cut` when it printed too much.
    pub status: &'a str,
    /// The value, as bytes of the guest.
    pub body: &'a [u8],
}

impl Frame<'_> {
    /// The value as text that steers no terminal: what is not UTF-8, and control characters but
    /// tabs and newlines, are replaced.
    #[must_use]
    pub fn text(&self) -> String {
        let text = String::from_utf8_lossy(self.body).replace("\r\n", "\n");
        text.replace(is_steering, "\u{fffd}")
    }

    /// Whether what was run ended well.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.status == "0"
    }
}

fn is_steering(c: char) -> bool {
    c.is_control() && !matches!(c, '\n' | '\t')
}

/// Why an answer cannot be taken. The guest may be asked again with the same script.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FramingError {
    /// It does not begin as the script prints it.
    #[error("the guest's shell did not run the script: its output is not the script's")]
    NotAnAnswer,
    /// It ends too early.
    #[error("the script's output ends too early: it was stopped or its output was cut; try again")]
    Incomplete,
    /// Its framing is broken.
    #[error(
        "the script's output is broken at byte {at}: something else printed into it, or a file \
         changed while it was read; try again"
    )]
    Malformed {
        /// Where, counted from 0.
        at: usize,
    },
    /// It is larger than any answer.
    #[error("the script's output has {size} bytes, more than {limit}")]
    TooLarge {
        /// Its size in bytes.
        size: usize,
        /// The most that a script prints.
        limit: usize,
    },
    /// It has more values than any answer.
    #[error("the script's output has more than {FRAMES_LIMIT} values")]
    TooMany,
}

/// The frames of `stdout` from `start` on; the last one must be `@end`.
pub(crate) fn split(stdout: &[u8], start: usize) -> Result<Vec<Frame<'_>>, FramingError> {
    let mut rest = &stdout[start..];
    let mut found = Vec::new();
    loop {
        let at = stdout.len() - rest.len();
        let line_end = rest
            .iter()
            .position(|b| *b == b'\n')
            .ok_or(FramingError::Incomplete)?;
        let head = std::str::from_utf8(&rest[..line_end]).ok();
        let (kind, status, length) = head
            .and_then(header)
            .ok_or(FramingError::Malformed { at })?;
        if kind == "end" {
            return Ok(found);
        }
        let body = &rest[line_end + 1..];
        if body.len() <= length {
            return Err(FramingError::Incomplete);
        }
        if body[length] != b'\n' {
            return Err(FramingError::Malformed { at });
        }
        if found.len() >= FRAMES_LIMIT {
            return Err(FramingError::TooMany);
        }
        found.push(Frame {
            kind,
            status,
            body: &body[..length],
        });
        rest = &body[length + 1..];
    }
}

fn header(line: &str) -> Option<(&str, &str, usize)> {
    if line.len() > HEADER_LIMIT || line.contains(char::is_control) {
        return None;
    }
    let mut words = line.strip_prefix('@')?.split(' ');
    let (kind, status, length) = (words.next()?, words.next()?, words.next()?.parse().ok()?);
    words.next().is_none().then_some((kind, status, length))
}

#[cfg(test)]
mod tests {
    use super::Frame;

    #[test]
    fn a_text_steers_no_terminal() {
        let table: [(&[u8], &str); 4] = [
            (b"a\tb\nc", "a\tb\nc"),
            (b"a\r\nb", "a\nb"),
            (b"\x1b[2Jx\r\x07", "\u{fffd}[2Jx\u{fffd}\u{fffd}"),
            (b"\xff\xc2\x9b1m", "\u{fffd}\u{fffd}1m"),
        ];
        for (body, expected) in table {
            let (kind, status) = ("x", "0");
            assert_eq!(Frame { kind, status, body }.text(), expected);
        }
    }
}
