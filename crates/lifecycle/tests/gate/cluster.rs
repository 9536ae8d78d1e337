//! The gate in a cluster: quorum, templates and high availability.

use conditions::{ClusterSight, Sightings};

use super::*;
use crate::fixture::in_cluster;

/// A cluster's sight of a guest, in a word.
const SIGHTS: [(&str, Option<bool>, Option<&str>); 6] = [
    ("alone", Some(true), None),
    ("managed", Some(true), Some("started")),
    ("disabled", Some(true), Some("disabled")),
    ("ignored", Some(true), Some("ignored")),
    ("no quorum", Some(false), None),
    ("unknown quorum", None, None),
];

fn sight(name: &str) -> Option<ClusterSight> {
    let (_, quorate, ha) = SIGHTS.into_iter().find(|(word, ..)| *word == name)?;
    in_cluster(quorate, ha)
}

fn template() -> Option<ClusterSight> {
    sight("alone").map(|seen| ClusterSight {
        template: true,
        ..seen
    })
}

fn checked(cluster: Option<ClusterSight>) -> Check {
    check(|seen| seen.observation.cluster = cluster)
}

fn admitted(cluster: Option<ClusterSight>, purpose: Purpose) -> Result<Permit, Vec<String>> {
    let permit = admit(checked(cluster), purpose, &Accepted::none(), DONE, TTL);
    permit.map_err(|refusal| words(&refusal.reasons))
}

#[test]
fn a_cluster_must_have_quorum_and_high_availability_is_never_asked_to_shut_down() {
    let table: [(&str, &[&str], &[&str]); 7] = [
        ("in no cluster", &[], &[]),
        ("alone", &[], &[]),
        ("managed", &["HA: vm:101 started"], &[]),
        ("disabled", &["HA: vm:101 disabled"], &[]),
        ("ignored", &[], &[]),
        ("no quorum", &["no quorum"], &["no quorum"]),
        ("unknown quorum", &["quorum unknown"], &["quorum unknown"]),
    ];
    for (name, shutdown, restart) in table {
        for (purpose, expected) in [(Purpose::Shutdown, shutdown), (Purpose::Restart, restart)] {
            match admitted(sight(name), purpose) {
                Ok(permit) => {
                    assert!(expected.is_empty(), "{name} {purpose:?}");
                    let by_hypervisor = matches!(name, "managed" | "disabled");
                    let way = if by_hypervisor {
                        Way::Restart
                    } else {
                        Way::Shutdown
                    };
                    assert_eq!(permit.way(), way, "{name}");
                }
                Err(reasons) => assert_eq!(reasons, expected, "{name} {purpose:?}"),
            }
        }
    }
}

#[test]
fn a_template_is_told_to_be_one_whatever_else_there_is() {
    let spoil = |seen: &mut Sightings| {
        seen.observation.cluster = template();
        seen.observation.run_state = RunState::Stopped;
        seen.observation.lock = Some("clone".to_owned());
    };
    assert_eq!(refused(check(spoil), DONE), ["template"]);
}

#[test]
fn what_is_true_of_the_cluster_is_named_before_the_conditions() {
    let spoilt = check(|seen| {
        seen.observation.cluster = in_cluster(Some(false), Some("started"));
        seen.observation.lock = Some("migrate".to_owned());
        inside(seen).packages = None;
    });
    let refusal = admit(spoilt, Purpose::Shutdown, &Accepted::none(), DONE, TTL).unwrap_err();
    assert_eq!(
        words(&refusal.reasons),
        [
            "no quorum",
            "HA: vm:101 started",
            "locked: migrate",
            "1 unknown"
        ]
    );
}

