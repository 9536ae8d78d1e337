//! Trying again what may succeed later.

use std::hash::{BuildHasher, RandomState};
use std::thread;
use std::time::Instant;

use metadata::Failure;
use metadata::backoff::{Backoff, Policy};

/// Tries until it succeeds, fails for good, or the policy's time is over; the last failure is the
/// answer then.
///
/// # Errors
/// The last failure.
pub fn retry<T>(
    policy: Policy,
    mut attempt: impl FnMut() -> Result<T, Failure>,
) -> Result<T, Failure> {
    let began = Instant::now();
    let mut backoff = Backoff::new(policy, seed());
    loop {
        let failure = match attempt() {
            Err(failure) if failure.is_transient() => failure,
            ended => return ended,
        };
        match backoff.pause(began.elapsed()) {
            Some(pause) => thread::sleep(pause),
            None => return Err(failure),
        }
    }
}

/// Another one in each process: the standard library's hash maps are seeded by the system.
pub(crate) fn seed() -> u64 {
    RandomState::new().hash_one(0)
}
