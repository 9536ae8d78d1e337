//! What `needrestart -b` prints.
//!
//! ```text
//! NEEDRESTART-VER: 3.6
//! NEEDRESTART-KCUR: 5.10.0-19-amd64     the kernel that runs
//! NEEDRESTART-KEXP: 5.10.0-20-amd64     the one that should
//! NEEDRESTART-KSTA: 3                   0 unknown, 1 current, 2 rebuilt, 3 newer
//! NEEDRESTART-UCSTA: 1                  processor microcode: 0 unknown, 1 current, 2 newer
//! NEEDRESTART-SVC: ssh.service          still uses what was replaced
//! NEEDRESTART-SESS: root @ session #3
//! NEEDRESTART-CONT: LXC web1
//! ```

use serde::{Deserialize, Serialize};

use super::signs::MAX_NAMES;
use crate::wire::clip;

/// What needrestart found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NeedRestart {
    /// How the kernel that runs stands.
    pub kernel: KernelStatus,
    /// The kernel that runs.
    pub running: Option<String>,
    /// The kernel that should run.
    pub expected: Option<String>,
    /// Newer microcode waits for a reboot.
    pub microcode: bool,
    /// Units that still use what was replaced.
    pub services: Vec<String>,
    /// Sessions of users that do.
    pub sessions: Vec<String>,
    /// Containers that do.
    pub containers: Vec<String>,
}

/// How the kernel that runs stands against what is installed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KernelStatus {
    /// needrestart could not tell.
    Unknown,
    /// It is the newest.
    Current,
    /// Another build of the same name is installed.
    AbiUpgrade,
    /// A newer one is installed.
    VersionUpgrade,
}

impl NeedRestart {
    /// Reads the batch output; none when there is none in it.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut is_batch = false;
        let mut found = Self {
            kernel: KernelStatus::Unknown,
            running: None,
            expected: None,
            microcode: false,
            services: Vec::new(),
            sessions: Vec::new(),
            containers: Vec::new(),
        };
        for line in text.lines() {
            let Some((key, value)) = line
                .strip_prefix("NEEDRESTART-")
                .and_then(|rest| rest.split_once(": "))
            else {
                continue;
            };
            is_batch = true;
            let value = clip(value, 200);
            match key {
                "KCUR" => found.running = Some(value),
                "KEXP" => found.expected = Some(value),
                "KSTA" => found.kernel = KernelStatus::of(&value),
                "UCSTA" => found.microcode = value == "2",
                "SVC" => keep(&mut found.services, value),
                "SESS" => keep(&mut found.sessions, value),
                "CONT" => keep(&mut found.containers, value),
                _ => {}
            }
        }
        is_batch.then_some(found)
    }
}

impl KernelStatus {
    fn of(digit: &str) -> Self {
        match digit {
            "1" => Self::Current,
            "2" => Self::AbiUpgrade,
            "3" => Self::VersionUpgrade,
            _ => Self::Unknown,
        }
    }
}

fn keep(names: &mut Vec<String>, name: String) {
    if names.len() < MAX_NAMES {
        names.push(name);
    }
}
