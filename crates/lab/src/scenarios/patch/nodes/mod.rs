//! Patching nodes of the lab's Proxmox, which are real machines.
//!
//! ```text
//! patched      three nodes, one by one: guests leave and come back, reboots are proved
//! refused      quorum, Ceph, tasks: told before anything is touched
//! not_drained  a guest that does not move: everything is put back
//! interrupted  a guest that cannot move and may be shut down for the time being
//! not_back     the node stays off, or boots its old kernel: no other node is begun
//! killed       the controller dies in the middle: what it left is told, and put back
//! whole        one plan: guests first, then nodes
//! ```

mod interrupted;
mod killed;
mod not_back;
mod not_drained;
mod outcome;
mod patched;
mod refused;
mod site;
mod watch;
mod whole;

use crate::scenario::Scenario;

pub(in crate::scenarios) const PATCHED: Scenario = Scenario::new(
    "patch_nodes",
    "three nodes are patched and reboot one by one; their guests leave and are back, one in an HA group too",
    |context| Box::pin(patched::one_by_one(context)),
)
.full_only();

pub(in crate::scenarios) const REFUSED: Scenario = Scenario::new(
    "patch_nodes_refused",
    "no quorum, a node away, a warning of Ceph: refused untouched, and no other node is begun",
    |context| Box::pin(refused::by_the_cluster(context)),
);

pub(in crate::scenarios) const MIGRATION_FAILS: Scenario = Scenario::new(
    "patch_nodes_migration",
    "a guest that does not move: its node is not patched, is back in service, and no other is begun",
    |context| Box::pin(not_drained::migration_fails(context)),
)
.full_only();

pub(in crate::scenarios) const INTERRUPTED: Scenario = Scenario::new(
    "patch_nodes_interrupt",
    "a guest that cannot move blocks its node; where it may be, it is shut down with a permit and started",
    |context| Box::pin(interrupted::with_a_permit(context)),
)
.full_only();

pub(in crate::scenarios) const NOT_BACK: Scenario = Scenario::new(
    "patch_nodes_not_back",
    "a node that stays off after its reboot: no other is begun; switched on, its run is resumed",
    |context| Box::pin(not_back::switched_off(context)),
)
.full_only();

pub(in crate::scenarios) const OLD_KERNEL: Scenario = Scenario::new(
    "patch_nodes_kernel",
    "a node that comes back with its old kernel: told, in service again, and no other is begun",
    |context| Box::pin(not_back::old_kernel(context)),
)
.full_only();

pub(in crate::scenarios) const KILLED: Scenario = Scenario::new(
    "patch_nodes_killed",
    "a controller killed while a node is in maintenance and in dpkg: resumed, nothing is done twice",
    |context| Box::pin(killed::in_dpkg(context)),
)
.full_only();

pub(in crate::scenarios) const CLUSTER: Scenario = Scenario::new(
    "patch_cluster",
    "one plan: a guest of the cluster first, then the node that it runs on; one that is not ready is told",
    |context| Box::pin(whole::guests_then_nodes(context)),
)
.full_only();
