//! Tries, and pauses between them.

use std::fs::File;
use std::thread;
use std::time::Instant;

use metadata::backoff::{Backoff, Policy};

use super::attempt::Attempt;
use super::error::{DownloadError, DownloadFailure};
use super::limits::DownloadLimits;
use super::url;
use crate::retry::seed;

/// Downloads over http and https.
#[derive(Debug, Clone, Default)]
pub struct Downloader {
    limits: DownloadLimits,
}

impl Downloader {
    /// With other limits than the usual ones.
    #[must_use]
    pub fn new(limits: DownloadLimits) -> Self {
        Self { limits }
    }

    /// Writes what is at `url` into `into`, from its beginning; what stood there is gone. The
    /// headers go to the server that the URL names, and to no other. The answer is the number of
    /// bytes.
    ///
    /// # Errors
    /// After the last try. The file then holds anything.
    pub fn fetch(
        &self,
        url: &str,
        headers: &[(&str, &str)],
        into: &mut File,
    ) -> Result<u64, DownloadError> {
        let Some(uri) = url::parse(url) else {
            let url = "the URL".to_owned();
            let reason = DownloadFailure::NotAUrl;
            return Err(DownloadError { url, reason });
        };
        let attempt = Attempt {
            limits: &self.limits,
            headers,
            environment: &|name| std::env::var(name).ok(),
        };
        let began = Instant::now();
        let mut pauses = self.pauses();
        let mut left = self.limits.tries;
        loop {
            left = left.saturating_sub(1);
            let error = match attempt.run(&uri, into) {
                Err(error) if left > 0 && error.reason.is_transient() => error,
                ended => return ended,
            };
            match pauses.pause(began.elapsed()) {
                Some(pause) => thread::sleep(pause),
                None => return Err(error),
            }
        }
    }

    fn pauses(&self) -> Backoff {
        let policy = Policy {
            first: self.limits.pause,
            most: self.limits.pause.saturating_mul(8),
            factor: 2,
            total: self.limits.whole.saturating_mul(self.limits.tries),
        };
        Backoff::new(policy, seed())
    }
}
