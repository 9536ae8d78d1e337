//! The framing of an answer: `@KIND STATUS LENGTH`, a newline, LENGTH bytes, a newline.

use thiserror::Error;

/// The first frame of every answer; whatever a login shell prints before it is skipped.
pub(crate) const HELLO: &str = "@hospes-patch 1 0\n\n";

/// The most that any script of this crate prints, in bytes; the limit to read its output with.
pub const OUTPUT_LIMIT: usize = 2 * 1024 * 1024;

/// How many frames an answer may have.
const MAX_FRAMES: usize = 1024;

/// Why an answer cannot be taken. The guest may be asked again with the same script.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AnswerError {
    /// It does not begin as the script prints it.
    #[error("the guest's shell did not run the script: its output is not the script's")]
    NotAnAnswer,
    /// It ends too early.
    #[error("the script's output ends too early: it was stopped or its output was cut")]
    Incomplete,
    /// Its framing is broken.
    #[error(
        "the script's output is broken at byte {at}: something else printed into it; try again"
    )]
    Malformed {
        /// Where, counted from 0.
        at: usize,
    },
    /// It is larger than any answer.
    #[error("the script's output has {0} bytes, more than {OUTPUT_LIMIT}")]
    TooLarge(usize),
    /// Something that every answer of its kind holds is not in it.
    #[error("the script's output holds no `{0}`: try again")]
    Lacks(&'static str),
}

/// One value.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Frame<'a> {
    pub kind: &'a str,
    /// The exit status of what was run, or `cut` when it printed too much.
    pub status: &'a str,
    pub body: &'a [u8],
}

impl Frame<'_> {
    /// The value as text; what is not UTF-8 is replaced.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(self.body).into_owned()
    }

    /// Whether what was run ended well.
    pub(crate) fn is_ok(&self) -> bool {
        self.status == "0"
    }
}

/// Splits an answer into its frames; the last one must be `@end`.
pub(crate) fn frames(stdout: &[u8]) -> Result<Vec<Frame<'_>>, AnswerError> {
    if stdout.len() > OUTPUT_LIMIT {
        return Err(AnswerError::TooLarge(stdout.len()));
    }
    let hello = HELLO.as_bytes();
    let start = stdout
        .windows(hello.len())
        .position(|window| window == hello);
    let mut rest = &stdout[start.ok_or(AnswerError::NotAnAnswer)? + hello.len()..];
    let mut found = Vec::new();
    loop {
        let at = stdout.len() - rest.len();
        let line_end = rest
            .iter()
            .position(|b| *b == b'\n')
            .ok_or(AnswerError::Incomplete)?;
        let head = std::str::from_utf8(&rest[..line_end]).ok();
        let (kind, status, length) = head.and_then(header).ok_or(AnswerError::Malformed { at })?;
        if kind == "end" {
            return Ok(found);
        }
        let body = &rest[line_end + 1..];
        if body.len() <= length {
            return Err(AnswerError::Incomplete);
        }
        if body[length] != b'\n' || found.len() >= MAX_FRAMES {
            return Err(AnswerError::Malformed { at });
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
    let mut words = line.strip_prefix('@')?.split(' ');
    let (kind, status, length) = (words.next()?, words.next()?, words.next()?.parse().ok()?);
    words.next().is_none().then_some((kind, status, length))
}

/// The first `limit` characters of a text from a guest, on one line, for people.
pub(crate) fn clip(text: &str, limit: usize) -> String {
    let words = text.split_whitespace();
    let mut clipped = String::new();
    let mut room = limit;
    for word in words {
        let gap = usize::from(!clipped.is_empty());
        if room <= gap {
            return clipped;
        }
        if gap == 1 {
            clipped.push(' ');
        }
        let taken: String = word.chars().take(room - gap).collect();
        room -= gap + taken.chars().count();
        clipped.extend(taken.chars().filter(|c| !c.is_control()));
    }
    clipped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn banners_before_and_noise_after_do_no_harm() {
        let answer =
            b"Welcome!\n@hospes-patch 1 0\n\n@sim 0 14\nx\n@end 0 0\n\n@y\n@end 0 0\n\nbye";
        let found = frames(answer).unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].body, b"x\n@end 0 0\n\n@y");
    }

    #[test]
    fn what_is_cut_short_is_an_error() {
        let whole = b"@hospes-patch 1 0\n\n@host 0 3\nabc\n@end 0 0\n\n";
        for cut in 0..whole.len() - 2 {
            assert!(frames(&whole[..cut]).is_err(), "{cut}");
        }
        assert_eq!(frames(b"sh: not found"), Err(AnswerError::NotAnAnswer));
        let wrong = b"@hospes-patch 1 0\n\n@host 0 2\nabc\n@end 0 0\n\n";
        assert_eq!(frames(wrong), Err(AnswerError::Malformed { at: 19 }));
        assert!(frames(&vec![b'x'; OUTPUT_LIMIT + 1]).is_err());
    }

    #[test]
    fn texts_are_clipped_to_one_line() {
        assert_eq!(clip("  a \n b\x1b[0m  ", 80), "a b[0m");
        assert_eq!(clip("abc def", 5), "abc d");
        assert_eq!(clip("abc def", 3), "abc");
    }
}
