//! A host with two guests, whose server can be ended and started again.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use metadata::Key;
use metadata::control::{Answer, Change, Command, Record, Scope};
use metadata::server::{GuestFacts, Service};
use metadata_server::control::{Client, ClientError};
use metadata_server::{AddressListener, GuestSocket, Limits, Refused, Server, Settings, Shelf};
use tempfile::TempDir;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

use crate::client::Connection;

pub(crate) const GUESTS: [&str; 2] = ["web1", "web2"];
/// Longer than anything takes that goes well.
pub(crate) const AMPLE: Duration = Duration::from_secs(60);

/// A shelf in memory, which can be broken.
#[derive(Default)]
pub(crate) struct Memory {
    kept: Mutex<Vec<Record>>,
    broken: Mutex<bool>,
}

impl Memory {
    pub(crate) fn kept(&self) -> Vec<Record> {
        self.kept.lock().unwrap().clone()
    }

    pub(crate) fn set_broken(&self, is_broken: bool) {
        *self.broken.lock().unwrap() = is_broken;
    }
}

impl Shelf for Memory {
    fn keep(&self, records: &[Record]) -> Result<(), String> {
        if *self.broken.lock().unwrap() {
            return Err("the disk is full".to_owned());
        }
        self.kept.lock().unwrap().extend_from_slice(records);
        Ok(())
    }
}

pub(crate) struct Host {
    dir: TempDir,
    limits: Limits,
    pub(crate) shelf: Arc<Memory>,
    sources: BTreeMap<IpAddr, String>,
    refused: watch::Receiver<Refused>,
    addresses: Vec<SocketAddr>,
    running: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
}

impl Host {
    pub(crate) async fn start() -> Self {
        Self::start_with(Limits::default(), &[]).await
    }

    /// With limits, and with guests that come over TCP from these addresses.
    pub(crate) async fn start_with(limits: Limits, sources: &[(&str, &str)]) -> Self {
        let sources = sources.iter();
        let sources = sources.map(|(from, guest)| (from.parse().unwrap(), (*guest).to_owned()));
        let mut host = Self {
            dir: TempDir::new().unwrap(),
            limits,
            shelf: Arc::default(),
            sources: sources.collect(),
            refused: watch::channel(Refused::new()).1,
            addresses: Vec::new(),
            running: None,
        };
        host.run().await;
        host
    }

    /// Starts the server with what the shelf has kept.
    pub(crate) async fn run(&mut self) {
        let mut service = Service::new(7, metadata::server::Limits::default());
        for guest in GUESTS {
            service.add_guest(guest, GuestFacts::default());
        }
        for record in self.shelf.kept() {
            service.restore(record);
        }
        let server = Server::bind(self.settings(), service, self.shelf.clone());
        let mut server = server.await.unwrap();
        server.refuse(self.refused.clone());
        self.addresses = server.addresses();
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(server.run(async move {
            let _ = stopped.await;
        }));
        self.running = Some((stop, task));
    }

    /// Starts it again with addresses that are refused, and who can change them.
    pub(crate) async fn refuse(&mut self, refused: Refused) -> watch::Sender<Refused> {
        self.stop().await;
        let (sender, receiver) = watch::channel(refused);
        self.refused = receiver;
        self.run().await;
        sender
    }

    /// Ends the server and waits for its end.
    pub(crate) async fn stop(&mut self) {
        let (stop, task) = self.running.take().unwrap();
        stop.send(()).unwrap();
        tokio::time::timeout(AMPLE, task).await.unwrap().unwrap();
    }

    pub(crate) fn settings(&self) -> Settings {
        let sockets = GUESTS.map(|guest| GuestSocket {
            guest: guest.to_owned(),
            path: self.socket(guest),
            mode: 0o600,
        });
        let address = AddressListener {
            address: "127.0.0.1:0".parse().unwrap(),
            guests: self.sources.clone(),
        };
        Settings {
            control: self.control(),
            sockets: sockets.into(),
            addresses: (!self.sources.is_empty())
                .then_some(address)
                .into_iter()
                .collect(),
            limits: self.limits.clone(),
        }
    }

    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn socket(&self, guest: &str) -> PathBuf {
        self.dir().join(format!("{guest}.sock"))
    }

    pub(crate) fn control(&self) -> PathBuf {
        self.dir().join("control.sock")
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.addresses[0]
    }

    pub(crate) async fn connect(&self, guest: &str) -> Connection {
        Connection::unix(&self.socket(guest)).await
    }

    pub(crate) async fn ask(&self, command: &Command) -> Result<Answer, ClientError> {
        Client::connect(&self.control()).await?.ask(command).await
    }

    /// Sets values of a guest, as an operator.
    pub(crate) async fn set(&self, guest: &str, values: &[(&str, &str)]) {
        let changes = values.iter().map(|(key, value)| change(key, Some(value)));
        let changes = changes.collect();
        let scope = Scope::Guest(guest.to_owned());
        let answer = self.ask(&Command::Change { scope, changes }).await.unwrap();
        assert_eq!(answer, Answer::Changed);
    }

    /// Whether a watcher of the guest is present.
    pub(crate) async fn is_watched(&self, guest: &str) -> bool {
        let guest = guest.to_owned();
        match self.ask(&Command::Presence { guest }).await.unwrap() {
            Answer::Presence { watcher, .. } => watcher,
            other => panic!("{other:?}"),
        }
    }

    /// Waits until a watcher is there.
    pub(crate) async fn until_watched(&self, guest: &str) {
        let watched = async {
            while !self.is_watched(guest).await {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(AMPLE, watched).await.unwrap();
    }
}

pub(crate) fn change(key: &str, value: Option<&str>) -> Change {
    Change {
        key: key.parse().unwrap(),
        value: value.map(str::to_owned),
    }
}

pub(crate) fn key(text: &str) -> Key {
    text.parse().unwrap()
}
