//! Guests that mean no good: memory stays bounded, and another guest is served all the while.

use std::time::Duration;

use metadata_server::Limits;

use crate::client::{Connection, Reply, STOP_STATE, get_head};
use crate::host::{AMPLE, Host};

/// Resident memory of this process, which the server is part of.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kib = line.and_then(|line| line.split_ascii_whitespace().nth(1));
    kib.unwrap().parse::<usize>().unwrap() << 10
}

fn impatient() -> Limits {
    Limits {
        request_within: Duration::from_secs(1),
        ..Limits::default()
    }
}

async fn other_guest_is_served(host: &Host) {
    let mut other = host.connect("web2").await;
    let reply = tokio::time::timeout(AMPLE, other.get(STOP_STATE))
        .await
        .unwrap();
    assert_eq!(reply.status, 200);
}

#[tokio::test]
async fn heads_that_never_end_are_cut_off() {
    let host = Host::start_with(impatient(), &[]).await;
    let mut slow = Vec::new();
    for _ in 0..64 {
        let mut connection = host.connect("web1").await;
        connection
            .send("GET /computeMetadata/v1/ HTTP/1.1\r\nX-Slow: ")
            .await;
        slow.push(connection);
    }
    other_guest_is_served(&host).await;
    for mut connection in slow {
        connection.until_closed().await;
    }
    let mut again = host.connect("web1").await;
    assert_eq!(
        again.get(STOP_STATE).await.status,
        200,
        "its places are free again"
    );
}

#[tokio::test]
async fn bodies_that_never_end_are_cut_off() {
    let host = Host::start_with(impatient(), &[]).await;
    let mut slow = Vec::new();
    for _ in 0..8 {
        let mut connection = host.connect("web1").await;
        let head = "PUT /computeMetadata/v1/instance/guest-attributes/a/b HTTP/1.1\r\nHost: m\r\n\
                    Metadata-Flavor: Google\r\nContent-Length: 1000\r\n\r\nx";
        connection.send(head).await;
        slow.push(connection);
    }
    other_guest_is_served(&host).await;
    for mut connection in slow {
        let reply = connection.reply().await;
        assert!(matches!(reply.status, 408 | 429), "{reply:?}");
        connection.until_closed().await;
    }
}

#[tokio::test]
async fn endless_heads_take_no_memory() {
    let host = Host::start().await;
    let before = resident();
    for _ in 0..20 {
        let mut connection = host.connect("web1").await;
        connection
            .send("GET /computeMetadata/v1/ HTTP/1.1\r\nX-Large: ")
            .await;
        let sent = connection.send_until_closed(&[b'x'; 4096], 10 << 20).await;
        assert!(sent < 1 << 20, "{sent} bytes of a head were taken");
    }
    other_guest_is_served(&host).await;
    let grown = resident().saturating_sub(before);
    assert!(grown < 64 << 20, "{grown}");
}

#[tokio::test]
async fn a_huge_value_is_refused_before_it_has_come() {
    let host = Host::start().await;
    let head = "PUT /computeMetadata/v1/instance/guest-attributes/a/b HTTP/1.1\r\nHost: m\r\n\
                Metadata-Flavor: Google\r\n";
    let mut declared = host.connect("web1").await;
    declared
        .send(format!("{head}Content-Length: 100000000000\r\n\r\n"))
        .await;
    assert_eq!(declared.reply().await.status, 413);
    let mut chunked = host.connect("web1").await;
    chunked
        .send(format!("{head}Transfer-Encoding: chunked\r\n\r\n"))
        .await;
    let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x10000));
    let sent = chunked.send_until_closed(chunk.as_bytes(), 64 << 20).await;
    assert!(sent < 8 << 20, "{sent} bytes of a value were taken");
    other_guest_is_served(&host).await;
    assert!(host.shelf.kept().is_empty());
}

#[tokio::test]
async fn a_guest_cannot_have_a_million_values() {
    let limits = Limits {
        requests_per_second: 1_000_000,
        ..Limits::default()
    };
    let host = Host::start_with(limits, &[]).await;
    let mut guest = host.connect("web1").await;
    let mut kept = 0;
    for number in 0..2000 {
        let path = format!("instance/guest-attributes/a/{number}");
        match guest.put(&path, "x").await.status {
            200 => kept += 1,
            400 => {}
            other => panic!("{other}"),
        }
    }
    assert!((1..1000).contains(&kept), "{kept}");
    assert_eq!(host.shelf.kept().len(), kept);
    other_guest_is_served(&host).await;
}

#[tokio::test]
async fn garbage_ends_the_connection_and_nothing_else() {
    let host = Host::start().await;
    let garbage = [
        "\u{0}\u{1}\u{2}\r\n\r\n".to_owned(),
        "GET\r\n\r\n".repeat(1000),
        format!("{}\u{16}\u{3}\u{1}", get_head(STOP_STATE)),
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(),
        "GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n".to_owned(),
        "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFFF\r\n".to_owned(),
        format!("GET /{} HTTP/1.1\r\n\r\n", "a".repeat(7000)),
    ];
    for bytes in garbage {
        let mut connection = host.connect("web1").await;
        connection
            .send_until_closed(bytes.as_bytes(), bytes.len())
            .await;
        drop(connection);
        other_guest_is_served(&host).await;
    }
}

/// Sixty connections ask for a large directory many times and take nothing of it.
#[tokio::test]
async fn replies_that_are_not_taken_are_bounded() {
    let limits = Limits {
        requests_per_second: 1_000_000,
        ..Limits::default()
    };
    let host = Host::start_with(limits, &[]).await;
    let large = "x".repeat(200 << 10);
    host.set(
        "web1",
        &[
            ("instance/attributes/a", &large),
            ("instance/attributes/b", &large),
        ],
    )
    .await;
    let before = resident();
    let mut deaf = Vec::new();
    for _ in 0..60 {
        let mut connection: Connection = host.connect("web1").await;
        connection
            .send(get_head("?recursive=true").repeat(20))
            .await;
        deaf.push(connection);
    }
    let mut guest = host.connect("web1").await;
    until_status(&mut guest, "?recursive=true", 503).await;
    assert_eq!(guest.get(STOP_STATE).await.status, 200, "small ones are");
    let mut other = host.connect("web2").await;
    assert_eq!(other.get("?recursive=true").await.status, 200);
    let grown = resident().saturating_sub(before);
    assert!(grown < 48 << 20, "{grown}");
    drop(deaf);
    let reply = until_status(&mut guest, "?recursive=true", 200).await;
    assert!(reply.body.len() > 400 << 10);
}

async fn until_status(guest: &mut Connection, path: &str, status: u16) -> Reply {
    let seen = async {
        loop {
            let reply = guest.get(path).await;
            if reply.status == status {
                return reply;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(AMPLE, seen).await.unwrap()
}

#[tokio::test]
async fn a_guest_that_connects_all_the_time_does_not_keep_others_out() {
    let host = Host::start().await;
    let socket = host.socket("web1");
    let flood = tokio::spawn(async move {
        loop {
            drop(tokio::net::UnixStream::connect(&socket).await);
        }
    });
    for _ in 0..20 {
        other_guest_is_served(&host).await;
    }
    flood.abort();
}
