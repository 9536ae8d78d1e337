//! One virtual machine.

use conditions::RunState;
use serde_json::Value;

use super::AgentPort;
use super::field::{flag, line, scalar, text, word};

/// What a machine does at the moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VmStatus {
    /// Whether it runs.
    pub run_state: RunState,
    /// Whether an agent is configured; not whether it lives.
    pub agent: Option<bool>,
    /// The lock in its configuration.
    pub lock: Option<String>,
    /// It is a template.
    pub template: bool,
    /// What is said of high availability.
    pub ha: HaSight,
}

/// What a machine's status says of high availability.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HaSight {
    /// It does not manage the machine.
    Unmanaged,
    /// It does; the state that it has brought the machine to.
    Managed(Option<String>),
    /// Nothing is said.
    Unsaid,
}

impl VmStatus {
    /// The status in the answer to [`crate::call::guest::status`].
    #[must_use]
    pub fn read(data: &Value) -> Self {
        Self {
            run_state: run_state(text(data, "status"), text(data, "qmpstatus")),
            agent: flag(data, "agent"),
            lock: word(data, "lock"),
            template: flag(data, "template").unwrap_or(false),
            ha: HaSight::read(data.get("ha").unwrap_or(&Value::Null)),
        }
    }
}

impl HaSight {
    fn read(ha: &Value) -> Self {
        match flag(ha, "managed") {
            Some(false) => Self::Unmanaged,
            Some(true) => Self::Managed(word(ha, "state")),
            None => Self::Unsaid,
        }
    }
}

/// `status` only tells whether QEMU is there; `qmpstatus` is its own word (`paused`, `prelaunch`,
/// `io-error`) and decides where it is known.
fn run_state(status: Option<&str>, qmp: Option<&str>) -> RunState {
    match (status, qmp) {
        (Some("stopped"), None | Some("stopped")) => RunState::Stopped,
        (Some("running"), None | Some("running")) => RunState::Running,
        (_, Some(word)) if !matches!(word, "running" | "stopped") => RunState::Other(line(word)),
        (Some("running" | "stopped"), _) => RunState::Other("in transition".to_owned()),
        (Some(word), _) => RunState::Other(line(word)),
        (None, _) => RunState::Other("unknown".to_owned()),
    }
}

/// What of a machine's running configuration matters here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VmConfig {
    /// The `agent` setting as it is written.
    pub agent: Option<String>,
    /// The lock.
    pub lock: Option<String>,
    /// It is a template.
    pub template: bool,
}

impl VmConfig {
    /// The configuration in the answer to [`crate::call::guest::config`].
    #[must_use]
    pub fn read(data: &Value) -> Self {
        let agent = data.get("agent").and_then(scalar);
        Self {
            agent: agent.map(|it| line(&it)),
            lock: word(data, "lock"),
            template: flag(data, "template").unwrap_or(false),
        }
    }

    /// The port that the `agent` setting makes.
    #[must_use]
    pub fn port(&self) -> AgentPort {
        let setting = self.agent.as_deref();
        setting.map_or(AgentPort::Off, AgentPort::of)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_running_is_running_and_only_stopped_is_stopped() {
        let other = |word: &str| RunState::Other(word.to_owned());
        for (answer, state) in [
            (
                json!({"status": "running", "qmpstatus": "running"}),
                RunState::Running,
            ),
            (json!({"status": "running"}), RunState::Running),
            (
                json!({"status": "stopped", "qmpstatus": "stopped"}),
                RunState::Stopped,
            ),
            (json!({"status": "stopped"}), RunState::Stopped),
            (
                json!({"status": "running", "qmpstatus": "paused"}),
                other("paused"),
            ),
            (
                json!({"status": "running", "qmpstatus": "prelaunch"}),
                other("prelaunch"),
            ),
            (
                json!({"status": "running", "qmpstatus": "suspended"}),
                other("suspended"),
            ),
            (
                json!({"status": "running", "qmpstatus": "io-error"}),
                other("io-error"),
            ),
            (
                json!({"status": "running", "qmpstatus": "new word"}),
                other("new word"),
            ),
            (
                json!({"status": "running", "qmpstatus": "stopped"}),
                other("in transition"),
            ),
            (
                json!({"status": "stopped", "qmpstatus": "running"}),
                other("in transition"),
            ),
            (json!({"status": "hibernated"}), other("hibernated")),
            (json!({"qmpstatus": "running"}), other("unknown")),
            (json!([1]), other("unknown")),
        ] {
            assert_eq!(VmStatus::read(&answer).run_state, state, "{answer}");
        }
    }

    #[test]
    fn booleans_are_read_however_they_are_written() {
        for yes in [json!(1), json!("1"), json!(true), json!("yes")] {
            let read =
                VmStatus::read(&json!({"template": yes, "agent": yes, "ha": {"managed": yes}}));
            assert!(read.template, "{yes}");
            assert_eq!(read.agent, Some(true), "{yes}");
            assert_eq!(read.ha, HaSight::Managed(None), "{yes}");
        }
        for no in [json!(0), json!("0"), json!(false)] {
            let read = VmStatus::read(&json!({"template": no, "agent": no, "ha": {"managed": no}}));
            assert_eq!(
                (read.template, read.agent, read.ha),
                (false, Some(false), HaSight::Unmanaged)
            );
        }
        let nothing = VmStatus::read(&json!({"template": {}, "agent": [], "ha": 7}));
        assert_eq!(
            (nothing.template, nothing.agent, nothing.ha),
            (false, None, HaSight::Unsaid)
        );
    }
}
