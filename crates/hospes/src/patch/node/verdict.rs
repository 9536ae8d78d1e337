//! What the end of a node's run means for a campaign, and in words.

use std::fmt::Display;

use journal::RunId;
use patch::node::{Ending, Outcome};
use plan::campaign::Outcome as Verdict;

/// What the end of `run` means. A node that is not patched is begun again by the operator, who has
/// read why: nothing is tried again by itself, and no other node is begun before.
pub(super) fn verdict(outcome: &Outcome, run: RunId) -> Verdict {
    let left = &outcome.left;
    let words = match left.is_nothing() {
        true => outcome.ending.to_string(),
        false => format!("{} (not as it was found: {left})", outcome.ending),
    };
    match &outcome.ending {
        ending if ending.is_success() => Verdict::Done,
        ending if ending.is_resumable() => {
            Verdict::Down(format!("{words}; to go on: hospes runs resume {run}"))
        }
        Ending::LeftInMaintenance { .. } => Verdict::Down(words),
        _ => Verdict::Failed(words),
    }
}

/// The end of a run over `node`, the first line the plainest.
pub(crate) fn lines(node: &impl Display, outcome: &Outcome, run: RunId) -> Vec<String> {
    let mut lines = vec![format!("{node}: {}", outcome.ending)];
    let left = &outcome.left;
    if !left.is_nothing() {
        lines.push(format!("  not as it was found: {left}"));
    }
    let report = &outcome.report;
    if !report.not_returned.is_empty() {
        let guests: Vec<String> = report.not_returned.iter().map(u32::to_string).collect();
        lines.push(format!(
            "  high availability has not brought back: {}",
            guests.join(", ")
        ));
    }
    lines.extend(report.notes.iter().map(|note| format!("  {note}")));
    if outcome.ending.is_resumable() {
        lines.push(format!("  to go on: hospes runs resume {run}"));
    }
    lines
}

#[cfg(test)]
mod tests {
    use conditions::Timestamp;
    use patch::node::{ClusterError, Effect, Event, Run, Settings};

    use super::*;

    /// An outcome whose report is that of a run which has seen nothing.
    fn outcome(ending: Ending) -> Outcome {
        let packages = patch::Settings::new("r1".parse().unwrap());
        let mut settings = Settings::new(conditions::NodeName::new("pve1"), packages);
        settings.limits.look = std::time::Duration::ZERO;
        let at = Timestamp::from_millis(1);
        let (mut run, _) = Run::begin(settings, at);
        let silence = ClusterError::Unreachable("silence".to_owned());
        let Effect::Finish(outcome) = run.step(Event::Viewed(Err(silence)), at) else {
            panic!("a silent cluster ends it");
        };
        Outcome { ending, ..*outcome }
    }

    #[test]
    fn only_a_patched_node_lets_the_next_one_begin_and_one_that_is_owed_something_is_down() {
        let why = || "because".to_owned();
        for (ending, wanted) in [
            (Ending::Patched, "done"),
            (Ending::NothingToDo, "done"),
            (Ending::Refused { refusals: vec![] }, "failed"),
            (
                Ending::Blocked {
                    guest: "VM 101".to_owned(),
                    why: why(),
                },
                "failed",
            ),
            (Ending::NotDrained { reason: why() }, "failed"),
            (Ending::Halted { refusals: vec![] }, "failed"),
            (
                Ending::Incomplete {
                    shortcomings: vec![],
                },
                "failed",
            ),
            (
                Ending::LeftInMaintenance {
                    why: why(),
                    remedy: why(),
                },
                "down",
            ),
            (Ending::NotRestored { reason: why() }, "down"),
            (Ending::NotBack { reason: why() }, "down"),
            (
                Ending::Unreachable {
                    during: why(),
                    reason: why(),
                },
                "down",
            ),
            (Ending::StillRunning, "down"),
        ] {
            let is_resumable = ending.is_resumable();
            let outcome = outcome(ending);
            let (word, words) = match verdict(&outcome, RunId(7)) {
                Verdict::Done => ("done", String::new()),
                Verdict::Retry(words) => ("retry", words),
                Verdict::Failed(words) => ("failed", words),
                Verdict::Down(words) => ("down", words),
            };
            assert_eq!(word, wanted, "{words}");
            let resume = "hospes runs resume r7";
            assert_eq!(words.contains(resume), is_resumable, "{words}");
            let told = lines(&"node:home/pve1", &outcome, RunId(7)).join("\n");
            assert!(told.starts_with("node:home/pve1: "), "{told}");
            assert_eq!(told.contains(resume), is_resumable, "{told}");
        }
    }

    #[test]
    fn what_is_not_as_it_was_found_is_told() {
        let mut outcome = outcome(Ending::LeftInMaintenance {
            why: "dpkg was cut off".to_owned(),
            remedy: "mend it".to_owned(),
        });
        outcome.left.maintenance = true;
        outcome.left.stopped = vec![102];
        outcome.report.not_returned = vec![103];
        assert_eq!(
            verdict(&outcome, RunId(7)),
            Verdict::Down(
                "left in maintenance: dpkg was cut off; mend it \
                 (not as it was found: in maintenance, shut down: 102)"
                    .to_owned()
            )
        );
        assert_eq!(
            lines(&"node:home/pve1", &outcome, RunId(7)),
            [
                "node:home/pve1: left in maintenance: dpkg was cut off; mend it",
                "  not as it was found: in maintenance, shut down: 102",
                "  high availability has not brought back: 103",
            ]
        );
    }
}
