//! Against QEMU's own agent.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use qga::commands::{
    self, Exec, ExecEnd, ExecStarted, ExecStatus, FileHandle, FileRead, FreezeStatus, GuestInfo,
    HostName, Interfaces,
};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use tempfile::TempDir;

use super::*;

/// `qemu-ga` on a socket of its own; killed in the end.
pub(super) struct RealAgent {
    directory: TempDir,
    process: Child,
}

impl RealAgent {
    pub(super) fn start() -> Self {
        let directory = TempDir::new().unwrap();
        let process = spawn(directory.path());
        let agent = Self { directory, process };
        agent.wait_until_it_listens();
        agent
    }

    pub(super) fn client(&self) -> AgentClient {
        AgentClient::new(self.socket())
    }

    fn socket(&self) -> PathBuf {
        self.directory.path().join("qga.sock")
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.process), signal).unwrap();
    }

    fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    fn restart(&mut self) {
        self.kill();
        std::fs::remove_file(self.socket()).unwrap();
        self.process = spawn(self.directory.path());
        self.wait_until_it_listens();
    }

    fn wait_until_it_listens(&self) {
        let begun = Instant::now();
        while std::os::unix::net::UnixStream::connect(self.socket()).is_err() {
            assert!(begun.elapsed() < AMPLE, "qemu-ga does not listen");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for RealAgent {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The agent runs on the machine that runs the tests, perhaps as root.
const DISABLED: &str = "guest-shutdown,guest-suspend-disk,guest-suspend-ram,guest-suspend-hybrid,\
    guest-fsfreeze-freeze,guest-fsfreeze-freeze-list,guest-set-time,guest-set-vcpus,\
    guest-set-user-password";

fn spawn(directory: &Path) -> Child {
    const DEBIAN: &str = "/usr/sbin/qemu-ga";
    let program = if Path::new(DEBIAN).exists() {
        DEBIAN
    } else {
        "qemu-ga"
    };
    Command::new(program)
        .args(["-b", DISABLED, "-m", "unix-listen", "-p"])
        .arg(directory.join("qga.sock"))
        .arg("-t")
        .arg(directory)
        .arg("-f")
        .arg(directory.join("qga.pid"))
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("qemu-ga must be installed for this test: apt-get install qemu-guest-agent")
}

async fn run(client: &AgentClient, command: commands::Command) -> Value {
    client
        .call(&command.name, command.arguments, AMPLE)
        .await
        .unwrap()
}

#[tokio::test]
async fn the_agent_says_who_it_is() {
    let agent = RealAgent::start();
    let client = agent.client();
    assert_eq!(ping(&client, AMPLE).await, Ok(json!({})));

    let info = GuestInfo::from_result(run(&client, commands::info()).await).unwrap();
    assert!(
        info.version.starts_with(|c: char| c.is_ascii_digit()),
        "{}",
        info.version
    );
    assert!(info.enabled().any(|name| name == "guest-exec"));
    assert!(info.enabled().all(|name| name != "guest-shutdown"));

    let status = run(&client, commands::fsfreeze_status()).await;
    assert_eq!(FreezeStatus::from_result(status), Ok(FreezeStatus::Thawed));

    let name = HostName::from_result(run(&client, commands::host_name()).await).unwrap();
    let kernel = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    assert_eq!(name.host_name, kernel.trim());

    let interfaces = run(&client, commands::network_interfaces()).await;
    let interfaces = Interfaces::from_result(interfaces).unwrap();
    assert!(interfaces.0.iter().any(|interface| interface.name == "lo"));
    for mac in interfaces.mac_addresses() {
        assert_ne!(mac, "00:00:00:00:00:00");
    }
}

#[tokio::test]
async fn programs_run_with_input_output_and_exit_code() {
    let agent = RealAgent::start();
    let client = agent.client();
    let exec = Exec {
        path: "/bin/sh".into(),
        arguments: vec!["-s".into()],
        environment: Some(vec!["WORD=hello".into()]),
        input: b"echo $WORD; echo bad >&2; exit 3\n".to_vec(),
    };
    let started = ExecStarted::from_result(run(&client, exec.command()).await).unwrap();
    let status = loop {
        let status = run(&client, commands::exec_status(started.pid)).await;
        match ExecStatus::from_result(status).unwrap() {
            ExecStatus::Running => tokio::time::sleep(Duration::from_millis(5)).await,
            exited => break exited,
        }
    };
    let expected = ExecStatus::Exited {
        end: ExecEnd::Code(3),
        stdout: b"hello\n".to_vec(),
        stderr: b"bad\n".to_vec(),
        truncated: false,
    };
    assert_eq!(status, expected);
}

#[tokio::test]
async fn files_are_read_in_pieces() {
    let agent = RealAgent::start();
    let client = agent.client();
    let path = agent.directory.path().join("file");
    let content: Vec<u8> = (0..200_000_u32).map(|i| (i % 251) as u8).collect();
    std::fs::write(&path, &content).unwrap();

    let opened = run(&client, commands::file_open(path.to_str().unwrap())).await;
    let handle = FileHandle::from_result(opened).unwrap();
    let mut read = Vec::new();
    loop {
        let piece = run(&client, commands::file_read(handle, 65_536)).await;
        let piece = FileRead::from_result(piece).unwrap();
        read.extend(piece.bytes);
        if piece.eof {
            break;
        }
    }
    assert_eq!(run(&client, commands::file_close(handle)).await, json!({}));
    assert_eq!(read, content);
}

#[tokio::test]
async fn an_error_comes_in_the_agents_words_and_the_next_call_works() {
    let agent = RealAgent::start();
    let client = agent.client();
    let error = client
        .call("guest-nonsense", Value::Null, AMPLE)
        .await
        .unwrap_err();
    let ChannelError::Agent {
        command,
        class,
        description,
    } = error
    else {
        panic!("{error}")
    };
    assert_eq!(
        (command.as_str(), class.as_str()),
        ("guest-nonsense", "CommandNotFound")
    );
    assert!(description.contains("guest-nonsense"), "{description}");

    let missing = commands::file_open("/nonexistent/file");
    let error = client
        .call(&missing.name, missing.arguments, AMPLE)
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("No such file or directory"),
        "{error}"
    );
    assert_eq!(ping(&client, AMPLE).await, Ok(json!({})));
}

#[tokio::test]
async fn a_stopped_agent_times_out_and_its_late_answer_is_not_taken_for_the_next_calls() {
    let agent = RealAgent::start();
    let client = agent.client();
    ping(&client, AMPLE).await.unwrap();

    agent.signal(Signal::STOP);
    let begun = Instant::now();
    let error = client
        .call("guest-get-host-name", Value::Null, SHORT)
        .await
        .unwrap_err();
    let expected = ChannelError::TimedOut {
        command: "guest-get-host-name".into(),
        after: SHORT,
    };
    assert_eq!(error, expected);
    assert!(begun.elapsed() < SHORT * 3, "{:?}", begun.elapsed());
    let error = client
        .call("guest-info", Value::Null, SHORT)
        .await
        .unwrap_err();
    let ChannelError::TimedOut { command, .. } = error else {
        panic!("{error}")
    };
    assert_eq!(command, "guest-sync-delimited (before guest-info)");

    agent.signal(Signal::CONT);
    for _ in 0..20 {
        assert_eq!(ping(&client, AMPLE).await, Ok(json!({})));
    }
}

#[tokio::test]
async fn an_agent_that_never_answered_is_found_again_by_a_new_connection() {
    let agent = RealAgent::start();
    let client = agent.client();
    agent.signal(Signal::STOP);
    for _ in 0..3 {
        assert!(ping(&client, SHORT).await.is_err());
    }
    agent.signal(Signal::CONT);
    assert_eq!(ping(&client, AMPLE).await, Ok(json!({})));
}

#[tokio::test]
async fn a_command_that_must_not_come_late_is_not_sent_to_a_stopped_agent() {
    let agent = RealAgent::start();
    let client = agent.client();
    ping(&client, AMPLE).await.unwrap();
    agent.signal(Signal::STOP);
    let marker = agent.directory.path().join("ran");
    let touch = json!({ "path": "touch", "arg": [marker] });
    let error = client
        .send_expecting_silence("guest-exec", touch, SHORT)
        .await
        .unwrap_err();
    assert!(matches!(error, ChannelError::TimedOut { .. }), "{error}");
    agent.signal(Signal::CONT);
    for _ in 0..5 {
        ping(&client, AMPLE).await.unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(!marker.exists());
}

#[tokio::test]
async fn a_refusal_of_a_silent_command_is_heard() {
    let agent = RealAgent::start();
    let client = agent.client();
    let powerdown = json!({ "mode": "powerdown" });
    let error = client
        .send_expecting_silence("guest-shutdown", powerdown, AMPLE)
        .await
        .unwrap_err();
    let ChannelError::Agent { command, class, .. } = error else {
        panic!("{error}")
    };
    assert_eq!(
        (command.as_str(), class.as_str()),
        ("guest-shutdown", "CommandNotFound")
    );
    assert_eq!(ping(&client, AMPLE).await, Ok(json!({})));
}

#[tokio::test]
async fn a_killed_agent_is_told_and_a_restarted_one_is_used_again() {
    let mut agent = RealAgent::start();
    let client = agent.client();
    ping(&client, AMPLE).await.unwrap();

    agent.restart();
    assert_eq!(ping(&client, AMPLE).await, Ok(json!({})));

    agent.kill();
    let error = ping(&client, AMPLE).await.unwrap_err();
    assert!(matches!(error, ChannelError::NoSocket(_)), "{error}");
    agent.restart();
    assert_eq!(ping(&client, AMPLE).await, Ok(json!({})));
}

#[tokio::test]
async fn an_agent_killed_in_the_middle_of_a_call_closes_it() {
    let mut agent = RealAgent::start();
    let client = agent.client();
    ping(&client, AMPLE).await.unwrap();
    agent.signal(Signal::STOP);
    let (answer, ()) = tokio::join!(ping(&client, AMPLE), async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        agent.kill();
    });
    assert_eq!(
        answer,
        Err(ChannelError::Closed {
            command: "guest-ping".into()
        })
    );
    agent.restart();
    assert_eq!(ping(&client, AMPLE).await, Ok(json!({})));
}

#[tokio::test]
async fn half_a_request_of_an_earlier_client_does_no_harm() {
    use std::io::Write;
    let agent = RealAgent::start();
    let mut rude = std::os::unix::net::UnixStream::connect(agent.socket()).unwrap();
    rude.write_all(b"{\"execute\":\"guest-ping\",\"id\":\"half")
        .unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    drop(rude);
    assert_eq!(ping(&agent.client(), AMPLE).await, Ok(json!({})));
}

#[tokio::test]
async fn calls_of_many_tasks_get_their_own_answers() {
    let agent = RealAgent::start();
    let client = std::sync::Arc::new(agent.client());
    let tasks: Vec<_> = (0..50_i64)
        .map(|number| {
            let client = client.clone();
            tokio::spawn(async move {
                let arguments = json!({ "id": number });
                let answer = client.call("guest-sync", arguments, AMPLE).await;
                assert_eq!(answer, Ok(json!(number)));
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
}

#[tokio::test]
async fn a_call_that_is_dropped_leaves_the_client_usable() {
    let agent = RealAgent::start();
    let client = agent.client();
    ping(&client, AMPLE).await.unwrap();
    agent.signal(Signal::STOP);
    let dropped = tokio::time::timeout(Duration::from_millis(50), ping(&client, AMPLE)).await;
    assert!(dropped.is_err());
    agent.signal(Signal::CONT);
    assert_eq!(ping(&client, AMPLE).await, Ok(json!({})));
}
