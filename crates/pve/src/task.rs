//! Tasks: their ids and their ends.

use std::fmt;
use std::str::FromStr;

use conditions::NodeName;
use serde_json::Value;

use crate::Failure;
use crate::answers::field::{line, text};

/// The id of a task, `UPID:node:pid:pstart:starttime:type:id:user:`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Upid {
    text: String,
    node: NodeName,
}

/// Far longer than any id, and short enough for a path.
const LONGEST: usize = 512;

impl Upid {
    /// The id in the `data` of a POST that started a task.
    ///
    /// # Errors
    /// It is none.
    pub fn read(data: &Value) -> Result<Self, Failure> {
        let text = data.as_str().unwrap_or_default();
        text.parse().map_err(|NotAnUpid| {
            let shown: String = line(&data.to_string()).chars().take(80).collect();
            Failure::Garbage(format!("{shown} is no task's id"))
        })
    }

    /// The node that runs it.
    #[must_use]
    pub const fn node(&self) -> &NodeName {
        &self.node
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// A text that is no task's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no task's id (UPID:node:pid:pstart:starttime:type:id:user:)")]
pub struct NotAnUpid;

impl FromStr for Upid {
    type Err = NotAnUpid;

    fn from_str(text: &str) -> Result<Self, NotAnUpid> {
        let parts: Vec<&str> = text.split(':').collect();
        let ["UPID", node, pid, pstart, starttime, kind, _id, user, ""] = parts.as_slice() else {
            return Err(NotAnUpid);
        };
        let numbers = [pid, pstart, starttime];
        let is_number = |it: &&&str| (1..=16).contains(&it.len()) && it.bytes().all(is_hex);
        let names_all = !kind.is_empty() && !user.is_empty() && is_node_name(node);
        let is_plain = text.len() <= LONGEST && text.bytes().all(|byte| byte.is_ascii_graphic());
        if names_all && is_plain && numbers.iter().all(is_number) {
            return Ok(Self {
                text: text.to_owned(),
                node: NodeName::new(*node),
            });
        }
        Err(NotAnUpid)
    }
}

impl fmt::Display for Upid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn is_hex(byte: u8) -> bool {
    byte.is_ascii_hexdigit()
}

/// Letters and digits with dashes between them.
fn is_node_name(text: &str) -> bool {
    let is_inner = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    !text.is_empty() && text.bytes().all(is_inner) && !text.starts_with('-') && !text.ends_with('-')
}

/// What a task does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TaskStatus {
    /// It goes on.
    Running,
    /// It has ended.
    Ended(TaskEnd),
}

/// How a task ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TaskEnd {
    /// `OK`.
    Ok,
    /// It did its work, and this many warnings are in its log.
    Warnings(u32),
    /// It did not, in its words (`VM is locked (backup)`, `unexpected status`).
    Failed(String),
}

impl TaskStatus {
    /// The status in the answer to [`crate::call::task::status`]. Words that are not known are those
    /// of a task that goes on, unless it has an exit status.
    #[must_use]
    pub fn read(data: &Value) -> Self {
        match (text(data, "status"), text(data, "exitstatus")) {
            (_, Some(exit)) => Self::Ended(TaskEnd::from_exit(exit)),
            (Some("stopped"), None) => {
                let words = "it ended and left no exit status".to_owned();
                Self::Ended(TaskEnd::Failed(words))
            }
            _ => Self::Running,
        }
    }
}

impl TaskEnd {
    fn from_exit(exit: &str) -> Self {
        if exit == "OK" {
            return Self::Ok;
        }
        let warnings = exit.strip_prefix("WARNINGS:");
        match warnings.and_then(|count| count.trim().parse().ok()) {
            Some(count) => Self::Warnings(count),
            None => Self::Failed(line(exit)),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const UPID: &str = "UPID:pve-1:000039E7:0003E78F:6B01F564:qmshutdown:100:root@pam!t1:";

    #[test]
    fn an_id_names_its_node() {
        let upid: Upid = UPID.parse().unwrap();
        assert_eq!(upid.node().as_str(), "pve-1");
        assert_eq!(upid.to_string(), UPID);
        let without_id = UPID.replace(":100:", "::");
        assert!(without_id.parse::<Upid>().is_ok());
    }

    #[test]
    fn what_is_no_id_is_refused_in_one_line() {
        for bad in [
            json!(null),
            json!({"upid": UPID}),
            json!({"agent": "\u{7f}"}),
            json!(""),
            json!(UPID.trim_end_matches(':')),
            json!(UPID.replace("pve-1", "..")),
            json!(UPID.replace("pve-1", "")),
            json!(UPID.replace("pve-1", "-x")),
            json!(UPID.replace("000039E7", "pid")),
            json!(UPID.replace("qmshutdown", "")),
            json!(UPID.replace("root@pam", "root pam")),
            json!(UPID.replace("100", &"1".repeat(600))),
            json!(format!("{UPID}\n")),
        ] {
            let failure = Upid::read(&bad).unwrap_err().to_string();
            assert!(failure.contains("is no task's id"), "{failure}");
            assert!(failure.len() < 200, "{failure}");
            assert!(!failure.contains(char::is_control), "{failure:?}");
        }
    }

    #[test]
    fn a_task_ends_well_with_warnings_or_in_its_words() {
        let failed = |words: &str| TaskStatus::Ended(TaskEnd::Failed(words.to_owned()));
        for (answer, status) in [
            (json!({"status": "running"}), TaskStatus::Running),
            (
                json!({"status": "queued by a later release"}),
                TaskStatus::Running,
            ),
            (json!({}), TaskStatus::Running),
            (
                json!({"status": "stopped", "exitstatus": "OK"}),
                TaskStatus::Ended(TaskEnd::Ok),
            ),
            (
                json!({"exitstatus": "WARNINGS: 2"}),
                TaskStatus::Ended(TaskEnd::Warnings(2)),
            ),
            (
                json!({"status": "stopped", "exitstatus": "WARNINGS: x"}),
                failed("WARNINGS: x"),
            ),
            (
                json!({"status": "stopped", "exitstatus": "ok"}),
                failed("ok"),
            ),
            (
                json!({"status": "stopped", "exitstatus": "VM is locked (backup)"}),
                failed("VM is locked (backup)"),
            ),
            (
                json!({"status": "stopped", "exitstatus": "unexpected status"}),
                failed("unexpected status"),
            ),
            (
                json!({"status": "stopped"}),
                failed("it ended and left no exit status"),
            ),
        ] {
            assert_eq!(TaskStatus::read(&answer), status, "{answer}");
        }
    }
}
