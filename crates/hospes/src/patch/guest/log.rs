//! What apt and dpkg print, for people: whole lines, without what would move a terminal's cursor.

/// Longer lines are cut, in characters; of an unfinished one so many bytes are kept.
const LONGEST: usize = 400;

/// The lines of a log that comes in pieces.
#[derive(Debug, Default)]
pub(in crate::patch) struct Log {
    unfinished: Vec<u8>,
}

impl Log {
    /// The lines that are finished with `piece`.
    pub(in crate::patch) fn take(&mut self, piece: &[u8]) -> Vec<String> {
        let mut lines = Vec::new();
        for &byte in piece {
            if matches!(byte, b'\n' | b'\r') {
                lines.push(plain(&std::mem::take(&mut self.unfinished)));
            } else if self.unfinished.len() < LONGEST * 4 {
                self.unfinished.push(byte);
            }
        }
        lines.retain(|line| !line.is_empty());
        lines
    }
}

fn plain(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line);
    let text = text.trim().chars().filter(|c| !c.is_control());
    text.take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_whole_plain_and_bounded_however_they_are_cut() {
        let text = "Unpacking zip ...\r\n\n\x1b[31mE: no\x07 room\nhalf a li".as_bytes();
        let wanted = ["Unpacking zip ...", "[31mE: no room"];
        for size in 1..text.len() {
            let mut log = Log::default();
            let lines: Vec<_> = text
                .chunks(size)
                .flat_map(|piece| log.take(piece))
                .collect();
            assert_eq!(lines, wanted, "{size}");
        }
        let mut log = Log::default();
        assert!(log.take(&[b'x'; 100_000]).is_empty());
        let line = log.take(b"\n").concat();
        assert_eq!(line.len(), LONGEST);
        assert_eq!(log.take(b"\xff\xfe\n"), ["\u{fffd}\u{fffd}"]);
    }
}
