use proptest::prelude::*;

use super::edit::with_files;
use super::{FixPlan, Remedy, plan};
use crate::fixture::{
    DROP_IN, PRERM, UNIT, VENDOR_UNIT, add, add_unit, check, healthy, printed, set, sightings,
};
use crate::hooks::unit_file::live;
use crate::hooks::unit_paths::load_order;
use crate::{ChannelReport, GuestFacts, Identity, SilenceReason, assess};

const FIRE: &str = "/usr/bin/qemu-ga --shutdown";

/// The plan as text: each remedy's line and diff.
fn told(plan: &FixPlan) -> String {
    let remedies = plan
        .remedies
        .iter()
        .map(|r| format!("{}\n{}", r.describe(), r.diff().unwrap_or_default()));
    let manual = plan.manual.iter().map(|line| format!("manual: {line}\n"));
    remedies.chain(manual).collect()
}

/// What systemd would have in effect after a reload, as far as hooks go.
fn reload(facts: &mut GuestFacts) {
    let units: Vec<String> = facts.units.keys().cloned().collect();
    for unit in units {
        let order = load_order(facts, &unit);
        if order.is_empty() {
            continue;
        }
        let mut properties = facts.units[&unit].properties.clone();
        for key in ["ExecStartPre", "ExecStop", "ExecStopPost", "ExecReload"] {
            let shown = live(&order, key).into_iter().map(|line| {
                let argv: String = line.setting.value.replace(['"', '\''], "");
                printed(argv.trim_start_matches('-'))
            });
            properties.insert(key.to_owned(), shown.collect());
        }
        for key in ["SuccessAction", "FailureAction", "JobTimeoutAction"] {
            let value = live(&order, key)
                .pop()
                .map_or("none".to_owned(), |line| line.setting.value);
            properties.insert(key.to_owned(), vec![value]);
        }
        for key in ["OnFailure", "OnSuccess"] {
            let names: Vec<String> = live(&order, key)
                .into_iter()
                .map(|line| line.setting.value)
                .collect();
            properties.insert(key.to_owned(), vec![names.join(" ")]);
        }
        properties.insert("NeedDaemonReload".to_owned(), vec!["no".to_owned()]);
        facts.units.insert(unit, crate::UnitFacts { properties });
    }
}

#[test]
fn the_demo_is_mended_in_the_safe_order() {
    let mut facts = healthy();
    add(
        &mut facts,
        DROP_IN,
        "[Unit]\nSuccessAction=poweroff\n[Service]\nExecStopPost=/usr/bin/qemu-ga --shutdown\n",
    );
    set(&mut facts, UNIT, "SuccessAction", "poweroff");
    set(&mut facts, UNIT, "ExecStopPost", &printed(FIRE));
    let mut seen = sightings(facts);
    seen.channel = ChannelReport::Silent {
        reason: SilenceReason::TimedOut,
        evidence: "5 s".to_owned(),
    };
    insta::assert_snapshot!(told(&plan(&assess(seen))));
}

#[test]
fn files_of_others_are_reset_or_hidden_and_never_edited() {
    let mut facts = healthy();
    add(
        &mut facts,
        VENDOR_UNIT,
        "[Unit]\nOnFailure=poweroff.target keep.service\nJobTimeoutAction=reboot\n[Service]\n\
         ExecStart=-/usr/sbin/qemu-ga\nExecStop=/bin/true 'a b'\nExecStop=/sbin/poweroff\n",
    );
    add_unit(&mut facts, "keep.service", &[]);
    add(
        &mut facts,
        "/etc/systemd/system/service.d/all.conf",
        "[Unit]\nOnSuccess=reboot.target\n",
    );
    reload(&mut facts);
    insta::assert_snapshot!(told(&plan(&check(facts))));
}

#[test]
fn a_transient_unit_is_edited_and_never_stopped_first() {
    let mut facts = healthy();
    let path = "/run/systemd/transient/qemu-guest-agent.service";
    add(
        &mut facts,
        path,
        "[Service]\nExecStart=/usr/sbin/qemu-ga\nExecStop=\nExecStop=\"/sbin/poweroff\" \\\n  -f\n",
    );
    let plan = plan(&check(facts));
    insta::assert_snapshot!(told(&plan));
}

#[test]
fn a_hook_without_a_file_needs_only_a_reload() {
    let mut facts = healthy();
    set(&mut facts, UNIT, "ExecStopPost", &printed(FIRE));
    set(&mut facts, UNIT, "NeedDaemonReload", "yes");
    let plan = plan(&check(facts));
    assert_eq!(plan.remedies, [Remedy::DaemonReload, Remedy::ProveNoHooks]);
}

