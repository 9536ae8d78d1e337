//! Blocking work beside an asynchronous program that a signal may end.

use anyhow::{Context, Result};
use tokio::sync::oneshot;

/// Does blocking work on a thread of its own. Who stops waiting for it is not held up by it: tokio's
/// own threads for such work are waited for when the runtime ends.
pub(in crate::bench) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let (done, result) = oneshot::channel();
    std::thread::spawn(move || drop(done.send(work())));
    result.await.context("the work ended early")?
}
