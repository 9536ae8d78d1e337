use std::fmt::Write as _;

use super::{Identity, SshSighting, Unreadable, UnreadableReason, assess};
use crate::fixture::{DROP_IN, RULE, UNIT, add, add_unit, check, healthy, set, sightings};
use crate::{
    ChannelDevice, ChannelReport, Check, Condition, FreezeStatus, GuestFacts, MachineMarks,
    PORT_DEVICE, RunState, Sightings, SilenceReason, State, Via,
};

fn state(check: &Check, condition: Condition) -> State {
    check.verdicts()[usize::from(condition.number()) - 1].state
}

/// The states in order, `h`, `f` or `u` each.
fn states(check: &Check) -> String {
    check
        .verdicts()
        .iter()
        .map(|v| &v.state.as_str()[..1])
        .collect()
}

fn changed(change: impl FnOnce(&mut GuestFacts)) -> Check {
    let mut facts = healthy();
    change(&mut facts);
    check(facts)
}

fn seen(change: impl FnOnce(&mut Sightings)) -> Check {
    let mut sightings = sightings(healthy());
    change(&mut sightings);
    assess(sightings)
}

fn silent(seen: &mut Sightings, reason: SilenceReason) {
    seen.channel = ChannelReport::Silent {
        reason,
        evidence: "no answer within 5 s".to_owned(),
    };
}

fn unreadable(reason: UnreadableReason) -> Unreadable {
    Unreadable::new(reason, "connect 192.0.2.7:22: refused")
}

/// A check as text: what people read.
fn told(check: &Check) -> String {
    let mut text = String::new();
    for verdict in check.verdicts() {
        let _ = writeln!(
            text,
            "{}: {} - {}",
            verdict.condition,
            verdict.state.as_str(),
            verdict.summary
        );
        for evidence in &verdict.evidence {
            let _ = writeln!(text, "    {} => {}", evidence.asked, evidence.answered);
        }
        if let Some(remedy) = &verdict.remedy {
            let _ = writeln!(text, "    remedy: {remedy}");
        }
    }
    let _ = write!(text, "identity: {:?}", check.identity());
    text
}

#[test]
fn a_healthy_guest_reads_healthy_with_evidence() {
    insta::assert_snapshot!(told(&check(healthy())));
}

#[test]
fn the_demo_guest_reads_failed_with_evidence() {
    let mut facts = healthy();
    add(
        &mut facts,
        DROP_IN,
        "[Service]\nExecStopPost=/usr/bin/qemu-ga --shutdown\n",
    );
    set(&mut facts, UNIT, "SuccessAction", "poweroff");
    set(&mut facts, UNIT, "NeedDaemonReload", "yes");
    let mut seen = sightings(facts);
    silent(&mut seen, SilenceReason::TimedOut);
    insta::assert_snapshot!(told(&assess(seen)));
}

#[test]
fn a_guest_that_nobody_can_read_is_unknown() {
    let check = seen(|seen| {
        silent(seen, SilenceReason::Held);
        seen.shell = Err(unreadable(UnreadableReason::SudoDenied));
        seen.ssh = SshSighting::Unreadable(unreadable(UnreadableReason::SudoDenied));
    });
    assert_eq!(states(&check), "uuuuuu");
    insta::assert_snapshot!(told(&check));
}

#[test]
fn packages_count_only_when_installed() {
    let with = |name: &str, status: &str| {
        changed(|facts| {
            let package = crate::PackageFacts {
                status: status.into(),
                version: "1".into(),
            };
            facts.packages = Some([(name.to_owned(), package)].into());
        })
    };
    for (name, status, expected) in [
        ("qemu-guest-agent", "install ok installed", State::Healthy),
        ("hospes-agent", "hold ok installed", State::Healthy),
        (
            "qemu-guest-agent",
            "deinstall ok config-files",
            State::Failed,
        ),
        (
            "qemu-guest-agent",
            "install ok half-configured",
            State::Failed,
        ),
        (
            "qemu-guest-agent",
            "unknown ok not-installed",
            State::Failed,
        ),
    ] {
        assert_eq!(
            state(&with(name, status), Condition::Package),
            expected,
            "{status}"
        );
    }
    let none = changed(|facts| facts.packages = Some([].into()));
    assert_eq!(state(&none, Condition::Package), State::Failed);
    assert_eq!(
        state(&changed(|facts| facts.packages = None), Condition::Package),
        State::Unknown
    );
}

