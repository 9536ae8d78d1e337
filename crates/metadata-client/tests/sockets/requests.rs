//! Requests for metadata, over real sockets.

use std::io::Write;
use std::net::TcpListener;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use crate::server::{Seen, Server, reply, say};
use metadata::backoff::Policy;
use metadata::{Failure, Key};
use metadata_client::{Client, Limits, retry};

/// Long enough for any machine, and short enough to see that something ended by itself.
const SOON: Duration = Duration::from_secs(30);

fn key(text: &str) -> Key {
    text.parse().unwrap()
}

fn client(server: &Server) -> Client {
    Client::at(&server.host()).unwrap()
}

fn hasty(server: &Server) -> Client {
    client(server).with_limits(Limits {
        connect: Duration::from_millis(400),
        whole: Duration::from_millis(800),
        hang: Duration::from_millis(400),
        reply: 64,
    })
}

/// What comes back when the server says just that, and closes.
fn answered(bytes: &'static [u8]) -> Result<String, Failure> {
    let server = Server::new(move |_, stream| {
        say(stream, bytes);
        false
    });
    hasty(&server).get(&key("a")).map(|reply| reply.value)
}

#[test]
fn each_status_is_told() {
    for status in [204, 301, 302, 400, 401, 403, 404, 429, 500, 503, 599] {
        let server = Server::new(move |_, stream| {
            say(
                stream,
                format!("HTTP/1.1 {status} Said\r\nContent-Length: 0\r\n\r\n"),
            )
        });
        assert_eq!(client(&server).get(&key("a")), Err(Failure::Status(status)));
    }
}

#[test]
fn what_is_no_reply_is_told_by_its_kind() {
    let garbage = |bytes| match answered(bytes) {
        Err(Failure::Garbage(why)) => why,
        other => panic!("{:?}: {other:?}", String::from_utf8_lossy(bytes)),
    };
    let unreachable = |bytes| match answered(bytes) {
        Err(Failure::Unreachable(why)) => why,
        other => panic!("{:?}: {other:?}", String::from_utf8_lossy(bytes)),
    };
    garbage(b"SSH-2.0-OpenSSH_9.2\r\n\r\n");
    garbage(b"HTTP/1.1 200 OK\r\nContent-Length: five\r\n\r\n");
    let flavor = garbage(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    assert!(flavor.contains("Metadata-Flavor"), "{flavor}");
    garbage(b"HTTP/1.1 200 OK\r\nMetadata-Flavor: Amazon\r\nContent-Length: 2\r\n\r\nok");
    let text =
        garbage(b"HTTP/1.1 200 OK\r\nMetadata-Flavor: Google\r\nContent-Length: 2\r\n\r\n\xff\xfe");
    assert!(text.contains("UTF-8"), "{text}");

    unreachable(b"");
    unreachable(b"HTTP/1.1 200 OK\r\nMetadata-Fla");
    unreachable(b"HTTP/1.1 200 OK\r\nMetadata-Flavor: Google\r\nContent-Length: 9\r\n\r\nhalf");
}

#[test]
fn no_reply_is_larger_than_allowed() {
    let announced = b"HTTP/1.1 200 OK\r\nMetadata-Flavor: Google\r\nContent-Length: 65\r\n\r\n";
    assert_eq!(answered(announced), Err(Failure::TooLarge(64)));
    let endless = Server::new(|_, stream| {
        say(stream, "HTTP/1.1 200 OK\r\nMetadata-Flavor: Google\r\n\r\n");
        while say(stream, [b'x'; 1024]) {}
        false
    });
    assert_eq!(hasty(&endless).get(&key("a")), Err(Failure::TooLarge(64)));
    let head = Server::new(|_, stream| {
        say(stream, "HTTP/1.1 200 OK\r\nX: ");
        while say(stream, [b'x'; 1024]) {}
        false
    });
    assert!(matches!(
        hasty(&head).get(&key("a")),
        Err(Failure::TooLarge(_))
    ));
    let whole = b"HTTP/1.1 200 OK\r\nMetadata-Flavor: Google\r\nContent-Length: 3\r\n\r\n a\n";
    assert_eq!(answered(whole).unwrap(), " a\n");
}

#[test]
fn every_wait_has_an_end() {
    let parts: [&[u8]; 3] = [
        b"",
        b"HTTP/1.1 200 OK\r\nMetadata-Fla",
        b"HTTP/1.1 200 OK\r\nMetadata-Flavor: Google\r\nContent-Length: 9\r\n\r\nhalf",
    ];
    for part in parts {
        let stalling = Server::new(move |_, stream| {
            say(stream, part);
            thread::sleep(2 * SOON);
            false
        });
        let began = Instant::now();
        let ended = hasty(&stalling).get(&key("a"));
        assert!(matches!(ended, Err(Failure::TimedOut(_))), "{ended:?}");
        let watched = hasty(&stalling).watch_key(key("a")).next_reply();
        assert!(matches!(watched, Err(Failure::TimedOut(_))), "{watched:?}");
        assert!(began.elapsed() < SOON);
    }
}

#[test]
fn a_byte_now_and_then_does_not_lengthen_the_deadline() {
    let dripping = Server::new(|_, stream| {
        say(
            stream,
            "HTTP/1.1 200 OK\r\nMetadata-Flavor: Google\r\nContent-Length: 60\r\n\r\n",
        );
        while say(stream, "x") {
            thread::sleep(Duration::from_millis(100));
        }
        false
    });
    let ended = hasty(&dripping).get(&key("a"));
    assert!(matches!(ended, Err(Failure::TimedOut(_))), "{ended:?}");
}

#[test]
fn nobody_there_is_refused() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    let client = Client::at(&address).unwrap();
    assert_eq!(client.get(&key("a")), Err(Failure::Refused));
    assert_eq!(client.put(&key("a"), "b"), Err(Failure::Refused));
    assert_eq!(
        client.watch_key(key("a")).next_reply(),
        Err(Failure::Refused)
    );
}

