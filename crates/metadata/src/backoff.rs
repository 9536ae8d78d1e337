//! How long to wait before the next try.
//!
//! ```text
//! pause   first ──×factor──► ... ──► most ──► most ...      each shortened by up to a half, at random
//! elapsed 0 ───────────────────────────────────────► total  the last pause ends there, then no more
//! ```

use std::time::Duration;

/// How tries follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// The first pause.
    pub first: Duration,
    /// No pause is longer.
    pub most: Duration,
    /// Each pause is so many times the one before.
    pub factor: u32,
    /// After this time no further try begins.
    pub total: Duration,
}

/// The pauses of one row of tries. Pure: the seed of its randomness and the time are arguments.
#[derive(Debug, Clone)]
pub struct Backoff {
    policy: Policy,
    next: Duration,
    random: u64,
}

impl Backoff {
    /// The first pause is still to come. Any seed will do; two guests that start together shall
    /// have different ones.
    #[must_use]
    pub fn new(policy: Policy, seed: u64) -> Self {
        Self {
            policy,
            next: policy.first,
            // Zero is the one state that xorshift never leaves.
            random: (seed ^ 0x9E37_79B9_7F4A_7C15) | 1,
        }
    }

    /// How long to wait, `elapsed` after the first try began; `None` when the time is over.
    pub fn pause(&mut self, elapsed: Duration) -> Option<Duration> {
        let left = self.policy.total.checked_sub(elapsed)?;
        if left.is_zero() {
            return None;
        }
        let full = self.next.min(self.policy.most);
        self.next = full.saturating_mul(self.policy.factor);
        Some(self.shortened(full).min(left))
    }

    /// Between a half of `full` and all of it.
    fn shortened(&mut self, full: Duration) -> Duration {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        let share = self.random >> 33;
        let half = full / 2;
        full - half.mul_f64(share as f64 / f64::from(1u32 << 31))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const POLICY: Policy = Policy {
        first: Duration::from_millis(100),
        most: Duration::from_secs(2),
        factor: 3,
        total: Duration::from_secs(20),
    };

    fn pauses(seed: u64, took: Duration) -> Vec<Duration> {
        let mut backoff = Backoff::new(POLICY, seed);
        let mut elapsed = Duration::ZERO;
        let next = || {
            let pause = backoff.pause(elapsed + took)?;
            elapsed += took + pause;
            Some(pause)
        };
        std::iter::from_fn(next).collect()
    }

    #[test]
    fn guests_that_start_together_do_not_come_back_together() {
        let took = Duration::from_millis(1);
        assert_eq!(pauses(1, took), pauses(1, took));
        assert_ne!(pauses(1, took)[..3], pauses(2, took)[..3]);
        assert_ne!(pauses(0, took)[..3], pauses(2, took)[..3]);
    }

    proptest! {
        #[test]
        fn pauses_grow_to_the_most_and_end_with_the_total(seed: u64, took in 0u64..3000) {
            let took = Duration::from_millis(took);
            let all = pauses(seed, took);
            let (last, before) = all.split_last().unwrap();
            let mut full = POLICY.first;
            for pause in before {
                prop_assert!(*pause <= full && *pause >= full / 2, "{pause:?} of {full:?}");
                full = (full * POLICY.factor).min(POLICY.most);
            }
            prop_assert!(*last <= full);
            let spent: Duration = all.iter().map(|pause| *pause + took).sum();
            prop_assert!(spent + took >= POLICY.total && spent <= POLICY.total);
        }

        #[test]
        fn any_policy_ends_and_none_overflows(
            seed: u64, first: u32, most: u32, factor: u32, total: u32, steps in 1usize..200,
        ) {
            let millis = |count: u32| Duration::from_millis(u64::from(count));
            let policy = Policy { first: millis(first), most: millis(most), factor, total: millis(total) };
            let mut backoff = Backoff::new(policy, seed);
            for _ in 0..steps {
                if let Some(pause) = backoff.pause(Duration::ZERO) {
                    prop_assert!(pause <= policy.most && pause <= policy.total);
                }
            }
            prop_assert_eq!(backoff.pause(policy.total), None);
        }
    }
}
