//! `guest-fsfreeze-*`.

use qga::{AgentError, Call};
use serde_json::json;

use super::{Outcome, value};
use crate::agent::Agent;

pub(super) fn perform(agent: &Agent, call: Call) -> Outcome {
    let count = match call {
        Call::Freeze(mount_points) => agent.freezer.freeze(mount_points),
        Call::Thaw => agent.freezer.thaw(),
        _ => {
            let is_frozen = agent.freezer.is_frozen();
            return value(json!(if is_frozen { "frozen" } else { "thawed" }));
        }
    };
    value(json!(count.map_err(AgentError::generic)?))
}
