//! The framing of a probe's output: `@KIND RC LENGTH`, a newline, LENGTH bytes, a newline.

use super::machine::ProbeError;

/// The first frame of every answer; whatever a login shell prints before it is skipped.
pub(super) const HELLO: &str = "@hospes-probe 1 0\n\n";

/// One value.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Frame<'a> {
    pub kind: &'a str,
    /// The exit status of what was run, or `cut` when it printed too much.
    pub status: &'a str,
    pub body: &'a [u8],
}

/// Splits an answer into its frames; the last one must be `@end`.
pub(super) fn frames(stdout: &[u8]) -> Result<Vec<Frame<'_>>, ProbeError> {
    let hello = HELLO.as_bytes();
    let start = stdout
        .windows(hello.len())
        .position(|window| window == hello);
    let mut rest = &stdout[start.ok_or(ProbeError::NotAnAnswer)? + hello.len()..];
    let mut found = Vec::new();
    loop {
        let at = stdout.len() - rest.len();
        let line_end = rest
            .iter()
            .position(|b| *b == b'\n')
            .ok_or(ProbeError::Incomplete)?;
        let head = std::str::from_utf8(&rest[..line_end]).ok();
        let (kind, status, length) = head.and_then(header).ok_or(ProbeError::Malformed { at })?;
        if kind == "end" {
            return Ok(found);
        }
        let body = &rest[line_end + 1..];
        if body.len() <= length {
            return Err(ProbeError::Incomplete);
        }
        if body[length] != b'\n' {
            return Err(ProbeError::Malformed { at });
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_imitates_frames_stays_a_value() {
        let answer = b"Welcome!\n@hospes-probe 1 0\n\n@host 0 14\nx\n@end 0 0\n\n@y\n@end 0 0\n\n";
        let found = frames(answer).unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].body, b"x\n@end 0 0\n\n@y");
    }

    #[test]
    fn what_is_cut_short_is_an_error() {
        let whole = b"@hospes-probe 1 0\n\n@host 0 3\nabc\n@end 0 0\n\n";
        for cut in 0..whole.len() - 2 {
            assert!(frames(&whole[..cut]).is_err(), "{cut}");
        }
        assert_eq!(frames(b"sh: not found"), Err(ProbeError::NotAnAnswer));
        let wrong = b"@hospes-probe 1 0\n\n@host 0 2\nabc\n@end 0 0\n\n";
        assert_eq!(frames(wrong), Err(ProbeError::Malformed { at: 19 }));
        let huge = b"@hospes-probe 1 0\n\n@host 0 99999999999999999999999\nabc\n";
        assert!(frames(huge).is_err());
    }
}
