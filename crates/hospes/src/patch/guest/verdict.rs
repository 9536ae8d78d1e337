//! What the end of a run means for a campaign.

use journal::RunId;
use patch::preflight::Obstacle;
use patch::run::{Ending, Outcome, Shortcoming};
use plan::campaign::Outcome as Verdict;

use crate::show::patch_headline;

/// What the end of `run` means: whether the guest is patched, whether it is usable, and whether
/// another try may succeed.
pub(super) fn verdict(outcome: &Outcome, run: RunId) -> Verdict {
    let words = patch_headline(outcome);
    match &outcome.ending {
        Ending::Patched | Ending::NothingToDo => Verdict::Done,
        Ending::Refused { obstacles } => {
            let words = format!("{words}: {}", told(obstacles));
            match obstacles.iter().all(Obstacle::is_passing) {
                true => Verdict::Retry(words),
                false => Verdict::Failed(words),
            }
        }
        Ending::NotBegun { .. } => Verdict::Retry(words),
        Ending::Incomplete { shortcomings } => {
            let each: Vec<_> = shortcomings.iter().map(ToString::to_string).collect();
            let words = format!("{words}: {}", each.join("; "));
            match shortcomings.as_slice() {
                // It could not fetch something, for one. No package is broken.
                [Shortcoming::Apt { .. }] => Verdict::Retry(words),
                _ => Verdict::Failed(words),
            }
        }
        Ending::Interrupted { .. } => Verdict::Failed(words),
        Ending::Unreachable { .. } | Ending::StillRunning | Ending::NotBack { .. } => {
            Verdict::Down(format!("{words}; to go on: hospes runs resume {run}"))
        }
    }
}

fn told(obstacles: &[Obstacle]) -> String {
    let each = obstacles.iter();
    let each = each.map(|obstacle| format!("{obstacle} ({})", obstacle.remedy()));
    each.collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use conditions::Timestamp;
    use patch::Run;
    use patch::preflight::LockHolder;
    use patch::run::{Effect, Event};

    use super::*;

    /// An outcome whose report is that of a run which has seen nothing.
    fn outcome(ending: Ending) -> Outcome {
        let mut settings = patch::Settings::new("r1".parse().unwrap());
        settings.limits.look = std::time::Duration::ZERO;
        let at = Timestamp::from_millis(1);
        let (mut run, _) = Run::begin(settings, at);
        let Effect::Finish(outcome) = run.step(Event::Printed(Err("silence".to_owned())), at)
        else {
            panic!("a silent guest ends it");
        };
        Outcome { ending, ..*outcome }
    }

    fn locked() -> Obstacle {
        let by = LockHolder {
            file: "/var/lib/dpkg/lock".to_owned(),
            pid: 7,
            command: "apt".to_owned(),
            unit: None,
        };
        Obstacle::Locked { by }
    }

    fn apt() -> Shortcoming {
        Shortcoming::Apt {
            status: 100,
            words: "E: no route".to_owned(),
        }
    }

    fn broken() -> Shortcoming {
        Shortcoming::Package {
            package: "zip".to_owned(),
            why: "its script failed".to_owned(),
        }
    }

    #[test]
    fn an_end_is_a_success_another_try_a_failure_or_a_guest_that_nobody_can_tell_of() {
        let reason = || "because".to_owned();
        let refused = |obstacles| Ending::Refused { obstacles };
        let incomplete = |shortcomings| Ending::Incomplete { shortcomings };
        let during = || "follow".to_owned();
        for (ending, wanted) in [
            (Ending::Patched, "done"),
            (Ending::NothingToDo, "done"),
            (refused(vec![locked()]), "retry"),
            (refused(vec![locked(), Obstacle::NotRoot]), "failed"),
            (refused(vec![Obstacle::NotRoot]), "failed"),
            (Ending::NotBegun { reason: reason() }, "retry"),
            (incomplete(vec![apt()]), "retry"),
            (incomplete(vec![apt(), broken()]), "failed"),
            (incomplete(vec![broken()]), "failed"),
            (
                incomplete(vec![Shortcoming::NotRebooted { why: reason() }]),
                "failed",
            ),
            (Ending::Interrupted { reason: reason() }, "failed"),
            (
                Ending::Unreachable {
                    during: during(),
                    reason: reason(),
                },
                "down",
            ),
            (Ending::StillRunning, "down"),
            (Ending::NotBack { reason: reason() }, "down"),
        ] {
            let is_resumable = ending.is_resumable();
            let verdict = verdict(&outcome(ending.clone()), RunId(7));
            let (word, words) = match &verdict {
                Verdict::Done => ("done", "patched"),
                Verdict::Retry(words) => ("retry", words.as_str()),
                Verdict::Failed(words) => ("failed", words.as_str()),
                Verdict::Down(words) => ("down", words.as_str()),
            };
            assert_eq!(word, wanted, "{ending:?}");
            assert!(!words.is_empty() && !words.contains('\n'), "{words}");
            assert_eq!(
                words.contains("hospes runs resume r7"),
                is_resumable,
                "{words}"
            );
        }
        let told = verdict(&outcome(refused(vec![Obstacle::NotRoot])), RunId(7));
        let wanted = "refused; the guest was not touched: the login is not root (log in as root, or \
                      allow `sudo -n` without a password)";
        assert_eq!(told, Verdict::Failed(wanted.to_owned()));
    }
}
