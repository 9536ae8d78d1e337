//! The stream of replies: one JSON object on one line, `0xFF` before a delimited one.

use std::fmt;

use crate::message::{DELIMITER, NotAReply, Reply};

/// The longest reply and the most JSON values in one that a client takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReplyLimits {
    /// Bytes of one line. 10 MiB is libvirt's limit too.
    pub line_bytes: usize,
    /// Values in one line: a short text such as `[0,0,...]` takes many times its size in memory.
    pub values: usize,
}

impl Default for ReplyLimits {
    fn default() -> Self {
        Self {
            line_bytes: 10 << 20,
            values: 256 << 10,
        }
    }
}

/// Cuts the agent's bytes into replies. Holds at most one line.
#[derive(Debug)]
pub struct ReplyDecoder {
    limits: ReplyLimits,
    line: Vec<u8>,
    /// A `0xFF` came since the last line ended.
    delimited: bool,
    /// The rest of a line that was too long is thrown away as it comes.
    skipping: bool,
}

/// One thing on the stream.
#[derive(Debug, Clone, PartialEq)]
pub enum ReplyEvent {
    /// A reply.
    Reply {
        /// What it says.
        reply: Reply,
        /// Whether `0xFF` stood before it, as before the reply to `guest-sync-delimited`.
        delimited: bool,
    },
    /// Something else, which was skipped.
    Garbage(Garbage),
}

/// Bytes on the stream that are no reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Garbage {
    /// What is wrong with them.
    pub reason: GarbageReason,
    /// Their beginning, as printable text of at most 60 characters.
    pub excerpt: String,
}

/// Why bytes are no reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GarbageReason {
    /// The line is not JSON.
    NotJson,
    /// The line is JSON, but not a reply.
    NotAReply,
    /// A `0xFF` came before the line's end.
    CutShort,
    /// The line is longer than the limit.
    TooLong,
    /// The line holds more values than the limit.
    TooManyValues,
}

/// A buffer that has grown beyond this is given back after its line.
const KEPT_CAPACITY: usize = 8 << 10;

impl ReplyDecoder {
    /// A decoder at the start of a stream.
    #[must_use]
    pub const fn new(limits: ReplyLimits) -> Self {
        Self {
            limits,
            line: Vec::new(),
            delimited: false,
            skipping: false,
        }
    }

    /// Reads on in `input`, moving it past what was used, up to the next event.
    /// `None`: all of it was used and more is needed.
    pub fn next_event(&mut self, input: &mut &[u8]) -> Option<ReplyEvent> {
        while !input.is_empty() {
            let end = input.iter().position(|&b| b == b'\n' || b == DELIMITER);
            let (taken, rest) = input.split_at(end.unwrap_or(input.len()));
            if !self.skipping && self.line.len() + taken.len() > self.limits.line_bytes {
                return Some(self.begin_skipping(taken, rest, input));
            }
            if !self.skipping {
                self.line.extend_from_slice(taken);
            }
            *input = rest;
            let Some((&terminator, rest)) = rest.split_first() else {
                break;
            };
            *input = rest;
            if let Some(event) = self.end_line(terminator) {
                return Some(event);
            }
        }
        None
    }

    /// Bytes held of an unfinished line.
    #[must_use]
    pub const fn held(&self) -> usize {
        self.line.len()
    }

    fn begin_skipping<'a>(
        &mut self,
        taken: &[u8],
        rest: &'a [u8],
        input: &mut &'a [u8],
    ) -> ReplyEvent {
        let room = EXCERPT_BYTES
            .saturating_sub(self.line.len())
            .min(taken.len());
        self.line.extend_from_slice(&taken[..room]);
        let event = self.garbage(GarbageReason::TooLong);
        self.empty_line();
        self.skipping = true;
        *input = rest;
        event
    }

    fn end_line(&mut self, terminator: u8) -> Option<ReplyEvent> {
        let event = if self.skipping || is_blank(&self.line) {
            None
        } else if terminator == DELIMITER {
            Some(self.garbage(GarbageReason::CutShort))
        } else {
            Some(self.read_line())
        };
        self.empty_line();
        self.skipping = false;
        // A blank line between the delimiter and its reply does not part them.
        self.delimited = terminator == DELIMITER || (self.delimited && event.is_none());
        event
    }

    fn read_line(&self) -> ReplyEvent {
        if count_values(&self.line) > self.limits.values {
            return self.garbage(GarbageReason::TooManyValues);
        }
        match Reply::decode(&self.line) {
            Ok(reply) => ReplyEvent::Reply {
                reply,
                delimited: self.delimited,
            },
            Err(NotAReply::Json) => self.garbage(GarbageReason::NotJson),
            Err(NotAReply::Shape) => self.garbage(GarbageReason::NotAReply),
        }
    }

    fn garbage(&self, reason: GarbageReason) -> ReplyEvent {
        ReplyEvent::Garbage(Garbage {
            reason,
            excerpt: excerpt(&self.line),
        })
    }

    fn empty_line(&mut self) {
        self.line.clear();
        self.line.shrink_to(KEPT_CAPACITY);
    }
}

