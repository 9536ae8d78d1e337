//! The server's end.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use metadata::Key;
use metadata::control::{Answer, Command, Scope};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{Semaphore, watch};

use super::lines::Lines;
use crate::socket::BoundSocket;
use crate::store::Store;

/// Controllers at a time; others wait until one leaves.
const CONTROLLERS: usize = 64;
/// The longest command: a change of all that a guest may have, written as JSON.
const LONGEST: usize = 8 << 20;
/// How long a controller may take to send its command, and to take an answer.
const MOVES_WITHIN: Duration = Duration::from_secs(10);
const AFTER_A_FAILURE: Duration = Duration::from_millis(200);

/// Answers controllers.
pub(crate) async fn serve(socket: BoundSocket, store: Arc<Store>, stop: watch::Receiver<bool>) {
    let places = Arc::new(Semaphore::new(CONTROLLERS));
    while let Ok(place) = places.clone().acquire_owned().await {
        match socket.listener.accept().await {
            Ok((stream, _)) => {
                let (store, stop) = (store.clone(), stop.clone());
                tokio::spawn(async move {
                    let _place = place;
                    // A controller that leaves is no failure.
                    let _ = converse(stream, &store, stop).await;
                });
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept connections of controllers");
                tokio::time::sleep(AFTER_A_FAILURE).await;
            }
        }
    }
}

async fn converse(
    stream: UnixStream,
    store: &Arc<Store>,
    mut stop: watch::Receiver<bool>,
) -> io::Result<()> {
    let (mut reader, mut writer) = stream.into_split();
    let line = tokio::select! {
        line = Lines::new(&mut reader, LONGEST).within() => line?,
        _ = stop.wait_for(|is_stopping| *is_stopping) => None,
    };
    let Some(line) = line else { return Ok(()) };
    let answer = match serde_json::from_slice(&line) {
        // The error's own text may quote a value.
        Err(error) => {
            let column = error.column();
            let why = format!("that is no command that this server knows (column {column})");
            Answer::Refused(why)
        }
        Ok(Command::Watch { scope, key }) => match store.check(&scope) {
            Err(error) => Answer::Refused(error.to_string()),
            Ok(()) => {
                drop(line);
                return tokio::select! {
                    ended = follow(&mut writer, store, &scope, &key) => ended,
                    () = has_left(&mut reader) => Ok(()),
                    _ = stop.wait_for(|is_stopping| *is_stopping) => Ok(()),
                };
            }
        },
        Ok(Command::Get { scope, key }) => get(store, &scope, &key),
        Ok(Command::Change { scope, changes }) => match store.change(scope, changes).await {
            Ok(()) => Answer::Changed,
            Err(error) => Answer::Refused(error.to_string()),
        },
        Ok(Command::Presence { guest }) => presence(store, guest),
    };
    send(&mut writer, &answer).await
}

impl Lines<&mut OwnedReadHalf> {
    async fn within(mut self) -> io::Result<Option<Vec<u8>>> {
        tokio::time::timeout(MOVES_WITHIN, self.next()).await?
    }
}

fn get(store: &Store, scope: &Scope, key: &Key) -> Answer {
    match store.check(scope) {
        Ok(()) => Answer::Values(store.service().values(scope, key)),
        Err(error) => Answer::Refused(error.to_string()),
    }
}

fn presence(store: &Store, guest: String) -> Answer {
    if let Some(guest) = store.guest(&guest) {
        return guest.presence();
    }
    match store.check(&Scope::Guest(guest)) {
        // It has neither socket nor address, so it cannot ask.
        Ok(()) => Answer::Presence {
            watcher: false,
            last_request: None,
        },
        Err(error) => Answer::Refused(error.to_string()),
    }
}

/// Tells the values, and again after each change of them. Changes that follow one another more
/// quickly than the controller takes the answers are told together.
async fn follow(
    writer: &mut OwnedWriteHalf,
    store: &Store,
    scope: &Scope,
    key: &Key,
) -> io::Result<()> {
    let mut changes = store.changes();
    let mut told = None;
    loop {
        changes.borrow_and_update();
        let (revision, values) = {
            let service = store.service();
            let revision = service.revision(scope, key);
            let is_new = told != Some(revision);
            (revision, is_new.then(|| service.values(scope, key)))
        };
        if let Some(values) = values {
            send(writer, &Answer::Values(values)).await?;
            told = Some(revision);
        }
        if changes.changed().await.is_err() {
            return Ok(());
        }
    }
}

/// A controller that watches has nothing more to say.
async fn has_left(reader: &mut OwnedReadHalf) {
    let _ = reader.read_u8().await;
}

async fn send(writer: &mut OwnedWriteHalf, answer: &Answer) -> io::Result<()> {
    let mut line = serde_json::to_vec(answer)?;
    line.push(b'\n');
    tokio::time::timeout(MOVES_WITHIN, writer.write_all(&line)).await?
}
