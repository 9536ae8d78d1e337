//! Several endpoints, lost answers, and what is asked twice.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use conditions::NodeName;
use hypervisor_proxmox::{Client, ClientError};
use pve::{Call, Failure, Trust, call};

use crate::server::{Identity, Reply, Server};
use crate::settings::{Vault, closed_port, settings, token};

fn client(identity: &Identity, ports: &[u16], vault: &Vault) -> Client {
    let trust = Trust::Pinned(vec![identity.fingerprint]);
    Client::new(settings(ports, trust, token(vault.source())))
}

fn start_call() -> Call {
    call::guest::start(&NodeName::new("pve1"), 100)
}

/// A server that reacts this way to its first request and with data to the others.
async fn first(identity: &Identity, reply: Reply) -> Server {
    let count = AtomicUsize::new(0);
    Server::start(identity, move |_| {
        match count.fetch_add(1, Ordering::SeqCst) {
            0 => reply.clone(),
            _ => Reply::data("1"),
        }
    })
    .await
}

#[tokio::test]
async fn the_next_endpoint_is_asked_when_one_cannot_be_reached_and_is_then_the_first() {
    let (identity, vault) = (Identity::new(), Vault::new());
    let server = Server::start(&identity, |_| Reply::data("1")).await;
    let ports = [closed_port().await, server.port];
    let client = client(&identity, &ports, &vault);
    for _ in 0..3 {
        client.call(&start_call()).await.unwrap();
    }
    assert_eq!(server.lines().len(), 3);
}

#[tokio::test]
async fn where_no_endpoint_can_be_reached_each_is_named_with_its_reason() {
    let (identity, vault) = (Identity::new(), Vault::new());
    let ports = [closed_port().await, closed_port().await];
    let error = client(&identity, &ports, &vault).call(&start_call()).await;
    let Err(ClientError::Unreachable(text)) = error else {
        panic!("{error:?}");
    };
    for port in ports {
        assert!(text.contains(&format!("localhost:{port}: ")), "{text}");
    }
    assert!(text.contains("refused"), "{text}");
}

#[tokio::test]
async fn a_server_that_ends_the_handshake_counts_as_not_reached() {
    let (identity, vault) = (Identity::new(), Vault::new());
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0))
        .await
        .unwrap();
    let dying = listener.local_addr().unwrap().port();
    tokio::spawn(async move { while let Ok(_gone) = listener.accept().await {} });
    let server = Server::start(&identity, |_| Reply::data("1")).await;
    let client = client(&identity, &[dying, server.port], &vault);
    client.call(&start_call()).await.unwrap();
    assert_eq!(server.lines().len(), 1);
}

#[tokio::test]
async fn a_server_that_does_not_shake_hands_counts_as_not_reached() {
    let (identity, vault) = (Identity::new(), Vault::new());
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0))
        .await
        .unwrap();
    let mute = listener.local_addr().unwrap().port();
    let server = Server::start(&identity, |_| Reply::data("1")).await;
    let client = client(&identity, &[mute, server.port], &vault);
    client.call(&start_call()).await.unwrap();
    assert_eq!(server.lines().len(), 1);
    drop(listener);
}

#[tokio::test]
async fn a_write_whose_answer_is_lost_is_never_made_again() {
    for reply in [
        Reply::Cut,
        Reply::Half,
        Reply::status("596 broken pipe"),
        Reply::status("599 Too many redirections"),
        Reply::status("504 Gateway Timeout"),
    ] {
        let (identity, vault) = (Identity::new(), Vault::new());
        let (one, two) = (
            first(&identity, reply.clone()).await,
            first(&identity, Reply::data("1")).await,
        );
        let client = client(&identity, &[one.port, two.port], &vault);
        let error = client.call(&start_call()).await;
        let Err(ClientError::Lost(text)) = error else {
            panic!("{reply:?}: {error:?}");
        };
        assert!(
            text.contains("POST /nodes/pve1/qemu/100/status/start"),
            "{text}"
        );
        assert_eq!(one.lines().len() + two.lines().len(), 1, "{reply:?}");
    }
}

