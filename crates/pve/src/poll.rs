//! How long to wait between two looks at something that will end.

use std::time::Duration;

const FIRST: Duration = Duration::from_millis(200);
const LAST: Duration = Duration::from_secs(2);

/// Waits that grow by half from 200 ms to 2 s, without end: the deadline is somebody else's.
#[derive(Debug, Clone)]
pub struct Poll(Duration);

impl Poll {
    /// From the shortest wait on.
    #[must_use]
    pub const fn new() -> Self {
        Self(FIRST)
    }
}

impl Default for Poll {
    fn default() -> Self {
        Self::new()
    }
}

impl Iterator for Poll {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        let wait = self.0;
        self.0 = (wait * 3 / 2).min(LAST);
        Some(wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_from_a_fifth_of_a_second_to_two() {
        let waits: Vec<_> = Poll::new().take(8).map(|it| it.as_millis()).collect();
        assert_eq!(waits, [200, 300, 450, 675, 1012, 1518, 2000, 2000]);
    }
}
