//! Tasks are followed to their end.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hypervisor_proxmox::{Client, Followed};
use pve::{TaskEnd, Trust, Upid};

use crate::server::{Identity, Reply, Server};
use crate::settings::{PATIENCE, Vault, settings, token};

const UPID: &str = "UPID:vm:000039E7:0003E78F:6B01F564:qmshutdown:100:root@pam!t1:";

fn upid() -> Upid {
    UPID.parse().unwrap()
}

/// A server that gives these answers in turn, and the last one for ever.
async fn server(identity: &Identity, replies: Vec<Reply>) -> Server {
    let count = AtomicUsize::new(0);
    Server::start(identity, move |_| {
        let at = count.fetch_add(1, Ordering::SeqCst);
        replies[at.min(replies.len() - 1)].clone()
    })
    .await
}

fn client(identity: &Identity, server: &Server, vault: &Vault) -> Client {
    let trust = Trust::Pinned(vec![identity.fingerprint]);
    Client::new(settings(&[server.port], trust, token(vault.source())))
}

fn running() -> Reply {
    Reply::data(r#"{"status":"running"}"#)
}

fn stopped(exit: &str) -> Reply {
    Reply::data(&format!(r#"{{"status":"stopped","exitstatus":"{exit}"}}"#))
}

#[tokio::test]
async fn a_task_is_followed_to_its_end_over_a_gap() {
    let (identity, vault) = (Identity::new(), Vault::new());
    let replies = vec![
        running(),
        Reply::status("595 No route to host"),
        running(),
        stopped("VM is locked (backup)"),
    ];
    let server = server(&identity, replies).await;
    let followed = client(&identity, &server, &vault)
        .follow(&upid(), PATIENCE)
        .await
        .unwrap();
    let end = TaskEnd::Failed("VM is locked (backup)".to_owned());
    assert_eq!(followed, Followed::Ended(end));
    let path = "GET /nodes/vm/tasks/UPID%3Avm%3A000039E7%3A0003E78F%3A6B01F564%3Aqmshutdown%3A100%3Aroot%40pam%21t1%3A/status";
    assert_eq!(server.lines(), [path; 4]);
}

#[tokio::test]
async fn a_task_that_goes_on_is_left_at_the_deadline() {
    let (identity, vault) = (Identity::new(), Vault::new());
    let server = server(&identity, vec![running()]).await;
    let followed = client(&identity, &server, &vault)
        .follow(&upid(), Duration::from_secs(1))
        .await;
    assert_eq!(followed, Ok(Followed::StillRunning));
}

#[tokio::test]
async fn a_task_that_cannot_be_looked_at_is_an_error() {
    let (identity, vault) = (Identity::new(), Vault::new());
    for status in [
        "595 No route to host",
        "403 Permission check failed (/, Sys.Audit)",
    ] {
        let server = server(&identity, vec![Reply::status(status)]).await;
        let followed = client(&identity, &server, &vault)
            .follow(&upid(), Duration::from_secs(1))
            .await;
        assert!(followed.is_err(), "{status}: {followed:?}");
    }
}

#[tokio::test]
async fn the_lines_of_a_log_are_read() {
    let (identity, vault) = (Identity::new(), Vault::new());
    let log = r#"[{"t":"trying to acquire lock...","n":1},{"n":2,"t":"TASK OK"},{"n":3}]"#;
    let server = server(&identity, vec![Reply::data(log)]).await;
    let lines = client(&identity, &server, &vault).task_log(&upid()).await;
    assert_eq!(lines.unwrap(), ["trying to acquire lock...", "TASK OK"]);
}
