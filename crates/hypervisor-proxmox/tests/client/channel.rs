//! The agent channel over the API.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use conditions::NodeName;
use hypervisor_proxmox::{Client, ProxmoxChannel};
use lifecycle::ports::{AgentChannel, ChannelError};
use pve::Trust;
use qga::commands::{
    self, Command, Exec, ExecEnd, ExecStarted, ExecStatus, FileHandle, FileRead, GuestInfo,
};
use serde_json::{Value, json};

use crate::server::{Identity, Reply, Request, Server};
use crate::settings::{PATIENCE, Vault, closed_port, settings, token};

const BOOT_ID: &str = "063846f7-2753-4bb8-b300-042adec4d0a7\n";

fn client(identity: &Identity, ports: &[u16]) -> Arc<Client> {
    let vault = Box::leak(Box::new(Vault::new()));
    let trust = Trust::Pinned(vec![identity.fingerprint]);
    Arc::new(Client::new(settings(ports, trust, token(vault.source()))))
}

fn channel(client: &Arc<Client>) -> ProxmoxChannel {
    ProxmoxChannel::new(Arc::clone(client), NodeName::new("pve1"), 100)
}

async fn send(channel: &ProxmoxChannel, command: Command) -> Result<Value, ChannelError> {
    let sent = channel.call(&command.name, command.arguments, PATIENCE);
    sent.await
}

