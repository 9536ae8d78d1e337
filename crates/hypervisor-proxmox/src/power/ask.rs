//! Asking for a shutdown or a restart, once.

use std::time::Duration;

use conditions::RunState;
use lifecycle::ports::{Asked, HypervisorError};
use pve::{TaskEnd, Upid, call};
use tokio::time::Instant;

use super::Target;
use super::outcome::{Outcome, acpi_fallback, waits_for_lock};
use crate::failure::unanswered;
use crate::observe::{managed, status};
use crate::{ClientError, Followed};

/// Proxmox VE waits ten seconds for a guest's lock. It was seen to give up after twelve.
const LOCK_WAIT: Duration = Duration::from_secs(20);

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Request {
    /// Down.
    Shutdown,
    /// Down and up by Proxmox VE itself, also under high availability.
    Restart,
}

/// Asks for it and follows the task for `deadline`, or while it waits for the lock: the guest has
/// not been asked then. Proxmox VE waits `stop` for the guest.
pub(crate) async fn ask(
    target: Target<'_>,
    request: Request,
    stop: Duration,
    deadline: Duration,
) -> Result<Asked, HypervisorError> {
    let begun = Instant::now();
    if let Some(reason) = objection(target, request).await? {
        return Ok(Asked::Refused { reason });
    }
    let stop = stop.max(deadline);
    let call = match request {
        Request::Shutdown => call::guest::shutdown(target.node, target.vmid, stop),
        Request::Restart => call::guest::reboot(target.node, target.vmid, stop),
    };
    let upid = target.begin(&call).await?;
    let left = deadline.saturating_sub(begun.elapsed());
    let (followed, log) = follow(target, &upid, left).await;
    answer(request, &upid, &followed, &log, stop)
}

/// Looks once more, right before the call: what speaks against it.
async fn objection(
    target: Target<'_>,
    request: Request,
) -> Result<Option<String>, HypervisorError> {
    let client = target.client();
    let not_sent = |error: ClientError| {
        let words = format!("{} was not sent", request.word());
        prefixed(&words, unanswered(client.name(), &error))
    };
    let status = status(target.cluster, target.node, target.vmid)
        .await
        .map_err(not_sent)?;
    if status.run_state != RunState::Running {
        let state = status.run_state.as_str();
        return Ok(Some(format!("it does not run any more: {state}")));
    }
    if let Some(lock) = status.lock {
        return Ok(Some(format!("it was locked in between ({lock})")));
    }
    if request == Request::Shutdown
        && let Some(ha) = managed(target.cluster, target.vmid, &status.ha).await
    {
        let sid = ha.sid;
        return Ok(Some(format!(
            "it is under high availability, which would cut the power; \
             `ha-manager set {sid} --state ignored` takes it out"
        )));
    }
    let ping = call::agent::ping(target.node, target.vmid);
    let pong = client.fresh_agent_call(target.node, target.vmid, &ping);
    pong.await.map_err(not_sent)?;
    Ok(None)
}

/// Follows a task, and reads its log.
async fn follow(
    target: Target<'_>,
    upid: &Upid,
    deadline: Duration,
) -> (Result<Followed, ClientError>, Vec<String>) {
    let client = target.client();
    let mut followed = client.follow(upid, deadline).await;
    let mut log = client.task_log(upid).await.unwrap_or_default();
    if followed == Ok(Followed::StillRunning) && waits_for_lock(&log) {
        followed = client.follow(upid, LOCK_WAIT).await;
        log = client.task_log(upid).await.unwrap_or_default();
    }
    (followed, log)
}

fn answer(
    request: Request,
    upid: &Upid,
    followed: &Result<Followed, ClientError>,
    log: &[String],
    stop: Duration,
) -> Result<Asked, HypervisorError> {
    let word = request.word();
    let told = match followed {
        Ok(Followed::Ended(end)) => match Outcome::of(end) {
            Outcome::Done => done(request, end),
            Outcome::GaveUp(words) => gave_up(request, &words, stop),
            Outcome::Refused(words) => {
                let reason = format!("{words} ({word}, task {upid})");
                return Ok(Asked::Refused { reason });
            }
            Outcome::Unknown(words) => {
                return Err(HypervisorError::TimedOut(format!(
                    "{word}: task {upid} was ended from outside ({words}): \
                     whether the guest was asked is not known"
                )));
            }
        },
        Ok(Followed::StillRunning) => "goes on".to_owned(),
        Err(error) => format!("was begun and could not be followed: {error}"),
    };
    let fallback = match acpi_fallback(log) {
        Some(line) => format!("the agent was silent to Proxmox VE, which used ACPI: {line}"),
        None => "if the agent died in between, Proxmox VE used ACPI".to_owned(),
    };
    Ok(Asked::Taken {
        evidence: format!("{word}: task {upid} {told}; {fallback}"),
    })
}

fn done(request: Request, end: &TaskEnd) -> String {
    let how = match end {
        TaskEnd::Warnings(count) => format!("ended with {count} warnings"),
        TaskEnd::Ok | TaskEnd::Failed(_) => "ended OK".to_owned(),
    };
    match request {
        Request::Shutdown => how,
        Request::Restart => format!("{how}, its start is a task of its own"),
    }
}

fn gave_up(request: Request, words: &str, stop: Duration) -> String {
    let after = match request {
        Request::Shutdown => "the guest may still go down",
        Request::Restart => "the guest may still go down, and stays off then",
    };
    let seconds = stop.as_secs();
    format!("gave up after {seconds} s ({words}): {after}")
}

fn prefixed(words: &str, error: HypervisorError) -> HypervisorError {
    let with = |text: String| format!("{words}: {text}");
    match error {
        HypervisorError::Refused(text) => HypervisorError::Refused(with(text)),
        HypervisorError::NotConfigured(text) => HypervisorError::NotConfigured(with(text)),
        HypervisorError::Garbage(text) => HypervisorError::Garbage(with(text)),
        // Whatever a question met, nothing was begun.
        HypervisorError::TimedOut(text)
        | HypervisorError::Unreachable(text)
        | HypervisorError::Held(text) => HypervisorError::Unreachable(with(text)),
        error @ HypervisorError::UnknownGuest(_) => error,
    }
}

impl Request {
    const fn word(self) -> &'static str {
        match self {
            Self::Shutdown => "status/shutdown",
            Self::Restart => "status/reboot",
        }
    }
}
