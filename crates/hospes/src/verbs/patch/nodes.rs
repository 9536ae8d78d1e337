//! `patch nodes`: an implicit plan of one group, one node at a time.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Result, bail};
use conditions::{Host, MachineId};
use journal::RunFilter;
use patch::node::facts::{Ceph, GuestKind, Seen, View};
use patch::node::{ClusterError, Limits, Moment, Refusal, refusals};
use plan::{
    Amount, Group, Hooks, Kind, NodePatching, Patching, PlanFile, Policy, RebootPolicy, WaveRule,
};
use serde_json::{Value, json};

use super::{apply, plan as planning};
use crate::Exit;
use crate::cli;
use crate::fleet::{Fleet, Node};
use crate::patch::fleet::Others;
use crate::show;

const VERB: &str = "patch-nodes";
/// What one node takes, about; it is only told.
const EXPECTED: Duration = Duration::from_secs(60 * 60);
/// So many packages are named.
const NAMED: usize = 12;

pub(super) async fn run(fleet: &Fleet, options: &cli::PatchNodes) -> Result<Exit> {
    let nodes = fleet.nodes(options.cluster.as_deref()).await?;
    if nodes.is_empty() {
        bail!(
            "no node is known: configure a cluster (hospes init), or look why it does not answer"
        );
    }
    let hosts = match options.nodes.is_empty() {
        true => nodes.iter().map(|node| node.host.clone()).collect(),
        false => Fleet::named(&nodes, &options.nodes)?,
    };
    if options.check {
        let chosen = hosts.iter();
        let chosen = chosen.filter_map(|host| nodes.iter().find(|node| node.host == *host));
        return checked(fleet, chosen, options.adopt_maintenance).await;
    }
    let file = plan_of(&hosts, options);
    let (document, meant) = planning::planned(fleet, &file, Others::Unmentioned).await?;
    if document.members().count() < hosts.len() {
        // One that is away may be the one without which the cluster cannot decide.
        planning::show(fleet, &document, None)?;
        tell_unfinished(fleet, &hosts)?;
        return Ok(Exit::NotReady);
    }
    apply::carry_out(fleet, document, meant.members()).await
}

/// What is away may be away because of a run that was begun before.
fn tell_unfinished(fleet: &Fleet, hosts: &[Host]) -> Result<()> {
    let progress = fleet.progress();
    for host in hosts {
        let machine = MachineId::Node(host.clone());
        let filter = RunFilter {
            machine: Some(machine.clone()),
            open: true,
        };
        for run in fleet
            .store()
            .journal()
            .runs(1, &filter)?
            .into_iter()
            .flatten()
        {
            let id = run.id;
            progress.say(&format!(
                "{machine}: run {id} is not finished; to go on: hospes runs resume {id}"
            ));
        }
    }
    Ok(())
}

/// The plan of nodes that are named on the command line. One that is not patched is the last.
fn plan_of(hosts: &[Host], options: &cli::PatchNodes) -> PlanFile {
    let group = Group {
        kind: Kind::Node,
        words: hosts.iter().map(Host::to_string).collect(),
        except: Vec::new(),
        after: Vec::new(),
        windows: Vec::new(),
        max_unavailable: Amount::Count(1),
        policy: policy(options),
        waves: vec![WaveRule::default()],
    };
    PlanFile {
        name: "nodes".to_owned(),
        deadline: planning::DEADLINE,
        at_once: 1,
        max_failures: Amount::Count(0),
        max_unavailable_per_node: None,
        max_unavailable_nodes: Amount::Count(1),
        hooks: Hooks::default(),
        windows: BTreeMap::new(),
        groups: BTreeMap::from([("nodes".to_owned(), group)]),
        holds: Vec::new(),
    }
}

fn policy(options: &cli::PatchNodes) -> Policy {
    Policy {
        expected: EXPECTED,
        retries: 0,
        retry_after: Duration::ZERO,
        patching: Patching {
            allow_removals: options.allow_removals,
            allow_mending: options.allow_mending,
            node: NodePatching {
                interrupt_guests: options.interrupt_guests,
                copy_local_disks: options.copy_local_disks,
                adopt_maintenance: options.adopt_maintenance,
            },
            ..Patching::default()
        },
        reboot: match options.reboot {
            cli::Reboots::Never => RebootPolicy::Never,
            cli::Reboots::IfRequired => RebootPolicy::IfRequired,
            cli::Reboots::Always => RebootPolicy::Always,
        },
        snapshot_expires: None,
        wave_hooks: Hooks::default(),
        member_hooks: Hooks::default(),
    }
}

