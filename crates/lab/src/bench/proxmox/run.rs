//! The whole measurement.

use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use anyhow::{Result, ensure};

use super::ansible::{self, FORKS, Module};
use super::asked;
use super::cluster::{DEAD_AGENTS, GUESTS, NODES, Site, Summary};
use crate::bench::program::Run;
use crate::bench::report::{Figure, Judged, Table};
use crate::bench::run::{hospes, surroundings, tell_misses};
use crate::cache;
use crate::console::{Activity, Console};
use crate::python::Python;

const DISCOVERIES: usize = 5;
const CHECKS: usize = 2;
const READY_ROUNDS: usize = 5;
const ANSIBLE_ROUNDS: usize = 2;

/// Whose readiness is asked; their agents live.
const ASKED: Range<usize> = DEAD_AGENTS..DEAD_AGENTS + 100;

const DISCOVERY_GOAL: Duration = Duration::from_secs(1);
const CHECK_GOAL: Duration = Duration::from_secs(60);
const MEMORY_GOAL_IN_MB: f64 = 80.0;
const AGENT_CALLS_GOAL: f64 = 2.0;
const TIMES_FASTER_THAN_ANSIBLE: f64 = 10.0;

/// Runs with an empty state directory, and the ones after them.
#[derive(Default)]
struct Runs {
    first: Vec<Run>,
    later: Vec<Run>,
}

/// Measures `$HOSPES_BIN`, or else the `hospes` beside the lab, with a simulated cluster, and Ansible
/// with the same guests; prints a table in Markdown.
///
/// # Errors
/// Something cannot be measured. A goal that is missed is told and is no error.
pub async fn run(console: &Console) -> Result<()> {
    let hospes = hospes()?;
    let about = surroundings("cluster and guests on loopback");
    let activity = console.activity("bench");
    let mut table = Table::default();
    activity.step(format!("starting {NODES} nodes and {GUESTS} guests"));
    let mut site = Site::start().await?;
    discovery(&hospes, &mut site, &activity, &mut table).await?;
    check(&hospes, &mut site, &activity, &mut table).await?;
    readiness(&hospes, &mut site, &activity, &mut table).await?;
    let seen = site.end().await?;
    busiest(seen, &mut table);
    drop(activity);
    console.result(format!("{about}\n\n{}", table.markdown()));
    tell_misses(console, table.over());
    Ok(())
}

async fn discovery(
    hospes: &Path,
    site: &mut Site,
    activity: &Activity,
    table: &mut Table,
) -> Result<()> {
    let config = site.configure()?;
    let mut runs = Vec::with_capacity(DISCOVERIES);
    for round in 1..=DISCOVERIES {
        activity.step(format!("hospes guests, {round} of {DISCOVERIES}"));
        runs.push(asked::guests(hospes, &config).await?);
    }
    let what = format!("discovery of {GUESTS} guests (hospes guests, of one)");
    judge(&what, DISCOVERY_GOAL.as_secs_f64(), &runs, table);
    Ok(())
}

async fn check(
    hospes: &Path,
    site: &mut Site,
    activity: &Activity,
    table: &mut Table,
) -> Result<()> {
    let mut runs = Runs::default();
    for round in 1..=CHECKS {
        let config = site.configure()?;
        activity.step(format!("hospes check all, {round} of {CHECKS}"));
        runs.first.push(asked::check(hospes, &config).await?);
        activity.step(format!("hospes check all again, {round} of {CHECKS}"));
        runs.later.push(asked::check(hospes, &config).await?);
    }
    for (which, runs) in [("first run", &runs.first), ("later run", &runs.later)] {
        let what = format!("check of {GUESTS} guests, {which}");
        judge(&what, CHECK_GOAL.as_secs_f64(), runs, table);
    }
    Ok(())
}

async fn readiness(
    hospes: &Path,
    site: &mut Site,
    activity: &Activity,
    table: &mut Table,
) -> Result<()> {
    let mut runs = Runs::default();
    for round in 1..=READY_ROUNDS {
        let config = site.configure()?;
        activity.step(format!("hospes ready, {round} of {READY_ROUNDS}"));
        runs.first
            .push(asked::ready(hospes, &config, &ASKED).await?);
        runs.later
            .push(asked::ready(hospes, &config, &ASKED).await?);
    }
    let all = runs.first.iter().chain(&runs.later);
    ensure!(
        all.clone().all(|run| run.success),
        "hospes failed, although all are ready"
    );
    let goal = match Python::ready(&cache::root()?, activity).await {
        Ok(python) => Some(of_ansible(&python, site, activity, table).await?),
        Err(error) => {
            table.say("Ansible (not run here)", &format!("{error:#}"));
            None
        }
    };
    for (which, runs) in [("first run", &runs.first), ("later run", &runs.later)] {
        let what = format!("ready, {} guests, {which}", ASKED.len());
        match goal {
            // Ansible's faster way counts.
            Some(theirs) => judge(&what, theirs / TIMES_FASTER_THAN_ANSIBLE, runs, table),
            None => table.tell(&what, &Figure::seconds(runs.iter().map(|run| run.took))),
        }
    }
    Ok(())
}

/// The median of its faster way, in seconds.
async fn of_ansible(
    python: &Python,
    site: &Site,
    activity: &Activity,
    table: &mut Table,
) -> Result<f64> {
    let mut fastest = f64::INFINITY;
    for module in [Module::Raw, Module::Command] {
        let mut times = Vec::with_capacity(ANSIBLE_ROUNDS);
        for round in 1..=ANSIBLE_ROUNDS {
            let name = module.name();
            activity.step(format!("ansible -m {name}, {round} of {ANSIBLE_ROUNDS}"));
            times.push(ansible::ask(python, &site.fleet, &ASKED, module).await?);
        }
        let figure = Figure::seconds(times);
        fastest = fastest.min(figure.median());
        let (name, asked) = (module.name(), ASKED.len());
        table.tell(
            &format!("ansible -m {name}, {asked} guests, {FORKS} forks"),
            &figure,
        );
    }
    Ok(fastest)
}

/// Time, processor time and memory.
fn judge(what: &str, goal: f64, runs: &[Run], table: &mut Table) {
    let took = Figure::seconds(runs.iter().map(|run| run.took));
    table.judge(what, goal, &took, Judged::Median);
    let cpu = Figure::seconds(runs.iter().map(|run| run.cost.cpu));
    table.tell("- its processor time", &cpu);
    let memory = Figure::memory(runs.iter().map(|run| run.cost.peak_kib));
    table.judge(
        "- its peak memory",
        MEMORY_GOAL_IN_MB,
        &memory,
        Judged::Worst,
    );
}

fn busiest(seen: Summary, table: &mut Table) {
    let most = Figure::times([seen.most_agent_calls]);
    table.judge(
        "agent calls at once at a node",
        AGENT_CALLS_GOAL,
        &most,
        Judged::Worst,
    );
    table.say("requests to the cluster in all", &seen.requests.to_string());
}
