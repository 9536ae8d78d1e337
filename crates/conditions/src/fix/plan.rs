//! From a check to an ordered plan.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde::Serialize;

use super::edit::{self, Cut};
use super::maintainer;
use super::remedy::Remedy;
use super::way::{Way, way};
use crate::assess::{Boot, starts_at_boot};
use crate::facts::{AGENT_UNITS, GuestFacts};
use crate::hooks::unit_file::live;
use crate::hooks::unit_paths::{load_order, split_path};
use crate::hooks::{
    ACTION_KEYS, EVENT_KEYS, Hook, PULL_KEYS, Reading, Source, line_power, written,
};
use crate::{ChannelReport, Check, Condition, Identity, RunState, SilenceReason, State};

/// The drop-in that resets hooks of files that are not the owner's.
const RESET_FILE: &str = "zz-hospes-no-shutdown-hook.conf";

/// The package to install where none is.
const PACKAGE: &str = "qemu-guest-agent";

/// What to do about a check.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct FixPlan {
    /// The remedies, to be run in this order; the first one that fails ends the repair.
    pub remedies: Vec<Remedy>,
    /// What people must do themselves.
    pub manual: Vec<String>,
}

impl FixPlan {
    /// Whether there is nothing to do, neither for the program nor for people.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.remedies.is_empty() && self.manual.is_empty()
    }
}

/// Plans the repair of what `check` found.
#[must_use]
pub fn plan(check: &Check) -> FixPlan {
    let mut plan = FixPlan::default();
    if let Identity::Different { evidence } = check.identity() {
        plan.manual.push(format!(
            "another machine answers at the guest's SSH address ({evidence}): correct the address"
        ));
        return plan;
    }
    outside(check, &mut plan.manual);
    let Some(facts) = check.facts() else {
        inside_unread(check, &mut plan.manual);
        return plan;
    };
    let hooks_left = remove_hooks(facts, check.hooks(), &mut plan);
    let is_stale = needs_reload(check, facts, &plan);
    if is_stale {
        plan.remedies.push(Remedy::DaemonReload);
    }
    if !plan.remedies.is_empty() {
        plan.remedies.push(Remedy::ProveNoHooks);
    }
    let mut repair = Vec::new();
    mend_agent(check, facts, &mut repair, &mut plan.manual);
    let unclear: Vec<&String> = check
        .gaps()
        .iter()
        .filter(|gap| !is_reload_gap(gap))
        .collect();
    for gap in &unclear {
        plan.manual
            .push(format!("find out about shutdown hooks: {gap}"));
    }
    if (hooks_left || !unclear.is_empty()) && !repair.is_empty() {
        plan.manual.push(
            "the agent is left alone until it is proved that no shutdown hook is tied to it".into(),
        );
    } else {
        plan.remedies.extend(repair);
    }
    plan
}

fn is_reload_gap(gap: &str) -> bool {
    gap.ends_with("needs a daemon-reload")
}

/// What only people can mend: conditions 5 and 6 as far as they are not the service's.
fn outside(check: &Check, manual: &mut Vec<String>) {
    let is_hung = matches!(
        check.channel(),
        ChannelReport::Silent {
            reason: SilenceReason::TimedOut,
            ..
        }
    );
    for condition in [Condition::Port, Condition::Answers] {
        let verdict = check.verdict(condition);
        let mends_itself = condition == Condition::Answers && is_hung;
        let runs = *check.run_state() != RunState::Stopped;
        if verdict.state == State::Healthy || (mends_itself && runs) {
            continue;
        }
        if let Some(remedy) = &verdict.remedy {
            manual.push(format!("{}: {remedy}", verdict.summary));
        }
    }
}

fn inside_unread(check: &Check, manual: &mut Vec<String>) {
    let verdict = check.verdict(Condition::Package);
    if let Some(remedy) = &verdict.remedy {
        manual.push(format!("{}: {remedy}", verdict.summary));
    }
}

