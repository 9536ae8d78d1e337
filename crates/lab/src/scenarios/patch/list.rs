//! The scenarios of this folder.

use super::{agent, broken, by_hand, campaign, cut_off, snapshot, ubuntu, upgraded};
use crate::scenario::Scenario;

pub(in crate::scenarios) const UPGRADED: Scenario = Scenario::new(
    "patch_upgraded",
    "a guest is upgraded and reboots once, proved; what is held, pinned, phased or kept back is told",
    |context| Box::pin(upgraded::in_full(context)),
);

pub(in crate::scenarios) const UBUNTU: Scenario = Scenario::new(
    "patch_ubuntu",
    "the same on Ubuntu: its apt, update-notifier and needrestart; a service of old code is told",
    |context| Box::pin(ubuntu::in_full(context)),
)
.full_only();

pub(in crate::scenarios) const FAILING: Scenario = Scenario::new(
    "patch_failing",
    "a package that cannot be configured is told in dpkg's words; mended, the next run ends well",
    |context| Box::pin(broken::failing(context)),
)
.full_only();

pub(in crate::scenarios) const INTERRUPTED: Scenario = Scenario::new(
    "patch_interrupted",
    "dpkg was interrupted before: refused without the permission to mend, mended with it",
    |context| Box::pin(broken::interrupted(context)),
)
.full_only();

pub(in crate::scenarios) const KERNEL: Scenario = Scenario::new(
    "patch_kernel",
    "a new kernel asks for a reboot; one that does not run afterwards is told",
    |context| Box::pin(broken::kernel(context)),
)
.full_only();

pub(in crate::scenarios) const KILLED: Scenario = Scenario::new(
    "patch_killed",
    "a controller killed in the middle of dpkg: it ends in the guest, and nothing is done twice",
    |context| Box::pin(cut_off::killed(context)),
)
.full_only();

pub(in crate::scenarios) const WITHOUT_SSH: Scenario = Scenario::new(
    "patch_without_ssh",
    "SSH lost in the middle of dpkg: it ends in the guest, and the run finds it when SSH is back",
    |context| Box::pin(cut_off::without_ssh(context)),
)
.full_only();

pub(in crate::scenarios) const KILLED_REBOOTING: Scenario = Scenario::new(
    "patch_killed_rebooting",
    "a controller killed in the middle of the reboot: the next one proves it, and asks for no other",
    |context| Box::pin(cut_off::rebooting(context)),
)
.full_only();

pub(in crate::scenarios) const AGENT: Scenario = Scenario::new(
    "patch_agent",
    "the agent's own package is upgraded in mid-run, and a masked agent hinders nothing",
    |context| Box::pin(agent::upgraded(context)),
)
.full_only()
.our_agent_only();

pub(in crate::scenarios) const SNAPSHOT: Scenario = Scenario::new(
    "patch_snapshot",
    "a rollback to the snapshot before the upgrade: refused while the guest runs; the older version is back",
    |context| Box::pin(snapshot::gone_back(context)),
)
.full_only();

pub(in crate::scenarios) const SNAPSHOT_PROXMOX: Scenario = Scenario::new(
    "patch_snapshot_pve",
    "the same on Proxmox VE, where the guest powers itself off in between",
    |context| Box::pin(snapshot::on_proxmox(context)),
)
.full_only();

pub(in crate::scenarios) const CAMPAIGN: Scenario = Scenario::new(
    "patch_campaign",
    "two guests in two waves and one on hold: paused in mid-wave, resumed, reported; aborted, none begins",
    |context| Box::pin(campaign::in_waves(context)),
)
.full_only();

pub(in crate::scenarios) const BY_HAND: Scenario = Scenario::new(
    "patch_by_hand",
    "the run as a machine, over OpenSSH's client, by controllers that die at every kind of effect",
    |context| Box::pin(by_hand::resumed_everywhere(context)),
)
.full_only();
