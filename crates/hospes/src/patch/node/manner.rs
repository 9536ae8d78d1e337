//! How a plan has nodes patched, in the words of a node's run.

use conditions::NodeName;
use patch::RunId;
use patch::node::{Allowance, Limits, Settings};
use plan::NodePatching;

use crate::patch::guest::Manner;

/// What the run `id` over `node` is told.
pub(crate) fn manner(
    node: &NodeName,
    id: RunId,
    packages: &Manner,
    patching: NodePatching,
    limits: Limits,
) -> Settings {
    let mut settings = Settings::new(node.clone(), packages.settings(id));
    settings.allowances.others = Allowance {
        interruption: patching.interrupt_guests,
        local_disks: patching.copy_local_disks,
    };
    settings.adopt_maintenance = patching.adopt_maintenance;
    settings.limits = limits;
    settings
}

#[cfg(test)]
mod tests {
    use plan::PlanFile;

    use super::*;

    #[test]
    fn what_a_plan_lets_be_done_to_guests_and_maintenance_reaches_the_run_and_nothing_is_usual() {
        let told = |said: &str| {
            let text = format!("[group.nodes]\nnodes = \"home/pve1\"\n{said}\n");
            let file = PlanFile::read(text.as_bytes()).expect("a plan file");
            let patching = file.groups["nodes"].policy.patching.node;
            let id = "r1".parse().expect("a name");
            let (node, mut limits) = (NodeName::new("pve1"), Limits::default());
            limits.back *= 2;
            let settings = manner(&node, id, &Manner::default(), patching, limits);
            assert_eq!(settings.limits, limits);
            let Allowance {
                interruption,
                local_disks,
            } = settings.allowances.of(101);
            (interruption, local_disks, settings.adopt_maintenance)
        };
        assert_eq!(told(""), (false, false, false));
        assert_eq!(told("interrupt-guests = true"), (true, false, false));
        assert_eq!(told("copy-local-disks = true"), (false, true, false));
        assert_eq!(told("adopt-maintenance = true"), (false, false, true));
    }
}
