//! Looking at a machine through its monitor.

mod machine;
mod port;

use std::path::Path;

use conditions::{ChannelDevice, RunState};
use lifecycle::ports::HypervisorError;

pub(crate) use self::machine::lock_of;
use self::machine::run_state_of;
use self::port::AgentPort;
use crate::guest::LocalGuest;
use crate::presence::proved_stopped;
use crate::qmp::{Monitor, QmpError, Question};

/// What was seen of a machine at one moment.
#[derive(Debug)]
pub(crate) struct Sight {
    pub(crate) run_state: RunState,
    pub(crate) lock: Option<String>,
    pub(crate) channel_device: ChannelDevice,
    pub(crate) evidence: String,
}

/// How often a machine that goes away in the middle of the questions is asked again.
const ATTEMPTS: usize = 3;

/// Looks at a machine, or proves that it is off.
pub(crate) async fn look(guest: &LocalGuest) -> Result<Sight, HypervisorError> {
    let mut doubt = None;
    for _ in 0..ATTEMPTS {
        match interview(guest).await {
            Ok(sight) => return Ok(sight),
            Err(error @ (QmpError::NoFile { .. } | QmpError::NobodyListens { .. })) => {
                // A machine that is just starting binds its socket before it listens on it: look again.
                match proved_stopped(&guest.qmp, error).await {
                    Ok(evidence) => return Ok(Sight::stopped(evidence)),
                    Err(error) => doubt = Some(error),
                }
            }
            Err(error @ QmpError::Closed { .. }) => doubt = Some(error.into()),
            Err(error) => return Err(error.into()),
        }
    }
    Err(doubt.expect("each attempt that returned nothing left its doubt"))
}

impl Sight {
    fn stopped(evidence: String) -> Self {
        let channel_device = ChannelDevice::Unknown("the machine is off".to_owned());
        Self {
            run_state: RunState::Stopped,
            lock: None,
            channel_device,
            evidence,
        }
    }
}

/// Asks in two rounds: the machine as a whole, then its serial ports one by one.
async fn interview(guest: &LocalGuest) -> Result<Sight, QmpError> {
    let mut monitor = Monitor::connect(&guest.qmp, guest.deadlines).await?;
    let about_machine = [Question::Status, Question::Migration, Question::BlockJobs];
    let mut answers = monitor.ask(&about_machine).await?.into_iter();
    let (status, migration, jobs) = (answers.next(), answers.next(), answers.next());
    let port = AgentPort::find(&mut monitor).await?;

    let status = status.unwrap_or_else(|| Err("no answer".to_owned()));
    let (run_state, word) =
        run_state_of(&status).map_err(|detail| unreadable(&guest.qmp, detail))?;
    let lock = lock_of(migration.and_then(Result::ok), jobs.and_then(Result::ok));
    let evidence = match &lock {
        None => format!("query-status: {word}; {}", port.evidence()),
        Some(lock) => format!(
            "query-status: {word}; {lock} is active; {}",
            port.evidence()
        ),
    };
    Ok(Sight {
        run_state,
        lock,
        channel_device: port.device(),
        evidence,
    })
}

/// Reads only the run state.
pub(crate) async fn run_state(guest: &LocalGuest) -> Result<RunState, QmpError> {
    let mut monitor = Monitor::connect(&guest.qmp, guest.deadlines).await?;
    let mut answers = monitor.ask(&[Question::Status]).await?;
    let status = answers.pop().unwrap_or_else(|| Err("no answer".to_owned()));
    Ok(run_state_of(&status)
        .map_err(|detail| unreadable(&guest.qmp, detail))?
        .0)
}

/// Whether some client is connected to the agent's socket, as far as the monitor tells.
pub(crate) async fn agent_is_held(guest: &LocalGuest, socket: &Path) -> Result<bool, QmpError> {
    let mut monitor = Monitor::connect(&guest.qmp, guest.deadlines).await?;
    Ok(AgentPort::find(&mut monitor).await?.is_held_at(socket))
}

fn unreadable(path: &Path, detail: String) -> QmpError {
    QmpError::Garbage {
        path: path.to_owned(),
        detail,
    }
}