impl fmt::Display for Garbage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.reason {
            GarbageReason::NotJson => "not JSON",
            GarbageReason::NotAReply => "JSON, but not an agent's reply",
            GarbageReason::CutShort => "a line cut short by 0xFF",
            GarbageReason::TooLong => "a line over the size limit",
            GarbageReason::TooManyValues => "a line with too many values",
        };
        write!(f, "{what}: `{}`", self.excerpt)
    }
}

fn is_blank(line: &[u8]) -> bool {
    line.iter().all(u8::is_ascii_whitespace)
}

/// An upper bound of the values in a JSON text: each but the first follows `,`, `[`, `{` or `:`.
/// Text inside strings (base64, output) does not count.
fn count_values(line: &[u8]) -> usize {
    let (mut count, mut in_string, mut escaped) = (1, false, false);
    for &byte in line {
        if in_string {
            in_string = escaped || byte != b'"';
            escaped = !escaped && byte == b'\\';
        } else if byte == b'"' {
            in_string = true;
        } else if matches!(byte, b',' | b'[' | b'{') {
            count += 1;
        }
    }
    count
}

const EXCERPT_CHARS: usize = 60;
const EXCERPT_BYTES: usize = EXCERPT_CHARS * 4;

fn excerpt(line: &[u8]) -> String {
    let start = &line[..line.len().min(EXCERPT_BYTES)];
    let text = String::from_utf8_lossy(start);
    text.trim()
        .chars()
        .take(EXCERPT_CHARS)
        .map(|c| if c.is_control() { '.' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::message::Answer;

    fn events(decoder: &mut ReplyDecoder, mut input: &[u8]) -> Vec<ReplyEvent> {
        std::iter::from_fn(|| decoder.next_event(&mut input)).collect()
    }

    fn told(input: &[u8], limits: ReplyLimits) -> Vec<String> {
        let told = |event| match event {
            ReplyEvent::Reply { reply, delimited } => {
                let Answer::Return(value) = reply.answer else {
                    return "error".to_owned();
                };
                format!("{}{value}", if delimited { "FF " } else { "" })
            }
            ReplyEvent::Garbage(garbage) => garbage.to_string(),
        };
        events(&mut ReplyDecoder::new(limits), input)
            .into_iter()
            .map(told)
            .collect()
    }

    #[test]
    fn garbage_is_told_and_the_next_line_is_read() {
        let cases: &[(&[u8], &[&str])] = &[
            (b"{\"return\": 1}\n{\"return\": 2}\r\n\n", &["1", "2"]),
            (b"{\"return\": 1}", &[]),
            (b"\xFF{\"return\": 1}\n{\"return\": 2}\n", &["FF 1", "2"]),
            (b"\xFF\xFF\xFF\n{\"return\": 1}\n", &["FF 1"]),
            (b"login: \n{\"return\": 2}\n", &["not JSON: `login:`", "2"]),
            (
                b"{\"return\"\xFF{\"return\": 3}\n",
                &["a line cut short by 0xFF: `{\"return\"`", "FF 3"],
            ),
            (
                b"{\"QMP\": {}}\n{\"return\": 4}\n",
                &["JSON, but not an agent's reply: `{\"QMP\": {}}`", "4"],
            ),
            (
                b"\x1b[1m\x00\n{\"return\": 5}\n",
                &["not JSON: `.[1m.`", "5"],
            ),
        ];
        for (input, expected) in cases {
            let shown = String::from_utf8_lossy(input);
            assert_eq!(told(input, ReplyLimits::default()), *expected, "{shown}");
        }
    }

    #[test]
    fn a_line_over_the_limit_is_told_once_and_skipped_to_its_end() {
        let limits = ReplyLimits {
            line_bytes: 14,
            values: 100,
        };
        let input = b"{\"return\":\"01\"}\n{\"return\": 22}\n{\"return\":\"0123456789012345678\xFF{\"return\": 3}\n";
        let told = told(input, limits);
        assert_eq!(
            told,
            [
                "a line over the size limit: `{\"return\":\"01\"}`",
                "22",
                "a line over the size limit: `{\"return\":\"0123456789012345678`",
                "FF 3"
            ]
        );
    }

    #[test]
    fn a_short_text_of_many_values_is_refused_and_text_in_strings_does_not_count() {
        let limits = ReplyLimits {
            line_bytes: 1000,
            values: 6,
        };
        let many = b"{\"return\": [0,0,0,0,0,0]}\n{\"return\": [0,0]}\n";
        let said = told(many, limits);
        assert!(
            said[0].starts_with("a line with too many values"),
            "{said:?}"
        );
        assert_eq!(said[1], "[0,0]");
        let text = format!("{}\n", json!({"return": ",[{\\\",[{".repeat(20)}));
        assert_eq!(told(text.as_bytes(), limits).len(), 1);
        assert!(told(text.as_bytes(), limits)[0].starts_with('"'));
    }

    #[test]
    fn an_endless_line_is_not_kept() {
        let limits = ReplyLimits {
            line_bytes: 1 << 20,
            values: 10,
        };
        let mut decoder = ReplyDecoder::new(limits);
        let chunk = vec![b'x'; 64 << 10];
        let told: usize = (0..100).map(|_| events(&mut decoder, &chunk).len()).sum();
        assert_eq!(told, 1);
        assert_eq!(decoder.held(), 0);
        assert!(decoder.line.capacity() <= KEPT_CAPACITY);
        assert_eq!(events(&mut decoder, b"\n{\"return\": 1}\n").len(), 1);
    }
}
