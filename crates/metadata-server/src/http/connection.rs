//! One connection of a guest.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;

use super::exchange;
use super::paced::{Paced, Progress};
use crate::Limits;
use crate::guest::Guest;
use crate::store::Store;

/// Bytes of a request's head, and the least that hyper can do with.
const HEAD: usize = 8192;
/// How long requests that are being answered when the server ends may still take.
const LEAVES_WITHIN: Duration = Duration::from_secs(2);

/// What the requests of a connection share.
pub(crate) struct Place {
    pub(crate) store: Arc<Store>,
    pub(crate) guest: Arc<Guest>,
    pub(crate) limits: Arc<Limits>,
}

/// Answers the requests of one connection until either end has enough, or the server `stop`s.
pub(crate) async fn serve<S>(stream: S, place: Place, mut stop: watch::Receiver<bool>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let progress = Arc::new(Progress::default());
    let stream = Paced::new(stream, place.limits.clone(), progress.clone());
    let place = Arc::new(place);
    let service = service_fn(|request| {
        let (place, progress) = (place.clone(), progress.clone());
        async move {
            let work = progress.begin();
            Ok::<_, Infallible>(exchange::answer(&place, &work, request).await)
        }
    });
    let connection = http1::Builder::new()
        .max_buf_size(HEAD)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    // What a guest does wrong is its own affair: an error here only means that the connection ends.
    tokio::select! {
        _ = &mut connection => return,
        _ = stop.wait_for(|is_stopping| *is_stopping) => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = tokio::time::timeout(LEAVES_WITHIN, connection).await;
}
