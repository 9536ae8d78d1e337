use crate::GuestFacts;
use crate::fixture::{DROP_IN, PRERM, UNIT, VENDOR_UNIT, add, add_unit, healthy, printed, set};
use crate::hooks::tables::{ACTION_KEYS, EVENT_KEYS, EXEC_KEYS};
use crate::hooks::{Source, TOO_MUCH, detect};

/// `unit property source` of every hook.
fn found(facts: &GuestFacts) -> Vec<String> {
    let hooks = detect(facts).hooks;
    hooks
        .iter()
        .map(|hook| match &hook.source {
            Source::File { path, line } => format!("{} {} {path}:{line}", hook.unit, hook.property),
            Source::InEffectOnly => format!("{} {} in effect", hook.unit, hook.property),
        })
        .collect()
}

fn gaps(facts: &GuestFacts) -> Vec<String> {
    detect(facts).gaps.into_iter().collect()
}

/// That `key` of the agent's unit is a hook when systemd says that it is `value`.
fn assert_in_effect(key: &str, value: &str) {
    let mut facts = healthy();
    set(&mut facts, UNIT, key, value);
    assert_eq!(
        found(&facts),
        [format!("{UNIT} {key} in effect")],
        "{value}"
    );
}

#[test]
fn each_command_property_is_a_hook_in_effect_and_in_a_file() {
    for key in EXEC_KEYS {
        let mut facts = healthy();
        set(
            &mut facts,
            UNIT,
            key,
            &printed("/usr/bin/qemu-ga --shutdown"),
        );
        assert_eq!(found(&facts), [format!("{UNIT} {key} in effect")]);
        add(
            &mut facts,
            DROP_IN,
            &format!("[Service]\n{key}=-/usr/bin/qemu-ga --shutdown\n"),
        );
        assert_eq!(found(&facts), [format!("{UNIT} {key} {DROP_IN}:2")]);
        let mut facts = healthy();
        set(
            &mut facts,
            UNIT,
            key,
            &printed("/usr/bin/logger qemu-ga --shutdown"),
        );
        assert_eq!(found(&facts), [] as [&str; 0], "{key}");
    }
}

#[test]
fn each_action_property_is_a_hook_unless_it_is_none() {
    for key in ACTION_KEYS {
        for value in [
            "reboot",
            "poweroff-force",
            "exit",
            "halt",
            "kexec",
            "soft-reboot",
            "new",
        ] {
            assert_in_effect(key, value);
        }
        let mut facts = healthy();
        set(&mut facts, UNIT, key, "none");
        add(
            &mut facts,
            DROP_IN,
            &format!("[Unit]\n{key}=reboot\n{key}=none\n"),
        );
        assert_eq!(found(&facts), [] as [&str; 0]);
    }
}

#[test]
fn units_that_follow_are_hooks_when_they_reach_a_power_action() {
    for key in EVENT_KEYS {
        for target in [
            "poweroff.target",
            "reboot.target",
            "systemd-halt.service",
            "runlevel6.target",
        ] {
            assert_in_effect(key, target);
        }
        let mut facts = healthy();
        set(&mut facts, UNIT, key, "a.service emergency.target");
        add_unit(&mut facts, "a.service", &[("OnSuccess", "b.service")]);
        add_unit(
            &mut facts,
            "b.service",
            &[("ExecStart", &printed("/bin/true"))],
        );
        assert_eq!((found(&facts).len(), gaps(&facts).len()), (0, 0));
        add(&mut facts, DROP_IN, &format!("[Unit]\n\n{key}=a.service\n"));
        add_unit(&mut facts, "b.service", &[("FailureAction", "poweroff")]);
        assert_eq!(found(&facts), [format!("{UNIT} {key} {DROP_IN}:3")]);
    }
}

#[test]
fn what_stops_with_the_agent_counts_and_what_is_only_near_it_does_not() {
    let reboot = printed("/sbin/reboot");
    for key in [
        "ConsistsOf",
        "PropagatesStopTo",
        "BoundBy",
        "RequiredBy",
        "RequisiteOf",
    ] {
        let mut facts = healthy();
        set(&mut facts, UNIT, key, "buddy.service");
        assert_eq!(gaps(&facts).len(), 1, "an unread unit is a gap");
        add_unit(&mut facts, "buddy.service", &[("ExecStop", &reboot)]);
        assert_eq!(found(&facts), ["buddy.service ExecStop in effect"], "{key}");
    }
    let mut facts = healthy();
    set(
        &mut facts,
        UNIT,
        "ConsistsOf",
        "google-shutdown-scripts.service",
    );
    add_unit(
        &mut facts,
        "google-shutdown-scripts.service",
        &[("ExecStop", &reboot)],
    );
    set(&mut facts, UNIT, "WantedBy", "other.service");
    add_unit(&mut facts, "other.service", &[("ExecStop", &reboot)]);
    assert_eq!((found(&facts).len(), gaps(&facts).len()), (0, 0));
}

