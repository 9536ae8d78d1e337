//! The scenarios of this folder.

use super::{nodes, restarts, secrets, traps, verbs};
use crate::scenario::Scenario;

pub(in crate::scenarios) const VERBS: Scenario = Scenario::new(
    "proxmox_verbs",
    "every verb over a cluster's API: listed, checked, mended, restarted with proof",
    |context| Box::pin(verbs::every_verb(context)),
);

pub(in crate::scenarios) const MANY: Scenario = Scenario::new(
    "proxmox_many",
    "many guests of a cluster: one's trouble hides no other, and a budget of failures holds",
    |context| Box::pin(verbs::many(context)),
);

pub(in crate::scenarios) const REFUSALS: Scenario = Scenario::new(
    "proxmox_refusals",
    "locks, pending changes, lost quorum, HA and dead agents: refused with the reason",
    |context| Box::pin(traps::refusals(context)),
);

pub(in crate::scenarios) const ANSWERS: Scenario = Scenario::new(
    "proxmox_answers",
    "401, 403, 595, unknown words, answers of 8.4 and a new certificate are told as what they are",
    |context| Box::pin(traps::answers(context)),
);

pub(in crate::scenarios) const HIGH_AVAILABILITY: Scenario = Scenario::new(
    "proxmox_ha",
    "a guest under HA is restarted by one graceful request and proved by its boot id",
    |context| Box::pin(restarts::high_availability(context)),
);

pub(in crate::scenarios) const GRACEFUL: Scenario = Scenario::new(
    "proxmox_graceful",
    "a guest of a cluster runs its graceful scripts, is shut down by a task, and comes back",
    |context| Box::pin(restarts::graceful(context)),
)
.full_only()
.our_agent_only();

pub(in crate::scenarios) const AGENT_DIES: Scenario = Scenario::new(
    "proxmox_agent_dies",
    "an agent that dies before the call: ACPI ends the guest, and the timeline says so",
    |context| Box::pin(restarts::agent_dies(context)),
)
.full_only();

pub(in crate::scenarios) const LATE: Scenario = Scenario::new(
    "proxmox_late",
    "a guest of a cluster that powers off after its deadline is told of and started",
    |context| Box::pin(restarts::late(context)),
)
.full_only();

pub(in crate::scenarios) const SECRETS: Scenario = Scenario::new(
    "proxmox_secrets",
    "neither token nor password is told by any command, kept in a journal or seen in a process",
    |context| Box::pin(secrets::never_told(context)),
)
.full_only();

pub(in crate::scenarios) const REAL_NODE: Scenario = Scenario::new(
    "proxmox_real_node",
    "a node that is a machine: maintenance by its own command, its reboot seen, its guests back",
    |context| Box::pin(nodes::real_node(context)),
)
.full_only();
