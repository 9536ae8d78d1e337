//! Where guests come in: who they are, and whether they may.

use std::collections::BTreeMap;
use std::future::pending;
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustix::net::sockopt;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};

use crate::guest::{Guest, TokenBucket, locked};
use crate::http::{self, Farewell, Place};
use crate::socket::BoundSocket;
use crate::store::Store;
use crate::{Limits, Refused};

/// Connections that may be told at a time why they are not served; others are just closed.
const FAREWELLS: usize = 64;
/// The pause after the system could not give a connection: most often there are too many open files.
const AFTER_A_FAILURE: Duration = Duration::from_millis(200);
/// A guest that vanished without a word is found after about two minutes.
const SILENCE: Duration = Duration::from_secs(60);
const PROBE_EVERY: Duration = Duration::from_secs(15);
const PROBES: u32 = 4;

/// What all listeners share.
#[derive(Clone)]
pub(crate) struct Entrance {
    pub(crate) store: Arc<Store>,
    limits: Arc<Limits>,
    places: Arc<Semaphore>,
    farewells: Arc<Semaphore>,
    warnings: Arc<Mutex<TokenBucket>>,
    pub(crate) refused: watch::Receiver<Refused>,
    stop: watch::Receiver<bool>,
}

impl Entrance {
    pub(crate) fn new(store: Arc<Store>, limits: Limits, stop: watch::Receiver<bool>) -> Self {
        Self {
            store,
            places: Arc::new(Semaphore::new(limits.all_connections)),
            farewells: Arc::new(Semaphore::new(FAREWELLS)),
            limits: Arc::new(limits),
            warnings: Arc::new(Mutex::new(TokenBucket::new(1, Instant::now()))),
            refused: watch::channel(Refused::new()).1,
            stop,
        }
    }

    /// Serves whoever connects to the socket as `guest`.
    pub(crate) async fn accept_at_socket(self, socket: BoundSocket, guest: Arc<Guest>) {
        loop {
            match socket.listener.accept().await {
                Ok((stream, _)) => self.admit(stream, &guest, pending()),
                Err(error) => self.rest(&error).await,
            }
        }
    }

    /// Serves those that come from the address of a guest.
    pub(crate) async fn accept_at_address(
        self,
        listener: TcpListener,
        guests: BTreeMap<IpAddr, Arc<Guest>>,
    ) {
        loop {
            match listener.accept().await {
                Ok((stream, from)) => {
                    let from = from.ip().to_canonical();
                    match guests.get(&from) {
                        Some(guest) => self.admit_from(from, stream, guest),
                        None => self.say_farewell(stream, Farewell::Stranger),
                    }
                }
                Err(error) => self.rest(&error).await,
            }
        }
    }

    /// Waits until every connection has ended.
    pub(crate) async fn until_all_have_left(&self) {
        let all = u32::try_from(self.limits.all_connections).unwrap_or(u32::MAX);
        let _ = self.places.acquire_many(all).await;
    }

    fn admit_from(&self, from: IpAddr, stream: TcpStream, guest: &Arc<Guest>) {
        if let Some(reason) = self.refused.borrow().get(&from) {
            self.warn(
                || tracing::warn!(guest = guest.name, %from, reason, "a guest is not served"),
            );
            return self.say_farewell(stream, Farewell::Unproven);
        }
        if prepare(&stream).is_ok() {
            self.admit(stream, guest, refusal(self.refused.clone(), from));
        }
    }

    /// Serves a connection until it ends, or `until` is ready.
    fn admit<S>(
        &self,
        stream: S,
        guest: &Arc<Guest>,
        until: impl Future<Output = ()> + Send + 'static,
    ) where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let Some(of_guest) = guest.connection() else {
            return self.say_farewell(stream, Farewell::TooMany);
        };
        let Ok(of_all) = self.places.clone().try_acquire_owned() else {
            return self.say_farewell(stream, Farewell::Full);
        };
        let place = Place {
            store: self.store.clone(),
            guest: guest.clone(),
            limits: self.limits.clone(),
        };
        let stop = self.stop.clone();
        tokio::spawn(async move {
            let _taken = (of_guest, of_all);
            tokio::select! {
                () = http::serve(stream, place, stop) => {}
                () = until => {}
            }
        });
    }

    fn say_farewell<S>(&self, stream: S, why: Farewell)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        if let Ok(permit) = self.farewells.clone().try_acquire_owned() {
            tokio::spawn(async move {
                let _permit = permit;
                http::turn_away(stream, why).await;
            });
        }
    }

    /// All listeners fail together when there are too many open files: one line a second is enough.
    async fn rest(&self, error: &io::Error) {
        self.warn(|| tracing::warn!(%error, "cannot accept connections of guests"));
        tokio::time::sleep(AFTER_A_FAILURE).await;
    }

    fn warn(&self, write: impl FnOnce()) {
        if locked(&self.warnings).take(Instant::now()) {
            write();
        }
    }
}

/// Ready when the address tells no longer who asks.
async fn refusal(mut refused: watch::Receiver<Refused>, from: IpAddr) {
    let is_refused = refused.wait_for(|refused| refused.contains_key(&from));
    if is_refused.await.is_err() {
        // Nobody judges addresses.
        pending().await
    }
}

fn prepare(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    sockopt::set_socket_keepalive(stream, true)?;
    sockopt::set_tcp_keepidle(stream, SILENCE)?;
    sockopt::set_tcp_keepintvl(stream, PROBE_EVERY)?;
    Ok(sockopt::set_tcp_keepcnt(stream, PROBES)?)
}
