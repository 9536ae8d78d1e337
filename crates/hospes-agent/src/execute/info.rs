//! `guest-info`.

use guest_os::SYSTEM;
use serde_json::{Value, json};

use crate::agent::Agent;
use crate::version;

/// The version, and every command with what may be called now.
pub(super) fn info(agent: &Agent) -> Value {
    let commands: Vec<Value> = SYSTEM
        .commands()
        .map(|command| {
            json!({
                "name": command.name,
                "enabled": agent.admit(command.name).is_ok(),
                "success-response": command.success_response,
            })
        })
        .collect();
    json!({ "version": version::REPORTED, "supported_commands": commands })
}