#[test]
fn a_request_says_who_asks_and_what_for() {
    let server = Server::new(|_, stream| say(stream, reply("e1", "{\"a\": [1]}")));
    let client = client(&server);
    client.get(&key("instance/id")).unwrap();
    let tree = client.get_recursive(&key("instance/attributes")).unwrap();
    assert_eq!(tree["a"][0], 1);
    client.get_recursive(&Key::default()).unwrap();
    client
        .put(
            &"instance/guest-attributes/hospes/x".parse().unwrap(),
            "a\nb",
        )
        .unwrap();

    let seen = server.seen();
    let lines: Vec<_> = seen.iter().map(Seen::line).collect();
    assert_eq!(
        lines,
        [
            "GET /computeMetadata/v1/instance/id HTTP/1.1",
            "GET /computeMetadata/v1/instance/attributes/?recursive=true&alt=json HTTP/1.1",
            "GET /computeMetadata/v1/?recursive=true&alt=json HTTP/1.1",
            "PUT /computeMetadata/v1/instance/guest-attributes/hospes/x HTTP/1.1",
        ]
    );
    assert_eq!(seen[3].body, "a\nb");
    for one in &seen {
        assert_eq!(one.header("metadata-flavor"), Some("Google"));
        assert_eq!(one.header("host"), Some(server.host().as_str()));
        assert!(
            one.header("user-agent")
                .unwrap()
                .starts_with("hospes-agent/")
        );
        assert_eq!(one.header("x-forwarded-for"), None);
        assert_eq!(one.connection, 0, "one connection is used again");
    }
}

#[test]
fn what_is_not_json_is_garbage() {
    let server = Server::new(|_, stream| say(stream, reply("e1", "secret = yes")));
    let ended = client(&server).get_recursive(&key("a")).unwrap_err();
    let Failure::Garbage(why) = &ended else {
        panic!("{ended:?}");
    };
    assert!(!why.contains("secret"), "{why}");
}

