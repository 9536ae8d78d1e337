//! Peers that babble, repeat themselves, answer late, or go away.

use std::time::Instant;

use qga::ReplyLimits;
use serde_json::json;
use tempfile::TempDir;

use super::fake::{FakeAgent, Peer, answer};
use super::*;

const SMALL: ReplyLimits = ReplyLimits {
    line_bytes: 256 << 10,
    values: 1000,
};

/// What a socket takes that nobody reads: Linux's default send buffer, with room to spare.
const SOCKET_BYTES: usize = 1 << 20;

async fn call(client: &AgentClient, command: &str) -> Result<Value, ChannelError> {
    client.call(command, Value::Null, SHORT).await
}

fn garbage(answer: Result<Value, ChannelError>) -> String {
    match answer {
        Err(ChannelError::Garbage { detail, .. }) => detail,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_missing_socket_and_a_dead_one_say_what_to_do() {
    let directory = TempDir::new().unwrap();
    let missing = directory.path().join("missing");
    let dead = directory.path().join("dead");
    drop(std::os::unix::net::UnixListener::bind(&dead).unwrap());
    let long = directory.path().join("x".repeat(200));
    for (path, words) in [
        (missing, "the machine is off"),
        (dead, "nobody listens"),
        (long, "check"),
    ] {
        let error = ping(&AgentClient::new(path.clone()), AMPLE)
            .await
            .unwrap_err();
        let ChannelError::NoSocket(text) = &error else {
            panic!("{error}")
        };
        assert!(
            text.contains(words) && text.contains(path.to_str().unwrap()),
            "{text}"
        );
    }
}

#[tokio::test]
async fn a_peer_that_never_accepts_times_out_and_a_full_queue_is_told() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("deaf");
    let _listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let begun = Instant::now();
    let client = AgentClient::new(path.clone());
    let error = ping(&client, SHORT).await.unwrap_err();
    assert!(matches!(error, ChannelError::TimedOut { .. }), "{error}");
    assert!(begun.elapsed() < SHORT * 3);

    let mut waiting = Vec::new();
    let full = loop {
        let connect = tokio::net::UnixStream::connect(&path).await;
        match connect {
            Ok(stream) => waiting.push(stream),
            Err(error) => break error,
        }
    };
    assert_eq!(full.kind(), std::io::ErrorKind::WouldBlock);
    let error = ping(&client, SHORT).await.unwrap_err();
    assert!(matches!(error, ChannelError::Held(_)), "{error}");
}

#[tokio::test]
async fn a_slow_peer_is_waited_for() {
    let fake = FakeAgent::start(|mut peer: Peer| async move {
        while let Some(request) = peer.command().await {
            for byte in answer(&request) {
                tokio::time::sleep(Duration::from_millis(1)).await;
                let Some(()) = peer.say(&[byte]).await else {
                    return;
                };
            }
        }
    });
    let client = fake.client();
    assert_eq!(ping(&client, AMPLE).await, Ok(json!("guest-ping")));
    assert_eq!(ping(&client, AMPLE).await, Ok(json!("guest-ping")));
}

#[tokio::test]
async fn noise_around_the_answers_is_passed_over() {
    let fake = FakeAgent::start(|mut peer: Peer| async move {
        peer.say(b"\xFF\xFF login: \x1b[2J\n{\"QMP\": {}}\n\xFF{\"return\":")
            .await;
        while let Some(request) = peer.command().await {
            peer.say(b"\r\nkernel: something happened\n\xFF\xFF\xFF")
                .await;
            peer.say(&answer(&request)).await;
            peer.say(b"more noise\n\xFF half a line").await;
        }
    });
    let client = fake.client();
    assert_eq!(ping(&client, AMPLE).await, Ok(json!("guest-ping")));
    let second = client.call("guest-info", Value::Null, AMPLE).await;
    assert_eq!(second, Ok(json!("guest-info")));
}

#[tokio::test]
async fn an_answer_that_is_not_the_protocol_is_shown() {
    let fake = FakeAgent::start(|mut peer: Peer| async move {
        while peer.command().await.is_some() {
            peer.say(b"{'return': {}}\n").await;
        }
    });
    let detail = garbage(call(&fake.client(), "guest-info").await);
    assert_eq!(detail, "not JSON: `{'return': {}}`");
}

#[tokio::test]
async fn babble_without_an_answer_is_garbage_by_the_deadline() {
    for babble in [
        &b"login:\n"[..],
        b"\xFF",
        b"{\"QMP\": {}}\n",
        b"{\"return\": {}, \"id\": 1}\n",
    ] {
        let fake = FakeAgent::start(move |mut peer: Peer| async move {
            let babble = babble.repeat(1000);
            while peer.say(&babble).await.is_some() {}
        });
        let client = AgentClient::with_limits(fake.socket(), SMALL);
        let begun = Instant::now();
        let detail = garbage(ping(&client, AMPLE).await);
        assert!(begun.elapsed() < AMPLE, "{:?}", begun.elapsed());
        assert!(!detail.is_empty());
        let most = SMALL.line_bytes * 5 + SOCKET_BYTES;
        assert!(fake.written() < most, "{} bytes were taken", fake.written());
    }
}

#[tokio::test]
async fn an_endless_line_is_an_error_and_is_not_kept() {
    let fake = FakeAgent::start(|mut peer: Peer| async move {
        if peer.command().await.is_some() {
            peer.say(b"{\"return\": \"").await;
            let text = vec![b'x'; 64 << 10];
            while peer.say(&text).await.is_some() {}
        }
    });
    let client = AgentClient::with_limits(fake.socket(), SMALL);
    let detail = garbage(ping(&client, AMPLE).await);
    assert!(
        detail.contains("over the limit of 262144 bytes"),
        "{detail}"
    );
    assert!(
        fake.written() < SMALL.line_bytes * 2 + SOCKET_BYTES,
        "{}",
        fake.written()
    );
    garbage(ping(&client, AMPLE).await);
}

#[tokio::test]
async fn after_an_answer_over_the_limit_the_next_one_is_found() {
    let fake = FakeAgent::start(|mut peer: Peer| async move {
        while let Some(request) = peer.command().await {
            if request.execute == "guest-info" {
                let long = format!("{{\"return\": \"{}\", \"id\": 1}}\n", "x".repeat(1 << 20));
                peer.say(long.as_bytes()).await;
            } else {
                peer.say(&answer(&request)).await;
            }
        }
    });
    let client = AgentClient::with_limits(fake.socket(), SMALL);
    assert_eq!(ping(&client, AMPLE).await, Ok(json!("guest-ping")));
    let info = client.call("guest-info", Value::Null, AMPLE).await;
    assert!(garbage(info).contains("over the limit"));
    assert_eq!(ping(&client, AMPLE).await, Ok(json!("guest-ping")));
}

#[tokio::test]
async fn repeated_answers_are_not_taken_for_the_next_calls() {
    let fake = FakeAgent::start(|mut peer: Peer| async move {
        let mut said: Vec<u8> = Vec::new();
        while let Some(request) = peer.command().await {
            let all = said.clone();
            peer.say(&all).await;
            let answer = answer(&request);
            peer.say(&answer).await;
            peer.say(&answer).await;
            said.extend(answer);
        }
    });
    let client = fake.client();
    for number in 0..50 {
        let command = format!("command-{number}");
        assert_eq!(
            client.call(&command, Value::Null, AMPLE).await,
            Ok(json!(command))
        );
    }
}

#[tokio::test]
async fn late_answers_are_not_taken_for_the_next_calls() {
    let fake = FakeAgent::start(|mut peer: Peer| async move {
        while let Some(request) = peer.command().await {
            if request.execute == "slow" {
                tokio::time::sleep(SHORT + Duration::from_millis(100)).await;
            }
            peer.say(&answer(&request)).await;
        }
    });
    let client = fake.client();
    for _ in 0..3 {
        let slow = call(&client, "slow").await;
        assert!(
            matches!(slow, Err(ChannelError::TimedOut { .. })),
            "{slow:?}"
        );
        assert_eq!(ping(&client, AMPLE).await, Ok(json!("guest-ping")));
    }
}

#[tokio::test]
async fn a_peer_that_hangs_up_closes_the_call_and_the_next_one_reconnects() {
    let fake = FakeAgent::start(|mut peer: Peer| async move {
        if let Some(request) = peer.command().await {
            peer.say(&answer(&request)).await;
        }
        peer.command().await;
    });
    let client = fake.client();
    for _ in 0..3 {
        assert_eq!(ping(&client, AMPLE).await, Ok(json!("guest-ping")));
        let closed = ping(&client, AMPLE).await;
        assert_eq!(
            closed,
            Err(ChannelError::Closed {
                command: "guest-ping".into()
            })
        );
    }
}

#[tokio::test]
async fn a_peer_that_does_not_read_a_large_request_times_out() {
    let fake = FakeAgent::start(|mut peer: Peer| async move {
        if let Some(request) = peer.command().await {
            peer.say(&answer(&request)).await;
            tokio::time::sleep(AMPLE).await;
        }
    });
    let client = fake.client();
    ping(&client, AMPLE).await.unwrap();
    let large = json!({ "buf-b64": "x".repeat(8 << 20) });
    let error = client
        .call("guest-file-write", large, SHORT)
        .await
        .unwrap_err();
    assert!(matches!(error, ChannelError::TimedOut { .. }), "{error}");
}

#[tokio::test]
async fn silence_and_a_hang_up_are_success_for_a_silent_command() {
    let silent =
        FakeAgent::start(|mut peer: Peer| async move { while peer.command().await.is_some() {} });
    let begun = Instant::now();
    let taken = silent
        .client()
        .send_expecting_silence("guest-shutdown", Value::Null, SHORT)
        .await;
    assert_eq!(taken, Ok(()));
    assert!(
        (SHORT..SHORT * 3).contains(&begun.elapsed()),
        "{:?}",
        begun.elapsed()
    );

    let gone = FakeAgent::start(|mut peer: Peer| async move {
        peer.command().await;
    });
    let begun = Instant::now();
    let taken = gone
        .client()
        .send_expecting_silence("guest-shutdown", Value::Null, AMPLE)
        .await;
    assert_eq!(taken, Ok(()));
    assert!(begun.elapsed() < AMPLE / 2);
}

#[tokio::test]
async fn a_silent_command_is_not_called_taken_when_the_agent_is_not_there() {
    let deaf =
        FakeAgent::start(|mut peer: Peer| async move { while peer.request().await.is_some() {} });
    let sent = deaf
        .client()
        .send_expecting_silence("guest-shutdown", Value::Null, SHORT)
        .await;
    let command = "guest-sync-delimited (before guest-shutdown)".to_owned();
    assert_eq!(
        sent,
        Err(ChannelError::TimedOut {
            command,
            after: SHORT
        })
    );

    let gone = FakeAgent::start(|mut peer: Peer| async move {
        peer.request().await;
    });
    let sent = gone
        .client()
        .send_expecting_silence("guest-shutdown", Value::Null, SHORT)
        .await;
    let command = "guest-sync-delimited (before guest-shutdown)".to_owned();
    assert_eq!(sent, Err(ChannelError::Closed { command }));
}
