//! Whether the machine goes down, from what systemd says.

use crate::Result;
use crate::linux::systemctl::systemctl;

/// Whether the whole system stops, and not only a unit.
///
/// # Errors
/// When systemd cannot be asked.
pub fn goes_down() -> Result<bool> {
    // Its status is that of the system and says nothing about the question.
    if is_stopping(&ask(&["is-system-running"])?) {
        return Ok(true);
    }
    ask(&["list-jobs", "--no-legend", "--no-pager"]).map(|jobs| queues_shutdown(&jobs))
}

fn ask(arguments: &[&str]) -> Result<String> {
    let finished = systemctl(arguments)?;
    Ok(String::from_utf8_lossy(&finished.output).into_owned())
}

/// Whether `systemctl is-system-running` says so.
fn is_stopping(said: &str) -> bool {
    said.trim() == "stopping"
}

/// Whether `systemctl list-jobs --no-legend` shows that the machine will go down: versions of
/// systemd before 240 call a boot that is cut short `starting` until its end.
fn queues_shutdown(jobs: &str) -> bool {
    jobs.lines().any(|job| {
        let mut words = job.split_whitespace().skip(1);
        words.next() == Some("shutdown.target") && words.next() == Some("start")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn systemd_says_whether_the_machine_goes_down() {
        for (said, stopping) in [
            ("stopping\n", true),
            ("running\n", false),
            ("degraded\n", false),
            ("offline\n", false),
            ("", false),
        ] {
            assert_eq!(is_stopping(said), stopping, "{said}");
        }
        let jobs = "  12 google-shutdown-scripts.service stop running\n1234 shutdown.target start waiting\n";
        assert!(queues_shutdown(jobs));
        for jobs in [
            "12 google-shutdown-scripts.service stop running\n",
            "12 shutdown.target stop waiting\n",
            "12 my-shutdown.target start waiting\n",
            "No jobs running.\n",
            "",
        ] {
            assert!(!queues_shutdown(jobs), "{jobs}");
        }
    }
}
