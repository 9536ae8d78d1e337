//! Tokens, tickets, and where their secrets are and are not.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use conditions::NodeName;
use hypervisor_proxmox::{Client, ClientError};
use pve::{Call, Credentials, Failure, SecretSource, Trust, call};

use crate::server::{Identity, Reply, Request, Server};
use crate::settings::{SECRET, Vault, settings, ticket, token};

fn client(identity: &Identity, server: &Server, credentials: Credentials) -> Client {
    let trust = Trust::Pinned(vec![identity.fingerprint]);
    Client::new(settings(&[server.port], trust, credentials))
}

fn version() -> Call {
    call::access::version()
}

#[tokio::test]
async fn a_token_goes_along_with_every_call_wherever_its_secret_is() {
    let vault = Vault::new();
    let script = format!("echo {SECRET}; echo more");
    let command = ["/bin/sh", "-c", &script].map(str::to_owned).to_vec();
    for source in [vault.source(), SecretSource::Command(command)] {
        let identity = Identity::new();
        let server = Server::start(&identity, |_| Reply::data("1")).await;
        let client = client(&identity, &server, token(source));
        client.call(&version()).await.unwrap();
        let header = format!("PVEAPIToken=hospes@pve!lab={SECRET}");
        assert_eq!(server.requests()[0].headers["authorization"], header);
        assert!(!format!("{client:?}").contains(SECRET));
    }
}

#[tokio::test]
async fn a_secret_is_read_from_the_environment() {
    let identity = Identity::new();
    let server = Server::start(&identity, |_| Reply::data("1")).await;
    let source = SecretSource::Environment("CARGO_PKG_NAME".to_owned());
    let client = client(&identity, &server, token(source));
    client.call(&version()).await.unwrap();
    let header = format!("PVEAPIToken=hospes@pve!lab={}", env!("CARGO_PKG_NAME"));
    assert_eq!(server.requests()[0].headers["authorization"], header);
}

#[tokio::test]
async fn a_secret_that_cannot_be_had_is_told_with_the_way_out_and_nothing_is_asked() {
    let vault = Vault::new();
    let command =
        |words: &[&str]| SecretSource::Command(words.iter().map(|it| (*it).to_owned()).collect());
    let missing = SecretSource::File(vault.path().with_file_name("none"));
    let variable = SecretSource::Environment("HOSPES_TEST_NO_SUCH_VARIABLE".to_owned());
    let failing = format!("echo {SECRET}; exit 3");
    for (source, reason) in [
        (missing, "No such file"),
        (variable, "HOSPES_TEST_NO_SUCH_VARIABLE: it is not set"),
        (command(&["/bin/sh", "-c", &failing]), "exit status: 3"),
        (command(&["/bin/sh", "-c", "echo"]), "empty"),
        (command(&["/bin/sh", "-c", "yes"]), "longer than"),
        (command(&["/nonexistent/program"]), "/nonexistent/program"),
        (command(&[]), "names no program"),
        (SecretSource::File("/dev/null".into()), "everybody"),
    ] {
        let identity = Identity::new();
        let server = Server::start(&identity, |_| Reply::data("1")).await;
        let error = client(&identity, &server, token(source))
            .call(&version())
            .await;
        let Err(ClientError::Secret(text)) = error else {
            panic!("{reason}: {error:?}");
        };
        assert!(text.contains(reason) && !text.contains(SECRET), "{text}");
        assert_eq!(server.lines(), [""; 0]);
    }
}

#[tokio::test]
async fn a_file_that_everybody_may_read_is_refused_with_the_command_that_mends_it() {
    let (identity, vault) = (Identity::new(), Vault::new());
    vault.write(SECRET, 0o644);
    let server = Server::start(&identity, |_| Reply::data("1")).await;
    let client = client(&identity, &server, token(vault.source()));
    let error = client.call(&version()).await.unwrap_err().to_string();
    let mend = format!("chmod o-rwx {}", vault.path().display());
    assert!(error.contains(&mend), "{error}");
    vault.write(SECRET, 0o640);
    client.call(&version()).await.unwrap();
}

