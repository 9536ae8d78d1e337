//! Conditions 5 and 6.

use super::{seen, silent, state};
use crate::{
    ChannelDevice, ChannelReport, Check, ClusterSight, Condition, FreezeStatus, HaResource,
    Observation, RunState, Sightings, SilenceReason, State,
};

#[test]
fn the_port_is_needed_on_both_sides() {
    let present = ChannelDevice::Present {
        opened_by_guest: None,
    };
    let unknown = ChannelDevice::Unknown("no QMP".to_owned());
    let changing = ChannelDevice::Changing("agent: 1, pending: 0".to_owned());
    for (device, in_guest, answers, expected) in [
        (&present, Some(true), true, State::Healthy),
        (&present, Some(false), true, State::Failed),
        (&present, None, true, State::Healthy),
        (&present, None, false, State::Unknown),
        (&ChannelDevice::Absent, Some(true), true, State::Failed),
        (&changing, Some(true), true, State::Failed),
        (&changing, Some(false), true, State::Failed),
        (&changing, None, false, State::Failed),
        (&unknown, Some(true), true, State::Unknown),
        (&unknown, Some(false), true, State::Failed),
    ] {
        let check = seen(|seen| {
            seen.observation.channel_device = device.clone();
            if let Ok(facts) = &mut seen.shell {
                facts.port_in_guest = in_guest;
            }
            if !answers {
                silent(seen, SilenceReason::TimedOut);
            }
        });
        assert_eq!(
            state(&check, Condition::Port),
            expected,
            "{device:?} {in_guest:?}"
        );
    }
}

#[test]
fn the_agent_must_answer_thawed_and_able_to_shut_down() {
    for (freeze, command, expected) in [
        (Some(FreezeStatus::Thawed), "guest-shutdown", State::Healthy),
        (Some(FreezeStatus::Frozen), "guest-shutdown", State::Failed),
        (None, "guest-shutdown", State::Unknown),
        (Some(FreezeStatus::Thawed), "guest-ping", State::Failed),
        (None, "guest-ping", State::Failed),
    ] {
        let check = seen(|seen| {
            if let ChannelReport::Answered(answers) = &mut seen.channel {
                answers.freeze = freeze;
                answers.enabled = [command.to_owned()].into();
            }
        });
        assert_eq!(
            state(&check, Condition::Answers),
            expected,
            "{freeze:?} {command}"
        );
    }
    for (reason, expected) in [
        (SilenceReason::GuestStopped, State::Failed),
        (SilenceReason::NoSocket, State::Failed),
        (SilenceReason::Held, State::Unknown),
        (SilenceReason::TimedOut, State::Failed),
        (SilenceReason::Garbage, State::Failed),
        (SilenceReason::Error, State::Failed),
    ] {
        let check = seen(|seen| silent(seen, reason));
        assert_eq!(state(&check, Condition::Answers), expected, "{reason:?}");
    }
}

/// A guest of Proxmox VE.
fn in_cluster(seen: &mut Sightings) {
    seen.observation.cluster = Some(ClusterSight {
        quorate: Some(true),
        template: false,
        ha: None,
    });
}

fn remedy(check: &Check, condition: Condition) -> Option<&str> {
    check.verdict(condition).remedy.as_deref()
}

#[test]
fn a_missing_port_is_added_in_the_hypervisor_s_own_way() {
    let locally = seen(|seen| seen.observation.channel_device = ChannelDevice::Absent);
    assert_eq!(
        remedy(&locally, Condition::Port),
        Some(
            "configure the channel in the VM, let the guest power itself off through SSH, then \
             run: hospes start web1"
        )
    );
    let on_proxmox = seen(|seen| {
        in_cluster(seen);
        seen.observation.channel_device = ChannelDevice::Absent;
        silent(seen, SilenceReason::NoSocket);
    });
    let way = "on pve1: qm set VMID --agent 1; then power the guest off from inside, then run: \
               hospes start web1";
    assert_eq!(remedy(&on_proxmox, Condition::Port), Some(way));
    assert_eq!(remedy(&on_proxmox, Condition::Answers), Some(way));
    let verdict = on_proxmox.verdict(Condition::Answers);
    assert_eq!(verdict.state, State::Failed);
    assert_eq!(
        verdict.summary,
        "the hypervisor has no agent configured for the guest"
    );
}

#[test]
fn a_template_is_cloned_and_not_started() {
    let template = seen(|seen| {
        in_cluster(seen);
        seen.observation.run_state = RunState::Stopped;
        if let Some(cluster) = &mut seen.observation.cluster {
            cluster.template = true;
        }
        silent(seen, SilenceReason::GuestStopped);
    });
    assert_eq!(
        remedy(&template, Condition::Answers),
        Some("clone it, and start the clone")
    );
}

#[test]
fn a_pending_change_of_the_port_is_named_and_can_be_taken_back() {
    let changing = |seen: &mut Sightings| {
        let what = "agent: 1, pending: 0".to_owned();
        seen.observation.channel_device = ChannelDevice::Changing(what);
    };
    let check = seen(|seen| {
        in_cluster(seen);
        changing(seen);
    });
    let verdict = check.verdict(Condition::Port);
    assert_eq!(
        verdict.summary,
        "a pending change of the agent's port waits for the next power-on"
    );
    assert_eq!(verdict.evidence[0].answered, "agent: 1, pending: 0");
    assert_eq!(
        remedy(&check, Condition::Port),
        Some(
            "agent: 1, pending: 0: take it back (on pve1: qm set VMID --revert agent), or let it \
             take effect: power the guest off from inside, then run: hospes start web1"
        )
    );
    assert_eq!(
        remedy(&seen(changing), Condition::Port),
        Some(
            "agent: 1, pending: 0: take it back, or let it take effect: power the guest off from \
             inside, then run: hospes start web1"
        )
    );
}

#[test]
fn high_availability_decides_unless_it_ignores_the_guest() {
    let observed = |ha: Option<&str>, template| {
        let seen = seen(|seen| {
            in_cluster(seen);
            if let Some(cluster) = &mut seen.observation.cluster {
                cluster.template = template;
                cluster.ha = ha.map(|state| HaResource {
                    sid: "vm:101".to_owned(),
                    state: state.to_owned(),
                });
            }
        });
        seen.observation().clone()
    };
    let decides = |seen: &Observation| seen.high_availability().map(|ha| ha.state.clone());
    assert_eq!(decides(&observed(None, false)), None);
    assert_eq!(decides(&observed(Some("ignored"), false)), None);
    assert_eq!(
        decides(&observed(Some("started"), false)),
        Some("started".to_owned())
    );
    assert!(observed(None, true).is_template());
    assert!(!observed(None, false).is_template());
    let alone = seen(|seen| seen.observation.run_state = RunState::Running);
    assert_eq!(decides(alone.observation()), None);
    assert!(!alone.observation().is_template());
}
