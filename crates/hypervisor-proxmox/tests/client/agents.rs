//! Agent calls: how many at once, and none to an agent that was silent.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use conditions::NodeName;
use hypervisor_proxmox::{Client, ClientError};
use pve::{Failure, Trust, call};

use crate::server::{Identity, Reply, Server};
use crate::settings::{PATIENCE, Vault, settings, token};

const SILENT: &str = "500 QEMU guest agent is not running";

fn node() -> NodeName {
    NodeName::new("pve1")
}

fn client(identity: &Identity, server: &Server, vault: &Vault) -> Arc<Client> {
    let trust = Trust::Pinned(vec![identity.fingerprint]);
    let settings = settings(&[server.port], trust, token(vault.source()));
    Arc::new(Client::new(settings))
}

async fn ping(client: &Client, node: &NodeName, vmid: u32) -> Result<(), ClientError> {
    let call = call::agent::ping(node, vmid);
    client.agent_call(node, vmid, &call).await.map(drop)
}

fn slow() -> Reply {
    let body = r#"{"data":{"result":{}}}"#.to_owned();
    Reply::Later(Duration::from_millis(100), "200 OK".to_owned(), body)
}

#[tokio::test]
async fn nine_guests_of_a_node_are_asked_two_at_a_time() {
    let (identity, vault) = (Identity::new(), Vault::new());
    let server = Server::start(&identity, |_| slow()).await;
    let client = client(&identity, &server, &vault);
    let calls = (100..109).map(|vmid| {
        let client = Arc::clone(&client);
        tokio::spawn(async move { ping(&client, &node(), vmid).await })
    });
    for call in calls.collect::<Vec<_>>() {
        call.await.unwrap().unwrap();
    }
    assert_eq!((server.lines().len(), server.most_in_flight()), (9, 2));
}

#[tokio::test]
async fn guests_of_several_nodes_do_not_wait_for_each_other() {
    let (identity, vault) = (Identity::new(), Vault::new());
    let server = Server::start(&identity, |request| match request.path.contains("/pve1/") {
        true => Reply::Hang,
        false => Reply::data("{}"),
    })
    .await;
    let client = client(&identity, &server, &vault);
    let hanging = (100..103).map(|vmid| {
        let client = Arc::clone(&client);
        tokio::spawn(async move { ping(&client, &node(), vmid).await })
    });
    let hanging: Vec<_> = hanging.collect();
    ping(&client, &NodeName::new("pve2"), 200).await.unwrap();
    for call in hanging {
        call.abort();
    }
}

#[tokio::test]
async fn a_caller_that_leaves_does_not_free_the_place_that_the_node_still_gives() {
    let (identity, vault) = (Identity::new(), Vault::new());
    let server = Server::start(&identity, |_| {
        let body = r#"{"data":{"result":{}}}"#.to_owned();
        Reply::Later(Duration::from_secs(1), "200 OK".to_owned(), body)
    })
    .await;
    let client = client(&identity, &server, &vault);
    let node = node();
    for vmid in 100..102 {
        let left = tokio::time::timeout(Duration::from_millis(200), ping(&client, &node, vmid));
        assert!(left.await.is_err());
    }
    let after = ping(&client, &node, 102);
    tokio::time::timeout(PATIENCE, after)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((server.lines().len(), server.most_in_flight()), (3, 2));
}

#[tokio::test]
async fn a_guest_is_asked_one_thing_at_a_time() {
    let (identity, vault) = (Identity::new(), Vault::new());
    let server = Server::start(&identity, |_| slow()).await;
    let client = client(&identity, &server, &vault);
    let node = node();
    let (one, two) = tokio::join!(ping(&client, &node, 100), ping(&client, &node, 100));
    one.and(two).unwrap();
    assert_eq!((server.lines().len(), server.most_in_flight()), (2, 1));
}

#[tokio::test]
async fn a_silent_agent_is_asked_once_for_all_who_want_to_know() {
    let (identity, vault) = (Identity::new(), Vault::new());
    let server = Server::start(&identity, |_| {
        Reply::Later(Duration::from_millis(300), SILENT.to_owned(), String::new())
    })
    .await;
    let client = client(&identity, &server, &vault);
    let calls = (0..9).map(|_| {
        let client = Arc::clone(&client);
        tokio::spawn(async move { ping(&client, &node(), 100).await })
    });
    let mut told = 0;
    for call in calls.collect::<Vec<_>>() {
        let error = call.await.unwrap().unwrap_err();
        let ClientError::Api(Failure::AgentSilent(words)) = error else {
            panic!("{error:?}");
        };
        assert!(
            words.starts_with("QEMU guest agent is not running"),
            "{words}"
        );
        told += usize::from(words.ends_with(" s ago)"));
    }
    assert_eq!((server.lines().len(), told), (1, 8));
    // Another guest is not held to it.
    assert!(ping(&client, &node(), 101).await.is_err());
    assert_eq!(server.lines().len(), 2);
}

#[tokio::test]
async fn after_a_rest_or_for_somebody_who_must_know_a_silent_agent_is_asked_again() {
    let (identity, vault) = (Identity::new(), Vault::new());
    let is_alive = Arc::new(AtomicBool::new(false));
    let alive = Arc::clone(&is_alive);
    let server = Server::start(&identity, move |_| match alive.load(Ordering::SeqCst) {
        true => Reply::data(r#"{"result":{}}"#),
        false => Reply::status(SILENT),
    })
    .await;
    let client = client(&identity, &server, &vault);
    assert!(ping(&client, &node(), 100).await.is_err());
    is_alive.store(true, Ordering::SeqCst);
    assert!(ping(&client, &node(), 100).await.is_err());
    assert_eq!(server.lines().len(), 1);

    let call = call::agent::ping(&node(), 100);
    client.fresh_agent_call(&node(), 100, &call).await.unwrap();
    ping(&client, &node(), 100).await.unwrap();
    assert_eq!(server.lines().len(), 3);

    is_alive.store(false, Ordering::SeqCst);
    assert!(ping(&client, &node(), 100).await.is_err());
    is_alive.store(true, Ordering::SeqCst);
    tokio::time::pause();
    tokio::time::advance(pve::Breaker::REST).await;
    tokio::time::resume();
    ping(&client, &node(), 100).await.unwrap();
}

#[tokio::test]
async fn what_says_nothing_of_the_agent_lets_the_next_one_ask() {
    let (identity, vault) = (Identity::new(), Vault::new());
    for status in [
        "500 VM 100 is not running",
        "403 Permission check failed (/vms/100, VM.GuestAgent.Audit)",
        "595 No route to host",
    ] {
        let server = Server::start(&identity, move |_| Reply::status(status)).await;
        let client = client(&identity, &server, &vault);
        for _ in 0..2 {
            assert!(ping(&client, &node(), 100).await.is_err());
        }
        assert_eq!(server.lines().len(), 2, "{status}");
    }
}
