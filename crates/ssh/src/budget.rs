//! The time that is left.

use std::future::Future;
use std::time::Duration;

use lifecycle::ports::ShellError;
use tokio::time::{Instant, timeout_at};

/// Far enough away to be never, near enough for a timer.
const NEVER: Duration = Duration::from_secs(86_400 * 365 * 10);

/// A span of time within which something must be done.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Budget {
    started: Instant,
    until: Instant,
}

impl Budget {
    /// `span` from now on.
    pub(crate) fn of(span: Duration) -> Self {
        let started = Instant::now();
        Self {
            started,
            until: started + span.min(NEVER),
        }
    }

    /// `span` from now on if that is shorter than what is left.
    pub(crate) fn at_most(self, span: Duration) -> Self {
        let narrow = Self::of(span);
        if narrow.until < self.until {
            narrow
        } else {
            self
        }
    }

    /// What is left.
    pub(crate) fn left(self) -> Duration {
        self.until.saturating_duration_since(Instant::now())
    }

    /// Waits for `future` as long as there is time; `phase` names it when there is none left.
    pub(crate) async fn wait<T>(
        self,
        phase: &'static str,
        future: impl Future<Output = T>,
    ) -> Result<T, ShellError> {
        let elapsed = ShellError::TimedOut {
            phase,
            after: self.span(),
        };
        timeout_at(self.until, future).await.map_err(|_| elapsed)
    }

    /// The whole of it, from its start.
    pub(crate) fn span(self) -> Duration {
        self.until.saturating_duration_since(self.started)
    }
}
