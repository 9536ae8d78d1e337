//! What a check sees of the simulated guest.

use std::collections::BTreeMap;
use std::time::Duration;

use conditions::{
    ChannelReport, Condition, FileFacts, GuestFacts, Observation, PORT_DEVICE, RunState, Sightings,
    SilenceReason, SshSighting, Timestamp, Unreadable, UnreadableReason, Via,
};

use crate::agent::{Agent, Life};
use crate::cluster::Cluster;
use crate::fixture::{self, command_line, set};
use crate::guest::Guest;

/// How long a look takes when nothing is lost.
pub(crate) const LOOK: Duration = Duration::from_millis(80);

/// What the hypervisor sees at `at`.
pub(crate) fn observation(guest: &Guest, at: Timestamp) -> Observation {
    let mut seen = fixture::observation(guest.run_state(), at);
    seen.node = guest.node();
    seen.lock = guest.lock().map(str::to_owned);
    seen.cluster = guest.cluster.as_ref().and_then(Cluster::sight);
    seen
}

/// All that a check of `guest` sees; what cannot be read is absent or silent.
pub(crate) fn of(guest: &Guest, started: Timestamp, finished: Timestamp) -> Sightings {
    let by_ssh = guest.hears_ssh();
    let by_channel = guest.hears_channel();
    let mut seen = fixture::healthy(guest.boot, started, finished);
    seen.observation = observation(guest, started);
    let unreadable = || Unreadable::new(UnreadableReason::Unreachable, "no route");
    if !by_ssh {
        seen.ssh = SshSighting::Unreadable(unreadable());
    }
    if !by_channel {
        let reason = match guest.run_state() {
            RunState::Stopped => SilenceReason::GuestStopped,
            _ => SilenceReason::TimedOut,
        };
        let evidence = "no answer".to_owned();
        seen.channel = ChannelReport::Silent { reason, evidence };
    }
    match &mut seen.shell {
        Ok(facts) if by_ssh || by_channel => {
            facts.via = if by_ssh { Via::Ssh } else { Via::Channel };
            facts.uptime = Some(guest.uptime());
            if guest.is_stopping() {
                facts.system_state = Some("stopping".to_owned());
            }
            show(&guest.agent, facts);
            veil(guest, facts);
        }
        shell => *shell = Err(unreadable()),
    }
    seen
}

/// The agent as systemd and the package manager tell of it.
fn show(agent: &Agent, facts: &mut GuestFacts) {
    let (active, sub) = match agent.life {
        Life::Runs | Life::Hangs => ("active", "running"),
        Life::Dead => ("inactive", "dead"),
        Life::Failed => ("failed", "failed"),
    };
    set(facts, "ActiveState", active);
    set(facts, "SubState", sub);
    if agent.needs_reload() {
        set(facts, "NeedDaemonReload", "yes");
    }
    if agent.masked {
        set(facts, "LoadState", "masked");
    }
    if !agent.installed {
        facts.packages = Some(BTreeMap::new());
        set(facts, "LoadState", "not-found");
        facts.agent_unit = None;
    }
    if !agent.wanted {
        set(facts, "UnitFileState", "disabled");
        let port = facts.units.get_mut(PORT_DEVICE).expect("the port's");
        port.properties.remove("Wants");
    }
    let hooks = agent.hooks();
    if !hooks.stop_post.is_empty() {
        let lines: Vec<_> = hooks
            .stop_post
            .iter()
            .map(|argv| command_line(argv))
            .collect();
        let unit = facts.units.get_mut(fixture::UNIT).expect("the agent's");
        unit.properties.insert("ExecStopPost".to_owned(), lines);
    }
    if let Some(action) = &hooks.success_action {
        set(facts, "SuccessAction", action);
    }
    for (path, text) in &agent.disk {
        let (text, truncated) = (text.clone(), false);
        facts
            .files
            .insert(path.clone(), FileFacts { text, truncated });
    }
}

/// Takes away what cannot be read in this guest.
fn veil(guest: &Guest, facts: &mut GuestFacts) {
    for condition in &guest.veiled {
        match condition {
            Condition::Package => facts.packages = None,
            Condition::Systemd => facts.jobs = None,
            _ => {
                if let Some(unit) = facts.units.get_mut(fixture::UNIT) {
                    unit.properties.remove("SubState");
                }
            }
        }
    }
}