#[test]
fn a_maintainer_script_keeps_its_structure() {
    let mut facts = healthy();
    let text = facts.files[PRERM].text.clone() + "\nif [ \"$1\" = upgrade ]; then\n\treboot\nfi\n";
    add(&mut facts, PRERM, &text);
    let first = plan(&check(facts.clone()));
    let Remedy::EditFile {
        after,
        is_script: true,
        ..
    } = &first.remedies[0]
    else {
        panic!("{first:?}")
    };
    assert!(after.ends_with("then\n\t: # removed by hospes: reboot\nfi\n"));
    assert_eq!(
        first.remedies.len(),
        2,
        "no daemon-reload for a script: {first:?}"
    );
    add(&mut facts, PRERM, "if true; then reboot; else\ntrue; fi\n");
    let second = plan(&check(facts));
    assert!(
        second.remedies.is_empty() && second.manual.len() == 1,
        "{second:?}"
    );
}

fn kinds(plan: &FixPlan) -> Vec<String> {
    let text = |remedy: &Remedy| serde_json::to_value(remedy).unwrap()["kind"].to_string();
    plan.remedies
        .iter()
        .map(|remedy| text(remedy).trim_matches('"').to_owned())
        .collect()
}

/// Properties of a broken agent, and the kinds of remedies for it.
type Mending<'a> = (&'a [(&'a str, &'a str)], &'a [&'a str]);

#[test]
fn the_agent_is_mended_only_after_the_hooks() {
    let table: &[Mending<'_>] = &[
        (&[("ActiveState", "inactive")], &["start-agent"]),
        (
            &[("ActiveState", "failed")],
            &["reset-failed", "start-agent"],
        ),
        (
            &[("LoadState", "masked"), ("ActiveState", "inactive")],
            &["unmask", "start-agent"],
        ),
        (
            &[("NeedDaemonReload", "yes")],
            &["daemon-reload", "prove-no-hooks"],
        ),
    ];
    for (pairs, expected) in table {
        let mut facts = healthy();
        for (key, value) in *pairs {
            set(&mut facts, UNIT, key, value);
        }
        assert_eq!(kinds(&plan(&check(facts.clone()))), *expected, "{pairs:?}");
        add(&mut facts, DROP_IN, "[Service]\nExecStop=/sbin/reboot\n");
        let with_hook = kinds(&plan(&check(facts)));
        assert_eq!(
            with_hook[..3],
            ["remove-file", "daemon-reload", "prove-no-hooks"]
        );
    }
}

#[test]
fn a_missing_package_is_installed_after_the_proof() {
    let mut facts = healthy();
    facts.packages = Some([].into());
    facts.agent_unit = None;
    facts.files.remove(VENDOR_UNIT);
    for (key, value) in [("LoadState", "not-found"), ("ActiveState", "inactive")] {
        set(&mut facts, UNIT, key, value);
    }
    assert_eq!(
        kinds(&plan(&check(facts.clone()))),
        ["install-package", "start-agent"]
    );
    add(&mut facts, DROP_IN, "[Service]\nExecStop=/sbin/reboot\n");
    assert_eq!(
        kinds(&plan(&check(facts))),
        [
            "remove-file",
            "daemon-reload",
            "prove-no-hooks",
            "install-package",
            "start-agent"
        ]
    );
}

#[test]
fn what_cannot_be_proved_keeps_the_agent_untouched() {
    for spoil in [
        |facts: &mut GuestFacts| {
            facts.gaps.insert("x was not read".to_owned());
        },
        |facts: &mut GuestFacts| add(facts, VENDOR_UNIT, "[Service]\nExecStart=/sbin/poweroff\n"),
    ] {
        let mut facts = healthy();
        set(&mut facts, UNIT, "ActiveState", "failed");
        spoil(&mut facts);
        let plan = plan(&check(facts));
        assert!(
            plan.remedies.iter().all(|remedy| !remedy.touches_agent()),
            "{plan:?}"
        );
        assert!(!plan.manual.is_empty());
    }
}

