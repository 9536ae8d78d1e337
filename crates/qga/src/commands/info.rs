//! Who the agent is and how it is: `guest-ping`, `guest-info`, `guest-get-host-name`,
//! `guest-fsfreeze-status`.

use serde::Deserialize;
use serde_json::Value;

use super::{Command, WrongShape, read};

const INFO: &str = "guest-info";
const HOST_NAME: &str = "guest-get-host-name";
const FREEZE_STATUS: &str = "guest-fsfreeze-status";

/// `guest-ping`: whether it answers. The result is an empty object.
#[must_use]
pub fn ping() -> Command {
    Command::bare("guest-ping")
}

/// `guest-info`, read by [`GuestInfo::from_result`].
#[must_use]
pub fn info() -> Command {
    Command::bare(INFO)
}

/// `guest-get-host-name`, read by [`HostName::from_result`].
#[must_use]
pub fn host_name() -> Command {
    Command::bare(HOST_NAME)
}

/// `guest-fsfreeze-status`, read by [`FreezeStatus::from_result`].
#[must_use]
pub fn fsfreeze_status() -> Command {
    Command::bare(FREEZE_STATUS)
}

/// The agent's version and its commands.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct GuestInfo {
    /// Its version (`7.2.22`).
    pub version: String,
    /// The commands that it knows.
    #[serde(rename = "supported_commands")]
    pub commands: Vec<CommandInfo>,
}

/// One command of an agent.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct CommandInfo {
    /// Its name.
    pub name: String,
    /// Whether the agent's configuration allows it, and a freeze does not forbid it at the moment.
    pub enabled: bool,
    /// Whether it answers on success; `guest-shutdown` does not. Absent in very old agents.
    #[serde(rename = "success-response", default = "answers")]
    pub success_response: bool,
}

const fn answers() -> bool {
    true
}

impl GuestInfo {
    /// Reads the result of `guest-info`.
    ///
    /// # Errors
    /// When it has another shape.
    pub fn from_result(result: Value) -> Result<Self, WrongShape> {
        read(INFO, result)
    }

    /// The names of the commands that are enabled.
    pub fn enabled(&self) -> impl Iterator<Item = &str> {
        self.commands
            .iter()
            .filter(|command| command.enabled)
            .map(|command| command.name.as_str())
    }
}

/// The name of the guest.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct HostName {
    /// As the guest's kernel has it; may be empty.
    #[serde(rename = "host-name")]
    pub host_name: String,
}

impl HostName {
    /// Reads the result of `guest-get-host-name`.
    ///
    /// # Errors
    /// When it has another shape.
    pub fn from_result(result: Value) -> Result<Self, WrongShape> {
        read(HOST_NAME, result)
    }
}

/// Whether the guest's file systems are frozen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FreezeStatus {
    /// They are writable.
    Thawed,
    /// At least one is frozen, or the thaw has not been asked for.
    Frozen,
}

impl FreezeStatus {
    /// Reads the result of `guest-fsfreeze-status`.
    ///
    /// # Errors
    /// When it is neither `thawed` nor `frozen`.
    pub fn from_result(result: Value) -> Result<Self, WrongShape> {
        read(FREEZE_STATUS, result)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_enabled_commands_count() {
        let info = GuestInfo::from_result(json!({
            "version": "7.2.22",
            "supported_commands": [
                {"enabled": true, "name": "guest-ping", "success-response": true},
                {"enabled": false, "name": "guest-exec", "success-response": true},
                {"enabled": true, "name": "guest-shutdown", "success-response": false},
                {"enabled": true, "name": "guest-sync"},
            ],
        }))
        .unwrap();
        assert_eq!(info.version, "7.2.22");
        assert!(
            info.enabled()
                .eq(["guest-ping", "guest-shutdown", "guest-sync"])
        );
        assert!(!info.commands[2].success_response);
        assert!(info.commands[3].success_response);
    }

    #[test]
    fn results_of_another_shape_are_errors_that_name_the_command() {
        for wrong in [
            json!(null),
            json!([]),
            json!({}),
            json!("x"),
            json!({"version": 1}),
        ] {
            assert_eq!(
                GuestInfo::from_result(wrong.clone()).unwrap_err().command,
                INFO
            );
            assert_eq!(
                HostName::from_result(wrong.clone()).unwrap_err().command,
                HOST_NAME
            );
            assert_eq!(
                FreezeStatus::from_result(wrong).unwrap_err().command,
                FREEZE_STATUS
            );
        }
    }

    #[test]
    fn freeze_status_and_host_name_are_read() {
        assert_eq!(
            FreezeStatus::from_result(json!("thawed")),
            Ok(FreezeStatus::Thawed)
        );
        assert_eq!(
            FreezeStatus::from_result(json!("frozen")),
            Ok(FreezeStatus::Frozen)
        );
        let name = HostName::from_result(json!({"host-name": "web1"})).unwrap();
        assert_eq!(name.host_name, "web1");
    }
}
