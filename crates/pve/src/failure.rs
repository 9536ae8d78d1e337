//! Why a call came to nothing, by who can act on it.

use std::collections::BTreeMap;

use thiserror::Error;

use crate::Answer;

/// Why a call came to nothing.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Failure {
    /// 401: the token or ticket is not valid. It is answered after three seconds, and trying again
    /// does not help.
    #[error("the login was refused: {0}")]
    Unauthorized(String),
    /// 403: a privilege is missing; the API names path and privileges.
    #[error("{0}")]
    Forbidden(String),
    /// 400: a parameter is wrong or not known to this version.
    #[error("{message}: {}", told(.errors))]
    Parameters {
        /// The API's words.
        message: String,
        /// What is wrong, by parameter.
        errors: BTreeMap<String, String>,
    },
    /// 501: this version has no such call.
    #[error("{0}")]
    NotImplemented(String),
    /// 595, 596, 599 and gateway errors: the node behind the one that was asked cannot be reached.
    #[error("the node cannot be reached ({status}): {message}")]
    NodeUnreachable {
        /// The HTTP status.
        status: u16,
        /// The proxy's words.
        message: String,
    },
    /// 500 of an agent call: no agent answers.
    #[error("{0}")]
    AgentSilent(String),
    /// 500 of an agent call: the machine has no agent configured.
    #[error("{0}")]
    AgentNotConfigured(String),
    /// 500: there is no such machine on that node; it may be on another.
    #[error("{0}")]
    NoSuchGuest(String),
    /// 500: the machine does not run.
    #[error("{0}")]
    NotRunning(String),
    /// Any other refusal or failure, in the API's words.
    #[error("{message} ({status})")]
    Other {
        /// The HTTP status.
        status: u16,
        /// The API's words.
        message: String,
    },
    /// The answer is not the API's.
    #[error("this is no answer of Proxmox VE: {0}")]
    Garbage(String),
}

fn told(errors: &BTreeMap<String, String>) -> String {
    let each = errors.iter().map(|(name, what)| format!("{name}: {what}"));
    each.collect::<Vec<_>>().join("; ")
}

impl Failure {
    /// Fails unless the answer is a success.
    pub(crate) fn check(answer: &Answer) -> Result<(), Self> {
        if (200..300).contains(&answer.status) {
            return Ok(());
        }
        Err(Self::Other {
            status: answer.status,
            message: answer.reason.clone(),
        })
    }
}
