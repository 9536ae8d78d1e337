//! Conditions 5 and 6: the port, and the agent's answer.

use super::judgement::{Advice, Judgement};
use super::sightings::Sightings;
use crate::{
    ChannelAnswers, ChannelDevice, ChannelReport, Evidence, FreezeStatus, Observation, PORT_PATH,
    RunState, SilenceReason, State,
};

/// Condition 5: the port's device in the guest and in the running machine.
pub(super) fn port(seen: &Sightings) -> Judgement {
    let in_guest = seen
        .shell
        .as_ref()
        .ok()
        .and_then(|facts| facts.port_in_guest);
    let answers = matches!(seen.channel, ChannelReport::Answered(_));
    let device = &seen.observation.channel_device;
    let mut evidence = vec![Evidence::new(
        "the running machine's devices",
        match device {
            ChannelDevice::Present { .. } => "org.qemu.guest_agent.0 is there".to_owned(),
            ChannelDevice::Absent => "no org.qemu.guest_agent.0".to_owned(),
            ChannelDevice::Changing(what) => what.clone(),
            ChannelDevice::Unknown(why) => why.clone(),
        },
    )];
    let asked = format!("ls {PORT_PATH}");
    match in_guest {
        Some(true) => evidence.push(Evidence::new(asked, "it exists")),
        Some(false) => evidence.push(Evidence::new(asked, "no such file")),
        None if answers => evidence.push(Evidence::new("guest-ping", "answered through the port")),
        None => {}
    }
    let is_in_guest = in_guest.or(answers.then_some(true));
    let (state, summary) = match (device, is_in_guest) {
        (ChannelDevice::Absent, _) => (State::Failed, "the running machine has no agent port"),
        (_, Some(false)) => (State::Failed, "the guest has no agent port"),
        (ChannelDevice::Changing(_), _) => (
            State::Failed,
            "a pending change of the agent's port waits for the next power-on",
        ),
        (ChannelDevice::Present { .. }, Some(true)) => (
            State::Healthy,
            "the port is in the machine and in the guest",
        ),
        (ChannelDevice::Unknown(_), _) => (
            State::Unknown,
            "whether the running machine has the port could not be told",
        ),
        (_, None) => (
            State::Unknown,
            "whether the guest has the port could not be told",
        ),
    };
    let advice = match (state, device) {
        (State::Healthy, _) => Advice::None,
        (State::Failed, ChannelDevice::Changing(what)) => Advice::Settle(what.clone()),
        (State::Failed, _) => Advice::AddPort,
        (State::Unknown, _) => {
            Advice::ByHand("make the guest readable by SSH or through its agent")
        }
    };
    Judgement::new(state, summary, evidence, advice)
}

/// Condition 6: the agent answers, is thawed and can shut the guest down.
pub(super) fn answers(seen: &Sightings) -> Judgement {
    match &seen.channel {
        ChannelReport::Silent { reason, evidence } => {
            let (state, summary, advice) = silence(*reason, &seen.observation);
            let evidence = vec![Evidence::new("guest-ping", evidence.as_str())];
            Judgement::new(state, summary, evidence, advice)
        }
        ChannelReport::Answered(answers) => answered(answers),
    }
}

fn answered(answers: &ChannelAnswers) -> Judgement {
    let freeze = match answers.freeze {
        Some(FreezeStatus::Thawed) => "thawed",
        Some(FreezeStatus::Frozen) => "frozen",
        None => "no answer",
    };
    let can_shut_down = answers.enabled.contains("guest-shutdown");
    let ability = if can_shut_down {
        "enabled"
    } else {
        "not enabled"
    };
    let evidence = vec![
        Evidence::new("guest-ping", format!("answered in {} us", answers.ping_us)),
        Evidence::new("guest-fsfreeze-status", freeze),
        Evidence::new(
            "guest-info",
            format!("version {}, guest-shutdown {ability}", answers.version),
        ),
    ];
    let (state, summary, advice) = capability(answers.freeze, can_shut_down);
    Judgement::new(state, summary, evidence, advice)
}

const fn capability(
    freeze: Option<FreezeStatus>,
    can_shut_down: bool,
) -> (State, &'static str, Advice) {
    match (freeze, can_shut_down) {
        (Some(FreezeStatus::Frozen), _) => (
            State::Failed,
            "the guest's file systems are frozen",
            Advice::ByHand("let whoever froze them (a backup, a snapshot) finish or thaw them"),
        ),
        (_, false) => (
            State::Failed,
            "the agent may not shut the guest down",
            Advice::ByHand(
                "take guest-shutdown off the blocked commands in the agent's configuration \
                 (/etc/qemu/qemu-ga.conf or /etc/sysconfig/qemu-ga)",
            ),
        ),
        (None, true) => (
            State::Unknown,
            "whether file systems are frozen could not be told",
            Advice::ByHand("allow guest-fsfreeze-status in the agent's configuration"),
        ),
        (Some(FreezeStatus::Thawed), true) => (
            State::Healthy,
            "the agent answers, is thawed and can shut down",
            Advice::None,
        ),
    }
}

fn silence(reason: SilenceReason, seen: &Observation) -> (State, &'static str, Advice) {
    let reason = match seen.run_state {
        RunState::Stopped => SilenceReason::GuestStopped,
        RunState::Running | RunState::Other(_) => reason,
    };
    match reason {
        SilenceReason::GuestStopped => (State::Failed, "the guest does not run", Advice::Start),
        SilenceReason::NoSocket if seen.cluster.is_some() => (
            State::Failed,
            "the hypervisor has no agent configured for the guest",
            Advice::AddPort,
        ),
        SilenceReason::NoSocket => (
            State::Failed,
            "there is no agent socket at the hypervisor",
            Advice::AddPort,
        ),
        SilenceReason::Held => (
            State::Unknown,
            "another client holds the agent's socket",
            Advice::ByHand("end the other client of the agent's socket, then check again"),
        ),
        SilenceReason::TimedOut => (State::Failed, "the agent does not answer", Advice::Fix),
        SilenceReason::Garbage => (
            State::Failed,
            "the agent answers what is not its protocol",
            Advice::ByHand(
                "see what listens on the port in the guest; `systemctl restart` the agent there",
            ),
        ),
        SilenceReason::Error => (
            State::Failed,
            "the agent answers with an error",
            Advice::ByHand("read the agent's log in the guest (`journalctl -u qemu-guest-agent`)"),
        ),
    }
}