#[tokio::test]
async fn a_refused_token_is_asked_with_once_and_again_only_with_another_secret() {
    let (identity, vault) = (Identity::new(), Vault::new());
    let server = Server::start(&identity, |request| match request.headers["authorization"]
        .ends_with("=new")
    {
        true => Reply::data("1"),
        false => Reply::status("401 Authentication failed!"),
    })
    .await;
    let client = client(&identity, &server, token(vault.source()));
    let mut errors = Vec::new();
    for _ in 0..3 {
        errors.push(client.call(&version()).await.unwrap_err());
    }
    assert_eq!(server.lines().len(), 1);
    assert!(errors.iter().all(|it| *it == errors[0]), "{errors:?}");
    assert!(matches!(
        errors[0],
        ClientError::Api(Failure::Unauthorized(_))
    ));
    let text = errors[0].to_string();
    for part in [
        "hospes@pve!lab",
        "Authentication failed!",
        "pveum user token list hospes@pve",
        &vault.path().display().to_string(),
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(!format!("{text}{errors:?}").contains(SECRET));

    vault.write("new\n", 0o600);
    client.call(&version()).await.unwrap();
    assert_eq!(server.lines().len(), 2);
}

#[tokio::test]
async fn many_calls_at_once_do_not_ask_again_with_a_refused_token() {
    let (identity, vault) = (Identity::new(), Vault::new());
    let server = Server::start(&identity, |_| {
        Reply::Later(
            Duration::from_millis(200),
            "401 No ticket".to_owned(),
            String::new(),
        )
    })
    .await;
    let client = Arc::new(client(&identity, &server, token(vault.source())));
    let calls = (0..5).map(|_| {
        let client = Arc::clone(&client);
        tokio::spawn(async move { client.call(&version()).await })
    });
    for call in calls.collect::<Vec<_>>() {
        assert!(call.await.unwrap().is_err());
    }
    assert!(server.lines().len() <= 5, "{:?}", server.lines());
}

/// A server with tickets: each login yields `ticket-N`, and only those of `is_valid` are let in.
async fn ticket_server(
    identity: &Identity,
    is_valid: impl Fn(usize) -> bool + Send + Sync + 'static,
) -> Server {
    let logins = AtomicUsize::new(0);
    Server::start(identity, move |request: &Request| {
        if request.line() == "POST /access/ticket" {
            let count = logins.fetch_add(1, Ordering::SeqCst) + 1;
            let form = request.parameters();
            let expected = [("username", "root@pam"), ("password", SECRET)];
            let is_user = expected
                .iter()
                .all(|(key, value)| form.contains(&((*key).to_owned(), (*value).to_owned())));
            return match is_user {
                true => Reply::data(&format!(
                    r#"{{"ticket":"ticket-{count}","CSRFPreventionToken":"csrf-{count}"}}"#
                )),
                false => Reply::status("401 authentication failure"),
            };
        }
        let cookie = request.headers.get("cookie").cloned().unwrap_or_default();
        let number = cookie.strip_prefix("PVEAuthCookie=ticket-");
        match number.and_then(|it| it.parse().ok()).is_some_and(&is_valid) {
            true => Reply::data("1"),
            false => Reply::status("401 No ticket"),
        }
    })
    .await
}

fn logins(server: &Server) -> usize {
    let lines = server.lines();
    lines
        .iter()
        .filter(|it| *it == "POST /access/ticket")
        .count()
}

#[tokio::test]
async fn a_ticket_is_got_once_and_writes_carry_the_csrf_token() {
    let (identity, vault) = (Identity::new(), Vault::new());
    let server = ticket_server(&identity, |_| true).await;
    let client = client(&identity, &server, ticket(vault.source()));
    client.call(&version()).await.unwrap();
    let start = call::guest::start(&NodeName::new("pve1"), 100);
    client.call(&start).await.unwrap();
    assert_eq!(
        server.lines(),
        [
            "POST /access/ticket",
            "GET /version",
            "POST /nodes/pve1/qemu/100/status/start"
        ]
    );
    let csrf = |at: usize| {
        server.requests()[at]
            .headers
            .get("csrfpreventiontoken")
            .cloned()
    };
    assert_eq!((csrf(1), csrf(2)), (None, Some("csrf-1".to_owned())));
}

#[tokio::test]
async fn a_ticket_is_renewed_before_its_two_hours_are_over() {
    let (identity, vault) = (Identity::new(), Vault::new());
    let server = ticket_server(&identity, |_| true).await;
    let client = client(&identity, &server, ticket(vault.source()));
    for (minutes, expected) in [(0, 1), (90, 1), (25, 2)] {
        tokio::time::pause();
        tokio::time::advance(Duration::from_secs(minutes * 60)).await;
        tokio::time::resume();
        client.call(&version()).await.unwrap();
        assert_eq!(logins(&server), expected, "after {minutes} more minutes");
    }
}

#[tokio::test]
async fn a_ticket_that_is_refused_brings_about_one_login_until_a_call_succeeds() {
    let (identity, vault) = (Identity::new(), Vault::new());
    let server = ticket_server(&identity, |number| number == 2).await;
    let client_of_two = client(&identity, &server, ticket(vault.source()));
    client_of_two.call(&version()).await.unwrap();
    assert_eq!(logins(&server), 2);

    let server = ticket_server(&identity, |_| false).await;
    let client_of_none = client(&identity, &server, ticket(vault.source()));
    for _ in 0..3 {
        let error = client_of_none.call(&version()).await.unwrap_err();
        assert!(error.to_string().contains("user root@pam"), "{error}");
    }
    assert_eq!(logins(&server), 2);
}

#[tokio::test]
async fn a_success_makes_room_for_another_login() {
    let (identity, vault) = (Identity::new(), Vault::new());
    let is_restarted = Arc::new(AtomicBool::new(false));
    let restarted = Arc::clone(&is_restarted);
    let server = ticket_server(&identity, move |number| {
        number
            == if restarted.load(Ordering::SeqCst) {
                3
            } else {
                2
            }
    })
    .await;
    let client = client(&identity, &server, ticket(vault.source()));
    client.call(&version()).await.unwrap();
    is_restarted.store(true, Ordering::SeqCst);
    client.call(&version()).await.unwrap();
    assert_eq!(logins(&server), 3);
}

#[tokio::test]
async fn a_wrong_password_is_tried_once() {
    let (identity, vault) = (Identity::new(), Vault::new());
    vault.write("wrong-hunter2\n", 0o600);
    let server = ticket_server(&identity, |_| true).await;
    let client = client(&identity, &server, ticket(vault.source()));
    for _ in 0..3 {
        let error = client.call(&version()).await.unwrap_err();
        let text = format!("{error} {error:?}");
        assert!(
            text.contains("user root@pam") && !text.contains("hunter2"),
            "{text}"
        );
    }
    assert_eq!(server.lines(), ["POST /access/ticket"]);
}

#[tokio::test]
async fn a_second_factor_is_refused_with_the_way_out() {
    let (identity, vault) = (Identity::new(), Vault::new());
    let server = Server::start(&identity, |_| {
        Reply::data(r#"{"ticket":"PVE:!tfa!","CSRFPreventionToken":"x","NeedTFA":1}"#)
    })
    .await;
    let client = client(&identity, &server, ticket(vault.source()));
    let error = client.call(&version()).await.unwrap_err().to_string();
    assert!(error.contains("use an API token"), "{error}");
}
