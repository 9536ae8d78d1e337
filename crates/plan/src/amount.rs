//! A count, or so many in a hundred.

/// A count, or so many in a hundred of something that is known later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Amount {
    /// So many.
    Count(u32),
    /// So many in a hundred, from 0 to 100.
    Percent(u8),
}

impl Amount {
    /// Of `total`, a part rounded down: what may fail.
    #[must_use]
    pub fn at_most(self, total: usize) -> usize {
        match self {
            Self::Count(count) => usize::try_from(count).unwrap_or(usize::MAX),
            Self::Percent(percent) => total.saturating_mul(usize::from(percent)) / 100,
        }
    }

    /// Of `total`, a part rounded down but at least one: with nobody unavailable nobody is patched.
    #[must_use]
    pub fn at_most_but_one(self, total: usize) -> usize {
        self.at_most(total).max(1)
    }

    /// Of `total`, a part rounded up and at least one: how large a wave is.
    #[must_use]
    pub fn at_least(self, total: usize) -> usize {
        let part = match self {
            Self::Count(count) => usize::try_from(count).unwrap_or(usize::MAX),
            Self::Percent(percent) => total.saturating_mul(usize::from(percent)).div_ceil(100),
        };
        part.max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::Amount::{Count, Percent};

    #[test]
    fn failures_are_rounded_down_waves_up_and_one_at_least_is_patched() {
        for (amount, total, at_most, but_one, at_least) in [
            (Count(3), 10, 3, 3, 3),
            (Count(0), 10, 0, 1, 1),
            (Percent(25), 10, 2, 2, 3),
            (Percent(5), 10, 0, 1, 1),
            (Percent(100), 7, 7, 7, 7),
            (Percent(50), 0, 0, 1, 1),
        ] {
            assert_eq!(amount.at_most(total), at_most, "{amount:?} of {total}");
            assert_eq!(amount.at_most_but_one(total), but_one, "{amount:?}");
            assert_eq!(amount.at_least(total), at_least, "{amount:?}");
        }
    }
}