#[test]
fn pulled_units_count_unless_they_are_active_already() {
    let mut facts = healthy();
    set(&mut facts, UNIT, "Wants", "helper.service");
    add_unit(
        &mut facts,
        "helper.service",
        &[("ExecStart", &printed("/sbin/poweroff"))],
    );
    assert_eq!(found(&facts), [format!("{UNIT} Wants in effect")]);
    set(&mut facts, "helper.service", "ActiveState", "active");
    assert_eq!(found(&facts), [] as [&str; 0]);
}

#[test]
fn a_drop_in_is_read_from_every_place_and_the_strongest_hides_the_rest() {
    let hook = "[Unit]\nSuccessAction=poweroff\n";
    for path in [
        "/run/systemd/transient/qemu-guest-agent.service.d/50-x.conf",
        "/run/systemd/generator/qemu-guest-agent.service.d/x.conf",
        "/usr/lib/systemd/system/qemu-guest-agent.service.d/x.conf",
        "/etc/systemd/system/qemu-guest-.service.d/x.conf",
        "/etc/systemd/system/service.d/x.conf",
    ] {
        let mut facts = healthy();
        add(&mut facts, path, hook);
        let name = path.rsplit_once('/').unwrap().1;
        assert_eq!(found(&facts), [format!("{UNIT} SuccessAction {path}:2")]);
        let hidden_by = format!("/etc/systemd/system/qemu-guest-agent.service.d/{name}");
        if hidden_by != path && !path.starts_with("/run/systemd/transient") {
            add(&mut facts, &hidden_by, "");
            assert_eq!(found(&facts), [] as [&str; 0], "{path}");
        }
    }
    let mut facts = healthy();
    add(
        &mut facts,
        "/etc/systemd/system/other.service.d/x.conf",
        hook,
    );
    assert_eq!(found(&facts), [] as [&str; 0]);
}

#[test]
fn a_whole_transient_unit_is_read() {
    let mut facts = healthy();
    let path = "/run/systemd/transient/qemu-guest-agent.service";
    add(
        &mut facts,
        path,
        "[Service]\nExecStop=\nExecStop=\"/sbin/poweroff\"\nExecStart=/x\n",
    );
    assert_eq!(found(&facts), [format!("{UNIT} ExecStop {path}:3")]);
}

#[test]
fn scripts_are_followed_into_scripts() {
    let mut facts = healthy();
    set(&mut facts, UNIT, "ExecStop", &printed("/opt/stop.sh now"));
    add(
        &mut facts,
        "/opt/stop.sh",
        "#!/bin/sh\nlogger reboot\nstop-more\n",
    );
    assert_eq!(found(&facts), [] as [&str; 0]);
    facts.commands.insert(
        "stop-more".to_owned(),
        "/usr/local/bin/stop-more".to_owned(),
    );
    add(
        &mut facts,
        "/usr/local/bin/stop-more",
        "#!/bin/bash\n. /opt/lib.sh\n/opt/stop.sh\n",
    );
    add(&mut facts, "/opt/lib.sh", "true\npoweroff\n");
    let hooks = detect(&facts).hooks;
    assert_eq!(hooks.len(), 1);
    insta::assert_snapshot!(hooks[0].to_string(), @"qemu-guest-agent.service: ExecStop=/opt/stop.sh now (/opt/stop.sh: /usr/local/bin/stop-more: /opt/lib.sh:2: poweroff; in effect but in no file: daemon-reload needed)");
    add(
        &mut facts,
        "/opt/lib.sh",
        "#!/usr/bin/env python3\nimport os; os.system('poweroff')\n",
    );
    assert_eq!(
        (found(&facts).len(), gaps(&facts).len()),
        (0, 1),
        "another language is a gap"
    );
}

#[test]
fn maintainer_scripts_count_line_by_line() {
    let mut facts = healthy();
    add(
        &mut facts,
        PRERM,
        "#!/bin/sh\n# reboot\nif true; then\n  shutdown -r now\nfi\n",
    );
    assert_eq!(found(&facts), [format!("qemu-guest-agent prerm {PRERM}:4")]);
    let mut facts = healthy();
    add(&mut facts, "/var/lib/dpkg/info/other.prerm", "poweroff\n");
    assert_eq!(found(&facts), [] as [&str; 0]);
}

