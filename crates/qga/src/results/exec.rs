//! Answers of `guest-exec` and `guest-exec-status`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

/// A program was started (`GuestExec`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ExecStarted {
    /// Its process id.
    pub pid: i64,
}

/// Where a program stands (`GuestExecStatus`), its output encoded once for however many
/// answers. A stream without a byte is left out, with its flag.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ExecStatus {
    /// It has ended.
    pub exited: bool,
    /// Its exit code, when it ended by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exitcode: Option<i64>,
    /// The signal that ended it; on Windows the exception.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signal: Option<i64>,
    /// Standard output in base64; both streams when they were merged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub out_data: Option<String>,
    /// Standard error in base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub err_data: Option<String>,
    /// Standard output was longer than what was kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub out_truncated: Option<bool>,
    /// Standard error was longer than what was kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub err_truncated: Option<bool>,
}

/// A program that has ended, with what was kept of its output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// How.
    pub exit: Exit,
    /// Standard output; both streams when they were merged.
    pub stdout: Vec<u8>,
    /// Standard error.
    pub stderr: Vec<u8>,
    /// Standard output was longer than what was kept.
    pub out_truncated: bool,
    /// Standard error was longer than what was kept.
    pub err_truncated: bool,
}

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// By itself, with this code.
    Code(i64),
    /// By this signal; on Windows by this exception that nobody handled (an NTSTATUS).
    Signal(i64),
    /// The system does not say: somebody else took its status.
    Unknown,
}

impl ExecStatus {
    /// The program runs.
    #[must_use]
    pub fn running() -> Self {
        Self::default()
    }
}

impl From<Ended> for ExecStatus {
    /// Each stream's bytes are freed before the next is encoded.
    fn from(ended: Ended) -> Self {
        let (exitcode, signal) = match ended.exit {
            Exit::Code(code) => (Some(code), None),
            Exit::Signal(signal) => (None, Some(signal)),
            Exit::Unknown => (None, None),
        };
        let (out_data, out_truncated) = stream(ended.stdout, ended.out_truncated);
        let (err_data, err_truncated) = stream(ended.stderr, ended.err_truncated);
        Self {
            exited: true,
            exitcode,
            signal,
            out_data,
            err_data,
            out_truncated,
            err_truncated,
        }
    }
}

fn stream(bytes: Vec<u8>, truncated: bool) -> (Option<String>, Option<bool>) {
    if bytes.is_empty() {
        return (None, None);
    }
    (Some(STANDARD.encode(bytes)), Some(truncated))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::commands::{ExecEnd, ExecStatus as Read};

    fn ended(exit: Exit, stdout: &[u8], stderr: &[u8]) -> Ended {
        Ended {
            exit,
            stdout: stdout.to_vec(),
            stderr: stderr.to_vec(),
            out_truncated: false,
            err_truncated: !stderr.is_empty(),
        }
    }

    #[test]
    fn statuses_have_the_fields_of_the_reference() {
        for (status, wire) in [
            (ExecStatus::running(), json!({"exited": false})),
            (
                ended(Exit::Code(0), b"", b"").into(),
                json!({"exited": true, "exitcode": 0}),
            ),
            (
                ended(Exit::Signal(9), b"hi\n", b"").into(),
                json!({"exited": true, "signal": 9, "out-data": "aGkK", "out-truncated": false}),
            ),
            (
                ended(Exit::Code(3), b"", b"e").into(),
                json!({"exited": true, "exitcode": 3, "err-data": "ZQ==", "err-truncated": true}),
            ),
            (
                ended(Exit::Unknown, b"", b"").into(),
                json!({"exited": true}),
            ),
        ] {
            assert_eq!(serde_json::to_value(status).unwrap(), wire);
        }
        assert_eq!(
            serde_json::to_value(ExecStarted { pid: 7 }).unwrap(),
            json!({"pid": 7})
        );
    }

    #[test]
    fn the_client_end_reads_what_the_server_end_answers() {
        let status = ExecStatus::from(ended(Exit::Signal(15), b"out", b"err"));
        let read = Read::from_result(serde_json::to_value(status).unwrap()).unwrap();
        assert_eq!(
            read,
            Read::Exited {
                end: ExecEnd::Signal(15),
                stdout: b"out".to_vec(),
                stderr: b"err".to_vec(),
                truncated: true,
            }
        );
    }
}
