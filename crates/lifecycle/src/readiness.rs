//! Guest readiness: what SSH says, and nothing else. There is no way from here to [`Health`] or
//! back: whether a guest is usable and whether the hypervisor may act are different questions.
//!
//! [`Health`]: crate::Health

use std::time::Duration;

use conditions::{BootId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::ports::{Output, ShellError};

/// The script whose success is readiness: it needs no privilege.
pub const SCRIPT: &str = "cat /proc/sys/kernel/random/boot_id && cat /proc/uptime || exit 9\n\
     systemctl is-system-running 2>/dev/null || :\n";

/// A guest that was reached through SSH and ran a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Readiness {
    /// The boot that answered.
    pub boot_id: BootId,
    /// Time since that boot began.
    pub uptime: Duration,
    /// systemd's word (`running`, `degraded`, `starting`); shown, never decisive.
    pub system_state: Option<String>,
    /// When the answer came.
    pub at: Timestamp,
}

/// Why a guest is not ready.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotReady {
    /// What was seen, for people.
    pub reason: String,
    /// Waiting cannot help: the guest has no SSH configured, or the login or host key is refused.
    pub is_final: bool,
}

impl Readiness {
    /// Reads what [`SCRIPT`] printed at `at`.
    pub fn from_output(output: &Output, at: Timestamp) -> Result<Self, NotReady> {
        let text = String::from_utf8_lossy(&output.stdout);
        let mut lines = text.lines();
        let boot_id = lines.next().and_then(|line| line.parse().ok());
        let uptime = lines.next().and_then(parse_uptime);
        match (output.status, boot_id, uptime) {
            (0, Some(boot_id), Some(uptime)) => {
                let word = lines.next().map(str::trim).filter(|word| is_word(word));
                Ok(Self {
                    boot_id,
                    uptime,
                    system_state: word.map(str::to_owned),
                    at,
                })
            }
            (status, ..) => Err(NotReady::later(format!(
                "SSH answers, but the command did not succeed (status {status}): {}",
                first_line(&output.stderr)
            ))),
        }
    }

    /// Whether this proves that the guest booted after `asked_at`: another boot id than `old`,
    /// and an uptime not longer than the time since (with `SLACK` for the coarse clocks).
    #[must_use]
    pub fn proves_boot_since(&self, old: &BootId, asked_at: Timestamp) -> bool {
        self.boot_id != *old && self.is_younger_than(asked_at)
    }

    /// Whether this boot began after `moment`, by its uptime.
    #[must_use]
    pub fn is_younger_than(&self, moment: Timestamp) -> bool {
        self.uptime <= self.at.since(moment) + SLACK
    }
}

/// Host and guest clocks tick apart and `/proc/uptime` starts a little before user space.
const SLACK: Duration = Duration::from_secs(5);

impl NotReady {
    /// Not ready for now.
    #[must_use]
    pub const fn later(reason: String) -> Self {
        Self {
            reason,
            is_final: false,
        }
    }

    /// Not ready, and waiting does not help.
    #[must_use]
    pub const fn never(reason: String) -> Self {
        Self {
            reason,
            is_final: true,
        }
    }
}

impl From<ShellError> for NotReady {
    fn from(error: ShellError) -> Self {
        // All of it can come right while a guest boots: its address, its logins, and its host key
        // too, as soon as the agent is there to confirm it.
        Self::later(error.to_string())
    }
}

fn parse_uptime(line: &str) -> Option<Duration> {
    let seconds: f64 = line.split_whitespace().next()?.parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}

fn is_word(text: &str) -> bool {
    (1..=32).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')
}

fn first_line(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let line = text
        .lines()
        .find(|line| !line.trim().is_empty())
        .unwrap_or("no message");
    line.chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "11111111-1111-4111-8111-111111111111";
    const NEW: &str = "22222222-2222-4222-8222-222222222222";

    fn output(status: i32, stdout: &str) -> Output {
        let (stdout, stderr) = (stdout.as_bytes().to_vec(), Vec::new());
        Output {
            status,
            stdout,
            stderr,
            truncated: false,
        }
    }

    fn read(status: i32, stdout: &str) -> Result<Readiness, NotReady> {
        Readiness::from_output(&output(status, stdout), Timestamp::from_millis(100_000))
    }

    #[test]
    fn only_a_boot_id_an_uptime_and_success_are_readiness() {
        let ready = read(0, &format!("{NEW}\n12.34 20.00\ndegraded\n")).unwrap();
        assert_eq!(ready.uptime, Duration::from_millis(12_340));
        assert_eq!(ready.system_state.as_deref(), Some("degraded"));
        assert_eq!(
            read(0, &format!("{NEW}\n1.0 1.0\n")).unwrap().system_state,
            None
        );
        for (status, bad) in [
            (0, String::new()),
            (9, format!("{NEW}\n1.0 1.0\n")),
            (0, format!("{NEW}\n")),
            (0, format!("{NEW}\nNaN 1\n")),
            (0, format!("{NEW}\n-1 1\n")),
            (0, "cat: not found\n1.0 1.0\n".to_owned()),
        ] {
            assert!(read(status, &bad).is_err(), "{status} {bad:?}");
        }
    }

    #[test]
    fn a_new_boot_id_with_a_short_uptime_proves_a_reboot_and_nothing_else_does() {
        let asked = Timestamp::from_millis(40_000);
        let old: BootId = OLD.parse().unwrap();
        for (boot, uptime, proves) in [
            (NEW, "30.0", true),
            (NEW, "64.9", true),
            (NEW, "66.0", false),
            (OLD, "1.0", false),
        ] {
            let ready = read(0, &format!("{boot}\n{uptime} 0\n")).unwrap();
            assert_eq!(
                ready.proves_boot_since(&old, asked),
                proves,
                "{boot} {uptime}"
            );
        }
    }
}