#[test]
fn a_timer_counts_only_when_it_names_both() {
    let timer = |command: &str, state: &str| {
        let mut facts = healthy();
        add_unit(
            &mut facts,
            "t.timer",
            &[("Triggers", "t.service"), ("ActiveState", state)],
        );
        add_unit(&mut facts, "t.service", &[("ExecStart", &printed(command))]);
        found(&facts)
    };
    let both = "/bin/sh -c systemctl is-active qemu-guest-agent || poweroff";
    assert_eq!(timer(both, "active"), ["t.timer Triggers in effect"]);
    assert_eq!(timer(both, "inactive"), [] as [&str; 0]);
    assert_eq!(timer("/sbin/reboot", "active"), [] as [&str; 0]);
    assert_eq!(
        timer("/bin/systemctl restart qemu-guest-agent", "active"),
        [] as [&str; 0]
    );
}

#[test]
fn what_cannot_be_told_is_a_gap() {
    let mut facts = healthy();
    facts
        .units
        .get_mut(UNIT)
        .unwrap()
        .properties
        .remove("OnFailure");
    assert_eq!(gaps(&facts).len(), 1);
    let mut facts = healthy();
    set(&mut facts, UNIT, "ConsistsOf", "b.service");
    add_unit(&mut facts, "b.service", &[]);
    set(&mut facts, "b.service", "NeedDaemonReload", "yes");
    assert_eq!(
        gaps(&facts),
        ["b.service changed on disk and needs a daemon-reload"]
    );
    let mut facts = healthy();
    set(
        &mut facts,
        UNIT,
        "ExecStop",
        &printed("/opt/later poweroff"),
    );
    assert_eq!(gaps(&facts).len(), 1);
}

#[test]
fn files_of_an_agent_that_is_not_installed_yet_count() {
    let mut facts = healthy();
    facts.files.remove(VENDOR_UNIT);
    set(&mut facts, UNIT, "LoadState", "not-found");
    set(&mut facts, UNIT, "ActiveState", "inactive");
    add(
        &mut facts,
        DROP_IN,
        "[Service]\nExecStopPost=/usr/bin/qemu-ga --shutdown\n",
    );
    assert_eq!(found(&facts), [format!("{UNIT} ExecStopPost {DROP_IN}:2")]);
}

#[test]
fn a_mask_does_not_hide_what_unmasking_brings_back() {
    let mut facts = healthy();
    set(&mut facts, UNIT, "LoadState", "masked");
    add(
        &mut facts,
        "/etc/systemd/system/qemu-guest-agent.service",
        "",
    );
    add(
        &mut facts,
        VENDOR_UNIT,
        "[Service]\nExecStop=/sbin/poweroff\n",
    );
    assert_eq!(found(&facts), [format!("{UNIT} ExecStop {VENDOR_UNIT}:2")]);
}

#[test]
fn what_is_too_long_to_follow_is_a_gap() {
    let mut units = healthy();
    set(&mut units, UNIT, "OnFailure", "u0.service");
    let mut scripts = healthy();
    set(&mut scripts, UNIT, "ExecStop", &printed("/all"));
    let calls: String = (0..300).map(|at| format!("/s{at}\n")).collect();
    add(&mut scripts, "/all", &calls);
    for at in 0..1_000 {
        let next = format!("u{}.service", at + 1);
        add_unit(
            &mut units,
            &format!("u{at}.service"),
            &[("OnFailure", &next)],
        );
        add(&mut scripts, &format!("/s{at}"), "true\n");
    }
    add_unit(
        &mut units,
        "u1000.service",
        &[("SuccessAction", "poweroff")],
    );
    for facts in [units, scripts] {
        let gaps = gaps(&facts);
        assert_eq!(found(&facts), [] as [&str; 0]);
        assert!(
            gaps.iter().any(|gap| gap.contains("not followed")),
            "{gaps:?}"
        );
    }
}

#[test]
fn a_guest_that_takes_too_long_to_judge_is_a_gap() {
    let mut facts = healthy();
    let text = format!("# {}\n", "x".repeat(60_000));
    for at in 0..5 {
        let path = format!("/etc/systemd/system/service.d/{at}.conf");
        add(&mut facts, &path, &text);
    }
    let units: Vec<String> = (0..20).map(|at| format!("u{at}.service")).collect();
    for unit in &units {
        add_unit(&mut facts, unit, &[]);
    }
    set(&mut facts, UNIT, "Wants", &units[..2].join(" "));
    assert_eq!(gaps(&facts), [] as [&str; 0]);
    set(&mut facts, UNIT, "Wants", &units.join(" "));
    assert_eq!(gaps(&facts), [TOO_MUCH]);
}
