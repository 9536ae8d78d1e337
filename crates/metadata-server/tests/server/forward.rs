//! A connection that is passed on, as QEMU's guestfwd has it.

use metadata_server::{ForwardError, forward};
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex, split};

use crate::client::{Connection, STOP_STATE, get_head, wait};
use crate::host::{AMPLE, Host};

#[tokio::test]
async fn a_forwarded_connection_is_served_like_any_other() {
    let host = Host::start().await;
    let socket = host.socket("web1");
    let (guest, process) = duplex(4096);
    let (stdin, stdout) = split(process);
    let forwarder = tokio::spawn(async move { forward(&socket, stdin, stdout).await });
    let mut guest = Connection::new(guest);
    let idle = guest.get(STOP_STATE).await;
    assert_eq!(idle.body, "NONE");
    guest.ask(&wait(STOP_STATE, idle.etag())).await;
    host.until_watched("web1").await;
    host.set("web1", &[(STOP_STATE, "PENDING_STOP")]).await;
    assert_eq!(guest.reply().await.body, "PENDING_STOP");
    drop(guest);
    tokio::time::timeout(AMPLE, forwarder)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn a_guest_that_has_only_ended_its_half_is_still_answered() {
    let host = Host::start().await;
    let (from_guest, mut input) = duplex(4096);
    let (to_guest, mut output) = duplex(4096);
    let socket = host.socket("web1");
    let forwarder = tokio::spawn(async move { forward(&socket, from_guest, to_guest).await });
    input
        .write_all(get_head(STOP_STATE).as_bytes())
        .await
        .unwrap();
    input.shutdown().await.unwrap();
    let mut said = String::new();
    tokio::time::timeout(AMPLE, output.read_to_string(&mut said))
        .await
        .unwrap()
        .unwrap();
    assert!(said.ends_with("NONE"), "{said}");
    forwarder.await.unwrap().unwrap();
}

#[tokio::test]
async fn the_servers_end_ends_the_process_though_the_guest_has_not_hung_up() {
    let mut host = Host::start().await;
    let socket = host.socket("web1");
    let (guest, process) = duplex(4096);
    let (stdin, stdout) = split(process);
    let forwarder = tokio::spawn(async move { forward(&socket, stdin, stdout).await });
    let mut guest = Connection::new(guest);
    guest.get(STOP_STATE).await;
    guest.send("GET ").await;
    host.stop().await;
    tokio::time::timeout(AMPLE, forwarder)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn without_a_server_the_reason_is_told() {
    let mut host = Host::start().await;
    host.stop().await;
    let (_guest, process) = duplex(64);
    let (stdin, stdout) = split(process);
    let error = forward(&host.socket("web1"), stdin, stdout)
        .await
        .unwrap_err();
    assert!(matches!(error, ForwardError::Connect { .. }));
    assert!(
        error.to_string().contains("hospes metadata serve"),
        "{error}"
    );
}