#[test]
fn the_service_must_run_and_start_at_boot() {
    let with = |pairs: &[(&str, &str)]| {
        let check = changed(|facts| {
            set(facts, PORT_DEVICE, "Wants", "");
            set(facts, UNIT, "WantedBy", "");
            for (key, value) in pairs {
                set(facts, UNIT, key, value);
            }
        });
        state(&check, Condition::Service)
    };
    assert_eq!(
        with(&[]),
        State::Failed,
        "static, and the device does not want it"
    );
    assert_eq!(with(&[("UnitFileState", "disabled")]), State::Failed);
    assert_eq!(
        with(&[("UnitFileState", "masked"), ("WantedBy", "basic.target")]),
        State::Failed
    );
    for target in ["multi-user.target", "sysinit.target"] {
        assert_eq!(
            with(&[("UnitFileState", "enabled"), ("WantedBy", target)]),
            State::Healthy
        );
        assert_eq!(
            with(&[("UnitFileState", "disabled"), ("WantedBy", target)]),
            State::Failed
        );
        let runtime = [("UnitFileState", "enabled-runtime"), ("WantedBy", target)];
        assert_eq!(with(&runtime), State::Failed, "gone with the next boot");
    }
    let device = r#""dev-virtio\\x2dports-org.qemu.guest_agent.0.device""#;
    assert_eq!(
        with(&[("UnitFileState", "enabled"), ("WantedBy", device)]),
        State::Healthy
    );
    let target = [("UnitFileState", "enabled"), ("WantedBy", "custom.target")];
    assert_eq!(
        with(&target),
        State::Failed,
        "nobody showed that custom.target is enabled"
    );
}

#[test]
fn a_port_that_follows_its_device_wants_what_that_device_wants() {
    let sysfs = "sys-devices-pci0000:00-virtio1-vport1p1.device";
    let check = changed(|facts| {
        set(facts, PORT_DEVICE, "Wants", "");
        set(facts, PORT_DEVICE, "Following", sysfs);
        set(facts, UNIT, "WantedBy", sysfs);
    });
    assert_eq!(state(&check, Condition::Service), State::Healthy);
    let check = changed(|facts| {
        set(facts, PORT_DEVICE, "Wants", "");
        set(facts, PORT_DEVICE, "Following", sysfs);
        set(facts, UNIT, "WantedBy", "other.device");
    });
    assert_eq!(state(&check, Condition::Service), State::Failed);
}

#[test]
fn an_enabled_target_of_the_owner_counts() {
    let check = changed(|facts| {
        set(facts, PORT_DEVICE, "Wants", "");
        set(facts, UNIT, "UnitFileState", "enabled");
        set(facts, UNIT, "WantedBy", "custom.target");
        add_unit(facts, "custom.target", &[("UnitFileState", "enabled")]);
        set(facts, "custom.target", "ActiveState", "active");
    });
    assert_eq!(state(&check, Condition::Service), State::Healthy);
}

#[test]
fn a_service_that_does_not_run_fails_however_it_is_enabled() {
    for (active, sub) in [
        ("inactive", "dead"),
        ("failed", "failed"),
        ("activating", "auto-restart"),
    ] {
        let check = changed(|facts| {
            set(facts, UNIT, "ActiveState", active);
            set(facts, UNIT, "SubState", sub);
        });
        assert_eq!(state(&check, Condition::Service), State::Failed);
        let expected = if active == "inactive" {
            State::Healthy
        } else {
            State::Failed
        };
        assert_eq!(state(&check, Condition::Systemd), expected, "{active}");
    }
}

