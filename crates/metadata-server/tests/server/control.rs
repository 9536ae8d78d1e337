//! What controllers ask.

use std::time::Duration;

use metadata::control::{Answer, Command, Scope};
use metadata_server::control::{Client, ClientError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};

use crate::client::STOP_STATE;
use crate::host::{AMPLE, Host, change, key};

const REPORT: &str = "instance/guest-attributes/hospes/graceful-shutdown";

fn web1() -> Scope {
    Scope::Guest("web1".to_owned())
}

async fn in_time<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(AMPLE, future).await.unwrap()
}

#[tokio::test]
async fn a_guests_report_reaches_who_watches_for_it() {
    let host = Host::start().await;
    let client = Client::connect(&host.control()).await.unwrap();
    let mut watch = client.watch(&web1(), &key(REPORT)).await.unwrap();
    assert_eq!(in_time(watch.next()).await.unwrap(), []);
    let mut guest = host.connect("web1").await;
    assert_eq!(
        guest
            .put("instance/guest-attributes/other/x", "y")
            .await
            .status,
        200
    );
    assert_eq!(guest.put(REPORT, "{}").await.status, 200);
    let seen = in_time(watch.next()).await.unwrap();
    assert_eq!(seen, [(key(REPORT), "{}".to_owned())]);
    // The same again is news too, and so is its end.
    assert_eq!(guest.put(REPORT, "{}").await.status, 200);
    assert_eq!(in_time(watch.next()).await.unwrap(), seen);
    let changes = vec![change(REPORT, None)];
    host.ask(&Command::Change {
        scope: web1(),
        changes,
    })
    .await
    .unwrap();
    assert_eq!(in_time(watch.next()).await.unwrap(), []);
}

#[tokio::test]
async fn values_are_told_in_the_order_of_their_keys() {
    let host = Host::start().await;
    host.set(
        "web1",
        &[
            ("instance/attributes/b", "2"),
            ("instance/attributes/a", "1"),
        ],
    )
    .await;
    let get = Command::Get {
        scope: web1(),
        key: key("instance/attributes"),
    };
    let wanted = [("a", "1"), ("b", "2")].map(|(name, value)| {
        (
            key(&format!("instance/attributes/{name}")),
            value.to_owned(),
        )
    });
    assert_eq!(host.ask(&get).await.unwrap(), Answer::Values(wanted.into()));
}

#[tokio::test]
async fn an_unknown_guest_is_refused_by_every_command() {
    let host = Host::start().await;
    let scope = Scope::Guest("nosuch".to_owned());
    let commands = [
        Command::Get {
            scope: scope.clone(),
            key: key(""),
        },
        Command::Change {
            scope: scope.clone(),
            changes: vec![change(STOP_STATE, Some("NONE"))],
        },
        Command::Presence {
            guest: "nosuch".to_owned(),
        },
    ];
    for command in commands {
        let refused = host.ask(&command).await.unwrap_err();
        assert!(refused.to_string().contains("nosuch"), "{refused}");
    }
    let client = Client::connect(&host.control()).await.unwrap();
    let mut watch = client.watch(&scope, &key("")).await.unwrap();
    let refused = in_time(watch.next()).await.unwrap_err();
    assert!(matches!(refused, ClientError::Refused(_)), "{refused}");
}

#[tokio::test]
async fn that_no_server_runs_is_told_apart_from_other_failures() {
    let mut host = Host::start().await;
    host.stop().await;
    let missing = Client::connect(&host.control()).await.unwrap_err();
    assert!(matches!(missing, ClientError::NoServer(_)), "{missing}");
    drop(UnixListener::bind(host.control()).unwrap());
    let left_over = Client::connect(&host.control()).await.unwrap_err();
    assert!(matches!(left_over, ClientError::NoServer(_)), "{left_over}");
    let odd = host.dir().join("a-file").join("control.sock");
    std::fs::write(host.dir().join("a-file"), "").unwrap();
    let unreachable = Client::connect(&odd).await.unwrap_err();
    assert!(
        matches!(unreachable, ClientError::Unreachable { .. }),
        "{unreachable}"
    );
}

#[tokio::test]
async fn who_watches_learns_that_the_server_has_ended() {
    let mut host = Host::start().await;
    let client = Client::connect(&host.control()).await.unwrap();
    let mut watch = client.watch(&web1(), &key(REPORT)).await.unwrap();
    in_time(watch.next()).await.unwrap();
    host.stop().await;
    let gone = in_time(watch.next()).await.unwrap_err();
    assert!(matches!(gone, ClientError::Gone { .. }), "{gone}");
}

#[tokio::test]
async fn what_is_no_command_is_refused_without_quoting_it() {
    let host = Host::start().await;
    for line in [
        "nonsense s3cret",
        r#"{"get":{"scope":"s3cret","key":"a"}}"#,
        "{}",
        "\u{0}",
    ] {
        let mut stream = UnixStream::connect(host.control()).await.unwrap();
        stream
            .write_all(format!("{line}\n").as_bytes())
            .await
            .unwrap();
        let mut answer = String::new();
        in_time(stream.read_to_string(&mut answer)).await.unwrap();
        assert!(answer.starts_with(r#"{"refused":"#), "{answer}");
        assert!(!answer.contains("s3cret"), "{answer}");
    }
}

#[tokio::test]
async fn a_command_without_an_end_is_cut_off() {
    let host = Host::start().await;
    let mut stream = UnixStream::connect(host.control()).await.unwrap();
    let chunk = vec![b'x'; 1 << 20];
    let mut sent = 0;
    while sent < 64 << 20 && stream.write_all(&chunk).await.is_ok() {
        sent += chunk.len();
    }
    assert!(sent < 32 << 20, "{sent}");
    host.set("web1", &[(STOP_STATE, "NONE")]).await;
}

#[tokio::test]
async fn a_watcher_that_does_not_listen_holds_up_nobody() {
    let host = Host::start().await;
    let mut deaf = UnixStream::connect(host.control()).await.unwrap();
    let command = r#"{"watch":{"scope":{"guest":"web1"},"key":"instance"}}"#;
    deaf.write_all(format!("{command}\n").as_bytes())
        .await
        .unwrap();
    let large = "x".repeat(200 << 10);
    for round in 0..20 {
        let value = format!("{round}{large}");
        in_time(host.set("web1", &[("instance/attributes/large", &value)])).await;
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(
        host.connect("web1").await.get(STOP_STATE).await.body,
        "NONE"
    );
}

#[tokio::test]
async fn a_second_server_is_refused_and_the_first_goes_on() {
    let host = Host::start().await;
    let service = metadata::server::Service::new(1, Default::default());
    let second = metadata_server::Server::bind(host.settings(), service, host.shelf.clone());
    let Err(refused) = second.await else {
        panic!("two servers");
    };
    assert!(refused.to_string().contains("already listens"), "{refused}");
    assert_eq!(host.connect("web1").await.get(STOP_STATE).await.status, 200);
    host.set("web1", &[(STOP_STATE, "NONE")]).await;
}