/// One look at each node; nothing is changed.
async fn checked<'n>(
    fleet: &Fleet,
    nodes: impl Iterator<Item = &'n Node>,
    adopt_maintenance: bool,
) -> Result<Exit> {
    let (mut exit, mut documents) = (Exit::Ok, Vec::new());
    for node in nodes {
        let seen = node.cluster.view(&node.host.name).await;
        let lacks = match seen.as_ref().map(|view| &view.ceph) {
            Ok(Seen::Read(Ceph::Present { .. })) => node.lacks.clone(),
            _ => node.lacks.without_ceph(),
        };
        let mut against = against(&seen, adopt_maintenance);
        against.extend(lacks.words().map(|words| (words, false)));
        exit = exit.worst(verdict(&against).1);
        if fleet.json() {
            documents.push(document(node, &seen, &against));
        } else {
            let mut told = lines(&node.id(), &seen, &against);
            let grants = lacks.grants().into_iter();
            told.extend(
                grants.map(|command| format!("  granted in a shell of a node by: {command}")),
            );
            told.iter().try_for_each(|line| show::line(line))?;
        }
    }
    if fleet.json() {
        fleet.document(VERB, json!({ "dry_run": true, "nodes": documents }))?;
    }
    Ok(exit)
}

/// What speaks against beginning now, each with whether it would be waited for.
fn against(seen: &Result<View, ClusterError>, adopt_maintenance: bool) -> Vec<(String, bool)> {
    let limits = Limits::default();
    match seen {
        Err(error) => vec![(error.to_string(), false)],
        Ok(view) => {
            let found = refusals(view, Moment::Begin { adopt_maintenance });
            let told = |it: &Refusal| (it.to_string(), !it.patience(&limits).is_zero());
            found.iter().map(told).collect()
        }
    }
}

/// What would come of beginning now.
fn verdict(against: &[(String, bool)]) -> (&'static str, Exit) {
    match against {
        [] => ("nothing stands in the way", Exit::Ok),
        all if all.iter().all(|(_, passes)| *passes) => ("would wait first", Exit::NotReady),
        _ => ("would be refused", Exit::Refused),
    }
}

fn lines(
    name: &impl std::fmt::Display,
    seen: &Result<View, ClusterError>,
    against: &[(String, bool)],
) -> Vec<String> {
    let (verdict, _) = verdict(against);
    let mut lines = vec![format!("{name}: {verdict}")];
    lines.extend(against.iter().map(|(why, passes)| match passes {
        true => format!("  {why} (would be waited for)"),
        false => format!("  {why}"),
    }));
    let Ok(view) = seen else {
        return lines;
    };
    match view.software.known() {
        Ok(software) => {
            let names = software
                .updates
                .iter()
                .map(|update| update.package.as_str());
            let named: Vec<&str> = names.take(NAMED).collect();
            lines.push(match software.updates.len() {
                0 => "  known to be newer: nothing".to_owned(),
                count => format!(
                    "  known to be newer: {count} packages: {}",
                    named.join(", ")
                ),
            });
        }
        Err(why) => lines.push(format!("  its packages cannot be read: {why}")),
    }
    let leaving: Vec<String> = leaving(view).collect();
    if !leaving.is_empty() {
        lines.push(format!("  would leave: {}", leaving.join(", ")));
    }
    lines
}

/// The guests that run on the node.
fn leaving(view: &View) -> impl Iterator<Item = String> {
    view.occupants().map(|guest| {
        let kind = match guest.kind {
            GuestKind::Qemu => "VM",
            GuestKind::Lxc => "container",
        };
        let name = guest.name.as_deref().unwrap_or("without a name");
        let by = guest.ha.as_ref().map_or("", |_| ", by high availability");
        format!("{kind} {} ({name}{by})", guest.vmid)
    })
}

fn document(node: &Node, seen: &Result<View, ClusterError>, against: &[(String, bool)]) -> Value {
    let against: Vec<Value> = against
        .iter()
        .map(|(why, passes)| json!({ "reason": why, "passes": passes }))
        .collect();
    let view = seen.as_ref().ok();
    let leaving: Vec<String> = view.map(|view| leaving(view).collect()).unwrap_or_default();
    json!({ "node": node.id(), "against": against, "leaving": leaving, "view": view })
}
