//! The client against QEMU's real agent, and against peers that misbehave by script.

mod fake;
mod latency;
mod misbehaving;
mod real;

use std::time::Duration;

use lifecycle::ports::{AgentChannel, ChannelError};
use serde_json::Value;

use super::AgentClient;

const SHORT: Duration = Duration::from_millis(300);
const AMPLE: Duration = Duration::from_secs(10);

async fn ping(client: &AgentClient, deadline: Duration) -> Result<Value, ChannelError> {
    client.call("guest-ping", Value::Null, deadline).await
}
