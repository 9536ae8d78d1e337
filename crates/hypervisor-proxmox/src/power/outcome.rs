//! What the end of a task says about the guest that it was about.

use pve::TaskEnd;

/// What came of a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It did its work: the guest went down, or the start of one that went down was begun.
    Done,
    /// The guest was asked and did not go in time. It may yet.
    GaveUp(String),
    /// The guest was not asked, or its agent refused: it stays as it is.
    Refused(String),
    /// The task did not live to tell.
    Unknown(String),
}

impl Outcome {
    pub(crate) fn of(end: &TaskEnd) -> Self {
        let words = match end {
            TaskEnd::Ok | TaskEnd::Warnings(_) => return Self::Done,
            TaskEnd::Failed(words) => words.clone(),
        };
        if words.starts_with("VM quit/powerdown failed") && words.ends_with("got timeout") {
            return Self::GaveUp(words);
        }
        if was_killed(&words) {
            return Self::Unknown(words);
        }
        Self::Refused(words)
    }
}

/// The words for a worker that was interrupted, and for one that left no end.
fn was_killed(words: &str) -> bool {
    [
        "unexpected status",
        "received interrupt",
        "interrupted by signal",
        "no exit status",
        "unable to read tail",
    ]
    .iter()
    .any(|it| words.contains(it))
}

/// What the log of a task says of the agent, if Proxmox VE went past it.
pub(super) fn acpi_fallback(log: &[String]) -> Option<String> {
    let mut lines = log.iter();
    let line = lines.find(|line| line.contains("QEMU Guest Agent is not running"))?;
    let printable = line.chars().filter(|it| !it.is_control());
    Some(printable.take(LONGEST_LINE).collect())
}

/// As much of a line of a log as is told.
const LONGEST_LINE: usize = 200;

/// Whether the task still waits for the lock, so that the guest has not been asked.
pub(super) fn waits_for_lock(log: &[String]) -> bool {
    let last = log.iter().rev().find(|line| !line.trim().is_empty());
    last.is_some_and(|line| line.contains("trying to acquire lock") && !line.contains("OK"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_end_says_what_the_guest_was_told() {
        type Class = fn(String) -> Outcome;
        for (words, class) in [
            ("VM is locked (backup)", Outcome::Refused as Class),
            (
                "can't lock file '/var/lock/qemu-server/lock-100.conf' - got timeout",
                Outcome::Refused,
            ),
            ("VM quit/powerdown failed", Outcome::Refused),
            ("cluster not ready - no quorum?", Outcome::Refused),
            ("VM quit/powerdown failed - got timeout", Outcome::GaveUp),
            ("unexpected status", Outcome::Unknown),
            ("interrupted by signal", Outcome::Unknown),
            ("it ended and left no exit status", Outcome::Unknown),
        ] {
            let end = TaskEnd::Failed(words.to_owned());
            assert_eq!(Outcome::of(&end), class(words.to_owned()));
        }
        assert_eq!(Outcome::of(&TaskEnd::Ok), Outcome::Done);
        assert_eq!(Outcome::of(&TaskEnd::Warnings(2)), Outcome::Done);
    }

    #[test]
    fn a_log_tells_of_the_agent_and_of_the_lock() {
        let log = |lines: &[&str]| lines.iter().map(|&it| it.to_owned()).collect::<Vec<_>>();
        let silent = "QEMU Guest Agent is not running - VM 100 qga command 'guest-ping' failed - got timeout";
        assert_eq!(
            acpi_fallback(&log(&[silent, "TASK OK"])).as_deref(),
            Some(silent)
        );
        assert_eq!(acpi_fallback(&log(&["TASK OK"])), None);
        assert!(waits_for_lock(&log(&["trying to acquire lock..."])));
        assert!(!waits_for_lock(&log(&["trying to acquire lock...", " OK"])));
        assert!(!waits_for_lock(&log(&["trying to acquire lock... OK"])));
        assert!(!waits_for_lock(&[]));
    }
}