#[test]
fn a_permit_is_redeemed_in_the_way_that_was_checked_and_still_is_the_one() {
    let changed_to_ha: &[&str] = &["HA now: Some(\"vm:101\")"];
    let changed_to_none: &[&str] = &["HA now: None"];
    let table: [(&str, &str, &[&str]); 11] = [
        ("in no cluster", "in no cluster", &[]),
        ("alone", "alone", &[]),
        ("alone", "ignored", &[]),
        ("managed", "managed", &[]),
        ("managed", "disabled", &[]),
        ("alone", "managed", changed_to_ha),
        ("ignored", "managed", changed_to_ha),
        ("managed", "alone", changed_to_none),
        ("managed", "ignored", changed_to_none),
        ("alone", "no quorum", &["no quorum"]),
        ("alone", "unknown quorum", &["quorum unknown"]),
    ];
    for (then, now, expected) in table {
        let permit = admitted(sight(then), Purpose::Restart).unwrap();
        let mut observed = seen(RunState::Running, DONE);
        observed.cluster = sight(now);
        let redeemed = match permit.way() {
            Way::Shutdown => permit.redeem(&observed, DONE).map(drop),
            Way::Restart => permit.redeem_for_restart(&observed, DONE).map(drop),
        };
        let reasons = redeemed.map_or_else(|refusal| words(&refusal.reasons), |()| Vec::new());
        assert_eq!(reasons, expected, "{then}, then {now}");
    }
}

#[test]
fn no_permit_is_redeemed_in_the_other_way() {
    for (name, way) in [("managed", Way::Restart), ("alone", Way::Shutdown)] {
        let permit = admitted(sight(name), Purpose::Restart).unwrap();
        assert_eq!(permit.way(), way);
        let mut observed = seen(RunState::Running, DONE);
        observed.cluster = sight(name);
        let refused = match way {
            Way::Restart => permit.redeem(&observed, DONE).is_err(),
            Way::Shutdown => permit.redeem_for_restart(&observed, DONE).is_err(),
        };
        assert!(refused, "{name}");
    }
}

#[test]
fn a_guest_that_became_a_template_is_not_touched() {
    let mut observed = seen(RunState::Stopped, DONE);
    observed.cluster = template();
    let refusal = permit().redeem(&observed, DONE).unwrap_err();
    assert_eq!(words(&refusal.reasons), ["template", "runs not: stopped"]);
}

#[test]
fn a_start_needs_quorum_and_no_template_and_high_availability_does_not_mind() {
    let table: [(Option<ClusterSight>, &[&str]); 7] = [
        (None, &[]),
        (sight("alone"), &[]),
        (sight("managed"), &[]),
        (sight("disabled"), &[]),
        (sight("no quorum"), &["no quorum"]),
        (sight("unknown quorum"), &["quorum unknown"]),
        (template(), &["template"]),
    ];
    for (cluster, expected) in table {
        let mut stopped = seen(RunState::Stopped, DONE);
        stopped.cluster = cluster;
        let reasons = match StartOrder::for_stopped(&stopped, DONE) {
            Ok(_) => Vec::new(),
            Err(refusal) => words(&refusal.reasons),
        };
        assert_eq!(reasons, expected, "{stopped:?}");
    }
}

/// Each reason says what is so, and what to do.
fn told(table: impl IntoIterator<Item = (RefusalReason, &'static str, &'static str)>) {
    for (reason, said, remedy) in table {
        assert_eq!(reason.to_string(), said);
        let told = reason.remedy(&fixture::guest());
        assert_eq!(told.as_deref(), Some(remedy), "{reason}");
    }
}

#[test]
fn people_are_told_what_is_so_of_the_cluster_and_what_to_do() {
    let changed = |sid: Option<&str>| RefusalReason::HighAvailabilityChanged {
        sid: sid.map(str::to_owned),
    };
    told([
        (
            RefusalReason::Template,
            "it is a template",
            "clone it, and start the clone",
        ),
        (
            RefusalReason::NoQuorum,
            "its cluster has no quorum",
            "bring back enough of the cluster's nodes (on a node: pvecm status)",
        ),
        (
            RefusalReason::QuorumUnknown,
            "whether its cluster has quorum could not be told",
            "see whether the cluster answers (on a node: pvecm status), then try again",
        ),
        (
            changed(Some("vm:101")),
            "it came under high availability (vm:101) since it was checked",
            "try again: a new check",
        ),
        (
            changed(None),
            "it left high availability since it was checked",
            "try again: a new check",
        ),
    ]);
}

