//! Why a call came to nothing, by who can act on it.

use std::collections::BTreeMap;

use serde_json::Value;
use thiserror::Error;

use crate::Answer;
use crate::answers::field::{line, scalar, word};

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
    #[error("{message}{}", told(.errors))]
    Parameters {
        /// The API's words.
        message: String,
        /// What is wrong, by parameter.
        errors: BTreeMap<String, String>,
    },
    /// 501: this version has no such call.
    #[error("{0}")]
    NotImplemented(String),
    /// 595 to 599 and gateway errors: the node behind the one that was asked cannot be reached.
    /// 500: it has no address. Only of 595 and 500 it is known that the node was not asked.
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

/// What is wrong, by parameter, after the API's words.
fn told(errors: &BTreeMap<String, String>) -> String {
    let each = errors.iter().map(|(name, what)| format!("{name}: {what}"));
    match each.collect::<Vec<_>>().join("; ") {
        told if told.is_empty() => told,
        told => format!(" ({told})"),
    }
}

/// Whether a proxy says that it has no answer of the node behind it. Those from 595 on are Proxmox
/// VE's own.
const fn is_no_node(status: u16) -> bool {
    matches!(status, 502..=504 | 595..=599)
}

impl Failure {
    /// Fails unless the answer is a success.
    pub(crate) fn check(answer: &Answer) -> Result<(), Self> {
        if (200..300).contains(&answer.status) {
            return Ok(());
        }
        // Proxies and old versions have no JSON here: what cannot be read tells nothing.
        let body = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
        Err(Self::of(
            answer.status,
            message(&body, &answer.reason),
            &body,
        ))
    }

    fn of(status: u16, message: String, body: &Value) -> Self {
        match status {
            400 => Self::Parameters {
                errors: errors(body),
                message,
            },
            401 => Self::Unauthorized(message),
            403 => Self::Forbidden(message),
            500 => Self::of_words(message),
            501 => Self::NotImplemented(message),
            _ if is_no_node(status) => Self::NodeUnreachable { status, message },
            _ => Self::Other { status, message },
        }
    }

    /// What died in a worker is a 500 whatever it was: only the words tell.
    fn of_words(message: String) -> Self {
        let has = |words: &str| message.contains(words);
        if has("No QEMU guest agent configured") {
            Self::AgentNotConfigured(message)
        } else if has("QEMU guest agent is not running") || has(" qga command ") {
            Self::AgentSilent(message)
        } else if is_no_such_guest(&message) {
            Self::NoSuchGuest(message)
        } else if message.starts_with("VM ") && has(" not running") {
            Self::NotRunning(message)
        } else if message.starts_with("hostname lookup '") || has("no such cluster node '") {
            Self::NodeUnreachable {
                status: 500,
                message,
            }
        } else {
            Self::Other {
                status: 500,
                message,
            }
        }
    }
}

/// `Configuration file 'nodes/pve1/qemu-server/101.conf' does not exist`, and the words of the
/// command line tools for the same.
fn is_no_such_guest(message: &str) -> bool {
    let lower = message.to_ascii_lowercase();
    (lower.starts_with("configuration file '") && lower.ends_with("does not exist"))
        || lower.starts_with("unable to find configuration file for vm")
}

/// The body's `message`, which versions before 2025 do not have, else the reason phrase.
fn message(body: &Value, reason: &str) -> String {
    word(body, "message").unwrap_or_else(|| line(reason))
}

fn errors(body: &Value) -> BTreeMap<String, String> {
    let errors = body.get("errors").and_then(Value::as_object);
    let each = errors.into_iter().flatten().take(MOST_ERRORS);
    each.map(|(name, what)| (line(name), line(&scalar(what).unwrap_or_default())))
        .collect()
}

/// The parameters of which a failure tells.
const MOST_ERRORS: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(status: u16, reason: &str, body: &str) -> Failure {
        let answer = Answer {
            status,
            reason: reason.to_owned(),
            body: body.as_bytes().to_vec(),
        };
        answer.data().unwrap_err()
    }

    #[test]
    fn the_words_of_a_500_decide_who_can_act() {
        type Class = fn(String) -> Failure;
        let unreachable: Class = |message| Failure::NodeUnreachable {
            status: 500,
            message,
        };
        let other: Class = |message| Failure::Other {
            status: 500,
            message,
        };
        for (words, class) in [
            (
                "Configuration file 'nodes/pve1/qemu-server/101.conf' does not exist",
                Failure::NoSuchGuest as Class,
            ),
            (
                "unable to find configuration file for VM 101 on node 'pve1'",
                Failure::NoSuchGuest,
            ),
            ("QEMU guest agent is not running", Failure::AgentSilent),
            (
                "VM 101 qga command 'guest-exec' failed - got timeout",
                Failure::AgentSilent,
            ),
            (
                "VM 101 qga command 'guest-ping' failed - unable to connect to VM 101 qga socket",
                Failure::AgentSilent,
            ),
            (
                "No QEMU guest agent configured",
                Failure::AgentNotConfigured,
            ),
            ("VM 101 is not running", Failure::NotRunning),
            ("VM 101 not running", Failure::NotRunning),
            (
                "hostname lookup 'other' failed - failed to get address info",
                unreachable,
            ),
            (
                "Agent error: The command guest-exec has been disabled",
                other,
            ),
            ("no such resource 'vm:101'", other),
            (
                "unable to open file '/var/lib/x' - No such file or directory",
                other,
            ),
            ("a new reason to fail", other),
        ] {
            let body =
                serde_json::json!({"data": null, "message": format!("{words}\n")}).to_string();
            assert_eq!(
                failure(500, "ignored", &body),
                class(words.to_owned()),
                "in the body"
            );
            assert_eq!(
                failure(500, words, ""),
                class(words.to_owned()),
                "in the reason phrase"
            );
            assert_eq!(
                failure(500, words, "<html>"),
                class(words.to_owned()),
                "beside other bytes"
            );
        }
    }

    #[test]
    fn nodes_that_cannot_be_reached_show_by_the_status() {
        for status in [502, 503, 504, 595, 596, 597, 598, 599] {
            let failure = failure(status, "No route to host", "");
            assert!(matches!(failure, Failure::NodeUnreachable { status: at, .. } if at == status));
        }
    }

    #[test]
    fn a_refused_parameter_is_named() {
        let body = r#"{"errors":{"timeout":"type check failed","n":3},"message":"Parameter verification failed.\n"}"#;
        assert_eq!(
            failure(400, "Parameter verification failed.", body).to_string(),
            "Parameter verification failed. (n: 3; timeout: type check failed)"
        );
        assert_eq!(failure(400, "bad", "").to_string(), "bad");
    }

    #[test]
    fn an_error_is_one_line() {
        let failure = failure(418, "a\tb", r#"{"message":"first\nsecond\u001b[31m\n"}"#);
        assert_eq!(failure.to_string(), "first second [31m (418)");
    }

    #[test]
    fn what_has_no_data_is_not_the_apis() {
        for body in ["", "{}", "[]", "<html>", "3"] {
            assert!(
                matches!(failure(200, "OK", body), Failure::Garbage(_)),
                "{body:?}"
            );
        }
    }
}
