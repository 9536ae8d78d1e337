//! `/agent/*`: commands to a guest's agent. Each pings it first, which takes three seconds when
//! nobody answers.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::agent_data::{bytes_of, text_of};
use super::{Answer, Call, data};
use crate::proxmox::guest::{AgentFailure, Guest};
use crate::proxmox::reply::ApiError;

const PING: Duration = Duration::from_secs(3);
const COMMAND: Duration = Duration::from_secs(5);
const READ_AT_ONCE: u64 = 1 << 20;
const LONGEST_FILE: u64 = 16 << 20;

/// Commands that take no parameters, and are answered with what the agent returned.
const PLAIN: [&str; 12] = [
    "fsfreeze-status",
    "fsfreeze-thaw",
    "get-fsinfo",
    "get-host-name",
    "get-memory-blocks",
    "get-osinfo",
    "get-time",
    "get-timezone",
    "get-users",
    "get-vcpus",
    "info",
    "network-get-interfaces",
];

pub(super) async fn answer(call: &Call, method: &str, rest: &str) -> Answer {
    let command = rest.trim_start_matches('/');
    if (method, command) == ("GET", "") {
        let names = PLAIN
            .iter()
            .copied()
            .chain(["exec", "exec-status", "file-read", "ping"]);
        return data(json!(
            names.map(|name| json!({"name": name})).collect::<Vec<_>>()
        ));
    }
    let guest = call.guest()?;
    let command = match command {
        "" => call.parameter("command").unwrap_or_default(),
        command => command,
    };
    match command {
        "exec" => exec(call, &guest).await,
        "exec-status" => exec_status(call, &guest).await,
        "file-read" => file_read(call, &guest).await,
        "ping" => plain(&guest, command).await,
        "shutdown" => shut_down(&guest).await,
        command if PLAIN.contains(&command) => plain(&guest, command).await,
        _ => Err(call.not_implemented()),
    }
}

/// Fails as a real node does where there is no agent to be asked.
async fn available(guest: &Guest) -> Result<(), ApiError> {
    if !guest.settings().config.contains_key("agent") {
        return Err(ApiError::died("No QEMU guest agent configured"));
    }
    if !guest.machine.is_running() {
        return Err(ApiError::died(format!("VM {} is not running", guest.vmid)));
    }
    let ping = guest.machine.agent("guest-ping", json!({}), PING).await;
    ping.map(|_| ())
        .map_err(|_| ApiError::died("QEMU guest agent is not running"))
}

/// One command; an error of the agent ends the call.
async fn asked(guest: &Guest, command: &str, arguments: Value) -> Result<Value, ApiError> {
    available(guest).await?;
    tell(guest, command, arguments).await
}

async fn tell(guest: &Guest, command: &str, arguments: Value) -> Result<Value, ApiError> {
    let name = format!("guest-{command}");
    let answer = guest.machine.agent(&name, arguments, COMMAND).await;
    answer.map_err(|failure| match failure {
        AgentFailure::Refused { description, .. } => {
            ApiError::died(format!("Agent error: {description}"))
        }
        AgentFailure::Silent => timed_out(guest, &name),
    })
}

fn timed_out(guest: &Guest, command: &str) -> ApiError {
    let vmid = guest.vmid;
    ApiError::died(format!(
        "VM {vmid} qga command '{command}' failed - got timeout"
    ))
}

/// A command without parameters. An error of the agent is a result: the real API does not look.
async fn plain(guest: &Guest, command: &str) -> Answer {
    available(guest).await?;
    let name = format!("guest-{command}");
    match guest.machine.agent(&name, json!({}), COMMAND).await {
        Ok(result) => data(json!({"result": result})),
        Err(AgentFailure::Refused { class, description }) => {
            data(json!({"result": {"error": {"class": class, "desc": description}}}))
        }
        Err(AgentFailure::Silent) => Err(timed_out(guest, &name)),
    }
}

async fn shut_down(guest: &Guest) -> Answer {
    available(guest).await?;
    match guest.machine.agent_shutdown().await {
        Ok(()) => data(json!({"result": null})),
        Err(_) => Err(timed_out(guest, "guest-shutdown")),
    }
}

async fn exec(call: &Call, guest: &Guest) -> Answer {
    let words: Vec<&str> = call.asked.parameters.all("command").collect();
    let (program, rest) = words
        .split_first()
        .map_or(("", &[][..]), |(first, rest)| (*first, rest));
    let mut arguments = json!({"path": program, "arg": rest, "capture-output": true});
    if let Some(input) = call.parameter("input-data") {
        arguments["input-data"] = json!(STANDARD.encode(bytes_of(input)?));
    }
    data(asked(guest, "exec", arguments).await?)
}

async fn exec_status(call: &Call, guest: &Guest) -> Answer {
    let pid: i64 = call
        .parameter("pid")
        .and_then(|pid| pid.parse().ok())
        .unwrap_or_default();
    let mut status = asked(guest, "exec-status", json!({"pid": pid})).await?;
    for (key, value) in status.as_object_mut().into_iter().flatten() {
        match (key.as_str(), &*value) {
            ("out-data" | "err-data", Value::String(text)) => {
                *value = json!(text_of(&STANDARD.decode(text).unwrap_or_default()));
            }
            (_, Value::Bool(flag)) => *value = json!(u8::from(*flag)),
            _ => {}
        }
    }
    data(status)
}

async fn file_read(call: &Call, guest: &Guest) -> Answer {
    let path = call.parameter("file").unwrap_or_default();
    let wanted = call
        .asked
        .parameters
        .number("count")
        .unwrap_or(LONGEST_FILE)
        .min(LONGEST_FILE);
    let handle = asked(guest, "file-open", json!({"path": path})).await?;
    if let Some(offset) = call
        .asked
        .parameters
        .number("offset")
        .filter(|&offset| offset > 0)
    {
        let seek = json!({"handle": handle, "offset": offset, "whence": "set"});
        tell(guest, "file-seek", seek).await?;
    }
    let (mut content, mut ended) = (Vec::new(), false);
    while (content.len() as u64) < wanted && !ended {
        let count = READ_AT_ONCE.min(wanted - content.len() as u64);
        let read = tell(
            guest,
            "file-read",
            json!({"handle": handle, "count": count}),
        )
        .await?;
        content.extend(
            STANDARD
                .decode(read["buf-b64"].as_str().unwrap_or_default())
                .unwrap_or_default(),
        );
        ended = read["eof"] == true || read["count"] == 0;
    }
    tell(guest, "file-close", json!({"handle": handle})).await?;
    let mut result = json!({"bytes-read": content.len(), "content": file_text(call, &content)});
    if !ended {
        result["truncated"] = json!(1);
    }
    data(result)
}

fn file_text(call: &Call, content: &[u8]) -> String {
    let decode = call.parameter("decode").is_none() || call.flag("decode");
    match decode {
        true => text_of(content),
        false => STANDARD.encode(content),
    }
}