#[test]
fn high_availability_is_taken_off_and_given_back_in_the_state_that_it_had() {
    for (state, before) in [
        ("started", "started"),
        ("stopped", "stopped"),
        ("disabled", "disabled"),
        ("error", "started"),
    ] {
        let reason = RefusalReason::HighAvailability {
            sid: "vm:101".to_owned(),
            state: state.to_owned(),
        };
        assert_eq!(
            reason.to_string(),
            format!(
                "high availability decides over it (vm:101, {state}), and would end its shutdown \
                 with force"
            )
        );
        assert_eq!(
            reason.remedy(&fixture::guest()),
            Some(format!(
                "restart it instead (hospes restart web1); or, on a node: ha-manager set vm:101 \
                 --state ignored, and to give it back: ha-manager set vm:101 --state {before}"
            ))
        );
    }
}

#[test]
fn people_are_told_what_to_do_about_a_lock() {
    let locked = |lock: &str| RefusalReason::Locked {
        lock: lock.to_owned(),
    };
    told([
        (
            locked("backup"),
            "the hypervisor has it locked (backup)",
            "wait until the hypervisor's own work ends",
        ),
        (
            locked("suspended"),
            "the hypervisor has it locked (suspended)",
            "it rests on disk: let it go on at the hypervisor (Proxmox VE: qm resume VMID)",
        ),
    ]);
}

#[test]
fn people_are_told_what_to_do_about_a_guest_that_does_not_run() {
    let guest = fixture::guest();
    for (word, remedy) in [
        ("stopped", "power it on: hospes start web1"),
        (
            "paused",
            "let it go on at the hypervisor (Proxmox VE: qm resume VMID)",
        ),
        (
            "suspended",
            "wake it at the hypervisor (Proxmox VE: qm resume VMID)",
        ),
        (
            "io-error",
            "mend its storage, then let it go on at the hypervisor (Proxmox VE: qm resume VMID)",
        ),
        ("inmigrate", "wait until its migration ends"),
        ("save-vm", "wait until its snapshot ends"),
        ("prelaunch", "wait until the hypervisor lets it run"),
        (
            "internal-error",
            "read the hypervisor's log; it cannot go on, and nothing here cuts its power",
        ),
        (
            "shutdown",
            "it has powered itself off; wait until the hypervisor ends its process",
        ),
    ] {
        let run_state = match word {
            "stopped" => RunState::Stopped,
            word => RunState::Other(word.to_owned()),
        };
        let evidence = "status/current".to_owned();
        let reason = RefusalReason::NotRunning {
            run_state: run_state.clone(),
            evidence,
        };
        assert_eq!(
            reason.to_string(),
            format!("it does not run ({word}): status/current")
        );
        assert_eq!(reason.remedy(&guest).as_deref(), Some(remedy));
        let reason = RefusalReason::NotStopped { run_state };
        assert_eq!(reason.to_string(), format!("it is not stopped ({word})"));
        assert_eq!(reason.remedy(&guest).as_deref(), Some(remedy));
    }
}

#[test]
fn reasons_are_stored_under_their_names() {
    let reasons = [
        RefusalReason::Template,
        RefusalReason::NoQuorum,
        RefusalReason::QuorumUnknown,
        RefusalReason::HighAvailability {
            sid: "vm:101".to_owned(),
            state: "started".to_owned(),
        },
    ];
    let json = serde_json::to_value(reasons).unwrap();
    assert_eq!(
        json,
        serde_json::json!([
            { "reason": "template" },
            { "reason": "no-quorum" },
            { "reason": "quorum-unknown" },
            { "reason": "high-availability", "sid": "vm:101", "state": "started" },
        ])
    );
}
