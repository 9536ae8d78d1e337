//! `guest-exec` and `guest-exec-status`.

use qga::ExecCall;

use super::failure::answered;
use super::{Outcome, value};
use crate::agent::Agent;

pub(super) fn start(agent: &Agent, call: &ExecCall, origin: &str) -> Outcome {
    let started = agent.programs.start(call)?;
    // Not the arguments and not the environment: they may hold secrets.
    agent.log.debug(format_args!(
        "{origin} started {} as process {}",
        call.path, started.pid
    ));
    answered(Ok(started))
}

pub(super) fn status(agent: &Agent, pid: i64) -> Outcome {
    value(agent.programs.status(pid)?)
}
