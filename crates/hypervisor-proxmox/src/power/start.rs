//! Powering a guest on.

use std::time::Duration;

use conditions::RunState;
use lifecycle::ports::{HypervisorError, StartReport};
use pve::{Poll, TaskEnd, Upid, call};
use tokio::time::{Instant, sleep, timeout_at};

use super::Target;
use super::outcome::Outcome;
use crate::Followed;
use crate::observe::status;

/// Starts the guest and returns when its task is OK and its status says running.
pub(crate) async fn power_on(
    target: Target<'_>,
    deadline: Duration,
) -> Result<StartReport, HypervisorError> {
    let begun = Instant::now();
    let upid = target
        .begin(&call::guest::start(target.node, target.vmid))
        .await?;
    let left = deadline.saturating_sub(begun.elapsed());
    let end = match target.client().follow(&upid, left).await {
        Ok(Followed::Ended(end)) => end,
        Ok(Followed::StillRunning) => return Err(overdue(target, &upid, "it goes on")),
        Err(error) => {
            let words = format!("it could not be followed: {error}");
            return Err(overdue(target, &upid, &words));
        }
    };
    let how = settled(target, &upid, &end)?;
    until_running(target, &upid, begun + deadline).await?;
    Ok(StartReport {
        evidence: format!(
            "status/start: task {upid} {how}, status/current: running after {:.1} s",
            begun.elapsed().as_secs_f64()
        ),
    })
}

fn settled(target: Target<'_>, upid: &Upid, end: &TaskEnd) -> Result<String, HypervisorError> {
    match (Outcome::of(end), end) {
        (Outcome::Done, TaskEnd::Warnings(count)) => Ok(format!("ended with {count} warnings")),
        (Outcome::Done, _) => Ok("ended OK".to_owned()),
        (Outcome::Unknown(words), _) => Err(overdue(target, upid, &words)),
        (Outcome::Refused(words) | Outcome::GaveUp(words), _) => {
            let id = target.id;
            Err(HypervisorError::Refused(format!(
                "{id} was not started: {words} (task {upid})"
            )))
        }
    }
}

/// Under high availability, and after a task that was only queued, running comes later than `OK`.
async fn until_running(
    target: Target<'_>,
    upid: &Upid,
    end: Instant,
) -> Result<(), HypervisorError> {
    let mut seen = "it was not looked at".to_owned();
    for wait in Poll::new() {
        let look = status(target.cluster, target.node, target.vmid);
        match timeout_at(end, look).await {
            Ok(Ok(status)) if status.run_state == RunState::Running => return Ok(()),
            Ok(Ok(status)) => seen = format!("status/current: {}", status.run_state.as_str()),
            Ok(Err(error)) => seen = format!("status/current: {error}"),
            Err(_) => break,
        }
        if Instant::now() + wait >= end {
            break;
        }
        sleep(wait).await;
    }
    Err(overdue(target, upid, &format!("it ended OK, but {seen}")))
}

fn overdue(target: Target<'_>, upid: &Upid, seen: &str) -> HypervisorError {
    let id = target.id;
    HypervisorError::TimedOut(format!(
        "{id} does not run within the deadline: task {upid}: {seen}"
    ))
}
