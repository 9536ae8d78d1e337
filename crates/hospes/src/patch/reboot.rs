//! The reboot that is a part of a run, of a guest or of a node: lifecycle's own operation.

use std::fmt::Display;

use conditions::BootId;
use journal::RunId;
use lifecycle::operation::{Effect, Event, Limits, Operation, Outcome, Request};
use patch::run::RebootReport;

use crate::clock::now;
use crate::drive::Machine;
use crate::show::outcome_line;

/// The operation up to where it asks the machine; none if another boot than `old` answers.
pub(super) async fn before_asking(
    machine: &impl Machine,
    limits: Limits,
    old: &BootId,
) -> Option<(Operation, Effect)> {
    let (mut operation, mut effect) = Operation::start(Request::Reboot, limits, now());
    while matches!(effect, Effect::Probe | Effect::Sleep(_)) {
        let event = machine.perform(effect).await;
        if let Event::Probed(Ok(ready)) = &event
            && ready.boot_id != *old
        {
            return None;
        }
        effect = operation.step(event, now());
    }
    Some((operation, effect))
}

/// What a run is told of the end of its reboot.
pub(super) fn report(
    name: &impl Display,
    outcome: Outcome,
    is_owed: bool,
    run: RunId,
) -> RebootReport {
    match outcome {
        Outcome::Rebooted { proof } => RebootReport::Proved(proof),
        outcome => {
            let line = outcome_line(name, &outcome, run);
            let name = format!("{name}: ");
            let words = line.strip_prefix(&name).unwrap_or(&line).to_owned();
            match is_owed {
                true => RebootReport::NotProved(words),
                false => RebootReport::NotAsked(words),
            }
        }
    }
}
