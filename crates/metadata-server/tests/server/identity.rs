//! Who asks.

use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;

use metadata_server::Refused;
use tokio::net::{TcpSocket, TcpStream};

use crate::client::{Connection, STOP_STATE, get_head, wait};
use crate::host::Host;

const NAME: &str = "instance/name";

/// From an address of its own: all of 127.0.0.0/8 is loopback.
async fn connect_from(source: &str, to: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(format!("{source}:0").parse().unwrap()).unwrap();
    socket.connect(to).await.unwrap()
}

#[tokio::test]
async fn a_guest_sees_only_its_own() {
    let host = Host::start().await;
    host.set("web1", &[("instance/attributes/secret", "of web1")])
        .await;
    let mut first = host.connect("web1").await;
    let mut second = host.connect("web2").await;
    let secret = "instance/attributes/secret";
    assert_eq!(first.get(secret).await.body, "of web1");
    assert_eq!(second.get(secret).await.status, 404);
    let all = second.get("?recursive=true").await.body;
    assert!(all.contains("web2") && !all.contains("web1"), "{all}");
    first.put("instance/guest-attributes/a/b", "mine").await;
    assert_eq!(
        second.get("instance/guest-attributes/a/b").await.status,
        404
    );
}

#[tokio::test]
async fn nothing_that_a_guest_sends_makes_it_another() {
    let host = Host::start().await;
    let mut guest = host.connect("web2").await;
    let tries = [
        format!("GET http://web1/computeMetadata/v1/{NAME} HTTP/1.1\r\nHost: web1\r\n"),
        format!("GET /computeMetadata/v1/{NAME}?guest=web1 HTTP/1.1\r\nHost: web1.internal\r\n"),
        format!(
            "GET /computeMetadata/v1/{NAME} HTTP/1.1\r\nHost: m\r\nForwarded: for=web1\r\nX-Real-IP: 127.0.0.2\r\n"
        ),
    ];
    for head in tries {
        guest
            .send(format!("{head}Metadata-Flavor: Google\r\n\r\n"))
            .await;
        let reply = guest.reply().await;
        assert!(
            reply.status == 400 || reply.body == "web2",
            "{head}: {reply:?}"
        );
    }
    for path in [
        "../web1/instance/name",
        "instance/../../web1",
        "%2e%2e/web1/",
    ] {
        let reply = guest.get(path).await;
        assert!(matches!(reply.status, 400 | 404), "{path}: {reply:?}");
    }
}

#[tokio::test]
async fn over_tcp_the_source_address_tells_who_asks() {
    let sources = [("127.0.0.2", "web1"), ("127.0.0.3", "web2")];
    let host = Host::start_with(Default::default(), &sources).await;
    for (source, name) in sources {
        let stream = connect_from(source, host.address()).await;
        assert_eq!(Connection::new(stream).get(NAME).await.body, name);
    }
}

#[tokio::test]
async fn a_stranger_hears_why_it_is_not_served() {
    let sources = [("127.0.0.2", "web1")];
    let host = Host::start_with(Default::default(), &sources).await;
    for head in [
        get_head(NAME),
        "GET / HTTP/1.1\r\n\r\n".repeat(100),
        String::new(),
    ] {
        let mut stranger = Connection::new(connect_from("127.0.0.9", host.address()).await);
        stranger.send(head).await;
        let said = stranger.until_closed().await;
        assert!(said.starts_with("HTTP/1.1 403 "), "{said}");
        assert!(said.contains("belongs to no guest"), "{said}");
    }
}

#[tokio::test]
async fn only_the_servers_user_may_connect() {
    let host = Host::start().await;
    for path in [host.socket("web1"), host.control()] {
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[tokio::test]
async fn a_guest_at_its_most_connections_hears_so_and_others_are_served() {
    let limits = metadata_server::Limits {
        connections: 4,
        ..Default::default()
    };
    let host = Host::start_with(limits, &[]).await;
    let mut open = Vec::new();
    for _ in 0..4 {
        let mut connection = host.connect("web1").await;
        assert_eq!(connection.get(STOP_STATE).await.status, 200);
        open.push(connection);
    }
    let refused = host.connect("web1").await.until_closed().await;
    assert!(refused.starts_with("HTTP/1.1 429 "), "{refused}");
    assert_eq!(host.connect("web2").await.get(STOP_STATE).await.status, 200);
    // A place is free again as soon as one hangs up.
    open.pop();
    loop {
        let mut connection = host.connect("web1").await;
        connection.ask(STOP_STATE).await;
        if connection.reply().await.status == 200 {
            break;
        }
    }
}

#[tokio::test]
async fn an_address_that_proves_nothing_is_refused_while_it_does() {
    let sources = [("127.0.0.2", "web1"), ("127.0.0.3", "web2")];
    let mut host = Host::start_with(Default::default(), &sources).await;
    let reason = (
        "127.0.0.2".parse().unwrap(),
        "others could use it".to_owned(),
    );
    let refused = host.refuse(Refused::from([reason.clone()])).await;
    let ask = async |source: &str| {
        let stream = connect_from(source, host.address()).await;
        Connection::new(stream)
    };
    let mut first = ask("127.0.0.2").await;
    first.ask(NAME).await;
    let said = first.until_closed().await;
    assert!(said.starts_with("HTTP/1.1 403 "), "{said}");
    assert!(!said.contains("web1") && !said.contains("others"), "{said}");
    assert_eq!(ask("127.0.0.3").await.get(NAME).await.body, "web2");

    refused.send_replace(Refused::new());
    let mut first = ask("127.0.0.2").await;
    assert_eq!(first.get(NAME).await.body, "web1");
    let mut second = ask("127.0.0.3").await;
    let etag = first.get(STOP_STATE).await.etag().to_owned();
    first.ask(&wait(STOP_STATE, &etag)).await;

    // What is open is closed, and who hangs is not told anything any more.
    refused.send_replace(Refused::from([reason]));
    assert_eq!(first.until_closed().await, "");
    assert_eq!(second.get(NAME).await.body, "web2");
    let said = ask("127.0.0.2").await.until_closed().await;
    assert!(said.starts_with("HTTP/1.1 403 "), "{said}");
}
