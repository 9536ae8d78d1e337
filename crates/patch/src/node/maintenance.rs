//! Maintenance mode of high availability, which has no REST call.

use std::time::Duration;

use conditions::NodeName;

use crate::script::{Script, quote};
use crate::wire::{self, AnswerError, clip};

/// What is asked of a node's maintenance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Maintenance {
    /// Its services leave.
    Enable,
    /// It takes services again.
    Disable,
}

impl Maintenance {
    /// The word of `ha-manager`.
    #[must_use]
    pub const fn verb(self) -> &'static str {
        match self {
            Self::Enable => "enable",
            Self::Disable => "disable",
        }
    }
}

/// The line that does it, for people and for the script.
#[must_use]
pub fn command(node: &NodeName, what: Maintenance) -> String {
    let node = quote(node.as_str());
    format!(
        "ha-manager crm-command node-maintenance {} {node}",
        what.verb()
    )
}

/// The script that asks for it, on the node itself. Asking twice does no more than once; it is done
/// when the manager says so ([`HaNode`](super::facts::HaNode)).
#[must_use]
pub fn script(node: &NodeName, what: Maintenance, deadline: Duration) -> Script {
    let seconds = deadline.as_secs().saturating_sub(5).clamp(5, 120);
    let command = command(node, what);
    Script::whole(&format!("r maintenance {seconds} {command}\n"), deadline)
}

/// Reads what [`script`] printed: the command's words where it failed.
///
/// # Errors
/// When it is not what the script prints.
pub fn parse(stdout: &[u8]) -> Result<Result<(), String>, AnswerError> {
    let frames = wire::frames(stdout)?;
    let frame = frames.iter().find(|frame| frame.kind == "maintenance");
    let frame = frame.ok_or(AnswerError::Lacks("maintenance"))?;
    if frame.is_ok() {
        return Ok(Ok(()));
    }
    let words = clip(&frame.text(), 300);
    Ok(Err(format!(
        "ha-manager ended with status {}: {words}",
        frame.status
    )))
}