#[test]
fn without_the_port_the_udev_rule_decides() {
    let without_port = |change: &dyn Fn(&mut GuestFacts)| {
        let check = changed(|facts| {
            facts.port_in_guest = Some(false);
            set(facts, PORT_DEVICE, "ActiveState", "inactive");
            set(facts, PORT_DEVICE, "Wants", "");
            set(facts, UNIT, "WantedBy", "");
            change(facts);
        });
        state(&check, Condition::Service)
    };
    assert_eq!(without_port(&|_| {}), State::Healthy);
    assert_eq!(
        without_port(&|facts| drop(facts.files.remove(RULE))),
        State::Unknown
    );
    let masked = "/etc/udev/rules.d/60-qemu-guest-agent.rules";
    assert_eq!(
        without_port(&|facts| add(facts, masked, "")),
        State::Unknown
    );
    let commented = "# ENV{SYSTEMD_WANTS}=\"qemu-guest-agent.service\"\n";
    assert_eq!(
        without_port(&|facts| add(facts, RULE, commented)),
        State::Unknown
    );
}

#[test]
fn systemd_must_be_consistent_for_the_agents_units_only() {
    let with =
        |key: &str, value: &str| state(&changed(|f| set(f, UNIT, key, value)), Condition::Systemd);
    assert_eq!(with("LoadState", "masked"), State::Failed);
    assert_eq!(with("LoadState", "bad-setting"), State::Failed);
    assert_eq!(with("LoadState", "not-found"), State::Failed);
    assert_eq!(with("NeedDaemonReload", "yes"), State::Failed);
    assert_eq!(with("Job", "17"), State::Failed);
    let job = "17 qemu-guest-agent.service restart waiting".to_owned();
    let check = changed(|facts| facts.jobs = Some(vec![job]));
    assert_eq!(state(&check, Condition::Systemd), State::Failed);
    let check = changed(|facts| facts.jobs = None);
    assert_eq!(state(&check, Condition::Systemd), State::Unknown);
    let check = changed(|facts| {
        facts.system_state = Some("degraded".to_owned());
        facts.jobs = Some(vec!["3 other.service start running".to_owned()]);
        add_unit(facts, "other.service", &[("ActiveState", "failed")]);
    });
    assert!(check.is_healthy(), "a degraded system refuses nothing");
}

#[test]
fn nothing_reads_healthy_when_its_property_was_not_printed() {
    for (key, condition) in [
        ("ActiveState", Condition::Service),
        ("SubState", Condition::Service),
        ("LoadState", Condition::Systemd),
        ("NeedDaemonReload", Condition::Systemd),
        ("OnFailure", Condition::NoHooks),
        ("ExecStart", Condition::NoHooks),
    ] {
        let check = changed(|facts| {
            facts.units.get_mut(UNIT).unwrap().properties.remove(key);
        });
        assert_eq!(state(&check, condition), State::Unknown, "{key}");
    }
    let check = changed(|facts| {
        facts.units.clear();
        facts.agent_unit = None;
    });
    assert_eq!(states(&check), "huuuhh");
}

