//! What is sent to both agents.

use serde_json::Value;

/// Steps that belong together: a file that is opened, read and closed.
#[derive(Debug, Clone)]
pub(crate) struct Story {
    pub(crate) steps: Vec<Step>,
}

/// Bytes that are sent, in which `@dir@` is the agent's own directory and `@NAME@` what an
/// earlier step kept as `NAME`.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    pub(crate) bytes: Vec<u8>,
    /// The name under which the result is kept: a number, or an object's `pid`.
    pub(crate) keep: Option<&'static str>,
    pub(crate) manner: Manner,
}

/// How a step's bytes are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    AtOnce,
    /// Every byte in a write of its own.
    ByteByByte,
    /// Again and again until the answer says `exited: true`.
    UntilExited,
}

impl Story {
    pub(crate) fn one(step: Step) -> Self {
        Self { steps: vec![step] }
    }

    pub(crate) fn raw(bytes: impl Into<Vec<u8>>) -> Self {
        Self::one(Step::raw(bytes))
    }
}

impl Step {
    pub(crate) fn raw(bytes: impl Into<Vec<u8>>) -> Self {
        Self {
            bytes: bytes.into(),
            keep: None,
            manner: Manner::AtOnce,
        }
    }

    /// A request with the JSON text of its arguments.
    pub(crate) fn request(command: &str, arguments: &str) -> Self {
        Self::raw(format!(
            r#"{{"execute":"{command}","arguments":{arguments}}}"#
        ))
    }

    pub(crate) fn keep(self, name: &'static str) -> Self {
        let keep = Some(name);
        Self { keep, ..self }
    }

    pub(crate) fn manner(self, manner: Manner) -> Self {
        Self { manner, ..self }
    }

    /// The command, where the bytes are a request.
    pub(crate) fn command(&self) -> Option<String> {
        let text = String::from_utf8_lossy(&self.bytes);
        let text = text.replace(":@handle@", ":0").replace(":@pid@", ":0");
        let request: Value = serde_json::from_str(&text).ok()?;
        Some(request.get("execute")?.as_str()?.to_owned())
    }

    /// For people.
    pub(crate) fn shown(&self) -> String {
        let shown = self.bytes.escape_ascii().to_string();
        match shown.char_indices().nth(300) {
            Some((end, _)) => format!("{}... ({} bytes)", &shown[..end], self.bytes.len()),
            None => shown,
        }
    }
}