#[test]
fn a_redirect_is_followed_once_and_to_the_same_server_only() {
    let server = Server::new(|seen, stream| match seen.line() {
        "GET /computeMetadata/v1/dir HTTP/1.1" => say(
            stream,
            "HTTP/1.1 301 Moved\r\nLocation: /computeMetadata/v1/dir/\r\nContent-Length: 0\r\n\r\n",
        ),
        "GET /computeMetadata/v1/dir/ HTTP/1.1" => say(stream, reply("e", "a\nb/\n")),
        "GET /computeMetadata/v1/loop HTTP/1.1" => say(
            stream,
            "HTTP/1.1 301 Moved\r\nLocation: /computeMetadata/v1/loop\r\nContent-Length: 0\r\n\r\n",
        ),
        _ => say(
            stream,
            "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/computeMetadata/v1/x\r\nContent-Length: 0\r\n\r\n",
        ),
    });
    let client = client(&server);
    assert_eq!(client.get(&key("dir")).unwrap().value, "a\nb/\n");
    assert_eq!(client.get(&key("loop")), Err(Failure::Status(301)));
    assert_eq!(client.get(&key("away")), Err(Failure::Status(302)));
}

#[test]
fn an_ipv6_address_is_asked() {
    let Some(server) = Server::start("[::1]:0", |_, stream| say(stream, reply("e", "six"))) else {
        eprintln!("SKIPPED: this machine has no IPv6 loopback address");
        return;
    };
    assert_eq!(client(&server).get(&key("a")).unwrap().value, "six");
    assert_eq!(
        server.seen()[0].header("host"),
        Some(server.host().as_str())
    );
}

#[test]
fn what_passes_is_tried_again_and_what_stays_is_not() {
    let policy = Policy {
        first: Duration::from_millis(1),
        most: Duration::from_millis(4),
        factor: 2,
        total: SOON,
    };
    let passing = Server::new(|seen, stream| match seen.connection {
        0 | 1 => {
            say(
                stream,
                "HTTP/1.1 503 Wait\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
            );
            false
        }
        _ => say(stream, reply("e", "up")),
    });
    let up = client(&passing);
    assert_eq!(retry(policy, || up.get(&key("a"))).unwrap().value, "up");
    assert_eq!(passing.seen().len(), 3);

    let staying =
        Server::new(|_, stream| say(stream, "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n"));
    let none = client(&staying);
    assert_eq!(
        retry(policy, || none.get(&key("a"))),
        Err(Failure::Status(404))
    );
    assert_eq!(staying.seen().len(), 1);

    let over = Policy {
        total: Duration::from_millis(20),
        ..policy
    };
    let mut tries = 0;
    let ended: Result<(), _> = retry(over, || {
        tries += 1;
        Err(Failure::Status(503))
    });
    assert_eq!(ended, Err(Failure::Status(503)));
    assert!(tries > 1);
}

/// Not a test of its own: what the next one runs in another process.
#[test]
#[ignore = "run by `proxies_of_the_environment_are_not_asked`"]
fn child_asks_the_server_of_its_environment() {
    let reply = Client::from_environment().unwrap().get(&key("a")).unwrap();
    std::io::stderr()
        .write_all(format!("<{}>", reply.value).as_bytes())
        .unwrap();
}

#[test]
fn proxies_of_the_environment_are_not_asked() {
    let server = Server::new(|_, stream| say(stream, reply("e", "direct")));
    let proxy = Server::new(|_, stream| say(stream, reply("e", "by proxy")));
    let url = format!("http://{}", proxy.host());
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args([
        "--ignored",
        "--exact",
        "--nocapture",
        "requests::child_asks_the_server_of_its_environment",
    ]);
    for name in [
        "http_proxy",
        "HTTP_PROXY",
        "https_proxy",
        "HTTPS_PROXY",
        "all_proxy",
        "ALL_PROXY",
    ] {
        child.env(name, &url);
    }
    child
        .env("no_proxy", "")
        .env("GCE_METADATA_HOST", server.host());
    let output = child.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("<direct>"), "{said}");
    assert!(proxy.seen().is_empty());
}
