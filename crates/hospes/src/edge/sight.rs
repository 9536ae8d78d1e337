//! Gathering everything that one check sees.
//!
//! The hypervisor, the agent and SSH are asked at the same time; what SSH cannot read is read
//! through the channel with the same probe.

use std::time::Duration;

use conditions::{
    ChannelDevice, ChannelReport, FreezeStatus, GuestFacts, MachineMarks, Observation, Probe,
    ProbeStep, RunState, Sightings, SilenceReason, SshSighting, Unreadable, UnreadableReason,
};
use lifecycle::ports::{GuestShell, HypervisorError, Privilege, ShellError};
use tokio::time::timeout;

use super::agent_shell::AgentShell;
use super::{World, no_ssh};
use crate::clock::now;

/// What one round of the probe may print.
const ROUND_LIMIT: usize = Probe::OUTPUT_LIMIT;

/// Sees everything there is to see of one guest, within the deadline for checks.
pub(super) async fn gather(world: &World) -> Sightings {
    let started = now();
    let observation = match world.observe().await {
        Ok(observation) => observation,
        Err(error) => unobserved(world, &error),
    };
    let (channel, by_ssh) = match observation.run_state {
        RunState::Stopped => (stopped(&observation), Err(not_running())),
        _ => tokio::join!(report(world), over_ssh(world)),
    };
    let ssh = match &by_ssh {
        Ok(facts) => SshSighting::Read(facts.marks.clone()),
        Err(why) if why.reason == UnreadableReason::SudoDenied => login_only(world, why).await,
        Err(why) => SshSighting::Unreadable(why.clone()),
    };
    let shell = match by_ssh {
        Err(why) if may_read(&channel) => over_channel(world).await.map_err(|other| Unreadable {
            reason: why.reason,
            evidence: format!(
                "{}; through the agent channel: {}",
                why.evidence, other.evidence
            ),
        }),
        other => other,
    };
    Sightings {
        observation,
        channel,
        shell,
        ssh,
        started,
        finished: now(),
    }
}

/// What stands for an observation when the hypervisor cannot be asked: nothing is known.
fn unobserved(world: &World, error: &HypervisorError) -> Observation {
    Observation {
        guest: world.guest.clone(),
        node: conditions::NodeName::new("unknown"),
        run_state: RunState::Other("unknown".to_owned()),
        lock: None,
        channel_device: ChannelDevice::Unknown(error.to_string()),
        cluster: None,
        evidence: error.to_string(),
        at: now(),
    }
}

fn stopped(observation: &Observation) -> ChannelReport {
    let evidence = observation.evidence.clone();
    ChannelReport::Silent {
        reason: SilenceReason::GuestStopped,
        evidence,
    }
}

fn not_running() -> Unreadable {
    Unreadable::new(UnreadableReason::Unreachable, "the guest does not run")
}

async fn report(world: &World) -> ChannelReport {
    match world.slot.agent().await {
        Ok(agent) => agent.report().await,
        Err(error) => ChannelReport::Silent {
            reason: SilenceReason::NoSocket,
            evidence: error.to_string(),
        },
    }
}

/// The channel may run the probe: the agent answered, and nothing is frozen.
fn may_read(channel: &ChannelReport) -> bool {
    match channel {
        ChannelReport::Answered(answers) => answers.freeze != Some(FreezeStatus::Frozen),
        ChannelReport::Silent { .. } => false,
    }
}

async fn over_ssh(world: &World) -> Result<GuestFacts, Unreadable> {
    let Some(ssh) = &world.ssh else {
        return Err(Unreadable::new(
            UnreadableReason::NotConfigured,
            no_ssh(&world.guest),
        ));
    };
    let read = within(world.calls.check, probe(ssh, world.calls.script)).await;
    let is_broken = |why: &Unreadable| why.reason != UnreadableReason::SudoDenied;
    if read.as_ref().err().is_some_and(is_broken) {
        world.disconnect().await;
    }
    read
}

/// What the login sees without root: which machine it is.
async fn login_only(world: &World, why: &Unreadable) -> SshSighting {
    let why = why.clone();
    match world.probe().await {
        Ok(ready) => {
            let boot_id = Some(ready.boot_id);
            let marks = MachineMarks {
                boot_id,
                ..MachineMarks::default()
            };
            SshSighting::LoginOnly { marks, why }
        }
        Err(_) => SshSighting::Unreadable(why),
    }
}

async fn over_channel(world: &World) -> Result<GuestFacts, Unreadable> {
    let agent = world
        .slot
        .agent()
        .await
        .map_err(|error| Unreadable::new(UnreadableReason::Unreachable, error.to_string()))?;
    within(
        world.calls.check,
        probe(&AgentShell(&agent), world.calls.script),
    )
    .await
}

async fn within(
    deadline: Duration,
    reading: impl Future<Output = Result<GuestFacts, Unreadable>>,
) -> Result<GuestFacts, Unreadable> {
    timeout(deadline, reading).await.unwrap_or_else(|_| {
        let evidence = format!("reading it took longer than {deadline:.0?}");
        Err(Unreadable::new(UnreadableReason::TimedOut, evidence))
    })
}

/// The conversation of the probe with one shell.
async fn probe(shell: &dyn GuestShell, deadline: Duration) -> Result<GuestFacts, Unreadable> {
    let mut probe = Probe::new(shell.via());
    let mut script = probe.script();
    loop {
        let output = shell
            .run(&script, Privilege::Root, ROUND_LIMIT, deadline)
            .await
            .map_err(|error| unreadable(&error))?;
        match probe.handle(&output.stdout) {
            Ok(ProbeStep::Run(next)) => script = next,
            Ok(ProbeStep::Done(facts)) => return Ok(*facts),
            Err(error) => {
                let words = String::from_utf8_lossy(&output.stderr);
                let words: String = words.trim().chars().take(200).collect();
                let evidence = format!("{error} (status {}): {words}", output.status);
                return Err(Unreadable::new(UnreadableReason::Garbage, evidence));
            }
        }
    }
}

fn unreadable(error: &ShellError) -> Unreadable {
    let reason = match error {
        ShellError::Unreachable(_) => UnreadableReason::Unreachable,
        ShellError::TimedOut { .. } => UnreadableReason::TimedOut,
        ShellError::HostKey(_) => UnreadableReason::HostKey,
        ShellError::Login(_) => UnreadableReason::Login,
        ShellError::SudoDenied(_) => UnreadableReason::SudoDenied,
        ShellError::NotAllowed(_) => UnreadableReason::NotAllowed,
        ShellError::Broken(_) => UnreadableReason::Broken,
    };
    Unreadable::new(reason, error.to_string())
}
