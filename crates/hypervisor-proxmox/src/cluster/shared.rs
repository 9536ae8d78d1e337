//! One answer for many who ask the same at once.

use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::ClientError;

/// The last answer and when it was asked for. A failure is shared like an answer: a thousand
/// guests must not wait for the same dead endpoint one after the other.
#[derive(Debug)]
pub(super) struct Shared<T>(Mutex<Option<(Instant, Result<T, ClientError>)>>);

impl<T> Default for Shared<T> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl<T: Clone> Shared<T> {
    /// An answer that was asked for at `oldest` or later: the last one, or a new one.
    pub(super) async fn since(
        &self,
        oldest: Instant,
        ask: impl AsyncFnOnce() -> Result<T, ClientError>,
    ) -> Result<T, ClientError> {
        let mut last = self.0.lock().await;
        if let Some((began, answer)) = &*last
            && *began >= oldest
        {
            return answer.clone();
        }
        let began = Instant::now();
        let answer = ask().await;
        *last = Some((began, answer.clone()));
        answer
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn those_who_ask_at_once_share_an_answer_and_later_ones_do_not() {
        let (shared, asked) = (Shared::default(), AtomicU32::new(0));
        let ask = async || {
            tokio::task::yield_now().await;
            Ok(asked.fetch_add(1, Ordering::Relaxed))
        };
        let early = Instant::now();
        let (one, two) = tokio::join!(shared.since(early, ask), shared.since(early, ask));
        assert_eq!((one, two), (Ok(0), Ok(0)));
        tokio::time::sleep(Duration::from_millis(2)).await;
        assert_eq!(shared.since(Instant::now(), ask).await, Ok(1));
        assert_eq!(shared.since(early, ask).await, Ok(1));
    }

    #[tokio::test]
    async fn a_failure_is_shared_and_gets_old_like_an_answer() {
        let shared = Shared::<()>::default();
        let early = Instant::now();
        let down = ClientError::Unreachable("down".to_owned());
        let failing = async || Err(down.clone());
        assert_eq!(shared.since(early, failing).await, Err(down.clone()));
        let panicking = async || unreachable!("it is shared");
        assert_eq!(shared.since(early, panicking).await, Err(down.clone()));
        tokio::time::sleep(Duration::from_millis(2)).await;
        assert_eq!(shared.since(Instant::now(), async || Ok(())).await, Ok(()));
    }
}
