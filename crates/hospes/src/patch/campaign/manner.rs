//! How a plan has its members patched, in the words of a patch run.

use patch::{PostCommand, SpaceNeed};
use plan::{MinFree, Policy};

use crate::patch::guest::Manner;

/// What a run of a member is told.
pub(super) fn manner(policy: &Policy) -> Manner {
    let patching = &policy.patching;
    let checks = patching.checks.iter();
    Manner {
        scope: match patching.scope {
            plan::Scope::Upgrade => patch::Scope::Upgrade,
            plan::Scope::DistUpgrade => patch::Scope::DistUpgrade,
        },
        allow_removals: patching.allow_removals,
        allow_mending: patching.allow_mending,
        snapshot_expires: policy.snapshot_expires,
        reboot: match policy.reboot {
            plan::RebootPolicy::Never => patch::RebootPolicy::Never,
            plan::RebootPolicy::IfRequired => patch::RebootPolicy::IfRequired,
            plan::RebootPolicy::Always => patch::RebootPolicy::Always,
        },
        services: match patching.services {
            plan::StaleServices::Report => patch::StaleServices::Report,
            plan::StaleServices::Restart => patch::StaleServices::Restart,
        },
        commands: checks
            .map(|check| PostCommand {
                name: check.name.clone(),
                command: check.command.clone(),
                deadline: check.timeout,
            })
            .collect(),
        space: space(&patching.min_free),
    }
}

/// What is not said is as usual.
fn space(wanted: &MinFree) -> SpaceNeed {
    let usual = SpaceNeed::default();
    SpaceNeed {
        root: wanted.root.unwrap_or(usual.root),
        var: wanted.var.unwrap_or(usual.var),
        boot: wanted.boot.unwrap_or(usual.boot),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use plan::PlanFile;

    use super::*;

    fn manner_of(settings: &str) -> Manner {
        let text = format!("[group.web]\nguests = \"web1\"\n{settings}\n");
        let file = PlanFile::read(text.as_bytes()).expect("a plan file");
        manner(&file.groups["web"].policy)
    }

    #[test]
    fn what_a_plan_does_not_say_is_as_a_run_has_it() {
        assert_eq!(manner_of(""), Manner::default());
    }

    #[test]
    fn everything_that_a_plan_says_reaches_the_run() {
        let usual = Manner::default;
        let table = [
            (
                "scope = \"upgrade\"",
                Manner {
                    scope: patch::Scope::Upgrade,
                    ..usual()
                },
            ),
            (
                "allow-removals = true\nallow-mending = true",
                Manner {
                    allow_removals: true,
                    allow_mending: true,
                    ..usual()
                },
            ),
            (
                "reboot = \"never\"\nservices = \"restart\"",
                Manner {
                    reboot: patch::RebootPolicy::Never,
                    services: patch::StaleServices::Restart,
                    ..usual()
                },
            ),
            (
                "reboot = \"always\"\nsnapshot-expires = \"3d\"",
                Manner {
                    reboot: patch::RebootPolicy::Always,
                    snapshot_expires: Some(Duration::from_secs(3 * 86_400)),
                    ..usual()
                },
            ),
            (
                "min-free = { var = 2048 }",
                Manner {
                    space: SpaceNeed {
                        var: 2048,
                        ..SpaceNeed::default()
                    },
                    ..usual()
                },
            ),
            (
                "checks = [{ name = \"up\", command = \"true\", timeout = \"5s\" }]",
                Manner {
                    commands: vec![PostCommand {
                        name: "up".to_owned(),
                        command: "true".to_owned(),
                        deadline: Duration::from_secs(5),
                    }],
                    ..usual()
                },
            ),
        ];
        for (settings, expected) in table {
            assert_eq!(manner_of(settings), expected, "{settings}");
        }
    }
}
