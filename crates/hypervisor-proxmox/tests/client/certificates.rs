//! Which certificates are accepted, and what is said of others.

use hypervisor_proxmox::{Client, ClientError, Presented, presented};
use pve::{Endpoint, Trust, call};

use crate::server::{Identity, Reply, Server};
use crate::settings::{PATIENCE, Vault, closed_port, settings, token};

async fn server(identity: &Identity) -> Server {
    Server::start(identity, |_| Reply::data(r#"{"version":"9.2"}"#)).await
}

async fn ask(server: &Server, trust: Trust) -> Result<serde_json::Value, ClientError> {
    let vault = Vault::new();
    let client = Client::new(settings(&[server.port], trust, token(vault.source())));
    client.call(&call::access::version()).await
}

fn shown(fingerprint: [u8; 32]) -> String {
    let bytes = fingerprint.iter().map(|byte| format!("{byte:02X}"));
    bytes.collect::<Vec<_>>().join(":")
}

#[tokio::test]
async fn a_pinned_certificate_is_accepted_whatever_its_name_and_signer() {
    let identity = Identity::new();
    let server = server(&identity).await;
    let data = ask(&server, Trust::Pinned(vec![identity.fingerprint])).await;
    assert_eq!(data.unwrap()["version"], "9.2");
}

#[tokio::test]
async fn while_a_certificate_is_rotated_both_are_pinned() {
    let (old, new) = (Identity::new(), Identity::new());
    let trust = Trust::Pinned(vec![old.fingerprint, new.fingerprint]);
    for identity in [&old, &new] {
        let server = server(identity).await;
        ask(&server, trust.clone()).await.unwrap();
    }
}

#[tokio::test]
async fn another_certificate_is_refused_with_both_fingerprints_and_nothing_is_sent() {
    let (pinned, other) = (Identity::new(), Identity::new());
    let server = server(&other).await;
    let error = ask(&server, Trust::Pinned(vec![pinned.fingerprint])).await;
    let Err(ClientError::Certificate(text)) = error else {
        panic!("{error:?}");
    };
    for part in [
        &shown(other.fingerprint),
        &format!("pinned is {}", shown(pinned.fingerprint)),
        "`pvenode cert info`",
        "`fingerprint` in [cluster.home]",
        &format!("localhost:{}", server.port),
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert_eq!(server.lines(), [""; 0]);
}

#[tokio::test]
async fn a_certificate_that_is_not_trusted_is_the_end_whatever_others_would_show() {
    let (pinned, other) = (Identity::new(), Identity::new());
    let (wrong, right) = (server(&other).await, server(&pinned).await);
    let vault = Vault::new();
    let trust = Trust::Pinned(vec![pinned.fingerprint]);
    let ports = [wrong.port, right.port];
    let client = Client::new(settings(&ports, trust, token(vault.source())));
    for _ in 0..2 {
        let error = client.call(&call::access::version()).await;
        assert!(
            matches!(error, Err(ClientError::Certificate(_))),
            "{error:?}"
        );
    }
    assert_eq!(right.lines(), [""; 0]);
}

#[tokio::test]
async fn an_authority_is_trusted_for_the_name_it_has_signed() {
    let identity = Identity::new();
    let server = server(&identity).await;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ca.pem");
    std::fs::write(&path, &identity.pem).unwrap();
    ask(&server, Trust::Authorities(path.clone()))
        .await
        .unwrap();

    std::fs::write(&path, &Identity::new().pem).unwrap();
    let error = ask(&server, Trust::Authorities(path.clone())).await;
    let text = error.unwrap_err().to_string();
    assert!(text.contains(&shown(identity.fingerprint)), "{text}");

    std::fs::write(&path, "nothing").unwrap();
    let error = ask(&server, Trust::Authorities(path)).await;
    let text = error.unwrap_err().to_string();
    assert!(text.contains("no certificate in it"), "{text}");
}

#[tokio::test]
async fn the_system_does_not_trust_a_certificate_that_signs_itself() {
    let identity = Identity::new();
    let server = server(&identity).await;
    let text = ask(&server, Trust::System).await.unwrap_err().to_string();
    assert!(text.contains(&shown(identity.fingerprint)), "{text}");
}

#[tokio::test]
async fn the_certificate_is_told_before_anybody_logs_in() {
    let (identity, other) = (Identity::new(), Identity::new());
    let server = server(&identity).await;
    let endpoint = |port| Endpoint {
        host: "localhost".to_owned(),
        port,
    };
    for (pins, expected) in [
        (vec![identity.fingerprint], None),
        (vec![other.fingerprint], Some(identity.fingerprint)),
        (vec![], Some(identity.fingerprint)),
    ] {
        let seen = presented(&endpoint(server.port), Trust::Pinned(pins), PATIENCE).await;
        let told = match seen.unwrap() {
            Presented::Trusted => None,
            Presented::Untrusted { fingerprint, .. } => Some(fingerprint),
        };
        assert_eq!(told, expected.map(shown));
    }
    let trusted = server.requests();
    assert_eq!(trusted.len(), 1);
    assert!(!trusted[0].headers.contains_key("authorization"));

    let nobody = endpoint(closed_port().await);
    let error = presented(&nobody, Trust::System, PATIENCE).await;
    assert!(
        matches!(error, Err(ClientError::Unreachable(_))),
        "{error:?}"
    );
}
