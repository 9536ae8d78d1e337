//! A finished check.

use serde::Serialize;

use super::machine::{Identity, identify};
use super::sightings::{Sightings, SshSighting};
use super::{agent, service};
use crate::hooks::{Findings, detect};
use crate::{
    BootId, ChannelReport, Condition, GuestFacts, GuestId, Hook, NodeName, Observation, RunState,
    State, Timestamp, Verdict,
};

/// The result of checking one guest once. Only [`assess`] makes one; it can neither be cloned nor
/// read back from storage, because a permit is minted by consuming it.
#[derive(Debug, Serialize)]
pub struct Check {
    observation: Observation,
    channel: ChannelReport,
    ssh: SshSighting,
    verdicts: [Verdict; 6],
    identity: Identity,
    boot_id: Option<BootId>,
    facts: Option<GuestFacts>,
    hooks: Vec<Hook>,
    gaps: Vec<String>,
    started: Timestamp,
    finished: Timestamp,
}

/// Judges what was seen.
#[must_use]
pub fn assess(seen: Sightings) -> Check {
    let identity = identify(&seen);
    let findings = seen.shell.as_ref().map(detect).unwrap_or_default();
    let inside = |condition, judge: &dyn Fn(&GuestFacts) -> Verdict| match &seen.shell {
        Ok(facts) => judge(facts),
        Err(why) => service::unread(condition, why),
    };
    let verdicts = [
        inside(Condition::Package, &service::package),
        inside(Condition::Service, &service::service),
        inside(Condition::NoHooks, &|facts| {
            service::hooks(facts, &findings)
        }),
        inside(Condition::Systemd, &service::systemd),
        agent::port(&seen),
        agent::answers(&seen),
    ];
    let boot_id = boot_id(&seen, &identity);
    let Findings { hooks, gaps } = findings;
    Check {
        observation: seen.observation,
        channel: seen.channel,
        ssh: seen.ssh,
        verdicts,
        identity,
        boot_id,
        facts: seen.shell.ok(),
        hooks,
        gaps: gaps.into_iter().collect(),
        started: seen.started,
        finished: seen.finished,
    }
}

/// The boot id of the machine that the hypervisor acts on.
fn boot_id(seen: &Sightings, identity: &Identity) -> Option<BootId> {
    let by_channel = match &seen.channel {
        ChannelReport::Answered(answers) => answers.marks.boot_id.clone(),
        ChannelReport::Silent { .. } => None,
    };
    let inside = || match (&seen.shell, &seen.ssh) {
        (Ok(facts), _) => facts.marks.boot_id.clone(),
        (Err(_), SshSighting::Read(marks)) => marks.boot_id.clone(),
        (Err(_), SshSighting::Unreadable(_)) => None,
    };
    match identity {
        Identity::Different { .. } => by_channel,
        Identity::Same { .. } | Identity::Unproven { .. } => by_channel.or_else(inside),
    }
}

impl Check {
    /// The guest that was checked.
    #[must_use]
    pub const fn guest(&self) -> &GuestId {
        &self.observation.guest
    }

    /// Where it is.
    #[must_use]
    pub const fn node(&self) -> &NodeName {
        &self.observation.node
    }

    /// Whether it runs.
    #[must_use]
    pub const fn run_state(&self) -> &RunState {
        &self.observation.run_state
    }

    /// Why the hypervisor refuses lifecycle calls at the moment, if it does.
    #[must_use]
    pub fn lock(&self) -> Option<&str> {
        self.observation.lock.as_deref()
    }

    /// What the hypervisor said.
    #[must_use]
    pub const fn observation(&self) -> &Observation {
        &self.observation
    }

    /// What the agent said.
    #[must_use]
    pub const fn channel(&self) -> &ChannelReport {
        &self.channel
    }

    /// What came of SSH.
    #[must_use]
    pub const fn ssh(&self) -> &SshSighting {
        &self.ssh
    }

    /// The boot id of the machine that the hypervisor would act on, where it could be read.
    #[must_use]
    pub const fn boot_id(&self) -> Option<&BootId> {
        self.boot_id.as_ref()
    }

    /// The six verdicts, in the order of the contract.
    #[must_use]
    pub const fn verdicts(&self) -> &[Verdict; 6] {
        &self.verdicts
    }

    /// Whether all six conditions are healthy.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        self.verdicts
            .iter()
            .all(|verdict| verdict.state == State::Healthy)
    }

    /// Whether SSH and the channel lead to the same machine.
    #[must_use]
    pub const fn identity(&self) -> &Identity {
        &self.identity
    }

    /// `systemctl is-system-running`, for people; decides nothing but [`Check::is_stopping`].
    #[must_use]
    pub fn system_state(&self) -> Option<&str> {
        self.facts.as_ref()?.system_state.as_deref()
    }

    /// Whether the guest is on its way down already.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        let has_job = |facts: &GuestFacts| {
            facts.jobs.iter().flatten().any(|job| {
                let mut words = job.split_whitespace().skip(1);
                let unit = words.next().unwrap_or("");
                let starts = words.next() == Some("start");
                let stem = unit.strip_suffix(".target").unwrap_or("");
                starts && matches!(stem, "shutdown" | "poweroff" | "reboot" | "halt" | "kexec")
            })
        };
        self.system_state() == Some("stopping") || self.facts.as_ref().is_some_and(has_job)
    }

    /// When the first question was asked.
    #[must_use]
    pub const fn started_at(&self) -> Timestamp {
        self.started
    }

    /// When the last answer was there.
    #[must_use]
    pub const fn finished_at(&self) -> Timestamp {
        self.finished
    }

    /// What was read inside the guest.
    #[must_use]
    pub const fn facts(&self) -> Option<&GuestFacts> {
        self.facts.as_ref()
    }

    /// The shutdown hooks that were found.
    #[must_use]
    pub fn hooks(&self) -> &[Hook] {
        &self.hooks
    }

    /// What could not be told about hooks.
    #[must_use]
    pub fn gaps(&self) -> &[String] {
        &self.gaps
    }
}
