//! How often something may be done: a bucket of tokens.

use std::time::Instant;

/// Fills with time up to its size; each use takes one token.
#[derive(Debug)]
pub(crate) struct TokenBucket {
    per_second: f64,
    size: f64,
    tokens: f64,
    counted: Instant,
}

impl TokenBucket {
    /// A full one, which holds the tokens of two seconds.
    pub(crate) fn new(per_second: u32, now: Instant) -> Self {
        let per_second = f64::from(per_second);
        let size = 2.0 * per_second;
        Self {
            per_second,
            size,
            tokens: size,
            counted: now,
        }
    }

    /// Takes a token if there is one.
    pub(crate) fn take(&mut self, now: Instant) -> bool {
        let passed = now.saturating_duration_since(self.counted).as_secs_f64();
        self.counted = self.counted.max(now);
        self.tokens = (self.tokens + passed * self.per_second).min(self.size);
        let is_enough = self.tokens >= 1.0;
        if is_enough {
            self.tokens -= 1.0;
        }
        is_enough
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn taken(bucket: &mut TokenBucket, now: Instant) -> usize {
        (0..1000).take_while(|_| bucket.take(now)).count()
    }

    #[test]
    fn what_two_seconds_allow_may_come_at_once_and_no_more() {
        let begun = Instant::now();
        let mut bucket = TokenBucket::new(10, begun);
        assert_eq!(taken(&mut bucket, begun), 20);
        assert_eq!(taken(&mut bucket, begun + Duration::from_millis(99)), 0);
        assert_eq!(taken(&mut bucket, begun + Duration::from_millis(500)), 5);
        assert_eq!(taken(&mut bucket, begun + Duration::from_secs(3600)), 20);
    }

    #[test]
    fn time_that_goes_back_fills_nothing() {
        let begun = Instant::now();
        let later = begun + Duration::from_secs(5);
        let mut bucket = TokenBucket::new(10, begun);
        taken(&mut bucket, later);
        assert_eq!(taken(&mut bucket, begun), 0);
        assert_eq!(taken(&mut bucket, later), 0);
    }
}
