//! Something that is tried again.

use std::time::Duration;

/// No two attempts are further apart.
const LONGEST: Duration = Duration::from_secs(10);

/// An attempt that was not enough is followed by another, later each time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Retry {
    made: u32,
    /// When the next one is due, by the clock since boot; `None` while one is under way.
    at: Option<Duration>,
}

impl Retry {
    /// Takes in that the present attempt was not enough. `false`: it was the last of `most`.
    pub(super) fn again(&mut self, first: Duration, most: u32, now: Duration) -> bool {
        let pause = first.saturating_mul(2_u32.saturating_pow(self.made));
        self.at = Some(now + pause.min(LONGEST));
        self.made = self.made.saturating_add(1);
        self.made < most
    }

    /// Whether one attempt was made so far.
    pub(super) const fn is_first(&self) -> bool {
        self.made == 1
    }

    /// When the next attempt is due.
    pub(super) const fn at(&self) -> Option<Duration> {
        self.at
    }

    /// Whether the next attempt is due; it is then under way.
    pub(super) fn take(&mut self, now: Duration) -> bool {
        self.at.take_if(|at| *at <= now).is_some()
    }
}
