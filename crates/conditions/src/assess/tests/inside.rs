//! Conditions 1 to 4.

use super::{changed, state, states};
use crate::fixture::{RULE, UNIT, add, add_unit, set};
use crate::{Condition, GuestFacts, PORT_DEVICE, State};

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