#[test]
fn the_port_is_needed_on_both_sides() {
    let present = ChannelDevice::Present {
        opened_by_guest: None,
    };
    let unknown = ChannelDevice::Unknown("no QMP".to_owned());
    for (device, in_guest, answers, expected) in [
        (&present, Some(true), true, State::Healthy),
        (&present, Some(false), true, State::Failed),
        (&present, None, true, State::Healthy),
        (&present, None, false, State::Unknown),
        (&ChannelDevice::Absent, Some(true), true, State::Failed),
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

fn marks(boot: Option<&str>, macs: &[&str], host: Option<&str>) -> MachineMarks {
    MachineMarks {
        boot_id: boot.map(|id| id.parse().unwrap()),
        macs: macs.iter().map(|mac| (*mac).to_owned()).collect(),
        host_name: host.map(str::to_owned),
    }
}

#[test]
fn the_same_machine_is_proved_by_boot_id_or_else_by_addresses_and_name() {
    const A: Option<&str> = Some("8d0e5f1e-1111-4222-8333-94444444444a");
    const B: Option<&str> = Some("8d0e5f1e-1111-4222-8333-94444444444b");
    let full = |boot| marks(boot, &["m1"], Some("web1"));
    for (ssh, channel, expected) in [
        (full(A), full(A), "same"),
        (full(A), full(B), "different"),
        (full(A), full(None), "same"),
        (
            marks(A, &["m1", "m2"], Some("web1")),
            full(None),
            "unproven",
        ),
        (marks(A, &["m2"], Some("web1")), full(None), "different"),
        (marks(A, &["m1"], Some("web2")), full(None), "different"),
        (
            marks(A, &[], Some("web1")),
            marks(None, &[], Some("web1")),
            "unproven",
        ),
        (full(None), marks(None, &["m1"], None), "unproven"),
        (marks(None, &[], None), marks(None, &[], None), "unproven"),
    ] {
        let said = format!("{ssh:?} {channel:?}");
        let check = seen(|seen| {
            if let (Ok(facts), ChannelReport::Answered(answers)) =
                (&mut seen.shell, &mut seen.channel)
            {
                facts.marks = ssh.clone();
                answers.marks = channel;
            }
            seen.ssh = SshSighting::Read(ssh);
        });
        let found = match check.identity() {
            Identity::Same { .. } => "same",
            Identity::Different { .. } => "different",
            Identity::Unproven { .. } => "unproven",
        };
        assert_eq!(found, expected, "{said}");
    }
}

#[test]
fn what_was_read_through_the_channel_is_the_channels_machine() {
    let by_channel = |ssh: SshSighting| {
        seen(|seen| {
            if let Ok(facts) = &mut seen.shell {
                facts.via = Via::Channel;
            }
            seen.ssh = ssh;
        })
    };
    let check = by_channel(SshSighting::Unreadable(unreadable(
        UnreadableReason::Unreachable,
    )));
    assert!(check.is_healthy() && matches!(check.identity(), Identity::Same { .. }));
    let other = marks(
        Some("00000000-1111-4222-8333-94444444444a"),
        &["x"],
        Some("web2"),
    );
    let check = by_channel(SshSighting::Read(other));
    assert!(matches!(check.identity(), Identity::Different { .. }));
    assert_eq!(
        check.boot_id().map(|id| id.short()),
        Some("8d0e5f1e"),
        "the channel's machine"
    );
    let check = seen(|seen| silent(seen, SilenceReason::TimedOut));
    assert!(matches!(check.identity(), Identity::Unproven { .. }));
}

#[test]
fn a_guest_on_its_way_down_is_told() {
    assert!(!check(healthy()).is_stopping());
    assert!(changed(|facts| facts.system_state = Some("stopping".to_owned())).is_stopping());
    for (job, expected) in [
        ("1 poweroff.target start waiting", true),
        ("1 shutdown.target start waiting", true),
        ("1 shutdown.target stop waiting", false),
        ("1 shutdown.service start waiting", false),
    ] {
        let check = changed(|facts| facts.jobs = Some(vec![job.to_owned()]));
        assert_eq!(check.is_stopping(), expected, "{job}");
    }
}

#[test]
fn a_stopped_guest_is_never_healthy_and_names_start() {
    let check = seen(|seen| {
        seen.observation.run_state = RunState::Stopped;
        silent(seen, SilenceReason::NoSocket);
        seen.shell = Err(unreadable(UnreadableReason::Unreachable));
        seen.ssh = SshSighting::Unreadable(unreadable(UnreadableReason::Unreachable));
    });
    assert_eq!(states(&check), "uuuuuf");
    assert!(
        check.verdicts()[5]
            .remedy
            .as_deref()
            .unwrap()
            .contains("hospes start")
    );
}

#[test]
fn a_check_is_a_json_document() {
    let json = serde_json::to_value(check(healthy())).unwrap();
    assert_eq!(json["verdicts"][2]["state"], "healthy");
    assert_eq!(json["observation"]["guest"], "web1");
    assert_eq!(json["boot_id"], "8d0e5f1e-1111-4222-8333-94444444444a");
}
