//! Hanging GETs, over real sockets.

use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use crate::server::{Server, reply, say};
use metadata::{Failure, Key};
use metadata_client::{Client, Limits};

/// The hanging GETs of these tests would hang for a minute.
const SOON: Duration = Duration::from_secs(30);

fn client(server: &Server) -> Client {
    Client::at(&server.host()).unwrap()
}

#[test]
fn the_etag_of_a_reply_is_what_the_next_request_has_seen() {
    let server = Server::new(|seen, stream| {
        let next = match seen.line() {
            line if line.contains("last_etag=NONE") => "e1",
            line if line.contains("last_etag=e1") => "\"e2 &x\"",
            _ => "e3",
        };
        say(stream, reply(next, next))
    });
    let mut watch = client(&server).watch_key(Key::stop_state());
    let values = [(); 3].map(|()| watch.next_reply().unwrap().value);
    assert_eq!(values, ["e1", "\"e2 &x\"", "e3"]);

    let seen = server.seen();
    let queries = seen
        .iter()
        .map(|one| one.line().split(['?', ' ']).nth(2).unwrap());
    assert_eq!(
        queries.collect::<Vec<_>>(),
        [
            "wait_for_change=true&last_etag=NONE&timeout_sec=60",
            "wait_for_change=true&last_etag=e1&timeout_sec=60",
            "wait_for_change=true&last_etag=%22e2%20%26x%22&timeout_sec=60",
        ]
    );
    let path = "GET /computeMetadata/v1/instance/shutdown-details/stop-state?";
    assert!(seen.iter().all(|one| one.line().starts_with(path)));
    assert!(
        seen.iter().all(|one| one.connection == 0),
        "one connection is used again"
    );
}

#[test]
fn each_watch_has_its_own_etag_and_connection() {
    let server =
        Server::new(|seen, stream| say(stream, reply(&format!("e{}", seen.connection), "x")));
    let client = client(&server);
    let key = Key::stop_state();
    let (mut one, mut other) = (client.watch_key(key.clone()), client.watch_key(key));
    for _ in 0..2 {
        one.next_reply().unwrap();
        other.next_reply().unwrap();
    }
    let seen = server.seen();
    let etags = [("NONE", 0), ("NONE", 1), ("e0", 0), ("e1", 1)];
    for (one, (etag, connection)) in seen.iter().zip(etags) {
        assert!(
            one.line().contains(&format!("last_etag={etag}&")),
            "{}",
            one.line()
        );
        assert_eq!(one.connection, connection);
    }
}

#[test]
fn a_failure_forgets_nothing_and_a_reply_without_etag_waits_for_the_next_change() {
    let server = Server::new(|seen, stream| match seen.line() {
        line if line.contains("last_etag=NONE") => say(stream, reply("e1", "x")),
        line if line.contains("last_etag=e1") && seen.connection == 0 => {
            say(
                stream,
                "HTTP/1.1 503 Wait\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
            );
            false
        }
        _ => say(
            stream,
            "HTTP/1.1 200 OK\r\nMetadata-Flavor: Google\r\nContent-Length: 0\r\n\r\n",
        ),
    });
    let mut watch = client(&server).watch_key(Key::stop_state());
    assert_eq!(watch.next_reply().unwrap().etag.as_deref(), Some("e1"));
    assert_eq!(watch.next_reply(), Err(Failure::Status(503)));
    assert_eq!(watch.next_reply().unwrap().etag, None);
    watch.next_reply().unwrap();
    let seen = server.seen();
    assert!(seen[2].line().contains("last_etag=e1"));
    assert!(!seen[3].line().contains("last_etag"));
}

#[test]
fn a_change_wakes_the_one_who_waits() {
    let (change, changed) = mpsc::channel::<()>();
    let changed = std::sync::Mutex::new(changed);
    let server = Server::new(move |seen, stream| {
        if !seen.line().contains("last_etag=NONE") {
            changed.lock().unwrap().recv().unwrap();
        }
        say(stream, reply("e1", "PENDING_STOP"))
    });
    let mut watch = client(&server).watch_key(Key::stop_state());
    watch.next_reply().unwrap();
    let waiting = thread::spawn(move || watch.next_reply());
    while server.seen().len() < 2 {
        thread::sleep(Duration::from_millis(5));
    }
    assert!(!waiting.is_finished());
    change.send(()).unwrap();
    assert_eq!(waiting.join().unwrap().unwrap().value, "PENDING_STOP");
}

#[test]
fn who_waits_can_be_called_off_at_once_and_for_good() {
    // Before the head, in the middle of it, and in a body that the connection's end would end.
    let parts: [&[u8]; 3] = [
        b"",
        b"HTTP/1.1 200 OK\r\nMetadata-",
        b"HTTP/1.1 200 OK\r\nMetadata-Flavor: Google\r\n\r\nhalf",
    ];
    for part in parts {
        let server = Server::new(move |_, stream| {
            say(stream, part);
            thread::sleep(2 * SOON);
            false
        });
        let client = client(&server).with_limits(Limits {
            whole: 2 * SOON,
            ..Limits::default()
        });
        let mut watch = client.watch_key(Key::stop_state());
        let canceller = watch.canceller();
        let waiting = thread::spawn(move || (watch.next_reply(), watch.next_reply()));
        while server.seen().is_empty() {
            thread::sleep(Duration::from_millis(5));
        }
        // So that what was sent is read before.
        thread::sleep(Duration::from_millis(50));
        let began = Instant::now();
        canceller.cancel();
        let ended = waiting.join().unwrap();
        assert_eq!(ended, (Err(Failure::Cancelled), Err(Failure::Cancelled)));
        assert!(began.elapsed() < SOON);
        let again = client.watch_key(Key::stop_state()).canceller();
        again.cancel();
    }
}

#[test]
fn one_watch_called_off_leaves_the_others_and_the_client_alone() {
    let server = Server::new(|_, stream| say(stream, reply("e1", "x")));
    let client = client(&server);
    let (gone, mut kept) = (
        client.watch_key(Key::stop_state()),
        client.watch_key(Key::stop_state()),
    );
    gone.canceller().cancel();
    assert_eq!(kept.next_reply().unwrap().value, "x");
    assert_eq!(client.get(&Key::stop_state()).unwrap().value, "x");
}
