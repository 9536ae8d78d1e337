//! A forwarded port, as user networking makes them: it accepts, whatever the guest does.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Forwards connections to a port. They can be frozen: kept open without a byte going through.
pub(crate) struct Forwarder {
    pub(crate) port: u16,
    freeze: watch::Sender<usize>,
    open: Arc<AtomicUsize>,
    accepting: tokio::task::JoinHandle<()>,
}

impl Forwarder {
    pub(crate) async fn to(port: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let own = listener.local_addr().unwrap().port();
        let (freeze, _) = watch::channel(0);
        let open = Arc::new(AtomicUsize::new(0));
        let (frozen, counter) = (freeze.clone(), Arc::clone(&open));
        let accepting = tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let mut frozen = frozen.subscribe();
                let counter = Arc::clone(&counter);
                counter.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(async move {
                    forward(near, port, &mut frozen).await;
                    counter.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        Self {
            port: own,
            freeze,
            open,
            accepting,
        }
    }

    /// Freezes the connections that are open now; new ones work.
    pub(crate) fn freeze(&self) {
        self.freeze.send_modify(|round| *round += 1);
    }

    /// How many connections are open.
    pub(crate) fn open(&self) -> usize {
        self.open.load(Ordering::SeqCst)
    }
}

async fn forward(mut near: TcpStream, port: u16, frozen: &mut watch::Receiver<usize>) {
    let Ok(mut far) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await else {
        return;
    };
    tokio::select! {
        _ = copy_bidirectional(&mut near, &mut far) => {}
        _ = frozen.changed() => std::future::pending::<()>().await,
    }
}

impl Drop for Forwarder {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}