/// Plans the removal of hooks; tells whether some are left to people.
fn remove_hooks(facts: &GuestFacts, hooks: &[Hook], plan: &mut FixPlan) -> bool {
    let mut cuts: BTreeMap<(String, String), Cut> = BTreeMap::new();
    let mut shadows: BTreeMap<(String, String), Cut> = BTreeMap::new();
    let mut scripts: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
    let mut resets: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut triggers: BTreeMap<&str, String> = BTreeMap::new();
    let manual_before = plan.manual.len();
    let hidden = hidden_files(facts, hooks);
    for hook in hooks {
        let is_edge = |key: &str| EVENT_KEYS.contains(&key) || PULL_KEYS.contains(&key);
        let name = is_edge(&hook.property).then(|| hook.what.clone());
        match final_way(facts, hook, &hidden) {
            Way::Edit { path, line } => {
                cuts.entry((path, hook.unit.clone()))
                    .or_default()
                    .lines
                    .insert((line, name));
            }
            Way::Shadow { path, line } => {
                shadows
                    .entry((path, hook.unit.clone()))
                    .or_default()
                    .lines
                    .insert((line, name));
            }
            Way::Script { path, line } => {
                scripts.entry(path).or_default().insert(line);
            }
            Way::Reset { key } => {
                resets.entry(hook.unit.clone()).or_default().insert(key);
            }
            Way::Disable => {
                triggers.insert(
                    &hook.unit,
                    format!("it powers the guest off ({})", hook.action),
                );
            }
            Way::Reload => {}
            Way::Manual(what) => plan.manual.push(what),
        }
    }
    for ((path, unit), cut) in &cuts {
        plan.remedies.extend(cut_remedy(facts, path, unit, cut));
    }
    for ((path, unit), cut) in &shadows {
        plan.remedies.extend(shadow_remedy(facts, path, unit, cut));
    }
    for (unit, keys) in &resets {
        plan.remedies
            .push(reset_remedy(facts, &plan.remedies, unit, keys));
    }
    for (path, lines) in &scripts {
        script_remedy(facts, path, lines, plan);
    }
    let disable = triggers
        .into_iter()
        .map(|(unit, why)| Remedy::DisableTrigger {
            unit: unit.to_owned(),
            why,
        });
    plan.remedies.extend(disable);
    plan.manual.len() > manual_before
}

/// Files of which a copy without hooks will be loaded instead, by unit.
fn hidden_files(facts: &GuestFacts, hooks: &[Hook]) -> BTreeSet<(String, String)> {
    let hidden = hooks.iter().filter_map(|hook| match way(facts, hook) {
        Way::Shadow { path, .. } => Some((path, hook.unit.clone())),
        _ => None,
    });
    hidden.collect()
}

/// The way for a hook: what stands in a file that is hidden anyway needs no reset.
fn final_way(facts: &GuestFacts, hook: &Hook, hidden: &BTreeSet<(String, String)>) -> Way {
    match (way(facts, hook), &hook.source) {
        (Way::Reset { .. }, Source::File { path, line })
            if hidden.contains(&(path.clone(), hook.unit.clone())) =>
        {
            Way::Shadow {
                path: path.clone(),
                line: *line,
            }
        }
        (way, _) => way,
    }
}

fn why(unit: &str) -> String {
    format!("a shutdown hook of {unit}")
}

fn cut_remedy(facts: &GuestFacts, path: &str, unit: &str, cut: &Cut) -> Option<Remedy> {
    let before = &facts.files.get(path)?.text;
    Some(edit::replace(
        path,
        before,
        edit::without(before, cut, unit),
        why(unit),
    ))
}

/// A copy of the file, without the hook, where it hides the original for this unit only.
fn shadow_remedy(facts: &GuestFacts, path: &str, unit: &str, cut: &Cut) -> Option<Remedy> {
    let text = edit::without(&facts.files.get(path)?.text, cut, unit);
    let name = split_path(path).1;
    let shadow = if name.ends_with(".conf") {
        format!("/etc/systemd/system/{unit}.d/{name}")
    } else {
        format!("/etc/systemd/system/{unit}")
    };
    let after = format!("# Hides {path}, without its shutdown hook. Written by hospes.\n{text}");
    Some(Remedy::CreateFile {
        path: shadow,
        after,
        why: why(unit),
    })
}

/// A drop-in that clears properties and sets their harmless values again.
fn reset_remedy(
    facts: &GuestFacts,
    earlier: &[Remedy],
    unit: &str,
    keys: &BTreeSet<String>,
) -> Remedy {
    let facts = edit::with_files(facts, earlier);
    let reading = Reading::of(&facts);
    let path = format!("/etc/systemd/system/{unit}.d/{RESET_FILE}");
    let old = facts.files.get(&path).map(|file| file.text.clone());
    let mut after = match &old {
        Some(text) if !text.is_empty() && !text.ends_with('\n') => format!("{text}\n"),
        Some(text) => text.clone(),
        None => "# Takes shutdown hooks off this unit. Written by hospes.\n".to_owned(),
    };
    for key in keys {
        let found = live(&load_order(&facts, unit), key);
        let section = found
            .first()
            .map_or("Service", |line| line.setting.section.as_str());
        if ACTION_KEYS.contains(&key.as_str()) {
            let _ = writeln!(after, "[{section}]\n{key}=none");
            continue;
        }
        let _ = writeln!(after, "[{section}]\n{key}=");
        for line in found {
            let value = &line.setting.value;
            if line_power(&reading, &written(value), "", &mut BTreeSet::new()).is_none() {
                let _ = writeln!(after, "{key}={value}");
            }
        }
    }
    match old {
        Some(before) => Remedy::EditFile {
            path,
            before,
            after,
            why: why(unit),
            is_script: false,
        },
        None => Remedy::CreateFile {
            path,
            after,
            why: why(unit),
        },
    }
}

