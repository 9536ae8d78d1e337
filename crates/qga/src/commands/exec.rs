//! `guest-exec` and `guest-exec-status`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Command, WrongShape, decode_base64, read};

const EXEC: &str = "guest-exec";
const STATUS: &str = "guest-exec-status";

/// A program to run in the guest, with its output kept for [`exec_status`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exec {
    /// The program; looked up in the agent's `PATH` when it holds no slash.
    pub path: String,
    /// Its arguments, without its name.
    pub arguments: Vec<String>,
    /// Its whole environment as `NAME=value`; the agent's own when `None`.
    pub environment: Option<Vec<String>>,
    /// What it reads on standard input; closed at once when empty.
    pub input: Vec<u8>,
}

impl Exec {
    /// `guest-exec`, read by [`ExecStarted::from_result`].
    #[must_use]
    pub fn command(&self) -> Command {
        let mut arguments = json!({
            "path": self.path,
            "arg": self.arguments,
            "capture-output": true,
        });
        if let Some(environment) = &self.environment {
            arguments["env"] = json!(environment);
        }
        if !self.input.is_empty() {
            arguments["input-data"] = json!(STANDARD.encode(&self.input));
        }
        Command::new(EXEC, arguments)
    }
}

/// A program that was started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct ExecStarted {
    /// Its process id in the guest; on Windows an id of the agent's own.
    pub pid: i64,
}

impl ExecStarted {
    /// Reads the result of `guest-exec`.
    ///
    /// # Errors
    /// When it has another shape.
    pub fn from_result(result: Value) -> Result<Self, WrongShape> {
        read(EXEC, result)
    }
}

/// `guest-exec-status`, read by [`ExecStatus::from_result`]. The agent forgets a program after
/// the first status that says it has ended.
#[must_use]
pub fn exec_status(pid: i64) -> Command {
    Command::new(STATUS, json!({ "pid": pid }))
}

/// Where a program stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExecStatus {
    /// It runs, or a child of it still holds its output.
    Running,
    /// It has ended.
    Exited {
        /// How.
        end: ExecEnd,
        /// What it printed.
        stdout: Vec<u8>,
        /// What it complained.
        stderr: Vec<u8>,
        /// The agent cut one of the streams (at 16 MiB in QEMU's agent).
        truncated: bool,
    },
}

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExecEnd {
    /// With this exit code.
    Code(i64),
    /// By this signal; on Windows, an exception code.
    Signal(i64),
    /// The agent does not say.
    Unknown,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct WireStatus {
    exited: bool,
    exitcode: Option<i64>,
    signal: Option<i64>,
    #[serde(default)]
    out_data: String,
    #[serde(default)]
    err_data: String,
    #[serde(default)]
    out_truncated: bool,
    #[serde(default)]
    err_truncated: bool,
}

impl ExecStatus {
    /// Reads the result of `guest-exec-status`.
    ///
    /// # Errors
    /// When it has another shape, or its data is not base64.
    pub fn from_result(result: Value) -> Result<Self, WrongShape> {
        let status: WireStatus = read(STATUS, result)?;
        if !status.exited {
            return Ok(Self::Running);
        }
        let end = match (status.exitcode, status.signal) {
            (_, Some(signal)) => ExecEnd::Signal(signal),
            (Some(code), None) => ExecEnd::Code(code),
            (None, None) => ExecEnd::Unknown,
        };
        Ok(Self::Exited {
            end,
            stdout: decode_base64(STATUS, &status.out_data)?,
            stderr: decode_base64(STATUS, &status.err_data)?,
            truncated: status.out_truncated || status.err_truncated,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn input_and_environment_are_sent_only_where_given() {
        let mut exec = Exec {
            path: "/bin/sh".into(),
            arguments: vec!["-s".into()],
            ..Exec::default()
        };
        let plain = json!({"path": "/bin/sh", "arg": ["-s"], "capture-output": true});
        assert_eq!(exec.command(), Command::new("guest-exec", plain));
        exec.environment = Some(vec!["LC_ALL=C".into()]);
        exec.input = b"id\n".to_vec();
        assert_eq!(exec.command().arguments["env"], json!(["LC_ALL=C"]));
        assert_eq!(exec.command().arguments["input-data"], json!("aWQK"));
    }

    #[test]
    fn statuses_are_read() {
        let exited = |end, stdout: &[u8], truncated| ExecStatus::Exited {
            end,
            stdout: stdout.to_vec(),
            stderr: Vec::new(),
            truncated,
        };
        for (result, status) in [
            (json!({"exited": false}), ExecStatus::Running),
            (
                json!({"exited": true, "exitcode": 3, "out-data": "aGkK"}),
                exited(ExecEnd::Code(3), b"hi\n", false),
            ),
            (
                json!({"exited": true, "exitcode": 0, "out-data": "aG\nkK\n", "out-truncated": true}),
                exited(ExecEnd::Code(0), b"hi\n", true),
            ),
            (
                json!({"exited": true, "signal": 9}),
                exited(ExecEnd::Signal(9), b"", false),
            ),
            (
                json!({"exited": true}),
                exited(ExecEnd::Unknown, b"", false),
            ),
        ] {
            assert_eq!(
                ExecStatus::from_result(result.clone()),
                Ok(status),
                "{result}"
            );
        }
    }

    #[test]
    fn another_shape_is_an_error() {
        for wrong in [
            json!({}),
            json!({"exited": "yes"}),
            json!({"exited": true, "exitcode": 1.5}),
            json!({"exited": true, "out-data": "*"}),
            json!({"exited": true, "out-data": null}),
        ] {
            assert!(ExecStatus::from_result(wrong.clone()).is_err(), "{wrong}");
        }
        assert!(ExecStarted::from_result(json!({"pid": "7"})).is_err());
        assert_eq!(
            ExecStarted::from_result(json!({"pid": 7})),
            Ok(ExecStarted { pid: 7 })
        );
    }
}