#[tokio::test]
async fn a_read_whose_answer_is_lost_is_made_once_more() {
    for reply in [Reply::Cut, Reply::Half] {
        let (identity, vault) = (Identity::new(), Vault::new());
        let server = first(&identity, reply.clone()).await;
        let ports = [server.port];
        let client = client(&identity, &ports, &vault);
        client.call(&call::access::version()).await.unwrap();
        assert_eq!(server.lines(), ["GET /version"; 2], "{reply:?}");
    }
    let (identity, vault) = (Identity::new(), Vault::new());
    let server = Server::start(&identity, |_| Reply::Cut).await;
    let error = client(&identity, &[server.port], &vault)
        .call(&call::access::version())
        .await;
    assert!(matches!(error, Err(ClientError::Lost(_))), "{error:?}");
    assert_eq!(server.lines().len(), 2);
}

#[tokio::test]
async fn a_node_that_one_endpoint_cannot_reach_is_asked_for_through_another() {
    for (call, status) in [
        (start_call(), "595 Connection refused"),
        (call::access::version(), "595 No route to host"),
        (call::access::version(), "596 Connection timed out"),
    ] {
        let (identity, vault) = (Identity::new(), Vault::new());
        let one = Server::start(&identity, move |_| Reply::status(status)).await;
        let two = Server::start(&identity, |_| Reply::data("1")).await;
        let client = client(&identity, &[one.port, two.port], &vault);
        client.call(&call).await.unwrap();
        assert_eq!((one.lines().len(), two.lines().len()), (1, 1), "{status}");
    }
    let (identity, vault) = (Identity::new(), Vault::new());
    let server = Server::start(&identity, |_| Reply::status("595 No route to host")).await;
    let error = client(&identity, &[server.port], &vault)
        .call(&start_call())
        .await;
    let expected = Failure::NodeUnreachable {
        status: 595,
        message: "No route to host".to_owned(),
    };
    assert_eq!(error, Err(ClientError::Api(expected)));
}

#[tokio::test]
async fn what_the_api_refuses_is_not_asked_again() {
    for status in [
        "400 Parameter verification failed.",
        "403 Permission check failed (/vms/100, VM.PowerMgmt)",
        "500 VM 100 already running",
        "501 Method 'GET /version' not implemented",
        "302 Elsewhere",
    ] {
        let (identity, vault) = (Identity::new(), Vault::new());
        let one = Server::start(&identity, move |_| Reply::status(status)).await;
        let two = Server::start(&identity, |_| Reply::data("1")).await;
        let client = client(&identity, &[one.port, two.port], &vault);
        let error = client.call(&call::access::version()).await.unwrap_err();
        let words = status.split_once(' ').unwrap().1;
        assert!(error.to_string().contains(words), "{status}: {error}");
        assert_eq!((one.lines().len(), two.lines().len()), (1, 0), "{status}");
    }
}

#[tokio::test]
async fn an_endpoint_that_hangs_costs_its_deadline_once() {
    let (identity, vault) = (Identity::new(), Vault::new());
    let one = Server::start(&identity, |_| Reply::Hang).await;
    let two = Server::start(&identity, |_| Reply::data("1")).await;
    let trust = Trust::Pinned(vec![identity.fingerprint]);
    let mut settings = settings(&[one.port, two.port], trust, token(vault.source()));
    settings.call = Duration::from_secs(2);
    let client = Client::new(settings);
    let error = client.call(&start_call()).await.unwrap_err();
    let expected = format!("no answer from localhost:{} within 2.", one.port);
    assert!(error.to_string().starts_with(&expected), "{error}");
    client.call(&start_call()).await.unwrap();
    assert_eq!((one.lines().len(), two.lines().len()), (1, 1));
}
