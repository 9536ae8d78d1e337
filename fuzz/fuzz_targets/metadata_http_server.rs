//! What a guest sends over one connection to the metadata server. The first line is how: a byte of
//! flags, then the lengths of the pieces, in turn. The clock stands still while anybody is at work.
#![no_main]

use std::cell::LazyCell;
use std::sync::Arc;
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use metadata::control::{Record, Scope};
use metadata_server::{Limits, Shelf, serve_single};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, ReadHalf, WriteHalf, duplex, split};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Notify;
use tokio::task::yield_now;
use tokio::time::{sleep, timeout};
use two_guests::{SECRET, service};

mod two_guests;

/// Takes nothing before everything is sent.
const READS_LATE: u8 = 1;
/// Closes its sending end after the last byte.
const CLOSES: u8 = 2;
/// Is gone after the last byte.
const LEAVES: u8 = 4;
/// The server ends after the last byte.
const STOPS: u8 = 8;
/// Rests between the pieces.
const PAUSES: u8 = 16;
/// Nothing can be kept.
const IS_FULL: u8 = 32;

/// Bytes of the shortest request: `A / HTTP/1.1`, and two line ends.
const SHORTEST: usize = 14;
/// Bytes of a reply: two_guests::LIMITS as JSON with escapes, and the head.
const LONGEST_REPLY: usize = 8 << 10;
/// How long a guest waits, by the clock that stands still.
const PATIENCE: Duration = Duration::from_secs(600);

thread_local! {
    static RUNTIME: LazyCell<Runtime> = LazyCell::new(|| {
        let mut builder = Builder::new_current_thread();
        builder.enable_time().start_paused(true);
        builder.build().expect("a runtime")
    });
}

fuzz_target!(|bytes: &[u8]| {
    let mut parts = bytes.splitn(2, |byte| *byte == b'\n');
    let (Some([how, cuts @ ..]), Some(sent)) = (parts.next(), parts.next()) else {
        return;
    };
    if contains(sent, SECRET.as_bytes()) {
        return;
    }
    let heard = RUNTIME.with(|runtime| runtime.block_on(talk(*how, cuts, sent)));
    assert!(heard.len() <= (sent.len() / SHORTEST + 1) * LONGEST_REPLY);
    assert!(!contains(&heard, SECRET.as_bytes()));
    let mut rest = heard.as_slice();
    let mut replies = 0;
    while let Some(after) = reply(rest) {
        rest = after;
        replies += 1;
    }
    // A request may be preceded by `100 Continue`.
    assert!(replies <= 2 * (sent.len() / SHORTEST + 1));
});

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

async fn talk(how: u8, cuts: &[u8], sent: &[u8]) -> Vec<u8> {
    let (server, guest) = duplex(512);
    let stop = Notify::new();
    let limits = Limits {
        body: 128,
        ..Limits::default()
    };
    let shelf = Arc::new(OfWeb {
        is_full: how & IS_FULL != 0,
    });
    let serve = serve_single(server, "web", service(), shelf, limits, stop.notified());
    let served = async {
        let ended = timeout(2 * PATIENCE, serve).await;
        ended.expect("the server ends the connection");
    };
    let heard = speak(guest, how, cuts, sent, &stop);
    tokio::join!(served, heard).1
}

async fn speak(stream: DuplexStream, how: u8, cuts: &[u8], sent: &[u8], stop: &Notify) -> Vec<u8> {
    let (from, mut to) = split(stream);
    let send = async {
        // An error: the server has had enough.
        let _ = send(&mut to, how, cuts, sent).await;
        if how & STOPS != 0 {
            stop.notify_one();
        }
    };
    if how & LEAVES != 0 {
        send.await;
        return Vec::new();
    }
    if how & READS_LATE != 0 {
        send.await;
        return hear(from, stop).await;
    }
    tokio::join!(send, hear(from, stop)).1
}

async fn send(
    to: &mut WriteHalf<DuplexStream>,
    how: u8,
    cuts: &[u8],
    mut sent: &[u8],
) -> std::io::Result<()> {
    let mut cuts = cuts.iter().cycle();
    while !sent.is_empty() {
        let cut = cuts.next().map_or(sent.len(), |cut| usize::from(*cut));
        let (piece, rest) = sent.split_at(cut.clamp(1, sent.len()));
        to.write_all(piece).await?;
        if how & PAUSES != 0 {
            sleep(Duration::from_secs(1)).await;
        }
        yield_now().await;
        sent = rest;
    }
    if how & CLOSES != 0 {
        to.shutdown().await?;
    }
    Ok(())
}

async fn hear(mut from: ReadHalf<DuplexStream>, stop: &Notify) -> Vec<u8> {
    let mut heard = Vec::new();
    if timeout(PATIENCE, from.read_to_end(&mut heard))
        .await
        .is_err()
    {
        stop.notify_one();
        let _ = from.read_to_end(&mut heard).await;
    }
    heard
}

/// Keeps nothing, and only what is this guest's.
struct OfWeb {
    is_full: bool,
}

impl Shelf for OfWeb {
    fn keep(&self, records: &[Record]) -> Result<(), String> {
        for record in records {
            assert_eq!(record.scope, Scope::Guest("web".to_owned()));
            let directory = "instance/guest-attributes/";
            assert!(record.key.as_str().starts_with(directory));
        }
        match self.is_full {
            true => Err("the disk is full".to_owned()),
            false => Ok(()),
        }
    }
}

/// Checks one reply; what follows it, unless it is the last or broke off.
fn reply(bytes: &[u8]) -> Option<&[u8]> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let (head, rest) = (
        str::from_utf8(&bytes[..end]).expect("text"),
        &bytes[end + 4..],
    );
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap_or_default();
    let status = status
        .strip_prefix("HTTP/1.")
        .and_then(|status| status.get(2..5))
        .expect("a status");
    let (mut length, mut is_json, mut flavor) = (0, false, None);
    for line in lines {
        let (name, value) = line.split_once(": ").expect("a header");
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().expect("a number"),
            "content-type" => is_json = value == "application/json",
            "metadata-flavor" => flavor = Some(value),
            "connection" | "date" | "etag" | "location" => {}
            other => panic!("a header {other}"),
        }
    }
    match status {
        "200" => assert_eq!(flavor, Some("Google")),
        "100" => return Some(rest),
        "301" | "400" | "403" | "404" | "405" | "408" | "413" | "414" | "429" | "431" | "503" => {}
        other => panic!("status {other}"),
    }
    // To a HEAD, which is refused.
    if status != "200" && rest.starts_with(b"HTTP/1.") {
        return Some(rest);
    }
    let (body, rest) = rest.split_at_checked(length)?;
    if is_json {
        serde_json::from_slice::<serde_json::Value>(body).expect("JSON");
    }
    Some(rest)
}
