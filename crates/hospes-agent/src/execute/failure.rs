//! The operating system's refusals as the protocol's errors.

use qga::AgentError;
use serde::Serialize;

use super::{Done, Outcome};

pub(super) fn error(error: &guest_os::Error) -> AgentError {
    AgentError::generic(error.to_string())
}

/// A result of the operating system as the command's outcome.
pub(super) fn answered<T: Serialize>(result: guest_os::Result<T>) -> Outcome {
    let result = result.map_err(|failed| error(&failed))?;
    let value = serde_json::to_value(result)
        .map_err(|failed| AgentError::generic(format!("the result is no JSON: {failed}")))?;
    Ok(Done::Value(value))
}
