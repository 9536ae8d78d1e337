//! Every scenario, by name and what it shows.

use super::{
    access, agent, ansible, channel, freezing, healthy, hooks, journal, lab_itself, lifecycle,
    metadata_boot, metadata_graceful, metadata_stop, packages, patch, proxmox, proxmox_clients,
    readiness, reboot, repair, systemd, trust,
};
use crate::scenario::Scenario;

/// Every scenario, in the order of the report.
pub const ALL: &[Scenario] = &[
    Scenario::new(
        "healthy_check",
        "a fresh Debian guest has all six conditions, each with evidence",
        |context| Box::pin(healthy::check(context)),
    ),
    Scenario::new(
        "healthy_restart",
        "a healthy guest is restarted through its agent and comes back with a new boot id",
        |context| Box::pin(healthy::restart(context)),
    )
    .stock_too(),
    Scenario::new(
        "agent_stopped",
        "a stopped agent: 2 and 6 fail, a restart is refused, fix starts it",
        |context| Box::pin(agent::stopped(context)),
    ),
    Scenario::new(
        "agent_frozen",
        "a frozen agent: a restart is refused within its deadline, fix restarts the agent",
        |context| Box::pin(agent::frozen(context)),
    )
    .stock_too(),
    Scenario::new(
        "agent_file_systems_frozen",
        "frozen file systems: a restart is refused, although SSH may hang",
        |context| Box::pin(agent::file_systems_frozen(context)),
    )
    .stock_too(),
    Scenario::new(
        "agent_shutdown_blocked",
        "an agent that may not shut down: a restart is refused, and fix leaves the policy alone",
        |context| Box::pin(agent::shutdown_blocked(context)),
    )
    .stock_too(),
    Scenario::new(
        "hooks_drop_in",
        "a shutdown hook in a drop-in is found, shown and removed; the guest stays up",
        |context| Box::pin(hooks::in_drop_in(context)),
    )
    .full_only(),
    Scenario::new(
        "hooks_power_off",
        "two hooks that would really power the guest off are removed; the guest stays up",
        |context| Box::pin(hooks::that_power_off(context)),
    )
    .stock_too(),
    Scenario::new(
        "hooks_transient_unit",
        "a transient unit that powers off when the agent stops is made harmless",
        |context| Box::pin(hooks::in_transient_unit(context)),
    )
    .full_only(),
    Scenario::new(
        "hooks_file_gone",
        "a hook whose file is gone but still acts is found and ended",
        |context| Box::pin(hooks::whose_file_is_gone(context)),
    )
    .full_only(),
    Scenario::new(
        "hooks_scripts",
        "hooks in a script called by a script and in the package's prerm are removed",
        |context| Box::pin(hooks::in_scripts(context)),
    )
    .full_only(),
    Scenario::new(
        "hooks_left_alone",
        "those hooks fire when the agent stops: the guest powers off",
        |context| Box::pin(hooks::left_alone(context)),
    )
    .full_only(),
    Scenario::new(
        "repair_package",
        "a missing agent package is installed with real apt",
        |context| Box::pin(repair::package(context)),
    ),
    Scenario::new(
        "repair_unit",
        "a masked unit and a failed unit are mended",
        |context| Box::pin(repair::unit(context)),
    )
    .full_only(),
    Scenario::new(
        "access_without_port",
        "no agent port: restart is refused, fix names the way, SSH work goes on",
        |context| Box::pin(access::without_port(context)),
    )
    .full_only(),
    Scenario::new(
        "access_users",
        "a login with sudo reads all; one without is told so, and the channel reads instead",
        |context| Box::pin(access::users(context)),
    ),
    Scenario::new(
        "access_ssh_down",
        "SSH down: the channel reads the conditions and removes a hook",
        |context| Box::pin(access::ssh_down(context)),
    )
    .stock_too(),
    Scenario::new(
        "restart_without_sshd",
        "sshd masked, agent healthy: the restart goes through and readiness is told as not reached",
        |context| Box::pin(lifecycle::without_sshd(context)),
    )
    .full_only(),
    Scenario::new(
        "restart_held",
        "a guest that does not go down is never forced; it is started once it has gone down late",
        |context| Box::pin(lifecycle::held_shutdown(context)),
    ),
    Scenario::new(
        "shutdown_and_start",
        "shutdown and start end where they should, also when repeated; QEMU has its own session",
        |context| Box::pin(lifecycle::shutdown_and_start(context)),
    ),
    Scenario::new(
        "ready_hung_guest",
        "an SSH port that accepts while sshd or the whole machine hangs is not ready",
        |context| Box::pin(readiness::hung_guest(context)),
    ),
    Scenario::new(
        "ready_babbling_guest",
        "a login that prints 1 GB is not ready, within bounded time and memory",
        |context| Box::pin(readiness::babbling_guest(context)),
    ),
    Scenario::new(
        "trust_host_keys",
        "host keys are pinned through the channel; a change counts when it or the operator confirms",
        |context| Box::pin(trust::host_keys(context)),
    ),
    Scenario::new(
        "trust_other_machine",
        "another machine at the SSH address: refused, with the same host key and with its own",
        |context| Box::pin(trust::other_machine(context)),
    )
    .full_only(),
    Scenario::new(
        "killed_while_asking",
        "a controller killed between asking for the shutdown and the answer: resumed, asked once",
        |context| Box::pin(journal::killed_while_asking(context)),
    ),
    Scenario::new(
        "killed_while_stopping",
        "a controller killed while it waits for the stop: resumed, nothing done twice",
        |context| Box::pin(journal::killed_while_stopping(context)),
    )
    .full_only(),
    Scenario::new(
        "killed_after_start",
        "a controller killed right after powering on: the machine lives on, the run is resumed",
        |context| Box::pin(journal::killed_after_start(context)),
    )
    .full_only(),
    Scenario::new(
        "two_controllers",
        "a second controller is refused at once and told who works on the guest",
        |context| Box::pin(journal::two_controllers(context)),
    )
    .full_only(),
    Scenario::new(
        "interrupted",
        "Ctrl-C before and after asking, and after powering on: nothing is ended, the run goes on",
        |context| Box::pin(journal::interrupted(context)),
    )
    .full_only(),
    Scenario::new(
        "reboot_without_agent",
        "a reboot without an agent: blocked by an inhibitor, then proved although it comes late",
        |context| Box::pin(reboot::without_agent(context)),
    )
    .full_only(),
    Scenario::new(
        "systemd_scope",
        "under systemd a started machine has its own scope and outlives the controller's service",
        |context| Box::pin(systemd::scope(context)),
    )
    .full_only(),
    Scenario::new(
        "freeze_watchdog",
        "file systems that nobody thaws are thawed after the limit, and the next thaw says so",
        |context| Box::pin(freezing::watchdog(context)),
    )
    .our_agent_only(),
    Scenario::new(
        "freeze_ended_agent",
        "an agent that is stopped or killed while file systems are frozen: thawed, and told once",
        |context| Box::pin(freezing::ended_agent(context)),
    )
    .our_agent_only(),
    Scenario::new(
        "freeze_hooks",
        "the hook gets `thaw` after every `freeze`: nothing frozen, hook failed, hook hung",
        |context| Box::pin(freezing::hooks(context)),
    )
    .our_agent_only(),
    Scenario::new(
        "channel_never_blocked",
        "a ping is answered while a helper hangs, and after half a request of another client",
        |context| Box::pin(channel::never_blocked(context)),
    )
    .our_agent_only(),
    Scenario::new(
        "channel_idle",
        "an agent without a host at its port is not woken once",
        |context| Box::pin(channel::idle(context)),
    )
    .our_agent_only(),
    Scenario::new(
        "channel_vsock",
        "the agent serves clients of a vsock, one after the other",
        |context| Box::pin(channel::vsock(context)),
    )
    .our_agent_only(),
    Scenario::new(
        "agent_changes",
        "time, password, SSH keys, trim: what the agent changes is changed in the guest",
        |context| Box::pin(channel::changes(context)),
    )
    .our_agent_only(),
    Scenario::new(
        "package_replaced",
        "the stock agent over ours and ours over the stock one, with real apt; the guest stays up",
        |context| Box::pin(packages::replaced(context)),
    )
    .our_agent_only()
    .full_only(),
    Scenario::new(
        "package_upgraded",
        "an upgrade while a file system is frozen: thawed, told, the guest stays up",
        |context| Box::pin(packages::upgraded(context)),
    )
    .our_agent_only(),
    Scenario::new(
        "package_upgrades_itself",
        "the agent is upgraded by a program that it runs itself",
        |context| Box::pin(packages::upgraded_through_the_channel(context)),
    )
    .our_agent_only()
    .full_only(),
    Scenario::new(
        "package_removed",
        "the package is removed, purged and installed again; the guest stays up",
        |context| Box::pin(packages::removed(context)),
    )
    .our_agent_only()
    .full_only(),
    Scenario::new(
        "metadata_boot",
        "startup scripts, inline and by URL, at boot; a shutdown script while the network is up",
        |context| Box::pin(metadata_boot::startup_and_shutdown(context)),
    )
    .our_agent_only(),
    Scenario::new(
        "metadata_startup_kinds",
        "a startup script that is only inline, and one that is only a URL",
        |context| Box::pin(metadata_boot::startup_kinds(context)),
    )
    .our_agent_only()
    .full_only(),
    Scenario::new(
        "metadata_late",
        "a metadata service that comes 40 s after the guest: the startup script runs all the same",
        |context| Box::pin(metadata_boot::late_service(context)),
    )
    .our_agent_only()
    .full_only(),
    Scenario::new(
        "metadata_google_agent",
        "Google's agent and script runner against our metadata service, then ours in their place",
        |context| Box::pin(metadata_boot::google_agent(context)),
    )
    .our_agent_only()
    .full_only(),
    Scenario::new(
        "metadata_stops",
        "announced stops: failed, cancelled, a second one, the same once more, two at once",
        |context| Box::pin(metadata_stop::requests(context)),
    )
    .our_agent_only()
    .full_only(),
    Scenario::new(
        "metadata_undisturbed",
        "agents restarted, packages upgraded and removed in the middle of a stop: scripts go on",
        |context| Box::pin(metadata_stop::undisturbed(context)),
    )
    .our_agent_only()
    .full_only(),
    Scenario::new(
        "metadata_rebooted",
        "a guest that reboots in the middle of a stop runs its graceful scripts again",
        |context| Box::pin(metadata_stop::rebooted(context)),
    )
    .our_agent_only()
    .full_only(),
    Scenario::new(
        "graceful_restart",
        "graceful scripts end before the shutdown begins, shutdown scripts run in it",
        |context| Box::pin(metadata_graceful::restart(context)),
    )
    .our_agent_only(),
    Scenario::new(
        "graceful_failing",
        "graceful scripts that fail: told, and the restart goes on",
        |context| Box::pin(metadata_graceful::failing(context)),
    )
    .our_agent_only()
    .full_only(),
    Scenario::new(
        "graceful_deadline",
        "a graceful script that never ends: the shutdown begins at the deadline and ends it",
        |context| Box::pin(metadata_graceful::deadline(context)),
    )
    .our_agent_only()
    .full_only(),
    Scenario::new(
        "graceful_cancelled",
        "a graceful stop is cancelled while the guest prepares; the next one is ended early",
        |context| Box::pin(metadata_graceful::cancelled(context)),
    )
    .our_agent_only()
    .full_only(),
    Scenario::new(
        "ansible_roles",
        "both Ansible roles: a plan, a repair, a second run, a refusal, a proved restart",
        |context| Box::pin(ansible::roles(context)),
    )
    .full_only(),
    Scenario::new(
        "ansible_proxmox",
        "both Ansible roles on a guest of a cluster: a proved restart through its API",
        |context| Box::pin(ansible::over_proxmox(context)),
    )
    .full_only(),
    Scenario::new(
        "ansible_collection",
        "the Ansible collection without a guest: documentation, package, modules with the program",
        |context| Box::pin(ansible::collection(context)),
    ),
    Scenario::new(
        "lab_guest_answers",
        "a guest of the snapshot runs a command through SSH, its agent answers, its clock is right",
        |context| Box::pin(lab_itself::guest_answers(context)),
    )
    .full_only(),
    Scenario::new(
        "lab_apt_installs",
        "a guest purges its agent and installs it again from the lab's repository",
        |context| Box::pin(lab_itself::apt_installs(context)),
    )
    .full_only(),
    Scenario::new(
        "lab_fresh_guest_differs",
        "a guest booted cold has another boot id and host name than those of the snapshot",
        |context| Box::pin(lab_itself::fresh_guest_differs(context)),
    )
    .full_only(),
    Scenario::new(
        "lab_users",
        "operator may use sudo without a password, plain may not; without the port there is no agent",
        |context| Box::pin(lab_itself::users(context)),
    )
    .full_only(),
    proxmox::VERBS,
    proxmox::MANY,
    proxmox::REFUSALS,
    proxmox::ANSWERS,
    proxmox::HIGH_AVAILABILITY,
    proxmox::GRACEFUL,
    proxmox::AGENT_DIES,
    proxmox::LATE,
    proxmox::SECRETS,
    proxmox::REAL_NODE,
    Scenario::new(
        "proxmox_proxmoxer",
        "proxmoxer takes the lab's cluster for a real one: lists, queries, shuts down, starts, migrates",
        |context| Box::pin(proxmox_clients::proxmoxer(context)),
    ),
    Scenario::new(
        "proxmox_community",
        "modules and inventory of community.proxmox take the lab's cluster for a real one",
        |context| Box::pin(proxmox_clients::ansible(context)),
    ),
    patch::UPGRADED,
    patch::UBUNTU,
    patch::FAILING,
    patch::INTERRUPTED,
    patch::KERNEL,
    patch::KILLED,
    patch::WITHOUT_SSH,
    patch::KILLED_REBOOTING,
    patch::AGENT,
    patch::SNAPSHOT,
    patch::SNAPSHOT_PROXMOX,
    patch::CAMPAIGN,
    patch::BY_HAND,
    patch::nodes::PATCHED,
    patch::nodes::REFUSED,
    patch::nodes::MIGRATION_FAILS,
    patch::nodes::INTERRUPTED,
    patch::nodes::NOT_BACK,
    patch::nodes::OLD_KERNEL,
    patch::nodes::KILLED,
    patch::nodes::CLUSTER,
];
