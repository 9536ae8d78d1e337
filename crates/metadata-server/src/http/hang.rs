//! A hanging GET until its answer.

use std::time::Duration;

use metadata::server::{Hang, Reply};
use tokio::sync::watch;

use crate::guest::{Guest, News};
use crate::store::Store;

/// Waits for a change, for the end of the time that the guest gave it, or for the end of the
/// server. `news` was taken before the request was looked at, so that no change falls in between.
pub(super) async fn wait(
    hang: Hang,
    mut news: watch::Receiver<News>,
    guest: &Guest,
    store: &Store,
) -> Reply {
    let _waiting = guest.waits_for(hang.key());
    let time_is_over = after(hang.timeout());
    tokio::pin!(time_is_over);
    loop {
        tokio::select! {
            heard = news.changed() => {
                let is_end = heard.is_err() || *news.borrow_and_update() == News::Stop;
                if is_end {
                    break;
                }
                if let Some(reply) = hang.recheck(&store.service()) {
                    return reply;
                }
            }
            () = &mut time_is_over => break,
        }
    }
    hang.timed_out(&store.service())
}

async fn after(timeout: Option<Duration>) {
    match timeout {
        Some(timeout) => tokio::time::sleep(timeout).await,
        None => std::future::pending().await,
    }
}