fn script_remedy(facts: &GuestFacts, path: &str, lines: &BTreeSet<usize>, plan: &mut FixPlan) {
    let Some(file) = facts.files.get(path) else {
        return;
    };
    match maintainer::without_commands(&file.text, lines).filter(|_| !file.truncated) {
        Some(after) => plan.remedies.push(Remedy::EditFile {
            path: path.to_owned(),
            before: file.text.clone(),
            after,
            why: "a shutdown hook in the agent's maintainer script".to_owned(),
            is_script: true,
        }),
        None => plan
            .manual
            .push(format!("remove the power action from {path} by hand")),
    }
}

/// Whether systemd has to read its files again.
fn needs_reload(check: &Check, facts: &GuestFacts, plan: &FixPlan) -> bool {
    let changes_units = plan.remedies.iter().any(|remedy| match remedy {
        Remedy::EditFile { is_script, .. } => !is_script,
        Remedy::CreateFile { .. } | Remedy::RemoveFile { .. } => true,
        _ => false,
    });
    let is_stale = |unit: &&str| facts.property(unit, "NeedDaemonReload") == Some("yes");
    let reloads = |hook: &Hook| way(facts, hook) == Way::Reload;
    changes_units
        || AGENT_UNITS.iter().any(is_stale)
        || check.hooks().iter().any(reloads)
        || check.gaps().iter().any(|gap| is_reload_gap(gap))
}

/// What to do to the agent's package and unit once no hook can fire.
fn mend_agent(
    check: &Check,
    facts: &GuestFacts,
    repair: &mut Vec<Remedy>,
    manual: &mut Vec<String>,
) {
    if check.verdict(Condition::Package).state == State::Failed {
        repair.push(Remedy::InstallPackage {
            name: PACKAGE.to_owned(),
        });
    }
    let unit = facts
        .agent_unit
        .clone()
        .unwrap_or_else(|| AGENT_UNITS[0].to_owned());
    let property = |key| facts.property(&unit, key).unwrap_or("");
    let is_masked =
        property("LoadState") == "masked" || property("UnitFileState").starts_with("masked");
    if is_masked {
        repair.push(Remedy::Unmask { unit: unit.clone() });
    } else if !matches!(property("LoadState"), "loaded" | "not-found" | "") {
        let state = property("LoadState");
        manual.push(format!(
            "correct the file of {unit}, which systemd could not load ({state})"
        ));
    }
    if property("ActiveState") == "failed" {
        repair.push(Remedy::ResetFailed { unit: unit.clone() });
    }
    if let Some(job) = facts
        .jobs
        .iter()
        .flatten()
        .find(|j| j.split_whitespace().nth(1) == Some(&unit))
    {
        manual.push(format!(
            "{unit} is stuck in a job: wait for it, or `systemctl cancel` it ({job})"
        ));
    }
    enable(facts, &unit, is_masked, repair, manual);
    run(check, facts, &unit, repair);
}

fn enable(
    facts: &GuestFacts,
    unit: &str,
    is_masked: bool,
    repair: &mut Vec<Remedy>,
    manual: &mut Vec<String>,
) {
    if is_masked || facts.agent_unit.is_none() {
        return;
    }
    if let Boot::No(why) = starts_at_boot(facts, unit, &mut Vec::new()) {
        match facts.property(unit, "UnitFileState") {
            Some("disabled" | "enabled-runtime") => {
                repair.push(Remedy::EnableAgent {
                    unit: unit.to_owned(),
                });
            }
            _ => manual.push(format!(
                "{unit} does not start at boot ({why}): see whether the package's udev rule is \
                 there, then `udevadm trigger --action=add --subsystem-match=virtio-ports`"
            )),
        }
    }
}

fn run(check: &Check, facts: &GuestFacts, unit: &str, repair: &mut Vec<Remedy>) {
    let is_active = facts.property(unit, "ActiveState") == Some("active");
    let is_hung = matches!(
        check.channel(),
        ChannelReport::Silent {
            reason: SilenceReason::TimedOut,
            ..
        }
    );
    let has_port = facts.port_in_guest == Some(true);
    if !has_port || check.verdict(Condition::Port).state == State::Failed {
        return;
    }
    if !is_active {
        repair.push(Remedy::StartAgent {
            unit: unit.to_owned(),
        });
    } else if is_hung {
        repair.push(Remedy::RestartAgent {
            unit: unit.to_owned(),
        });
    }
}