/// A server of version 9, or of version 8, which knows no parts of files.
async fn agent(identity: &Identity, knows_parts: bool) -> Server {
    let asked = AtomicUsize::new(0);
    Server::start(identity, move |request: &Request| {
        let line = request.line();
        let command = line.rsplit('/').next().unwrap();
        let parameters = request.parameters();
        match command {
            "ping" => Reply::data(r#"{"result":{}}"#),
            "info" => Reply::data(
                r#"{"result":{"version":"9.2","supported_commands":[{"name":"guest-exec","enabled":true}]}}"#,
            ),
            "exec" => Reply::data(r#"{"pid":383}"#),
            "exec-status" if asked.fetch_add(1, Ordering::SeqCst) == 0 => {
                Reply::data(r#"{"exited":0}"#)
            }
            "exec-status" => Reply::data(
                &json!({"out-truncated": 0, "exitcode": 0, "out-data": BOOT_ID, "exited": 1})
                    .to_string(),
            ),
            "file-read" if parameters.len() == 1 => {
                Reply::data(&json!({"content": BOOT_ID, "bytes-read": 37}).to_string())
            }
            "file-read" if knows_parts => Reply::data(
                r#"{"content":"MDYzODQ2ZjctMjc1My00YmI4LWIzMDAtMDQyYWRlYzRkMGE3Cg=="}"#,
            ),
            "file-read" => Reply::Answer(
                "400 Parameter verification failed.".to_owned(),
                r#"{"errors":{"count":"property is not defined in schema"},"data":null}"#.to_owned(),
            ),
            _ => Reply::status("501 Method not implemented"),
        }
    })
    .await
}

#[tokio::test]
async fn a_program_is_run_and_its_output_comes_back_in_the_agents_words() {
    let identity = Identity::new();
    let server = agent(&identity, true).await;
    let channel = channel(&client(&identity, &[server.port]));
    send(&channel, commands::ping()).await.unwrap();
    let info = send(&channel, commands::info()).await.unwrap();
    assert_eq!(GuestInfo::from_result(info).unwrap().version, "9.2");

    let exec = Exec {
        path: "/bin/sh".to_owned(),
        arguments: vec!["-s".to_owned()],
        environment: None,
        input: b"cat /proc/sys/kernel/random/boot_id; echo 'a&b=c;%41+'\n".to_vec(),
    };
    let started = send(&channel, exec.command()).await.unwrap();
    assert_eq!(ExecStarted::from_result(started).unwrap().pid, 383);
    let form = server.requests()[2].parameters();
    let input = String::from_utf8(exec.input.clone()).unwrap();
    for pair in [
        ("command", "/bin/sh"),
        ("command", "-s"),
        ("input-data", &input),
    ] {
        assert!(
            form.contains(&(pair.0.to_owned(), pair.1.to_owned())),
            "{form:?}"
        );
    }

    let status = send(&channel, commands::exec_status(383)).await.unwrap();
    assert_eq!(ExecStatus::from_result(status), Ok(ExecStatus::Running));
    let status = send(&channel, commands::exec_status(383)).await.unwrap();
    let exited = ExecStatus::Exited {
        end: ExecEnd::Code(0),
        stdout: BOOT_ID.as_bytes().to_vec(),
        stderr: Vec::new(),
        truncated: false,
    };
    assert_eq!(ExecStatus::from_result(status), Ok(exited));
}

#[tokio::test]
async fn a_file_is_read_from_both_versions() {
    for (knows_parts, reads) in [(true, 2), (false, 3)] {
        let identity = Identity::new();
        let server = agent(&identity, knows_parts).await;
        let client = client(&identity, &[server.port]);
        for _ in 0..2 {
            let channel = channel(&client);
            let open = commands::file_open("/proc/sys/kernel/random/boot_id");
            let handle = FileHandle::from_result(send(&channel, open).await.unwrap()).unwrap();
            let read = send(&channel, commands::file_read(handle, 64))
                .await
                .unwrap();
            let read = FileRead::from_result(read).unwrap();
            assert_eq!(
                (read.bytes.as_slice(), read.eof),
                (BOOT_ID.as_bytes(), true)
            );
            send(&channel, commands::file_close(handle)).await.unwrap();
        }
        // Version 8 is asked for a part once, not once a guest.
        assert_eq!(server.lines().len(), reads);
    }
}

#[tokio::test]
async fn failures_are_told_as_what_they_mean_for_the_channel() {
    let text = |error: ChannelError| error.to_string();
    for (status, check, words) in [
        (
            "500 QEMU guest agent is not running",
            (|it| matches!(it, ChannelError::TimedOut { .. })) as fn(&ChannelError) -> bool,
            "did not answer guest-ping within 3.0 s",
        ),
        (
            "500 VM 100 qga command 'guest-ping' failed - got timeout",
            |it| matches!(it, ChannelError::TimedOut { .. }),
            "did not answer",
        ),
        (
            "500 No QEMU guest agent configured",
            |it| matches!(it, ChannelError::NotConfigured(_)),
            "No QEMU guest agent configured",
        ),
        (
            "500 VM 100 is not running",
            |it| matches!(it, ChannelError::NoSocket(_)),
            "VM 100 is not running",
        ),
        (
            "403 Permission check failed (/vms/100, VM.GuestAgent.Audit|VM.GuestAgent.Unrestricted)",
            |it| matches!(it, ChannelError::Agent { .. }),
            "VM.GuestAgent.Audit",
        ),
        (
            "500 Agent error: Command guest-ping has been disabled",
            |it| matches!(it, ChannelError::Agent { class, .. } if class == "CommandNotFound"),
            "has been disabled",
        ),
        (
            "501 Method 'POST /nodes/pve1/qemu/100/agent/ping' not implemented",
            |it| matches!(it, ChannelError::Agent { class, .. } if class == "CommandNotFound"),
            "not implemented",
        ),
        (
            "401 No ticket",
            |it| matches!(it, ChannelError::NoSocket(_)),
            "hospes@pve!lab",
        ),
        (
            "200 OK",
            |it| matches!(it, ChannelError::Garbage { .. }),
            "not the protocol",
        ),
    ] {
        let identity = Identity::new();
        let server = Server::start(&identity, move |_| Reply::status(status)).await;
        let channel = channel(&client(&identity, &[server.port]));
        let error = send(&channel, commands::ping()).await.unwrap_err();
        assert!(check(&error), "{status}: {error:?}");
        let told = text(error);
        assert!(told.contains(words), "{status}: {told}");
    }
}

#[tokio::test]
async fn a_cluster_that_cannot_be_reached_is_no_silent_agent() {
    let identity = Identity::new();
    let channel = channel(&client(&identity, &[closed_port().await]));
    let error = send(&channel, commands::ping()).await.unwrap_err();
    assert!(matches!(error, ChannelError::NoSocket(_)), "{error:?}");
}

#[tokio::test]
async fn a_silent_agent_is_told_with_the_time_of_the_asking_and_asked_again_when_it_matters() {
    let identity = Identity::new();
    let server = Server::start(&identity, |_| {
        Reply::status("500 QEMU guest agent is not running")
    })
    .await;
    let client = client(&identity, &[server.port]);
    let usual = channel(&client);
    send(&usual, commands::ping()).await.unwrap_err();
    let error = send(&usual, commands::ping()).await.unwrap_err();
    assert!(matches!(error, ChannelError::TimedOut { .. }), "{error:?}");
    let words = "the agent did not answer guest-ping (asked 0 s ago) within 3.0 s";
    assert_eq!(error.to_string(), words);
    assert_eq!(server.lines().len(), 1);

    let fresh = ProxmoxChannel::fresh(Arc::clone(&client), NodeName::new("pve1"), 100);
    send(&fresh, commands::ping()).await.unwrap_err();
    assert_eq!(server.lines().len(), 2);
}

#[tokio::test]
async fn the_deadline_of_a_command_holds() {
    let identity = Identity::new();
    let server = Server::start(&identity, |_| Reply::Hang).await;
    let channel = channel(&client(&identity, &[server.port]));
    let ping = commands::ping();
    let deadline = Duration::from_millis(200);
    let asked = channel.call(&ping.name, ping.arguments, deadline);
    let error = tokio::time::timeout(PATIENCE / 2, asked).await.unwrap();
    assert_eq!(
        error.unwrap_err(),
        ChannelError::TimedOut {
            command: "guest-ping".to_owned(),
            after: deadline
        }
    );
}