#[test]
fn people_get_what_the_program_must_not_do() {
    let mut seen = sightings(healthy());
    seen.observation.channel_device = crate::ChannelDevice::Absent;
    if let ChannelReport::Answered(answers) = &mut seen.channel {
        answers.freeze = Some(crate::FreezeStatus::Frozen);
    }
    let told = told(&plan(&assess(seen)));
    assert!(
        told.contains("hospes start") && told.contains("thaw"),
        "{told}"
    );
    let mut seen = sightings(healthy());
    if let crate::SshSighting::Read(marks) = &mut seen.ssh {
        marks.boot_id = None;
    }
    if let Ok(facts) = &mut seen.shell {
        facts.marks.boot_id = "00000000-1111-4222-8333-94444444444a".parse().ok();
        set(facts, UNIT, "ActiveState", "failed");
    }
    let check = assess(seen);
    assert!(matches!(check.identity(), Identity::Different { .. }));
    assert!(
        plan(&check).remedies.is_empty(),
        "another machine is never repaired"
    );
}

const PLACES: [&str; 8] = [
    DROP_IN,
    "/etc/systemd/system/qemu-guest-agent.service.d/zzz.conf",
    "/run/systemd/system/qemu-guest-agent.service.d/10-b.conf",
    "/run/systemd/transient/qemu-guest-agent.service.d/50-c.conf",
    "/usr/lib/systemd/system/qemu-guest-agent.service.d/05-v.conf",
    "/run/systemd/generator/qemu-guest-agent.service.d/06-g.conf",
    "/etc/systemd/system/qemu-guest-.service.d/07-t.conf",
    VENDOR_UNIT,
];

const LINES: [&str; 14] = [
    "[Service]\nExecStop=/sbin/poweroff",
    "[Service]\nExecStop=/bin/true",
    "[Service]\nExecStop=",
    "[Service]\nExecStopPost=-/bin/sh -c \"sleep 1; \\\n  reboot\"",
    "[Service]\nExecStopPost=/bin/logger reboot",
    "[Service]\nExecStartPre=/usr/bin/qemu-ga --shutdown",
    "[Service]\nExecReload=/opt/hook.sh",
    "[Unit]\nSuccessAction=poweroff",
    "[Unit]\nSuccessAction=none",
    "[Unit]\nFailureAction=reboot-force",
    "[Unit]\nOnFailure=evil.service fine.service",
    "[Unit]\nOnSuccess=reboot.target",
    "[Unit]\nOnFailure=fine.service",
    "# ExecStop=/sbin/poweroff",
];

fn planted(plants: &[(usize, usize)], is_loaded: bool) -> GuestFacts {
    let mut facts = healthy();
    add_unit(
        &mut facts,
        "evil.service",
        &[("ExecStart", &printed("/sbin/reboot"))],
    );
    add_unit(
        &mut facts,
        "fine.service",
        &[("ExecStart", &printed("/bin/true"))],
    );
    add(&mut facts, "/opt/hook.sh", "#!/bin/sh\nshutdown -r now\n");
    for (place, line) in plants {
        let old = facts
            .files
            .get(PLACES[*place])
            .map(|file| file.text.clone());
        let text = old.unwrap_or_default() + LINES[*line] + "\n";
        add(&mut facts, PLACES[*place], &text);
    }
    if is_loaded {
        reload(&mut facts);
    }
    facts
}

proptest! {
    #[test]
    fn the_edits_leave_no_hook_and_nothing_to_edit(
        plants in prop::collection::vec((0..PLACES.len(), 0..LINES.len()), 0..8),
        is_loaded: bool,
    ) {
        // zzz.conf sorts behind the reset, which only the proof in the guest can catch.
        let plants: Vec<_> = plants.into_iter().filter(|(place, _)| *place != 1).collect();
        let facts = planted(&plants, is_loaded);
        let first = plan(&check(facts.clone()));
        prop_assert!(first.manual.is_empty(), "{:?}", first.manual);
        let proof = first.remedies.iter().position(|r| *r == Remedy::ProveNoHooks);
        let has_hooks = !check(facts.clone()).hooks().is_empty();
        prop_assert_eq!(has_hooks, proof.is_some());
        let mut mended = with_files(&facts, &first.remedies);
        reload(&mut mended);
        let after = check(mended.clone());
        prop_assert!(after.hooks().is_empty(), "{:?}\n{}", after.hooks(), told(&first));
        prop_assert!(plan(&after).is_empty());
        let harmless = |facts: &GuestFacts| facts.property(UNIT, "OnFailure").unwrap_or("").contains("fine");
        let mut loaded = facts;
        reload(&mut loaded);
        prop_assert_eq!(harmless(&loaded), harmless(&mended), "harmless settings stay");
    }
}
