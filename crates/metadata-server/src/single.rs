//! One connection without a listener: for fuzzing, which has no time for sockets.

use std::collections::BTreeMap;
use std::sync::Arc;

use metadata::server::Service;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;

use crate::guest::{Guest, News};
use crate::http::{self, Place};
use crate::store::Store;
use crate::{Limits, Shelf};

/// Serves `guest` over one stream as over a connection to its socket, until either end has enough
/// or `stop` is ready.
#[doc(hidden)]
pub async fn serve_single<S>(
    stream: S,
    guest: &str,
    service: Service,
    shelf: Arc<dyn Shelf>,
    limits: Limits,
    stop: impl Future<Output = ()>,
) where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let name = guest.to_owned();
    let guest = Arc::new(Guest::new(name.clone(), &limits));
    let guests = BTreeMap::from([(name, guest.clone())]);
    let store = Arc::new(Store::new(service, shelf, guests));
    let (end, ended) = watch::channel(false);
    let place = Place {
        store: store.clone(),
        guest,
        limits: Arc::new(limits),
    };
    let served = http::serve(stream, place, ended);
    tokio::pin!(served);
    tokio::select! {
        () = &mut served => return,
        () = stop => {}
    }
    end.send_replace(true);
    store.wake_all(News::Stop);
    served.await;
    store.settle().await;
}
