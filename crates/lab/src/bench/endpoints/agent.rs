//! An agent that costs next to nothing, so that the client's own cost shows.

use qga::{AgentError, Answer, Reply, Request, RequestDecoder, RequestEvent, RequestLimits};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};

/// Serves one client after the other, as an agent's socket does.
pub(super) async fn serve(listener: UnixListener) {
    while let Ok((stream, _)) = listener.accept().await {
        // A client that leaves is no failure.
        let _ = converse(stream).await;
    }
}

async fn converse(mut stream: UnixStream) -> std::io::Result<()> {
    let mut decoder = RequestDecoder::new(RequestLimits::default());
    let mut buffer = [0; 4096];
    loop {
        let count = stream.read(&mut buffer).await?;
        if count == 0 {
            return Ok(());
        }
        let mut input = &buffer[..count];
        while let Some(event) = decoder.next_event(&mut input) {
            stream.write_all(&answer(event)).await?;
        }
    }
}

fn answer(event: RequestEvent) -> Vec<u8> {
    let request = match event {
        RequestEvent::Request(request) => request,
        RequestEvent::Rejected(rejected) => return rejected.into_reply().encode(),
    };
    let is_delimited = request.execute == "guest-sync-delimited";
    let reply = Reply {
        answer: result(&request),
        id: request.id,
    };
    if is_delimited {
        reply.encode_delimited()
    } else {
        reply.encode()
    }
}

fn result(request: &Request) -> Answer {
    match request.execute.as_str() {
        "guest-ping" => Answer::Return(json!({})),
        "guest-sync" | "guest-sync-delimited" => {
            let id = request
                .arguments
                .as_ref()
                .and_then(|arguments| arguments.get("id"));
            Answer::Return(id.cloned().unwrap_or_default())
        }
        "guest-info" => Answer::Return(json!({
            "version": "7.2.22",
            "supported_commands": [{"name": "guest-ping", "enabled": true, "success-response": true}],
        })),
        unknown => Answer::Error(AgentError {
            class: AgentError::COMMAND_NOT_FOUND.to_owned(),
            desc: format!("The command {unknown} has not been found"),
        }),
    }
}
