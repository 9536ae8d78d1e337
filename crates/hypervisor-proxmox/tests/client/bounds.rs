//! Answers that are odd, large or have no end.

use hypervisor_proxmox::{Client, ClientError};
use pve::{Failure, Trust, call};

use crate::server::{Identity, Reply, Server};
use crate::settings::{Vault, settings, token};

async fn ask(reply: Reply) -> Result<serde_json::Value, ClientError> {
    let (identity, vault) = (Identity::new(), Vault::new());
    let server = Server::start(&identity, move |_| reply.clone()).await;
    let trust = Trust::Pinned(vec![identity.fingerprint]);
    let client = Client::new(settings(&[server.port], trust, token(vault.source())));
    client.call(&call::access::version()).await
}

#[tokio::test]
async fn an_endless_body_is_garbage_at_its_limit() {
    let error = ask(Reply::Endless).await;
    let Err(ClientError::Api(Failure::Garbage(text))) = error else {
        panic!("{error:?}");
    };
    assert!(text.contains("longer than 16 MiB"), "{text}");
}

#[tokio::test]
async fn a_large_list_is_no_problem() {
    let rows = vec![r#"{"vmid":100,"name":"web1"}"#; 100_000].join(",");
    let data = ask(Reply::data(&format!("[{rows}]"))).await.unwrap();
    assert_eq!(data.as_array().unwrap().len(), 100_000);
}

#[tokio::test]
async fn what_is_no_answer_of_the_api_is_garbage() {
    for body in ["", "<html>", "[]", r#"{"result":1}"#, "\u{feff}{}"] {
        let reply = Reply::Answer("200 OK".to_owned(), body.to_owned());
        let error = ask(reply).await;
        assert!(
            matches!(error, Err(ClientError::Api(Failure::Garbage(_)))),
            "{body}: {error:?}"
        );
    }
}

#[tokio::test]
async fn the_reason_phrase_is_kept_where_there_is_no_message() {
    let error = ask(Reply::status(
        "500 got no worker upid - start worker failed",
    ))
    .await;
    let text = error.unwrap_err().to_string();
    assert!(text.contains("got no worker upid"), "{text}");
}
