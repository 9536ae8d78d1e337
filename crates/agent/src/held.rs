//! The log while file systems are frozen: writing it could wait for the frozen disk for ever.

use std::collections::VecDeque;

/// Lines of log that are held back, the newest at most so many bytes.
#[derive(Debug, Clone)]
pub struct HeldLog {
    lines: VecDeque<String>,
    /// The weight of `lines`.
    bytes: usize,
    most_bytes: usize,
    dropped: u64,
}

impl HeldLog {
    /// Nothing held yet, and at most `most_bytes` ever.
    #[must_use]
    pub const fn new(most_bytes: usize) -> Self {
        Self {
            lines: VecDeque::new(),
            bytes: 0,
            most_bytes,
            dropped: 0,
        }
    }

    /// Holds a line; the oldest make room for it.
    pub fn push(&mut self, line: String) {
        self.bytes += weight(&line);
        self.lines.push_back(line);
        while self.bytes > self.most_bytes
            && let Some(oldest) = self.lines.pop_front()
        {
            self.bytes -= weight(&oldest);
            self.dropped += 1;
        }
    }

    /// Hands the lines out, oldest first; before them one that says how many were dropped, when
    /// any were.
    pub fn drain(&mut self) -> impl Iterator<Item = String> + use<> {
        let dropped = std::mem::take(&mut self.dropped);
        self.bytes = 0;
        let note = format!("{dropped} older lines were dropped while file systems were frozen\n");
        let note = (dropped > 0).then_some(note);
        note.into_iter().chain(std::mem::take(&mut self.lines))
    }
}

/// The bytes that a line costs: an empty one is not free.
const fn weight(line: &str) -> usize {
    line.len() + size_of::<String>()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drained(log: &mut HeldLog) -> Vec<String> {
        log.drain().collect()
    }

    #[test]
    fn lines_come_out_in_their_order_and_once() {
        let mut log = HeldLog::new(100);
        log.push("one\n".into());
        log.push("two\n".into());
        assert_eq!(drained(&mut log), ["one\n", "two\n"]);
        assert_eq!(drained(&mut log), [""; 0]);
    }

    #[test]
    fn the_oldest_make_room_and_are_counted() {
        let mut log = HeldLog::new(2 * weight("000\n") + 1);
        for number in 0..100 {
            log.push(format!("{number:03}\n"));
        }
        let note = "98 older lines were dropped while file systems were frozen\n";
        assert_eq!(drained(&mut log), [note, "098\n", "099\n"]);
        log.push("next\n".into());
        assert_eq!(drained(&mut log), ["next\n"]);
    }

    #[test]
    fn a_line_that_has_no_room_is_dropped_alone() {
        let mut log = HeldLog::new(weight("next\n"));
        log.push("x".repeat(11));
        assert_eq!(log.bytes, 0);
        log.push("next\n".into());
        assert_eq!(drained(&mut log).last().map(String::as_str), Some("next\n"));
    }
}
