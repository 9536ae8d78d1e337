//! The whole server.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use metadata::server::Service;
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::control;
use crate::guest::{Guest, News};
use crate::listener::Entrance;
use crate::socket::{BoundSocket, SocketError};
use crate::store::Store;
use crate::{Refused, Settings, Shelf};

/// Only this user may ask over the control socket.
const CONTROL_MODE: u32 = 0o600;
/// Longer than connections need to end, and changes that were begun.
const ENDS_WITHIN: Duration = Duration::from_secs(10);

/// A server that listens and does not answer yet.
pub struct Server {
    entrance: Entrance,
    control: BoundSocket,
    sockets: Vec<(BoundSocket, Arc<Guest>)>,
    addresses: Vec<(TcpListener, BTreeMap<IpAddr, Arc<Guest>>)>,
    stop: watch::Sender<bool>,
}

/// Why a server cannot listen.
#[derive(Debug, Error)]
pub enum ServeError {
    /// At a socket.
    #[error(transparent)]
    Socket(#[from] SocketError),
    /// At an address.
    #[error("cannot listen at {address}: {source}")]
    Address {
        /// The address.
        address: SocketAddr,
        /// The system's answer.
        source: io::Error,
    },
}

impl Server {
    /// Listens everywhere. `service` holds what the shelf has kept and knows every guest.
    ///
    /// # Errors
    /// One of the sockets or addresses is in use or cannot be used. Then nothing listens.
    pub async fn bind(
        settings: Settings,
        service: Service,
        shelf: Arc<dyn Shelf>,
    ) -> Result<Self, ServeError> {
        let guests = guests(&settings);
        let control = BoundSocket::bind(&settings.control, CONTROL_MODE).await?;
        let mut sockets = Vec::with_capacity(settings.sockets.len());
        for socket in &settings.sockets {
            let bound = BoundSocket::bind(&socket.path, socket.mode).await?;
            sockets.extend(
                guests
                    .get(&socket.guest)
                    .map(|guest| (bound, guest.clone())),
            );
        }
        let mut addresses = Vec::with_capacity(settings.addresses.len());
        for listener in settings.addresses {
            let address = listener.address;
            let bound = TcpListener::bind(address).await;
            let bound = bound.map_err(|source| ServeError::Address { address, source })?;
            let named = listener.guests.into_iter();
            let named = named
                .filter_map(|(from, name)| Some((from.to_canonical(), guests.get(&name)?.clone())));
            addresses.push((bound, named.collect()));
        }
        let (stop, stopped) = watch::channel(false);
        let store = Arc::new(Store::new(service, shelf, guests));
        Ok(Self {
            entrance: Entrance::new(store, settings.limits, stopped),
            control,
            sockets,
            addresses,
            stop,
        })
    }

    /// Serves nobody who comes from an address that is refused at that moment. Without this, each
    /// address tells who asks.
    pub fn refuse(&mut self, refused: watch::Receiver<Refused>) {
        self.entrance.refused = refused;
    }

    /// Where is listened, with the port that was free where 0 was asked for.
    #[must_use]
    pub fn addresses(&self) -> Vec<SocketAddr> {
        let listeners = self.addresses.iter();
        listeners
            .filter_map(|(listener, _)| listener.local_addr().ok())
            .collect()
    }

    /// Answers until `stop` is ready. Then hanging GETs get the present value, changes that were
    /// begun are brought to their end, and the sockets' files are removed.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let mut listeners = JoinSet::new();
        let entrance = self.entrance;
        let store = entrance.store.clone();
        listeners.spawn(control::serve(
            self.control,
            store.clone(),
            self.stop.subscribe(),
        ));
        for (socket, guest) in self.sockets {
            listeners.spawn(entrance.clone().accept_at_socket(socket, guest));
        }
        for (listener, guests) in self.addresses {
            listeners.spawn(entrance.clone().accept_at_address(listener, guests));
        }
        stop.await;
        listeners.shutdown().await;
        self.stop.send_replace(true);
        store.wake_all(News::Stop);
        let end = async {
            entrance.until_all_have_left().await;
            store.settle().await;
        };
        if tokio::time::timeout(ENDS_WITHIN, end).await.is_err() {
            tracing::warn!("the metadata server ends although a connection or a change does not");
        }
    }
}

/// Every guest that a socket or an address names.
fn guests(settings: &Settings) -> BTreeMap<String, Arc<Guest>> {
    let of_sockets = settings.sockets.iter().map(|socket| &socket.guest);
    let listeners = settings.addresses.iter();
    let of_addresses = listeners.flat_map(|listener| listener.guests.values());
    let names = of_sockets.chain(of_addresses);
    names
        .map(|name| {
            let guest = Guest::new(name.clone(), &settings.limits);
            (name.clone(), Arc::new(guest))
        })
        .collect()
}
