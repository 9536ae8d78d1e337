//! Output in lines.

/// Bytes of a line; a longer one is cut into pieces. With a key before it, it fits into what
/// journald takes as one line (`LineMax=48K`).
pub const LONGEST_LINE: usize = 47 << 10;

/// Makes lines of the bytes of a script's output, whatever pieces they come in. Holds at most one
/// line.
#[derive(Debug, Default)]
pub struct Lines {
    held: Vec<u8>,
}

impl Lines {
    /// Takes bytes and gives every line that they end to `each`, without its line end.
    pub fn push(&mut self, mut bytes: &[u8], mut each: impl FnMut(&[u8])) {
        while !bytes.is_empty() {
            let room = LONGEST_LINE - self.held.len();
            let end = bytes.iter().take(room + 1).position(|byte| *byte == b'\n');
            match end {
                Some(end) => {
                    self.held.extend_from_slice(&bytes[..end]);
                    self.give(&mut each);
                    bytes = &bytes[end + 1..];
                }
                None if bytes.len() <= room => {
                    self.held.extend_from_slice(bytes);
                    return;
                }
                None => {
                    self.held.extend_from_slice(&bytes[..room]);
                    bytes = &bytes[room..];
                    self.give_piece(&mut each);
                }
            }
        }
    }

    /// Gives what no line end has followed.
    pub fn finish(&mut self, mut each: impl FnMut(&[u8])) {
        if !self.held.is_empty() {
            self.give(&mut each);
        }
    }

    fn give(&mut self, each: &mut impl FnMut(&[u8])) {
        each(self.held.strip_suffix(b"\r").unwrap_or(&self.held));
        self.held.clear();
    }

    /// All of it, but for a character that is not complete yet.
    fn give_piece(&mut self, each: &mut impl FnMut(&[u8])) {
        let whole = self.held.len() - unfinished(&self.held);
        each(&self.held[..whole]);
        self.held.drain(..whole);
    }
}

/// Bytes at the end that begin a character of UTF-8 without ending it.
fn unfinished(bytes: &[u8]) -> usize {
    (1..=3.min(bytes.len()))
        .find(|count| begins(&bytes[bytes.len() - count..]))
        .unwrap_or(0)
}

fn begins(bytes: &[u8]) -> bool {
    let length = match bytes[0] {
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => return false,
    };
    bytes.len() < length && bytes[1..].iter().all(|byte| byte & 0xc0 == 0x80)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn split(pieces: &[&[u8]]) -> Vec<String> {
        let mut lines = Lines::default();
        let mut found = Vec::new();
        let mut keep = |line: &[u8]| found.push(String::from_utf8_lossy(line).into_owned());
        for piece in pieces {
            lines.push(piece, &mut keep);
        }
        lines.finish(&mut keep);
        found
    }

    #[test]
    fn bytes_become_lines_whatever_pieces_they_come_in() {
        for (pieces, expected) in [
            (&[&b"a\nb\n"[..]][..], &["a", "b"][..]),
            (&[b"a", b"b\nc", b"d"], &["ab", "cd"]),
            (&[b"a\r\nb\r", b"\n\r\n"], &["a", "b", ""]),
            (&[b"\n\n"], &["", ""]),
            (&[b"no end"], &["no end"]),
            (&[b"a\rb\n"], &["a\rb"]),
            (&[], &[]),
        ] {
            assert_eq!(split(pieces), expected);
        }
    }

    #[test]
    fn a_long_line_is_cut_between_characters_and_nothing_is_lost() {
        for unit in ["x", "ü", "€", "😀"] {
            let line = unit.repeat(300_000 / unit.len());
            for shift in 0..unit.len() {
                let text = format!("{}{line}\nnext\n", "y".repeat(shift));
                let found = split(&[text.as_bytes()]);
                assert!(found.len() > 6, "{unit}");
                assert!(found.iter().all(|piece| piece.len() <= LONGEST_LINE));
                assert_eq!(found.last().unwrap(), "next");
                assert_eq!(
                    found[..found.len() - 1].concat(),
                    text.lines().next().unwrap()
                );
            }
        }
    }

    #[test]
    fn a_line_of_exactly_the_longest_length_is_one() {
        let line = "x".repeat(LONGEST_LINE);
        assert_eq!(split(&[line.as_bytes(), b"\n"]), [line.as_str()]);
        let longer = format!("{line}y");
        assert_eq!(split(&[longer.as_bytes(), b"\n"]), [line.as_str(), "y"]);
    }

    proptest! {
        #[test]
        fn no_byte_is_lost(bytes in prop::collection::vec(0_u8.., 0..200), cut in 0_usize..200) {
            let mut lines = Lines::default();
            let mut found = Vec::new();
            let mut keep = |line: &[u8]| { found.extend_from_slice(line); found.push(b'\n'); };
            let (first, second) = bytes.split_at(cut.min(bytes.len()));
            lines.push(first, &mut keep);
            lines.push(second, &mut keep);
            lines.finish(&mut keep);
            let without_cr = |bytes: &[u8]| -> Vec<u8> {
                let text: Vec<u8> = bytes.iter().copied().filter(|byte| *byte != b'\r').collect();
                text
            };
            let mut expected = without_cr(&bytes);
            if expected.last().is_some_and(|byte| *byte != b'\n') || bytes.last().is_some_and(|byte| *byte == b'\r') {
                expected.push(b'\n');
            }
            prop_assert_eq!(without_cr(&found), expected);
        }
    }
}
