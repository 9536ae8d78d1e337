//! `apt-get update`: the lists of what the archives have.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::script::Script;
use crate::wire::{self, AnswerError, clip};

/// How many complaints are kept.
const MAX_COMPLAINTS: usize = 20;

/// How a refresh ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "refresh")]
pub enum Refresh {
    /// Every list is as the archives have it.
    Fresh {
        /// What apt warns of.
        warnings: Vec<String>,
    },
    /// Somebody else refreshes.
    Locked {
        /// apt's words.
        words: String,
    },
    /// Not every list could be had.
    Failed {
        /// apt's words.
        complaints: Vec<String>,
    },
}

/// The script that refreshes. A list that cannot be had fails the whole; killing it does no harm.
#[must_use]
pub fn script(lock: Duration, deadline: Duration) -> Script {
    let seconds = deadline.as_secs().saturating_sub(5).max(5);
    let body = format!(
        "DEBIAN_FRONTEND=noninteractive; export DEBIAN_FRONTEND\n\
         r update {seconds} apt-get -q -o DPkg::Lock::Timeout={} -o Acquire::Retries=3 \
         -o APT::Update::Error-Mode=any update\n",
        lock.as_secs()
    );
    Script::whole(&body, deadline)
}

impl Refresh {
    /// Reads what [`script`] printed.
    ///
    /// # Errors
    /// When it is not what the script prints.
    pub fn parse(stdout: &[u8]) -> Result<Self, AnswerError> {
        let frames = wire::frames(stdout)?;
        let frame = frames.iter().find(|frame| frame.kind == "update");
        let frame = frame.ok_or(AnswerError::Lacks("update"))?;
        let text = frame.text();
        let is_said = |line: &&str| line.starts_with("W: ") || line.starts_with("E: ");
        let said = text.lines().filter(is_said).map(|line| clip(line, 300));
        let mut said: Vec<String> = said.take(MAX_COMPLAINTS).collect();
        if frame.is_ok() {
            return Ok(Self::Fresh { warnings: said });
        }
        let lock = said
            .iter()
            .find(|line| line.contains("Could not get lock") || line.contains("Unable to lock"));
        if let Some(words) = lock {
            return Ok(Self::Locked {
                words: words.clone(),
            });
        }
        if frame.status == "124" {
            said.push("apt-get update did not end in time".to_owned());
        } else if said.is_empty() {
            said.push(format!("apt-get update ended with status {}", frame.status));
        }
        Ok(Self::Failed { complaints: said })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_that_cannot_be_had_is_a_failure_and_a_lock_is_not() {
        let failed = "E: Failed to fetch http://a/InRelease  Could not resolve 'a'\n\
                      E: Some index files failed to download.";
        let locked = "Reading package lists...\nE: Could not get lock /var/lib/apt/lists/lock. \
                      It is held by process 42 (apt-get)\nE: Unable to lock directory";
        for (status, text, wanted) in [
            ("0", "Hit:1 http://a\nW: old key", "fresh, 1"),
            ("100", failed, "failed, 2"),
            ("100", locked, "locked"),
            ("124", "", "failed, 1"),
            ("127", "sh: not found", "failed, 1"),
        ] {
            let length = text.len();
            let answer =
                format!("@hospes-patch 1 0\n\n@update {status} {length}\n{text}\n@end 0 0\n\n");
            let said = match Refresh::parse(answer.as_bytes()).unwrap() {
                Refresh::Fresh { warnings } => format!("fresh, {}", warnings.len()),
                Refresh::Locked { .. } => "locked".to_owned(),
                Refresh::Failed { complaints } => format!("failed, {}", complaints.len()),
            };
            assert_eq!(said, wanted, "{text}");
        }
    }
}
