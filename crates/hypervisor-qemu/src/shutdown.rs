//! Asking a machine's agent to shut it down.
//!
//! `guest-shutdown` answers nothing on success and an error otherwise, so silence is the good
//! answer and cannot be told from an agent that died right after its last sign of life; a connection
//! that ends may be the machine that is gone, or an agent that crashed. Both count as taken: asking
//! twice is worse than waiting for a shutdown that does not come. An agent that fails later than
//! the time for an objection is taken at its silence, too. Only observing the machine tells.

use std::time::Duration;

use lifecycle::ports::{AgentChannel, Asked, ChannelError, HypervisorError};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::channel::AgentLine;

const COMMAND: &str = "guest-shutdown";

/// Sends `guest-shutdown` once, to an agent that has just answered a ping.
pub(crate) async fn ask_agent(
    line: &AgentLine,
    deadline: Duration,
) -> Result<Asked, HypervisorError> {
    let begun = Instant::now();
    let objection = line.guest().deadlines.objection.min(deadline / 2);
    line.call(
        "guest-ping",
        Value::Null,
        deadline.saturating_sub(objection),
    )
    .await
    .map_err(not_sent)?;
    let objection = objection.min(deadline.saturating_sub(begun.elapsed()));
    let power_down = json!({ "mode": "powerdown" });
    match line
        .client()
        .send_expecting_silence(COMMAND, power_down, objection)
        .await
    {
        Ok(()) => Ok(Asked::Taken {
            evidence: format!(
                "{COMMAND} (powerdown) was sent, the agent did not object within {:.1} s",
                objection.as_secs_f64()
            ),
        }),
        Err(ChannelError::Agent {
            class, description, ..
        }) => Ok(Asked::Refused {
            reason: format!("{description} ({class})"),
        }),
        Err(error) => Err(not_sent(error)),
    }
}

/// What kept the command from being sent. No error from here leaves that open.
fn not_sent(error: ChannelError) -> HypervisorError {
    let text = format!("{COMMAND} was not sent: {error}");
    match error {
        ChannelError::NotConfigured(_) => HypervisorError::NotConfigured(text),
        ChannelError::Held(_) => HypervisorError::Held(text),
        ChannelError::Garbage { .. } => HypervisorError::Garbage(text),
        ChannelError::Agent { .. } => HypervisorError::Refused(text),
        ChannelError::NoSocket(_) | ChannelError::TimedOut { .. } | ChannelError::Closed { .. } => {
            HypervisorError::Unreachable(text)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Write};
    use std::os::unix::net::{UnixListener, UnixStream};
    use std::path::Path;
    use std::sync::Arc;
    use std::sync::mpsc::{self, Receiver, Sender};
    use std::thread;

    use super::*;
    use crate::channel::AgentLines;
    use crate::{Deadlines, LocalGuest};

    const DEADLINE: Duration = Duration::from_secs(2);

    /// What an agent does when it is asked to shut down; `None` ends the connection.
    type Reaction = fn() -> Option<&'static str>;

    fn line_to(socket: &Path) -> Arc<AgentLine> {
        let guest = LocalGuest {
            qmp: socket.with_file_name("no-monitor"),
            agent: Some(socket.to_owned()),
            start: None,
            deadlines: Deadlines {
                objection: Duration::from_millis(300),
                ..Deadlines::default()
            },
        };
        AgentLines::default().line(&"vm".parse().unwrap(), &guest, socket)
    }

    /// An agent at `socket` that is alive until it is asked to shut down, and the commands it got.
    fn agent_that(socket: &Path, reaction: Reaction) -> Receiver<Value> {
        let listener = UnixListener::bind(socket).unwrap();
        let (seen, commands) = mpsc::channel();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let _ = converse(stream.unwrap(), &seen, reaction);
            }
        });
        commands
    }

    fn converse(
        stream: UnixStream,
        seen: &Sender<Value>,
        reaction: Reaction,
    ) -> std::io::Result<()> {
        let mut replies = stream.try_clone()?;
        for line in BufReader::new(stream).split(b'\n') {
            let line = line?
                .into_iter()
                .filter(|byte| *byte != 0xFF)
                .collect::<Vec<_>>();
            let Ok(mut request) = serde_json::from_slice::<Value>(&line) else {
                continue;
            };
            let id = request["id"].take();
            let command = request["execute"].as_str().unwrap_or_default().to_owned();
            match command.as_str() {
                "guest-sync-delimited" => {
                    let value = &request["arguments"]["id"];
                    let reply = json!({"return": value, "id": id});
                    replies.write_all(b"\xFF")?;
                    writeln!(replies, "{reply}")?;
                }
                COMMAND => {
                    let _ = seen.send(request);
                    let Some(words) = reaction() else {
                        return Ok(());
                    };
                    if !words.is_empty() {
                        let error = json!({"class": "GenericError", "desc": words});
                        writeln!(replies, "{}", json!({"error": error, "id": id}))?;
                    }
                }
                _ => writeln!(replies, "{}", json!({"return": {}, "id": id}))?,
            }
        }
        Ok(())
    }

    #[tokio::test]
    async fn silence_and_a_connection_that_ends_are_consent_and_an_error_is_refusal() {
        let reactions: [(Reaction, bool); 3] = [
            (|| Some(""), true),
            (|| None, true),
            (|| Some("shutdown is inhibited"), false),
        ];
        for (reaction, taken) in reactions {
            let dir = tempfile::tempdir().unwrap();
            let socket = dir.path().join("agent");
            let commands = agent_that(&socket, reaction);
            let asked = ask_agent(&line_to(&socket), DEADLINE).await.unwrap();
            match asked {
                Asked::Taken { evidence } => assert!(taken, "{evidence}"),
                Asked::Refused { reason } => {
                    assert!(!taken);
                    assert_eq!(reason, "shutdown is inhibited (GenericError)");
                }
            }
            let commands: Vec<_> = commands.try_iter().collect();
            assert_eq!(commands.len(), 1, "asked once: {commands:?}");
            assert_eq!(commands[0]["arguments"], json!({"mode": "powerdown"}));
        }
    }

    #[tokio::test]
    async fn an_agent_that_cannot_be_reached_or_hangs_is_not_asked() {
        let dir = tempfile::tempdir().unwrap();
        let socket = dir.path().join("agent");
        let error = ask_agent(&line_to(&socket), DEADLINE).await.unwrap_err();
        assert!(
            matches!(error, HypervisorError::Unreachable(_)),
            "{error:?}"
        );

        let listener = UnixListener::bind(&socket).unwrap();
        let error = ask_agent(&line_to(&socket), DEADLINE).await.unwrap_err();
        assert!(
            matches!(error, HypervisorError::Unreachable(_)),
            "{error:?}"
        );
        assert!(
            error.to_string().contains("guest-shutdown was not sent"),
            "{error}"
        );
        let (mut stream, _) = listener.accept().unwrap();
        let mut sent = String::new();
        let _ = std::io::Read::read_to_string(&mut stream, &mut sent);
        assert!(!sent.contains(COMMAND), "{sent}");
    }
}
