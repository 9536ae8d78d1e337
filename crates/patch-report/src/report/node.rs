//! How a try to patch a node ended, and what a person does about it.

use patch::node::{Ending, Outcome, Refusal};

use super::complaint::{AGAIN, Complaint, one, shortcoming};

const TAKE_UP: &str = "mend that, then take its run up again";

/// How a try ended, in a word.
pub(super) const fn word(ending: &Ending) -> &'static str {
    match ending {
        Ending::Patched => "patched",
        Ending::NothingToDo => "nothing to do",
        Ending::Refused { .. } => "refused",
        Ending::Blocked { .. } => "blocked",
        Ending::NotDrained { .. } => "not drained",
        Ending::Halted { .. } => "halted",
        Ending::Incomplete { .. } => "incomplete",
        Ending::LeftInMaintenance { .. } => "left in maintenance",
        Ending::NotRestored { .. } => "not restored",
        Ending::NotBack { .. } => "not back",
        Ending::Unreachable { .. } => "unreachable",
        Ending::StillRunning => "still running",
    }
}

/// What is not as it should be after a try.
pub(super) fn complaints(outcome: &Outcome) -> Vec<Complaint> {
    let mut complaints = of_ending(outcome);
    let (left, away) = (&outcome.left, &outcome.report.not_returned);
    if !left.is_nothing() {
        let next = match outcome.ending.is_resumable() {
            true => "take its run up again: it puts that back",
            false => "put that back when the node is mended",
        };
        complaints.extend(one(format!("not as it was found: {left}"), next));
    }
    if !away.is_empty() {
        let guests: Vec<String> = away.iter().map(u32::to_string).collect();
        let what = format!(
            "high availability has not brought back {}",
            guests.join(", ")
        );
        complaints.extend(one(what, "see `ha-manager status`"));
    }
    complaints
}

fn of_ending(outcome: &Outcome) -> Vec<Complaint> {
    match &outcome.ending {
        Ending::Patched | Ending::NothingToDo => Vec::new(),
        Ending::Refused { refusals } => each("not touched", refusals),
        Ending::Halted { refusals } => each("its packages were not touched", refusals),
        Ending::Incomplete { shortcomings } => {
            let report = outcome.report.patch.as_deref();
            let log = report.map(|report| format!("{}/log", report.id.directory()));
            let log = log.unwrap_or_default();
            let complaints = shortcomings.iter().map(|it| shortcoming(it, &log));
            complaints.collect()
        }
        Ending::LeftInMaintenance { why, remedy } => {
            one(format!("left in maintenance: {why}"), remedy)
        }
        ending @ (Ending::Blocked { .. } | Ending::NotDrained { .. }) => {
            one(ending.to_string(), AGAIN)
        }
        ending => one(ending.to_string(), TAKE_UP),
    }
}

fn each(what: &str, refusals: &[Refusal]) -> Vec<Complaint> {
    let complaints = refusals
        .iter()
        .flat_map(|it| one(format!("{what}: {it}"), AGAIN));
    complaints.collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use conditions::{NodeName, Timestamp};
    use patch::node::{ClusterError, Effect, Event, Run, Settings};

    use super::*;

    /// The outcome of a run that has seen nothing.
    fn outcome() -> Outcome {
        let packages = patch::Settings::new("r1".parse().unwrap());
        let mut settings = Settings::new(NodeName::new("pve1"), packages);
        settings.limits.look = Duration::ZERO;
        let at = Timestamp::from_millis(1);
        let (mut run, _) = Run::begin(settings, at);
        let silence = ClusterError::Unreachable("silence".to_owned());
        let Effect::Finish(outcome) = run.step(Event::Viewed(Err(silence)), at) else {
            panic!("a silent cluster ends it");
        };
        *outcome
    }

    fn told(outcome: &Outcome) -> Vec<(String, String)> {
        let complaints = complaints(outcome).into_iter();
        complaints.map(|it| (it.what, it.next)).collect()
    }

    #[test]
    fn a_node_that_is_owed_something_has_its_run_taken_up_again() {
        let mut outcome = outcome();
        outcome.left.maintenance = true;
        let silence = "no answer during the first look: silence; resume the run later";
        let left = "not as it was found: in maintenance";
        let expected = [
            (silence, TAKE_UP),
            (left, "take its run up again: it puts that back"),
        ];
        assert_eq!(
            told(&outcome),
            expected.map(|(what, next)| (what.to_owned(), next.to_owned()))
        );
    }

    #[test]
    fn a_patched_node_has_no_complaint_but_of_guests_that_high_availability_keeps_elsewhere() {
        let mut outcome = outcome();
        outcome.ending = Ending::Patched;
        assert_eq!(told(&outcome), []);
        outcome.report.not_returned = vec![102, 103];
        let told = told(&outcome);
        assert_eq!(told.len(), 1);
        assert!(told[0].0.ends_with("brought back 102, 103"), "{told:?}");
    }

    #[test]
    fn a_node_that_is_kept_out_of_service_is_told_with_its_remedy() {
        let mut outcome = outcome();
        outcome.left.maintenance = true;
        outcome.ending = Ending::LeftInMaintenance {
            why: "dpkg was cut off".to_owned(),
            remedy: "mend it".to_owned(),
        };
        let told = told(&outcome);
        assert_eq!(
            told[0],
            (
                "left in maintenance: dpkg was cut off".to_owned(),
                "mend it".to_owned()
            )
        );
        assert_eq!(told[1].1, "put that back when the node is mended");
    }
}
